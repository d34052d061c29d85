//! The loop: instructions run in straight-line blocks, which are counted where they end; whatever needs a closer look
//! ends a block first.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::calls::Calls;
use super::code::{Code, flag};
use super::fault::FaultKind;
use super::isa::{BranchCosts, Flow, Isa, Kind, Stop};
use super::mode::Mode;
use super::trail::Trail;

/// Where a called function returns to: an address where nothing is.
pub(super) const RETURN: u32 = 0xffff_fffe;

/// What a loop counts, as bits; without any, a cycle an instruction.
const CYCLES: u8 = 1;
const PROFILE: u8 = 2;
const FLASH: u8 = 4;

/// A core that runs: its code, and what was noted of the way.
#[derive(Clone)]
pub(super) struct Hart<I: Isa> {
    pub isa: I,
    /// The code that runs, and that of the other memories.
    pub code: Code<I>,
    pub parked: Vec<Code<I>>,
    pub trail: Trail,
    pub calls: Calls,
    pub costs: BranchCosts,
    /// A branch led to where the next run begins.
    pub by_branch: bool,
}

/// The block that runs: what its counts are relative to.
#[derive(Clone, Copy)]
struct Block {
    entry: usize,
    /// Number and sum of costs just before its first instruction.
    ordinal: u32,
    sum: u32,
    /// It was entered by a branch.
    by_branch: bool,
}

/// How the inner loop ended: `pc` is where to go on.
struct Pause {
    /// A branch led there.
    by_branch: bool,
    /// The instruction there needs a closer look, whatever its marks say.
    look: bool,
}

/// How a block of conditional instructions ended.
enum Conditional {
    /// Behind its last instruction.
    Behind(usize),
    /// By the jump in this slot.
    Jump(usize, u32),
    /// Before this slot.
    Look(usize),
    /// At this slot.
    Fault(usize, FaultKind),
}

/// Where and when a run ends.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// The address that ends it when it is reached.
    pub stop: u32,
    /// The most instructions.
    pub budget: u64,
    /// Blocks are one instruction long, so that the budget is exact.
    pub single: bool,
}

impl<I: Isa> Hart<I> {
    /// Runs until `limits.stop` or the return address is reached again; on a fault, `pc` is at its instruction.
    pub(super) fn run_to(&mut self, mode: Mode, limits: Limits) -> Result<(), FaultKind> {
        for code in self.parked.iter_mut().chain([&mut self.code]) {
            code.count(mode == Mode::Profile);
        }
        self.mark(limits.stop, true);
        let bus = self.isa.bus_mut();
        let timed = mode != Mode::Fast && bus.flash.is_slow();
        bus.flash.active = timed;
        let before = (bus.instructions, bus.cycles, bus.idle);
        let result = match (mode, timed) {
            (Mode::Fast, _) => self.run::<0>(limits),
            (Mode::Cycles, false) => self.run::<CYCLES>(limits),
            (Mode::Cycles, true) => self.run::<{ CYCLES | FLASH }>(limits),
            (Mode::Profile, false) => self.run::<{ CYCLES | PROFILE }>(limits),
            (Mode::Profile, true) => self.run::<{ CYCLES | PROFILE | FLASH }>(limits),
        };
        let bus = self.isa.bus_mut();
        if mode == Mode::Fast {
            bus.cycles = before.1 + (bus.instructions - before.0) + (bus.idle - before.2);
        }
        self.mark(limits.stop, false);
        result
    }

    /// Sets or clears the mark that ends a run.
    fn mark(&mut self, stop: u32, on: bool) {
        for code in self.parked.iter_mut().chain([&mut self.code]) {
            if let Some(at) = code.index(stop) {
                code.set(at, flag::STOP, on);
            }
        }
    }

