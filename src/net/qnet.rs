//! A quantised network and its int8 reference: the truth that the emitted C equals bit for bit.

use crate::base::Shape;

use super::ops::{Args, Derived, Lowered, Operator};

/// How an int8 tensor stands for reals: `real = scale · (q − zero_point)`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Quant {
    /// Width of one step; finite and above zero.
    pub scale: f32,
    /// The int8 value of zero, −128..=127.
    pub zero_point: i32,
}

impl Quant {
    /// The finest one that covers a range, which is widened to hold zero (`TFLite`'s choice of a nudged zero point).
    pub fn of_range((low, high): (f32, f32)) -> Self {
        let (low, high) = (f64::from(low).min(0.0), f64::from(high).max(0.0));
        let width = high - low;
        // A tensor of zeros has no scale of its own; any will do.
        let scale = if width < 1e-9 { 1.0 } else { (width / 255.0) as f32 };
        Self { scale, zero_point: Self::zero(scale, low) }
    }

    /// This one, or for the same range one with a scale of at least `least`.
    #[must_use]
    pub fn at_least(self, least: f32, (low, _): (f32, f32)) -> Self {
        if self.scale >= least {
            self
        } else {
            Self { scale: least, zero_point: Self::zero(least, f64::from(low).min(0.0)) }
        }
    }

    fn zero(scale: f32, low: f64) -> i32 {
        (-128.0 - low / f64::from(scale)).round().clamp(-128.0, 127.0) as i32
    }

    /// Steps per real, twice: what the input's quantisation multiplies with.
    pub fn twice_inverse(self) -> f32 {
        (2.0 / f64::from(self.scale)) as f32
    }

    /// The nearest int8 value, halves away from zero, saturated; NaN gives the zero point.
    /// One f32 multiplication, two comparisons, one conversion: the same bits on every machine and in C.
    pub fn quantize(self, x: f32) -> i8 {
        let y = x * self.twice_inverse();
        let steps = if y >= 1024.0 {
            512
        } else if y > -1024.0 {
            // y counts half steps: whole steps, and one more away from zero for a half.
            let halves = y as i32;
            halves / 2 + halves % 2
        } else if y.is_nan() {
            0
        } else {
            -512
        };
        (steps + self.zero_point).clamp(-128, 127) as i8
    }

    /// The real value of `q`.
    pub fn dequantize(self, q: i8) -> f32 {
        (i32::from(q) - self.zero_point) as f32 * self.scale
    }

    fn valid(self) -> bool {
        self.scale.is_normal()
            && self.scale > 0.0
            && self.twice_inverse().is_normal()
            && (-128..=127).contains(&self.zero_point)
    }
}

/// A quantised network: values are numbered as in [`super::Net`].
#[derive(Clone, Debug)]
pub struct QNet {
    /// Shape of one input.
    pub input: Shape,
    /// Its quantisation.
    pub quant: Quant,
    /// Operators in order.
    pub nodes: Vec<QNode>,
}

/// One quantised operator.
#[derive(Clone, Debug)]
pub struct QNode {
    /// What it does.
    pub op: &'static dyn Operator,
    /// Arguments by name, as canonical text.
    pub args: Args,
    /// The values that it takes.
    pub inputs: Vec<usize>,
    /// Their shapes.
    pub takes: Vec<Shape>,
    /// Their quantisations; filled by [`QNet::new`].
    pub quants: Vec<Quant>,
    /// Shape of the value that it gives.
    pub output: Shape,
    /// Its stored constants.
    pub lowered: Lowered,
    /// What follows from them; filled by [`QNet::new`].
    pub derived: Derived,
}

impl QNode {
    /// A node whose derived constants are still to be filled.
    pub fn new(
        op: &'static dyn Operator,
        args: &[(String, String)],
        inputs: &[usize],
        takes: &[Shape],
        output: &Shape,
        lowered: Lowered,
    ) -> Self {
        let (args, inputs, takes, output) = (args.to_vec(), inputs.to_vec(), takes.to_vec(), output.clone());
        Self { op, args, inputs, takes, quants: Vec::new(), output, lowered, derived: Derived::default() }
    }
}

impl QNet {
    /// Checks that the constants fit together and derives the kernels' integers; an error names the layer.
    pub fn new(input: Shape, quant: Quant, mut nodes: Vec<QNode>) -> Result<Self, String> {
        let mut quants = vec![quant];
        for (at, node) in nodes.iter_mut().enumerate() {
            let word = node.op.word();
            let inputs: Option<Vec<Quant>> = node.inputs.iter().map(|value| quants.get(*value).copied()).collect();
            let inputs = inputs.filter(|quants| quants.iter().all(|quant| quant.valid()));
            let inputs = inputs.ok_or_else(|| format!("layer {at}, `{word}`, takes a value that isn't given"))?;
            if !node.lowered.quant.valid() || !node.lowered.scales.iter().all(|s| s.is_normal() && *s > 0.0) {
                return Err(format!("layer {at}, `{word}`, has a scale or zero point out of range"));
            }
            let derived = node.op.derive(node, &inputs).map_err(|error| format!("layer {at}, `{word}`: {error}"))?;
            (node.derived, node.quants) = (derived, inputs);
            quants.push(node.lowered.quant);
        }
        if nodes.is_empty() { Err("the network has no layers".into()) } else { Ok(Self { input, quant, nodes }) }
    }

