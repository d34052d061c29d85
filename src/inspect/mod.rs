//! What a folder of data is, found out from names and bytes, and a spec that fits it.
//!
//! Knows: what file names, headers and columns usually mean; which features and networks fit which kind of data.
//! Never: opens a file; guesses in silence: every choice is a comment in the spec, every open question a remark.
//! Add here: a kind of file: one arm in `kind`, and one file that looks into it.

mod division;
mod found;
mod image;
mod json;
mod kind;
mod label;
mod layout;
mod look;
mod matrix;
mod network;
mod sound;
mod table;
mod takes;
mod tell;
mod words;
mod write;

pub use found::{File, Folder, Found, Task, Wanted};
pub use look::look;
pub use write::write;
