//! The trainer: the same bits on every machine and thread count.
//!
//! Knows: losses, optimisers, schedules, early stopping, how a batch is divided.
//! Never: lets threads or instruction sets change a weight.
//! Add here: an optimiser in `optimizer.rs`, a loss in `loss.rs`.

mod condition;
mod evaluate;
mod fit;
mod loss;
mod optimizer;
mod options;
mod parallel;
mod slice;

pub use fit::{Trained, train};
pub use options::{Epoch, Optimizer, Options, Schedule, TrainData, history_csv};
