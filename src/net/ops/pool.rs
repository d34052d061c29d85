//! Pools: the largest value or the mean of every window, channel by channel; of the whole input for the global ones.
//!
//! The int8 forms keep the input's quantisation. A mean divides by the taps that lie inside, halves away from zero
//! (`AveragePool` of `TFLite`'s `reference/integer_ops/pooling.h`).
#![expect(clippy::inline_always, reason = "loops are compiled anew for each instruction set")]

use serde_json::json;

use crate::base::{Params, Shape};
use crate::net::qnet::{QNode, Quant};

use super::activation;
use super::columns::Reach;
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

/// What a window sees at each of its positions, row by row.
fn spots(window: &Window) -> Vec<(Reach, Reach)> {
    let (rows, along) = (columns::reaches(window, 0), columns::reaches(window, 1));
    rows.iter().flat_map(|y| along.iter().map(|x| (*y, *x))).collect()
}

fn count((y, x): &(Reach, Reach)) -> usize {
    (y.taps.1 - y.taps.0) * (x.taps.1 - x.taps.0)
}

/// Calls `see` with every pixel that a window sees; pools don't dilate.
#[inline(always)]
fn each(window: &Window, (y, x): &(Reach, Reach), mut see: impl FnMut(usize)) {
    for row in 0..y.taps.1 - y.taps.0 {
        let first = (y.start + row) * window.input[1] + x.start;
        (first..first + x.taps.1 - x.taps.0).for_each(&mut see);
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
        let spots = spots(&window);
        let (largest, activation) = (self.largest, activation::of(place.args));
        let samples = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        place.isa.compiled(
            #[inline(always)]
            || {
                for (x, y) in samples {
                    for (spot, y) in spots.iter().zip(y.chunks_exact_mut(window.channels)) {
                        y.fill(if largest { f32::NEG_INFINITY } else { 0.0 });
                        each(&window, spot, |pixel| {
                            let x = &x[pixel * window.channels..(pixel + 1) * window.channels];
                            if largest {
                                y.iter_mut().zip(x).for_each(|(y, x)| *y = if *x > *y { *x } else { *y });
                            } else {
                                y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
                            }
                        });
                        if !largest {
                            let count = count(spot) as f32;
                            y.iter_mut().for_each(|y| *y /= count);
                        }
                    }
                }
            },
        );
        activation.apply(output);
    }

    #[expect(clippy::float_cmp, reason = "the largest is one of the values themselves")]
    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        if step.input_slopes[0].is_empty() {
            return;
        }
        let window = self.checked(place.args, &place.takes[0]);
        activation::of(place.args).undo(step.output, step.slope);
        let (channels, input, largest, spots) = (window.channels, place.takes[0].len(), self.largest, spots(&window));
        let (x, y) = (step.inputs[0].chunks_exact(input), step.output.chunks_exact(place.output.len()));
        let slopes = step.slope.chunks_exact_mut(place.output.len());
        let samples = x.zip(y).zip(slopes).zip(step.input_slopes[0].chunks_exact_mut(input));
        place.isa.compiled(
            #[inline(always)]
            || {
                for (((x, y), slopes), sums) in samples {
                    let positions = y.chunks_exact(channels).zip(slopes.chunks_exact_mut(channels));
                    for (spot, (y, slopes)) in spots.iter().zip(positions) {
                        if !largest {
                            let count = count(spot) as f32;
                            slopes.iter_mut().for_each(|slope| *slope /= count);
                        }
                        each(&window, spot, |pixel| {
                            let seen = pixel * channels..(pixel + 1) * channels;
                            let values =
                                sums[seen.clone()].iter_mut().zip(&x[seen]).zip(y.iter().zip(slopes.iter_mut()));
                            for ((sum, x), (y, slope)) in values {
                                // The first of equal values is the one that counts; what is clamped has no slope.
                                let given = if !largest || *x == *y { *slope } else { 0.0 };
                                *sum += given;
                                *slope -= if largest { given } else { 0.0 };
                            }
                        });
                    }
                }
            },
        );
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
