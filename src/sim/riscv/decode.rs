//! From bits to an instruction: RV32I, M, Zicsr, Zifencei and the machine-mode instructions; `compressed` has C.
//!
//! Source: The RISC-V Instruction Set Manual, volume I, version 20191213 (chapters 2, 3, 7, 9, 24); volume II, version
//! 20211203, 3.3. Reserved encodings are undefined; hints do nothing.

use super::op::{Change, Op, Rare, Width};
use super::{compressed, csr};
use crate::library::core::Registers;
use crate::sim::isa::Decoded;

/// What an instruction means beside its bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Its address.
    pub pc: u32,
    /// Which CSRs there are.
    pub registers: Registers,
}

/// The instruction in these halfwords; the second one counts only where the first one says so.
pub(super) fn decode(context: Context, first: u16, second: u16) -> Decoded<Op> {
    if first & 3 != 3 {
        return Decoded { op: compressed::decode(context.pc, first), size: 2 };
    }
    Decoded { op: wide(context, u32::from(second) << 16 | u32::from(first)), size: 4 }
}

fn wide(context: Context, bits: u32) -> Op {
    let pc = context.pc;
    match bits & 0x7f {
        0x03 => load(bits),
        0x0f => fence(bits),
        0x13 => op_imm(bits),
        0x17 => load_imm(rd(bits), pc.wrapping_add(bits & 0xffff_f000)),
        0x23 => store(bits),
        0x33 => op(bits),
        0x37 => load_imm(rd(bits), bits & 0xffff_f000),
        0x63 => branch(pc, bits),
        0x67 if funct3(bits) == 0 => jump_reg(rd(bits), rs1(bits), imm_i(bits)),
        0x6f => jump(rd(bits), pc.wrapping_add(imm_j(bits))),
        0x73 => system(context, bits),
        _ => Op::Undefined,
    }
}

fn rd(bits: u32) -> u8 {
    (bits >> 7 & 31) as u8
}

fn rs1(bits: u32) -> u8 {
    (bits >> 15 & 31) as u8
}

fn rs2(bits: u32) -> u8 {
    (bits >> 20 & 31) as u8
}

fn funct3(bits: u32) -> u32 {
    bits >> 12 & 7
}

fn imm_i(bits: u32) -> u32 {
    (bits as i32 >> 20) as u32
}

fn imm_s(bits: u32) -> u32 {
    (bits as i32 >> 25 << 5) as u32 | bits >> 7 & 31
}

fn imm_b(bits: u32) -> u32 {
    (bits as i32 >> 31 << 12) as u32 | (bits >> 7 & 1) << 11 | (bits >> 25 & 0x3f) << 5 | (bits >> 8 & 15) << 1
}

fn imm_j(bits: u32) -> u32 {
    (bits as i32 >> 31 << 20) as u32 | bits & 0xf_f000 | (bits >> 20 & 1) << 11 | (bits >> 21 & 0x3ff) << 1
}

/// A constant into `d`.
pub(super) fn load_imm(d: u8, imm: u32) -> Op {
    if d == 0 { Op::Nop } else { Op::LoadImm { d, imm } }
}

/// `ADDI`.
pub(super) fn add_imm(d: u8, a: u8, imm: u32) -> Op {
    match (d, a) {
        (0, _) => Op::Nop,
        (_, 0) => Op::LoadImm { d, imm },
        (2, 2) if (imm as i32) < 0 => Op::GrowStack { imm },
        _ => Op::AddImm { d, a, imm },
    }
}

/// `LW`, which C has too.
pub(super) fn load_word(d: u8, a: u8, offset: u32) -> Op {
    if d == 0 { Op::LoadNothing { width: Width::Word, a, offset } } else { Op::Lw { d, a, offset } }
}

/// `JAL`.
pub(super) fn jump(d: u8, target: u32) -> Op {
    if d == 0 { Op::Jump { target } } else { Op::JumpLink { d, target } }
}

/// `JALR`.
pub(super) fn jump_reg(d: u8, a: u8, offset: u32) -> Op {
    if d == 0 { Op::JumpReg { a, offset } } else { Op::JumpLinkReg { d, a, offset } }
}

fn load(bits: u32) -> Op {
    let (d, a, offset) = (rd(bits), rs1(bits), imm_i(bits));
    let width = match funct3(bits) {
        0 => Width::SignedByte,
        1 => Width::SignedHalf,
        2 => Width::Word,
        4 => Width::Byte,
        5 => Width::Half,
        _ => return Op::Undefined,
    };
    if d == 0 {
        return Op::LoadNothing { width, a, offset };
    }
    match width {
        Width::SignedByte => Op::Lb { d, a, offset },
        Width::SignedHalf => Op::Lh { d, a, offset },
        Width::Word => Op::Lw { d, a, offset },
        Width::Byte => Op::Lbu { d, a, offset },
        Width::Half => Op::Lhu { d, a, offset },
    }
}

