//! The floating-point extension: `FPv4-SP`, and `FPv5` in single or double precision (DDI 0403E, A6).

use super::operands::{bad, bit, bits, reg};
use super::wide::Context;
use crate::library::core::Fpu;
use crate::sim::arm::op::{Float, Op, Rounded, Sign};

/// Every coprocessor encoding; those of the FPU are of coprocessors 10 and 11.
pub(super) fn float(context: Context, first: u32, second: u32) -> Op {
    if context.float < Fpu::Fpv4Sp || bits(second, 11, 9) != 5 {
        return Op::Undefined;
    }
    let computes = bits(first, 9, 8) == 2 && !bit(second, 4);
    if computes && bit(second, 8) && context.float < Fpu::Fpv5Dp {
        return Op::Undefined;
    }
    match (bit(first, 12), bits(first, 9, 8), bit(second, 4)) {
        (true, 2, false) if context.float >= Fpu::Fpv5Sp => directed(first, second).unwrap_or(Op::Undefined),
        (true, ..) => Op::Undefined,
        (_, 2, false) => arithmetic(context, first, second).unwrap_or(Op::Undefined),
        (_, 2, true) => transfer(first, second),
        (_, 0 | 1, _) if bits(first, 8, 5) == 2 => pair(first, second),
        (_, 0 | 1, _) => access(context, first, second),
        _ => Op::Undefined,
    }
}

/// A register number of which the four high bits are at `low` and the lowest bit is at `extra`.
fn single(word: u32, low: u32, extra_word: u32, extra: u32) -> u8 {
    (bits(word, low + 3, low) << 1 | bits(extra_word, extra, extra)) as u8
}

/// The operands of an encoding. A single's lowest bit is the extra one; a double's extra bit is its highest, which is
/// zero because there are 16 doubles.
#[derive(Clone, Copy)]
struct Operands {
    d: u8,
    n: u8,
    m: u8,
}

impl Operands {
    fn new(first: u32, second: u32) -> Self {
        Self { d: single(second, 12, first, 6), n: single(first, 0, second, 7), m: single(second, 0, second, 5) }
    }

    /// `float` on registers that are all as wide.
    fn same(self, double: bool, float: Float) -> Option<Op> {
        let Self { d, n, m } = self;
        match double {
            true if (d | n | m) & 1 == 1 => None,
            true => Some(Op::Double { float, d, n, m }),
            false => Some(Op::Float { float, d, n, m }),
        }
    }

    /// `float` with one operand.
    fn unary(self, double: bool, float: Float) -> Option<Op> {
        Self { n: 0, ..self }.same(double, float)
    }

    /// `float` from a register of 32 bits.
    fn out_of_word(self, double: bool, float: Float) -> Option<Op> {
        let Self { d, m, .. } = self;
        match double {
            true if d & 1 == 1 => None,
            true => Some(Op::Double { float, d, n: 0, m }),
            false => Some(Op::Float { float, d, n: 0, m }),
        }
    }

    /// `float` to a register of 32 bits.
    fn to_word(self, double: bool, float: Float) -> Option<Op> {
        let Self { d, m, .. } = self;
        match double {
            true if m & 1 == 1 => None,
            true => Some(Op::Double { float, d, n: 0, m }),
            false => Some(Op::Float { float, d, n: 0, m }),
        }
    }
}

/// `VSEL`, `VMAXNM`, and what rounds in a direction of its own (DDI 0403E, A6.4).
fn directed(first: u32, second: u32) -> Option<Op> {
    let (operands, double, op) = (Operands::new(first, second), bit(second, 8), bit(second, 6));
    let Operands { d, n, m } = operands;
    let rounded = [Rounded::Away, Rounded::Nearest, Rounded::Up, Rounded::Down][(first & 3) as usize];
    match (bit(first, 7), bits(first, 5, 2)) {
        (false, _) if op || (double && (d | n | m) & 1 == 1) => None,
        // EQ, VS, GE, GT.
        (false, _) => {
            let condition = [0, 6, 10, 12][bits(first, 5, 4) as usize];
            Some(Op::FloatSelect { double, condition, d, n, m })
        }
        (true, 0..=3) => operands.same(double, if op { Float::Minimum } else { Float::Maximum }),
        (true, 14) if op && !bit(second, 7) => operands.unary(double, Float::Round(rounded)),
        (true, 15) if op => {
            let sign = if bit(second, 7) { Sign::Signed } else { Sign::Unsigned };
            operands.to_word(double, Float::ToInt(sign, rounded))
        }
        _ => None,
    }
}

fn arithmetic(context: Context, first: u32, second: u32) -> Option<Op> {
    let op = bit(second, 6);
    let float = match (bit(first, 7), bits(first, 5, 4)) {
        (false, 0) => [Float::Mla, Float::Mls][usize::from(op)],
        (false, 1) => [Float::Nmls, Float::Nmla][usize::from(op)],
        (false, 2) => [Float::Mul, Float::Nmul][usize::from(op)],
        (false, _) => [Float::Add, Float::Sub][usize::from(op)],
        (true, 0) if !op => Float::Div,
        (true, 1) => [Float::Fnms, Float::Fnma][usize::from(op)],
        (true, 2) => [Float::Fma, Float::Fms][usize::from(op)],
        (true, 3) => return other(context, first, second),
        _ => return None,
    };
    Operands::new(first, second).same(bit(second, 8), float)
}

