//! The activation that a layer applies to its own outputs.

use crate::base::{Kind, Param};
use crate::net::qnet::Quant;

use super::Args;
use super::args::text;

/// What is applied to each output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Activation {
    None,
    Relu,
    Relu6,
    ReluN1To1,
}

const WORDS: [(&str, Activation); 4] = [
    ("none", Activation::None),
    ("relu", Activation::Relu),
    ("relu6", Activation::Relu6),
    ("relu_n1_to_1", Activation::ReluN1To1),
];

/// The parameter of the operators that have one.
pub(super) fn param() -> Param {
    let words = WORDS.iter().map(|(word, _)| (*word).to_string()).collect();
    Param::optional("activation", Kind::Word(words), "none", "What is applied to each output.")
}

/// The activation that `args` ask for.
pub(super) fn read(word: &str, args: &[(String, String)]) -> Result<Activation, String> {
    let given = text(args, "activation").unwrap_or("none");
    let found = WORDS.iter().find(|(name, _)| *name == given).map(|(_, activation)| *activation);
    found.ok_or_else(|| format!("`activation` of `{word}` is `none`, `relu`, `relu6` or `relu_n1_to_1`, not `{given}`"))
}

/// The activation of arguments that were checked before.
pub(super) fn of(args: &[(String, String)]) -> Activation {
    read("", args).unwrap_or(Activation::None)
}

/// Arguments whose activation also does the work of the layer `next` behind, for [`super::Operator::take_in`].
pub(super) fn take_in(args: &[(String, String)], next: &str) -> Option<Args> {
    let after = WORDS.iter().find(|(word, activation)| *word == next && *activation != Activation::None)?;
    // A clamp to 0..=6 behind one at 0 is the clamp to 0..=6.
    let fits = match of(args) {
        Activation::None => true,
        Activation::Relu => matches!(after.1, Activation::Relu | Activation::Relu6),
        Activation::Relu6 | Activation::ReluN1To1 => false,
    };
    if !fits {
        return None;
    }
    let mut fused: Args = args.iter().filter(|arg| arg.0 != "activation").cloned().collect();
    fused.push(("activation".into(), after.0.into()));
    Some(fused)
}

impl Activation {
    /// The range that it clamps to.
    pub(super) fn range(self) -> (f32, f32) {
        match self {
            Self::None => (f32::NEG_INFINITY, f32::INFINITY),
            Self::Relu => (0.0, f32::INFINITY),
            Self::Relu6 => (0.0, 6.0),
            Self::ReluN1To1 => (-1.0, 1.0),
        }
    }

    /// Clamps all of `y`.
    pub(super) fn apply(self, y: &mut [f32]) {
        let (low, high) = self.range();
        if self == Self::Relu {
            y.iter_mut().for_each(|y| *y = if *y > 0.0 { *y } else { 0.0 });
        } else if self != Self::None {
            y.iter_mut().for_each(|y| *y = y.max(low).min(high));
        }
    }

    /// Turns the slope by the clamped outputs `y` into the one by what was clamped.
    pub(super) fn undo(self, y: &[f32], slope: &mut [f32]) {
        let (low, high) = self.range();
        if self != Self::None {
            for (slope, y) in slope.iter_mut().zip(y) {
                *slope = if *y > low && *y < high { *slope } else { 0.0 };
            }
        }
    }

    /// The same range in int8 (`TFLite`'s `CalculateActivationRangeQuantized`: a division in f32, halves away from 0).
    pub(super) fn clamp_i8(self, quant: Quant) -> (i32, i32) {
        let (low, high) = self.range();
        let step = |real: f32| ((real / quant.scale).round().clamp(-1e6, 1e6)) as i32 + quant.zero_point;
        let low = if low.is_finite() { step(low).clamp(-128, 127) } else { -128 };
        let high = if high.is_finite() { step(high).clamp(-128, 127) } else { 127 };
        (low, high)
    }
}
