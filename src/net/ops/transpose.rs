//! Operators that bring the same values into another order: `transpose`, `space_to_depth`, `depth_to_space`.

use crate::base::{Kind, Param, Params, Shape};
use crate::net::qnet::{QNode, Quant};

use super::args::{int, list};
use super::operator::{Backward, Context, Derived, Example, Lowered, Operator, Place, Variant};
use super::strided::{Loops, steps};

/// What is rearranged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transpose {
    Order,
    SpaceToDepth,
    DepthToSpace,
}

/// The input seen with more dimensions, the order in which they follow in the output, and the output's shape.
struct Plan {
    dims: Vec<usize>,
    order: Vec<usize>,
    output: Shape,
}

impl Transpose {
    fn plan(self, args: &[(String, String)], takes: &Shape) -> Result<Plan, String> {
        if self == Self::Order {
            let rank = takes.dims.len();
            let order =
                list("transpose", args, "order", (0, rank.saturating_sub(1)))?.ok_or("`transpose` needs `order`")?;
            let mut sorted = order.clone();
            sorted.sort_unstable();
            if sorted != (0..rank).collect::<Vec<_>>() {
                return Err(format!("`order` of `transpose` names each of the {rank} dimensions of {takes} once"));
            }
            let output = Shape::f32(&order.iter().map(|axis| takes.dims[*axis]).collect::<Vec<_>>());
            return Ok(Plan { dims: takes.dims.clone(), order, output });
        }
        let block = int(self.word(), args, "block", 1, 4096)?;
        let [high, wide, channels] = takes.dims[..] else {
            return Err(format!("`{}` takes an image [height, width, channels], but it is given {takes}", self.word()));
        };
        if self == Self::SpaceToDepth {
            if high % block != 0 || wide % block != 0 {
                return Err(format!("`space_to_depth` in blocks of {block} doesn't divide {takes}"));
            }
            let output = Shape::f32(&[high / block, wide / block, channels * block * block]);
            let dims = vec![high / block, block, wide / block, block, channels];
            return Ok(Plan { dims, order: vec![0, 2, 1, 3, 4], output });
        }
        if channels % (block * block) != 0 {
            return Err(format!("`depth_to_space` in blocks of {block} doesn't divide the channels of {takes}"));
        }
        let rest = channels / (block * block);
        let output = Shape::f32(&[high * block, wide * block, rest]);
        Ok(Plan { dims: vec![high, wide, block, block, rest], order: vec![0, 2, 1, 3, 4], output })
    }

    fn loops(self, args: &[(String, String)], takes: &Shape) -> Loops {
        let plan = self.plan(args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"));
        let from = steps(&plan.dims);
        let extents: Vec<usize> = plan.order.iter().map(|axis| plan.dims[*axis]).collect();
        let from: Vec<usize> = plan.order.iter().map(|axis| from[*axis]).collect();
        Loops::new(&extents, &[steps(&extents), from])
    }
}

impl Operator for Transpose {
    fn word(&self) -> &'static str {
        match self {
            Self::Order => "transpose",
            Self::SpaceToDepth => "space_to_depth",
            Self::DepthToSpace => "depth_to_space",
        }
    }

    fn doc(&self) -> &'static str {
        match self {
            Self::Order => "The same values with dimensions in another order.",
            Self::SpaceToDepth => "Blocks of pixels become the channels of one pixel.",
            Self::DepthToSpace => "The channels of a pixel become a block of pixels.",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Order => vec![Param::required("order", Kind::Free, "Dimensions in their new order: `[1, 0, 2]`.")],
            _ => vec![Param::required("block", Kind::Int(1, 4096), "Pixels along each side of a block.")],
        }
    }

    fn examples(&self) -> Vec<Example> {
        match self {
            Self::Order => vec![
                Example { args: &[("order", "[1, 0]")], inputs: &[&[3, 4]] },
                Example { args: &[("order", "[2, 0, 1]")], inputs: &[&[2, 3, 4]] },
            ],
            Self::SpaceToDepth => vec![Example { args: &[("block", "2")], inputs: &[&[4, 2, 3]] }],
            Self::DepthToSpace => vec![Example { args: &[("block", "2")], inputs: &[&[2, 3, 8]] }],
        }
    }

    fn infer(&self, args: &[(String, String)], takes: &[Shape]) -> Result<Shape, String> {
        self.plan(args, &takes[0]).map(|plan| plan.output)
    }

    fn forward(&self, place: &Place<'_>, inputs: &[&[f32]], output: &mut [f32]) {
        let loops = self.loops(place.args, &place.takes[0]);
        let len = place.output.len();
        for (x, y) in inputs[0].chunks_exact(len).zip(output.chunks_exact_mut(len)) {
            loops.each(|at| y[at[0]] = x[at[1]]);
        }
    }

    fn backward(&self, place: &Place<'_>, step: Backward<'_>) {
        let loops = self.loops(place.args, &place.takes[0]);
        let len = place.output.len();
        for (sums, slope) in step.input_slopes[0].chunks_exact_mut(len).zip(step.slope.chunks_exact(len)) {
            loops.each(|at| sums[at[1]] += slope[at[0]]);
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
        self.loops(&node.args, &node.takes[0]).each(|at| output[at[0]] = inputs[0][at[1]]);
    }

    fn variants(&self, _node: &QNode, _can: super::Capabilities) -> Vec<Variant> {
        vec![Variant::plain("transpose")]
    }

    fn context(&self, node: &QNode, _variant: &Variant) -> Context {
        self.loops(&node.args, &node.takes[0]).context()
    }
}
