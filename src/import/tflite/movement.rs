//! Operators that move elements: shapes, parts, orders.

use super::arithmetic::{axis, whole};
use super::build::Builder;
use super::constants;
use super::model::Operator;
use super::options::{Refusal, arg, list};

/// Another shape of the same elements.
pub(super) fn same(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let value = builder.value(input)?;
    builder.same(output, value)
}

/// The tensors that an operator takes, each in its shape without the batch.
fn all(builder: &mut Builder<'_>, operator: &Operator<'_>, at: usize) -> Result<(Vec<usize>, usize), Refusal> {
    let tensors: Vec<usize> = operator.inputs.iter().flatten().copied().collect();
    let batched = |tensor: &usize| builder.tensor(*tensor).shape.len() > 1 && builder.tensor(*tensor).shape[0] == 1;
    let lead = usize::from(at > 0 && tensors.iter().all(batched));
    let mut values = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let dims = builder.tensor(tensor).shape[lead..].to_vec();
        values.push(builder.shaped(tensor, &dims)?);
    }
    Ok((values, lead))
}

pub(super) fn concat(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let output = operator.given()?;
    let at = axis(i64::from(operator.int(0, 0)?), builder.tensor(output).shape.len())?;
    if operator.activation(1)? != "none" {
        return Err("it has a fused activation, which no converter writes".into());
    }
    let (values, lead) = all(builder, operator, at)?;
    if values.len() == 1 {
        return builder.same(output, values[0]);
    }
    builder.plain("concat", &[arg("axis", at - lead)], &values, output)
}

/// Stacks tensors along a new axis.
pub(super) fn pack(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let output = operator.given()?;
    let at = axis(i64::from(operator.int(1, 0)?), builder.tensor(output).shape.len())?;
    let mut dims = builder.tensor(output).shape.clone();
    dims[at] = 1;
    let mut values = Vec::new();
    for tensor in operator.inputs.iter().flatten() {
        values.push(builder.shaped(*tensor, &dims)?);
    }
    if values.len() == 1 {
        builder.same(output, values[0])
    } else {
        builder.plain("concat", &[arg("axis", at)], &values, output)
    }
}

/// Every part of an axis, given by begin and size.
fn parts(
    builder: &mut Builder<'_>,
    operator: &Operator<'_>,
    tensor: usize,
    at: usize,
    sizes: &[usize],
) -> Result<(), Refusal> {
    let (value, lead) = whole(builder, tensor, &[at])?;
    let dims = builder.dims(value);
    let mut start = 0;
    for (output, size) in operator.outputs.iter().zip(sizes) {
        let (mut begin, mut shape) = (vec![0; dims.len()], dims.clone());
        (begin[at - lead], shape[at - lead]) = (start, *size);
        start += size;
        if shape == dims {
            builder.same(*output, value)?;
        } else {
            let args = [list("begin", &begin), list("size", &shape), list("stride", &vec![1; dims.len()])];
            builder.plain("slice", &args, &[value], *output)?;
        }
    }
    Ok(())
}

pub(super) fn unpack(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let input = operator.taken(0)?;
    let shape = &builder.tensor(input).shape;
    let at = axis(i64::from(operator.int(1, 0)?), shape.len())?;
    // One an output, however many a damaged shape asks for.
    let sizes = vec![1; operator.outputs.len()];
    checked(operator, &sizes, shape[at])?;
    parts(builder, operator, input, at, &sizes)
}

fn checked(operator: &Operator<'_>, sizes: &[usize], whole: usize) -> Result<(), Refusal> {
    let sound = operator.outputs.len() == sizes.len() && sizes.iter().sum::<usize>() == whole;
    sound
        .then_some(())
        .ok_or_else(|| format!("{} outputs of sizes {sizes:?} don't make up {whole}", operator.outputs.len()))
}

pub(super) fn split(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (axes, input) = (operator.taken(0)?, operator.taken(1)?);
    let shape = &builder.tensor(input).shape;
    let at = builder.integers(axes, "axis")?.first().copied().ok_or("its axis is empty")?;
    let at = axis(at, shape.len())?;
    let count = operator.outputs.len();
    let sizes = vec![shape[at].checked_div(count).unwrap_or(0); count];
    checked(operator, &sizes, shape[at])?;
    parts(builder, operator, input, at, &sizes)
}

