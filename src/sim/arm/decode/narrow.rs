//! The 16-bit encodings (DDI 0403E, A5.2).

use super::operands::{bit, bits, data_immediate, data_register, immediate_shift, low_reg, reg, signed};
use super::wide::Context;
use crate::sim::arm::op::{Bits, Data, Extend, Op, Shift, Width};

const NO_SHIFT: (Shift, u8) = (Shift::Lsl, 0);

/// One halfword to its instruction.
pub(super) fn narrow(context: Context, half: u32) -> Op {
    match half >> 12 {
        0 | 1 => shift_add(context, half),
        2 | 3 => immediate(context, half),
        4 if !bit(half, 11) && !bit(half, 10) => register(context, half),
        4 if !bit(half, 11) => special(context, half),
        4 => literal(context, half),
        5 => access_register(half),
        6..=9 => access_immediate(half),
        10 if bit(half, 11) => Op::AddImm { d: low_reg(half, 8), n: 13, imm: (half & 255) << 2 },
        10 => Op::MovImm { d: low_reg(half, 8), imm: (context.pc & !3).wrapping_add(4 + ((half & 255) << 2)) },
        11 => miscellaneous(context, half),
        12 => multiple(half),
        13 => conditional(context, half),
        _ => branch(context, half),
    }
}

fn shift_add(context: Context, half: u32) -> Op {
    let (d, m) = (low_reg(half, 0), low_reg(half, 3));
    let kind = bits(half, 12, 11);
    if kind < 3 {
        let shift = immediate_shift(kind, bits(half, 10, 6));
        return data_register(Data::Mov, !context.conditional, d, 0, m, shift);
    }
    let data = if bit(half, 9) { Data::Sub } else { Data::Add };
    if bit(half, 10) {
        return data_immediate(data, !context.conditional, d, m, bits(half, 8, 6), false);
    }
    data_register(data, !context.conditional, d, m, low_reg(half, 6), NO_SHIFT)
}

fn immediate(context: Context, half: u32) -> Op {
    let data = [Data::Mov, Data::Cmp, Data::Add, Data::Sub][bits(half, 12, 11) as usize];
    let d = low_reg(half, 8);
    data_immediate(data, !context.conditional, d, d, half & 255, false)
}

fn register(context: Context, half: u32) -> Op {
    let (d, m, s) = (low_reg(half, 0), low_reg(half, 3), !context.conditional);
    let data = |data| data_register(data, s, d, d, m, NO_SHIFT);
    let shift = |shift| Op::ShiftReg { shift, s, d, n: d, m };
    match bits(half, 9, 6) {
        0 => data(Data::And),
        1 => data(Data::Eor),
        2 => shift(Shift::Lsl),
        3 => shift(Shift::Lsr),
        4 => shift(Shift::Asr),
        5 => data(Data::Adc),
        6 => data(Data::Sbc),
        7 => shift(Shift::Ror),
        8 => data_register(Data::Tst, true, d, d, m, NO_SHIFT),
        9 => data_immediate(Data::Rsb, s, d, m, 0, false),
        10 => data_register(Data::Cmp, true, d, d, m, NO_SHIFT),
        11 => data_register(Data::Cmn, true, d, d, m, NO_SHIFT),
        12 => data(Data::Orr),
        13 if s => Op::MulS { d, n: m, m: d },
        13 => Op::Mul { d, n: m, m: d },
        14 => data(Data::Bic),
        _ => data(Data::Mvn),
    }
}

/// High registers and branches to a register.
fn special(context: Context, half: u32) -> Op {
    let (d, m) = (low_reg(half, 0) | (bits(half, 7, 7) as u8) << 3, reg(half, 3));
    let pc = context.pc.wrapping_add(4);
    match bits(half, 9, 8) {
        0 if d == 15 && m == 15 => Op::Undefined,
        0 if d == 15 => Op::BranchAdd { m, base: pc },
        0 if m == 15 => Op::AddImm { d, n: d, imm: pc },
        0 => Op::Add { d, n: d, m },
        1 if d == 15 || m == 15 || (d < 8 && m < 8) => Op::Undefined,
        1 => Op::Cmp { n: d, m },
        2 if d == 15 && m == 15 => Op::Branch { target: pc },
        2 if d == 15 => Op::BranchReg { m },
        2 if m == 15 => Op::MovImm { d, imm: pc },
        2 => Op::Mov { d, m },
        _ if half & 7 != 0 || m == 15 => Op::Undefined,
        _ if bit(half, 7) => Op::BranchLinkExchange { m },
        _ => Op::BranchExchange { m },
    }
}

fn literal(context: Context, half: u32) -> Op {
    let address = (context.pc & !3).wrapping_add(4 + ((half & 255) << 2));
    Op::LoadLiteral { width: Width::Word, t: low_reg(half, 8), address }
}

fn access_register(half: u32) -> Op {
    let (t, n, m, shift) = (low_reg(half, 0), low_reg(half, 3), low_reg(half, 6), 0);
    match bits(half, 11, 9) {
        0 => Op::StoreReg { width: Width::Word, t, n, m, shift },
        1 => Op::StoreReg { width: Width::Half, t, n, m, shift },
        2 => Op::StoreReg { width: Width::Byte, t, n, m, shift },
        3 => Op::LdrsbReg { t, n, m, shift },
        4 => Op::LdrReg { t, n, m, shift },
        5 => Op::LoadReg { width: Width::Half, t, n, m, shift },
        6 => Op::LdrbReg { t, n, m, shift },
        _ => Op::LoadReg { width: Width::SignedHalf, t, n, m, shift },
    }
}

