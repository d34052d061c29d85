//! Files with scales of their own: `QuantizeLinear` and `DequantizeLinear` around float operators, and `QLinear…` ones.
//! Values keep the scale and zero point that the file gives them, weights their integers; uint8 becomes int8, 128 less.

use crate::import::onnx::convert::Traced;
use crate::net::ops::{self, Lowered};
use crate::net::{Net, QNet, QNode, Quant};
use crate::tensor::{DType, Tensor};

use super::maker::{Maker, Refused, Stored, reals};

/// The scale and zero point in two inputs of a node.
pub(super) fn quant(maker: &Maker<'_>, node: &Traced, slot: usize) -> Result<Quant, Refused> {
    let scale = maker.literal(node, slot).filter(|scale| scale.len() == 1);
    let scale = scale.ok_or("its scale is computed, or is one a channel: values need a constant one")?;
    let zero = match (maker.literal(node, slot + 1), node.inputs.get(slot + 1).is_some_and(Option::is_some)) {
        (Some(zero), _) if zero.len() == 1 => Some(zero),
        (None, false) => None,
        _ => return Err("its zero point is computed, or is one a channel".into()),
    };
    let stored = zero.as_ref().map_or(DType::U8, |zero| zero.dtype);
    let point = zero.map_or(0, |zero| zero.get(0).int());
    let zero_point = match stored {
        DType::I8 => point,
        DType::U8 => point - 128,
        other => return Err(format!("it quantises to {}: int8 and uint8 are what kernels compute with", other.word())),
    };
    let scale = scale.get(0).float() as f32;
    if !(scale.is_finite() && scale > 0.0) {
        return Err(format!("its scale is {scale}"));
    }
    Ok(Quant { scale, zero_point: zero_point as i32 })
}

/// The integers of a constant input as reals, with its scale and zero point in the next two inputs, and the scales of
/// its `channels`.
pub(super) fn stored(
    maker: &Maker<'_>,
    node: &Traced,
    slot: usize,
    channels: usize,
) -> Result<(Vec<f32>, Vec<f32>), Refused> {
    let part = |slot: usize| maker.literal(node, slot).ok_or_else(|| format!("its input {slot} is no constant"));
    let (weights, scales, zeros) = (part(slot)?, part(slot + 1)?, part(slot + 2)?);
    if zeros.scalars().any(|zero| zero.int() != i64::from(zeros.dtype == DType::U8) * 128) {
        return Err("its weights have a zero point: kernels compute with symmetric ones".into());
    }
    if scales.len() != 1 && scales.len() != channels {
        return Err("its weights have other scales than one, or one an output channel".into());
    }
    let middle = if weights.dtype == DType::U8 { 128.0 } else { 0.0 };
    let scales: Vec<f32> = {
        let list = reals(&scales);
        (0..channels).map(|at| list[at % list.len()]).collect()
    };
    // Output channels are the first dimension of a convolution, the last of a matrix.
    let inner = weights.len() / channels.max(1);
    let channel = |at: usize| if weights.shape.len() > 2 { at / inner.max(1) } else { at % channels };
    let values = reals(&weights).iter().enumerate().map(|(at, value)| (value - middle) * scales[channel(at)]).collect();
    Ok((values, scales))
}

/// The scales of weights that a `DequantizeLinear` of symmetric int8 made.
pub(super) fn weight_scales(maker: &Maker<'_>, weights: &Tensor, channels: usize) -> Option<Vec<f32>> {
    let made = |node: &&Traced| node.outputs.first().is_some_and(|output| output.buffer == weights.buffer);
    let node = maker.trace.iter().filter(|node| node.node.op == "DequantizeLinear").find(made)?;
    let symmetric = maker.literal(node, 2).is_none_or(|zero| zero.scalars().all(|zero| zero.int() == 0));
    let int8 = node.inputs.first()?.as_ref()?.dtype == DType::I8;
    let scales = reals(&maker.literal(node, 1)?);
    let fits = symmetric && int8 && (scales.len() == 1 || scales.len() == channels);
    fits.then(|| (0..channels).map(|at| scales[at % scales.len()]).collect())
}

/// Says which scale the value of a tensor has, where nothing else did; where something else did, it is converted.
pub(super) fn begin(maker: &mut Maker<'_>, tensor: &Tensor, quant: Quant) -> Result<Stored, Refused> {
    let Some(stored) = maker.stored(tensor).cloned() else { return Err(super::maker::MISSING.into()) };
    match maker.quants.get(&stored.value) {
        Some(own) if *own == quant => Ok(stored),
        None => {
            maker.quants.insert(stored.value, quant);
            Ok(stored)
        }
        Some(_) => {
            let value = maker.push("quantize", &[], &[stored.value])?;
            maker.quants.insert(value, quant);
            let stored = Stored { value, ..stored };
            maker.alias(tensor, value, stored.clone());
            Ok(stored)
        }
    }
}

/// Says which scale the value behind a quantised operator has.
pub(super) fn end(maker: &mut Maker<'_>, tensor: &Tensor, quant: Quant) {
    // The activation that was taken along stands behind the operator: its value is the same one.
    if let Some(value) = maker.stored(tensor).map(|stored| stored.value) {
        maker.quants.insert(value, quant);
    }
}

