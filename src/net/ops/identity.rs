//! Operators that do nothing on the board, because their output is their input's memory: `dropout` (Srivastava et al.
//! 2014, scaled in training), `flatten`, `reshape`.

use crate::base::{Kind, Param, Params, Shape};
use crate::net::qnet::{QNode, Quant};

use super::Args;
use super::args::{share, signed};
use super::operator::{
    Backward, Channels, Context, Derived, Dropped, Example, Lowered, Operator, Place, Storage, Variant,
};

/// What an identity is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Identity {
    Dropout,
    Flatten,
    Reshape,
}

/// What each value is multiplied with: the same in the forward and the backward pass of one step.
fn factors(place: &Place<'_>) -> impl Iterator<Item = f32> {
    let rate = share("dropout", place.args, "rate").unwrap_or(0.0);
    let mut noise = place.noise.clone();
    let kept = 1.0 / (1.0 - rate);
    std::iter::repeat_with(move || match &mut noise {
        Some(noise) => f32::from(u8::from(noise.unit() >= rate)) * kept,
        None => 1.0,
    })
}

fn reshaped(args: &[(String, String)], takes: &Shape) -> Result<Shape, String> {
    let dims = signed("reshape", args, "dims")?.ok_or("`reshape` needs `dims`")?;
    let known = dims.iter().filter(|dim| **dim != -1).try_fold(1_usize, |product, dim| {
        usize::try_from(*dim).ok().filter(|dim| *dim > 0).and_then(|dim| product.checked_mul(dim))
    });
    let open = dims.iter().filter(|dim| **dim == -1).count();
    let known = known.filter(|known| open <= 1 && takes.len().is_multiple_of(*known));
    let fill = known.map(|known| takes.len() / known).filter(|fill| open == 1 || *fill == 1);
    let fill =
        fill.ok_or_else(|| format!("`reshape` can't bring the {} values of {takes} to {dims:?}", takes.len()))?;
    Ok(Shape::f32(&dims.iter().map(|dim| usize::try_from(*dim).unwrap_or(fill)).collect::<Vec<_>>()))
}

impl Operator for Identity {
    fn word(&self) -> &'static str {
        match self {
            Self::Dropout => "dropout",
            Self::Flatten => "flatten",
            Self::Reshape => "reshape",
        }
    }

    fn doc(&self) -> &'static str {
        match self {
            Self::Dropout => {
                "In training, each value becomes zero with probability `rate`, and the others grow to keep the sum; \
                 nothing on the board."
            }
            Self::Flatten => "The same values in one dimension.",
            Self::Reshape => "The same values in other dimensions.",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Dropout => {
                vec![Param::optional("rate", Kind::Number(0.0, 0.99), "0.5", "Share of values that are dropped.")]
            }
            Self::Flatten => Vec::new(),
            Self::Reshape => {
                vec![Param::required("dims", Kind::Free, "New dimensions, `[7, 7, 64]`; one may be -1: what is left.")]
            }
        }
    }

    fn examples(&self) -> Vec<Example> {
        match self {
            Self::Dropout => vec![Example { args: &[("rate", "0.25")], inputs: &[&[8]] }],
            Self::Flatten => vec![Example { args: &[], inputs: &[&[3, 5]] }],
            Self::Reshape => vec![Example { args: &[("dims", "[2, -1, 3]")], inputs: &[&[4, 3]] }],
        }
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        match self {
            Self::Dropout => share("dropout", args, "rate").map(|_| takes[0].clone()),
            Self::Flatten => Ok(Shape::f32(&[takes[0].len()])),
            Self::Reshape => reshaped(args, &takes[0]),
        }
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        output.copy_from_slice(inputs[0]);
        if *self == Self::Dropout {
            output.iter_mut().zip(factors(place)).for_each(|(y, factor)| *y *= factor);
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let sums = step.input_slopes[0].iter_mut().zip(step.slope.iter());
        if *self == Self::Dropout {
            sums.zip(factors(place)).for_each(|((sum, slope), factor)| *sum += slope * factor);
        } else {
            sums.for_each(|(sum, slope)| *sum += slope);
        }
    }

    fn identity(&self) -> bool {
        true
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(inputs[0]))
    }

    fn channels(&self, node: &QNode) -> Channels {
        let width = |shape: &Shape| shape.dims.last().copied().unwrap_or(1);
        let (input, output) = (width(&node.takes[0]), width(&node.output));
        if output.is_multiple_of(input) {
            Channels::Follow(vec![(0..output).map(|channel| Some(channel % input)).collect()])
        } else {
            Channels::Opaque
        }
    }

    fn without(&self, node: &QNode, dropped: &Dropped<'_>) -> Result<(Args, Lowered), String> {
        let mut dims = node.output.dims.clone();
        if let (Self::Reshape, Some(last)) = (self, dims.last_mut()) {
            *last = dropped.output.iter().filter(|gone| !**gone).count();
            return Ok((vec![("dims".into(), format!("{dims:?}"))], node.lowered.clone()));
        }
        Ok((node.args.clone(), node.lowered.clone()))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant == inputs[0] {
            Ok(Derived::default())
        } else {
            Err(format!("`{}` changes the quantisation of its input", self.word()))
        }
    }

    fn forward_i8(&self, _node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        output.copy_from_slice(inputs[0]);
    }

    fn storage(&self) -> Storage {
        Storage::Alias
    }

    fn context(&self, _node: &QNode, _variant: &Variant) -> Context {
        Context::new()
    }
}
