//! Half and smaller floats: IEEE 754-2019 §3.6 interchange formats, bfloat16, and the eight- and four-bit formats of
//! the OCP 8-bit Floating Point and Microscaling Formats specifications (with the FNUZ variants of arXiv 2206.02915).

/// What the top codes mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Special {
    /// Infinity and NaN as in IEEE 754.
    Ieee,
    /// No infinity; NaN is all ones.
    AllOnes,
    /// No infinity; NaN is the code of negative zero.
    NegativeZero,
    /// Neither.
    None,
}

/// A binary float below 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    /// Bits of the exponent.
    pub exponent: u32,
    /// Bits of the fraction.
    pub fraction: u32,
    /// What the exponent's code is above the exponent.
    pub bias: i32,
    /// What the top codes mean.
    pub special: Special,
}

impl Format {
    /// binary16.
    pub const F16: Self = Self::new(5, 10, 15, Special::Ieee);
    /// The upper half of binary32.
    pub const BF16: Self = Self::new(8, 7, 127, Special::Ieee);
    /// OFP8 E4M3.
    pub const F8E4M3FN: Self = Self::new(4, 3, 7, Special::AllOnes);
    /// E4M3 without negative zero.
    pub const F8E4M3FNUZ: Self = Self::new(4, 3, 8, Special::NegativeZero);
    /// OFP8 E5M2.
    pub const F8E5M2: Self = Self::new(5, 2, 15, Special::Ieee);
    /// E5M2 without negative zero.
    pub const F8E5M2FNUZ: Self = Self::new(5, 2, 16, Special::NegativeZero);
    /// MX FP4.
    pub const F4E2M1: Self = Self::new(2, 1, 1, Special::None);
    /// MX scale: a power of two, no sign; conversions to it are rounded by their own rule.
    pub const F8E8M0: Self = Self::new(8, 0, 127, Special::AllOnes);

    const fn new(exponent: u32, fraction: u32, bias: i32, special: Special) -> Self {
        Self { exponent, fraction, bias, special }
    }

    /// Only positive powers of two.
    pub fn is_scale(self) -> bool {
        self.fraction == 0
    }

    /// The code of the greatest finite value.
    pub fn greatest(self) -> u32 {
        match self.special {
            Special::Ieee => (((1 << self.exponent) - 1) << self.fraction) - 1,
            Special::AllOnes => (1 << (self.exponent + self.fraction)) - 2,
            Special::NegativeZero | Special::None => (1 << (self.exponent + self.fraction)) - 1,
        }
    }

    /// The code of NaN; formats without it have zero.
    pub fn nan(self) -> u32 {
        match self.special {
            Special::Ieee => (((1 << self.exponent) - 1) << self.fraction) | (1 << (self.fraction - 1)),
            Special::AllOnes => (1 << (self.exponent + self.fraction)) - 1,
            Special::NegativeZero => 1 << (self.exponent + self.fraction),
            Special::None => 0,
        }
    }

    /// The nearest code, ties to even; beyond the greatest value, that value if `saturate`, else infinity or NaN.
    pub fn encode(self, value: f32, saturate: bool) -> u32 {
        let bits = value.to_bits();
        let magnitude = bits & 0x7fff_ffff;
        if self.is_scale() {
            return self.encode_scale(value);
        }
        let sign = (bits >> 31) << (self.exponent + self.fraction);
        if magnitude > 0x7f80_0000 {
            return if self.special == Special::Ieee { sign | self.nan() } else { self.nan() };
        }
        let overflow = match self.special {
            _ if saturate => sign | self.greatest(),
            Special::Ieee => sign | (self.greatest() + 1),
            Special::AllOnes => sign | self.nan(),
            Special::NegativeZero => self.nan(),
            Special::None => sign | self.greatest(),
        };
        if magnitude == 0x7f80_0000 {
            return overflow;
        }
        let exponent = (magnitude >> 23).max(1) as i32 - 127;
        let significand = (magnitude & 0x7f_ffff) | (u32::from(magnitude >> 23 != 0) << 23);
        let least = 1 - self.bias;
        let unit = exponent.max(least) - self.fraction as i32;
        let shift = (unit - (exponent - 23)).clamp(0, 31) as u32;
        let kept = ((u64::from(significand)) >> shift) as u32;
        let rest = u64::from(significand) & ((1 << shift) - 1);
        let half = (1u64 << shift) >> 1;
        let up = rest > half || (rest == half && shift > 0 && kept & 1 == 1);
        let rounded = kept + u32::from(up);
        let code = (((unit + self.bias + self.fraction as i32 - 1) as u32) << self.fraction) + rounded;
        if code > self.greatest() {
            return overflow;
        }
        if code == 0 && self.special == Special::NegativeZero { 0 } else { sign | code }
    }

