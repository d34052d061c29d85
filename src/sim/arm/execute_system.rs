//! System registers (DDI 0403E, B5.2), and the way to semihosting.

use super::cpu::Cpu;
use crate::sim::isa::Stop;

impl Cpu {
    pub(super) fn read_system(&mut self, d: u8, register: u8) {
        let value = match register {
            0..=3 => self.apsr(),
            8 => self.stack(false),
            9 => self.stack(true),
            10 | 11 => self.limits[usize::from(register & 1)],
            16 => self.primask.into(),
            17 | 18 => self.basepri,
            19 => self.faultmask.into(),
            20 => self.control,
            // IPSR and EPSR read as zero in thread mode.
            _ => 0,
        };
        self.set(d, value);
    }

    pub(super) fn write_system(&mut self, n: u8, register: u8, mask: u8) {
        let value = self.get(n);
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
            10 | 11 => self.limits[usize::from(register & 1)] = value & !7,
            16 => self.primask = value & 1 == 1,
            17 => self.basepri = value & 0xff,
            18 if value & 0xff != 0 && (value & 0xff < self.basepri || self.basepri == 0) => {
                self.basepri = value & 0xff;
            }
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

    fn set_control(&mut self, value: u32) {
        if (value ^ self.control) & 2 != 0 {
            std::mem::swap(&mut self.r[13], &mut self.other_stack);
        }
        self.control = value & if self.has_fpu { 7 } else { 3 };
    }

    /// `BKPT 0xAB`: operation in r0, its argument in r1, the result in r0.
    pub(super) fn semihosting(&mut self) -> Result<(), Stop> {
        if let Some(result) = self.bus.semihosting(self.r[0], self.r[1])? {
            self.r[0] = result;
        }
        Ok(())
    }
}
