//! Convolutions by two filters and four positions, for `stdlib/kernels/conv2d_pairs.c.j2`.

use serde_json::json;

use crate::net::qnet::QNode;

use super::super::operator::{Context, Variant};
use super::super::window::Window;
use super::pairs::{Channel, Target, order, ordered, stream};

/// Positions whose columns are in memory at once, by variant: few take less memory, many read weights less often.
const BLOCKS: [(&str, usize); 4] = [("dsp_16", 16), ("dsp_8", 8), ("dsp_4", 4), ("dsp_32", 32)];

/// The kernel computes so many positions at once.
const FOUR: usize = 4;

/// A convolution as the kernel reads it.
pub(in super::super) struct Columns {
    window: Window,
    filters: usize,
    pairs: Vec<u32>,
    /// Bytes that lie behind each other in the input.
    run: usize,
    /// Words of two values in a column.
    steps: usize,
    signed: bool,
}

impl Columns {
    /// The variants for a convolution of these sizes, the one to take unmeasured first.
    pub(in super::super) fn variants(&self) -> impl Iterator<Item = Variant> {
        let blocks = BLOCKS.iter().filter(|(_, block)| *block == FOUR || *block < self.window.positions() + FOUR);
        blocks.map(|(name, block)| Variant { name, template: "conv2d_pairs", scratch: self.scratch(*block) })
    }

    /// Positions that a variant computes at once; `None` for other variants.
    pub(in super::super) fn block(variant: &Variant) -> Option<usize> {
        BLOCKS.iter().find(|(name, _)| *name == variant.name).map(|(_, block)| *block)
    }

    /// The convolution of `node` without groups, whose outputs reach down to `low`; `None` for those that the kernel
    /// can't do.
    pub(in super::super) fn of(node: &QNode, window: &Window, filters: usize, low: i32) -> Option<Self> {
        let width = node.lowered.weights.len() / filters.max(1);
        if filters < 2 || width == 0 || window.positions() < FOUR {
            return None;
        }
        let run = if window.dilation[1] == 1 { window.kernel[1] } else { 1 } * window.channels;
        let zero_point = node.lowered.quant.zero_point;
        let target = Target { zero_point, signed: low < zero_point };
        let rows = node.lowered.weights.chunks_exact(width).enumerate();
        let rows: Vec<Channel> =
            rows.map(|(at, row)| Channel::of(node, at, row.chunks_exact(run).flat_map(ordered).collect())).collect();
        let steps = rows[0].weights.len() / 2;
        let pairs = stream(&rows, target)?;
        Some(Self { window: *window, filters, pairs, run, steps, signed: target.signed })
    }

    /// Words of the columns of one block.
    fn column_words(&self, block: usize) -> usize {
        // A block may have three positions more, so that none of fewer than four is left.
        let fours = (block / FOUR + 1).min(self.window.positions().div_ceil(FOUR));
        fours * FOUR * self.steps
    }

    fn scratch(&self, block: usize) -> usize {
        let row = if self.window.padded() { self.run.next_multiple_of(4) } else { 0 };
        4 * (self.column_words(block) + self.copy_words(block)) + row
    }

    /// Words of memory for the weights of a pair. Where they are more than a small data cache holds (256 bytes in
    /// STM32L4), each four positions would read them from flash again.
    fn copy_words(&self, block: usize) -> usize {
        if block > FOUR && 4 * self.steps > 224 { self.steps.next_multiple_of(8) } else { 0 }
    }

    /// What the template gets beside the window and the clamp.
    pub(in super::super) fn context(&self, block: usize, input_zero_point: i32) -> Context {
        let window = &self.window;
        let last = |axis: usize| window.input[axis] as i64 - window.reach(axis) as i64;
        let flat = window.kernel == [1, 1] && window.stride == [1, 1] && !window.padded();
        let zero = u32::from(input_zero_point as i16 as u16);
        Context::from([
            ("pairs", json!(self.pairs)),
            ("steps", json!(self.steps)),
            ("run", json!(self.run)),
            ("runs", json!(window.kernel[1] * window.channels / self.run)),
            ("run_words", json!(order(self.run).len() / 2)),
            ("block", json!(block)),
            ("column_words", json!(self.column_words(block))),
            ("copy_words", json!(self.copy_words(block))),
            ("signed", json!(self.signed)),
            ("positions", json!(window.positions())),
            ("filters", json!(self.filters)),
            ("flat", json!(flat && window.output == window.input)),
            ("last_top", json!(last(0))),
            ("last_left", json!(last(1))),
            ("zero_words", json!(zero | zero << 16)),
            ("input_zero_point", json!(input_zero_point)),
        ])
    }
}