    /// The power of two at or above the value, as ONNX's `Cast` rounds by default.
    fn encode_scale(self, value: f32) -> u32 {
        let bits = value.to_bits() & 0x7fff_ffff;
        if bits >= 0x7f80_0000 {
            return self.nan();
        }
        // The least scale, 2^-127, is subnormal as a float.
        if bits <= 0x0040_0000 {
            return 0;
        }
        ((bits >> 23) + u32::from(bits & 0x7f_ffff != 0)).min(self.greatest())
    }

    /// The value of a code.
    pub fn decode(self, code: u32) -> f32 {
        let sign = (code >> (self.exponent + self.fraction)) & 1;
        let magnitude = code & ((1 << (self.exponent + self.fraction)) - 1);
        let nan = match self.special {
            Special::Ieee => magnitude > self.greatest() + 1,
            Special::AllOnes => magnitude == self.nan(),
            Special::NegativeZero => code == self.nan(),
            Special::None => false,
        };
        if nan {
            return f32::NAN;
        }
        let negate = |value: f32| if sign == 1 && !self.is_scale() { -value } else { value };
        if magnitude > self.greatest() {
            return negate(f32::INFINITY);
        }
        let field = (magnitude >> self.fraction) as i32;
        let fraction = magnitude & ((1 << self.fraction) - 1);
        if self.is_scale() {
            return power_of_two(field - self.bias);
        }
        let (significand, field) = if field == 0 { (fraction, 1) } else { (fraction | (1 << self.fraction), field) };
        negate(significand as f32 * power_of_two(field - self.bias - self.fraction as i32))
    }

    /// The value that storing and loading gives.
    pub fn round(self, value: f32, saturate: bool) -> f32 {
        self.decode(self.encode(value, saturate))
    }
}

/// 2 to the power of `exponent`, from -149 to 127.
fn power_of_two(exponent: i32) -> f32 {
    if exponent < -126 {
        f32::from_bits(1 << (149 + exponent).clamp(0, 22))
    } else {
        f32::from_bits(((exponent + 127) as u32) << 23)
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn every_code_comes_back() {
        for (format, bits) in [
            (Format::F16, 16),
            (Format::BF16, 16),
            (Format::F8E4M3FN, 8),
            (Format::F8E4M3FNUZ, 8),
            (Format::F8E5M2, 8),
            (Format::F8E5M2FNUZ, 8),
            (Format::F8E8M0, 8),
            (Format::F4E2M1, 4),
        ] {
            for code in 0..1u32 << bits {
                let value = format.decode(code);
                if !value.is_nan() {
                    assert_eq!(format.encode(value, false), code, "{format:?} {code:#x} is {value}");
                }
            }
        }
    }

    #[test]
    fn greatest_values_are_those_of_the_specifications() {
        let greatest = |format: Format| format.decode(format.greatest());
        assert_eq!(greatest(Format::F16).to_bits(), 65504.0_f32.to_bits());
        assert_eq!(greatest(Format::F8E4M3FN).to_bits(), 448.0_f32.to_bits());
        assert_eq!(greatest(Format::F8E4M3FNUZ).to_bits(), 240.0_f32.to_bits());
        assert_eq!(greatest(Format::F8E5M2).to_bits(), 57344.0_f32.to_bits());
        assert_eq!(greatest(Format::F4E2M1).to_bits(), 6.0_f32.to_bits());
        assert_eq!(Format::F16.round(2049.0, false).to_bits(), 2048.0_f32.to_bits(), "ties go to even");
    }
}
