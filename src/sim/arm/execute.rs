//! What each instruction does: the frequent ones here, the others in `execute_data`, `execute_memory`,
//! `execute_dsp`, `execute_float` and `execute_system`. Operations are those of DDI 0403E, chapter A7.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::op::{Bits, Extend, Field, Op, Width};
use crate::sim::fault::FaultKind;
use crate::sim::isa::{Flow, Isa, Kind, Stop};

impl Cpu {
    /// Executes `op` and returns where to go on: `next`, the address behind it, or a branch's target.
    #[inline(always)]
    pub(super) fn execute_op(&mut self, op: Op, next: u32) -> Result<Flow, Stop> {
        match op {
            Op::MovImm { d, imm } => self.set(d, imm),
            Op::MovImmS { d, imm } => self.move_s(d, imm),
            Op::Mov { d, m } => self.set(d, self.get(m)),
            Op::Add { d, n, m } => self.set(d, self.get(n).wrapping_add(self.get(m))),
            Op::AddS { d, n, m } => self.add_s(d, self.get(n), self.get(m), false),
            Op::AddImm { d, n, imm } => self.set(d, self.get(n).wrapping_add(imm)),
            Op::AddImmS { d, n, imm } => self.add_s(d, self.get(n), imm, false),
            Op::AddLsl { d, n, m, amount } => self.add_lsl(d, n, m, amount),
            Op::Sub { d, n, m } => self.set(d, self.get(n).wrapping_sub(self.get(m))),
            Op::SubS { d, n, m } => self.add_s(d, self.get(n), !self.get(m), true),
            Op::SubImmS { d, n, imm } => self.add_s(d, self.get(n), !imm, true),
            Op::Cmp { n, m } => self.compare(self.get(n), self.get(m)),
            Op::CmpImm { n, imm } => self.compare(self.get(n), imm),
            Op::DataImm { data, d, n, imm } => self.data(data, false, d, self.get(n), imm, self.c),
            Op::DataImmS { data, d, n, imm } => self.data(data, true, d, self.get(n), imm, self.c),
            Op::DataReg { data, s, d, n, m, shift, amount } => {
                let (operand, carry) = self.shifted(self.get(m), shift, amount);
                self.data(data, s, d, self.get(n), operand, carry);
            }
            Op::Extend { extend, d, m, rotate } => self.set(d, extended(extend, self.get(m), rotate)),
            Op::Bits { bits, d, m } => self.set(d, bits_of(bits, self.get(m))),
            Op::Field { field, d, n, lsb, width } => self.field(field, d, n, lsb, width),
            Op::Movt { d, imm } => self.set(d, self.get(d) & 0xffff | u32::from(imm) << 16),
            Op::Mul { d, n, m } => self.set(d, self.get(n).wrapping_mul(self.get(m))),
            Op::MulS { d, n, m } => self.move_s(d, self.get(n).wrapping_mul(self.get(m))),
            Op::Mla { d, n, m, a } => {
                self.set(d, self.get(n).wrapping_mul(self.get(m)).wrapping_add(self.get(a)));
            }
            Op::Mls { d, n, m, a } => self.set(d, self.get(a).wrapping_sub(self.get(n).wrapping_mul(self.get(m)))),
            Op::Smlabb { d, n, m, a } => self.smlabb(d, n, m, a),
            Op::Smlad { d, n, m, a } => self.smlad(d, n, m, a),
            Op::Ldr { t, n, offset } => self.load_word(t, self.get(n).wrapping_add(offset))?,
            Op::Ldrb { t, n, offset } => self.load_byte(t, self.get(n).wrapping_add(offset))?,
            Op::Ldrsb { t, n, offset } => self.load_signed_byte(t, self.get(n).wrapping_add(offset))?,
            Op::LoadImm { width, t, n, offset } => self.load(width, t, self.get(n).wrapping_add(offset))?,
            Op::LdrReg { t, n, m, shift } => self.load_word(t, self.scaled(n, m, shift))?,
            Op::LdrbReg { t, n, m, shift } => self.load_byte(t, self.scaled(n, m, shift))?,
            Op::LdrsbReg { t, n, m, shift } => self.load_signed_byte(t, self.scaled(n, m, shift))?,
            Op::LoadReg { width, t, n, m, shift } => self.load(width, t, self.scaled(n, m, shift))?,
            Op::LoadLiteral { width: Width::Word, t, address } => self.load_word(t, address)?,
            Op::LoadIndexed { width, t, n, post, offset } => self.load_indexed(width, t, n, post, offset)?,
            Op::Str { t, n, offset } => self.store32(self.get(n).wrapping_add(offset), self.get(t))?,
            Op::Strb { t, n, offset } => self.store8(self.get(n).wrapping_add(offset), self.get(t))?,
            Op::Strh { t, n, offset } => self.store16(self.get(n).wrapping_add(offset), self.get(t))?,
            Op::StoreReg { width, t, n, m, shift } => self.store(width, t, self.scaled(n, m, shift))?,
            Op::StoreIndexed { width, t, n, post, offset } => self.store_indexed(width, t, n, post, offset)?,
            Op::StoreMultiple { n, list, writeback, before } => self.store_multiple(n, list, writeback, before)?,
            Op::Branch { target } => return Ok(Flow::Jump(target)),
            Op::BranchIf { condition, target } if self.holds(condition) => return Ok(Flow::Jump(target)),
            Op::BranchLink { target } => return Ok(self.link(target, next)),
            Op::BranchZero { n, target } if self.get(n) == 0 => return Ok(Flow::Jump(target)),
            Op::BranchNotZero { n, target } if self.get(n) != 0 => return Ok(Flow::Jump(target)),
            Op::CmpBranch { n, m, condition, offset } => return Ok(self.cmp_branch(n, m, condition, next, offset)),
            Op::CmpImmBranch { n, imm, condition, offset } => {
                return Ok(self.cmp_imm_branch(n, imm, condition, next, offset));
            }
            Op::SubImmBranch { d, n, imm, condition, offset } => {
                return Ok(self.sub_imm_branch((d, n, imm), condition, next, offset));
            }
            Op::LdrsbTwice { t, n, first, t2, n2, second } => self.ldrsb_twice((t, n, first), (t2, n2, second))?,
            Op::LdrsbNextTwice { t, n, t2, n2 } => self.ldrsb_next_twice((t, n), (t2, n2))?,
            Op::LdrsbSmlabb { tn, offset, d, x, y, a } => self.ldrsb_smlabb(tn, offset, (d, x, y, a))?,
            Op::SmladTwice { da, nm, d, n, m, a } => self.smlad_twice(da, nm, (d, n, m, a)),
            Op::BranchExchange { m } => return Ok(Flow::Jump(exchange(self.get(m))?)),
            Op::Push { list } => self.push(list)?,
            Op::SubSp { imm } => self.sub_stack(imm)?,
            Op::ItSkip { condition, halfwords, saved } => return Ok(self.it_skip(condition, halfwords, saved)),
            Op::It => return Ok(Flow::Conditional),
            Op::Special => return Err(Stop::Look),
            Op::Nop | Op::Barrier | Op::BranchIf { .. } | Op::BranchZero { .. } | Op::BranchNotZero { .. } => {}
            Op::Float { float, d, n, m } => self.float(float, d, n, m)?,
            Op::FloatLoad { d, count, n, offset } => self.float_load(d, count, n, offset)?,
            Op::FloatStore { d, count, n, offset } => self.float_store(d, count, n, offset)?,
            op => return self.execute_rare(op, next),
        }
        Ok(Flow::Next)
    }

