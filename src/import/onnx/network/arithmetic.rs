//! Operators without weights that compute.

use crate::import::onnx::convert::Traced;
use crate::tensor::{Literal, Tensor};

use super::layers;
use super::maker::{Maker, Refused, arg, channels_last, list, reals, turned, without_batch};

fn input(node: &Traced, slot: usize) -> Result<Tensor, Refused> {
    node.inputs.get(slot).cloned().flatten().ok_or_else(|| format!("input {slot} is missing"))
}

/// A tensor with leading ones, so that it has `rank` dimensions.
fn raised(tensor: &Tensor, rank: usize) -> Tensor {
    let shape: Vec<usize> = std::iter::repeat_n(1, rank - tensor.rank()).chain(tensor.shape.iter().copied()).collect();
    tensor.view(&shape)
}

/// One side of an operator of two inputs: with channels last, or in ONNX's order.
fn side(maker: &mut Maker<'_>, tensor: &Tensor, rank: usize, last: bool) -> Result<usize, Refused> {
    let full = raised(tensor, rank);
    if full.shape.first().is_some_and(|batch| rank > 1 && *batch != 1) {
        return Err(format!("it works on a batch: {:?}", tensor.shape));
    }
    if maker.stored(tensor).is_some() {
        return if last { maker.last(&full) } else { maker.plain(&full, &without_batch(&full.shape)) };
    }
    let Some(literal) = (maker.known)(&full) else { return maker.plain(&full, &without_batch(&full.shape)) };
    let values = reals(&literal);
    if last {
        maker.constant(&channels_last(&full.shape), &turned(&values, full.shape[1]))
    } else {
        maker.constant(&without_batch(&full.shape), &values)
    }
}

pub(super) fn binary(maker: &mut Maker<'_>, node: &Traced, word: &str) -> Result<(), Refused> {
    let inputs: Vec<Tensor> = (0..node.inputs.len()).map(|slot| input(node, slot)).collect::<Result<_, _>>()?;
    both(maker, &inputs, word, &node.outputs[0])
}

fn both(maker: &mut Maker<'_>, inputs: &[Tensor], word: &str, output: &Tensor) -> Result<(), Refused> {
    let [a, b] = inputs else { return Err(format!("it takes {} inputs: write it as pairs", inputs.len())) };
    let rank = output.rank();
    let last = rank >= 3 && (maker.is_last(a) || maker.is_last(b));
    let values = [side(maker, a, rank, last)?, side(maker, b, rank, last)?];
    let (activation, output) =
        if ["add", "sub", "mul"].contains(&word) { maker.activation(output) } else { ("none", output.clone()) };
    let args = if activation == "none" { Vec::new() } else { vec![arg("activation", activation)] };
    let made = maker.push(word, &args, &values)?;
    maker.store(&output, made, last);
    Ok(())
}

/// A division by a constant is a product.
pub(super) fn divide(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let (a, b) = (input(node, 0)?, input(node, 1)?);
    let Some(literal) = (maker.known)(&b) else { return Err("it divides by what is computed".into()) };
    let inverse: Vec<f32> = reals(&literal).iter().map(|value| 1.0 / value).collect();
    let rank = node.outputs[0].rank();
    let last = rank >= 3 && maker.is_last(&a);
    let full = raised(&b, rank);
    let value = side(maker, &a, rank, last)?;
    let factor = if last {
        maker.constant(&channels_last(&full.shape), &turned(&inverse, full.shape[1]))?
    } else {
        maker.constant(&without_batch(&full.shape), &inverse)?
    };
    let made = maker.push("mul", &[], &[value, factor])?;
    maker.store(&node.outputs[0], made, last);
    Ok(())
}

/// The value of a tensor as it is kept, and how.
fn kept(maker: &mut Maker<'_>, tensor: &Tensor) -> Result<(usize, bool), Refused> {
    if maker.is_last(tensor) {
        return Ok((maker.last(tensor)?, true));
    }
    Ok((maker.plain(tensor, &without_batch(&tensor.shape))?, false))
}

