//! The helpers that a C file may need, each defined only where it is used.

use std::fmt::Write as _;

use crate::tensor::dtype::DType;
use crate::tensor::float::Special;

/// A helper function of the emitted file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Helper {
    /// The value of a stored small float.
    Decode(DType),
    /// A small float as it is stored.
    Encode(DType, bool),
    /// A `float` rounded to a small float.
    Round(DType, bool),
    /// The smaller; NaN if either is.
    Min(DType),
    /// The greater; NaN if either is.
    Max(DType),
    /// Absolute value of an integer, wrapping.
    Abs(DType),
    /// Quotient or (`true`) remainder, zero by zero.
    Divide(DType, bool),
    /// Shift, to the left if `true`.
    Shift(DType, bool),
    /// A float as an integer, truncated and saturated.
    Truncate(DType, DType),
    /// An integer as a position, saturated.
    Position(DType),
}

impl Helper {
    /// Its name.
    pub(super) fn name(self) -> String {
        match self {
            Self::Decode(dtype) => format!("decode_{}", dtype.word()),
            Self::Encode(dtype, saturate) => format!("encode_{}{}", dtype.word(), suffix(saturate)),
            Self::Round(dtype, saturate) => format!("round_{}{}", dtype.word(), suffix(saturate)),
            Self::Min(dtype) => format!("min_{}", dtype.word()),
            Self::Max(dtype) => format!("max_{}", dtype.word()),
            Self::Abs(dtype) => format!("abs_{}", dtype.word()),
            Self::Divide(dtype, rest) => format!("{}_{}", if rest { "rem" } else { "div" }, dtype.word()),
            Self::Shift(dtype, left) => format!("{}_{}", if left { "shl" } else { "shr" }, dtype.word()),
            Self::Truncate(from, to) => format!("{}_from_{}", to.word(), from.word()),
            Self::Position(from) => format!("position_from_{}", from.word()),
        }
    }

    /// Helpers that it calls.
    pub(super) fn needs(self) -> Vec<Self> {
        match self {
            Self::Round(dtype, saturate) => vec![Self::Decode(dtype), Self::Encode(dtype, saturate)],
            _ => Vec::new(),
        }
    }

    /// Its definition.
    pub(super) fn define(self, out: &mut String) {
        let name = self.name();
        let (signature, body) = match self {
            Self::Decode(dtype) => (format!("float {name}(uint32_t code)"), decode(dtype)),
            Self::Encode(dtype, saturate) => {
                (format!("{} {name}(float value)", dtype.storage()), encode(dtype, saturate))
            }
            Self::Round(dtype, saturate) => {
                let (decode, encode) = (Self::Decode(dtype).name(), Self::Encode(dtype, saturate).name());
                (format!("float {name}(float value)"), format!("    return {decode}({encode}(value));\n"))
            }
            Self::Min(dtype) => (two(dtype, &name), extreme(dtype, "<")),
            Self::Max(dtype) => (two(dtype, &name), extreme(dtype, ">")),
            Self::Abs(dtype) => (format!("{0} {name}({0} a)", dtype.register()), abs(dtype)),
            Self::Divide(dtype, rest) => (two(dtype, &name), divide(dtype, rest)),
            Self::Shift(dtype, left) => (two(dtype, &name), shift(dtype, left)),
            Self::Truncate(from, to) => {
                (format!("{} {name}({} a)", to.register(), from.register()), truncate(from, to))
            }
            Self::Position(from) => {
                let low = if from.is_signed() { "a < INT32_MIN ? INT32_MIN : " } else { "" };
                let body = format!("    return {low}a > INT32_MAX ? INT32_MAX : (int32_t)a;\n");
                (format!("int32_t {name}({} a)", from.register()), body)
            }
        };
        let _ = write!(out, "static inline {signature} {{\n{body}}}\n\n");
    }
}

fn suffix(saturate: bool) -> &'static str {
    if saturate { "_saturated" } else { "" }
}

fn two(dtype: DType, name: &str) -> String {
    format!("{0} {name}({0} a, {0} b)", dtype.register())
}

