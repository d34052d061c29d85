//! `layer_norm`: each row of the last dimension is brought to mean 0 and variance 1, then scaled and shifted
//! (Ba et al. 2016).
//!
//! TFLM has no such operator. The int8 form is exact up to the inverse root (`fixed::inverse_root`): `n·x − Σx` over the
//! root of `n·Σx² − (Σx)²`, in twelve bits of fraction.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::fixed;
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};
use crate::net::quantize;

use super::args::number;
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};

pub(super) struct LayerNorm;

/// Longer rows could overflow.
const MOST_WIDTH: usize = 4096;

/// What a normalised value is in steps of.
const FRACTION: f32 = 1.0 / 4096.0;

fn width(shape: &Shape) -> usize {
    shape.dims.last().copied().unwrap_or(1)
}

fn epsilon(args: &[(String, String)]) -> f32 {
    number("layer_norm", args, "epsilon", 1e-5, (1e-12, 1.0)).unwrap_or(1e-5)
}

/// Mean and inverse deviation of a row.
fn moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = row.iter().sum::<f32>() / count;
    let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// `difference / √spread` in Q.12; `spread` is below 2^40.
fn normalised(difference: i32, spread: i64) -> i32 {
    let (root, right, pairs) = inverse(spread);
    // 2^right is at most 1, and every pair halves the root once more.
    let shift = 31 - right + pairs - 12;
    let product = i64::from(difference) * i64::from(root);
    ((product + (1_i64 << (shift - 1))) >> shift) as i32
}

/// The inverse root of `spread` as multiplier and shift, and how often it was divided by four before.
fn inverse(spread: i64) -> (i32, i32, i32) {
    let (mut spread, mut pairs) = (spread.max(1), 0);
    while spread >= 1 << 29 {
        spread >>= 2;
        pairs += 1;
    }
    let (root, shift) = fixed::inverse_root(spread as i32);
    (root, shift, pairs)
}

