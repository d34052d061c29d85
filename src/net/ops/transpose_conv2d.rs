//! `transpose_conv2d`: every input pixel adds a weighted stamp to the output; weights are `[filters, kh, kw, channels]`.
//!
//! It is the backward pass of a convolution from its output to its input (`reference/integer_ops/transpose_conv.h`),
//! so that its geometry is that convolution's [`Window`].

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::gemm::{self, Left, gemm};
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

use super::activation::{self, Activation};
use super::args::{int, list, text};
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Place, Variant};
use super::window::{self, Window};
use super::{Args, channels, columns, dense};

pub(super) struct TransposeConv2d;

const WORD: &str = "transpose_conv2d";
const MOST: usize = 65_536;

/// The convolution from the output to the input, and the input's channels.
fn sizes(args: &[(String, String)], takes: &Shape) -> Result<(Window, usize), String> {
    let filters = int(WORD, args, "filters", 1, MOST)?;
    let [high, wide, channels] = takes.dims[..] else {
        return Err(format!("`{WORD}` takes an image [height, width, channels], but it is given {takes}"));
    };
    // Read for its kernel and stride alone.
    let loose: Args = args.iter().filter(|arg| arg.0 != "padding").cloned().collect();
    let roomy = Shape::f32(&[MOST, MOST, 1]);
    let mut window = Window::read(WORD, 2, &loose, &roomy)?;
    let given = list(WORD, args, "output", (1, MOST))?;
    let sides = match text(args, "padding").unwrap_or("valid") {
        "same" | "valid" => None,
        _ => list(WORD, args, "padding", (0, MOST))?,
    };
    let same = text(args, "padding") == Some("same");
    let input = [high, wide];
    for axis in 0..2 {
        let reach = (input[axis] - 1) * window.stride[axis] + window.kernel[axis];
        let trimmed = match sides.as_deref() {
            None if same => reach.saturating_sub(input[axis] * window.stride[axis]),
            None => 0,
            Some([each]) => 2 * each,
            Some([top, bottom, left, right]) => [top + bottom, left + right][axis],
            Some(_) => return Err(format!("`padding` of `{WORD}` has one number a side")),
        };
        let own =
            if same && sides.is_none() { input[axis] * window.stride[axis] } else { reach.saturating_sub(trimmed) };
        let size = match given.as_deref() {
            None => own,
            Some([high, wide]) => [*high, *wide][axis],
            Some(_) => return Err(format!("`output` of `{WORD}` is [height, width]")),
        };
        if size == 0 || size > MOST {
            return Err(format!("`{WORD}` over {takes} leaves nothing of its output"));
        }
        window.before[axis] = match sides.as_deref() {
            // `ComputePaddingHeightWidth` over the output's size.
            None if same => reach.saturating_sub(size) / 2,
            None => 0,
            Some([each]) => *each,
            Some(sides) => sides[2 * axis],
        };
        (window.input[axis], window.output[axis]) = (size, input[axis]);
    }
    window.channels = filters;
    Ok((window, channels))
}

fn checked(args: &[(String, String)], takes: &Shape) -> (Window, usize) {
    sizes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
}

/// `[filters, taps, channels]` to `[channels, taps, filters]`, which is its own inverse.
fn turned(weights: &[f32], outer: usize, inner: usize) -> Vec<f32> {
    let taps = weights.len() / (outer * inner);
    let mut turned = vec![0.0; weights.len()];
    for (at, weight) in weights.iter().enumerate() {
        let (first, tap, last) = (at / (taps * inner), at / inner % taps, at % inner);
        turned[(last * taps + tap) * outer + first] = *weight;
    }
    turned
}

