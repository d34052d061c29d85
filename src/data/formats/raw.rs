//! Numbers without a header: `shape` of `element` again and again, little-endian, optionally scaled.

use super::numbers::Numbers;

/// How a raw file is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Raw {
    /// Type of a number.
    pub element: Number,
    /// Bytes above the first recording.
    pub offset: usize,
    /// Values of a recording.
    pub width: usize,
    /// What one step of a number means.
    pub scale: f32,
    /// The number that means 0.
    pub zero: f32,
}

/// Types of numbers in files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Number {
    /// Signed, of 8, 16, 32, 64 bits.
    Signed(u8),
    /// Unsigned, of 8, 16, 32, 64 bits.
    Unsigned(u8),
    /// IEEE, of 16, 32, 64 bits.
    Float(u8),
}

impl Number {
    /// The type called `word` in a spec.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "i8" => Self::Signed(8),
            "i16" => Self::Signed(16),
            "i32" => Self::Signed(32),
            "u8" => Self::Unsigned(8),
            "u16" => Self::Unsigned(16),
            "u32" => Self::Unsigned(32),
            "f32" => Self::Float(32),
            "f64" => Self::Float(64),
            _ => return None,
        })
    }

    /// Bytes of one number.
    pub fn size(self) -> usize {
        let (Self::Signed(bits) | Self::Unsigned(bits) | Self::Float(bits)) = self;
        usize::from(bits / 8)
    }

    /// The numbers in `bytes`, rounded to `f32`; a piece of one at the end is left out.
    pub fn read(self, bytes: &[u8], big_endian: bool) -> Vec<f32> {
        let word = |chunk: &[u8]| {
            let mut word = [0_u8; 8];
            for (at, byte) in chunk.iter().enumerate() {
                word[if big_endian { chunk.len() - 1 - at } else { at }] = *byte;
            }
            u64::from_le_bytes(word)
        };
        let value = |chunk: &[u8]| {
            let word = word(chunk);
            match self {
                Self::Signed(bits) => ((word << (64 - bits)) as i64 >> (64 - bits)) as f32,
                Self::Unsigned(_) => word as f32,
                Self::Float(16) => half(word as u16),
                Self::Float(32) => f32::from_bits(word as u32),
                Self::Float(_) => f64::from_bits(word) as f32,
            }
        };
        bytes.chunks_exact(self.size()).map(value).collect()
    }
}

/// IEEE binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction / 16_777_216.0,
        31 if fraction > 0.0 => f32::NAN,
        31 => f32::INFINITY,
        _ => (1024.0 + fraction) * f32::from_bits(((exponent - 25 + 127) as u32) << 23),
    }
}

/// The recordings of a file; the error completes the sentence "`file` …".
pub fn read(bytes: &[u8], raw: &Raw) -> Result<Numbers, String> {
    let body = bytes.get(raw.offset..).unwrap_or_default();
    let each = raw.width * raw.element.size();
    if body.is_empty() || each == 0 || !body.len().is_multiple_of(each) {
        let above = if raw.offset > 0 { format!(" behind the first {}", raw.offset) } else { String::new() };
        return Err(format!("has {} bytes{above}, which isn't a multiple of the {each} of a recording", body.len()));
    }
    let mut x = raw.element.read(body, false);
    x.iter_mut().for_each(|value| *value = (*value - raw.zero) * raw.scale);
    Numbers::rows(x, raw.width)
}
