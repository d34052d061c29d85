//! The network in the making: tensors of the file become values of ours, without the batch dimension.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Shape;
use crate::net::ops::{self, Lowered};
use crate::net::{Net, QNet, QNode, Quant};

use super::constants;
use super::import::MISSING;
use super::model::{Subgraph, Tensor, Type};
use super::options::{Refusal, list};

/// The arithmetic of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arithmetic {
    /// int8 values with scales of their own.
    Int8,
    /// Floats, with weights of any type.
    Float,
}

/// A network in the making.
pub(super) struct Builder<'a> {
    /// The file's graph.
    pub(super) graph: &'a Subgraph<'a>,
    /// Its arithmetic.
    pub(super) arithmetic: Arithmetic,
    /// Integers that are known: constants, and what is computed from shapes.
    pub(super) known: BTreeMap<usize, Vec<i64>>,
    net: Net,
    lowered: Vec<Lowered>,
    quant: Quant,
    values: BTreeMap<usize, usize>,
    views: BTreeMap<(usize, Vec<usize>), usize>,
    stand_ins: BTreeMap<usize, usize>,
    missing: BTreeSet<usize>,
}

/// Constants of a layer.
pub(super) struct Weights {
    /// Weights: in int8, or floats.
    pub(super) values: Values,
    /// Scale by output channel; empty for floats.
    pub(super) scales: Vec<f32>,
    /// Bias.
    pub(super) bias: Bias,
}

/// Numbers in the arithmetic of the file.
pub(super) enum Values {
    /// Stored integers.
    Int8(Vec<i8>),
    /// Reals.
    Float(Vec<f32>),
}

/// A bias in the arithmetic of the file.
pub(super) enum Bias {
    /// At scale of input × scale of weights.
    Int32(Vec<i32>),
    /// Reals.
    Float(Vec<f32>),
}

