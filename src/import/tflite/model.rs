//! A `TFLite` model as the file states it: typed and checked, not yet understood.

use std::fmt;

use super::flat::Table;
use super::words;

/// A model; constants borrow from the file's bytes.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    /// What the converter says of itself.
    pub description: String,
    /// The kinds of operators that the file uses.
    pub codes: Vec<Code>,
    /// Graphs; the first one is the model.
    pub subgraphs: Vec<Subgraph<'a>>,
}

/// A kind of operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// `BuiltinOperator` of the schema.
    pub builtin: i32,
    /// The name of a custom operator.
    pub custom: String,
    /// The operator's version.
    pub version: i32,
}

/// `BuiltinOperator.CUSTOM`.
const CUSTOM: i32 = 32;

impl Code {
    /// The schema's name, or the custom one.
    pub fn name(&self) -> String {
        if self.builtin == CUSTOM {
            return format!("custom operator `{}`", self.custom);
        }
        let known = usize::try_from(self.builtin).ok().and_then(|at| words::OPERATORS.get(at));
        known.map_or_else(|| format!("operator {}", self.builtin), |name| (*name).to_string())
    }
}

/// A graph.
#[derive(Clone, Debug)]
pub struct Subgraph<'a> {
    /// Its name.
    pub name: String,
    /// Its tensors: inputs, constants, and what operators give.
    pub tensors: Vec<Tensor<'a>>,
    /// Tensors that the caller gives.
    pub inputs: Vec<usize>,
    /// Tensors that the caller gets.
    pub outputs: Vec<usize>,
    /// Operators, each behind those whose outputs it takes.
    pub operators: Vec<Operator<'a>>,
}

/// A tensor.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// Its name.
    pub name: String,
    /// Its dimensions as they are stored, outermost first.
    pub shape: Vec<usize>,
    /// Dimensions that are open until the model runs.
    pub open: Vec<usize>,
    /// Type of one element.
    pub element: Type,
    /// Its constant bytes; none for what is computed.
    pub data: Option<&'a [u8]>,
    /// True when it keeps its value from one run to the next.
    pub variable: bool,
    /// True when only its non-zero elements are stored.
    pub sparse: bool,
    /// Its quantisation.
    pub quant: Quantization,
}

impl Tensor<'_> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// True when a dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Tensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dim = |(at, dim): (usize, &usize)| if self.open.contains(&at) { "?".into() } else { dim.to_string() };
        let dims: Vec<String> = self.shape.iter().enumerate().map(dim).collect();
        write!(f, "{}[{}]", self.element, dims.join(", "))
    }
}

/// How integers stand for reals: `real = scale · (q − zero_point)`, by element of dimension `axis` or for all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Quantization {
    /// Scales: none, one, or one an element of the axis.
    pub scales: Vec<f32>,
    /// Zero points, as many.
    pub zero_points: Vec<i64>,
    /// The dimension.
    pub axis: usize,
}

/// An operator.
#[derive(Clone, Debug)]
pub struct Operator<'a> {
    /// Index of its kind.
    pub code: usize,
    /// Tensors that it takes; `None` for an optional one that is left out.
    pub inputs: Vec<Option<usize>>,
    /// Tensors that it gives.
    pub outputs: Vec<usize>,
    /// Tensors of a quantised LSTM that exist within the operator only.
    pub intermediates: Vec<usize>,
    /// Its options, by the schema of its kind.
    pub(super) options: Option<Table<'a>>,
}

/// The type of one element (`TensorType` of the schema).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Type(pub u8);

impl Type {
    /// 32-bit IEEE float.
    pub const FLOAT32: Self = Self(0);
    /// 16-bit IEEE float.
    pub const FLOAT16: Self = Self(1);
    /// Signed 32-bit integer.
    pub const INT32: Self = Self(2);
    /// Unsigned 8-bit integer.
    pub const UINT8: Self = Self(3);
    /// Signed 64-bit integer.
    pub const INT64: Self = Self(4);
    /// Truth value.
    pub const BOOL: Self = Self(6);
    /// Signed 16-bit integer.
    pub const INT16: Self = Self(7);
    /// Signed 8-bit integer.
    pub const INT8: Self = Self(9);
    /// Signed 4-bit integer, two a byte.
    pub const INT4: Self = Self(17);

    /// Bits of one element; `None` where there is no such number.
    pub fn bits(self) -> Option<usize> {
        words::TYPES.get(usize::from(self.0)).map(|row| row.1).filter(|bits| *bits > 0)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match words::TYPES.get(usize::from(self.0)) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}
