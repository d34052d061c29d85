//! `constant`: values that don't depend on the input; they live in flash.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::base::{Kind, Param, Params, Shape};
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

use super::Args;
use super::args::list;
use super::operator::{Backward, Context, Derived, Dropped, Example, Lowered, Operator, Place, Storage, Variant};

pub(super) struct Constant;

const MOST: usize = 1 << 24;

fn shape(args: &[(String, String)]) -> Result<Shape, String> {
    let dims = list("constant", args, "shape", (1, MOST))?.ok_or("`constant` needs `shape`")?;
    let len = dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim).filter(|len| *len <= MOST));
    len.map(|_| Shape::f32(&dims)).ok_or_else(|| format!("`constant` has more than {MOST} values"))
}

impl Operator for Constant {
    fn word(&self) -> &'static str {
        "constant"
    }

    fn doc(&self) -> &'static str {
        "Values that don't depend on the input."
    }

    fn params(&self) -> Params {
        vec![Param::required("shape", Kind::Free, "Dimensions: `[3, 4]`.")]
    }

    fn examples(&self) -> Vec<Example> {
        vec![Example { args: &[("shape", "[2, 3]")], inputs: &[] }]
    }

    fn arity(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn infer(&self, args: &[(String, String)], _takes: &[Shape]) -> Result<Shape, String> {
        shape(args)
    }

    fn tensors(&self, args: &[(String, String)], _takes: &[Shape]) -> Vec<Tensor> {
        shape(args).map(|shape| vec![Tensor { name: "values", dims: shape.dims }]).unwrap_or_default()
    }

    fn forward(&self, place: &Place<'_>, _inputs: &[&[f32]], output: &mut [f32]) {
        output.chunks_exact_mut(place.weights.len()).for_each(|y| y.copy_from_slice(place.weights));
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        for slope in step.slope.chunks_exact(place.weights.len()) {
            step.gradient.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope);
        }
    }

    /// Its own range is known better than from calibration.
    fn lower(&self, place: &Place<'_>, _inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        let low = place.weights.iter().copied().fold(0.0, f32::min);
        let high = place.weights.iter().copied().fold(0.0, f32::max);
        let quant = Quant::of_range((low, high));
        let weights = place.weights.iter().map(|value| quant.quantize(*value)).collect();
        Ok(Lowered { weights, ..Lowered::plain(quant) })
    }

    fn derive(&self, node: &QNode, _inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.weights.len() == node.output.len() {
            Ok(Derived::default())
        } else {
            Err(format!("`constant` has {} values, not {}", node.lowered.weights.len(), node.output.len()))
        }
    }

    fn forward_i8(&self, node: &QNode, _inputs: &[&[i8]], output: &mut [i8]) {
        output.copy_from_slice(&node.lowered.weights);
    }

    fn without(&self, node: &QNode, dropped: &Dropped<'_>) -> Result<(Args, Lowered), String> {
        let (channels, mut dims) = (dropped.output.len(), node.output.dims.clone());
        let stays = |at: usize| !dropped.output[at % channels];
        let values = node.lowered.weights.iter().enumerate().filter(|(at, _)| stays(*at)).map(|(_, value)| *value);
        if let Some(last) = dims.last_mut() {
            *last = (0..channels).filter(|channel| stays(*channel)).count();
        }
        let lowered = Lowered { weights: values.collect(), ..Lowered::plain(node.lowered.quant) };
        Ok((vec![("shape".into(), format!("{dims:?}"))], lowered))
    }

    fn storage(&self) -> Storage {
        Storage::Constant
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        Context::from([("len", json!(node.output.len()))])
    }
}
