//! Quantities with dimensions, kept as exact integers in base units (ns, mHz, bytes, nJ, ppm).

use std::fmt;

/// What a quantity measures; decides its base unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dimension {
    /// Nanoseconds.
    Time,
    /// Millihertz.
    Frequency,
    /// Bytes.
    Size,
    /// Nanojoules.
    Energy,
    /// Parts per million.
    Ratio,
}

/// Every unit: name, dimension, how many base units it is. The largest first within a dimension.
pub const UNITS: &[(&str, Dimension, i128)] = &[
    ("min", Dimension::Time, 60_000_000_000),
    ("s", Dimension::Time, 1_000_000_000),
    ("ms", Dimension::Time, 1_000_000),
    ("us", Dimension::Time, 1_000),
    ("MHz", Dimension::Frequency, 1_000_000_000),
    ("kHz", Dimension::Frequency, 1_000_000),
    ("Hz", Dimension::Frequency, 1_000),
    ("MiB", Dimension::Size, 1 << 20),
    ("MB", Dimension::Size, 1_000_000),
    ("KiB", Dimension::Size, 1 << 10),
    ("kB", Dimension::Size, 1_000),
    ("B", Dimension::Size, 1),
    ("J", Dimension::Energy, 1_000_000_000),
    ("mJ", Dimension::Energy, 1_000_000),
    ("uJ", Dimension::Energy, 1_000),
    ("%", Dimension::Ratio, 10_000),
];

impl Dimension {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Frequency => "frequency",
            Self::Size => "size",
            Self::Energy => "energy",
            Self::Ratio => "ratio",
        }
    }

    /// Names of its units, largest first.
    pub fn units(self) -> impl Iterator<Item = &'static str> {
        UNITS.iter().filter(move |unit| unit.1 == self).map(|unit| unit.0)
    }
}

/// Dimension and base units per unit of the unit called `name`.
pub fn unit(name: &str) -> Option<(Dimension, i128)> {
    UNITS.iter().find(|unit| unit.0 == name).map(|unit| (unit.1, unit.2))
}

/// A decimal number exactly as written: `mantissa × 10^exponent`. Never a float, so that it hashes and prints exactly.
/// Equal values are equal: trailing zeros are removed on construction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// `mantissa × 10^exponent`.
    pub fn new(mut mantissa: i128, mut exponent: i32) -> Self {
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        if mantissa == 0 {
            exponent = 0;
        }
        Self { mantissa, exponent }
    }

    /// Reads `-1_000.5e-3`; `None` when it isn't a number or needs more than 36 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let clean = text.replace('_', "");
        let (number, exponent) = match clean.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (clean.as_str(), 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
        let in_range = mantissa.unsigned_abs() < 10_u128.pow(36) && exponent.abs() <= 64;
        in_range.then(|| Self::new(mantissa, exponent - fraction.len() as i32))
    }

    /// The value times `factor`, when that is a whole number that fits.
    pub fn times(self, factor: i128) -> Option<i128> {
        let product = self.mantissa.checked_mul(factor)?;
        let power = 10_i128.checked_pow(self.exponent.unsigned_abs())?;
        if self.exponent >= 0 { product.checked_mul(power) } else { (product % power == 0).then(|| product / power) }
    }

    /// The value as a whole number, if it is one.
    pub fn integer(self) -> Option<i128> {
        self.times(1)
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        // The standard parser rounds correctly, which a multiplication by a power of ten would not.
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let point = digits.len() as i32 + self.exponent;
        match self.exponent {
            0 => write!(f, "{sign}{digits}"),
            1..=9 => write!(f, "{sign}{digits}{}", "0".repeat(self.exponent as usize)),
            _ if point > 0 && self.exponent < 0 => {
                write!(f, "{sign}{}.{}", &digits[..point as usize], &digits[point as usize..])
            }
            _ if point > -3 && self.exponent < 0 => {
                write!(f, "{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
            }
            _ => write!(f, "{sign}{digits}e{}", self.exponent),
        }
    }
}

/// A measured amount in base units of its dimension.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Quantity {
    /// What it measures.
    pub dimension: Dimension,
    /// How many base units (ns, mHz, bytes, nJ, ppm).
    pub base: i128,
}

impl Quantity {
    /// `base` base units of `dimension`.
    pub fn new(dimension: Dimension, base: i128) -> Self {
        Self { dimension, base }
    }

    /// In SI units or as a plain ratio: seconds, hertz, bytes, joules, 0 to 1.
    pub fn to_f64(self) -> f64 {
        let per = match self.dimension {
            Dimension::Time | Dimension::Energy => 1e9,
            Dimension::Frequency => 1e3,
            Dimension::Size => 1.0,
            Dimension::Ratio => 1e6,
        };
        self.base as f64 / per
    }
}

/// For people: the largest unit in which the number is at least one, with up to three decimals.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = || UNITS.iter().filter(|unit| unit.1 == self.dimension && !matches!(unit.0, "MB" | "kB" | "min"));
        let chosen = units().find(|unit| self.base.abs() >= unit.2).or_else(|| units().next_back());
        let Some((name, _, size)) = chosen else { return write!(f, "{}", self.base) };
        let thousandths = (self.base * 1000 + size / 2).div_euclid(*size);
        let number = Decimal::new(thousandths, -3);
        let gap = if *name == "%" { "" } else { " " };
        write!(f, "{number}{gap}{name}")
    }
}
