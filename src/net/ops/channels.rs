//! Sums by output channel: the int8 constants of dense layers and convolutions, and how their sums become outputs.

use serde_json::json;

use crate::net::fixed;
use crate::net::qnet::Quant;
use crate::net::quantize;

use super::activation::Activation;
use super::operator::{Context, Derived, Lowered};

/// Quantises `rows` (the weights of one output channel behind those of another) and biases.
/// The scales are one a channel, and the output's is fine enough for the sums.
pub(super) fn lower(rows: &[f32], bias: &[f32], input: Quant, range: (f32, f32)) -> Lowered {
    let width = rows.len() / bias.len().max(1);
    let largest = rows.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
    // An output finer than a step of its sums says nothing, and its multipliers would exceed one half.
    let quant = Quant::of_range(range).at_least(2.0 * input.scale * (largest / 127.0), range);
    let mut lowered = Lowered::plain(quant);
    for (row, bias) in rows.chunks_exact(width.max(1)).zip(bias) {
        let (weights, scale, bias) = quantize::channel(row, *bias, f64::from(input.scale), f64::from(quant.scale));
        lowered.weights.extend(weights);
        lowered.scales.push(scale);
        lowered.bias.push(bias);
    }
    lowered
}

/// Multipliers, shifts and, as offsets, the biases with the input's zero point taken in. `row` gives the weights of a
/// channel. Scales are one a channel or one for all; with `whole`, the product of that one with the input's is taken in
/// f32, as `GetQuantizedConvolutionMultipler` does for `FULLY_CONNECTED`.
pub(super) fn derive(
    lowered: &Lowered,
    channels: usize,
    input: Quant,
    whole: bool,
    row: impl Fn(usize) -> Vec<i8>,
) -> Result<Derived, String> {
    let Lowered { quant, scales, bias, .. } = lowered;
    if (scales.len() != channels && scales.len() != 1) || bias.len() != channels {
        return Err(format!("constants of {} channels don't fit {channels}", scales.len()));
    }
    let mut derived = Derived::default();
    for channel in 0..channels {
        let product = match scales.as_slice() {
            [all] if whole => f64::from(input.scale * all),
            [all] => f64::from(input.scale) * f64::from(*all),
            scales => f64::from(input.scale) * f64::from(scales[channel]),
        };
        let (multiplier, shift) = fixed::multiplier(product / f64::from(quant.scale));
        derived.offsets.push(quantize::folded_bias(&row(channel), bias[channel], input.zero_point, shift)?);
        derived.multipliers.push(multiplier);
        derived.shifts.push(shift);
    }
    Ok(derived)
}

/// An error when a sum of weights times `x − zero point`, which kernels with padding compute, could overflow.
pub(super) fn check_unfolded(bias: &[i32], row: impl Fn(usize) -> Vec<i8>) -> Result<(), String> {
    let fits = |(channel, bias): (usize, &i32)| {
        let reach: i64 = row(channel).iter().map(|weight| 255 * i64::from(*weight).abs()).sum();
        reach + i64::from(*bias).abs() <= i64::from(i32::MAX)
    };
    if bias.iter().enumerate().all(fits) { Ok(()) } else { Err(quantize::OVERFLOW.into()) }
}

/// How the sums of a layer become its int8 outputs.
pub(super) struct Sums<'a> {
    derived: &'a Derived,
    zero_point: i32,
    low: i32,
    high: i32,
}

impl<'a> Sums<'a> {
    pub(super) fn new(lowered: &Lowered, derived: &'a Derived, activation: Activation) -> Self {
        let (low, high) = activation.clamp_i8(lowered.quant);
        Self { derived, zero_point: lowered.quant.zero_point, low, high }
    }

    /// The output of `channel` from its products; the sum starts with the channel's folded bias.
    pub(super) fn output(&self, channel: usize, products: i32) -> i8 {
        self.scale(channel, self.derived.offsets[channel] + products)
    }

    /// The output of `channel` from its whole sum.
    pub(super) fn scale(&self, channel: usize, sum: i32) -> i8 {
        let scaled = fixed::requantise(sum, self.derived.multipliers[channel], self.derived.shifts[channel]);
        scaled.saturating_add(self.zero_point).clamp(self.low, self.high) as i8
    }
}

/// What every template with sums by channel gets: `bias` (folded), `multipliers`, `lefts`, `rights`, `shifted`
/// (whether a left is above 0), `zero_point`, `low`, `high`.
pub(super) fn context(lowered: &Lowered, derived: &Derived, activation: Activation) -> Context {
    let (low, high) = activation.clamp_i8(lowered.quant);
    Context::from([
        ("bias", json!(derived.offsets)),
        ("multipliers", json!(derived.multipliers)),
        ("lefts", json!(derived.shifts.iter().map(|shift| (*shift).max(0)).collect::<Vec<_>>())),
        ("rights", json!(derived.shifts.iter().map(|shift| (-*shift).max(0)).collect::<Vec<_>>())),
        ("shifted", json!(derived.shifts.iter().any(|shift| *shift > 0))),
        ("zero_point", json!(lowered.quant.zero_point)),
        ("low", json!(low)),
        ("high", json!(high)),
    ])
}
