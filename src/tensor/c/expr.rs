//! Expressions in C. Integers are computed unsigned, so that nothing overflows; helpers are noted as they are used.

use std::collections::BTreeSet;

use crate::tensor::dtype::DType;
use crate::tensor::expr::{Binary, Expr, Kind, Unary};
use crate::tensor::literal::Scalar;
use crate::tensor::math::Math;

use super::support::Helper;

/// Names of buffers and the helpers used so far.
pub(super) struct Printer<'a> {
    /// The name of a buffer in the function at hand.
    pub(super) name: &'a dyn Fn(usize) -> String,
    /// Helpers that the file must define.
    pub(super) helpers: &'a mut BTreeSet<Helper>,
}

/// A known value in C, of a variable's type.
pub(super) fn constant(dtype: DType, value: Scalar) -> String {
    match value {
        Scalar::Float(value) => float(dtype, value),
        Scalar::Int(value) => match dtype {
            DType::Bool => if value == 0 { "false" } else { "true" }.into(),
            DType::I64 if value == i64::MIN => "INT64_MIN".into(),
            DType::I64 => format!("INT64_C({value})"),
            DType::U64 => format!("UINT64_C({})", value as u64),
            DType::U32 => format!("{value}u"),
            DType::I32 if value == i64::from(i32::MIN) => "INT32_MIN".into(),
            _ if value < 0 => format!("({value})"),
            _ => value.to_string(),
        },
    }
}

fn float(dtype: DType, value: f64) -> String {
    let suffix = if dtype == DType::F64 { "" } else { "f" };
    if value.is_nan() {
        return "NAN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "INFINITY".into() } else { "(-INFINITY)".into() };
    }
    let text = if dtype == DType::F64 { format!("{value:e}") } else { format!("{:e}", value as f32) };
    let sign = value.is_sign_negative();
    let number = match text.split_once('e') {
        Some((digits, "0")) if digits.contains('.') => format!("{digits}{suffix}"),
        Some((digits, "0")) => format!("{digits}.0{suffix}"),
        _ => format!("{text}{suffix}"),
    };
    if sign { format!("({number})") } else { number }
}

/// The bits of an element as it is stored, in C.
pub(super) fn stored(dtype: DType, bits: u64, value: Scalar) -> String {
    match dtype {
        DType::F32 | DType::F64 => constant(dtype, value),
        DType::Bool => u64::from(bits != 0).to_string(),
        _ if dtype.format().is_some() => bits.to_string(),
        _ => constant(dtype, value),
    }
}

