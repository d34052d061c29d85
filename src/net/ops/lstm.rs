//! `lstm`: a long short-term memory over a sequence (Hochreiter and Schmidhuber 1997; Gers et al. 2000).
//!
//! Gates are in the order input, forget, cell, output. The int8 form is TFLM's `UNIDIRECTIONAL_SEQUENCE_LSTM`
//! (`lstm_eval.h`): gates in Q3.12, their activations and the cell in int16, the hidden state in int8 at the output's
//! quantisation. Every inference starts from the zero state.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape, math};
use crate::net::fixed;
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};
use crate::net::quantize;

use super::activation::Activation;
use super::args::{flag, int, number, text};
use super::operator::{Backward, Capabilities, Context, Derived, Example, Lowered, Operator, Place, Variant};
use super::{dense, q15};

pub(super) struct Lstm;

const MOST_UNITS: usize = 4096;
const GATES: usize = 4;
const CELL: usize = 2;

/// The scale of gates before their activations.
const GATE_SCALE: f64 = 1.0 / 4096.0;

/// What a cell holds where it was trained here: up to 16.
const CELL_SCALE: f32 = 1.0 / 2048.0;

/// Steps, inputs of each, units.
#[derive(Clone, Copy)]
struct Sizes {
    steps: usize,
    inputs: usize,
    units: usize,
}

fn sizes(args: &[(String, String)], takes: &Shape) -> Result<Sizes, String> {
    let units = int("lstm", args, "units", 1, MOST_UNITS)?;
    match takes.dims[..] {
        [steps, inputs] => Ok(Sizes { steps, inputs, units }),
        _ => Err(format!("`lstm` takes a sequence [length, channels], but it is given {takes}")),
    }
}

fn checked(args: &[(String, String)], takes: &Shape) -> Sizes {
    sizes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
}

fn whole(args: &[(String, String)]) -> bool {
    text(args, "sequence") == Some("true")
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + math::exp(-x))
}

/// All gates, cells and hidden states of one sample, step behind step.
struct Trace {
    gates: Vec<f32>,
    cells: Vec<f32>,
    hidden: Vec<f32>,
}

impl Sizes {
    /// Weights of the inputs, of the hidden state, and biases.
    fn split<'a, T>(&self, weights: &'a [T]) -> (&'a [T], &'a [T], &'a [T]) {
        let (matrix, rest) = weights.split_at(GATES * self.units * self.inputs);
        let (recurrent, bias) = rest.split_at(GATES * self.units * self.units);
        (matrix, recurrent, bias)
    }

    fn trace(&self, weights: &[f32], x: &[f32]) -> Trace {
        let (matrix, recurrent, bias) = self.split(weights);
        let units = self.units;
        let mut trace = Trace { gates: Vec::new(), cells: Vec::new(), hidden: Vec::new() };
        let (mut hidden, mut cell) = (vec![0.0; units], vec![0.0; units]);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        for x in x.chunks_exact(self.inputs) {
            let gates: Vec<f32> = (0..GATES * units)
                .map(|at| {
                    let sum = bias[at]
                        + dot(&matrix[at * self.inputs..(at + 1) * self.inputs], x)
                        + dot(&recurrent[at * units..(at + 1) * units], &hidden);
                    if at / units == CELL { math::tanh(sum) } else { sigmoid(sum) }
                })
                .collect();
            for unit in 0..units {
                cell[unit] = gates[units + unit] * cell[unit] + gates[unit] * gates[CELL * units + unit];
                hidden[unit] = gates[3 * units + unit] * math::tanh(cell[unit]);
            }
            trace.gates.extend(gates);
            trace.cells.extend(&cell);
            trace.hidden.extend(&hidden);
        }
        trace
    }

    /// Slopes of one sample: by weights (added), and by its input.
    fn back(&self, weights: &[f32], x: &[f32], by_hidden: &[f32], gradient: &mut [f32]) -> Vec<f32> {
        let trace = self.trace(weights, x);
        let (matrix, recurrent, _) = self.split(weights);
        let (units, inputs) = (self.units, self.inputs);
        let (by_matrix, rest) = gradient.split_at_mut(matrix.len());
        let (by_recurrent, by_bias) = rest.split_at_mut(recurrent.len());
        let mut by_x = vec![0.0; x.len()];
        let (mut carried, mut by_cell) = (vec![0.0; units], vec![0.0; units]);
        let zeros = vec![0.0; units];
        for step in (0..self.steps).rev() {
            let gates = &trace.gates[step * GATES * units..(step + 1) * GATES * units];
            let now = step * units..(step + 1) * units;
            let before = |values: &'_ [f32]| -> Vec<f32> {
                if step == 0 { zeros.clone() } else { values[now.start - units..now.start].to_vec() }
            };
            let (cells, hidden) = (before(&trace.cells), before(&trace.hidden));
            let mut slopes = vec![0.0; GATES * units];
            for unit in 0..units {
                let gate = |at: usize| gates[at * units + unit];
                let (i, f, c, o) = (gate(0), gate(1), gate(2), gate(3));
                let cell = math::tanh(trace.cells[now.start + unit]);
                let slope = by_hidden[now.start + unit] + carried[unit];
                by_cell[unit] += slope * o * (1.0 - cell * cell);
                slopes[unit] = by_cell[unit] * c * i * (1.0 - i);
                slopes[units + unit] = by_cell[unit] * cells[unit] * f * (1.0 - f);
                slopes[2 * units + unit] = by_cell[unit] * i * (1.0 - c * c);
                slopes[3 * units + unit] = slope * cell * o * (1.0 - o);
                by_cell[unit] *= f;
            }
            carried.fill(0.0);
            let row = &x[step * inputs..(step + 1) * inputs];
            for (at, slope) in slopes.iter().enumerate() {
                by_bias[at] += slope;
                for input in 0..inputs {
                    by_matrix[at * inputs + input] += slope * row[input];
                    by_x[step * inputs + input] += slope * matrix[at * inputs + input];
                }
                for unit in 0..units {
                    by_recurrent[at * units + unit] += slope * hidden[unit];
                    carried[unit] += slope * recurrent[at * units + unit];
                }
            }
        }
        by_x
    }
}

