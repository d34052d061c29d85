//! Diagnostics as text for people (by miette) and as JSON for programs. Nothing is printed here.

use miette::{GraphicalReportHandler, GraphicalTheme};
use serde_json::{Value, json};

use crate::base::{Diag, Diags, Severity};

/// What the terminal takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paint {
    /// Colours; the caller has asked `NO_COLOR` and the terminal. Every meaning survives without.
    pub color: bool,
    /// Characters beyond ASCII in frames and marks.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Paint {
    /// No colours, unicode, 100 columns: for files and tests.
    pub const PLAIN: Self = Self { color: false, unicode: true, width: 100 };

    fn theme(self) -> GraphicalTheme {
        match (self.unicode, self.color) {
            (true, true) => GraphicalTheme::unicode(),
            (true, false) => GraphicalTheme::unicode_nocolor(),
            (false, true) => GraphicalTheme::ascii(),
            (false, false) => GraphicalTheme::none(),
        }
    }
}

/// One diagnostic: code, title, snippet, notes and help, ending with a new line.
pub fn diag(diag: &Diag, paint: Paint) -> String {
    let handler = GraphicalReportHandler::new_themed(paint.theme()).with_width(paint.width).with_context_lines(1);
    let mut painted = String::new();
    match handler.with_links(false).render_report(&mut painted, diag) {
        Ok(()) => trimmed(&painted),
        // A place outside of its text is our bug; the user still gets the sentence.
        Err(_) => format!("{}: {}\n", diag.code, diag.title),
    }
}

/// All diagnostics, with a blank line between them.
pub fn diags(diags: &Diags, paint: Paint) -> String {
    diags.0.iter().map(|one| diag(one, paint)).collect::<Vec<_>>().join("\n")
}

/// One diagnostic for programs: `code`, `severity`, `title`, `spans` (path, first and last byte, line and column
/// from 1, label; the first one primary), `notes`, `help`, and `rendered` as people see it.
pub fn json(one: &Diag) -> Value {
    let spans = one.labels.iter().map(|(span, label)| {
        let (line, column) = span.source.position(span.start);
        json!({
            "path": span.source.path(), "start": span.start, "end": span.end,
            "line": line, "column": column, "label": label,
        })
    });
    json!({
        "code": one.code,
        "severity": match one.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "title": one.title,
        "spans": spans.collect::<Vec<_>>(),
        "notes": one.notes,
        "help": one.help,
        "rendered": diag(one, Paint::PLAIN),
    })
}

/// Without blanks at the ends of lines and blank lines at the end.
fn trimmed(painted: &str) -> String {
    let lines: Vec<&str> = painted.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}
