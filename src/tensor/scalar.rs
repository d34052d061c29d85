//! What each scalar operation means, for the interpreter and for folding while expressions are built.

use super::dtype::DType;
use super::expr::{Binary, Unary};
use super::literal::Scalar;

/// A float result rounded to its type.
pub fn round(dtype: DType, value: f64) -> Scalar {
    Scalar::Float(match dtype {
        DType::F64 => value,
        DType::F32 => f64::from(value as f32),
        _ => match dtype.format() {
            Some(format) => f64::from(format.round(value as f32, false)),
            None => value,
        },
    })
}

/// An operation on one value.
pub fn unary(op: Unary, dtype: DType, a: Scalar) -> Scalar {
    match (op, a) {
        (Unary::Neg, Scalar::Float(a)) => Scalar::Float(-a),
        (Unary::Abs, Scalar::Float(a)) => Scalar::Float(a.abs()),
        (Unary::Not, a) if dtype == DType::Bool => Scalar::Int(i64::from(a.int() == 0)),
        (Unary::Not, a) => Scalar::Int(dtype.wrap(!a.int())),
        (Unary::Neg, Scalar::Int(a)) => Scalar::Int(dtype.wrap(a.wrapping_neg())),
        (Unary::Abs, Scalar::Int(a)) if dtype.is_signed() => Scalar::Int(dtype.wrap(a.wrapping_abs())),
        (Unary::Abs, a) => a,
    }
}

/// An operation on two values of type `dtype`.
pub fn binary(op: Binary, dtype: DType, a: Scalar, b: Scalar) -> Scalar {
    if dtype.is_float() { floats(op, dtype, a.float(), b.float()) } else { ints(op, dtype, a.int(), b.int()) }
}

#[expect(clippy::float_cmp, reason = "equality of elements is what the operator asks for")]
fn floats(op: Binary, dtype: DType, a: f64, b: f64) -> Scalar {
    let truth = |value: bool| Scalar::Int(i64::from(value));
    match op {
        Binary::Add => round(dtype, a + b),
        Binary::Sub => round(dtype, a - b),
        Binary::Mul => round(dtype, a * b),
        Binary::Div => round(dtype, a / b),
        Binary::Rem => round(dtype, libm::fmod(a, b)),
        // NaN wins, as in NumPy's `minimum` and `maximum`.
        Binary::Min => Scalar::Float(if a < b || a.is_nan() { a } else { b }),
        Binary::Max => Scalar::Float(if a > b || a.is_nan() { a } else { b }),
        Binary::Eq => truth(a == b),
        Binary::Ne => truth(a != b),
        Binary::Lt => truth(a < b),
        Binary::Le => truth(a <= b),
        Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => Scalar::Float(f64::NAN),
    }
}

fn ints(op: Binary, dtype: DType, a: i64, b: i64) -> Scalar {
    let unsigned = dtype == DType::U64;
    let less = |a: i64, b: i64| if unsigned { (a as u64) < (b as u64) } else { a < b };
    let bits = i64::from(dtype.bits());
    let value = match op {
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::Mul => a.wrapping_mul(b),
        // Division by zero has no value in ONNX; here it is zero, and never a trap.
        Binary::Div | Binary::Rem if b == 0 => 0,
        Binary::Div if unsigned => ((a as u64) / (b as u64)) as i64,
        Binary::Rem if unsigned => ((a as u64) % (b as u64)) as i64,
        Binary::Div => a.wrapping_div(b),
        Binary::Rem => a.wrapping_rem(b),
        Binary::Min => {
            if less(b, a) {
                b
            } else {
                a
            }
        }
        Binary::Max => {
            if less(a, b) {
                b
            } else {
                a
            }
        }
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        // A shift by the width or more leaves nothing.
        Binary::Shl | Binary::Shr if !(0..bits).contains(&b) => 0,
        Binary::Shl => a << b,
        Binary::Shr if dtype.is_signed() => a >> b,
        Binary::Shr => ((a as u64) >> b) as i64,
        Binary::Eq => return Scalar::Int(i64::from(a == b)),
        Binary::Ne => return Scalar::Int(i64::from(a != b)),
        Binary::Lt => return Scalar::Int(i64::from(less(a, b))),
        Binary::Le => return Scalar::Int(i64::from(!less(b, a))),
    };
    Scalar::Int(dtype.wrap(value))
}

/// A conversion: floats to integers truncate and saturate (NaN is zero), integers wrap, anything but zero is true.
pub fn cast(from: DType, to: DType, saturate: bool, value: Scalar) -> Scalar {
    match value {
        Scalar::Float(value) if to.is_float() => match to.format() {
            Some(format) => Scalar::Float(f64::from(format.round(value as f32, saturate))),
            None => round(to, value),
        },
        Scalar::Float(value) if to == DType::Bool => Scalar::Int(i64::from(value != 0.0)),
        Scalar::Float(value) if to == DType::U64 => Scalar::Int(value as u64 as i64),
        Scalar::Float(value) => Scalar::Int((value as i64).clamp(to.min(), to.max())),
        Scalar::Int(value) if to.is_float() => {
            let value = if from == DType::U64 { value as u64 as f64 } else { value as f64 };
            cast(DType::F64, to, saturate, Scalar::Float(value))
        }
        Scalar::Int(value) if to == DType::Index => Scalar::Int(value.clamp(to.min(), to.max())),
        Scalar::Int(value) => Scalar::Int(to.wrap(value)),
    }
}
