//! Binary formats: fields, classes, NaN selection, rounding and packing.

/// FPSCR bits: invalid operation, division by zero, overflow, underflow, inexact, input denormal.
pub(super) const INVALID: u32 = 1;
pub(super) const DIVIDE_BY_ZERO: u32 = 2;
pub(super) const OVERFLOW: u32 = 4;
pub(super) const UNDERFLOW: u32 = 8;
pub(super) const INEXACT: u32 = 16;
const INPUT_DENORMAL: u32 = 128;
pub(super) const ROUNDING: u32 = 3 << 22;
pub(super) const FLUSH: u32 = 1 << 24;
pub(super) const DEFAULT_NAN: u32 = 1 << 25;
pub(super) const ALTERNATIVE_HALF: u32 = 1 << 26;

/// The bits of a number in one of the binary interchange formats of IEEE 754.
pub(in crate::sim::arm) trait Format: Copy + PartialEq {
    /// Bits of the fraction.
    const FRACTION: u32;
    /// Bits of the exponent.
    const EXPONENT: u32;
    /// The sign bit.
    const SIGN: u64 = 1 << (Self::FRACTION + Self::EXPONENT);
    /// The largest exponent field: infinities and NaNs.
    const TOP: u64 = (1 << Self::EXPONENT) - 1;
    /// Infinity, which is also the mask of the exponent.
    const INFINITY: u64 = Self::TOP << Self::FRACTION;
    /// The fraction's top bit, which tells a quiet NaN.
    const QUIET: u64 = 1 << (Self::FRACTION - 1);
    /// The exponent field of 1.
    const BIAS: i32 = (1 << (Self::EXPONENT - 1)) - 1;

    /// As the low bits of a word.
    fn bits(self) -> u64;

    /// From the low bits of a word.
    fn from_bits(bits: u64) -> Self;

    /// The default NaN.
    fn nan() -> Self {
        Self::from_bits(Self::INFINITY | Self::QUIET)
    }

    /// A magnitude with a sign.
    fn signed(negative: bool, magnitude: u64) -> Self {
        Self::from_bits(magnitude | if negative { Self::SIGN } else { 0 })
    }

    /// The exponent field.
    fn field(self) -> u64 {
        self.bits() >> Self::FRACTION & Self::TOP
    }

    /// The value without its sign.
    fn magnitude(self) -> u64 {
        self.bits() & !Self::SIGN
    }

    /// The sign.
    fn is_negative(self) -> bool {
        self.bits() & Self::SIGN != 0
    }

    /// A NaN of either kind.
    fn is_nan(self) -> bool {
        self.magnitude() > Self::INFINITY
    }

    /// A NaN that is an invalid operand.
    fn is_signaling(self) -> bool {
        self.is_nan() && self.bits() & Self::QUIET == 0
    }

    /// Plus or minus infinity.
    fn is_infinite(self) -> bool {
        self.magnitude() == Self::INFINITY
    }

    /// Plus or minus zero.
    fn is_zero(self) -> bool {
        self.magnitude() == 0
    }

    /// With the other sign; of NaNs too.
    fn negated(self) -> Self {
        Self::from_bits(self.bits() ^ Self::SIGN)
    }

    /// Without its sign; of NaNs too.
    fn absolute(self) -> Self {
        Self::from_bits(self.magnitude())
    }

    /// Zero in place of a denormal, where FPSCR says so.
    fn flushed(self, fpscr: &mut u32) -> Self {
        if *fpscr & FLUSH != 0 && self.field() == 0 && !self.is_zero() {
            *fpscr |= INPUT_DENORMAL;
            return Self::signed(self.is_negative(), 0);
        }
        self
    }

    /// Sign, exponent and integer significand of a finite number.
    fn unpack(self) -> Finite {
        let (field, fraction) = (self.field(), self.bits() & (Self::QUIET << 1).wrapping_sub(1));
        let magnitude = if field == 0 { fraction } else { fraction | Self::QUIET << 1 };
        let exponent = field.max(1) as i32 - Self::BIAS - Self::FRACTION as i32;
        Finite { negative: self.is_negative(), exponent, magnitude: magnitude.into() }
    }
}

