//! Control and status registers of machine mode, and traps.
//!
//! Source: The RISC-V Instruction Set Manual, volume II, version 20211203, chapters 2 and 3; the counters of
//! `Registers::Espressif`: ESP32-C3 Technical Reference Manual, chapter "ESP-RISC-V CPU", section "Configuration and
//! Status Registers". There is machine mode only, and no source of interrupts.

use crate::library::core::Registers;

/// Bits of `mstatus`: interrupts on, interrupts on before the trap, and the mode before it, which is always machine mode.
const MIE: u32 = 1 << 3;
const MPIE: u32 = 1 << 7;
const MPP: u32 = 3 << 11;

/// RV32, and the letters C, I, M.
const MISA: u32 = 1 << 30 | 1 << 12 | 1 << 8 | 1 << 2;

/// Cause of a trap by `ECALL` from machine mode.
pub(super) const ECALL: u32 = 11;

/// The registers.
#[derive(Clone, Default)]
pub(super) struct Csrs {
    mstatus: u32,
    mie: u32,
    mtvec: u32,
    mscratch: u32,
    mepc: u32,
    mcause: u32,
    mtval: u32,
    inhibited: u32,
    /// What each counter is ahead of the machine's own, because the program wrote it.
    cycles_ahead: u64,
    instructions_ahead: u64,
    /// Espressif's counter: its events, and its mode, whose bit 0 lets it count.
    events: u32,
    mode: u32,
    /// The counter's value where it doesn't count.
    held: u32,
}

/// What the counters read from.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub cycles: u64,
    pub instructions: u64,
}

/// Whether the core has `csr`.
pub(super) fn exists(csr: u16, registers: Registers) -> bool {
    match csr {
        0x300 | 0x301 | 0x305 | 0x340..=0x343 | 0xf11..=0xf14 => true,
        0x304 | 0x320 | 0x344 | 0xb00 | 0xb02 | 0xb80 | 0xb82 | 0xc00 | 0xc02 | 0xc80 | 0xc82 => {
            registers == Registers::Standard
        }
        0x7e0..=0x7e2 => registers == Registers::Espressif,
        _ => false,
    }
}

/// The top two bits of a number say so (2.1).
pub(super) fn is_read_only(csr: u16) -> bool {
    csr >> 10 == 3
}

impl Csrs {
    /// The registers after reset: Espressif's counter counts cycles once the program lets it.
    pub(super) fn new() -> Self {
        Self { mstatus: MPP, ..Self::default() }
    }

    /// Reads a register that exists.
    pub(super) fn read(&self, csr: u16, counts: Counts) -> u32 {
        let cycles = counts.cycles.wrapping_add(self.cycles_ahead);
        let instructions = counts.instructions.wrapping_add(self.instructions_ahead);
        match csr {
            0x300 => self.mstatus,
            0x301 => MISA,
            0x304 => self.mie,
            0x305 => self.mtvec,
            0x320 => self.inhibited,
            0x340 => self.mscratch,
            0x341 => self.mepc,
            0x342 => self.mcause,
            0x343 => self.mtval,
            0x7e0 => self.events,
            0x7e1 => self.mode,
            0x7e2 if self.counts() => self.held.wrapping_add(cycles as u32),
            0x7e2 => self.held,
            0xb00 | 0xc00 => cycles as u32,
            0xb80 | 0xc80 => (cycles >> 32) as u32,
            0xb02 | 0xc02 => instructions as u32,
            0xb82 | 0xc82 => (instructions >> 32) as u32,
            _ => 0,
        }
    }

    /// Writes a register that exists and may be written; bits that can't be set are dropped.
    pub(super) fn write(&mut self, csr: u16, value: u32, counts: Counts) {
        let (low, high) = (u64::from(value), u64::from(value) << 32);
        let cycles = counts.cycles.wrapping_add(self.cycles_ahead);
        let instructions = counts.instructions.wrapping_add(self.instructions_ahead);
        match csr {
            0x300 => self.mstatus = value & (MIE | MPIE) | MPP,
            0x304 => self.mie = value & 0x888,
            // Direct or vectored; the other modes are reserved.
            0x305 if value & 3 < 2 => self.mtvec = value,
            0x340 => self.mscratch = value,
            0x341 => self.mepc = value & !1,
            0x342 => self.mcause = value,
            0x343 => self.mtval = value,
            0x7e0 | 0x7e1 => self.reconfigure(csr, value, cycles as u32),
            0x7e2 => self.held = if self.counts() { value.wrapping_sub(cycles as u32) } else { value },
            0xb00 => self.cycles_ahead = (cycles >> 32 << 32 | low).wrapping_sub(counts.cycles),
            0xb80 => self.cycles_ahead = (high | cycles & 0xffff_ffff).wrapping_sub(counts.cycles),
            0xb02 => self.instructions_ahead = (instructions >> 32 << 32 | low).wrapping_sub(counts.instructions),
            0xb82 => {
                self.instructions_ahead = (high | instructions & 0xffff_ffff).wrapping_sub(counts.instructions);
            }
            _ => {}
        }
    }

    /// Whether Espressif's counter runs, on cycles: the only event that is simulated.
    fn counts(&self) -> bool {
        self.mode & 1 != 0 && self.events & 1 != 0
    }

    fn reconfigure(&mut self, csr: u16, value: u32, cycles: u32) {
        let shown = if self.counts() { self.held.wrapping_add(cycles) } else { self.held };
        if csr == 0x7e0 {
            self.events = value & 0x7ff;
        } else {
            self.mode = value & 3;
        }
        self.held = if self.counts() { shown.wrapping_sub(cycles) } else { shown };
    }

    /// Whether the program has set where traps go.
    pub(super) fn traps(&self) -> bool {
        self.mtvec & !3 != 0
    }

    /// Takes the exception `cause` at `pc`; where execution goes on.
    pub(super) fn trap(&mut self, cause: u32, pc: u32) -> u32 {
        self.mepc = pc;
        self.mcause = cause;
        self.mtval = 0;
        self.mstatus = if self.mstatus & MIE == 0 { MPP } else { MPP | MPIE };
        self.mtvec & !3
    }

    /// `MRET`; where execution goes on.
    pub(super) fn return_from_trap(&mut self) -> u32 {
        self.mstatus = if self.mstatus & MPIE == 0 { MPP | MPIE } else { MPP | MPIE | MIE };
        self.mepc
    }
}
