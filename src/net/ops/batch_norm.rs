//! `batch_norm`: each channel (the last dimension) is brought to mean 0 and variance 1, then scaled and shifted
//! (Ioffe and Szegedy 2015).
//!
//! Training sees slices of a batch, so each slice's own moments are corrected towards the running ones as in batch
//! renormalisation (Ioffe 2017): the factors are bounded and count as constants for the gradient. The running moments
//! are weights that follow a moving average: their "slope" is how far they are from a slice's moments.

use serde_json::json;

use crate::base::rng::Rng;
use crate::base::{Kind, Param, Params, Shape};
use crate::net::graph::Tensor;
use crate::net::qnet::{QNode, Quant};

use super::activation::Activation;
use super::args::number;
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};
use super::{channel_sums, channels};

pub(super) struct BatchNorm;

/// Bounds of the corrections (Ioffe 2017, section 4).
const MOST_FACTOR: f32 = 3.0;
const MOST_SHIFT: f32 = 5.0;

/// With fewer values a channel in a slice, its moments say nothing.
const LEAST_VALUES: usize = 8;

/// Scale, offset, running mean and running variance of every channel.
fn parts(weights: &[f32]) -> [&[f32]; 4] {
    let channels = weights.len() / 4;
    let mut parts = weights.chunks_exact(channels.max(1));
    std::array::from_fn(|_| parts.next().unwrap_or(&[]))
}

fn epsilon(args: &[(String, String)]) -> f32 {
    number("batch_norm", args, "epsilon", 1e-3, (1e-12, 1.0)).unwrap_or(1e-3)
}

/// Per channel: mean and deviation of the slice, and the factor and shift that lead to the running ones.
struct Moments {
    mean: Vec<f32>,
    variance: Vec<f32>,
    deviation: Vec<f32>,
    factor: Vec<f32>,
    shift: Vec<f32>,
    rows: usize,
}

fn moments(place: &Place<'_>, x: &[f32]) -> Option<Moments> {
    let [_, _, running_mean, running_variance] = parts(place.weights);
    let channels = running_mean.len();
    let rows = x.len() / channels;
    if place.noise.is_none() || rows < LEAST_VALUES {
        return None;
    }
    // Around the running mean, so that squares stay small.
    let [sums, squares] = channel_sums::moments(place.isa, x, running_mean);
    let count = rows as f64;
    let mean = sums.iter().zip(running_mean).map(|(sum, middle)| (f64::from(*middle) + sum / count) as f32).collect();
    let variance = |(square, sum): (&f64, &f64)| ((square / count - sum / count * (sum / count)).max(0.0)) as f32;
    let variance: Vec<f32> = squares.iter().zip(&sums).map(variance).collect();
    let mean: Vec<f32> = mean;
    let epsilon = epsilon(place.args);
    let deviation: Vec<f32> = variance.iter().map(|variance| (variance + epsilon).sqrt()).collect();
    let running = |at: usize| (running_variance[at].max(0.0) + epsilon).sqrt();
    let factor = (0..channels).map(|at| (deviation[at] / running(at)).clamp(1.0 / MOST_FACTOR, MOST_FACTOR)).collect();
    let shift = (0..channels).map(|at| ((mean[at] - running_mean[at]) / running(at)).clamp(-MOST_SHIFT, MOST_SHIFT));
    Some(Moments { shift: shift.collect(), mean, variance, deviation, factor, rows })
}

/// Factor and summand by channel of the finished layer.
fn finished(args: &[(String, String)], weights: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let [scale, offset, mean, variance] = parts(weights);
    let epsilon = epsilon(args);
    let factor: Vec<f32> =
        scale.iter().zip(variance).map(|(scale, variance)| scale / (variance.max(0.0) + epsilon).sqrt()).collect();
    let summand = (0..scale.len()).map(|at| offset[at] - mean[at] * factor[at]).collect();
    (factor, summand)
}

