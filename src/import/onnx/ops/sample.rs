//! Sampling of images at computed places: `GridSample`, `AffineGrid`, `RoiAlign`, `DeformConv`.

use crate::import::onnx::node::{Call, float, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{Builder, DType, Expr, Math, Tensor, index};

use super::conv::check_bias;
use super::reduce::limits;
use super::window::Window;

/// How a place between elements, or beyond them, is read.
struct Sampler {
    mode: &'static str,
    padding: String,
    align: bool,
}

impl Sampler {
    /// A place of `-1..1` in elements of an axis.
    fn place(&self, at: &Expr, length: usize) -> Expr {
        let length = length as f64;
        if self.align { (at + 1.0) * ((length - 1.0) / 2.0) } else { ((at + 1.0) * length - 1.0) / 2.0 }
    }

    /// A place beyond the border, as the padding sees it.
    fn reflected(&self, b: &mut Builder, at: &Expr, length: usize) -> Expr {
        let (low, high) = if self.align { (0.0, length as f64 - 1.0) } else { (-0.5, length as f64 - 0.5) };
        let range = high - low;
        if range <= 0.0 {
            return at.like(0.0);
        }
        // Distance from the lower border, folded: a period is there and back.
        let far = b.once((at - low).abs());
        let turns = b.once((&far / range).math(Math::Floor));
        let rest = b.once(&far - &turns * range);
        let even = (&turns - (&turns / 2.0).math(Math::Floor) * 2.0).eq_(&turns.like(0.0));
        even.select(&(&rest + low), &(-rest + high))
    }

    /// An element of an axis by an integer place: the position, and whether it is inside.
    fn element(&self, b: &mut Builder, at: &Expr, length: usize) -> (Expr, Expr) {
        let last = (length - 1) as f64;
        match self.padding.as_str() {
            "border" => (at.clamp(0.0, last).cast(DType::Index), Expr::truth(true)),
            "reflection" => {
                let back = self.reflected(b, at, length);
                let back = back.clamp(0.0, last).math(Math::Rint);
                (b.once(back.cast(DType::Index)), Expr::truth(true))
            }
            _ => {
                let inside = at.ge(&at.like(0.0)).and(&at.le(&at.like(last)));
                (b.once(at.clamp(0.0, last).cast(DType::Index)), b.once(inside))
            }
        }
    }

    /// First tap and the weights of an axis at a place.
    fn taps(&self, b: &mut Builder, at: &Expr) -> (Expr, Vec<Expr>) {
        if self.mode == "nearest" {
            return (b.once(at.math(Math::Rint)), vec![at.like(1.0)]);
        }
        let floor = b.once(at.math(Math::Floor));
        let rest = b.once(at - &floor);
        if self.mode == "linear" {
            let weights = [rest.like(1.0) - &rest, rest].map(|weight| b.once(weight));
            return (floor, weights.to_vec());
        }
        let weights = [&rest + 1.0, rest.clone(), rest.like(1.0) - &rest, rest.like(2.0) - &rest];
        let weights = weights.map(|distance| b.once(distance));
        let near = |x: &Expr| (x * 1.25 - 2.25) * x * x + 1.0;
        let far = |x: &Expr| ((x * -0.75 + 3.75) * x - 6.0) * x + 3.0;
        let values = [far(&weights[0]), near(&weights[1]), near(&weights[2]), far(&weights[3])];
        (b.once(floor - 1.0), values.map(|value| b.once(value)).to_vec())
    }
}

/// The value of an image at a place: the sum over all combinations of taps; `at` fixes the first axes of `x`.
fn sample(b: &mut Builder, sampler: &Sampler, x: &Tensor, at: &[Expr], places: &[Expr]) -> Expr {
    let first = at.len();
    let wide = places[0].dtype;
    let mut axes = Vec::new();
    for (axis, place) in places.iter().enumerate() {
        let (start, weights) = sampler.taps(b, place);
        let taps: Vec<(Expr, Expr, Expr)> = weights
            .into_iter()
            .enumerate()
            .map(|(tap, weight)| {
                let (element, inside) = sampler.element(b, &(&start + tap as f64), x.shape[first + axis]);
                (b.once(element), inside, weight)
            })
            .collect();
        axes.push(taps);
    }
    let sum = b.var(Expr::int(wide, 0));
    let count = axes[0].len();
    for choice in 0..count.pow(places.len() as u32) {
        let mut from = at.to_vec();
        let mut inside = Expr::truth(true);
        let mut weight: Option<Expr> = None;
        let mut rest = choice;
        for taps in &axes {
            let (element, within, own) = &taps[rest % count];
            rest /= count;
            from.push(element.clone());
            inside = inside.and(within);
            weight = Some(weight.map_or(own.clone(), |weight| weight * own));
        }
        let weight = weight.unwrap_or_else(|| Expr::int(wide, 1));
        b.when(&inside, |b| b.set(&sum, &sum + x.at(&from).cast(wide) * weight));
    }
    sum
}

/// `GridSample`
pub(crate) fn grid_sample(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, grid) = (call.input(0)?, call.input(1)?);
    let dtype = float(&x)?;
    let mode = match call.text("mode", "linear").as_str() {
        "linear" | "bilinear" => "linear",
        "cubic" | "bicubic" => "cubic",
        "nearest" => "nearest",
        other => return unsupported(format!("the mode `{other}`")),
    };
    let sampler =
        Sampler { mode, padding: call.text("padding_mode", "zeros"), align: call.flag("align_corners", false) };
    let rank = x.rank().saturating_sub(2);
    let fits = (1..=3).contains(&rank)
        && grid.rank() == x.rank()
        && grid.shape[0] == x.shape[0]
        && grid.shape[rank + 1] == rank
        && !x.is_empty();
    if !fits {
        return invalid(format!("a grid {:?} for {:?}", grid.shape, x.shape));
    }
    let mut shape = x.shape[..2].to_vec();
    shape.extend(&grid.shape[1..=rank]);
    let wide = dtype.sum();
    Ok(vec![call.b.map(dtype, &shape, |b, at| {
        let places: Vec<Expr> = (0..rank)
            .map(|axis| {
                let mut from = vec![at[0].clone()];
                from.extend_from_slice(&at[2..]);
                // The grid names the last axis first.
                from.push(index(rank - 1 - axis));
                let place = sampler.place(&grid.at(&from).cast(wide), x.shape[2 + axis]);
                let place = b.once(place);
                settle(b, &sampler, &place, x.shape[2 + axis])
            })
            .collect();
        sample(b, &sampler, &x, &at[..2], &places)
    })?])
}