    fn run<const MODE: u8>(&mut self, limits: Limits) -> Result<(), FaultKind> {
        let start = self.isa.bus().instructions;
        let end = start.saturating_add(limits.budget);
        let mut pause = Pause { by_branch: self.by_branch, look: false };
        self.forget_stale();
        loop {
            self.by_branch = pause.by_branch;
            let pc = self.isa.pc();
            if self.isa.bus().instructions >= end {
                return Err(FaultKind::Budget { instructions: limits.budget });
            }
            if self.isa.bus().is_due() {
                self.forget_stale();
                if let Some(target) = self.isa.take_event(pc)? {
                    self.interrupted::<MODE>(pc, target);
                    pause = Pause { by_branch: true, look: false };
                    continue;
                }
            }
            let Some(at) = self.code.index(pc) else {
                if pc == RETURN {
                    return Ok(());
                }
                pause = Pause { by_branch: true, look: false };
                self.enter_code::<MODE>(pc)?;
                continue;
            };
            let flags = self.code.marks[at].flags;
            if flags & flag::PENDING != 0 {
                self.fill(at);
                continue;
            }
            if flags & flag::STOP != 0 && self.isa.bus().instructions != start {
                return Ok(());
            }
            let look = limits.single || pause.look || flags & (flag::SPECIAL | flag::CONDITIONAL) != 0;
            pause = if look {
                self.step::<MODE>(at, pause.by_branch)?
            } else {
                self.run_blocks::<MODE>(self.open(at, pause.by_branch), end)?
            };
        }
    }

    /// Runs block after block until something needs a closer look; everything before it is counted, and `pc` is there.
    fn run_blocks<const MODE: u8>(&mut self, mut block: Block, end: u64) -> Result<Pause, FaultKind> {
        let mut at = block.entry;
        self.fetch_entry::<MODE>(at);
        loop {
            let Some(&slot) = self.code.slots.get(at) else { unreachable!("bug: a line runs out of the code") };
            if MODE & FLASH != 0 && slot.line && at != block.entry {
                self.fetch::<MODE>(at, block);
            }
            let next = self.code.address(at + usize::from(slot.step));
            let before = if MODE & PROFILE == 0 { 0 } else { self.isa.bus().cycles };
            let flow = self.isa.execute(slot.op, next);
            if MODE & PROFILE != 0 {
                self.count_extra(at, before);
            }
            let (from, target) = match flow {
                Ok(Flow::Next) => {
                    at += usize::from(slot.step);
                    continue;
                }
                Ok(Flow::Skip(halfwords)) => {
                    if MODE & PROFILE != 0 {
                        self.credit_skipped(at);
                    }
                    at += usize::from(slot.step) + usize::from(halfwords);
                    self.fetch_entry::<MODE>(at);
                    continue;
                }
                Ok(Flow::Jump(target)) => (at, target),
                Ok(Flow::JumpBehind(target)) => (at + usize::from(self.code.marks[at].step), target),
                Ok(Flow::Conditional) => match self.run_conditional::<MODE>(at, block) {
                    Conditional::Behind(next) => {
                        at = next;
                        continue;
                    }
                    Conditional::Jump(from, target) => (from, target),
                    Conditional::Look(slot) => return Ok(self.look::<MODE>(block, slot)),
                    Conditional::Fault(slot, kind) => return Err(self.fail::<MODE>(block, slot, kind)),
                },
                Err(Stop::Look) => return Ok(self.look::<MODE>(block, at)),
                Err(Stop::Behind) => {
                    let second = at + usize::from(self.code.marks[at].step);
                    return Ok(self.look::<MODE>(block, second));
                }
                Err(Stop::Fault(kind)) => return Err(self.fail::<MODE>(block, at, kind)),
            };
            self.close::<MODE>(block, from);
            self.taken::<MODE>(from, target);
            let index = self.code.index(target);
            let bus = self.isa.bus();
            let Some(entry) = index.filter(|_| bus.instructions < end && !bus.is_due()) else {
                self.isa.set_pc(target);
                return Ok(Pause { by_branch: true, look: false });
            };
            at = entry;
            block = self.open(at, true);
            self.fetch_entry::<MODE>(at);
        }
    }

