//! Floating-point instructions: arithmetic by `ieee`, moves, loads, stores, conversions (DDI 0403E, A7.7).
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::ieee::{self, Rounding};
use super::op::{Float, Op, Rounded, Sign};
use crate::sim::fault::{Access, FaultKind};
use crate::sim::isa::Stop;

const NEGATIVE: u32 = 1 << 31;

/// The range of an integer of `bits`.
fn range(sign: Sign, bits: u8) -> (i64, i64) {
    match sign {
        Sign::Signed => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        Sign::Unsigned => (0, (1 << bits) - 1),
    }
}

/// The constant of `VMOV.F32` (`VFPExpandImm`).
fn expanded(imm: u8) -> u32 {
    let imm = u32::from(imm);
    let exponent = if imm & 0x40 == 0 { 0x80 } else { 0x7c } | imm >> 4 & 3;
    (imm >> 7) << 31 | exponent << 23 | (imm & 15) << 19
}

impl Cpu {
    fn single(&self, index: u8) -> u32 {
        self.s[usize::from(index & 31)]
    }

    fn set_single(&mut self, index: u8, value: u32) {
        self.s[usize::from(index & 31)] = value;
    }

    /// The FPU faults until the program grants access in CPACR.
    #[inline(always)]
    fn check_fpu(&self) -> Result<(), Stop> {
        if self.fpu_enabled { Ok(()) } else { Err(FaultKind::FpuDisabled.into()) }
    }

    pub(super) fn float(&mut self, float: Float, d: u8, n: u8, m: u8) -> Result<(), Stop> {
        self.check_fpu()?;
        let (a, b, c) = (self.single(n), self.single(m), self.single(d));
        let fpscr = &mut self.fpscr;
        let product = |fpscr: &mut u32| ieee::mul(a, b, fpscr);
        let value = match float {
            Float::Add => ieee::add(a, b, fpscr),
            Float::Sub => ieee::sub(a, b, fpscr),
            Float::Mul => ieee::mul(a, b, fpscr),
            Float::Div => ieee::div(a, b, fpscr),
            Float::Nmul => product(fpscr) ^ NEGATIVE,
            Float::Mla => ieee::add(c, product(fpscr), fpscr),
            Float::Mls => ieee::add(c, product(fpscr) ^ NEGATIVE, fpscr),
            Float::Nmla => ieee::add(c ^ NEGATIVE, product(fpscr) ^ NEGATIVE, fpscr),
            Float::Nmls => ieee::add(c ^ NEGATIVE, product(fpscr), fpscr),
            Float::Fma => ieee::multiply_add(c, a, b, fpscr),
            Float::Fms => ieee::multiply_add(c, a ^ NEGATIVE, b, fpscr),
            Float::Fnma => ieee::multiply_add(c ^ NEGATIVE, a ^ NEGATIVE, b, fpscr),
            Float::Fnms => ieee::multiply_add(c ^ NEGATIVE, a, b, fpscr),
            Float::Mov => b,
            Float::Abs => b & !NEGATIVE,
            Float::Neg => b ^ NEGATIVE,
            Float::Sqrt => ieee::sqrt(b, fpscr),
            Float::Cmp | Float::Cmpe | Float::CmpZero | Float::CmpeZero => {
                let against = if matches!(float, Float::Cmp | Float::Cmpe) { b } else { 0 };
                let signal = matches!(float, Float::Cmpe | Float::CmpeZero);
                let flags = ieee::compare(c, against, signal, fpscr);
                *fpscr = *fpscr & 0x0fff_ffff | flags;
                return Ok(());
            }
            Float::FromHalf(top) => ieee::from_half((b >> if top { 16 } else { 0 }) as u16, fpscr),
            Float::ToHalf(top) => {
                let half = u32::from(ieee::to_half(b, fpscr));
                if top { c & 0xffff | half << 16 } else { c & 0xffff_0000 | half }
            }
            Float::FromInt(sign) => {
                let integer = if sign == Sign::Signed { i64::from(b as i32) } else { i64::from(b) };
                ieee::from_integer(integer, 0, ieee::rounding(*fpscr), fpscr)
            }
            Float::ToInt(sign, rounded) => {
                let mode = if rounded == Rounded::ToZero { Rounding::ToZero } else { ieee::rounding(*fpscr) };
                let (low, high) = range(sign, 32);
                ieee::to_integer(b, 0, low, high, mode, fpscr) as u32
            }
        };
        self.set_single(d, value);
        Ok(())
    }

