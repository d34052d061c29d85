//! `dense`: every output is a weighted sum of every input, plus a bias; weights are `[outputs, inputs]`.
//!
//! With `each`, the last dimension of every row goes through the same weights.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::gemm::{self, Left, gemm};
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

use super::activation::{self, Activation};
use super::args::{flag, int, with};
use super::mix::Mix;
use super::operator::{
    Backward, Capabilities, Channels, Context, Derived, Dropped, Example, Lowered, Operator, Overlap, Place, Variant,
};
use super::packed::Rows;
use super::{Args, channels};

pub(super) struct Dense;

const MOST_UNITS: usize = 65_536;

/// The variant that computes eight units at once.
const ROWS: &str = "dsp_rows";

/// The same after its inputs were widened to 16 bits.
const WIDE_ROWS: &str = "dsp_rows_wide";

/// Draws a matrix of weights: He et al. 2015 before a `ReLU`, else Glorot and Bengio 2010, both in their normal form.
pub(super) fn draw(matrix: &mut [f32], inputs: usize, outputs: usize, activation: Activation, rng: &mut Rng) {
    let variance = match activation {
        Activation::None | Activation::ReluN1To1 => 2.0 / (inputs + outputs) as f32,
        Activation::Relu | Activation::Relu6 => 2.0 / inputs as f32,
    };
    matrix.fill_with(|| variance.sqrt() * rng.normal());
}

/// The biases of a layer whose outputs become `scale · y + offset`.
pub(super) fn scale_bias(bias: &mut [f32], scale: &[f32], offset: &[f32]) {
    for (bias, (scale, offset)) in bias.iter_mut().zip(scale.iter().zip(offset)) {
        *bias = *bias * scale + offset;
    }
}

/// The sum of products of a row of weights with what it sees.
pub(super) fn products(row: &[i8], seen: &[i8]) -> i32 {
    row.iter().zip(seen).map(|(w, x)| i32::from(*w) * i32::from(*x)).sum()
}

/// The first `count` of `values` when all others repeat them.
pub(super) fn repeats(values: &[f32], count: usize) -> Option<&[f32]> {
    let first = values.get(..count)?;
    values.chunks(count).all(|chunk| chunk == first).then_some(first)
}

/// How many inputs a row has.
fn width(args: &[(String, String)], takes: &[Shape]) -> usize {
    if flag("dense", args, "each") == Ok(true) { takes[0].dims.last().copied().unwrap_or(1) } else { takes[0].len() }
}

/// The layer as the kernel of eight units reads it.
fn rows(node: &QNode) -> Option<Rows> {
    let (low, _) = activation::of(&node.args).clamp_i8(node.lowered.quant);
    Rows::of(node, units(&node.output), low)
}

fn units(output: &Shape) -> usize {
    output.dims.last().copied().unwrap_or(1)
}

fn mix(node: &QNode) -> Mix {
    Mix { taps: 1, inputs: width(&node.args, &node.takes), padded: false }
}

