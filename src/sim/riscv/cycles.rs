//! What an instruction costs by its core's rules, given the instructions before it.

use super::op::{Op, Rare};
use crate::library::core::RiscvCycles;

/// Cycles of `op` after `before`, the oldest first, without what a taken branch, a division's operands, an unaligned
/// access or the flash adds.
pub(super) fn cost(op: Op, before: &[Op], rules: &RiscvCycles) -> u8 {
    let base = alone(op, rules);
    let Some(&previous) = before.last() else { return base };
    let depends = reads(op) & 1 << destination(previous) & !1 != 0;
    if !depends {
        return base;
    }
    let loaded = if is_load(previous) { rules.load_use } else { 0 };
    let jumps = matches!(op, Op::JumpReg { .. } | Op::JumpLinkReg { .. });
    base + loaded + if jumps { rules.jump_register_use } else { 0 }
}

/// Cycles of `op` by itself.
fn alone(op: Op, rules: &RiscvCycles) -> u8 {
    match op {
        Op::Mul { .. } => rules.multiply,
        Op::Rare { rare: Rare::Mulh | Rare::Mulhsu | Rare::Mulhu, .. } => rules.multiply_high,
        Op::Rare { .. } => rules.divide,
        Op::Lb { .. } | Op::Lh { .. } | Op::Lw { .. } | Op::Lbu { .. } | Op::Lhu { .. } | Op::LoadNothing { .. } => {
            rules.load
        }
        Op::Sb { .. } | Op::Sh { .. } | Op::Sw { .. } => rules.store,
        Op::Beq { .. } | Op::Bne { .. } | Op::Blt { .. } | Op::Bge { .. } | Op::Bltu { .. } | Op::Bgeu { .. } => {
            rules.branch
        }
        // The loop adds what every taken branch adds.
        Op::Jump { .. } | Op::JumpLink { .. } | Op::JumpReg { .. } | Op::JumpLinkReg { .. } | Op::Mret | Op::Ecall => {
            rules.jump - rules.taken()
        }
        Op::Csr { .. } => rules.csr,
        Op::Fence | Op::FenceInstruction => rules.fence,
        _ => rules.integer,
    }
}

/// What a division takes longer because of its divisor: a step for every leading bit that says nothing.
pub(super) fn division(rare: Rare, divisor: u32, rules: &RiscvCycles) -> u64 {
    let signed = matches!(rare, Rare::Div | Rare::Rem) && (divisor as i32) < 0;
    let idle = if signed { (!divisor).leading_zeros() } else { divisor.leading_zeros() };
    u64::from(idle) * u64::from(rules.divide_bit)
}

/// Whether `op` is a load.
fn is_load(op: Op) -> bool {
    matches!(op, Op::Lb { .. } | Op::Lh { .. } | Op::Lw { .. } | Op::Lbu { .. } | Op::Lhu { .. })
}

/// The register that `op` writes; 0 for none.
pub(super) fn destination(op: Op) -> u8 {
    match op {
        Op::LoadImm { d, .. }
        | Op::AddImm { d, .. }
        | Op::SltImm { d, .. }
        | Op::SltuImm { d, .. }
        | Op::XorImm { d, .. }
        | Op::OrImm { d, .. }
        | Op::AndImm { d, .. }
        | Op::SllImm { d, .. }
        | Op::SrlImm { d, .. }
        | Op::SraImm { d, .. }
        | Op::Add { d, .. }
        | Op::Sub { d, .. }
        | Op::Sll { d, .. }
        | Op::Slt { d, .. }
        | Op::Sltu { d, .. }
        | Op::Xor { d, .. }
        | Op::Srl { d, .. }
        | Op::Sra { d, .. }
        | Op::Or { d, .. }
        | Op::And { d, .. }
        | Op::Mul { d, .. }
        | Op::Rare { d, .. }
        | Op::Lb { d, .. }
        | Op::Lh { d, .. }
        | Op::Lw { d, .. }
        | Op::Lbu { d, .. }
        | Op::Lhu { d, .. }
        | Op::JumpLink { d, .. }
        | Op::JumpLinkReg { d, .. }
        | Op::Csr { d, .. } => d,
        Op::GrowStack { .. } => 2,
        _ => 0,
    }
}

/// The registers that `op` reads, a bit each.
fn reads(op: Op) -> u32 {
    match op {
        Op::AddImm { a, .. }
        | Op::SltImm { a, .. }
        | Op::SltuImm { a, .. }
        | Op::XorImm { a, .. }
        | Op::OrImm { a, .. }
        | Op::AndImm { a, .. }
        | Op::SllImm { a, .. }
        | Op::SrlImm { a, .. }
        | Op::SraImm { a, .. }
        | Op::Lb { a, .. }
        | Op::Lh { a, .. }
        | Op::Lw { a, .. }
        | Op::Lbu { a, .. }
        | Op::Lhu { a, .. }
        | Op::LoadNothing { a, .. }
        | Op::JumpReg { a, .. }
        | Op::JumpLinkReg { a, .. }
        | Op::Csr { immediate: false, a, .. } => 1 << a,
        Op::Add { a, b, .. }
        | Op::Sub { a, b, .. }
        | Op::Sll { a, b, .. }
        | Op::Slt { a, b, .. }
        | Op::Sltu { a, b, .. }
        | Op::Xor { a, b, .. }
        | Op::Srl { a, b, .. }
        | Op::Sra { a, b, .. }
        | Op::Or { a, b, .. }
        | Op::And { a, b, .. }
        | Op::Mul { a, b, .. }
        | Op::Rare { a, b, .. }
        | Op::Sb { a, b, .. }
        | Op::Sh { a, b, .. }
        | Op::Sw { a, b, .. }
        | Op::Beq { a, b, .. }
        | Op::Bne { a, b, .. }
        | Op::Blt { a, b, .. }
        | Op::Bge { a, b, .. }
        | Op::Bltu { a, b, .. }
        | Op::Bgeu { a, b, .. } => 1 << a | 1 << b,
        Op::GrowStack { .. } => 1 << 2,
        _ => 0,
    }
}
