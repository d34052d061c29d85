//! Fixed-point arithmetic of the int8 contract (`net/quantize.rs`): the C kernels do the same in the same order.
//!
//! From gemmlowp's `fixedpoint.h` and `TFLite`'s `common.h` and `quantization_util.cc`; Qm.n has m integer bits.

/// The real factor as `multiplier · 2^(shift − 31)` with 31 significant bits (`TFLite`'s `QuantizeMultiplier`).
/// Factors below 2^−32 become zero, those from 2^30 on the largest one. The shift lies in −31..=30.
pub fn multiplier(real: f64) -> (i32, i32) {
    const LEAST: f64 = 1.0 / 4_294_967_296.0;
    if real.is_nan() || real < LEAST {
        return (0, -31);
    }
    // `real` is a normal number: fraction in [0.5, 1) and exponent straight from its bits.
    let mut shift = ((real.to_bits() >> 52) & 0x7ff) as i32 - 1022;
    let fraction = f64::from_bits((real.to_bits() & !(0x7ff << 52)) | (1022 << 52));
    let mut mantissa = (fraction * 2_147_483_648.0).round() as i64;
    if mantissa == 1 << 31 {
        mantissa /= 2;
        shift += 1;
    }
    if shift > 30 { (i32::MAX, 30) } else { (mantissa as i32, shift) }
}

/// `sum · multiplier · 2^(shift − 31)`, rounded twice as TFLM's reference kernels do it for every operator
/// (`MultiplyByQuantizedMultiplier`). `sum · 2^shift` must fit 32 bits where the shift is above zero.
pub fn requantise(sum: i32, multiplier: i32, shift: i32) -> i32 {
    rounding_shift(double_high(sum << shift.max(0), multiplier), (-shift).max(0))
}

/// The high half of `2ab`, rounded to nearest, halves upwards, saturated (`SaturatingRoundingDoublingHighMul`, whose
/// nudge by sign and division towards zero come to the same).
pub fn double_high(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    ((i64::from(a) * i64::from(b) + (1 << 30)) >> 31) as i32
}

/// `x / 2^exponent`, rounded to nearest, halves away from zero (`RoundingDivideByPOT`); `exponent` in 0..=31.
pub fn rounding_shift(x: i32, exponent: i32) -> i32 {
    let mask = ((1_i64 << exponent) - 1) as i32;
    let threshold = (mask >> 1) + i32::from(x < 0);
    (x >> exponent) + i32::from((x & mask) > threshold)
}

