//! One verb a file.
//!
//! Knows: what each verb's facts are and how it runs.
//! Never: calls another stage; looks at the graph.
//! Add here: a verb: one file, and its place in `plan`.

mod arrays;
pub mod audit;
pub mod chain;
pub mod compile;
pub mod cut;
pub mod decide;
pub mod emit;
pub mod exercise;
pub mod extract;
pub mod features;
pub mod firmware;
pub mod fit;
pub mod function;
pub mod gate;
pub mod host;
pub mod image;
pub mod import;
pub mod ingest;
pub mod link;
mod native;
pub mod quantize;
mod sequence;
mod rows;
pub mod search;
pub mod signature;
pub mod size;
mod text;
pub mod toolkit;
pub mod train;
pub mod tune;
pub mod verify;

use text::{call_text, json};
