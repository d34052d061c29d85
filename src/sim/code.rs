//! Decoded instructions, one slot a halfword, decoded in straight lines when first reached.
//!
//! The slots of a straight line are numbered and carry the sum of their costs, so that a run of them is accounted for by
//! two subtractions when it ends. A line is a chain of linked slots: each follows the one before it in memory.

use super::isa::{Isa, Kind};
use super::map::Region;
use super::profile::{self, InstructionProfile};

/// What is known of a slot.
pub(super) mod flag {
    /// Code, not decoded yet.
    pub(in crate::sim) const PENDING: u16 = 1;
    /// Decoded.
    pub(in crate::sim) const DECODED: u16 = 2;
    /// Numbered after the slot before it in memory.
    pub(in crate::sim) const LINKED: u16 = 4;
    /// A run ends here.
    pub(in crate::sim) const STOP: u16 = 8;
    /// The next slot in memory is numbered after another one.
    pub(in crate::sim) const SEAM: u16 = 16;
    /// Writes the stack pointer.
    pub(in crate::sim) const STACK: u16 = 32;
    /// Its effect must be seen before the next instruction.
    pub(in crate::sim) const SYNCHRONISE: u16 = 64;
    /// It has a condition.
    pub(in crate::sim) const CONDITIONAL: u16 = 128;
    /// What the loop must not run into without a closer look.
    pub(in crate::sim) const SPECIAL: u16 = PENDING | STOP | SEAM | STACK | SYNCHRONISE;
}

/// Instructions that one costs by, at least, and at most one less than twice as many: the first of them is the first of a
/// line, or so many times this many behind it, so that a core that issues pairs finds the same pairs from every end.
const WINDOW: usize = 8;
/// The most instructions decoded at once.
const LINE: usize = 1024;

/// What the loop reads for every instruction.
#[derive(Clone, Copy)]
pub(super) struct Slot<Op> {
    pub op: Op,
    /// Halfwords.
    pub step: u8,
    /// The first that is fetched from its line of the flash.
    pub line: bool,
}

/// What the loop reads at the ends of a block.
#[derive(Clone, Copy)]
pub(super) struct Mark<Op> {
    /// The instruction, whatever the slot shows.
    pub op: Op,
    /// The halfwords, for messages.
    pub opcode: u32,
    /// Costs of its chain up to and with this slot.
    pub sum: u32,
    /// Its number in its chain.
    pub ordinal: u32,
    /// Bits of `flag`.
    pub flags: u16,
    /// Cycles when reached from the instruction before it, and when reached by a branch.
    pub cost: u8,
    pub entry_cost: u8,
    /// In a block of conditional instructions, its condition; of the instruction that begins one, how many follow.
    pub condition: u8,
    pub step: u8,
}

/// Counters of one slot, for profiles.
#[derive(Clone, Copy, Default)]
pub(super) struct Counter {
    /// Blocks that began and ended here.
    pub begun: u64,
    pub ended: u64,
    /// Cycles beside the static costs of blocks, and those of them that the flash made the core wait.
    pub extra: i64,
    pub stalls: u64,
}

/// The code of one memory.
#[derive(Clone)]
pub(super) struct Code<I: Isa> {
    pub origin: u32,
    pub slots: Vec<Slot<I::Op>>,
    pub marks: Vec<Mark<I::Op>>,
    /// Empty until profiling is on.
    pub counters: Vec<Counter>,
    /// What code did that has been overwritten since.
    pub retired: Vec<InstructionProfile>,
    /// Decoded from RAM, which may change.
    pub volatile: bool,
    /// The slots that were decoded, where they may have to be forgotten.
    decoded: Vec<usize>,
    /// Bytes in a line of the flash, less one.
    line_mask: u32,
}

