//! The order in which a core with two slots issues a straight line: instructions stay in order, and the second of a
//! pair goes with the first where neither needs what the other has or makes.

use super::cycles::uses_float_unit;
use super::hazard::{self, accumulates};
use super::op::{Bits, Dsp, Field, Float, Op, Shift, Width};
use crate::library::core::{Cycles, Dual};

/// Units that there is one of, as bits.
mod unit {
    pub(super) const STORE: u8 = 1;
    pub(super) const MULTIPLY: u8 = 2;
    pub(super) const BRANCH: u8 = 4;
    pub(super) const FLOAT: u8 = 8;
    pub(super) const SHIFT: u8 = 16;
    pub(super) const SIMD: u8 = 32;
}

/// How an instruction issues.
#[derive(Clone, Copy)]
struct Needs {
    /// Bits of `unit`.
    units: u8,
    /// Goes alone.
    alone: bool,
    /// Never second of a pair.
    first: bool,
    /// Cycles that it keeps both slots.
    cycles: u8,
    /// Cycles until its result is there.
    latency: u8,
}

/// The state at some cycle: when each register's value is there, and what the last cycle issued.
struct Pipeline {
    core: [i32; 16],
    floats: [i32; 32],
    /// When the float unit is free again after a division.
    divider: i32,
    now: i32,
    /// Units that the instruction issued at `now` took, and whether another may join it.
    units: u8,
    open: bool,
}

/// Cycles of `op` behind `before`; 0 where it goes with the one before it.
pub(super) fn cost(op: Op, before: &[Op], rules: &Cycles, dual: &Dual) -> u8 {
    let mut pipeline =
        Pipeline { core: [i32::MIN / 2; 16], floats: [i32::MIN / 2; 32], divider: 0, now: -1, units: 0, open: false };
    for &earlier in before {
        pipeline.issue(earlier, rules, dual);
    }
    let start = pipeline.now;
    pipeline.issue(op, rules, dual);
    (pipeline.now - start).clamp(0, 255) as u8
}

impl Pipeline {
    fn issue(&mut self, op: Op, rules: &Cycles, dual: &Dual) {
        let needs = needs(op, rules, dual);
        let ready = self.ready(op, dual);
        let joins = self.open
            && ready <= self.now
            && !needs.alone
            && !needs.first
            && self.units & needs.units == 0
            && !(uses_float_unit(op) && divides(op));
        let at = if joins { self.now } else { ready.max(self.now + 1) };
        self.units = needs.units | if joins { self.units } else { 0 };
        self.open = !joins && !needs.alone;
        self.now = at + i32::from(needs.cycles) - 1;
        self.finish(op, at, needs, dual);
    }

    /// The first cycle in which everything that `op` needs is there.
    fn ready(&self, op: Op, dual: &Dual) -> i32 {
        let (early, late) = (i32::from(dual.early), i32::from(dual.late));
        let float_late = i32::from(dual.float_late);
        let latest = |times: &[i32], bits: u32, shift: i32| {
            let set = (0..times.len()).filter(|&at| bits >> at & 1 == 1);
            set.map(|at| times[at] + shift).max().unwrap_or(i32::MIN / 2)
        };
        let uses = hazard::uses(op);
        let stores = matches!(op, Op::FloatStore { .. } | Op::FloatStoreMultiple { .. });
        let operands = latest(&self.floats, hazard::float_reads(op), if stores { -float_late } else { 0 });
        let sum = latest(&self.floats, hazard::float_sums(op), -float_late);
        let core = latest(&self.core, uses.early.into(), early)
            .max(latest(&self.core, uses.normal.into(), 0))
            .max(latest(&self.core, uses.late.into(), -late));
        let unit = if uses_float_unit(op) { self.divider } else { i32::MIN / 2 };
        core.max(operands).max(sum).max(unit)
    }

