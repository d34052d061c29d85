//! `resize_bilinear`: an image of another size, each pixel interpolated between its four neighbours
//! (`reference/resize_bilinear.h`; the int8 form in ten bits of fraction, `ResizeBilinearInteger`).

use serde_json::json;

use crate::base::{Kind, Param, Params, Shape};
use crate::net::qnet::{QNode, Quant};

use super::args::{flag, list};
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Place, Variant};

pub(super) struct ResizeBilinear;

const WORD: &str = "resize_bilinear";
const MOST: usize = 4096;

/// Where an output lies along an axis: between two inputs, `share` of the way to the second.
#[derive(Clone, Copy)]
struct Between<T> {
    first: usize,
    second: usize,
    share: T,
}

/// Sizes, and how pixels lie.
struct Sizes {
    input: [usize; 2],
    output: [usize; 2],
    channels: usize,
    corners: bool,
    half: bool,
}

fn sizes(args: &[(String, String)], takes: &Shape) -> Result<Sizes, String> {
    let size = list(WORD, args, "size", (1, MOST))?.ok_or("`resize_bilinear` needs `size`")?;
    let (corners, half) = (flag(WORD, args, "align_corners")?, flag(WORD, args, "half_pixel")?);
    if corners && half {
        return Err("`resize_bilinear` has `align_corners` or `half_pixel`, not both".into());
    }
    match (size.as_slice(), takes.dims.as_slice()) {
        ([high, wide], [from_high, from_wide, channels]) if takes.dims.iter().all(|dim| *dim <= MOST) => {
            Ok(Sizes { input: [*from_high, *from_wide], output: [*high, *wide], channels: *channels, corners, half })
        }
        _ => Err(format!("`{WORD}` brings an image [height, width, channels] to `size`, but it is given {takes}")),
    }
}

impl Sizes {
    fn checked(args: &[(String, String)], takes: &Shape) -> Self {
        sizes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
    }

    fn real(&self, axis: usize) -> Vec<Between<f32>> {
        let (from, to) = (self.input[axis], self.output[axis]);
        let scale = if self.corners && to > 1 { (from - 1) as f32 / (to - 1) as f32 } else { from as f32 / to as f32 };
        let between = |at: usize| {
            let real = if self.half { (at as f32 + 0.5) * scale - 0.5 } else { at as f32 * scale };
            let first = (real.floor().max(0.0) as usize).min(from - 1);
            let second = (real.ceil().max(0.0) as usize).min(from - 1);
            Between { first, second, share: real - first as f32 }
        };
        (0..to).map(between).collect()
    }

    /// The share counts 1024ths.
    fn fixed(&self, axis: usize) -> Vec<Between<i32>> {
        let (from, to) = (self.input[axis] as i32, self.output[axis] as i32);
        let scale = if self.corners && to > 1 {
            (1024 * (from - 1) + (to - 1) / 2) / (to - 1)
        } else {
            (1024 * from + to / 2) / to
        };
        let between = |at: i32| {
            let scaled = at * scale + if self.half { scale / 2 - 512 } else { 0 };
            let first = (scaled / 1024).clamp(0, from - 1);
            let second = ((scaled + 1023) / 1024).clamp(0, from - 1);
            Between { first: first as usize, second: second as usize, share: scaled - 1024 * first }
        };
        (0..to).map(between).collect()
    }

    /// Calls `see` with every output pixel, its four inputs and their weights, which sum to one.
    fn each(&self, mut see: impl FnMut(usize, [(usize, f32); 4])) {
        let (rows, columns) = (self.real(0), self.real(1));
        for (oy, y) in rows.iter().enumerate() {
            for (ox, x) in columns.iter().enumerate() {
                let pixel = |y: usize, x: usize| y * self.input[1] + x;
                let inputs = [
                    (pixel(y.first, x.first), (1.0 - y.share) * (1.0 - x.share)),
                    (pixel(y.second, x.first), y.share * (1.0 - x.share)),
                    (pixel(y.first, x.second), (1.0 - y.share) * x.share),
                    (pixel(y.second, x.second), y.share * x.share),
                ];
                see(oy * self.output[1] + ox, inputs);
            }
        }
    }
}

