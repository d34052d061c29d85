//! The candidates that a model with choices is chosen from.

use crate::base::Quantity;

use super::model::{Layer, Train};

/// How a model is chosen among candidates.
#[derive(Clone, Debug)]
pub struct Search {
    /// What is to be small, once accuracy is met; `None`: the best on the validation part wins.
    pub minimize: Option<Minimize>,
    /// Bound on the estimated time of all trials.
    pub budget: Quantity,
    /// Seed of the draw among more candidates than trials.
    pub seed: u64,
    /// How many ways there are through the choices.
    pub space: u64,
    /// Those that are tried, in the order of the draw.
    pub candidates: Vec<Candidate>,
    /// Those that were drawn and make no network, with the reason.
    pub misfits: Vec<(String, String)>,
    /// Whether layers come from `auto`.
    pub auto: bool,
}

/// What a search makes small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Minimize {
    /// Bytes of program memory.
    Flash,
    /// Bytes of work memory.
    Ram,
    /// Time of one inference.
    Latency,
}

/// One way through a model's choices.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// What was chosen: `conv1d 16, lr 0.001`.
    pub choices: String,
    /// Its layers.
    pub layers: Vec<Layer>,
    /// How it is trained.
    pub train: Train,
}
