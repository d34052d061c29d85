//! Reads the library's TOML files strictly: every mistake becomes a diagnostic at its place, with a did-you-mean.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::base::suggest::nearest;
use crate::base::{Decimal, Diag, Dimension, Quantity, Source, quantity};

/// The record in `source`, or a diagnostic with `code` that calls the file `what` ("board").
pub fn read<T: DeserializeOwned>(source: &Source, code: &'static str, what: &str) -> Result<T, Diag> {
    toml::from_str(source.text()).map_err(|error| explain(source, &error, code, what))
}

fn explain(source: &Source, error: &toml::de::Error, code: &'static str, what: &str) -> Diag {
    let (title, label, help) = sentence(error.message(), what);
    let length = source.text().len();
    let range = error.span().unwrap_or(0..0);
    let diag = Diag::error(code, title).at(&source.span(range.start.min(length)..range.end.min(length)), label);
    match help {
        Some(help) => diag.help(help),
        None => diag,
    }
}

/// Title, label and help from the reader's message.
fn sentence(message: &str, what: &str) -> (String, &'static str, Option<String>) {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") {
        let key = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let help = match nearest(key, known.iter().copied()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        return (format!("a {what} has no key `{key}` here"), "not known", Some(help));
    }
    if message.starts_with("unknown variant") {
        let word = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let help = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", known.join(", ")),
        };
        return (format!("`{word}` is not one of the choices of this key"), "not known", Some(help));
    }
    if message.starts_with("missing field") {
        let key = quoted.next().unwrap_or_default();
        return (format!("this {what} lacks the key `{key}`"), "belongs here", Some(format!("add `{key} = …`")));
    }
    let first = message.lines().next().unwrap_or(message);
    (first.trim_end_matches('.').to_string(), "here", None)
}

/// Reads `"512 KiB"` as bytes that fit an address.
pub fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let quantity = amount(deserializer, Dimension::Size)?;
    u32::try_from(quantity.base).map_err(|_| D::Error::custom("this size is beyond a 32-bit address space"))
}

/// Reads `"120 MHz"`.
pub fn frequency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
    let quantity = amount(deserializer, Dimension::Frequency)?;
    let fits = quantity.base > 0 && quantity.base <= 10_000_000_000_000;
    if fits {
        Ok(quantity)
    } else {
        Err(D::Error::custom("no core has this clock: it is above 0 Hz and at most 10 GHz"))
    }
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D, dimension: Dimension) -> Result<Quantity, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text, dimension).map_err(D::Error::custom)
}

/// `"64 KiB"` as a quantity of `dimension`, or a sentence that says what is wrong with it.
pub fn parse(text: &str, dimension: Dimension) -> Result<Quantity, String> {
    let split = text.find(|letter: char| letter.is_ascii_alphabetic() || letter == '%').unwrap_or(text.len());
    let (number, name) = (text[..split].trim(), text[split..].trim());
    let units = || dimension.units().collect::<Vec<_>>().join(", ");
    let decimal = Decimal::parse(number).ok_or_else(|| format!("`{text}` does not start with a number"))?;
    let (found, factor) = match quantity::unit(name) {
        Some(unit) => unit,
        None if name.is_empty() => return Err(format!("`{text}` needs a unit: {}", units())),
        None => return Err(format!("`{name}` is not a unit: write {}", units())),
    };
    if found != dimension {
        return Err(format!("`{text}` is a {}, but a {} belongs here", found.word(), dimension.word()));
    }
    let base = decimal.times(factor).filter(|base| *base >= 0);
    let base = base.ok_or_else(|| format!("`{text}` is not a whole, positive number of base units"))?;
    Ok(Quantity::new(dimension, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_need_the_right_unit() {
        assert_eq!(parse("512 KiB", Dimension::Size).map(|size| size.base), Ok(524_288));
        assert_eq!(parse("1.5MiB", Dimension::Size).map(|size| size.base), Ok(1_572_864));
        assert!(parse("512", Dimension::Size).expect_err("refused").contains("needs a unit"));
        assert!(parse("512 KB", Dimension::Size).expect_err("refused").contains("`KB` is not a unit"));
        assert!(parse("512 MHz", Dimension::Size).expect_err("refused").contains("is a frequency"));
        assert!(parse("0.5 B", Dimension::Size).is_err());
        assert!(parse("-4 KiB", Dimension::Size).is_err());
    }
}
