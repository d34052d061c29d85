//! The state of a core: registers, flags, floats, and its way to memory.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::decode::Context;
use super::system::{self, System};
use crate::library::core::{Arm, Core, Cycles, Exceptions, Fpu, Isa};
use crate::sim::bus::Bus;
use crate::sim::fault::{Access, FaultKind};
use crate::sim::isa::Stop;

/// A core with its memories.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the architecture")]
pub(in crate::sim) struct Cpu {
    /// r0 to r14; the last one is unused.
    pub r: [u32; 16],
    /// The instruction that runs next; within a run, only up to date for the rarer instructions.
    pub pc: u32,
    /// N is the top bit of `n`; Z is set where `z` is 0: one result serves both until something tells them apart.
    pub n: u32,
    pub z: u32,
    pub c: bool,
    pub v: bool,
    pub q: bool,
    /// Greater-or-equal, a bit a byte lane.
    pub ge: u32,
    pub s: [u32; 32],
    pub fpscr: u32,
    pub primask: bool,
    pub faultmask: bool,
    pub basepri: u32,
    pub control: u32,
    /// The stack pointer that isn't in use.
    pub other_stack: u32,
    /// MSPLIM and PSPLIM: no stack pointer goes below (`ARMv8-M`).
    pub limits: [u32; 2],
    /// Where the main stack ends by the image's symbols.
    pub main_limit: u32,
    /// The lowest value of the stack pointer that isn't in use.
    pub other_deepest: u32,
    /// The exception whose handler runs; 0 in thread mode.
    pub exception: u16,
    /// Something happened that `WFE` waits for.
    pub event: bool,
    /// The number of the last `SVC`, and whether it was just executed.
    pub supervisor_call: u8,
    pub calling: bool,
    pub exception_costs: Exceptions,
    /// An exclusive load waits for its store.
    pub exclusive: bool,
    pub fpu_enabled: bool,
    /// The FPU is on and its use was noted.
    pub float_ready: bool,
    pub has_fpu: bool,
    pub mainline: bool,
    pub context: Context,
    pub rules: Cycles,
    pub bus: Bus,
    pub system: System,
}

impl Cpu {
    /// A core after reset, with its vector table at `vectors`.
    pub(in crate::sim) fn new(core: &Core, arm: &Arm, bus: Bus, vectors: u32) -> Self {
        let has_fpu = core.fpu != Fpu::None;
        Self {
            r: [0; 16],
            pc: 0,
            n: 0,
            z: 1,
            c: false,
            v: false,
            q: false,
            ge: 0,
            s: [0; 32],
            fpscr: 0,
            primask: false,
            faultmask: false,
            basepri: 0,
            control: 0,
            other_stack: 0,
            limits: [0; 2],
            main_limit: bus.stack_limit,
            other_deepest: u32::MAX,
            exception: 0,
            event: false,
            supervisor_call: 0,
            calling: false,
            exception_costs: arm.exceptions,
            exclusive: false,
            fpu_enabled: false,
            float_ready: false,
            has_fpu,
            mainline: core.isa >= Isa::ArmV7M,
            context: Context::new(core),
            rules: arm.cycles.clone(),
            bus,
            system: System::new(core, arm.cpuid, vectors),
        }
    }

    /// Core register `index`; never pc.
    #[inline(always)]
    pub(super) fn get(&self, index: u8) -> u32 {
        self.r[usize::from(index & 15)]
    }

    #[inline(always)]
    pub(super) fn set(&mut self, index: u8, value: u32) {
        self.r[usize::from(index & 15)] = value;
    }

    /// N and Z from a result.
    #[inline(always)]
    pub(super) fn set_nz(&mut self, value: u32) {
        self.n = value;
        self.z = value;
    }

    /// N, Z, C, V in bits 31 to 28.
    pub(super) fn flags(&self) -> u32 {
        self.n & 1 << 31 | u32::from(self.z == 0) << 30 | u32::from(self.c) << 29 | u32::from(self.v) << 28
    }

    pub(super) fn set_flags(&mut self, bits: u32) {
        self.n = bits;
        self.z = !bits & 1 << 30;
        self.c = bits & 1 << 29 != 0;
        self.v = bits & 1 << 28 != 0;
    }

    /// APSR: the flags, Q, GE.
    pub(super) fn apsr(&self) -> u32 {
        self.flags() | u32::from(self.q) << 27 | self.ge << 16
    }

