//! Constants of a file: quantisations, integers, weights and biases in the arithmetic of the network.

use std::collections::BTreeMap;

use crate::net::Quant;

use super::build::{Arithmetic, Bias, Values, Weights};
use super::model::{Subgraph, Tensor, Type};
use super::options::Refusal;

/// Elements of a tensor of integers that are kept: begins, sizes, axes, indices.
const MOST_INTEGERS: usize = 1 << 16;

/// Every constant tensor of 32- or 64-bit integers of a sensible size.
pub(super) fn integers(graph: &Subgraph<'_>) -> BTreeMap<usize, Vec<i64>> {
    let constant = |(at, tensor): (usize, &Tensor<'_>)| {
        let data = tensor.data.filter(|data| data.len() <= 8 * MOST_INTEGERS && !tensor.sparse)?;
        let values = match tensor.element {
            Type::INT32 => words(data).map(i64::from).collect(),
            Type::INT64 => {
                data.chunks_exact(8).map(|long| i64::from_le_bytes(long.try_into().unwrap_or_default())).collect()
            }
            _ => return None,
        };
        Some((at, values))
    };
    // An empty list has no bytes.
    let empty = |(at, tensor): (usize, &Tensor<'_>)| {
        let integers = [Type::INT32, Type::INT64].contains(&tensor.element);
        (integers && tensor.is_empty()).then(|| (at, Vec::new()))
    };
    graph.tensors.iter().enumerate().filter_map(|row| constant(row).or_else(|| empty(row))).collect()
}

pub(super) fn words(data: &[u8]) -> impl Iterator<Item = i32> {
    data.chunks_exact(4).map(|word| i32::from_le_bytes(word.try_into().unwrap_or_default()))
}

/// The one scale and zero point of an int8 tensor.
pub(super) fn quant(tensor: &Tensor<'_>) -> Result<Quant, Refusal> {
    let (scales, zeros) = (&tensor.quant.scales, &tensor.quant.zero_points);
    let name = &tensor.name;
    if tensor.element != Type::INT8 {
        return Err(format!("it computes with {tensor}, `{name}`, where the others are int8"));
    }
    let [scale] = scales.as_slice() else {
        return Err(format!("`{name}` has {} scales: an int8 value needs one", scales.len()));
    };
    let zero_point =
        zeros.first().and_then(|zero| i32::try_from(*zero).ok()).filter(|zero| (-128..=127).contains(zero));
    let zero_point = zero_point.ok_or_else(|| format!("the zero point of `{name}` is outside int8"))?;
    if !scale.is_normal() || *scale <= 0.0 {
        return Err(format!("the scale of `{name}` is {scale}"));
    }
    Ok(Quant { scale: *scale, zero_point })
}

/// The bytes of a constant.
pub(super) fn data<'a>(tensor: &Tensor<'a>, what: &str) -> Result<&'a [u8], Refusal> {
    if tensor.sparse {
        return Err(format!("its {what} is stored sparse: convert without pruning's `DENSIFY`, or strip it first"));
    }
    tensor.data.ok_or_else(|| format!("its {what} is computed while the model runs: it must be a constant"))
}

/// A constant that is a value of the network.
pub(super) fn numbers(tensor: &Tensor<'_>, arithmetic: Arithmetic) -> Result<Weights, Refusal> {
    Ok(match arithmetic {
        Arithmetic::Int8 => {
            quant(tensor)?;
            Weights {
                values: Values::Int8(int8(tensor, "constant")?),
                scales: Vec::new(),
                bias: Bias::Int32(Vec::new()),
            }
        }
        Arithmetic::Float => Weights {
            values: Values::Float(floats(tensor, "constant")?),
            scales: Vec::new(),
            bias: Bias::Float(Vec::new()),
        },
    })
}

/// The slopes of `PRELU`: int8 with one scale and, as the one bias, their zero point.
pub(super) fn slopes(tensor: &Tensor<'_>, arithmetic: Arithmetic) -> Result<Weights, Refusal> {
    if arithmetic == Arithmetic::Float {
        return numbers(tensor, arithmetic);
    }
    let Quant { scale, zero_point } = quant(tensor)?;
    let values = Values::Int8(int8(tensor, "slopes")?);
    Ok(Weights { values, scales: vec![scale], bias: Bias::Int32(vec![zero_point]) })
}

