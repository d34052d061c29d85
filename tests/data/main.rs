//! The data room at its boundary: bytes of files in, rows and parts or diagnostics out.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "tests read real files, say why they skip, and mean the very numbers"
)]

mod csv;
mod formats;
mod options;
mod sets;
mod shared;
mod split;
mod traps;
