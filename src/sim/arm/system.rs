//! The private peripheral bus from 0xE0000000: `SysTick`, the system control block, NVIC registers, the DWT cycle counter.
//! Plain storage but for what has a meaning here (DDI 0403E, B3).

use std::collections::BTreeMap;

use super::nvic::{NMI, Nvic, PENDABLE, TICK};
use super::systick::SysTick;
use crate::library::core::{Core, Fpu, Isa};
use crate::sim::fault::{Access, FaultKind};
use crate::sim::memory::lane;

/// First address of the bus, and its size.
pub(super) const ORIGIN: u32 = 0xe000_0000;
const SIZE: u32 = 0x10_0000;
const DWT_CTRL: u32 = 0xe000_1000;
const DWT_CYCCNT: u32 = 0xe000_1004;
const ICTR: u32 = 0xe000_e004;
const SYST_CSR: u32 = 0xe000_e010;
const SYST_RVR: u32 = 0xe000_e014;
const SYST_CVR: u32 = 0xe000_e018;
const SYST_CALIB: u32 = 0xe000_e01c;
/// Registers of the NVIC, from ISER to behind IPR.
const NVIC: u32 = 0xe000_e100;
const IABR: u32 = 0xe000_e300;
const NVIC_SIZE: u32 = 0x4f0;
const CPUID: u32 = 0xe000_ed00;
const ICSR: u32 = 0xe000_ed04;
const VTOR: u32 = 0xe000_ed08;
const AIRCR: u32 = 0xe000_ed0c;
const CCR: u32 = 0xe000_ed14;
const SHPR1: u32 = 0xe000_ed18;
const SHPR3: u32 = 0xe000_ed20;
/// Fault status, whose bits are cleared by ones.
const CFSR: u32 = 0xe000_ed28;
const DFSR: u32 = 0xe000_ed30;
const CPACR: u32 = 0xe000_ed88;
const STIR: u32 = 0xe000_ef00;
const FPCCR: u32 = 0xe000_ef34;
const FPDSCR: u32 = 0xe000_ef3c;
/// `CCR.STKALIGN`, set at reset.
const STACK_ALIGNED: u32 = 1 << 9;

/// The bus of one machine.
#[derive(Clone)]
pub(in crate::sim) struct System {
    cpuid: u32,
    has_fpu: bool,
    baseline: bool,
    /// Where the vector table is after reset.
    table: u32,
    words: BTreeMap<u32, u32>,
    tick: SysTick,
    pub nvic: Nvic,
    cycle_start: u64,
}

/// Whether the bus answers at `address`.
pub(super) fn holds(address: u32) -> bool {
    address.wrapping_sub(ORIGIN) < SIZE
}

impl System {
    /// The bus after reset, with the vector table at `table`.
    pub(super) fn new(core: &Core, cpuid: u32, table: u32) -> Self {
        let baseline = core.isa < Isa::ArmV7M;
        // Bits of a priority: two in ARMv6-M; vendors choose in ARMv7-M, most of them four.
        let nvic = Nvic::new(if baseline { 0xc0 } else { 0xf0 });
        let has_fpu = core.fpu != Fpu::None;
        let mut system = Self {
            cpuid,
            has_fpu,
            baseline,
            table,
            words: BTreeMap::new(),
            tick: SysTick::default(),
            nvic,
            cycle_start: 0,
        };
        system.reset();
        system
    }

    /// The state after reset.
    pub(super) fn reset(&mut self) {
        self.words = BTreeMap::from([(VTOR, self.table), (CCR, STACK_ALIGNED), (FPCCR, 0xc000_0000)]);
        self.tick = SysTick::default();
        self.nvic = Nvic::new(self.nvic.mask);
        self.cycle_start = 0;
    }

    fn word(&self, address: u32) -> u32 {
        self.words.get(&address).copied().unwrap_or(0)
    }

    /// Full access to coprocessors 10 and 11.
    pub(super) fn fpu_enabled(&self) -> bool {
        self.word(CPACR) >> 20 & 15 == 15
    }

    /// Grants it.
    pub(super) fn enable_fpu(&mut self) {
        if self.has_fpu {
            self.change(CPACR, |old| old | 0xf0_0000);
        }
    }

    /// `FPCCR.ASPEN`: the first use of floats is noted in CONTROL, and FPSCR begins as FPDSCR says.
    pub(super) fn notes_floats(&self) -> bool {
        self.word(FPCCR) >> 31 == 1
    }

    /// Rounding, flushing and NaN handling of new users of floats.
    pub(super) fn default_fpscr(&self) -> u32 {
        self.word(FPDSCR) & 0x07c0_0000
    }

    /// `CCR.UNALIGN_TRP`.
    pub(super) fn traps_unaligned(&self) -> bool {
        self.word(CCR) & 8 != 0
    }

    /// `CCR.DIV_0_TRP`.
    pub(super) fn traps_division(&self) -> bool {
        self.word(CCR) & 16 != 0
    }

    /// `CCR.STKALIGN`; always so in `ARMv6-M` and `ARMv8-M`.
    pub(super) fn aligns_stack(&self) -> bool {
        self.baseline || self.word(CCR) & STACK_ALIGNED != 0
    }

    /// The address of the vector table.
    pub(super) fn vectors(&self) -> u32 {
        self.word(VTOR)
    }

