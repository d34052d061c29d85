//! Data processing: logic, arithmetic, shifts, saturation, packing, division.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::cycles;
use super::execute::extended;
use super::op::{Data, Extend, Shift, Sign};
use crate::sim::fault::FaultKind;
use crate::sim::isa::Stop;

impl Cpu {
    /// `value` shifted by an amount up to 255, and the carry out (DDI 0403E, A2.2.1).
    #[inline(always)]
    pub(super) fn shifted(&self, value: u32, shift: Shift, amount: u8) -> (u32, bool) {
        let amount = u32::from(amount);
        match shift {
            Shift::Rrx => (value >> 1 | u32::from(self.c) << 31, value & 1 == 1),
            _ if amount == 0 => (value, self.c),
            Shift::Lsl => {
                let wide = if amount > 32 { 0 } else { u64::from(value) << amount };
                (wide as u32, wide >> 32 & 1 == 1)
            }
            Shift::Lsr => {
                let wide = if amount > 32 { 0 } else { u64::from(value) << 32 >> amount };
                ((wide >> 32) as u32, wide >> 31 & 1 == 1)
            }
            Shift::Asr => {
                let wide = (i64::from(value as i32) << 32) >> amount.min(63);
                ((wide >> 32) as u32, wide >> 31 & 1 == 1)
            }
            Shift::Ror => {
                let rotated = value.rotate_right(amount & 31);
                (rotated, rotated >> 31 == 1)
            }
        }
    }

    /// `d` = `a` operation `b`, with flags where `s` says so; `carry` is the operand's carry out.
    #[inline(always)]
    pub(super) fn data(&mut self, data: Data, s: bool, d: u8, a: u32, b: u32, carry: bool) {
        let value = match data {
            Data::And => a & b,
            Data::Eor => a ^ b,
            Data::Orr => a | b,
            Data::Bic => a & !b,
            Data::Orn => a | !b,
            Data::Mov => b,
            Data::Mvn => !b,
            Data::Tst => return self.logic_flags(a & b, carry),
            Data::Teq => return self.logic_flags(a ^ b, carry),
            _ => return self.arithmetic(data, s, d, a, b),
        };
        if s {
            self.logic_flags(value, carry);
        }
        self.set(d, value);
    }

    #[inline(always)]
    fn logic_flags(&mut self, value: u32, carry: bool) {
        self.set_nz(value);
        self.c = carry;
    }

    fn arithmetic(&mut self, data: Data, s: bool, d: u8, a: u32, b: u32) {
        let old = (self.n, self.z, self.c, self.v);
        let carry = self.c;
        let value = match data {
            Data::Add | Data::Cmn => self.add_with_carry(a, b, false),
            Data::Adc => self.add_with_carry(a, b, carry),
            Data::Sbc => self.add_with_carry(a, !b, carry),
            Data::Rsb => self.add_with_carry(!a, b, true),
            _ => self.add_with_carry(a, !b, true),
        };
        if matches!(data, Data::Cmp | Data::Cmn) {
            return;
        }
        if !s {
            (self.n, self.z, self.c, self.v) = old;
        }
        self.set(d, value);
    }

    pub(super) fn shift_register(&mut self, shift: Shift, s: bool, d: u8, n: u8, m: u8) {
        let (value, carry) = self.shifted(self.get(n), shift, self.get(m) as u8);
        if s {
            self.logic_flags(value, carry);
        }
        self.set(d, value);
    }

    pub(super) fn extend_add(&mut self, extend: Extend, d: u8, n: u8, m: u8, rotate: u8) {
        let (a, b) = (self.get(n), extended(extend, self.get(m), rotate));
        let value = if matches!(extend, Extend::SignedBytes | Extend::UnsignedBytes) {
            a.wrapping_add(b) & 0xffff | (a >> 16).wrapping_add(b >> 16) << 16
        } else {
            a.wrapping_add(b)
        };
        self.set(d, value);
    }

    /// `value` in the range of `bits`; Q where it wasn't.
    pub(super) fn saturated(&mut self, value: i64, sign: Sign, bits: u8) -> u32 {
        let (low, high) = match sign {
            Sign::Signed => (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1),
            Sign::Unsigned => (0, (1_i64 << bits) - 1),
        };
        let clamped = value.clamp(low, high);
        self.q |= clamped != value;
        clamped as u32
    }

    pub(super) fn saturate16(&mut self, sign: Sign, d: u8, n: u8, bits: u8) {
        let value = self.get(n) as i32;
        let low = self.saturated(i64::from(value as i16), sign, bits);
        let high = self.saturated(i64::from(value >> 16), sign, bits);
        self.set(d, low & 0xffff | high << 16);
    }

    pub(super) fn pack(&mut self, d: u8, n: u8, m: u8, top: bool, amount: u8) {
        let (a, b) = (self.get(n), self.get(m));
        let value = if top {
            a & 0xffff_0000 | (b as i32 >> amount.min(31)) as u32 & 0xffff
        } else {
            a & 0xffff | (b << (amount & 31)) & 0xffff_0000
        };
        self.set(d, value);
    }

    pub(super) fn divide(&mut self, sign: Sign, d: u8, n: u8, m: u8) -> Result<(), Stop> {
        let (a, b) = (self.get(n), self.get(m));
        let quotient = match sign {
            _ if b == 0 && self.system.traps_division() => return Err(FaultKind::DivideByZero.into()),
            _ if b == 0 => 0,
            Sign::Signed => (a as i32).wrapping_div(b as i32) as u32,
            Sign::Unsigned => a / b,
        };
        self.set(d, quotient);
        let magnitude = if sign == Sign::Signed { (quotient as i32).unsigned_abs() } else { quotient };
        self.bus.wait(cycles::division(magnitude, &self.rules));
        Ok(())
    }
}
