//! The 16-bit instructions of RV32C, each as the 32-bit one that it stands for.
//!
//! Source: The RISC-V Instruction Set Manual, volume I, version 20191213, chapter 16, tables 16.5 to 16.7. A core without
//! F and D has none of their loads and stores.

use super::decode::{add_imm, jump, jump_reg, load_imm, load_word};
use super::op::Op;

/// The instruction in `bits`, whose lowest two bits aren't both set.
pub(super) fn decode(pc: u32, bits: u16) -> Op {
    let bits = u32::from(bits);
    match (bits & 3, bits >> 13) {
        (0, 0) => add_to_stack_pointer(bits),
        (0, 2) => load_word(low(bits, 2), low(bits, 7), word_offset(bits)),
        (0, 6) => Op::Sw { a: low(bits, 7), b: low(bits, 2), offset: word_offset(bits) },
        (1, 0) => add_imm(register(bits, 7), register(bits, 7), imm6(bits)),
        (1, 1) => jump(1, pc.wrapping_add(jump_offset(bits))),
        (1, 2) => load_imm(register(bits, 7), imm6(bits)),
        (1, 3) => load_upper(bits),
        (1, 4) => arithmetic(bits),
        (1, 5) => jump(0, pc.wrapping_add(jump_offset(bits))),
        (1, 6) => Op::Beq { a: low(bits, 7), b: 0, target: pc.wrapping_add(branch_offset(bits)) },
        (1, 7) => Op::Bne { a: low(bits, 7), b: 0, target: pc.wrapping_add(branch_offset(bits)) },
        (2, 0) => shift_left(bits),
        (2, 2) if register(bits, 7) != 0 => load_word(register(bits, 7), 2, load_stack_offset(bits)),
        (2, 4) => move_or_jump(bits),
        (2, 6) => Op::Sw { a: 2, b: register(bits, 2), offset: field(bits, 9, 4, 2) | field(bits, 7, 2, 6) },
        _ => Op::Undefined,
    }
}

/// `width` bits from bit `from`, moved to bit `to`.
fn field(bits: u32, from: u32, width: u32, to: u32) -> u32 {
    (bits >> from & ((1 << width) - 1)) << to
}

/// `value` whose top bit is bit `top`, with its sign extended.
fn signed(value: u32, top: u32) -> u32 {
    ((value << (31 - top)) as i32 >> (31 - top)) as u32
}

/// A register of all 32.
fn register(bits: u32, from: u32) -> u8 {
    field(bits, from, 5, 0) as u8
}

/// One of x8 to x15.
fn low(bits: u32, from: u32) -> u8 {
    8 + field(bits, from, 3, 0) as u8
}

fn imm6(bits: u32) -> u32 {
    signed(field(bits, 12, 1, 5) | field(bits, 2, 5, 0), 5)
}

fn word_offset(bits: u32) -> u32 {
    field(bits, 10, 3, 3) | field(bits, 6, 1, 2) | field(bits, 5, 1, 6)
}

fn load_stack_offset(bits: u32) -> u32 {
    field(bits, 12, 1, 5) | field(bits, 4, 3, 2) | field(bits, 2, 2, 6)
}

fn jump_offset(bits: u32) -> u32 {
    let high = field(bits, 12, 1, 11) | field(bits, 11, 1, 4) | field(bits, 9, 2, 8) | field(bits, 8, 1, 10);
    let low = field(bits, 7, 1, 6) | field(bits, 6, 1, 7) | field(bits, 3, 3, 1) | field(bits, 2, 1, 5);
    signed(high | low, 11)
}

fn branch_offset(bits: u32) -> u32 {
    let high = field(bits, 12, 1, 8) | field(bits, 10, 2, 3) | field(bits, 5, 2, 6);
    signed(high | field(bits, 3, 2, 1) | field(bits, 2, 1, 5), 8)
}

/// `C.ADDI4SPN`; without an immediate it is reserved, and all zeros are illegal by definition.
fn add_to_stack_pointer(bits: u32) -> Op {
    let imm = field(bits, 11, 2, 4) | field(bits, 7, 4, 6) | field(bits, 6, 1, 2) | field(bits, 5, 1, 3);
    if imm == 0 { Op::Undefined } else { add_imm(low(bits, 2), 2, imm) }
}

/// `C.ADDI16SP`, `C.LUI`; both reserved without an immediate.
fn load_upper(bits: u32) -> Op {
    let imm = imm6(bits);
    match register(bits, 7) {
        _ if imm == 0 => Op::Undefined,
        2 => {
            let low = field(bits, 6, 1, 4) | field(bits, 5, 1, 6) | field(bits, 3, 2, 7) | field(bits, 2, 1, 5);
            add_imm(2, 2, signed(field(bits, 12, 1, 9) | low, 9))
        }
        d => load_imm(d, imm << 12),
    }
}

/// A shift's amount; RV32 has no sixth bit.
fn amount(bits: u32) -> Option<u8> {
    (bits >> 12 & 1 == 0).then(|| field(bits, 2, 5, 0) as u8)
}

fn arithmetic(bits: u32) -> Op {
    let (d, b) = (low(bits, 7), low(bits, 2));
    match (bits >> 10 & 3, amount(bits)) {
        (0, Some(amount)) => Op::SrlImm { d, a: d, amount },
        (1, Some(amount)) => Op::SraImm { d, a: d, amount },
        (2, _) => Op::AndImm { d, a: d, imm: imm6(bits) },
        (3, Some(_)) => match bits >> 5 & 3 {
            0 => Op::Sub { d, a: d, b },
            1 => Op::Xor { d, a: d, b },
            2 => Op::Or { d, a: d, b },
            _ => Op::And { d, a: d, b },
        },
        _ => Op::Undefined,
    }
}

fn shift_left(bits: u32) -> Op {
    match (register(bits, 7), amount(bits)) {
        (_, None) => Op::Undefined,
        (0, _) => Op::Nop,
        (d, Some(amount)) => Op::SllImm { d, a: d, amount },
    }
}

/// `C.JR`, `C.JALR`, `C.MV`, `C.ADD`, `C.EBREAK`.
fn move_or_jump(bits: u32) -> Op {
    let (d, b, add) = (register(bits, 7), register(bits, 2), bits >> 12 & 1 == 1);
    match (add, d, b) {
        (false, 0, 0) => Op::Undefined,
        (false, _, 0) => jump_reg(0, d, 0),
        (true, 0, 0) => Op::Ebreak,
        (true, _, 0) => jump_reg(1, d, 0),
        (_, 0, _) => Op::Nop,
        (false, ..) => Op::Add { d, a: 0, b },
        (true, ..) => Op::Add { d, a: d, b },
    }
}
