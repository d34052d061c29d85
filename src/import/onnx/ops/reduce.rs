//! Reductions over axes, and what is built of them: softmax, norms of vectors, arg-max, cumulative sums.

use crate::import::onnx::node::{Call, axes, axis, float};
use crate::import::onnx::refusal::{Refusal, invalid};
use crate::tensor::{Builder, DType, Expr, Math, Tensor, index};

/// Positions split in those that stay and those that are reduced: calls `body` with a function's worth of index.
fn along(b: &mut Builder, input: &Tensor, reduced: &[usize], outer: &[Expr], body: impl FnOnce(&mut Builder, &[Expr])) {
    let sizes: Vec<usize> = reduced.iter().map(|axis| input.shape[*axis]).collect();
    b.nest(&sizes, |b, inner| {
        let mut at = outer.to_vec();
        for (axis, position) in reduced.iter().zip(inner) {
            at[*axis] = position.clone();
        }
        body(b, &at);
    });
}

/// `input` reduced over axes that stay as ones: `step` takes the accumulator (of `wide`) and an element.
///
/// # Errors
/// The buffers exceed their bound.
pub(crate) fn fold(
    b: &mut Builder,
    input: &Tensor,
    reduced: &[usize],
    (dtype, wide): (DType, DType),
    first: &Expr,
    step: impl FnOnce(&mut Builder, &Expr, Expr) -> Expr,
    last: impl FnOnce(&Expr) -> Expr,
) -> Result<Tensor, Refusal> {
    let shape: Vec<usize> =
        input.shape.iter().enumerate().map(|(axis, size)| if reduced.contains(&axis) { 1 } else { *size }).collect();
    Ok(b.map(dtype, &shape, |b, outer| {
        let all = b.var(first.clone());
        along(b, input, reduced, outer, |b, at| {
            let x = b.once(input.at(at).cast(wide));
            let next = step(b, &all, x);
            b.set(&all, next);
        });
        last(&all)
    })?)
}

/// The least and the greatest value of a type.
pub(crate) fn limits(dtype: DType) -> (Expr, Expr) {
    if dtype.is_float() {
        (Expr::float(dtype, f64::NEG_INFINITY), Expr::float(dtype, f64::INFINITY))
    } else {
        (Expr::int(dtype, dtype.min()), Expr::int(dtype, dtype.max()))
    }
}

/// The axes of a reduction; `None`: nothing is to be done.
fn reduced(call: &Call<'_>, rank: usize) -> Result<Option<Vec<usize>>, Refusal> {
    let since = if call.node.op == "ReduceSum" { 13 } else { 18 };
    let list = call.ints_since("axes", since, 1)?.unwrap_or_default();
    if list.is_empty() {
        let nothing = call.flag("noop_with_empty_axes", false) && call.opset >= since;
        return Ok((!nothing).then(|| (0..rank).collect()));
    }
    axes(&list, rank).map(Some)
}

/// `ReduceSum`, `ReduceMean`, `ReduceMax`, …
pub(crate) fn reduce(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let axes = reduced(call, input.rank())?;
    let keep = call.flag("keepdims", true);
    let noop = axes.is_none();
    let axes = axes.unwrap_or_default();
    let count: usize = axes.iter().map(|axis| input.shape[*axis]).product();
    let op = call.node.op.clone();
    if noop && matches!(op.as_str(), "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd") {
        return Ok(vec![input]);
    }
    let reduced = reduction(call.b, &op, &input, &axes, count)?;
    Ok(vec![dropped(&reduced, &axes, keep)])
}

/// Without the axes of size one, unless they are kept.
fn dropped(tensor: &Tensor, axes: &[usize], keep: bool) -> Tensor {
    if keep {
        return tensor.clone();
    }
    let shape: Vec<usize> =
        tensor.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, size)| *size).collect();
    tensor.view(&shape)
}

