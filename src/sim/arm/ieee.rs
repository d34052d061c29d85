//! Single-precision arithmetic as the Arm FPU does it: rounding modes, NaN rules, flush to zero, sticky flags
//! (DDI 0403E, A2.5 and the pseudocode of its appendix). The host's own arithmetic serves where it is bit-identical.

/// FPSCR bits: invalid operation, division by zero, overflow, underflow, inexact, input denormal.
pub(super) const INVALID: u32 = 1;
const DIVIDE_BY_ZERO: u32 = 2;
const OVERFLOW: u32 = 4;
const UNDERFLOW: u32 = 8;
pub(super) const INEXACT: u32 = 16;
const INPUT_DENORMAL: u32 = 128;
const FLUSH: u32 = 1 << 24;
const DEFAULT_NAN: u32 = 1 << 25;
pub(super) const ALTERNATIVE_HALF: u32 = 1 << 26;
const ROUNDING: u32 = 3 << 22;

const NAN: u32 = 0x7fc0_0000;
const INFINITY: u32 = 0x7f80_0000;
const SIGN: u32 = 1 << 31;
const QUIET: u32 = 1 << 22;

/// A finite number: `magnitude` × 2^`exponent`.
#[derive(Clone, Copy)]
pub(super) struct Finite {
    pub negative: bool,
    pub exponent: i32,
    pub magnitude: u64,
}

/// How a result is rounded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    Nearest,
    Up,
    Down,
    ToZero,
}

/// The rounding mode in FPSCR.
pub(super) fn rounding(fpscr: u32) -> Rounding {
    [Rounding::Nearest, Rounding::Up, Rounding::Down, Rounding::ToZero][(fpscr >> 22 & 3) as usize]
}

pub(super) fn is_nan(a: u32) -> bool {
    a & !SIGN > INFINITY
}

fn is_signaling(a: u32) -> bool {
    is_nan(a) && a & QUIET == 0
}

fn is_infinite(a: u32) -> bool {
    a & !SIGN == INFINITY
}

pub(super) fn is_zero(a: u32) -> bool {
    a & !SIGN == 0
}

/// The value with denormals flushed where FPSCR says so.
pub(super) fn flushed(a: u32, fpscr: &mut u32) -> u32 {
    if *fpscr & FLUSH != 0 && a & INFINITY == 0 && a & !SIGN != 0 {
        *fpscr |= INPUT_DENORMAL;
        return a & SIGN;
    }
    a
}

/// Sign, exponent and integer significand of a finite number.
pub(super) fn unpack(a: u32) -> Finite {
    let field = (a >> 23 & 0xff) as i32;
    let fraction = u64::from(a & 0x7f_ffff);
    let magnitude = if field == 0 { fraction } else { fraction | 1 << 23 };
    Finite { negative: a & SIGN != 0, exponent: field.max(1) - 150, magnitude }
}

/// The NaN that an operation returns for its operands, if one of them is a NaN (`FPProcessNaNs`).
fn nan_of(operands: &[u32], fpscr: &mut u32) -> Option<u32> {
    let signaling = operands.iter().find(|&&a| is_signaling(a));
    if signaling.is_some() {
        *fpscr |= INVALID;
    }
    let chosen = signaling.or_else(|| operands.iter().find(|&&a| is_nan(a)))?;
    Some(if *fpscr & DEFAULT_NAN != 0 { NAN } else { chosen | QUIET })
}

fn invalid(fpscr: &mut u32) -> u32 {
    *fpscr |= INVALID;
    NAN
}

fn signed(negative: bool, magnitude: u32) -> u32 {
    magnitude | u32::from(negative) << 31
}

/// Whether a remainder `rest` of `unit` (both in the same scale) rounds the magnitude up.
fn rounds_up(mode: Rounding, negative: bool, odd: bool, rest: u128, half: u128) -> bool {
    match mode {
        Rounding::Nearest => rest > half || (rest == half && odd),
        Rounding::Up => rest != 0 && !negative,
        Rounding::Down => rest != 0 && negative,
        Rounding::ToZero => false,
    }
}

