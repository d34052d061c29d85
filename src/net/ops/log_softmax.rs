//! `log_softmax`: the logarithm of each score's share, along the last dimension.
//!
//! The int8 form is TFLM's (`reference/log_softmax.h`): output scale 1/16, zero point 127.

use serde_json::json;

use crate::base::{Shape, math};
use crate::net::fixed;
use crate::net::qnet::{QNode, Quant};

use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};

pub(super) struct LogSoftmax;

/// More exponentials could overflow their sum in Q12.19.
const MOST_CLASSES: usize = 4095;

const OUTPUT: Quant = Quant { scale: 1.0 / 16.0, zero_point: 127 };

fn classes(shape: &Shape) -> usize {
    shape.dims.last().copied().unwrap_or(1)
}

impl Operator for LogSoftmax {
    fn word(&self) -> &'static str {
        "log_softmax"
    }

    fn doc(&self) -> &'static str {
        "The logarithm of each score's share of the sum of all e^score, along the last dimension."
    }

    fn examples(&self) -> Vec<Example> {
        vec![Example { args: &[], inputs: &[&[5]] }, Example { args: &[], inputs: &[&[3, 4]] }]
    }

    fn infer(&self, _args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        match classes(&takes[0]) {
            1..=MOST_CLASSES => Ok(takes[0].clone()),
            count => Err(format!("`log_softmax` takes at most {MOST_CLASSES} classes, but it is given {count}")),
        }
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let classes = classes(place.output);
        for (row, y) in inputs[0].chunks_exact(classes).zip(output.chunks_exact_mut(classes)) {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = row.iter().map(|x| math::exp(x - top)).sum();
            let log = math::ln(sum);
            y.iter_mut().zip(row).for_each(|(y, x)| *y = x - top - log);
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let classes = classes(place.output);
        let rows = step.output.chunks_exact(classes).zip(step.slope.chunks_exact(classes));
        for ((y, slope), sums) in rows.zip(step.input_slopes[0].chunks_exact_mut(classes)) {
            let total: f32 = slope.iter().sum();
            for ((sum, y), slope) in sums.iter_mut().zip(y).zip(slope) {
                *sum += slope - math::exp(*y) * total;
            }
        }
    }

    fn lower(&self, _place: &Place<'_>, _inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(OUTPUT))
    }

    /// Multipliers to Q5.26 and back, and the lowest difference that counts.
    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant != OUTPUT {
            return Err("`log_softmax` gives scale 1/16 and zero point 127".into());
        }
        // `PreprocessLogSoftmaxScalingExp` and `CalculateInputRadius` of quantization_util.cc.
        let real = (f64::from(inputs[0].scale) * f64::from(1_u32 << 26)).min(f64::from(i32::MAX));
        let (multiplier, shift) = fixed::multiplier(real);
        if !(1..=30).contains(&shift) {
            return Err("the scores before `log_softmax` lie too close together for int8".into());
        }
        let (back, right) = fixed::multiplier(f64::from(1_u32 << (31 - shift)) / f64::from(multiplier));
        if !(-31..=0).contains(&right) {
            return Err("the scores before `log_softmax` lie too far apart for int8".into());
        }
        let radius = (31_u64 << 26) >> shift;
        Ok(Derived {
            multipliers: vec![multiplier, back],
            shifts: vec![shift, right],
            offsets: vec![-(radius as i32)],
            ..Derived::default()
        })
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let classes = classes(&node.output);
        let Derived { multipliers, shifts, offsets, .. } = &node.derived;
        let q5 = |below: i32| fixed::requantise(below, multipliers[0], shifts[0]);
        for (row, y) in inputs[0].chunks_exact(classes).zip(output.chunks_exact_mut(classes)) {
            let top = row.iter().copied().max().map_or(0, i32::from);
            let below = || row.iter().map(|x| i32::from(*x) - top);
            let exponentials = below().filter(|below| *below >= offsets[0]);
            let sum: i32 = exponentials.map(|below| fixed::rounding_shift(fixed::exp_of_negative(q5(below)), 12)).sum();
            let log = fixed::logarithm(sum);
            let least = fixed::requantise(log.wrapping_add(i32::MIN), multipliers[1], shifts[1]).max(offsets[0] - 1);
            for (y, below) in y.iter_mut().zip(below()) {
                *y = if below > least {
                    (fixed::rounding_shift(q5(below).wrapping_sub(log), 22) + 127).clamp(-128, 127) as i8
                } else {
                    -128
                };
            }
        }
    }

    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(0)
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point", "exponential", "logarithm"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let classes = classes(&node.output);
        Context::from([
            ("rows", json!(node.output.len() / classes)),
            ("classes", json!(classes)),
            ("multipliers", json!(node.derived.multipliers)),
            ("shifts", json!(node.derived.shifts)),
            ("lowest", json!(node.derived.offsets[0])),
        ])
    }
}
