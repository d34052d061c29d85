//! Arguments, paint, exit codes.
//!
//! Knows: flags, paint, exit codes.
//! Never: contains build logic.
//! Add here: a command: one file and one word in the table.

mod args;
mod build;
mod check;
mod convert;
mod data;
pub mod codes;
pub mod exit;
mod explain;
mod fetch;
mod fmt;
mod generate;
mod graph;
mod main;
mod new;
pub mod paint;
pub mod progress;
mod screen;
mod sim;

pub use main::main;
