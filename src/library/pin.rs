//! Pins of a chip, by the names that vendors print on their boards.

use serde::{Deserialize, Serialize};

/// A pin; written as on the board: `PC7` (ST), `P0.13` (Nordic), `GP25` (Raspberry Pi), `GPIO8`
/// (Espressif).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "u32")]
pub struct Pin(pub u32);

impl TryFrom<String> for Pin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        pin(&text)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a pin: write it as `PC7`, `P0.13`, `GP25` or `GPIO8`"))
    }
}

impl From<Pin> for u32 {
    fn from(pin: Pin) -> Self {
        pin.0
    }
}

fn pin(text: &str) -> Option<u32> {
    let number = |digits: &str, below: u32| digits.parse::<u32>().ok().filter(|number| *number < below);
    if let Some(digits) = text.strip_prefix("GPIO").or_else(|| text.strip_prefix("GP")) {
        return number(digits, 64);
    }
    let rest = text.strip_prefix('P')?;
    if let Some((port, digits)) = rest.split_once('.') {
        return Some(number(port, 4)? * 32 + number(digits, 32)?);
    }
    let port = rest.chars().next().filter(|letter| ('A'..='K').contains(letter))?;
    Some((port as u32 - 'A' as u32) * 16 + number(&rest[1..], 16)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_named_as_on_the_board() {
        assert_eq!(pin("PA5"), Some(5));
        assert_eq!(pin("PC7"), Some(39));
        assert_eq!(pin("P0.13"), Some(13));
        assert_eq!(pin("P1.02"), Some(34));
        assert_eq!(pin("GP25"), Some(25));
        assert_eq!(pin("GPIO8"), Some(8));
        for wrong in ["", "P", "PA16", "PZ1", "P0.32", "GP", "25", "P\u{e9}"] {
            assert_eq!(pin(wrong), None, "{wrong}");
        }
    }
}
