//! `relu`: negative values become zero. Behind a dense layer it fuses into that layer's clamp.

use serde_json::json;

use crate::base::Shape;
use crate::net::qnet::{QNode, Quant};

use super::operator::{Backward, Channels, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};

pub(super) struct Relu;

impl Operator for Relu {
    fn word(&self) -> &'static str {
        "relu"
    }

    fn doc(&self) -> &'static str {
        "Negative values become zero."
    }

    fn examples(&self) -> Vec<Example> {
        vec![Example { args: &[], inputs: &[&[7]] }, Example { args: &[], inputs: &[&[3, 5]] }]
    }

    fn infer(&self, _args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        Ok(takes[0].clone())
    }

    fn forward(&self, _place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        for (y, x) in output.iter_mut().zip(inputs[0]) {
            *y = if *x > 0.0 { *x } else { 0.0 };
        }
    }

    fn backward(&self, _place: &Place<'_>, step: Backward<'_>) {
        for ((sum, slope), y) in step.input_slopes[0].iter_mut().zip(step.slope.iter()).zip(step.output) {
            *sum += if *y > 0.0 { *slope } else { 0.0 };
        }
    }

    /// Keeps the input's quantisation, so that the kernel is one comparison.
    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(inputs[0]))
    }

    fn channels(&self, node: &QNode) -> Channels {
        Channels::each(node)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant == inputs[0] {
            Ok(Derived::default())
        } else {
            Err("`relu` changes the quantisation of its input".into())
        }
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        for (y, x) in output.iter_mut().zip(inputs[0]) {
            *y = (*x).max(node.lowered.quant.zero_point as i8);
        }
    }

    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(0)
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        Context::from([("len", json!(node.output.len())), ("zero_point", json!(node.lowered.quant.zero_point))])
    }
}