fn reduction(b: &mut Builder, op: &str, input: &Tensor, axes: &[usize], count: usize) -> Result<Tensor, Refusal> {
    let dtype = input.dtype;
    if dtype == DType::Bool {
        let first = Expr::truth(op == "ReduceMin");
        let step = |_: &mut Builder, all: &Expr, x: Expr| if op == "ReduceMin" { all.and(&x) } else { all.or(&x) };
        return fold(b, input, axes, (dtype, dtype), &first, step, Expr::clone);
    }
    let wide = dtype.sum();
    let (least, greatest) = limits(wide);
    let zero = Expr::int(wide, 0);
    let real = if wide.is_float() { wide } else { DType::F64 };
    let types = (dtype, wide);
    match op {
        "ReduceSum" => fold(b, input, axes, types, &zero, |_, all, x| all + x, Expr::clone),
        "ReduceMean" => fold(
            b,
            input,
            axes,
            types,
            &zero,
            |_, all, x| all + x,
            |all| {
                if wide.is_float() { all / count as f64 } else { all / Expr::int(wide, count as i64) }
            },
        ),
        "ReduceMax" => fold(b, input, axes, types, &least, |_, all, x| all.max(&x), Expr::clone),
        "ReduceMin" => fold(b, input, axes, types, &greatest, |_, all, x| all.min(&x), Expr::clone),
        "ReduceProd" => fold(b, input, axes, types, &Expr::int(wide, 1), |_, all, x| all * x, Expr::clone),
        "ReduceL1" => fold(b, input, axes, types, &zero, |_, all, x| all + x.abs(), Expr::clone),
        "ReduceL2" => fold(
            b,
            input,
            axes,
            (dtype, real),
            &Expr::int(real, 0),
            |_, all, x| all + &x * &x,
            |all| all.math(Math::Sqrt),
        ),
        "ReduceSumSquare" => fold(b, input, axes, types, &zero, |_, all, x| all + &x * &x, Expr::clone),
        "ReduceLogSum" => {
            fold(b, input, axes, (dtype, real), &Expr::int(real, 0), |_, all, x| all + x, |all| all.math(Math::Log))
        }
        _ => {
            let greatest = fold(b, input, axes, types, &least, |_, all, x| all.max(&x), Expr::clone)?;
            let shape = greatest.shape.clone();
            Ok(b.map(dtype, &shape, |b, outer| {
                let top = b.var(greatest.at(outer).cast(real));
                let infinite = top.abs().eq_(&top.like(f64::INFINITY));
                let top = b.var(infinite.select(&top.like(0.0), &top));
                let all = b.var(Expr::int(real, 0));
                along(b, input, axes, outer, |b, at| {
                    let x = input.at(at).cast(real);
                    b.set(&all, &all + (x - &top).math(Math::Exp));
                });
                all.math(Math::Log) + top
            })?)
        }
    }
}

/// `Softmax`, `LogSoftmax`, `Hardmax`; before opset 13 over all axes from `axis` on.
pub(crate) fn softmax(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let dtype = float(&input)?;
    let flat = call.opset < 13;
    let at = call.int("axis", if flat { 1 } else { -1 });
    let at = if flat && at == input.rank() as i64 { input.rank() } else { axis(at, input.rank())? };
    let view = if flat {
        input.view(&[input.shape[..at].iter().product(), input.shape[at..].iter().product()])
    } else {
        input.view(&[input.shape[..at].iter().product(), input.shape[at], input.shape[at + 1..].iter().product()])
    };
    let op = call.node.op.clone();
    let output = call.b.alloc(dtype, &view.shape)?;
    let rows: Vec<usize> = [0, 2].iter().filter_map(|axis| view.shape.get(*axis).copied()).collect();
    call.b.nest(&rows, |b, row| {
        let place = |at: &Expr| -> Vec<Expr> {
            let mut place = row.to_vec();
            place.insert(1, at.clone());
            place
        };
        match op.as_str() {
            "Hardmax" => hard(b, &view, &output, &place),
            _ => soft(b, &view, &output, &place, op == "LogSoftmax"),
        }
    });
    Ok(vec![output.view(&input.shape)])
}

