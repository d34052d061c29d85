//! `gru`: a gated recurrent unit over a sequence (Cho et al. 2014), its reset behind the product (`reset_after`).
//!
//! Gates are in the order update, reset, candidate; each has a bias for its inputs and one for the hidden state:
//! `h ← z · h + (1 − z) · tanh(W x + b + r · (U h + c))`. TFLM has no such operator; the int8 form follows its LSTM's:
//! gates in Q3.12, activations in Q0.15. The hidden state is kept in Q0.15 and rounded to int8, at scale 1/128, where it is
//! multiplied or given. Every inference starts from the zero state.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape, math};
use crate::net::fixed;
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};
use crate::net::quantize;

use super::activation::Activation;
use super::args::{flag, int};
use super::operator::{Backward, Capabilities, Context, Derived, Example, Lowered, Operator, Place, Variant};
use super::{dense, q15};

pub(super) struct Gru;

const MOST_UNITS: usize = 4096;
const GATES: usize = 3;
const CANDIDATE: usize = 2;
const GATE_SCALE: f64 = 1.0 / 4096.0;
const HIDDEN: Quant = Quant { scale: 1.0 / 128.0, zero_point: 0 };

/// Steps, inputs of each, units.
#[derive(Clone, Copy)]
struct Sizes {
    steps: usize,
    inputs: usize,
    units: usize,
}

fn sizes(args: &[(String, String)], takes: &Shape) -> Result<Sizes, String> {
    let units = int("gru", args, "units", 1, MOST_UNITS)?;
    match takes.dims[..] {
        [steps, inputs] => Ok(Sizes { steps, inputs, units }),
        _ => Err(format!("`gru` takes a sequence [length, channels], but it is given {takes}")),
    }
}

fn checked(args: &[(String, String)], takes: &Shape) -> Sizes {
    sizes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + math::exp(-x))
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Of one sample, step behind step: update, reset, candidate and the candidate's recurrent sum; hidden states.
struct Trace {
    gates: Vec<[Vec<f32>; 4]>,
    hidden: Vec<Vec<f32>>,
}

impl Sizes {
    /// Weights of the inputs, of the hidden state, and both biases behind each other.
    fn split<'a, T>(&self, weights: &'a [T]) -> (&'a [T], &'a [T], &'a [T]) {
        let (matrix, rest) = weights.split_at(GATES * self.units * self.inputs);
        let (recurrent, bias) = rest.split_at(GATES * self.units * self.units);
        (matrix, recurrent, bias)
    }

    fn trace(&self, weights: &[f32], x: &[f32]) -> Trace {
        let (matrix, recurrent, bias) = self.split(weights);
        let units = self.units;
        let mut trace = Trace { gates: Vec::new(), hidden: vec![vec![0.0; units]] };
        for (step, x) in x.chunks_exact(self.inputs).enumerate() {
            let hidden = trace.hidden[step].clone();
            let own = |at: usize| bias[at] + dot(&matrix[at * self.inputs..(at + 1) * self.inputs], x);
            let again = |at: usize| bias[GATES * units + at] + dot(&recurrent[at * units..(at + 1) * units], &hidden);
            let update: Vec<f32> = (0..units).map(|unit| sigmoid(own(unit) + again(unit))).collect();
            let reset: Vec<f32> = (units..2 * units).map(|at| sigmoid(own(at) + again(at))).collect();
            let sums: Vec<f32> = (2 * units..3 * units).map(again).collect();
            let fresh: Vec<f32> =
                (0..units).map(|unit| math::tanh(own(2 * units + unit) + reset[unit] * sums[unit])).collect();
            let next = (0..units).map(|unit| update[unit] * hidden[unit] + (1.0 - update[unit]) * fresh[unit]);
            trace.hidden.push(next.collect());
            trace.gates.push([update, reset, fresh, sums]);
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
        let mut carried = vec![0.0; units];
        for step in (0..self.steps).rev() {
            let [update, reset, fresh, sums] = &trace.gates[step];
            let hidden = &trace.hidden[step];
            // By the sums of inputs, and by those of the hidden state.
            let (mut own, mut again) = (vec![0.0; GATES * units], vec![0.0; GATES * units]);
            let mut before = vec![0.0; units];
            for unit in 0..units {
                let slope = by_hidden[step * units + unit] + carried[unit];
                before[unit] = slope * update[unit];
                let by_update = slope * (hidden[unit] - fresh[unit]) * update[unit] * (1.0 - update[unit]);
                let by_fresh = slope * (1.0 - update[unit]) * (1.0 - fresh[unit] * fresh[unit]);
                let by_reset = by_fresh * sums[unit] * reset[unit] * (1.0 - reset[unit]);
                (own[unit], again[unit]) = (by_update, by_update);
                (own[units + unit], again[units + unit]) = (by_reset, by_reset);
                (own[2 * units + unit], again[2 * units + unit]) = (by_fresh, by_fresh * reset[unit]);
            }
            let row = &x[step * inputs..(step + 1) * inputs];
            for at in 0..GATES * units {
                by_bias[at] += own[at];
                by_bias[GATES * units + at] += again[at];
                for input in 0..inputs {
                    by_matrix[at * inputs + input] += own[at] * row[input];
                    by_x[step * inputs + input] += own[at] * matrix[at * inputs + input];
                }
                for unit in 0..units {
                    by_recurrent[at * units + unit] += again[at] * hidden[unit];
                    before[unit] += again[at] * recurrent[at * units + unit];
                }
            }
            carried = before;
        }
        by_x
    }
}

