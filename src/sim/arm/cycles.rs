//! What an instruction costs by its core's rules, given the instruction before it in memory.
//!
//! Single loads pipeline after one another where no address depends on the load before; an address computed by the
//! instruction just before stalls (Cortex-M4 TRM r0p1, 3.3.2 "Load/store timings").

use super::op::{Dsp, Float, Index, Long, Op};
use crate::library::core::Cycles;

/// Cycles of `op` after the instructions `before` it in a straight line, the oldest first, without what a taken branch, an unaligned access or the flash adds.
pub(super) fn cost(op: Op, before: &[Op], rules: &Cycles) -> u8 {
    let op = op.general();
    let previous = before.last().map(|op| op.general());
    let base = alone(op, rules);
    let Some(previous) = previous else { return base };
    let addresses = addresses(op);
    let depends = addresses & writes(previous) != 0;
    let after_load = is_load(previous) && !depends;
    let saved = match op {
        _ if !after_load => 0,
        Op::StoreReg { .. } => rules.store_after_load,
        _ if is_load(op) => rules.load_after_load,
        _ => 0,
    };
    let computed = depends && !accesses_memory(previous);
    let late_float = float_reads(op) & float_results(previous) != 0;
    let added = if computed { rules.address_interlock } else { 0 } + if late_float { rules.float_interlock } else { 0 };
    base - saved.min(base) + added
}

/// Cycles of `op` by itself.
fn alone(op: Op, rules: &Cycles) -> u8 {
    let listed =
        |list: u16| rules.multiple + list.count_ones() as u8 + if list >> 15 == 1 { rules.multiple_pc } else { 0 };
    match op {
        Op::Mul { .. } | Op::MulS { .. } => rules.multiply,
        Op::Dsp { dsp: Dsp::Sel | Dsp::Parallel(..) | Dsp::Qadd | Dsp::Qsub | Dsp::Qdadd | Dsp::Qdsub, .. } => {
            rules.data
        }
        Op::Dsp { .. } | Op::Mla { .. } | Op::Mls { .. } | Op::Smlad { .. } | Op::Smlabb { .. } => rules.multiply_add,
        Op::Long { long: Long::Smull | Long::Umull, .. } => rules.multiply_long,
        Op::Long { .. } => rules.multiply_add_long,
        Op::Divide { .. } => rules.divide,
        Op::LoadDouble { .. } | Op::StoreDouble { .. } | Op::LoadDoubleLiteral { .. } => rules.double,
        Op::LoadMultiple { list, .. } | Op::StoreMultiple { list, .. } => listed(list),
        Op::LoadPc { .. }
        | Op::LoadPcReg { .. }
        | Op::LoadPcLiteral { .. }
        | Op::LoadExclusive { .. }
        | Op::StoreExclusive { .. } => rules.load,
        Op::Str { .. } | Op::Strb { .. } | Op::Strh { .. } | Op::StoreIndexed { .. } => rules.store,
        Op::StoreReg { .. } => rules.store_register,
        _ if is_load(op) => rules.load,
        Op::BranchLink { .. } => rules.branch_link,
        Op::TableBranch { .. } => rules.branch_table,
        Op::Branch { .. }
        | Op::BranchIf { .. }
        | Op::BranchZero { .. }
        | Op::BranchNotZero { .. }
        | Op::BranchExchange { .. }
        | Op::BranchLinkExchange { .. } => rules.branch,
        Op::ReadSystem { .. } | Op::WriteSystem { .. } => rules.system,
        Op::Barrier => rules.barrier,
        Op::Float { float, .. } => float_cost(float, rules),
        Op::FloatImm { .. }
        | Op::FromFixed { .. }
        | Op::ToFixed { .. }
        | Op::FloatToCore { .. }
        | Op::CoreToFloat { .. }
        | Op::ReadFpscr { .. }
        | Op::WriteFpscr { .. } => rules.float,
        Op::FloatPairToCore { .. } | Op::CorePairToFloat { .. } => rules.float + 1,
        Op::FloatLoad { count, .. } | Op::FloatStore { count, .. } | Op::FloatLoadLiteral { count, .. } => {
            rules.float_load + count - 1
        }
        Op::FloatLoadMultiple { count, .. } | Op::FloatStoreMultiple { count, .. } => rules.multiple + count,
        _ => rules.data,
    }
}

fn float_cost(float: Float, rules: &Cycles) -> u8 {
    match float {
        _ if accumulates(float) => rules.float_multiply_add,
        Float::Div | Float::Sqrt => rules.float_divide,
        _ => rules.float,
    }
}

/// Whether `float` adds to its destination.
fn accumulates(float: Float) -> bool {
    let chained = matches!(float, Float::Mla | Float::Mls | Float::Nmla | Float::Nmls);
    chained || matches!(float, Float::Fma | Float::Fms | Float::Fnma | Float::Fnms)
}

/// Whether `op` is a single load into a core register.
fn is_load(op: Op) -> bool {
    matches!(
        op,
        Op::Ldr { .. }
            | Op::Ldrb { .. }
            | Op::Ldrsb { .. }
            | Op::LoadImm { .. }
            | Op::LdrReg { .. }
            | Op::LdrbReg { .. }
            | Op::LdrsbReg { .. }
            | Op::LoadReg { .. }
            | Op::LoadLiteral { .. }
            | Op::LoadIndexed { .. }
    )
}

fn accesses_memory(op: Op) -> bool {
    addresses(op) != 0 || matches!(op, Op::LoadLiteral { .. } | Op::LoadDoubleLiteral { .. })
}

fn mask(register: u8) -> u16 {
    1 << (register & 15)
}

/// Registers from which `op` computes an address.
fn addresses(op: Op) -> u16 {
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
        | Op::LoadExclusive { t, .. } => mask(t),
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

/// Float registers that hold a computed result.
fn float_results(op: Op) -> u32 {
    match op {
        Op::Float { float: Float::Cmp | Float::Cmpe | Float::CmpZero | Float::CmpeZero, .. } => 0,
        Op::Float { d, .. } | Op::FromFixed { d, .. } | Op::ToFixed { d, .. } => 1 << (d & 31),
        _ => 0,
    }
}

/// Float registers that `op` reads.
fn float_reads(op: Op) -> u32 {
    let bit = |register: u8| 1_u32 << (register & 31);
    match op {
        Op::Float { float, d, n, m } => match float {
            Float::Add | Float::Sub | Float::Mul | Float::Nmul | Float::Div => bit(n) | bit(m),
            Float::Cmp | Float::Cmpe => bit(d) | bit(m),
            Float::CmpZero | Float::CmpeZero => bit(d),
            _ if accumulates(float) => bit(d) | bit(n) | bit(m),
            _ => bit(m),
        },
        Op::FromFixed { d, .. } | Op::ToFixed { d, .. } | Op::FloatStore { d, count: 1, .. } => bit(d),
        Op::FloatStore { d, .. } => bit(d) | bit(d + 1),
        Op::FloatToCore { s, .. } => bit(s),
        Op::FloatPairToCore { s, .. } => bit(s) | bit(s + 1),
        _ => 0,
    }
}
