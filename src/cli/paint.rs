//! Diagnostics as text for people (by miette) and as JSON for programs. Nothing is printed here.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde_json::{Value, json};

use crate::base::{Diag, Diags, Severity, Span};

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

/// One diagnostic: code, title, snippets, notes and help, ending with a new line.
pub fn diag(diag: &Diag, paint: Paint) -> String {
    let mut painted = snippet(diag, paint).unwrap_or_else(|| format!("{}\n\n  × {}\n", diag.code, diag.title));
    for (span, label) in &diag.elsewhere {
        painted.push_str(&snippet(&Elsewhere(span, label), paint).unwrap_or_default());
    }
    let help_style = paint.theme().styles.help;
    let footer = |word: &str, text: &str| {
        let indent = format!("\n{}", " ".repeat(word.len() + 4));
        let lines = text.lines().collect::<Vec<_>>().join(&indent);
        format!("  {} {lines}\n", help_style.style(format!("{word}:")))
    };
    painted.extend(diag.notes.iter().map(|note| footer("note", note)));
    painted.extend(diag.help.iter().map(|help| footer("help", help)));
    painted
}

/// What miette makes of it; `None` when a place is outside of its text, which is our bug: the sentence must still be said.
fn snippet(diagnostic: &dyn Diagnostic, paint: Paint) -> Option<String> {
    let handler = GraphicalReportHandler::new_themed(paint.theme()).with_width(paint.width).with_context_lines(1);
    let mut painted = String::new();
    handler.with_links(false).render_report(&mut painted, diagnostic).ok()?;
    Some(trimmed(&painted))
}

/// A far place that a diagnostic is also about.
#[derive(Debug)]
struct Elsewhere<'a>(&'a Span, &'a str);

impl fmt::Display for Elsewhere<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
}

impl std::error::Error for Elsewhere<'_> {}

impl Diagnostic for Elsewhere<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.0.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new(None, self.0.start, self.0.end - self.0.start))))
    }
}

/// All diagnostics, with a blank line between them.
pub fn diags(diags: &Diags, paint: Paint) -> String {
    diags.0.iter().map(|one| diag(one, paint)).collect::<Vec<_>>().join("\n")
}

/// One diagnostic for programs: `code`, `severity`, `title`, `spans` (path, first and last byte, line and column
/// from 1, label; the first one primary), `notes`, `help`, and `rendered` as people see it.
pub fn json(one: &Diag) -> Value {
    let spans = one.labels.iter().chain(&one.elsewhere).map(|(span, label)| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Source;

    const SPEC: &str = "features motion from imu {\n  window(1 s, stride = 250 ms)\n  despike()\n}\n";

    fn shape() -> Diag {
        let source = Source::new("gesture.tml", SPEC);
        let (window, despike) = (SPEC.find("window").unwrap_or(0), SPEC.find("despike").unwrap_or(0));
        Diag::error("tml::shape", "`despike` takes f32[64, 3], but it is given f32[50, 3]")
            .at(&source.span(window..window + 28), "1 s at 50 Hz, 3 channels: f32[50, 3]")
            .at(&source.span(despike..despike + 9), "takes f32[64, 3]")
            .help("declare `x: f32[50, 3]`, or widen the window to `1.28 s`")
    }

    #[test]
    fn a_diagnostic_shows_its_code_title_places_and_help() {
        let expected = "\
tml::shape

  × `despike` takes f32[64, 3], but it is given f32[50, 3]
   ╭─[gesture.tml:2:3]
 1 │ features motion from imu {
 2 │   window(1 s, stride = 250 ms)
   ·   ──────────────┬─────────────
   ·                 ╰── 1 s at 50 Hz, 3 channels: f32[50, 3]
 3 │   despike()
   ·   ────┬────
   ·       ╰── takes f32[64, 3]
 4 │ }
   ╰────
  help: declare `x: f32[50, 3]`, or widen the window to `1.28 s`
";
        assert_eq!(diag(&shape(), Paint::PLAIN), expected);
    }

    #[test]
    fn colours_and_frames_are_the_callers_choice() {
        let plain = diag(&shape(), Paint::PLAIN);
        assert!(!plain.contains('\u{1b}'));
        let colored = diag(&shape(), Paint { color: true, ..Paint::PLAIN });
        assert!(colored.contains("\u{1b}["));
        let ascii = diag(&shape(), Paint { unicode: false, ..Paint::PLAIN });
        assert!(ascii.is_ascii(), "{ascii}");
        assert!(ascii.contains("takes f32[64, 3]"));
    }

    #[test]
    fn far_places_and_other_files_get_snippets_of_their_own() {
        let text = (1..=40).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
        let (near, other) = (Source::new("a.tml", text.as_str()), Source::new("b.toml", "ram = 1\n"));
        let far = text.find("line 30").unwrap_or(0);
        let painted = diag(
            &Diag::error("tml::name", "`imu` is defined twice")
                .at(&near.span(0..6), "the first one")
                .at(&near.span(far..far + 7), "the second one")
                .at(&other.span(0..3), "and its board")
                .note("names are unique")
                .help("rename one"),
            Paint::PLAIN,
        );
        assert!(painted.contains("a.tml:30:1") && painted.contains("b.toml:1:1"), "{painted}");
        assert!(!painted.contains("line 15"), "{painted}");
        assert!(painted.contains("names are unique"), "{painted}");
    }

    #[test]
    fn programs_get_every_part() {
        let value = json(&shape());
        assert_eq!(value["code"], "tml::shape");
        assert_eq!(value["severity"], "error");
        assert_eq!(value["spans"][1]["line"], 3);
        assert_eq!(value["spans"][1]["column"], 3);
        assert_eq!(value["spans"][0]["path"], "gesture.tml");
        assert_eq!(value["help"], "declare `x: f32[50, 3]`, or widen the window to `1.28 s`");
        assert!(value["rendered"].as_str().is_some_and(|text| text.contains("╭─[gesture.tml:2:3]")));
    }

    #[test]
    fn a_place_outside_of_the_text_still_shows_the_sentence() {
        let source = Source::new("a.tml", "short");
        let painted = diag(&Diag::error("tml::unit", "a fact").at(&source.span(90..95), "where"), Paint::PLAIN);
        assert!(painted.contains("a fact"));
    }
}
