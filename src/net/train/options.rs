//! What the trainer is given and what it tells.

use std::fmt::Write;

use crate::net::gemm::Isa;

use super::augment::Augment;

/// Training options.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Passes over the training part, at most; 0: by the number of rows ([`Options::settle`]).
    pub epochs: u32,
    /// Samples a step; 0: by the number of rows.
    pub batch: u32,
    /// What is made small; `None`: what fits the targets.
    pub loss: Option<Loss>,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// Learning-rate schedule.
    pub schedule: Schedule,
    /// Draw the first weights from the seed; else training goes on from those of the network.
    pub fresh: bool,
    /// Share of all steps over which the learning rate climbs from zero to its full height.
    pub warmup: f32,
    /// Longest gradient of a step (root of its sum of squares); longer ones are shortened. 0: no bound.
    pub clip: f32,
    /// Keep a running mean of the weights and take that one (Polyak and Juditsky 1992, as an exponential mean).
    pub average: bool,
    /// Stop after this many epochs that aren't better on the validation part; 0: never. The best weights are kept either
    /// way.
    pub patience: u32,
    /// Whether rare classes weigh more.
    pub balance: Balance,
    /// Random changes of training samples, in this order.
    pub augment: Vec<Augment>,
    /// Seed of initialisation, shuffles, dropout and augmentation.
    pub seed: u64,
    /// Most threads to use. Doesn't change a bit of the result.
    pub threads: usize,
    /// Instruction set of matrix products. Doesn't change a bit of the result.
    pub isa: Isa,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 0,
            batch: 0,
            loss: None,
            optimizer: Optimizer::Adam { lr: 1e-3, decay: 0.0 },
            schedule: Schedule::Constant,
            fresh: true,
            warmup: 0.0,
            clip: 0.0,
            average: false,
            patience: 0,
            balance: Balance::No,
            augment: Vec::new(),
            seed: 0,
            threads: 1,
            isa: Isa::detect(),
        }
    }
}

/// Steps that a training of unsaid length makes, within [`FEWEST_EPOCHS`] and [`MOST_EPOCHS`].
const STEPS: usize = 4000;
const FEWEST_EPOCHS: usize = 15;
const MOST_EPOCHS: usize = 500;

impl Options {
    /// The same with batch and epochs chosen for `rows` training samples where they are unsaid: about 4000 steps, so
    /// that few samples are seen often enough.
    #[must_use]
    pub fn settle(mut self, rows: usize) -> Self {
        if self.batch == 0 {
            self.batch = (rows / 8).clamp(8, 32) as u32;
        }
        if self.epochs == 0 {
            let wanted = STEPS.div_ceil(rows.div_ceil(self.batch as usize).max(1));
            self.epochs = wanted.clamp(FEWEST_EPOCHS, MOST_EPOCHS) as u32;
        }
        self
    }
}

impl Options {
    /// For going on with `rows` samples after training: a fifth of the epochs at a tenth of the rate.
    #[must_use]
    pub fn gentle(self, rows: usize) -> Self {
        let mut options = self.settle(rows);
        options.epochs = options.epochs.div_ceil(5);
        options.optimizer = match options.optimizer {
            Optimizer::Sgd { lr, momentum, decay } => Optimizer::Sgd { lr: 0.1 * lr, momentum, decay },
            Optimizer::Adam { lr, decay } => Optimizer::Adam { lr: 0.1 * lr, decay },
        };
        Self { schedule: Schedule::Cosine, fresh: false, average: false, patience: 0, ..options }
    }
}

/// What is made small.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Loss {
    /// Of the softmax of the scores with the class, of which each other class gets a share of `smoothing` (Szegedy et
    /// al. 2016).
    CrossEntropy {
        /// 0 to below 1.
        smoothing: f32,
    },
    /// Of the sigmoid of each output with a target of 0 or 1: any number of classes at once.
    BinaryCrossEntropy,
    /// Mean of squares.
    SquaredError,
    /// Mean of absolute values.
    AbsoluteError,
    /// Squares up to `delta`, straight beyond (Huber 1964).
    Huber {
        /// Above 0, in deviations of the target.
        delta: f32,
    },
}

/// Whether rare classes weigh more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Balance {
    /// They don't.
    No,
    /// By their inverse frequency; the epoch of the best mean F1 over classes is kept.
    Yes,
    /// As `Yes` where the most frequent class has more than three times as many samples as the rarest.
    Auto,
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
        /// Decoupled weight decay; biases don't decay.
        decay: f32,
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
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Schedule {
    /// It doesn't.
    Constant,
    /// It is multiplied by `factor` at the end of every `every`-th epoch.
    Step {
        /// Epochs.
        every: u32,
        /// Between 0 and 1.
        factor: f32,
    },
    /// Half a cosine from the full rate to zero over all steps (Loshchilov and Hutter 2017).
    Cosine,
}

/// What a network is to learn about each sample.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// The index of its class.
    Classes(&'a [i32]),
    /// Its numbers, sample behind sample.
    Values(&'a [f32]),
    /// The sample itself.
    Input,
}

/// Samples with their targets and parts.
#[derive(Clone, Copy, Debug)]
pub struct TrainData<'a> {
    /// Inputs, sample behind sample.
    pub x: &'a [f32],
    /// What is to be learnt about each.
    pub y: Targets<'a>,
    /// Part of each sample: 0 training, 1 validation, 2 test.
    pub part: &'a [u8],
}

/// What one pass over the training part gave. A score is the share of right samples (of right answers, with binary
/// cross-entropy); of numbers, the share of their variance that is explained (R²).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Epoch {
    /// From 1.
    pub epoch: u32,
    /// The most there will be.
    pub epochs: u32,
    /// Mean loss over the training part, while it was learnt.
    pub loss: f32,
    /// Score over the training part, while it was learnt.
    pub score: f32,
    /// Mean loss over the validation part; the training loss when that part is empty.
    pub valid_loss: f32,
    /// Score over the validation part.
    pub valid_score: f32,
    /// Whether these are the best weights so far.
    pub best: bool,
}

/// A history as CSV, one epoch a line.
pub fn history_csv(history: &[Epoch]) -> String {
    let mut text = String::from("epoch,loss,score,valid_loss,valid_score,best\n");
    for at in history {
        let (loss, score, best) = (at.loss, at.score, u8::from(at.best));
        // Writing to a string can't fail.
        let _ = writeln!(text, "{},{loss},{score},{},{},{best}", at.epoch, at.valid_loss, at.valid_score);
    }
    text
}
