//! Operators that move elements or tell of shapes.

use crate::import::onnx::node::{Call, axes, axis, broadcast, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{DType, Expr, Literal, Scalar, Tensor, index};

/// `Identity`, and what is none when a model only runs.
pub(crate) fn identity(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    Ok(vec![call.input(0)?])
}

/// `Dropout`: nothing while a model only runs; the mask is all true.
pub(crate) fn dropout(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    if call.opset >= 12
        && call.optional(2).is_some()
        && call.known(2)?.get(0).int() != 0
        && (call.optional(1).is_none() || call.known(1)?.get(0).float() != 0.0)
    {
        return unsupported("training (random dropout)");
    }
    let mask = if call.opset >= 10 { DType::Bool } else { input.dtype };
    let mut outputs = vec![input.clone()];
    if call.wants(1) {
        outputs.push(call.b.map(mask, &input.shape, |_, _| Expr::int(mask, 1))?);
    }
    Ok(outputs)
}

/// `Constant`
pub(crate) fn constant(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let ints =
        |list: &[i64], shape: &[usize]| Literal::of(DType::I64, shape, list.iter().map(|value| Scalar::Int(*value)));
    let floats = |list: &[f32], shape: &[usize]| {
        Literal::of(DType::F32, shape, list.iter().map(|value| Scalar::Float(f64::from(*value))))
    };
    let literal = if let Some(value) = call.tensor("value")? {
        value
    } else if call.attribute("value_int").is_some() {
        ints(&[call.int("value_int", 0)], &[])
    } else if call.attribute("value_float").is_some() {
        floats(&[call.float("value_float", 0.0) as f32], &[])
    } else if let Some(list) = call.ints("value_ints") {
        ints(&list, &[list.len()])
    } else if let Some(list) = call.floats("value_floats") {
        floats(&list, &[list.len()])
    } else {
        return unsupported("a constant of text or of sparse form");
    };
    Ok(vec![call.b.constant("constant", literal)?])
}

/// `ConstantOfShape`
pub(crate) fn constant_of_shape(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let shape = call.known_ints(0)?.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    let value = call.tensor("value")?.unwrap_or_else(|| Literal::floats(&[0.0]));
    if value.is_empty() {
        return invalid("a value without elements");
    }
    let value = call.b.constant("value", value)?;
    Ok(vec![call.b.map(value.dtype, &shape, |_, _| value.flat(&index(0)))?])
}

/// `Shape`
pub(crate) fn shape(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let rank = input.rank() as i64;
    let place = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let (start, end) = (place(call.int("start", 0)), place(call.int("end", rank)));
    let sizes: Vec<i64> = input.shape[start..end.max(start)].iter().map(|size| *size as i64).collect();
    Ok(vec![call.b.constant("shape", Literal::ints(&sizes))?])
}

/// `Size`
pub(crate) fn count(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let count = Scalar::Int(call.input(0)?.len() as i64);
    Ok(vec![call.b.constant("size", Literal::of(DType::I64, &[], [count]))?])
}

/// `Reshape`
pub(crate) fn reshape(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let wanted = if call.opset >= 5 { call.known_ints(1)? } else { call.ints("shape").unwrap_or_default() };
    let keep_zero = call.flag("allowzero", false);
    let mut shape = Vec::new();
    let mut open = None;
    for (position, value) in wanted.iter().enumerate() {
        shape.push(match value {
            -1 if open.is_none() => {
                open = Some(position);
                1
            }
            0 if !keep_zero => match input.shape.get(position) {
                Some(size) => *size,
                None => return invalid("a zero beyond the input's dimensions"),
            },
            other => size(*other)?,
        });
    }
    let known = shape.iter().try_fold(1usize, |all, size| all.checked_mul(*size)).unwrap_or(usize::MAX);
    if let Some(position) = open {
        if known == 0 || input.len() % known != 0 {
            return invalid(format!("{:?} can't have the shape {wanted:?}", input.shape));
        }
        shape[position] = input.len() / known;
    }
    view(&input, &shape)
}

fn view(input: &Tensor, shape: &[usize]) -> Result<Vec<Tensor>, Refusal> {
    let count = shape.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
    if count != Some(input.len()) || shape.len() > crate::tensor::build::RANK {
        return invalid(format!("{:?} can't have the shape {shape:?}", input.shape));
    }
    Ok(vec![input.view(shape)])
}

/// `Flatten`
pub(crate) fn flatten(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let at = call.int("axis", 1);
    let at = if at == input.rank() as i64 { input.rank() } else { axis(at, input.rank())? };
    let rows = input.shape[..at].iter().product();
    view(&input, &[rows, input.shape[at..].iter().product()])
}

/// `Squeeze`
pub(crate) fn squeeze(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let dropped = match call.ints_since("axes", 13, 1)? {
        Some(list) => axes(&list, input.rank())?,
        None => (0..input.rank()).filter(|axis| input.shape[*axis] == 1).collect(),
    };
    let kept = (0..input.rank()).filter(|axis| !dropped.contains(axis)).map(|axis| input.shape[axis]);
    view(&input, &kept.collect::<Vec<usize>>())
}

/// `Unsqueeze`
pub(crate) fn unsqueeze(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let list = call.ints_since("axes", 13, 1)?.unwrap_or_default();
    let added = axes(&list, input.rank() + list.len())?;
    let mut shape = input.shape.clone();
    for axis in added {
        shape.insert(axis, 1);
    }
    view(&input, &shape)
}

/// `Transpose`
pub(crate) fn transpose(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let rank = input.rank();
    let order = match call.ints("perm") {
        Some(list) => list.iter().map(|one| axis(*one, rank)).collect::<Result<Vec<usize>, _>>()?,
        None => (0..rank).rev().collect(),
    };
    let mut seen = order.clone();
    seen.sort_unstable();
    if seen != (0..rank).collect::<Vec<usize>>() {
        return invalid(format!("`perm` {order:?} is no order of {rank} dimensions"));
    }
    Ok(vec![permute(call, &input, &order)?])
}

/// A tensor with its axes in another order: output axis `i` is input axis `order[i]`.
///
/// # Errors
/// The buffers exceed their bound.
pub(crate) fn permute(call: &mut Call<'_>, input: &Tensor, order: &[usize]) -> Result<Tensor, Refusal> {
    let shape: Vec<usize> = order.iter().map(|axis| input.shape[*axis]).collect();
    let moved: Vec<usize> = order.iter().copied().filter(|axis| input.shape[*axis] != 1).collect();
    if moved.windows(2).all(|pair| pair[0] < pair[1]) {
        return Ok(input.view(&shape));
    }
    Ok(call.b.map(input.dtype, &shape, |_, at| {
        let mut from = vec![index(0); at.len()];
        for (position, axis) in order.iter().enumerate() {
            from[*axis] = at[position].clone();
        }
        input.at(&from)
    })?)
}

/// `Expand`
pub(crate) fn expand(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let wanted = call.known_ints(1)?.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    let shape = broadcast(&input.shape, &wanted)?;
    if shape.iter().product::<usize>() == input.len() {
        return view(&input, &shape);
    }
    Ok(vec![call.b.map(input.dtype, &shape, |_, at| input.broadcast(at))?])
}

/// `Tile`
pub(crate) fn tile(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let repeats = call.known_ints(1)?.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    if repeats.len() != input.rank() {
        return invalid("`repeats` of another length");
    }
    let shape: Vec<usize> =
        input.shape.iter().zip(&repeats).map(|(size, repeat)| size.saturating_mul(*repeat)).collect();
    Ok(vec![call.b.map(input.dtype, &shape, |_, at| {
        let from: Vec<Expr> = at.iter().zip(&input.shape).map(|(at, size)| at % index(*size)).collect();
        input.at(&from)
    })?])
}

/// `Concat`
pub(crate) fn concat(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let inputs: Vec<Tensor> = (0..call.inputs.len()).map(|position| call.input(position)).collect::<Result<_, _>>()?;
    let first = call.input(0)?;
    let along = axis(call.int("axis", 1), first.rank())?;
    let mut shape = first.shape.clone();
    shape[along] = 0;
    for input in &inputs {
        let fits = input.rank() == first.rank()
            && input.dtype == first.dtype
            && (0..first.rank()).all(|axis| axis == along || input.shape[axis] == first.shape[axis]);
        if !fits {
            return invalid("inputs that differ beside the axis");
        }
        shape[along] += input.shape[along];
    }
    let output = call.b.alloc(first.dtype, &shape)?;
    let mut start = 0;
    for input in &inputs {
        call.b.nest(&input.shape, |b, at| {
            let mut to = at.to_vec();
            to[along] = &at[along] + index(start);
            b.put(&output, &to, input.at(at));
        });
        start += input.shape[along];
    }
    Ok(vec![output])
}

/// `Split`
pub(crate) fn split(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let along = axis(call.int("axis", 0), input.rank())?;
    let whole = input.shape[along];
    let sizes = if let Some(list) = call.ints_since("split", 13, 1)? {
        list.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?
    } else {
        let parts = size(call.int("num_outputs", call.node.outputs.len() as i64))?.max(1);
        if parts > 10_000 {
            return invalid("more than 10,000 parts");
        }
        let part = whole.div_ceil(parts);
        (0..parts).map(|number| part.min(whole.saturating_sub(number.saturating_mul(part)))).collect()
    };
    if sizes.iter().sum::<usize>() != whole || sizes.len() > 10_000 {
        return invalid("parts that don't add up to the whole");
    }
    let mut start = 0;
    let mut outputs = Vec::new();
    for size in sizes {
        let mut shape = input.shape.clone();
        shape[along] = size;
        outputs.push(call.b.map(input.dtype, &shape, |_, at| {
            let mut from = at.to_vec();
            from[along] = &at[along] + index(start);
            input.at(&from)
        })?);
        start += size;
    }
    Ok(outputs)
}

/// `Range`
pub(crate) fn range(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (start, limit, delta) = (call.known(0)?, call.known(1)?, call.known(2)?);
    if start.is_empty() || limit.is_empty() || delta.is_empty() || delta.get(0).float() == 0.0 {
        return invalid("a range without a start, a limit or a step");
    }
    let (first, step) = (start.get(0), delta.get(0));
    let count = ((limit.get(0).float() - first.float()) / step.float()).ceil().max(0.0);
    let count = size(if count.is_finite() { count as i64 } else { -1 })?;
    let dtype = start.dtype;
    Ok(vec![call.b.map(dtype, &[count], |_, at| {
        let constant = |value: Scalar| Expr::new(dtype, crate::tensor::expr::Kind::Const(value));
        constant(first) + at[0].cast(dtype) * constant(step)
    })?])
}

/// `EyeLike`
pub(crate) fn eye(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let dtype = call.dtype("dtype")?.unwrap_or(input.dtype);
    let diagonal = call.int("k", 0).clamp(-(1 << 30), 1 << 30);
    if input.rank() != 2 {
        return invalid("an input that is no matrix");
    }
    Ok(vec![call.b.map(dtype, &input.shape, |_, at| {
        let on = (&at[1] - crate::tensor::expr::offset(diagonal)).eq_(&at[0]);
        on.select(&Expr::int(dtype, 1), &Expr::int(dtype, 0))
    })?])
}

/// `Trilu`
pub(crate) fn trilu(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let upper = call.flag("upper", true);
    let rank = input.rank();
    if rank < 2 {
        return invalid("an input of less than two dimensions");
    }
    let diagonal =
        call.optional_ints(1)?.and_then(|list| list.first().copied()).unwrap_or(0).clamp(-(1 << 30), 1 << 30);
    Ok(vec![call.b.map(input.dtype, &input.shape, |_, at| {
        let column = &at[rank - 1] - crate::tensor::expr::offset(diagonal);
        let kept = if upper { column.ge(&at[rank - 2]) } else { column.le(&at[rank - 2]) };
        kept.select(&input.at(at), &Expr::int(input.dtype, 0))
    })?])
}

/// `DepthToSpace` and `SpaceToDepth`
pub(crate) fn depth_space(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let block = size(call.int("blocksize", 0))?;
    let &[n, c, h, w] = &input.shape[..] else { return invalid("an input that is not four-dimensional") };
    if call.node.op == "SpaceToDepth" {
        if block == 0 || !h.is_multiple_of(block) || !w.is_multiple_of(block) {
            return invalid("a block that doesn't divide the input");
        }
        let whole = input.view(&[n, c, h / block, block, w / block, block]);
        let moved = permute(call, &whole, &[0, 3, 5, 1, 2, 4])?;
        return view(&moved, &[n, c * block * block, h / block, w / block]);
    }
    let area = block.saturating_mul(block);
    if area == 0 || !c.is_multiple_of(area) {
        return invalid("a block that doesn't divide the channels");
    }
    let moved = if call.text("mode", "DCR") == "CRD" {
        let whole = input.view(&[n, c / area, block, block, h, w]);
        permute(call, &whole, &[0, 1, 4, 2, 5, 3])?
    } else {
        let whole = input.view(&[n, block, block, c / area, h, w]);
        permute(call, &whole, &[0, 3, 4, 1, 5, 2])?
    };
    view(&moved, &[n, c / area, h * block, w * block])
}