impl Operator for Dense {
    fn word(&self) -> &'static str {
        "dense"
    }

    fn doc(&self) -> &'static str {
        "Every output is a weighted sum of all inputs plus a bias; an input of several dimensions is flattened."
    }

    fn params(&self) -> Params {
        let each = Kind::Word(vec!["false".into(), "true".into()]);
        vec![
            Param::required("units", Kind::Int(1, MOST_UNITS as i128), "Number of outputs."),
            activation::param(),
            Param::optional("each", each, "false", "`true`: for each row of the last dimension by itself."),
        ]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("units", "3"), ("activation", "none")], inputs: &[&[5]] },
            Example { args: &[("units", "9"), ("activation", "relu")], inputs: &[&[4, 3]] },
            Example { args: &[("units", "1"), ("activation", "none")], inputs: &[&[1]] },
            Example { args: &[("units", "5"), ("activation", "relu6"), ("each", "true")], inputs: &[&[4, 3]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        let units = int("dense", args, "units", 1, MOST_UNITS)?;
        activation::read("dense", args)?;
        if !flag("dense", args, "each")? {
            return Ok(Shape::f32(&[units]));
        }
        let mut dims = takes[0].dims.clone();
        let last = dims.last_mut().ok_or("`dense` with `each = true` takes rows, but it is given one number")?;
        *last = units;
        Ok(Shape::f32(&dims))
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let units = int("dense", args, "units", 1, MOST_UNITS).unwrap_or(0);
        let dims = vec![units, width(args, takes)];
        vec![Tensor { name: "weights", dims }, Tensor { name: "bias", dims: vec![units] }]
    }

    fn macs(&self, args: &[(String, String)], takes: &[Shape], output: &Shape) -> usize {
        width(args, takes) * output.len()
    }

    fn init(&self, args: &[(String, String)], takes: &[Shape], weights: &mut [f32], rng: &mut Rng) {
        let inputs = width(args, takes);
        let units = weights.len() / (inputs + 1);
        let (matrix, bias) = weights.split_at_mut(units * inputs);
        draw(matrix, inputs, units, activation::of(args), rng);
        bias.fill(0.0);
    }

    fn prepare(&self, place: &Place<'_>) -> Vec<f32> {
        let inputs = width(place.args, place.takes);
        gemm::transpose(&place.weights[..inputs * units(place.output)], inputs)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (width, units) = (width(place.args, place.takes), units(place.output));
        let bias = &place.weights[width * units..];
        for row in output.chunks_exact_mut(units) {
            row.copy_from_slice(bias);
        }
        gemm(place.isa, units, Left { data: inputs[0], row: width, column: 1 }, place.prepared, output);
        activation::of(place.args).apply(output);
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let (width, units) = (width(place.args, place.takes), units(place.output));
        activation::of(place.args).undo(step.output, step.slope);
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

    fn absorb(
        &self,
        args: &[(String, String)],
        takes: &[Shape],
        weights: &mut [f32],
        scale: &[f32],
        offset: &[f32],
    ) -> bool {
        let width = width(args, takes);
        let (Some(scale), Some(offset)) = (repeats(scale, width), repeats(offset, width)) else { return false };
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
        activation::take_in(args, next)
    }

    fn scale_outputs(
        &self,
        args: &[(String, String)],
        takes: &[Shape],
        weights: &mut [f32],
        scale: &[f32],
        offset: &[f32],
    ) -> bool {
        let width = width(args, takes);
        if activation::of(args) != Activation::None || weights.len() != scale.len() * (width + 1) {
            return false;
        }
        let (matrix, bias) = weights.split_at_mut(scale.len() * width);
        for (row, scale) in matrix.chunks_exact_mut(width).zip(scale) {
            row.iter_mut().for_each(|weight| *weight *= scale);
        }
        scale_bias(bias, scale, offset);
        true
    }

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let (matrix, bias) = place.weights.split_at(width(place.args, place.takes) * units(place.output));
        Ok(channels::lower(matrix, bias, inputs[0], range))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let (width, units) = (width(&node.args, &node.takes), units(&node.output));
        if node.lowered.weights.len() != width * units {
            return Err(format!("`dense` of {units} units over {width} inputs has constants of other sizes"));
        }
        let row = |unit: usize| node.lowered.weights[unit * width..(unit + 1) * width].to_vec();
        channels::derive(&node.lowered, units, inputs[0], true, row)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let (width, units) = (width(&node.args, &node.takes), units(&node.output));
        let sums = channels::Sums::new(&node.lowered, &node.derived, activation::of(&node.args));
        for (x, y) in inputs[0].chunks_exact(width).zip(output.chunks_exact_mut(units)) {
            let rows = node.lowered.weights.chunks_exact(width);
            for (unit, (row, y)) in rows.zip(y).enumerate() {
                *y = sums.output(unit, products(row, x));
            }
        }
    }

    fn channels(&self, node: &QNode) -> Channels {
        if width(&node.args, &node.takes) == node.takes[0].dims.last().copied().unwrap_or(1) {
            Channels::Mix
        } else {
            Channels::Opaque
        }
    }

    fn joins(&self, node: &QNode, input: usize, output: usize) -> bool {
        mix(node).joins(node, input, output)
    }

    fn spares(&self, node: &QNode, channel: usize, constant: Option<i8>) -> bool {
        mix(node).spares(node, channel, constant)
    }

    fn without(&self, node: &QNode, dropped: &Dropped<'_>) -> Result<(Args, Lowered), String> {
        let lowered = mix(node).without(node, dropped)?;
        Ok((with(&node.args, "units", lowered.bias.len()), lowered))
    }

    /// Rows are read before those behind them; the outputs of a row come while it is still read.
    fn overlap(&self, node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        let (width, units) = (width(&node.args, &node.takes), units(&node.output));
        let rows = node.output.len() / units;
        let lead = (0..rows).map(|row| ((row + 1) * units).saturating_sub(row * width)).max();
        if rows > 1 { Overlap::Lead(lead.unwrap_or(units)) } else { Overlap::Apart }
    }

    fn variants(&self, node: &QNode, can: Capabilities) -> Vec<Variant> {
        let mut variants = vec![Variant::plain("dense")];
        if can.dsp && rows(node).is_some() {
            let wide = 2 * width(&node.args, &node.takes);
            let row = |(name, scratch)| Variant { name, template: "dense_rows", scratch };
            variants.splice(0..0, [(ROWS, 0), (WIDE_ROWS, wide)].map(row));
        }
        variants
    }

    fn support(&self, variant: &Variant) -> &'static [&'static str] {
        if variant.template == "dense_rows" { &["word", "pairs", "rows"] } else { &["word", "fixed_point"] }
    }

    fn context(&self, node: &QNode, variant: &Variant) -> Context {
        let (width, units) = (width(&node.args, &node.takes), units(&node.output));
        if let ("dense_rows", Some(rows)) = (variant.template, rows(node)) {
            let (low, high) = activation::of(&node.args).clamp_i8(node.lowered.quant);
            let mut context = rows.context();
            context.extend([
                ("low", json!(low)),
                ("high", json!(high)),
                ("inputs", json!(width)),
                ("wide", json!(variant.name == WIDE_ROWS)),
                ("positions", json!(node.output.len() / units)),
            ]);
            return context;
        }
        let mut context = channels::context(&node.lowered, &node.derived, activation::of(&node.args));
        context.extend([("inputs", json!(width)), ("units", json!(units)), ("rows", json!(node.output.len() / units))]);
        context
    }
}