    #[inline(always)]
    fn open(&self, entry: usize, by_branch: bool) -> Block {
        let mark = &self.code.marks[entry];
        let cost = if by_branch { mark.entry_cost } else { mark.cost };
        Block { entry, ordinal: mark.ordinal.wrapping_sub(1), sum: mark.sum.wrapping_sub(cost.into()), by_branch }
    }

    /// Counts the block up to and with the slot `last`.
    #[inline(always)]
    fn close<const MODE: u8>(&mut self, block: Block, last: usize) {
        let mark = &self.code.marks[last];
        let instructions = mark.ordinal.wrapping_sub(block.ordinal);
        let cycles = if MODE & CYCLES == 0 { instructions } else { mark.sum.wrapping_sub(block.sum) };
        let bus = self.isa.bus_mut();
        bus.instructions += u64::from(instructions);
        bus.cycles = bus.cycles.wrapping_add(cycles.into());
        if MODE & PROFILE != 0 {
            self.count_block(block, last);
        }
    }

    /// The branch in the slot `from` was taken.
    #[inline(always)]
    fn taken<const MODE: u8>(&mut self, from: usize, target: u32) {
        let pc = self.code.address(from);
        self.trail.push(pc, target);
        if MODE & CYCLES != 0 {
            self.isa.bus_mut().wait(self.costs.taken.into());
        }
        if MODE & PROFILE != 0 {
            self.code.counters[from].extra += i64::from(self.costs.taken);
            let mark = &self.code.marks[from];
            let kind = I::kind(mark.op);
            let next = pc.wrapping_add(u32::from(mark.step) * 2);
            let stack = self.isa.stack();
            self.calls.jump(kind == Kind::Call, next, target, stack, self.isa.bus_mut());
        }
    }

    /// What the flash makes the core wait for the first instruction of a block.
    #[inline(always)]
    fn fetch_entry<const MODE: u8>(&mut self, at: usize) {
        if MODE & FLASH != 0 {
            self.fetch_at::<MODE>(at, 0);
        }
    }

    /// The same for an instruction within a block, at which the cycles before it in the block aren't counted yet.
    #[inline(always)]
    fn fetch<const MODE: u8>(&mut self, at: usize, block: Block) {
        let mark = &self.code.marks[at];
        let ahead = mark.sum.wrapping_sub(mark.cost.into()).wrapping_sub(block.sum);
        self.fetch_at::<MODE>(at, ahead);
    }

    #[inline(always)]
    fn fetch_at<const MODE: u8>(&mut self, at: usize, ahead: u32) {
        let pc = self.code.address(at);
        let bus = self.isa.bus_mut();
        let stall = bus.flash.fetch(pc, bus.cycles.wrapping_add(ahead.into()));
        bus.wait(stall);
        if MODE & PROFILE != 0
            && let Some(counter) = self.code.counters.get_mut(at)
        {
            counter.extra += stall as i64;
            counter.stalls += stall;
        }
    }

    /// Counts what the instruction in the slot `at` cost beside its static cost.
    #[inline(always)]
    fn count_extra(&mut self, at: usize, before: u64) {
        let bus = self.isa.bus_mut();
        let extra = bus.cycles.wrapping_sub(before) as i64;
        if extra != 0
            && let Some(counter) = self.code.counters.get_mut(at)
        {
            counter.extra += extra;
            counter.stalls += bus.flash.take_stalls();
        }
    }

    /// The instructions of the block behind the slot `at` were skipped: what they cost less is theirs.
    #[inline(never)]
    fn credit_skipped(&mut self, at: usize) {
        let slots: Vec<usize> = self.code.conditional_slots(at).collect();
        for slot in slots {
            let saved = i64::from(self.code.marks[slot].cost) - i64::from(self.costs.skipped);
            self.code.counters[slot].extra -= saved;
            self.code.counters[at].extra += saved;
        }
    }