/// `QuantizeLinear` and `DequantizeLinear` of values: they say what a value's integers mean.
pub(super) fn convert(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let Some(x) = node.inputs.first().cloned().flatten() else { return Err("its input is missing".into()) };
    let quant = quant(maker, node, 1)?;
    let before = maker.stored(&x).cloned();
    let stored = begin(maker, &x, quant)?;
    // What else uses the tensor goes on with the value before.
    if let Some(before) = before {
        maker.alias(&x, before.value, before);
    }
    maker.alias(&node.outputs[0], stored.value, stored);
    Ok(())
}

/// Operators whose output has a scale that follows from their inputs, or that is fixed.
fn follows(word: &str) -> bool {
    word.contains("pool")
        || [
            "reshape",
            "flatten",
            "transpose",
            "slice",
            "pad",
            "concat",
            "relu",
            "relu6",
            "softmax",
            "constant",
            "sigmoid",
            "tanh",
        ]
        .contains(&word)
}

/// The network in int8 with the file's own scales.
pub(super) fn lower(maker: &Maker<'_>, net: &Net) -> Result<QNet, Refused> {
    let none = "the input isn't quantised: begin with `QuantizeLinear`";
    let first = maker.quants.get(&0).copied().ok_or(none)?;
    let mut quants = vec![first];
    // Where each value of the float network is in the int8 one, which has conversions between.
    let mut places = vec![0];
    let mut nodes: Vec<QNode> = Vec::new();
    for (at, node) in net.nodes.iter().enumerate() {
        let inputs: Vec<usize> = node.inputs.iter().map(|value| places[*value]).collect();
        let given: Vec<Quant> = inputs.iter().map(|value| quants[*value]).collect();
        let word = node.op.word();
        let own = &net.weights[node.range()];
        let wanted = maker.quants.get(&(at + 1)).copied();
        let range = match wanted {
            Some(quant) => range(quant),
            None if word == "constant" => {
                own.iter().fold((0.0, 0.0), |(low, high): (f32, f32), x| (low.min(*x), high.max(*x)))
            }
            None if follows(word) => given.first().map_or((0.0, 0.0), |quant| range(*quant)),
            None => {
                return Err(format!(
                    "what `{word}` (layer {at}) gives has no scale: `QuantizeLinear` is missing behind it"
                ));
            }
        };
        let place = ops::Place {
            args: &node.args,
            takes: &node.takes,
            output: &node.output,
            weights: own,
            prepared: &[],
            isa: crate::net::Isa::Baseline,
            noise: None,
        };
        let mut lowered = node.op.lower(&place, &given, range)?;
        let near = |quant: Quant| {
            quant.zero_point == lowered.quant.zero_point && (quant.scale / lowered.quant.scale - 1.0).abs() < 1e-5
        };
        let exact = wanted.filter(|quant| near(*quant));
        let passes = word.contains("pool") || word == "softmax" || word == "sigmoid" || word == "tanh";
        if let Some(quant) = exact.filter(|_| !passes) {
            lowered.quant = quant;
        }
        if let Some(scales) = maker.scales.get(&(at + 1)) {
            integers(&mut lowered, own, scales, given[0], word == "depthwise_conv2d");
        }
        let quant = lowered.quant;
        nodes.push(QNode::new(node.op, &node.args, &inputs, &node.takes, &node.output, lowered));
        quants.push(quant);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != quant) {
            let convert = ops::find("quantize").ok_or("there is no operator `quantize`")?;
            let takes = std::slice::from_ref(&node.output);
            nodes.push(QNode::new(convert, &Vec::new(), &[nodes.len()], takes, &node.output, Lowered::plain(wanted)));
            quants.push(wanted);
        }
        places.push(nodes.len());
    }
    QNet::new(net.input.clone(), first, nodes)
}

/// The reals that a quantisation covers.
fn range(quant: Quant) -> (f32, f32) {
    let real = |value: i32| (f64::from(quant.scale) * f64::from(value - quant.zero_point)) as f32;
    (real(-128), real(127))
}

/// The file's own integers: weights are whole multiples of their scales.
fn integers(lowered: &mut Lowered, reals: &[f32], scales: &[f32], input: Quant, last: bool) {
    let channels = scales.len();
    let (weights, bias) = reals.split_at(reals.len() - channels);
    let inner = weights.len() / channels.max(1);
    let channel = |at: usize| if last { at % channels } else { at / inner.max(1) };
    let near = |at: usize, weight: f32| (weight / scales[channel(at)]).round_ties_even().clamp(-128.0, 127.0) as i8;
    lowered.weights = weights.iter().enumerate().map(|(at, weight)| near(at, *weight)).collect();
    let unit = |at: usize| f64::from(input.scale) * f64::from(scales[at]);
    lowered.bias =
        bias.iter().enumerate().map(|(at, bias)| (f64::from(*bias) / unit(at)).round_ties_even() as i32).collect();
    lowered.scales = scales.to_vec();
}
