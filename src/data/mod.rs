//! Bytes to recordings to rows and parts.
//!
//! Knows: formats, splits, profiles, as functions of bytes.
//! Never: opens a file; lets one group (subject, session, equal row) fall into two parts.
//! Add here: a format: one file in `formats/` and one word in its table.