pub(super) fn split_v(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let input = operator.taken(0)?;
    let (sizes, axes) = (operator.taken(1)?, operator.taken(2)?);
    let shape = &builder.tensor(input).shape;
    let at = builder.integers(axes, "axis")?.first().copied().ok_or("its axis is empty")?;
    let at = axis(at, shape.len())?;
    // One size may be left open; the outputs' own shapes say which it is.
    let given = builder.integers(sizes, "sizes")?.len();
    let sizes: Vec<usize> =
        operator.outputs.iter().map(|output| builder.tensor(*output).shape.get(at).copied().unwrap_or(0)).collect();
    if given != sizes.len() {
        return Err(format!("it names {given} sizes for {} outputs", sizes.len()));
    }
    checked(operator, &sizes, shape[at])?;
    parts(builder, operator, input, at, &sizes)
}

pub(super) fn pad(builder: &mut Builder<'_>, operator: &Operator<'_>, word: &str) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let amounts = builder.integers(operator.taken(1)?, "amounts")?.to_vec();
    let rank = builder.tensor(input).shape.len();
    let amounts: Option<Vec<usize>> =
        amounts.iter().map(|n| usize::try_from(*n).ok().filter(|n| *n < 1 << 16)).collect();
    let amounts = amounts.filter(|amounts| amounts.len() == 2 * rank).ok_or("its amounts don't fit its input")?;
    let touched: Vec<usize> = (0..rank).filter(|at| amounts[2 * at] + amounts[2 * at + 1] > 0).collect();
    let (value, lead) = whole(builder, input, &touched)?;
    let side = |first: usize| -> Vec<usize> { amounts.chunks_exact(2).skip(lead).map(|pair| pair[first]).collect() };
    let mut args = vec![list("before", &side(0)), list("after", &side(1))];
    if word == "mirror_pad" {
        args.push(arg("mode", if operator.byte(0)? == 0 { "reflect" } else { "symmetric" }));
    }
    if let Some(with) = operator.inputs.get(2).copied().flatten() {
        let with = builder.tensor(with);
        let quant = constants::quant(with);
        let number = constants::floats(with, "value")?.first().copied().ok_or("its value is empty")?;
        // Elements are moved as they are: a value of another quantisation would mean another number.
        if quant.is_ok_and(|quant| Ok(quant) != builder.quant_of(input)) {
            return Err("its value has another quantisation than its input".into());
        }
        args.push(arg("value", number));
    }
    builder.plain(word, &args, &[value], output)
}

pub(super) fn tile(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let times = builder.integers(operator.taken(1)?, "multiples")?.to_vec();
    let sound =
        times.len() == builder.tensor(input).shape.len() && times.iter().all(|times| (1..1 << 16).contains(times));
    if !sound {
        return Err(format!("its multiples are {times:?}"));
    }
    let touched: Vec<usize> = (0..times.len()).filter(|at| times[*at] > 1).collect();
    let (value, lead) = whole(builder, input, &touched)?;
    builder.plain("tile", &[list("times", &times[lead..])], &[value], output)
}

pub(super) fn slice(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let shape = builder.tensor(input).shape.clone();
    let begin = builder.integers(operator.taken(1)?, "begin")?.to_vec();
    let size = builder.integers(operator.taken(2)?, "size")?.to_vec();
    if begin.len() != shape.len() || size.len() != shape.len() {
        return Err(format!("it begins at {begin:?} with size {size:?} in {} dimensions", shape.len()));
    }
    let mut taken = Vec::new();
    for ((begin, size), dim) in begin.iter().zip(&size).zip(&shape) {
        let start = usize::try_from(*begin).ok().filter(|start| start < dim);
        let start = start.ok_or_else(|| format!("it begins at {begin} in {dim}"))?;
        let count = if *size < 0 { dim - start } else { *size as usize };
        if count == 0 || count > dim - start {
            return Err(format!("it takes {size} from {begin} on in {dim}"));
        }
        taken.push((start as i64, count, 1));
    }
    cut(builder, input, &taken, output)
}

/// A slice by begin, count and step in every dimension.
fn cut(builder: &mut Builder<'_>, input: usize, taken: &[(i64, usize, i64)], output: usize) -> Result<(), Refusal> {
    let (value, lead) = whole(builder, input, &[])?;
    let taken = &taken[lead..];
    let begin: Vec<i64> = taken.iter().map(|row| row.0).collect();
    let size: Vec<usize> = taken.iter().map(|row| row.1).collect();
    let stride: Vec<i64> = taken.iter().map(|row| row.2).collect();
    if builder.dims(value) == size && stride.iter().zip(&size).all(|(stride, size)| *stride == 1 || *size == 1) {
        return builder.same(output, value);
    }
    let args = [list("begin", &begin), list("size", &size), list("stride", &stride)];
    builder.plain("slice", &args, &[value], output)
}

