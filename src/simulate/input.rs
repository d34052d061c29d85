//! `FILE@symbol`: bytes for a variable of the program, raw or from a `.npy` file.

use std::path::{Path, PathBuf};

use crate::base::Diag;
use crate::base::npy::{Array, Data};
use crate::world::World;

/// What the user wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputSpec {
    /// The file.
    pub path: PathBuf,
    /// The variable.
    pub symbol: String,
}

/// Bytes for a variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// The file's name, for messages.
    pub name: String,
    /// The variable.
    pub symbol: String,
    /// All bytes; of a `.npy` file, those of its elements.
    pub bytes: Vec<u8>,
}

impl InputSpec {
    /// Reads `FILE@symbol`; a file's name may hold `@`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.rsplit_once('@') {
            Some((path, symbol)) if !path.is_empty() && !symbol.is_empty() => {
                Ok(Self { path: PathBuf::from(path), symbol: symbol.to_string() })
            }
            _ => Err("write FILE@symbol, for example `sample.npy@tml_input`".to_string()),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// `tml::sim::input`
    pub fn read(&self, world: &World) -> Result<Input, Diag> {
        let bytes = read(world, &self.path)?;
        let name = self.path.display().to_string();
        let is_array = self.path.extension().is_some_and(|extension| extension == "npy");
        let bytes = if is_array { elements(&name, &bytes)? } else { bytes };
        Ok(Input { name, symbol: self.symbol.clone(), bytes })
    }
}

/// A file that the user named.
pub(super) fn read(world: &World, path: &Path) -> Result<Vec<u8>, Diag> {
    world
        .files()
        .read(path)
        .map_err(|error| Diag::error("tml::sim::input", format!("`{}` can't be read: {error}", path.display())))
}

fn elements(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Diag> {
    let array = Array::from_bytes(bytes).ok_or_else(|| {
        Diag::error("tml::sim::input", format!("`{name}` is not a `.npy` file that can be read"))
            .help("write it with numpy.save from a C-ordered array of float32, int32, int8 or uint8")
    })?;
    Ok(match array.data {
        Data::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Data::I32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Data::I8(values) => values.iter().map(|value| *value as u8).collect(),
        Data::U8(values) => values,
    })
}

#[cfg(test)]
mod tests {
    use super::InputSpec;

    #[test]
    fn the_last_at_sign_divides() {
        let spec = InputSpec::parse("a@b/c.npy@tml_input").expect("well formed");
        assert_eq!((spec.path.to_str(), spec.symbol.as_str()), (Some("a@b/c.npy"), "tml_input"));
        for text in ["", "file", "@symbol", "file@"] {
            assert!(InputSpec::parse(text).is_err(), "{text}");
        }
    }
}
