//! The int8 contract, and calibration: from a float network to a quantised one.
//!
//! *Activations*: int8, one scale and zero point a tensor, `real = scale · (q − zero_point)`, ranges seen on
//! calibration samples and widened to hold zero. *Weights*: int8 in −127..=127, one scale an output channel, no zero
//! point. *Bias*: int32 at scale of input × scale of weights. *Sums*: int32, which can't overflow: that is checked
//! when a network is made or read. This is the `TFLite` 8-bit quantisation specification.
//!
//! *Requantisation*: `fixed::requantise`, TFLM's reference rule with its two roundings, for every operator: the
//! `tflite-micro` wheel rounds twice in `FULLY_CONNECTED` too, per tensor and per channel. `softmax` is TFLM's
//! fixed-point reference. `ReLU` is a clamp at the zero point. *Input*: `Quant::quantize`.

use super::forward::Forward;
use super::gemm::Isa;
use super::graph::Net;
use super::observe::{Calibration, Observed};
use super::passes;
use super::qnet::{QNet, QNode, Quant};

/// No bias is larger: it leaves the sums room in an int32.
const MOST_BIAS: f64 = 1_073_741_824.0;

/// What is wrong with sums that leave 32 bits.
pub(super) const OVERFLOW: &str = "a sum over the layer's inputs can overflow 32 bits: the layer has too many inputs";

/// Quantises a network; `calibration` is any number of samples, whose smallest and largest values set the ranges.
pub fn quantize(net: &Net, calibration: &[f32]) -> Result<QNet, String> {
    quantize_with(net, calibration, Calibration::MinMax)
}

/// Quantises a network with ranges chosen by `method`: its layers become, one for one, those that [`passes::fuse`]
/// leaves. Errors are sentences for the user.
pub fn quantize_with(net: &Net, calibration: &[f32], method: Calibration) -> Result<QNet, String> {
    if calibration.is_empty() || !calibration.len().is_multiple_of(net.input.len()) {
        return Err(format!("calibration needs whole samples of {} values, and at least one", net.input.len()));
    }
    let net = passes::fuse(net);
    let ranges = observe(&net, calibration, method)?;
    let mut quants = vec![Quant::of_range(ranges[0])];
    let mut nodes: Vec<QNode> = Vec::with_capacity(net.nodes.len());
    for (at, node) in net.nodes.iter().enumerate() {
        let inputs: Vec<Quant> = node.inputs.iter().map(|value| quants[*value]).collect();
        let lowered = node.op.lower(&net.place(at, &[], Isa::Baseline), &inputs, ranges[at + 1])?;
        quants.push(lowered.quant);
        nodes.push(QNode::new(node.op, &node.args, &node.inputs, &node.takes, &node.output, lowered));
    }
    QNet::new(net.input.clone(), quants[0], nodes)
}

/// The range of every value over the samples.
fn observe(net: &Net, calibration: &[f32], method: Calibration) -> Result<Vec<(f32, f32)>, String> {
    let pass = Forward::new(net, Isa::detect());
    let mut observed = vec![Observed::default(); net.nodes.len() + 1];
    let mut values = Vec::new();
    // Two passes: a histogram needs the range first. Min-max calibration stops after the first.
    for round in 0..if method == Calibration::MinMax { 1 } else { 2 } {
        for chunk in calibration.chunks(64 * net.input.len()) {
            pass.run(chunk, None, &mut values);
            for (observed, values) in observed.iter_mut().zip(&values) {
                if round == 0 { observed.widen(values) } else { observed.count(values) }
            }
        }
    }
    if observed.iter().any(|observed| !observed.finite()) {
        return Err("a value of the network isn't finite on the calibration samples".into());
    }
    Ok(observed.iter().map(|observed| observed.range(method)).collect())
}

/// One output channel: its weights, their scale, its bias.
pub fn channel(weights: &[f32], bias: f32, input_scale: f64, output_scale: f64) -> (Vec<i8>, f32, i32) {
    let largest = weights.iter().fold(0.0_f64, |largest, weight| largest.max(f64::from(weight.abs())));
    // A channel of zeros still has a bias to carry; a bias far above its weights needs a coarser scale to fit;
    // and below the last bound the channel can't move its output by a step.
    let scale = (largest / 127.0)
        .max(f64::from(bias.abs()) / input_scale / MOST_BIAS)
        .max(output_scale / input_scale / MOST_BIAS)
        .max(f64::from(f32::MIN_POSITIVE)) as f32;
    let steps = |real: f64, scale: f64, most: f64| (real / scale).round().clamp(-most, most);
    let weights = weights.iter().map(|weight| steps(f64::from(*weight), f64::from(scale), 127.0) as i8).collect();
    let bias = steps(f64::from(bias), input_scale * f64::from(scale), MOST_BIAS) as i32;
    (weights, scale, bias)
}

/// The bias with the input's zero point taken in, so that a kernel multiplies inputs as they are.
/// An error when the sum over some input, times 2^`left`, could overflow.
pub fn folded_bias(weights: &[i8], bias: i32, input_zero_point: i32, left: i32) -> Result<i32, String> {
    let sum: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
    let reach: i64 = weights.iter().map(|weight| 128 * i64::from(*weight).abs()).sum();
    let folded = i64::from(bias) - i64::from(input_zero_point) * sum;
    // The output's zero point is added to the scaled sum: room for it, too.
    if (folded.abs() + reach) << left.clamp(0, 31) <= i64::from(i32::MAX) - 128 {
        Ok(folded as i32)
    } else {
        Err(OVERFLOW.into())
    }
}
