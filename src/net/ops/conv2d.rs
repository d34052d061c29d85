//! `conv2d` and `conv1d`: every output is a weighted sum of a window of the input, plus a bias.
//!
//! Weights are `[filters, kh, kw, channels / groups]`, as in `TFLite`; a sequence is an image of height 1.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

use super::activation::{self, Activation};
use super::args::{int, with};
use super::convolution::Convolution;
use super::mix::Mix;
use super::operator::{
    Backward, Capabilities, Channels, Context, Derived, Dropped, Example, Lowered, Operator, Overlap, Place, Variant,
};
use super::packed::Columns;
use super::window::{self, Window};
use super::{Args, channels, columns, dense};

/// A convolution in `dims` dimensions.
pub(super) struct Conv {
    pub(super) dims: usize,
}

const MOST_FILTERS: usize = 65_536;

/// Sizes of one convolution.
#[derive(Clone, Copy)]
struct Sizes {
    window: Window,
    filters: usize,
    groups: usize,
    /// Weights of one filter.
    width: usize,
}

impl Sizes {
    /// Filters and input channels of a group.
    fn group(&self, group: usize) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        self.convolution().group(group)
    }

    fn convolution(&self) -> Convolution {
        Convolution { window: self.window, filters: self.filters, groups: self.groups, width: self.width }
    }
}

impl Conv {
    fn sizes(&self, args: &[(String, String)], takes: &Shape) -> Result<Sizes, String> {
        let word = self.word();
        let window = Window::read(word, self.dims, args, takes)?;
        let filters = int(word, args, "filters", 1, MOST_FILTERS)?;
        let groups =
            if args.iter().any(|arg| arg.0 == "groups") { int(word, args, "groups", 1, MOST_FILTERS)? } else { 1 };
        if window.channels % groups != 0 || filters % groups != 0 {
            return Err(format!(
                "`groups` of `{word}` must divide its filters and channels, but {groups} doesn't divide {filters} and {}",
                window.channels
            ));
        }
        let width = window.kernel[0] * window.kernel[1] * (window.channels / groups);
        Ok(Sizes { window, filters, groups, width })
    }

    fn mix(&self, node: &QNode) -> Mix {
        let Sizes { window, .. } = self.checked(&node.args, &node.takes[0]);
        Mix { taps: window.kernel[0] * window.kernel[1], inputs: window.channels, padded: window.padded() }
    }

    /// The convolution as the kernels of columns read it.
    fn packed(&self, node: &QNode) -> Option<Columns> {
        let sizes = self.checked(&node.args, &node.takes[0]);
        let (low, _) = activation::of(&node.args).clamp_i8(node.lowered.quant);
        (sizes.groups == 1).then(|| Columns::of(node, &sizes.window, sizes.filters, low)).flatten()
    }

    fn checked(&self, args: &[(String, String)], takes: &Shape) -> Sizes {
        self.sizes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
    }
}

