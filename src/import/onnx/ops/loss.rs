//! Losses: negative log-likelihood and softmax cross-entropy.

use crate::import::onnx::node::{Call, float};
use crate::import::onnx::refusal::{Refusal, invalid};
use crate::tensor::{DType, Expr, Tensor, index};

use super::reduce::soft;

/// `NegativeLogLikelihoodLoss`
pub(crate) fn likelihood(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, target, weight) = (call.input(0)?, call.input(1)?, call.optional(2));
    Ok(vec![loss(call, &x, &target, weight.as_ref())?])
}

/// `SoftmaxCrossEntropyLoss`
pub(crate) fn cross_entropy(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, target, weight) = (call.input(0)?, call.input(1)?, call.optional(2));
    let dtype = float(&x)?;
    if x.rank() < 2 {
        return invalid("scores without classes");
    }
    let view = x.view(&[x.shape[0], x.shape[1], x.shape[2..].iter().product()]);
    let log = call.b.alloc(dtype, &view.shape)?;
    call.b.nest(&[view.shape[0], view.shape[2]], |b, row| {
        soft(b, &view, &log, &|at| vec![row[0].clone(), at.clone(), row[1].clone()], true);
    });
    let log = log.view(&x.shape);
    let made = loss(call, &log, &target, weight.as_ref())?;
    Ok(vec![made, log])
}

fn loss(call: &mut Call<'_>, x: &Tensor, target: &Tensor, weight: Option<&Tensor>) -> Result<Tensor, Refusal> {
    let (dtype, wide) = (float(x)?, x.dtype.sum());
    let reduction = call.text("reduction", "mean");
    let ignored = call.attribute("ignore_index").map(|_| call.int("ignore_index", 0));
    let spatial: Vec<usize> =
        x.shape.iter().enumerate().filter(|(axis, _)| *axis != 1).map(|(_, size)| *size).collect();
    if x.rank() < 2
        || target.shape != spatial
        || weight.is_some_and(|weight| weight.len() != x.shape[1])
        || x.shape[1] == 0
    {
        return invalid(format!("targets {:?} for scores {:?}", target.shape, x.shape));
    }
    let (losses, weights) = (call.b.alloc(wide, &spatial)?, call.b.alloc(wide, &spatial)?);
    call.b.nest(&spatial, |b, at| {
        let raw = b.once(target.at(at));
        let ignore = ignored.map_or(Expr::truth(false), |ignored| raw.eq_(&Expr::int(raw.dtype, ignored)));
        let class = b.once(raw.cast(DType::Index).max(&index(0)).min(&index(x.shape[1] - 1)));
        let one = Expr::int(wide, 1);
        let own = weight.map_or(one, |weight| weight.flat(&class).cast(wide));
        let own = b.once(ignore.select(&own.like(0.0), &own));
        let mut from = at.to_vec();
        from.insert(1, class);
        b.put(&weights, at, own.clone());
        b.put(&losses, at, ignore.select(&own.like(0.0), &(-(x.at(&from).cast(wide)) * &own)));
    });
    if reduction == "none" {
        return Ok(call.b.map(dtype, &spatial, |_, at| losses.at(at))?);
    }
    Ok(call.b.map(dtype, &[], |b, _| {
        let all = b.sum(wide, &[losses.len()], |_, at| losses.flat(&at[0]));
        if reduction == "sum" {
            return all;
        }
        let weight = b.sum(wide, &[weights.len()], |_, at| weights.flat(&at[0]));
        all / weight
    })?)
}