/// One row of a softmax: `place` makes a position along the axis a position in the tensor.
pub(crate) fn soft(b: &mut Builder, input: &Tensor, output: &Tensor, place: &dyn Fn(&Expr) -> Vec<Expr>, log: bool) {
    let (dtype, wide, count) = (output.dtype, output.dtype.sum(), input.shape[1]);
    let top = b.var(limits(wide).0);
    b.each(count, |b, at| b.set(&top, top.max(&input.at(&place(at)).cast(wide))));
    let sum = b.var(Expr::int(wide, 0));
    b.each(count, |b, at| {
        let x = input.at(&place(at)).cast(wide);
        b.set(&sum, &sum + (x - &top).math(Math::Exp));
    });
    let scale = b.var(if log { sum.math(Math::Log) } else { sum.like(1.0) / &sum });
    b.each(count, |b, at| {
        let x = input.at(&place(at)).cast(wide) - &top;
        let value = if log { x - &scale } else { x.math(Math::Exp) * &scale };
        b.put(output, &place(at), value.cast(dtype));
    });
}

fn hard(b: &mut Builder, input: &Tensor, output: &Tensor, place: &dyn Fn(&Expr) -> Vec<Expr>) {
    let best = b.var(index(0));
    b.each(input.shape[1], |b, at| {
        let better = input.at(&place(at)).gt(&input.at(&place(&best)));
        b.set(&best, better.select(at, &best));
    });
    b.each(input.shape[1], |b, at| {
        let one = at.eq_(&best).select(&Expr::int(output.dtype, 1), &Expr::int(output.dtype, 0));
        b.put(output, &place(at), one);
    });
}

/// `ArgMax`, `ArgMin`
pub(crate) fn arg(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let along = axis(call.int("axis", 0), input.rank())?;
    let (last, least) = (call.flag("select_last_index", false), call.node.op == "ArgMin");
    if input.shape[along] == 0 {
        return invalid("an axis without elements");
    }
    let mut shape = input.shape.clone();
    shape[along] = 1;
    let output = call.b.map(DType::I64, &shape, |b, outer| {
        let best = b.var(index(0));
        b.each(input.shape[along], |b, position| {
            let (mut here, mut there) = (outer.to_vec(), outer.to_vec());
            (here[along], there[along]) = (position.clone(), best.clone());
            let (x, y) = (input.at(&here), input.at(&there));
            let better = match (least, last) {
                (false, false) => x.gt(&y),
                (false, true) => x.ge(&y),
                (true, false) => x.lt(&y),
                (true, true) => x.le(&y),
            };
            b.set(&best, better.select(position, &best));
        });
        best.cast(DType::I64)
    })?;
    Ok(vec![dropped(&output, &[along], call.flag("keepdims", true))])
}

/// `CumSum`, `CumProd`
pub(crate) fn cumulative(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let along = axis(call.known_ints(1)?.first().copied().unwrap_or(0), input.rank())?;
    let (exclusive, reverse) = (call.flag("exclusive", false), call.flag("reverse", false));
    let product = call.node.op == "CumProd";
    let (dtype, wide, size) = (input.dtype, input.dtype.sum(), input.shape[along]);
    let output = call.b.alloc(dtype, &input.shape)?;
    let mut outer = input.shape.clone();
    outer[along] = 1;
    call.b.nest(&outer, |b, at| {
        let sum = b.var(Expr::int(wide, i64::from(product)));
        b.each(size, |b, position| {
            let mut at = at.to_vec();
            at[along] = if reverse { index(size) - index(1) - position } else { position.clone() };
            let x = input.at(&at).cast(wide);
            if exclusive {
                b.put(&output, &at, sum.cast(dtype));
            }
            b.set(&sum, if product { &sum * x } else { &sum + x });
            if !exclusive {
                b.put(&output, &at, sum.cast(dtype));
            }
        });
    });
    Ok(vec![output])
}

/// `LpNormalization`
pub(crate) fn lp_normalization(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let dtype = float(&input)?;
    let along = axis(call.int("axis", -1), input.rank())?;
    let op = if call.int("p", 2) == 1 { "ReduceL1" } else { "ReduceL2" };
    let norm = reduction(call.b, op, &input, &[along], input.shape[along])?;
    Ok(vec![call.b.map(dtype, &input.shape, |_, at| input.at(at) / norm.broadcast(at))?])
}