    /// The shape of a value.
    pub fn shape(&self, value: usize) -> Option<&Shape> {
        if value == 0 { Some(&self.input) } else { self.nodes.get(value - 1).map(|node| &node.output) }
    }

    /// Multiply-accumulates of one inference.
    pub fn macs(&self) -> usize {
        self.nodes.iter().map(|node| node.op.macs(&node.args, &node.takes, &node.output)).sum()
    }

    /// The shape of one output.
    pub fn output(&self) -> &Shape {
        self.nodes.last().map_or(&self.input, |node| &node.output)
    }

    /// The quantisation of the output.
    pub fn output_quant(&self) -> Quant {
        self.nodes.last().map_or(self.quant, |node| node.lowered.quant)
    }

    /// Bytes of weights and of the integers that kernels compute with.
    pub fn constants_len(&self) -> usize {
        let words = |derived: &Derived| {
            4 * (derived.multipliers.len() + derived.offsets.len()) + derived.shifts.len() + derived.table.len()
        };
        self.nodes.iter().map(|node| node.lowered.weights.len() + words(&node.derived)).sum()
    }

    /// Reals to int8, as the emitted `MODEL_quantize` does it.
    pub fn quantize_input(&self, input: &[f32]) -> Vec<i8> {
        input.iter().map(|x| self.quant.quantize(*x)).collect()
    }

    /// The int8 outputs for reals; any number of samples in C order.
    pub fn run(&self, input: &[f32]) -> Vec<i8> {
        self.run_i8(&self.quantize_input(input))
    }

    /// States of all nodes after a reset, for [`QNet::stream_i8`].
    pub fn reset(&self) -> Vec<Vec<i16>> {
        self.nodes.iter().map(|node| vec![0; node.op.state(node)]).collect()
    }

    /// The outputs for one int8 sample that follows those which left `states`.
    pub fn stream_i8(&self, sample: &[i8], states: &mut [Vec<i16>]) -> Vec<i8> {
        let mut values = vec![sample.to_vec()];
        for (node, state) in self.nodes.iter().zip(states) {
            let mut output = vec![0; node.output.len()];
            let inputs: Vec<&[i8]> = node.inputs.iter().map(|value| values[*value].as_slice()).collect();
            node.op.step_i8(node, &inputs, &mut output, state);
            values.push(output);
        }
        values.pop().unwrap_or_default()
    }

    /// Every value for one int8 sample, from reset states: the input, then what each node gives.
    pub fn values_i8(&self, sample: &[i8]) -> Vec<Vec<i8>> {
        let mut values: Vec<Vec<i8>> = vec![Vec::new(); self.nodes.len() + 1];
        values[0].extend_from_slice(sample);
        self.fill_i8(&mut values);
        values
    }

    /// The int8 outputs for int8 inputs; any number of samples in C order, each from reset states.
    pub fn run_i8(&self, input: &[i8]) -> Vec<i8> {
        let mut values: Vec<Vec<i8>> = vec![Vec::new(); self.nodes.len() + 1];
        let mut outputs = Vec::with_capacity(input.len() / self.input.len() * self.output().len());
        for sample in input.chunks_exact(self.input.len()) {
            values[0].clear();
            values[0].extend_from_slice(sample);
            self.fill_i8(&mut values);
            outputs.extend_from_slice(&values[self.nodes.len()]);
        }
        outputs
    }

    /// Computes every value from the first.
    fn fill_i8(&self, values: &mut [Vec<i8>]) {
        for (at, node) in self.nodes.iter().enumerate() {
            let mut output = std::mem::take(&mut values[at + 1]);
            output.resize(node.output.len(), 0);
            let inputs: Vec<&[i8]> = node.inputs.iter().map(|value| values[*value].as_slice()).collect();
            node.op.forward_i8(node, &inputs, &mut output);
            values[at + 1] = output;
        }
    }
}

/// The predicted class of one output: the first of the largest.
pub fn argmax(output: &[i8]) -> usize {
    output.iter().enumerate().fold(0, |best, (at, value)| if *value > output[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_round_half_away_from_zero_and_saturate() {
        let quant = Quant { scale: 0.5, zero_point: 3 };
        let cases = [(0.0, 3), (0.25, 4), (-0.25, 2), (0.24, 3), (-0.74, 2), (1e30, 127), (-1e30, -128)];
        for (real, expected) in cases {
            assert_eq!(quant.quantize(real), expected, "{real}");
        }
        assert_eq!(quant.quantize(f32::NAN), 3);
        assert_eq!(quant.quantize(f32::INFINITY), 127);
        assert_eq!(quant.quantize(f32::NEG_INFINITY), -128);
    }

    #[test]
    fn zero_is_exact_in_every_range() {
        for range in [(-1.0, 3.0), (0.0, 0.0), (2.0, 3.0), (-7.0, -6.0), (-1e-20, 1e-20), (0.0, 3e38)] {
            let quant = Quant::of_range(range);
            assert!(quant.valid(), "{range:?} {quant:?}");
            assert_eq!(quant.dequantize(quant.quantize(0.0)).to_bits(), 0.0_f32.to_bits(), "{range:?}");
        }
    }
}