impl Format for u16 {
    const FRACTION: u32 = 10;
    const EXPONENT: u32 = 5;

    fn bits(self) -> u64 {
        self.into()
    }

    fn from_bits(bits: u64) -> Self {
        bits as Self
    }
}

impl Format for u32 {
    const FRACTION: u32 = 23;
    const EXPONENT: u32 = 8;

    fn bits(self) -> u64 {
        self.into()
    }

    fn from_bits(bits: u64) -> Self {
        bits as Self
    }
}

impl Format for u64 {
    const FRACTION: u32 = 52;
    const EXPONENT: u32 = 11;

    fn bits(self) -> u64 {
        self
    }

    fn from_bits(bits: u64) -> Self {
        bits
    }
}

/// The host's arithmetic on a format: rounded to nearest.
pub(in crate::sim::arm) trait Arithmetic: Format {
    fn host_sum(self, other: Self) -> Self;
    fn host_product(self, other: Self) -> Self;
    fn host_quotient(self, other: Self) -> Self;
    fn host_root(self) -> Self;

    /// `self` × `a` + `b` rounded once, where the host computes it quickly and surely.
    fn host_multiply_add(self, _a: Self, _b: Self) -> Option<Self> {
        None
    }
}

impl Arithmetic for u32 {
    fn host_sum(self, other: Self) -> Self {
        (f32::from_bits(self) + f32::from_bits(other)).to_bits()
    }

    fn host_product(self, other: Self) -> Self {
        (f32::from_bits(self) * f32::from_bits(other)).to_bits()
    }

    fn host_quotient(self, other: Self) -> Self {
        (f32::from_bits(self) / f32::from_bits(other)).to_bits()
    }

    fn host_root(self) -> Self {
        f32::from_bits(self).sqrt().to_bits()
    }

    /// In double precision the product is exact; rounding its sum twice is harmless unless the first rounding
    /// lands on the middle between two singles.
    fn host_multiply_add(self, a: Self, b: Self) -> Option<Self> {
        let wide = f64::from(f32::from_bits(self)) * f64::from(f32::from_bits(a)) + f64::from(f32::from_bits(b));
        let middle = wide.to_bits() & 0x1fff_ffff == 0x1000_0000;
        (!middle).then_some((wide as f32).to_bits())
    }
}

impl Arithmetic for u64 {
    fn host_sum(self, other: Self) -> Self {
        (f64::from_bits(self) + f64::from_bits(other)).to_bits()
    }

    fn host_product(self, other: Self) -> Self {
        (f64::from_bits(self) * f64::from_bits(other)).to_bits()
    }

    fn host_quotient(self, other: Self) -> Self {
        (f64::from_bits(self) / f64::from_bits(other)).to_bits()
    }

    fn host_root(self) -> Self {
        f64::from_bits(self).sqrt().to_bits()
    }
}

/// A finite number: `magnitude` × 2^`exponent`.
#[derive(Clone, Copy)]
pub(in crate::sim::arm) struct Finite {
    pub negative: bool,
    pub exponent: i32,
    pub magnitude: u128,
}

/// How a result is rounded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::arm) enum Rounding {
    Nearest,
    Up,
    Down,
    ToZero,
    /// To nearest, halves away from zero.
    Away,
}

/// The rounding mode in FPSCR.
pub(in crate::sim::arm) fn rounding(fpscr: u32) -> Rounding {
    [Rounding::Nearest, Rounding::Up, Rounding::Down, Rounding::ToZero][(fpscr >> 22 & 3) as usize]
}

