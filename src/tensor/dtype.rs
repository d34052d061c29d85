//! Element types: what C has, what ONNX stores as bit patterns (half and smaller floats), and the loop index.

use super::float::Format;

/// The type of an element or of a scalar expression.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the names say it: kind and bits, then the float format's name")]
pub enum DType {
    Bool,
    I2,
    I4,
    I8,
    I16,
    I32,
    I64,
    U2,
    U4,
    U8,
    U16,
    U32,
    U64,
    F4E2M1,
    F8E4M3FN,
    F8E4M3FNUZ,
    F8E5M2,
    F8E5M2FNUZ,
    F8E8M0,
    F16,
    BF16,
    F32,
    F64,
    /// A position in an array or a loop count: an `int32_t` that never overflows, by the bound on sizes.
    Index,
}

impl DType {
    /// Floating point, of any width.
    pub fn is_float(self) -> bool {
        self.format().is_some() || matches!(self, Self::F32 | Self::F64)
    }

    /// An integer, the index included, `Bool` not.
    pub fn is_int(self) -> bool {
        !self.is_float() && self != Self::Bool
    }

    /// An integer that has negative values.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::I2 | Self::I4 | Self::I8 | Self::I16 | Self::I32 | Self::I64 | Self::Index)
    }

    /// The layout of a float that C has no type for; it is stored as bits and computed as `float`.
    pub fn format(self) -> Option<Format> {
        Some(match self {
            Self::F4E2M1 => Format::F4E2M1,
            Self::F8E4M3FN => Format::F8E4M3FN,
            Self::F8E4M3FNUZ => Format::F8E4M3FNUZ,
            Self::F8E5M2 => Format::F8E5M2,
            Self::F8E5M2FNUZ => Format::F8E5M2FNUZ,
            Self::F8E8M0 => Format::F8E8M0,
            Self::F16 => Format::F16,
            Self::BF16 => Format::BF16,
            _ => return None,
        })
    }

    /// Bits of an integer's value.
    pub fn bits(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::I2 | Self::U2 => 2,
            Self::I4 | Self::U4 | Self::F4E2M1 => 4,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 16,
            Self::I32 | Self::U32 | Self::F32 | Self::Index => 32,
            Self::I64 | Self::U64 | Self::F64 => 64,
            _ => 8,
        }
    }

    /// Bytes of one element; types below a byte take one.
    pub fn size(self) -> usize {
        self.bits().div_ceil(8) as usize
    }

    /// The least value of an integer.
    pub fn min(self) -> i64 {
        if self.is_signed() { i64::MIN >> (64 - self.bits()) } else { 0 }
    }

    /// The greatest value of an integer; of `U64` the bits of it.
    pub fn max(self) -> i64 {
        match self {
            Self::U64 => -1,
            Self::I64 => i64::MAX,
            _ if self.is_signed() => (1 << (self.bits() - 1)) - 1,
            _ => (1 << self.bits()) - 1,
        }
    }

    /// An integer taken modulo the width, as a cast in C does; of `U64` the bits.
    pub fn wrap(self, value: i64) -> i64 {
        let unused = 64 - self.bits();
        match self {
            Self::Bool => i64::from(value != 0),
            _ if self.is_signed() => (value << unused) >> unused,
            _ => (((value as u64) << unused) >> unused) as i64,
        }
    }

    /// The type in which sums of this one are kept: half and smaller floats add in `float`.
    #[must_use]
    pub fn sum(self) -> Self {
        if self.format().is_some() { Self::F32 } else { self }
    }

    /// The type of an array's elements in C.
    pub fn storage(self) -> &'static str {
        match self {
            Self::I2 | Self::I4 | Self::I8 => "int8_t",
            Self::I16 => "int16_t",
            Self::I32 | Self::Index => "int32_t",
            Self::I64 => "int64_t",
            Self::U16 | Self::F16 | Self::BF16 => "uint16_t",
            Self::U32 => "uint32_t",
            Self::U64 => "uint64_t",
            Self::F32 => "float",
            Self::F64 => "double",
            _ => "uint8_t",
        }
    }

    /// The type of a variable in C.
    pub fn register(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::F64 => "double",
            _ if self.is_float() => "float",
            _ => self.storage(),
        }
    }

    /// The short word of messages and of C helper names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I2 => "i2",
            Self::I4 => "i4",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U2 => "u2",
            Self::U4 => "u4",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::F4E2M1 => "f4e2m1",
            Self::F8E4M3FN => "f8e4m3fn",
            Self::F8E4M3FNUZ => "f8e4m3fnuz",
            Self::F8E5M2 => "f8e5m2",
            Self::F8E5M2FNUZ => "f8e5m2fnuz",
            Self::F8E8M0 => "f8e8m0",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Index => "index",
        }
    }
}
