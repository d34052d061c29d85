//! What a model is for, what a deployment decides from its outputs, and what it must reach.

use crate::base::{Decimal, Dimension, Quantity, Shape, Span};

use super::model::Dataset;

/// Names of the two answers of a detection, in order.
pub const DETECTED: [&str; 2] = ["normal", "anomaly"];

/// What a model's outputs mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Task {
    /// One score a class; the largest is the answer.
    Classify,
    /// The numbers themselves.
    Regress,
    /// The input again; the mean square of what is wrong with it, above a threshold, is an anomaly.
    Detect {
        /// Indices of the classes that are normal: only these are learnt.
        normal: Vec<usize>,
        /// Where its weights come from.
        fit: Fit,
    },
}

/// Where a detector's weights come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// Training, as a network's.
    Trained,
    /// The mean and the covariance of the normal rows.
    Mahalanobis,
    /// So many means of the normal rows.
    Means(usize),
}

impl Task {
    /// The word for it in messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Classify => "a classification",
            Self::Regress => "a regression",
            Self::Detect { .. } => "a detection",
        }
    }

    /// Names of its answers: the data set's classes, `normal` and `anomaly`, or none.
    pub fn answers(&self, classes: &[String]) -> Vec<String> {
        match self {
            Self::Classify => classes.to_vec(),
            Self::Regress => Vec::new(),
            Self::Detect { .. } => DETECTED.map(String::from).to_vec(),
        }
    }

    /// Numbers that a model of `dataset` gives for an input of this shape.
    pub fn outputs(&self, dataset: &Dataset, input: &Shape) -> usize {
        match self {
            Self::Classify => dataset.classes.len(),
            Self::Regress => dataset.targets.len(),
            Self::Detect { .. } => input.len(),
        }
    }

    /// Numbers that an application is given, for a model with so many outputs.
    pub fn scores(&self, outputs: usize) -> usize {
        if matches!(self, Self::Detect { .. }) { 1 } else { outputs }
    }
}

/// How outputs become answers on the board.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decide {
    /// What a score must reach, or from where on it is an anomaly.
    pub threshold: Threshold,
    /// Over how many windows of a recording, and how.
    pub smooth: Smooth,
    /// The class that is answered below the threshold; without one the answer is none of them.
    pub unknown: Option<usize>,
}

/// A bound on scores.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Threshold {
    /// Whatever fits the task: none for a classification; for a detection, what divides the validation part best.
    #[default]
    Auto,
    /// This share of the validation part's normal rows is below it, ppm.
    Quantile(u32),
    /// This score.
    Score(Decimal),
}

/// Smoothing over the windows of one recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Smooth {
    /// None: each window by itself.
    #[default]
    None,
    /// The mean score of so many windows.
    Mean(usize),
    /// The most frequent answer of so many windows; of equally frequent ones the latest.
    Vote(usize),
}

impl Smooth {
    /// Windows that an answer depends on.
    pub fn windows(self) -> usize {
        match self {
            Self::None => 1,
            Self::Mean(windows) | Self::Vote(windows) => windows,
        }
    }
}

/// A limit that the build judges.
#[derive(Clone, PartialEq, Debug)]
pub struct Requirement {
    /// What is measured.
    pub metric: Metric,
    /// How it is compared.
    pub relation: Bound,
    /// With what.
    pub limit: Limit,
    /// The line.
    pub span: Span,
}

/// At least or at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
}

/// What a metric is compared with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Limit {
    /// An amount with a unit.
    Of(Quantity),
    /// A number in the target's own unit, or a count.
    Number(Decimal),
}

impl Limit {
    /// In SI units, as a plain ratio, or as the number is.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Of(quantity) => quantity.to_f64(),
            Self::Number(number) => number.to_f64(),
        }
    }

    /// What it measures; `None` for a plain number.
    pub fn dimension(self) -> Option<Dimension> {
        match self {
            Self::Of(quantity) => Some(quantity.dimension),
            Self::Number(_) => None,
        }
    }
}

/// What a requirement measures. A class is an index into the task's answers, a target into the data set's targets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metric {
    /// Share of test rows whose class is right.
    Accuracy,
    /// Share of a class's rows that are found.
    Recall(usize),
    /// Share of a class's answers that are right.
    Precision(usize),
    /// F1: of one class, or the mean over classes.
    F1(Option<usize>),
    /// Area under the ROC curve: of one class against the rest, or the mean over classes.
    Auc(Option<usize>),
    /// False alarms of a class an hour.
    FalseAlarms(usize),
    /// Mean absolute error: of one target, or the mean over targets.
    Mae(Option<usize>),
    /// Root of the mean square error: of one target, or the mean over targets.
    Rmse(Option<usize>),
    /// Share of the variance that is explained: of one target, or the mean over targets.
    R2(Option<usize>),
    /// One inference with its features, seconds.
    Latency,
    /// Bytes of flash.
    Flash,
    /// Bytes of RAM.
    Ram,
}
