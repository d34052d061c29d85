//! Convolutions: float, integer and quantised; transposed; deformable is in `deform`.

use crate::import::onnx::node::{Call, float, size};
use crate::import::onnx::refusal::{Refusal, invalid};
use crate::tensor::expr::offset;
use crate::tensor::{Builder, DType, Expr, Tensor, index};

use super::window::{Window, pads, sizes};

/// The sizes of a convolution.
pub(crate) struct Plan {
    window: Window,
    groups: usize,
    batch: usize,
    /// Input and output channels of a group.
    depth: (usize, usize),
}

/// Checks the input and the weights of a convolution against each other.
///
/// # Errors
/// They don't fit.
pub(crate) fn plan(call: &Call<'_>, x: &Tensor, w: &Tensor) -> Result<Plan, Refusal> {
    let groups = size(call.int("group", 1))?;
    let fits = x.rank() >= 3
        && w.rank() == x.rank()
        && groups > 0
        && w.shape[0].is_multiple_of(groups)
        && Some(x.shape[1]) == w.shape[1].checked_mul(groups);
    if !fits {
        return invalid(format!("weights {:?} in {groups} groups over {:?}", w.shape, x.shape));
    }
    if call
        .ints("kernel_shape")
        .is_some_and(|list| list != w.shape[2..].iter().map(|one| *one as i64).collect::<Vec<i64>>())
    {
        return invalid("`kernel_shape` is not that of the weights");
    }
    let window = Window::new(call.node, &x.shape[2..], &w.shape[2..])?;
    Ok(Plan { window, groups, batch: x.shape[0], depth: (w.shape[1], w.shape[0] / groups) })
}

/// Convolves: `term` multiplies an element of the input and a weight, each by its position; `last` makes the sum at an
/// output position the output.
///
/// # Errors
/// The buffers exceed their bound.
pub(crate) fn convolve(
    b: &mut Builder,
    plan: &Plan,
    (dtype, wide): (DType, DType),
    term: &dyn Fn(&[Expr], &[Expr]) -> Expr,
    last: &dyn Fn(&mut Builder, &Expr, &[Expr]) -> Expr,
) -> Result<Tensor, Refusal> {
    let (window, (depth, filters)) = (&plan.window, plan.depth);
    let mut shape = vec![plan.batch, plan.groups * filters];
    shape.extend(&window.output);
    let output = b.alloc(dtype, &shape)?;
    let mut loops = vec![plan.batch, plan.groups, filters];
    loops.extend(&window.output);
    b.nest(&loops, |b, at| {
        let filter = b.once(&at[1] * index(filters) + &at[2]);
        let sum = b.var(Expr::int(wide, 0));
        let channels = |b: &mut Builder, tap: &[Expr], place: &[Expr], channel: &Expr| {
            let mut from = vec![at[0].clone(), &at[1] * index(depth) + channel];
            from.extend_from_slice(place);
            let mut weight = vec![filter.clone(), channel.clone()];
            weight.extend_from_slice(tap);
            b.set(&sum, &sum + term(&from, &weight));
        };
        // Where no tap needs a check, taps are the inner loops, which run along memory.
        if window.inside() {
            b.each(depth, |b, channel| {
                window.taps(b, &at[3..], |b, tap, place| channels(b, tap, place, channel));
            });
        } else {
            window.taps(b, &at[3..], |b, tap, place| {
                b.each(depth, |b, channel| channels(b, tap, place, channel));
            });
        }
        let mut to = vec![at[0].clone(), filter];
        to.extend_from_slice(&at[3..]);
        let value = last(b, &sum, &to);
        b.put(&output, &to, value);
    });
    Ok(output)
}

/// `Conv`
pub(crate) fn conv(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, w, bias) = (call.input(0)?, call.input(1)?, call.optional(2));
    let dtype = float(&x)?;
    let wide = dtype.sum();
    let plan = plan(call, &x, &w)?;
    check_bias(bias.as_ref(), w.shape[0])?;
    let made = convolve(
        call.b,
        &plan,
        (dtype, wide),
        &|from, weight| x.at(from).cast(wide) * w.at(weight).cast(wide),
        &|_, sum, to| match &bias {
            Some(bias) => (sum + bias.flat(&to[1]).cast(wide)).cast(dtype),
            None => sum.cast(dtype),
        },
    )?;
    Ok(vec![made])
}

/// A bias has one element a filter.
///
/// # Errors
/// It has not.
pub(crate) fn check_bias(bias: Option<&Tensor>, filters: usize) -> Result<(), Refusal> {
    match bias {
        Some(bias) if bias.len() != filters => invalid("a bias of another length than the filters"),
        _ => Ok(()),
    }
}

