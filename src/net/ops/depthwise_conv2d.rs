//! `depthwise_conv2d`: every channel is convolved by itself; weights are `[kh, kw, channels · multiplier]`, as in
//! `TFLite`: output channel `c · multiplier + m` reads input channel `c`.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

use super::activation::{self, Activation};
use super::args::int;
use super::operator::{
    Backward, Capabilities, Channels, Context, Derived, Dropped, Example, Lowered, Operator, Overlap, Place, Variant,
};
use super::packed::Planes;
use super::window::{self, Window};
use super::{Args, channels, columns, dense, depthwise};

pub(super) struct DepthwiseConv2d;

const WORD: &str = "depthwise_conv2d";
const MOST_MULTIPLIER: usize = 4096;

/// Window, multiplier and output channels.
fn sizes(args: &[(String, String)], takes: &Shape) -> Result<(Window, usize, usize), String> {
    let window = Window::read(WORD, 2, args, takes)?;
    let given = args.iter().any(|arg| arg.0 == "multiplier");
    let multiplier = if given { int(WORD, args, "multiplier", 1, MOST_MULTIPLIER)? } else { 1 };
    Ok((window, multiplier, window.channels * multiplier))
}

fn checked(args: &[(String, String)], takes: &Shape) -> (Window, usize, usize) {
    sizes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
}

/// The convolution as the kernel of planes reads it.
fn planes(node: &QNode) -> Option<Planes> {
    let (window, multiplier, _) = checked(&node.args, &node.takes[0]);
    let (low, _) = activation::of(&node.args).clamp_i8(node.lowered.quant);
    (multiplier == 1).then(|| Planes::of(node, &window, low)).flatten()
}

/// The transpose of `[taps, outputs]`: the weights of one channel behind those of another, and back.
fn by_channel<T: Copy>(weights: &[T], outputs: usize) -> Vec<T> {
    (0..outputs).flat_map(|channel| weights.iter().skip(channel).step_by(outputs).copied()).collect()
}

