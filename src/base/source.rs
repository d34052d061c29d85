//! A named text and a place in it. Every span carries its source, so a diagnostic renders anywhere.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text with the path it was read from; cheap to clone, never changed.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    path: String,
    text: String,
}

impl Source {
    /// A source of `text`, shown to people under `path`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(Inner { path: path.into(), text: text.into() }))
    }

    /// The path as the user wrote it.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The bytes `range` of this source as a span.
    pub fn span(&self, range: Range<usize>) -> Span {
        Span { source: self.clone(), start: range.start, end: range.end }
    }

    /// One-based line and column (in characters) of the byte `offset`.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text()[..offset.min(self.text().len())];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

/// A byte range of a source. Spans compare equal: where a thing stands is not part of what it says,
/// so trees that differ only in layout are equal.
#[derive(Clone)]
pub struct Span {
    /// The text that the range is in.
    pub source: Source,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The text under the span.
    pub fn text(&self) -> &str {
        &self.source.text()[self.start..self.end]
    }

    /// The smallest span over `self` and `other`, which must be of the same source.
    #[must_use]
    pub fn to(&self, other: &Self) -> Self {
        self.source.span(self.start.min(other.start)..self.end.max(other.end))
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.position(self.start);
        write!(f, "{}:{line}:{column}", self.source.path())
    }
}
