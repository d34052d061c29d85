//! Rows to parts: training, validation and test.
//!
//! Knows: seeds, strata, groups.
//! Never: lets rows of one group (without groups, equal rows) fall into two parts.
//! Add here: a way to divide rows.

mod assign;
mod divide;
mod given;
mod groups;

pub use divide::{NAMES, Parts, Split, divide};
pub use given::Given;