/// A place as the padding sees it, before its taps are taken.
fn settle(b: &mut Builder, sampler: &Sampler, place: &Expr, length: usize) -> Expr {
    let place = if sampler.padding == "border" { place.clamp(0.0, length as f64 - 1.0) } else { place.clone() };
    let reflected = sampler.padding == "reflection" && sampler.mode != "nearest";
    let place = if reflected { sampler.reflected(b, &place, length) } else { place };
    b.once(place)
}

/// `AffineGrid`
pub(crate) fn affine_grid(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let theta = call.input(0)?;
    let dtype = float(&theta)?;
    let sizes = call.known_ints(1)?.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    let align = call.flag("align_corners", false);
    let Some(rank) = sizes.len().checked_sub(2).filter(|rank| (2..=3).contains(rank)) else {
        return invalid(format!("a size {sizes:?}"));
    };
    if theta.shape != [sizes[0], rank, rank + 1] || sizes.contains(&0) {
        return invalid(format!("transforms {:?} for {sizes:?}", theta.shape));
    }
    let mut shape = vec![sizes[0]];
    shape.extend(&sizes[2..]);
    shape.push(rank);
    Ok(vec![call.b.map(dtype, &shape, |_, at| {
        let entry = |column: usize| theta.at(&[at[0].clone(), at[rank + 1].clone(), index(column)]);
        (0..rank).fold(entry(rank), |sum, column| {
            let axis = rank - 1 - column;
            let (place, length) = (at[1 + axis].cast(dtype), sizes[2 + axis] as f64);
            let place = if align && length > 1.0 {
                place * (2.0 / (length - 1.0)) - 1.0
            } else {
                (place * 2.0 + 1.0) / length - 1.0
            };
            sum + entry(column) * place
        })
    })?])
}

