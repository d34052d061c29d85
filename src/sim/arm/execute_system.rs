//! System registers (DDI 0403E, B5.2), and the way to semihosting.

use super::cpu::Cpu;
use super::exceptions::PROCESS_STACK;
use crate::sim::isa::Stop;

impl Cpu {
    pub(super) fn read_system(&mut self, d: u8, register: u8) {
        let value = match register {
            // EPSR reads as zero.
            0..=7 => {
                let flags = if register & 4 == 0 { self.apsr() } else { 0 };
                flags | if register & 1 == 1 { u32::from(self.exception) } else { 0 }
            }
            8 => self.stack(false),
            9 => self.stack(true),
            10 | 11 => self.limits[usize::from(register & 1)],
            16 => self.primask.into(),
            17 | 18 => self.basepri,
            19 => self.faultmask.into(),
            20 => self.control,
            _ => 0,
        };
        self.set(d, value);
    }

    pub(super) fn write_system(&mut self, n: u8, register: u8, mask: u8) {
        let value = self.get(n);
        let priority = value & u32::from(self.system.nvic.mask);
        match register {
            0..=3 => {
                if mask & 2 != 0 {
                    self.set_flags(value);
                    self.q = self.mainline && value >> 27 & 1 == 1;
                }
                if mask & 1 != 0 {
                    self.ge = value >> 16 & 15;
                }
            }
            8 => self.set_stack(false, value),
            9 => self.set_stack(true, value),
            10 | 11 => {
                self.limits[usize::from(register & 1)] = value & !7;
                self.update_stack_limit();
            }
            16 => self.primask = value & 1 == 1,
            17 => self.basepri = priority,
            18 if priority != 0 && (priority < self.basepri || self.basepri == 0) => self.basepri = priority,
            19 => self.faultmask = value & 1 == 1,
            20 => self.set_control(value),
            _ => {}
        }
    }

    pub(super) fn mask(&mut self, disable: bool, primask: bool, faultmask: bool) {
        self.primask = if primask { disable } else { self.primask };
        self.faultmask = if faultmask { disable } else { self.faultmask };
    }

    fn on_process_stack(&self) -> bool {
        self.control & 2 != 0
    }

    /// The main or the process stack pointer.
    fn stack(&self, process: bool) -> u32 {
        if process == self.on_process_stack() { self.r[13] } else { self.other_stack }
    }

    fn set_stack(&mut self, process: bool, value: u32) {
        if process == self.on_process_stack() { self.r[13] = value & !3 } else { self.other_stack = value & !3 }
    }

    /// CONTROL; a handler can't change its stack (DDI 0403E, B1.4.4).
    fn set_control(&mut self, value: u32) {
        let value = value & if self.has_fpu { 7 } else { 3 };
        let stack = if self.exception == 0 { value } else { self.control } & PROCESS_STACK;
        self.switch_control(value & !PROCESS_STACK | stack);
    }

    /// `BKPT 0xAB`: operation in r0, its argument in r1, the result in r0.
    pub(super) fn semihosting(&mut self) -> Result<(), Stop> {
        if let Some(result) = self.bus.semihosting(self.r[0], self.r[1])? {
            self.r[0] = result;
        }
        Ok(())
    }
}
