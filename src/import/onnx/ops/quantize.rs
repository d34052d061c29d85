//! Quantised numbers: conversions, and the integer forms of products and convolutions.

use crate::import::onnx::node::{Call, axis, float, same, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{DType, Expr, Math, Tensor, index};

use super::conv::{check_bias, convolve, plan};
use super::matmul::stacks;

/// The scale or zero point that belongs to a position of the input: one for all, one along an axis, or one a block.
struct Spread {
    axis: usize,
    block: usize,
}

impl Spread {
    fn of(call: &Call<'_>, x: &Tensor, scale: &Tensor) -> Result<Self, Refusal> {
        let block = size(call.int("block_size", 0))?;
        if scale.len() == 1 && block == 0 {
            return Ok(Self { axis: 0, block: 0 });
        }
        let axis = axis(call.int("axis", 1), x.rank())?;
        let fits = if block == 0 {
            scale.rank() == 1 && scale.len() == x.shape[axis]
        } else {
            scale.rank() == x.rank()
                && (0..x.rank()).all(|other| {
                    scale.shape[other] == if other == axis { x.shape[axis].div_ceil(block) } else { x.shape[other] }
                })
        };
        if fits { Ok(Self { axis, block }) } else { invalid(format!("a scale {:?} for {:?}", scale.shape, x.shape)) }
    }

    fn at(&self, part: &Tensor, at: &[Expr]) -> Expr {
        if part.len() == 1 {
            return part.flat(&index(0));
        }
        if self.block == 0 {
            return part.flat(&at[self.axis]);
        }
        let mut own = at.to_vec();
        own[self.axis] = &at[self.axis] / index(self.block);
        part.at(&own)
    }
}

/// `x` (real, already divided by its scale) as a quantised number.
fn rounded(x: &Expr, zero: Option<&Expr>, to: DType) -> Expr {
    if to.is_float() {
        let x = zero.map_or(x.clone(), |zero| x + zero.cast(x.dtype));
        return x.cast_saturating(to, true);
    }
    let x = x.math(Math::Rint);
    let x = zero.map_or(x.clone(), |zero| &x + zero.cast(x.dtype));
    if to.size() >= 4 { x.cast(to) } else { x.clamp(to.min() as f64, to.max() as f64).cast(to) }
}

/// `QuantizeLinear`
pub(crate) fn quantize(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, scale, zero) = (call.input(0)?, call.input(1)?, call.optional(2));
    let to = match (&zero, call.dtype("output_dtype")?) {
        (Some(zero), _) => zero.dtype,
        (None, Some(dtype)) => dtype,
        (None, None) => DType::U8,
    };
    let spread = Spread::of(call, &x, &scale)?;
    if zero.as_ref().is_some_and(|zero| zero.len() != scale.len()) {
        return invalid("a zero point of another shape than the scale");
    }
    Ok(vec![call.b.map(to, &x.shape, |_, at| {
        let scaled = x.at(at).cast(DType::F32) / spread.at(&scale, at).cast(DType::F32);
        let zero = zero.as_ref().map(|zero| spread.at(zero, at));
        rounded(&scaled, zero.as_ref(), to)
    })?])
}

/// `DequantizeLinear`
pub(crate) fn dequantize(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, scale, zero) = (call.input(0)?, call.input(1)?, call.optional(2));
    let to = call.dtype("output_dtype")?.unwrap_or(scale.dtype);
    let spread = Spread::of(call, &x, &scale)?;
    if zero.as_ref().is_some_and(|zero| zero.len() != scale.len() || zero.dtype != x.dtype) {
        return invalid("a zero point of another shape or type");
    }
    Ok(vec![call.b.map(to, &x.shape, |_, at| {
        let wide = if x.dtype.is_float() { DType::F32 } else { DType::I32 };
        let own = x.at(at).cast(wide);
        let zero = zero.as_ref().map(|zero| spread.at(zero, at).cast(wide));
        let far = zero.map_or(own.clone(), |zero| own - zero);
        far.cast(DType::F32) * spread.at(&scale, at).cast(DType::F32)
    })?])
}

