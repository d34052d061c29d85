//! What a core reaches: memories, flash timing, counters, console; shared by the instruction sets.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::fault::FaultKind;
use super::flash::Flash;
use super::isa::Stop;
use super::memory::Memory;
use super::semihosting::Semihosting;

/// The memories and counters of one machine.
#[derive(Clone)]
pub(super) struct Bus {
    pub memory: Memory,
    pub flash: Flash,
    pub instructions: u64,
    pub cycles: u64,
    /// Those of them that no instruction took: waiting, going to a handler and back.
    pub idle: u64,
    /// The cycle at which an interrupt may be due.
    pub event_at: u64,
    /// The counters are exact: devices and peripherals may be accessed.
    pub precise: bool,
    /// The lowest stack pointer so far, and the lowest that is allowed.
    pub deepest: u32,
    pub stack_limit: u32,
    /// What the program asks of its debugger.
    pub host: Semihosting,
}

impl Bus {
    /// A bus before the first instruction.
    pub(super) fn new(memory: Memory, flash: Flash, stack_limit: u32) -> Self {
        Self {
            memory,
            flash,
            instructions: 0,
            cycles: 0,
            idle: 0,
            event_at: u64::MAX,
            precise: false,
            deepest: u32::MAX,
            stack_limit,
            host: Semihosting::default(),
        }
    }

    /// The state after reset; the flash's caches are empty again.
    pub(super) fn reset(&mut self, flash: Flash) {
        self.memory.reset();
        self.flash = flash;
        (self.instructions, self.cycles, self.idle, self.event_at) = (0, 0, 0, u64::MAX);
        (self.precise, self.deepest) = (false, u32::MAX);
        self.host.reset();
    }

    /// Whether an interrupt may be due.
    #[inline(always)]
    pub(super) fn is_due(&self) -> bool {
        self.cycles >= self.event_at
    }

    /// An instruction takes `cycles` more. What skipped instructions save is taken off before the block that they are in
    /// is added, so that the sum may be below zero in between.
    #[inline(always)]
    pub(super) fn wait(&mut self, cycles: u64) {
        self.cycles = self.cycles.wrapping_add(cycles);
    }

    /// Lets `cycles` go by without an instruction.
    pub(super) fn pass(&mut self, cycles: u64) {
        self.wait(cycles);
        self.idle += cycles;
    }

    /// Lets only an access pass at which the counters are exact.
    pub(super) fn synchronise(&self) -> Result<(), Stop> {
        if self.precise { Ok(()) } else { Err(Stop::Look) }
    }

    /// A load beyond the quick paths.
    pub(super) fn load_slow(&mut self, address: u32, size: u32) -> Result<u32, FaultKind> {
        let word = self.memory.load_slow(address, size, self.cycles)?;
        if self.memory.is_flash(address) {
            let stall = self.flash.load(address);
            self.wait(stall);
        }
        Ok(word)
    }

    /// Serves a semihosting call; what it returns, where it returns something.
    pub(super) fn semihosting(&mut self, operation: u32, argument: u32) -> Result<Option<u32>, FaultKind> {
        let result = self.host.call(operation, argument, &mut self.memory, self.cycles);
        if self.memory.stale {
            self.event_at = 0;
        }
        result
    }

    /// A store beyond the quick paths. One into decoded code happens between two blocks, so that the next sees it.
    pub(super) fn store_slow(&mut self, address: u32, size: u32, value: u32) -> Result<(), Stop> {
        if self.memory.is_decoded(address, size) {
            self.synchronise()?;
        }
        self.memory.store_slow(address, size, value)?;
        if self.memory.stale {
            self.event_at = 0;
        }
        Ok(())
    }

    /// A word by the quick paths; None where the address needs a closer look.
    #[inline(always)]
    pub(super) fn load32(&mut self, address: u32) -> Option<u32> {
        if !address.is_multiple_of(4) {
            return None;
        }
        if let Some(bytes) = self.memory.ram(address) {
            return Some(u32::from_le_bytes(bytes));
        }
        let bytes = self.memory.flash(address)?;
        let stall = self.flash.load(address);
        self.wait(stall);
        Some(u32::from_le_bytes(bytes))
    }

    /// A halfword by the quick paths.
    #[inline(always)]
    pub(super) fn load16(&mut self, address: u32) -> Option<u32> {
        if address & 1 != 0 {
            return None;
        }
        if let Some(bytes) = self.memory.ram(address) {
            return Some(u16::from_le_bytes(bytes).into());
        }
        let bytes = self.memory.flash(address)?;
        let stall = self.flash.load(address);
        self.wait(stall);
        Some(u16::from_le_bytes(bytes).into())
    }

    /// A byte by the quick paths.
    #[inline(always)]
    pub(super) fn load8(&mut self, address: u32) -> Option<u32> {
        if let Some([byte]) = self.memory.ram(address) {
            return Some(byte.into());
        }
        let [byte] = self.memory.flash(address)?;
        let stall = self.flash.load(address);
        self.wait(stall);
        Some(byte.into())
    }

    /// Stores a word by the quick path; false where the address needs a closer look.
    #[inline(always)]
    pub(super) fn store32(&mut self, address: u32, value: u32) -> bool {
        let place = if address.is_multiple_of(4) { self.memory.ram_mut::<4>(address) } else { None };
        place.map(|place| place.copy_from_slice(&value.to_le_bytes())).is_some()
    }

    /// Stores a halfword by the quick path.
    #[inline(always)]
    pub(super) fn store16(&mut self, address: u32, value: u32) -> bool {
        let place = if address & 1 == 0 { self.memory.ram_mut::<2>(address) } else { None };
        place.map(|place| place.copy_from_slice(&(value as u16).to_le_bytes())).is_some()
    }

    /// Stores a byte by the quick path.
    #[inline(always)]
    pub(super) fn store8(&mut self, address: u32, value: u32) -> bool {
        self.memory.ram_mut::<1>(address).map(|place| place[0] = value as u8).is_some()
    }

    /// Notes that the stack pointer becomes `pointer`.
    ///
    /// # Errors
    /// Where that is below the stack.
    #[inline(always)]
    pub(super) fn lower_stack(&mut self, pointer: u32) -> Result<(), FaultKind> {
        self.check_stack(pointer)?;
        self.deepest = self.deepest.min(pointer);
        Ok(())
    }

    /// Whether `pointer` is inside the stack.
    #[inline(always)]
    pub(super) fn check_stack(&self, pointer: u32) -> Result<(), FaultKind> {
        let limit = self.stack_limit;
        if pointer < limit { Err(FaultKind::StackOverflow { pointer, limit }) } else { Ok(()) }
    }
}
