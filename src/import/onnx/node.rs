//! One node at work: its attributes and inputs with their defaults, and the builder it lowers into.

use crate::tensor::{Builder, DType, Literal, Scalar, Tensor};

use super::proto::{Attribute, Node};
use super::refusal::{Refusal, invalid, unsupported};
use super::tensor;

/// Lowers one node: its outputs in order, as many as the node may have.
pub type Lower = fn(&mut Call<'_>) -> Result<Vec<Tensor>, Refusal>;

/// A node with its inputs resolved.
pub struct Call<'a> {
    /// Where the statements go.
    pub b: &'a mut Builder,
    /// The node.
    pub node: &'a Node,
    /// The version of the node's operator set.
    pub opset: i64,
    /// Its inputs; `None` where one is left out.
    pub inputs: Vec<Option<Tensor>>,
}

/// Attributes with their defaults.
impl Node {
    /// An attribute, if it is set.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// An integer attribute.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.int.unwrap_or(0))
    }

    /// A float attribute, widened.
    pub fn float(&self, name: &str, default: f32) -> f64 {
        f64::from(self.attribute(name).map_or(default, |attribute| attribute.float.unwrap_or(0.0)))
    }

    /// An attribute of integers.
    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.attribute(name).map(|attribute| attribute.ints.clone())
    }

    /// A text attribute.
    pub fn text(&self, name: &str, default: &str) -> String {
        match self.attribute(name).and_then(|attribute| attribute.text.as_deref()) {
            Some(text) => String::from_utf8_lossy(text).into_owned(),
            None => default.to_string(),
        }
    }
}

impl Call<'_> {
    /// An input that must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn input(&self, position: usize) -> Result<Tensor, Refusal> {
        self.optional(position).ok_or_else(|| Refusal::Invalid(format!("input {position} is missing")))
    }

    /// An input that may be left out.
    pub fn optional(&self, position: usize) -> Option<Tensor> {
        self.inputs.get(position).cloned().flatten()
    }

    /// An output has a name, so that something may use it.
    pub fn wants(&self, position: usize) -> bool {
        self.node.outputs.get(position).is_some_and(|name| !name.is_empty())
    }

    /// An attribute, if it is set.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attribute(name)
    }

    /// An integer attribute.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.node.int(name, default)
    }

    /// An integer attribute that is yes or no.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.node.int(name, i64::from(default)) != 0
    }

    /// A float attribute, widened.
    pub fn float(&self, name: &str, default: f32) -> f64 {
        self.node.float(name, default)
    }

    /// An attribute of integers.
    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.node.ints(name)
    }

    /// An attribute of floats.
    pub fn floats(&self, name: &str) -> Option<Vec<f32>> {
        self.node.attribute(name).map(|attribute| attribute.floats.clone())
    }

    /// A text attribute.
    pub fn text(&self, name: &str, default: &str) -> String {
        self.node.text(name, default)
    }

    /// An attribute of texts.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let attribute = self.attribute(name)?;
        Some(attribute.texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
    }

    /// A tensor attribute.
    ///
    /// # Errors
    /// Its data is damaged or of a type that C doesn't have.
    pub fn tensor(&self, name: &str) -> Result<Option<Literal>, Refusal> {
        let Some(proto) = self.attribute(name).and_then(|attribute| attribute.tensor.as_ref()) else {
            return Ok(None);
        };
        tensor::literal(proto).map(Some).map_err(|what| Refusal::Unsupported(format!("the attribute `{name}` {what}")))
    }

    /// An element type attribute.
    ///
    /// # Errors
    /// C doesn't have it.
    pub fn dtype(&self, name: &str) -> Result<Option<DType>, Refusal> {
        match self.attribute(name).and_then(|attribute| attribute.int) {
            None | Some(0) => Ok(None),
            Some(kind) => {
                tensor::dtype(kind).map(Some).map_err(|kind| Refusal::Unsupported(format!("`{name}` is {kind}")))
            }
        }
    }

    /// The value of an input that must be known now.
    ///
    /// # Errors
    /// It depends on inputs of the model, or is missing.
    pub fn known(&self, position: usize) -> Result<Literal, Refusal> {
        let tensor = self.input(position)?;
        self.b.known(&tensor).ok_or_else(|| Refusal::Value {
            input: self.node.inputs.get(position).cloned().unwrap_or_default(),
            depends: self.b.sources(&tensor),
        })
    }

    /// The integers of an input that must be known now.
    ///
    /// # Errors
    /// It depends on inputs of the model, or is missing.
    pub fn known_ints(&self, position: usize) -> Result<Vec<i64>, Refusal> {
        Ok(self.known(position)?.scalars().map(Scalar::int).collect())
    }

    /// The integers of an input that may be left out.
    ///
    /// # Errors
    /// It depends on inputs of the model.
    pub fn optional_ints(&self, position: usize) -> Result<Option<Vec<i64>>, Refusal> {
        if self.optional(position).is_some() { self.known_ints(position).map(Some) } else { Ok(None) }
    }

    /// The integers of an attribute, or since opset `since` of an input.
    ///
    /// # Errors
    /// The input depends on inputs of the model.
    pub fn ints_since(&self, name: &str, since: i64, position: usize) -> Result<Option<Vec<i64>>, Refusal> {
        if self.opset >= since { self.optional_ints(position) } else { Ok(self.ints(name)) }
    }
}

