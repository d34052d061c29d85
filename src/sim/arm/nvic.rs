//! Which exceptions are enabled, pending and active, and which goes first (DDI 0403E, B1.5 and B3.4).

/// Exception numbers: 16 of the system, then interrupts.
pub(super) const NMI: u16 = 2;
pub(super) const SUPERVISOR: u16 = 11;
pub(super) const PENDABLE: u16 = 14;
pub(super) const TICK: u16 = 15;
const COUNT: usize = 512;
const WORDS: usize = COUNT / 32;

/// The priority of code that no exception runs.
pub(super) const LOWEST: i16 = 256;

/// A bit for each exception.
#[derive(Clone, Copy, Default)]
struct Set([u32; WORDS]);

impl Set {
    fn has(&self, number: u16) -> bool {
        self.0[usize::from(number) / 32 % WORDS] >> (number % 32) & 1 == 1
    }

    fn put(&mut self, number: u16, on: bool) {
        let word = &mut self.0[usize::from(number) / 32 % WORDS];
        *word = *word & !(1 << (number % 32)) | u32::from(on) << (number % 32);
    }

    fn numbers(&self) -> impl Iterator<Item = u16> {
        let words = self.0;
        (0..WORDS as u16).filter(move |word| words[usize::from(*word)] != 0).flat_map(move |word| {
            (0..32).filter(move |bit| words[usize::from(word)] >> bit & 1 == 1).map(move |bit| word * 32 + bit)
        })
    }

    /// 32 interrupts: exceptions from 16 + 32 × `word`.
    fn interrupts(&self, word: u32) -> u32 {
        let at = word as usize;
        let high = self.0.get(at + 1).copied().unwrap_or(0);
        self.0.get(at).copied().unwrap_or(0) >> 16 | high << 16
    }
}

/// The interrupt controller of one core.
#[derive(Clone)]
pub(in crate::sim) struct Nvic {
    enabled: Set,
    pending: Set,
    active: Set,
    priorities: Box<[u8; COUNT]>,
    /// The bits of a priority that the core has.
    pub mask: u8,
    /// `AIRCR.PRIGROUP`: the bits above it preempt.
    pub group: u32,
}

impl Nvic {
    /// The controller after reset; the system's exceptions are always enabled.
    pub(super) fn new(mask: u8) -> Self {
        let mut enabled = Set::default();
        enabled.0[0] = 0xffff;
        let (pending, active) = (Set::default(), Set::default());
        Self { enabled, pending, active, priorities: Box::new([0; COUNT]), mask, group: 0 }
    }

    pub(super) fn pend(&mut self, number: u16, on: bool) {
        self.pending.put(number, on);
    }

    pub(super) fn is_pending(&self, number: u16) -> bool {
        self.pending.has(number)
    }

    pub(super) fn activate(&mut self, number: u16) {
        self.pending.put(number, false);
        self.active.put(number, true);
    }

    pub(super) fn deactivate(&mut self, number: u16) {
        self.active.put(number, false);
    }

    pub(super) fn is_active(&self, number: u16) -> bool {
        self.active.has(number)
    }

    /// How many exceptions are active.
    pub(super) fn depth(&self) -> u32 {
        self.active.0.iter().map(|word| word.count_ones()).sum()
    }

    /// No exception is active.
    pub(super) fn leave_all(&mut self) {
        self.active = Set::default();
    }

    /// The part of `priority` that preempts.
    pub(super) fn preempting_part(&self, priority: u8) -> i16 {
        i16::from(priority) & !((1 << (self.group + 1).min(8)) - 1)
    }

    fn full_priority(&self, number: u16) -> i16 {
        if number == NMI { -2 } else { self.priorities[usize::from(number) % COUNT].into() }
    }

    fn group_priority(&self, number: u16) -> i16 {
        let full = self.full_priority(number);
        if full < 0 { full } else { self.preempting_part(full as u8) }
    }

    /// The priority of the code that runs, whatever masks say.
    pub(super) fn running(&self) -> i16 {
        self.active.numbers().map(|number| self.group_priority(number)).min().unwrap_or(LOWEST)
    }

    /// The exception that goes first of those that are pending and enabled.
    pub(super) fn first(&self) -> Option<u16> {
        let ready = self.pending.numbers().filter(|number| self.enabled.has(*number));
        ready.min_by_key(|number| (self.full_priority(*number), *number))
    }

    /// The same if it preempts code of priority `current`.
    pub(super) fn preempting(&self, current: i16) -> Option<u16> {
        self.first().filter(|number| self.group_priority(*number) < current)
    }

    /// Whether a device's interrupt is pending.
    pub(super) fn interrupt_pending(&self) -> bool {
        self.pending.numbers().any(|number| number >= 16)
    }

    /// Reads a register at `offset` from ISER.
    pub(super) fn read(&self, offset: u32) -> u32 {
        let word = offset / 4 % 32;
        match offset {
            0x000..0x100 => self.enabled.interrupts(word),
            0x100..0x200 => self.pending.interrupts(word),
            0x200..0x280 => self.active.interrupts(word),
            0x300..0x4f0 => self.priority_word((offset - 0x300) as usize + 16),
            _ => 0,
        }
    }

    /// Writes a register at `offset` from ISER; zeros change nothing but priorities.
    pub(super) fn write(&mut self, offset: u32, value: u32) {
        let on = offset & 0x80 == 0;
        let numbers = (0..32).filter(|bit| value >> bit & 1 == 1).map(|bit| (16 + offset / 4 % 32 * 32 + bit) as u16);
        match offset {
            0x000..0x100 => numbers.filter(|at| usize::from(*at) < COUNT).for_each(|at| self.enabled.put(at, on)),
            0x100..0x200 => numbers.filter(|at| usize::from(*at) < COUNT).for_each(|at| self.pending.put(at, on)),
            0x300..0x4f0 => self.set_priority_word((offset - 0x300) as usize + 16, value),
            _ => {}
        }
    }

    /// Priorities of four exceptions from `first`.
    pub(super) fn priority_word(&self, first: usize) -> u32 {
        (0..4).fold(0, |word, at| word | u32::from(self.priorities[(first + at) % COUNT]) << (8 * at))
    }

    /// Sets them.
    pub(super) fn set_priority_word(&mut self, first: usize, value: u32) {
        for at in 0..4 {
            self.priorities[(first + at) % COUNT] = (value >> (8 * at)) as u8 & self.mask;
        }
    }
}
