//! Decoded instructions, one slot a halfword, filled when first reached.

use super::cycles;
use super::hazard;
use super::decode::{Context, decode};
use super::map::Region;
use super::memory::Memory;
use super::op::Op;
use crate::library::core::Cycles;

/// Why a slot needs a closer look before it runs.
pub(super) mod special {
    /// Not decoded yet.
    pub(in crate::sim) const PENDING: u8 = 1;
    /// In an `IT` block.
    pub(in crate::sim) const CONDITIONAL: u8 = 2;
    /// Writes the stack pointer.
    pub(in crate::sim) const STACK: u8 = 4;
    /// A run ends here.
    pub(in crate::sim) const STOP: u8 = 8;
    /// A function begins here.
    pub(in crate::sim) const ENTRY: u8 = 16;
    /// Decoded from RAM, which may change.
    pub(in crate::sim) const VOLATILE: u8 = 32;
}

/// A decoded instruction.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub op: Op,
    /// The halfwords, for messages.
    pub opcode: u32,
    /// 2 or 4 bytes.
    pub size: u8,
    /// Cycles when reached from the instruction before it, and when reached by a branch.
    pub cost: u8,
    pub entry_cost: u8,
    /// Bits of `special`.
    pub special: u8,
}

const _: () = assert!(size_of::<Slot>() == 16, "bug: a slot must stay small: it is read for every step");

impl Slot {
    const fn new(op: Op, special: u8) -> Self {
        Self { op, opcode: 0, size: 2, cost: 0, entry_cost: 0, special }
    }
}

/// Counters of one slot.
#[derive(Clone, Copy, Default)]
pub(super) struct Counter {
    pub instructions: u64,
    pub cycles: u64,
    pub calls: u64,
}

/// The code of one memory.
#[derive(Clone)]
pub(super) struct Code {
    pub origin: u32,
    pub slots: Vec<Slot>,
    /// The condition of each slot in an `IT` block.
    pub conditions: Vec<u8>,
    /// Empty until profiling is on.
    pub counters: Vec<Counter>,
    pub volatile: bool,
}

impl Code {
    /// Slots for `region` up to its byte `used`; only addresses in `ranges` hold code.
    pub(super) fn new(region: &Region, used: u32, ranges: &[(u32, u32)], volatile: bool) -> Self {
        let count = used.div_ceil(2) as usize;
        let mut slots = vec![Slot::new(Op::Outside, 0); count];
        for &(start, end) in ranges {
            let first = (start.saturating_sub(region.origin) / 2) as usize;
            let last = (end.saturating_sub(region.origin) as usize).div_ceil(2).min(count);
            if first < last {
                slots[first..last].fill(Slot::new(Op::Pending, special::PENDING));
            }
        }
        Self { origin: region.origin, conditions: vec![14; count], slots, counters: Vec::new(), volatile }
    }

    /// Makes room for counters where they are wanted.
    pub(super) fn count(&mut self, wanted: bool) {
        if wanted && self.counters.is_empty() {
            self.counters = vec![Counter::default(); self.slots.len()];
        }
    }

    /// The slot number of `address`, if it is in this code.
    pub(super) fn index(&self, address: u32) -> Option<usize> {
        let at = (address.wrapping_sub(self.origin) >> 1) as usize;
        (address >= self.origin && at < self.slots.len()).then_some(at)
    }

    /// Forgets everything decoded; what is no code stays so.
    pub(super) fn forget(&mut self) {
        let keep = special::ENTRY | special::STOP;
        for slot in &mut self.slots {
            if slot.op != Op::Outside {
                *slot = Slot::new(Op::Pending, special::PENDING | slot.special & keep);
            }
        }
    }

    /// Decodes the slot `at`, and those of its block if it is an `IT`.
    pub(super) fn fill(&mut self, at: usize, memory: &mut Memory, context: Context, rules: &Cycles) {
        self.fill_one(at, memory, context, rules, None);
        let Slot { op: Op::It, opcode, .. } = self.slots[at] else { return };
        let (mut state, mut next) = ((opcode >> 16) as u8, at + 1);
        while state & 15 != 0 && next < self.slots.len() {
            self.fill_one(next, memory, context, rules, Some(state >> 4));
            next += usize::from(self.slots[next].size / 2);
            state = if state.is_multiple_of(8) { 0 } else { state & 0xe0 | state << 1 & 0x1f };
        }
    }

    fn fill_one(&mut self, at: usize, memory: &mut Memory, context: Context, rules: &Cycles, condition: Option<u8>) {
        let pc = self.origin.wrapping_add(at as u32 * 2);
        let half =
            |address: u32| memory.bytes(address, 2).map_or(0xdeff, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
        let (first, second) = (half(pc), half(pc.wrapping_add(2)));
        let decoded = decode(Context { pc, conditional: condition.is_some(), ..context }, first, second);
        if self.volatile {
            memory.watch_code(pc, decoded.size.into());
        }
        let op = decoded.op;
        let mut marks = self.slots[at].special & (special::ENTRY | special::STOP);
        marks |= if condition.is_some() { special::CONDITIONAL } else { 0 };
        marks |= if hazard::writes_stack(op) { special::STACK } else { 0 };
        marks |= if self.volatile { special::VOLATILE } else { 0 };
        self.conditions[at] = condition.unwrap_or(14);
        // Fetches are of aligned words.
        let across = if decoded.size == 4 && !pc.is_multiple_of(4) { rules.taken_across } else { 0 };
        self.slots[at] = Slot {
            op,
            opcode: u32::from(first) << 16 | if decoded.size == 4 { u32::from(second) } else { 0 },
            size: decoded.size,
            cost: cycles::cost(op, &self.before(at), rules),
            entry_cost: cycles::cost(op, &[], rules) + across,
            special: marks,
        };
        let mut next = at + usize::from(decoded.size / 2);
        for _ in 0..16 {
            let Some(slot) = self.slots.get(next).filter(|slot| slot.special & special::PENDING == 0) else { break };
            let (op, size) = (slot.op, slot.size);
            self.slots[next].cost = cycles::cost(op, &self.before(next), rules);
            next += usize::from(size / 2);
        }
    }

    /// The decoded instructions in a straight line to the slot `at`, oldest first.
    fn before(&self, at: usize) -> Vec<Op> {
        let mut line = Vec::new();
        let mut at = at;
        while let Some((op, start)) = self.ends_at(at).filter(|_| line.len() < 24) {
            line.push(op);
            at = start;
        }
        line.reverse();
        line
    }

    /// The decoded instruction that ends where the slot `at` begins, and its slot.
    fn ends_at(&self, at: usize) -> Option<(Op, usize)> {
        [1, 2].iter().find_map(|&halves| {
            let start = at.checked_sub(halves)?;
            let slot = self.slots.get(start)?;
            let ends_here = usize::from(slot.size / 2) == halves && slot.special & special::PENDING == 0;
            (ends_here && slot.op != Op::Outside).then_some((slot.op, start))
        })
    }
}