    /// The instructions that inner loops don't have; here `self.pc` is where to go on.
    #[inline(never)]
    fn execute_rare(&mut self, op: Op, next: u32) -> Result<Flow, Stop> {
        self.pc = next;
        match op {
            Op::LoadMultiple { n, list, writeback, before } => self.load_multiple(n, list, writeback, before)?,
            Op::DataImmC { data, d, n, imm } => self.data(data, true, d, self.get(n), imm, imm >> 31 == 1),
            Op::ShiftReg { shift, s, d, n, m } => self.shift_register(shift, s, d, n, m),
            Op::ExtendAdd { extend, d, n, m, rotate } => self.extend_add(extend, d, n, m, rotate),
            Op::Saturate { sign, d, n, shift, amount, bits } => {
                let (operand, _) = self.shifted(self.get(n), shift, amount);
                let saturated = self.saturated(i64::from(operand as i32), sign, bits);
                self.set(d, saturated);
            }
            Op::Saturate16 { sign, d, n, bits } => self.saturate16(sign, d, n, bits),
            Op::Pack { d, n, m, top, amount } => self.pack(d, n, m, top, amount),
            Op::Long { long, low, high, n, m } => self.long(long, low, high, n, m),
            Op::Divide { sign, d, n, m } => self.divide(sign, d, n, m)?,
            Op::Dsp { dsp, d, n, m, a } => self.dsp(dsp, d, n, m, a),
            Op::LoadLiteral { width, t, address } => self.load(width, t, address)?,
            Op::LoadDouble { t, t2, n, index, offset } => self.load_double(t, t2, n, index, offset)?,
            Op::StoreDouble { t, t2, n, index, offset } => self.store_double(t, t2, n, index, offset)?,
            Op::LoadDoubleLiteral { t, t2, address } => self.load_two(t, t2, address)?,
            Op::LoadExclusive { width, t, n, offset } => self.load_exclusive(width, t, n, offset)?,
            Op::StoreExclusive { width, d, t, n, offset } => self.store_exclusive(width, d, t, n, offset)?,
            Op::ClearExclusive => self.exclusive = false,
            Op::LoadAcquire { width, t, n } => self.load_acquire(width, t, n)?,
            Op::StoreRelease { width, t, n } => self.store_release(width, t, n)?,
            Op::TestTarget { d } => self.test_target(d),
            Op::BranchLinkExchange { m } => {
                self.pc = exchange(self.get(m))?;
                self.r[14] = next | 1;
            }
            Op::BranchReg { m } => self.pc = self.get(m) & !1,
            Op::BranchAdd { m, base } => self.pc = base.wrapping_add(self.get(m)) & !1,
            Op::TableBranch { half, n, m, base } => self.table_branch(half, n, m, base)?,
            Op::LoadPc { n, index, offset } => self.load_pc(n, index, offset)?,
            Op::LoadPcReg { n, m, shift } => self.jump_through(self.scaled(n, m, shift))?,
            Op::LoadPcLiteral { address } => self.jump_through(address)?,
            Op::ReadSystem { d, register } => self.read_system(d, register),
            Op::WriteSystem { n, register, mask } => self.write_system(n, register, mask),
            Op::Mask { disable, primask, faultmask } => self.mask(disable, primask, faultmask),
            Op::Supervisor { imm } => self.call_supervisor(imm),
            Op::Wait { event } => self.wait(event)?,
            Op::SendEvent => self.event = true,
            Op::Breakpoint { imm: 0xab } => self.semihosting()?,
            Op::Breakpoint { imm } => return Err(FaultKind::Breakpoint { number: imm }.into()),
            Op::Undefined => return Err(FaultKind::Undefined { opcode: 0 }.into()),
            Op::Outside => return Err(FaultKind::NotCode { address: self.pc }.into()),
            float => self.execute_float(float)?,
        }
        let jumps = Self::kind(op) == Kind::End || self.pc != next;
        Ok(if jumps { Flow::Jump(self.pc) } else { Flow::Next })
    }