fn access_immediate(half: u32) -> Op {
    let (t, n, offset) = (low_reg(half, 0), low_reg(half, 3), bits(half, 10, 6));
    let (stack_t, stack_offset) = (low_reg(half, 8), (half & 255) << 2);
    match bits(half, 15, 11) {
        0b01100 => Op::Str { t, n, offset: offset << 2 },
        0b01101 => Op::Ldr { t, n, offset: offset << 2 },
        0b01110 => Op::Strb { t, n, offset },
        0b01111 => Op::Ldrb { t, n, offset },
        0b10000 => Op::Strh { t, n, offset: offset << 1 },
        0b10001 => Op::LoadImm { width: Width::Half, t, n, offset: offset << 1 },
        0b10010 => Op::Str { t: stack_t, n: 13, offset: stack_offset },
        _ => Op::Ldr { t: stack_t, n: 13, offset: stack_offset },
    }
}

fn miscellaneous(context: Context, half: u32) -> Op {
    let (d, m) = (low_reg(half, 0), low_reg(half, 3));
    let extend = |extend| Op::Extend { extend, d, m, rotate: 0 };
    let list = (half & 255) as u16;
    match bits(half, 11, 8) {
        0 if bit(half, 7) => Op::AddImm { d: 13, n: 13, imm: ((half & 127) << 2).wrapping_neg() },
        0 => Op::AddImm { d: 13, n: 13, imm: (half & 127) << 2 },
        1 | 3 | 9 | 11 if context.mainline && !context.conditional => compare_branch(context, half),
        2 => extend(
            [Extend::SignedHalf, Extend::SignedByte, Extend::UnsignedHalf, Extend::UnsignedByte]
                [bits(half, 7, 6) as usize],
        ),
        4 | 5 => store_list(list | (bits(half, 8, 8) as u16) << 14),
        6 => change_state(context, half),
        10 => match bits(half, 7, 6) {
            0 => Op::Bits { bits: Bits::Rev, d, m },
            1 => Op::Bits { bits: Bits::Rev16, d, m },
            3 => Op::Bits { bits: Bits::Revsh, d, m },
            _ => Op::Undefined,
        },
        12 | 13 => load_list(list | (bits(half, 8, 8) as u16) << 15),
        14 => Op::Breakpoint { imm: (half & 255) as u8 },
        15 => hint(context, half),
        _ => Op::Undefined,
    }
}

fn compare_branch(context: Context, half: u32) -> Op {
    let offset = bits(half, 9, 9) << 6 | bits(half, 7, 3) << 1;
    let target = context.pc.wrapping_add(4 + offset);
    let n = low_reg(half, 0);
    if bit(half, 11) { Op::BranchNotZero { n, target } } else { Op::BranchZero { n, target } }
}

fn store_list(list: u16) -> Op {
    if list == 0 { Op::Undefined } else { Op::StoreMultiple { n: 13, list, writeback: true, before: true } }
}

fn load_list(list: u16) -> Op {
    if list == 0 { Op::Undefined } else { Op::LoadMultiple { n: 13, list, writeback: true, before: false } }
}

fn change_state(context: Context, half: u32) -> Op {
    let (primask, faultmask) = (bit(half, 1), bit(half, 0));
    if half & 0xe8 != 0x60 || half & 4 != 0 || (!primask && !faultmask) || (faultmask && !context.mainline) {
        return Op::Undefined;
    }
    Op::Mask { disable: bit(half, 4), primask, faultmask }
}

fn hint(context: Context, half: u32) -> Op {
    let (condition, mask) = (bits(half, 7, 4), half & 15);
    match mask {
        0 => hint_of(condition),
        _ if !context.mainline || context.conditional || condition == 15 => Op::Undefined,
        _ if condition == 14 && mask.count_ones() != 1 => Op::Undefined,
        _ => Op::It,
    }
}

/// Hints that aren't allocated behave as NOP (DDI 0403E, A5.2.5).
pub(super) fn hint_of(number: u32) -> Op {
    match number {
        2 => Op::Wait { event: true },
        3 => Op::Wait { event: false },
        4 => Op::SendEvent,
        _ => Op::Nop,
    }
}

fn multiple(half: u32) -> Op {
    let (n, list) = (low_reg(half, 8), (half & 255) as u16);
    if list == 0 {
        return Op::Undefined;
    }
    if bit(half, 11) {
        return Op::LoadMultiple { n, list, writeback: list >> n & 1 == 0, before: false };
    }
    Op::StoreMultiple { n, list, writeback: true, before: false }
}

fn conditional(context: Context, half: u32) -> Op {
    let target = context.pc.wrapping_add(4).wrapping_add(signed((half & 255) << 1, 9));
    match bits(half, 11, 8) as u8 {
        14 => Op::Undefined,
        15 => Op::Supervisor { imm: (half & 255) as u8 },
        _ if context.conditional => Op::Undefined,
        condition => Op::BranchIf { condition, target },
    }
}

fn branch(context: Context, half: u32) -> Op {
    if half >> 11 != 0b11100 {
        return Op::Undefined;
    }
    Op::Branch { target: context.pc.wrapping_add(4).wrapping_add(signed((half & 0x7ff) << 1, 12)) }
}
