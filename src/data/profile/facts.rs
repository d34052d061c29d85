//! The shape of `profile.json`: names that programs rely on.

use serde::{Deserialize, Serialize};

use super::hints::Hint;

/// `profile.json`.
#[derive(Clone, Default, Serialize, Deserialize, Debug)]
pub struct Profile {
    /// Recordings: rows where each row is one.
    pub rows: usize,
    /// Files.
    pub files: usize,
    /// Rows left out because a cell was missing.
    pub dropped: usize,
    /// Rows whose values occur elsewhere too: all rows less the different ones.
    pub duplicates: usize,
    /// Rows that equal a row of another part.
    pub leaks: usize,
    /// Groups of the `by` column.
    pub groups: usize,
    /// Groups of each part: training, validation, test.
    pub group_parts: [usize; 3],
    /// Rows in each part: training, validation, test.
    pub parts: [usize; 3],
    /// Counts by class, in the order of `classes`; empty for regression.
    pub classes: Vec<Class>,
    /// Channels in order, then targets.
    pub channels: Vec<Channel>,
    /// Samples of the recordings, where they have more than one.
    pub lengths: Option<Lengths>,
    /// Sampling rate that the spec declares, Hz.
    pub rate: Option<f64>,
    /// Time columns of the files.
    pub clocks: Vec<Clock>,
    /// Columns of the files, whether the model reads them or not.
    pub columns: Vec<Facts>,
    /// What is worth a look, a sentence each.
    pub warnings: Vec<String>,
    /// The same by its parts.
    pub findings: Vec<Finding>,
}

/// Rows of a class.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Rows in each part: training, validation, test.
    pub parts: [usize; 3],
    /// Groups that have rows of it; 0 without `by`.
    pub groups: usize,
}

/// Values of a channel over all samples.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// True for a target of regression.
    pub target: bool,
    /// Missing cells.
    pub missing: usize,
    /// Smallest value.
    pub min: f32,
    /// A quarter of the values are at most this. Quantiles are of an even selection of at most 200,000 values.
    pub q25: f32,
    /// Median (the lower one of two).
    pub median: f32,
    /// Three quarters of the values are at most this.
    pub q75: f32,
    /// Largest value.
    pub max: f32,
    /// Mean.
    pub mean: f64,
    /// Standard deviation over the population.
    pub std: f64,
    /// Kolmogorov–Smirnov distance of the training part's recordings (by their means) from the test part's, 0 to 1.
    pub drift: Option<f64>,
}

/// Samples of the recordings.
#[derive(Clone, Copy, Serialize, Deserialize, Debug)]
pub struct Lengths {
    /// Of the shortest.
    pub min: usize,
    /// Median.
    pub median: usize,
    /// Of the longest.
    pub max: usize,
}

/// A time column.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Clock {
    /// Its name.
    pub column: String,
    /// Median step; seconds where cells are dates, else in the column's unit.
    pub step: f64,
    /// Largest step.
    pub longest: f64,
    /// Share of steps that differ from the median by more than a tenth, 0 to 1.
    pub irregular: f64,
    /// Steps that go back.
    pub back: usize,
    /// True when steps are seconds for sure.
    pub dated: bool,
}

/// What a column of the files is to the spec.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The model reads it.
    Channel,
    /// It names the class, or is a target.
    Label,
    /// It says which rows stay together, or which part they belong to.
    Group,
    /// Nothing reads it.
    Unused,
}

/// A column of the files.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// What it is to the spec.
    pub role: Role,
    /// True when its cells are numbers.
    pub numeric: bool,
    /// Different cells.
    pub distinct: usize,
    /// What it looks like, where that matters.
    pub hint: Option<Hint>,
}

/// A warning by its parts.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Finding {
    /// The code that `cargo tinyml explain` knows.
    pub code: String,
    /// The fact.
    pub title: String,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}