impl Operator for Gru {
    fn word(&self) -> &'static str {
        "gru"
    }

    fn doc(&self) -> &'static str {
        "A gated recurrent unit over a sequence [length, channels]; it gives its last output, or all."
    }

    fn params(&self) -> Params {
        let truth = Kind::Word(vec!["false".into(), "true".into()]);
        vec![
            Param::required("units", Kind::Int(1, MOST_UNITS as i128), "Number of outputs of each step."),
            Param::optional("sequence", truth, "false", "`true`: the outputs of all steps."),
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
        let all = flag("gru", args, "sequence")?;
        Ok(if all { Shape::f32(&[sizes.steps, sizes.units]) } else { Shape::f32(&[sizes.units]) })
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let Sizes { inputs, units, .. } = checked(args, &takes[0]);
        vec![
            Tensor { name: "weights", dims: vec![GATES, units, inputs] },
            Tensor { name: "recurrent", dims: vec![GATES, units, units] },
            Tensor { name: "bias", dims: vec![2 * GATES * units] },
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
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let sizes = checked(place.args, &place.takes[0]);
        let rows = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in rows {
            let hidden = sizes.trace(place.weights, x).hidden.concat();
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

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        let sizes = checked(place.args, &place.takes[0]);
        let (matrix, recurrent, bias) = sizes.split(place.weights);
        let mut lowered = Lowered::plain(HIDDEN);
        let gates = matrix.chunks_exact(sizes.units * sizes.inputs);
        for gate in gates.chain(recurrent.chunks_exact(sizes.units * sizes.units)) {
            let (weights, scale, _) = quantize::channel(gate, 0.0, 1.0, 1e-6);
            lowered.weights.extend(weights);
            lowered.scales.push(scale);
        }
        for (gate, bias) in bias.chunks_exact(sizes.units).enumerate() {
            let input = if gate < GATES { inputs[0].scale } else { HIDDEN.scale };
            let step = f64::from(input) * f64::from(lowered.scales[gate]);
            let steps = |bias: &f32| (f64::from(*bias) / step).round().clamp(-1e9, 1e9) as i32;
            lowered.bias.extend(bias.iter().map(steps));
        }
        Ok(lowered)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let sizes = checked(&node.args, &node.takes[0]);
        let (units, gates) = (sizes.units, GATES * sizes.units);
        let Lowered { quant, weights, bias, scales } = &node.lowered;
        let sound =
            weights.len() == gates * (sizes.inputs + units) && bias.len() == 2 * gates && scales.len() == 2 * GATES;
        if !sound || *quant != HIDDEN {
            return Err("`gru` has constants of other sizes, or another output than scale 1/128".into());
        }
        let mut derived = Derived::default();
        for (gate, scale) in scales.iter().enumerate() {
            let input = if gate < GATES { inputs[0].scale } else { HIDDEN.scale };
            let (multiplier, shift) = fixed::multiplier(f64::from(input) * f64::from(*scale) / GATE_SCALE);
            derived.multipliers.push(multiplier);
            derived.shifts.push(shift);
        }
        let (matrix, recurrent, _) = sizes.split(weights);
        for (at, bias) in bias.iter().enumerate() {
            let shift = derived.shifts[at / units];
            let (row, zero) = if at < gates {
                (&matrix[at * sizes.inputs..(at + 1) * sizes.inputs], inputs[0].zero_point)
            } else {
                (&recurrent[(at - gates) * units..(at - gates + 1) * units], 0)
            };
            derived.offsets.push(quantize::folded_bias(row, *bias, zero, shift)?);
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let sizes = checked(&node.args, &node.takes[0]);
        let units = sizes.units;
        let (matrix, recurrent, _) = sizes.split(&node.lowered.weights);
        let Derived { multipliers, shifts, offsets, .. } = &node.derived;
        let scaled = |at: usize, x: i32| q15::saturated(fixed::requantise(x, multipliers[at], shifts[at]));
        let (mut hidden, mut state) = (vec![0_i8; units], vec![0_i32; units]);
        let last = output.len() - units;
        for (step, x) in inputs[0].chunks_exact(sizes.inputs).enumerate() {
            let own = |gate: usize, unit: usize| {
                let at = gate * units + unit;
                let row = &matrix[at * sizes.inputs..(at + 1) * sizes.inputs];
                scaled(gate, offsets[at] + dense::products(row, x))
            };
            let again = |gate: usize, unit: usize| {
                let at = gate * units + unit;
                let row = &recurrent[at * units..(at + 1) * units];
                scaled(GATES + gate, offsets[GATES * units + at] + dense::products(row, &hidden))
            };
            for (unit, state) in state.iter_mut().enumerate() {
                let update = q15::sigmoid(q15::saturated(own(0, unit) + again(0, unit)));
                let reset = q15::sigmoid(q15::saturated(own(1, unit) + again(1, unit)));
                let part = (reset * again(CANDIDATE, unit) + (1 << 14)) >> 15;
                let fresh = q15::tanh(q15::saturated(own(CANDIDATE, unit) + part), q15::tanh_scale(-12));
                // Half of the difference fits 16 bits, its product with the update gate 31.
                let change = (update * ((*state - fresh) >> 1) + (1 << 13)) >> 14;
                *state = q15::saturated(fresh + change);
            }
            hidden = state.iter().map(|state| ((state + (1 << 7)) >> 8).clamp(-128, 127) as i8).collect();
            let at = if last > 0 { step * units } else { 0 };
            output[at..at + units].copy_from_slice(&hidden);
        }
    }

    /// Hidden states in 16 bits, and rounded.
    fn variants(&self, node: &QNode, _can: Capabilities) -> Vec<Variant> {
        let units = checked(&node.args, &node.takes[0]).units;
        vec![Variant { name: "plain", template: "gru", scratch: (3 * units).next_multiple_of(4) }]
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point", "q15"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let sizes = checked(&node.args, &node.takes[0]);
        let (matrix, recurrent, _) = sizes.split(&node.lowered.weights);
        Context::from([
            ("steps", json!(sizes.steps)),
            ("inputs", json!(sizes.inputs)),
            ("units", json!(sizes.units)),
            ("sequence", json!(flag("gru", &node.args, "sequence") == Ok(true))),
            ("matrix", json!(matrix)),
            ("recurrent", json!(recurrent)),
            ("bias", json!(node.derived.offsets)),
            ("multipliers", json!(node.derived.multipliers)),
            ("shifts", json!(node.derived.shifts)),
        ])
    }
}