    /// Moves, multiples and conversions of fixed point.
    pub(super) fn execute_float(&mut self, op: Op) -> Result<(), Stop> {
        self.check_fpu()?;
        match op {
            Op::FloatImm { d, imm } => self.set_single(d, expanded(imm)),
            Op::FromFixed { sign, d, bits, fraction } => self.convert_fixed(sign, d, bits, fraction),
            Op::ToFixed { sign, d, bits, fraction } => {
                let (low, high) = range(sign, bits);
                let a = self.single(d);
                let value = ieee::to_integer(a, fraction, low, high, Rounding::ToZero, &mut self.fpscr);
                self.set_single(d, value as u32);
            }
            Op::FloatLoadLiteral { d, count, address } => self.float_load_words(d, count, address)?,
            Op::FloatLoadMultiple { d, count, n, writeback, before } => {
                let (address, end) = self.block(n, count, before);
                self.float_load_words(d, count, address)?;
                self.set(n, if writeback { end } else { self.get(n) });
            }
            Op::FloatStoreMultiple { d, count, n, writeback, before } => {
                let (address, end) = self.block(n, count, before);
                self.float_store_words(d, count, address)?;
                self.set(n, if writeback { end } else { self.get(n) });
            }
            Op::FloatToCore { t, s } => self.set(t, self.single(s)),
            Op::CoreToFloat { t, s } => self.set_single(s, self.get(t)),
            Op::FloatPairToCore { t, t2, s } => {
                self.set(t, self.single(s));
                self.set(t2, self.single(s + 1));
            }
            Op::CorePairToFloat { t, t2, s } => {
                self.set_single(s, self.get(t));
                self.set_single(s + 1, self.get(t2));
            }
            Op::ReadFpscr { t: 15 } => self.set_flags(self.fpscr),
            Op::ReadFpscr { t } => self.set(t, self.fpscr),
            Op::WriteFpscr { t } => self.fpscr = self.get(t) & 0xf7c0_009f,
            _ => unreachable!("bug: {op:?} is executed elsewhere"),
        }
        Ok(())
    }

    fn convert_fixed(&mut self, sign: Sign, d: u8, bits: u8, fraction: u8) {
        let raw = self.single(d);
        let integer = match (sign, bits) {
            (Sign::Signed, 16) => i64::from(raw as i16),
            (Sign::Signed, _) => i64::from(raw as i32),
            (Sign::Unsigned, 16) => i64::from(raw as u16),
            (Sign::Unsigned, _) => i64::from(raw),
        };
        let value = ieee::from_integer(integer, fraction, Rounding::Nearest, &mut self.fpscr);
        self.set_single(d, value);
    }

    /// First address and new base of a block of `count` words.
    fn block(&self, n: u8, count: u8, before: bool) -> (u32, u32) {
        let (base, bytes) = (self.get(n), u32::from(count) * 4);
        if before { (base.wrapping_sub(bytes), base.wrapping_sub(bytes)) } else { (base, base.wrapping_add(bytes)) }
    }

    #[inline(always)]
    pub(super) fn float_load(&mut self, d: u8, count: u8, n: u8, offset: i16) -> Result<(), Stop> {
        self.check_fpu()?;
        self.float_load_words(d, count, self.get(n).wrapping_add_signed(offset.into()))
    }

    #[inline(always)]
    pub(super) fn float_store(&mut self, d: u8, count: u8, n: u8, offset: i16) -> Result<(), Stop> {
        self.check_fpu()?;
        self.float_store_words(d, count, self.get(n).wrapping_add_signed(offset.into()))
    }

    fn float_load_words(&mut self, d: u8, count: u8, address: u32) -> Result<(), Stop> {
        Self::check_aligned(address, 4, Access::Read)?;
        for index in 0..count {
            let value = self.load32(address.wrapping_add(u32::from(index) * 4))?;
            self.set_single(d + index, value);
        }
        Ok(())
    }

    fn float_store_words(&mut self, d: u8, count: u8, address: u32) -> Result<(), Stop> {
        Self::check_aligned(address, 4, Access::Write)?;
        for index in 0..count {
            self.store32(address.wrapping_add(u32::from(index) * 4), self.single(d + index))?;
        }
        Ok(())
    }
}
