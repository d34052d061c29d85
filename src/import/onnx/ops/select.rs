//! Operators that pick elements by their values.

use crate::import::onnx::node::{Call, axis, size};
use crate::import::onnx::refusal::{Refusal, invalid};
use crate::tensor::{DType, Expr, Tensor, index};

use super::reduce::limits;

/// `TopK`: `k` times the best of those behind the last one, ties by position.
pub(crate) fn top_k(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let k = if call.opset >= 10 { call.known_ints(1)?.first().copied().unwrap_or(0) } else { call.int("k", 0) };
    let (k, along) = (size(k)?, axis(call.int("axis", -1), x.rank())?);
    let largest = call.flag("largest", true);
    let count = x.shape[along];
    if k > count {
        return invalid(format!("the best {k} of {count}"));
    }
    let mut shape = x.shape.clone();
    shape[along] = k;
    let (values, places) = (call.b.alloc(x.dtype, &shape)?, call.b.alloc(DType::I64, &shape)?);
    let mut outer = shape.clone();
    outer[along] = 1;
    let (low, high) = limits(x.dtype);
    call.b.nest(&outer, |b, at| {
        let place = |position: &Expr| {
            let mut at = at.to_vec();
            at[along] = position.clone();
            at
        };
        let (last, last_at) = (b.var(if largest { high } else { low }), b.var(index(0) - index(1)));
        b.each(k, |b, rank| {
            let (best, best_at) = (b.var(last.clone()), b.var(index(0) - index(1)));
            b.each(count, |b, position| {
                let value = b.once(x.at(&place(position)));
                let worse = |a: &Expr, b: &Expr| if largest { a.lt(b) } else { a.gt(b) };
                let behind = worse(&value, &last).or(&value.eq_(&last).and(&position.gt(&last_at)));
                let better = best_at.lt(&index(0)).or(&worse(&best, &value));
                b.when(&behind.and(&better), |b| {
                    b.set(&best, value.clone());
                    b.set(&best_at, position.clone());
                });
            });
            b.set(&last, best.clone());
            b.set(&last_at, best_at.clone());
            b.put(&values, &place(rank), best);
            b.put(&places, &place(rank), best_at.max(&index(0)).cast(DType::I64));
        });
    });
    Ok(vec![values, places])
}
