//! `svdf`: one step of a layer of low rank that remembers its last inputs (Nakkiran et al. 2015), for streaming keywords.
//!
//! Every filter weighs the input (`features`), the last `memory` results are weighed again (`time`), and `rank` filters
//! add up to a unit. The int8 form is TFLM's (`svdf_common.cc`). The memory lasts from one inference to the next on the
//! board; in training, and wherever rows are independent, each row starts from an empty memory.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::fixed;
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};
use crate::net::quantize;

use super::Args;
use super::activation::{self, Activation};
use super::args::int;
use super::dense;
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Place, Variant};

pub(super) struct Svdf;

const MOST: usize = 65_536;

/// Inputs, filters, filters a unit, and results that a filter remembers.
#[derive(Clone, Copy)]
struct Sizes {
    inputs: usize,
    filters: usize,
    rank: usize,
    memory: usize,
}

fn sizes(args: &[(String, String)], takes: &Shape) -> Result<Sizes, String> {
    let (units, rank) = (int("svdf", args, "units", 1, 4096)?, int("svdf", args, "rank", 1, 64)?);
    let memory = int("svdf", args, "memory", 1, 4096)?;
    activation::read("svdf", args)?;
    if takes.len() > MOST || units * rank * memory > 1 << 24 {
        return Err(format!("`svdf` over {takes} is too large"));
    }
    Ok(Sizes { inputs: takes.len(), filters: units * rank, rank, memory })
}

fn checked(args: &[(String, String)], takes: &Shape) -> Sizes {
    sizes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
}

impl Sizes {
    fn units(&self) -> usize {
        self.filters / self.rank
    }

    /// Biases, time weights, zero point and bits of the state, out of the stored biases.
    fn split<'a>(&self, bias: &'a [i32]) -> Option<(&'a [i32], &'a [i32], i32, i32)> {
        let (units, rest) = bias.split_at_checked(self.units())?;
        let (time, rest) = rest.split_at_checked(self.filters * self.memory)?;
        let [zero, bits] = rest else { return None };
        Some((units, time, *zero, *bits))
    }
}

