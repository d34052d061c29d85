//! Arguments, paint, exit codes.
//!
//! Knows: flags, paint, exit codes.
//! Never: contains build logic.
//! Add here: a command: one file and one word in the table.

pub mod args;
pub mod codes;
pub mod exit;
pub mod paint;
pub mod progress;