/// `DynamicQuantizeLinear`
pub(crate) fn dynamic(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    if float(&x)? != DType::F32 {
        return unsupported(format!("of {}", x.dtype.word()));
    }
    let (scale, zero) = (call.b.alloc(DType::F32, &[])?, call.b.alloc(DType::U8, &[])?);
    let y = call.b.alloc(DType::U8, &x.shape)?;
    let nil = Expr::float(DType::F32, 0.0);
    let (low, high) = (call.b.var(nil.clone()), call.b.var(nil.clone()));
    call.b.each(x.len(), |b, at| {
        b.set(&low, low.min(&x.flat(at)));
        b.set(&high, high.max(&x.flat(at)));
    });
    let unit = call.b.var((&high - &low) / 255.0);
    let point = (-&low / &unit).clamp(0.0, 255.0).math(Math::Rint);
    let point = call.b.var(unit.eq_(&nil).select(&nil, &point));
    call.b.put(&scale, &[], unit.clone());
    call.b.put(&zero, &[], point.cast(DType::U8));
    call.b.each(x.len(), |b, at| {
        let value = ((x.flat(at) / &unit).math(Math::Rint) + &point).clamp(0.0, 255.0);
        b.put_flat(&y, at.clone(), unit.eq_(&nil).select(&nil, &value).cast(DType::U8));
    });
    Ok(vec![y, scale, zero])
}

/// An element of a scale or zero point that is one for all or one a row or column.
fn own(part: &Tensor, at: &Expr) -> Expr {
    if part.len() == 1 { part.flat(&index(0)) } else { part.flat(at) }
}

/// A zero point's element as `I32`; zero if there is none.
fn point(part: Option<&Tensor>, at: &Expr) -> Expr {
    part.map_or(Expr::int(DType::I32, 0), |part| own(part, at).cast(DType::I32))
}

/// `MatMulInteger`
pub(crate) fn matmul_integer(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (a, b, zero_a, zero_b) = (call.input(0)?, call.input(1)?, call.optional(2), call.optional(3));
    let pair = stacks(&a, &b)?;
    let (rows, columns) = (pair.full[pair.full.len() - 2], pair.full[pair.full.len() - 1]);
    lengths(&[(zero_a.as_ref(), rows), (zero_b.as_ref(), columns)])?;
    let made = pair.product(
        call.b,
        (DType::I32, DType::I32),
        &|a, b, row, column| {
            (a.cast(DType::I32) - point(zero_a.as_ref(), row)) * (b.cast(DType::I32) - point(zero_b.as_ref(), column))
        },
        &|_, sum, _| sum.clone(),
    )?;
    Ok(vec![made])
}

fn lengths(parts: &[(Option<&Tensor>, usize)]) -> Result<(), Refusal> {
    for (part, length) in parts {
        if part.is_some_and(|part| part.len() != 1 && part.len() != *length) {
            return unsupported("a scale or zero point for each matrix of a stack");
        }
    }
    Ok(())
}

/// Scales are floats of one type.
fn factors([a, b, y]: [&Tensor; 3]) -> Result<(), Refusal> {
    float(y)?;
    same(a, y)?;
    same(b, y)
}

