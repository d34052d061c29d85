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

    /// Reads `-1_000.5e-3`; `None` when it isn't a number, or needs more than 36 digits or an exponent beyond ±64.
    pub fn parse(text: &str) -> Option<Self> {
        let clean = text.replace('_', "");
        let (number, exponent) = match clean.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, i32::from(exponent.parse::<i16>().ok()?)),
            None => (clean.as_str(), 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let decimal = Self::new(mantissa, exponent);
        let in_range = decimal.mantissa.unsigned_abs() < 10_u128.pow(36) && decimal.exponent.unsigned_abs() <= 64;
        in_range.then_some(decimal)
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

/// The shortest usual form, which `parse` reads back: plain from 0.01 to ten digits, else with an exponent (`1e-3`).
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let point = digits.len() as i32 + self.exponent;
        match self.exponent {
            0 => write!(f, "{sign}{digits}"),
            1.. if point <= 10 => write!(f, "{sign}{digits}{}", "0".repeat(self.exponent as usize)),
            ..0 if point > 0 => write!(f, "{sign}{}.{}", &digits[..point as usize], &digits[point as usize..]),
            ..0 if point > -2 => write!(f, "{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
            _ => {
                let (first, rest) = digits.split_at(1);
                let dot = if rest.is_empty() { "" } else { "." };
                write!(f, "{sign}{first}{dot}{rest}e{}", point - 1)
            }
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
        let size = self.base.unsigned_abs();
        let chosen = units().find(|unit| size >= unit.2.unsigned_abs()).or_else(|| units().next_back());
        let Some((name, _, unit)) = chosen else { return write!(f, "{}", self.base) };
        let unit = unit.unsigned_abs();
        let (mut whole, rest) = (size / unit, size % unit);
        let mut thousandths = (rest * 1000 + unit / 2) / unit;
        if thousandths == 1000 {
            (whole, thousandths) = (whole + 1, 0);
        }
        let sign = if self.base < 0 { "-" } else { "" };
        let decimals = if thousandths == 0 { String::new() } else { format!(".{thousandths:03}") };
        let gap = if *name == "%" { "" } else { " " };
        write!(f, "{sign}{whole}{}{gap}{name}", decimals.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_print_as_they_are_usually_written() {
        for (written, printed) in [
            ("1e-3", "1e-3"),
            ("0.001", "1e-3"),
            ("0.01", "0.01"),
            ("1_000", "1000"),
            ("1_000.50", "1000.5"),
            ("-0.5", "-0.5"),
            ("-0", "0"),
            ("0.0015", "1.5e-3"),
            ("999999999999999", "999999999999999"),
            ("1e9", "1000000000"),
            ("1e10", "1e10"),
            ("250e12", "2.5e14"),
            ("12e-10", "1.2e-9"),
            ("1.5E+3", "1500"),
        ] {
            assert_eq!(
                Decimal::parse(written).map(|decimal| decimal.to_string()).as_deref(),
                Some(printed),
                "{written}"
            );
        }
    }

    #[test]
    fn decimals_read_back_what_they_print() {
        for mantissa in [0, 1, -1, 15, 999, 123_456_789_012_345_678, 10_i128.pow(36) - 1, 1 - 10_i128.pow(36)] {
            for exponent in -64..=64 {
                let decimal = Decimal::new(mantissa, exponent);
                let read = Decimal::parse(&decimal.to_string());
                assert!(read == Some(decimal) || decimal.exponent > 64, "{mantissa}e{exponent}: {decimal} {read:?}");
            }
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        let zeros = "0".repeat(100_000);
        let far = format!("0.{zeros}1");
        for text in ["", "-", "e3", "1e", "1e-2147483648", "1e2147483647", "1e65", "1.5.2", "0x1", far.as_str()] {
            assert_eq!(Decimal::parse(text), None, "{text:.20}");
        }
        assert_eq!(Decimal::parse("1234567890123456789012345678901234567"), None);
    }

    #[test]
    fn decimals_convert_exactly_or_not_at_all() {
        let decimal = |text| Decimal::parse(text).expect("a number");
        assert_eq!(decimal("1.28").times(1_000_000_000), Some(1_280_000_000));
        assert_eq!(decimal("0.0000000001").times(1_000_000_000), None);
        assert_eq!(decimal("2.5").integer(), None);
        assert_eq!(decimal("25e1").integer(), Some(250));
        assert_eq!(decimal("1e40").times(1), None);
        assert_eq!(decimal("0.1").to_f64().to_bits(), 0.1_f64.to_bits());
    }

    #[test]
    fn quantities_print_in_the_largest_unit_that_fits() {
        let text = |dimension, base| Quantity::new(dimension, base).to_string();
        assert_eq!(text(Dimension::Time, 1_280_000_000), "1.28 s");
        assert_eq!(text(Dimension::Time, 999_999_999), "1000 ms");
        assert_eq!(text(Dimension::Time, -20_000_000), "-20 ms");
        assert_eq!(text(Dimension::Time, 0), "0 us");
        assert_eq!(text(Dimension::Time, 5), "0.005 us");
        assert_eq!(text(Dimension::Size, 65_536), "64 KiB");
        assert_eq!(text(Dimension::Size, 1_000), "1000 B");
        assert_eq!(text(Dimension::Frequency, 64_000_000_000), "64 MHz");
        assert_eq!(text(Dimension::Ratio, 921_234), "92.123%");
        assert_eq!(text(Dimension::Ratio, 1), "0%");
        assert!(text(Dimension::Size, i128::MAX).ends_with(" MiB"));
        assert!(text(Dimension::Energy, i128::MIN).starts_with('-'));
    }

    #[test]
    fn every_unit_is_found_by_its_name() {
        for (name, dimension, size) in UNITS {
            assert_eq!(unit(name), Some((*dimension, *size)));
            assert!(dimension.units().any(|unit| unit == *name));
        }
        assert_eq!(unit("KB"), None);
    }
}
