//! `matmul`: the product of two values as matrices, `[…, m, k] × […, k, n]`; leading dimensions are broadcast.
//!
//! The int8 form is TFLM's (`batch_matmul.cc`): both zero points are taken off, one multiplier for all.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::base::Shape;
use crate::net::fixed;
use crate::net::gemm::{self, Left, gemm};
use crate::net::qnet::{QNode, Quant};

use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Place, Variant};
use super::strided::{Loops, broadcast_dims, steps};

pub(super) struct Matmul;

/// Rows, inner length, columns, and the offsets of each pair of matrices: (first, second, output).
struct Plan {
    rows: usize,
    inner: usize,
    columns: usize,
    matrices: Vec<[usize; 3]>,
    output: Shape,
}

fn plan(takes: &[Shape]) -> Result<Plan, String> {
    let wrong = || format!("`matmul` can't multiply {} with {}", takes[0], takes[1]);
    let split = |shape: &Shape| {
        let [lead @ .., rows, columns] = shape.dims.as_slice() else { return Err(wrong()) };
        Ok((lead.to_vec(), *rows, *columns))
    };
    let ((first, rows, inner), (second, other, columns)) = (split(&takes[0])?, split(&takes[1])?);
    let lead = broadcast_dims(&[&first, &second]).filter(|_| inner == other).ok_or_else(wrong)?;
    let all = |dims: &[usize]| {
        let own = steps(dims);
        let missing = lead.len() - dims.len();
        let step = |at: usize| match at.checked_sub(missing) {
            Some(at) if dims[at] != 1 => own[at],
            _ => 0,
        };
        (0..lead.len()).map(step).collect::<Vec<_>>()
    };
    let mut matrices = Vec::new();
    let sizes = [rows * inner, inner * columns, rows * columns];
    Loops::new(&lead, &[all(&first), all(&second), steps(&lead)])
        .each(|at| matrices.push([at[0] * sizes[0], at[1] * sizes[1], at[2] * sizes[2]]));
    let dims: Vec<usize> = lead.into_iter().chain([rows, columns]).collect();
    Ok(Plan { rows, inner, columns, matrices, output: Shape::f32(&dims) })
}

fn checked(takes: &[Shape]) -> Plan {
    plan(takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
}

impl Operator for Matmul {
    fn word(&self) -> &'static str {
        "matmul"
    }

    fn doc(&self) -> &'static str {
        "The product of two values as matrices; leading dimensions are broadcast."
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[], inputs: &[&[3, 4], &[4, 2]] },
            Example { args: &[], inputs: &[&[2, 2, 3], &[1, 3, 5]] },
        ]
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn infer(&self, _args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        plan(takes).map(|plan| plan.output)
    }

    fn macs(&self, _args: &[(String, String)], takes: &[Shape], output: &Shape) -> usize {
        output.len() * takes[0].dims.last().copied().unwrap_or(1)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let plan = checked(place.takes);
        let (first, second) = (place.takes[0].len(), place.takes[1].len());
        output.fill(0.0);
        for (row, y) in output.chunks_exact_mut(place.output.len()).enumerate() {
            for [a, b, c] in &plan.matrices {
                let left = Left { data: &inputs[0][row * first + a..], row: plan.inner, column: 1 };
                let right = &inputs[1][row * second + b..][..plan.inner * plan.columns];
                gemm(place.isa, plan.columns, left, right, &mut y[*c..c + plan.rows * plan.columns]);
            }
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let plan = checked(place.takes);
        let (first, second) = (place.takes[0].len(), place.takes[1].len());
        let (left_len, right_len) = (plan.rows * plan.inner, plan.inner * plan.columns);
        for (row, slope) in step.slope.chunks_exact(place.output.len()).enumerate() {
            for [a, b, c] in &plan.matrices {
                let (a, b) = (row * first + a, row * second + b);
                let slope = &slope[*c..c + plan.rows * plan.columns];
                if let Some(sums) = step.input_slopes[0].get_mut(a..a + left_len) {
                    let turned = gemm::transpose(&step.inputs[1][b..b + right_len], plan.columns);
                    gemm(place.isa, plan.inner, Left { data: slope, row: plan.columns, column: 1 }, &turned, sums);
                }
                if let Some(sums) = step.input_slopes[1].get_mut(b..b + right_len) {
                    let left = Left { data: &step.inputs[0][a..], row: 1, column: plan.inner };
                    gemm(place.isa, plan.columns, left, slope, sums);
                }
            }
        }
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], range: (f32, f32)) -> Result<Lowered, String> {
        // An output finer than a step of its sums says nothing.
        Ok(Lowered::plain(Quant::of_range(range).at_least(2.0 * inputs[0].scale * inputs[1].scale, range)))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        // `GetQuantizedConvolutionMultipler`: the product of the scales in f32.
        let product = f64::from(inputs[0].scale * inputs[1].scale);
        let (multiplier, shift) = fixed::multiplier(product / f64::from(node.lowered.quant.scale));
        let inner = node.takes[0].dims.last().copied().unwrap_or(1) as i64;
        if (255 * 255 * inner) << shift.max(0) > i64::from(i32::MAX) - 128 {
            return Err("a sum of `matmul` can overflow 32 bits: its rows are too long".into());
        }
        Ok(Derived { multipliers: vec![multiplier], shifts: vec![shift], ..Derived::default() })
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let plan = checked(&node.takes);
        let (first, second) = (node.quants[0].zero_point, node.quants[1].zero_point);
        for [a, b, c] in &plan.matrices {
            for row in 0..plan.rows {
                for column in 0..plan.columns {
                    let term = |k: usize| {
                        let x = i32::from(inputs[0][a + row * plan.inner + k]) - first;
                        x * (i32::from(inputs[1][b + k * plan.columns + column]) - second)
                    };
                    let sum: i32 = (0..plan.inner).map(term).sum();
                    let scaled = fixed::requantise(sum, node.derived.multipliers[0], node.derived.shifts[0]);
                    let q = scaled.saturating_add(node.lowered.quant.zero_point).clamp(-128, 127);
                    output[c + row * plan.columns + column] = q as i8;
                }
            }
        }
    }

    fn support(&self, _variant: &Variant) -> &'static [&'static str] {
        &["fixed_point"]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let plan = checked(&node.takes);
        let matrices: Vec<[usize; 2]> = plan.matrices.iter().map(|[a, b, _]| [*a, *b]).collect();
        Context::from([
            ("rows", json!(plan.rows)),
            ("inner", json!(plan.inner)),
            ("columns", json!(plan.columns)),
            ("matrices", json!(matrices)),
            ("offsets", json!(matrices.concat())),
            ("zeros", json!([node.quants[0].zero_point, node.quants[1].zero_point])),
            ("multiplier", json!(node.derived.multipliers[0])),
            ("shift", json!(node.derived.shifts[0])),
            ("zero_point", json!(node.lowered.quant.zero_point)),
        ])
    }
}