/// `RoiAlign`
pub(crate) fn roi_align(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, rois, batches) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let dtype = float(&x)?;
    let wide = dtype.sum();
    let (height, width) = (size(call.int("output_height", 1))?, size(call.int("output_width", 1))?);
    let ratio = size(call.int("sampling_ratio", 0))?;
    let scale = call.float("spatial_scale", 1.0);
    let maximum = call.text("mode", "avg") == "max";
    let half = call.opset >= 16 && call.text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
    let fits =
        x.rank() == 4 && rois.rank() == 2 && rois.shape[1] == 4 && batches.len() == rois.shape[0] && !x.is_empty();
    if !fits {
        return invalid(format!("regions {:?} of {:?}", rois.shape, x.shape));
    }
    let shape = [rois.shape[0], x.shape[1], height, width];
    Ok(vec![call.b.map(dtype, &shape, |b, at| {
        let corner = |column: usize| rois.at(&[at[0].clone(), index(column)]).cast(wide) * scale;
        let shift = if half { 0.5 } else { 0.0 };
        let mut axes = Vec::new();
        for (axis, (low, high, bins)) in [(1, 3, height), (0, 2, width)].into_iter().enumerate() {
            let start = b.once(corner(low) - shift);
            let length = corner(high) - shift - &start;
            let length = b.once(if half { length } else { length.max(&start.like(1.0)) });
            let bin = b.once(&length / bins as f64);
            let count = if ratio > 0 {
                index(ratio)
            } else {
                (&length / bins as f64).math(Math::Ceil).clamp(1.0, 1e6).cast(DType::Index)
            };
            let count = b.once(count);
            let origin = b.once(start + at[2 + axis].cast(wide) * &bin);
            axes.push((origin, bin, count));
        }
        let batch = super::gather::position(b, &batches.flat(&at[0]), x.shape[0]);
        let all = b.var(if maximum { limits(wide).0 } else { Expr::int(wide, 0) });
        let (rows, columns) = (axes[0].2.clone(), axes[1].2.clone());
        b.until(rows.clone(), |b, row| {
            b.until(columns.clone(), |b, column| {
                let places: Vec<Expr> = [row, column]
                    .iter()
                    .zip(&axes)
                    .map(|(step, (origin, bin, count))| {
                        let place = origin + (step.cast(wide) + 0.5) * bin / count.cast(wide);
                        b.once(place)
                    })
                    .collect();
                aligned(b, &x, &[batch.clone(), at[1].clone()], &places, &all, maximum);
            });
        });
        if maximum { all } else { all / (rows.cast(wide) * columns.cast(wide)) }
    })?])
}

/// One sample of a region: places up to one element outside are drawn in, others count as zero.
fn aligned(b: &mut Builder, x: &Tensor, at: &[Expr], places: &[Expr], all: &Expr, maximum: bool) {
    let wide = all.dtype;
    let mut inside = Expr::truth(true);
    let mut axes = Vec::new();
    for (axis, place) in places.iter().enumerate() {
        let last = (x.shape[2 + axis] - 1) as f64;
        inside = inside.and(&place.ge(&place.like(-1.0))).and(&place.le(&place.like(last + 1.0)));
        let place = b.once(place.clamp(0.0, last));
        let low = b.once(place.math(Math::Floor));
        let rest = b.once(&place - &low);
        let low = b.once(low.cast(DType::Index));
        let high = b.once((&low + index(1)).min(&index(x.shape[2 + axis] - 1)));
        axes.push([(low, rest.like(1.0) - &rest), (high, rest)]);
    }
    let mut parts = Vec::new();
    for (row, first) in &axes[0] {
        for (column, second) in &axes[1] {
            let from = [at[0].clone(), at[1].clone(), row.clone(), column.clone()];
            parts.push(x.at(&from).cast(wide) * first * second);
        }
    }
    b.when(&inside, |b| {
        if maximum {
            for part in parts {
                b.set(all, all.max(&part));
            }
        } else {
            let value = parts.into_iter().reduce(|sum, part| sum + part);
            b.set(all, value.map_or(all.clone(), |value| all + value));
        }
    });
}

