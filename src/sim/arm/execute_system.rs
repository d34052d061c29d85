//! System registers (DDI 0403E, B5.2) and semihosting (Arm "Semihosting for `AArch32` and `AArch64`", IHI 0033).

use super::cpu::Cpu;
use crate::sim::fault::FaultKind;
use crate::sim::isa::Stop;

const SYS_OPEN: u32 = 0x01;
const SYS_CLOSE: u32 = 0x02;
const SYS_WRITEC: u32 = 0x03;
const SYS_WRITE0: u32 = 0x04;
const SYS_WRITE: u32 = 0x05;
const SYS_EXIT: u32 = 0x18;
const SYS_EXIT_EXTENDED: u32 = 0x20;
/// `ADP_Stopped_ApplicationExit`: the program ended as it wanted.
const APPLICATION_EXIT: u32 = 0x20026;
/// The file `:tt`.
const CONSOLE: u32 = 1;
/// The longest text that one call prints, and the longest that is kept.
const LONGEST: u32 = 1 << 20;
const KEPT: usize = 1 << 24;

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

    /// `BKPT 0xAB`: operation in r0, its argument in r1.
    pub(super) fn semihosting(&mut self) -> Result<(), Stop> {
        let (operation, argument) = (self.r[0], self.r[1]);
        match operation {
            SYS_OPEN => self.r[0] = self.open(argument)?,
            SYS_CLOSE => self.r[0] = 0,
            SYS_WRITEC => {
                let byte = self.load8(argument)? as u8;
                self.print(byte);
            }
            SYS_WRITE0 => self.write_text(argument)?,
            SYS_WRITE => self.r[0] = self.write_block(argument)?,
            SYS_EXIT => {
                let status = u32::from(argument != APPLICATION_EXIT);
                return Err(FaultKind::Exit { status }.into());
            }
            SYS_EXIT_EXTENDED => {
                let reason = self.load32(argument)?;
                let code = self.load32(argument.wrapping_add(4))?;
                let status = if reason == APPLICATION_EXIT { code } else { code.max(1) };
                return Err(FaultKind::Exit { status }.into());
            }
            _ => return Err(FaultKind::Semihosting { operation }.into()),
        }
        Ok(())
    }

    fn print(&mut self, byte: u8) {
        if self.bus.console.len() < KEPT {
            self.bus.console.push(byte);
        }
    }

    /// Only the console opens: nothing of the host exists.
    fn open(&mut self, block: u32) -> Result<u32, Stop> {
        let (name, length) = (self.load32(block)?, self.load32(block.wrapping_add(8))?);
        let is_console = length == 3
            && self.load8(name)? == u32::from(b':')
            && self.load8(name.wrapping_add(1))? == u32::from(b't')
            && self.load8(name.wrapping_add(2))? == u32::from(b't');
        Ok(if is_console { CONSOLE } else { u32::MAX })
    }

    fn write_text(&mut self, mut address: u32) -> Result<(), Stop> {
        for _ in 0..LONGEST {
            let byte = self.load8(address)? as u8;
            if byte == 0 {
                break;
            }
            self.print(byte);
            address = address.wrapping_add(1);
        }
        Ok(())
    }

    /// Returns how many bytes were not written.
    fn write_block(&mut self, block: u32) -> Result<u32, Stop> {
        let (handle, address) = (self.load32(block)?, self.load32(block.wrapping_add(4))?);
        let length = self.load32(block.wrapping_add(8))?;
        if handle != CONSOLE {
            return Ok(length);
        }
        for offset in 0..length.min(LONGEST) {
            let byte = self.load8(address.wrapping_add(offset))? as u8;
            self.print(byte);
        }
        Ok(length.saturating_sub(LONGEST))
    }
}
