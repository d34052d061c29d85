//! Normalisations: batch, layer, group, instance, RMS, local response, mean-variance.

use crate::import::onnx::node::{Call, axes, axis, float, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{DType, Expr, Math, Tensor, index};

use super::reduce::fold;

/// A view split at `at`: what is before, what is normalised.
fn split(x: &Tensor, at: usize) -> Tensor {
    x.view(&[x.shape[..at].iter().product(), x.shape[at..].iter().product()])
}

/// What a normalisation does to rows of a matrix.
struct Rows<'a> {
    /// Rows are centred.
    centred: bool,
    epsilon: f64,
    /// The type of the computation.
    wide: DType,
    /// Scale and offset at a row and a position in it.
    affine: &'a Affine<'a>,
}

/// The scale and the offset at a row and a position in it, where there are some.
type Affine<'a> = dyn Fn(&Expr, &Expr) -> (Option<Expr>, Option<Expr>) + 'a;

/// Rows normalised: the output, the means and the inverse deviations.
fn rows(call: &mut Call<'_>, x: &Tensor, rows: &Rows<'_>) -> Result<[Tensor; 3], Refusal> {
    let (wide, length) = (rows.wide, x.shape[1]);
    let output = call.b.alloc(x.dtype, &x.shape)?;
    let (means, scales) = (call.b.alloc(wide, &[x.shape[0]])?, call.b.alloc(wide, &[x.shape[0]])?);
    call.b.each(x.shape[0], |b, row| {
        let at = |position: &Expr| x.at(&[row.clone(), position.clone()]).cast(wide);
        let count = length as f64;
        let mean = if rows.centred {
            let sum = b.sum(wide, &[length], |_, position| at(&position[0]));
            b.var(sum / count)
        } else {
            Expr::int(wide, 0)
        };
        let squares = b.sum(wide, &[length], |b, position| {
            let far = b.once(at(&position[0]) - &mean);
            &far * &far
        });
        let scale = b.var(mean.like(1.0) / (squares / count + rows.epsilon).math(Math::Sqrt));
        b.put(&means, std::slice::from_ref(row), mean.clone());
        b.put(&scales, std::slice::from_ref(row), scale.clone());
        b.each(length, |b, position| {
            let value = (at(position) - &mean) * &scale;
            let (factor, offset) = (rows.affine)(row, position);
            let value = factor.map_or(value.clone(), |factor| value * factor.cast(wide));
            let value = offset.map_or(value.clone(), |offset| value + offset.cast(wide));
            b.put(&output, &[row.clone(), position.clone()], value.cast(x.dtype));
        });
    });
    Ok([output, means, scales])
}

/// `LayerNormalization`, `RMSNormalization`
pub(crate) fn layer(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, scale, bias) = (call.input(0)?, call.input(1)?, call.optional(2));
    let dtype = float(&x)?;
    let at = axis(call.int("axis", -1), x.rank())?;
    let epsilon = call.float("epsilon", 1e-5);
    let view = split(&x, at);
    let centred = call.node.op == "LayerNormalization";
    let tail = x.shape[at..].to_vec();
    for factor in std::iter::once(&scale).chain(&bias) {
        if factor.rank() > x.rank() || crate::import::onnx::node::broadcast(&x.shape, &factor.shape)? != x.shape {
            return invalid(format!("a scale or bias of shape {:?}", factor.shape));
        }
    }
    let place = |factor: &Tensor, row: &Expr, position: &Expr| {
        if factor.shape == tail {
            return factor.flat(position);
        }
        // Broadcast against the whole input: its position from the row's and the one in it.
        let flat = row * index(view.shape[1]) + position;
        let at: Vec<Expr> = (0..x.rank())
            .map(|axis| {
                let stride: usize = x.shape[axis + 1..].iter().product();
                &flat / index(stride.max(1)) % index(x.shape[axis].max(1))
            })
            .collect();
        factor.broadcast(&at)
    };
    let affine = |row: &Expr, position: &Expr| {
        (Some(place(&scale, row, position)), bias.as_ref().map(|bias| place(bias, row, position)))
    };
    let [y, mean, deviation] = rows(call, &view, &Rows { centred, epsilon, wide: dtype.sum(), affine: &affine })?;
    let mut outer = x.shape.clone();
    outer[at..].fill(1);
    if !centred {
        return Ok(vec![y.view(&x.shape)]);
    }
    Ok(vec![y.view(&x.shape), mean.view(&outer), deviation.view(&outer)])
}