    #[inline(always)]
    fn link(&mut self, target: u32, next: u32) -> Flow {
        self.r[14] = next | 1;
        Flow::Jump(target)
    }

    #[inline(always)]
    fn it_skip(&mut self, condition: u8, halfwords: u8, saved: i8) -> Flow {
        if self.holds(condition) {
            return Flow::Next;
        }
        self.bus.cycles = self.bus.cycles.wrapping_add_signed(-i64::from(saved));
        Flow::Skip(halfwords)
    }

    #[inline(always)]
    fn move_s(&mut self, d: u8, value: u32) {
        self.set_nz(value);
        self.set(d, value);
    }

    #[inline(always)]
    fn add_lsl(&mut self, d: u8, n: u8, m: u8, amount: u8) {
        self.set(d, self.get(n).wrapping_add(self.get(m) << (amount & 31)));
    }

    #[inline(always)]
    fn field(&mut self, field: Field, d: u8, n: u8, lsb: u8, width: u8) {
        self.set(d, field_of(field, self.get(d), self.get(n), lsb, width));
    }

    #[inline(always)]
    pub(super) fn add_s(&mut self, d: u8, a: u32, b: u32, carry: bool) {
        let sum = self.add_with_carry(a, b, carry);
        self.set(d, sum);
    }

