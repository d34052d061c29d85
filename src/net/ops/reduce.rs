//! Operators that reduce dimensions: `mean`, `sum`, `reduce_max`, `reduce_min`, `argmax`.
//!
//! The int8 mean and sum are TFLM's (`QuantizedMeanOrSum` of `reference/reduce.h`): the division by the count is part of
//! the multiplier. The largest and smallest value keep the input's quantisation. `argmax` gives an index at scale 1.

use serde_json::json;

use crate::base::{Kind, Param, Params, Shape};
use crate::net::fixed;
use crate::net::qnet::{QNode, Quant};

use super::args::{axes, flag, text};
use super::operator::{Backward, Channels, Context, Derived, Example, Lowered, Operator, Place, Variant};
use super::strided::{Loops, steps};

/// How values are reduced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reduce {
    Mean,
    Sum,
    Max,
    Min,
    ArgMax,
}

/// Loops over what is kept (tensor 0) and over what is reduced (tensor 0), both in the input.
struct Plan {
    kept: Loops,
    reduced: Loops,
    count: usize,
    output: Shape,
}

/// An index at scale 1.
const INDEX: Quant = Quant { scale: 1.0, zero_point: -128 };

impl Reduce {
    fn plan(self, args: &[(String, String)], takes: &Shape) -> Result<Plan, String> {
        let (word, rank) = (self.word(), takes.dims.len());
        let name = if self == Self::ArgMax { "axis" } else { "axes" };
        let reduced = match text(args, name) {
            None if self == Self::ArgMax => vec![rank.saturating_sub(1)],
            _ => axes(word, args, name, rank)?,
        };
        if self == Self::ArgMax && (reduced.len() != 1 || rank == 0) {
            return Err("`axis` of `argmax` is one dimension".into());
        }
        let keep = flag(word, args, "keep")?;
        let all = steps(&takes.dims);
        let some = |axes: &[usize]| {
            let extents: Vec<usize> = axes.iter().map(|axis| takes.dims[*axis]).collect();
            Loops::new(&extents, &[axes.iter().map(|axis| all[*axis]).collect()])
        };
        let kept: Vec<usize> = (0..rank).filter(|axis| !reduced.contains(axis)).collect();
        let dim = |axis: usize| if reduced.contains(&axis) { keep.then_some(1) } else { Some(takes.dims[axis]) };
        let output = Shape::f32(&(0..rank).filter_map(dim).collect::<Vec<_>>());
        let count = reduced.iter().map(|axis| takes.dims[*axis]).product();
        if self == Self::ArgMax && count > 256 {
            return Err(format!("`argmax` tells at most 256 values apart, but there are {count}"));
        }
        Ok(Plan { kept: some(&kept), reduced: some(&reduced), count, output })
    }

    fn checked(self, args: &[(String, String)], takes: &Shape) -> Plan {
        self.plan(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
    }

    fn reduce(self, values: &mut dyn Iterator<Item = f32>, count: usize) -> f32 {
        match self {
            Self::Mean => values.sum::<f32>() / count as f32,
            Self::Sum => values.sum(),
            Self::Max => values.fold(f32::NEG_INFINITY, f32::max),
            Self::Min => values.fold(f32::INFINITY, f32::min),
            Self::ArgMax => {
                let first = |best: (usize, f32), next: (usize, f32)| if next.1 > best.1 { next } else { best };
                values.enumerate().reduce(first).map_or(0.0, |best| best.0 as f32)
            }
        }
    }
}

/// Offsets of one loop nest.
fn offsets(loops: &Loops) -> Vec<usize> {
    let mut all = Vec::new();
    loops.each(|at| all.push(at[0]));
    all
}

impl Operator for Reduce {
    fn word(&self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
            Self::Max => "reduce_max",
            Self::Min => "reduce_min",
            Self::ArgMax => "argmax",
        }
    }

