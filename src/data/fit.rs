//! Constants of a feature that are fitted on the training part: sums in f64, in the order of the rows.

use serde::{Deserialize, Serialize};

/// Fitted constants of one step: `out = (in - offset) * factor`, one pair a channel (the last dimension).
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Fit {
    /// Subtracted.
    pub offset: Vec<f32>,
    /// Multiplied by.
    pub factor: Vec<f32>,
}

/// Ways to bring a channel to a common range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scaling {
    /// Mean 0, standard deviation 1.
    Standard,
    /// Smallest 0, largest 1.
    MinMax,
    /// Median 0, distance of the quartiles 1: outliers don't count.
    Robust,
}

impl Scaling {
    /// The one called `word` in a spec.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "standard" => Some(Self::Standard),
            "minmax" => Some(Self::MinMax),
            "robust" => Some(Self::Robust),
            _ => None,
        }
    }
}

/// Fits `x` (training rows only, `channels` values innermost). A channel that doesn't vary gets factor 1,
/// so that it becomes 0 and not NaN.
pub fn scaling(kind: Scaling, x: &[f32], channels: usize) -> Fit {
    let mut fit = Fit::default();
    for channel in 0..channels {
        let values = x.iter().skip(channel).step_by(channels).copied();
        let (offset, spread) = match kind {
            Scaling::Standard => standard(values),
            Scaling::MinMax => min_max(values),
            Scaling::Robust => robust(values.collect()),
        };
        let factor = (1.0 / spread) as f32;
        let usable = spread > 0.0 && factor.is_finite() && factor > 0.0;
        fit.offset.push(offset as f32);
        fit.factor.push(if usable { factor } else { 1.0 });
    }
    fit
}

fn standard(values: impl Iterator<Item = f32> + Clone) -> (f64, f64) {
    let (sum, count) = values.clone().fold((0.0, 0.0), |(sum, count), value| (sum + f64::from(value), count + 1.0));
    let mean = sum / f64::max(count, 1.0);
    let squares: f64 = values.map(|value| (f64::from(value) - mean) * (f64::from(value) - mean)).sum();
    let spread = (squares / f64::max(count, 1.0)).sqrt();
    // A constant channel can leave a spread of rounding errors.
    (mean, if spread > mean.abs() * 1e-12 { spread } else { 0.0 })
}

fn min_max(values: impl Iterator<Item = f32>) -> (f64, f64) {
    let (low, high) =
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { (f64::from(low), f64::from(high) - f64::from(low)) } else { (0.0, 0.0) }
}

fn robust(mut values: Vec<f32>) -> (f64, f64) {
    values.sort_by(f32::total_cmp);
    let low = quantile(&values, 0.25);
    (quantile(&values, 0.5), quantile(&values, 0.75) - low)
}

/// Linear between the two nearest of the sorted values (numpy's default).
fn quantile(sorted: &[f32], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let position = share * last as f64;
    let below = position.floor();
    let (low, high) = (f64::from(sorted[below as usize]), f64::from(sorted[(below as usize + 1).min(last)]));
    low + (high - low) * (position - below)
}