/// `ConvTranspose`
pub(crate) fn transposed(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, w, bias) = (call.input(0)?, call.input(1)?, call.optional(2));
    let dtype = float(&x)?;
    let wide = dtype.sum();
    let groups = size(call.int("group", 1))?;
    let fits = x.rank() >= 3
        && w.rank() == x.rank()
        && groups > 0
        && w.shape[0] == x.shape[1]
        && w.shape[0].is_multiple_of(groups);
    if !fits {
        return invalid(format!("weights {:?} in {groups} groups over {:?}", w.shape, x.shape));
    }
    let (depth, filters) = (w.shape[0] / groups, w.shape[1]);
    check_bias(bias.as_ref(), filters.saturating_mul(groups))?;
    let rank = x.rank() - 2;
    let (strides, dilations) = (sizes(call.node, "strides", rank)?, sizes(call.node, "dilations", rank)?);
    let (output, before) = transposed_sizes(call, &x.shape[2..], &w.shape[2..], &strides, &dilations)?;
    let mut shape = vec![x.shape[0], filters * groups];
    shape.extend(&output);
    let made = call.b.alloc(dtype, &shape)?;
    let mut loops = vec![x.shape[0], groups, filters];
    loops.extend(&output);
    call.b.nest(&loops, |b, at| {
        let channel = b.once(&at[1] * index(filters) + &at[2]);
        let sum = b.var(bias.as_ref().map_or(Expr::int(wide, 0), |bias| bias.flat(&channel).cast(wide)));
        b.nest(&w.shape[2..], |b, tap| {
            let mut inside = Expr::truth(true);
            let mut from = Vec::new();
            for axis in 0..rank {
                let far = &at[3 + axis] + offset(before[axis]) - &tap[axis] * index(dilations[axis]);
                let far = b.once(far);
                let stride = index(strides[axis]);
                let place = b.once(&far / &stride);
                inside = inside.and(&far.ge(&index(0))).and(&(&far % &stride).eq_(&index(0)));
                inside = inside.and(&place.lt(&index(x.shape[2 + axis])));
                from.push(place);
            }
            b.when(&inside, |b| {
                b.each(depth, |b, deep| {
                    let deep = &at[1] * index(depth) + deep;
                    let place: Vec<Expr> = [at[0].clone(), deep.clone()].into_iter().chain(from).collect();
                    let weight: Vec<Expr> = [deep, at[2].clone()].into_iter().chain(tap.iter().cloned()).collect();
                    b.set(&sum, &sum + x.at(&place).cast(wide) * w.at(&weight).cast(wide));
                });
            });
        });
        let mut to = vec![at[0].clone(), channel];
        to.extend_from_slice(&at[3..]);
        b.put(&made, &to, sum.cast(dtype));
    });
    Ok(vec![made])
}

/// Sizes of the output, and the pads before it.
fn transposed_sizes(
    call: &Call<'_>,
    input: &[usize],
    kernel: &[usize],
    strides: &[usize],
    dilations: &[usize],
) -> Result<(Vec<usize>, Vec<i64>), Refusal> {
    let rank = input.len();
    let (mut before, after) = pads(call.node, rank)?;
    let extra = call.ints("output_padding").filter(|list| !list.is_empty()).unwrap_or_else(|| vec![0; rank]);
    let wanted = call.ints("output_shape").map(|list| list[list.len().saturating_sub(rank)..].to_vec());
    let auto = call.text("auto_pad", "NOTSET");
    if extra.len() != rank || wanted.as_ref().is_some_and(|list| list.len() != rank) {
        return invalid("lists of another length than the dimensions");
    }
    let mut output = Vec::new();
    for axis in 0..rank {
        let reach = (kernel[axis] as i64 - 1) * dilations[axis] as i64 + 1;
        let full = (input[axis] as i64 - 1) * strides[axis] as i64 + extra[axis].clamp(0, 1 << 20) + reach;
        let same = auto.starts_with("SAME").then_some(input[axis] as i64 * strides[axis] as i64);
        let length = wanted.as_ref().map(|list| list[axis]).or(same);
        output.push(size(match length {
            Some(length) => {
                // The definition's rule for given sizes: the pads are what is left over.
                let total = (full - length).max(0);
                before[axis] = if auto == "SAME_UPPER" { total / 2 } else { total - total / 2 };
                length
            }
            None => full - before[axis] - after[axis],
        })?);
    }
    Ok((output, before))
}

/// `Col2Im`: blocks of an image added where they belong.
pub(crate) fn col2im(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let image = call.known_ints(1)?.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    let block = call.known_ints(2)?.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    let window = Window::new(call.node, &image, &block)?;
    let area: usize = block.iter().product();
    let blocks: usize = window.output.iter().product();
    if x.rank() != 3 || !x.shape[1].is_multiple_of(area) || x.shape[2] != blocks {
        return invalid(format!("columns {:?} of blocks {block:?} of {image:?}", x.shape));
    }
    let channels = x.shape[1] / area;
    let mut shape = vec![x.shape[0], channels];
    shape.extend(&image);
    let zero = Expr::int(x.dtype, 0);
    let output = call.b.map(x.dtype, &shape, |_, _| zero)?;
    let mut split = vec![x.shape[0], channels];
    split.extend(&block);
    split.extend(&window.output);
    let view = x.view(&split);
    let mut loops = vec![x.shape[0], channels];
    loops.extend(&window.output);
    call.b.nest(&loops, |b, at| {
        window.taps(b, &at[2..], |b, tap, place| {
            let from: Vec<Expr> = at[..2].iter().chain(tap).chain(&at[2..]).cloned().collect();
            let to: Vec<Expr> = at[..2].iter().chain(place).cloned().collect();
            b.put(&output, &to, output.at(&to) + view.at(&from));
        });
    });
    Ok(vec![output])
}
