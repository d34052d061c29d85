//! Conversions between formats, to integers and to integral values.

use super::format::{
    ALTERNATIVE_HALF, DEFAULT_NAN, Finite, Format, INEXACT, INVALID, OVERFLOW, Rounding, UNDERFLOW, nan_of,
    overflows_to_infinity, round, rounded, rounding, shifted,
};

/// `a` × 2^`fraction` as an integer in `low..=high`, saturated (`FPToFixed`).
pub(in crate::sim::arm) fn to_integer<F: Format>(
    a: F,
    fraction: u8,
    (low, high): (i64, i64),
    mode: Rounding,
    fpscr: &mut u32,
) -> i64 {
    let a = a.flushed(fpscr);
    if a.is_nan() {
        *fpscr |= INVALID;
        return 0;
    }
    let saturated = if a.is_negative() { low } else { high };
    let number = a.unpack();
    let exponent = number.exponent + i32::from(fraction);
    // No result has more than 32 bits, no significand fewer than one.
    if a.is_infinite() || exponent > 32 {
        *fpscr |= INVALID;
        return saturated;
    }
    let magnitude = number.magnitude << exponent.max(0);
    let (rounded, inexact) = shifted(magnitude, -exponent, mode, number.negative);
    let value = if number.negative { -(rounded as i128) } else { rounded as i128 };
    if value < low.into() || value > high.into() {
        *fpscr |= INVALID;
        return saturated;
    }
    if inexact {
        *fpscr |= INEXACT;
    }
    value as i64
}

/// `value` / 2^`fraction` as a float (`FixedToFP`).
pub(in crate::sim::arm) fn from_integer<F: Format>(value: i64, fraction: u8, mode: Rounding, fpscr: &mut u32) -> F {
    if value == 0 {
        return F::from_bits(0);
    }
    let magnitude = value.unsigned_abs().into();
    round(Finite { negative: value < 0, exponent: -i32::from(fraction), magnitude }, mode, fpscr)
}

/// `a` rounded to an integral value; `exact` notes when that changed it (`FPRoundInt`).
pub(in crate::sim::arm) fn round_to_integer<F: Format>(a: F, mode: Rounding, exact: bool, fpscr: &mut u32) -> F {
    let a = a.flushed(fpscr);
    if let Some(nan) = nan_of(&[a], fpscr) {
        return nan;
    }
    let number = a.unpack();
    if a.is_infinite() || a.is_zero() || number.exponent >= 0 {
        return a;
    }
    let (magnitude, inexact) = shifted(number.magnitude, -number.exponent, mode, number.negative);
    if inexact && exact {
        *fpscr |= INEXACT;
    }
    match magnitude {
        0 => F::signed(number.negative, 0),
        _ => round(Finite { exponent: 0, magnitude, ..number }, Rounding::ToZero, fpscr),
    }
}

/// A NaN's sign and the top of its payload in another format.
fn convert_nan<F: Format, G: Format>(a: F, fpscr: &mut u32) -> G {
    if a.is_signaling() {
        *fpscr |= INVALID;
    }
    if *fpscr & DEFAULT_NAN != 0 {
        return G::nan();
    }
    let payload = a.bits() & (F::QUIET - 1);
    let moved = if G::FRACTION > F::FRACTION {
        payload << (G::FRACTION - F::FRACTION)
    } else {
        payload >> (F::FRACTION - G::FRACTION)
    };
    G::signed(a.is_negative(), G::INFINITY | G::QUIET | moved)
}

/// Between single and double precision (`FPSingleToDouble`, `FPDoubleToSingle`).
pub(in crate::sim::arm) fn resize<F: Format, G: Format>(a: F, fpscr: &mut u32) -> G {
    let a = a.flushed(fpscr);
    if a.is_nan() {
        return convert_nan(a, fpscr);
    }
    if a.is_infinite() || a.is_zero() {
        return G::signed(a.is_negative(), if a.is_zero() { 0 } else { G::INFINITY });
    }
    round(a.unpack(), rounding(*fpscr), fpscr)
}

/// Half precision to a wider format (`FPHalfToSingle`). Halves are never flushed.
pub(in crate::sim::arm) fn from_half<F: Format>(half: u16, fpscr: &mut u32) -> F {
    let alternative = *fpscr & ALTERNATIVE_HALF != 0;
    if !alternative && half.is_nan() {
        return convert_nan(half, fpscr);
    }
    if half.is_zero() || (!alternative && half.is_infinite()) {
        return F::signed(half.is_negative(), if half.is_zero() { 0 } else { F::INFINITY });
    }
    // Every half is a normal number of the wider format: exact.
    round(half.unpack(), Rounding::Nearest, fpscr)
}

/// A wider format to half precision (`FPSingleToHalf`, `FPDoubleToHalf`).
pub(in crate::sim::arm) fn to_half<F: Format>(a: F, fpscr: &mut u32) -> u16 {
    let a = a.flushed(fpscr);
    let sign = u16::from(a.is_negative()) << 15;
    let alternative = *fpscr & ALTERNATIVE_HALF != 0;
    if a.is_nan() && alternative {
        *fpscr |= INVALID;
        return sign;
    }
    if a.is_nan() {
        return convert_nan(a, fpscr);
    }
    if a.is_infinite() && alternative {
        *fpscr |= INVALID;
        return sign | 0x7fff;
    }
    if a.is_infinite() || a.is_zero() {
        return sign | if a.is_zero() { 0 } else { u16::INFINITY as u16 };
    }
    finite_to_half(a.unpack(), sign, alternative, fpscr)
}

/// Unlike `round`: nothing is flushed, and the alternative format has numbers where others have infinities and NaNs.
fn finite_to_half(number: Finite, sign: u16, alternative: bool, fpscr: &mut u32) -> u16 {
    let mode = rounding(*fpscr);
    let (bits, tiny, inexact) = rounded::<u16>(number, mode);
    if alternative && bits >= 0x8000 {
        *fpscr |= INVALID;
        return sign | 0x7fff;
    }
    if !alternative && bits >= u16::INFINITY {
        *fpscr |= OVERFLOW | INEXACT;
        return sign | if overflows_to_infinity(mode, number.negative) { 0x7c00 } else { 0x7bff };
    }
    if inexact {
        *fpscr |= INEXACT | if tiny { UNDERFLOW } else { 0 };
    }
    sign | bits as u16
}
