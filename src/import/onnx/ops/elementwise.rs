//! Operators that work element by element, with broadcasting: arithmetic, comparisons, logic, bits.

use crate::import::onnx::node::{Call, broadcast, same};
use crate::import::onnx::refusal::{Refusal, unsupported};
use crate::tensor::{Builder, DType, Expr, Math, Tensor, index};

/// Applies `f` to corresponding elements; flat where all shapes are equal.
///
/// # Errors
/// The shapes don't broadcast.
pub(crate) fn zip(
    call: &mut Call<'_>,
    dtype: DType,
    inputs: &[Tensor],
    f: impl FnOnce(&mut Builder, &[Expr]) -> Expr,
) -> Result<Tensor, Refusal> {
    let mut shape = Vec::new();
    for input in inputs {
        shape = broadcast(&shape, &input.shape)?;
    }
    let equal = inputs.iter().all(|input| input.shape == shape || input.len() == 1 && input.rank() <= shape.len());
    if equal {
        let count: usize = shape.iter().product();
        let flat = call.b.map(dtype, &[count], |b, at| {
            let one = index(0);
            let args: Vec<Expr> =
                inputs.iter().map(|input| input.flat(if input.shape == shape { &at[0] } else { &one })).collect();
            f(b, &args)
        })?;
        return Ok(flat.view(&shape));
    }
    Ok(call.b.map(dtype, &shape, |b, at| {
        let args: Vec<Expr> = inputs.iter().map(|input| input.broadcast(at)).collect();
        f(b, &args)
    })?)
}

/// Applies `f` to each element of the first input.
///
/// # Errors
/// There is no input.
pub(crate) fn each(
    call: &mut Call<'_>,
    dtype: Option<DType>,
    f: impl FnOnce(&mut Builder, &Expr) -> Expr,
) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let dtype = dtype.unwrap_or(input.dtype);
    Ok(vec![zip(call, dtype, std::slice::from_ref(&input), |b, args| {
        let x = b.once(args[0].clone());
        f(b, &x)
    })?])
}

/// Applies `f` to the elements of two inputs of one type.
fn pair(
    call: &mut Call<'_>,
    dtype: Option<DType>,
    f: impl FnOnce(&mut Builder, &Expr, &Expr) -> Expr,
) -> Result<Vec<Tensor>, Refusal> {
    let (a, b) = legacy(call)?;
    same(&a, &b)?;
    let dtype = dtype.unwrap_or(a.dtype);
    Ok(vec![zip(call, dtype, &[a, b], |builder, args| f(builder, &args[0], &args[1]))?])
}

/// The two inputs; before opset 7 the second broadcast along `axis` if `broadcast` was set.
fn legacy(call: &Call<'_>) -> Result<(Tensor, Tensor), Refusal> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if call.opset >= 7 || !call.flag("broadcast", false) {
        return Ok((a, b));
    }
    let axis = call.int("axis", a.rank() as i64 - b.rank() as i64);
    let after = (a.rank() as i64).saturating_sub(axis).saturating_sub(b.rank() as i64).clamp(0, a.rank() as i64);
    let shape: Vec<usize> = b.shape.iter().copied().chain(std::iter::repeat_n(1, after as usize)).collect();
    let b = b.view(&shape);
    Ok((a, b))
}

/// `Add`, `Sub`, `Mul`, `Div`, and the bitwise and logical operators of two inputs.
pub(crate) fn binary(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let op = call.node.op.clone();
    let dtype = call.input(0)?.dtype;
    let logical = matches!(op.as_str(), "And" | "Or" | "Xor");
    let bitwise = op.starts_with("Bitwise");
    if logical && dtype != DType::Bool || bitwise && !dtype.is_int() || !logical && dtype == DType::Bool {
        return unsupported(format!("of {}", dtype.word()));
    }
    pair(call, None, |_, a, b| match op.as_str() {
        "Add" => a + b,
        "Sub" => a - b,
        "Mul" => a * b,
        "Div" => a / b,
        "And" | "BitwiseAnd" => a.and(b),
        "Or" | "BitwiseOr" => a.or(b),
        "Xor" | "BitwiseXor" => a.xor(b),
        _ => panic!("bug: {op} in the table of two inputs"),
    })
}

/// `Equal`, `Less`, `LessOrEqual`, `Greater`, `GreaterOrEqual`
pub(crate) fn compare(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let op = call.node.op.clone();
    pair(call, Some(DType::Bool), |_, a, b| match op.as_str() {
        "Equal" => a.eq_(b),
        "Less" => a.lt(b),
        "LessOrEqual" => a.le(b),
        "Greater" => a.gt(b),
        "GreaterOrEqual" => a.ge(b),
        _ => panic!("bug: {op} in the table of comparisons"),
    })
}

