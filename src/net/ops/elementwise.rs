//! Operators on two inputs element by element, with `NumPy`'s broadcasting: `add`, `sub`, `mul`, `minimum`, `maximum`,
//! `squared_difference`.
//!
//! The int8 forms are TFLM's (`add_common.cc`, `sub_common.cc`, `mul_common.cc`, `squared_difference.cc`): inputs at a
//! common scale with some bits of fraction, then one requantisation. Minimum and maximum compare after bringing both
//! inputs to the output's quantisation, which changes nothing where all three agree.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::base::{Params, Shape};
use crate::net::fixed;
use crate::net::qnet::{QNode, Quant};

use super::Args;
use super::activation::{self, Activation};
use super::operator::{Backward, Channels, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};
use super::strided::{Loops, broadcast_dims};

/// What is done with two elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Elementwise {
    Add,
    Sub,
    Mul,
    Minimum,
    Maximum,
    SquaredDifference,
}

/// The bits of fraction of the common scale.
const ADD_SHIFT: i32 = 20;
const DIFFERENCE_SHIFT: i32 = 7;

impl Elementwise {
    fn apply(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Minimum => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Self::Maximum => {
                if b > a {
                    b
                } else {
                    a
                }
            }
            Self::SquaredDifference => (a - b) * (a - b),
        }
    }

    /// Slopes of the result by both elements.
    fn slopes(self, a: f32, b: f32) -> (f32, f32) {
        let choice = |first: bool| (f32::from(u8::from(first)), f32::from(u8::from(!first)));
        match self {
            Self::Add => (1.0, 1.0),
            Self::Sub => (1.0, -1.0),
            Self::Mul => (b, a),
            Self::Minimum => choice(b >= a),
            Self::Maximum => choice(b <= a),
            Self::SquaredDifference => (2.0 * (a - b), 2.0 * (b - a)),
        }
    }

    fn activation(self, args: &[(String, String)]) -> Activation {
        if matches!(self, Self::Add | Self::Sub | Self::Mul) { activation::of(args) } else { Activation::None }
    }

    fn loops(output: &Shape, takes: &[Shape]) -> Loops {
        Loops::broadcast(&output.dims, &[&takes[0].dims, &takes[1].dims])
    }

    /// The int8 result of two int8 elements less their zero points.
    fn integer(self, node: &QNode, a: i32, b: i32) -> i32 {
        let Derived { multipliers, shifts, .. } = &node.derived;
        let scale = |at: usize, x: i32| fixed::requantise(x, multipliers[at], shifts[at]);
        let zero = node.lowered.quant.zero_point;
        match self {
            Self::Add | Self::Sub => {
                let (a, b) = (scale(0, a << ADD_SHIFT), scale(1, b << ADD_SHIFT));
                scale(2, if self == Self::Add { a + b } else { a - b }).saturating_add(zero)
            }
            Self::Mul => scale(0, a * b).saturating_add(zero),
            Self::SquaredDifference => {
                let difference = scale(0, a << DIFFERENCE_SHIFT) - scale(1, b << DIFFERENCE_SHIFT);
                scale(2, difference * difference).saturating_add(zero)
            }
            Self::Minimum => (scale(0, a).saturating_add(zero)).min(scale(1, b).saturating_add(zero)),
            Self::Maximum => (scale(0, a).saturating_add(zero)).max(scale(1, b).saturating_add(zero)),
        }
    }

    /// Real factors of both inputs (or of their product) and of the result.
    fn factors(self, inputs: &[Quant], output: Quant) -> Vec<f64> {
        let (a, b, y) = (f64::from(inputs[0].scale), f64::from(inputs[1].scale), f64::from(output.scale));
        let twice = 2.0 * a.max(b);
        match self {
            Self::Add | Self::Sub => vec![a / twice, b / twice, twice / (f64::from(1 << ADD_SHIFT) * y)],
            Self::Mul => vec![a * b / y],
            // The product of the power of two and the scale is taken in f32 (exact: a power of two).
            Self::SquaredDifference => {
                vec![a / twice, b / twice, twice * twice / (f64::from(1 << (2 * DIFFERENCE_SHIFT)) * y)]
            }
            Self::Minimum | Self::Maximum => vec![a / y, b / y],
        }
    }
}

