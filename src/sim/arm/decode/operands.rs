//! Fields of encodings, and the choice of the quickest form of a data-processing instruction.

use crate::sim::arm::op::{Data, Op, Shift};

/// Bits `high..=low` of `word`.
pub(super) fn bits(word: u32, high: u32, low: u32) -> u32 {
    (word >> low) & ((1 << (high - low + 1)) - 1)
}

/// A register number of four bits at `low`.
pub(super) fn reg(word: u32, low: u32) -> u8 {
    (word >> low & 15) as u8
}

/// A register number of three bits at `low`.
pub(super) fn low_reg(word: u32, low: u32) -> u8 {
    (word >> low & 7) as u8
}

/// One bit.
pub(super) fn bit(word: u32, at: u32) -> bool {
    word >> at & 1 == 1
}

/// `value` of `width` bits with its sign extended.
pub(super) fn signed(value: u32, width: u32) -> u32 {
    ((value << (32 - width)) as i32 >> (32 - width)) as u32
}

/// True for sp and pc, which most 32-bit encodings don't take ("`BadReg`" in the manual).
pub(super) fn bad(register: u8) -> bool {
    register == 13 || register == 15
}

/// `DecodeImmShift`: kind and amount 0 to 32 (DDI 0403E, A7.4.2).
pub(super) fn immediate_shift(kind: u32, amount: u32) -> (Shift, u8) {
    match (kind, amount) {
        (0, _) => (Shift::Lsl, amount as u8),
        (1, 0) => (Shift::Lsr, 32),
        (1, _) => (Shift::Lsr, amount as u8),
        (2, 0) => (Shift::Asr, 32),
        (2, _) => (Shift::Asr, amount as u8),
        (_, 0) => (Shift::Rrx, 1),
        (..) => (Shift::Ror, amount as u8),
    }
}

/// `ThumbExpandImm`: the value, and whether its top bit becomes the carry (DDI 0403E, A5.3.2).
/// None where the encoding is unpredictable.
pub(super) fn expand_immediate(imm12: u32) -> Option<(u32, bool)> {
    let byte = imm12 & 0xff;
    if imm12 >> 10 == 0 {
        if imm12 >> 8 != 0 && byte == 0 {
            return None;
        }
        let value = match imm12 >> 8 {
            0 => byte,
            1 => byte << 16 | byte,
            2 => byte << 24 | byte << 8,
            _ => byte * 0x0101_0101,
        };
        return Some((value, false));
    }
    Some(((0x80 | byte & 0x7f).rotate_right(imm12 >> 7), true))
}

/// Data processing with an immediate; `rotated` if its top bit becomes the carry.
pub(super) fn data_immediate(data: Data, s: bool, d: u8, n: u8, imm: u32, rotated: bool) -> Op {
    let arithmetic = matches!(data, Data::Add | Data::Sub | Data::Rsb | Data::Adc | Data::Sbc | Data::Cmp | Data::Cmn);
    match (data, s) {
        (Data::Mov, false) => Op::MovImm { d, imm },
        (Data::Mov, true) if !rotated => Op::MovImmS { d, imm },
        (Data::Add, false) => Op::AddImm { d, n, imm },
        (Data::Add, true) => Op::AddImmS { d, n, imm },
        (Data::Sub, false) => Op::AddImm { d, n, imm: imm.wrapping_neg() },
        (Data::Sub, true) => Op::SubImmS { d, n, imm },
        (Data::Cmp, _) => Op::CmpImm { n, imm },
        (_, true) if rotated && !arithmetic => Op::DataImmC { data, d, n, imm },
        (_, true) => Op::DataImmS { data, d, n, imm },
        (_, false) => Op::DataImm { data, d, n, imm },
    }
}

/// Data processing with a shifted register.
pub(super) fn data_register(data: Data, s: bool, d: u8, n: u8, m: u8, (shift, amount): (Shift, u8)) -> Op {
    match (data, s, shift, amount) {
        (Data::Mov, false, Shift::Lsl, 0) => Op::Mov { d, m },
        (Data::Add, false, Shift::Lsl, 0) => Op::Add { d, n, m },
        (Data::Add, true, Shift::Lsl, 0) => Op::AddS { d, n, m },
        (Data::Add, false, Shift::Lsl, _) => Op::AddLsl { d, n, m, amount },
        (Data::Sub, false, Shift::Lsl, 0) => Op::Sub { d, n, m },
        (Data::Sub, true, Shift::Lsl, 0) => Op::SubS { d, n, m },
        (Data::Cmp, _, Shift::Lsl, 0) => Op::Cmp { n, m },
        _ => Op::DataReg { data, s, d, n, m, shift, amount },
    }
}