impl Operator for DepthwiseConv2d {
    fn word(&self) -> &'static str {
        WORD
    }

    fn doc(&self) -> &'static str {
        "Each channel of an image gives `multiplier` channels, each a weighted sum of windows of that channel alone."
    }

    fn params(&self) -> Params {
        let mut params = window::params(2, "", true);
        let doc = "Output channels for each input channel.";
        params.push(Param::optional("multiplier", Kind::Int(1, MOST_MULTIPLIER as i128), "1", doc));
        params.push(activation::param());
        params
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("kernel", "[2, 1]")], inputs: &[&[3, 4, 2]] },
            Example { args: &[("kernel", "3"), ("padding", "same"), ("activation", "relu6")], inputs: &[&[4, 3, 3]] },
            Example {
                args: &[("kernel", "[3, 2]"), ("stride", "2"), ("padding", "same"), ("multiplier", "3")],
                inputs: &[&[6, 4, 2]],
            },
            Example { args: &[("kernel", "2"), ("dilation", "2"), ("padding", "[1, 0, 2, 1]")], inputs: &[&[4, 3, 1]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        let (window, _, outputs) = sizes(args, &takes[0])?;
        activation::read(WORD, args)?;
        Ok(window.shape(2, outputs))
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let (window, _, outputs) = checked(args, &takes[0]);
        let dims = vec![window.kernel[0], window.kernel[1], outputs];
        vec![Tensor { name: "weights", dims }, Tensor { name: "bias", dims: vec![outputs] }]
    }

    fn macs(&self, args: &[(String, String)], takes: &[Shape], output: &Shape) -> usize {
        let (window, _, _) = checked(args, &takes[0]);
        output.len() * window.kernel[0] * window.kernel[1]
    }

    fn init(&self, args: &[(String, String)], takes: &[Shape], weights: &mut [f32], rng: &mut Rng) {
        let (window, multiplier, outputs) = checked(args, &takes[0]);
        let taps = window.kernel[0] * window.kernel[1];
        let (matrix, bias) = weights.split_at_mut(taps * outputs);
        dense::draw(matrix, taps, taps * multiplier, activation::of(args), rng);
        bias.fill(0.0);
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (window, multiplier, outputs) = checked(place.args, &place.takes[0]);
        let (weights, bias) = place.weights.split_at(place.weights.len() - outputs);
        if multiplier == 1 && depthwise::fits(&window) {
            output.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(bias));
            depthwise::convolve(place.isa, &window, inputs[0], weights, output);
            activation::of(place.args).apply(output);
            return;
        }
        let samples = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in samples {
            for (position, y) in y.chunks_exact_mut(outputs).enumerate() {
                y.copy_from_slice(bias);
                columns::each(&window, position, |tap, pixel| {
                    let x = &x[pixel * window.channels..(pixel + 1) * window.channels];
                    let w = &weights[tap * outputs..(tap + 1) * outputs];
                    let groups = y.chunks_exact_mut(multiplier).zip(w.chunks_exact(multiplier));
                    for ((y, w), x) in groups.zip(x) {
                        y.iter_mut().zip(w).for_each(|(y, w)| *y += x * w);
                    }
                });
            }
        }
        activation::of(place.args).apply(output);
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let (window, multiplier, outputs) = checked(place.args, &place.takes[0]);
        activation::of(place.args).undo(step.output, step.slope);
        let taps = place.weights.len() - outputs;
        let (matrix, bias) = step.gradient.split_at_mut(taps);
        let (input, wanted) = (place.takes[0].len(), !step.input_slopes[0].is_empty());
        let reverse = columns::reverse(&window, outputs).filter(|_| multiplier == 1 && depthwise::fits(&window));
        if let Some(reverse) = reverse {
            for row in step.slope.chunks_exact(outputs) {
                bias.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
            }
            depthwise::learn(place.isa, &window, step.inputs[0], step.slope, matrix);
            if wanted {
                let flipped: Vec<f32> = place.weights[..taps].chunks_exact(outputs).rev().flatten().copied().collect();
                depthwise::convolve(place.isa, &reverse, step.slope, &flipped, &mut step.input_slopes[0]);
            }
            return;
        }
        for (at, slopes) in step.slope.chunks_exact(place.output.len()).enumerate() {
            let x = &step.inputs[0][at * input..(at + 1) * input];
            for (position, slope) in slopes.chunks_exact(outputs).enumerate() {
                bias.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope);
                columns::each(&window, position, |tap, pixel| {
                    let seen = pixel * window.channels..(pixel + 1) * window.channels;
                    let sums = matrix[tap * outputs..(tap + 1) * outputs].chunks_exact_mut(multiplier);
                    for ((sums, slope), x) in sums.zip(slope.chunks_exact(multiplier)).zip(&x[seen.clone()]) {
                        sums.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope * x);
                    }
                    if wanted {
                        let w = place.weights[tap * outputs..(tap + 1) * outputs].chunks_exact(multiplier);
                        let sums = &mut step.input_slopes[0][at * input..(at + 1) * input][seen];
                        for ((sum, slope), w) in sums.iter_mut().zip(slope.chunks_exact(multiplier)).zip(w) {
                            *sum += slope.iter().zip(w).map(|(slope, w)| slope * w).sum::<f32>();
                        }
                    }
                });
            }
        }
    }

    fn take_in(&self, args: &[(String, String)], next: &str) -> Option<Args> {
        activation::take_in(args, next)
    }

    fn scale_outputs(
        &self,
        args: &[(String, String)],
        takes: &[Shape],
        weights: &mut [f32],
        scale: &[f32],
        offset: &[f32],
    ) -> bool {
        let (_, _, outputs) = checked(args, &takes[0]);
        if activation::of(args) != Activation::None || scale.len() != outputs {
            return false;
        }
        let (matrix, bias) = weights.split_at_mut(weights.len() - outputs);
        for row in matrix.chunks_exact_mut(outputs) {
            row.iter_mut().zip(scale).for_each(|(weight, scale)| *weight *= scale);
        }
        dense::scale_bias(bias, scale, offset);
        true
    }

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let (window, _, outputs) = checked(place.args, &place.takes[0]);
        let (matrix, bias) = place.weights.split_at(place.weights.len() - outputs);
        let mut lowered = channels::lower(&by_channel(matrix, outputs), bias, inputs[0], range);
        lowered.weights = by_channel(&lowered.weights, window.kernel[0] * window.kernel[1]);
        Ok(lowered)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let (window, _, outputs) = checked(&node.args, &node.takes[0]);
        let taps = window.kernel[0] * window.kernel[1];
        if node.lowered.weights.len() != taps * outputs {
            return Err(format!("`{WORD}` has weights of another size"));
        }
        let rows = by_channel(&node.lowered.weights, outputs);
        let row = |channel: usize| rows[channel * taps..(channel + 1) * taps].to_vec();
        let derived = channels::derive(&node.lowered, outputs, inputs[0], false, row)?;
        if window.padded() {
            channels::check_unfolded(&node.lowered.bias, row)?;
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let (window, multiplier, outputs) = checked(&node.args, &node.takes[0]);
        let scaled = channels::Sums::new(&node.lowered, &node.derived, activation::of(&node.args));
        let zero = node.quants[0].zero_point;
        let mut sums = vec![0_i32; outputs];
        for (position, y) in output.chunks_exact_mut(outputs).enumerate() {
            sums.copy_from_slice(&node.lowered.bias);
            columns::each(&window, position, |tap, pixel| {
                let x = &inputs[0][pixel * window.channels..(pixel + 1) * window.channels];
                let w = node.lowered.weights[tap * outputs..(tap + 1) * outputs].chunks_exact(multiplier);
                for ((sums, w), x) in sums.chunks_exact_mut(multiplier).zip(w).zip(x) {
                    sums.iter_mut().zip(w).for_each(|(sum, w)| *sum += i32::from(*w) * (i32::from(*x) - zero));
                }
            });
            for (channel, (y, sum)) in y.iter_mut().zip(&sums).enumerate() {
                *y = scaled.scale(channel, *sum);
            }
        }
    }

    fn channels(&self, node: &QNode) -> Channels {
        let (_, multiplier, outputs) = checked(&node.args, &node.takes[0]);
        Channels::Follow(vec![(0..outputs).map(|output| Some(output / multiplier)).collect()])
    }

    fn without(&self, node: &QNode, dropped: &Dropped<'_>) -> Result<(Args, Lowered), String> {
        let outputs = node.lowered.bias.len();
        let stays = |at: usize| !dropped.output[at % outputs];
        let Lowered { quant, weights, scales, bias } = &node.lowered;
        let one = scales.len() < outputs;
        let lowered = Lowered {
            quant: *quant,
            weights: weights.iter().enumerate().filter(|(at, _)| stays(*at)).map(|(_, weight)| *weight).collect(),
            scales: scales.iter().enumerate().filter(|(at, _)| one || stays(*at)).map(|(_, scale)| *scale).collect(),
            bias: bias.iter().enumerate().filter(|(at, _)| stays(*at)).map(|(_, bias)| *bias).collect(),
        };
        Ok((node.args.clone(), lowered))
    }

    fn variants(&self, node: &QNode, can: Capabilities) -> Vec<Variant> {
        let planes = can.dsp.then(|| planes(node)).flatten();
        planes.iter().map(Planes::variant).chain([Variant::plain(WORD)]).collect()
    }

    fn overlap(&self, node: &QNode, variant: &Variant, _input: usize) -> Overlap {
        let (window, multiplier, outputs) = checked(&node.args, &node.takes[0]);
        if variant.name == Planes::NAME {
            // Each channel is read before it is written, over the bytes of that channel only.
            return Overlap::InPlace;
        }
        Overlap::Lead(if multiplier == 1 { window.channel_lead() } else { window.lead(outputs, 1) })
    }

    fn support(&self, variant: &Variant) -> &'static [&'static str] {
        if variant.name == Planes::NAME { &["word"] } else { &["fixed_point"] }
    }

    fn context(&self, node: &QNode, variant: &Variant) -> Context {
        let (window, multiplier, outputs) = checked(&node.args, &node.takes[0]);
        if let (Planes::NAME, Some(planes)) = (variant.name, planes(node)) {
            let (low, high) = activation::of(&node.args).clamp_i8(node.lowered.quant);
            let mut context = planes.context(node.quants[0].zero_point);
            context.extend([("outputs", json!(outputs)), ("low", json!(low)), ("high", json!(high))]);
            return context;
        }
        let mut context = channels::context(&node.lowered, &node.derived, activation::of(&node.args));
        context.extend(window.context());
        context.extend([
            ("outputs", json!(outputs)),
            ("multiplier", json!(multiplier)),
            ("input_zero_point", json!(node.quants[0].zero_point)),
            ("bias_unfolded", json!(node.lowered.bias)),
        ]);
        context
    }
}
