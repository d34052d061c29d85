//! From a model's outputs to answers: threshold, smoothing, reconstruction error; in Rust as the reference, in C for the
//! board, and what both give over the test part.

mod bound;
mod decider;
mod stage;

pub use decider::{Answers, Decider, Decision, Kind, Rule};
pub use stage::Decide;
