//! What each instruction does: the frequent ones here, the others in a function that stays out of the loop.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::csr;
use super::cycles;
use super::op::{Change, Op, Rare, Width};
use crate::sim::fault::FaultKind;
use crate::sim::isa::{Flow, Stop};

/// The instructions around `EBREAK` that make it a semihosting call: `SLLI x0, x0, 0x1f` and `SRAI x0, x0, 7` (RISC-V
/// Semihosting specification, version 0.4, section 2).
const SEMIHOSTING: [u32; 2] = [0x01f0_1013, 0x4070_5013];

impl Cpu {
    /// Executes `op`; `next` is the address behind it.
    #[inline(always)]
    pub(super) fn execute_op(&mut self, op: Op, next: u32) -> Result<Flow, Stop> {
        match op {
            Op::LoadImm { d, imm } => self.set(d, imm),
            Op::AddImm { d, a, imm } => self.set(d, self.get(a).wrapping_add(imm)),
            Op::Add { d, a, b } => self.set(d, self.get(a).wrapping_add(self.get(b))),
            Op::Sub { d, a, b } => self.set(d, self.get(a).wrapping_sub(self.get(b))),
            Op::Mul { d, a, b } => self.set(d, self.get(a).wrapping_mul(self.get(b))),
            Op::SllImm { d, a, amount } => self.set(d, self.get(a) << (amount & 31)),
            Op::SrlImm { d, a, amount } => self.set(d, self.get(a) >> (amount & 31)),
            Op::SraImm { d, a, amount } => self.set(d, (self.get(a) as i32 >> (amount & 31)) as u32),
            Op::AndImm { d, a, imm } => self.set(d, self.get(a) & imm),
            Op::OrImm { d, a, imm } => self.set(d, self.get(a) | imm),
            Op::XorImm { d, a, imm } => self.set(d, self.get(a) ^ imm),
            Op::SltImm { d, a, imm } => self.set(d, u32::from((self.get(a) as i32) < imm as i32)),
            Op::SltuImm { d, a, imm } => self.set(d, u32::from(self.get(a) < imm)),
            Op::And { d, a, b } => self.set(d, self.get(a) & self.get(b)),
            Op::Or { d, a, b } => self.set(d, self.get(a) | self.get(b)),
            Op::Xor { d, a, b } => self.set(d, self.get(a) ^ self.get(b)),
            Op::Sll { d, a, b } => self.set(d, self.get(a) << (self.get(b) & 31)),
            Op::Srl { d, a, b } => self.set(d, self.get(a) >> (self.get(b) & 31)),
            Op::Sra { d, a, b } => self.set(d, (self.get(a) as i32 >> (self.get(b) & 31)) as u32),
            Op::Slt { d, a, b } => self.set(d, u32::from((self.get(a) as i32) < self.get(b) as i32)),
            Op::Sltu { d, a, b } => self.set(d, u32::from(self.get(a) < self.get(b))),
            Op::GrowStack { imm } => {
                let pointer = self.get(2).wrapping_add(imm);
                self.bus.lower_stack(pointer)?;
                self.set(2, pointer);
            }
            Op::Lw { d, a, offset } => {
                let value = self.load32(self.get(a).wrapping_add(offset))?;
                self.set(d, value);
            }
            Op::Lb { d, a, offset } => {
                let value = self.load8(self.get(a).wrapping_add(offset))?;
                self.set(d, i32::from(value as i8) as u32);
            }
            Op::Lbu { d, a, offset } => {
                let value = self.load8(self.get(a).wrapping_add(offset))?;
                self.set(d, value);
            }
            Op::Lh { d, a, offset } => {
                let value = self.load16(self.get(a).wrapping_add(offset))?;
                self.set(d, i32::from(value as i16) as u32);
            }
            Op::Lhu { d, a, offset } => {
                let value = self.load16(self.get(a).wrapping_add(offset))?;
                self.set(d, value);
            }
            Op::Sw { a, b, offset } => self.store32(self.get(a).wrapping_add(offset), self.get(b))?,
            Op::Sb { a, b, offset } => self.store8(self.get(a).wrapping_add(offset), self.get(b))?,
            Op::Sh { a, b, offset } => self.store16(self.get(a).wrapping_add(offset), self.get(b))?,
            Op::Beq { a, b, target } => return Ok(taken(self.get(a) == self.get(b), target)),
            Op::Bne { a, b, target } => return Ok(taken(self.get(a) != self.get(b), target)),
            Op::Blt { a, b, target } => return Ok(taken((self.get(a) as i32) < self.get(b) as i32, target)),
            Op::Bge { a, b, target } => return Ok(taken(self.get(a) as i32 >= self.get(b) as i32, target)),
            Op::Bltu { a, b, target } => return Ok(taken(self.get(a) < self.get(b), target)),
            Op::Bgeu { a, b, target } => return Ok(taken(self.get(a) >= self.get(b), target)),
            Op::Jump { target } => return Ok(Flow::Jump(target)),
            Op::JumpLink { d, target } => {
                self.set(d, next);
                return Ok(Flow::Jump(target));
            }
            Op::JumpReg { a, offset } => return Ok(Flow::Jump(self.get(a).wrapping_add(offset) & !1)),
            Op::Nop => {}
            op => return self.execute_rare(op, next),
        }
        Ok(Flow::Next)
    }

