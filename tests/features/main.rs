//! The feature library: its C is compiled and run, on this machine and on simulated boards, and compared with what
//! numpy, scipy and librosa say.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read goldens, run the host's compiler, and say why they skip"
)]

mod board;
mod chain;
mod cost;
mod golden;
mod program;
mod speech;
mod stream;
mod words;
