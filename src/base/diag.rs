//! The one kind of message to the user: a fact, where it is, why there, and what to type.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::source::{Source, Span};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The build can't go on.
    Error,
    /// The build goes on.
    Warning,
}

/// Lines between two places that one snippet shows.
const NEAR: usize = 6;

/// A diagnostic: title (a fact in the user's words, lower case, no full stop), labelled places, notes, help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diag {
    /// Stable code, for example `tml::unit`; `cargo tinyml explain CODE` says more.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The fact.
    pub title: String,
    /// Places, the first one primary, each with at most eight words.
    pub labels: Vec<(Span, String)>,
    /// Further facts, a line each.
    pub notes: Vec<String>,
    /// Something to type.
    pub help: Option<String>,
    /// Places in other files, or more than six lines from the first one: each is shown in a snippet of its own,
    /// so that no snippet prints the lines between two far places.
    pub elsewhere: Vec<(Span, String)>,
}

impl Diag {
    /// An error with a stable code and a title.
    pub fn error(code: &'static str, title: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            title: title.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            elsewhere: Vec::new(),
        }
    }

    /// A warning with a stable code and a title.
    pub fn warning(code: &'static str, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, title) }
    }

    /// Adds a labelled place; the first one is where the mistake is.
    #[must_use]
    pub fn at(mut self, span: &Span, label: impl Into<String>) -> Self {
        let line = |span: &Span| span.source.position(span.start).0;
        let near = |first: &Span| first.source.path() == span.source.path() && line(first).abs_diff(line(span)) <= NEAR;
        let list = if self.labels.first().is_none_or(|(first, _)| near(first)) {
            &mut self.labels
        } else {
            &mut self.elsewhere
        };
        list.push((span.clone(), label.into()));
        self
    }

    /// Adds a further fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Diag {}

/// Code, title and the near places: `cli::paint` adds the rest.
impl Diagnostic for Diag {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.labels.first().map(|(span, _)| &span.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let spans = self.labels.iter().map(|(span, label)| {
            let length = span.end - span.start;
            LabeledSpan::new(Some(label.clone()), span.start, length)
        });
        Some(Box::new(spans))
    }
}

/// Bytes of a snippet that are shown; a line of a megabyte says no more.
const SHOWN: usize = 4000;

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let lines = self.text().read_span(span, before, after)?;
        let (start, length, line, column) = (lines.span().offset(), lines.span().len(), lines.line(), lines.column());
        if length <= SHOWN {
            let name = self.path().to_string();
            let named =
                MietteSpanContents::new_named(name, lines.data(), *lines.span(), line, column, lines.line_count());
            return Ok(Box::new(named));
        }
        let text = self.text();
        let from = text.floor_char_boundary(span.offset().saturating_sub(60)).max(start);
        let end = text.ceil_char_boundary((from + 160).min(start + length));
        let (line, column) = self.position(from);
        let (name, range) = (self.path().to_string(), (from, end - from).into());
        let shown = MietteSpanContents::new_named(name, &text.as_bytes()[from..end], range, line - 1, column - 1, 1);
        Ok(Box::new(shown))
    }
}

/// All diagnostics of one room, reported together. Never empty when it is an `Err`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diags(pub Vec<Diag>);

impl Diags {
    /// Adds one.
    pub fn push(&mut self, diag: Diag) {
        self.0.push(diag);
    }

    /// `Ok(value)` when no error was collected (warnings may have been).
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        let failed = self.0.iter().any(|diag| diag.severity == Severity::Error);
        if failed { Err(self) } else { Ok(value) }
    }
}

impl From<Diag> for Diags {
    fn from(diag: Diag) -> Self {
        Self(vec![diag])
    }
}

impl fmt::Display for Diags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diag in &self.0 {
            writeln!(f, "{}: {}", diag.code, diag.title)?;
        }
        Ok(())
    }
}