/// `QLinearMatMul`
pub(crate) fn qlinear_matmul(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let parts: Vec<Tensor> = (0..8).map(|position| call.input(position)).collect::<Result<_, _>>()?;
    let [a, scale_a, zero_a, b, scale_b, zero_b, scale_y, zero_y] = &parts[..] else { return invalid("inputs") };
    factors([scale_a, scale_b, scale_y])?;
    let pair = stacks(a, b)?;
    let rank = pair.full.len();
    let (rows, columns) = (pair.full[rank - 2], pair.full[rank - 1]);
    lengths(&[(Some(scale_a), rows), (Some(zero_a), rows), (Some(scale_b), columns), (Some(zero_b), columns)])?;
    lengths(&[(Some(scale_y), 1), (Some(zero_y), 1)])?;
    let to = zero_y.dtype;
    if to == DType::I8 && !call.b.is_known(scale_y) {
        // The definition saturates, ONNX's own tests of this case wrap: refused rather than guessed.
        return unsupported("an int8 output whose scale is an input; make scales and zero points initializers:");
    }
    let made = pair.product(
        call.b,
        (to, DType::I32),
        &|a, b, row, column| {
            (a.cast(DType::I32) - point(Some(zero_a), row)) * (b.cast(DType::I32) - point(Some(zero_b), column))
        },
        &|_, sum, at| {
            let (row, column) = (&at[rank - 2], &at[rank - 1]);
            let wide = DType::F32;
            let scale =
                own(scale_a, row).cast(wide) * own(scale_b, column).cast(wide) / scale_y.flat(&index(0)).cast(wide);
            rounded(&(sum.cast(wide) * scale), Some(&zero_y.flat(&index(0))), to)
        },
    )?;
    Ok(vec![made])
}

/// `ConvInteger`
pub(crate) fn conv_integer(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, w, zero_x, zero_w) = (call.input(0)?, call.input(1)?, call.optional(2), call.optional(3));
    let plan = plan(call, &x, &w)?;
    lengths(&[(zero_x.as_ref(), 1), (zero_w.as_ref(), w.shape[0])])?;
    let made = convolve(
        call.b,
        &plan,
        (DType::I32, DType::I32),
        &|from, weight| {
            let near = x.at(from).cast(DType::I32) - point(zero_x.as_ref(), &index(0));
            near * (w.at(weight).cast(DType::I32) - point(zero_w.as_ref(), &weight[0]))
        },
        &|_, sum, _| sum.clone(),
    )?;
    Ok(vec![made])
}

/// `QLinearConv`
pub(crate) fn qlinear_conv(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let parts: Vec<Tensor> = (0..8).map(|position| call.input(position)).collect::<Result<_, _>>()?;
    let [x, scale_x, zero_x, w, scale_w, zero_w, scale_y, zero_y] = &parts[..] else { return invalid("inputs") };
    factors([scale_x, scale_w, scale_y])?;
    let bias = call.optional(8);
    let plan = plan(call, x, w)?;
    check_bias(bias.as_ref(), w.shape[0])?;
    lengths(&[(Some(scale_w), w.shape[0]), (Some(zero_w), w.shape[0])])?;
    lengths(&[(Some(scale_x), 1), (Some(zero_x), 1), (Some(scale_y), 1), (Some(zero_y), 1)])?;
    let to = zero_y.dtype;
    let made = convolve(
        call.b,
        &plan,
        (to, DType::I32),
        &|from, weight| {
            let near = x.at(from).cast(DType::I32) - point(Some(zero_x), &index(0));
            near * (w.at(weight).cast(DType::I32) - point(Some(zero_w), &weight[0]))
        },
        &|_, sum, to_at| {
            let sum = bias.as_ref().map_or(sum.clone(), |bias| sum + bias.flat(&to_at[1]).cast(DType::I32));
            let scale = scale_x.flat(&index(0)) * own(scale_w, &to_at[1]) / scale_y.flat(&index(0));
            rounded(&(sum.cast(DType::F32) * scale.cast(DType::F32)), Some(&zero_y.flat(&index(0))), to)
        },
    )?;
    Ok(vec![made])
}

/// `Binarizer` of `ai.onnx.ml`
pub(crate) fn binarize(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let threshold = call.float("threshold", 0.0);
    super::elementwise::each(call, None, |_, x| x.gt(&x.like(threshold)).select(&x.like(1.0), &x.like(0.0)))
}