    /// The instructions that inner loops don't have.
    #[inline(never)]
    fn execute_rare(&mut self, op: Op, next: u32) -> Result<Flow, Stop> {
        match op {
            Op::Rare { rare, d, a, b } => self.multiply_or_divide(rare, d, a, b),
            Op::LoadNothing { width, a, offset } => {
                let address = self.get(a).wrapping_add(offset);
                match width {
                    Width::Word => self.load32(address)?,
                    Width::Half | Width::SignedHalf => self.load16(address)?,
                    Width::Byte | Width::SignedByte => self.load8(address)?,
                };
            }
            Op::JumpLinkReg { d, a, offset } => {
                let target = self.get(a).wrapping_add(offset) & !1;
                self.set(d, next);
                return Ok(Flow::Jump(target));
            }
            Op::Csr { change, immediate, d, a, csr } => self.change_csr(change, immediate, d, a, csr)?,
            Op::Fence | Op::FenceInstruction | Op::Wfi => {}
            Op::Ecall if self.csrs.traps() => {
                return Ok(Flow::Jump(self.csrs.trap(csr::ECALL, next.wrapping_sub(4))));
            }
            Op::Ecall => return Err(FaultKind::Supervisor { number: 0 }.into()),
            Op::Ebreak => self.breakpoint(next)?,
            Op::Mret => return Ok(Flow::Jump(self.csrs.return_from_trap())),
            Op::Pending => return Err(Stop::Look),
            Op::Outside => return Err(FaultKind::NotCode { address: next }.into()),
            _ => return Err(FaultKind::Undefined { opcode: 0 }.into()),
        }
        Ok(Flow::Next)
    }

    fn multiply_or_divide(&mut self, rare: Rare, d: u8, a: u8, b: u8) {
        let (x, y) = (self.get(a), self.get(b));
        if !matches!(rare, Rare::Mulh | Rare::Mulhsu | Rare::Mulhu) {
            self.bus.wait(cycles::division(rare, y, &self.rules));
        }
        self.set(d, product_or_quotient(rare, x, y));
    }

    /// Counters are read, and written, where they are exact.
    fn change_csr(&mut self, change: Change, immediate: bool, d: u8, a: u8, csr: u16) -> Result<(), Stop> {
        self.bus.synchronise()?;
        let source = if immediate { u32::from(a) } else { self.get(a) };
        let counts = self.counts();
        let old = self.csrs.read(csr, counts);
        let new = match change {
            Change::Write => source,
            Change::Set => old | source,
            Change::Clear => old & !source,
        };
        if change == Change::Write || a != 0 {
            self.csrs.write(csr, new, counts);
        }
        if d != 0 {
            self.set(d, old);
        }
        Ok(())
    }

    /// `EBREAK`: a semihosting call, or the end.
    fn breakpoint(&mut self, next: u32) -> Result<(), Stop> {
        let word = |address: u32| {
            let bytes = self.bus.memory.bytes(address, 4)?;
            Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        let around = [word(next.wrapping_sub(8)), word(next)];
        if around != SEMIHOSTING.map(Some) {
            return Err(FaultKind::Breakpoint { number: 0 }.into());
        }
        if let Some(result) = self.bus.semihosting(self.get(10), self.get(11))? {
            self.set(10, result);
        }
        Ok(())
    }
}

#[inline(always)]
fn taken(condition: bool, target: u32) -> Flow {
    if condition { Flow::Jump(target) } else { Flow::Next }
}

/// Chapter 7: by zero, a quotient is all ones and a remainder the dividend; the quotient that doesn't fit wraps.
fn product_or_quotient(rare: Rare, x: u32, y: u32) -> u32 {
    let (sx, sy) = (x as i32, y as i32);
    match rare {
        Rare::Mulh => ((i64::from(sx) * i64::from(sy)) >> 32) as u32,
        Rare::Mulhsu => ((i64::from(sx) * i64::from(y)) >> 32) as u32,
        Rare::Mulhu => ((u64::from(x) * u64::from(y)) >> 32) as u32,
        Rare::Div if y == 0 => u32::MAX,
        Rare::Div => sx.wrapping_div(sy) as u32,
        Rare::Divu => x.checked_div(y).unwrap_or(u32::MAX),
        Rare::Rem if y == 0 => x,
        Rare::Rem => sx.wrapping_rem(sy) as u32,
        Rare::Remu => x.checked_rem(y).unwrap_or(x),
    }
}
