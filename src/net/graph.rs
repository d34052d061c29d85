//! A network as a graph of operators over f32 weights. A spec's layers are a chain, of which some are graphs themselves.

use crate::base::rng::Rng;
use crate::base::{Element, Shape};

use super::compound::Compound;
use super::forward::Forward;
use super::gemm::Isa;
use super::ops::{self, Args, Operator, Place};

/// Weights beyond this (256 MiB of f32) are refused: no board of ours could hold a hundredth of them.
const MOST_WEIGHTS: usize = 1 << 26;

/// A network. Value 0 is its input, value `i + 1` is what node `i` gives; the last node gives the output.
#[derive(Clone, Debug)]
pub struct Net {
    /// Shape of one input.
    pub input: Shape,
    /// Operators, each below those that it takes values from.
    pub nodes: Vec<Node>,
    /// Every tensor of every node, one behind the other in the order of the nodes.
    pub weights: Vec<f32>,
}

/// One operator in its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it does.
    pub op: &'static dyn Operator,
    /// Arguments by name, as canonical text.
    pub args: Args,
    /// The values that it takes.
    pub inputs: Vec<usize>,
    /// Their shapes.
    pub takes: Vec<Shape>,
    /// Shape of the value that it gives.
    pub output: Shape,
    /// Its weights.
    pub tensors: Vec<Tensor>,
    /// Where they begin in the network's weights.
    pub offset: usize,
}

/// One tensor of weights.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tensor {
    /// Its name within the node: `weights`, `bias`.
    pub name: &'static str,
    /// Its dimensions, outermost first.
    pub dims: Vec<usize>,
}

impl Tensor {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// True when a dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True for moments that training observes instead of learning them: they move towards what each step sees.
    pub fn is_running(&self) -> bool {
        self.name.starts_with("running_")
    }
}

impl Node {
    /// Number of its weights.
    pub fn weights_len(&self) -> usize {
        self.tensors.iter().map(Tensor::len).sum()
    }

    /// Where its weights are in the network's.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.weights_len()
    }
}

impl Net {
    /// The chain of `layers` (word and arguments) over `input`, all weights zero.
    /// Errors are sentences for the user.
    pub fn build(input: &Shape, layers: &[(String, Args)]) -> Result<Self, String> {
        if input.element != Element::F32 || input.is_empty() {
            return Err(format!("a model takes a non-empty f32 input, but it is given {input}"));
        }
        let mut net = Self { input: input.clone(), nodes: Vec::new(), weights: Vec::new() };
        for (word, args) in layers {
            match Compound::find(word) {
                Some(compound) => compound.push(&mut net, args)?,
                None => net.push(word, args, vec![net.nodes.len()])?,
            }
        }
        if net.nodes.is_empty() { Err("the model has no layers".into()) } else { Ok(net) }
    }

    /// Adds a node that takes these values; its weights are zero.
    pub fn push(&mut self, word: &str, args: &[(String, String)], inputs: Vec<usize>) -> Result<(), String> {
        let op = ops::find(word).ok_or_else(|| format!("there is no layer `{word}`"))?;
        let takes: Option<Vec<Shape>> = inputs.iter().map(|value| self.shape(*value).cloned()).collect();
        let takes = takes.ok_or_else(|| format!("`{word}` takes a value that no layer before it gives"))?;
        if !op.arity().contains(&takes.len()) {
            let arity = op.arity();
            return Err(format!("`{word}` takes {} to {} inputs, not {}", arity.start(), arity.end(), takes.len()));
        }
        let output = op.infer(args, &takes)?;
        let tensors = op.tensors(args, &takes);
        let offset = self.weights.len();
        let count = tensors.iter().try_fold(offset, |sum, tensor| {
            let len = tensor.dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim))?;
            sum.checked_add(len).filter(|sum| *sum <= MOST_WEIGHTS)
        });
        let count =
            count.ok_or_else(|| format!("`{word}` over {} has more than {MOST_WEIGHTS} weights", listed(&takes)))?;
        self.weights.resize(count, 0.0);
        self.nodes.push(Node { op, args: args.to_vec(), inputs, takes, output, tensors, offset });
        Ok(())
    }

    /// The shape of a value.
    pub fn shape(&self, value: usize) -> Option<&Shape> {
        if value == 0 { Some(&self.input) } else { self.nodes.get(value - 1).map(|node| &node.output) }
    }

    /// The shape of one output.
    pub fn output(&self) -> &Shape {
        self.nodes.last().map_or(&self.input, |node| &node.output)
    }

    /// Multiply-accumulates of one inference.
    pub fn macs(&self) -> usize {
        self.nodes.iter().map(|node| node.op.macs(&node.args, &node.takes, &node.output)).sum()
    }

    /// Draws every weight anew; each node has its own stream of random numbers.
    pub fn initialise(&mut self, seed: u64) {
        let rng = Rng::new(seed, "net initialisation");
        for (at, node) in self.nodes.iter().enumerate() {
            let weights = &mut self.weights[node.range()];
            node.op.init(&node.args, &node.takes, weights, &mut rng.branch(at as u64));
        }
    }

    /// The outputs for `input`, which is any number of samples in C order.
    pub fn forward(&self, input: &[f32]) -> Vec<f32> {
        let (width, pass) = (self.input.len(), Forward::new(self, Isa::detect()));
        let mut values = Vec::new();
        let mut outputs = Vec::with_capacity(input.len() / width * self.output().len());
        for chunk in input.chunks(64 * width) {
            pass.run(chunk, None, &mut values);
            outputs.extend_from_slice(values.last().map_or(&[][..], Vec::as_slice));
        }
        outputs
    }

    /// Where node `at` stands, for its operator; `prepared` is what the operator made of its weights.
    pub(super) fn place<'a>(&'a self, at: usize, prepared: &'a [f32], isa: Isa) -> Place<'a> {
        let node = &self.nodes[at];
        Place {
            args: &node.args,
            takes: &node.takes,
            output: &node.output,
            weights: &self.weights[node.range()],
            prepared,
            isa,
            noise: None,
        }
    }
}

/// `f32[3], f32[3, 4]`.
fn listed(shapes: &[Shape]) -> String {
    shapes.iter().map(Shape::to_string).collect::<Vec<_>>().join(", ")
}