/// `DeformConv`
pub(crate) fn deform_conv(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (x, w, offset) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let (bias, mask) = (call.optional(3), call.optional(4));
    let dtype = float(&x)?;
    let wide = dtype.sum();
    let (groups, spreads) = (size(call.int("group", 1))?, size(call.int("offset_group", 1))?);
    if x.rank() != 4 || w.rank() != 4 || x.is_empty() {
        return unsupported("other than two spatial dimensions");
    }
    let window = Window::new(call.node, &x.shape[2..], &w.shape[2..])?;
    let (batch, channels, taps) = (x.shape[0], x.shape[1], w.shape[2] * w.shape[3]);
    let (rows, columns) = (window.output[0], window.output[1]);
    let fits = groups > 0
        && spreads > 0
        && w.shape[1].checked_mul(groups) == Some(channels)
        && w.shape[0].is_multiple_of(groups)
        && channels.is_multiple_of(spreads)
        && offset.len() == batch * spreads * taps * 2 * rows * columns
        && mask.as_ref().is_none_or(|mask| mask.len() == batch * spreads * taps * rows * columns);
    if !fits {
        return invalid(format!("offsets {:?} for {:?}", offset.shape, x.shape));
    }
    check_bias(bias.as_ref(), w.shape[0])?;
    let offset = offset.view(&[batch, spreads, taps, 2, rows, columns]);
    let mask = mask.map(|mask| mask.view(&[batch, spreads, taps, rows, columns]));
    let sampler = Sampler { mode: "linear", padding: "zeros".into(), align: true };
    let filters = w.shape[0] / groups;
    Ok(vec![call.b.map(dtype, &[batch, w.shape[0], rows, columns], |b, at| {
        let sum = b.var(bias.as_ref().map_or(Expr::int(wide, 0), |bias| bias.flat(&at[1]).cast(wide)));
        b.nest(&[w.shape[1], w.shape[2], w.shape[3]], |b, tap| {
            let channel = b.once(&at[1] / index(filters) * index(w.shape[1]) + &tap[0]);
            let spread = b.once(&channel / index(channels / spreads));
            let flat = b.once(&tap[1] * index(w.shape[3]) + &tap[2]);
            let places: Vec<Expr> = (0..2)
                .map(|axis| {
                    let from = [&at[0], &spread, &flat, &index(axis), &at[2], &at[3]].map(Clone::clone);
                    let own = &at[2 + axis] * index(window.strides[axis])
                        + &tap[1 + axis] * index(window.dilations[axis])
                        - crate::tensor::expr::offset(window.before[axis]);
                    b.once(own.cast(wide) + offset.at(&from).cast(wide))
                })
                .collect();
            let value = sample(b, &sampler, &x, &[at[0].clone(), channel], &places);
            let weight = w.at(&[&at[1], &tap[0], &tap[1], &tap[2]].map(Clone::clone)).cast(wide);
            let weight = mask.as_ref().map_or(weight.clone(), |mask| {
                weight * mask.at(&[&at[0], &spread, &flat, &at[2], &at[3]].map(Clone::clone)).cast(wide)
            });
            b.set(&sum, &sum + value * weight);
        });
        sum
    })?])
}