    /// Whether condition 0 to 14 holds.
    #[inline(always)]
    pub(super) fn holds(&self, condition: u8) -> bool {
        let zero = self.z == 0;
        let negative = (self.n as i32) < 0;
        let held = match condition >> 1 {
            0 => zero,
            1 => self.c,
            2 => negative,
            3 => self.v,
            4 => self.c && !zero,
            5 => negative == self.v,
            6 => !zero && negative == self.v,
            _ => return true,
        };
        held != (condition & 1 == 1)
    }

    /// `a` + `b` + `carry` with all four flags.
    #[inline(always)]
    pub(super) fn add_with_carry(&mut self, a: u32, b: u32, carry: bool) -> u32 {
        let wide = u64::from(a) + u64::from(b) + u64::from(carry);
        let sum = wide as u32;
        self.set_nz(sum);
        self.c = wide >> 32 != 0;
        self.v = (a ^ sum) & (b ^ sum) & 1 << 31 != 0;
        sum
    }

    #[inline(always)]
    pub(super) fn load32(&mut self, address: u32) -> Result<u32, Stop> {
        match self.bus.load32(address) {
            Some(value) => Ok(value),
            None => self.load_slow(address, 4),
        }
    }

    #[inline(always)]
    pub(super) fn load16(&mut self, address: u32) -> Result<u32, Stop> {
        match self.bus.load16(address) {
            Some(value) => Ok(value),
            None => self.load_slow(address, 2),
        }
    }

    #[inline(always)]
    pub(super) fn load8(&mut self, address: u32) -> Result<u32, Stop> {
        match self.bus.load8(address) {
            Some(value) => Ok(value),
            None => self.load_slow(address, 1),
        }
    }

    #[inline(always)]
    pub(super) fn store32(&mut self, address: u32, value: u32) -> Result<(), Stop> {
        if self.bus.store32(address, value) { Ok(()) } else { self.store_slow(address, 4, value) }
    }

    #[inline(always)]
    pub(super) fn store16(&mut self, address: u32, value: u32) -> Result<(), Stop> {
        if self.bus.store16(address, value) { Ok(()) } else { self.store_slow(address, 2, value) }
    }

    #[inline(always)]
    pub(super) fn store8(&mut self, address: u32, value: u32) -> Result<(), Stop> {
        if self.bus.store8(address, value) { Ok(()) } else { self.store_slow(address, 1, value) }
    }

    /// A multiple, double or exclusive access must be aligned on every core.
    pub(super) fn check_aligned(address: u32, size: u32, access: Access) -> Result<(), Stop> {
        if address & (size - 1) == 0 { Ok(()) } else { Err(FaultKind::Misaligned { address, access }.into()) }
    }

    fn check_unaligned(&mut self, address: u32, size: u32, access: Access) -> Result<(), Stop> {
        if address & (size - 1) == 0 {
            return Ok(());
        }
        if !self.mainline || self.system.traps_unaligned() {
            return Err(FaultKind::Misaligned { address, access }.into());
        }
        // A halfword or an even word goes as two accesses, an odd word as three (Cortex-M3 TRM r2p1, 3.3.2).
        let more = if size == 4 && address & 1 == 1 { 2 } else { 1 };
        self.bus.wait(u64::from(self.rules.unaligned) * more);
        Ok(())
    }

    #[inline(never)]
    fn load_slow(&mut self, address: u32, size: u32) -> Result<u32, Stop> {
        self.check_unaligned(address, size, Access::Read)?;
        if system::holds(address) {
            self.bus.synchronise()?;
            return Ok(self.system.load(address, size, self.bus.cycles, self.exception)?);
        }
        Ok(self.bus.load_slow(address, size)?)
    }

    #[inline(never)]
    fn store_slow(&mut self, address: u32, size: u32, value: u32) -> Result<(), Stop> {
        self.check_unaligned(address, size, Access::Write)?;
        if system::holds(address) {
            self.bus.synchronise()?;
            self.system.store(address, size, value, self.bus.cycles)?;
            self.bus.event_at = 0;
            self.fpu_enabled = self.has_fpu && self.system.fpu_enabled();
            self.float_ready = false;
            return Ok(());
        }
        self.bus.store_slow(address, size, value)
    }
}