pub(super) fn unary(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?;
    let mut args = Vec::new();
    let bound = |slot: usize, name: &str| {
        let given = maker.literal(node, slot).filter(|literal: &Literal| literal.len() == 1);
        given.map(|literal| literal.get(0).float()).or_else(|| node.given(name))
    };
    let word = match node.node.op.as_str() {
        "Relu" => "relu",
        "HardSwish" => "hard_swish",
        "Sigmoid" => "sigmoid",
        "Tanh" => "tanh",
        "Elu" if node.float("alpha", 1.0).to_bits() == 1f64.to_bits() => "elu",
        "Gelu" => "gelu",
        "Softplus" => "softplus",
        "Sqrt" => "sqrt",
        "Exp" => "exp",
        "Log" => "log",
        "Abs" => "abs",
        "Neg" => "neg",
        "LeakyRelu" => {
            args.push(arg("slope", node.float("alpha", 0.01)));
            "leaky_relu"
        }
        "Clip" => match (bound(1, "min"), bound(2, "max")) {
            (Some(0.0), None) => "relu",
            (Some(0.0), Some(6.0)) => "relu6",
            _ => return Err("it limits to other bounds than those of `relu` and `relu6`".into()),
        },
        _ => return Err("its parameters are other than those of int8 networks".into()),
    };
    let (value, last) = kept(maker, &x)?;
    let made = maker.push(word, &args, &[value])?;
    maker.store(&node.outputs[0], made, last);
    Ok(())
}

pub(super) fn softmax(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?;
    let rank = x.rank() as i64;
    let axis = node.int("axis", if node.opset < 13 { 1 } else { -1 });
    let axis = if axis < 0 { axis + rank } else { axis };
    let channels = axis == 1 && maker.is_last(&x);
    let rest: usize = x.shape.iter().skip(usize::try_from(axis).unwrap_or(0) + 1).product();
    if !channels && axis != rank - 1 && rest != 1 {
        return Err(format!("it is over dimension {axis}, not over the last"));
    }
    if node.opset < 13 && rest != 1 {
        return Err("it is over several dimensions at once (opset 12 and before)".into());
    }
    let (value, last) = kept(maker, &x)?;
    let value = if last || axis == rank - 1 {
        value
    } else {
        let dims = without_batch(&x.shape[..=usize::try_from(axis).unwrap_or(0)]);
        maker.view(value, &dims)?
    };
    let made = maker.push("softmax", &[], &[value])?;
    maker.store(&node.outputs[0], made, last);
    Ok(())
}

pub(super) fn reduce(maker: &mut Maker<'_>, node: &Traced, word: &str) -> Result<(), Refused> {
    let x = input(node, 0)?;
    let rank = x.rank() as i64;
    let axes = match maker.literal(node, 1) {
        Some(literal) => literal.scalars().map(crate::tensor::Scalar::int).collect(),
        None => node.ints("axes"),
    };
    let mut axes: Vec<usize> = axes
        .iter()
        .map(|axis| if *axis < 0 { axis + rank } else { *axis })
        .filter_map(|axis| usize::try_from(axis).ok())
        .collect();
    if axes.is_empty() {
        axes = (0..x.rank()).collect();
    }
    axes.sort_unstable();
    let spatial: Vec<usize> = (2..x.rank()).collect();
    if word == "mean" && axes == spatial && x.rank() > 2 {
        return layers::global(maker, node, "global_average_pool");
    }
    if x.shape.first() != Some(&1) || (axes.contains(&0) && x.rank() > 1 && axes.len() < x.rank()) {
        return Err("it is over the batch".into());
    }
    // A constant's dimensions count without the batch, which is reduced in silence: it is one.
    let inner: Vec<usize> = axes.iter().filter_map(|axis| axis.checked_sub(1)).collect();
    let dims = without_batch(&x.shape);
    let value = maker.plain(&x, &dims)?;
    let made = maker.push(word, &[list("axes", &inner), arg("keep", node.int("keepdims", 1) != 0)], &[value])?;
    maker.store(&node.outputs[0], made, false);
    Ok(())
}
