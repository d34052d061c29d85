//! `dense`: every output is a weighted sum of every input, plus a bias; weights are `[outputs, inputs]`.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::fixed;
use crate::net::gemm::{self, Left, gemm};
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};
use crate::net::quantize;

use super::Args;
use super::args::{int, text};
use super::operator::{
    Backward, Capabilities, Channels, Context, Derived, Dropped, Example, Lowered, Operator, Place, Variant,
};
use super::packed::Rows;

pub(super) struct Dense;

const MOST_UNITS: usize = 65_536;

/// The variant that computes eight units at once.
const ROWS: &str = "dsp_rows";

fn low(node: &QNode) -> i32 {
    if relu(&node.args) { node.lowered.quant.zero_point } else { -128 }
}

fn relu(args: &[(String, String)]) -> bool {
    text(args, "activation") == Some("relu")
}

impl Operator for Dense {
    fn word(&self) -> &'static str {
        "dense"
    }

    fn doc(&self) -> &'static str {
        "Every output is a weighted sum of all inputs plus a bias; an input of several dimensions is flattened."
    }

    fn params(&self) -> Params {
        let words = vec!["none".to_string(), "relu".to_string()];
        vec![
            Param::required("units", Kind::Int(1, MOST_UNITS as i128), "Number of outputs."),
            Param::optional("activation", Kind::Word(words), "none", "What is applied to each output."),
        ]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("units", "3"), ("activation", "none")], inputs: &[&[5]] },
            Example { args: &[("units", "9"), ("activation", "relu")], inputs: &[&[4, 3]] },
            Example { args: &[("units", "1"), ("activation", "none")], inputs: &[&[1]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], _takes: &[Shape]) -> Result<Shape, String> {
        let units = int("dense", args, "units", 1, MOST_UNITS)?;
        match text(args, "activation") {
            None | Some("none" | "relu") => Ok(Shape::f32(&[units])),
            Some(other) => Err(format!("`activation` of `dense` is `none` or `relu`, not `{other}`")),
        }
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let units = int("dense", args, "units", 1, MOST_UNITS).unwrap_or(0);
        vec![Tensor { name: "weights", dims: vec![units, takes[0].len()] }, Tensor { name: "bias", dims: vec![units] }]
    }

    fn macs(&self, _args: &[(String, String)], takes: &[Shape], output: &Shape) -> usize {
        takes[0].len() * output.len()
    }

    fn init(&self, args: &[(String, String)], takes: &[Shape], weights: &mut [f32], rng: &mut Rng) {
        let inputs = takes[0].len();
        let units = weights.len() / (inputs + 1);
        // He et al. 2015 before a ReLU, else Glorot and Bengio 2010, both in their normal form.
        let variance = if relu(args) { 2.0 / inputs as f32 } else { 2.0 / (inputs + units) as f32 };
        let (matrix, bias) = weights.split_at_mut(units * inputs);
        matrix.fill_with(|| variance.sqrt() * rng.normal());
        bias.fill(0.0);
    }

    fn prepare(&self, place: &Place<'_>) -> Vec<f32> {
        let inputs = place.takes[0].len();
        gemm::transpose(&place.weights[..inputs * place.output.len()], inputs)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (width, units) = (place.takes[0].len(), place.output.len());
        let bias = &place.weights[width * units..];
        for row in output.chunks_exact_mut(units) {
            row.copy_from_slice(bias);
        }
        gemm(place.isa, units, Left { data: inputs[0], row: width, column: 1 }, place.prepared, output);
        if relu(place.args) {
            for y in output {
                *y = if *y > 0.0 { *y } else { 0.0 };
            }
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let (width, units) = (place.takes[0].len(), place.output.len());
        if relu(place.args) {
            for (slope, y) in step.slope.iter_mut().zip(step.output) {
                *slope = if *y > 0.0 { *slope } else { 0.0 };
            }
        }
        let (matrix, bias) = step.gradient.split_at_mut(width * units);
        gemm(place.isa, width, Left { data: step.slope, row: 1, column: units }, step.inputs[0], matrix);
        for row in step.slope.chunks_exact(units) {
            bias.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
        }
        let weights = &place.weights[..width * units];
        if !step.input_slopes[0].is_empty() {
            let slope = Left { data: step.slope, row: units, column: 1 };
            gemm(place.isa, width, slope, weights, &mut step.input_slopes[0]);
        }
    }

    fn absorb(&self, weights: &mut [f32], scale: &[f32], offset: &[f32]) -> bool {
        let width = scale.len();
        let units = weights.len() / (width + 1);
        let (matrix, bias) = weights.split_at_mut(units * width);
        for (row, bias) in matrix.chunks_exact_mut(width).zip(bias) {
            let shift: f64 = row.iter().zip(offset).map(|(w, o)| f64::from(*w) * f64::from(*o)).sum();
            *bias = (f64::from(*bias) + shift) as f32;
            row.iter_mut().zip(scale).for_each(|(w, s)| *w *= s);
        }
        true
    }

    fn take_in(&self, args: &[(String, String)], next: &str) -> Option<Args> {
        if next != "relu" || !matches!(text(args, "activation"), None | Some("none")) {
            return None;
        }
        let mut fused: Args = args.iter().filter(|arg| arg.0 != "activation").cloned().collect();
        fused.push(("activation".into(), "relu".into()));
        Some(fused)
    }

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let width = place.takes[0].len();
        let (matrix, bias) = place.weights.split_at(width * place.output.len());
        let largest = matrix.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
        // An output finer than a step of its sums says nothing, and its multipliers would exceed one half.
        let quant = Quant::of_range(range).at_least(2.0 * inputs[0].scale * (largest / 127.0), range);
        let channels = matrix
            .chunks_exact(width)
            .zip(bias)
            .map(|(row, bias)| quantize::channel(row, *bias, f64::from(inputs[0].scale), f64::from(quant.scale)));
        let mut lowered = Lowered::plain(quant);
        for (weights, scale, bias) in channels {
            lowered.weights.extend(weights);
            lowered.scales.push(scale);
            lowered.bias.push(bias);
        }
        Ok(lowered)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let (width, units) = (node.takes[0].len(), node.output.len());
        let Lowered { quant, weights, scales, bias } = &node.lowered;
        if weights.len() != width * units || scales.len() != units || bias.len() != units {
            return Err(format!("`dense` of {units} units over {width} inputs has constants of other sizes"));
        }
        let mut derived = Derived::default();
        for (channel, row) in weights.chunks_exact(width).enumerate() {
            let real = f64::from(inputs[0].scale) * f64::from(scales[channel]) / f64::from(quant.scale);
            let (multiplier, shift) = fixed::multiplier(real);
            derived.offsets.push(quantize::folded_bias(row, bias[channel], inputs[0].zero_point, shift)?);
            derived.multipliers.push(multiplier);
            derived.shifts.push(shift);
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let (zero, derived) = (node.lowered.quant.zero_point, &node.derived);
        let low = if relu(&node.args) { zero.max(-128) } else { -128 };
        let rows = node.lowered.weights.chunks_exact(inputs[0].len());
        for (channel, (row, y)) in rows.zip(output).enumerate() {
            let products = row.iter().zip(inputs[0]).map(|(w, x)| i32::from(*w) * i32::from(*x));
            let sum = derived.offsets[channel] + products.sum::<i32>();
            let scaled = fixed::requantise(sum, derived.multipliers[channel], derived.shifts[channel]);
            *y = scaled.saturating_add(zero).clamp(low, 127) as i8;
        }
    }

    fn channels(&self, node: &QNode) -> Channels {
        if node.takes[0].dims.len() == 1 { Channels::Mix } else { Channels::Opaque }
    }

    fn joins(&self, node: &QNode, input: usize, output: usize) -> bool {
        node.lowered.weights[output * node.takes[0].len() + input] != 0
    }

    fn spares(&self, node: &QNode, channel: usize, constant: Option<i8>) -> bool {
        constant.is_some() || (0..node.output.len()).all(|output| !self.joins(node, channel, output))
    }

    fn without(&self, node: &QNode, dropped: &Dropped<'_>) -> Result<(Args, Lowered), String> {
        let (width, zero) = (node.takes[0].len(), node.quants[0].zero_point);
        let mut lowered = Lowered::plain(node.lowered.quant);
        for output in (0..node.output.len()).filter(|output| !dropped.output[*output]) {
            let row = &node.lowered.weights[output * width..(output + 1) * width];
            let gone = |input: usize| dropped.constants[0][input].map_or(0, |value| i32::from(value) - zero);
            let inputs = || (0..width).filter(|input| dropped.inputs[0][*input]);
            let moved: i32 = inputs().map(|input| i32::from(row[input]) * gone(input)).sum();
            lowered.weights.extend((0..width).filter(|input| !dropped.inputs[0][*input]).map(|input| row[input]));
            lowered.scales.push(node.lowered.scales[output]);
            lowered.bias.push(node.lowered.bias[output].checked_add(moved).ok_or("a bias exceeds 32 bits")?);
        }
        let mut args = node.args.clone();
        for (name, value) in &mut args {
            if name == "units" {
                *value = lowered.bias.len().to_string();
            }
        }
        Ok((args, lowered))
    }

    fn variants(&self, node: &QNode, can: Capabilities) -> Vec<Variant> {
        let rows = if can.dsp { Rows::of(node, node.output.len(), low(node)) } else { None };
        let rows = rows.map(|_| Variant { name: ROWS, template: "dense_rows", scratch: 0 });
        rows.into_iter().chain([Variant::plain("dense")]).collect()
    }

    fn support(&self, variant: &Variant) -> &'static [&'static str] {
        if variant.name == ROWS { &["word", "pairs", "rows"] } else { &["word", "fixed_point"] }
    }

    fn context(&self, node: &QNode, variant: &Variant) -> Context {
        if let (ROWS, Some(rows)) = (variant.name, Rows::of(node, node.output.len(), low(node))) {
            let mut context = rows.context();
            context.extend([("low", json!(low(node))), ("high", json!(127))]);
            return context;
        }
        let zero = node.lowered.quant.zero_point;
        Context::from([
            ("inputs", json!(node.takes[0].len())),
            ("units", json!(node.output.len())),
            ("bias", json!(node.derived.offsets)),
            ("multipliers", json!(node.derived.multipliers)),
            ("lefts", json!(node.derived.shifts.iter().map(|shift| (*shift).max(0)).collect::<Vec<_>>())),
            ("rights", json!(node.derived.shifts.iter().map(|shift| (-*shift).max(0)).collect::<Vec<_>>())),
            ("shifted", json!(node.derived.shifts.iter().any(|shift| *shift > 0))),
            ("zero_point", json!(zero)),
            ("low", json!(if relu(&node.args) { zero } else { -128 })),
        ])
    }
}