fn extreme(dtype: DType, sign: &str) -> String {
    if dtype.is_float() {
        format!("    return a {sign} b || a != a ? a : b;\n")
    } else {
        format!("    return a {sign} b ? a : b;\n")
    }
}

fn abs(dtype: DType) -> String {
    let (register, wide) = (dtype.register(), if dtype.bits() == 64 { "uint64_t" } else { "uint32_t" });
    format!("    return a < 0 ? ({register})(0u - ({wide})a) : a;\n")
}

fn divide(dtype: DType, rest: bool) -> String {
    let register = dtype.register();
    let sign = if rest { "%" } else { "/" };
    let mut body = String::from("    if (b == 0) {\n        return 0;\n    }\n");
    if dtype.is_signed() {
        // The only quotient that doesn't fit: the least value by -1.
        let wide = if dtype.bits() == 64 { "uint64_t" } else { "uint32_t" };
        let value = if rest { "0".to_string() } else { format!("({register})(0u - ({wide})a)") };
        let _ = write!(body, "    if (b == -1) {{\n        return {value};\n    }}\n");
    }
    let _ = writeln!(body, "    return ({register})(a {sign} b);");
    body
}

fn shift(dtype: DType, left: bool) -> String {
    let (register, bits) = (dtype.register(), dtype.bits());
    let wide = if bits == 64 { "uint64_t" } else { "uint32_t" };
    let low = if dtype.is_signed() { "b < 0 || " } else { "" };
    let value = if left {
        format!("({register})(({wide})a << b)")
    } else if dtype.is_signed() {
        format!("({register})(a < 0 ? ~(~({wide})a >> b) : ({wide})a >> b)")
    } else {
        format!("({register})(a >> b)")
    };
    format!("    if ({low}b >= {bits}) {{\n        return 0;\n    }}\n    return {value};\n")
}

fn truncate(from: DType, to: DType) -> String {
    let suffix = if from == DType::F64 { "" } else { "f" };
    let power = if to.is_signed() { to.bits() - 1 } else { to.bits() };
    // Powers of two are exact in either float; the bound itself no longer fits.
    let limit = format!("{}.0{suffix}", 1u128 << power);
    let (low, least, most) = match to {
        DType::I64 => (format!("-{limit}"), "INT64_MIN".to_string(), "INT64_MAX".to_string()),
        DType::U64 => (format!("0.0{suffix}"), "0".to_string(), "UINT64_MAX".to_string()),
        DType::I32 | DType::Index => (format!("-{limit}"), "INT32_MIN".to_string(), "INT32_MAX".to_string()),
        _ if to.is_signed() => (format!("-{limit}"), to.min().to_string(), to.max().to_string()),
        _ => (format!("0.0{suffix}"), "0".to_string(), format!("{}u", to.max())),
    };
    let register = to.register();
    format!(
        "    if (a != a || a <= {low}) {{\n        return a != a ? 0 : ({register}){least};\n    }}\n    \
         return a >= {limit} ? ({register}){most} : ({register})a;\n"
    )
}

