//! The report as data: what `report.json` holds. Times in seconds, sizes in bytes, ratios 0 to 1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::measure::{Alarms, Auc, Detection, Flash, Layer, Ram, Step, TargetErrors, Verified};
use crate::library::Accuracy;
use crate::stages::search::Found;

/// Whether requirements hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All do.
    Met,
    /// One doesn't.
    Unmet,
}

/// What a number is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Counted on what ships.
    Exact,
    /// Run on a model of the board.
    Simulated,
    /// Computed from something else.
    Estimated,
}

impl Certainty {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Simulated => "simulated",
            Self::Estimated => "estimated",
        }
    }
}

/// The report of a build.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// The spec's name.
    pub spec: String,
    /// Whether every requirement on every board is met.
    pub verdict: Verdict,
    /// One entry for each deployment on each board.
    pub boards: Vec<OnBoard>,
    /// What each model with choices was chosen among.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searches: Vec<Found>,
    /// The steps of the build.
    pub steps: Vec<Step>,
    /// Tools by name, with version and digest.
    pub toolchain: BTreeMap<String, String>,
    /// Library files that the project gives or replaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<String>,
}

/// One deployment on one board.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OnBoard {
    /// The deployment.
    pub deploy: String,
    /// The board's name in the spec.
    pub board: String,
    /// Its name for people, its core and clock.
    pub title: String,
    /// Verdicts in the order of `require`.
    pub requirements: Vec<Judged>,
    /// Accuracy and what it folds.
    pub test: Option<Test>,
    /// Errors of a regression, by target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<TargetErrors>>,
    /// Threshold and scores of a detection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<Detection>,
    /// Program memory; the image's bytes, exact.
    pub flash: Option<Flash>,
    /// Bytes of program memory that the board has.
    pub flash_capacity: u64,
    /// Work memory; the image's bytes, exact, with a stack sized by simulation.
    pub ram: Option<Ram>,
    /// Bytes of work memory that the board has.
    pub ram_capacity: u64,
    /// Simulated cycles.
    pub cycles: Option<Cycles>,
    /// Simulated seconds of one inference with its features.
    pub latency_s: Option<f64>,
    /// How much was compared with the reference, byte for byte.
    pub verified: Option<Verified>,
    /// Files by what they are.
    pub artifacts: BTreeMap<String, String>,
}

/// What the test part says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Test {
    /// Rows.
    pub rows: u64,
    /// Of the compiled int8 code, exact.
    pub accuracy: Option<f64>,
    /// Of the float model that it was made from.
    pub float_accuracy: Option<f64>,
    /// Mean F1 over the classes.
    pub macro_f1: Option<f64>,
    /// The same of the float model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_f1: Option<f64>,
    /// Areas under ROC curves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<Auc>,
    /// Their mean for the float model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_auc: Option<f64>,
    /// False alarms of a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarms: Option<Alarms>,
    /// Class names.
    pub classes: Vec<String>,
    /// Counts by true class, then by answer; the last column is of answers that are no class, where there are any.
    pub confusion: Vec<Vec<u64>>,
}

/// Simulated cycles of one inference.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cycles {
    /// All of them.
    pub total: u64,
    /// Instructions.
    pub instructions: u64,
    /// From reset to the first wait for an input.
    pub boot: Option<u64>,
    /// By function.
    pub layers: Vec<Layer>,
    /// The cycle model and what its numbers are worth.
    pub model: String,
    /// The same for programs: validated with a band, or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
}

/// One requirement and its verdict.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Judged {
    /// What is measured: `accuracy`, `recall(fall)`.
    pub metric: String,
    /// `>=` or `<=`.
    pub relation: String,
    /// The limit in the unit.
    #[serde(serialize_with = "plain")]
    pub limit: f64,
    /// What was measured; none when there was nothing to measure.
    #[serde(serialize_with = "plain_option")]
    pub value: Option<f64>,
    /// How far the value is on the good side of the limit; negative when it is on the other.
    #[serde(serialize_with = "plain_option")]
    pub margin: Option<f64>,
    /// `ratio`, `s`, `B`, `per hour`, or `number`.
    pub unit: String,
    /// What the value is worth.
    pub kind: Certainty,
    /// Whether it holds.
    pub met: bool,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whole numbers as such: `65536`, not `65536.0`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn plain<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let whole = value.fract().abs() <= 0.0 && value.abs() < 9e15;
    if whole { serializer.serialize_i64(*value as i64) } else { serializer.serialize_f64(*value) }
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn plain_option<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => plain(value, serializer),
        None => serializer.serialize_none(),
    }
}

impl Report {
    /// The report as JSON, for messages.
    ///
    /// # Panics
    /// Never, short of a bug: plain data always serialises.
    pub fn value(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_else(|error| panic!("bug: a report is plain data: {error}"))
    }

    /// The text of `report.json`.
    ///
    /// # Panics
    /// Never, short of a bug: plain data always serialises.
    pub fn json(&self) -> String {
        let text =
            serde_json::to_string_pretty(self).unwrap_or_else(|error| panic!("bug: a report is plain data: {error}"));
        text + "\n"
    }
}