impl Operator for TransposeConv2d {
    fn word(&self) -> &'static str {
        WORD
    }

    fn doc(&self) -> &'static str {
        "Every pixel of an image adds a weighted stamp of `kernel` pixels to a larger image."
    }

    fn params(&self) -> Params {
        let mut params = vec![Param::required("filters", Kind::Int(1, MOST as i128), "Number of output channels.")];
        params.extend(window::params(2, "", false));
        let doc = "`[height, width]` of the output where padding doesn't say it.";
        params.push(Param::optional("output", Kind::Free, "", doc));
        params.push(activation::param());
        params
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("filters", "2"), ("kernel", "[2, 3]")], inputs: &[&[2, 3, 2]] },
            Example {
                args: &[
                    ("filters", "3"),
                    ("kernel", "3"),
                    ("stride", "2"),
                    ("padding", "same"),
                    ("activation", "relu"),
                ],
                inputs: &[&[3, 2, 2]],
            },
            Example {
                args: &[("filters", "1"), ("kernel", "2"), ("stride", "[1, 2]"), ("padding", "[1, 0, 0, 1]")],
                inputs: &[&[3, 3, 4]],
            },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        let (window, _) = sizes(args, &takes[0])?;
        activation::read(WORD, args)?;
        Ok(Shape::f32(&[window.input[0], window.input[1], window.channels]))
    }

    fn tensors(&self, args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let (window, channels) = checked(args, &takes[0]);
        let dims = vec![window.channels, window.kernel[0], window.kernel[1], channels];
        vec![Tensor { name: "weights", dims }, Tensor { name: "bias", dims: vec![window.channels] }]
    }

    fn macs(&self, args: &[(String, String)], takes: &[Shape], _output: &Shape) -> usize {
        let (window, _) = checked(args, &takes[0]);
        takes[0].len() * window.kernel[0] * window.kernel[1] * window.channels
    }

    fn init(&self, args: &[(String, String)], takes: &[Shape], weights: &mut [f32], rng: &mut Rng) {
        let (window, channels) = checked(args, &takes[0]);
        let taps = window.kernel[0] * window.kernel[1];
        let filters = window.channels;
        let (matrix, bias) = weights.split_at_mut(weights.len() - filters);
        dense::draw(matrix, channels * taps, filters * taps, activation::of(args), rng);
        bias.fill(0.0);
    }

    /// `[channels, taps, filters]`.
    fn prepare(&self, place: &Place<'_>) -> Vec<f32> {
        let (window, channels) = checked(place.args, &place.takes[0]);
        turned(&place.weights[..place.weights.len() - window.channels], window.channels, channels)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (window, channels) = checked(place.args, &place.takes[0]);
        let filters = window.channels;
        let width = window.kernel[0] * window.kernel[1] * filters;
        let bias = &place.weights[place.weights.len() - filters..];
        let mut stamps = vec![0.0; window.positions() * width];
        let samples = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in samples {
            stamps.fill(0.0);
            gemm(place.isa, width, Left { data: x, row: channels, column: 1 }, place.prepared, &mut stamps);
            y.chunks_exact_mut(filters).for_each(|y| y.copy_from_slice(bias));
            columns::scatter(&window, 0..filters, &stamps, y);
        }
        activation::of(place.args).apply(output);
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let (window, channels) = checked(place.args, &place.takes[0]);
        activation::of(place.args).undo(step.output, step.slope);
        let filters = window.channels;
        let width = window.kernel[0] * window.kernel[1] * filters;
        let (matrix, bias) = step.gradient.split_at_mut(place.weights.len() - filters);
        let turned_weights = turned(&place.weights[..channels * width], filters, channels);
        let by_column = gemm::transpose(&turned_weights, width);
        let mut sums = vec![0.0; channels * width];
        let mut stamps = vec![0.0; window.positions() * width];
        let input = place.takes[0].len();
        for (at, slope) in step.slope.chunks_exact(place.output.len()).enumerate() {
            slope.chunks_exact(filters).for_each(|row| bias.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope));
            columns::gather(&window, 0..filters, slope, 0.0, &mut stamps);
            let x = &step.inputs[0][at * input..(at + 1) * input];
            gemm(place.isa, width, Left { data: x, row: 1, column: channels }, &stamps, &mut sums);
            if let Some(by_x) = step.input_slopes[0].get_mut(at * input..(at + 1) * input) {
                gemm(place.isa, channels, Left { data: &stamps, row: width, column: 1 }, &by_column, by_x);
            }
        }
        let sums = turned(&sums, channels, filters);
        matrix.iter_mut().zip(sums).for_each(|(sum, slope)| *sum += slope);
    }

    fn take_in(&self, args: &[(String, String)], next: &str) -> Option<Args> {
        activation::take_in(args, next)
    }

    fn scale_outputs(
        &self,
        args: &[(String, String)],
        _takes: &[Shape],
        weights: &mut [f32],
        scale: &[f32],
        offset: &[f32],
    ) -> bool {
        if activation::of(args) != Activation::None {
            return false;
        }
        let (matrix, bias) = weights.split_at_mut(weights.len() - scale.len());
        let width = matrix.len() / scale.len();
        for (row, scale) in matrix.chunks_exact_mut(width).zip(scale) {
            row.iter_mut().for_each(|weight| *weight *= scale);
        }
        dense::scale_bias(bias, scale, offset);
        true
    }

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let (window, _) = checked(place.args, &place.takes[0]);
        let (matrix, bias) = place.weights.split_at(place.weights.len() - window.channels);
        Ok(channels::lower(matrix, bias, inputs[0], range))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let (window, channels) = checked(&node.args, &node.takes[0]);
        let width = window.kernel[0] * window.kernel[1] * channels;
        if node.lowered.weights.len() != width * window.channels {
            return Err(format!("`{WORD}` has weights of another size"));
        }
        let row = |filter: usize| node.lowered.weights[filter * width..(filter + 1) * width].to_vec();
        let derived = channels::derive(&node.lowered, window.channels, inputs[0], false, row)?;
        channels::check_unfolded(&node.lowered.bias, row)?;
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let (window, channels) = checked(&node.args, &node.takes[0]);
        let (filters, taps) = (window.channels, window.kernel[0] * window.kernel[1]);
        let sums = channels::Sums::new(&node.lowered, &node.derived, activation::of(&node.args));
        let mut totals: Vec<i32> = (0..output.len()).map(|at| node.lowered.bias[at % filters]).collect();
        for position in 0..window.positions() {
            let x = &inputs[0][position * channels..(position + 1) * channels];
            columns::each(&window, position, |tap, pixel| {
                for filter in 0..filters {
                    let row = &node.lowered.weights[(filter * taps + tap) * channels..][..channels];
                    let products =
                        row.iter().zip(x).map(|(w, x)| i32::from(*w) * (i32::from(*x) - node.quants[0].zero_point));
                    totals[pixel * filters + filter] += products.sum::<i32>();
                }
            });
        }
        for (at, (y, total)) in output.iter_mut().zip(totals).enumerate() {
            *y = sums.scale(at % filters, total);
        }
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let (window, channels) = checked(&node.args, &node.takes[0]);
        let mut context = channels::context(&node.lowered, &node.derived, activation::of(&node.args));
        context.extend(window.context());
        context.extend([
            ("filters", json!(window.channels)),
            ("depth", json!(channels)),
            ("input_zero_point", json!(node.quants[0].zero_point)),
            ("bias_unfolded", json!(node.lowered.bias)),
        ]);
        context
    }
}