impl Operator for LayerNorm {
    fn word(&self) -> &'static str {
        "layer_norm"
    }

    fn doc(&self) -> &'static str {
        "Each row of the last dimension is brought to mean 0 and variance 1, then scaled and shifted."
    }

    fn params(&self) -> Params {
        vec![Param::optional("epsilon", Kind::Number(1e-12, 1.0), "0.00001", "Added to the variance.")]
    }

    fn examples(&self) -> Vec<Example> {
        vec![Example { args: &[], inputs: &[&[6]] }, Example { args: &[("epsilon", "0.001")], inputs: &[&[3, 7]] }]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        number("layer_norm", args, "epsilon", 1e-5, (1e-12, 1.0))?;
        match width(&takes[0]) {
            2..=MOST_WIDTH => Ok(takes[0].clone()),
            width => Err(format!("`layer_norm` takes rows of 2 to {MOST_WIDTH} values, but it is given {width}")),
        }
    }

    fn tensors(&self, _args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let dims = vec![width(&takes[0])];
        vec![Tensor { name: "scale", dims: dims.clone() }, Tensor { name: "offset", dims }]
    }

    fn init(&self, _args: &[(String, String)], _takes: &[Shape], weights: &mut [f32], _rng: &mut Rng) {
        let width = weights.len() / 2;
        weights[..width].fill(1.0);
        weights[width..].fill(0.0);
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (scale, offset) = place.weights.split_at(width(place.output));
        let epsilon = epsilon(place.args);
        for (x, y) in inputs[0].chunks_exact(scale.len()).zip(output.chunks_exact_mut(scale.len())) {
            let (mean, inverse) = moments(x, epsilon);
            for ((y, x), (scale, offset)) in y.iter_mut().zip(x).zip(scale.iter().zip(offset)) {
                *y = (x - mean) * inverse * scale + offset;
            }
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let width = width(place.output);
        let (epsilon, scale) = (epsilon(place.args), &place.weights[..width]);
        for (row, slope) in step.slope.chunks_exact(width).enumerate() {
            let x = &step.inputs[0][row * width..(row + 1) * width];
            let (mean, inverse) = moments(x, epsilon);
            let one = |at: usize| (x[at] - mean) * inverse;
            let (mut sum, mut product) = (0.0, 0.0);
            for at in 0..width {
                step.gradient[at] += slope[at] * one(at);
                step.gradient[width + at] += slope[at];
                sum += slope[at] * scale[at];
                product += slope[at] * scale[at] * one(at);
            }
            if let Some(sums) = step.input_slopes[0].get_mut(row * width..(row + 1) * width) {
                let count = width as f32;
                for (at, total) in sums.iter_mut().enumerate() {
                    *total += inverse * (slope[at] * scale[at] - sum / count - one(at) * product / count);
                }
            }
        }
    }

    fn lower(&self, place: &Place<'_>, _inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let (scale, offset) = place.weights.split_at(width(place.output));
        let (weights, by_scale, _) = quantize::channel(scale, 0.0, 1.0, 1e-6);
        let step = f64::from(by_scale) * f64::from(FRACTION);
        let bias = offset.iter().map(|offset| (f64::from(*offset) / step).round().clamp(-5e8, 5e8) as i32).collect();
        let quant = Quant::of_range(range).at_least(by_scale / 64.0, range);
        Ok(Lowered { weights, scales: vec![by_scale], bias, ..Lowered::plain(quant) })
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let Lowered { quant, weights, scales, bias } = &node.lowered;
        let width = width(&node.output);
        let [scale] = scales[..] else { return Err("`layer_norm` has one scale".into()) };
        // A normalised value is at most √4096, in twelve bits of fraction; times 127 it stays below 2^26.
        let sound = bias.iter().all(|bias| bias.abs() <= 1 << 29);
        if weights.len() != width || bias.len() != width || !sound {
            return Err("`layer_norm` has constants of other sizes".into());
        }
        let (multiplier, shift) = fixed::multiplier(f64::from(scale * FRACTION) / f64::from(quant.scale));
        if shift > -1 {
            return Err("`layer_norm` has an output scale far below its own".into());
        }
        let count = width as f64;
        let steps = count / f64::from(inputs[0].scale);
        let added = f64::from(epsilon(&node.args)) * steps * steps;
        // More than the widest spread hides every difference anyway.
        let offsets = vec![added.clamp(0.0, 1e9) as i32];
        Ok(Derived { multipliers: vec![multiplier], shifts: vec![shift], offsets, ..Derived::default() })
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let width = width(&node.output);
        let (derived, lowered) = (&node.derived, &node.lowered);
        for (row, y) in inputs[0].chunks_exact(width).zip(output.chunks_exact_mut(width)) {
            let sum: i32 = row.iter().map(|x| i32::from(*x)).sum();
            let squares: i32 = row.iter().map(|x| i32::from(*x) * i32::from(*x)).sum();
            let count = width as i32;
            let spread = i64::from(count) * i64::from(squares) - i64::from(sum) * i64::from(sum);
            let spread = spread + i64::from(derived.offsets[0]);
            for (at, (y, x)) in y.iter_mut().zip(row).enumerate() {
                let one = normalised(count * i32::from(*x) - sum, spread);
                let scaled = one * i32::from(lowered.weights[at]) + lowered.bias[at];
                let q = fixed::requantise(scaled, derived.multipliers[0], derived.shifts[0]);
                *y = q.saturating_add(lowered.quant.zero_point).clamp(-128, 127) as i8;
            }
        }
    }

    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(0)
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point", "inverse_root"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let width = width(&node.output);
        Context::from([
            ("rows", json!(node.output.len() / width)),
            ("width", json!(width)),
            ("bias", json!(node.lowered.bias)),
            ("added", json!(node.derived.offsets[0])),
            ("multiplier", json!(node.derived.multipliers[0])),
            ("shift", json!(node.derived.shifts[0])),
            ("zero_point", json!(node.lowered.quant.zero_point)),
        ])
    }
}
