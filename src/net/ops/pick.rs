//! Operators whose every output index, axis by axis, picks an index of the input or a filling: `slice`, `pad`,
//! `mirror_pad`, `gather`, `resize_nearest`, `tile`.

use serde_json::json;

use crate::base::{Kind, Param, Params, Shape};
use crate::net::qnet::{QNode, Quant};

use super::args::{axes, flag, list, number, signed, text};
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Overlap, Place, Variant};
use super::strided::steps;

/// How indices are picked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pick {
    Slice,
    Pad,
    MirrorPad,
    Gather,
    ResizeNearest,
    Tile,
}

/// Most elements of an output.
const MOST: usize = 1 << 24;

/// The source index of every output index along one axis; `None` is filling.
type Axis = Vec<Option<usize>>;

fn bool_param(name: &str, doc: &str) -> Param {
    Param::optional(name, Kind::Word(vec!["false".into(), "true".into()]), "false", doc)
}

impl Pick {
    fn axes(self, args: &[(String, String)], takes: &Shape) -> Result<Vec<Axis>, String> {
        let axes = match self {
            Self::Slice => self.slice(args, takes)?,
            Self::Pad | Self::MirrorPad => self.pad(args, takes)?,
            Self::Gather => gather(args, takes)?,
            Self::ResizeNearest => resize(args, takes)?,
            Self::Tile => tile(args, takes)?,
        };
        let len = axes.iter().try_fold(1_usize, |product, axis| product.checked_mul(axis.len()));
        match len {
            Some(0) => Err(format!("`{}` leaves nothing of {takes}", self.word())),
            Some(len) if len <= MOST => Ok(axes),
            _ => Err(format!("`{}` gives more than {MOST} values", self.word())),
        }
    }