impl Operator for Svdf {
    fn word(&self) -> &'static str {
        "svdf"
    }

    fn doc(&self) -> &'static str {
        "One step of a streaming layer that weighs its last `memory` inputs at low rank."
    }

    fn params(&self) -> Params {
        vec![
            Param::required("units", Kind::Int(1, 4096), "Number of outputs."),
            Param::optional("rank", Kind::Int(1, 64), "1", "Filters that add up to an output."),
            Param::required("memory", Kind::Int(1, 4096), "Results that each filter remembers."),
            activation::param(),
        ]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("units", "3"), ("rank", "1"), ("memory", "2")], inputs: &[&[5]] },
            Example {
                args: &[("units", "2"), ("rank", "2"), ("memory", "3"), ("activation", "relu")],
                inputs: &[&[4]],
            },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        sizes(args, &takes[0]).map(|sizes| Shape::f32(&[sizes.units()]))
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let sizes = checked(args, &takes[0]);
        vec![
            Tensor { name: "features", dims: vec![sizes.filters, sizes.inputs] },
            Tensor { name: "time", dims: vec![sizes.filters, sizes.memory] },
            Tensor { name: "bias", dims: vec![sizes.units()] },
        ]
    }

    fn macs(&self, args: &[(String, String)], takes: &[Shape], _output: &Shape) -> usize {
        let sizes = checked(args, &takes[0]);
        sizes.filters * (sizes.inputs + sizes.memory)
    }

    fn init(&self, args: &[(String, String)], takes: &[Shape], weights: &mut [f32], rng: &mut Rng) {
        let sizes = checked(args, &takes[0]);
        let (features, rest) = weights.split_at_mut(sizes.filters * sizes.inputs);
        let (time, bias) = rest.split_at_mut(sizes.filters * sizes.memory);
        dense::draw(features, sizes.inputs, sizes.filters, activation::of(args), rng);
        dense::draw(time, sizes.memory * sizes.rank, sizes.units(), Activation::None, rng);
        bias.fill(0.0);
    }

    /// From an empty memory only the latest result counts.
    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let sizes = checked(place.args, &place.takes[0]);
        let (features, rest) = place.weights.split_at(sizes.filters * sizes.inputs);
        let (time, bias) = rest.split_at(sizes.filters * sizes.memory);
        for (x, y) in inputs[0].chunks_exact(sizes.inputs).zip(output.chunks_exact_mut(sizes.units())) {
            y.copy_from_slice(bias);
            for (filter, row) in features.chunks_exact(sizes.inputs).enumerate() {
                let seen: f32 = row.iter().zip(x).map(|(w, x)| w * x).sum();
                y[filter / sizes.rank] += seen * time[(filter + 1) * sizes.memory - 1];
            }
        }
        activation::of(place.args).apply(output);
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let sizes = checked(place.args, &place.takes[0]);
        activation::of(place.args).undo(step.output, step.slope);
        let (features, rest) = place.weights.split_at(sizes.filters * sizes.inputs);
        let time = &rest[..sizes.filters * sizes.memory];
        let (by_features, rest) = step.gradient.split_at_mut(features.len());
        let (by_time, by_bias) = rest.split_at_mut(time.len());
        for (at, slope) in step.slope.chunks_exact(sizes.units()).enumerate() {
            let x = &step.inputs[0][at * sizes.inputs..(at + 1) * sizes.inputs];
            by_bias.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope);
            for filter in 0..sizes.filters {
                let (row, last) = (filter * sizes.inputs..(filter + 1) * sizes.inputs, (filter + 1) * sizes.memory - 1);
                let slope = slope[filter / sizes.rank];
                let seen: f32 = features[row.clone()].iter().zip(x).map(|(w, x)| w * x).sum();
                by_time[last] += slope * seen;
                by_features[row.clone()].iter_mut().zip(x).for_each(|(sum, x)| *sum += slope * time[last] * x);
                if let Some(sums) = step.input_slopes[0].get_mut(at * sizes.inputs..(at + 1) * sizes.inputs) {
                    sums.iter_mut().zip(&features[row]).for_each(|(sum, w)| *sum += slope * time[last] * w);
                }
            }
        }
    }

    fn take_in(&self, args: &[(String, String)], next: &str) -> Option<Args> {
        activation::take_in(args, next)
    }

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let sizes = checked(place.args, &place.takes[0]);
        let (features, rest) = place.weights.split_at(sizes.filters * sizes.inputs);
        let (time, bias) = rest.split_at(sizes.filters * sizes.memory);
        let quant = Quant::of_range(range);
        let (weights, scale, _) = quantize::channel(features, 0.0, 1.0, 1e-6);
        // The state has room for every result: 127 · |x| of int8 inputs in the worst row, in 16 bits.
        let reach = |row: &[f32]| row.iter().map(|w| w.abs()).sum::<f32>() * 255.0 * inputs[0].scale;
        let most = features.chunks_exact(sizes.inputs).map(reach).fold(f32::MIN_POSITIVE, f32::max);
        let state = (most / 32_767.0).max(1e-9);
        let largest = time.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
        let by_time = (largest / 32_767.0).max(1e-9);
        let quant = quant.at_least(state * by_time * 2.0, range);
        let step = f64::from(state) * f64::from(by_time);
        let mut biases: Vec<i32> =
            bias.iter().map(|bias| (f64::from(*bias) / step).round().clamp(-1e9, 1e9) as i32).collect();
        biases.extend(time.iter().map(|weight| (weight / by_time).round() as i32));
        biases.extend([0, 16]);
        Ok(Lowered { weights, scales: vec![scale, by_time, state], bias: biases, ..Lowered::plain(quant) })
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let sizes = checked(&node.args, &node.takes[0]);
        let Lowered { quant, weights, scales, bias } = &node.lowered;
        let wrong = || "`svdf` has constants of other sizes".to_string();
        let (units, time, zero, bits) = sizes.split(bias).ok_or_else(wrong)?;
        let [feature, by_time, state] = scales[..] else { return Err(wrong()) };
        let most = if bits == 8 { 128_i32 } else { 32_768 };
        let sound = weights.len() == sizes.filters * sizes.inputs
            && (bits == 8 || bits == 16)
            && (-most..most).contains(&zero)
            && time.iter().all(|weight| (-32_768..32_768).contains(weight));
        if !sound {
            return Err(wrong());
        }
        // `PrepareSvdf`: both factors in f32.
        let factors = [inputs[0].scale * feature / state, state * by_time / quant.scale];
        let mut derived = Derived::default();
        for factor in factors {
            let (multiplier, shift) = fixed::multiplier(f64::from(factor));
            derived.multipliers.push(multiplier);
            derived.shifts.push(shift);
        }
        for row in weights.chunks_exact(sizes.inputs) {
            derived.offsets.push(quantize::folded_bias(row, 0, inputs[0].zero_point, derived.shifts[0])?);
        }
        for (unit, bias) in units.iter().enumerate() {
            let own = &time[unit * sizes.rank * sizes.memory..(unit + 1) * sizes.rank * sizes.memory];
            let reach: i64 = own.iter().map(|weight| i64::from(weight.abs()) * i64::from(2 * most)).sum();
            // Results of int8 inputs seldom come near that; TFLM's sums wrap where they would.
            if bits == 8 && (reach + i64::from(bias.abs())) << derived.shifts[1].max(0) > i64::from(i32::MAX) - 128 {
                return Err(quantize::OVERFLOW.into());
            }
        }
        if derived.shifts[1] >= 0 {
            return Err("`svdf` has an output scale far below that of its state".into());
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        self.step_i8(node, inputs, output, &mut vec![0; self.state(node)]);
    }

    fn state(&self, node: &QNode) -> usize {
        let sizes = checked(&node.args, &node.takes[0]);
        sizes.filters * sizes.memory
    }

    fn step_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8], state: &mut [i16]) {
        let sizes = checked(&node.args, &node.takes[0]);
        let Some((bias, time, zero, bits)) = sizes.split(&node.lowered.bias) else { return };
        let Derived { multipliers, shifts, offsets, .. } = &node.derived;
        let (low, high) = limits(zero, bits);
        let mut sums = bias.to_vec();
        for (filter, row) in node.lowered.weights.chunks_exact(sizes.inputs).enumerate() {
            let own = &mut state[filter * sizes.memory..(filter + 1) * sizes.memory];
            own.rotate_left(1);
            let sum = offsets[filter] + dense::products(row, inputs[0]);
            let seen = fixed::requantise(sum, multipliers[0], shifts[0]).clamp(low, high);
            if let Some(latest) = own.last_mut() {
                *latest = seen as i16;
            }
            let time = &time[filter * sizes.memory..(filter + 1) * sizes.memory];
            let weighed = time.iter().zip(own.iter()).map(|(w, x)| w.wrapping_mul(i32::from(*x)));
            let sum = &mut sums[filter / sizes.rank];
            *sum = weighed.fold(*sum, i32::wrapping_add);
        }
        let (low, high) = activation::of(&node.args).clamp_i8(node.lowered.quant);
        for (y, sum) in output.iter_mut().zip(sums) {
            let scaled = fixed::requantise(sum, multipliers[1], shifts[1]);
            *y = scaled.saturating_add(node.lowered.quant.zero_point).clamp(low, high) as i8;
        }
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let sizes = checked(&node.args, &node.takes[0]);
        let (bias, time, zero, bits) = sizes.split(&node.lowered.bias).unwrap_or((&[], &[], 0, 16));
        let (least, most) = limits(zero, bits);
        let (low, high) = activation::of(&node.args).clamp_i8(node.lowered.quant);
        Context::from([
            ("inputs", json!(sizes.inputs)),
            ("units", json!(sizes.units())),
            ("rank", json!(sizes.rank)),
            ("memory", json!(sizes.memory)),
            ("bias", json!(bias)),
            ("time", json!(time)),
            ("offsets", json!(node.derived.offsets)),
            ("multipliers", json!(node.derived.multipliers)),
            ("shifts", json!(node.derived.shifts)),
            ("least", json!(least)),
            ("most", json!(most)),
            ("zero_point", json!(node.lowered.quant.zero_point)),
            ("low", json!(low)),
            ("high", json!(high)),
        ])
    }
}

/// Bounds of what the state holds, less its zero point.
fn limits(zero: i32, bits: i32) -> (i32, i32) {
    // In 16 bits the difference to a zero point could need a 17th: TFLM's states have none there.
    let most = if bits == 8 { 128 } else { 32_768 };
    ((-most - zero).max(-32_768), (most - 1 - zero).min(32_767))
}