/// The NaN that an operation returns for its operands, if one of them is a NaN (`FPProcessNaNs`).
pub(super) fn nan_of<F: Format>(operands: &[F], fpscr: &mut u32) -> Option<F> {
    let signaling = operands.iter().find(|a| a.is_signaling());
    if signaling.is_some() {
        *fpscr |= INVALID;
    }
    let chosen = signaling.or_else(|| operands.iter().find(|a| a.is_nan()))?;
    Some(if *fpscr & DEFAULT_NAN != 0 { F::nan() } else { F::from_bits(chosen.bits() | F::QUIET) })
}

/// The result of an invalid operation on numbers.
pub(super) fn invalid<F: Format>(fpscr: &mut u32) -> F {
    *fpscr |= INVALID;
    F::nan()
}

/// Whether a remainder `rest` of `unit` (both in the same scale) rounds the magnitude up.
fn rounds_up(mode: Rounding, negative: bool, odd: bool, rest: u128, half: u128) -> bool {
    match mode {
        Rounding::Nearest => rest > half || (rest == half && odd),
        Rounding::Up => rest != 0 && !negative,
        Rounding::Down => rest != 0 && negative,
        Rounding::ToZero => false,
        Rounding::Away => rest >= half,
    }
}

/// `magnitude` / 2^`drop`, rounded; and whether that was inexact.
pub(super) fn shifted(magnitude: u128, drop: i32, mode: Rounding, negative: bool) -> (u128, bool) {
    match drop {
        ..=0 => (magnitude, false),
        1..=127 => {
            let quotient = magnitude >> drop;
            let rest = magnitude & ((1 << drop) - 1);
            let up = rounds_up(mode, negative, quotient & 1 == 1, rest, 1 << (drop - 1));
            (quotient + u128::from(up), rest != 0)
        }
        128 => (u128::from(rounds_up(mode, negative, false, magnitude, 1 << 127)), magnitude != 0),
        _ => (u128::from(rounds_up(mode, negative, false, u128::from(magnitude != 0), 2)), magnitude != 0),
    }
}

/// Whether a result beyond the largest number becomes infinite.
pub(super) fn overflows_to_infinity(mode: Rounding, negative: bool) -> bool {
    match mode {
        Rounding::Nearest | Rounding::Away => true,
        Rounding::Up => !negative,
        Rounding::Down => negative,
        Rounding::ToZero => false,
    }
}

/// `number` (not zero) rounded to the precision of `F`: its bits without limit, whether it is below the normal range,
/// whether that was inexact.
pub(super) fn rounded<F: Format>(number: Finite, mode: Rounding) -> (u64, bool, bool) {
    let shift = number.magnitude.leading_zeros() as i32;
    let (magnitude, exponent) = (number.magnitude << shift, number.exponent - shift);
    let biased = exponent + 127 + F::BIAS;
    let tiny = biased < 1;
    let kept = 127 - F::FRACTION as i32;
    let (quotient, inexact) = shifted(magnitude, if tiny { kept + 1 - biased } else { kept }, mode, number.negative);
    let base = if tiny { 0 } else { ((biased as u64).min(F::TOP + 1) - 1) << F::FRACTION };
    (quotient as u64 + base, tiny, inexact)
}

/// Rounds `number` (not zero) to `F` (`FPRound`).
pub(super) fn round<F: Format>(number: Finite, mode: Rounding, fpscr: &mut u32) -> F {
    let (bits, tiny, inexact) = rounded::<F>(number, mode);
    if tiny && *fpscr & FLUSH != 0 {
        *fpscr |= UNDERFLOW;
        return F::signed(number.negative, 0);
    }
    if !tiny && bits >= F::INFINITY {
        *fpscr |= OVERFLOW | INEXACT;
        let infinite = overflows_to_infinity(mode, number.negative);
        return F::signed(number.negative, if infinite { F::INFINITY } else { F::INFINITY - 1 });
    }
    if inexact {
        *fpscr |= INEXACT | if tiny { UNDERFLOW } else { 0 };
    }
    F::signed(number.negative, bits)
}
