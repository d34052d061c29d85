//! Operators that work element by element, with broadcasting.

use crate::import::onnx::node::{Call, broadcast, same};
use crate::import::onnx::refusal::Refusal;
use crate::tensor::{Builder, DType, Expr, Tensor};

/// Applies `f` to corresponding elements; flat where all shapes are equal.
///
/// # Errors
/// The shapes don't broadcast.
pub fn zip(
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
            let one = crate::tensor::index(0);
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
fn each(call: &mut Call<'_>, f: impl FnOnce(&mut Builder, &Expr) -> Expr) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    Ok(vec![zip(call, input.dtype, std::slice::from_ref(&input), |b, args| f(b, &args[0]))?])
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
    let after = (a.rank() as i64 - axis - b.rank() as i64).max(0) as usize;
    let shape: Vec<usize> = b.shape.iter().copied().chain(std::iter::repeat_n(1, after)).collect();
    let b = b.view(&shape);
    Ok((a, b))
}
/// `Add`
pub fn add(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    pair(call, None, |_, a, b| a + b)
}
/// `Abs`
pub fn abs(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    each(call, |_, x| x.abs())
}
/// `Identity`
pub fn identity(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    Ok(vec![call.input(0)?])
}
