//! Operators with state.

use super::build::{Bias, Builder, Values, Weights};
use super::constants;
use super::model::{Operator, Tensor, Type};
use super::options::{Refusal, arg};

/// The one scale of a tensor.
fn scale(tensor: &Tensor<'_>) -> Result<f32, Refusal> {
    match tensor.quant.scales.as_slice() {
        [scale] => Ok(*scale),
        scales => Err(format!("`{}` has {} scales, where one is needed", tensor.name, scales.len())),
    }
}

fn zero_point(tensor: &Tensor<'_>) -> Result<i32, Refusal> {
    let zero = tensor.quant.zero_points.first().and_then(|zero| i32::try_from(*zero).ok());
    zero.ok_or_else(|| format!("`{}` has no zero point", tensor.name))
}

/// Integers of 8, 16 or 32 bits as they are stored.
fn integers(tensor: &Tensor<'_>, what: &str) -> Result<Vec<i32>, Refusal> {
    let bytes = constants::data(tensor, what)?;
    match tensor.element {
        Type::INT8 => Ok(bytes.iter().map(|byte| i32::from(*byte as i8)).collect()),
        Type::INT16 => {
            Ok(bytes.chunks_exact(2).map(|pair| i32::from(i16::from_le_bytes([pair[0], pair[1]]))).collect())
        }
        Type::INT32 => Ok(constants::words(bytes).collect()),
        other => Err(format!("its {what} are {other}")),
    }
}

/// A singular value decomposition filter (Nakkiran et al. 2015): the state stays from one inference to the next.
pub(super) fn svdf(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let feature = builder.tensor(operator.taken(1)?);
    let time = builder.tensor(operator.taken(2)?);
    let state = builder.tensor(operator.taken(4)?);
    let rank = usize::try_from(operator.int(0, 0)?).ok().filter(|rank| *rank > 0).ok_or("its rank isn't above zero")?;
    let ([filters, width], [rows, memory]) = (feature.shape.as_slice(), time.shape.as_slice()) else {
        return Err("its weights aren't matrices".into());
    };
    if filters != rows || filters % rank != 0 || *width != builder.tensor(input).len() {
        return Err(format!("its weights {feature} and {time} of rank {rank} don't fit its input"));
    }
    if !matches!((state.element, time.element), (Type::INT16, Type::INT16) | (Type::INT8, Type::INT8)) {
        return Err(format!("its state is {state}, its weights in time are {time}: only int8 models are read"));
    }
    let units = filters / rank;
    let mut bias = match operator.inputs.get(3).copied().flatten() {
        Some(at) => integers(builder.tensor(at), "biases")?,
        None => vec![0; units],
    };
    bias.extend(integers(time, "weights in time")?);
    bias.extend([zero_point(state)?, if state.element == Type::INT8 { 8 } else { 16 }]);
    let scales = vec![scale(feature)?, scale(time)?, scale(state)?];
    let values = Values::Int8(constants::int8(feature, "weights")?);
    let args = [arg("units", units), arg("rank", rank), arg("memory", memory)];
    let value = builder.shaped(input, &[*width])?;
    builder.layer("svdf", &args, &[value], Some(Weights { values, scales, bias: Bias::Int32(bias) }), output)
}

/// A long short-term memory over a sequence, in TFLM's form with int8 values and an int16 cell.
pub(super) fn lstm(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let given = |slot: usize| operator.inputs.get(slot).copied().flatten().map(|at| builder.tensor(at));
    if (9..12).chain(16..18).chain(20..24).any(|slot| given(slot).is_some()) {
        return Err("it has peepholes, a projection or a layer normalisation: use the plain form".into());
    }
    if operator.flag(3)? {
        return Err("its time runs along the first dimension: export it with the batch first".into());
    }
    let [1, steps, width] = builder.tensor(input).shape[..] else {
        return Err(format!("it takes {}, not one sequence", builder.tensor(input)));
    };
    let gate =
        |slot: usize| given(slot).ok_or("it has no weights for one of its gates: use the plain form of four gates");
    let (mut values, mut scales, mut bias) = (Vec::new(), Vec::new(), Vec::new());
    let units = gate(5)?.shape.first().copied().unwrap_or(0);
    for slot in 1..9 {
        let weights = gate(slot)?;
        if weights.shape != [units, if slot < 5 { width } else { units }] {
            return Err(format!("its weights {weights} don't fit {units} units over {width} inputs"));
        }
        values.extend(constants::int8(weights, "weights")?);
        scales.push(scale(weights)?);
    }
    for slot in 12..16 {
        bias.extend(integers(gate(slot)?, "biases")?);
    }
    let (hidden, cell) = (given(18).ok_or("it has no state")?, given(19).ok_or("it has no cell state")?);
    if cell.element != Type::INT16 || hidden.element != Type::INT8 {
        return Err(format!("its states are {hidden} and {cell}: only int8 models with an int16 cell are read"));
    }
    scales.extend([scale(cell)?, scale(hidden)?]);
    bias.push(zero_point(hidden)?);
    let args = [arg("units", units), arg("sequence", true), arg("cell_clip", operator.float(1, 0.0)?)];
    let value = builder.shaped(input, &[steps, width])?;
    let weights = Weights { values: Values::Int8(values), scales, bias: Bias::Int32(bias) };
    builder.layer("lstm", &args, &[value], Some(weights), output)
}