/// `magnitude` / 2^`drop`, rounded; and whether that was inexact.
fn shifted(magnitude: u128, drop: i32, mode: Rounding, negative: bool) -> (u128, bool) {
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

/// Rounds `magnitude` × 2^`exponent` (not zero) to single precision (`FPRound`).
fn round(negative: bool, exponent: i32, magnitude: u128, mode: Rounding, fpscr: &mut u32) -> u32 {
    let shift = magnitude.leading_zeros() as i32;
    let (magnitude, exponent) = (magnitude << shift, exponent - shift);
    let biased = exponent + 127 + 127;
    let tiny = biased < 1;
    if tiny && *fpscr & FLUSH != 0 {
        *fpscr |= UNDERFLOW;
        return signed(negative, 0);
    }
    let drop = if tiny { 105 - biased } else { 104 };
    let (quotient, inexact) = shifted(magnitude, drop, mode, negative);
    let bits = quotient as u32 + if tiny { 0 } else { ((biased as u32).min(300) - 1) << 23 };
    if !tiny && (biased >= 255 || bits >= INFINITY) {
        *fpscr |= OVERFLOW | INEXACT;
        let to_infinity = match mode {
            Rounding::Nearest => true,
            Rounding::Up => !negative,
            Rounding::Down => negative,
            Rounding::ToZero => false,
        };
        return signed(negative, if to_infinity { INFINITY } else { INFINITY - 1 });
    }
    if inexact {
        *fpscr |= INEXACT | if tiny { UNDERFLOW } else { 0 };
    }
    signed(negative, bits)
}

/// The sum of two finite numbers, rounded once.
fn sum(a: Finite, b: Finite, fpscr: &mut u32) -> u32 {
    let mode = rounding(*fpscr);
    let (a, b) = match (a.magnitude, b.magnitude) {
        (0, 0) => {
            let negative = if a.negative == b.negative { a.negative } else { mode == Rounding::Down };
            return signed(negative, 0);
        }
        (0, _) => return round(b.negative, b.exponent, b.magnitude.into(), mode, fpscr),
        (_, 0) => return round(a.negative, a.exponent, a.magnitude.into(), mode, fpscr),
        _ if a.exponent >= b.exponent => (a, b),
        _ => (b, a),
    };
    // Beyond 60 bits the smaller one only decides the rounding: any tiny number does.
    let distance = a.exponent - b.exponent;
    let (left, right, exponent) = if distance <= 60 {
        (i128::from(a.magnitude) << distance, i128::from(b.magnitude), b.exponent)
    } else {
        (i128::from(a.magnitude) << 60, 1, a.exponent - 60)
    };
    let total = if a.negative { -left } else { left } + if b.negative { -right } else { right };
    if total == 0 {
        return signed(mode == Rounding::Down, 0);
    }
    round(total < 0, exponent, total.unsigned_abs(), mode, fpscr)
}

/// True where the host's result equals the FPU's with all its flags: nearest rounding, no flushing, the inexact flag
/// set already, everything normal and far from the limits.
fn host_agrees(fpscr: u32, operands: &[u32], result: f32) -> bool {
    let ordinary = |a: u32| matches!(a >> 23 & 0xff, 1..=254);
    fpscr & (ROUNDING | FLUSH | INEXACT) == INEXACT
        && operands.iter().all(|&a| ordinary(a))
        && matches!(result.to_bits() >> 23 & 0xff, 2..=254)
}

/// `a` + `b`.
pub(super) fn add(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    let quick = f32::from_bits(a) + f32::from_bits(b);
    if host_agrees(*fpscr, &[a, b], quick) {
        return quick.to_bits();
    }
    let (a, b) = (flushed(a, fpscr), flushed(b, fpscr));
    if let Some(nan) = nan_of(&[a, b], fpscr) {
        return nan;
    }
    match (is_infinite(a), is_infinite(b)) {
        (true, true) if a != b => invalid(fpscr),
        (true, _) => a,
        (_, true) => b,
        _ => sum(unpack(a), unpack(b), fpscr),
    }
}

/// `a` − `b`. A NaN keeps the sign it came with.
pub(super) fn sub(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    if is_nan(b) { add(a, b, fpscr) } else { add(a, b ^ SIGN, fpscr) }
}

/// `a` × `b`.
pub(super) fn mul(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    let quick = f32::from_bits(a) * f32::from_bits(b);
    if host_agrees(*fpscr, &[a, b], quick) {
        return quick.to_bits();
    }
    let (a, b) = (flushed(a, fpscr), flushed(b, fpscr));
    if let Some(nan) = nan_of(&[a, b], fpscr) {
        return nan;
    }
    let negative = (a ^ b) & SIGN != 0;
    match (is_infinite(a) || is_infinite(b), is_zero(a) || is_zero(b)) {
        (true, true) => invalid(fpscr),
        (true, false) => signed(negative, INFINITY),
        (false, true) => signed(negative, 0),
        _ => {
            let (a, b) = (unpack(a), unpack(b));
            let magnitude = u128::from(a.magnitude * b.magnitude);
            round(negative, a.exponent + b.exponent, magnitude, rounding(*fpscr), fpscr)
        }
    }
}

/// `a` / `b`.
pub(super) fn div(a: u32, b: u32, fpscr: &mut u32) -> u32 {
    let quick = f32::from_bits(a) / f32::from_bits(b);
    if host_agrees(*fpscr, &[a, b], quick) {
        return quick.to_bits();
    }
    let (a, b) = (flushed(a, fpscr), flushed(b, fpscr));
    if let Some(nan) = nan_of(&[a, b], fpscr) {
        return nan;
    }
    let negative = (a ^ b) & SIGN != 0;
    match (is_infinite(a), is_infinite(b)) {
        (true, true) => return invalid(fpscr),
        (true, false) => return signed(negative, INFINITY),
        (false, true) => return signed(negative, 0),
        _ => {}
    }
    match (is_zero(a), is_zero(b)) {
        (true, true) => invalid(fpscr),
        (true, false) => signed(negative, 0),
        (false, true) => {
            *fpscr |= DIVIDE_BY_ZERO;
            signed(negative, INFINITY)
        }
        _ => {
            let (a, b) = (unpack(a), unpack(b));
            // 2^72 leaves at least 48 bits of quotient, and the remainder becomes a last sticky bit.
            let numerator = u128::from(a.magnitude) << 72;
            let divisor = u128::from(b.magnitude);
            let quotient = (numerator / divisor) << 1 | u128::from(numerator % divisor != 0);
            round(negative, a.exponent - b.exponent - 73, quotient, rounding(*fpscr), fpscr)
        }
    }
}

/// √`a`.
pub(super) fn sqrt(a: u32, fpscr: &mut u32) -> u32 {
    let quick = f32::from_bits(a).sqrt();
    if host_agrees(*fpscr, &[a], quick) {
        return quick.to_bits();
    }
    let a = flushed(a, fpscr);
    if let Some(nan) = nan_of(&[a], fpscr) {
        return nan;
    }
    if is_zero(a) {
        return a;
    }
    if a & SIGN != 0 {
        return invalid(fpscr);
    }
    if is_infinite(a) {
        return a;
    }
    let number = unpack(a);
    let odd = number.exponent & 1;
    // An even exponent, and a radicand of at least 80 bits: a root of 40.
    let radicand = u128::from(number.magnitude) << (80 + odd);
    let root = radicand.isqrt();
    let sticky = u128::from(root * root != radicand);
    round(false, (number.exponent - odd - 80) / 2 - 1, root << 1 | sticky, rounding(*fpscr), fpscr)
}

/// `c` + `a` × `b`, rounded once (`FPMulAdd`).
pub(super) fn multiply_add(c: u32, a: u32, b: u32, fpscr: &mut u32) -> u32 {
    let (c, a, b) = (flushed(c, fpscr), flushed(a, fpscr), flushed(b, fpscr));
    let nan = nan_of(&[c, a, b], fpscr);
    let product_invalid = (is_infinite(a) && is_zero(b)) || (is_zero(a) && is_infinite(b));
    if product_invalid && is_nan(c) && !is_signaling(c) {
        return invalid(fpscr);
    }
    if let Some(nan) = nan {
        return nan;
    }
    let negative = (a ^ b) & SIGN != 0;
    let product_infinite = is_infinite(a) || is_infinite(b);
    if product_invalid || (product_infinite && is_infinite(c) && negative != (c & SIGN != 0)) {
        return invalid(fpscr);
    }
    if product_infinite {
        return signed(negative, INFINITY);
    }
    if is_infinite(c) {
        return c;
    }
    if let Some(quick) = quick_multiply_add(c, a, b, *fpscr) {
        return quick;
    }
    let (a, b) = (unpack(a), unpack(b));
    let product = Finite { negative, exponent: a.exponent + b.exponent, magnitude: a.magnitude * b.magnitude };
    sum(unpack(c), product, fpscr)
}

/// In double precision the product is exact; rounding its sum twice is harmless unless the first rounding
/// lands on the middle between two singles.
fn quick_multiply_add(c: u32, a: u32, b: u32, fpscr: u32) -> Option<u32> {
    let wide = f64::from(f32::from_bits(a)) * f64::from(f32::from_bits(b)) + f64::from(f32::from_bits(c));
    let middle = wide.to_bits() & 0x1fff_ffff == 0x1000_0000;
    (!middle && host_agrees(fpscr, &[c, a, b], wide as f32)).then(|| (wide as f32).to_bits())
}

/// N, Z, C, V of a comparison in bits 31 to 28; `quiet` NaNs are invalid only for `VCMPE`.
pub(super) fn compare(a: u32, b: u32, signal_quiet: bool, fpscr: &mut u32) -> u32 {
    let (a, b) = (flushed(a, fpscr), flushed(b, fpscr));
    if is_nan(a) || is_nan(b) {
        if signal_quiet || is_signaling(a) || is_signaling(b) {
            *fpscr |= INVALID;
        }
        return 0b0011 << 28;
    }
    let (x, y) = (f32::from_bits(a), f32::from_bits(b));
    match x.partial_cmp(&y) {
        Some(std::cmp::Ordering::Less) => 0b1000 << 28,
        Some(std::cmp::Ordering::Equal) => 0b0110 << 28,
        _ => 0b0010 << 28,
    }
}

/// `a` × 2^`fraction` as an integer in `low..=high`, saturated (`FPToFixed`).
pub(super) fn to_integer(a: u32, fraction: u8, low: i64, high: i64, mode: Rounding, fpscr: &mut u32) -> i64 {
    let a = flushed(a, fpscr);
    if is_nan(a) {
        *fpscr |= INVALID;
        return 0;
    }
    let saturated = if a & SIGN != 0 { low } else { high };
    let number = unpack(a);
    let exponent = number.exponent + i32::from(fraction);
    if is_infinite(a) || exponent > 30 {
        *fpscr |= INVALID;
        return saturated;
    }
    let magnitude = u128::from(number.magnitude) << exponent.max(0);
    let (rounded, inexact) = shifted(magnitude, -exponent, mode, number.negative);
    let value = if number.negative { -(rounded as i64) } else { rounded as i64 };
    if value < low || value > high {
        *fpscr |= INVALID;
        return saturated;
    }
    if inexact {
        *fpscr |= INEXACT;
    }
    value
}

/// `value` / 2^`fraction` as a float (`FixedToFP`).
pub(super) fn from_integer(value: i64, fraction: u8, mode: Rounding, fpscr: &mut u32) -> u32 {
    if value == 0 {
        return 0;
    }
    round(value < 0, -i32::from(fraction), u128::from(value.unsigned_abs()), mode, fpscr)
}

/// Half precision to single (`FPHalfToSingle`).
pub(super) fn from_half(half: u16, fpscr: &mut u32) -> u32 {
    let negative = half >> 15 == 1;
    let (field, fraction) = (half >> 10 & 31, u32::from(half & 0x3ff));
    if field == 31 && *fpscr & ALTERNATIVE_HALF == 0 {
        if fraction == 0 {
            return signed(negative, INFINITY);
        }
        let nan = signed(negative, INFINITY | fraction << 13);
        return nan_of(&[nan], fpscr).unwrap_or(NAN);
    }
    let magnitude = if field == 0 { fraction } else { fraction | 1 << 10 };
    if magnitude == 0 {
        return signed(negative, 0);
    }
    // Every half is a normal single: exact.
    round(negative, i32::from(field.max(1)) - 25, magnitude.into(), Rounding::Nearest, fpscr)
}

/// Single precision to half (`FPSingleToHalf`).
pub(super) fn to_half(a: u32, fpscr: &mut u32) -> u16 {
    let a = flushed(a, fpscr);
    let negative = a & SIGN != 0;
    let sign = u16::from(negative) << 15;
    let alternative = *fpscr & ALTERNATIVE_HALF != 0;
    if is_nan(a) {
        return nan_to_half(a, sign, alternative, fpscr);
    }
    if is_infinite(a) {
        if alternative {
            *fpscr |= INVALID;
            return sign | 0x7fff;
        }
        return sign | 0x7c00;
    }
    if is_zero(a) {
        return sign;
    }
    finite_to_half(unpack(a), sign, alternative, fpscr)
}

fn nan_to_half(a: u32, sign: u16, alternative: bool, fpscr: &mut u32) -> u16 {
    if is_signaling(a) || alternative {
        *fpscr |= INVALID;
    }
    if alternative {
        sign
    } else if *fpscr & DEFAULT_NAN != 0 {
        0x7e00
    } else {
        sign | 0x7e00 | (a >> 13 & 0x1ff) as u16
    }
}

fn finite_to_half(number: Finite, sign: u16, alternative: bool, fpscr: &mut u32) -> u16 {
    let mode = rounding(*fpscr);
    let magnitude = u128::from(number.magnitude);
    let shift = magnitude.leading_zeros() as i32;
    let (magnitude, exponent) = (magnitude << shift, number.exponent - shift);
    let biased = exponent + 127 + 15;
    let tiny = biased < 1;
    // Eleven bits stay; below the smallest normal half, fewer.
    let drop = if tiny { 118 - biased } else { 117 };
    let (quotient, inexact) = shifted(magnitude, drop, mode, number.negative);
    let bits = quotient as i32 + if tiny { 0 } else { (biased - 1) << 10 };
    let limit = if alternative { 0x8000 } else { 0x7c00 };
    if bits >= limit {
        if alternative {
            *fpscr |= INVALID;
            return sign | 0x7fff;
        }
        *fpscr |= OVERFLOW | INEXACT;
        let to_infinity = match mode {
            Rounding::Nearest => true,
            Rounding::Up => !number.negative,
            Rounding::Down => number.negative,
            Rounding::ToZero => false,
        };
        return sign | if to_infinity { 0x7c00 } else { 0x7bff };
    }
    if inexact {
        *fpscr |= INEXACT | if tiny { UNDERFLOW } else { 0 };
    }
    sign | bits as u16
}
