//! The trainer: the same bits on every machine and thread count.
//!
//! Knows: targets, losses, optimisers, schedules, augmentation, early stopping, how a batch is divided.
//! Never: lets threads or instruction sets change a weight.
//! Add here: an optimiser in `optimizer.rs`, a loss in `loss.rs`, an augmentation in `augment.rs`.

mod augment;
mod checkpoint;
mod condition;
mod evaluate;
mod fit;
mod goal;
mod loss;
mod optimizer;
mod options;
mod parallel;
mod rounding;
mod slice;

pub use augment::Augment;
pub use checkpoint::Keeper;
pub use fit::{Trained, train, train_kept, train_rounded};
pub use options::{Balance, Epoch, Loss, Optimizer, Options, Schedule, Targets, TrainData, history_csv};