    /// Lets the timer run up to cycle `now`.
    pub(super) fn advance(&mut self, now: u64) {
        if self.tick.advance(now) {
            self.nvic.pend(TICK, true);
        }
    }

    /// The cycle at which an exception may become pending by itself.
    pub(super) fn next_event(&self) -> u64 {
        self.tick.next_interrupt()
    }

    /// A load at cycle `now`, while `exception` is handled.
    pub(super) fn load(&mut self, address: u32, size: u32, now: u64, exception: u16) -> Result<u32, FaultKind> {
        if address & 3 > 4 - size {
            return Err(FaultKind::Misaligned { address, access: Access::Read });
        }
        let (word, shift, mask) = lane(address, size);
        self.advance(now);
        let value = match word {
            CPUID => self.cpuid,
            AIRCR => 0xfa05_0000 | self.word(AIRCR) & 0x700,
            DWT_CTRL => 0x4000_0000 | self.word(DWT_CTRL),
            DWT_CYCCNT if self.word(DWT_CTRL) & 1 == 1 => now.wrapping_sub(self.cycle_start) as u32,
            SYST_CSR => self.tick.read_control(),
            SYST_RVR => self.tick.reload(),
            SYST_CVR => self.tick.value(now),
            // No reference clock, no calibration.
            SYST_CALIB => 0xc000_0000,
            ICTR => 7,
            ICSR => self.state(exception),
            SHPR1..=SHPR3 => self.nvic.priority_word((word - SHPR1 + 4) as usize),
            // ARMv6-M doesn't tell what is active (DDI 0419E, B3.4.1).
            _ if self.baseline && word.wrapping_sub(IABR) < 0x80 => 0,
            _ if word.wrapping_sub(NVIC) < NVIC_SIZE => self.nvic.read(word - NVIC),
            _ => self.word(word),
        };
        Ok(value >> shift & mask)
    }

    /// ICSR: what is pending and active.
    fn state(&self, exception: u16) -> u32 {
        let pending = |number, bit: u32| u32::from(self.nvic.is_pending(number)) << bit;
        let base = u32::from(exception != 0 && self.nvic.depth() == 1) << 11;
        let first = u32::from(self.nvic.first().unwrap_or(0)) << 12;
        let interrupt = u32::from(self.nvic.interrupt_pending()) << 22;
        u32::from(exception) | base | first | interrupt | pending(NMI, 31) | pending(PENDABLE, 28) | pending(TICK, 26)
    }

    /// A store at cycle `now`.
    pub(super) fn store(&mut self, address: u32, size: u32, value: u32, now: u64) -> Result<(), FaultKind> {
        if address & 3 > 4 - size {
            return Err(FaultKind::Misaligned { address, access: Access::Write });
        }
        let (word, shift, mask) = lane(address, size);
        self.advance(now);
        let merged = |old: u32| old & !(mask << shift) | (value & mask) << shift;
        let lanes = (value & mask) << shift;
        match word {
            AIRCR => return self.control(lanes),
            SYST_RVR => self.tick.set_reload(lanes, now),
            SYST_CVR => self.tick.clear(now),
            SYST_CSR => self.tick.write_control(lanes, now),
            ICSR => self.set_state(lanes),
            STIR => self.nvic.pend((lanes & 0x1ff) as u16 + 16, true),
            CPUID | ICTR | SYST_CALIB => {}
            CPACR if !self.has_fpu => {}
            CFSR..=DFSR => self.change(word, |old| old & !lanes),
            VTOR => self.change(word, |old| merged(old) & 0xffff_ff80),
            SHPR1..=SHPR3 => {
                let first = (word - SHPR1 + 4) as usize;
                self.nvic.set_priority_word(first, merged(self.nvic.priority_word(first)));
            }
            _ if word.wrapping_sub(NVIC) < NVIC_SIZE => {
                let old = if word - NVIC < 0x300 { 0 } else { self.nvic.read(word - NVIC) };
                self.nvic.write(word - NVIC, merged(old));
            }
            DWT_CYCCNT => {
                self.cycle_start = now.wrapping_sub(u64::from(value));
                self.change(word, merged);
            }
            DWT_CTRL => {
                if self.word(DWT_CTRL) & 1 == 0 && lanes & 1 == 1 {
                    self.cycle_start = now.wrapping_sub(u64::from(self.word(DWT_CYCCNT)));
                }
                self.change(word, merged);
            }
            _ => self.change(word, merged),
        }
        Ok(())
    }

    fn change(&mut self, word: u32, to: impl FnOnce(u32) -> u32) {
        let value = to(self.word(word));
        self.words.insert(word, value);
    }

    /// AIRCR, which needs its key.
    fn control(&mut self, value: u32) -> Result<(), FaultKind> {
        if value >> 16 != 0x05fa {
            return Ok(());
        }
        if value & 4 != 0 {
            return Err(FaultKind::Reset);
        }
        self.nvic.group = if self.baseline { 0 } else { value >> 8 & 7 };
        self.words.insert(AIRCR, value & 0x700);
        Ok(())
    }

    /// ICSR: makes exceptions pending, or not.
    fn set_state(&mut self, value: u32) {
        for (number, set, clear) in [(NMI, 1 << 31, 0), (PENDABLE, 1 << 28, 1 << 27), (TICK, 1 << 26, 1 << 25)] {
            if value & clear != 0 {
                self.nvic.pend(number, false);
            }
            if value & set != 0 {
                self.nvic.pend(number, true);
            }
        }
    }
}