impl Operator for Elementwise {
    fn word(&self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::SquaredDifference => "squared_difference",
        }
    }

    fn doc(&self) -> &'static str {
        match self {
            Self::Add => "The sum of two values, element by element, broadcast to one shape.",
            Self::Sub => "The difference of two values, element by element, broadcast to one shape.",
            Self::Mul => "The product of two values, element by element, broadcast to one shape.",
            Self::Minimum => "The smaller of two values, element by element, broadcast to one shape.",
            Self::Maximum => "The larger of two values, element by element, broadcast to one shape.",
            Self::SquaredDifference => "The square of the difference, element by element, broadcast to one shape.",
        }
    }

    fn params(&self) -> Params {
        if matches!(self, Self::Add | Self::Sub | Self::Mul) { vec![activation::param()] } else { Vec::new() }
    }

    fn examples(&self) -> Vec<Example> {
        let mut examples =
            vec![Example { args: &[], inputs: &[&[5], &[5]] }, Example { args: &[], inputs: &[&[2, 3, 4], &[3, 1]] }];
        if *self == Self::Add {
            examples.push(Example { args: &[("activation", "relu")], inputs: &[&[2, 6], &[2, 6]] });
        }
        examples
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        activation::read(self.word(), args)?;
        let dims = broadcast_dims(&[&takes[0].dims, &takes[1].dims]);
        let dims =
            dims.ok_or_else(|| format!("`{}` can't bring {} and {} to one shape", self.word(), takes[0], takes[1]))?;
        Ok(Shape::f32(&dims))
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        if *self == Self::Add && place.takes[0] == place.takes[1] {
            output.iter_mut().zip(inputs[0].iter().zip(inputs[1])).for_each(|(y, (a, b))| *y = a + b);
            self.activation(place.args).apply(output);
            return;
        }
        let loops = Self::loops(place.output, place.takes);
        let (first, second) = (place.takes[0].len(), place.takes[1].len());
        for (row, y) in output.chunks_exact_mut(place.output.len()).enumerate() {
            let (a, b) = (&inputs[0][row * first..], &inputs[1][row * second..]);
            loops.each(|at| y[at[0]] = self.apply(a[at[1]], b[at[2]]));
        }
        self.activation(place.args).apply(output);
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        self.activation(place.args).undo(step.output, step.slope);
        if *self == Self::Add && place.takes[0] == place.takes[1] {
            for sums in step.input_slopes {
                sums.iter_mut().zip(step.slope.iter()).for_each(|(sum, slope)| *sum += slope);
            }
            return;
        }
        let loops = Self::loops(place.output, place.takes);
        let (first, second) = (place.takes[0].len(), place.takes[1].len());
        for (row, slope) in step.slope.chunks_exact(place.output.len()).enumerate() {
            loops.each(|at| {
                let (a, b) = (row * first + at[1], row * second + at[2]);
                let (by_a, by_b) = self.slopes(step.inputs[0][a], step.inputs[1][b]);
                if let Some(sum) = step.input_slopes[0].get_mut(a) {
                    *sum += slope[at[0]] * by_a;
                }
                if let Some(sum) = step.input_slopes[1].get_mut(b) {
                    *sum += slope[at[0]] * by_b;
                }
            });
        }
    }

    fn take_in(&self, args: &[(String, String)], next: &str) -> Option<Args> {
        if matches!(self, Self::Add | Self::Sub | Self::Mul) { activation::take_in(args, next) } else { None }
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let quant = Quant::of_range(range);
        let (a, b) = (inputs[0].scale, inputs[1].scale);
        // No finer than what its factors can express: below one as TFLM demands.
        let least = match self {
            // The smaller and the larger one are brought to the output's scale, too.
            Self::Add | Self::Sub | Self::Minimum | Self::Maximum => a.max(b) / 1024.0,
            Self::Mul => a * b / 1024.0,
            Self::SquaredDifference => 4.0 * a.max(b) * a.max(b) / 1024.0,
        };
        if matches!(self, Self::Minimum | Self::Maximum) && inputs[0] == inputs[1] {
            return Ok(Lowered::plain(inputs[0]));
        }
        Ok(Lowered::plain(quant.at_least(least.max(f32::MIN_POSITIVE), range)))
    }

    fn channels(&self, node: &QNode) -> Channels {
        Channels::each(node)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let mut derived = Derived::default();
        let factors = self.factors(inputs, node.lowered.quant);
        let reach = match self {
            Self::Add | Self::Sub => [255 << ADD_SHIFT, 255 << ADD_SHIFT, 255 << ADD_SHIFT],
            Self::SquaredDifference => [
                255 << DIFFERENCE_SHIFT,
                255 << DIFFERENCE_SHIFT,
                (255 << DIFFERENCE_SHIFT) * (255 << DIFFERENCE_SHIFT),
            ],
            Self::Mul => [255 * 255; 3],
            Self::Minimum | Self::Maximum => [255; 3],
        };
        for (factor, reach) in factors.iter().zip(reach) {
            let (multiplier, shift) = fixed::multiplier(*factor);
            if i64::from(reach) << shift.max(0) > i64::from(i32::MAX) - 128 {
                return Err(format!("`{}` has an output scale far below that of its inputs", self.word()));
            }
            derived.multipliers.push(multiplier);
            derived.shifts.push(shift);
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let (low, high) = self.activation(&node.args).clamp_i8(node.lowered.quant);
        let zeros = [node.quants[0].zero_point, node.quants[1].zero_point];
        Self::loops(&node.output, &node.takes).each(|at| {
            let (a, b) = (i32::from(inputs[0][at[1]]) - zeros[0], i32::from(inputs[1][at[2]]) - zeros[1]);
            output[at[0]] = self.integer(node, a, b).clamp(low, high) as i8;
        });
    }

    fn variants(&self, _node: &QNode, _can: super::Capabilities) -> Vec<Variant> {
        vec![Variant::plain("elementwise")]
    }

    fn overlap(&self, node: &QNode, _variant: &Variant, input: usize) -> Overlap {
        let loops = Self::loops(&node.output, &node.takes);
        if loops.dense(input + 1) { Overlap::Lead(0) } else { Overlap::Apart }
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let (low, high) = self.activation(&node.args).clamp_i8(node.lowered.quant);
        let mut context = Self::loops(&node.output, &node.takes).context();
        let shift = if *self == Self::SquaredDifference { DIFFERENCE_SHIFT } else { ADD_SHIFT };
        context.extend([
            ("word", json!(self.word())),
            ("zeros", json!([node.quants[0].zero_point, node.quants[1].zero_point])),
            ("multipliers", json!(node.derived.multipliers)),
            ("shifts", json!(node.derived.shifts)),
            ("factor", json!(1 << shift)),
            ("plain", json!(node.quants[0] == node.lowered.quant && node.quants[1] == node.lowered.quant)),
            ("zero_point", json!(node.lowered.quant.zero_point)),
            ("low", json!(low)),
            ("high", json!(high)),
        ]);
        context
    }
}
