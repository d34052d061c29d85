//! What an operator is: one object that knows its schema, shapes, float passes, int8 form and C constants.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::rng::Rng;
use crate::base::{Params, Shape};
use crate::net::gemm::Isa;
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

/// Constants of a kernel's template, by name.
pub type Context = BTreeMap<&'static str, serde_json::Value>;

/// A use of an operator, for its documentation and for the conformance test.
pub struct Example {
    /// Arguments.
    pub args: &'static [(&'static str, &'static str)],
    /// Dimensions of the input.
    pub input: &'static [usize],
}

/// Where an operator stands in a network.
pub struct Place<'a> {
    /// Its arguments.
    pub args: &'a [(String, String)],
    /// Shapes of one sample of its inputs.
    pub takes: &'a [Shape],
    /// Shape of one sample of its output.
    pub output: &'a Shape,
    /// Its weights, tensor behind tensor.
    pub weights: &'a [f32],
    /// What [`Operator::prepare`] made of them.
    pub prepared: &'a [f32],
    /// Instruction set for matrix products.
    pub isa: Isa,
    /// Random numbers of this pass, in training only: the backward pass sees the same ones.
    pub noise: Option<Rng>,
}

/// What a backward pass reads and adds to. All slices hold the same number of samples.
pub struct Backward<'a> {
    /// The inputs of the forward pass.
    pub inputs: &'a [&'a [f32]],
    /// Its output.
    pub output: &'a [f32],
    /// The loss by the output; free to be overwritten.
    pub slope: &'a mut [f32],
    /// The loss by each input, to be added to; empty where nobody asks.
    pub input_slopes: &'a mut [Vec<f32>],
    /// The loss by the weights, to be added to.
    pub gradient: &'a mut [f32],
}

/// An operator's int8 constants, as they are stored.
#[derive(Clone, PartialEq, Debug)]
pub struct Lowered {
    /// Quantisation of the output.
    pub quant: Quant,
    /// Weights.
    pub weights: Vec<i8>,
    /// Scale of the weights by output channel.
    pub scales: Vec<f32>,
    /// Bias by output channel, at scale of input × scale of weights.
    pub bias: Vec<i32>,
}

impl Lowered {
    /// Constants of an operator without weights.
    pub fn plain(quant: Quant) -> Self {
        Self { quant, weights: Vec::new(), scales: Vec::new(), bias: Vec::new() }
    }
}

/// Integers that follow from the stored constants and that the kernel computes with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Derived {
    /// Fixed-point multipliers, Q0.31.
    pub multipliers: Vec<i32>,
    /// Their powers of two.
    pub shifts: Vec<i32>,
    /// Whatever the operator starts its sums with.
    pub offsets: Vec<i32>,
}

/// Where an operator's int8 output may live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// In memory of its own.
    Own,
    /// Over its input, element by element.
    InPlace,
    /// It is the input's memory: the operator costs nothing.
    Alias,
}

/// An operator. Float passes see any number of samples, int8 passes see one.
pub trait Operator: Sync {
    /// Its word in a spec.
    fn word(&self) -> &'static str;

    /// One sentence for the documentation.
    fn doc(&self) -> &'static str;

    /// Its schema.
    fn params(&self) -> Params {
        Params::new()
    }

    /// Uses of it, the smallest first.
    fn examples(&self) -> Vec<Example>;

    /// The output's shape, or a sentence for the user.
    fn infer(&self, args: &[(String, String)], input: &Shape) -> Result<Shape, String>;

    /// Its weights.
    fn tensors(&self, _args: &[(String, String)], _input: &Shape) -> Vec<Tensor> {
        Vec::new()
    }

    /// Multiply-accumulates of one sample.
    fn macs(&self, _input: &Shape, _output: &Shape) -> usize {
        0
    }

    /// Draws its weights.
    fn init(&self, _args: &[(String, String)], _input: &Shape, _weights: &mut [f32], _rng: &mut Rng) {}

    /// A form of the weights that the forward pass reads, made once for all samples of a step.
    fn prepare(&self, _place: &Place<'_>) -> Vec<f32> {
        Vec::new()
    }

    /// The float forward pass.
    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]);

    /// The float backward pass.
    fn backward(&self, place: &Place<'_>, step: Backward<'_>);

    /// The same operator over `scale · x + offset` taken in by the weights, for the operators that can.
    /// `scale` and `offset` have one entry per input element.
    fn absorb(&self, _weights: &mut [f32], _scale: &[f32], _offset: &[f32]) -> bool {
        false
    }

    /// Arguments with which it also does the work of the layer `next` behind it, which then vanishes.
    fn take_in(&self, _args: &[(String, String)], _next: &str) -> Option<super::Args> {
        None
    }

    /// True when the output is the input, bit for bit, at inference.
    fn identity(&self) -> bool {
        false
    }

    /// Its int8 constants, for inputs quantised as `inputs` and outputs seen within `range`.
    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String>;

    /// What its integer kernel computes with; an error when the stored constants don't fit together.
    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String>;

    /// The int8 reference: the C kernel equals it bit for bit.
    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]);

    /// Where the int8 output may live.
    fn storage(&self) -> Storage {
        Storage::Own
    }

    /// Support templates that its kernel calls (`stdlib/kernels/NAME.c.j2`), each put once before all kernels.
    fn support(&self) -> &'static [&'static str] {
        &[]
    }

    /// Constants of its template beyond those of every kernel (see `stdlib/kernels/README.md`).
    fn context(&self, node: &QNode) -> Context;
}

impl fmt::Debug for dyn Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