pub(super) fn strided_slice(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let shape = builder.tensor(input).shape.clone();
    let lists = [(1, "begin"), (2, "end"), (3, "strides")];
    let mut given = Vec::new();
    for (slot, what) in lists {
        given.push(builder.integers(operator.taken(slot)?, what)?.to_vec());
    }
    let [begins, ends, strides] = given.as_slice() else { return Err("it has no begin, end and strides".into()) };
    if operator.int(2, 0)? != 0 || operator.int(3, 0)? != 0 || operator.flag(5)? {
        return Err("it has an ellipsis, a new axis or an offset: write the slice with one range a dimension".into());
    }
    if begins.len() != ends.len() || begins.len() != strides.len() || begins.len() > shape.len() {
        return Err("its begin, end and strides don't fit its input".into());
    }
    let (begin_mask, end_mask, shrink) = (operator.int(0, 0)?, operator.int(1, 0)?, operator.int(4, 0)?);
    let mut taken = Vec::new();
    for (at, dim) in shape.iter().enumerate() {
        let Some(((begin, end), stride)) = begins.get(at).zip(ends.get(at)).zip(strides.get(at)) else {
            taken.push((0, *dim, 1));
            continue;
        };
        let bit = |mask: i32| mask >> at & 1 == 1;
        let end = if bit(end_mask) { None } else { Some(*end) };
        let begin = if bit(begin_mask) { None } else { Some(*begin) };
        taken.push(range(*dim as i64, begin, end, *stride, bit(shrink))?);
    }
    cut(builder, input, &taken, output)
}

/// First index, count and step of one dimension (`strided_slice_logic.h`).
fn range(
    dim: i64,
    begin: Option<i64>,
    end: Option<i64>,
    step: i64,
    shrink: bool,
) -> Result<(i64, usize, i64), Refusal> {
    if step == 0 || step.abs() > 1 << 16 {
        return Err(format!("its stride is {step}"));
    }
    let from_back = |at: i64| if at < 0 { at.saturating_add(dim) } else { at };
    let (low, high) = if step > 0 { (0, dim) } else { (-1, dim - 1) };
    let first = begin.map_or(if step > 0 { 0 } else { dim - 1 }, |begin| from_back(begin).clamp(low, high));
    if shrink {
        let sound = (0..dim).contains(&first);
        return sound.then_some((first, 1, 1)).ok_or_else(|| format!("it takes index {first} of {dim}"));
    }
    let last = end.map_or(if step > 0 { dim } else { -1 }, |end| from_back(end).clamp(low, high));
    let reach = if step > 0 { last - first } else { first - last };
    let count = (reach.max(0) as usize).div_ceil(step.unsigned_abs() as usize);
    if count == 0 { Err(format!("nothing is left of a dimension of {dim}")) } else { Ok((first, count, step)) }
}

pub(super) fn transpose(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let shape = builder.tensor(input).shape.clone();
    let order = builder.integers(operator.taken(1)?, "order")?.to_vec();
    let order = order.iter().map(|at| axis(*at, shape.len())).collect::<Result<Vec<_>, _>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.iter().enumerate().any(|(at, found)| at != *found) || order.len() != shape.len() {
        return Err(format!("its order {order:?} isn't one of {} dimensions", shape.len()));
    }
    let moves: Vec<usize> = order.iter().copied().filter(|at| shape[*at] > 1).collect();
    if moves.is_sorted() {
        return same(builder, operator);
    }
    let touched = if order[0] == 0 { &[][..] } else { &[0][..] };
    let (value, lead) = whole(builder, input, touched)?;
    let order: Vec<usize> = order[lead..].iter().map(|at| at - lead).collect();
    builder.plain("transpose", &[list("order", &order)], &[value], output)
}

pub(super) fn gather(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let shape = builder.tensor(input).shape.clone();
    let at = axis(i64::from(operator.int(0, 0)?), shape.len())?;
    if operator.int(1, 0)? != 0 {
        return Err("it has batch dimensions".into());
    }
    let indices = builder.integers(operator.taken(1)?, "indices")?.to_vec();
    let indices = indices.iter().map(|index| axis(*index, shape[at])).collect::<Result<Vec<_>, _>>()?;
    if indices.is_empty() {
        return Err("it takes nothing".into());
    }
    let (value, lead) = whole(builder, input, &[at])?;
    builder.plain("gather", &[arg("axis", at - lead), list("indices", &indices)], &[value], output)
}