fn store(bits: u32) -> Op {
    let (a, b, offset) = (rs1(bits), rs2(bits), imm_s(bits));
    match funct3(bits) {
        0 => Op::Sb { a, b, offset },
        1 => Op::Sh { a, b, offset },
        2 => Op::Sw { a, b, offset },
        _ => Op::Undefined,
    }
}

fn branch(pc: u32, bits: u32) -> Op {
    let (a, b, target) = (rs1(bits), rs2(bits), pc.wrapping_add(imm_b(bits)));
    match funct3(bits) {
        0 => Op::Beq { a, b, target },
        1 => Op::Bne { a, b, target },
        4 => Op::Blt { a, b, target },
        5 => Op::Bge { a, b, target },
        6 => Op::Bltu { a, b, target },
        7 => Op::Bgeu { a, b, target },
        _ => Op::Undefined,
    }
}

fn op_imm(bits: u32) -> Op {
    let (d, a, imm, amount, top) = (rd(bits), rs1(bits), imm_i(bits), rs2(bits), bits >> 25);
    let op = match funct3(bits) {
        0 => return add_imm(d, a, imm),
        1 if top == 0 => Op::SllImm { d, a, amount },
        2 => Op::SltImm { d, a, imm },
        3 => Op::SltuImm { d, a, imm },
        4 => Op::XorImm { d, a, imm },
        5 if top == 0 => Op::SrlImm { d, a, amount },
        5 if top == 0x20 => Op::SraImm { d, a, amount },
        6 => Op::OrImm { d, a, imm },
        7 => Op::AndImm { d, a, imm },
        _ => return Op::Undefined,
    };
    if d == 0 { Op::Nop } else { op }
}

fn op(bits: u32) -> Op {
    let (d, a, b) = (rd(bits), rs1(bits), rs2(bits));
    let rare = |rare| Op::Rare { rare, d, a, b };
    let op = match (bits >> 25, funct3(bits)) {
        (0, 0) => Op::Add { d, a, b },
        (0, 1) => Op::Sll { d, a, b },
        (0, 2) => Op::Slt { d, a, b },
        (0, 3) => Op::Sltu { d, a, b },
        (0, 4) => Op::Xor { d, a, b },
        (0, 5) => Op::Srl { d, a, b },
        (0, 6) => Op::Or { d, a, b },
        (0, 7) => Op::And { d, a, b },
        (0x20, 0) => Op::Sub { d, a, b },
        (0x20, 5) => Op::Sra { d, a, b },
        (1, 0) => Op::Mul { d, a, b },
        (1, 1) => rare(Rare::Mulh),
        (1, 2) => rare(Rare::Mulhsu),
        (1, 3) => rare(Rare::Mulhu),
        (1, 4) => rare(Rare::Div),
        (1, 5) => rare(Rare::Divu),
        (1, 6) => rare(Rare::Rem),
        (1, 7) => rare(Rare::Remu),
        _ => return Op::Undefined,
    };
    if d == 0 { Op::Nop } else { op }
}

/// The other fields of both fences are for finer fences to come: a core without them ignores them (2.7, chapter 3).
fn fence(bits: u32) -> Op {
    match funct3(bits) {
        0 => Op::Fence,
        1 => Op::FenceInstruction,
        _ => Op::Undefined,
    }
}

fn system(context: Context, bits: u32) -> Op {
    let change = match funct3(bits) {
        0 => return privileged(bits),
        1 | 5 => Change::Write,
        2 | 6 => Change::Set,
        3 | 7 => Change::Clear,
        _ => return Op::Undefined,
    };
    let (d, a, csr) = (rd(bits), rs1(bits), (bits >> 20) as u16);
    let writes = change == Change::Write || a != 0;
    if !csr::exists(csr, context.registers) || (writes && csr::is_read_only(csr)) {
        return Op::Undefined;
    }
    Op::Csr { change, immediate: funct3(bits) & 4 != 0, d, a, csr }
}

fn privileged(bits: u32) -> Op {
    match bits {
        0x0000_0073 => Op::Ecall,
        0x0010_0073 => Op::Ebreak,
        0x3020_0073 => Op::Mret,
        0x1050_0073 => Op::Wfi,
        _ => Op::Undefined,
    }
}
