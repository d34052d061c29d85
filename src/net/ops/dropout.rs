//! `dropout`: in training, each value becomes zero with a probability (Srivastava et al. 2014, scaled in training).

use crate::base::{Kind, Param, Params, Shape};
use crate::net::qnet::{QNode, Quant};

use super::args::share;
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Place, Storage, Variant};

pub(super) struct Dropout;

/// What each value is multiplied with: the same in the forward and the backward pass of one step.
fn factors(place: &Place<'_>) -> impl Iterator<Item = f32> {
    let rate = share("dropout", place.args, "rate").unwrap_or(0.0);
    let mut noise = place.noise.clone();
    let kept = 1.0 / (1.0 - rate);
    std::iter::repeat_with(move || match &mut noise {
        Some(noise) => f32::from(u8::from(noise.unit() >= rate)) * kept,
        None => 1.0,
    })
}

impl Operator for Dropout {
    fn word(&self) -> &'static str {
        "dropout"
    }

    fn doc(&self) -> &'static str {
        "In training, each value becomes zero with probability `rate`, and the others grow to keep the sum; \
         nothing on the board."
    }

    fn params(&self) -> Params {
        vec![Param::optional("rate", Kind::Number(0.0, 0.99), "0.5", "Share of values that are dropped.")]
    }

    fn examples(&self) -> Vec<Example> {
        vec![Example { args: &[("rate", "0.25")], inputs: &[&[8]] }]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        share("dropout", args, "rate").map(|_| takes[0].clone())
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        for ((y, x), factor) in output.iter_mut().zip(inputs[0]).zip(factors(place)) {
            *y = x * factor;
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        for ((sum, slope), factor) in step.input_slopes[0].iter_mut().zip(step.slope.iter()).zip(factors(place)) {
            *sum += slope * factor;
        }
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
            Err("`dropout` changes the quantisation of its input".into())
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
