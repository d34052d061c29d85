//! One verb a file.
//!
//! Knows: what each verb's facts are and how it runs.
//! Never: calls another stage; looks at the graph.
//! Add here: a verb: one file, and its place in `plan`.

pub mod image;
pub mod ingest;