    fn finish(&mut self, op: Op, at: i32, needs: Needs, dual: &Dual) {
        let there = at + i32::from(needs.latency);
        let moved = hazard::moves_base(op);
        let written = hazard::writes(op);
        for (register, time) in self.core.iter_mut().enumerate() {
            if written >> register & 1 == 1 {
                // A base that moves along is there at once, even for the next address.
                *time = if moved >> register & 1 == 1 { at + 1 - i32::from(dual.early) } else { there };
            }
        }
        let written = hazard::float_writes(op);
        for (register, time) in self.floats.iter_mut().enumerate() {
            if written >> register & 1 == 1 {
                *time = there;
            }
        }
        if divides(op) {
            self.divider = there;
        }
    }
}

fn divides(op: Op) -> bool {
    matches!(op, Op::Float { float: Float::Div | Float::Sqrt, .. } | Op::Double { float: Float::Div | Float::Sqrt, .. })
}

fn needs(op: Op, rules: &Cycles, dual: &Dual) -> Needs {
    let plain = Needs { units: 0, alone: false, first: false, cycles: 1, latency: dual.data };
    match op {
        Op::AddLsl { .. } | Op::ExtendAdd { .. } | Op::ShiftReg { .. } => Needs { units: unit::SHIFT, ..plain },
        Op::DataReg { shift, amount, .. } if amount > 0 || shift == Shift::Rrx => Needs { units: unit::SHIFT, ..plain },
        Op::Field { field: Field::Insert | Field::Clear, .. } => Needs { units: unit::SHIFT, first: true, ..plain },
        Op::Field { .. } | Op::Pack { .. } => Needs { units: unit::SHIFT | unit::SIMD, first: true, ..plain },
        Op::Bits { bits: Bits::Clz, .. } => Needs { first: true, ..plain },
        Op::Bits { .. } => Needs { units: unit::SHIFT | unit::SIMD, first: true, latency: 0, ..plain },
        Op::Saturate { .. } | Op::Saturate16 { .. } => {
            Needs { units: unit::SHIFT | unit::SIMD, first: true, latency: dual.saturate, ..plain }
        }
        Op::Extend { .. } | Op::Dsp { dsp: Dsp::Parallel(..) | Dsp::Sel, .. } => {
            Needs { units: unit::SIMD, first: true, ..plain }
        }
        Op::Dsp { dsp: Dsp::Qadd | Dsp::Qsub | Dsp::Qdadd | Dsp::Qdsub | Dsp::Usad8 | Dsp::Usada8, .. } => {
            Needs { units: unit::SIMD, first: true, latency: dual.saturate, ..plain }
        }
        Op::Dsp { .. }
        | Op::Mul { .. }
        | Op::MulS { .. }
        | Op::Mla { .. }
        | Op::Mls { .. }
        | Op::Long { .. }
        | Op::Smlad { .. }
        | Op::Smlabb { .. } => Needs { units: unit::MULTIPLY, latency: dual.multiply, ..plain },
        Op::Divide { .. } => Needs { alone: true, cycles: dual.divide, latency: dual.divide, ..plain },
        Op::Branch { .. }
        | Op::BranchIf { .. }
        | Op::BranchZero { .. }
        | Op::BranchNotZero { .. }
        | Op::BranchLink { .. }
        | Op::BranchExchange { .. }
        | Op::BranchLinkExchange { .. }
        | Op::BranchReg { .. } => Needs { units: unit::BRANCH, ..plain },
        Op::BranchAdd { .. } | Op::LoadPc { .. } | Op::LoadPcReg { .. } | Op::LoadPcLiteral { .. } => {
            Needs { alone: true, cycles: rules.load_pc, ..plain }
        }
        Op::TableBranch { .. } => Needs { alone: true, cycles: rules.branch_table, ..plain },
        Op::ReadSystem { .. } | Op::WriteSystem { .. } => {
            Needs { alone: true, cycles: rules.system, latency: rules.system, ..plain }
        }
        Op::Barrier => Needs { alone: true, cycles: rules.barrier, ..plain },
        _ if uses_float_unit(op) => floats(op, dual),
        _ if hazard::accesses_memory(op) => accesses(op, rules, dual),
        _ => plain,
    }
}

