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
