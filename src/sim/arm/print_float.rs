//! Floating-point instructions as an assembler writes them.

use super::op::{Float, Index, Op, Rounded, Sign};
use super::print::{indexed, literal, register};

/// The text of `op` at `pc`, if it is one of these.
pub(super) fn print(op: Op, pc: u32) -> Option<String> {
    let r = register;
    Some(match op {
        Op::Float { float, d, n, m } => arithmetic(float, d, n, m)?,
        Op::FloatImm { d, imm } => format!("vmov.f32 s{d}, #{}", immediate(imm)),
        Op::FromFixed { sign, d, bits, fraction } => {
            format!("vcvt.f32.{}{bits} s{d}, s{d}, #{fraction}", letter(sign))
        }
        Op::ToFixed { sign, d, bits, fraction } => format!("vcvt.{}{bits}.f32 s{d}, s{d}, #{fraction}", letter(sign)),
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
fn arithmetic(float: Float, d: u8, n: u8, m: u8) -> Option<String> {
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
        _ => return one(float, d, m),
    };
    Some(format!("{three}.f32 s{d}, s{n}, s{m}"))
}

fn one(float: Float, d: u8, m: u8) -> Option<String> {
    Some(match float {
        Float::Mov => format!("vmov.f32 s{d}, s{m}"),
        Float::Abs => format!("vabs.f32 s{d}, s{m}"),
        Float::Neg => format!("vneg.f32 s{d}, s{m}"),
        Float::Sqrt => format!("vsqrt.f32 s{d}, s{m}"),
        Float::Cmp => format!("vcmp.f32 s{d}, s{m}"),
        Float::Cmpe => format!("vcmpe.f32 s{d}, s{m}"),
        Float::CmpZero => format!("vcmp.f32 s{d}, #0.0"),
        Float::CmpeZero => format!("vcmpe.f32 s{d}, #0.0"),
        Float::FromHalf(top) => format!("vcvt{}.f32.f16 s{d}, s{m}", if top { "t" } else { "b" }),
        Float::ToHalf(top) => format!("vcvt{}.f16.f32 s{d}, s{m}", if top { "t" } else { "b" }),
        Float::FromInt(sign) => format!("vcvt.f32.{}32 s{d}, s{m}", letter(sign)),
        Float::ToInt(sign, Rounded::ToZero) => format!("vcvt.{}32.f32 s{d}, s{m}", letter(sign)),
        Float::ToInt(sign, Rounded::AsSet) => format!("vcvtr.{}32.f32 s{d}, s{m}", letter(sign)),
        _ => return None,
    })
}

/// `VFPExpandImm` (DDI 0403E, A6.4.1): sign, three bits of exponent, four of fraction.
fn immediate(imm: u8) -> f32 {
    let imm = u32::from(imm);
    let exponent = if imm & 0x40 != 0 { 0x7c } else { 0x80 } + (imm >> 4 & 3);
    f32::from_bits((imm >> 7) << 31 | exponent << 23 | (imm & 15) << 19)
}
