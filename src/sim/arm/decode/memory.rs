//! 32-bit loads and stores (DDI 0403E, A5.3.5 to A5.3.10).

use super::operands::{bad, bit, bits, reg};
use super::wide::Context;
use crate::sim::arm::op::{Index, Op, Width};

/// `LDM`, `STM`, `PUSH`, `POP`.
pub(super) fn multiple(first: u32, second: u32) -> Op {
    let (n, list, writeback, load) = (reg(first, 0), second as u16, bit(first, 5), bit(first, 4));
    let before = match bits(first, 8, 7) {
        1 => false,
        2 => true,
        _ => return Op::Undefined,
    };
    let in_list = list >> n & 1 == 1;
    let bad_list = list.count_ones() < 2 || list & 1 << 13 != 0 || (writeback && in_list);
    if n == 15 || bad_list || (!load && list & 1 << 15 != 0) || (load && list >> 14 == 3) {
        return Op::Undefined;
    }
    if load {
        Op::LoadMultiple { n, list, writeback, before }
    } else {
        Op::StoreMultiple { n, list, writeback, before }
    }
}

/// `LDRD`, `STRD`, exclusive accesses, table branches.
pub(super) fn double_exclusive(context: Context, first: u32, second: u32) -> Op {
    let (n, t, t2) = (reg(first, 0), reg(second, 12), reg(second, 8));
    let (pre, up, writeback, load) = (bit(first, 8), bit(first, 7), bit(first, 5), bit(first, 4));
    // `SG` does nothing without the Security Extension.
    if context.v8 && first == 0xe97f && second == 0xe97f {
        return Op::Nop;
    }
    if !pre && !writeback {
        return if up { exclusive_or_table(context, first, second) } else { exclusive(context, first, second) };
    }
    let magnitude = ((second & 255) << 2) as i16;
    let offset = if up { magnitude } else { -magnitude };
    let index = index(pre, writeback);
    if bad(t) || bad(t2) || (load && t == t2) || (writeback && (n == t || n == t2)) {
        return Op::Undefined;
    }
    match (n, load) {
        (15, true) if !writeback => {
            let base = context.pc.wrapping_add(4) & !3;
            Op::LoadDoubleLiteral { t, t2, address: base.wrapping_add_signed(i32::from(offset)) }
        }
        (15, _) => Op::Undefined,
        (_, true) => Op::LoadDouble { t, t2, n, index, offset },
        (_, false) => Op::StoreDouble { t, t2, n, index, offset },
    }
}

fn index(pre: bool, writeback: bool) -> Index {
    match (pre, writeback) {
        (true, false) => Index::Offset,
        (true, true) => Index::Pre,
        (false, _) => Index::Post,
    }
}

/// `LDREX`, `STREX`; `TT` where the latter's register is pc (DDI 0553B, C2.3.5).
fn exclusive(context: Context, first: u32, second: u32) -> Op {
    let (n, t, d, offset) = (reg(first, 0), reg(second, 12), reg(second, 8), ((second & 255) << 2) as u16);
    // The forms for the other security state don't exist without the Security Extension.
    if context.v8 && !bit(first, 4) && t == 15 && second & 0xbf == 0 && !bad(d) && !bad(n) {
        return Op::TestTarget { d };
    }
    if bad(t) || n == 15 {
        return Op::Undefined;
    }
    match bit(first, 4) {
        true if d == 15 => Op::LoadExclusive { width: Width::Word, t, n, offset },
        false if !bad(d) && d != n && d != t => Op::StoreExclusive { width: Width::Word, d, t, n, offset },
        _ => Op::Undefined,
    }
}

/// `TBB`, `TBH`, and exclusive accesses to bytes and halfwords.
fn exclusive_or_table(context: Context, first: u32, second: u32) -> Op {
    let (n, t, m) = (reg(first, 0), reg(second, 12), reg(second, 0));
    let base = context.pc.wrapping_add(4);
    let width = if bit(second, 4) { Width::Half } else { Width::Byte };
    let sbz = bits(second, 11, 8) == 15 && !bad(t) && n != 15;
    match (bit(first, 4), bits(second, 7, 4)) {
        (true, 0 | 1) if second >> 8 == 0xf0 && n != 13 && !bad(m) => {
            Op::TableBranch { half: bit(second, 4), n, m, base }
        }
        (load, 8..=15) if context.v8 => ordered(load, second, t, n),
        (true, 4 | 5) if sbz && m == 15 => Op::LoadExclusive { width, t, n, offset: 0 },
        (false, 4 | 5) if sbz && !bad(m) && m != n && m != t => Op::StoreExclusive { width, d: m, t, n, offset: 0 },
        _ => Op::Undefined,
    }
}

