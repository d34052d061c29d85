//! The loop: fetch a decoded instruction, execute it, count.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::code::{Code, Slot, special};
use super::fault::{Branch, Fault, FaultKind};
use super::machine::{Machine, Mode};
use super::op::Op;
use super::profile;

/// Where a called function returns to: an address where nothing is.
pub(super) const RETURN: u32 = 0xffff_fffe;

/// What a loop counts, as bits; without any, a cycle an instruction.
const CYCLES: u8 = 1;
const PROFILE: u8 = 2;
const FLASH: u8 = 4;

/// The last taken branches, in a ring.
#[derive(Clone, Default)]
pub(super) struct Trail {
    ring: [(u32, u32); 8],
    count: usize,
}

impl Trail {
    #[inline(always)]
    fn push(&mut self, from: u32, to: u32) {
        self.ring[self.count & 7] = (from, to);
        self.count = self.count.wrapping_add(1);
    }

    fn latest(&self) -> impl Iterator<Item = (u32, u32)> {
        (1..=self.count.min(8)).map(|back| self.ring[self.count.wrapping_sub(back) & 7])
    }
}

/// What a closer look at a slot found.
enum Look {
    /// It runs.
    Execute,
    /// Its condition fails.
    Skip,
    /// It changed.
    Again,
    /// The run ends before it.
    Stop,
}

impl Machine {
    /// Runs until the slot marked `STOP` or the return address is reached again.
    pub(super) fn run_to(&mut self, stop: u32, budget: u64) -> Result<(), Fault> {
        self.code.count(self.mode == Mode::Profile);
        self.mark(stop, true);
        let result = match (self.mode, self.cpu.flash.active) {
            (Mode::Fast, _) => self.run_mode::<0>(budget),
            (Mode::Cycles, false) => self.run_mode::<CYCLES>(budget),
            (Mode::Cycles, true) => self.run_mode::<{ CYCLES | FLASH }>(budget),
            (Mode::Profile, false) => self.run_mode::<{ CYCLES | PROFILE }>(budget),
            (Mode::Profile, true) => self.run_mode::<{ CYCLES | PROFILE | FLASH }>(budget),
        };
        self.mark(stop, false);
        result.map_err(|(kind, pc)| self.fault(kind, pc))
    }

    fn run_mode<const MODE: u8>(&mut self, budget: u64) -> Result<(), (FaultKind, u32)> {
        let (mut pc, mut left) = (self.cpu.pc, budget);
        let result = self.run_loop::<MODE>(&mut pc, &mut left, budget);
        self.cpu.pc = pc;
        self.cpu.instructions += budget - left;
        result.map_err(|kind| (kind, pc))
    }

    #[inline(always)]
    fn run_loop<const MODE: u8>(&mut self, at_pc: &mut u32, left: &mut u64, budget: u64) -> Result<(), FaultKind> {
        loop {
            let pc = *at_pc;
            let at = (pc.wrapping_sub(self.code.origin) >> 1) as usize;
            let Some(slot) = self.code.slots.get(at) else {
                if pc == RETURN {
                    return Ok(());
                }
                self.enter_code(pc)?;
                continue;
            };
            let (op, size, cost, special) = (slot.op, u32::from(slot.size), u64::from(slot.cost), slot.special);
            if special != 0 {
                match self.look::<MODE>(at, pc, *left != budget) {
                    Look::Execute => {}
                    Look::Again => continue,
                    Look::Stop => return Ok(()),
                    Look::Skip if *left == 0 => return Err(FaultKind::Budget { instructions: budget }),
                    Look::Skip => {
                        *left -= 1;
                        *at_pc = pc.wrapping_add(size);
                        continue;
                    }
                }
            }
            if *left == 0 {
                return Err(FaultKind::Budget { instructions: budget });
            }
            *left -= 1;
            let before = self.cpu.cycles;
            let stall = if MODE & FLASH == 0 { 0 } else { self.cpu.flash.fetch(pc, before) };
            self.cpu.cycles = before + stall + if MODE & CYCLES == 0 { 1 } else { cost };
            let next = pc.wrapping_add(size);
            let target = match self.cpu.execute(op, next) {
                Ok(target) => target,
                Err(kind) => {
                    self.count::<MODE>(at, before);
                    return Err(self.explain(kind, at, pc));
                }
            };
            *at_pc = target;
            if target != next {
                self.taken::<MODE>(pc, target);
            }
            self.count::<MODE>(at, before);
            if special & special::STACK != 0
                && let Err(kind) = self.check_stack()
            {
                *at_pc = pc;
                return Err(kind);
            }
        }
    }

    /// Counts an instruction that began at cycle `before`.
    #[inline(always)]
    fn count<const MODE: u8>(&mut self, at: usize, before: u64) {
        if MODE & PROFILE != 0
            && let Some(counter) = self.code.counters.get_mut(at)
        {
            counter.instructions += 1;
            counter.cycles += self.cpu.cycles.wrapping_sub(before);
        }
    }

    /// The branch at `pc` was taken.
    #[inline(always)]
    fn taken<const MODE: u8>(&mut self, pc: u32, target: u32) {
        self.trail.push(pc, target);
        if MODE & CYCLES != 0 {
            self.cpu.cycles += self.taken_cost;
            let at = (target.wrapping_sub(self.code.origin) >> 1) as usize;
            if let Some(slot) = self.code.slots.get(at) {
                // The target will be charged as if reached from the instruction before it.
                let correction = i64::from(slot.entry_cost) - i64::from(slot.cost);
                self.cpu.cycles = self.cpu.cycles.wrapping_add_signed(correction);
            }
        }
    }

