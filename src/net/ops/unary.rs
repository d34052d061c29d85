//! Functions of one value, element by element. Int8 kernels look their 256 answers up, so that each costs the same.
//!
//! The tables hold what TFLM computes: requantisation for `relu`, `leaky_relu`, `abs` and `quantize` (`activations.cc`,
//! `leaky_relu.cc`, `elementwise.cc`, `quantize_common.cc`), fixed point for `sigmoid`, `tanh`, `rsqrt` and `hard_swish`
//! (`logistic.h`, `tanh.h`, `elementwise.cc`, `hard_swish.h`), the float function for `elu` (`elu.cc`). What TFLM has no
//! int8 form for follows the rule of `elu`.

use serde_json::json;

use crate::base::{Kind, Param, Params, Shape, math};
use crate::net::fixed;
use crate::net::qnet::{QNode, Quant};

use super::args::number;
use super::operator::{
    Backward, Capabilities, Channels, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant,
};
use super::unary_table as table;

/// A function of one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unary {
    Relu,
    Relu6,
    LeakyRelu,
    HardSwish,
    Sigmoid,
    HardSigmoid,
    Tanh,
    Elu,
    Gelu,
    Silu,
    Softplus,
    Sqrt,
    Rsqrt,
    Exp,
    Log,
    Abs,
    Neg,
    Square,
    Quantize,
}

const WORDS: [(Unary, &str, &str); 19] = [
    (Unary::Relu, "relu", "Negative values become zero."),
    (Unary::Relu6, "relu6", "Values are kept between 0 and 6."),
    (Unary::LeakyRelu, "leaky_relu", "Negative values are multiplied with `slope`."),
    (Unary::HardSwish, "hard_swish", "x · min(max(x + 3, 0), 6) / 6 (Howard et al. 2019)."),
    (Unary::Sigmoid, "sigmoid", "1 / (1 + e^−x)."),
    (Unary::HardSigmoid, "hard_sigmoid", "min(max(x / 6 + 1/2, 0), 1)."),
    (Unary::Tanh, "tanh", "The hyperbolic tangent."),
    (Unary::Elu, "elu", "e^x − 1 for negative values (Clevert et al. 2016)."),
    (Unary::Gelu, "gelu", "x · Φ(x), in its tanh form (Hendrycks and Gimpel 2016)."),
    (Unary::Silu, "silu", "x / (1 + e^−x), also called swish."),
    (Unary::Softplus, "softplus", "ln(1 + e^x)."),
    (Unary::Sqrt, "sqrt", "The square root; 0 for negative values."),
    (Unary::Rsqrt, "rsqrt", "One over the square root."),
    (Unary::Exp, "exp", "e^x."),
    (Unary::Log, "log", "The natural logarithm."),
    (Unary::Abs, "abs", "The absolute value."),
    (Unary::Neg, "neg", "The negative."),
    (Unary::Square, "square", "The square."),
    (Unary::Quantize, "quantize", "The same value at another int8 scale."),
];

/// Smallest argument of the functions that have a pole at zero.
const LEAST: f32 = 1e-12;

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + math::exp(-x))
}

/// √(2/π) and the cubic term of gelu's tanh form.
const GELU: (f32, f32) = (0.797_884_6, 0.044_715);

impl Unary {
    fn slope(self, args: &[(String, String)]) -> f32 {
        if self == Self::LeakyRelu {
            number(self.word(), args, "slope", 0.2, (-100.0, 100.0)).unwrap_or(0.2)
        } else {
            0.0
        }
    }

    /// The function; `slope` is that of the argument.
    pub(super) fn value(self, x: f32, slope: f32) -> f32 {
        match self {
            Self::Relu => {
                if x > 0.0 {
                    x
                } else {
                    0.0
                }
            }
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::LeakyRelu => {
                if x >= 0.0 {
                    x
                } else {
                    slope * x
                }
            }
            Self::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Sigmoid => sigmoid(x),
            Self::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Tanh => math::tanh(x),
            Self::Elu => {
                if x < 0.0 {
                    (math::exp64(f64::from(x)) - 1.0) as f32
                } else {
                    x
                }
            }
            Self::Gelu => 0.5 * x * (1.0 + math::tanh(GELU.0 * (x + GELU.1 * x * x * x))),
            Self::Silu => x * sigmoid(x),
            Self::Softplus => x.max(0.0) + math::ln(1.0 + math::exp(-x.abs())),
            Self::Sqrt => x.max(0.0).sqrt(),
            Self::Rsqrt => 1.0 / x.max(LEAST).sqrt(),
            Self::Exp => math::exp(x),
            Self::Log => math::ln(x.max(LEAST)),
            Self::Abs => x.abs(),
            Self::Neg => -x,
            Self::Square => x * x,
            Self::Quantize => x,
        }
    }

