//! `concat`: values behind each other along one dimension.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::base::{Kind, Param, Params, Shape};
use crate::net::fixed;
use crate::net::qnet::{QNode, Quant};

use super::args::{axes, text};
use super::operator::{Backward, Channels, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};

pub(super) struct Concat;

/// More inputs aren't read.
const MOST_INPUTS: usize = 256;

/// How often the inputs take turns, and how many values each gives in a turn.
fn turns(args: &[(String, String)], takes: &[Shape]) -> Result<(usize, Vec<usize>, Shape), String> {
    let rank = takes[0].dims.len();
    let axis = match text(args, "axis") {
        None => rank.saturating_sub(1),
        Some(_) => match axes("concat", args, "axis", rank)?[..] {
            [axis] => axis,
            _ => return Err("`axis` of `concat` is one dimension".into()),
        },
    };
    let alike = |shape: &Shape| {
        let same = |(at, dim): (usize, &usize)| at == axis || takes[0].dims[at] == *dim;
        shape.dims.len() == rank && shape.dims.iter().enumerate().all(same)
    };
    if rank == 0 || !takes.iter().all(alike) {
        let shapes: Vec<String> = takes.iter().map(Shape::to_string).collect();
        return Err(format!("`concat` along dimension {axis} can't join {}", shapes.join(", ")));
    }
    let mut dims = takes[0].dims.clone();
    dims[axis] = takes.iter().map(|shape| shape.dims[axis]).sum();
    let widths = takes.iter().map(|shape| shape.dims[axis..].iter().product()).collect();
    Ok((dims[..axis].iter().product(), widths, Shape::f32(&dims)))
}

fn checked(args: &[(String, String)], takes: &[Shape]) -> (usize, Vec<usize>) {
    let (count, widths, _) = turns(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"));
    (count, widths)
}

/// Calls `see` with each turn's input, range of the input, and where it goes.
fn each(count: usize, widths: &[usize], mut see: impl FnMut(usize, std::ops::Range<usize>, usize)) {
    let mut to = 0;
    for turn in 0..count {
        for (input, width) in widths.iter().enumerate() {
            see(input, turn * width..(turn + 1) * width, to);
            to += width;
        }
    }
}

impl Operator for Concat {
    fn word(&self) -> &'static str {
        "concat"
    }

    fn doc(&self) -> &'static str {
        "Values behind each other along one dimension."
    }

    fn params(&self) -> Params {
        vec![Param::optional("axis", Kind::Free, "-1", "The dimension; -1 is the last.")]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("axis", "0")], inputs: &[&[3], &[4]] },
            Example { args: &[("axis", "-1")], inputs: &[&[2, 3], &[2, 1], &[2, 2]] },
        ]
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=MOST_INPUTS
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        turns(args, takes).map(|(_, _, shape)| shape)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let (count, widths) = checked(place.args, place.takes);
        for (row, y) in output.chunks_exact_mut(place.output.len()).enumerate() {
            each(count, &widths, |input, from, to| {
                let x = &inputs[input][row * place.takes[input].len()..];
                y[to..to + from.len()].copy_from_slice(&x[from]);
            });
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let (count, widths) = checked(place.args, place.takes);
        for (row, slope) in step.slope.chunks_exact(place.output.len()).enumerate() {
            each(count, &widths, |input, from, to| {
                let len = from.len();
                let Some(sums) = step.input_slopes[input].get_mut(row * place.takes[input].len()..) else { return };
                if !sums.is_empty() {
                    sums[from].iter_mut().zip(&slope[to..to + len]).for_each(|(sum, slope)| *sum += slope);
                }
            });
        }
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        let same = inputs.iter().all(|quant| *quant == inputs[0]);
        let finest = inputs.iter().map(|quant| quant.scale).fold(f32::MAX, f32::min);
        Ok(Lowered::plain(if same { inputs[0] } else { Quant::of_range(range).at_least(finest / 256.0, range) }))
    }

    fn channels(&self, node: &QNode) -> Channels {
        let last = |shape: &Shape| shape.dims.last().copied().unwrap_or(1);
        let outputs = last(&node.output);
        if node.takes.iter().map(last).sum::<usize>() != outputs || node.takes.len() == 1 {
            return Channels::each(node);
        }
        let mut first = 0;
        let from = |shape: &Shape| {
            let (start, end) = (first, first + last(shape));
            first = end;
            (0..outputs).map(|output| (start..end).contains(&output).then(|| output - start)).collect()
        };
        Channels::Follow(node.takes.iter().map(from).collect())
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        let mut derived = Derived::default();
        for quant in inputs {
            let (multiplier, shift) = fixed::multiplier(f64::from(quant.scale) / f64::from(node.lowered.quant.scale));
            if shift > 22 {
                return Err("`concat` has an output scale far below that of an input".into());
            }
            derived.multipliers.push(multiplier);
            derived.shifts.push(shift);
        }
        Ok(derived)
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let (count, widths) = checked(&node.args, &node.takes);
        let (quant, derived) = (node.lowered.quant, &node.derived);
        each(count, &widths, |input, from, to| {
            for (y, x) in output[to..].iter_mut().zip(&inputs[input][from]) {
                let x = i32::from(*x) - node.quants[input].zero_point;
                let scaled = if node.quants[input] == quant {
                    x
                } else {
                    fixed::requantise(x, derived.multipliers[input], derived.shifts[input])
                };
                *y = scaled.saturating_add(quant.zero_point).clamp(-128, 127) as i8;
            }
        });
    }

    fn overlap(&self, node: &QNode, _variant: &Variant, input: usize) -> Overlap {
        let (count, widths) = checked(&node.args, &node.takes);
        let (total, before): (usize, usize) = (widths.iter().sum(), widths[..input].iter().sum());
        Overlap::Lead(count.saturating_sub(1) * (total - widths[input]) + before)
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let (count, widths) = checked(&node.args, &node.takes);
        let input = |at: usize| {
            json!({
                "width": widths[at], "plain": node.quants[at] == node.lowered.quant,
                "zero_point": node.quants[at].zero_point, "multiplier": node.derived.multipliers[at],
                "shift": node.derived.shifts[at],
            })
        };
        Context::from([
            ("turns", json!(count)),
            ("parts", json!((0..widths.len()).map(input).collect::<Vec<_>>())),
            ("zero_point", json!(node.lowered.quant.zero_point)),
        ])
    }
}
