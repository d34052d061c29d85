//! The wire format of protocol buffers (protobuf.dev, "Encoding"): fields of a message, every length checked.

/// Why bytes are not a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// What was wrong.
    pub what: &'static str,
}

/// A field's value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: a message, a text, bytes or packed numbers.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32(u32),
}

/// The fields of a message, in order.
#[derive(Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Of a message's bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field's number and value.
    ///
    /// # Errors
    /// The bytes are not a message.
    pub fn field(&mut self) -> Result<Option<(u64, Value<'a>)>, Broken> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| Broken { what: "a length beyond the file" })?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Broken { what: "a wire type that protocol buffers don't have" }),
        };
        Ok(Some((key >> 3, value)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (head, tail) = self.rest.split_at_checked(length).ok_or(Broken { what: "a length beyond the file" })?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| Broken { what: "a number beyond the file" })
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken { what: "a number longer than ten bytes" })
    }
}

impl<'a> Value<'a> {
    /// A message, a text or bytes.
    ///
    /// # Errors
    /// The field has another wire type.
    pub fn bytes(self) -> Result<&'a [u8], Broken> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Broken { what: "a field of another type" }) }
    }

    /// A text; bytes that are no UTF-8 are replaced.
    ///
    /// # Errors
    /// The field has another wire type.
    pub fn text(self) -> Result<String, Broken> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    /// An integer.
    ///
    /// # Errors
    /// The field has another wire type.
    pub fn int(self) -> Result<i64, Broken> {
        if let Self::Varint(value) = self { Ok(value as i64) } else { Err(Broken { what: "a field of another type" }) }
    }

    /// A `float`.
    ///
    /// # Errors
    /// The field has another wire type.
    pub fn float(self) -> Result<f32, Broken> {
        if let Self::Fixed32(bits) = self {
            Ok(f32::from_bits(bits))
        } else {
            Err(Broken { what: "a field of another type" })
        }
    }

    /// Adds repeated integers, packed or not.
    ///
    /// # Errors
    /// The field has another wire type.
    pub fn ints(self, list: &mut Vec<i64>) -> Result<(), Broken> {
        match self {
            Self::Varint(value) => list.push(value as i64),
            Self::Bytes(bytes) => {
                let mut packed = Fields::new(bytes);
                while !packed.rest.is_empty() {
                    list.push(packed.varint()? as i64);
                }
            }
            _ => return Err(Broken { what: "a field of another type" }),
        }
        Ok(())
    }

    /// Adds repeated `float`s, packed or not.
    ///
    /// # Errors
    /// The field has another wire type.
    pub fn floats(self, list: &mut Vec<f32>) -> Result<(), Broken> {
        match self {
            Self::Fixed32(bits) => list.push(f32::from_bits(bits)),
            Self::Bytes(bytes) => {
                let mut packed = Fields::new(bytes);
                while !packed.rest.is_empty() {
                    list.push(f32::from_le_bytes(packed.array()?));
                }
            }
            _ => return Err(Broken { what: "a field of another type" }),
        }
        Ok(())
    }

    /// Adds repeated `double`s, packed or not.
    ///
    /// # Errors
    /// The field has another wire type.
    pub fn doubles(self, list: &mut Vec<f64>) -> Result<(), Broken> {
        match self {
            Self::Fixed64(bits) => list.push(f64::from_bits(bits)),
            Self::Bytes(bytes) => {
                let mut packed = Fields::new(bytes);
                while !packed.rest.is_empty() {
                    list.push(f64::from_le_bytes(packed.array()?));
                }
            }
            _ => return Err(Broken { what: "a field of another type" }),
        }
        Ok(())
    }
}
