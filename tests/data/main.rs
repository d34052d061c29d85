//! The data room at its boundary: bytes of files in, rows and parts or diagnostics out.

mod csv;
mod features;
mod options;
mod shared;
mod split;
