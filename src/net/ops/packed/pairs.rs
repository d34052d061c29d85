//! Weights of two output channels in one halfword, for `stdlib/kernels/pairs.c.j2` and `rows.c.j2`.
//!
//! A halfword holds 256a + b for the weights a and b of two channels at the same input. Summed over inputs x by SMLAD it
//! gives 256A + B; its low byte, which SXTB16 takes out, gives B. Sums wrap at 32 bits, so A = (256A + B − B) / 256 is
//! exact for |A| < 2^23, which [`first`] checks for the real weights and all inputs.
//!
//! The rounding of `net/fixed.rs` (twice, halves away from zero) takes one SMMLA and one shift: with h the high half of
//! 2·sum·multiplier, round(h / 2^s) = (h + 2^(s−1) − [h < 0]) >> s, and a zero point is 2^s of them more under the shift.
//! For the first channel the same holds 128-fold, because its sum comes 256-fold. What is negative only matters where the
//! output may fall below its zero point.

use crate::net::qnet::QNode;

/// One output channel: weights in the order of the values that they meet, and how its sum becomes an output.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// An even number of weights.
    pub weights: Vec<i8>,
    /// What its sum begins with.
    pub bias: i32,
    /// Fixed-point multiplier, Q0.31.
    pub multiplier: i32,
    /// Bits by which the product is shifted to the right.
    pub shift: i32,
}

/// The output's zero point, and whether outputs below it occur (else they are clamped to it, and rounding may forget them).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Target {
    pub zero_point: i32,
    pub signed: bool,
}

/// Multiplier, offset and shift of a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Scale {
    pub multiplier: i32,
    pub offset: i32,
    pub shift: i32,
}

impl Channel {
    /// Output channel `at` of `node`, whose weights there are `weights`.
    pub(super) fn of(node: &QNode, at: usize, weights: Vec<i8>) -> Self {
        let derived = &node.derived;
        let shift = -derived.shifts[at];
        Self { weights, bias: derived.offsets[at], multiplier: derived.multipliers[at], shift }
    }

    /// The largest sum that any inputs give, without its sign.
    fn reach(&self) -> i64 {
        let products: i64 = self.weights.iter().map(|weight| 128 * i64::from(*weight).abs()).sum();
        products + i64::from(self.bias).abs()
    }

    /// The same channel; one whose outputs always round to the zero point gets the plainest scale that does so.
    pub(super) fn quiet(mut self) -> Self {
        let high = ((self.reach() * i64::from(self.multiplier).abs()) >> 31) + 1;
        if self.shift >= 2 && (self.shift > 60 || high < 1 << (self.shift - 1)) {
            (self.multiplier, self.shift) = (0, 1);
        }
        self
    }

    fn half(&self, target: Target) -> Option<i64> {
        match self.shift {
            0 if !target.signed => Some(0),
            1..=30 => Some(1 << (self.shift - 1)),
            _ => None,
        }
    }
}

/// The scale of the first channel of a halfword; `None` when some inputs would overflow.
pub(super) fn first(channel: &Channel, target: Target) -> Option<Scale> {
    let offset = 64 + 128 * channel.half(target)? + (i64::from(target.zero_point) << (channel.shift + 7));
    let product = ((channel.reach() * i64::from(channel.multiplier).abs()) >> 24) + 1;
    let fits = channel.reach() < 1 << 23 && product + offset.abs() + 128 < 1 << 31 && channel.shift + 7 < 32;
    fits.then_some(Scale { multiplier: channel.multiplier, offset: offset as i32, shift: channel.shift + 7 })
}

/// The scale of the second channel of a halfword.
pub(super) fn second(channel: &Channel, target: Target) -> Option<Scale> {
    let offset = channel.half(target)? + (i64::from(target.zero_point) << channel.shift);
    let product = ((channel.reach() * i64::from(channel.multiplier).abs()) >> 31) + 1;
    let fits = channel.reach() < 1 << 30 && product + offset.abs() + 1 < 1 << 31;
    fits.then_some(Scale { multiplier: channel.multiplier, offset: offset as i32, shift: channel.shift })
}

/// Two channels as a kernel reads them.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// 256 · first bias + second bias, and the second bias.
    pub start: [u32; 2],
    /// Scales of both.
    pub scales: [Scale; 2],
    /// A word for every two weights.
    pub words: Vec<u32>,
}

impl Pair {
    /// Both channels, which have the same even number of weights; `None` when they don't go together.
    pub(super) fn of(a: &Channel, b: &Channel, target: Target) -> Option<Self> {
        let (a, b) = (&a.clone().quiet(), &b.clone().quiet());
        Self::scaled(a, b, [first(a, target)?, second(b, target)?])
    }

    /// Two channels of one `scale`, which their single sums are for.
    pub(super) fn uniform(a: &Channel, b: &Channel, target: Target) -> Option<Self> {
        first(a, target)?;
        Self::scaled(a, b, [second(a, target)?, second(b, target)?])
    }