fn decode(dtype: DType) -> String {
    let Some(format) = dtype.format() else { return String::new() };
    let (fraction, exponent) = (format.fraction, format.exponent);
    let width = fraction + exponent;
    let nan = match format.special {
        Special::Ieee => format!("magnitude > {}u", format.greatest() + 1),
        Special::AllOnes => format!("magnitude == {}u", format.nan()),
        Special::NegativeZero => format!("code == {}u", format.nan()),
        Special::None => "false".into(),
    };
    let infinity = if format.special == Special::Ieee {
        format!(
            "    if (magnitude > {}u) {{\n        return code >> {width} & 1u ? -INFINITY : INFINITY;\n    }}\n",
            format.greatest()
        )
    } else {
        String::new()
    };
    let (mask, bias) = ((1u32 << width) - 1, format.bias);
    let scale = format!("(uint32_t)(field - {bias} - {fraction} + 127) << 23");
    let subnormal = if bias + fraction as i32 > 126 {
        // A power of two below 2^-126 has no exponent of its own.
        format!("field < {0} ? 1u << (149 + field - {bias} - {fraction}) : {scale}", bias + fraction as i32 - 126)
    } else {
        scale
    };
    let significand = if format.is_scale() {
        "    int32_t field = (int32_t)magnitude;\n    float significand = 1.0f;\n".to_string()
    } else {
        format!(
            "    int32_t field = (int32_t)(magnitude >> {fraction});\n    uint32_t rest = magnitude & {}u;\n    \
             float significand = (float)(field == 0 ? rest : rest | {}u);\n    field = field == 0 ? 1 : field;\n",
            (1u32 << fraction) - 1,
            1u32 << fraction
        )
    };
    let sign = if format.is_scale() { "value".into() } else { format!("code >> {width} & 1u ? -value : value") };
    format!(
        "    uint32_t magnitude = code & {mask}u;\n    if ({nan}) {{\n        return NAN;\n    }}\n{infinity}{significand}    \
         union {{ uint32_t bits; float value; }} power = {{ {subnormal} }};\n    \
         float value = significand * power.value;\n    return {sign};\n"
    )
}

fn encode(dtype: DType, saturate: bool) -> String {
    let Some(format) = dtype.format() else { return String::new() };
    let storage = dtype.storage();
    let (fraction, exponent, bias) = (format.fraction as i32, format.exponent, format.bias);
    let (greatest, nan) = (format.greatest(), format.nan());
    let mut body = "    union { float value; uint32_t bits; } word = { value };\n    \
                    uint32_t magnitude = word.bits & 0x7fffffffu;\n"
        .to_string();
    if format.is_scale() {
        let _ = write!(
            body,
            "    if (magnitude >= 0x7f800000u) {{\n        return {nan};\n    }}\n    \
             uint32_t code = (magnitude >> 23) + ((magnitude & 0x7fffffu) != 0);\n    \
             return ({storage})(code > {greatest}u ? {greatest}u : code);\n"
        );
        return body;
    }
    let overflow = match format.special {
        _ if saturate => format!("sign | {greatest}u"),
        Special::Ieee => format!("sign | {}u", greatest + 1),
        Special::AllOnes => format!("sign | {nan}u"),
        Special::NegativeZero => format!("{nan}u"),
        Special::None => format!("sign | {greatest}u"),
    };
    let quiet = if format.special == Special::Ieee { "sign | " } else { "" };
    let zero =
        if format.special == Special::NegativeZero { "    if (code == 0) {\n        return 0;\n    }\n" } else { "" };
    let least = 1 - bias;
    let _ = write!(
        body,
        "    uint32_t sign = word.bits >> 31 << {};\n    if (magnitude > 0x7f800000u) {{\n        \
         return ({storage})({quiet}{nan}u);\n    }}\n    if (magnitude == 0x7f800000u) {{\n        \
         return ({storage})({overflow});\n    }}\n    \
         int32_t exponent = (int32_t)(magnitude >> 23) - 127;\n    \
         uint32_t significand = magnitude & 0x7fffffu;\n    \
         if (exponent == -127) {{\n        exponent = -126;\n    }} else {{\n        significand |= 0x800000u;\n    }}\n    \
         int32_t unit = (exponent > ({least}) ? exponent : {least}) - {fraction};\n    \
         int32_t shift = unit - exponent + 23;\n    shift = shift > 31 ? 31 : shift;\n    \
         uint32_t kept = significand >> shift;\n    uint32_t rest = significand & ((1u << shift) - 1u);\n    \
         uint32_t half = shift > 0 ? 1u << (shift - 1) : 0u;\n    \
         kept += rest > half || (rest == half && shift > 0 && (kept & 1u)) ? 1u : 0u;\n    \
         uint32_t code = ((uint32_t)(unit + {}) << {fraction}) + kept;\n    \
         if (code > {greatest}u) {{\n        return ({storage})({overflow});\n    }}\n{zero}    \
         return ({storage})(sign | code);\n",
        exponent + format.fraction,
        bias + fraction - 1
    );
    body
}
