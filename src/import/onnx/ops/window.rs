//! Sliding windows: kernels, strides, dilations, pads and the output sizes that follow (ONNX, `Conv` and the pools).

use crate::import::onnx::node::size;
use crate::import::onnx::proto::Node;
use crate::import::onnx::refusal::{Refusal, invalid};
use crate::tensor::expr::offset;
use crate::tensor::{Builder, Expr, index};

/// The geometry of a window over the spatial dimensions.
pub(crate) struct Window {
    /// Sizes of the input.
    pub(crate) input: Vec<usize>,
    /// Sizes of the kernel.
    pub(crate) kernel: Vec<usize>,
    /// Steps.
    pub(crate) strides: Vec<usize>,
    /// Distances of taps.
    pub(crate) dilations: Vec<usize>,
    /// Pads before.
    pub(crate) before: Vec<i64>,
    /// Pads after.
    pub(crate) after: Vec<i64>,
    /// Sizes of the output.
    pub(crate) output: Vec<usize>,
}

/// A list attribute of one size a spatial dimension.
///
/// # Errors
/// It has another length or a size that is none.
pub(crate) fn sizes(node: &Node, name: &str, rank: usize) -> Result<Vec<usize>, Refusal> {
    let list = node.ints(name).filter(|list| !list.is_empty()).unwrap_or_else(|| vec![1; rank]);
    let list = list.into_iter().map(size).collect::<Result<Vec<usize>, _>>()?;
    if list.len() != rank || list.iter().any(|one| *one == 0 || *one > 1 << 20) {
        return invalid(format!("`{name}` is {list:?} for {rank} dimensions"));
    }
    Ok(list)
}

/// Pads before and after.
///
/// # Errors
/// Their list has another length.
pub(crate) fn pads(node: &Node, rank: usize) -> Result<(Vec<i64>, Vec<i64>), Refusal> {
    let list = node.ints("pads").filter(|list| !list.is_empty()).unwrap_or_else(|| vec![0; 2 * rank]);
    if list.len() != 2 * rank || list.iter().any(|pad| pad.abs() > 1 << 20) {
        return invalid(format!("`pads` is {list:?} for {rank} dimensions"));
    }
    Ok((list[..rank].to_vec(), list[rank..].to_vec()))
}

impl Window {
    /// The window of a node over an input of spatial sizes `input`.
    ///
    /// # Errors
    /// The attributes don't fit together.
    pub(crate) fn new(node: &Node, input: &[usize], kernel: &[usize]) -> Result<Self, Refusal> {
        let rank = input.len();
        if kernel.len() != rank || kernel.contains(&0) || kernel.iter().any(|one| *one > 1 << 20) {
            return invalid(format!("a kernel {kernel:?} over {input:?}"));
        }
        let (strides, dilations) = (sizes(node, "strides", rank)?, sizes(node, "dilations", rank)?);
        let (mut before, mut after) = pads(node, rank)?;
        let ceil = node.int("ceil_mode", 0) != 0;
        let auto = node.text("auto_pad", "NOTSET");
        let mut output = Vec::new();
        for axis in 0..rank {
            let (length, stride) = (input[axis] as i64, strides[axis] as i64);
            let reach = dilations[axis] as i64 * (kernel[axis] as i64 - 1) + 1;
            if auto.starts_with("SAME") {
                let count = (length + stride - 1) / stride;
                let total = ((count - 1) * stride + reach - length).max(0);
                let less = total / 2;
                (before[axis], after[axis]) =
                    if auto == "SAME_UPPER" { (less, total - less) } else { (total - less, less) };
                output.push(size(count)?);
                continue;
            }
            if auto == "VALID" {
                (before[axis], after[axis]) = (0, 0);
            }
            let room = length + before[axis] + after[axis] - reach;
            let mut count = if room < 0 { 0 } else { room / stride + 1 };
            // A last window that would begin beyond the input and its left pad is dropped.
            if ceil && room >= 0 && room % stride != 0 && count * stride < length + before[axis] {
                count += 1;
            }
            output.push(size(count)?);
        }
        let (input, kernel) = (input.to_vec(), kernel.to_vec());
        Ok(Self { input, kernel, strides, dilations, before, after, output })
    }

    /// Number of spatial dimensions.
    pub(crate) fn rank(&self) -> usize {
        self.input.len()
    }

    /// No tap is ever outside of the input.
    pub(crate) fn inside(&self) -> bool {
        (0..self.rank()).all(|axis| {
            let last = (self.output[axis] as i64 - 1) * self.strides[axis] as i64
                + (self.kernel[axis] as i64 - 1) * self.dilations[axis] as i64
                - self.before[axis];
            self.before[axis] <= 0 && last < self.input[axis] as i64
        })
    }

    /// Loops over the taps of the window at `out`: `body` gets the tap and the place in the input, which is inside.
    pub(crate) fn taps(&self, b: &mut Builder, out: &[Expr], body: impl FnOnce(&mut Builder, &[Expr], &[Expr])) {
        self.tap(b, out, &mut Vec::new(), &mut Vec::new(), Box::new(body));
    }

    #[expect(clippy::type_complexity, reason = "a closure that is passed down the recursion")]
    fn tap(
        &self,
        b: &mut Builder,
        out: &[Expr],
        tap: &mut Vec<Expr>,
        place: &mut Vec<Expr>,
        body: Box<dyn FnOnce(&mut Builder, &[Expr], &[Expr]) + '_>,
    ) {
        let axis = tap.len();
        if axis == self.rank() {
            return body(b, tap, place);
        }
        let inside = self.inside();
        b.each(self.kernel[axis], |b, at| {
            let own =
                &out[axis] * index(self.strides[axis]) + at * index(self.dilations[axis]) - offset(self.before[axis]);
            let own = b.once(own);
            tap.push(at.clone());
            place.push(own.clone());
            let inside = if inside { Expr::truth(true) } else { own.within(self.input[axis]) };
            b.when(&inside, |b| self.tap(b, out, tap, place, body));
        });
    }
}
