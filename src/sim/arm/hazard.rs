//! Table. The registers that an instruction reads and writes, and when: what makes a later one wait.

use super::op::{Data, Dsp, Field, Float, Index, Long, Op, Shift};

/// Core registers that an instruction reads, as bits, by when a pipeline with several stages needs them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Uses {
    /// Addresses, and operands that are shifted or taken apart first.
    pub early: u16,
    /// What arithmetic works on.
    pub normal: u16,
    /// Values to store, and what a product is added to.
    pub late: u16,
}

fn mask(register: u8) -> u16 {
    1 << (register & 15)
}

/// Core registers that `op` reads.
pub(super) fn reads(op: Op) -> u16 {
    let Uses { early, normal, late } = uses(op);
    early | normal | late
}

/// The same, by when.
#[expect(clippy::match_same_arms, reason = "a table in the order of the instruction classes")]
pub(super) fn uses(op: Op) -> Uses {
    let normal = |normal| Uses { normal, ..Uses::default() };
    let early = |early| Uses { early, ..Uses::default() };
    match op {
        Op::Mov { m, .. } => normal(mask(m)),
        Op::Add { n, m, .. }
        | Op::AddS { n, m, .. }
        | Op::Sub { n, m, .. }
        | Op::SubS { n, m, .. }
        | Op::Cmp { n, m } => normal(mask(n) | mask(m)),
        Op::AddImm { n, .. } | Op::AddImmS { n, .. } | Op::SubImmS { n, .. } | Op::CmpImm { n, .. } => normal(mask(n)),
        Op::AddLsl { n, m, .. } => Uses { early: mask(m), normal: mask(n), late: 0 },
        Op::DataImm { data, n, .. } | Op::DataImmS { data, n, .. } | Op::DataImmC { data, n, .. } => {
            normal(first(data, n))
        }
        Op::DataReg { data, n, m, shift, amount, .. } => {
            let moved = matches!(data, Data::Mov | Data::Mvn) || (amount == 0 && shift != Shift::Rrx);
            if moved {
                normal(first(data, n) | mask(m))
            } else {
                Uses { early: mask(m), normal: first(data, n), late: 0 }
            }
        }
        Op::ShiftReg { n, m, .. } => normal(mask(n) | mask(m)),
        Op::Movt { d, .. } => normal(mask(d)),
        Op::ExtendAdd { n, m, .. } => Uses { early: mask(m), normal: mask(n), late: 0 },
        Op::Extend { m, .. } => normal(mask(m)),
        Op::Bits { m, .. } => early(mask(m)),
        Op::Field { field, d, n, .. } => match field {
            Field::Signed | Field::Unsigned => early(mask(n)),
            Field::Insert => normal(mask(d) | mask(n)),
            Field::Clear => normal(mask(d)),
        },
        Op::Saturate { n, .. } | Op::Saturate16 { n, .. } => early(mask(n)),
        Op::Pack { n, m, .. } => Uses { early: mask(m), normal: mask(n), late: 0 },
        Op::Mul { n, m, .. } | Op::MulS { n, m, .. } | Op::Divide { n, m, .. } => normal(mask(n) | mask(m)),
        Op::Mla { n, m, a, .. } | Op::Mls { n, m, a, .. } | Op::Smlad { n, m, a, .. } | Op::Smlabb { n, m, a, .. } => {
            Uses { early: 0, normal: mask(n) | mask(m), late: mask(a) }
        }
        Op::Dsp { dsp, n, m, a, .. } => {
            Uses { early: 0, normal: mask(n) | mask(m), late: if sums(dsp) { mask(a) } else { 0 } }
        }
        Op::Long { long: Long::Smull | Long::Umull, n, m, .. } => normal(mask(n) | mask(m)),
        Op::Long { low, high, n, m, .. } => Uses { early: 0, normal: mask(n) | mask(m), late: mask(low) | mask(high) },
        Op::BranchZero { n, .. } | Op::BranchNotZero { n, .. } => normal(mask(n)),
        Op::BranchExchange { m } | Op::BranchLinkExchange { m } | Op::BranchReg { m } | Op::BranchAdd { m, .. } => {
            early(mask(m))
        }
        Op::WriteSystem { n, .. } => normal(mask(n)),
        Op::CoreToFloat { t, .. } | Op::WriteFpscr { t } => normal(mask(t)),
        Op::CorePairToFloat { t, t2, .. } => normal(mask(t) | mask(t2)),
        _ => Uses { early: addresses(op), normal: 0, late: stored(op) },
    }
}

/// The first operand, which a move has not.
fn first(data: Data, n: u8) -> u16 {
    if matches!(data, Data::Mov | Data::Mvn) { 0 } else { mask(n) }
}

fn sums(dsp: Dsp) -> bool {
    matches!(
        dsp,
        Dsp::Smla(_)
            | Dsp::Smlaw(_)
            | Dsp::Smlad
            | Dsp::Smladx
            | Dsp::Smlsd
            | Dsp::Smlsdx
            | Dsp::Smmla
            | Dsp::Smmlar
            | Dsp::Smmls
            | Dsp::Smmlsr
            | Dsp::Usada8
    )
}

