//! `symbol[:length[:type]]`: memory of the program to show after the run.

use serde_json::{Value, json};

use super::Program;
use crate::base::Diag;
use crate::sim::Machine;

/// How bytes are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    /// Signed bytes.
    I8,
    /// Bytes.
    U8,
    /// Signed halfwords.
    I16,
    /// Halfwords.
    U16,
    /// Signed words.
    I32,
    /// Words.
    U32,
    /// Single-precision floats.
    F32,
}

const ELEMENTS: [(&str, Element, usize); 7] = [
    ("i8", Element::I8, 1),
    ("u8", Element::U8, 1),
    ("i16", Element::I16, 2),
    ("u16", Element::U16, 2),
    ("i32", Element::I32, 4),
    ("u32", Element::U32, 4),
    ("f32", Element::F32, 4),
];

/// What the user wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputSpec {
    /// The variable.
    pub symbol: String,
    /// Bytes; None: as many as it has.
    pub length: Option<u32>,
    /// How they are read; None: as bytes.
    pub element: Option<Element>,
}

/// What a variable held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// The variable.
    pub symbol: String,
    /// Its address.
    pub address: u32,
    /// How its bytes are read.
    pub element: Option<Element>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl OutputSpec {
    /// Reads `symbol[:length[:type]]` or `symbol[:type]`; the length is in bytes.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let symbol = parts.next().filter(|symbol| !symbol.is_empty()).ok_or("a symbol comes first")?;
        let mut spec = Self { symbol: symbol.to_string(), length: None, element: None };
        for part in parts {
            let element = ELEMENTS.iter().find(|(name, ..)| *name == part);
            match (element, part.parse()) {
                (Some((_, element, _)), _) if spec.element.is_none() => spec.element = Some(*element),
                (None, Ok(length)) if length > 0 && spec.length.is_none() && spec.element.is_none() => {
                    spec.length = Some(length);
                }
                _ => {
                    return Err(format!(
                        "`{part}` is neither a number of bytes nor one of i8, u8, i16, u16, i32, u32, f32"
                    ));
                }
            }
        }
        Ok(spec)
    }

    /// Where it lies: address and bytes.
    ///
    /// # Errors
    /// `tml::sim::symbol`, `tml::sim::output`
    pub fn place(&self, program: &Program) -> Result<(u32, u32), Diag> {
        let symbol = program.symbol(&self.symbol)?;
        let wrong = |title: String| Diag::error("tml::sim::output", title);
        let length = match self.length {
            Some(length) => length,
            None if symbol.size > 0 => symbol.size,
            None => {
                return Err(wrong(format!("the image doesn't say how large `{}` is", self.symbol))
                    .help(format!("write `{}:BYTES`", self.symbol)));
            }
        };
        let (name, width) =
            ELEMENTS.iter().find(|one| Some(one.1) == self.element).map_or(("u8", 1), |one| (one.0, one.2));
        if !(length as usize).is_multiple_of(width) {
            return Err(wrong(format!("{length} bytes of `{}` are no whole number of {name}", self.symbol)));
        }
        if program.machine.read(symbol.address, length).is_none() {
            let title =
                format!("{length} bytes at `{}` reach beyond the memory of {}", self.symbol, program.board.name);
            return Err(wrong(title));
        }
        Ok((symbol.address, length))
    }

    /// What it holds now.
    pub(super) fn read(&self, machine: &Machine, (address, length): (u32, u32)) -> Output {
        let bytes = machine.read(address, length).map_or(Vec::new(), <[u8]>::to_vec);
        Output { symbol: self.symbol.clone(), address, element: self.element, bytes }
    }
}

impl Output {
    /// Its values.
    pub fn values(&self) -> Vec<Value> {
        let element = self.element.unwrap_or(Element::U8);
        let width = ELEMENTS.iter().find(|one| one.1 == element).map_or(1, |one| one.2);
        self.bytes.chunks_exact(width).map(|bytes| number(element, bytes)).collect()
    }

    /// Name, address, type and values.
    pub(super) fn value(&self) -> Value {
        let name = ELEMENTS.iter().find(|one| Some(one.1) == self.element).map_or("u8", |one| one.0);
        json!({"symbol": self.symbol, "address": self.address, "type": name, "values": self.values()})
    }
}

fn number(element: Element, bytes: &[u8]) -> Value {
    let half = || u16::from_le_bytes([bytes[0], bytes[1]]);
    let word = || u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    match element {
        Element::I8 => json!(bytes[0] as i8),
        Element::U8 => json!(bytes[0]),
        Element::I16 => json!(half() as i16),
        Element::U16 => json!(half()),
        Element::I32 => json!(word() as i32),
        Element::U32 => json!(word()),
        Element::F32 => match f32::from_bits(word()) {
            value if value.is_finite() => json!(value),
            // JSON has no other floats.
            value => json!(value.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_has_a_symbol_a_length_and_a_type() {
        let parse = |text: &str| OutputSpec::parse(text).map(|spec| (spec.symbol, spec.length, spec.element));
        assert_eq!(parse("x"), Ok(("x".into(), None, None)));
        assert_eq!(parse("x:12"), Ok(("x".into(), Some(12), None)));
        assert_eq!(parse("x:f32"), Ok(("x".into(), None, Some(Element::F32))));
        assert_eq!(parse("x:12:i16"), Ok(("x".into(), Some(12), Some(Element::I16))));
        for text in ["", ":4", "x:", "x:0", "x:i9", "x:4:4", "x:i8:4", "x:-1"] {
            assert!(OutputSpec::parse(text).is_err(), "{text}");
        }
    }
}
