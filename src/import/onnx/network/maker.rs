//! The network in the making: which value of ours holds which buffer of the program, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use crate::import::onnx::convert::Traced;
use crate::net::{Net, Quant};
use crate::tensor::{Literal, Scalar, Tensor};

/// Why a node can't be taken, and what to do: one sentence.
pub(super) type Refused = String;

/// A buffer's value.
#[derive(Clone)]
pub(super) struct Stored {
    /// The value's number in the network.
    pub(super) value: usize,
    /// The ONNX shape that it holds.
    pub(super) shape: Vec<usize>,
    /// The channels, ONNX's second dimension, are its last; else its order is ONNX's.
    pub(super) last: bool,
}

/// A network in the making.
pub(super) struct Maker<'a> {
    /// The program's nodes.
    pub(super) trace: &'a [Traced],
    /// Elements of the buffers that are constant.
    pub(super) known: &'a dyn Fn(&Tensor) -> Option<Literal>,
    /// The network.
    pub(super) net: Net,
    /// Values by buffer.
    stored: BTreeMap<usize, Stored>,
    /// Scales and zero points that the file gives to values.
    pub(super) quants: BTreeMap<usize, Quant>,
    /// Scales that it gives to the weights behind a value, one an output channel.
    pub(super) scales: BTreeMap<usize, Vec<f32>>,
    /// Nodes that a node before them took along.
    pub(super) taken: BTreeSet<usize>,
    /// How often a buffer is used, as an output too.
    pub(super) uses: BTreeMap<usize, usize>,
    /// Buffers whose node was refused.
    missing: BTreeSet<usize>,
}

/// The reason of a node whose input another refused node should have given.
pub(super) const MISSING: &str = "its input is missing";

/// An argument.
#[expect(clippy::needless_pass_by_value, reason = "a number is passed as it is written")]
pub(super) fn arg(name: &str, value: impl ToString) -> (String, String) {
    (name.to_string(), value.to_string())
}

/// An argument of several numbers.
pub(super) fn list<T: std::fmt::Debug>(name: &str, values: &[T]) -> (String, String) {
    (name.to_string(), format!("{values:?}"))
}