fn stored(op: Op) -> u16 {
    match op {
        Op::Str { t, .. }
        | Op::Strb { t, .. }
        | Op::Strh { t, .. }
        | Op::StoreReg { t, .. }
        | Op::StoreIndexed { t, .. }
        | Op::StoreExclusive { t, .. }
        | Op::StoreRelease { t, .. } => mask(t),
        Op::StoreDouble { t, t2, .. } => mask(t) | mask(t2),
        Op::StoreMultiple { list, .. } => list,
        _ => 0,
    }
}

pub(super) fn accesses_memory(op: Op) -> bool {
    let literal = matches!(
        op,
        Op::LoadLiteral { .. } | Op::LoadDoubleLiteral { .. } | Op::FloatLoadLiteral { .. } | Op::LoadPcLiteral { .. }
    );
    addresses(op) != 0 || literal
}

/// Core registers that `op` takes from memory.
pub(super) fn loads(op: Op) -> u16 {
    match op {
        Op::LoadIndexed { t, .. } => mask(t),
        Op::LoadDouble { t, t2, .. } => mask(t) | mask(t2),
        Op::LoadMultiple { list, .. } => list & 0x7fff,
        Op::StoreExclusive { .. } | Op::StoreIndexed { .. } | Op::StoreDouble { .. } | Op::StoreMultiple { .. } => 0,
        _ if accesses_memory(op) => written_by_access(op),
        _ => 0,
    }
}

/// Core registers that `op` only moves along: the base of an access with an index.
pub(super) fn moves_base(op: Op) -> u16 {
    writes(op) & !loads(op) & addresses(op)
}

/// Registers from which `op` computes an address.
pub(super) fn addresses(op: Op) -> u16 {
    match op {
        Op::Ldr { n, .. }
        | Op::Ldrb { n, .. }
        | Op::Ldrsb { n, .. }
        | Op::LoadImm { n, .. }
        | Op::LoadIndexed { n, .. }
        | Op::Str { n, .. }
        | Op::Strb { n, .. }
        | Op::Strh { n, .. }
        | Op::StoreIndexed { n, .. }
        | Op::LoadDouble { n, .. }
        | Op::StoreDouble { n, .. }
        | Op::LoadMultiple { n, .. }
        | Op::StoreMultiple { n, .. }
        | Op::LoadExclusive { n, .. }
        | Op::StoreExclusive { n, .. }
        | Op::LoadAcquire { n, .. }
        | Op::StoreRelease { n, .. }
        | Op::LoadPc { n, .. }
        | Op::FloatLoad { n, .. }
        | Op::FloatStore { n, .. }
        | Op::FloatLoadMultiple { n, .. }
        | Op::FloatStoreMultiple { n, .. } => mask(n),
        Op::LdrReg { n, m, .. }
        | Op::LdrbReg { n, m, .. }
        | Op::LdrsbReg { n, m, .. }
        | Op::LoadReg { n, m, .. }
        | Op::StoreReg { n, m, .. }
        | Op::LoadPcReg { n, m, .. }
        | Op::TableBranch { n, m, .. } => mask(n) | mask(m),
        _ => 0,
    }
}

/// Core registers that `op` writes.
pub(super) fn writes(op: Op) -> u16 {
    match op {
        Op::MovImm { d, .. }
        | Op::MovImmS { d, .. }
        | Op::Mov { d, .. }
        | Op::Add { d, .. }
        | Op::AddS { d, .. }
        | Op::AddImm { d, .. }
        | Op::AddImmS { d, .. }
        | Op::AddLsl { d, .. }
        | Op::Sub { d, .. }
        | Op::SubS { d, .. }
        | Op::SubImmS { d, .. }
        | Op::DataImm { d, .. }
        | Op::DataImmS { d, .. }
        | Op::DataImmC { d, .. }
        | Op::DataReg { d, .. }
        | Op::ShiftReg { d, .. }
        | Op::Movt { d, .. }
        | Op::ExtendAdd { d, .. }
        | Op::Extend { d, .. }
        | Op::Bits { d, .. }
        | Op::Field { d, .. }
        | Op::Saturate { d, .. }
        | Op::Saturate16 { d, .. }
        | Op::Pack { d, .. }
        | Op::Mul { d, .. }
        | Op::MulS { d, .. }
        | Op::Mla { d, .. }
        | Op::Mls { d, .. }
        | Op::Divide { d, .. }
        | Op::Smlad { d, .. }
        | Op::Smlabb { d, .. }
        | Op::Dsp { d, .. }
        | Op::ReadSystem { d, .. }
        | Op::TestTarget { d }
        | Op::StoreExclusive { d, .. } => mask(d),
        Op::Long { low, high, .. } => mask(low) | mask(high),
        Op::FloatToCore { t, .. } => mask(t),
        Op::FloatPairToCore { t, t2, .. } => mask(t) | mask(t2),
        _ => written_by_access(op),
    }
}

