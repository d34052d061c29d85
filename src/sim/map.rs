//! What the board has where: memories, devices, and how slow its flash is.

/// The memories and devices of a board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemoryMap {
    /// Program memory: read and executed, never written.
    pub flash: Region,
    /// Work memory.
    pub ram: Region,
    /// Everything else that answers.
    pub devices: Vec<Device>,
    /// The address of the vector table where it isn't the first of the flash.
    pub vectors: Option<u32>,
    /// How long the flash makes the core wait.
    pub flash_timing: FlashTiming,
    /// The first address where loads see the flash, if that is another one than where code runs.
    pub data_window: Option<u32>,
    /// Registers that show how much time has passed.
    pub counters: Vec<Counter>,
}

/// A register that counts time from reset on; it must be one of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter {
    /// Its address.
    pub register: u32,
    /// Counts a second.
    pub frequency: u64,
    /// Cycles a second.
    pub clock: u64,
    /// Its lowest bit is this bit of the count.
    pub shift: u8,
}

/// A memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// First address.
    pub origin: u32,
    /// Bytes.
    pub size: u32,
    /// Code may run there. Always true of the flash.
    pub execute: bool,
}

/// Memory-mapped registers: a read returns what was written last, with the preset bits set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// First address.
    pub origin: u32,
    /// Bytes.
    pub size: u32,
    /// Words and the bits in them that always read as one: "ready" to start-up code that polls.
    pub presets: Vec<(u32, u32)>,
}

/// A flash slower than the core, behind small caches of whole lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlashTiming {
    /// Cycles for a line that is in no cache.
    pub wait_states: u8,
    /// Bytes in a line, a power of two.
    pub line_bytes: u32,
    /// What is cached for instructions.
    pub instructions: Cache,
    /// What is cached for data.
    pub data: Cache,
    /// `instructions` is one cache for both.
    pub shared: bool,
    /// The next line is fetched while this one runs.
    pub prefetch: bool,
}

/// A cache of lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cache {
    /// Lines; 0: only the line in use.
    pub lines: u32,
    /// Lines that a line can take the place of; 0: all.
    pub ways: u32,
    /// Which of them goes.
    pub replacement: Replacement,
}

/// Which line a new one takes the place of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Replacement {
    /// The one used least recently.
    #[default]
    Oldest,
    /// One after another.
    InTurn,
    /// Any; the same in every run.
    Random,
}

impl Default for FlashTiming {
    /// A flash as fast as the core.
    fn default() -> Self {
        let none = Cache::default();
        Self { wait_states: 0, line_bytes: 16, instructions: none, data: none, shared: false, prefetch: false }
    }
}

impl Counter {
    /// What it shows after so many cycles.
    pub(super) fn value(&self, cycles: u64) -> u32 {
        let count = u128::from(cycles) * u128::from(self.frequency) / u128::from(self.clock.max(1));
        (count >> self.shift) as u32
    }
}

impl Region {
    /// Whether `size` bytes from `address` are inside.
    pub fn holds(&self, address: u32, size: u32) -> bool {
        let offset = address.wrapping_sub(self.origin);
        offset < self.size && size <= self.size - offset
    }

    /// One past the last address.
    pub fn end(&self) -> u64 {
        u64::from(self.origin) + u64::from(self.size)
    }
}
