//! Arrays whose elements are known: constants, folded values, inputs and outputs of the interpreter.

use super::dtype::DType;

/// One element: integers, booleans and indices in `Int` (of `U64` the bits), floats in `Float`, rounded to their type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Scalar {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Scalar {
    /// The integer; a float is truncated.
    pub fn int(self) -> i64 {
        match self {
            Self::Int(value) => value,
            Self::Float(value) => value as i64,
        }
    }

    /// The float nearest to it.
    pub fn float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// Zero of a type.
    pub fn zero(dtype: DType) -> Self {
        if dtype.is_float() { Self::Float(0.0) } else { Self::Int(0) }
    }
}

/// An array in C order; elements as little-endian bytes, types below a byte one a byte.
#[derive(Clone, PartialEq, Debug)]
pub struct Literal {
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Elements.
    pub bytes: Vec<u8>,
}

impl Literal {
    /// Zeros.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Self {
        let count: usize = shape.iter().product();
        Self { dtype, shape: shape.to_vec(), bytes: vec![0; count * dtype.size()] }
    }

    /// Of given elements.
    pub fn of(dtype: DType, shape: &[usize], values: impl IntoIterator<Item = Scalar>) -> Self {
        let mut literal = Self::zeros(dtype, shape);
        for (position, value) in (0..literal.len()).zip(values) {
            literal.set(position, value);
        }
        literal
    }

    /// A list of `I64`.
    pub fn ints(values: &[i64]) -> Self {
        Self::of(DType::I64, &[values.len()], values.iter().map(|value| Scalar::Int(*value)))
    }

    /// A list of `F32`.
    pub fn floats(values: &[f32]) -> Self {
        Self::of(DType::F32, &[values.len()], values.iter().map(|value| Scalar::Float(f64::from(*value))))
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// It has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bits of an element, zero-extended.
    pub fn bits(&self, position: usize) -> u64 {
        let size = self.dtype.size();
        let mut word = [0; 8];
        word[..size].copy_from_slice(&self.bytes[position * size..(position + 1) * size]);
        u64::from_le_bytes(word)
    }

    /// An element.
    pub fn get(&self, position: usize) -> Scalar {
        let bits = self.bits(position);
        match self.dtype {
            DType::F32 => Scalar::Float(f64::from(f32::from_bits(bits as u32))),
            DType::F64 => Scalar::Float(f64::from_bits(bits)),
            dtype => match dtype.format() {
                Some(format) => Scalar::Float(f64::from(format.decode(bits as u32))),
                None => Scalar::Int(dtype.wrap(bits as i64)),
            },
        }
    }

    /// Sets an element, rounded to the type.
    pub fn set(&mut self, position: usize, value: Scalar) {
        let bits = match self.dtype {
            DType::F32 => u64::from((value.float() as f32).to_bits()),
            DType::F64 => value.float().to_bits(),
            dtype => match dtype.format() {
                Some(format) => u64::from(format.encode(value.float() as f32, false)),
                None => dtype.wrap(value.int()) as u64,
            },
        };
        let size = self.dtype.size();
        self.bytes[position * size..(position + 1) * size].copy_from_slice(&bits.to_le_bytes()[..size]);
    }

    /// All elements.
    pub fn scalars(&self) -> impl Iterator<Item = Scalar> + '_ {
        (0..self.len()).map(|position| self.get(position))
    }
}