impl Operator for BatchNorm {
    fn word(&self) -> &'static str {
        "batch_norm"
    }

    fn doc(&self) -> &'static str {
        "Each channel is brought to mean 0 and variance 1 over the training samples, then scaled and shifted; part of \
         the layer before it on the board."
    }

    fn params(&self) -> Params {
        vec![Param::optional("epsilon", Kind::Number(1e-12, 1.0), "0.001", "Added to the variance.")]
    }

    fn examples(&self) -> Vec<Example> {
        vec![Example { args: &[], inputs: &[&[3]] }, Example { args: &[], inputs: &[&[2, 3, 4]] }]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        number("batch_norm", args, "epsilon", 1e-3, (1e-12, 1.0))?;
        if takes[0].dims.is_empty() {
            Err("`batch_norm` takes channels, not one number".into())
        } else {
            Ok(takes[0].clone())
        }
    }

    fn tensors(&self, _args: &[(String, String)], takes: &[Shape]) -> Vec<Tensor> {
        let dims = vec![takes[0].dims.last().copied().unwrap_or(1)];
        ["scale", "offset", "running_mean", "running_variance"]
            .map(|name| Tensor { name, dims: dims.clone() })
            .into_iter()
            .collect()
    }

    fn macs(&self, _args: &[(String, String)], _takes: &[Shape], output: &Shape) -> usize {
        output.len()
    }

    fn init(&self, _args: &[(String, String)], _takes: &[Shape], weights: &mut [f32], _rng: &mut Rng) {
        let channels = weights.len() / 4;
        weights.fill(0.0);
        weights[..channels].fill(1.0);
        weights[3 * channels..].fill(1.0);
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (factor, summand) = match moments(place, inputs[0]) {
            None => finished(place.args, place.weights),
            Some(seen) => {
                let [scale, offset, ..] = parts(place.weights);
                let factor: Vec<f32> =
                    (0..scale.len()).map(|at| scale[at] * seen.factor[at] / seen.deviation[at]).collect();
                let summand = |at: usize| scale[at] * seen.shift[at] + offset[at] - seen.mean[at] * factor[at];
                let summand = (0..scale.len()).map(summand).collect();
                (factor, summand)
            }
        };
        let rows = inputs[0].chunks_exact(factor.len()).zip(output.chunks_exact_mut(factor.len()));
        place.isa.compiled(
            #[inline(always)]
            || {
                for (x, y) in rows {
                    for ((y, x), (factor, summand)) in y.iter_mut().zip(x).zip(factor.iter().zip(&summand)) {
                        *y = x * factor + summand;
                    }
                }
            },
        );
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let [scale, _, mean, variance] = parts(place.weights);
        let channels = scale.len();
        let epsilon = epsilon(place.args);
        let seen = moments(place, step.inputs[0]);
        // What the slopes of scale and input are made of: x less its mean, over its deviation.
        let (middle, deviation) = match &seen {
            Some(seen) => (seen.mean.clone(), seen.deviation.clone()),
            None => (mean.to_vec(), variance.iter().map(|variance| (variance.max(0.0) + epsilon).sqrt()).collect()),
        };
        let [slopes, products] = channel_sums::products(place.isa, step.inputs[0], &middle, step.slope);
        // The slope of an input is `own · slope + line · x + rest`.
        let (mut own, mut line, mut rest) = (vec![0.0_f32; channels], vec![0.0; channels], vec![0.0; channels]);
        for at in 0..channels {
            let (slopes, products) = (slopes[at] as f32, (products[at] / f64::from(deviation[at])) as f32);
            let (factor, shift) = seen.as_ref().map_or((1.0, 0.0), |seen| (seen.factor[at], seen.shift[at]));
            step.gradient[at] += factor * products + shift * slopes;
            step.gradient[channels + at] += slopes;
            own[at] = scale[at] * factor / deviation[at];
            if let Some(seen) = &seen {
                // Weighted with the samples, as every other slope is a sum over them.
                let samples = (step.slope.len() / place.output.len()) as f32;
                step.gradient[2 * channels + at] += samples * (mean[at] - seen.mean[at]);
                step.gradient[3 * channels + at] += samples * (variance[at] - seen.variance[at]);
                let count = seen.rows as f32;
                line[at] = -own[at] * products / count / deviation[at];
                rest[at] = -own[at] * slopes / count - line[at] * middle[at];
            }
        }
        let rows = step.inputs[0].chunks_exact(channels).zip(step.slope.chunks_exact(channels));
        let rows = rows.zip(step.input_slopes[0].chunks_exact_mut(channels));
        place.isa.compiled(
            #[inline(always)]
            || {
                for ((x, slope), sums) in rows {
                    let constants = own.iter().zip(&line).zip(&rest);
                    for (((sum, x), slope), ((own, line), rest)) in sums.iter_mut().zip(x).zip(slope).zip(constants) {
                        *sum += own * slope + (line * x + rest);
                    }
                }
            },
        );
    }

    fn affine(&self, args: &[(String, String)], weights: &[f32]) -> Option<(Vec<f32>, Vec<f32>)> {
        Some(finished(args, weights))
    }

    /// One weight a channel: a depthwise convolution of one tap.
    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let (factor, summand) = finished(place.args, place.weights);
        Ok(channels::lower(&factor, &summand, inputs[0], range))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let channels = node.output.dims.last().copied().unwrap_or(1);
        if node.lowered.weights.len() != channels {
            return Err("`batch_norm` has weights of another size".into());
        }
        channels::derive(&node.lowered, channels, inputs[0], false, |channel| vec![node.lowered.weights[channel]])
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let sums = channels::Sums::new(&node.lowered, &node.derived, Activation::None);
        let weights = &node.lowered.weights;
        let rows = inputs[0].chunks_exact(weights.len()).zip(output.chunks_exact_mut(weights.len()));
        for (x, y) in rows {
            for (channel, y) in y.iter_mut().enumerate() {
                *y = sums.output(channel, i32::from(x[channel]) * i32::from(weights[channel]));
            }
        }
    }

    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(0)
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let mut context = channels::context(&node.lowered, &node.derived, Activation::None);
        let channels = node.lowered.weights.len();
        context.extend([("channels", json!(channels)), ("rows", json!(node.output.len() / channels))]);
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::gemm::Isa;

    fn place<'a>(takes: &'a [Shape], weights: &'a [f32]) -> Place<'a> {
        let noise = Some(Rng::new(1, "noise"));
        Place { args: &[], takes, output: &takes[0], weights, prepared: &[], isa: Isa::Baseline, noise }
    }

    /// Where the corrections reach their bounds, they don't depend on the input, and the slopes are numeric ones.
    #[test]
    fn training_slopes_are_the_numeric_ones() {
        let mut rng = Rng::new(3, "batch norm");
        let takes = [Shape::f32(&[4, 2])];
        let weights: Vec<f32> = vec![1.3, -0.7, 0.2, 0.4, 9.0, -9.0, 1e-4, 1e-4];
        let x: Vec<f32> = (0..24).map(|_| rng.range(-1.0, 1.0)).collect();
        let slope: Vec<f32> = (0..24).map(|_| rng.range(-1.0, 1.0)).collect();
        let forward = |x: &[f32], weights: &[f32]| {
            let mut y = vec![0.0; x.len()];
            BatchNorm.forward(&place(&takes, weights), &[x], &mut y);
            y
        };
        let loss = |x: &[f32], weights: &[f32]| -> f64 {
            forward(x, weights).iter().zip(&slope).map(|(y, s)| f64::from(*y) * f64::from(*s)).sum()
        };
        let (mut by_x, mut gradient) = (vec![vec![0.0; 24]], vec![0.0; 8]);
        let output = forward(&x, &weights);
        let step = Backward {
            inputs: &[&x],
            output: &output,
            slope: &mut slope.clone(),
            input_slopes: &mut by_x,
            gradient: &mut gradient,
        };
        BatchNorm.backward(&place(&takes, &weights), step);
        let numeric = |x: &dyn Fn(f32) -> f64| (x(1e-2) - x(-1e-2)) / 2e-2;
        for (at, found) in by_x[0].iter().enumerate() {
            let moved = |by: f32| {
                let mut x = x.clone();
                x[at] += by;
                loss(&x, &weights)
            };
            let expected = numeric(&moved);
            assert!((expected - f64::from(*found)).abs() < 0.01 * (1.0 + expected.abs()), "{at}: {found} {expected}");
        }
        for (at, found) in gradient.iter().enumerate().take(4) {
            let moved = |by: f32| {
                let mut weights = weights.clone();
                weights[at] += by;
                loss(&x, &weights)
            };
            let expected = numeric(&moved);
            assert!((expected - f64::from(*found)).abs() < 0.01 * (1.0 + expected.abs()), "w{at}: {found} {expected}");
        }
        assert!(gradient[4] > 8.0 && gradient[5] < -8.0, "the running means are far from the slice's");
    }
}
