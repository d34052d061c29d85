//! Networks of other programs.
//!
//! Knows: the bytes of foreign model files, and which of our operators does what each of theirs does.
//! Never: opens a file; believes a length, an index or a shape that it hasn't checked; leaves an operator out in silence.
//! Add here: a format: a folder with its reader and its operators; an operator of a format: one arm or row of its table.

mod imported;
pub mod onnx;
pub mod tflite;

pub use imported::{End, Imported, Network};
