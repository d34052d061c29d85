//! Branches and miscellaneous control (DDI 0403E, A5.3.4), and the few 32-bit encodings of `ARMv6-M` (DDI 0419E, A5.3).

use super::narrow::hint_of;
use super::operands::{bad, bit, bits, reg, signed};
use super::wide::Context;
use crate::sim::arm::op::Op;

/// Branches, system registers, barriers.
pub(super) fn control(context: Context, first: u32, second: u32) -> Op {
    match (bit(second, 14), bit(second, 12)) {
        (true, true) => Op::BranchLink { target: target(context, first, second) },
        (false, true) => Op::Branch { target: target(context, first, second) },
        (true, false) => Op::Undefined,
        (false, false) if bits(first, 9, 7) != 7 => branch_if(context, first, second),
        (false, false) => miscellaneous(context, first, second),
    }
}

/// `ARMv6-M`: `BL`, `MSR`, `MRS` and barriers.
pub(super) fn baseline(context: Context, first: u32, second: u32) -> Op {
    if first >> 11 != 0b11110 || !bit(second, 15) {
        return Op::Undefined;
    }
    match (bit(second, 14), bit(second, 12)) {
        (true, true) => Op::BranchLink { target: target(context, first, second) },
        (false, false) if bits(first, 10, 7) == 7 => miscellaneous(context, first, second),
        _ => Op::Undefined,
    }
}

/// The 24-bit offset of `B.W` and `BL`.
fn target(context: Context, first: u32, second: u32) -> u32 {
    let sign = bits(first, 10, 10);
    let i1 = u32::from(bits(second, 13, 13) == sign);
    let i2 = u32::from(bits(second, 11, 11) == sign);
    let offset = sign << 24 | i1 << 23 | i2 << 22 | bits(first, 9, 0) << 12 | bits(second, 10, 0) << 1;
    context.pc.wrapping_add(4).wrapping_add(signed(offset, 25))
}

fn branch_if(context: Context, first: u32, second: u32) -> Op {
    if context.conditional {
        return Op::Undefined;
    }
    let offset = bits(first, 10, 10) << 20
        | bits(second, 11, 11) << 19
        | bits(second, 13, 13) << 18
        | bits(first, 5, 0) << 12
        | bits(second, 10, 0) << 1;
    let target = context.pc.wrapping_add(4).wrapping_add(signed(offset, 21));
    Op::BranchIf { condition: bits(first, 9, 6) as u8, target }
}

fn miscellaneous(context: Context, first: u32, second: u32) -> Op {
    if bit(first, 10) || bit(second, 13) {
        return Op::Undefined;
    }
    match bits(first, 6, 4) {
        0 if second & 0xff00 == 0x8800 || (context.mainline && second & 0xf300 == 0x8000) => {
            write_system(context, first, second)
        }
        2 if context.mainline && first & 15 == 15 && second & 0xff00 == 0x8000 => hint_of(second & 255),
        3 if first & 15 == 15 && second & 0xff00 == 0x8f00 => match bits(second, 7, 4) {
            2 if context.mainline && second & 15 == 15 => Op::ClearExclusive,
            4..=6 => Op::Barrier,
            _ => Op::Undefined,
        },
        6 if first & 15 == 15 && second & 0xf000 == 0x8000 && !bad(reg(second, 8)) => {
            system_register(context, second, |register| Op::ReadSystem { d: reg(second, 8), register })
        }
        _ => Op::Undefined,
    }
}

fn write_system(context: Context, first: u32, second: u32) -> Op {
    let (n, mask) = (reg(first, 0), bits(second, 11, 10) as u8);
    let to_apsr = second & 255 < 4;
    if bad(n) || mask == 0 || (mask & 1 == 1 && !(to_apsr && context.dsp)) || (!to_apsr && mask != 2) {
        return Op::Undefined;
    }
    system_register(context, second, |register| Op::WriteSystem { n, register, mask })
}

/// `SYSm` (DDI 0403E, B5.1.1); the rest is unpredictable.
fn system_register(context: Context, second: u32, op: impl FnOnce(u8) -> Op) -> Op {
    match (second & 255) as u8 {
        register @ (0..=3 | 5..=9 | 16 | 20) => op(register),
        register @ 17..=19 if context.mainline => op(register),
        // MSPLIM, PSPLIM.
        register @ (10 | 11) if context.v8 => op(register),
        _ => Op::Undefined,
    }
}
