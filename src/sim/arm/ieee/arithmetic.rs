//! Sums, products, quotients, roots, comparisons.

use std::cmp::Ordering;

use super::format::{
    Arithmetic, DIVIDE_BY_ZERO, FLUSH, Finite, Format, INEXACT, INVALID, ROUNDING, Rounding, invalid, nan_of, round,
    rounding,
};

/// Where the leading bit of a summand goes: the sum of two stays below the top.
const SUMMAND_BIT: i32 = 125;

/// True where the host's result equals the FPU's with all its flags: nearest rounding, no flushing, the inexact flag
/// set already, everything normal and far from the limits.
fn host_agrees<F: Format>(fpscr: u32, operands: &[F], result: F) -> bool {
    fpscr & (ROUNDING | FLUSH | INEXACT) == INEXACT
        && operands.iter().all(|a| (1..F::TOP).contains(&a.field()))
        && (2..F::TOP).contains(&result.field())
}

/// The larger of two summands at `SUMMAND_BIT`, the smaller beside it: what falls off becomes a last sticky bit, which
/// is exact enough because both have 106 bits at most.
fn aligned(a: Finite, b: Finite) -> (i128, i128, i32) {
    let place = |number: Finite| {
        let shift = number.magnitude.leading_zeros() as i32 - (127 - SUMMAND_BIT);
        (number.magnitude << shift, number.exponent - shift, number.negative)
    };
    let (mut high, mut low) = (place(a), place(b));
    if high.1 < low.1 {
        std::mem::swap(&mut high, &mut low);
    }
    let small = match high.1 - low.1 {
        0 => low.0,
        distance @ 1..=127 => low.0 >> distance | u128::from(low.0 & ((1 << distance) - 1) != 0),
        _ => 1,
    };
    let signed = |magnitude: u128, negative| if negative { -(magnitude as i128) } else { magnitude as i128 };
    (signed(high.0, high.2), signed(small, low.2), high.1)
}

/// The sum of two finite numbers, rounded once.
fn sum<F: Format>(a: Finite, b: Finite, fpscr: &mut u32) -> F {
    let mode = rounding(*fpscr);
    match (a.magnitude, b.magnitude) {
        (0, 0) => {
            let negative = if a.negative == b.negative { a.negative } else { mode == Rounding::Down };
            return F::signed(negative, 0);
        }
        (0, _) => return round(b, mode, fpscr),
        (_, 0) => return round(a, mode, fpscr),
        _ => {}
    }
    let (left, right, exponent) = aligned(a, b);
    let total = left + right;
    if total == 0 {
        return F::signed(mode == Rounding::Down, 0);
    }
    round(Finite { negative: total < 0, exponent, magnitude: total.unsigned_abs() }, mode, fpscr)
}

/// `a` + `b`.
pub(in crate::sim::arm) fn add<F: Arithmetic>(a: F, b: F, fpscr: &mut u32) -> F {
    let quick = a.host_sum(b);
    if host_agrees(*fpscr, &[a, b], quick) {
        return quick;
    }
    let (a, b) = (a.flushed(fpscr), b.flushed(fpscr));
    if let Some(nan) = nan_of(&[a, b], fpscr) {
        return nan;
    }
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) if a != b => invalid(fpscr),
        (true, _) => a,
        (_, true) => b,
        _ => sum(a.unpack(), b.unpack(), fpscr),
    }
}

/// `a` − `b`. A NaN keeps the sign it came with.
pub(in crate::sim::arm) fn sub<F: Arithmetic>(a: F, b: F, fpscr: &mut u32) -> F {
    if b.is_nan() { add(a, b, fpscr) } else { add(a, b.negated(), fpscr) }
}

/// `a` × `b`.
pub(in crate::sim::arm) fn mul<F: Arithmetic>(a: F, b: F, fpscr: &mut u32) -> F {
    let quick = a.host_product(b);
    if host_agrees(*fpscr, &[a, b], quick) {
        return quick;
    }
    let (a, b) = (a.flushed(fpscr), b.flushed(fpscr));
    if let Some(nan) = nan_of(&[a, b], fpscr) {
        return nan;
    }
    let negative = a.is_negative() != b.is_negative();
    match (a.is_infinite() || b.is_infinite(), a.is_zero() || b.is_zero()) {
        (true, true) => invalid(fpscr),
        (true, false) => F::signed(negative, F::INFINITY),
        (false, true) => F::signed(negative, 0),
        _ => round(product(a.unpack(), b.unpack()), rounding(*fpscr), fpscr),
    }
}

/// The exact product.
fn product(a: Finite, b: Finite) -> Finite {
    Finite {
        negative: a.negative != b.negative,
        exponent: a.exponent + b.exponent,
        magnitude: a.magnitude * b.magnitude,
    }
}

/// `a` / `b`.
pub(in crate::sim::arm) fn div<F: Arithmetic>(a: F, b: F, fpscr: &mut u32) -> F {
    let quick = a.host_quotient(b);
    if host_agrees(*fpscr, &[a, b], quick) {
        return quick;
    }
    let (a, b) = (a.flushed(fpscr), b.flushed(fpscr));
    if let Some(nan) = nan_of(&[a, b], fpscr) {
        return nan;
    }
    let negative = a.is_negative() != b.is_negative();
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) => return invalid(fpscr),
        (true, false) => return F::signed(negative, F::INFINITY),
        (false, true) => return F::signed(negative, 0),
        _ => {}
    }
    match (a.is_zero(), b.is_zero()) {
        (true, true) => invalid(fpscr),
        (true, false) => F::signed(negative, 0),
        (false, true) => {
            *fpscr |= DIVIDE_BY_ZERO;
            F::signed(negative, F::INFINITY)
        }
        _ => round(quotient(a.unpack(), b.unpack()), rounding(*fpscr), fpscr),
    }
}