/// Dimensions without the batch: a leading 1, unless it is all there is.
pub(super) fn without_batch(shape: &[usize]) -> Vec<usize> {
    match shape {
        [] => vec![1],
        [1, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        _ => shape.to_vec(),
    }
}

impl<'a> Builder<'a> {
    /// An empty network whose input is this tensor, which has this quantisation in int8.
    pub(super) fn new(graph: &'a Subgraph<'a>, arithmetic: Arithmetic, input: usize, quant: Quant) -> Self {
        let shape = Shape::f32(&without_batch(&graph.tensors[input].shape));
        let net = Net { input: shape, nodes: Vec::new(), weights: Vec::new() };
        let known = constants::integers(graph);
        let values = BTreeMap::from([(input, 0)]);
        Self {
            graph,
            arithmetic,
            known,
            net,
            lowered: Vec::new(),
            quant,
            values,
            views: BTreeMap::new(),
            stand_ins: BTreeMap::new(),
            missing: BTreeSet::new(),
        }
    }

    /// A tensor of the file.
    pub(super) fn tensor(&self, tensor: usize) -> &'a Tensor<'a> {
        &self.graph.tensors[self.stand_ins.get(&tensor).copied().unwrap_or(tensor)]
    }

    /// Known integers of a tensor.
    pub(super) fn integers(&self, tensor: usize, what: &str) -> Result<&[i64], Refusal> {
        let known = self.known.get(&tensor).map(Vec::as_slice);
        known.ok_or_else(|| format!("its {what} is computed while the model runs: it must be a constant"))
    }

    /// The value of a tensor, in whatever dimensions it has; constants become nodes.
    pub(super) fn value(&mut self, tensor: usize) -> Result<usize, Refusal> {
        if let Some(value) = self.values.get(&tensor) {
            return Ok(*value);
        }
        if self.missing.contains(&tensor) {
            return Err(MISSING.into());
        }
        let constant = self.tensor(tensor);
        if constant.data.is_none() {
            return Err(format!("it takes tensor {tensor}, `{}`, which has no value", constant.name));
        }
        let dims = without_batch(&constant.shape);
        let numbers = constants::numbers(constant, self.arithmetic)?;
        let quant = self.quant_of(tensor)?;
        let args = vec![list("shape", &dims)];
        let value = self.node("constant", &args, &[], quant, Some(numbers))?;
        self.values.insert(tensor, value);
        Ok(value)
    }

    /// The value of a tensor in these dimensions.
    pub(super) fn shaped(&mut self, tensor: usize, dims: &[usize]) -> Result<usize, Refusal> {
        let value = self.value(tensor)?;
        self.view(value, dims)
    }

    fn view(&mut self, value: usize, dims: &[usize]) -> Result<usize, Refusal> {
        let own = &self.dims(value);
        if own == dims {
            return Ok(value);
        }
        let key = (value, dims.to_vec());
        if let Some(view) = self.views.get(&key) {
            return Ok(*view);
        }
        let quant = self.value_quant(value);
        let view = self.node("reshape", &[list("dims", dims)], &[value], quant, None)?;
        self.views.insert(key, view);
        Ok(view)
    }

    /// Dimensions of a value.
    pub(super) fn dims(&self, value: usize) -> Vec<usize> {
        self.net.shape(value).map(|shape| shape.dims.clone()).unwrap_or_default()
    }

    fn value_quant(&self, value: usize) -> Quant {
        value.checked_sub(1).map_or(self.quant, |node| self.lowered[node].quant)
    }

    /// Says that a tensor is this value, seen in other dimensions.
    pub(super) fn same(&mut self, tensor: usize, value: usize) -> Result<(), Refusal> {
        let elements: usize = self.dims(value).iter().product();
        if elements != self.tensor(tensor).len() {
            let (declared, dims) = (self.tensor(tensor), self.dims(value));
            return Err(format!("the file says that it gives {declared}, but {dims:?} follows from its inputs"));
        }
        if self.arithmetic == Arithmetic::Int8 && self.quant_of(tensor)? != self.value_quant(value) {
            return Err("it gives the same bytes another scale or zero point, which no converter writes".into());
        }
        self.values.insert(tensor, value);
        Ok(())
    }

    /// Says that a tensor is this value, whatever its own type.
    pub(super) fn stands(&mut self, tensor: usize, value: usize) {
        self.values.insert(tensor, value);
    }

    /// Says that a constant also goes by another name.
    pub(super) fn stands_for(&mut self, name: usize, constant: usize) {
        self.stand_ins.insert(name, constant);
    }

    /// Says that nothing gives a tensor, because its operator was refused.
    pub(super) fn missing(&mut self, tensor: usize) {
        self.missing.insert(tensor);
    }

    /// One operator without weights, whose answer is `tensor`.
    pub(super) fn plain(
        &mut self,
        word: &str,
        args: &[(String, String)],
        inputs: &[usize],
        tensor: usize,
    ) -> Result<(), Refusal> {
        self.layer(word, args, inputs, None, tensor)
    }

    /// One operator, whose answer is `tensor`.
    pub(super) fn layer(
        &mut self,
        word: &str,
        args: &[(String, String)],
        inputs: &[usize],
        weights: Option<Weights>,
        tensor: usize,
    ) -> Result<(), Refusal> {
        let quant = self.quant_of(tensor)?;
        let value = self.node(word, args, inputs, quant, weights)?;
        self.same(tensor, value)
    }

    /// One operator within; gives its value.
    pub(super) fn node(
        &mut self,
        word: &str,
        args: &[(String, String)],
        inputs: &[usize],
        quant: Quant,
        weights: Option<Weights>,
    ) -> Result<usize, Refusal> {
        if ops::find(word).is_none() {
            return Err(format!("there is no operator `{word}` in this version"));
        }
        self.net.push(word, args, inputs.to_vec())?;
        let node = &self.net.nodes[self.net.nodes.len() - 1];
        let expected: usize = node.tensors.iter().map(crate::net::graph::Tensor::len).sum();
        let mut lowered = Lowered::plain(quant);
        let fits = match weights {
            None => expected == 0,
            Some(Weights { values: Values::Int8(values), scales, bias: Bias::Int32(bias) }) => {
                // What else there is, the kernel checks when it derives its integers.
                let fits = values.len() <= expected;
                (lowered.weights, lowered.scales, lowered.bias) = (values, scales, bias);
                fits
            }
            Some(Weights { values: Values::Float(values), bias: Bias::Float(bias), .. }) => {
                let fits = values.len() + bias.len() == expected;
                if fits {
                    let own = &mut self.net.weights[node.range()];
                    let (matrix, offset) = own.split_at_mut(values.len());
                    matrix.copy_from_slice(&values);
                    offset.copy_from_slice(&bias);
                }
                fits
            }
            Some(_) => false,
        };
        if !fits {
            self.drop_last();
            return Err(format!("its weights don't have the {expected} numbers that follow from its shapes"));
        }
        self.lowered.push(lowered);
        self.checked().inspect_err(|_| {
            self.lowered.pop();
            self.drop_last();
        })?;
        Ok(self.net.nodes.len())
    }

    /// Whether the kernel can compute with the last node's constants.
    fn checked(&self) -> Result<(), Refusal> {
        let (Arithmetic::Int8, Some(node), Some(lowered)) =
            (self.arithmetic, self.net.nodes.last(), self.lowered.last())
        else {
            return Ok(());
        };
        let quants: Vec<Quant> = node.inputs.iter().map(|value| self.value_quant(*value)).collect();
        let made = QNode::new(node.op, &node.args, &node.inputs, &node.takes, &node.output, lowered.clone());
        node.op.derive(&made, &quants).map(|_| ())
    }

    fn drop_last(&mut self) {
        if let Some(node) = self.net.nodes.pop() {
            self.net.weights.truncate(node.offset);
        }
    }

    /// A tensor's quantisation; floats have none, and any does.
    pub(super) fn quant_of(&self, tensor: usize) -> Result<Quant, Refusal> {
        if self.arithmetic == Arithmetic::Float {
            return Ok(Quant { scale: 1.0, zero_point: 0 });
        }
        constants::quant(self.tensor(tensor))
    }

    /// The finished network, whose output is this tensor. Error: a sentence.
    pub(super) fn finish(mut self, output: usize) -> Result<super::super::Network, Refusal> {
        let value = self.value(output)?;
        let dims = without_batch(&self.tensor(output).shape);
        let mut value = self.view(value, &dims)?;
        if value == 0 {
            value = self.node("reshape", &[list("dims", &dims)], &[0], self.quant, None)?;
        }
        // The last node gives the output: nodes behind it were asked for by nobody else.
        self.net.nodes.truncate(value);
        let net = self.net;
        if self.arithmetic == Arithmetic::Float {
            return Ok(super::super::Network::Float(net));
        }
        let nodes = net.nodes.iter().zip(self.lowered);
        let nodes = nodes.map(|(n, lowered)| QNode::new(n.op, &n.args, &n.inputs, &n.takes, &n.output, lowered));
        QNet::new(net.input, self.quant, nodes.collect()).map(super::super::Network::Int8)
    }
}

/// True for tensors that hold what a network computes with.
pub(super) fn is_data(element: Type) -> bool {
    [Type::FLOAT32, Type::FLOAT16, Type::INT8, Type::UINT8, Type::INT16].contains(&element)
}