impl Operator for Conv {
    fn word(&self) -> &'static str {
        if self.dims == 1 { "conv1d" } else { "conv2d" }
    }

    fn doc(&self) -> &'static str {
        if self.dims == 1 {
            "Every filter gives a weighted sum of each window of a sequence [length, channels]."
        } else {
            "Every filter gives a weighted sum of each window of an image [height, width, channels]."
        }
    }

    fn params(&self) -> Params {
        let mut params =
            vec![Param::required("filters", Kind::Int(1, MOST_FILTERS as i128), "Number of output channels.")];
        params.extend(window::params(self.dims, "", true));
        let doc = "Channels and filters are divided into so many groups that don't see each other.";
        params.push(Param::optional("groups", Kind::Int(1, MOST_FILTERS as i128), "1", doc));
        params.push(activation::param());
        params
    }

    fn examples(&self) -> Vec<Example> {
        if self.dims == 1 {
            return vec![
                Example { args: &[("filters", "3"), ("kernel", "3"), ("padding", "same")], inputs: &[&[7, 2]] },
                Example {
                    args: &[("filters", "4"), ("kernel", "2"), ("stride", "2"), ("dilation", "2")],
                    inputs: &[&[9, 3]],
                },
            ];
        }
        vec![
            Example { args: &[("filters", "3"), ("kernel", "[2, 3]")], inputs: &[&[3, 4, 2]] },
            Example { args: &[("filters", "5"), ("kernel", "1"), ("activation", "relu")], inputs: &[&[2, 3, 3]] },
            Example {
                args: &[("filters", "2"), ("kernel", "3"), ("stride", "2"), ("padding", "same")],
                inputs: &[&[6, 5, 1]],
            },
            Example {
                args: &[
                    ("filters", "4"),
                    ("kernel", "2"),
                    ("dilation", "[2, 1]"),
                    ("padding", "[1, 2, 0, 1]"),
                    ("groups", "2"),
                ],
                inputs: &[&[4, 3, 4]],
            },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        let sizes = self.sizes(args, &takes[0])?;
        activation::read(self.word(), args)?;
        Ok(sizes.window.shape(self.dims, sizes.filters))
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let sizes = self.checked(args, &takes[0]);
        let [high, wide] = sizes.window.kernel;
        let depth = sizes.window.channels / sizes.groups;
        vec![
            Tensor { name: "weights", dims: vec![sizes.filters, high, wide, depth] },
            Tensor { name: "bias", dims: vec![sizes.filters] },
        ]
    }

    fn macs(&self, args: &[(String, String)], takes: &[Shape], _output: &Shape) -> usize {
        let sizes = self.checked(args, &takes[0]);
        sizes.window.positions() * sizes.filters * sizes.width
    }

    fn init(&self, args: &[(String, String)], takes: &[Shape], weights: &mut [f32], rng: &mut Rng) {
        let sizes = self.checked(args, &takes[0]);
        let outputs = sizes.window.kernel[0] * sizes.window.kernel[1] * (sizes.filters / sizes.groups);
        let (matrix, bias) = weights.split_at_mut(sizes.filters * sizes.width);
        dense::draw(matrix, sizes.width, outputs, activation::of(args), rng);
        bias.fill(0.0);
    }

    /// See [`Convolution::prepare`].
    fn prepare(&self, place: &Place<'_>) -> Vec<f32> {
        self.checked(place.args, &place.takes[0]).convolution().prepare(place.weights)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let activation = activation::of(place.args);
        self.checked(place.args, &place.takes[0]).convolution().forward(place, inputs[0], output);
        place.isa.compiled(
            #[inline(always)]
            || activation.apply(output),
        );
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let activation = activation::of(place.args);
        let Backward { output, slope, .. } = step;
        place.isa.compiled(
            #[inline(always)]
            || activation.undo(output, slope),
        );
        let convolution = self.checked(place.args, &place.takes[0]).convolution();
        convolution.backward(place, &mut Backward { slope, ..step });
    }

    /// Factors by channel always; summands only where no tap sees padding, which stays zero.
    fn absorb(
        &self,
        args: &[(String, String)],
        takes: &[Shape],
        weights: &mut [f32],
        scale: &[f32],
        offset: &[f32],
    ) -> bool {
        let sizes = self.checked(args, &takes[0]);
        let channels = sizes.window.channels;
        let (Some(scale), Some(offset)) = (dense::repeats(scale, channels), dense::repeats(offset, channels)) else {
            return false;
        };
        if sizes.window.padded() && offset.iter().any(|offset| *offset != 0.0) {
            return false;
        }
        let depth = channels / sizes.groups;
        let (matrix, bias) = weights.split_at_mut(sizes.filters * sizes.width);
        for (filter, (row, bias)) in matrix.chunks_exact_mut(sizes.width).zip(bias).enumerate() {
            let first = filter / (sizes.filters / sizes.groups) * depth;
            let mut shift = 0.0_f64;
            for (at, weight) in row.iter_mut().enumerate() {
                let channel = first + at % depth;
                shift += f64::from(*weight) * f64::from(offset[channel]);
                *weight *= scale[channel];
            }
            *bias = (f64::from(*bias) + shift) as f32;
        }
        true
    }

    fn take_in(&self, args: &[(String, String)], next: &str) -> Option<Args> {
        activation::take_in(args, next)
    }

    fn scale_outputs(
        &self,
        args: &[(String, String)],
        takes: &[Shape],
        weights: &mut [f32],
        scale: &[f32],
        offset: &[f32],
    ) -> bool {
        let sizes = self.checked(args, &takes[0]);
        if activation::of(args) != Activation::None || scale.len() != sizes.filters {
            return false;
        }
        let (matrix, bias) = weights.split_at_mut(sizes.filters * sizes.width);
        for (row, scale) in matrix.chunks_exact_mut(sizes.width).zip(scale) {
            row.iter_mut().for_each(|weight| *weight *= scale);
        }
        dense::scale_bias(bias, scale, offset);
        true
    }

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let sizes = self.checked(place.args, &place.takes[0]);
        let (matrix, bias) = place.weights.split_at(sizes.filters * sizes.width);
        Ok(channels::lower(matrix, bias, inputs[0], range))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let sizes = self.checked(&node.args, &node.takes[0]);
        if node.lowered.weights.len() != sizes.filters * sizes.width {
            return Err(format!("`{}` has weights of another size", self.word()));
        }
        let row = |filter: usize| node.lowered.weights[filter * sizes.width..(filter + 1) * sizes.width].to_vec();
        let derived = channels::derive(&node.lowered, sizes.filters, inputs[0], false, row)?;
        if sizes.window.padded() {
            channels::check_unfolded(&node.lowered.bias, row)?;
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let sizes = self.checked(&node.args, &node.takes[0]);
        let sums = channels::Sums::new(&node.lowered, &node.derived, activation::of(&node.args));
        let outside = node.quants[0].zero_point as i8;
        let mut seen = vec![0_i8; sizes.window.positions() * sizes.width];
        for group in 0..sizes.groups {
            let (filters, channels) = sizes.group(group);
            columns::gather(&sizes.window, channels, inputs[0], outside, &mut seen);
            for (seen, y) in seen.chunks_exact(sizes.width).zip(output.chunks_exact_mut(sizes.filters)) {
                for filter in filters.clone() {
                    let row = &node.lowered.weights[filter * sizes.width..(filter + 1) * sizes.width];
                    y[filter] = sums.output(filter, dense::products(row, seen));
                }
            }
        }
    }

    fn channels(&self, node: &QNode) -> Channels {
        if self.checked(&node.args, &node.takes[0]).groups == 1 { Channels::Mix } else { Channels::Opaque }
    }

    fn joins(&self, node: &QNode, input: usize, output: usize) -> bool {
        self.mix(node).joins(node, input, output)
    }

    fn spares(&self, node: &QNode, channel: usize, constant: Option<i8>) -> bool {
        self.mix(node).spares(node, channel, constant)
    }

    fn without(&self, node: &QNode, dropped: &Dropped<'_>) -> Result<(Args, Lowered), String> {
        let lowered = self.mix(node).without(node, dropped)?;
        Ok((with(&node.args, "filters", lowered.bias.len()), lowered))
    }

    fn variants(&self, node: &QNode, can: Capabilities) -> Vec<Variant> {
        let columns = can.dsp.then(|| self.packed(node)).flatten();
        let mut variants: Vec<Variant> = columns.iter().flat_map(Columns::variants).collect();
        variants.push(Variant::plain("conv2d"));
        variants
    }

    fn overlap(&self, node: &QNode, variant: &Variant, _input: usize) -> Overlap {
        let (window, filters) = (Window::of(node), node.output.dims[self.dims]);
        match Columns::block(variant) {
            Some(block) => Overlap::Lead(window.block_lead(filters, block)),
            None => Overlap::Lead(window.lead(filters, 1)),
        }
    }

    fn support(&self, variant: &Variant) -> &'static [&'static str] {
        if Columns::block(variant).is_some() { &["word", "pairs"] } else { &["fixed_point"] }
    }

    fn context(&self, node: &QNode, variant: &Variant) -> Context {
        let sizes = self.checked(&node.args, &node.takes[0]);
        if let (Some(block), Some(columns)) = (Columns::block(variant), self.packed(node)) {
            let (low, high) = activation::of(&node.args).clamp_i8(node.lowered.quant);
            let mut context = sizes.window.context();
            context.extend(columns.context(block, node.quants[0].zero_point));
            context.extend([("low", json!(low)), ("high", json!(high))]);
            return context;
        }
        let mut context = channels::context(&node.lowered, &node.derived, activation::of(&node.args));
        context.extend(sizes.window.context());
        context.extend([
            ("filters", json!(sizes.filters)),
            ("groups", json!(sizes.groups)),
            ("depth", json!(sizes.window.channels / sizes.groups)),
            ("filter_len", json!(sizes.width)),
            ("bias_unfolded", json!(node.lowered.bias)),
            ("input_zero_point", json!(node.quants[0].zero_point)),
        ]);
        context
    }
}
