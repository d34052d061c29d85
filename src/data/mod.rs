//! Bytes to recordings to rows and parts.
//!
//! Knows: formats, splits, profiles, fitted constants, as functions of bytes.
//! Never: opens a file; lets one group (subject, session, equal row) fall into two parts.
//! Add here: a format: one file in `formats/` and one word in its table.

pub mod cell;
pub mod columns;
pub mod faults;
pub mod fit;
pub mod formats;
pub mod ingest;
pub mod pattern;
pub mod profile;
pub mod reader;
pub mod rows;
pub mod split;

pub use ingest::ingest;
pub use pattern::Pattern;
pub use profile::Profile;
pub use rows::{Channel, Column, Missing, Options, Rows};