/// One operand (table A6-3).
fn other(context: Context, first: u32, second: u32) -> Option<Op> {
    let (code, high, odd) = (first & 15, bit(second, 7), bit(second, 6));
    let (operands, double) = (Operands::new(first, second), bit(second, 8));
    if !odd {
        let (d, imm) = (operands.d, (code << 4 | second & 15) as u8);
        let exists = second & 0xa0 == 0 && !(double && d & 1 == 1);
        return exists.then_some(Op::FloatImm { double, d, imm });
    }
    let sign = |signed| if signed { Sign::Signed } else { Sign::Unsigned };
    let rounded = if high { Rounded::ToZero } else { Rounded::AsSet };
    let zero = second & 0x2f == 0;
    let unary = |float| operands.unary(double, float);
    match (code, high) {
        (0, false) => unary(Float::Mov),
        (0, true) => unary(Float::Abs),
        (1, false) => unary(Float::Neg),
        (1, true) => unary(Float::Sqrt),
        (2, top) => operands.out_of_word(double, Float::FromHalf(top)),
        (3, top) => operands.to_word(double, Float::ToHalf(top)),
        (4, false) => unary(Float::Cmp),
        (4, true) => unary(Float::Cmpe),
        (5, false) if zero => unary(Float::CmpZero),
        (5, true) if zero => unary(Float::CmpeZero),
        (6, _) if context.float >= Fpu::Fpv5Sp => unary(Float::Round(rounded)),
        (7, false) if context.float >= Fpu::Fpv5Sp => unary(Float::RoundExact),
        (7, true) if double => operands.to_word(true, Float::Narrow),
        (7, true) if context.float >= Fpu::Fpv5Dp => operands.out_of_word(true, Float::Widen),
        (8, signed) => operands.out_of_word(double, Float::FromInt(sign(signed))),
        (12, _) => operands.to_word(double, Float::ToInt(Sign::Unsigned, rounded)),
        (13, _) => operands.to_word(double, Float::ToInt(Sign::Signed, rounded)),
        (10 | 11 | 14 | 15, wide) => fixed(code, wide, second, operands.d),
        _ => None,
    }
}

fn fixed(code: u32, wide: bool, second: u32, d: u8) -> Option<Op> {
    let (double, bits): (bool, u8) = (bit(second, 8), if wide { 32 } else { 16 });
    let point = ((second & 15) << 1 | second >> 5 & 1) as u8;
    let sign = if code & 1 == 1 { Sign::Unsigned } else { Sign::Signed };
    let fraction = bits.checked_sub(point)?;
    match code & 4 != 0 {
        _ if double && d & 1 == 1 => None,
        true => Some(Op::ToFixed { double, sign, d, bits, fraction }),
        false => Some(Op::FromFixed { double, sign, d, bits, fraction }),
    }
}

/// 32 bits between a core register and the FPU (A6.6).
fn transfer(first: u32, second: u32) -> Op {
    let (t, load) = (reg(second, 12), bit(first, 4));
    let s = single(first, 0, second, 7);
    match (bit(second, 8), bits(first, 7, 5)) {
        (false, 7) if s >> 1 == 1 && second & 0xef == 0 => match (load, t) {
            (true, 13) | (false, 13 | 15) => Op::Undefined,
            (true, _) => Op::ReadFpscr { t },
            (false, _) => Op::WriteFpscr { t },
        },
        _ if bad(t) || second & 0x6f != 0 => Op::Undefined,
        (false, 0) if load => Op::FloatToCore { t, s },
        (false, 0) => Op::CoreToFloat { t, s },
        // One half of a double register; registers above 15 don't exist.
        (true, half @ (0 | 1)) if !bit(second, 7) => {
            let s = (first & 15) << 1 | half;
            if load { Op::FloatToCore { t, s: s as u8 } } else { Op::CoreToFloat { t, s: s as u8 } }
        }
        _ => Op::Undefined,
    }
}

/// 64 bits between core registers and the FPU (A6.7).
fn pair(first: u32, second: u32) -> Op {
    let (t, t2, to_core) = (reg(second, 12), reg(first, 0), bit(first, 4));
    let double = bit(second, 8);
    let s = if double { ((second & 15) << 1) as u8 } else { single(second, 0, second, 5) };
    let out = (double && bit(second, 5)) || s == 31;
    if second & 0xd0 != 0x10 || out || bad(t) || bad(t2) || (to_core && t == t2) {
        return Op::Undefined;
    }
    if to_core { Op::FloatPairToCore { t, t2, s } } else { Op::CorePairToFloat { t, t2, s } }
}

/// Loads and stores (A6.5).
fn access(context: Context, first: u32, second: u32) -> Op {
    let (pre, up, writeback, load) = (bit(first, 8), bit(first, 7), bit(first, 5), bit(first, 4));
    let (n, double, imm) = (reg(first, 0), bit(second, 8), second & 255);
    let d = if double { reg(second, 12) << 1 } else { single(second, 12, first, 6) };
    if double && bit(first, 6) {
        return Op::Undefined;
    }
    if pre && !writeback {
        let offset = if up { (imm << 2) as i16 } else { -((imm << 2) as i16) };
        let count = if double { 2 } else { 1 };
        return match (n, load) {
            (15, true) => {
                let base = context.pc.wrapping_add(4) & !3;
                Op::FloatLoadLiteral { d, count, address: base.wrapping_add_signed(i32::from(offset)) }
            }
            (15, false) => Op::Undefined,
            (_, true) => Op::FloatLoad { d, count, n, offset },
            (_, false) => Op::FloatStore { d, count, n, offset },
        };
    }
    // Upwards without writeback, upwards with it, or downwards with it.
    let forms = (up && !pre) || (!up && pre && writeback);
    let fits = imm > 0 && u32::from(d) + imm <= 32 && !(double && imm & 1 == 1);
    if !forms || !fits || n == 15 {
        return Op::Undefined;
    }
    let count = imm as u8;
    if load {
        Op::FloatLoadMultiple { d, count, n, writeback, before: pre }
    } else {
        Op::FloatStoreMultiple { d, count, n, writeback, before: pre }
    }
}
