//! `Cast`, `CastLike`, and `BitCast`.

use crate::import::onnx::node::Call;
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{DType, Tensor};

use super::elementwise::each;

/// `Cast` and `CastLike`
pub(crate) fn cast(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let input = call.input(0)?;
    let to = if call.node.op == "CastLike" {
        call.input(1)?.dtype
    } else {
        match call.dtype("to")? {
            Some(to) => to,
            None => return invalid("`to` is missing"),
        }
    };
    if to == DType::F8E8M0 && call.text("round_mode", "up") != "up" {
        return unsupported("another `round_mode` than up");
    }
    if to == input.dtype {
        return Ok(vec![input]);
    }
    if input.dtype.is_float() && to.is_int() && to.bits() < 8 {
        // ONNX's reference takes the low bits of what doesn't fit.
        return each(call, Some(to), |_, x| x.cast(DType::I32).cast(to));
    }
    let saturate = call.flag("saturate", true) && !matches!(to, DType::F16 | DType::BF16);
    each(call, Some(to), |_, x| x.cast_saturating(to, saturate))
}