/// Dimensions without the batch: a leading 1, unless it is all there is.
pub(super) fn without_batch(shape: &[usize]) -> Vec<usize> {
    match shape {
        [] => vec![1],
        [1, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        _ => shape.to_vec(),
    }
}

/// `[H, W, C]` of `[1, C, H, W]`, in any number of spatial dimensions.
pub(super) fn channels_last(shape: &[usize]) -> Vec<usize> {
    shape[2..].iter().chain([&shape[1]]).copied().collect()
}

/// The real numbers of an array.
pub(super) fn reals(literal: &Literal) -> Vec<f32> {
    literal.scalars().map(|value| Scalar::float(value) as f32).collect()
}

impl<'a> Maker<'a> {
    /// A network that begins with a buffer.
    pub(super) fn new(
        net: Net,
        trace: &'a [Traced],
        known: &'a dyn Fn(&Tensor) -> Option<Literal>,
        input: &Tensor,
        last: bool,
    ) -> Self {
        let first = Stored { value: 0, shape: input.shape.clone(), last };
        Self {
            trace,
            known,
            net,
            stored: BTreeMap::from([(input.buffer, first)]),
            quants: BTreeMap::new(),
            scales: BTreeMap::new(),
            taken: BTreeSet::new(),
            uses: BTreeMap::new(),
            missing: BTreeSet::new(),
        }
    }

    /// Says that nothing gives these tensors.
    pub(super) fn lose(&mut self, tensors: &[Tensor]) {
        self.missing.extend(tensors.iter().map(|tensor| tensor.buffer));
    }

    /// The value of a tensor's buffer.
    pub(super) fn stored(&self, tensor: &Tensor) -> Option<&Stored> {
        self.stored.get(&tensor.buffer)
    }

    /// Says which value holds a tensor.
    pub(super) fn store(&mut self, tensor: &Tensor, value: usize, last: bool) {
        self.stored.insert(tensor.buffer, Stored { value, shape: tensor.shape.clone(), last });
    }

    /// Says that a tensor is what another one is.
    pub(super) fn alias(&mut self, tensor: &Tensor, value: usize, stored: Stored) {
        let shape = if stored.last { stored.shape } else { tensor.shape.clone() };
        self.stored.insert(tensor.buffer, Stored { value, shape, last: stored.last });
    }

    /// Notes the scales of the weights behind a value.
    pub(super) fn scaled(&mut self, value: usize, scales: Option<Vec<f32>>) {
        if let Some(scales) = scales {
            self.scales.insert(value, scales);
        }
    }

    /// A tensor that is kept with channels last in its own shape.
    pub(super) fn is_last(&self, tensor: &Tensor) -> bool {
        self.stored(tensor).is_some_and(|stored| stored.last && stored.shape == tensor.shape)
    }

    /// Dimensions of a value.
    pub(super) fn dims(&self, value: usize) -> Vec<usize> {
        self.net.shape(value).map(|shape| shape.dims.clone()).unwrap_or_default()
    }

    /// Adds an operator without weights; gives its value.
    pub(super) fn push(&mut self, word: &str, args: &[(String, String)], inputs: &[usize]) -> Result<usize, Refused> {
        self.net.push(word, args, inputs.to_vec())?;
        Ok(self.net.nodes.len())
    }

    /// Adds an operator with weights, all its tensors one behind the other.
    pub(super) fn weighted(
        &mut self,
        word: &str,
        args: &[(String, String)],
        inputs: &[usize],
        weights: &[f32],
    ) -> Result<usize, Refused> {
        let value = self.push(word, args, inputs)?;
        let range = self.net.nodes[value - 1].range();
        if range.len() != weights.len() {
            return Err(format!("its weights have {} numbers, {} follow from its shapes", weights.len(), range.len()));
        }
        self.net.weights[range].copy_from_slice(weights);
        Ok(value)
    }

    /// A value under other dimensions.
    pub(super) fn view(&mut self, value: usize, dims: &[usize]) -> Result<usize, Refused> {
        if self.dims(value) == dims {
            return Ok(value);
        }
        self.push("reshape", &[list("dims", dims)], &[value])
    }

    /// A constant as a value.
    pub(super) fn constant(&mut self, dims: &[usize], values: &[f32]) -> Result<usize, Refused> {
        self.weighted("constant", &[list("shape", dims)], &[], values)
    }

    /// A tensor's elements in ONNX's order, in these dimensions.
    pub(super) fn plain(&mut self, tensor: &Tensor, dims: &[usize]) -> Result<usize, Refused> {
        let Some(stored) = self.stored(tensor).cloned() else { return self.known_value(tensor, dims, false) };
        if !stored.last || trivial(&stored.shape) {
            return self.view(stored.value, dims);
        }
        let rank = stored.shape.len() - 1;
        let order: Vec<usize> = std::iter::once(rank - 1).chain(0..rank - 1).collect();
        let turned = self.push("transpose", &[list("order", &order)], &[stored.value])?;
        self.view(turned, dims)
    }

    /// A tensor `[1, C, …]` with its channels last.
    pub(super) fn last(&mut self, tensor: &Tensor) -> Result<usize, Refused> {
        if tensor.rank() < 3 || tensor.shape[0] != 1 {
            return Err(format!("it works on {:?}: a batch of one is what a board can serve", tensor.shape));
        }
        let dims = channels_last(&tensor.shape);
        let Some(stored) = self.stored(tensor).cloned() else { return self.known_value(tensor, &dims, true) };
        if stored.last && stored.shape == tensor.shape {
            return Ok(stored.value);
        }
        if trivial(&tensor.shape) {
            return self.plain(tensor, &dims);
        }
        let value = self.plain(tensor, &tensor.shape[1..])?;
        let rank = tensor.rank() - 1;
        let order: Vec<usize> = (1..rank).chain([0]).collect();
        self.push("transpose", &[list("order", &order)], &[value])
    }

    fn known_value(&mut self, tensor: &Tensor, dims: &[usize], last: bool) -> Result<usize, Refused> {
        let Some(literal) = (self.known)(tensor) else {
            return Err(if self.missing.contains(&tensor.buffer) {
                MISSING.into()
            } else {
                "it works on integers or booleans that follow from the input".to_string()
            });
        };
        let mut values = reals(&literal);
        if last {
            values = turned(&values, tensor.shape[1]);
        }
        self.constant(dims, &values)
    }

    /// The constant behind an input of a node, if it is one.
    pub(super) fn literal(&self, node: &Traced, slot: usize) -> Option<Literal> {
        node.inputs.get(slot)?.as_ref().and_then(|tensor| (self.known)(tensor))
    }

    /// The only node that uses a tensor, if it is the only use.
    pub(super) fn only_user(&self, tensor: &Tensor) -> Option<usize> {
        if self.uses.get(&tensor.buffer) != Some(&1) {
            return None;
        }
        self.trace.iter().position(|node| node.inputs.iter().flatten().any(|input| input.buffer == tensor.buffer))
    }

    /// The activation that follows a tensor and nothing else does: its word, and the tensor behind it.
    pub(super) fn activation(&mut self, tensor: &Tensor) -> (&'static str, Tensor) {
        let none = ("none", tensor.clone());
        let Some(user) = self.only_user(tensor) else { return none };
        let node = &self.trace[user];
        let bound = |slot: usize, name: &str| match self.literal(node, slot) {
            Some(literal) if literal.len() == 1 => Some(literal.get(0).float()),
            _ => node.node.attributes.iter().find(|one| one.name == name).and_then(|one| one.float).map(f64::from),
        };
        let word = match node.node.op.as_str() {
            "Relu" => "relu",
            "Clip" if bound(1, "min") == Some(0.0) && bound(2, "max") == Some(6.0) => "relu6",
            "Clip" if bound(1, "min") == Some(-1.0) && bound(2, "max") == Some(1.0) => "relu_n1_to_1",
            _ => return none,
        };
        let output = node.outputs[0].clone();
        self.taken.insert(user);
        (word, output)
    }
}

/// Both orders are one: a single channel, or a single place.
fn trivial(shape: &[usize]) -> bool {
    shape[1] == 1 || shape[2..].iter().product::<usize>() == 1
}

/// `[C, …]` as `[…, C]`.
pub(super) fn turned(values: &[f32], channels: usize) -> Vec<f32> {
    let places = values.len().checked_div(channels).unwrap_or(0);
    let element = |at: usize| values[at % channels * places + at / channels];
    (0..places * channels).map(element).collect()
}
