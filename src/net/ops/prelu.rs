//! `prelu`: negative values are multiplied with a trained slope a channel (He et al. 2015); TFLM's `prelu_common.cc`.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::fixed;
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

use super::args::list;
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};
use super::strided::{Loops, broadcast_dims};

pub(super) struct Prelu;

/// Dimensions of the slopes, which are broadcast to the input.
fn slopes(args: &[(String, String)], takes: &Shape) -> Result<Vec<usize>, String> {
    let given = list("prelu", args, "shape", (1, 1 << 20))?;
    let dims = given.unwrap_or_else(|| takes.dims.last().copied().into_iter().collect());
    if broadcast_dims(&[&takes.dims, &dims]).as_ref() == Some(&takes.dims) {
        Ok(dims)
    } else {
        Err(format!("`shape` of `prelu` can't be brought to {takes}"))
    }
}

fn loops(args: &[(String, String)], takes: &Shape) -> Loops {
    let dims = slopes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"));
    Loops::broadcast(&takes.dims, &[&dims])
}

impl Operator for Prelu {
    fn word(&self) -> &'static str {
        "prelu"
    }

    fn doc(&self) -> &'static str {
        "Negative values are multiplied with a slope that is trained, one a channel."
    }

    fn params(&self) -> Params {
        let doc = "Dimensions of the slopes; one for each channel where nothing is said.";
        vec![Param::optional("shape", Kind::Free, "", doc)]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[], inputs: &[&[3, 4]] },
            Example { args: &[("shape", "[2, 1, 1]")], inputs: &[&[2, 3, 2]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        slopes(args, &takes[0]).map(|_| takes[0].clone())
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        slopes(args, &takes[0]).map(|dims| vec![Tensor { name: "slope", dims }]).unwrap_or_default()
    }

    fn init(&self, _args: &[(String, String)], _takes: &[Shape], weights: &mut [f32], _rng: &mut Rng) {
        weights.fill(0.25);
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (loops, len) = (loops(place.args, &place.takes[0]), place.output.len());
        for (x, y) in inputs[0].chunks_exact(len).zip(output.chunks_exact_mut(len)) {
            loops.each(|at| y[at[0]] = if x[at[0]] >= 0.0 { x[at[0]] } else { x[at[0]] * place.weights[at[1]] });
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let (loops, len) = (loops(place.args, &place.takes[0]), place.output.len());
        for (row, slope) in step.slope.chunks_exact(len).enumerate() {
            loops.each(|at| {
                let (x, slope) = (step.inputs[0][row * len + at[0]], slope[at[0]]);
                if x < 0.0 {
                    step.gradient[at[1]] += slope * x;
                }
                if let Some(sum) = step.input_slopes[0].get_mut(row * len + at[0]) {
                    *sum += if x >= 0.0 { slope } else { slope * place.weights[at[1]] };
                }
            });
        }
    }

    /// Slopes are int8 with their own scale and, as the one bias, their zero point.
    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let low = place.weights.iter().copied().fold(0.0, f32::min);
        let high = place.weights.iter().copied().fold(0.0, f32::max);
        let slopes = Quant::of_range((low, high));
        Ok(Lowered {
            weights: place.weights.iter().map(|slope| slopes.quantize(*slope)).collect(),
            scales: vec![slopes.scale],
            bias: vec![slopes.zero_point],
            ..Lowered::plain(Quant::of_range(range).at_least(inputs[0].scale / 256.0, range))
        })
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let Lowered { quant, weights, scales, bias } = &node.lowered;
        let expected: usize = slopes(&node.args, &node.takes[0])?.iter().product();
        let ([scale], [zero]) = (scales.as_slice(), bias.as_slice()) else {
            return Err("`prelu` has one scale and one zero point for its slopes".into());
        };
        if weights.len() != expected || !(-128..=127).contains(zero) {
            return Err("`prelu` has slopes of another size".into());
        }
        let ratio = f64::from(inputs[0].scale) / f64::from(quant.scale);
        let product = f64::from(inputs[0].scale) * f64::from(*scale) / f64::from(quant.scale);
        let mut derived = Derived::default();
        for (real, reach) in [(ratio, 255_i64), (product, 255 * 255)] {
            let (multiplier, shift) = fixed::multiplier(real);
            if reach << shift.max(0) > i64::from(i32::MAX) - 128 {
                return Err("`prelu` has an output scale far below that of its input".into());
            }
            derived.multipliers.push(multiplier);
            derived.shifts.push(shift);
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let Lowered { quant, weights, bias, .. } = &node.lowered;
        let Derived { multipliers, shifts, .. } = &node.derived;
        loops(&node.args, &node.takes[0]).each(|at| {
            let x = i32::from(inputs[0][at[0]]) - node.quants[0].zero_point;
            let scaled = if x >= 0 {
                fixed::requantise(x, multipliers[0], shifts[0])
            } else {
                fixed::requantise(x * (i32::from(weights[at[1]]) - bias[0]), multipliers[1], shifts[1])
            };
            output[at[0]] = scaled.saturating_add(quant.zero_point).clamp(-128, 127) as i8;
        });
    }

    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(0)
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let mut context = loops(&node.args, &node.takes[0]).context();
        context.extend([
            ("input_zero_point", json!(node.quants[0].zero_point)),
            ("slope_zero_point", json!(node.lowered.bias[0])),
            ("multipliers", json!(node.derived.multipliers)),
            ("shifts", json!(node.derived.shifts)),
            ("zero_point", json!(node.lowered.quant.zero_point)),
        ]);
        context
    }
}
