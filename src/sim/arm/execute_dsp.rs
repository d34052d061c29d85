//! Long products and the DSP instructions (DDI 0403E, A4.4.3 to A4.4.7).

use super::cpu::Cpu;
use super::op::{Dsp, Lane, Long, Parallel};

/// One half of a word with its sign.
fn half(word: u32, top: bool) -> i64 {
    i64::from(if top { (word >> 16) as i16 } else { word as i16 })
}

/// Sum or difference of the products of halves; `crossed` exchanges those of `y`.
fn dual(x: u32, y: u32, crossed: bool, subtract: bool) -> i64 {
    let low = half(x, false) * half(y, crossed);
    let high = half(x, true) * half(y, !crossed);
    if subtract { low - high } else { low + high }
}

/// The sum of the absolute differences of bytes.
fn byte_distance(x: u32, y: u32) -> u32 {
    x.to_le_bytes().iter().zip(y.to_le_bytes()).map(|(&a, b)| u32::from(a.abs_diff(b))).sum()
}

impl Cpu {
    pub(super) fn long(&mut self, long: Long, low: u8, high: u8, n: u8, m: u8) {
        let (x, y) = (self.get(n), self.get(m));
        let unsigned = u64::from(x) * u64::from(y);
        let signed = i64::from(x as i32) * i64::from(y as i32);
        let sum = u64::from(self.get(high)) << 32 | u64::from(self.get(low));
        let value = match long {
            Long::Smull => signed as u64,
            Long::Umull => unsigned,
            Long::Smlal => sum.wrapping_add(signed as u64),
            Long::Umlal => sum.wrapping_add(unsigned),
            Long::Umaal => unsigned + u64::from(self.get(high)) + u64::from(self.get(low)),
            Long::SmlalHalf(tops) => sum.wrapping_add((half(x, tops & 2 != 0) * half(y, tops & 1 != 0)) as u64),
            Long::Smlald => sum.wrapping_add(dual(x, y, false, false) as u64),
            Long::Smlaldx => sum.wrapping_add(dual(x, y, true, false) as u64),
            Long::Smlsld => sum.wrapping_add(dual(x, y, false, true) as u64),
            Long::Smlsldx => sum.wrapping_add(dual(x, y, true, true) as u64),
        };
        self.set(low, value as u32);
        self.set(high, (value >> 32) as u32);
    }

    pub(super) fn dsp(&mut self, dsp: Dsp, d: u8, n: u8, m: u8, a: u8) {
        let (x, y) = (self.get(n), self.get(m));
        let by_half = |tops: u8| half(x, tops & 2 != 0) * half(y, tops & 1 != 0);
        let word_by_half = |tops: u8| (i64::from(x as i32) * half(y, tops & 1 != 0)) >> 16;
        let product = i64::from(x as i32) * i64::from(y as i32);
        let most = |sum: i64, round: bool| (sum.wrapping_add(if round { 1 << 31 } else { 0 }) >> 32) as u32;
        let top_sum = i64::from(self.get(a) as i32) << 32;
        let value = match dsp {
            Dsp::Smla(tops) => return self.accumulate(d, by_half(tops), a),
            Dsp::Smlaw(tops) => return self.accumulate(d, word_by_half(tops), a),
            Dsp::Smlad => return self.accumulate(d, dual(x, y, false, false), a),
            Dsp::Smladx => return self.accumulate(d, dual(x, y, true, false), a),
            Dsp::Smlsd => return self.accumulate(d, dual(x, y, false, true), a),
            Dsp::Smlsdx => return self.accumulate(d, dual(x, y, true, true), a),
            Dsp::Smul(tops) => by_half(tops) as u32,
            Dsp::Smulw(tops) => word_by_half(tops) as u32,
            Dsp::Smuad => self.narrowed(dual(x, y, false, false)),
            Dsp::Smuadx => self.narrowed(dual(x, y, true, false)),
            Dsp::Smusd => dual(x, y, false, true) as u32,
            Dsp::Smusdx => dual(x, y, true, true) as u32,
            Dsp::Smmla => most(top_sum.wrapping_add(product), false),
            Dsp::Smmlar => most(top_sum.wrapping_add(product), true),
            Dsp::Smmls => most(top_sum.wrapping_sub(product), false),
            Dsp::Smmlsr => most(top_sum.wrapping_sub(product), true),
            Dsp::Smmul => most(product, false),
            Dsp::Smmulr => most(product, true),
            Dsp::Usad8 => byte_distance(x, y),
            Dsp::Usada8 => byte_distance(x, y).wrapping_add(self.get(a)),
            // The saturating additions take their operands in the order m, n.
            Dsp::Qadd => self.saturating(y, x, false),
            Dsp::Qsub => self.saturating(y, x, true),
            Dsp::Qdadd => {
                let doubled = self.saturating(x, x, false);
                self.saturating(y, doubled, false)
            }
            Dsp::Qdsub => {
                let doubled = self.saturating(x, x, false);
                self.saturating(y, doubled, true)
            }
            Dsp::Sel => self.select(x, y),
            Dsp::Parallel(lane, parallel) => self.parallel(lane, parallel, x, y),
        };
        self.set(d, value);
    }

