//! Floating-point instructions: arithmetic by `ieee`, moves, loads, stores, conversions (DDI 0403E, A7.7).
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::exceptions::FLOATS;
use super::ieee::{self, Arithmetic, Format, Rounding};
use super::op::{Float, Op, Rounded, Sign};
use crate::sim::fault::{Access, FaultKind};
use crate::sim::isa::Stop;

/// The range of an integer of `bits`.
fn range(sign: Sign, bits: u8) -> (i64, i64) {
    match sign {
        Sign::Signed => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        Sign::Unsigned => (0, (1 << bits) - 1),
    }
}

/// The constant of `VMOV` (`VFPExpandImm`): a sign, an exponent of three bits, a fraction of four.
fn expanded<F: Format>(imm: u8) -> F {
    let imm = u64::from(imm);
    let low = (1 << (F::EXPONENT - 3)) - 1;
    let exponent = if imm & 0x40 == 0 { 1 << (F::EXPONENT - 1) } else { low << 2 } | imm >> 4 & 3;
    F::signed(imm >> 7 == 1, exponent << F::FRACTION | (imm & 15) << (F::FRACTION - 4))
}

/// How a conversion rounds.
fn mode(rounded: Rounded, fpscr: u32) -> Rounding {
    match rounded {
        Rounded::ToZero => Rounding::ToZero,
        Rounded::AsSet => ieee::rounding(fpscr),
        Rounded::Away => Rounding::Away,
        Rounded::Nearest => Rounding::Nearest,
        Rounded::Up => Rounding::Up,
        Rounded::Down => Rounding::Down,
    }
}

/// What computes a number from numbers of the same format: `a` and `b` are the operands, `c` the destination.
#[inline(always)]
fn computed<F: Arithmetic>(float: Float, a: F, b: F, c: F, fpscr: &mut u32) -> F {
    let product = |fpscr: &mut u32| ieee::mul(a, b, fpscr);
    match float {
        Float::Add => ieee::add(a, b, fpscr),
        Float::Sub => ieee::sub(a, b, fpscr),
        Float::Mul => product(fpscr),
        Float::Div => ieee::div(a, b, fpscr),
        Float::Nmul => product(fpscr).negated(),
        Float::Mla => ieee::add(c, product(fpscr), fpscr),
        Float::Mls => ieee::add(c, product(fpscr).negated(), fpscr),
        Float::Nmla => ieee::add(c.negated(), product(fpscr).negated(), fpscr),
        Float::Nmls => ieee::add(c.negated(), product(fpscr), fpscr),
        Float::Fma => ieee::multiply_add(c, a, b, fpscr),
        Float::Fms => ieee::multiply_add(c, a.negated(), b, fpscr),
        Float::Fnma => ieee::multiply_add(c.negated(), a.negated(), b, fpscr),
        Float::Fnms => ieee::multiply_add(c.negated(), a, b, fpscr),
        Float::Mov => b,
        Float::Abs => b.absolute(),
        Float::Neg => b.negated(),
        Float::Sqrt => ieee::sqrt(b, fpscr),
        Float::Maximum => ieee::maximum(a, b, fpscr),
        Float::Minimum => ieee::minimum(a, b, fpscr),
        Float::Round(rounded) => ieee::round_to_integer(b, mode(rounded, *fpscr), false, fpscr),
        Float::RoundExact => ieee::round_to_integer(b, ieee::rounding(*fpscr), true, fpscr),
        _ => unreachable!("bug: {float:?} changes the format"),
    }
}

/// `VCMP` and its kin: the flags go to FPSCR.
fn compared<F: Format>(float: Float, a: F, b: F, fpscr: &mut u32) {
    let against = if matches!(float, Float::Cmp | Float::Cmpe) { b } else { F::from_bits(0) };
    let flags = ieee::compare(a, against, matches!(float, Float::Cmpe | Float::CmpeZero), fpscr);
    *fpscr = *fpscr & 0x0fff_ffff | flags;
}

/// An integer of 32 bits to a float.
fn from_word<F: Format>(sign: Sign, word: u32, fpscr: &mut u32) -> F {
    let integer = if sign == Sign::Signed { i64::from(word as i32) } else { i64::from(word) };
    ieee::from_integer(integer, 0, ieee::rounding(*fpscr), fpscr)
}

/// A float to an integer of 32 bits.
fn to_word<F: Format>(sign: Sign, rounded: Rounded, a: F, fpscr: &mut u32) -> u32 {
    ieee::to_integer(a, 0, range(sign, 32), mode(rounded, *fpscr), fpscr) as u32
}

/// `half` in the top or the bottom of `word`.
fn with_half(word: u32, top: bool, half: u16) -> u32 {
    if top { word & 0xffff | u32::from(half) << 16 } else { word & 0xffff_0000 | u32::from(half) }
}

impl Cpu {
    fn single(&self, index: u8) -> u32 {
        self.s[usize::from(index & 31)]
    }

    fn set_single(&mut self, index: u8, value: u32) {
        self.s[usize::from(index & 31)] = value;
    }

    /// The double in the pair of singles from `index`.
    fn double(&self, index: u8) -> u64 {
        u64::from(self.single(index)) | u64::from(self.single(index | 1)) << 32
    }

    fn set_double(&mut self, index: u8, value: u64) {
        self.set_single(index, value as u32);
        self.set_single(index | 1, (value >> 32) as u32);
    }

