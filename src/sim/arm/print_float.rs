//! Floating-point instructions as an assembler writes them.

use super::op::{Float, Index, Op, Rounded, Sign};
use super::print::{condition_name, indexed, literal, register};

/// The text of `op` at `pc`, if it is one of these.
pub(super) fn print(op: Op, pc: u32) -> Option<String> {
    let r = register;
    Some(match op {
        Op::Float { float, d, n, m } => arithmetic(float, false, d, n, m),
        Op::Double { float, d, n, m } => arithmetic(float, true, d, n, m),
        Op::FloatSelect { double, condition, d, n, m } => {
            let name = format!("vsel{}.{}", condition_name(condition), kind(double));
            format!("{name} {}, {}, {}", wide(double, d), wide(double, n), wide(double, m))
        }
        Op::FloatImm { double, d, imm } => {
            format!("vmov.{} {}, #{}", kind(double), wide(double, d), immediate(imm))
        }
        Op::FromFixed { double, sign, d, bits, fraction } => {
            let d = wide(double, d);
            format!("vcvt.{}.{}{bits} {d}, {d}, #{fraction}", kind(double), letter(sign))
        }
        Op::ToFixed { double, sign, d, bits, fraction } => {
            let d = wide(double, d);
            format!("vcvt.{}{bits}.{} {d}, {d}, #{fraction}", letter(sign), kind(double))
        }
        Op::FloatLoad { d, count, n, offset } => {
            format!("vldr {}, {}", float_register(d, count), indexed(n, Index::Offset, offset.into()))
        }
        Op::FloatStore { d, count, n, offset } => {
            format!("vstr {}, {}", float_register(d, count), indexed(n, Index::Offset, offset.into()))
        }
        Op::FloatLoadLiteral { d, count, address } => {
            format!("vldr {}, {}", float_register(d, count), literal(pc, address))
        }
        Op::FloatLoadMultiple { d, count, n: 13, writeback: true, before: false } => format!("vpop {}", list(d, count)),
        Op::FloatStoreMultiple { d, count, n: 13, writeback: true, before: true } => {
            format!("vpush {}", list(d, count))
        }
        Op::FloatLoadMultiple { d, count, n, writeback, before } => multiple("vldm", d, count, n, writeback, before),
        Op::FloatStoreMultiple { d, count, n, writeback, before } => multiple("vstm", d, count, n, writeback, before),
        Op::FloatToCore { t, s } => format!("vmov {}, s{s}", r(t)),
        Op::CoreToFloat { t, s } => format!("vmov s{s}, {}", r(t)),
        Op::FloatPairToCore { t, t2, s } => format!("vmov {}, {}, s{s}, s{}", r(t), r(t2), s + 1),
        Op::CorePairToFloat { t, t2, s } => format!("vmov s{s}, s{}, {}, {}", s + 1, r(t), r(t2)),
        Op::ReadFpscr { t: 15 } => "vmrs APSR_nzcv, fpscr".to_string(),
        Op::ReadFpscr { t } => format!("vmrs {}, fpscr", r(t)),
        Op::WriteFpscr { t } => format!("vmsr fpscr, {}", r(t)),
        _ => return None,
    })
}

fn letter(sign: Sign) -> char {
    if sign == Sign::Signed { 's' } else { 'u' }
}

/// A double register where two singles move at once.
fn float_register(d: u8, count: u8) -> String {
    if count == 2 { format!("d{}", d / 2) } else { format!("s{d}") }
}

fn list(d: u8, count: u8) -> String {
    if count == 1 { format!("{{s{d}}}") } else { format!("{{s{d}-s{}}}", d + count - 1) }
}

fn multiple(name: &str, d: u8, count: u8, n: u8, writeback: bool, before: bool) -> String {
    let way = if before { "db" } else { "ia" };
    format!("{name}{way} {}{}, {}", register(n), if writeback { "!" } else { "" }, list(d, count))
}

/// Names with three, two and one operand, and the conversions.
fn arithmetic(float: Float, double: bool, d: u8, n: u8, m: u8) -> String {
    let three = match float {
        Float::Add => "vadd",
        Float::Sub => "vsub",
        Float::Mul => "vmul",
        Float::Nmul => "vnmul",
        Float::Mla => "vmla",
        Float::Mls => "vmls",
        Float::Nmla => "vnmla",
        Float::Nmls => "vnmls",
        Float::Fma => "vfma",
        Float::Fms => "vfms",
        Float::Fnma => "vfnma",
        Float::Fnms => "vfnms",
        Float::Div => "vdiv",
        Float::Maximum => "vmaxnm",
        Float::Minimum => "vminnm",
        _ => return one(float, double, d, m),
    };
    format!("{three}.{} {}, {}, {}", kind(double), wide(double, d), wide(double, n), wide(double, m))
}

/// `f32` or `f64`.
fn kind(double: bool) -> &'static str {
    if double { "f64" } else { "f32" }
}

/// A register, numbered as singles are.
fn wide(double: bool, number: u8) -> String {
    if double { format!("d{}", number / 2) } else { format!("s{number}") }
}

fn one(float: Float, double: bool, d: u8, m: u8) -> String {
    let (kind, to, from) = (kind(double), wide(double, d), wide(double, m));
    let same = |name: &str| format!("{name}.{kind} {to}, {from}");
    match float {
        Float::Abs => same("vabs"),
        Float::Neg => same("vneg"),
        Float::Sqrt => same("vsqrt"),
        Float::Cmp => same("vcmp"),
        Float::Cmpe => same("vcmpe"),
        Float::CmpZero => format!("vcmp.{kind} {to}, #0.0"),
        Float::CmpeZero => format!("vcmpe.{kind} {to}, #0.0"),
        Float::Round(rounded) => same(&format!("vrint{}", round_letter(rounded))),
        Float::RoundExact => same("vrintx"),
        Float::FromHalf(top) => format!("vcvt{}.{kind}.f16 {to}, s{m}", half_letter(top)),
        Float::ToHalf(top) => format!("vcvt{}.f16.{kind} s{d}, {from}", half_letter(top)),
        Float::FromInt(sign) => format!("vcvt.{kind}.{}32 {to}, s{m}", letter(sign)),
        Float::ToInt(sign, rounded) => {
            let way = match rounded {
                Rounded::ToZero => "",
                Rounded::AsSet => "r",
                _ => round_letter(rounded),
            };
            format!("vcvt{way}.{}32.{kind} s{d}, {from}", letter(sign))
        }
        Float::Widen => format!("vcvt.f64.f32 d{}, s{m}", d / 2),
        Float::Narrow => format!("vcvt.f32.f64 s{d}, d{}", m / 2),
        // `Mov`; those with three operands don't come here.
        _ => same("vmov"),
    }
}

fn half_letter(top: bool) -> char {
    if top { 't' } else { 'b' }
}

fn round_letter(rounded: Rounded) -> &'static str {
    match rounded {
        Rounded::ToZero => "z",
        Rounded::AsSet => "r",
        Rounded::Away => "a",
        Rounded::Nearest => "n",
        Rounded::Up => "p",
        Rounded::Down => "m",
    }
}

/// `VFPExpandImm` (DDI 0403E, A6.4.1): sign, three bits of exponent, four of fraction.
fn immediate(imm: u8) -> f32 {
    let imm = u32::from(imm);
    let exponent = if imm & 0x40 != 0 { 0x7c } else { 0x80 } + (imm >> 4 & 3);
    f32::from_bits((imm >> 7) << 31 | exponent << 23 | (imm & 15) << 19)
}
