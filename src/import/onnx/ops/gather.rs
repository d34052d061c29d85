//! Operators that pick elements by position: slices, pads, gathers, scatters.

use crate::import::onnx::node::{Call, axes, axis, same, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::expr::offset;
use crate::tensor::{Builder, DType, Expr, Scalar, Tensor, index};

/// An index of the data as a position: negative ones count from the end, others stay inside.
pub(crate) fn position(b: &mut Builder, value: &Expr, size: usize) -> Expr {
    let at = b.once(value.cast(DType::Index));
    let at = at.lt(&index(0)).select(&(&at + index(size)), &at);
    b.once(at.max(&index(0)).min(&index(size.saturating_sub(1))))
}

/// `Gather`
pub(crate) fn gather(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let along = axis(call.int("axis", 0), data.rank())?;
    let mut shape = data.shape[..along].to_vec();
    shape.extend(&indices.shape);
    shape.extend(&data.shape[along + 1..]);
    if data.shape[along] == 0 && !indices.is_empty() {
        return invalid("a gather from nothing");
    }
    let rank = indices.rank();
    Ok(vec![call.b.map(data.dtype, &shape, |b, at| {
        let picked = position(b, &indices.at(&at[along..along + rank]), data.shape[along]);
        let mut from = at[..along].to_vec();
        from.push(picked);
        from.extend_from_slice(&at[along + rank..]);
        data.at(&from)
    })?])
}

/// `GatherElements`
pub(crate) fn gather_elements(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let along = axis(call.int("axis", 0), data.rank())?;
    fits(&data, &indices, along)?;
    Ok(vec![call.b.map(data.dtype, &indices.shape, |b, at| {
        let mut from = at.to_vec();
        from[along] = position(b, &indices.at(at), data.shape[along]);
        data.at(&from)
    })?])
}

/// The indices are inside of the data beside the axis.
fn fits(data: &Tensor, indices: &Tensor, along: usize) -> Result<(), Refusal> {
    let inside = data.rank() == indices.rank()
        && (0..data.rank()).all(|axis| axis == along || indices.shape[axis] <= data.shape[axis])
        && (data.shape[along] > 0 || indices.is_empty());
    if inside { Ok(()) } else { invalid(format!("indices {:?} beyond data {:?}", indices.shape, data.shape)) }
}

/// `GatherND`
pub(crate) fn gather_nd(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let batch = size(call.int("batch_dims", 0))?;
    let Some((&depth, outer)) = indices.shape.split_last() else { return invalid("indices without dimensions") };
    if batch + depth > data.rank() || batch > outer.len() || data.shape[..batch] != outer[..batch] || data.is_empty() {
        return invalid("indices deeper than the data");
    }
    let mut shape = outer.to_vec();
    shape.extend(&data.shape[batch + depth..]);
    let rank = outer.len();
    Ok(vec![call.b.map(data.dtype, &shape, |b, at| {
        let mut from = at[..batch].to_vec();
        for level in 0..depth {
            let mut place = at[..rank].to_vec();
            place.push(index(level));
            from.push(position(b, &indices.at(&place), data.shape[batch + level]));
        }
        from.extend_from_slice(&at[rank..]);
        data.at(&from)
    })?])
}

/// How an update meets the element that is there.
fn combine(reduction: &str, old: &Expr, new: &Expr) -> Expr {
    match reduction {
        "add" => old + new,
        "mul" => old * new,
        "max" => old.max(new),
        "min" => old.min(new),
        _ => new.clone(),
    }
}

/// A copy of a tensor, to be written on.
pub(crate) fn copy(call: &mut Call<'_>, data: &Tensor) -> Result<Tensor, Refusal> {
    Ok(call.b.map(data.dtype, &[data.len()], |_, at| data.flat(&at[0]))?.view(&data.shape))
}

/// `ScatterElements`, `Scatter`
pub(crate) fn scatter_elements(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (data, indices, updates) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let along = axis(call.int("axis", 0), data.rank())?;
    fits(&data, &indices, along)?;
    same(&data, &updates)?;
    if updates.shape != indices.shape {
        return invalid("updates of another shape than the indices");
    }
    let reduction = call.text("reduction", "none");
    let output = copy(call, &data)?;
    call.b.nest(&indices.shape, |b, at| {
        let mut to = at.to_vec();
        to[along] = position(b, &indices.at(at), data.shape[along]);
        let value = combine(&reduction, &output.at(&to), &updates.at(at));
        b.put(&output, &to, value);
    });
    Ok(vec![output])
}

/// `ScatterND`
pub(crate) fn scatter_nd(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (data, indices, updates) = (call.input(0)?, call.input(1)?, call.input(2)?);
    same(&data, &updates)?;
    let Some((&depth, outer)) = indices.shape.split_last() else { return invalid("indices without dimensions") };
    let rank = outer.len();
    if depth > data.rank() || data.is_empty() {
        return invalid("indices deeper than the data");
    }
    let shape: Vec<usize> = outer.iter().chain(&data.shape[depth..]).copied().collect();
    if shape != updates.shape {
        return invalid("updates of another shape than the indices ask for");
    }
    let reduction = call.text("reduction", "none");
    let output = copy(call, &data)?;
    call.b.nest(&shape, |b, at| {
        let mut to = Vec::new();
        for level in 0..depth {
            let mut place = at[..rank].to_vec();
            place.push(index(level));
            to.push(position(b, &indices.at(&place), data.shape[level]));
        }
        to.extend_from_slice(&at[rank..]);
        let value = combine(&reduction, &output.at(&to), &updates.at(at));
        b.put(&output, &to, value);
    });
    Ok(vec![output])
}

/// `TensorScatter`: rows of an update at a place of each batch in a cache.
pub(crate) fn tensor_scatter(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (cache, update) = (call.input(0)?, call.input(1)?);
    same(&cache, &update)?;
    let starts = call.optional(2);
    let along = axis(call.int("axis", -2), cache.rank())?;
    let circular = call.text("mode", "linear") == "circular";
    let sound = along > 0
        && update.rank() == cache.rank()
        && update.shape[along] <= cache.shape[along]
        && (0..cache.rank()).all(|axis| axis == along || cache.shape[axis] == update.shape[axis])
        && starts.as_ref().is_none_or(|starts| starts.len() == cache.shape[0]);
    if !sound {
        return invalid("an update that doesn't fit into the cache");
    }
    let output = copy(call, &cache)?;
    let length = index(cache.shape[along]);
    call.b.nest(&update.shape, |b, at| {
        let start = starts.as_ref().map_or(index(0), |starts| starts.flat(&at[0]).cast(DType::Index));
        let place = b.once(start.max(&index(0)).min(&length) + &at[along]);
        let place = if circular { &place % &length } else { place.min(&(&length - index(1))) };
        let mut to = at.to_vec();
        to[along] = place;
        b.put(&output, &to, update.at(at));
    });
    Ok(vec![output])
}

/// `Slice`
pub(crate) fn slice(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let rank = input.rank();
    let lists = if call.opset >= 10 {
        (Some(call.known_ints(1)?), Some(call.known_ints(2)?), call.optional_ints(3)?, call.optional_ints(4)?)
    } else {
        (call.ints("starts"), call.ints("ends"), call.ints("axes"), None)
    };
    let (starts, ends) = (lists.0.unwrap_or_default(), lists.1.unwrap_or_default());
    let listed = lists.2.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = lists.3.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || listed.len() != starts.len() || steps.len() != starts.len() {
        return invalid("lists of different lengths");
    }
    axes(&listed, rank)?;
    let mut shape = input.shape.clone();
    let mut parts = vec![(0i64, 1i64); rank];
    for position in 0..starts.len() {
        let axis = axis(listed[position], rank)?;
        let (length, step) = (input.shape[axis] as i64, steps[position]);
        if step == 0 {
            return invalid("a step of zero");
        }
        // The definition's own rule: the range of a start and an end depends on the direction.
        let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let place = |at: i64, low: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(low, high);
        let (start, end) = (place(starts[position], low.max(0).min(high)), place(ends[position], low));
        let distance = if step > 0 { end - start } else { start - end };
        let count = if distance <= 0 { 0 } else { (distance - 1) / step.saturating_abs() + 1 };
        shape[axis] = count as usize;
        parts[axis] = (start, step.clamp(-(1 << 30), 1 << 30));
    }
    Ok(vec![call.b.map(input.dtype, &shape, |_, at| {
        let from: Vec<Expr> =
            at.iter().zip(&parts).map(|(at, (start, step))| at * offset(*step) + offset(*start)).collect();
        input.at(&from)
    })?])
}

/// `Pad`
pub(crate) fn pad(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let rank = input.rank();
    let mode = call.text("mode", "constant");
    let list = match call.ints_since("pads", 11, 1)? {
        Some(list) => list,
        None => call.ints("paddings").unwrap_or_default(),
    };
    let listed = match call.optional_ints(3)? {
        Some(listed) => listed,
        None => (0..rank as i64).collect(),
    };
    axes(&listed, rank)?;
    if list.len() != 2 * listed.len() {
        return invalid("`pads` of another length");
    }
    let mut before = vec![0i64; rank];
    let mut shape = input.shape.clone();
    for (position, one) in listed.iter().enumerate() {
        let axis = axis(*one, rank)?;
        let (low, high) = (list[position], list[position + listed.len()]);
        before[axis] = low.clamp(-(1 << 30), 1 << 30);
        shape[axis] = size(low.saturating_add(high).saturating_add(input.shape[axis] as i64))?;
    }
    let value = match call.optional(2).filter(|value| !value.is_empty()) {
        Some(value) if call.opset >= 11 => value.flat(&index(0)).cast(input.dtype),
        _ => Expr::float(input.dtype, call.float("value", 0.0)),
    };
    if mode != "constant" && input.is_empty() && shape.iter().product::<usize>() != 0 {
        return invalid("a border of nothing");
    }
    Ok(vec![call.b.map(input.dtype, &shape, |b, at| {
        let mut inside = Expr::truth(true);
        let mut from = Vec::new();
        for (axis, at) in at.iter().enumerate() {
            let size = input.shape[axis];
            let place = b.once(at - offset(before[axis]));
            let touched = before[axis] != 0 || shape[axis] > size;
            from.push(if touched { border(b, &mode, &place, size, &mut inside) } else { place });
        }
        inside.select(&input.at(&from), &value)
    })?])
}

/// The place in the data that a place beyond it repeats.
fn border(b: &mut Builder, mode: &str, place: &Expr, size: usize, inside: &mut Expr) -> Expr {
    let cyclic = |b: &mut Builder, period: usize| {
        let period = index(period.max(1));
        b.once((place % &period + &period) % &period)
    };
    match mode {
        "edge" => place.max(&index(0)).min(&index(size - 1)),
        "wrap" => cyclic(b, size),
        "reflect" => {
            let period = 2 * (size - 1);
            let turned = cyclic(b, period);
            turned.lt(&index(size)).select(&turned, &(index(period) - &turned))
        }
        _ => {
            *inside = inside.and(&place.within(size));
            place.clone()
        }
    }
}

/// `CenterCropPad`
pub(crate) fn center_crop_pad(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let rank = input.rank();
    let wanted = call.known_ints(1)?;
    let listed = call.ints("axes").unwrap_or_else(|| (0..rank as i64).collect());
    axes(&listed, rank)?;
    if listed.len() != wanted.len() {
        return invalid("a shape of another length");
    }
    let mut shape = input.shape.clone();
    let mut start = vec![0i64; rank];
    for (one, wanted) in listed.iter().zip(wanted) {
        let axis = axis(*one, rank)?;
        shape[axis] = size(wanted)?;
        let (old, new) = (input.shape[axis] as i64, wanted);
        start[axis] = if new > old { -((new - old) / 2) } else { (old - new) / 2 };
    }
    Ok(vec![call.b.map(input.dtype, &shape, |b, at| {
        let mut inside = Expr::truth(true);
        let mut from = Vec::new();
        for (axis, at) in at.iter().enumerate() {
            let place = b.once(at + offset(start[axis]));
            if shape[axis] > input.shape[axis] {
                inside = inside.and(&place.within(input.shape[axis]));
            }
            from.push(place);
        }
        inside.select(&input.at(&from), &Expr::int(input.dtype, 0))
    })?])
}

/// `OneHot`
pub(crate) fn one_hot(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (indices, values) = (call.input(0)?, call.input(2)?);
    let depth = call.known(1)?;
    if depth.is_empty() || values.len() != 2 {
        return invalid("no depth, or other than two values");
    }
    let depth = size(depth.get(0).int())?;
    let along = axis(call.int("axis", -1), indices.rank() + 1)?;
    let mut shape = indices.shape.clone();
    shape.insert(along, depth);
    Ok(vec![call.b.map(values.dtype, &shape, |b, at| {
        let mut place = at.to_vec();
        let own = place.remove(along);
        let hot = b.once(indices.at(&place).cast(DType::Index));
        let hot = hot.lt(&index(0)).select(&(&hot + index(depth)), &hot);
        hot.eq_(&own).select(&values.flat(&index(1)), &values.flat(&index(0)))
    })?])
}

/// `ReverseSequence`
pub(crate) fn reverse_sequence(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (input, lengths) = (call.input(0)?, call.input(1)?);
    let time = axis(call.int("time_axis", 0), input.rank())?;
    let batch = axis(call.int("batch_axis", 1), input.rank())?;
    if time == batch || lengths.len() != input.shape[batch] {
        return invalid("lengths that don't fit the batch");
    }
    Ok(vec![call.b.map(input.dtype, &input.shape, |b, at| {
        let length = lengths.flat(&at[batch]).cast(DType::Index);
        let length = b.once(length.max(&index(0)).min(&index(input.shape[time])));
        let mut from = at.to_vec();
        from[time] = at[time].lt(&length).select(&(&length - index(1) - &at[time]), &at[time]);
        input.at(&from)
    })?])
}

/// `Compress`: only of a known condition, for the shape of its output depends on it.
pub(crate) fn compress(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let condition = call.known(1)?;
    let (input, along) = match call.attribute("axis") {
        Some(_) => (input.clone(), axis(call.int("axis", 0), input.rank())?),
        None => (input.view(&[input.len()]), 0),
    };
    let kept: Vec<i64> = condition
        .scalars()
        .enumerate()
        .filter(|(position, value)| *position < input.shape[along] && value.int() != 0)
        .map(|(position, _)| position as i64)
        .collect();
    let mut shape = input.shape.clone();
    shape[along] = kept.len();
    let kept = crate::tensor::Literal::of(DType::I32, &[kept.len()], kept.iter().map(|at| Scalar::Int(*at)));
    let kept = call.b.constant("kept", kept)?;
    Ok(vec![call.b.map(input.dtype, &shape, |_, at| {
        let mut from = at.to_vec();
        from[along] = kept.flat(&at[along]).cast(DType::Index);
        input.at(&from)
    })?])
}

/// `NonZero`: only of a known input, for the shape of its output depends on it.
pub(crate) fn non_zero(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.known(0)?;
    let found: Vec<usize> = (0..input.len()).filter(|position| input.get(*position).float() != 0.0).collect();
    let rank = input.shape.len();
    if rank == 0 {
        return unsupported("of a scalar");
    }
    let mut places = Vec::new();
    for axis in 0..rank {
        let stride: usize = input.shape[axis + 1..].iter().product();
        places.extend(found.iter().map(|at| Scalar::Int((at / stride % input.shape[axis]) as i64)));
    }
    let literal = crate::tensor::Literal::of(DType::I64, &[rank, found.len()], places);
    Ok(vec![call.b.constant("places", literal)?])
}
