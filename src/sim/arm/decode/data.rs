//! 32-bit data processing: shifted register, immediates, register operations, bit fields, saturation, parallel arithmetic.

use super::operands::{bad, bit, bits, data_immediate, data_register, expand_immediate, immediate_shift, reg};
use super::wide::Context;
use crate::sim::arm::op::{Bits, Data, Dsp, Extend, Field, Lane, Op, Parallel, Shift, Sign};

/// The operation of a four-bit code with its operands' peculiarities: comparisons write no register,
/// moves read none (DDI 0403E, A5.3.1 and A5.3.11).
fn operation(code: u32, s: bool, d: u8, n: u8) -> Option<Data> {
    let compares = d == 15 && s;
    let data = match code {
        0 if compares => Data::Tst,
        0 => Data::And,
        1 => Data::Bic,
        2 if n == 15 => Data::Mov,
        2 => Data::Orr,
        3 if n == 15 => Data::Mvn,
        3 => Data::Orn,
        4 if compares => Data::Teq,
        4 => Data::Eor,
        8 if compares => Data::Cmn,
        8 => Data::Add,
        10 => Data::Adc,
        11 => Data::Sbc,
        13 if compares => Data::Cmp,
        13 => Data::Sub,
        14 => Data::Rsb,
        _ => return None,
    };
    let adds = matches!(data, Data::Add | Data::Sub);
    let good_d = match data {
        Data::Tst | Data::Teq | Data::Cmn | Data::Cmp => true,
        Data::Mov if !s => d != 15,
        Data::Add | Data::Sub if n == 13 => d != 15,
        _ => !bad(d),
    };
    let good_n = match data {
        Data::Mov | Data::Mvn => true,
        Data::Cmn | Data::Cmp => n != 15,
        _ => !bad(n) || (adds && n == 13),
    };
    (good_d && good_n).then_some(data)
}

/// Data processing with a shifted register.
pub(super) fn shifted(context: Context, first: u32, second: u32) -> Op {
    let (code, s) = (bits(first, 8, 5), bit(first, 4));
    let (n, d, m) = (reg(first, 0), reg(second, 8), reg(second, 0));
    let amount = bits(second, 14, 12) << 2 | bits(second, 7, 6);
    if bit(second, 15) {
        return Op::Undefined;
    }
    if code == 6 {
        let fits = context.dsp && !s && !bit(second, 4) && !bad(d) && !bad(n) && !bad(m);
        return if fits { pack(d, n, m, bit(second, 5), amount) } else { Op::Undefined };
    }
    let Some(data) = operation(code, s, d, n) else { return Op::Undefined };
    let shift = immediate_shift(bits(second, 5, 4), amount);
    let plain_move = data == Data::Mov && !s && shift == (Shift::Lsl, 0);
    if m == 15 || (m == 13 && !(plain_move && d != 13)) || (data == Data::Mov && d == 13 && !plain_move) {
        return Op::Undefined;
    }
    // An address in sp may be scaled by 8 at most (A7.7.6).
    if d == 13 && !plain_move && matches!(data, Data::Add | Data::Sub) && (shift.0 != Shift::Lsl || shift.1 > 3) {
        return Op::Undefined;
    }
    data_register(data, s, d, n, m, shift)
}

fn pack(d: u8, n: u8, m: u8, top: bool, amount: u32) -> Op {
    let amount = if top && amount == 0 { 32 } else { amount as u8 };
    Op::Pack { d, n, m, top, amount }
}

/// Data processing with a modified immediate.
pub(super) fn modified_immediate(first: u32, second: u32) -> Op {
    let (s, n, d) = (bit(first, 4), reg(first, 0), reg(second, 8));
    let imm12 = bits(first, 10, 10) << 11 | bits(second, 14, 12) << 8 | second & 255;
    match (operation(bits(first, 8, 5), s, d, n), expand_immediate(imm12)) {
        (Some(Data::Mov), _) if d == 13 => Op::Undefined,
        (Some(data), Some((imm, rotated))) => data_immediate(data, s, d, n, imm, rotated),
        _ => Op::Undefined,
    }
}

/// Data processing with a plain immediate.
pub(super) fn plain_immediate(context: Context, first: u32, second: u32) -> Op {
    let (n, d) = (reg(first, 0), reg(second, 8));
    let imm12 = bits(first, 10, 10) << 11 | bits(second, 14, 12) << 8 | second & 255;
    let imm16 = (first & 15) << 12 | imm12;
    let base = context.pc.wrapping_add(4) & !3;
    if d == 15 || (d == 13 && !(n == 13 && matches!(bits(first, 8, 4), 0 | 10))) {
        return Op::Undefined;
    }
    match bits(first, 8, 4) {
        0 if n == 15 => Op::MovImm { d, imm: base.wrapping_add(imm12) },
        0 => Op::AddImm { d, n, imm: imm12 },
        4 => Op::MovImm { d, imm: imm16 },
        10 if n == 15 => Op::MovImm { d, imm: base.wrapping_sub(imm12) },
        10 => Op::AddImm { d, n, imm: imm12.wrapping_neg() },
        12 => Op::Movt { d, imm: imm16 as u16 },
        _ if bit(first, 10) || bit(second, 5) || (bad(n) && bits(first, 8, 4) != 22) || n == 13 => Op::Undefined,
        code @ (16 | 18) => saturate(context, Sign::Signed, code == 18, d, n, second),
        code @ (24 | 26) => saturate(context, Sign::Unsigned, code == 26, d, n, second),
        code => field(code, d, n, second),
    }
}

