//! Tree to meaning.
//!
//! Knows: names, units, types, shapes, defaults.
//! Never: does I/O; leaves a field unread; loses a span.
//! Add here: a field: one line in its schema, and one where its block reads it.

mod augment;
mod auto;
mod candidate;
mod channels;
mod choice;
mod dataset;
mod decide;
mod deploy;
mod detector;
mod document;
mod features;
mod fetch;
mod fields;
mod foreign;
mod formats;
mod function;
mod goal;
mod import;
mod layer;
pub mod model;
mod network;
mod quantize;
mod require;
mod resolve;
mod scope;
mod search;
mod shapes;
mod source;
mod split;
mod steps;
mod term;
mod train;
mod vocabulary;
mod window;

pub use document::{explain, words};
pub use foreign::{check_imports, read_model};
pub use model::Spec;
pub use require::{MEASURES, Measure};
pub use resolve::resolve;
pub use vocabulary::{Callable, FeatureWord, Infer, InferFeature, LayerCall, Vocabulary};