    fn checked(self, args: &[(String, String)], takes: &Shape) -> Vec<Axis> {
        self.axes(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
    }

    /// One number an axis.
    fn each(
        self,
        args: &[(String, String)],
        name: &str,
        takes: &Shape,
        default: Option<i64>,
    ) -> Result<Vec<i64>, String> {
        let rank = takes.dims.len();
        match (signed(self.word(), args, name)?, default) {
            (Some(values), _) if values.len() == rank => Ok(values),
            (Some(_), _) => Err(format!("`{name}` of `{}` has one number for each of {rank} dimensions", self.word())),
            (None, Some(default)) => Ok(vec![default; rank]),
            (None, None) => Err(format!("`{}` needs `{name}`", self.word())),
        }
    }

    fn slice(self, args: &[(String, String)], takes: &Shape) -> Result<Vec<Axis>, String> {
        let begin = self.each(args, "begin", takes, Some(0))?;
        let size = self.each(args, "size", takes, Some(-1))?;
        let stride = self.each(args, "stride", takes, Some(1))?;
        let axis = |at: usize| {
            let dim = i64::try_from(takes.dims[at]).unwrap_or(0);
            let begin = if begin[at] < 0 { begin[at].checked_add(dim) } else { Some(begin[at]) };
            let begin = begin.filter(|begin| (0..dim).contains(begin));
            let rest = begin.filter(|_| stride[at] != 0).map(|begin| {
                if stride[at] > 0 {
                    (dim - 1 - begin) / stride[at] + 1
                } else {
                    begin / stride[at].saturating_neg() + 1
                }
            });
            let count = rest.map(|rest| if size[at] == -1 { rest } else { size[at] });
            match (begin, rest, count) {
                (Some(begin), Some(rest), Some(count)) if (1..=rest).contains(&count) => {
                    let index = |step: i64| usize::try_from(begin + step * stride[at]).ok();
                    Ok((0..count).map(index).collect::<Axis>())
                }
                _ => Err(format!("`slice` leaves {takes} at dimension {at}")),
            }
        };
        (0..takes.dims.len()).map(axis).collect()
    }

    fn pad(self, args: &[(String, String)], takes: &Shape) -> Result<Vec<Axis>, String> {
        let before = self.each(args, "before", takes, Some(0))?;
        let after = self.each(args, "after", takes, Some(0))?;
        let symmetric = i64::from(text(args, "mode") == Some("symmetric"));
        let axis = |at: usize| {
            let dim = i64::try_from(takes.dims[at]).unwrap_or(0);
            let most = if self == Self::Pad { MOST as i64 } else { dim - 1 + symmetric };
            if !(0..=most).contains(&before[at]) || !(0..=most).contains(&after[at]) {
                return Err(format!("`{}` adds 0 to {most} values at each end of dimension {at}", self.word()));
            }
            let index = |at: i64| match at {
                at if (0..dim).contains(&at) => Some(at),
                _ if self == Self::Pad => None,
                at if at < 0 => Some(-at - symmetric),
                at => Some(2 * dim - 2 - at + symmetric),
            };
            let indices = (-before[at]..dim + after[at]).map(index);
            Ok(indices.map(|index| index.and_then(|index| usize::try_from(index).ok())).collect())
        };
        (0..takes.dims.len()).map(axis).collect()
    }

    /// The source of every output element, in order.
    fn sources(axes: &[Axis], dims: &[usize]) -> impl Iterator<Item = Option<usize>> {
        let (steps, extents) = (steps(dims), axes.iter().map(Vec::len).collect::<Vec<_>>());
        let total: usize = extents.iter().product();
        let mut at = vec![0; axes.len()];
        let axes = axes.to_vec();
        (0..total).map(move |_| {
            let source = axes
                .iter()
                .zip(&at)
                .zip(&steps)
                .try_fold(0, |sum, ((axis, at), step)| axis[*at].map(|index| sum + index * step));
            for axis in (0..at.len()).rev() {
                at[axis] += 1;
                if at[axis] < extents[axis] {
                    break;
                }
                at[axis] = 0;
            }
            source
        })
    }

    fn filling(args: &[(String, String)]) -> f32 {
        number("pad", args, "value", 0.0, (f32::MIN, f32::MAX)).unwrap_or(0.0)
    }
}

fn identity(dim: usize) -> Axis {
    (0..dim).map(Some).collect()
}

fn gather(args: &[(String, String)], takes: &Shape) -> Result<Vec<Axis>, String> {
    let at = text(args, "axis").map_or(Ok(vec![0]), |_| axes("gather", args, "axis", takes.dims.len()))?;
    let [at] = at[..] else { return Err("`axis` of `gather` is one dimension".into()) };
    let most = takes.dims.get(at).copied().unwrap_or(0);
    let picked = text(args, "indices").ok_or("`gather` needs `indices`")?;
    let inner = picked.trim().trim_start_matches('[').trim_end_matches(']');
    let indices = inner.split(',').map(|index| index.trim().parse::<usize>().ok().filter(|index| *index < most));
    let indices: Option<Axis> = indices.map(|index| index.map(Some)).collect();
    let indices = indices.ok_or_else(|| format!("`indices` of `gather` are whole numbers from 0 to below {most}"))?;
    let axis = |(other, dim): (usize, &usize)| if other == at { indices.clone() } else { identity(*dim) };
    Ok(takes.dims.iter().enumerate().map(axis).collect())
}

fn tile(args: &[(String, String)], takes: &Shape) -> Result<Vec<Axis>, String> {
    let times = list("tile", args, "times", (1, MOST))?.ok_or("`tile` needs `times`")?;
    if times.len() != takes.dims.len() {
        return Err(format!("`times` of `tile` has one number for each dimension of {takes}"));
    }
    let axis = |(dim, times): (&usize, &usize)| {
        let whole = dim.checked_mul(*times).filter(|len| *len <= MOST);
        let whole = whole.ok_or_else(|| format!("`tile` gives more than {MOST} values"))?;
        Ok((0..whole).map(|at| Some(at % dim)).collect())
    };
    takes.dims.iter().zip(&times).map(axis).collect()
}

/// The indices of `ResizeNearestNeighbor` (`reference/resize_nearest_neighbor.h`, `GetNearestNeighbor`), in f32 as there.
fn resize(args: &[(String, String)], takes: &Shape) -> Result<Vec<Axis>, String> {
    let size = list("resize_nearest", args, "size", (1, 16_384))?.ok_or("`resize_nearest` needs `size`")?;
    let corners = flag("resize_nearest", args, "align_corners")?;
    let half = flag("resize_nearest", args, "half_pixel")?;
    let ([high, wide], [_, _, channels]) = (size.as_slice(), takes.dims.as_slice()) else {
        return Err(format!(
            "`resize_nearest` brings an image [height, width, channels] to `size`, but it is given {takes}"
        ));
    };
    let axis = |out: usize, dim: usize| {
        let scale = if corners && out > 1 { (dim - 1) as f32 / (out - 1) as f32 } else { dim as f32 / out as f32 };
        let index = |at: usize| {
            let real = (at as f32 + if half { 0.5 } else { 0.0 }) * scale;
            Some((if corners { real.round() } else { real.floor() } as usize).min(dim - 1))
        };
        (0..out).map(index).collect::<Axis>()
    };
    Ok(vec![axis(*high, takes.dims[0]), axis(*wide, takes.dims[1]), identity(*channels)])
}

impl Operator for Pick {
    fn word(&self) -> &'static str {
        match self {
            Self::Slice => "slice",
            Self::Pad => "pad",
            Self::MirrorPad => "mirror_pad",
            Self::Gather => "gather",
            Self::ResizeNearest => "resize_nearest",
            Self::Tile => "tile",
        }
    }