impl<I: Isa> Code<I> {
    /// Slots for `region` up to its byte `used`; only addresses in `ranges` hold code.
    pub(super) fn new(region: &Region, used: u32, ranges: &[(u32, u32)], line_bytes: u32, volatile: bool) -> Self {
        let count = used.div_ceil(2) as usize;
        let mut marks = vec![outside::<I>(); count];
        for &(start, end) in ranges {
            let first = (start.saturating_sub(region.origin) / 2) as usize;
            let last = (end.saturating_sub(region.origin) as usize).div_ceil(2).min(count);
            if first < last {
                marks[first..last].fill(Mark { flags: flag::PENDING, ..outside::<I>() });
            }
        }
        let line_mask = line_bytes.max(4).next_power_of_two() - 1;
        let mut code = Self {
            origin: region.origin,
            slots: Vec::new(),
            marks,
            counters: Vec::new(),
            retired: Vec::new(),
            volatile,
            decoded: Vec::new(),
            line_mask,
        };
        code.slots = (0..count).map(|at| code.shown(at)).collect();
        code
    }

    /// Makes room for counters where they are wanted.
    pub(super) fn count(&mut self, wanted: bool) {
        if wanted && self.counters.is_empty() {
            self.counters = vec![Counter::default(); self.slots.len()];
        }
    }

    /// The slot number of `address`, if it is in this code.
    #[inline]
    pub(super) fn index(&self, address: u32) -> Option<usize> {
        let at = (address.wrapping_sub(self.origin) >> 1) as usize;
        (at < self.slots.len()).then_some(at)
    }

    /// The address of the slot `at`.
    #[inline]
    pub(super) fn address(&self, at: usize) -> u32 {
        self.origin.wrapping_add(at as u32 * 2)
    }

    /// Sets or clears `flags` of the slot `at`.
    pub(super) fn set(&mut self, at: usize, flags: u16, on: bool) {
        let mark = &mut self.marks[at];
        mark.flags = if on { mark.flags | flags } else { mark.flags & !flags };
        self.slots[at] = self.shown(at);
        if let Some(previous) = self.previous(at) {
            self.slots[previous] = self.shown(previous);
        }
    }

    /// What the loop sees of the slot `at`.
    fn shown(&self, at: usize) -> Slot<I::Op> {
        let mark = &self.marks[at];
        let op = if mark.flags & flag::SPECIAL == 0 { mark.op } else { I::SPECIAL };
        let line = self.begins_line(at);
        self.fused(at).unwrap_or(Slot { op, step: mark.step, line })
    }

    /// The slot `at` together with the one behind it.
    fn fused(&self, at: usize) -> Option<Slot<I::Op>> {
        const ALONE: u16 = flag::SPECIAL | flag::CONDITIONAL;
        let mark = &self.marks[at];
        let behind = at + usize::from(mark.step);
        let next = self.marks.get(behind).filter(|next| next.flags & flag::LINKED != 0)?;
        if mark.flags & (ALONE | flag::DECODED) != flag::DECODED || next.flags & ALONE != 0 || self.begins_line(behind)
        {
            return None;
        }
        let step = mark.step + next.step;
        let op = I::fuse(mark.op, next.op, self.address(at + usize::from(step)))?;
        Some(Slot { op, step, line: self.begins_line(at) })
    }

    /// Whether the instruction in the slot `at` is the first of its line of the flash in a straight line.
    fn begins_line(&self, at: usize) -> bool {
        let offset = self.address(at) & self.line_mask;
        offset == 0 || (offset == 2 && self.marks[at].flags & flag::LINKED != 0 && self.before_is_wide(at))
    }

    fn before_is_wide(&self, at: usize) -> bool {
        self.previous(at).is_some_and(|previous| at - previous == 2)
    }

    /// Forgets everything decoded; what is no code stays so.
    pub(super) fn forget(&mut self) {
        if !self.counters.is_empty() {
            self.retired = profile::merged(profile::instructions(self));
            self.counters.fill(Counter::default());
        }
        for at in std::mem::take(&mut self.decoded) {
            let flags = flag::PENDING | self.marks[at].flags & flag::STOP;
            self.marks[at] = Mark { flags, ..outside::<I>() };
            self.slots[at] = self.shown(at);
        }
    }

