//! Operators element by element, along an axis, and between arithmetics.

use crate::net::Quant;

use super::build::{Arithmetic, Builder, without_batch};
use super::constants;
use super::model::{Operator, Type};
use super::options::{Args, Refusal, arg, list};

pub(super) fn binary(
    builder: &mut Builder<'_>,
    operator: &Operator<'_>,
    word: &str,
    fused: bool,
) -> Result<(), Refusal> {
    let (a, b, output) = (operator.taken(0)?, operator.taken(1)?, operator.given()?);
    let args: Args = if fused { vec![arg("activation", operator.activation(0)?)] } else { Args::new() };
    let mut values = [0; 2];
    for (value, tensor) in values.iter_mut().zip([a, b]) {
        *value = builder.shaped(tensor, &without_batch(&builder.tensor(tensor).shape))?;
    }
    builder.plain(word, &args, &values, output)
}

pub(super) fn unary(builder: &mut Builder<'_>, operator: &Operator<'_>, word: &str) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let value = builder.value(input)?;
    builder.plain(word, &[], &[value], output)
}

pub(super) fn leaky_relu(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let value = builder.value(input)?;
    builder.plain("leaky_relu", &[arg("slope", operator.float(0, 0.0)?)], &[value], output)
}

pub(super) fn prelu(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let slopes = builder.tensor(operator.taken(1)?);
    let constants = constants::slopes(slopes, builder.arithmetic)?;
    let value = builder.shaped(input, &without_batch(&builder.tensor(input).shape))?;
    let args = [list("shape", &without_batch(&slopes.shape))];
    builder.layer("prelu", &args, &[value], Some(constants), output)
}

pub(super) fn softmax(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let value = builder.shaped(input, &without_batch(&builder.tensor(input).shape))?;
    let beta = operator.float(0, 0.0)?;
    let args: Args = if beta.to_bits() == 1.0_f32.to_bits() { Args::new() } else { vec![arg("beta", beta)] };
    builder.plain("softmax", &args, &[value], output)
}

pub(super) fn log_softmax(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let value = builder.shaped(input, &without_batch(&builder.tensor(input).shape))?;
    builder.plain("log_softmax", &[], &[value], output)
}

pub(super) fn l2_norm(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    if operator.activation(0)? != "none" {
        return Err("it has a fused activation".into());
    }
    let value = builder.shaped(input, &without_batch(&builder.tensor(input).shape))?;
    builder.plain("l2_norm", &[], &[value], output)
}

pub(super) fn reduce(builder: &mut Builder<'_>, operator: &Operator<'_>, word: &str) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let axes = builder.integers(operator.taken(1)?, "axes")?.to_vec();
    let rank = builder.tensor(input).shape.len();
    let mut axes = axes.iter().map(|at| axis(*at, rank)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    let (value, lead) = whole(builder, input, &axes)?;
    let axes: Vec<usize> = axes.iter().map(|at| at - lead).collect();
    builder.plain(word, &[list("axes", &axes), arg("keep", operator.flag(0)?)], &[value], output)
}

/// An axis that counts from the front or, below zero, from the back.
pub(super) fn axis(at: i64, rank: usize) -> Result<usize, Refusal> {
    let front = if at < 0 { at.saturating_add(rank as i64) } else { at };
    let front = usize::try_from(front).ok().filter(|at| *at < rank);
    front.ok_or_else(|| format!("its axis {at} isn't one of {rank} dimensions"))
}

/// A tensor without its batch dimension, unless one of the axes is that; and how many dimensions are gone.
pub(super) fn whole(builder: &mut Builder<'_>, tensor: usize, axes: &[usize]) -> Result<(usize, usize), Refusal> {
    let shape = &builder.tensor(tensor).shape;
    let lead = usize::from(shape.len() > 1 && shape[0] == 1 && !axes.contains(&0));
    Ok((builder.shaped(tensor, &shape[lead..])?, lead))
}

/// The index as an int8 value, which the file has as int32.
pub(super) fn argmax(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let at = builder.integers(operator.taken(1)?, "axis")?.first().copied().ok_or("its axis is empty")?;
    let at = axis(at, builder.tensor(input).shape.len())?;
    let (value, lead) = whole(builder, input, &[at])?;
    let args = [arg("axis", at - lead)];
    let index = Quant { scale: 1.0, zero_point: -128 };
    let value = builder.node("argmax", &args, &[value], index, None)?;
    builder.stands(output, value);
    Ok(())
}

pub(super) fn quantize(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    if builder.arithmetic == Arithmetic::Float {
        let value = builder.value(input)?;
        return builder.same(output, value);
    }
    match (builder.tensor(input).element, builder.tensor(output).element) {
        (Type::INT8, Type::INT8) => unary(builder, operator, "quantize"),
        (from, to) => Err(format!("it goes from {from} to {to} in the middle: convert the whole model to int8")),
    }
}

pub(super) fn dequantize(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    if builder.arithmetic == Arithmetic::Float {
        return if builder.tensor(input).data.is_some() {
            builder.stands_for(output, input);
            Ok(())
        } else {
            let value = builder.value(input)?;
            builder.same(output, value)
        };
    }
    let from = builder.tensor(input);
    constants::quant(from)?;
    Err("it leaves int8 in the middle of the model: convert the whole model to int8".into())
}