    fn count_block(&mut self, block: Block, last: usize) {
        let mark = &self.code.marks[block.entry];
        let correction = i64::from(mark.entry_cost) - i64::from(mark.cost);
        let counter = &mut self.code.counters[block.entry];
        counter.begun += 1;
        counter.extra += if block.by_branch { correction } else { 0 };
        self.code.counters[last].ended += 1;
    }

    /// Ends the block before the slot `at`, which needs a closer look.
    #[inline(never)]
    fn look<const MODE: u8>(&mut self, block: Block, at: usize) -> Pause {
        self.isa.set_pc(self.code.address(at));
        if at == block.entry {
            return Pause { by_branch: block.by_branch, look: true };
        }
        let Some(last) = self.code.previous(at) else { unreachable!("bug: a slot within a line follows nothing") };
        self.close::<MODE>(block, last);
        Pause { by_branch: false, look: true }
    }

    /// Ends the block with the slot `at`, which faults.
    #[inline(never)]
    fn fail<const MODE: u8>(&mut self, block: Block, at: usize, kind: FaultKind) -> FaultKind {
        self.close::<MODE>(block, at);
        self.isa.set_pc(self.code.address(at));
        self.explain(kind, at)
    }

    /// Executes the conditional instructions behind the slot `at`, each under its own condition.
    #[inline(never)]
    fn run_conditional<const MODE: u8>(&mut self, at: usize, block: Block) -> Conditional {
        let count = self.code.marks[at].condition;
        let mut next = at + usize::from(self.code.marks[at].step);
        for _ in 0..count {
            let Some(&mark) = self.code.marks.get(next) else { break };
            if mark.flags & flag::SPECIAL != 0 {
                return Conditional::Look(next);
            }
            if MODE & FLASH != 0 && self.code.slots[next].line {
                self.fetch::<MODE>(next, block);
            }
            let before = self.isa.bus().cycles;
            let behind = next + usize::from(mark.step);
            if self.isa.passes(mark.condition) {
                match self.execute(mark.op, self.code.address(behind)) {
                    Ok(Flow::Jump(target)) => return Conditional::Jump(next, target),
                    Ok(_) => {}
                    Err(Stop::Look | Stop::Behind) => return Conditional::Look(next),
                    Err(Stop::Fault(kind)) => return Conditional::Fault(next, kind),
                }
            } else if MODE & CYCLES != 0 {
                let saved = u64::from(mark.cost).wrapping_sub(self.costs.skipped.into());
                let bus = self.isa.bus_mut();
                bus.cycles = bus.cycles.wrapping_sub(saved);
            }
            if MODE & PROFILE != 0 {
                self.count_extra(next, before);
            }
            next = behind;
        }
        Conditional::Behind(next)
    }