/// `Max`, `Min`, `Sum`, `Mean` of any number of inputs.
pub(crate) fn variadic(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let op = call.node.op.clone();
    let inputs: Vec<Tensor> = (0..call.inputs.len()).map(|position| call.input(position)).collect::<Result<_, _>>()?;
    let first = call.input(0)?;
    for input in &inputs {
        same(&first, input)?;
    }
    let count = inputs.len() as f64;
    let made = zip(call, first.dtype, &inputs, |b, args| {
        let wide = first.dtype.sum();
        let all = args[1..].iter().fold(args[0].clone(), |all, next| {
            // A tree of choices repeats its parts: each is named once.
            let all = if args.len() > 2 { b.once(all) } else { all };
            match op.as_str() {
                "Max" => all.max(next),
                "Min" => all.min(next),
                _ => all.cast(wide) + next.cast(wide),
            }
        });
        if op == "Mean" { all.cast(wide) / count } else { all }
    })?;
    Ok(vec![made])
}

/// `Pow`; the exponent may be of another type.
pub(crate) fn pow(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (a, b) = legacy(call)?;
    let dtype = a.dtype;
    let made = zip(call, dtype, &[a, b], |_, args| {
        let wide = if dtype.is_float() { dtype } else { DType::F64 };
        args[0].cast(wide).math2(Math::Pow, &args[1].cast(wide)).cast(dtype)
    })?;
    Ok(vec![made])
}

/// `Mod`: the sign is the divisor's, or with `fmod` the dividend's.
pub(crate) fn modulo(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let fmod = call.flag("fmod", false);
    pair(call, None, |b, x, y| {
        let y = b.once(y.clone());
        let rest = b.once(x % &y);
        if fmod || !rest.dtype.is_signed() && !rest.dtype.is_float() {
            return rest;
        }
        let zero = rest.like(0.0);
        let wrong = rest.ne_(&zero).and(&rest.lt(&zero).xor(&y.lt(&zero)));
        wrong.select(&(&rest + &y), &rest)
    })
}

/// `BitShift`
pub(crate) fn bit_shift(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let left = call.text("direction", "") == "LEFT";
    pair(call, None, |_, a, b| if left { a.shl(b) } else { a.shr(b) })
}

/// `Not`, `BitwiseNot`, `Neg`, `Abs`, `Sign`
pub(crate) fn sign(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let op = call.node.op.clone();
    each(call, None, |_, x| match op.as_str() {
        "Not" | "BitwiseNot" => x.not(),
        "Neg" => -x,
        "Abs" => x.abs(),
        _ => {
            let (zero, one) = (x.like(0.0), x.like(1.0));
            let below = if x.dtype.is_signed() || x.dtype.is_float() {
                x.lt(&zero).select(&x.like(-1.0), x)
            } else {
                x.clone()
            };
            x.gt(&zero).select(&one, &below)
        }
    })
}

/// `IsNaN`, `IsInf`
pub(crate) fn classify(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    if call.node.op == "IsNaN" {
        return each(call, Some(DType::Bool), |_, x| x.is_nan());
    }
    let (negative, positive) = (call.flag("detect_negative", true), call.flag("detect_positive", true));
    each(call, Some(DType::Bool), |_, x| {
        let high = x.eq_(&x.like(f64::INFINITY)).and(&Expr::truth(positive));
        let low = x.eq_(&x.like(f64::NEG_INFINITY)).and(&Expr::truth(negative));
        high.or(&low)
    })
}

/// `Where`
pub(crate) fn choose(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let inputs = [call.input(0)?, call.input(1)?, call.input(2)?];
    same(&inputs[1], &inputs[2])?;
    if inputs[0].dtype != DType::Bool {
        return unsupported("a condition that is no boolean");
    }
    let dtype = inputs[1].dtype;
    Ok(vec![zip(call, dtype, &inputs, |_, args| args[0].select(&args[1], &args[2]))?])
}

/// `Clip`
pub(crate) fn clip(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let dtype = call.input(0)?.dtype;
    let bound = |call: &Call<'_>, position: usize, name: &str| {
        if call.opset >= 11 {
            call.optional(position).map(|bound| bound.flat(&index(0)))
        } else {
            call.attribute(name).map(|_| Expr::float(dtype, call.float(name, 0.0)))
        }
    };
    let (low, high) = (bound(call, 1, "min"), bound(call, 2, "max"));
    if low.iter().chain(&high).any(|bound| bound.dtype != dtype) {
        return unsupported("bounds of another type");
    }
    each(call, None, |_, x| {
        let x = low.map_or(x.clone(), |low| x.max(&low));
        high.map_or(x.clone(), |high| x.min(&high))
    })
}
