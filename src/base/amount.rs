//! Numbers for people. Rounding never makes one look better than it is: what should be large is rounded down,
//! what should be small up.

use super::quantity::Decimal;

/// Which way to round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Toward {
    /// A value that should be large, or a margin.
    Less,
    /// A value that should be small.
    More,
}

impl Toward {
    /// For a value under this relation.
    pub fn of(relation: &str) -> Self {
        if relation == ">=" { Self::Less } else { Self::More }
    }

    fn round(self, value: f64) -> f64 {
        // A value within an ulp's noise of a whole step is that step: 0.57 × 100 is 56.99999999999999.
        let nearest = value.round();
        if (value - nearest).abs() < 1e-6 {
            return nearest;
        }
        if self == Self::Less { value.floor() } else { value.ceil() }
    }
}

/// `value` of `unit` (`ratio`, `s`, `B`, `number`, or a word): `97.2%`, `3.14 ms`, `71.2 KiB`, `0.5`, `2 per hour`.
pub fn amount(value: f64, unit: &str, toward: Toward) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    // Rounding is of the signed value.
    let toward = if value < 0.0 { if toward == Toward::Less { Toward::More } else { Toward::Less } } else { toward };
    let size = value.abs();
    let text = match unit {
        "ratio" => format!("{}%", decimals(size * 100.0, 2, toward)),
        "s" => time(size, toward),
        "B" => bytes(size, toward),
        "number" => digits(size, Some(toward)),
        other => format!("{} {other}", decimals(size, 2, toward)),
    };
    format!("{sign}{text}")
}

/// A plain number with four digits that count, rounded to the nearest: `0.5`, `123.4`, `-1.5e-3`.
pub fn number(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", digits(value.abs(), None))
}

/// Four digits that count of a number that isn't negative.
fn digits(value: f64, toward: Option<Toward>) -> String {
    let text = format!("{value:.3e}");
    let parts = text.split_once('e').and_then(|(digits, exponent)| {
        Some((digits.replace('.', "").parse::<i128>().ok()?, exponent.parse::<i32>().ok()?))
    });
    let Some((nearest, exponent)) = parts else { return text };
    // As with other amounts, noise in the last bits is no amount.
    let off = (text.parse::<f64>().unwrap_or(value) - value) / value.max(f64::MIN_POSITIVE);
    let mantissa = match toward {
        Some(Toward::Less) if off > 1e-9 => nearest - 1,
        Some(Toward::More) if off < -1e-9 => nearest + 1,
        _ => nearest,
    };
    Decimal::new(mantissa, exponent - 3).to_string()
}

/// At most `places` decimals, without trailing zeros.
fn decimals(value: f64, places: usize, toward: Toward) -> String {
    let scale = [1.0, 10.0, 100.0, 1000.0][places.min(3)];
    let text = format!("{:.places$}", toward.round(value * scale) / scale);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

fn time(seconds: f64, toward: Toward) -> String {
    let (value, unit) = match seconds {
        seconds if seconds >= 1.0 => (seconds, "s"),
        seconds if seconds >= 1e-3 => (seconds * 1e3, "ms"),
        seconds => (seconds * 1e6, "us"),
    };
    let places = if value >= 100.0 { 1 } else { 2 };
    format!("{} {unit}", decimals(value, places, toward))
}

/// Bytes for people: whole below a KiB, then with one decimal.
pub fn bytes(bytes: f64, toward: Toward) -> String {
    let (value, unit) = match bytes {
        bytes if bytes >= 1024.0 * 1024.0 => (bytes / 1024.0 / 1024.0, "MiB"),
        bytes if bytes >= 1024.0 => (bytes / 1024.0, "KiB"),
        bytes => return format!("{} B", decimals(bytes, 0, toward)),
    };
    format!("{} {unit}", decimals(value, 1, toward))
}

/// `1_234_567` as `1,234,567`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_never_flatters() {
        assert_eq!(amount(0.949_96, "ratio", Toward::Less), "94.99%");
        assert_eq!(amount(0.95, "ratio", Toward::Less), "95%");
        assert_eq!(amount(0.57, "ratio", Toward::Less), "57%");
        assert_eq!(amount(65_537.0, "B", Toward::More), "64.1 KiB");
        assert_eq!(amount(-1.0, "B", Toward::Less), "-1 B");
        assert_eq!(amount(-0.000_04, "ratio", Toward::Less), "-0.01%");
        assert_eq!(amount(0.020_000_1, "s", Toward::More), "20.01 ms");
    }

    #[test]
    fn plain_numbers_have_four_digits_that_count() {
        let shown = |value, toward| amount(value, "number", toward);
        assert_eq!(shown(0.123_456, Toward::More), "0.1235");
        assert_eq!(shown(0.123_456, Toward::Less), "0.1234");
        assert_eq!(shown(-0.123_456, Toward::Less), "-0.1235");
        assert_eq!((shown(0.5, Toward::More), shown(0.0, Toward::Less)), ("0.5".into(), "0".into()));
        assert_eq!(
            (number(9_999.96), number(0.000_123_44), number(-2.0)),
            ("10000".into(), "1.234e-4".into(), "-2".into())
        );
        assert_eq!((number(f64::INFINITY), number(1e300)), ("inf".into(), "1e300".into()));
        assert_eq!(amount(1.999, "per hour", Toward::More), "2 per hour");
    }

    #[test]
    fn units_follow_the_size() {
        assert_eq!(amount(0.000_012, "s", Toward::More), "12 us");
        assert_eq!(amount(1.5, "s", Toward::More), "1.5 s");
        assert_eq!(amount(3.0 * 1024.0 * 1024.0, "B", Toward::More), "3 MiB");
        assert_eq!((grouped(1_234_567), grouped(999), grouped(0)), ("1,234,567".into(), "999".into(), "0".into()));
    }
}
