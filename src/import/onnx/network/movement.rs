//! Operators that move elements.

use crate::import::onnx::convert::Traced;
use crate::tensor::{Literal, Scalar, Tensor};

use super::maker::{Maker, Refused, arg, list, without_batch};

fn input(node: &Traced, slot: usize) -> Result<Tensor, Refused> {
    node.inputs.get(slot).cloned().flatten().ok_or_else(|| format!("input {slot} is missing"))
}

fn ints(literal: &Literal) -> Vec<i64> {
    literal.scalars().map(Scalar::int).collect()
}

/// A transpose between ONNX's order and ours costs nothing: it says how a value is to be read.
pub(super) fn transpose(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let (x, output) = (input(node, 0)?, node.outputs[0].clone());
    let rank = x.rank();
    if rank < 2 {
        return Err("it takes less than two dimensions".into());
    }
    let mut order: Vec<usize> = node.ints("perm").iter().filter_map(|axis| usize::try_from(*axis).ok()).collect();
    if order.is_empty() {
        order = (0..rank).rev().collect();
    }
    if order.first() != Some(&0) && x.shape.first() != Some(&1) {
        return Err("it moves the batch".into());
    }
    let to_first: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
    let to_last: Vec<usize> = std::iter::once(0).chain(2..rank).chain([1]).collect();
    if rank >= 3 && order == to_first && !maker.is_last(&x) {
        let value = maker.plain(&x, &x.shape[1..])?;
        maker.store(&output, value, true);
        return Ok(());
    }
    if rank >= 3 && order == to_last {
        let value = maker.last(&x)?;
        maker.store(&output, value, false);
        return Ok(());
    }
    if order.first() != Some(&0) {
        return Err("it moves the batch".into());
    }
    let value = maker.plain(&x, &x.shape[1..])?;
    let inner: Vec<usize> = order[1..].iter().map(|axis| axis - 1).collect();
    let made = maker.push("transpose", &[list("order", &inner)], &[value])?;
    maker.store(&output, made, false);
    Ok(())
}

/// Where an ONNX axis is in a value: channels last or not, always without the batch.
fn place(axis: usize, rank: usize, last: bool) -> Result<usize, Refused> {
    match axis {
        0 if rank > 1 => Err("it is along the batch".into()),
        0 => Ok(0),
        _ if !last => Ok(axis - 1),
        1 => Ok(rank - 2),
        _ => Ok(axis - 2),
    }
}

fn value_of(maker: &mut Maker<'_>, tensor: &Tensor, last: bool) -> Result<usize, Refused> {
    if last { maker.last(tensor) } else { maker.plain(tensor, &without_batch(&tensor.shape)) }
}

fn axis(value: i64, rank: usize) -> Result<usize, Refused> {
    let value = if value < 0 { value + rank as i64 } else { value };
    usize::try_from(value).ok().filter(|axis| *axis < rank).ok_or_else(|| format!("axis {value} of {rank} dimensions"))
}

pub(super) fn concat(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let inputs: Vec<Tensor> = (0..node.inputs.len()).map(|slot| input(node, slot)).collect::<Result<_, _>>()?;
    let rank = inputs[0].rank();
    let last = rank >= 3 && inputs.iter().any(|tensor| maker.is_last(tensor));
    let at = place(axis(node.int("axis", 1), rank)?, rank, last)?;
    let mut values = Vec::new();
    for tensor in inputs.iter().filter(|tensor| !tensor.is_empty()) {
        values.push(value_of(maker, tensor, last)?);
    }
    let made = maker.push("concat", &[arg("axis", at)], &values)?;
    maker.store(&node.outputs[0], made, last);
    Ok(())
}

pub(super) fn pad(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let (x, output) = (input(node, 0)?, node.outputs[0].clone());
    let rank = x.rank();
    let pads = maker.literal(node, 1).map_or_else(|| node.ints("pads"), |literal| ints(&literal));
    let listed = maker.literal(node, 3).map_or_else(|| (0..rank as i64).collect(), |literal| ints(&literal));
    let value = maker.literal(node, 2).filter(|value| !value.is_empty()).map(|value| value.get(0).float());
    let value = value.or_else(|| node.given("value")).unwrap_or(0.0);
    if node.text("mode", "constant") != "constant" || pads.len() != 2 * listed.len() || pads.iter().any(|pad| *pad < 0)
    {
        return Err("it repeats the border, or takes away".into());
    }
    let last = maker.is_last(&x);
    let from = value_of(maker, &x, last)?;
    let count = maker.dims(from).len();
    let (mut before, mut after) = (vec![0; count], vec![0; count]);
    for (at, one) in listed.iter().enumerate() {
        let (low, high) = (pads[at], pads[at + listed.len()]);
        if low != 0 || high != 0 {
            let place = place(axis(*one, rank)?, rank, last)?;
            (before[place], after[place]) = (low, high);
        }
    }
    let args = [list("before", &before), list("after", &after), arg("value", value)];
    let made = maker.push("pad", &args, &[from])?;
    maker.store(&output, made, last);
    Ok(())
}

/// The part of a value that begins at `begin` along an ONNX axis.
fn part(maker: &mut Maker<'_>, x: &Tensor, output: &Tensor, starts: &[(usize, i64, i64)]) -> Result<(), Refused> {
    let last = maker.is_last(x);
    let value = value_of(maker, x, last)?;
    let mut size = maker.dims(value);
    let (mut begin, mut stride) = (vec![0i64; size.len()], vec![1i64; size.len()]);
    for (axis, start, step) in starts {
        if output.shape[*axis] == x.shape[*axis] && *step == 1 {
            continue;
        }
        let place = place(*axis, x.rank(), last)?;
        (begin[place], stride[place], size[place]) = (*start, *step, output.shape[*axis]);
    }
    let args = [list("begin", &begin), list("size", &size), list("stride", &stride)];
    let made = maker.push("slice", &args, &[value])?;
    maker.store(output, made, last);
    Ok(())
}

pub(super) fn slice(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let (x, output) = (input(node, 0)?, node.outputs[0].clone());
    let list =
        |slot: usize, name: &str| maker.literal(node, slot).map_or_else(|| node.ints(name), |literal| ints(&literal));
    let (starts, axes, steps) = (list(1, "starts"), list(3, "axes"), list(4, "steps"));
    let mut parts = Vec::new();
    for (at, start) in starts.iter().enumerate() {
        let axis = axis(axes.get(at).copied().unwrap_or(at as i64), x.rank())?;
        let (length, step) = (x.shape[axis] as i64, steps.get(at).copied().unwrap_or(1));
        if step < 1 {
            return Err("it goes backwards".into());
        }
        let start = if *start < 0 { start.saturating_add(length) } else { *start };
        parts.push((axis, start.clamp(0, length), step));
    }
    part(maker, &x, &output, &parts)
}

pub(super) fn split(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?;
    let axis = axis(node.int("axis", 0), x.rank())?;
    let mut start = 0;
    for output in &node.outputs {
        part(maker, &x, output, &[(axis, start, 1)])?;
        start += output.shape[axis] as i64;
    }
    Ok(())
}
