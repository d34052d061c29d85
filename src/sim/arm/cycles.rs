//! What an instruction costs by its core's rules, given the straight line of instructions before it.
//!
//! Single loads pipeline after one another where no address depends on the load before; an address computed by the
//! instruction just before stalls (Cortex-M4 TRM r0p1, 3.3.2 "Load/store timings").

use super::dual;
use super::hazard::{accesses_memory, accumulates, addresses, float_reads, float_results, loads, reads, writes};
use super::op::{Dsp, Float, Long, Op};
use crate::library::core::Cycles;

/// Cycles of `op` behind `before`, the instructions in a straight line to it, oldest first, without what a taken branch,
/// an access across a boundary, a division's operands or the memories add. Empty: a branch led here.
pub(super) fn cost(op: Op, before: &[Op], rules: &Cycles) -> u8 {
    let before: Vec<Op> = before.iter().map(|op| op.general()).collect();
    match &rules.dual {
        Some(dual) => dual::cost(op.general(), &before, rules, dual),
        None => behind(op.general(), &before, rules),
    }
}

/// The same on a core that issues one instruction a cycle.
fn behind(op: Op, before: &[Op], rules: &Cycles) -> u8 {
    let base = alone(op, rules);
    let Some((&previous, earlier)) = before.split_last() else { return base };
    let depends = addresses(op) & writes(previous) != 0;
    let after_load = pipelines(previous) && !depends;
    let saved = match op {
        _ if !after_load => 0,
        Op::StoreReg { .. } => rules.store_after_load,
        _ if pipelines(op) => rules.load_after_load,
        _ => 0,
    };
    let stalls = [
        (depends && !accesses_memory(previous), rules.address_interlock),
        (reads(op) & loads(previous) != 0, rules.load_use),
        (float_reads(op) & float_results(previous) != 0, rules.float_interlock),
    ];
    let stalled: u8 = stalls.iter().filter(|stall| stall.0).map(|stall| stall.1).sum();
    base - saved.min(base) + stalled + division_left(op, previous, earlier, rules)
}

/// What is left of a float division when `op` needs the float unit, which the division holds (Cortex-M4 TRM r0p1, 7.2.3).
fn division_left(op: Op, previous: Op, earlier: &[Op], rules: &Cycles) -> u8 {
    if !rules.float_divide_beside || !uses_float_unit(op) {
        return 0;
    }
    let line = |at: usize| if at == earlier.len() { previous } else { earlier[at] };
    let mut passed = 0_u8;
    for at in (0..=earlier.len()).rev() {
        let other = line(at);
        if divides_floats(other) {
            return (rules.float_divide - 1).saturating_sub(passed);
        }
        if uses_float_unit(other) {
            return 0;
        }
        passed = passed.saturating_add(behind(other, &earlier[..at], rules));
    }
    0
}

fn divides_floats(op: Op) -> bool {
    matches!(op, Op::Float { float: Float::Div | Float::Sqrt, .. } | Op::Double { float: Float::Div | Float::Sqrt, .. })
}

pub(super) fn uses_float_unit(op: Op) -> bool {
    matches!(
        op,
        Op::Float { .. }
            | Op::Double { .. }
            | Op::FloatSelect { .. }
            | Op::FloatImm { .. }
            | Op::FromFixed { .. }
            | Op::ToFixed { .. }
            | Op::FloatLoad { .. }
            | Op::FloatStore { .. }
            | Op::FloatLoadLiteral { .. }
            | Op::FloatLoadMultiple { .. }
            | Op::FloatStoreMultiple { .. }
            | Op::FloatToCore { .. }
            | Op::CoreToFloat { .. }
            | Op::FloatPairToCore { .. }
            | Op::CorePairToFloat { .. }
            | Op::ReadFpscr { .. }
            | Op::WriteFpscr { .. }
    )
}

/// Further cycles of a division, found when it runs, by the size of its quotient (Cortex-M4 TRM r0p1, table 3-1, note b:
/// it ends early by the operands' leading ones and zeros).
pub(super) fn division(quotient: u32, rules: &Cycles) -> u64 {
    if rules.divide_bits == 0 || quotient == 0 {
        return 0;
    }
    let bits = u32::BITS - quotient.leading_zeros();
    let found = 2 + bits.div_ceil(rules.divide_bits.into());
    u64::from(found.min((rules.divide_most - rules.divide).into()))
}

/// Cycles of `op` by itself.
fn alone(op: Op, rules: &Cycles) -> u8 {
    let listed =
        |list: u16| rules.multiple + list.count_ones() as u8 + if list >> 15 == 1 { rules.multiple_pc } else { 0 };
    match op {
        Op::It => rules.it,
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
        Op::LoadPc { .. } | Op::LoadPcReg { .. } | Op::LoadPcLiteral { .. } => rules.load_pc,
        Op::Str { .. } | Op::Strb { .. } | Op::Strh { .. } | Op::StoreIndexed { .. } | Op::StoreRelease { .. } => {
            rules.store
        }
        Op::StoreReg { .. } => rules.store_register,
        Op::FloatLoad { count, .. } | Op::FloatLoadLiteral { count, .. } => rules.float_load + count - 1,
        Op::FloatStore { count, .. } => rules.float_store + count - 1,
        _ if pipelines(op) => rules.load,
        Op::BranchLink { .. } => rules.branch_link,
        Op::TableBranch { .. } => rules.branch_table,
        Op::Branch { .. } | Op::BranchIf { .. } | Op::BranchZero { .. } | Op::BranchNotZero { .. } => rules.branch,
        Op::BranchExchange { .. } | Op::BranchLinkExchange { .. } | Op::BranchReg { .. } | Op::BranchAdd { .. } => {
            rules.branch_register
        }
        Op::ReadSystem { .. } | Op::WriteSystem { .. } => rules.system,
        Op::Barrier => rules.barrier,
        Op::Float { float, .. } | Op::Double { float, .. } => float_cost(float, rules),
        Op::FloatPairToCore { .. } | Op::CorePairToFloat { .. } => rules.float + 1,
        Op::FloatLoadMultiple { count, .. } | Op::FloatStoreMultiple { count, .. } => rules.multiple + count,
        _ if uses_float_unit(op) => rules.float,
        _ => rules.data,
    }
}

fn float_cost(float: Float, rules: &Cycles) -> u8 {
    match float {
        _ if accumulates(float) => rules.float_multiply_add,
        // The rest of its time passes beside instructions without floats.
        Float::Div | Float::Sqrt if rules.float_divide_beside => rules.float,
        Float::Div | Float::Sqrt => rules.float_divide,
        _ => rules.float,
    }
}

/// Whether `op` is a single load, which follows another in its shadow. `STREX` is treated as a load (3.3.2).
fn pipelines(op: Op) -> bool {
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
            | Op::LoadExclusive { .. }
            | Op::StoreExclusive { .. }
            | Op::LoadAcquire { .. }
            | Op::FloatLoad { count: 1, .. }
            | Op::FloatLoadLiteral { count: 1, .. }
    )
}
