//! Arguments, paint, exit codes.
//!
//! Knows: flags, paint, exit codes.
//! Never: contains build logic.
//! Add here: a command: one file and one word in the table.

pub mod codes;