    /// Decodes from the slot `at` to the end of its straight line; returns the slot behind it.
    pub(super) fn fill(&mut self, at: usize, isa: &I) -> usize {
        let mut next = at;
        let mut conditions = Vec::new().into_iter();
        let mut end = at;
        for count in 0.. {
            let condition = conditions.next();
            let (kind, following) = self.fill_one(next, isa, condition);
            end = following;
            if kind == Kind::Block {
                let mark = self.marks[next];
                conditions = isa.conditions(mark.opcode, mark.op).into_iter();
                self.marks[next].condition = conditions.len() as u8;
            }
            if kind == Kind::End && condition.is_none() {
                break;
            }
            let flags = self.marks.get(following).map_or(0, |mark| mark.flags);
            let is_free = flags & flag::PENDING != 0 && (count < LINE || conditions.len() > 0);
            let is_head = flags & (flag::DECODED | flag::LINKED) == flag::DECODED;
            if !is_free {
                self.set(next, flag::SEAM, !is_head);
                break;
            }
            next = following;
        }
        self.number(at, isa);
        self.quicken(self.previous(at).filter(|_| self.marks[at].flags & flag::LINKED != 0).unwrap_or(at), isa);
        end
    }

    /// Decodes one slot; returns its kind and the slot behind it.
    fn fill_one(&mut self, at: usize, isa: &I, condition: Option<u8>) -> (Kind, usize) {
        let (pc, memory) = (self.address(at), &isa.bus().memory);
        let half =
            |address: u32| memory.bytes(address, 2).map_or(0xdeff, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
        let halves = [half(pc), half(pc.wrapping_add(2))];
        let decoded = isa.decode(pc, halves, condition.is_some());
        let kind = I::kind(decoded.op);
        let mut flags = self.marks[at].flags & flag::STOP | flag::DECODED;
        flags |= if condition.is_some() { flag::CONDITIONAL } else { 0 };
        flags |= match kind {
            Kind::Stack => flag::STACK,
            Kind::Synchronise => flag::SYNCHRONISE,
            _ => 0,
        };
        if self.volatile {
            self.decoded.push(at);
        }
        let wide = decoded.size == 4;
        // Fetches are of aligned words.
        let across = if wide && !pc.is_multiple_of(4) { isa.across() } else { 0 };
        self.marks[at] = Mark {
            op: decoded.op,
            opcode: I::opcode(halves, decoded.size),
            sum: 0,
            ordinal: 0,
            flags,
            cost: 0,
            entry_cost: isa.cost(decoded.op, &[]).saturating_add(across),
            condition: condition.unwrap_or(14),
            step: decoded.size / 2,
        };
        (kind, at + usize::from(decoded.size / 2))
    }

    /// The decoded slot from which execution goes on in the slot `at`. Where code was entered in the middle of an
    /// instruction, two slots end there, of which one flows.
    pub(super) fn previous(&self, at: usize) -> Option<usize> {
        [1, 2].iter().find_map(|&halves| {
            let previous = at.checked_sub(halves)?;
            let mark = &self.marks[previous];
            (usize::from(mark.step) == halves && self.flows(previous)).then_some(previous)
        })
    }

    /// Whether execution can go from the slot `at` to the one behind it, and their numbers belong together.
    fn flows(&self, at: usize) -> bool {
        let mark = &self.marks[at];
        mark.flags & (flag::DECODED | flag::SEAM) == flag::DECODED
            && (I::kind(mark.op) != Kind::End || mark.flags & flag::CONDITIONAL != 0)
    }

    /// The slot that is numbered after the slot `at`.
    pub(super) fn following(&self, at: usize) -> Option<usize> {
        let next = at + usize::from(self.marks[at].step);
        let is_linked = self.marks.get(next).is_some_and(|mark| mark.flags & flag::LINKED != 0);
        (self.flows(at) && is_linked).then_some(next)
    }

    /// Numbers the chain from the slot `at` on, and costs it.
    fn number(&mut self, at: usize, isa: &I) {
        let linked = self.previous(at).filter(|_| self.marks[at].flags & flag::LINKED != 0);
        let (mut sum, mut ordinal) = linked.map_or((0, 0), |at| (self.marks[at].sum, self.marks[at].ordinal));
        let wanted = |ordinal: u32| ordinal as usize % WINDOW + WINDOW;
        let mut window: Vec<I::Op> = Vec::with_capacity(2 * WINDOW);
        let mut back = at;
        while window.len() < wanted(ordinal)
            && self.marks[back].flags & flag::LINKED != 0
            && let Some(previous) = self.previous(back)
        {
            window.insert(0, self.marks[previous].op);
            back = previous;
        }
        let mut at = at;
        loop {
            let op = self.marks[at].op;
            let cost = isa.cost(op, &window);
            sum = u32::wrapping_add(sum, cost.into());
            ordinal = u32::wrapping_add(ordinal, 1);
            let mark = &mut self.marks[at];
            (mark.cost, mark.sum, mark.ordinal) = (cost, sum, ordinal);
            self.slots[at] = self.shown(at);
            window.push(op);
            window.drain(..window.len().saturating_sub(wanted(ordinal)));
            let next = at + usize::from(self.marks[at].step);
            if !self.flows(at) || self.marks.get(next).is_none_or(|mark| mark.flags & flag::DECODED == 0) {
                break;
            }
            self.marks[next].flags |= flag::LINKED;
            at = next;
        }
    }

    /// Gives the line from `at` on its quickest form: blocks of conditional instructions, fused pairs.
    fn quicken(&mut self, at: usize, isa: &I) {
        let mut at = at;
        loop {
            let mark = self.marks[at];
            if I::kind(mark.op) == Kind::Block {
                let slots: Vec<usize> = self.conditional_slots(at).collect();
                let ops: Vec<I::Op> = slots.iter().map(|&slot| self.marks[slot].op).collect();
                let halfwords: u8 = slots.iter().map(|&slot| self.marks[slot].step).sum();
                let skipped = isa.branch_costs().skipped;
                let saved = slots.iter().map(|&slot| self.marks[slot].cost as i8 - skipped as i8).sum();
                let conditions = isa.conditions(mark.opcode, mark.op);
                let is_plain = slots.iter().all(|&slot| self.marks[slot].flags & flag::SPECIAL == 0);
                if is_plain
                    && slots.len() == conditions.len()
                    && let Some(op) = isa.skip(&conditions, &ops, halfwords, saved)
                {
                    self.marks[at].op = op;
                }
            }
            self.slots[at] = self.shown(at);
            match self.following(at) {
                Some(next) => at = next,
                None => break,
            }
        }
    }

    /// The slots of the conditional block that the slot `at` begins.
    pub(super) fn conditional_slots(&self, at: usize) -> impl Iterator<Item = usize> {
        let behind = |at: usize| self.marks.get(at).map(|mark| at + usize::from(mark.step));
        let is_part = |&at: &usize| self.marks.get(at).is_some_and(|mark| mark.flags & flag::CONDITIONAL != 0);
        let count = self.marks.get(at).map_or(0, |mark| mark.condition.into());
        std::iter::successors(behind(at), move |&at| behind(at)).take_while(is_part).take(count)
    }
}

fn outside<I: Isa>() -> Mark<I::Op> {
    Mark { op: I::OUTSIDE, opcode: 0, sum: 0, ordinal: 0, flags: 0, cost: 0, entry_cost: 0, condition: 14, step: 1 }
}
