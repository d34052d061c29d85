//! What a build has measured, as its stages wrote it down: the input of `judge`. Plain data, no verdicts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::library::Accuracy;
use crate::stages::search::Found;

/// Everything that one build has measured.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Measurements {
    /// One entry for each deployment on each board, in the order of the spec.
    pub boards: Vec<Measured>,
    /// What each model with choices was chosen among.
    #[serde(default)]
    pub searches: Vec<Found>,
    /// The steps of the build.
    pub steps: Vec<Step>,
    /// Tools by name, with version and digest.
    pub toolchain: BTreeMap<String, String>,
    /// Library files that the project's `stdlib/` folder gives or replaces.
    pub overlays: Vec<String>,
}

/// One deployment on one board. What isn't measured is absent; a requirement on it is not met.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// The deployment's name.
    pub deploy: String,
    /// The board's name.
    pub board: String,
    /// Rows of the test part by true class, then by answer of the compiled C on the host. Exact.
    pub confusion: Option<Vec<Vec<u64>>>,
    /// Accuracy of the float model over the same rows, 0 to 1.
    pub float_accuracy: Option<f64>,
    /// Its mean F1 (of a detection, the anomaly's).
    #[serde(default)]
    pub float_f1: Option<f64>,
    /// Areas under ROC curves, of the compiled C. Exact.
    #[serde(default)]
    pub auc: Option<Auc>,
    /// Their mean for the float model.
    #[serde(default)]
    pub float_auc: Option<f64>,
    /// False alarms over the test part of a stream. Exact.
    #[serde(default)]
    pub alarms: Option<Alarms>,
    /// A regression's errors, by target. Exact.
    #[serde(default)]
    pub targets: Option<Vec<TargetErrors>>,
    /// A detection's threshold and scores. Exact.
    #[serde(default)]
    pub detection: Option<Detection>,
    /// How the linked image was compared with the reference.
    pub verified: Option<Verified>,
    /// Time of one inference with its features. Simulated.
    pub latency: Option<Latency>,
    /// Program memory of the linked image. Exact.
    pub flash: Option<Flash>,
    /// Work memory of the linked image. Exact; the stack's part comes from its simulated peak.
    pub ram: Option<Ram>,
    /// Files that came out, by what they are: `elf`, `hex`, `model_c`. Paths are relative to the spec's folder.
    pub artifacts: BTreeMap<String, String>,
}

/// Areas under ROC curves.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Auc {
    /// Their mean over the classes that have one.
    pub mean: Option<f64>,
    /// Of each class against the rest; none for a class without test rows or with all of them.
    pub classes: Vec<Option<f64>>,
}

/// False alarms.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Alarms {
    /// Length of the test part.
    pub hours: f64,
    /// False alarms of each class.
    pub counts: Vec<u64>,
}

impl Alarms {
    /// False alarms of a class an hour.
    pub fn rate(&self, class: usize) -> Option<f64> {
        let count = self.counts.get(class)?;
        (self.hours > 0.0).then(|| *count as f64 / self.hours)
    }
}

/// Errors of numbers, in the target's unit.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Errors {
    /// Mean absolute error.
    pub mae: Option<f64>,
    /// Root of the mean square error.
    pub rmse: Option<f64>,
    /// Share of the variance that is explained.
    pub r2: Option<f64>,
}

/// A share of values lies below a value.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Quantile {
    /// 0 to 1.
    pub share: f64,
    /// The value.
    pub value: f64,
}

/// One target of a regression over the test part.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TargetErrors {
    /// The column.
    pub name: String,
    /// Test rows.
    pub rows: u64,
    /// Of the compiled C.
    pub int8: Errors,
    /// Of the float network.
    pub float: Option<Errors>,
    /// Of the absolute errors.
    pub quantiles: Vec<Quantile>,
    /// Errors by ranges of the truth.
    pub ranges: Vec<ErrorRange>,
}

/// Errors of the rows whose truth is in a range.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ErrorRange {
    /// Smallest truth.
    pub low: f64,
    /// Largest truth.
    pub high: f64,
    /// Rows.
    pub rows: u64,
    /// Mean absolute error.
    pub mae: f64,
    /// Mean error: above zero where answers are too large.
    pub bias: f64,
}

/// A detection over the test part.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Detection {
    /// Scores above it are anomalies.
    pub threshold: f64,
    /// Where it comes from, for people.
    pub chosen: String,
    /// Scores by the data set's classes.
    pub classes: Vec<Scores>,
}

/// Scores of the test rows of one class.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Scores {
    /// The class.
    pub class: String,
    /// Whether it is learnt.
    pub normal: bool,
    /// Test rows.
    pub rows: u64,
    /// How many of them are answered as anomalies.
    pub anomalies: u64,
    /// Of the scores.
    pub quantiles: Vec<Quantile>,
}

/// How many test rows gave the same bytes as the int8 reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Verified {
    /// Rows through the C code on the host.
    pub host_rows: u64,
    /// Rows through the linked image on the simulator.
    pub simulated_rows: u64,
}

/// Time of one inference.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Seconds: cycles by the board's clock.
    pub seconds: f64,
    /// Cycles of the slowest row that was run.
    pub cycles: u64,
    /// Instructions of that row.
    pub instructions: u64,
    /// Cycles from reset to the first wait for an input.
    pub boot_cycles: Option<u64>,
    /// Its layers and feature steps, in the order they run.
    pub layers: Vec<Layer>,
    /// The cycle model and what its numbers are worth: "cortex-m4, within about 10 % on int8 code".
    pub model: String,
    /// The same for programs: validated with a band, or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
}

/// Cycles of one function of the image.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Layer {
    /// The function: `net_layer_0_dense`.
    pub name: String,
    /// Its cycles, without what it calls.
    pub cycles: u64,
    /// Its instructions, counted as the cycles.
    #[serde(default)]
    pub instructions: u64,
    /// Those of the cycles in which the core waited for flash.
    #[serde(default)]
    pub stalls: u64,
}

/// Bytes of program memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Flash {
    /// All of it.
    pub total: u64,
    /// Weights and tables of the model.
    pub weights: u64,
    /// Instructions.
    pub code: u64,
}

/// Bytes of work memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Ram {
    /// All of it.
    pub total: u64,
    /// Activations.
    pub arena: u64,
    /// Reserved for the stack.
    pub stack: u64,
    /// Other variables.
    pub data: u64,
}

/// One step of the build.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Step {
    /// What it did.
    pub title: String,
    /// `run` or `cached`.
    pub state: String,
    /// How long it took.
    pub seconds: f64,
}