/// Per gate: input and recurrent multipliers; then forget × cell, input × cell, output × tanh.
fn scales(node: &QNode, input: Quant) -> Result<(Vec<f64>, i32), String> {
    let [of_inputs @ .., cell, hidden] = node.lowered.scales.as_slice() else {
        return Err("`lstm` has other scales".into());
    };
    if of_inputs.len() != 2 * GATES || hidden.to_bits() != node.lowered.quant.scale.to_bits() {
        return Err("`lstm` has other scales, or a hidden state at another scale than its output".into());
    }
    let power = (-15..=0).find(|power| cell.to_bits() == ((127 + power) as u32) << 23);
    let power = power.ok_or("the cell of `lstm` has a scale that isn't a power of two from 2^-15 to 1")?;
    // `GetQuantizedConvolutionMultipler`: the product of both scales in f32.
    let gate = |at: usize| {
        let other = if at < GATES { input.scale } else { *hidden };
        f64::from(other * of_inputs[at]) / GATE_SCALE
    };
    let q15 = 1.0 / 32_768.0;
    let (cell, hidden) = (f64::from(*cell), f64::from(*hidden));
    let rest = [q15 * cell / cell, q15 * q15 / cell, q15 * q15 / hidden];
    Ok(((0..2 * GATES).map(gate).chain(rest).collect(), power))
}

fn clip(args: &[(String, String)], cell: f32) -> i32 {
    let clip = number("lstm", args, "cell_clip", 0.0, (0.0, 1e6)).unwrap_or(0.0);
    if clip > 0.0 { (f64::from(clip) / f64::from(cell)).min(32_767.0) as i32 } else { 0 }
}