    /// The FPU faults until the program grants access in CPACR.
    #[inline(always)]
    fn check_fpu(&mut self) -> Result<(), Stop> {
        if self.float_ready { Ok(()) } else { self.start_floats() }
    }

    /// The first use since floats became free to use: handlers must save them from now on (`ExecuteFPCheck`).
    #[cold]
    fn start_floats(&mut self) -> Result<(), Stop> {
        if !self.fpu_enabled {
            return Err(FaultKind::FpuDisabled.into());
        }
        if self.system.notes_floats() && self.control & FLOATS == 0 {
            self.control |= FLOATS;
            self.fpscr = self.system.default_fpscr();
        }
        self.float_ready = true;
        Ok(())
    }

    pub(super) fn float(&mut self, float: Float, d: u8, n: u8, m: u8) -> Result<(), Stop> {
        self.check_fpu()?;
        let (a, b, c) = (self.single(n), self.single(m), self.single(d));
        let fpscr = &mut self.fpscr;
        let value = match float {
            Float::Cmp | Float::Cmpe | Float::CmpZero | Float::CmpeZero => {
                compared(float, c, b, fpscr);
                return Ok(());
            }
            Float::FromHalf(top) => ieee::from_half((b >> if top { 16 } else { 0 }) as u16, fpscr),
            Float::ToHalf(top) => with_half(c, top, ieee::to_half(b, fpscr)),
            Float::FromInt(sign) => from_word(sign, b, fpscr),
            Float::ToInt(sign, rounded) => to_word(sign, rounded, b, fpscr),
            _ => computed(float, a, b, c, fpscr),
        };
        self.set_single(d, value);
        Ok(())
    }

    /// The same on doubles; where the format changes, one side is a single register.
    fn double_float(&mut self, float: Float, d: u8, n: u8, m: u8) {
        let (a, b, c) = (self.double(n & 0x1e), self.double(m & 0x1e), self.double(d & 0x1e));
        let (word, old) = (self.single(m), self.single(d));
        let fpscr = &mut self.fpscr;
        let narrow = match float {
            Float::Cmp | Float::Cmpe | Float::CmpZero | Float::CmpeZero => return compared(float, c, b, fpscr),
            Float::ToHalf(top) => with_half(old, top, ieee::to_half(b, fpscr)),
            Float::ToInt(sign, rounded) => to_word(sign, rounded, b, fpscr),
            Float::Narrow => ieee::resize(b, fpscr),
            _ => {
                let value = match float {
                    Float::FromHalf(top) => ieee::from_half((word >> if top { 16 } else { 0 }) as u16, fpscr),
                    Float::FromInt(sign) => from_word(sign, word, fpscr),
                    Float::Widen => ieee::resize(word, fpscr),
                    _ => computed(float, a, b, c, fpscr),
                };
                return self.set_double(d, value);
            }
        };
        self.set_single(d, narrow);
    }

    /// `VSEL`.
    fn float_select(&mut self, double: bool, condition: u8, d: u8, n: u8, m: u8) {
        let chosen = if self.holds(condition) { n } else { m };
        if double { self.set_double(d, self.double(chosen)) } else { self.set_single(d, self.single(chosen)) }
    }

    /// Moves, multiples and conversions of fixed point.
    pub(super) fn execute_float(&mut self, op: Op) -> Result<(), Stop> {
        self.check_fpu()?;
        match op {
            Op::Double { float, d, n, m } => self.double_float(float, d, n, m),
            Op::FloatSelect { double, condition, d, n, m } => self.float_select(double, condition, d, n, m),
            Op::FloatImm { double: false, d, imm } => self.set_single(d, expanded(imm)),
            Op::FloatImm { double: true, d, imm } => self.set_double(d, expanded(imm)),
            Op::FromFixed { double, sign, d, bits, fraction } => {
                self.convert_from_fixed(double, sign, d, bits, fraction);
            }
            Op::ToFixed { double, sign, d, bits, fraction } => self.convert_to_fixed(double, sign, d, bits, fraction),
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

    fn convert_from_fixed(&mut self, double: bool, sign: Sign, d: u8, bits: u8, fraction: u8) {
        let raw = self.single(d);
        let integer = match (sign, bits) {
            (Sign::Signed, 16) => i64::from(raw as i16),
            (Sign::Signed, _) => i64::from(raw as i32),
            (Sign::Unsigned, 16) => i64::from(raw as u16),
            (Sign::Unsigned, _) => i64::from(raw),
        };
        if double {
            let value = ieee::from_integer(integer, fraction, Rounding::Nearest, &mut self.fpscr);
            self.set_double(d, value);
        } else {
            let value = ieee::from_integer(integer, fraction, Rounding::Nearest, &mut self.fpscr);
            self.set_single(d, value);
        }
    }

    /// The integer is extended to the width of its register.
    fn convert_to_fixed(&mut self, double: bool, sign: Sign, d: u8, bits: u8, fraction: u8) {
        let (range, mode) = (range(sign, bits), Rounding::ToZero);
        if double {
            let value = ieee::to_integer(self.double(d), fraction, range, mode, &mut self.fpscr);
            self.set_double(d, value as u64);
        } else {
            let value = ieee::to_integer(self.single(d), fraction, range, mode, &mut self.fpscr);
            self.set_single(d, value as u32);
        }
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
