//! What the trainer is given and what it tells.

use std::fmt::Write;

use crate::net::gemm::Isa;

/// Training options.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Passes over the training part, at most.
    pub epochs: u32,
    /// Samples a step.
    pub batch: u32,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// Learning-rate schedule.
    pub schedule: Schedule,
    /// Stop after this many epochs without a better validation loss; 0: never. The best weights are kept either way.
    pub patience: u32,
    /// Weigh classes by their inverse frequency.
    pub balance: bool,
    /// Seed of initialisation, shuffles and dropout.
    pub seed: u64,
    /// Most threads to use. Doesn't change a bit of the result.
    pub threads: usize,
    /// Instruction set of matrix products. Doesn't change a bit of the result.
    pub isa: Isa,
    /// Draw the first weights from the seed; else go on from the network's own.
    pub fresh: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 40,
            batch: 32,
            optimizer: Optimizer::Adam { lr: 1e-3, decay: 0.0 },
            schedule: Schedule::Constant,
            patience: 0,
            balance: false,
            seed: 0,
            threads: 1,
            isa: Isa::detect(),
            fresh: true,
        }
    }
}

/// Optimiser and its constants.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Optimizer {
    /// Stochastic gradient descent with momentum.
    Sgd {
        /// Learning rate.
        lr: f32,
        /// Momentum, 0 to below 1.
        momentum: f32,
    },
    /// Adam (Kingma and Ba 2015); with `decay` not zero, `AdamW` (Loshchilov and Hutter 2019).
    Adam {
        /// Learning rate.
        lr: f32,
        /// Decoupled weight decay; biases don't decay.
        decay: f32,
    },
}

impl Optimizer {
    /// Its learning rate.
    pub fn rate(self) -> f32 {
        match self {
            Self::Sgd { lr, .. } | Self::Adam { lr, .. } => lr,
        }
    }
}

/// How the learning rate changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Schedule {
    /// It doesn't.
    Constant,
    /// Half a cosine from the full rate to zero over all steps.
    Cosine,
}

/// Samples with their classes and parts.
#[derive(Clone, Copy, Debug)]
pub struct TrainData<'a> {
    /// Inputs, sample behind sample.
    pub x: &'a [f32],
    /// Class of each sample.
    pub y: &'a [i32],
    /// Part of each sample: 0 training, 1 validation, 2 test.
    pub part: &'a [u8],
}

/// What one pass over the training part gave.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Epoch {
    /// From 1.
    pub epoch: u32,
    /// The most there will be.
    pub epochs: u32,
    /// Mean loss over the training part, while it was learnt.
    pub loss: f32,
    /// Share of training samples that were right, while they were learnt.
    pub accuracy: f32,
    /// Mean loss over the validation part; the training loss when that part is empty.
    pub valid_loss: f32,
    /// Share of validation samples that are right.
    pub valid_accuracy: f32,
    /// Whether these are the best weights so far.
    pub best: bool,
}

/// A history as CSV, one epoch a line.
pub fn history_csv(history: &[Epoch]) -> String {
    let mut text = String::from("epoch,loss,accuracy,valid_loss,valid_accuracy,best\n");
    for at in history {
        let (loss, accuracy, best) = (at.loss, at.accuracy, u8::from(at.best));
        // Writing to a string can't fail.
        let _ = writeln!(text, "{},{loss},{accuracy},{},{},{best}", at.epoch, at.valid_loss, at.valid_accuracy);
    }
    text
}
