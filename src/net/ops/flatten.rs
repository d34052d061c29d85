//! `flatten`: the same values in one dimension. It costs nothing.

use crate::base::Shape;
use crate::net::qnet::{QNode, Quant};

use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Place, Storage, Variant};

pub(super) struct Flatten;

impl Operator for Flatten {
    fn word(&self) -> &'static str {
        "flatten"
    }

    fn doc(&self) -> &'static str {
        "The same values in one dimension."
    }

    fn examples(&self) -> Vec<Example> {
        vec![Example { args: &[], inputs: &[&[3, 5]] }]
    }

    fn infer(&self, _args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        Ok(Shape::f32(&[takes[0].len()]))
    }

    fn forward(&self, _place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        output.copy_from_slice(inputs[0]);
    }

    fn backward(&self, _place: &Place<'_>, step: Backward<'_>) {
        step.input_slopes[0].iter_mut().zip(step.slope.iter()).for_each(|(sum, slope)| *sum += slope);
    }

    fn identity(&self) -> bool {
        true
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(inputs[0]))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant == inputs[0] {
            Ok(Derived::default())
        } else {
            Err("`flatten` changes the quantisation of its input".into())
        }
    }

    fn forward_i8(&self, _node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        output.copy_from_slice(inputs[0]);
    }

    fn storage(&self) -> Storage {
        Storage::Alias
    }

    fn context(&self, _node: &QNode, _variant: &Variant) -> Context {
        Context::new()
    }
}