/// The quotient with at least 75 bits, the last of them sticky: whether there was a remainder.
fn quotient(a: Finite, b: Finite) -> Finite {
    let shift = a.magnitude.leading_zeros();
    let (numerator, divisor) = (a.magnitude << shift, b.magnitude);
    // The divisor has 53 bits at most.
    let magnitude = (numerator / divisor) | u128::from(numerator % divisor != 0);
    Finite { negative: a.negative != b.negative, exponent: a.exponent - b.exponent - shift as i32, magnitude }
}

/// √`a`.
pub(in crate::sim::arm) fn sqrt<F: Arithmetic>(a: F, fpscr: &mut u32) -> F {
    let quick = a.host_root();
    if !a.is_negative() && host_agrees(*fpscr, &[a], quick) {
        return quick;
    }
    let a = a.flushed(fpscr);
    if let Some(nan) = nan_of(&[a], fpscr) {
        return nan;
    }
    if a.is_zero() || (a.is_infinite() && !a.is_negative()) {
        return a;
    }
    if a.is_negative() {
        return invalid(fpscr);
    }
    let number = a.unpack();
    // An even exponent, and a radicand of at least 125 bits: a root of 63, then a sticky bit.
    let room = number.magnitude.leading_zeros() as i32 - 1;
    let shift = room - (number.exponent - room).rem_euclid(2);
    let radicand = number.magnitude << shift;
    let root = radicand.isqrt();
    let sticky = u128::from(root * root != radicand);
    let magnitude = root << 1 | sticky;
    round(Finite { negative: false, exponent: (number.exponent - shift) / 2 - 1, magnitude }, rounding(*fpscr), fpscr)
}

/// `c` + `a` × `b`, rounded once (`FPMulAdd`).
pub(in crate::sim::arm) fn multiply_add<F: Arithmetic>(c: F, a: F, b: F, fpscr: &mut u32) -> F {
    let (c, a, b) = (c.flushed(fpscr), a.flushed(fpscr), b.flushed(fpscr));
    let nan = nan_of(&[c, a, b], fpscr);
    let product_invalid = (a.is_infinite() && b.is_zero()) || (a.is_zero() && b.is_infinite());
    if product_invalid && c.is_nan() && !c.is_signaling() {
        return invalid(fpscr);
    }
    if let Some(nan) = nan {
        return nan;
    }
    let negative = a.is_negative() != b.is_negative();
    let product_infinite = a.is_infinite() || b.is_infinite();
    if product_invalid || (product_infinite && c.is_infinite() && negative != c.is_negative()) {
        return invalid(fpscr);
    }
    if product_infinite {
        return F::signed(negative, F::INFINITY);
    }
    if c.is_infinite() {
        return c;
    }
    if let Some(quick) = a.host_multiply_add(b, c)
        && host_agrees(*fpscr, &[c, a, b], quick)
    {
        return quick;
    }
    sum(c.unpack(), product(a.unpack(), b.unpack()), fpscr)
}

/// Orders two numbers that aren't NaNs; zeros are equal.
fn order<F: Format>(a: F, b: F) -> Ordering {
    let key = |a: F| if a.is_negative() { -(a.magnitude() as i64) } else { a.magnitude() as i64 };
    key(a).cmp(&key(b))
}

/// N, Z, C, V of a comparison in bits 31 to 28; quiet NaNs are invalid only for `VCMPE`.
pub(in crate::sim::arm) fn compare<F: Format>(a: F, b: F, signal_quiet: bool, fpscr: &mut u32) -> u32 {
    let (a, b) = (a.flushed(fpscr), b.flushed(fpscr));
    if a.is_nan() || b.is_nan() {
        if signal_quiet || a.is_signaling() || b.is_signaling() {
            *fpscr |= INVALID;
        }
        return 0b0011 << 28;
    }
    match order(a, b) {
        Ordering::Less => 0b1000 << 28,
        Ordering::Equal => 0b0110 << 28,
        Ordering::Greater => 0b0010 << 28,
    }
}

/// The larger one, where a quiet NaN beside a number counts as missing (`FPMaxNum`).
pub(in crate::sim::arm) fn maximum<F: Format>(a: F, b: F, fpscr: &mut u32) -> F {
    extreme(a, b, Ordering::Greater, fpscr)
}

/// The smaller one in the same way (`FPMinNum`).
pub(in crate::sim::arm) fn minimum<F: Format>(a: F, b: F, fpscr: &mut u32) -> F {
    extreme(a, b, Ordering::Less, fpscr)
}

fn extreme<F: Format>(a: F, b: F, wanted: Ordering, fpscr: &mut u32) -> F {
    let (a, b) = (a.flushed(fpscr), b.flushed(fpscr));
    let missing = |a: F| a.is_nan() && !a.is_signaling();
    match (missing(a), missing(b)) {
        (true, false) if !b.is_nan() => return b,
        (false, true) if !a.is_nan() => return a,
        _ => {}
    }
    if let Some(nan) = nan_of(&[a, b], fpscr) {
        return nan;
    }
    match order(a, b) {
        // Of two zeros, the positive one is the larger.
        Ordering::Equal if a.is_negative() == (wanted == Ordering::Greater) => b,
        Ordering::Equal => a,
        found if found == wanted => a,
        _ => b,
    }
}
