//! Dense layers by eight output channels, for `stdlib/kernels/dense_rows.c.j2`.

use serde_json::json;

use crate::net::qnet::QNode;

use super::super::operator::Context;
use super::pairs::{Channel, Pair, Target, ordered, second};

/// Channels that the kernel computes at once.
const ROWS: usize = 8;

/// A dense layer as the kernel reads it.
pub(in super::super) struct Rows {
    /// Words of the channels in eights.
    words: Vec<u32>,
    /// Words of one eight.
    each: usize,
    units: usize,
    channels: usize,
    signed: bool,
    /// Multiplier, offset and shift where all channels share them.
    shared: Option<[i32; 3]>,
}

impl Rows {
    /// The layer of `node`: `channels` rows of weights over values in fours, whose outputs reach down to `low`.
    /// `None` for layers that the kernel can't do.
    pub(in super::super) fn of(node: &QNode, channels: usize, low: i32) -> Option<Self> {
        let width = node.lowered.weights.len() / channels.max(1);
        if channels < ROWS || width == 0 || !width.is_multiple_of(4) {
            return None;
        }
        let zero_point = node.lowered.quant.zero_point;
        let target = Target { zero_point, signed: low < zero_point };
        let rows = node.lowered.weights.chunks_exact(width).enumerate();
        let rows: Vec<Channel> = rows.map(|(at, row)| Channel::of(node, at, ordered(row))).collect();
        let first = &rows[0];
        let alike = rows.iter().all(|row| (row.multiplier, row.shift) == (first.multiplier, first.shift));
        let shared = if alike { second(first, target) } else { None };
        let mut words = Vec::new();
        for at in (0..channels).step_by(ROWS) {
            // The last eight begin where they end with the channels.
            let at = at.min(channels - ROWS);
            let two = rows[at..at + ROWS].chunks_exact(2);
            let pair = |two: &[Channel]| match shared {
                Some(_) => Pair::uniform(&two[0], &two[1], target),
                None => Pair::of(&two[0], &two[1], target),
            };
            let pairs: Vec<Pair> = two.map(pair).collect::<Option<_>>()?;
            words.extend(pairs.iter().flat_map(|pair| pair.start));
            words.extend((0..width / 2).flat_map(|word| pairs.iter().map(move |pair| pair.words[word])));
            if shared.is_none() {
                words.extend(scales(&pairs));
            }
        }
        let each = width * ROWS / 4 + ROWS + if shared.is_some() { 0 } else { 18 };
        let shared = shared.map(|scale| [scale.multiplier, scale.offset, scale.shift]);
        Some(Self { words, each, units: width / 4, channels, signed: target.signed, shared })
    }

    /// What the template gets.
    pub(in super::super) fn context(&self) -> Context {
        Context::from([
            ("rows", json!(self.words)),
            ("whole", json!(self.channels / ROWS * self.each)),
            ("units", json!(self.units)),
            ("channels", json!(self.channels)),
            ("signed", json!(self.signed)),
            ("shared", json!(self.shared)),
        ])
    }
}

/// Multipliers and offsets of four pairs, and the bytes of their shifts.
fn scales(pairs: &[Pair]) -> Vec<u32> {
    let scales = || pairs.iter().flat_map(|pair| pair.scales);
    let mut words: Vec<u32> = scales().flat_map(|scale| [scale.multiplier as u32, scale.offset as u32]).collect();
    let shifts: Vec<u8> = scales().map(|scale| scale.shift as u8).collect();
    words.extend(shifts.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
    words
}