    fn doc(&self) -> &'static str {
        match self {
            Self::Mean => "The mean over some dimensions.",
            Self::Sum => "The sum over some dimensions.",
            Self::Max => "The largest value over some dimensions.",
            Self::Min => "The smallest value over some dimensions.",
            Self::ArgMax => "The index of the first of the largest values along a dimension.",
        }
    }

    fn params(&self) -> Params {
        let truth = Kind::Word(vec!["false".into(), "true".into()]);
        let keep = Param::optional("keep", truth, "false", "`true`: reduced dimensions stay, with one value.");
        if *self == Self::ArgMax {
            vec![Param::optional("axis", Kind::Free, "-1", "The dimension; -1 is the last."), keep]
        } else {
            vec![
                Param::optional("axes", Kind::Free, "", "Dimensions that are reduced; all where nothing is said."),
                keep,
            ]
        }
    }

    fn examples(&self) -> Vec<Example> {
        if *self == Self::ArgMax {
            return vec![Example { args: &[("axis", "-1")], inputs: &[&[3, 5]] }];
        }
        vec![
            Example { args: &[("axes", "[0, 1]"), ("keep", "true")], inputs: &[&[3, 4, 2]] },
            Example { args: &[("axes", "[1]")], inputs: &[&[3, 4, 2]] },
            Example { args: &[("axes", "[-1]")], inputs: &[&[2, 7]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        self.plan(args, &takes[0]).map(|plan| plan.output)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let plan = self.checked(place.args, &place.takes[0]);
        let (kept, reduced) = (offsets(&plan.kept), offsets(&plan.reduced));
        let rows = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in rows {
            for (y, start) in y.iter_mut().zip(&kept) {
                *y = self.reduce(&mut reduced.iter().map(|at| x[start + at]), plan.count);
            }
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        if *self == Self::ArgMax {
            return;
        }
        let plan = self.checked(place.args, &place.takes[0]);
        let (kept, reduced) = (offsets(&plan.kept), offsets(&plan.reduced));
        let (width, len) = (place.takes[0].len(), place.output.len());
        for (row, sums) in step.input_slopes[0].chunks_exact_mut(width).enumerate() {
            for (at, start) in kept.iter().enumerate() {
                let (slope, y) = (step.slope[row * len + at], step.output[row * len + at]);
                match self {
                    Self::Mean => reduced.iter().for_each(|at| sums[start + at] += slope / plan.count as f32),
                    Self::Sum => reduced.iter().for_each(|at| sums[start + at] += slope),
                    _ => {
                        // The first of equal values is the one that counts.
                        let x = &step.inputs[0][row * width..];
                        if let Some(at) = reduced.iter().find(|at| x[start + **at].to_bits() == y.to_bits()) {
                            sums[start + at] += slope;
                        }
                    }
                }
            }
        }
    }

    fn lower(&self, place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let plan = self.checked(place.args, &place.takes[0]);
        Ok(Lowered::plain(match self {
            Self::Mean => Quant::of_range(range).at_least(inputs[0].scale / plan.count as f32, range),
            Self::Sum => Quant::of_range(range).at_least(inputs[0].scale, range),
            Self::Max | Self::Min => inputs[0],
            Self::ArgMax => INDEX,
        }))
    }

    fn channels(&self, node: &QNode) -> Channels {
        let name = if *self == Self::ArgMax { "axis" } else { "axes" };
        let rank = node.takes[0].dims.len();
        let inner = axes(self.word(), &node.args, name, rank).is_ok_and(|axes| !axes.contains(&(rank.max(1) - 1)));
        // A channel of the result comes from the same channel where the last dimension isn't reduced.
        if inner && text(&node.args, name).is_some() { Channels::each(node) } else { Channels::Opaque }
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let plan = self.checked(&node.args, &node.takes[0]);
        let (quant, count) = (node.lowered.quant, plan.count as i64);
        let expected = if *self == Self::ArgMax { INDEX } else { inputs[0] };
        if !matches!(self, Self::Mean | Self::Sum) {
            let same = quant == expected;
            return if same {
                Ok(Derived::default())
            } else {
                Err(format!("`{}` changes the quantisation", self.word()))
            };
        }
        let (mut multiplier, mut shift) = fixed::multiplier(f64::from(inputs[0].scale) / f64::from(quant.scale));
        if *self == Self::Mean {
            let bits = (63 - count.leading_zeros() as i32).min(32).min(31 + shift);
            multiplier = ((i64::from(multiplier) << bits) / count) as i32;
            shift -= bits;
        }
        if (255 * count) << shift.max(0) > i64::from(i32::MAX) - 128 {
            return Err(format!("a sum of `{}` can overflow 32 bits", self.word()));
        }
        let offset = -(count as i32) * inputs[0].zero_point;
        Ok(Derived { multipliers: vec![multiplier], shifts: vec![shift], offsets: vec![offset], ..Derived::default() })
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let plan = self.checked(&node.args, &node.takes[0]);
        let (kept, reduced) = (offsets(&plan.kept), offsets(&plan.reduced));
        for (y, start) in output.iter_mut().zip(kept) {
            let mut values = reduced.iter().map(|at| inputs[0][start + at]);
            *y = match self {
                Self::Max => values.fold(-128, i8::max),
                Self::Min => values.fold(127, i8::min),
                Self::ArgMax => {
                    let first = |best: (usize, i8), next: (usize, i8)| if next.1 > best.1 { next } else { best };
                    let index = values.by_ref().enumerate().reduce(first).map_or(0, |best| best.0);
                    (index as i32 - 128) as i8
                }
                Self::Mean | Self::Sum => {
                    let derived = &node.derived;
                    let sum = derived.offsets[0] + values.map(i32::from).sum::<i32>();
                    let scaled = fixed::requantise(sum, derived.multipliers[0], derived.shifts[0]);
                    scaled.saturating_add(node.lowered.quant.zero_point).clamp(-128, 127) as i8
                }
            };
        }
    }

    fn variants(&self, _node: &QNode, _can: super::Capabilities) -> Vec<Variant> {
        vec![Variant::plain("reduce")]
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let plan = self.checked(&node.args, &node.takes[0]);
        let first = |values: &[i32]| json!(values.first().copied().unwrap_or(0));
        Context::from([
            ("word", json!(self.word())),
            ("kept", json!(plan.kept.context())),
            ("reduced", json!(plan.reduced.context())),
            ("offset", first(&node.derived.offsets)),
            ("multiplier", first(&node.derived.multipliers)),
            ("shift", first(&node.derived.shifts)),
            ("zero_point", json!(node.lowered.quant.zero_point)),
        ])
    }
}