/// Load-acquire and store-release, exclusive or not (DDI 0553B, C2.3.5).
fn ordered(load: bool, second: u32, t: u8, n: u8) -> Op {
    let (d, exclusive, rest_set) = (reg(second, 0), bit(second, 6), bits(second, 11, 8) == 15);
    let width = match bits(second, 5, 4) {
        0 => Width::Byte,
        1 => Width::Half,
        2 => Width::Word,
        _ => return Op::Undefined,
    };
    match (exclusive, load) {
        _ if bad(t) || n == 15 || !rest_set => Op::Undefined,
        (true, false) if bad(d) || d == n || d == t => Op::Undefined,
        (true, false) => Op::StoreExclusive { width, d, t, n, offset: 0 },
        _ if d != 15 => Op::Undefined,
        (true, true) => Op::LoadExclusive { width, t, n, offset: 0 },
        (false, true) => Op::LoadAcquire { width, t, n },
        (false, false) => Op::StoreRelease { width, t, n },
    }
}

/// Loads and stores of one register, and preload hints.
pub(super) fn single(context: Context, first: u32, second: u32) -> Op {
    let (n, t, load) = (reg(first, 0), reg(second, 12), bit(first, 4));
    let signed = bit(first, 8);
    let width = match (bits(first, 6, 5), signed) {
        (0, false) => Width::Byte,
        (0, true) => Width::SignedByte,
        (1, false) => Width::Half,
        (1, true) => Width::SignedHalf,
        (2, false) => Width::Word,
        _ => return Op::Undefined,
    };
    if !load && (signed || bad(t) && !(t == 13 && width == Width::Word) || n == 15) {
        return Op::Undefined;
    }
    // A narrow load to pc is a preload or another memory hint: no effect (A5.3.8, A5.3.9).
    let hint = load && t == 15 && width != Width::Word;
    if load && t == 13 && width != Width::Word {
        return Op::Undefined;
    }
    let op = if load && n == 15 {
        literal(context, first, second, width, t)
    } else if bit(first, 7) {
        offset(load, width, t, n, second & 0xfff)
    } else if bit(second, 11) {
        indexed(load, width, t, n, second)
    } else {
        by_register(load, width, t, n, second)
    };
    if hint && op != Op::Undefined { Op::Nop } else { op }
}

fn literal(context: Context, first: u32, second: u32, width: Width, t: u8) -> Op {
    let base = context.pc.wrapping_add(4) & !3;
    let imm = second & 0xfff;
    let address = if bit(first, 7) { base.wrapping_add(imm) } else { base.wrapping_sub(imm) };
    if t == 15 && width == Width::Word { Op::LoadPcLiteral { address } } else { Op::LoadLiteral { width, t, address } }
}

fn offset(load: bool, width: Width, t: u8, n: u8, offset: u32) -> Op {
    match (load, width) {
        (true, Width::Word) if t == 15 => Op::LoadPc { n, index: Index::Offset, offset: offset as i16 },
        (true, Width::Word) => Op::Ldr { t, n, offset },
        (true, Width::Byte) => Op::Ldrb { t, n, offset },
        (true, Width::SignedByte) => Op::Ldrsb { t, n, offset },
        (true, _) => Op::LoadImm { width, t, n, offset },
        (false, Width::Word) => Op::Str { t, n, offset },
        (false, Width::Byte) => Op::Strb { t, n, offset },
        (false, _) => Op::Strh { t, n, offset },
    }
}

/// Offsets of eight bits: negative, before or after the access.
fn indexed(load: bool, width: Width, t: u8, n: u8, second: u32) -> Op {
    let (pre, up, writeback) = (bit(second, 10), bit(second, 9), bit(second, 8));
    let magnitude = (second & 255) as i16;
    let change = if up { magnitude } else { -magnitude };
    if (!pre && !writeback) || (writeback && n == t) {
        return Op::Undefined;
    }
    // With an upward offset and no writeback it is an unprivileged access: the same to us.
    if !writeback && t != 15 {
        return offset(load, width, t, n, i32::from(change) as u32);
    }
    match (load, t) {
        (true, 15) if width == Width::Word => Op::LoadPc { n, index: index(pre, writeback), offset: change },
        // A hint has no writeback.
        (_, 15) => {
            if writeback || up {
                Op::Undefined
            } else {
                Op::Nop
            }
        }
        (true, _) => Op::LoadIndexed { width, t, n, post: !pre, offset: change },
        (false, _) => Op::StoreIndexed { width, t, n, post: !pre, offset: change },
    }
}

fn by_register(load: bool, width: Width, t: u8, n: u8, second: u32) -> Op {
    let (m, shift) = (reg(second, 0), bits(second, 5, 4) as u8);
    if bits(second, 10, 6) != 0 || bad(m) {
        return Op::Undefined;
    }
    match (load, width) {
        (true, Width::Word) if t == 15 => Op::LoadPcReg { n, m, shift },
        (true, Width::Word) => Op::LdrReg { t, n, m, shift },
        (true, Width::Byte) => Op::LdrbReg { t, n, m, shift },
        (true, Width::SignedByte) => Op::LdrsbReg { t, n, m, shift },
        (true, _) => Op::LoadReg { width, t, n, m, shift },
        (false, _) => Op::StoreReg { width, t, n, m, shift },
    }
}