    #[inline(always)]
    pub(super) fn compare(&mut self, a: u32, b: u32) {
        self.add_with_carry(a, !b, true);
    }

    #[inline(always)]
    pub(super) fn smlabb(&mut self, d: u8, n: u8, m: u8, a: u8) {
        let product = i32::from(self.get(n) as i16) * i32::from(self.get(m) as i16);
        self.accumulate(d, product.into(), a);
    }

    #[inline(always)]
    pub(super) fn smlad(&mut self, d: u8, n: u8, m: u8, a: u8) {
        let (x, y) = (self.get(n) as i32, self.get(m) as i32);
        let low = i64::from(x as i16) * i64::from(y as i16);
        let high = i64::from(x >> 16) * i64::from(y >> 16);
        self.accumulate(d, low + high, a);
    }

    /// `d` = `product` + `a`; Q where that overflows.
    #[inline(always)]
    pub(super) fn accumulate(&mut self, d: u8, product: i64, a: u8) {
        let sum = product + i64::from(self.get(a) as i32);
        self.q |= sum != i64::from(sum as i32);
        self.set(d, sum as u32);
    }

    #[inline(always)]
    fn scaled(&self, n: u8, m: u8, shift: u8) -> u32 {
        self.get(n).wrapping_add(self.get(m) << (shift & 3))
    }

    #[inline(always)]
    fn load_word(&mut self, t: u8, address: u32) -> Result<(), Stop> {
        let value = self.load32(address)?;
        self.set(t, value);
        Ok(())
    }

    #[inline(always)]
    fn load_byte(&mut self, t: u8, address: u32) -> Result<(), Stop> {
        let value = self.load8(address)?;
        self.set(t, value);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn load_signed_byte(&mut self, t: u8, address: u32) -> Result<(), Stop> {
        let value = self.load8(address)?;
        self.set(t, i32::from(value as i8) as u32);
        Ok(())
    }
}

/// Where a branch to `target` goes, whose lowest bit must say Thumb.
#[inline(always)]
pub(super) fn exchange(target: u32) -> Result<u32, Stop> {
    // The return from an exception is told by its top byte; in ARMv8-M its lowest bit may be zero.
    let sound = target & 1 == 1 || target >> 24 == 0xff;
    if sound { Ok(target & !1) } else { Err(FaultKind::NotThumb { address: target }.into()) }
}

/// `value` rotated right and extended.
#[inline(always)]
pub(super) fn extended(extend: Extend, value: u32, rotate: u8) -> u32 {
    let value = value.rotate_right(rotate.into());
    match extend {
        Extend::SignedHalf => i32::from(value as i16) as u32,
        Extend::UnsignedHalf => value & 0xffff,
        Extend::SignedBytes => i32::from(value as i8) as u32 & 0xffff | (i32::from((value >> 16) as i8) as u32) << 16,
        Extend::UnsignedBytes => value & 0x00ff_00ff,
        Extend::SignedByte => i32::from(value as i8) as u32,
        Extend::UnsignedByte => value & 0xff,
    }
}

#[inline(always)]
fn bits_of(bits: Bits, value: u32) -> u32 {
    match bits {
        Bits::Rev => value.swap_bytes(),
        Bits::Rev16 => value.swap_bytes().rotate_left(16),
        Bits::Rbit => value.reverse_bits(),
        Bits::Revsh => i32::from((value as u16).swap_bytes() as i16) as u32,
        Bits::Clz => value.leading_zeros(),
    }
}

#[inline(always)]
fn field_of(field: Field, old: u32, value: u32, lsb: u8, width: u8) -> u32 {
    let (lsb, above) = (u32::from(lsb) & 31, 32 - u32::from(width.clamp(1, 32)));
    let mask = (u32::MAX >> above) << lsb;
    match field {
        Field::Signed => ((value >> lsb << above) as i32 >> above) as u32,
        Field::Unsigned => value >> lsb << above >> above,
        Field::Insert => old & !mask | (value << lsb) & mask,
        Field::Clear => old & !mask,
    }
}
