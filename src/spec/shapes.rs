//! Shapes along a chain of steps or layers: what goes in, what comes out, and who gave what does not fit.

use crate::base::{Diag, Shape, Span};

/// What flows into the next step, and where it comes from.
#[derive(Clone)]
pub(super) struct Flow {
    /// `None` when something above has errors, which are reported already.
    pub(super) shape: Option<Shape>,
    /// What made it: the step above, or the header that names the source.
    pub(super) span: Span,
}

/// `tml::shape`: `title` is the fact, `reason` says why at the call, and the place above shows what it is given.
pub(super) fn misfit(title: String, given: &Shape, from: &Flow, call: &Span, label: &str) -> Diag {
    // The place above comes first only when it reads first; the primary place is the call.
    Diag::error("tml::shape", title).at(call, label).at(&from.span, format!("gives {given}"))
}

/// True when a function that takes `takes` can be given `given`: equal, or a scalar and one element.
pub(super) fn fits(takes: &Shape, given: &Shape) -> bool {
    takes == given || (takes.dims.is_empty() && takes.element == given.element && given.len() == 1)
}

/// What a function's result is as a tensor: a scalar is one element.
pub(super) fn tensor(result: &Shape) -> Shape {
    if result.dims.is_empty() { Shape { element: result.element, dims: vec![1] } } else { result.clone() }
}
