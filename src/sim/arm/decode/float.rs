//! The floating-point extension, single precision (DDI 0403E, A6).

use super::operands::{bad, bit, bits, reg};
use super::wide::Context;
use crate::sim::arm::op::{Float, Op, Rounded, Sign};

/// Every coprocessor encoding; those of the FPU are of coprocessors 10 and 11.
pub(super) fn float(context: Context, first: u32, second: u32) -> Op {
    if !context.float || bit(first, 12) || bits(second, 11, 9) != 5 {
        return Op::Undefined;
    }
    match (bits(first, 9, 8), bit(second, 4)) {
        (2, false) if bit(second, 8) => Op::Undefined,
        (2, false) => arithmetic(first, second),
        (2, true) => transfer(first, second),
        (0 | 1, _) if bits(first, 8, 5) == 2 => pair(first, second),
        (0 | 1, _) => access(context, first, second),
        _ => Op::Undefined,
    }
}

/// A register number of which the four high bits are at `low` and the lowest bit is at `extra`.
fn single(word: u32, low: u32, extra_word: u32, extra: u32) -> u8 {
    (bits(word, low + 3, low) << 1 | bits(extra_word, extra, extra)) as u8
}

fn arithmetic(first: u32, second: u32) -> Op {
    let d = single(second, 12, first, 6);
    let n = single(first, 0, second, 7);
    let m = single(second, 0, second, 5);
    let op = bit(second, 6);
    let float = match (bit(first, 7), bits(first, 5, 4)) {
        (false, 0) => [Float::Mla, Float::Mls][usize::from(op)],
        (false, 1) => [Float::Nmls, Float::Nmla][usize::from(op)],
        (false, 2) => [Float::Mul, Float::Nmul][usize::from(op)],
        (false, _) => [Float::Add, Float::Sub][usize::from(op)],
        (true, 0) if !op => Float::Div,
        (true, 1) => [Float::Fnms, Float::Fnma][usize::from(op)],
        (true, 2) => [Float::Fma, Float::Fms][usize::from(op)],
        (true, 3) => return other(first, second, d, m),
        _ => return Op::Undefined,
    };
    Op::Float { float, d, n, m }
}

/// One operand (table A6-3).
fn other(first: u32, second: u32, d: u8, m: u8) -> Op {
    let (code, high, odd) = (first & 15, bit(second, 7), bit(second, 6));
    if !odd {
        let byte = (code << 4 | second & 15) as u8;
        return if second & 0xa0 == 0 { Op::FloatImm { d, imm: byte } } else { Op::Undefined };
    }
    let sign = |signed| if signed { Sign::Signed } else { Sign::Unsigned };
    let rounded = if high { Rounded::ToZero } else { Rounded::AsSet };
    let zero = second & 0x2f == 0;
    let float = match (code, high) {
        (0, false) => Float::Mov,
        (0, true) => Float::Abs,
        (1, false) => Float::Neg,
        (1, true) => Float::Sqrt,
        (2, top) => Float::FromHalf(top),
        (3, top) => Float::ToHalf(top),
        (4, false) => Float::Cmp,
        (4, true) => Float::Cmpe,
        (5, false) if zero => Float::CmpZero,
        (5, true) if zero => Float::CmpeZero,
        (8, signed) => Float::FromInt(sign(signed)),
        (12, _) => Float::ToInt(Sign::Unsigned, rounded),
        (13, _) => Float::ToInt(Sign::Signed, rounded),
        (10 | 11 | 14 | 15, wide) => return fixed(code, wide, second, d),
        _ => return Op::Undefined,
    };
    Op::Float { float, d, n: 0, m }
}

fn fixed(code: u32, wide: bool, second: u32, d: u8) -> Op {
    let bits: u8 = if wide { 32 } else { 16 };
    let point = ((second & 15) << 1 | second >> 5 & 1) as u8;
    let sign = if code & 1 == 1 { Sign::Unsigned } else { Sign::Signed };
    match (bits.checked_sub(point), code & 4 != 0) {
        (None, _) => Op::Undefined,
        (Some(fraction), true) => Op::ToFixed { sign, d, bits, fraction },
        (Some(fraction), false) => Op::FromFixed { sign, d, bits, fraction },
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