/// An axis, counted from the end if it is negative.
///
/// # Errors
/// There is no such axis.
pub fn axis(axis: i64, rank: usize) -> Result<usize, Refusal> {
    let signed = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    match usize::try_from(signed) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => invalid(format!("axis {axis} of {rank} dimensions")),
    }
}

/// Axes, each once, ascending.
///
/// # Errors
/// There is no such axis, or one is named twice.
pub fn axes(list: &[i64], rank: usize) -> Result<Vec<usize>, Refusal> {
    let mut axes = list.iter().map(|one| axis(*one, rank)).collect::<Result<Vec<usize>, Refusal>>()?;
    axes.sort_unstable();
    if axes.windows(2).any(|pair| pair[0] == pair[1]) {
        return invalid("an axis is named twice");
    }
    Ok(axes)
}

/// A size that must not be negative.
///
/// # Errors
/// It is.
pub fn size(value: i64) -> Result<usize, Refusal> {
    match usize::try_from(value) {
        Ok(size) if size <= crate::tensor::build::ELEMENTS => Ok(size),
        _ => invalid(format!("a size of {value}")),
    }
}

/// The shape that two shapes broadcast to (ONNX, Broadcasting.md).
///
/// # Errors
/// They don't.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Refusal> {
    let rank = a.len().max(b.len());
    let at = |shape: &[usize], axis: usize| {
        let skipped = rank - shape.len();
        if axis < skipped { 1 } else { shape[axis - skipped] }
    };
    let one = |axis: usize| match (at(a, axis), at(b, axis)) {
        (x, y) if x == y => Ok(x),
        (1, size) | (size, 1) => Ok(size),
        _ => invalid(format!("shapes {a:?} and {b:?} don't broadcast")),
    };
    (0..rank).map(one).collect()
}

/// The element type is a float, as the operator asks.
///
/// # Errors
/// It is not.
pub fn float(tensor: &Tensor) -> Result<DType, Refusal> {
    if tensor.dtype.is_float() { Ok(tensor.dtype) } else { unsupported(format!("of {}", tensor.dtype.word())) }
}

/// Two tensors have one element type.
///
/// # Errors
/// They have not.
pub fn same(a: &Tensor, b: &Tensor) -> Result<(), Refusal> {
    if a.dtype == b.dtype { Ok(()) } else { invalid(format!("inputs of {} and {}", a.dtype.word(), b.dtype.word())) }
}
