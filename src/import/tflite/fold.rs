//! Integers that follow from shapes and constants: what converters leave of `tf.shape` and its relatives.

use super::build::Builder;
use super::model::{Operator, Type};

/// Works out an operator over known integers; what can't be worked out stays unknown.
pub(super) fn fold(builder: &mut Builder<'_>, name: &str, operator: &Operator<'_>) {
    let Some(output) = operator.outputs.first().copied() else { return };
    if ![Type::INT32, Type::INT64].contains(&builder.tensor(output).element) || builder.known.contains_key(&output) {
        return;
    }
    let length = builder.tensor(output).len();
    if let Some(values) = values(builder, name, operator).filter(|values| values.len() == length) {
        builder.known.insert(output, values);
    }
}

fn values(builder: &Builder<'_>, name: &str, operator: &Operator<'_>) -> Option<Vec<i64>> {
    let taken = |slot: usize| operator.inputs.get(slot).copied().flatten();
    let known = |slot: usize| builder.known.get(&taken(slot)?).map(Vec::as_slice);
    let all = || -> Option<Vec<i64>> {
        let inputs: Option<Vec<&[i64]>> = (0..operator.inputs.len()).map(known).collect();
        Some(inputs?.concat())
    };
    let pairwise = |apply: fn(i64, i64) -> Option<i64>| {
        let (a, b) = (known(0)?, known(1)?);
        let len = a.len().max(b.len());
        let sound = [a.len(), b.len()].iter().all(|own| *own == len || *own == 1);
        let at = |list: &[i64], at: usize| if list.len() == 1 { list[0] } else { list[at] };
        sound.then(|| (0..len).map(|index| apply(at(a, index), at(b, index))).collect::<Option<Vec<i64>>>())?
    };
    match name {
        "SHAPE" => {
            let tensor = builder.tensor(taken(0)?);
            // The batch is one; other open dimensions aren't known.
            let fixed = tensor.open.iter().all(|at| *at == 0);
            fixed.then(|| tensor.shape.iter().map(|dim| *dim as i64).collect())
        }
        "CAST" | "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" => known(0).map(<[i64]>::to_vec),
        // Lists of one dimension: stacking scalars and joining lists come to the same.
        "PACK" | "CONCATENATION" => all(),
        "ADD" => pairwise(i64::checked_add),
        "SUB" => pairwise(i64::checked_sub),
        "MUL" => pairwise(i64::checked_mul),
        "REDUCE_PROD" => {
            known(0)?.iter().try_fold(1_i64, |product, x| product.checked_mul(*x)).map(|product| vec![product])
        }
        "GATHER" => {
            let (list, at) = (known(0)?, known(1)?);
            at.iter().map(|at| usize::try_from(*at).ok().and_then(|at| list.get(at).copied())).collect()
        }
        "SLICE" | "STRIDED_SLICE" => part(known(0)?, known(1)?, known(2)?, known(3), name == "SLICE", operator),
        _ => None,
    }
}

/// A part of a list of one dimension.
fn part(
    list: &[i64],
    begin: &[i64],
    end: &[i64],
    stride: Option<&[i64]>,
    sized: bool,
    operator: &Operator<'_>,
) -> Option<Vec<i64>> {
    let ([begin], [end]) = (begin, end) else { return None };
    let len = list.len() as i64;
    let within = |at: i64| (if at < 0 { at.saturating_add(len) } else { at }).clamp(0, len);
    if sized {
        let start = within(*begin);
        let stop = if *end < 0 { len } else { within(start.saturating_add(*end)) };
        return list.get(start as usize..stop as usize).map(<[i64]>::to_vec);
    }
    if stride.is_some_and(|stride| stride != [1]) {
        return None;
    }
    let mask = |slot| operator.int(slot, 0).ok().map(|mask| mask & 1 == 1);
    let start = if mask(0)? { 0 } else { within(*begin) };
    let stop = if mask(4)? {
        start + 1
    } else if mask(1)? {
        len
    } else {
        within(*end)
    };
    list.get(start as usize..stop as usize).map(<[i64]>::to_vec)
}
