//! The data room at its boundary: bytes of files in, rows and parts or diagnostics out.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read real files, run the host's compiler, and say why they skip"
)]

mod csv;
mod formats;
mod options;
mod sets;
mod shared;
mod split;
mod traps;