impl Operator for Lstm {
    fn word(&self) -> &'static str {
        "lstm"
    }

    fn doc(&self) -> &'static str {
        "A long short-term memory over a sequence [length, channels]; it gives its last output, or all."
    }

    fn params(&self) -> Params {
        let truth = Kind::Word(vec!["false".into(), "true".into()]);
        vec![
            Param::required("units", Kind::Int(1, MOST_UNITS as i128), "Number of outputs of each step."),
            Param::optional("sequence", truth, "false", "`true`: the outputs of all steps."),
            Param::optional("cell_clip", Kind::Number(0.0, 1e6), "0", "Bound of the cell; 0: none."),
        ]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("units", "3")], inputs: &[&[4, 2]] },
            Example { args: &[("units", "2"), ("sequence", "true")], inputs: &[&[3, 5]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        let sizes = sizes(args, &takes[0])?;
        number("lstm", args, "cell_clip", 0.0, (0.0, 1e6))?;
        Ok(if flag("lstm", args, "sequence")? {
            Shape::f32(&[sizes.steps, sizes.units])
        } else {
            Shape::f32(&[sizes.units])
        })
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let Sizes { inputs, units, .. } = checked(args, &takes[0]);
        vec![
            Tensor { name: "weights", dims: vec![GATES, units, inputs] },
            Tensor { name: "recurrent", dims: vec![GATES, units, units] },
            Tensor { name: "bias", dims: vec![GATES * units] },
        ]
    }

    fn macs(&self, args: &[(String, String)], takes: &[Shape], _output: &Shape) -> usize {
        let Sizes { steps, inputs, units } = checked(args, &takes[0]);
        steps * GATES * units * (inputs + units)
    }

    fn init(&self, args: &[(String, String)], takes: &[Shape], weights: &mut [f32], rng: &mut Rng) {
        let Sizes { inputs, units, .. } = checked(args, &takes[0]);
        let (matrix, rest) = weights.split_at_mut(GATES * units * inputs);
        let (recurrent, bias) = rest.split_at_mut(GATES * units * units);
        dense::draw(matrix, inputs, units, Activation::None, rng);
        dense::draw(recurrent, units, units, Activation::None, rng);
        bias.fill(0.0);
        // The forget gate starts open (Jozefowicz et al. 2015).
        bias[units..2 * units].fill(1.0);
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let sizes = checked(place.args, &place.takes[0]);
        let rows = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in rows {
            let hidden = sizes.trace(place.weights, x).hidden;
            y.copy_from_slice(&hidden[hidden.len() - y.len()..]);
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let sizes = checked(place.args, &place.takes[0]);
        let width = place.takes[0].len();
        for (row, slope) in step.slope.chunks_exact(place.output.len()).enumerate() {
            let mut by_hidden = vec![0.0; sizes.steps * sizes.units];
            let start = by_hidden.len() - slope.len();
            by_hidden[start..].copy_from_slice(slope);
            let x = &step.inputs[0][row * width..(row + 1) * width];
            let by_x = sizes.back(place.weights, x, &by_hidden, step.gradient);
            if let Some(sums) = step.input_slopes[0].get_mut(row * width..(row + 1) * width) {
                sums.iter_mut().zip(by_x).for_each(|(sum, slope)| *sum += slope);
            }
        }
    }

    /// The hidden state lies in −1..1, whatever the calibration saw of it.
    fn lower(&self, place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        let sizes = checked(place.args, &place.takes[0]);
        let quant = Quant { scale: 1.0 / 128.0, zero_point: 0 };
        let (matrix, recurrent, bias) = sizes.split(place.weights);
        let mut lowered = Lowered::plain(quant);
        let gates = matrix.chunks_exact(sizes.units * sizes.inputs);
        for gate in gates.chain(recurrent.chunks_exact(sizes.units * sizes.units)) {
            let (weights, scale, _) = quantize::channel(gate, 0.0, 1.0, 1e-6);
            lowered.weights.extend(weights);
            lowered.scales.push(scale);
        }
        for (gate, bias) in bias.chunks_exact(sizes.units).enumerate() {
            let step = f64::from(inputs[0].scale) * f64::from(lowered.scales[gate]);
            let steps = |bias: &f32| (f64::from(*bias) / step).round().clamp(-1e9, 1e9) as i32;
            lowered.bias.extend(bias.iter().map(steps));
        }
        lowered.bias.push(quant.zero_point);
        lowered.scales.extend([CELL_SCALE, quant.scale]);
        Ok(lowered)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let sizes = checked(&node.args, &node.takes[0]);
        let (units, gates) = (sizes.units, GATES * sizes.units);
        let Lowered { quant, weights, bias, .. } = &node.lowered;
        if weights.len() != gates * (sizes.inputs + units) || bias.len() != gates + 1 || bias[gates] != quant.zero_point
        {
            return Err("`lstm` has constants of other sizes, or a hidden state of another zero point".into());
        }
        let (factors, _) = scales(node, inputs[0])?;
        let mut derived = Derived::default();
        for factor in factors {
            let (multiplier, shift) = fixed::multiplier(factor);
            if shift > 0 && derived.shifts.len() >= 2 * GATES {
                return Err("`lstm` has an output scale out of range".into());
            }
            derived.multipliers.push(multiplier);
            derived.shifts.push(shift);
        }
        let (matrix, recurrent, _) = sizes.split(weights);
        for at in 0..gates {
            let row = &matrix[at * sizes.inputs..(at + 1) * sizes.inputs];
            let shift = derived.shifts[at / units];
            derived.offsets.push(quantize::folded_bias(row, bias[at], inputs[0].zero_point, shift)?);
        }
        for at in 0..gates {
            let row = &recurrent[at * units..(at + 1) * units];
            let shift = derived.shifts[GATES + at / units];
            derived.offsets.push(quantize::folded_bias(row, 0, quant.zero_point, shift)?);
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let sizes = checked(&node.args, &node.takes[0]);
        let (units, zero) = (sizes.units, node.lowered.quant.zero_point);
        let (matrix, recurrent, _) = sizes.split(&node.lowered.weights);
        let Derived { multipliers, shifts, offsets, .. } = &node.derived;
        let (_, power) = scales(node, node.quants[0]).unwrap_or_else(|error| panic!("bug: checked before: {error}"));
        let cell_tanh = q15::tanh_scale(power);
        let clip = clip(&node.args, node.lowered.scales[2 * GATES]);
        let scaled = |at: usize, x: i32| q15::saturated(fixed::requantise(x, multipliers[at], shifts[at]));
        let (mut hidden, mut cell) = (vec![zero as i8; units], vec![0_i32; units]);
        let last = output.len() - units;
        for (step, x) in inputs[0].chunks_exact(sizes.inputs).enumerate() {
            let gate = |gate: usize, unit: usize| {
                let at = gate * units + unit;
                let row = &matrix[at * sizes.inputs..(at + 1) * sizes.inputs];
                let own = scaled(gate, offsets[at] + dense::products(row, x));
                let row = &recurrent[at * units..(at + 1) * units];
                let before = scaled(GATES + gate, offsets[GATES * units + at] + dense::products(row, &hidden));
                let sum = q15::saturated(own + before);
                if gate == CELL { q15::tanh(sum, q15::tanh_scale(-12)) } else { q15::sigmoid(sum) }
            };
            let next: Vec<i8> = (0..units)
                .map(|unit| {
                    let kept = scaled(2 * GATES, gate(1, unit) * cell[unit]);
                    let new = scaled(2 * GATES + 1, gate(0, unit) * gate(CELL, unit));
                    cell[unit] = q15::saturated(kept + new);
                    if clip > 0 {
                        cell[unit] = cell[unit].clamp(-clip, clip);
                    }
                    let product = q15::tanh(cell[unit], cell_tanh) * gate(3, unit);
                    let y = fixed::requantise(product, multipliers[2 * GATES + 2], shifts[2 * GATES + 2]);
                    (y + zero).clamp(-128, 127) as i8
                })
                .collect();
            hidden = next;
            let at = if last > 0 { step * units } else { 0 };
            output[at..at + units].copy_from_slice(&hidden);
        }
    }

    /// Cells in 16 bits, two hidden states.
    fn variants(&self, node: &QNode, _can: Capabilities) -> Vec<Variant> {
        let units = checked(&node.args, &node.takes[0]).units;
        vec![Variant { name: "plain", template: "lstm", scratch: 4 * units }]
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point", "q15"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let sizes = checked(&node.args, &node.takes[0]);
        let (_, power) = scales(node, node.quants[0]).unwrap_or_else(|error| panic!("bug: checked before: {error}"));
        let (factor, right) = q15::tanh_scale(power);
        let (matrix, recurrent, _) = sizes.split(&node.lowered.weights);
        let (bias, recurrent_bias) = node.derived.offsets.split_at(GATES * sizes.units);
        Context::from([
            ("steps", json!(sizes.steps)),
            ("inputs", json!(sizes.inputs)),
            ("units", json!(sizes.units)),
            ("sequence", json!(whole(&node.args))),
            ("matrix", json!(matrix)),
            ("recurrent", json!(recurrent)),
            ("bias", json!(bias)),
            ("recurrent_bias", json!(recurrent_bias)),
            ("multipliers", json!(node.derived.multipliers)),
            ("shifts", json!(node.derived.shifts)),
            ("factor", json!(factor)),
            ("right", json!(right)),
            ("clip", json!(clip(&node.args, node.lowered.scales[2 * GATES]))),
            ("zero_point", json!(node.lowered.quant.zero_point)),
        ])
    }
}
