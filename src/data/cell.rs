//! One cell: a number, a missing value, or text; and when two labels are the same.

/// What a cell holds for a numeric channel.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell {
    /// A finite number.
    Number(f32),
    /// Empty or a missing marker.
    Missing,
    /// Anything else.
    Text,
}

/// Words that mean "no value", in any case.
const MISSING: &[&str] = &["", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "?", "-"];

/// True when the cell has no value.
pub fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Reads a trimmed cell as a finite `f32`, correctly rounded. Strict: no thousands separators, units, or infinities.
pub fn number(text: &str, decimal_comma: bool) -> Cell {
    let swapped = (decimal_comma && text.contains(',')).then(|| text.replace(',', "."));
    // In a decimal-comma file a point can only group thousands: `1.234` would be read a thousand times too small.
    if decimal_comma && text.contains('.') {
        return Cell::Text;
    }
    let digits = swapped.as_deref().unwrap_or(text);
    // `f32::from_str` also takes words such as `inf`.
    let plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    match digits.parse::<f32>() {
        // Minus zero equals zero, but its bits don't; equal rows are found by their bits.
        Ok(value) if plain && value.is_finite() => Cell::Number(value + 0.0),
        _ if is_missing(text) => Cell::Missing,
        _ => Cell::Text,
    }
}

/// Why `text` isn't a number, for people, when there is more to say than that.
pub fn why_not(text: &str, decimal_comma: bool) -> Option<&'static str> {
    let lower = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let digits = |byte: u8| byte.is_ascii_digit();
    if lower == "inf" || lower == "infinity" {
        return Some("infinity can't be trained on");
    }
    if matches!(lower.as_str(), "true" | "false" | "yes" | "no") {
        return Some("a truth value; take it as `onehot(column, [\"…\", \"…\"])`");
    }
    let (first, last) = (lower.bytes().next()?, lower.bytes().last()?);
    if decimal_comma && lower.contains('.') && digits(first) {
        return Some("the spec says `decimal = comma`, but this has a point");
    }
    if lower.matches(',').count() == 1 && !lower.contains('.') && digits(first) && digits(last) {
        return Some("a decimal comma? write `decimal = comma`");
    }
    if lower.contains(',') && digits(first) {
        return Some("thousands separators aren't read");
    }
    if text.parse::<f64>().is_ok_and(f64::is_finite) || text.parse::<f32>().is_ok_and(f32::is_infinite) {
        return Some("too large for a 32-bit float");
    }
    (digits(first) && !digits(last)).then_some("a unit in the cell?")
}

/// True when a cell's text means the name in the spec: the same text, or the same number (`1.0` is `1`).
pub fn same(cell: &str, name: &str) -> bool {
    let value = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    cell == name || matches!((value(cell), value(name)), (Some(a), Some(b)) if a.to_bits() == b.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_strict() {
        for (text, value) in [("1", 1.0), ("-0.5", -0.5), ("+2e-3", 2e-3), (".5", 0.5), ("5.", 5.0), ("-0", 0.0)] {
            assert_eq!(number(text, false), Cell::Number(value), "{text}");
        }
        assert_eq!(number("-0", false), Cell::Number(0.0));
        assert!(matches!(number("-0", false), Cell::Number(zero) if zero.to_bits() == 0));
        for text in ["inf", "-Infinity", "1,5", "0x10", "1 000", "5%", "12 ms", "1e39", "e", "--1", "1_000"] {
            assert_eq!(number(text, false), Cell::Text, "{text}");
        }
        for text in ["", "NaN", "nan", "NA", "?", "-", "null", "#N/A", "None"] {
            assert_eq!(number(text, false), Cell::Missing, "{text}");
        }
        assert_eq!(number("1,5", true), Cell::Number(1.5));
        assert_eq!(number("-1,5E-1", true), Cell::Number(-0.15));
        assert_eq!(number("1.234", true), Cell::Text);
        assert_eq!(number("1.234,5", true), Cell::Text);
    }

    #[test]
    fn labels_are_equal_by_number_too() {
        assert!(same("1.0", "1") && same("-1", "-1.000000") && same("b", "b"));
        assert!(!same("B", "b") && !same("1.5", "1") && !same("nan", "NaN "));
    }
}
