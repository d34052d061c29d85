//! Tensor types as they are written in a spec: `f32[50, 3]`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of one element.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 32-bit IEEE float.
    F32,
    /// Signed 8-bit integer.
    I8,
    /// Unsigned 8-bit integer.
    U8,
    /// Signed 16-bit integer.
    I16,
    /// Signed 32-bit integer.
    I32,
    /// Truth value.
    Bool,
}

impl Element {
    /// Every element type with its name in a spec and in C.
    pub const ALL: &[(Self, &'static str, &'static str)] = &[
        (Self::F32, "f32", "float"),
        (Self::I8, "i8", "int8_t"),
        (Self::U8, "u8", "uint8_t"),
        (Self::I16, "i16", "int16_t"),
        (Self::I32, "i32", "int32_t"),
        (Self::Bool, "bool", "bool"),
    ];

    /// The element type called `name` in a spec.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Its name in a spec.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("?", |row| row.1)
    }

    /// Its C99 type.
    pub fn c_type(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("?", |row| row.2)
    }
}

/// Element type and dimensions; no dimensions means a scalar.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Shape {
    /// Type of one element.
    pub element: Element,
    /// Dimensions, outermost first.
    pub dims: Vec<usize>,
}

impl Shape {
    /// An `f32` tensor.
    pub fn f32(dims: &[usize]) -> Self {
        Self { element: Element::F32, dims: dims.to_vec() }
    }

    /// Number of elements (1 for a scalar).
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// True when a dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.element.name())?;
        if self.dims.is_empty() {
            return Ok(());
        }
        let dims: Vec<String> = self.dims.iter().map(ToString::to_string).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}