fn accesses(op: Op, rules: &Cycles, dual: &Dual) -> Needs {
    let load = Needs { units: 0, alone: false, first: false, cycles: 1, latency: dual.load };
    let words = |list: u16| (list.count_ones() as u8).div_ceil(dual.words.max(1)).max(1);
    let narrow = |width: Width| if width == Width::Word { load } else { Needs { latency: dual.load_narrow, ..load } };
    match op {
        Op::Ldrb { .. } | Op::Ldrsb { .. } | Op::LdrbReg { .. } | Op::LdrsbReg { .. } => {
            Needs { latency: dual.load_narrow, ..load }
        }
        Op::LoadImm { width, .. }
        | Op::LoadReg { width, .. }
        | Op::LoadLiteral { width, .. }
        | Op::LoadIndexed { width, .. } => narrow(width),
        Op::LoadExclusive { .. } | Op::LoadAcquire { .. } => Needs { first: true, latency: dual.load_narrow, ..load },
        Op::Str { .. } | Op::Strb { .. } | Op::Strh { .. } | Op::StoreReg { .. } | Op::StoreIndexed { .. } => {
            Needs { units: unit::STORE, ..load }
        }
        Op::LoadDouble { .. } | Op::LoadDoubleLiteral { .. } | Op::StoreDouble { .. } => Needs { alone: true, ..load },
        Op::LoadMultiple { list, .. } => {
            let returns = if list >> 15 == 1 { rules.multiple_pc } else { 0 };
            let cycles = words(list) + returns;
            Needs { alone: true, cycles, latency: cycles.max(dual.load), ..load }
        }
        Op::StoreMultiple { list, .. } => Needs { alone: true, cycles: words(list), ..load },
        Op::StoreExclusive { .. } | Op::StoreRelease { .. } => Needs { alone: true, latency: dual.load_narrow, ..load },
        _ => load,
    }
}

fn floats(op: Op, dual: &Dual) -> Needs {
    let single = Needs { units: unit::FLOAT, alone: false, first: false, cycles: 1, latency: dual.float };
    let load = Needs { units: 0, latency: dual.load, ..single };
    match op {
        Op::Float { float, .. } => Needs { latency: float_latency(float, dual), ..single },
        Op::Double { float, .. } => {
            let added = match float {
                Float::Mul | Float::Nmul => dual.double_multiply,
                Float::Div | Float::Sqrt => dual.double_divide,
                _ if accumulates(float) => dual.double_multiply + dual.double,
                _ => dual.double,
            };
            Needs { first: true, latency: float_latency(float, dual) + added, ..single }
        }
        Op::FloatSelect { .. } | Op::FloatImm { double: true, .. } => Needs { first: true, ..single },
        Op::FloatLoad { count: 1, .. } | Op::FloatLoadLiteral { count: 1, .. } => load,
        Op::FloatLoad { .. } | Op::FloatLoadLiteral { .. } => Needs { alone: true, latency: dual.load + 1, ..load },
        Op::FloatStore { count, .. } => Needs { units: unit::STORE, alone: count > 1, ..load },
        Op::FloatLoadMultiple { count, .. } | Op::FloatStoreMultiple { count, .. } => {
            let cycles = count.div_ceil(dual.words.max(1)).max(1);
            Needs { alone: true, cycles, latency: cycles.max(dual.load), ..load }
        }
        Op::FloatPairToCore { .. } | Op::CorePairToFloat { .. } | Op::ReadFpscr { .. } | Op::WriteFpscr { .. } => {
            Needs { alone: true, ..single }
        }
        _ => single,
    }
}

fn float_latency(float: Float, dual: &Dual) -> u8 {
    match float {
        Float::Div | Float::Sqrt => dual.float_divide,
        Float::Cmp | Float::Cmpe | Float::CmpZero | Float::CmpeZero => 0,
        _ if accumulates(float) => dual.float_multiply_add,
        _ => dual.float,
    }
}
