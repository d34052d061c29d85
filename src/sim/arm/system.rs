//! The private peripheral bus from 0xE0000000: `SysTick`, the system control block, NVIC registers, the DWT cycle counter.
//! Plain storage but for what has a meaning here (DDI 0403E, B3).

use std::collections::BTreeMap;

use crate::sim::fault::{Access, FaultKind};
use crate::sim::memory::lane;

/// First address of the bus, and its size.
pub(super) const ORIGIN: u32 = 0xe000_0000;
const SIZE: u32 = 0x10_0000;
const DWT_CTRL: u32 = 0xe000_1000;
const DWT_CYCCNT: u32 = 0xe000_1004;
const SYST_CSR: u32 = 0xe000_e010;
const SYST_RVR: u32 = 0xe000_e014;
const SYST_CVR: u32 = 0xe000_e018;
const CPUID: u32 = 0xe000_ed00;
const AIRCR: u32 = 0xe000_ed0c;
const CCR: u32 = 0xe000_ed14;
const CPACR: u32 = 0xe000_ed88;

/// The bus of one machine.
#[derive(Clone, Default)]
pub(in crate::sim) struct System {
    cpuid: u32,
    has_fpu: bool,
    words: BTreeMap<u32, u32>,
    /// When `SysTick` was last cleared, and its turns when COUNTFLAG was last read.
    tick_start: u64,
    tick_turns: u64,
    cycle_start: u64,
}

/// Whether the bus answers at `address`.
pub(super) fn holds(address: u32) -> bool {
    address.wrapping_sub(ORIGIN) < SIZE
}

impl System {
    /// The bus after reset.
    pub(super) fn new(cpuid: u32, has_fpu: bool) -> Self {
        Self { cpuid, has_fpu, ..Self::default() }
    }

    /// What `CPUID` reads as.
    pub(super) fn cpuid(&self) -> u32 {
        self.cpuid
    }

    fn word(&self, address: u32) -> u32 {
        self.words.get(&address).copied().unwrap_or(0)
    }

    /// Full access to coprocessors 10 and 11.
    pub(super) fn fpu_enabled(&self) -> bool {
        self.word(CPACR) >> 20 & 15 == 15
    }

    /// `CCR.UNALIGN_TRP`.
    pub(super) fn traps_unaligned(&self) -> bool {
        self.word(CCR) & 8 != 0
    }

    /// `CCR.DIV_0_TRP`.
    pub(super) fn traps_division(&self) -> bool {
        self.word(CCR) & 16 != 0
    }

    /// A load at cycle `now`.
    pub(super) fn load(&mut self, address: u32, size: u32, now: u64) -> Result<u32, FaultKind> {
        if address & 3 > 4 - size {
            return Err(FaultKind::Misaligned { address, access: Access::Read });
        }
        let (word, shift, mask) = lane(address, size);
        let value = match word {
            CPUID => self.cpuid,
            AIRCR => 0xfa05_0000 | self.word(AIRCR) & 0x700,
            DWT_CTRL => 0x4000_0000 | self.word(DWT_CTRL),
            DWT_CYCCNT if self.word(DWT_CTRL) & 1 == 1 => now.wrapping_sub(self.cycle_start) as u32,
            SYST_CSR => self.tick_status(now),
            SYST_CVR => self.tick(now).0,
            _ => self.word(word),
        };
        Ok(value >> shift & mask)
    }

    /// A store at cycle `now`.
    pub(super) fn store(&mut self, address: u32, size: u32, value: u32, now: u64) -> Result<(), FaultKind> {
        if address & 3 > 4 - size {
            return Err(FaultKind::Misaligned { address, access: Access::Write });
        }
        let (word, shift, mask) = lane(address, size);
        let value = self.word(word) & !(mask << shift) | (value & mask) << shift;
        match word {
            AIRCR if value >> 16 == 0x05fa && value & 4 != 0 => return Err(FaultKind::Reset),
            CPACR if !self.has_fpu => return Ok(()),
            DWT_CYCCNT => self.cycle_start = now.wrapping_sub(u64::from(value)),
            DWT_CTRL if self.word(DWT_CTRL) & 1 == 0 && value & 1 == 1 => {
                self.cycle_start = now.wrapping_sub(u64::from(self.word(DWT_CYCCNT)));
            }
            SYST_CVR => {
                self.tick_start = now;
                self.tick_turns = 0;
                return Ok(());
            }
            SYST_CSR if self.word(SYST_CSR) & 1 == 0 && value & 1 == 1 => {
                self.tick_start = now;
                self.tick_turns = 0;
            }
            _ => {}
        }
        self.words.insert(word, value);
        Ok(())
    }

    /// `SysTick`'s counter, and how often it reached zero since it was cleared.
    fn tick(&self, now: u64) -> (u32, u64) {
        let elapsed = now.wrapping_sub(self.tick_start);
        if self.word(SYST_CSR) & 1 == 0 || elapsed == 0 {
            return (0, 0);
        }
        let period = u64::from(self.word(SYST_RVR) & 0xff_ffff) + 1;
        ((period - 1 - (elapsed - 1) % period) as u32, elapsed / period)
    }

    /// CSR with COUNTFLAG, which a read clears.
    fn tick_status(&mut self, now: u64) -> u32 {
        let turns = self.tick(now).1;
        let turned = turns > self.tick_turns;
        self.tick_turns = turns;
        self.word(SYST_CSR) & 7 | u32::from(turned) << 16
    }
}