impl Operator for ResizeBilinear {
    fn word(&self) -> &'static str {
        WORD
    }

    fn doc(&self) -> &'static str {
        "An image of another size, each pixel interpolated between its four neighbours."
    }

    fn params(&self) -> Params {
        let truth = |name: &str, doc: &str| {
            Param::optional(name, Kind::Word(vec!["false".into(), "true".into()]), "false", doc)
        };
        vec![
            Param::required("size", Kind::Free, "New `[height, width]`."),
            truth("align_corners", "`true`: the corner pixels stay."),
            truth("half_pixel", "`true`: pixels are where their centres are."),
        ]
    }

    fn examples(&self) -> Vec<Example> {
        vec![
            Example { args: &[("size", "[5, 4]")], inputs: &[&[3, 2, 2]] },
            Example { args: &[("size", "[7, 3]"), ("half_pixel", "true")], inputs: &[&[3, 5, 1]] },
            Example { args: &[("size", "[4, 1]"), ("align_corners", "true")], inputs: &[&[2, 3, 2]] },
        ]
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        let sizes = sizes(args, &takes[0])?;
        Ok(Shape::f32(&[sizes.output[0], sizes.output[1], sizes.channels]))
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let sizes = Sizes::checked(place.args, &place.takes[0]);
        let rows = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in rows {
            sizes.each(|pixel, inputs| {
                for channel in 0..sizes.channels {
                    let values = inputs.iter().map(|(from, weight)| x[from * sizes.channels + channel] * weight);
                    y[pixel * sizes.channels + channel] = values.sum();
                }
            });
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let sizes = Sizes::checked(place.args, &place.takes[0]);
        let rows = step.input_slopes[0].chunks_exact_mut(place.takes[0].len());
        for (sums, slope) in rows.zip(step.slope.chunks_exact(place.output.len())) {
            sizes.each(|pixel, inputs| {
                for channel in 0..sizes.channels {
                    for (from, weight) in inputs {
                        sums[from * sizes.channels + channel] += slope[pixel * sizes.channels + channel] * weight;
                    }
                }
            });
        }
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(inputs[0]))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant == inputs[0] {
            Ok(Derived::default())
        } else {
            Err(format!("`{WORD}` changes the quantisation of its input"))
        }
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let sizes = Sizes::checked(&node.args, &node.takes[0]);
        let (columns, mut outputs) = (sizes.fixed(1), output.chunks_exact_mut(sizes.channels));
        for y in sizes.fixed(0) {
            for x in &columns {
                let Some(pixel) = outputs.next() else { return };
                let at = |y: usize, x: usize| (y * sizes.input[1] + x) * sizes.channels;
                for (channel, q) in pixel.iter_mut().enumerate() {
                    let value = |y, x| i32::from(inputs[0][at(y, x) + channel]);
                    let upper = value(y.first, x.first) * (1024 - x.share) + value(y.first, x.second) * x.share;
                    let lower = value(y.second, x.first) * (1024 - x.share) + value(y.second, x.second) * x.share;
                    let sum = upper * (1024 - y.share) + lower * y.share;
                    *q = ((sum + if sum > 0 { 1 << 19 } else { -(1 << 19) }) / (1 << 20)) as i8;
                }
            }
        }
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let sizes = Sizes::checked(&node.args, &node.takes[0]);
        let axis = |axis: usize, step: usize| {
            let all = sizes.fixed(axis);
            json!({
                "extent": all.len(),
                "first": all.iter().map(|at| at.first * step).collect::<Vec<_>>(),
                "second": all.iter().map(|at| at.second * step).collect::<Vec<_>>(),
                "share": all.iter().map(|at| at.share).collect::<Vec<_>>(),
            })
        };
        Context::from([
            ("rows", axis(0, sizes.input[1] * sizes.channels)),
            ("columns", axis(1, sizes.channels)),
            ("channels", json!(sizes.channels)),
        ])
    }
}