    /// Executes the one instruction in the slot `at` with exact counters around it.
    #[inline(never)]
    fn step<const MODE: u8>(&mut self, at: usize, by_branch: bool) -> Result<Pause, FaultKind> {
        let (mark, block) = (self.code.marks[at], self.open(at, by_branch));
        let pc = self.code.address(at);
        let next = pc.wrapping_add(u32::from(mark.step) * 2);
        self.fetch_entry::<MODE>(at);
        let before = self.isa.bus().cycles;
        let flow = if mark.flags & flag::CONDITIONAL != 0 && !self.isa.passes(mark.condition) {
            let saved = if MODE & CYCLES == 0 { 0 } else { u64::from(mark.cost) };
            let bus = self.isa.bus_mut();
            bus.cycles = bus.cycles.wrapping_add(u64::from(self.costs.skipped).wrapping_sub(saved));
            Ok(Flow::Next)
        } else if I::kind(mark.op) == Kind::Block {
            // What follows is stepped too.
            Ok(Flow::Conditional)
        } else {
            self.isa.bus_mut().precise = true;
            let flow = self.execute(mark.op, next);
            self.isa.bus_mut().precise = false;
            flow
        };
        if MODE & PROFILE != 0 {
            self.count_extra(at, before);
        }
        let flow = match flow {
            Ok(flow) => flow,
            Err(Stop::Look | Stop::Behind) => unreachable!("bug: a step asks for another look"),
            Err(Stop::Fault(kind)) => return Err(self.fail::<MODE>(block, at, kind)),
        };
        self.close::<MODE>(block, at);
        self.isa.set_pc(pc);
        if mark.flags & flag::STACK != 0 {
            let stack = self.isa.stack();
            self.isa.bus_mut().lower_stack(stack)?;
        }
        if mark.flags & flag::SYNCHRONISE != 0 {
            self.isa.bus_mut().event_at = 0;
        }
        let (target, by_branch) = match flow {
            Flow::Next | Flow::Conditional | Flow::Skip(_) => (next, false),
            Flow::Jump(target) | Flow::JumpBehind(target) => (target, true),
        };
        if by_branch {
            self.taken::<MODE>(at, target);
        }
        self.isa.set_pc(target);
        Ok(Pause { by_branch, look: false })
    }

    /// Executes beside the inner loop, which alone has all of this inlined.
    #[inline(never)]
    fn execute(&mut self, op: I::Op, next: u32) -> Result<Flow, Stop> {
        self.isa.execute(op, next)
    }

    /// Decodes the line at the slot `at`.
    fn fill(&mut self, at: usize) {
        let end = self.code.fill(at, &self.isa);
        if self.code.volatile {
            let (from, to) = (self.code.address(at), self.code.address(end));
            self.isa.bus_mut().memory.watch_code(from, to.wrapping_sub(from));
        }
    }

    /// Code in RAM was written: what was decoded there is forgotten.
    fn forget_stale(&mut self) {
        if self.isa.bus().memory.stale {
            for code in self.parked.iter_mut().chain([&mut self.code]).filter(|code| code.volatile) {
                code.forget();
            }
            self.isa.bus_mut().memory.forget_code();
        }
    }

    /// Goes on in the code that holds `pc`.
    fn enter_code<const MODE: u8>(&mut self, pc: u32) -> Result<(), FaultKind> {
        if let Some(other) = self.parked.iter().position(|code| code.index(pc).is_some()) {
            std::mem::swap(&mut self.code, &mut self.parked[other]);
            return Ok(());
        }
        let back = self.isa.return_to(pc)?;
        if MODE & PROFILE != 0 {
            let stack = self.isa.stack();
            self.calls.jump(false, 0, back, stack, self.isa.bus_mut());
        }
        self.isa.set_pc(back);
        Ok(())
    }

    /// An interrupt was taken before `pc`.
    fn interrupted<const MODE: u8>(&mut self, pc: u32, target: u32) {
        self.trail.push(pc, target);
        if MODE & PROFILE != 0 {
            let stack = self.isa.stack();
            self.calls.jump(true, pc, target, stack, self.isa.bus_mut());
        }
        self.isa.set_pc(target);
    }

    /// Adds what only the loop knows: the opcode, or that a stray access was the stack's.
    fn explain(&self, kind: FaultKind, at: usize) -> FaultKind {
        let mark = &self.code.marks[at];
        match kind {
            FaultKind::Undefined { .. } => FaultKind::Undefined { opcode: mark.opcode },
            FaultKind::NotCode { .. } => FaultKind::NotCode { address: self.code.address(at) },
            FaultKind::Unmapped { address, .. } | FaultKind::WriteToFlash { address } => {
                let limit = self.isa.bus().stack_limit;
                let below = limit.wrapping_sub(address);
                let near = self.isa.stack().abs_diff(limit) <= 0x1000;
                if near && (1..=0x1000).contains(&below) {
                    FaultKind::StackOverflow { pointer: address, limit }
                } else {
                    kind
                }
            }
            kind => kind,
        }
    }
}