/// `SSAT`, `USAT`; a right shift by 0 means their forms for two halves.
fn saturate(context: Context, sign: Sign, right: bool, d: u8, n: u8, second: u32) -> Op {
    let amount = (bits(second, 14, 12) << 2 | bits(second, 7, 6)) as u8;
    let bits = (second & 31) as u8 + u8::from(sign == Sign::Signed);
    match (right, amount) {
        (true, 0) if context.dsp && second & 16 == 0 => Op::Saturate16 { sign, d, n, bits },
        (true, 0) => Op::Undefined,
        (true, _) => Op::Saturate { sign, d, n, shift: Shift::Asr, amount, bits },
        (false, _) => Op::Saturate { sign, d, n, shift: Shift::Lsl, amount, bits },
    }
}

fn field(code: u32, d: u8, n: u8, second: u32) -> Op {
    let lsb = (bits(second, 14, 12) << 2 | bits(second, 7, 6)) as u8;
    let low = (second & 31) as u8;
    let extract = |field| {
        if u32::from(lsb) + u32::from(low) < 32 {
            Op::Field { field, d, n, lsb, width: low + 1 }
        } else {
            Op::Undefined
        }
    };
    match code {
        20 => extract(Field::Signed),
        28 => extract(Field::Unsigned),
        22 if low >= lsb && n == 15 => Op::Field { field: Field::Clear, d, n: 0, lsb, width: low - lsb + 1 },
        22 if low >= lsb => Op::Field { field: Field::Insert, d, n, lsb, width: low - lsb + 1 },
        _ => Op::Undefined,
    }
}

/// Data processing with registers.
pub(super) fn register(context: Context, first: u32, second: u32) -> Op {
    let (n, d, m) = (reg(first, 0), reg(second, 8), reg(second, 0));
    if bits(second, 15, 12) != 15 || bad(d) || bad(m) {
        return Op::Undefined;
    }
    let code = bits(first, 7, 4);
    match (bit(first, 7), bits(second, 7, 6)) {
        (false, 0) if bits(second, 5, 4) == 0 && !bad(n) => {
            let shift = [Shift::Lsl, Shift::Lsr, Shift::Asr, Shift::Ror][(code >> 1) as usize];
            Op::ShiftReg { shift, s: code & 1 == 1, d, n, m }
        }
        (false, 2 | 3) => extend(context, code, second, d, n, m),
        (true, kind @ (0 | 1)) if context.dsp && !bad(n) => {
            let lane = match (kind, bits(second, 5, 4)) {
                (0, 0) => Lane::Signed,
                (0, 1) => Lane::SignedSaturating,
                (0, 2) => Lane::SignedHalving,
                (1, 0) => Lane::Unsigned,
                (1, 1) => Lane::UnsignedSaturating,
                (1, 2) => Lane::UnsignedHalving,
                _ => return Op::Undefined,
            };
            parallel(code & 7, lane).map_or(Op::Undefined, |dsp| Op::Dsp { dsp, d, n, m, a: 0 })
        }
        (true, 2) if code & 4 == 0 && !bad(n) => miscellaneous(context, code & 3, bits(second, 5, 4), d, n, m),
        _ => Op::Undefined,
    }
}

fn extend(context: Context, code: u32, second: u32, d: u8, n: u8, m: u8) -> Op {
    let extend = match code {
        0 => Extend::SignedHalf,
        1 => Extend::UnsignedHalf,
        2 if context.dsp => Extend::SignedBytes,
        3 if context.dsp => Extend::UnsignedBytes,
        4 => Extend::SignedByte,
        5 => Extend::UnsignedByte,
        _ => return Op::Undefined,
    };
    let rotate = (bits(second, 5, 4) << 3) as u8;
    match n {
        _ if bit(second, 6) => Op::Undefined,
        15 => Op::Extend { extend, d, m, rotate },
        13 => Op::Undefined,
        _ if context.dsp => Op::ExtendAdd { extend, d, n, m, rotate },
        _ => Op::Undefined,
    }
}

fn parallel(code: u32, lane: Lane) -> Option<Dsp> {
    let parallel = match code {
        0 => Parallel::Add8,
        1 => Parallel::Add16,
        2 => Parallel::Asx,
        4 => Parallel::Sub8,
        5 => Parallel::Sub16,
        6 => Parallel::Sax,
        _ => return None,
    };
    Some(Dsp::Parallel(lane, parallel))
}

fn miscellaneous(context: Context, code: u32, kind: u32, d: u8, n: u8, m: u8) -> Op {
    let one = |bits| if n == m { Op::Bits { bits, d, m } } else { Op::Undefined };
    let dsp = |dsp| if context.dsp { Op::Dsp { dsp, d, n, m, a: 0 } } else { Op::Undefined };
    match (code, kind) {
        (0, 0) => dsp(Dsp::Qadd),
        (0, 1) => dsp(Dsp::Qdadd),
        (0, 2) => dsp(Dsp::Qsub),
        (0, _) => dsp(Dsp::Qdsub),
        (1, 0) => one(Bits::Rev),
        (1, 1) => one(Bits::Rev16),
        (1, 2) => one(Bits::Rbit),
        (1, _) => one(Bits::Revsh),
        (2, 0) => dsp(Dsp::Sel),
        (3, 0) => one(Bits::Clz),
        _ => Op::Undefined,
    }
}
