//! The fixed-point functions behind lookup tables, as TFLM computes them.

use crate::net::fixed;

/// `fixed::requantise` that saturates where TFLM's would overflow: only answers outside of int8 differ.
pub(super) fn requantised(x: i32, multiplier: i32, shift: i32) -> i32 {
    let shifted = i64::from(x) << shift.max(0);
    if shifted.unsigned_abs() > i32::MAX as u64 {
        return if x < 0 { -1_000_000 } else { 1_000_000 };
    }
    if shift < -31 { 0 } else { fixed::requantise(x, multiplier, shift).clamp(-1_000_000, 1_000_000) }
}

/// The same for a real factor that may be negative.
pub(super) fn signed_requantised(x: i32, real: f64) -> i32 {
    let (multiplier, shift) = fixed::multiplier(real.abs());
    requantised(x, if real < 0.0 { -multiplier } else { multiplier }, shift)
}

/// Steps of the input's scale in Q4.27, and from which value on the answer is the largest one
/// (`CalculateInputRadius`).
fn q4(scale: f32) -> (i32, i32, i32) {
    const INTEGER: i32 = 4;
    let (multiplier, shift) = fixed::multiplier(f64::from(scale) * f64::from(1 << (31 - INTEGER)));
    let most = ((1 << INTEGER) - 1) as f64 * f64::from(1 << (31 - INTEGER));
    let radius = most / (0..shift.max(0)).fold(1.0, |power, _| 2.0 * power);
    // From a scale of 8 on, TFLM's shift is above 30, where ours ends, and its radius zero.
    let radius = if scale >= 8.0 { 0.0 } else { radius.floor().min(1e9) };
    (multiplier, shift, radius as i32)
}

/// Rounds Q0.31 to `bits` fractional bits.
fn rounded(x: i32, bits: i32) -> i32 {
    fixed::rounding_shift(x, 31 - bits)
}

/// `Logistic` of `reference/integer_ops/logistic.h`; x is less its zero point.
pub(super) fn sigmoid(x: i32, scale: f32) -> i32 {
    let (multiplier, shift, radius) = q4(scale);
    match x {
        x if x <= -radius => -128,
        x if x >= radius => 127,
        x => rounded(fixed::logistic(fixed::requantise(x, multiplier, shift)), 8) - 128,
    }
}

/// `Tanh` of `reference/integer_ops/tanh.h`; x is less its zero point.
pub(super) fn tanh(x: i32, scale: f32) -> i32 {
    let (multiplier, shift, radius) = q4(scale);
    match x {
        x if x <= -radius => -128,
        x if x >= radius => 127,
        x => rounded(fixed::tanh(fixed::requantise(x, multiplier, shift)), 7),
    }
}

/// `RsqrtEvalQuantized` of `elementwise.cc`; x is less its zero point. Negative values, for which TFLM stops, and zero
/// give the largest answer.
pub(super) fn rsqrt(x: i32, input: f32, output: f32) -> i32 {
    const SHIFT: i32 = 20;
    if x <= 0 {
        return 1_000_000;
    }
    // `SetRsqrtOutputMultiplier`: root and product in f32.
    let (multiplier, shift) = fixed::multiplier(1.0 / f64::from(input.sqrt() * output));
    let (root, right) = fixed::inverse_root(x);
    // At most 2^20, which is beyond what `requantised` lets through.
    let data = fixed::requantise(1, root, right + SHIFT);
    requantised(data, multiplier, shift - SHIFT)
}

/// The high half of 2ab of int16, rounded to nearest (gemmlowp's `SaturatingRoundingDoublingHighMul`).
fn double_high(a: i32, b: i32) -> i32 {
    if a == -32_768 && b == -32_768 {
        return 32_767;
    }
    let product = a * b;
    (product + if product >= 0 { 1 << 14 } else { 1 - (1 << 14) }) / (1 << 15)
}

fn saturated(x: i64) -> i32 {
    x.clamp(-32_768, 32_767) as i32
}

/// Multiplier in int16 and shift (`DownScaleInt32ToInt16Multiplier`).
fn narrow(real: f32) -> (i32, i32) {
    let (multiplier, shift) = fixed::multiplier(f64::from(real));
    let narrow = if multiplier >= i32::MAX - (1 << 15) { 32_767 } else { (multiplier + (1 << 15)) >> 16 };
    (narrow, shift)
}

/// `HardSwish` of `reference/hard_swish.h`, which works in int16; x is less its zero point, the answer too.
pub(super) fn hard_swish(x: i32, input: f32, output: f32) -> i32 {
    let fine = (1.0 / 128.0) * input;
    let (output_multiplier, output_shift) = narrow(fine / output);
    let (share_multiplier, share_shift) = narrow(fine / (3.0 / 32_768.0));
    // The conversion to int16 wraps, as in TFLM.
    let x = i32::from((x * (1 << 7)) as i16);
    let scaled = double_high(x, output_multiplier);
    let mut share = x;
    if share_shift > 0 {
        share = saturated(i64::from(share) << (share_shift - 1).min(31));
    }
    share = double_high(share, share_multiplier);
    if share_shift > 0 {
        share = saturated(i64::from(share) * 2);
    }
    if share_shift < 0 {
        share = fixed::rounding_shift(share, (-share_shift).min(31));
    }
    let share = (share + (1 << 15)) >> 1;
    let product = if share == scaled && share == -32_768 { 32_767 } else { share * scaled / (1 << 15) };
    fixed::rounding_shift(product, (-output_shift).clamp(0, 31))
}
