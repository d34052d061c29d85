//! ONNX to a network of ours in floats, channels last: what quantisation and training work on.
//!
//! The tensor program is built first: it folds what is known and says every shape. Its trace is then taken node by
//! node; reshapes leave no trace, for they are views of the same buffer.

mod arithmetic;
mod import;
mod layers;
mod maker;
mod movement;
mod quantised;

pub use import::import;