    /// Its derivative at x, where it gives y.
    fn derivative(self, x: f32, y: f32, slope: f32) -> f32 {
        let inside = |inside: bool| f32::from(u8::from(inside));
        match self {
            Self::Relu => inside(y > 0.0),
            Self::Relu6 => inside(y > 0.0 && y < 6.0),
            Self::LeakyRelu => {
                if x >= 0.0 {
                    1.0
                } else {
                    slope
                }
            }
            Self::HardSwish if x <= -3.0 => 0.0,
            Self::HardSwish if x >= 3.0 => 1.0,
            Self::HardSwish => (2.0 * x + 3.0) / 6.0,
            Self::Sigmoid => y * (1.0 - y),
            Self::HardSigmoid => inside(y > 0.0 && y < 1.0) / 6.0,
            Self::Tanh => 1.0 - y * y,
            Self::Elu => {
                if x < 0.0 {
                    y + 1.0
                } else {
                    1.0
                }
            }
            Self::Gelu => {
                let inner = math::tanh(GELU.0 * (x + GELU.1 * x * x * x));
                let by_inner = GELU.0 * (1.0 + 3.0 * GELU.1 * x * x);
                0.5 * (1.0 + inner) + 0.5 * x * (1.0 - inner * inner) * by_inner
            }
            Self::Silu => sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))),
            Self::Softplus => sigmoid(x),
            Self::Sqrt => {
                if y > 0.0 {
                    0.5 / y
                } else {
                    0.0
                }
            }
            Self::Rsqrt => {
                if x > LEAST {
                    -0.5 * y * y * y
                } else {
                    0.0
                }
            }
            Self::Exp => y,
            Self::Log => {
                if x > LEAST {
                    1.0 / x
                } else {
                    0.0
                }
            }
            Self::Abs => {
                if x < 0.0 {
                    -1.0
                } else {
                    1.0
                }
            }
            Self::Neg => -1.0,
            Self::Square => 2.0 * x,
            Self::Quantize => 1.0,
        }
    }

    fn info(self) -> &'static (Self, &'static str, &'static str) {
        WORDS.iter().find(|row| row.0 == self).unwrap_or(&WORDS[0])
    }

    /// The output's quantisation where the operator fixes it.
    fn fixed(self) -> Option<Quant> {
        match self {
            Self::Sigmoid => Some(Quant { scale: 1.0 / 256.0, zero_point: -128 }),
            Self::Tanh => Some(Quant { scale: 1.0 / 128.0, zero_point: 0 }),
            _ => None,
        }
    }

    /// The int8 answer to `q`.
    fn answer(self, q: i32, input: Quant, output: Quant, slope: f32) -> i32 {
        let (x, ratio) = (q - input.zero_point, f64::from(input.scale) / f64::from(output.scale));
        let scaled = |x: i32, real: f64| {
            let (multiplier, shift) = fixed::multiplier(real);
            table::requantised(x, multiplier, shift)
        };
        match self {
            Self::Relu => (scaled(x, ratio) + output.zero_point).max(output.zero_point),
            // TFLM clamps at the input's quantisation and leaves the output's alone.
            Self::Relu6 => q.clamp(input.zero_point, (6.0 / input.scale).round().min(512.0) as i32 + input.zero_point),
            Self::LeakyRelu => {
                // `QuantizeLeakyRelu`: the product of scale and slope in f32.
                let negative = f64::from(input.scale * slope) / f64::from(output.scale);
                let value = if x >= 0 { scaled(x, ratio) } else { table::signed_requantised(x, negative) };
                value + output.zero_point
            }
            Self::HardSwish => table::hard_swish(x, input.scale, output.scale) + output.zero_point,
            Self::Sigmoid => table::sigmoid(x, input.scale),
            Self::Tanh => table::tanh(x, input.scale),
            Self::Abs if input.scale.to_bits() == output.scale.to_bits() => x.abs() + output.zero_point,
            Self::Abs => scaled(x.abs(), ratio) + output.zero_point,
            Self::Rsqrt => table::rsqrt(x, input.scale, output.scale).saturating_add(output.zero_point),
            Self::Quantize => scaled(x, ratio) + output.zero_point,
            _ => {
                let real = self.value(input.scale * x as f32, slope);
                // `PopulateLookupTable`: a product with the inverse, both in f32.
                let steps = (real * (1.0 / output.scale)).round().clamp(-1024.0, 1024.0);
                steps as i32 + output.zero_point
            }
        }
    }
}