/// `GroupNormalization`: one scale a group in opset 18, one a channel since 21.
pub(crate) fn group(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, scale, bias) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let dtype = float(&x)?;
    let groups = size(call.int("num_groups", 0))?;
    if x.rank() < 2 || groups == 0 || !x.shape[1].is_multiple_of(groups) {
        return invalid(format!("{groups} groups of {:?}", x.shape));
    }
    let (channels, area) = (x.shape[1] / groups, x.shape[2..].iter().product::<usize>());
    if ![groups, x.shape[1]].contains(&scale.len()) || scale.len() != bias.len() {
        return invalid("a scale of another length");
    }
    let view = x.view(&[x.shape[0] * groups, channels * area]);
    let each = scale.len() == x.shape[1] && (call.opset >= 21 || channels == 1);
    let affine = |row: &Expr, position: &Expr| {
        let group = row % index(groups);
        let at = if each { group * index(channels) + position / index(area.max(1)) } else { group };
        (Some(scale.flat(&at)), Some(bias.flat(&at)))
    };
    let epsilon = call.float("epsilon", 1e-5);
    let [y, ..] = rows(call, &view, &Rows { centred: true, epsilon, wide: dtype.sum(), affine: &affine })?;
    Ok(vec![y.view(&x.shape)])
}

/// `InstanceNormalization`
pub(crate) fn instance(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, scale, bias) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let dtype = float(&x)?;
    if x.rank() < 2 || scale.len() != x.shape[1] || bias.len() != x.shape[1] {
        return invalid("a scale of another length than the channels");
    }
    let channels = x.shape[1];
    let view = split(&x.view(&[&[x.shape[0] * channels], &x.shape[2..]].concat()), 1);
    let affine = |row: &Expr, _: &Expr| {
        let channel = row % index(channels);
        (Some(scale.flat(&channel)), Some(bias.flat(&channel)))
    };
    let epsilon = call.float("epsilon", 1e-5);
    let [y, ..] = rows(call, &view, &Rows { centred: true, epsilon, wide: dtype.sum(), affine: &affine })?;
    Ok(vec![y.view(&x.shape)])
}

/// `BatchNormalization` while a model only runs.
pub(crate) fn batch(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    if call.flag("training_mode", false) || (call.opset < 7 && !call.flag("is_test", false)) {
        return unsupported("training (`training_mode`)");
    }
    let x = call.input(0)?;
    let dtype = float(&x)?;
    let wide = dtype.sum();
    let parts: Vec<Tensor> = (1..5).map(|position| call.input(position)).collect::<Result<_, _>>()?;
    let channels = x.shape.get(1).copied().unwrap_or(1);
    if parts.iter().any(|part| part.len() != channels) {
        return invalid("a scale, bias, mean or variance of another length than the channels");
    }
    let epsilon = call.float("epsilon", 1e-5);
    Ok(vec![call.b.map(dtype, &x.shape, |_, at| {
        let channel = at.get(1).cloned().unwrap_or_else(|| index(0));
        let [scale, bias, mean, variance] = [0, 1, 2, 3].map(|part| parts[part].flat(&channel).cast(wide));
        let scale = scale / (variance + epsilon).math(Math::Sqrt);
        ((x.at(at).cast(wide) - mean) * scale + bias).cast(dtype)
    })?])
}

/// `LRN`
pub(crate) fn local_response(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let (dtype, wide) = (float(&x)?, x.dtype.sum());
    let reach = size(call.int("size", 1))?.max(1);
    let (alpha, beta, bias) = (call.float("alpha", 0.0001), call.float("beta", 0.75), call.float("bias", 1.0));
    if x.rank() < 2 {
        return invalid("an input without channels");
    }
    let before = (reach - 1) / 2;
    Ok(vec![call.b.map(dtype, &x.shape, |b, at| {
        let sum = b.var(Expr::int(wide, 0));
        b.each(reach, |b, step| {
            let channel = b.once(&at[1] + step - index(before));
            b.when(&channel.within(x.shape[1]), |b| {
                let mut from = at.to_vec();
                from[1] = channel;
                let near = b.once(x.at(&from).cast(wide));
                b.set(&sum, &sum + &near * &near);
            });
        });
        let base = sum * (alpha / reach as f64) + bias;
        (x.at(at).cast(wide) / base.math2(Math::Pow, &base.like(beta))).cast(dtype)
    })?])
}

/// `MeanVarianceNormalization`
pub(crate) fn mean_variance(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let (dtype, wide) = (float(&x)?, x.dtype.sum());
    let over = axes(&call.ints("axes").unwrap_or_else(|| vec![0, 2, 3]), x.rank())?;
    let count = over.iter().map(|axis| x.shape[*axis]).product::<usize>() as f64;
    let zero = Expr::int(wide, 0);
    let mean = fold(call.b, &x, &over, (wide, wide), &zero, |_, all, x| all + x, |all| all / count)?;
    let shape = mean.shape.clone();
    let squares = fold(call.b, &x, &over, (wide, wide), &zero, |_, all, x| all + &x * &x, |all| all / count)?;
    let deviation = call.b.map(wide, &shape, |b, at| {
        let mean = b.once(mean.at(at));
        (squares.at(at) - &mean * &mean).max(&mean.like(0.0)).math(Math::Sqrt)
    })?;
    Ok(vec![call.b.map(dtype, &x.shape, |_, at| {
        ((x.at(at).cast(wide) - mean.broadcast(at)) / (deviation.broadcast(at) + 1e-9)).cast(dtype)
    })?])
}