    #[inline(never)]
    fn look<const MODE: u8>(&mut self, at: usize, pc: u32, moved: bool) -> Look {
        let marks = self.code.slots[at].special;
        if marks & special::VOLATILE != 0 && self.cpu.memory.stale {
            self.code.forget();
            self.cpu.memory.forget_code();
            return Look::Again;
        }
        if marks & special::STOP != 0 && moved {
            return Look::Stop;
        }
        if marks & special::PENDING != 0 {
            self.code.fill(at, &mut self.cpu.memory, self.context, &self.core.cycles);
            return Look::Again;
        }
        if marks & special::CONDITIONAL != 0 && !self.cpu.passes(self.code.conditions[at]) {
            self.skip::<MODE>(at);
            return Look::Skip;
        }
        if MODE & PROFILE != 0 && marks & special::ENTRY != 0 {
            self.count_call(at, pc);
        }
        Look::Execute
    }

    /// An instruction whose condition fails takes its time but does nothing.
    fn skip<const MODE: u8>(&mut self, at: usize) {
        let cost = if MODE & CYCLES == 0 { 1 } else { u64::from(self.core.cycles.data) };
        self.cpu.cycles += cost;
        if MODE & PROFILE != 0 {
            self.code.counters[at].instructions += 1;
            self.code.counters[at].cycles += cost;
        }
    }

    /// Counts an entry that isn't a loop of the function back to its own beginning.
    fn count_call(&mut self, at: usize, pc: u32) {
        let inside = |from: u32| {
            profile::function_at(&self.functions, from) == profile::function_at(&self.functions, pc)
                && !self.is_call(from)
        };
        let looped = self.trail.latest().next().is_some_and(|(from, to)| to == pc && inside(from));
        if !looped {
            self.code.counters[at].calls += 1;
        }
    }

    fn is_call(&self, pc: u32) -> bool {
        let op = self.code.index(pc).map(|at| self.code.slots[at].op);
        matches!(op, Some(Op::BranchLink { .. } | Op::BranchLinkExchange { .. }))
    }

    /// Goes on in the code that holds `pc`.
    fn enter_code(&mut self, pc: u32) -> Result<(), FaultKind> {
        let other = self.parked.iter().position(|code| code.index(pc).is_some());
        let other = other.ok_or(FaultKind::NotCode { address: pc })?;
        std::mem::swap(&mut self.code, &mut self.parked[other]);
        self.code.count(self.mode == Mode::Profile);
        if self.cpu.memory.stale {
            for code in self.parked.iter_mut().chain([&mut self.code]).filter(|code| code.volatile) {
                code.forget();
            }
            self.cpu.memory.forget_code();
        }
        Ok(())
    }

    /// Sets or clears the mark that ends a run.
    fn mark(&mut self, stop: u32, on: bool) {
        for code in self.parked.iter_mut().chain([&mut self.code]) {
            if let Some(at) = code.index(stop) {
                let slot: &mut Slot = &mut code.slots[at];
                slot.special = if on { slot.special | special::STOP } else { slot.special & !special::STOP };
            }
        }
    }

    /// Tracks the deepest stack; below its limit the program is lost.
    #[inline]
    fn check_stack(&mut self) -> Result<(), FaultKind> {
        self.cpu.r[13] &= !3;
        let pointer = self.cpu.r[13];
        self.deepest = self.deepest.min(pointer);
        match self.stack_bottom {
            Some(limit) if pointer < limit => Err(FaultKind::StackOverflow { pointer, limit }),
            _ => Ok(()),
        }
    }

    /// Adds what only the loop knows: the opcode, or that a stray access was the stack's.
    fn explain(&self, kind: FaultKind, at: usize, pc: u32) -> FaultKind {
        let slot = &self.code.slots[at];
        match kind {
            FaultKind::Undefined { .. } => FaultKind::Undefined { opcode: slot.opcode },
            FaultKind::NotCode { .. } => FaultKind::NotCode { address: pc },
            FaultKind::Unmapped { address, .. } | FaultKind::WriteToFlash { address } => {
                let limit = self.stack_bottom.unwrap_or(0);
                let below = limit.wrapping_sub(address);
                let is_stack = slot.special & special::STACK != 0 && (1..=0x1000).contains(&below);
                if is_stack { FaultKind::StackOverflow { pointer: address, limit } } else { kind }
            }
            kind => kind,
        }
    }

    fn fault(&self, kind: FaultKind, pc: u32) -> Fault {
        let mut registers = self.cpu.r;
        registers[15] = pc;
        let branches: Vec<(u32, u32)> = self.trail.latest().collect();
        let addresses: Vec<u32> = std::iter::once(pc).chain(branches.iter().map(|(from, _)| *from)).collect();
        let mut lines = self.lines.find(&addresses).into_iter();
        let line = lines.next().flatten();
        let branch = |((from, to), line)| Branch { from, to, function: self.function_name(from), line };
        let branches = branches.into_iter().zip(lines).map(branch).collect();
        Fault { kind, pc, function: self.function_name(pc), line, registers, branches }
    }

    pub(super) fn function_name(&self, pc: u32) -> Option<String> {
        profile::function_at(&self.functions, pc).map(|at| self.functions[at].1.name.clone())
    }

    /// The code of every memory.
    pub(super) fn codes(&self) -> Vec<&Code> {
        self.parked.iter().chain([&self.code]).collect()
    }
}
