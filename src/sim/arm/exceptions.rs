//! Taking exceptions and returning from them (DDI 0403E, B1.5.6 to B1.5.8).
//!
//! Floats are stacked at entry, where a core may leave that until the handler uses them; privileges are not told apart.

use super::cpu::Cpu;
use super::nvic::{NMI, Nvic, SUPERVISOR};
use crate::sim::fault::{Access, FaultKind};

/// Words of a stack frame, and of one with floats.
const FRAME: u32 = 8;
const FLOAT_FRAME: u32 = 26;
/// CONTROL: the process stack is in use; floats are in use.
pub(super) const PROCESS_STACK: u32 = 2;
pub(super) const FLOATS: u32 = 4;
/// `EXC_RETURN`: no floats were stacked; to thread mode; from the process stack.
const PLAIN_FRAME: u32 = 16;
const TO_THREAD: u32 = 8;
const FROM_PROCESS: u32 = 4;
const THUMB: u32 = 1 << 24;
const REALIGNED: u32 = 1 << 9;

impl Cpu {
    /// The priority that an exception must beat (`ExecutionPriority`).
    fn execution_priority(&self, with_primask: bool) -> i16 {
        let mut priority = self.nvic().running();
        if self.basepri != 0 {
            priority = priority.min(self.nvic().preempting_part(self.basepri as u8));
        }
        if self.primask && with_primask {
            priority = priority.min(0);
        }
        if self.faultmask { priority.min(-1) } else { priority }
    }

    /// Takes the exception that is due before `pc`, if one is; says when to look again.
    pub(super) fn take_exception(&mut self, pc: u32) -> Result<Option<u32>, FaultKind> {
        let called = std::mem::take(&mut self.calling);
        self.system.advance(self.bus.cycles);
        self.bus.event_at = self.system.next_event();
        let Some(number) = self.nvic().preempting(self.execution_priority(true)) else {
            // A supervisor call can't wait: where it isn't taken it becomes a hard fault (B1.5.14).
            return if called { Err(FaultKind::Supervisor { number: self.supervisor_call }) } else { Ok(None) };
        };
        self.push_frame(pc)?;
        self.bus.pass(self.exception_costs.entry.into());
        self.enter(number).map(Some)
    }

    /// Runs the handler of `number`.
    fn enter(&mut self, number: u16) -> Result<u32, FaultKind> {
        let place = self.system.vectors().wrapping_add(u32::from(number) * 4);
        let vector = self.bus.memory.load_slow(place, 4, self.bus.cycles)?;
        if vector & 1 == 0 || self.bus.memory.bytes(vector & !1, 2).is_none() {
            return Err(match number {
                SUPERVISOR => FaultKind::Supervisor { number: self.supervisor_call },
                _ => FaultKind::Vector { exception: number, address: vector },
            });
        }
        self.nvic_mut().activate(number);
        self.exception = number;
        self.exclusive = false;
        self.event = true;
        Ok(vector & !1)
    }

    /// Stacks what a handler may change, and switches to the main stack.
    fn push_frame(&mut self, pc: u32) -> Result<(), FaultKind> {
        let floats = self.control & FLOATS != 0;
        let words = if floats { FLOAT_FRAME } else { FRAME };
        let pointer = self.r[13];
        let realign = pointer & 4 != 0 && (floats || self.system.aligns_stack());
        let frame = pointer.wrapping_sub(words * 4).wrapping_sub(if realign { 4 } else { 0 });
        self.bus.lower_stack(frame)?;
        let status = self.xpsr() | THUMB | if realign { REALIGNED } else { 0 };
        let [r0, r1, r2, r3] = [self.r[0], self.r[1], self.r[2], self.r[3]];
        for (at, word) in [r0, r1, r2, r3, self.r[12], self.r[14], pc, status].into_iter().enumerate() {
            self.bus.memory.store_slow(frame.wrapping_add(at as u32 * 4), 4, word)?;
        }
        if floats {
            for at in 0..16 {
                self.bus.memory.store_slow(frame.wrapping_add(32 + at * 4), 4, self.s[at as usize])?;
            }
            self.bus.memory.store_slow(frame.wrapping_add(96), 4, self.fpscr)?;
        }
        self.r[13] = frame;
        let thread = self.exception == 0;
        let process = self.control & PROCESS_STACK != 0;
        // Without the Security Extension, ARMv8-M clears the bits that tell the security state (DDI 0553B, D1.2.85).
        let fixed = if self.context.v8 { 0xffff_ffa0 } else { 0xffff_ffe1 };
        self.r[14] = fixed
            | if floats { 0 } else { PLAIN_FRAME }
            | if thread { TO_THREAD } else { 0 }
            | if process { FROM_PROCESS } else { 0 };
        self.switch_control(self.control & !(PROCESS_STACK | FLOATS));
        Ok(())
    }

