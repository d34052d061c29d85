//! Bytes to recordings to rows and parts.
//!
//! Knows: formats, splits, profiles, fitted constants, as functions of bytes.
//! Never: opens a file; lets one group (subject, session; without them, equal rows) fall into two parts.
//! Add here: a format: one file in `formats/` and one word in its table.

pub mod arrays;
pub mod block;
pub mod cell;
pub mod columns;
pub mod decode;
pub mod faults;
pub mod fit;
pub mod formats;
pub mod ingest;
pub mod labels;
pub mod marks;
pub mod pattern;
pub mod profile;
pub mod reader;
pub mod rows;
pub mod source;
pub mod split;

pub use ingest::ingest;
pub use pattern::Pattern;
pub use profile::Profile;
pub use rows::{Channel, Column, Missing, Options, Rows};
pub use source::{Format, LabelForm, Labels, Source, Take};