    fn scaled(a: &Channel, b: &Channel, scales: [Scale; 2]) -> Option<Self> {
        let halves: Option<Vec<u32>> = a.weights.iter().zip(&b.weights).map(|(a, b)| half(*a, *b)).collect();
        let words = halves?.chunks_exact(2).map(|two| two[0] | two[1] << 16).collect();
        let both = a.bias.wrapping_mul(256).wrapping_add(b.bias);
        Some(Self { start: [both as u32, b.bias as u32], scales, words })
    }
}

fn half(a: i8, b: i8) -> Option<u32> {
    let value = i16::try_from(256 * i32::from(a) + i32::from(b)).ok()?;
    Some(u32::from(value as u16))
}

/// The stream of words that `tml_pairs` reads, for two channels or more; `None` when some don't fit.
pub(super) fn stream(channels: &[Channel], target: Target) -> Option<Vec<u32>> {
    let mut words = Vec::new();
    for at in (0..channels.len()).step_by(2) {
        // The last one of an odd number is computed beside the one before, once more.
        let at = at.min(channels.len().checked_sub(2)?);
        let pair = Pair::of(&channels[at], &channels[at + 1], target)?;
        let [a, b] = pair.scales;
        words.extend(pair.start);
        words.extend([a.multiplier, a.offset, b.multiplier, b.offset].map(|word| word as u32));
        words.push(u32::from(u16::try_from(at).ok()?) << 16 | (b.shift as u32) << 8 | a.shift as u32);
        words.extend(pair.words);
    }
    Some(words)
}

/// Places of the values of a run of `run` bytes behind each other in a column, as `tml_even` of whole words and then
/// single bytes leave them; `None` is a value without weight, which makes the number even.
pub(super) fn order(run: usize) -> Vec<Option<usize>> {
    let words = (0..run / 4).flat_map(|word| [0, 2, 1, 3].map(|byte| Some(4 * word + byte)));
    let rest = (run / 4 * 4..run).map(Some).chain((run % 2 == 1).then_some(None));
    words.chain(rest).collect()
}

/// The weights of one run in that order.
pub(super) fn ordered(run: &[i8]) -> Vec<i8> {
    order(run.len()).into_iter().map(|at| at.map_or(0, |at| run[at])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::net::fixed;

    /// What the kernel computes from a channel's sum that comes `times`-fold.
    fn scaled(sum: i32, scale: Scale, rounding: i64, negative: i32) -> i32 {
        let product = (i64::from(sum) * i64::from(scale.multiplier) + rounding) >> 32;
        let sum = product as i32 + scale.offset + if sum < 0 { negative } else { 0 };
        (sum >> scale.shift).clamp(-128, 127)
    }

    #[test]
    fn scales_round_as_the_contract_says() {
        let mut rng = Rng::new(7, "pairs");
        let mut tried = 0;
        for _ in 0..4000 {
            let zero_point = rng.below(256) as i32 - 128;
            let target = Target { zero_point, signed: rng.below(2) == 0 };
            let multiplier = (1 << 30) + rng.below(1 << 30) as i32;
            let weights = (0..rng.below(300)).map(|_| rng.below(255) as i8).collect();
            let shift = rng.below(14) as i32;
            let channel = Channel { weights, bias: rng.below(20_000) as i32 - 10_000, multiplier, shift };
            let original = channel.clone();
            let channel = channel.quiet();
            let low = if target.signed { -128 } else { zero_point };
            let (Some(a), Some(b)) = (first(&channel, target), second(&channel, target)) else { continue };
            tried += 1;
            let reach = channel.reach() as i32;
            // Ties are rare: sums around them are tried on purpose.
            let step = (1_i64 << shift) as f64 * 2_147_483_648.0 / f64::from(multiplier);
            let near = (-3..4).map(|at| ((f64::from(at) + 0.5) * step) as i32);
            let near: Vec<i32> = near.flat_map(|at| at - 2..at + 3).collect();
            for sum in (0..50).map(|_| rng.below(2 * reach as usize + 1) as i32 - reach).chain(near) {
                if sum.abs() > reach {
                    continue;
                }
                let expected = fixed::requantise(sum, original.multiplier, -original.shift) + zero_point;
                let expected = expected.clamp(low, 127);
                assert_eq!(scaled(sum * 256, a, 0, -128).max(low), expected, "{sum} {channel:?} {target:?}");
                assert_eq!(scaled(sum * 2, b, 1 << 31, -1).max(low), expected, "{sum} {channel:?} {target:?}");
            }
        }
        assert!(tried > 2000, "{tried}");
    }

    #[test]
    fn halves_hold_both_weights() {
        for (a, b) in [(0, 0), (1, -1), (-1, 1), (127, 127), (-127, -128), (127, -128), (-128, 0)] {
            let value = half(a, b).unwrap();
            assert_eq!(value as u8 as i8, b);
            assert_eq!(i32::from(value as u16 as i16), 256 * i32::from(a) + i32::from(b));
        }
        assert_eq!(half(-128, -1), None);
    }

    #[test]
    fn orders_are_whole() {
        for run in 0..20 {
            let mut places: Vec<usize> = order(run).into_iter().flatten().collect();
            places.sort_unstable();
            assert_eq!((places, order(run).len() % 2), ((0..run).collect(), 0));
        }
    }
}
