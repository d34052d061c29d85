//! Loops over several tensors at once, each with its own steps: broadcasting, transposing, slicing.

use serde_json::json;

use super::operator::Context;

/// Nested loops: `extents` from the outermost, and for each tensor the distance between neighbours along each of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Loops {
    pub(super) extents: Vec<usize>,
    pub(super) steps: Vec<Vec<usize>>,
}

/// Distances between neighbours of a tensor in C order.
pub(super) fn steps(dims: &[usize]) -> Vec<usize> {
    let mut steps = vec![1; dims.len()];
    for at in (1..dims.len()).rev() {
        steps[at - 1] = steps[at] * dims[at];
    }
    steps
}

impl Loops {
    /// Loops with neighbouring dimensions joined where every tensor goes through them in one stride.
    pub(super) fn new(extents: &[usize], steps: &[Vec<usize>]) -> Self {
        let mut made = Self { extents: Vec::new(), steps: vec![Vec::new(); steps.len()] };
        for (at, extent) in extents.iter().enumerate().filter(|(_, extent)| **extent != 1) {
            let joins = !made.extents.is_empty()
                && made.steps.iter().zip(steps).all(|(made, steps)| made.last() == Some(&(steps[at] * extent)));
            if joins {
                if let Some(last) = made.extents.last_mut() {
                    *last *= extent;
                }
                made.steps.iter_mut().for_each(|steps| {
                    steps.pop();
                });
            } else {
                made.extents.push(*extent);
            }
            made.steps.iter_mut().zip(steps).for_each(|(made, steps)| made.push(steps[at]));
        }
        made
    }

    /// Loops over an output and inputs that are broadcast to it (`NumPy`'s rule).
    pub(super) fn broadcast(output: &[usize], inputs: &[&[usize]]) -> Self {
        let mut all = vec![steps(output)];
        for dims in inputs {
            let (own, missing) = (steps(dims), output.len() - dims.len());
            let step = |at: usize| match at.checked_sub(missing) {
                Some(at) if dims[at] != 1 => own[at],
                _ => 0,
            };
            all.push((0..output.len()).map(step).collect());
        }
        Self::new(output, &all)
    }

    /// Calls `see` with the offsets in every tensor, in the order of the loops.
    pub(super) fn each(&self, mut see: impl FnMut(&[usize])) {
        let rank = self.extents.len();
        let (mut at, mut offsets) = (vec![0; rank], vec![0; self.steps.len()]);
        loop {
            see(&offsets);
            let mut axis = rank;
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                at[axis] += 1;
                offsets.iter_mut().zip(&self.steps).for_each(|(offset, steps)| *offset += steps[axis]);
                if at[axis] < self.extents[axis] {
                    break;
                }
                at[axis] = 0;
                let whole = |steps: &[usize]| steps[axis] * self.extents[axis];
                offsets.iter_mut().zip(&self.steps).for_each(|(offset, steps)| *offset -= whole(steps));
            }
        }
    }

    /// True when tensor `at` is gone through element by element.
    pub(super) fn dense(&self, at: usize) -> bool {
        self.steps[at] == steps(&self.extents)
    }

    /// For templates: `extents`, and `index`, an expression in `i0`, `i1`, … for each tensor.
    pub(super) fn context(&self) -> Context {
        let index = |steps: &Vec<usize>| {
            let terms = steps.iter().enumerate().filter(|(_, step)| **step != 0);
            let terms: Vec<String> = terms
                .map(|(axis, step)| if *step == 1 { format!("i{axis}") } else { format!("i{axis} * {step}u") })
                .collect();
            if terms.is_empty() { "0u".to_string() } else { terms.join(" + ") }
        };
        let index: Vec<String> = self.steps.iter().map(index).collect();
        Context::from([("extents", json!(self.extents)), ("index", json!(index))])
    }
}

/// The shape that tensors are broadcast to (`NumPy`'s rule).
pub(super) fn broadcast_dims(shapes: &[&[usize]]) -> Option<Vec<usize>> {
    let rank = shapes.iter().map(|dims| dims.len()).max()?;
    let dim = |at: usize| {
        let dims = shapes.iter().filter_map(|dims| dims.get((at + dims.len()).checked_sub(rank)?));
        dims.copied().try_fold(1, |most, dim| match (most, dim) {
            (most, dim) if most == dim || dim == 1 => Some(most),
            (1, dim) => Some(dim),
            _ => None,
        })
    };
    (0..rank).map(dim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_join_where_they_can() {
        let loops = Loops::broadcast(&[2, 3, 4], &[&[2, 3, 4], &[4], &[1]]);
        assert_eq!(loops.extents, [6, 4]);
        assert_eq!(loops.steps, [vec![4, 1], vec![4, 1], vec![0, 1], vec![0, 0]]);
        assert_eq!(Loops::broadcast(&[2, 3], &[&[2, 3], &[]]).extents, [6]);
        assert_eq!(broadcast_dims(&[&[3, 1], &[2, 1, 4]]), Some(vec![2, 3, 4]));
        assert_eq!(broadcast_dims(&[&[3], &[2]]), None);
        let mut seen = Vec::new();
        Loops::new(&[2, 2], &[vec![1, 2], vec![0, 1]]).each(|at| seen.push((at[0], at[1])));
        assert_eq!(seen, [(0, 0), (2, 1), (1, 0), (3, 1)]);
        assert!(Loops::new(&[], &[vec![]]).extents.is_empty());
    }
}
