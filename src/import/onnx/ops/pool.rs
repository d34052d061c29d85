//! Pools: maximum, average, Lp, global ones, and the maximum's inverse.

use crate::import::onnx::node::{Call, float, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::expr::offset;
use crate::tensor::{Builder, DType, Expr, Math, Tensor, index};

use super::gather::position;
use super::reduce::{fold, limits};
use super::window::{Window, pads, sizes};

fn window(call: &Call<'_>, x: &Tensor) -> Result<Window, Refusal> {
    let Some(kernel) = call.ints("kernel_shape").filter(|_| x.rank() >= 3) else {
        return invalid("no `kernel_shape`, or an input of less than three dimensions");
    };
    let kernel = kernel.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    Window::new(call.node, &x.shape[2..], &kernel)
}

fn output_shape(x: &Tensor, window: &Window) -> Vec<usize> {
    x.shape[..2].iter().chain(&window.output).copied().collect()
}

fn place(at: &[Expr], inner: &[Expr]) -> Vec<Expr> {
    at[..2].iter().chain(inner).cloned().collect()
}

/// `MaxPool`
pub(crate) fn max(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let window = window(call, &x)?;
    let shape = output_shape(&x, &window);
    let columns = call.int("storage_order", 0) == 1;
    let least = limits(x.dtype).0;
    if !call.wants(1) {
        return Ok(vec![call.b.map(x.dtype, &shape, |b, at| {
            let top = b.var(least);
            window.taps(b, &at[2..], |b, _, inner| b.set(&top, top.max(&x.at(&place(at, inner)))));
            top
        })?]);
    }
    let (values, places) = (call.b.alloc(x.dtype, &shape)?, call.b.alloc(DType::I64, &shape)?);
    call.b.nest(&shape, |b, at| {
        let (top, best) = (b.var(least), b.var(index(0)));
        window.taps(b, &at[2..], |b, _, inner| {
            let here = b.once(x.at(&place(at, inner)));
            b.when(&here.gt(&top), |b| {
                b.set(&top, here.clone());
                let flat = if columns { by_columns(&x, at, inner) } else { x.position(&place(at, inner)) };
                b.set(&best, flat);
            });
        });
        b.put(&values, at, top);
        b.put(&places, at, best.cast(DType::I64));
    });
    Ok(vec![values, places])
}

/// The position with the first spatial dimension running fastest.
fn by_columns(x: &Tensor, at: &[Expr], inner: &[Expr]) -> Expr {
    let mut sum = index(0);
    for (position, size) in inner.iter().zip(&x.shape[2..]).rev() {
        sum = sum * index(*size) + position;
    }
    let area: usize = x.shape[2..].iter().product();
    (&at[0] * index(x.shape[1]) + &at[1]) * index(area) + sum
}

/// `AveragePool`
pub(crate) fn average(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let (dtype, wide) = (float(&x)?, x.dtype.sum());
    let window = window(call, &x)?;
    let include = call.flag("count_include_pad", false);
    let whole = window.inside();
    let area: usize = window.kernel.iter().product();
    Ok(vec![call.b.map(dtype, &output_shape(&x, &window), |b, at| {
        let (sum, count) = (b.var(Expr::int(wide, 0)), b.var(index(0)));
        window.taps(b, &at[2..], |b, _, inner| {
            b.set(&sum, &sum + x.at(&place(at, inner)).cast(wide));
            if !include && !whole {
                b.set(&count, &count + index(1));
            }
        });
        let count = match (whole, include) {
            (true, _) => index(area),
            (_, false) => count,
            // With the pads, but not what a rounded-up size reaches beyond them.
            _ => padded(b, &window, &at[2..]),
        };
        (sum / count.max(&index(1)).cast(wide)).cast(dtype)
    })?])
}

/// Taps within the input and its pads.
fn padded(b: &mut Builder, window: &Window, out: &[Expr]) -> Expr {
    let mut all = index(1);
    for (axis, out) in out.iter().enumerate() {
        let end = window.input[axis] as i64 + window.after[axis] + window.before[axis];
        let room = offset(end) - out * index(window.strides[axis]);
        let dilation = window.dilations[axis];
        let taps = (room + index(dilation) - index(1)) / index(dilation);
        all = b.once(all * taps.max(&index(0)).min(&index(window.kernel[axis])));
    }
    all
}

/// `LpPool`
pub(crate) fn lp(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let (dtype, wide) = (float(&x)?, x.dtype.sum());
    let window = window(call, &x)?;
    let p = call.int("p", 2);
    if p < 1 {
        return invalid("`p` below one");
    }
    Ok(vec![call.b.map(dtype, &output_shape(&x, &window), |b, at| {
        let sum = b.var(Expr::int(wide, 0));
        window.taps(b, &at[2..], |b, _, inner| {
            let here = b.once(x.at(&place(at, inner)).cast(wide).abs());
            b.set(&sum, &sum + power(&here, p));
        });
        root(&sum, p).cast(dtype)
    })?])
}

fn power(x: &Expr, p: i64) -> Expr {
    match p {
        1 => x.clone(),
        2 => x * x,
        _ => x.math2(Math::Pow, &x.like(p as f64)),
    }
}

fn root(x: &Expr, p: i64) -> Expr {
    match p {
        1 => x.clone(),
        2 => x.math(Math::Sqrt),
        _ => x.math2(Math::Pow, &x.like(1.0 / p as f64)),
    }
}

/// `GlobalAveragePool`, `GlobalMaxPool`, `GlobalLpPool`
pub(crate) fn global(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let (dtype, wide) = (float(&x)?, x.dtype.sum());
    let axes: Vec<usize> = (2..x.rank()).collect();
    let count: usize = axes.iter().map(|axis| x.shape[*axis]).product();
    let p = call.int("p", 2).max(1);
    let (zero, least, types) = (Expr::int(wide, 0), limits(wide).0, (dtype, wide));
    let made = match call.node.op.as_str() {
        "GlobalMaxPool" => fold(call.b, &x, &axes, types, &least, |_, all, x| all.max(&x), |all| all.cast(dtype))?,
        "GlobalAveragePool" => {
            fold(call.b, &x, &axes, types, &zero, |_, all, x| all + x, |all| (all / count as f64).cast(dtype))?
        }
        _ => fold(call.b, &x, &axes, types, &zero, |_, all, x| all + power(&x.abs(), p), |all| root(all, p))?,
    };
    Ok(vec![made])
}

/// `MaxUnpool`
pub(crate) fn unpool(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, places) = (call.input(0)?, call.input(1)?);
    let Some(kernel) = call.ints("kernel_shape").filter(|list| list.len() + 2 == x.rank()) else {
        return invalid("`kernel_shape` of another length");
    };
    if places.shape != x.shape {
        return invalid("indices of another shape");
    }
    let rank = x.rank() - 2;
    let (strides, (before, after)) = (sizes(call.node, "strides", rank)?, pads(call.node, rank)?);
    let mut inner = x.shape[..2].to_vec();
    for axis in 0..rank {
        let length = (x.shape[2 + axis] as i64 - 1) * strides[axis] as i64 - before[axis] - after[axis];
        inner.push(size(length.saturating_add(kernel[axis]))?);
    }
    let outer = match call.optional_ints(2)? {
        Some(list) => list.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?,
        None => inner.clone(),
    };
    if outer.len() != inner.len() || outer.iter().zip(&inner).any(|(outer, inner)| outer < inner) || inner.contains(&0)
    {
        return unsupported("an output smaller than what is unpooled");
    }
    let zero = Expr::int(x.dtype, 0);
    let output = call.b.map(x.dtype, &outer, |_, _| zero)?;
    let count: usize = inner.iter().product();
    call.b.each(x.len(), |b, at| {
        let flat = position(b, &places.flat(at), count);
        let mut to = Vec::new();
        for axis in 0..inner.len() {
            let stride: usize = inner[axis + 1..].iter().product();
            to.push(&flat / index(stride) % index(inner[axis]));
        }
        b.put(&output, &to, x.flat(at));
    });
    Ok(vec![output])
}