    /// The low word; Q where that loses something.
    fn narrowed(&mut self, value: i64) -> u32 {
        self.q |= value != i64::from(value as i32);
        value as u32
    }

    fn saturating(&mut self, a: u32, b: u32, subtract: bool) -> u32 {
        let (a, b) = (a as i32, b as i32);
        let (exact, clamped) =
            if subtract { (a.checked_sub(b), a.saturating_sub(b)) } else { (a.checked_add(b), a.saturating_add(b)) };
        self.q |= exact.is_none();
        clamped as u32
    }

    fn select(&self, x: u32, y: u32) -> u32 {
        let mask = (0..4).fold(0, |mask, lane| mask | ((self.ge >> lane & 1) * 0xff) << (8 * lane));
        x & mask | y & !mask
    }

    fn parallel(&mut self, lane: Lane, parallel: Parallel, x: u32, y: u32) -> u32 {
        // The upper half of y comes first for the exchanging forms; whether the low and the high lane subtract.
        let (crossed, low, high) = match parallel {
            Parallel::Add8 => return self.lanes(lane, 8, x, y, [false; 4]),
            Parallel::Sub8 => return self.lanes(lane, 8, x, y, [true; 4]),
            Parallel::Add16 => (false, false, false),
            Parallel::Sub16 => (false, true, true),
            Parallel::Asx => (true, true, false),
            Parallel::Sax => (true, false, true),
        };
        let y = if crossed { y.rotate_left(16) } else { y };
        self.lanes(lane, 16, x, y, [low, high, false, false])
    }

    /// Adds or subtracts each lane of `width` bits; plain forms leave GE bits.
    fn lanes(&mut self, lane: Lane, width: u32, x: u32, y: u32, subtract: [bool; 4]) -> u32 {
        let mask = u32::MAX >> (32 - width);
        let ge_mask = if width == 16 { 3 } else { 1 };
        let (mut value, mut ge) = (0, 0);
        for index in 0..32 / width {
            let at = index * width;
            let minus = subtract[index as usize];
            let (result, greater) = lane_sum(lane, width, x >> at & mask, y >> at & mask, minus);
            value |= (result as u32 & mask) << at;
            ge |= if greater { ge_mask << (at / 8) } else { 0 };
        }
        if matches!(lane, Lane::Signed | Lane::Unsigned) {
            self.ge = ge;
        }
        value
    }
}

/// One lane's sum or difference, and its GE bit.
fn lane_sum(lane: Lane, width: u32, a: u32, b: u32, subtract: bool) -> (i32, bool) {
    let is_signed = matches!(lane, Lane::Signed | Lane::SignedSaturating | Lane::SignedHalving);
    let spare = 32 - width;
    let value = |bits: u32| if is_signed { (bits << spare) as i32 >> spare } else { bits as i32 };
    let exact = if subtract { value(a) - value(b) } else { value(a) + value(b) };
    let limit = 1 << width;
    match lane {
        Lane::Signed => (exact, exact >= 0),
        Lane::Unsigned => (exact, if subtract { exact >= 0 } else { exact >= limit }),
        Lane::SignedHalving | Lane::UnsignedHalving => (exact >> 1, false),
        Lane::SignedSaturating => (exact.clamp(-limit / 2, limit / 2 - 1), false),
        Lane::UnsignedSaturating => (exact.clamp(0, limit - 1), false),
    }
}
