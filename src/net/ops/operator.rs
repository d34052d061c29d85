//! What an operator is: one object that knows its schema, shapes, float passes, int8 form and C constants.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

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
    /// Dimensions of its inputs.
    pub inputs: &'static [&'static [usize]],
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
    /// Answers to all 256 int8 inputs, from −128 up, of the operators that look them up.
    pub table: Vec<i8>,
}

/// Where an operator's int8 output lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// In the arena.
    Own,
    /// It is the first input's memory: the operator costs nothing.
    Alias,
    /// It is the operator's weights, in flash.
    Constant,
}

/// How a kernel's output may lie over one of its inputs that nobody reads later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overlap {
    /// Not at all.
    Apart,
    /// Over it where both begin at the same address, and nowhere else.
    InPlace,
    /// Over it, as long as the output begins this many bytes or more below the input; 0 is in place. With it, every
    /// byte is written after the last read of the input's byte at the same address ("diagonal memory optimisation",
    /// Blacker et al. 2021).
    Lead(usize),
}

/// How an operator's output channels (the last dimension) hang on the channels of its inputs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Channels {
    /// In no way that helps: all channels stay.
    Opaque,
    /// By input and output channel: the one input channel that the output channel comes from, if any. Dropping both
    /// leaves the other channels as they are.
    Follow(Vec<Vec<Option<usize>>>),
    /// Output channels are weighted sums over the channels of the only input.
    Mix,
}

impl Channels {
    /// Every output channel comes from the same channel of every input, or from the only one that an input has.
    pub(super) fn each(node: &QNode) -> Self {
        let width = |shape: &Shape| shape.dims.last().copied().unwrap_or(1);
        let outputs = width(&node.output);
        let from = |shape: &Shape| {
            let channels = width(shape);
            (0..outputs).map(|output| Some(if channels == 1 { 0 } else { output })).collect()
        };
        Self::Follow(node.takes.iter().map(from).collect())
    }
}

/// Channels that a pass takes away from a node.
pub struct Dropped<'a> {
    /// By input and channel: whether it goes.
    pub inputs: Vec<&'a [bool]>,
    /// By input and channel: the int8 value that it has everywhere, if it has one.
    pub constants: Vec<&'a [Option<i8>]>,
    /// By output channel: whether it goes.
    pub output: &'a [bool],
}

/// What the core that kernels are made for can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Capabilities {
    /// The DSP extension: two multiply-accumulates of 16 bits in a cycle (SMLAD).
    pub dsp: bool,
}

/// One way to compute an operator. All of an operator's variants give the same bits, on every core.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variant {
    /// Its name within the operator: `plain`, `dsp_2x2`.
    pub name: &'static str,
    /// Its template: `stdlib/kernels/NAME.c.j2`.
    pub template: &'static str,
    /// Bytes of memory that it needs while it runs, besides the stack; aligned to 4. The template's function then
    /// takes a last argument `void *scratch`.
    pub scratch: usize,
}

impl Variant {
    /// The plain C of `template`, without scratch memory.
    pub fn plain(template: &'static str) -> Self {
        Self { name: "plain", template, scratch: 0 }
    }
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

    /// How many inputs it takes.
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    /// The output's shape, or a sentence for the user. `takes` has as many shapes as `arity` allows.
    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String>;

    /// Its weights.
    fn tensors(&self, _args: &[(String, String)], _takes: &[Shape]) -> Vec<Tensor> {
        Vec::new()
    }

    /// Multiply-accumulates of one sample.
    fn macs(&self, _args: &[(String, String)], _takes: &[Shape], _output: &Shape) -> usize {
        0
    }

    /// Draws its weights.
    fn init(&self, _args: &[(String, String)], _takes: &[Shape], _weights: &mut [f32], _rng: &mut Rng) {}

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
    fn absorb(
        &self,
        _args: &[(String, String)],
        _takes: &[Shape],
        _weights: &mut [f32],
        _scale: &[f32],
        _offset: &[f32],
    ) -> bool {
        false
    }

    /// The same operator with outputs `scale · y + offset`, for the operators whose weights can take that in.
    /// `scale` and `offset` have one entry an output channel (the last dimension).
    fn scale_outputs(
        &self,
        _args: &[(String, String)],
        _takes: &[Shape],
        _weights: &mut [f32],
        _scale: &[f32],
        _offset: &[f32],
    ) -> bool {
        false
    }

    /// The factors and summands by channel of an operator that computes `scale · x + offset` along the last dimension.
    fn affine(&self, _args: &[(String, String)], _weights: &[f32]) -> Option<(Vec<f32>, Vec<f32>)> {
        None
    }

    /// Arguments with which it also does the work of the layer `next` behind it, which then vanishes.
    fn take_in(&self, _args: &[(String, String)], _next: &str) -> Option<super::Args> {
        None
    }

    /// True when the output is the input, bit for bit, at inference.
    fn identity(&self) -> bool {
        false
    }

    /// How its channels hang together, for leaving out those that are constant.
    fn channels(&self, _node: &QNode) -> Channels {
        Channels::Opaque
    }

    /// Of [`Channels::Mix`]: false when every weight between these two channels is zero.
    fn joins(&self, _node: &QNode, _input: usize, _output: usize) -> bool {
        true
    }

    /// Of [`Channels::Mix`]: true when it can do without that input channel, which has the value `constant` everywhere
    /// (`None`: any values), by adding to its biases.
    fn spares(&self, _node: &QNode, _channel: usize, _constant: Option<i8>) -> bool {
        false
    }

    /// Arguments and constants of the same operator over the channels that stay; not asked of [`Channels::Opaque`].
    fn without(&self, node: &QNode, _dropped: &Dropped<'_>) -> Result<(super::Args, Lowered), String> {
        Ok((node.args.clone(), node.lowered.clone()))
    }

    /// Its int8 constants, for inputs quantised as `inputs` and outputs seen within `range`.
    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String>;

    /// What its integer kernel computes with; an error when the stored constants don't fit together.
    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String>;

    /// The int8 reference: the C kernel equals it bit for bit.
    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]);

    /// 16-bit values that last from one inference to the next; all zero after a reset. The template defines
    /// `FUNCTION_state` and `FUNCTION_reset`.
    fn state(&self, _node: &QNode) -> usize {
        0
    }

    /// [`Operator::forward_i8`] with the state that the inferences before have left; that one starts from a reset.
    fn step_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8], _state: &mut [i16]) {
        self.forward_i8(node, inputs, output);
    }

    /// Where the int8 output lives.
    fn storage(&self) -> Storage {
        Storage::Own
    }

    /// The ways to compute it on a core, the one to take unmeasured first; never empty.
    fn variants(&self, _node: &QNode, _can: Capabilities) -> Vec<Variant> {
        vec![Variant::plain(self.word())]
    }

    /// How the output of this variant may lie over input number `input`.
    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Apart
    }

    /// Support templates that its kernel calls (`stdlib/kernels/NAME.c.j2`), each put once before all kernels.
    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &[]
    }

    /// Constants of this variant's template beyond those of every kernel (see `stdlib/kernels/README.md`).
    fn context(&self, node: &QNode, variant: &Variant) -> Context;
}

impl fmt::Debug for dyn Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
