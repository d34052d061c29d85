//! Pools: the largest value or the mean of every window, channel by channel; of the whole input for the global ones.
//!
//! The int8 forms keep the input's quantisation. A mean divides by the taps that lie inside, halves away from zero
//! (`AveragePool` of `TFLite`'s `reference/integer_ops/pooling.h`).

use serde_json::json;

use crate::base::{Params, Shape};
use crate::net::qnet::{QNode, Quant};

use super::activation;
use super::operator::{Backward, Channels, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};
use super::window::{self, Window};
use super::{Args, columns};

/// One of the pools.
pub(super) struct Pool {
    /// Its word.
    pub(super) word: &'static str,
    /// The largest value, else the mean.
    pub(super) largest: bool,
    /// 1 or 2 dimensions; 0 for the whole input.
    pub(super) dims: usize,
}

impl Pool {
    fn window(&self, args: &[(String, String)], takes: &Shape) -> Result<Window, String> {
        if self.dims > 0 {
            return Window::read(self.word, self.dims, args, takes);
        }
        let Some((channels, places)) = takes.dims.split_last().filter(|(_, places)| !places.is_empty()) else {
            return Err(format!("`{}` takes [length, channels] or [height, width, channels], not {takes}", self.word));
        };
        let size = [1, places.iter().product()];
        let (stride, dilation) = ([1, 1], [1, 1]);
        Ok(Window { input: size, channels: *channels, kernel: size, stride, dilation, before: [0, 0], output: [1, 1] })
    }

    fn checked(&self, args: &[(String, String)], takes: &Shape) -> Window {
        self.window(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
    }
}

impl Operator for Pool {
    fn word(&self) -> &'static str {
        self.word
    }

    fn doc(&self) -> &'static str {
        match (self.largest, self.dims) {
            (true, 0) => "The largest value of each channel.",
            (true, 1) => "The largest value of each window of a sequence, channel by channel.",
            (true, _) => "The largest value of each window of an image, channel by channel.",
            (false, 0) => "The mean of each channel.",
            (false, 1) => "The mean of each window of a sequence, channel by channel.",
            (false, _) => "The mean of each window of an image, channel by channel.",
        }
    }

    fn params(&self) -> Params {
        if self.dims == 0 {
            return Vec::new();
        }
        let mut params = window::params(self.dims, "kernel", false);
        params.push(activation::param());
        params
    }

    fn examples(&self) -> Vec<Example> {
        match self.dims {
            0 => vec![Example { args: &[], inputs: &[&[5, 3]] }, Example { args: &[], inputs: &[&[3, 4, 2]] }],
            1 => vec![Example { args: &[("kernel", "3"), ("stride", "2"), ("padding", "same")], inputs: &[&[8, 2]] }],
            _ => vec![
                Example { args: &[("kernel", "2")], inputs: &[&[4, 5, 2]] },
                Example { args: &[("kernel", "[3, 2]"), ("stride", "2"), ("padding", "same")], inputs: &[&[5, 6, 3]] },
            ],
        }
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        let window = self.window(args, &takes[0])?;
        activation::read(self.word, args)?;
        if (0..2).any(|axis| (0..window.output[axis]).any(|at| window.taps(axis, at).is_empty())) {
            return Err(format!("`padding` of `{}` is so large that a window sees nothing else", self.word));
        }
        Ok(if self.dims == 0 { Shape::f32(&[window.channels]) } else { window.shape(self.dims, window.channels) })
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let window = self.checked(place.args, &place.takes[0]);
        let channels = window.channels;
        let samples = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in samples {
            for (position, y) in y.chunks_exact_mut(channels).enumerate() {
                y.fill(if self.largest { f32::NEG_INFINITY } else { 0.0 });
                let mut count = 0_usize;
                columns::each(&window, position, |_, pixel| {
                    count += 1;
                    let x = &x[pixel * channels..(pixel + 1) * channels];
                    if self.largest {
                        y.iter_mut().zip(x).for_each(|(y, x)| *y = if *x > *y { *x } else { *y });
                    } else {
                        y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
                    }
                });
                if !self.largest {
                    y.iter_mut().for_each(|y| *y /= count as f32);
                }
            }
        }
        activation::of(place.args).apply(output);
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        if step.input_slopes[0].is_empty() {
            return;
        }
        let window = self.checked(place.args, &place.takes[0]);
        activation::of(place.args).undo(step.output, step.slope);
        let (channels, input) = (window.channels, place.takes[0].len());
        for (row, slopes) in step.slope.chunks_exact(place.output.len()).enumerate() {
            let x = &step.inputs[0][row * input..(row + 1) * input];
            let sums = &mut step.input_slopes[0][row * input..(row + 1) * input];
            for (position, slopes) in slopes.chunks_exact(channels).enumerate() {
                let mut pixels = Vec::new();
                columns::each(&window, position, |_, pixel| pixels.push(pixel));
                for (channel, slope) in slopes.iter().enumerate() {
                    if self.largest {
                        // The first of equal values is the one that counts.
                        let value = |pixel: usize| x[pixel * channels + channel];
                        let first = pixels.iter().copied().reduce(|a, b| if value(b) > value(a) { b } else { a });
                        if let Some(pixel) = first {
                            sums[pixel * channels + channel] += slope;
                        }
                    } else {
                        let share = slope / pixels.len() as f32;
                        pixels.iter().for_each(|pixel| sums[pixel * channels + channel] += share);
                    }
                }
            }
        }
    }

    fn take_in(&self, args: &[(String, String)], next: &str) -> Option<Args> {
        if self.dims == 0 { None } else { activation::take_in(args, next) }
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(inputs[0]))
    }

    fn channels(&self, node: &QNode) -> Channels {
        Channels::each(node)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant != inputs[0] {
            return Err(format!("`{}` changes the quantisation of its input", self.word));
        }
        let window = self.checked(&node.args, &node.takes[0]);
        if window.kernel[0] * window.kernel[1] > 1 << 23 {
            return Err(format!("`{}` sums more values than 32 bits hold", self.word));
        }
        Ok(Derived::default())
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let window = self.checked(&node.args, &node.takes[0]);
        let (low, high) = activation::of(&node.args).clamp_i8(node.lowered.quant);
        let mut sums = vec![0_i32; window.channels];
        for (position, y) in output.chunks_exact_mut(window.channels).enumerate() {
            let mut count = 0;
            sums.fill(if self.largest { -128 } else { 0 });
            columns::each(&window, position, |_, pixel| {
                count += 1;
                let x = &inputs[0][pixel * window.channels..(pixel + 1) * window.channels];
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum = if self.largest { (*sum).max(i32::from(*x)) } else { *sum + i32::from(*x) };
                }
            });
            for (y, sum) in y.iter_mut().zip(&sums) {
                let half = if *sum > 0 { count / 2 } else { -(count / 2) };
                let value = if self.largest { *sum } else { (sum + half) / count };
                *y = value.clamp(low, high) as i8;
            }
        }
    }

    fn variants(&self, _node: &QNode, _can: super::Capabilities) -> Vec<Variant> {
        vec![Variant::plain("pool")]
    }

    fn overlap(&self, node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(self.checked(&node.args, &node.takes[0]).channel_lead())
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let window = self.checked(&node.args, &node.takes[0]);
        let (low, high) = activation::of(&node.args).clamp_i8(node.lowered.quant);
        let mut context = window.context();
        context.extend([
            ("largest", json!(self.largest)),
            ("low", json!(low)),
            ("high", json!(high)),
            ("clamped", json!((low, high) != (-128, 127))),
        ]);
        context
    }
}
