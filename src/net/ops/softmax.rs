//! `softmax`: scores become shares that sum to one, along the last dimension.
//!
//! The int8 form is TFLM's fixed-point reference bit for bit: output scale 1/256, zero point −128.

use serde_json::json;

use crate::base::{Kind, Param, Params, Shape, math};
use crate::net::fixed;
use crate::net::qnet::{QNode, Quant};

use super::args::number;
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};

pub(super) struct Softmax;

/// More equal scores would each get a share that int8 rounds to nothing (and TFLM shifts by more than a word).
const MOST_CLASSES: usize = 511;

/// Kernels keep their exponentials on the stack up to this many classes; beyond, they compute them twice.
const KEPT: usize = 32;

/// What scores are multiplied with.
fn beta(args: &[(String, String)]) -> f32 {
    number("softmax", args, "beta", 1.0, BETA).unwrap_or(1.0)
}

const BETA: (f32, f32) = (1e-6, 1e6);

fn classes(shape: &Shape) -> usize {
    shape.dims.last().copied().unwrap_or(1)
}

impl Operator for Softmax {
    fn word(&self) -> &'static str {
        "softmax"
    }

    fn doc(&self) -> &'static str {
        "Scores become shares that sum to one, along the last dimension."
    }

    fn params(&self) -> Params {
        vec![Param::optional("beta", Kind::Number(1e-6, 1e6), "1", "What scores are multiplied with.")]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("beta", "0.5")], inputs: &[&[6]] },
            Example { args: &[], inputs: &[&[10]] },
            Example { args: &[], inputs: &[&[3, 4]] },
            Example { args: &[], inputs: &[&[40]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        number("softmax", args, "beta", 1.0, BETA)?;
        match classes(&takes[0]) {
            1..=MOST_CLASSES => Ok(takes[0].clone()),
            count => Err(format!("`softmax` takes at most {MOST_CLASSES} classes, but it is given {count}")),
        }
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (classes, beta) = (classes(place.output), beta(place.args));
        for (row, y) in inputs[0].chunks_exact(classes).zip(output.chunks_exact_mut(classes)) {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            y.iter_mut().zip(row).for_each(|(y, x)| *y = math::exp(beta * (x - top)));
            let sum: f32 = y.iter().sum();
            for y in y {
                *y /= sum;
            }
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let (classes, beta) = (classes(place.output), beta(place.args));
        let rows = step.output.chunks_exact(classes).zip(step.slope.chunks_exact(classes));
        for ((y, slope), sums) in rows.zip(step.input_slopes[0].chunks_exact_mut(classes)) {
            let mean: f32 = y.iter().zip(slope).map(|(y, slope)| y * slope).sum();
            for ((sum, y), slope) in sums.iter_mut().zip(y).zip(slope) {
                *sum += beta * y * (slope - mean);
            }
        }
    }

    fn lower(&self, _place: &Place<'_>, _inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(Quant { scale: 1.0 / 256.0, zero_point: -128 }))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant != (Quant { scale: 1.0 / 256.0, zero_point: -128 }) {
            return Err("`softmax` gives scale 1/256 and zero point -128".into());
        }
        // tensorflow/lite/kernels/internal/quantization_util.cc, PreprocessSoftmaxScaling and CalculateInputRadius.
        let real = (f64::from(beta(&node.args)) * f64::from(inputs[0].scale) * f64::from(1_u32 << 26))
            .min(f64::from(i32::MAX));
        let (multiplier, shift) = fixed::multiplier(real);
        if !(1..=30).contains(&shift) {
            return Err("the scores before `softmax` lie too close together for int8".into());
        }
        let radius = (31_u64 << 26) >> shift;
        Ok(Derived {
            multipliers: vec![multiplier],
            shifts: vec![shift],
            offsets: vec![-(radius as i32)],
            ..Derived::default()
        })
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let classes = classes(&node.output);
        let Derived { multipliers, shifts, offsets, .. } = &node.derived;
        for (row, y) in inputs[0].chunks_exact(classes).zip(output.chunks_exact_mut(classes)) {
            let top = row.iter().copied().max().unwrap_or(0);
            let exponentials = row.iter().map(|x| {
                let below = i32::from(*x) - i32::from(top);
                let scaled = || fixed::double_high(below * (1 << shifts[0]), multipliers[0]);
                if below < offsets[0] { 0 } else { fixed::exp_of_negative(scaled()) }
            });
            let exponentials: Vec<i32> = exponentials.collect();
            let sum: i32 = exponentials.iter().map(|e| fixed::rounding_shift(*e, 12)).sum();
            let (reciprocal, bits) = fixed::reciprocal(sum);
            for (y, exponential) in y.iter_mut().zip(exponentials) {
                let share = fixed::rounding_shift(fixed::double_high(reciprocal, exponential), bits + 23);
                *y = (share - 128).clamp(-128, 127) as i8;
            }
        }
    }

    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(0)
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point", "exponential"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let classes = classes(&node.output);
        Context::from([
            ("rows", json!(node.output.len() / classes)),
            ("classes", json!(classes)),
            ("multiplier", json!(node.derived.multipliers[0])),
            ("shift", json!(node.derived.shifts[0])),
            ("lowest", json!(node.derived.offsets[0])),
            ("kept", json!(classes <= KEPT)),
        ])
    }
}
