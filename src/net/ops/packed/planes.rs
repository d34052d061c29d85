//! Depthwise convolutions one channel at a time, for `stdlib/kernels/depthwise_planes.c.j2`.
//!
//! A channel is widened to 16 bits in scratch memory, padding and all, with the pixels of two neighbouring rows in one
//! word; SMLAD then takes two taps at once, and the output may lie where the input lay. Along the other axis the same
//! holds with rows and columns exchanged; the cheaper one is taken.

use serde_json::json;

use crate::net::qnet::QNode;

use super::super::operator::{Context, Variant};
use super::super::window::Window;
use super::pairs::{Channel, Target, second};
use super::strip::Strip;

/// The largest offset of a load or store.
const REACH: usize = 4095;

/// A depthwise convolution as the kernel reads it.
pub(in super::super) struct Planes {
    window: Window,
    /// The axis along which two pixels share a word.
    along: usize,
    words: Vec<u32>,
    signed: bool,
}

impl Planes {
    /// The name of the only variant.
    pub(in super::super) const NAME: &'static str = "dsp_planes";

    /// The convolution of `node` with multiplier 1, whose outputs reach down to `low`; `None` for those that the kernel
    /// can't do.
    pub(in super::super) fn of(node: &QNode, window: &Window, low: i32) -> Option<Self> {
        let fits = |along: &usize| {
            let (strip, out) = (Strip::of(window, *along), output_steps(window)[*along]);
            let last = (window.kernel[1 - along] - 1) * 4 * strip.pitch(window) + 4 * strip.pitch(window);
            strip.possible() && window.dilation == [1, 1] && last <= REACH && 4 * out <= REACH
        };
        let cost = |along: &usize| {
            let (whole, rest) = (window.output[*along] / Strip::ROWS, window.output[*along] % Strip::ROWS);
            let strip = |rows: usize| if rows == 0 { 0 } else { 3 * window.kernel[1 - along] * (rows + 2) + 10 };
            window.output[1 - along] * (whole * strip(Strip::ROWS) + strip(rest) + 8)
        };
        let along = (0..2).filter(fits).min_by_key(cost)?;
        let zero_point = node.lowered.quant.zero_point;
        let target = Target { zero_point, signed: low < zero_point };
        let taps = window.kernel[0] * window.kernel[1];
        let mut words = Vec::new();
        for at in 0..window.channels {
            let weights: Vec<i8> = (0..taps).map(|tap| node.lowered.weights[tap * window.channels + at]).collect();
            let channel = Channel::of(node, at, weights).quiet();
            let scale = second(&channel, target)?;
            for column in 0..window.kernel[1 - along] {
                // Twice the weight, so that the sum comes twofold, as the scale takes it.
                let tap = |row: usize| {
                    let [y, x] = if along == 0 { [row, column] } else { [column, row] };
                    u32::from((2 * i16::from(channel.weights[y * window.kernel[1] + x])) as u16)
                };
                let pairs = Strip::of(window, along).words;
                words.extend(pairs.into_iter().map(|(low, high)| tap(low) | high.map_or(0, tap) << 16));
            }
            words.push(channel.bias.wrapping_mul(2) as u32);
            words.extend([scale.multiplier, scale.offset, scale.shift].map(|word| word as u32));
        }
        Some(Self { window: *window, along, words, signed: target.signed })
    }

    /// The variant.
    pub(in super::super) fn variant(&self) -> Variant {
        let strip = Strip::of(&self.window, self.along);
        let scratch = 4 * strip.pitch(&self.window) * needed(&self.window, 1 - self.along);
        Variant { name: Self::NAME, template: "depthwise_planes", scratch }
    }

    /// What the template gets beside the clamp.
    pub(in super::super) fn context(&self, input_zero_point: i32) -> Context {
        let (window, along, across) = (&self.window, self.along, 1 - self.along);
        let strip = Strip::of(window, along);
        let (input, output) = (input_steps(window), output_steps(window));
        let used = |axis: usize| window.input[axis].min(needed(window, axis).saturating_sub(window.before[axis]));
        let zero = u32::from(input_zero_point as i16 as u16);
        Context::from([
            ("words", json!(self.words)),
            ("channel_words", json!(self.words.len() / window.channels)),
            ("lines", json!(strip.code(window, self.signed))),
            ("signed", json!(self.signed)),
            ("pitch", json!(strip.pitch(window))),
            ("plane_words", json!(strip.pitch(window) * needed(window, across))),
            ("zero_words", json!(zero | zero << 16)),
            ("taps", json!((0..window.kernel[along]).map(|tap| strip.half(tap)).collect::<Vec<_>>())),
            ("column_words", json!(strip.words.len())),
            ("rows", json!(used(along))),
            ("columns", json!(used(across))),
            ("row_step", json!(input[along])),
            ("column_step", json!(input[across])),
            ("row_before", json!(window.before[along])),
            ("column_before", json!(window.before[across])),
            ("row_taps", json!(window.kernel[along])),
            ("column_taps", json!(window.kernel[across])),
            ("row_stride", json!(window.stride[along])),
            ("column_stride", json!(window.stride[across])),
            ("out_rows", json!(window.output[along])),
            ("out_columns", json!(window.output[across])),
            ("out_row_step", json!(output[along])),
            ("out_column_step", json!(output[across])),
        ])
    }
}

/// Bytes from a pixel to the next one down and to the right.
fn input_steps(window: &Window) -> [usize; 2] {
    [window.input[1] * window.channels, window.channels]
}

pub(super) fn output_steps(window: &Window) -> [usize; 2] {
    [window.output[1] * window.channels, window.channels]
}

/// How many pixels, padding included, the windows span along an axis.
pub(super) fn needed(window: &Window, axis: usize) -> usize {
    (window.output[axis] - 1) * window.stride[axis] + window.kernel[axis]
}
