//! Functions of one element: the maths of `<math.h>` and the activations of networks.

use std::f64::consts::{PI, SQRT_2};

use crate::import::onnx::node::{Call, float, same};
use crate::import::onnx::refusal::{Refusal, unsupported};
use crate::tensor::{Builder, Expr, Math, Tensor};

use super::elementwise::{each, zip};

/// 1 / (1 + e^-x)
pub(crate) fn sigmoid(x: &Expr) -> Expr {
    x.like(1.0) / ((-x).math(Math::Exp) + 1.0)
}

/// Functions of `<math.h>`.
pub(crate) fn math(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let dtype = call.input(0)?.dtype;
    let function = match call.node.op.as_str() {
        "Acos" => Math::Acos,
        "Acosh" => Math::Acosh,
        "Asin" => Math::Asin,
        "Asinh" => Math::Asinh,
        "Atan" => Math::Atan,
        "Atanh" => Math::Atanh,
        "Ceil" => Math::Ceil,
        "Cos" => Math::Cos,
        "Cosh" => Math::Cosh,
        "Erf" => Math::Erf,
        "Exp" => Math::Exp,
        "Floor" => Math::Floor,
        "Log" => Math::Log,
        "Round" => Math::Rint,
        "Sin" => Math::Sin,
        "Sinh" => Math::Sinh,
        "Sqrt" => Math::Sqrt,
        "Tan" => Math::Tan,
        "Tanh" => Math::Tanh,
        op => panic!("bug: {op} in the table of functions"),
    };
    if !dtype.is_float() {
        return unsupported(format!("of {}", dtype.word()));
    }
    each(call, None, |_, x| x.math(function))
}

/// The activation functions of one element.
pub(crate) fn activation(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let op = call.node.op.clone();
    let input = call.input(0)?;
    if op != "Relu" && op != "Shrink" && op != "ThresholdedRelu" {
        float(&input)?;
    }
    let default_alpha = match op.as_str() {
        "LeakyRelu" => 0.01,
        "HardSigmoid" => 0.2,
        // As the definition of `Selu` has it, to float precision.
        "Selu" => 1.673_263_2,
        _ => 1.0,
    };
    let alpha = call.float("alpha", default_alpha);
    let beta = call.float("beta", 0.5);
    let gamma = call.float("gamma", 1.050_701);
    let (lambd, bias) = (call.float("lambd", 0.5), call.float("bias", 0.0));
    let tanh = call.text("approximate", "none") == "tanh";
    each(call, None, |b, x| match op.as_str() {
        "Relu" => x.max(&x.like(0.0)),
        "LeakyRelu" => x.lt(&x.like(0.0)).select(&(x * alpha), x),
        "Sigmoid" => sigmoid(x),
        "HardSigmoid" => (x * alpha + beta).clamp(0.0, 1.0),
        "HardSwish" => x * (x * (1.0 / 6.0) + 0.5).clamp(0.0, 1.0),
        "Elu" => x.lt(&x.like(0.0)).select(&(x.math(Math::Expm1) * alpha), x),
        "Celu" => x.lt(&x.like(0.0)).select(&((x / alpha).math(Math::Expm1) * alpha), x),
        "Selu" => x.le(&x.like(0.0)).select(&(x.math(Math::Expm1) * alpha), x) * gamma,
        "Softplus" => softplus(b, x),
        "Softsign" => x / (x.abs() + 1.0),
        "Reciprocal" => x.like(1.0) / x,
        "Mish" => x * softplus(b, x).math(Math::Tanh),
        "Swish" => x * sigmoid(&(x * alpha)),
        "Gelu" if tanh => {
            let inner = (x * x * x * 0.044_715 + x) * (2.0 / PI).sqrt();
            x * 0.5 * (inner.math(Math::Tanh) + 1.0)
        }
        "Gelu" => x * 0.5 * ((x / SQRT_2).math(Math::Erf) + 1.0),
        "ThresholdedRelu" => x.gt(&x.like(alpha)).select(x, &x.like(0.0)),
        "Shrink" => {
            let wide = if x.dtype.is_float() { x.clone() } else { x.cast(crate::tensor::DType::F32) };
            let low = wide.lt(&wide.like(-lambd)).select(&(&wide + bias), &wide.like(0.0));
            wide.gt(&wide.like(lambd)).select(&(&wide - bias), &low)
        }
        _ => panic!("bug: {op} in the table of activations"),
    })
}

/// log(1 + e^x) without overflow.
fn softplus(b: &mut Builder, x: &Expr) -> Expr {
    let small = (-x.abs()).math(Math::Exp).math(Math::Log1p);
    b.once(x.max(&x.like(0.0)) + small)
}

/// `PRelu`
pub(crate) fn prelu(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, slope) = (call.input(0)?, call.input(1)?);
    same(&x, &slope)?;
    let dtype = x.dtype;
    // Before opset 7 a slope of one dimension belongs to the channels.
    let slope = if call.opset < 7 && slope.rank() == 1 && x.rank() > 2 && slope.len() > 1 {
        let shape: Vec<usize> = std::iter::once(slope.len()).chain(std::iter::repeat_n(1, x.rank() - 2)).collect();
        slope.view(&shape)
    } else {
        slope
    };
    Ok(vec![zip(call, dtype, &[x, slope], |_, args| {
        let x = &args[0];
        x.lt(&x.like(0.0)).select(&(x * &args[1]), x)
    })?])
}