/// int8 elements as they are stored; int4 ones are widened.
pub(super) fn int8(tensor: &Tensor<'_>, what: &str) -> Result<Vec<i8>, Refusal> {
    let bytes = data(tensor, what)?;
    match tensor.element {
        Type::INT8 => Ok(bytes.iter().map(|byte| *byte as i8).collect()),
        // Two an octet, the first in the low half (TFLM's `UnpackDenseInt4IntoInt8`).
        Type::INT4 => {
            let pair = |byte: &u8| [(*byte << 4) as i8 >> 4, *byte as i8 >> 4];
            Ok(bytes.iter().flat_map(pair).take(tensor.len()).collect())
        }
        other => Err(format!("its {what} is {other}, not int8: convert the whole model to int8")),
    }
}

/// Elements as reals: floats, halves, or integers with their scales.
pub(super) fn floats(tensor: &Tensor<'_>, what: &str) -> Result<Vec<f32>, Refusal> {
    let bytes = data(tensor, what)?;
    match tensor.element {
        Type::FLOAT32 => Ok(words(bytes).map(|bits| f32::from_bits(bits as u32)).collect()),
        Type::FLOAT16 => {
            Ok(bytes.chunks_exact(2).map(|half| half_to_float(u16::from_le_bytes([half[0], half[1]]))).collect())
        }
        Type::INT8 | Type::INT4 => Ok(scaled(tensor, &int8(tensor, what)?)),
        other => Err(format!("its {what} is {other}: only float and int8 constants are read")),
    }
}

/// `scale · (q − zero_point)`, with the scale of the element's channel.
fn scaled(tensor: &Tensor<'_>, values: &[i8]) -> Vec<f32> {
    let quant = &tensor.quant;
    let inner: usize = tensor.shape.iter().skip(quant.axis + 1).product();
    let one = |(at, q): (usize, &i8)| {
        let channel = if quant.scales.len() > 1 { at / inner.max(1) % quant.scales.len() } else { 0 };
        let (scale, zero) = (quant.scales.get(channel).copied(), quant.zero_points.get(channel).copied());
        scale.unwrap_or(1.0) * (i64::from(*q) - zero.unwrap_or(0)) as f32
    };
    values.iter().enumerate().map(one).collect()
}

/// IEEE 754 binary16 to binary32, exact.
fn half_to_float(half: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(half >> 15) << 31, u32::from(half >> 10 & 31), u32::from(half & 1023));
    match exponent {
        0 => f32::from_bits(sign) + if sign == 0 { 1.0 } else { -1.0 } * fraction as f32 / 16_777_216.0,
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// Weights with one scale an output channel, symmetric; `axis` is the dimension of the channels.
pub(super) fn weights(
    weights: &Tensor<'_>,
    bias: Option<&Tensor<'_>>,
    axis: usize,
    arithmetic: Arithmetic,
) -> Result<Weights, Refusal> {
    let channels = weights.shape.get(axis).copied().unwrap_or(0);
    if let Some(bias) = bias.filter(|bias| bias.len() != channels) {
        return Err(format!("its bias has {} elements for {channels} channels", bias.len()));
    }
    if arithmetic == Arithmetic::Float {
        let values = Values::Float(floats(weights, "weights")?);
        let bias = bias.map_or_else(|| Ok(vec![0.0; channels]), |bias| float_bias(bias, "bias"))?;
        return Ok(Weights { values, scales: Vec::new(), bias: Bias::Float(bias) });
    }
    let values = Values::Int8(int8(weights, "weights")?);
    let scales = channel_scales(weights, axis, channels)?;
    let bias = match bias {
        None => vec![0; channels],
        Some(bias) if bias.element == Type::INT32 => words(data(bias, "bias")?).collect(),
        Some(bias) => return Err(format!("its bias is {}, not int32", bias.element)),
    };
    Ok(Weights { values, scales, bias: Bias::Int32(bias) })
}

fn float_bias(bias: &Tensor<'_>, what: &str) -> Result<Vec<f32>, Refusal> {
    if bias.element != Type::INT32 {
        return floats(bias, what);
    }
    let scale = |at: usize| bias.quant.scales.get(at).or(bias.quant.scales.first()).copied().unwrap_or(1.0);
    Ok(words(data(bias, what)?).enumerate().map(|(at, q)| q as f32 * scale(at)).collect())
}

fn channel_scales(weights: &Tensor<'_>, axis: usize, channels: usize) -> Result<Vec<f32>, Refusal> {
    let quant = &weights.quant;
    if quant.zero_points.iter().any(|zero| *zero != 0) {
        return Err("its weights have zero points other than 0: convert with symmetric weights".into());
    }
    match quant.scales.as_slice() {
        [scale] => Ok(vec![*scale; channels]),
        scales if scales.len() == channels && quant.axis == axis => Ok(scales.to_vec()),
        scales => {
            Err(format!("its weights have {} scales along axis {} for {channels} channels", scales.len(), quant.axis))
        }
    }
}