    fn doc(&self) -> &'static str {
        match self {
            Self::Slice => "Every `stride`th value from `begin` on, `size` of them, along each dimension.",
            Self::Pad => "Values `value` (zero) around the input.",
            Self::MirrorPad => "The input's own values, mirrored at its ends, around it.",
            Self::Gather => "The listed indices along one dimension, in that order.",
            Self::ResizeNearest => "An image of another size, each pixel the nearest one of the input.",
            Self::Tile => "The input several times behind itself along each dimension.",
        }
    }

    fn params(&self) -> Params {
        let each = "one number a dimension";
        match self {
            Self::Slice => vec![
                Param::optional("begin", Kind::Free, "", &format!("First index, {each}.")),
                Param::optional("size", Kind::Free, "", &format!("How many, {each}; -1: all that follow.")),
                Param::optional("stride", Kind::Free, "", &format!("Steps, {each}; below zero: backwards.")),
            ],
            Self::Pad | Self::MirrorPad => {
                let mut params = vec![
                    Param::optional("before", Kind::Free, "", &format!("How many values before, {each}.")),
                    Param::optional("after", Kind::Free, "", &format!("How many values after, {each}.")),
                ];
                if *self == Self::Pad {
                    params.push(Param::optional("value", Kind::Number(-1e9, 1e9), "0", "What is put there."));
                } else {
                    let words = Kind::Word(vec!["reflect".into(), "symmetric".into()]);
                    params.push(Param::optional("mode", words, "reflect", "`symmetric` repeats the value at the end."));
                }
                params
            }
            Self::Gather => vec![
                Param::required("indices", Kind::Free, "Indices: `[0, 2, 1]`."),
                Param::optional("axis", Kind::Free, "0", "The dimension."),
            ],
            Self::ResizeNearest => vec![
                Param::required("size", Kind::Free, "New `[height, width]`."),
                bool_param("align_corners", "`true`: the corner pixels stay."),
                bool_param("half_pixel", "`true`: pixels are where their centres are."),
            ],
            Self::Tile => vec![Param::required("times", Kind::Free, "How often, one number a dimension.")],
        }
    }

    fn examples(&self) -> Vec<Example> {
        match self {
            Self::Slice => vec![
                Example { args: &[("begin", "[2]"), ("size", "[3]")], inputs: &[&[7]] },
                Example {
                    args: &[("begin", "[3, 0, 1]"), ("size", "[2, -1, 1]"), ("stride", "[-2, 2, 1]")],
                    inputs: &[&[4, 5, 2]],
                },
            ],
            Self::Pad => vec![
                Example { args: &[("before", "[1, 0, 0]"), ("after", "[0, 2, 0]")], inputs: &[&[3, 2, 2]] },
                Example { args: &[("before", "[1, 2]"), ("after", "[1, 1]"), ("value", "0.5")], inputs: &[&[2, 3]] },
            ],
            Self::MirrorPad => vec![
                Example { args: &[("before", "[1, 2, 0]"), ("after", "[2, 1, 0]")], inputs: &[&[3, 4, 2]] },
                Example { args: &[("before", "[2]"), ("after", "[3]"), ("mode", "symmetric")], inputs: &[&[3]] },
            ],
            Self::Gather => vec![Example { args: &[("indices", "[2, 0, 2]"), ("axis", "1")], inputs: &[&[2, 3]] }],
            Self::ResizeNearest => vec![
                Example { args: &[("size", "[5, 4]")], inputs: &[&[3, 2, 2]] },
                Example { args: &[("size", "[2, 7]"), ("half_pixel", "true")], inputs: &[&[4, 3, 1]] },
            ],
            Self::Tile => vec![Example { args: &[("times", "[2, 3]")], inputs: &[&[2, 3]] }],
        }
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        if *self == Self::Pad {
            number("pad", args, "value", 0.0, (f32::MIN, f32::MAX))?;
        }
        Ok(Shape::f32(&self.axes(args, &takes[0])?.iter().map(Vec::len).collect::<Vec<_>>()))
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let axes = self.checked(place.args, &place.takes[0]);
        let sources: Vec<Option<usize>> = Self::sources(&axes, &place.takes[0].dims).collect();
        let filling = Self::filling(place.args);
        let rows = inputs[0].chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in rows {
            y.iter_mut().zip(&sources).for_each(|(y, source)| *y = source.map_or(filling, |source| x[source]));
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let axes = self.checked(place.args, &place.takes[0]);
        let sources: Vec<Option<usize>> = Self::sources(&axes, &place.takes[0].dims).collect();
        let sums = step.input_slopes[0].chunks_exact_mut(place.takes[0].len());
        for (sums, slope) in sums.zip(step.slope.chunks_exact(place.output.len())) {
            for (source, slope) in sources.iter().zip(slope) {
                if let Some(source) = source {
                    sums[*source] += slope;
                }
            }
        }
    }

    fn lower(&self, _place: &Place<'_>, inputs: &[Quant], _range: (f32, f32)) -> Result<Lowered, String> {
        Ok(Lowered::plain(inputs[0]))
    }

    fn derive(&self, node: &QNode, inputs: &[Quant]) -> Result<Derived, String> {
        if node.lowered.quant == inputs[0] {
            Ok(Derived::default())
        } else {
            Err(format!("`{}` changes the quantisation of its input", self.word()))
        }
    }

    fn forward_i8(&self, node: &QNode, inputs: &[&[i8]], output: &mut [i8]) {
        let axes = self.checked(&node.args, &node.takes[0]);
        let filling = node.lowered.quant.quantize(Self::filling(&node.args));
        for (y, source) in output.iter_mut().zip(Self::sources(&axes, &node.takes[0].dims)) {
            *y = source.map_or(filling, |source| inputs[0][source]);
        }
    }

    fn variants(&self, _node: &QNode, _can: super::Capabilities) -> Vec<Variant> {
        vec![Variant::plain("pick")]
    }

    fn overlap(&self, node: &QNode, _variant: &Variant, _input: usize) -> Overlap {
        let axes = self.checked(&node.args, &node.takes[0]);
        let sources: Vec<Option<usize>> = Self::sources(&axes, &node.takes[0].dims).collect();
        let (mut lead, mut later) = (0, usize::MAX);
        for (at, source) in sources.iter().enumerate().rev() {
            lead = lead.max((at + 1).saturating_sub(later));
            later = later.min(source.unwrap_or(usize::MAX));
        }
        Overlap::Lead(lead)
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        let all = self.checked(&node.args, &node.takes[0]);
        // Axes at the end that are taken as they are become one.
        let whole = |at: &usize| all[*at] == identity(node.takes[0].dims[*at]);
        let inner = (0..all.len()).rev().take_while(whole).count();
        let (outer, inner) = all.split_at(all.len() - inner);
        let inner: usize = inner.iter().map(Vec::len).product();
        let steps = steps(&node.takes[0].dims);
        let axes = outer.iter().zip(steps).enumerate().map(|(at, (axis, step))| {
            let first = axis.first().copied().flatten().map(|first| first as i64);
            let stride = axis.get(1).copied().flatten().zip(first).map_or(0, |(next, first)| next as i64 - first);
            let even = |(at, index): (usize, &Option<usize>)| {
                index.is_some_and(|index| Some(index as i64) == first.map(|first| first + at as i64 * stride))
            };
            let even = axis.iter().enumerate().all(even);
            let table: Vec<i64> =
                axis.iter().map(|index| index.map_or(-1, |index| index as i64 * step as i64)).collect();
            json!({
                "at": at, "extent": axis.len(), "even": even, "first": first.unwrap_or(0) * step as i64,
                "stride": stride * step as i64, "table": table, "filled": axis.contains(&None),
            })
        });
        Context::from([
            ("axes", json!(axes.collect::<Vec<_>>())),
            ("inner", json!(inner)),
            ("filled", json!(outer.iter().any(|axis| axis.contains(&None)))),
            ("filling", json!(node.lowered.quant.quantize(Self::filling(&node.args)))),
        ])
    }
}