impl Operator for Unary {
    fn word(&self) -> &'static str {
        self.info().1
    }

    fn doc(&self) -> &'static str {
        self.info().2
    }

    fn params(&self) -> Params {
        if *self == Self::LeakyRelu {
            vec![Param::optional("slope", Kind::Number(-100.0, 100.0), "0.2", "Factor of negative values.")]
        } else {
            Vec::new()
        }
    }

    fn examples(&self) -> Vec<Example> {
        let args: &[(&str, &str)] = if *self == Self::LeakyRelu { &[("slope", "0.1")] } else { &[] };
        vec![Example { args, inputs: &[&[7]] }, Example { args, inputs: &[&[3, 5]] }]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        if *self == Self::LeakyRelu {
            number(self.word(), args, "slope", 0.2, (-100.0, 100.0))?;
        }
        Ok(takes[0].clone())
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let slope = self.slope(place.args);
        if *self == Self::Relu {
            let x = inputs[0];
            place.isa.compiled(
                #[inline(always)]
                || output.iter_mut().zip(x).for_each(|(y, x)| *y = if *x > 0.0 { *x } else { 0.0 }),
            );
            return;
        }
        output.iter_mut().zip(inputs[0]).for_each(|(y, x)| *y = self.value(*x, slope));
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let slope = self.slope(place.args);
        if *self == Self::Relu {
            let (sums, by_y, y) = (&mut step.input_slopes[0], &*step.slope, step.output);
            place.isa.compiled(
                #[inline(always)]
                || {
                    let values = sums.iter_mut().zip(by_y).zip(y);
                    values.for_each(|((sum, slope), y)| *sum += if *y > 0.0 { *slope } else { 0.0 });
                },
            );
            return;
        }
        let values = step.inputs[0].iter().zip(step.output).zip(step.slope.iter());
        for (sum, ((x, y), by_y)) in step.input_slopes[0].iter_mut().zip(values) {
            *sum += by_y * self.derivative(*x, *y, slope);
        }
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let quant = match (self.fixed(), self) {
            (Some(quant), _) => quant,
            (None, Self::Relu | Self::Relu6) => inputs[0],
            (None, _) => Quant::of_range(range).at_least(inputs[0].scale / 64.0, range),
        };
        Ok(Lowered::plain(quant))
    }

    fn channels(&self, node: &QNode) -> Channels {
        Channels::each(node)
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let (input, output) = (inputs[0], node.lowered.quant);
        if self.fixed().is_some_and(|quant| {
            quant.zero_point != output.zero_point || quant.scale.to_bits() != output.scale.to_bits()
        }) {
            let Some(quant) = self.fixed() else { return Ok(Derived::default()) };
            return Err(format!("`{}` gives scale {} and zero point {}", self.word(), quant.scale, quant.zero_point));
        }
        if *self == Self::HardSwish && output.scale * 128.0 < input.scale {
            return Err("`hard_swish` has an output scale below a 128th of its input's".into());
        }
        let slope = self.slope(&node.args);
        let answers = (-128..128).map(|q| self.answer(q, input, output, slope).clamp(-128, 127) as i8);
        Ok(Derived { table: answers.collect(), ..Derived::default() })
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        for (y, x) in output.iter_mut().zip(inputs[0]) {
            *y = node.derived.table[(i32::from(*x) + 128) as usize];
        }
    }

    fn variants(&self, node: &QNode, _can: Capabilities) -> Vec<Variant> {
        // Where nothing but a clamp is left, no table is needed.
        vec![Variant::plain(if clamp(&node.derived.table).is_some() { "clamp" } else { "lookup" })]
    }

    fn overlap(&self, _node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        Overlap::Lead(0)
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let (low, high) = clamp(&node.derived.table).unwrap_or((-128, 127));
        Context::from([
            ("len", json!(node.output.len())),
            ("table", json!(node.derived.table)),
            ("low", json!(low)),
            ("high", json!(high)),
        ])
    }
}

/// The bounds when a table is a clamp.
fn clamp(table: &[i8]) -> Option<(i8, i8)> {
    let (low, high) = (*table.first()?, *table.last()?);
    let same = |(q, answer): (i32, &i8)| i32::from(*answer) == q.clamp(i32::from(low), i32::from(high));
    (low <= high && (-128..).zip(table).all(same)).then_some((low, high))
}