/// `x · 2^exponent`, saturated (`SaturatingRoundingMultiplyByPOT` with a positive exponent).
fn saturating_shift(x: i32, exponent: u32) -> i32 {
    (i64::from(x) << exponent).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// e^−(2^i) for i from −2 to 4, in Q0.31.
const STEPS: [i32; 7] = [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];

/// e^x for x ≤ 0 in Q5.26; the result in Q0.31 (`exp_on_negative_values`).
pub fn exp_of_negative(x: i32) -> i32 {
    exp_of_negative_with(x, 5)
}

/// The same for x with `integer` integer bits, at most 5.
fn exp_of_negative_with(x: i32, integer: u32) -> i32 {
    if x == 0 {
        return i32::MAX;
    }
    let quarter = 1 << (29 - integer);
    let fraction = (x & (quarter - 1)) - quarter;
    let mut result = exp_near_zero(saturating_shift(fraction, integer));
    let rest = fraction.wrapping_sub(x);
    for (bit, step) in STEPS.iter().enumerate().take(integer as usize + 2) {
        if rest & (quarter << bit) != 0 {
            result = double_high(result, *step);
        }
    }
    result
}

/// 1/(1 + e^−x) for x in Q4.27; the result in Q0.31 (`logistic`).
pub fn logistic(x: i32) -> i32 {
    let positive = reciprocal_of_one_plus(exp_of_negative_with(-x.saturating_abs(), 4));
    match x {
        0 => 1 << 30,
        x if x > 0 => positive,
        _ => i32::MAX - positive,
    }
}

/// tanh x for x in Q4.27; the result in Q0.31 (`tanh`).
pub fn tanh(x: i32) -> i32 {
    if x == 0 {
        return 0;
    }
    // (1 − e^−2|x|) / (1 + e^−2|x|): twice x has the same bits in Q5.26.
    let half_inverse = newton(exp_of_negative_with(-x.saturating_abs(), 5));
    let tanh = saturating_shift(half_inverse - (1 << 29), 2);
    if x > 0 { tanh } else { -tanh }
}

/// 1/√x as a multiplier and its shift (`GetInvSqrtQuantizedMultiplierExp`); x ≥ 0.
pub fn inverse_root(x: i32) -> (i32, i32) {
    if x <= 1 {
        return (i32::MAX, 0);
    }
    let (mut x, mut right) = (x, 11);
    while x >= 1 << 29 {
        x /= 4;
        right += 1;
    }
    let pairs = (x.leading_zeros() as i32 - 1) / 2 - 1;
    right -= pairs;
    let input = (x << (2 * pairs)) >> 1;
    let half = rounding_shift(input, 1);
    // Newton's method from 1 in Q3.28.
    let mut y = 1 << 28;
    for _ in 0..5 {
        let cube = saturating_shift(double_high(double_high(y, y), y), 6);
        let change = double_high((1 << 28) + (1 << 27), y) - double_high(half, cube);
        y = saturating_shift(change, 3);
    }
    let y = double_high(y, 1_518_500_250);
    if right < 0 { (y << -right, 0) } else { (y, -right) }
}

/// e^x for x in [−1/4, 0), Q0.31 both: Taylor's series around −1/8.
fn exp_near_zero(x: i32) -> i32 {
    const EXP_OF_MINUS_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = x + (1 << 28);
    let square = double_high(x, x);
    let cube = double_high(square, x);
    let fourth = rounding_shift(double_high(square, square), 2);
    let tail = rounding_shift(double_high(fourth + cube, THIRD) + square, 1);
    EXP_OF_MINUS_EIGHTH + double_high(EXP_OF_MINUS_EIGHTH, x + tail)
}

/// 1/x for x in Q12.19, x ≥ 1: a factor in Q0.31 and the number of integer bits of x (`TFLite`'s `GetReciprocal`).
pub fn reciprocal(x: i32) -> (i32, i32) {
    let zeros = x.leading_zeros();
    let fraction = ((x as u32) << zeros).wrapping_sub(1 << 31) as i32;
    (reciprocal_of_one_plus(fraction), 12 - zeros as i32)
}

/// 1/(1 + x) for x in [0, 1), Q0.31 both (`one_over_one_plus_x_for_x_in_0_1`).
fn reciprocal_of_one_plus(x: i32) -> i32 {
    saturating_shift(newton(x), 1)
}

/// 2/(1 + x) in Q2.29 for x in [0, 1) in Q0.31: Newton's method.
fn newton(x: i32) -> i32 {
    let half = ((i64::from(x) + i64::from(i32::MAX) + 1) / 2) as i32;
    // 48/17 − 32/17 · d in Q2.29, the best linear start.
    let mut y = 1_515_870_810 + double_high(half, -1_010_580_540);
    for _ in 0..3 {
        let error = (1 << 29) - double_high(half, y);
        y += saturating_shift(double_high(y, error), 2);
    }
    y
}

/// ln x for x ≥ 1 in Q12.19; the result in Q5.26 (`log_x_for_x_greater_than_or_equal_to_1_impl`).
pub fn logarithm(x: i32) -> i32 {
    const SQRT_HALF: i32 = 1_518_500_250;
    const FOURTH_ROOT_OF_HALF: i32 = 1_805_811_301;
    // A quarter in Q6.25, in which the power of two is summed.
    const QUARTER: i32 = 1 << 23;
    let zeros = x.leading_zeros();
    let more = double_high(x, SQRT_HALF).leading_zeros() - 1;
    let first = saturating_shift(double_high(saturating_shift(x, zeros - 1), SQRT_HALF), 1);
    let r = first.min(saturating_shift(x, more));
    let power = ((12 - zeros as i32) * (1 << 25) + QUARTER).max((12 - more as i32) * (1 << 25) - QUARTER);
    let p = ((i64::from(r) + i64::from(FOURTH_ROOT_OF_HALF) + 1) / 2) as i32;
    let q = 2 * (r - FOURTH_ROOT_OF_HALF);
    let square = double_high(q, q);
    let above = double_high(q, r) + double_high(double_high(q, square), 117_049_297);
    let inner = 1_057_819_769 + q + double_high(127_690_142, square);
    let under = double_high(p, inner) + double_high(638_450_708, q);
    let part = double_high(rounding_shift(above, 6), reciprocal_of_one_plus(under));
    saturating_shift(double_high(power, 1_488_522_236) + part, 1)
}