fn written_by_access(op: Op) -> u16 {
    let base = |n: u8, writeback: bool| if writeback { mask(n) } else { 0 };
    match op {
        Op::Ldr { t, .. }
        | Op::Ldrb { t, .. }
        | Op::Ldrsb { t, .. }
        | Op::LoadImm { t, .. }
        | Op::LdrReg { t, .. }
        | Op::LdrbReg { t, .. }
        | Op::LdrsbReg { t, .. }
        | Op::LoadReg { t, .. }
        | Op::LoadLiteral { t, .. }
        | Op::LoadExclusive { t, .. }
        | Op::LoadAcquire { t, .. } => mask(t),
        Op::LoadIndexed { t, n, .. } => mask(t) | mask(n),
        Op::StoreIndexed { n, .. } => mask(n),
        Op::LoadDouble { t, t2, n, index, .. } => mask(t) | mask(t2) | base(n, index != Index::Offset),
        Op::LoadDoubleLiteral { t, t2, .. } => mask(t) | mask(t2),
        Op::StoreDouble { n, index, .. } | Op::LoadPc { n, index, .. } => base(n, index != Index::Offset),
        Op::LoadMultiple { n, list, writeback, .. } => list | base(n, writeback),
        Op::StoreMultiple { n, writeback, .. }
        | Op::FloatLoadMultiple { n, writeback, .. }
        | Op::FloatStoreMultiple { n, writeback, .. } => base(n, writeback),
        _ => 0,
    }
}

/// Whether `float` adds to its destination.
pub(super) fn accumulates(float: Float) -> bool {
    let chained = matches!(float, Float::Mla | Float::Mls | Float::Nmla | Float::Nmls);
    chained || matches!(float, Float::Fma | Float::Fms | Float::Fnma | Float::Fnms)
}

/// Singles of a register operand, as bits.
fn single(register: u8, double: bool) -> u32 {
    let first = 1_u32 << (register & 31);
    if double { first | first << 1 } else { first }
}

/// Float registers that hold a computed result.
pub(super) fn float_results(op: Op) -> u32 {
    match op {
        Op::Float { float, d, .. } if !compares(float) => single(d, matches!(float, Float::Widen)),
        Op::Double { float, d, .. } if !compares(float) => single(d, !leaves_double(float)),
        Op::FloatSelect { double, d, .. } | Op::FromFixed { double, d, .. } | Op::ToFixed { double, d, .. } => {
            single(d, double)
        }
        _ => 0,
    }
}

/// Float registers that `op` writes, computed or not.
pub(super) fn float_writes(op: Op) -> u32 {
    let several = |d: u8, count: u8| (0..count).fold(0, |bits, at| bits | single(d.wrapping_add(at), false));
    match op {
        Op::FloatImm { double, d, .. } => single(d, double),
        Op::FloatLoad { d, count, .. }
        | Op::FloatLoadLiteral { d, count, .. }
        | Op::FloatLoadMultiple { d, count, .. } => several(d, count),
        Op::CoreToFloat { s, .. } => single(s, false),
        Op::CorePairToFloat { s, .. } => several(s, 2),
        _ => float_results(op),
    }
}

fn compares(float: Float) -> bool {
    matches!(float, Float::Cmp | Float::Cmpe | Float::CmpZero | Float::CmpeZero)
}

/// Whether the result of this operation on a double is narrower.
fn leaves_double(float: Float) -> bool {
    matches!(float, Float::ToInt(..) | Float::ToHalf(_) | Float::Narrow)
}

/// Whether this operation that yields or takes a double has a narrower operand.
fn from_narrow(float: Float) -> bool {
    matches!(float, Float::FromInt(_) | Float::FromHalf(_) | Float::Widen)
}

/// Float registers that `op` needs at its beginning; what a product is added to may come later.
pub(super) fn float_reads(op: Op) -> u32 {
    match op {
        Op::Float { float, d, n, m } => operands(float, d, n, m, false),
        Op::Double { float, d, n, m } => operands(float, d, n, m, true),
        Op::FloatSelect { double, n, m, .. } => single(n, double) | single(m, double),
        Op::FromFixed { double, d, .. } | Op::ToFixed { double, d, .. } => single(d, double),
        Op::FloatStore { d, count, .. } => single(d, count == 2),
        Op::FloatToCore { s, .. } => single(s, false),
        Op::FloatPairToCore { s, .. } => single(s, false) | single(s.wrapping_add(1), false),
        _ => 0,
    }
}

/// Float registers that `op` adds a product to.
pub(super) fn float_sums(op: Op) -> u32 {
    match op {
        Op::Float { float, d, .. } if accumulates(float) => single(d, false),
        Op::Double { float, d, .. } if accumulates(float) => single(d, true),
        _ => 0,
    }
}

fn operands(float: Float, d: u8, n: u8, m: u8, double: bool) -> u32 {
    match float {
        Float::Add | Float::Sub | Float::Mul | Float::Nmul | Float::Div | Float::Maximum | Float::Minimum => {
            single(n, double) | single(m, double)
        }
        Float::Cmp | Float::Cmpe => single(d, double) | single(m, double),
        Float::CmpZero | Float::CmpeZero => single(d, double),
        _ if accumulates(float) => single(n, double) | single(m, double),
        _ => single(m, double && !from_narrow(float)),
    }
}