    /// A jump to `pc` in handler mode, which is no address: back to what was interrupted, or on to the next handler.
    pub(super) fn return_from_exception(&mut self, pc: u32) -> Result<u32, FaultKind> {
        if self.exception == 0 || pc >> 24 != 0xff {
            return Err(FaultKind::NotCode { address: pc });
        }
        let to_thread = pc & TO_THREAD != 0;
        let process = pc & FROM_PROCESS != 0;
        let depth = self.nvic().depth();
        let sound = self.nvic().is_active(self.exception)
            && (to_thread || !process)
            && (depth == 1) == to_thread
            && (self.has_fpu || pc & PLAIN_FRAME != 0);
        if !sound {
            return Err(FaultKind::ExceptionReturn { value: pc });
        }
        let finished = self.exception;
        self.nvic_mut().deactivate(finished);
        self.faultmask &= finished == NMI;
        self.event = true;
        self.system.advance(self.bus.cycles);
        self.bus.event_at = 0;
        if let Some(number) = self.nvic().preempting(self.execution_priority(true)) {
            self.r[14] = pc | u32::from(!self.context.v8);
            self.bus.pass(self.exception_costs.tail_chain.into());
            return self.enter(number);
        }
        self.bus.pass(self.exception_costs.exit.into());
        self.pop_frame(pc & PLAIN_FRAME == 0, process, to_thread)
    }

    fn pop_frame(&mut self, floats: bool, process: bool, to_thread: bool) -> Result<u32, FaultKind> {
        let kept = self.control & !(PROCESS_STACK | FLOATS);
        self.switch_control(kept | if process { PROCESS_STACK } else { 0 } | if floats { FLOATS } else { 0 });
        let frame = self.r[13];
        if frame & 3 != 0 {
            return Err(FaultKind::Misaligned { address: frame, access: Access::Read });
        }
        let mut words = [0; FRAME as usize];
        for (at, word) in words.iter_mut().enumerate() {
            *word = self.bus.memory.load_slow(frame.wrapping_add(at as u32 * 4), 4, self.bus.cycles)?;
        }
        if floats {
            for at in 0..16 {
                self.s[at as usize] = self.bus.memory.load_slow(frame.wrapping_add(32 + at * 4), 4, self.bus.cycles)?;
            }
            self.fpscr = self.bus.memory.load_slow(frame.wrapping_add(96), 4, self.bus.cycles)?;
        }
        let [r0, r1, r2, r3, r12, lr, pc, status] = words;
        self.r[..4].copy_from_slice(&[r0, r1, r2, r3]);
        (self.r[12], self.r[14]) = (r12, lr);
        let size = if floats { FLOAT_FRAME } else { FRAME } * 4;
        self.r[13] = frame.wrapping_add(size).wrapping_add(if status & REALIGNED != 0 { 4 } else { 0 });
        self.exception = (status & 0x1ff) as u16;
        if to_thread != (self.exception == 0) {
            return Err(FaultKind::ExceptionReturn { value: status });
        }
        if status & THUMB == 0 {
            return Err(FaultKind::NotThumb { address: pc });
        }
        self.set_flags(status);
        self.q = self.mainline && status >> 27 & 1 == 1;
        self.ge = if self.context.dsp { status >> 16 & 15 } else { 0 };
        Ok(pc & !1)
    }

    fn nvic(&self) -> &Nvic {
        &self.system.nvic
    }

    fn nvic_mut(&mut self) -> &mut Nvic {
        &mut self.system.nvic
    }

    /// The flags and the exception's number.
    pub(super) fn xpsr(&self) -> u32 {
        self.apsr() | u32::from(self.exception)
    }

    /// Changes CONTROL, and the stack pointer with it.
    pub(super) fn switch_control(&mut self, value: u32) {
        if (value ^ self.control) & PROCESS_STACK != 0 {
            std::mem::swap(&mut self.r[13], &mut self.other_stack);
            std::mem::swap(&mut self.bus.deepest, &mut self.other_deepest);
        }
        self.control = value;
        self.float_ready = self.fpu_enabled && value & FLOATS != 0;
        self.update_stack_limit();
    }

    /// The main stack ends where the image says or MSPLIM does; the process stack where PSPLIM does.
    pub(super) fn update_stack_limit(&mut self) {
        let process = self.control & PROCESS_STACK != 0;
        self.bus.stack_limit = if process { self.limits[1] } else { self.limits[0].max(self.main_limit) };
    }

    /// `SVC`: taken before the next instruction.
    pub(super) fn call_supervisor(&mut self, number: u8) {
        self.supervisor_call = number;
        self.calling = true;
        self.nvic_mut().pend(SUPERVISOR, true);
    }

    /// `WFI`, `WFE`: time passes until something wakes the core.
    pub(super) fn wait(&mut self, for_event: bool) -> Result<(), FaultKind> {
        if for_event && std::mem::take(&mut self.event) {
            return Ok(());
        }
        self.system.advance(self.bus.cycles);
        // Masked by PRIMASK, an interrupt still wakes (B1.5.19).
        if self.nvic().preempting(self.execution_priority(false)).is_some() {
            return Ok(());
        }
        let next = self.system.next_event();
        if next == u64::MAX {
            return Err(FaultKind::WaitsForever);
        }
        self.bus.pass(next.saturating_sub(self.bus.cycles));
        self.system.advance(self.bus.cycles);
        match self.nvic().preempting(self.execution_priority(false)) {
            Some(_) => Ok(()),
            None => Err(FaultKind::WaitsForever),
        }
    }

    /// Back in thread mode on the main stack, as after reset; nothing is masked less than before.
    pub(super) fn leave_handlers(&mut self) {
        self.nvic_mut().leave_all();
        self.exception = 0;
        self.switch_control(self.control & !PROCESS_STACK);
    }
}