impl Printer<'_> {
    fn helper(&mut self, helper: Helper) -> String {
        let name = helper.name();
        self.helpers.insert(helper);
        name
    }

    /// An expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> String {
        let dtype = expr.dtype;
        match &*expr.kind {
            Kind::Const(value) => constant(dtype, *value),
            Kind::Var(var) => format!("v{var}"),
            Kind::Load(buffer, position) => {
                let element = format!("{}[{}]", (self.name)(*buffer), self.bare(position));
                match dtype {
                    DType::Bool => format!("({element} != 0)"),
                    _ if dtype.format().is_some() => format!("{}({element})", self.helper(Helper::Decode(dtype))),
                    _ => element,
                }
            }
            Kind::Unary(op, a) => self.unary(*op, dtype, a),
            Kind::Binary(op, a, b) => self.binary(*op, a, b),
            Kind::Select(condition, yes, no) => {
                format!("({} ? {} : {})", self.expr(condition), self.expr(yes), self.expr(no))
            }
            Kind::Cast(a, saturate) => self.cast(a, dtype, *saturate),
            Kind::Math(math, x, y) => {
                let y = y.as_ref().map(|y| format!(", {}", self.bare(y))).unwrap_or_default();
                let suffix = if dtype == DType::F64 { "" } else { "f" };
                let call = format!("{}{suffix}({}{y})", math.name(), self.bare(x));
                self.rounded(dtype, call)
            }
        }
    }

    /// An expression without the parentheses around it.
    pub(super) fn bare(&mut self, expr: &Expr) -> String {
        let text = self.expr(expr);
        match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            Some(inside) if balanced(inside) => inside.to_string(),
            _ => text,
        }
    }

    /// A value as it is stored in an array.
    pub(super) fn storing(&mut self, value: &Expr) -> String {
        let dtype = value.dtype;
        if dtype.format().is_some() {
            // A conversion that is stored at once is rounded by being stored.
            if let Kind::Cast(a, saturate) = &*value.kind
                && a.dtype == DType::F32
            {
                return format!("{}({})", self.helper(Helper::Encode(dtype, *saturate)), self.bare(a));
            }
            return format!("{}({})", self.helper(Helper::Encode(dtype, false)), self.bare(value));
        }
        self.bare(value)
    }

    fn rounded(&mut self, dtype: DType, text: String) -> String {
        if dtype.format().is_some() { format!("{}({text})", self.helper(Helper::Round(dtype, false))) } else { text }
    }

    fn unary(&mut self, op: Unary, dtype: DType, a: &Expr) -> String {
        let text = self.expr(a);
        match op {
            Unary::Not if dtype == DType::Bool => format!("(!{text})"),
            Unary::Not => wrapped(dtype, &format!("~{}{text}", unsigned(dtype))),
            Unary::Neg if dtype.is_float() || dtype == DType::Index => format!("(-{text})"),
            Unary::Neg => wrapped(dtype, &format!("0u - {}{text}", unsigned(dtype))),
            Unary::Abs if dtype == DType::F64 => format!("fabs({text})"),
            Unary::Abs if dtype.is_float() => format!("fabsf({text})"),
            Unary::Abs => format!("{}({text})", self.helper(Helper::Abs(dtype))),
        }
    }

    fn binary(&mut self, op: Binary, a: &Expr, b: &Expr) -> String {
        let dtype = a.dtype;
        let sign = match op {
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
            Binary::Rem => "%",
            Binary::And if dtype == DType::Bool => "&&",
            Binary::Or if dtype == DType::Bool => "||",
            Binary::And => "&",
            Binary::Or => "|",
            Binary::Xor => "^",
            Binary::Eq => "==",
            Binary::Ne => "!=",
            Binary::Lt => "<",
            Binary::Le => "<=",
            Binary::Min | Binary::Max | Binary::Shl | Binary::Shr => "",
        };
        let (left, right) = (self.expr(a), self.expr(b));
        let plain = format!("({left} {sign} {right})");
        let call = |name: String| format!("{name}({left}, {right})");
        match op {
            Binary::Min => call(self.helper(Helper::Min(dtype))),
            Binary::Max => call(self.helper(Helper::Max(dtype))),
            Binary::Shl | Binary::Shr => call(self.helper(Helper::Shift(dtype, op == Binary::Shl))),
            Binary::Rem if dtype.is_float() => {
                let suffix = if dtype == DType::F64 { "" } else { "f" };
                self.rounded(dtype, format!("{}{suffix}({left}, {right})", Math::Fmod.name()))
            }
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div if dtype.is_float() => self.rounded(dtype, plain),
            Binary::Div | Binary::Rem if dtype != DType::Index => {
                call(self.helper(Helper::Divide(dtype, op == Binary::Rem)))
            }
            Binary::Add | Binary::Sub | Binary::Mul if dtype != DType::Index => {
                let unsigned = unsigned(dtype);
                wrapped(dtype, &format!("{unsigned}{left} {sign} {unsigned}{right}"))
            }
            Binary::And | Binary::Or | Binary::Xor if dtype != DType::Bool => wrapped(dtype, &plain),
            _ => plain,
        }
    }

    fn cast(&mut self, a: &Expr, to: DType, saturate: bool) -> String {
        let (from, text) = (a.dtype, self.expr(a));
        if to == DType::Bool {
            return format!("({text} != 0)");
        }
        if to.format().is_some() {
            return format!("{}((float){text})", self.helper(Helper::Round(to, saturate)));
        }
        if from.is_float() && !to.is_float() {
            return format!("{}({text})", self.helper(Helper::Truncate(from, to)));
        }
        if to == DType::Index && matches!(from, DType::I64 | DType::U64 | DType::U32) {
            return format!("{}({text})", self.helper(Helper::Position(from)));
        }
        if to.is_float() && from.format().is_some() && to == DType::F32 {
            return text;
        }
        if !to.is_float() {
            return wrapped(to, &text);
        }
        format!("(({}){text})", to.register())
    }
}

/// The cast that makes arithmetic of a type unsigned and at least as wide as `int`.
fn unsigned(dtype: DType) -> &'static str {
    if dtype.bits() == 64 { "(uint64_t)" } else { "(uint32_t)" }
}

/// Arithmetic that is done unsigned, back in its type.
fn wrapped(dtype: DType, text: &str) -> String {
    match dtype {
        DType::I2 | DType::I4 => {
            let (mask, sign) = ((1 << dtype.bits()) - 1, 1 << (dtype.bits() - 1));
            format!("((int8_t)((int)(((uint32_t)({text}) & {mask}u) ^ {sign}u) - {sign}))")
        }
        DType::U2 | DType::U4 => format!("((uint8_t)(({text}) & {}u))", (1 << dtype.bits()) - 1),
        _ => format!("(({})({text}))", dtype.register()),
    }
}

fn balanced(text: &str) -> bool {
    let mut depth = 0i32;
    for byte in text.bytes() {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        if depth < 0 {
            return false;
        }
    }
    true
}
