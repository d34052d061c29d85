//! File formats: bytes to tables.
//!
//! Knows: encodings, separators, quoting, headers.
//! Never: knows a class or a channel beyond the columns that are asked for.
//! Add here: a format: one file.

pub mod csv;
pub mod text;
