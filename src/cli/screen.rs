//! Where a command writes: results on stdout, progress and diagnostics on stderr, or JSON lines for programs.

use std::io::{self, Write};

use super::args::{Global, MessageFormat, When};
use super::exit;
use super::paint::{self, Paint};
use super::progress::{Human, Json, Painter, Render, Verbosity};
use crate::base::{Diag, Diags};
use crate::report::Style;
use crate::world::World;

/// Diagnostics that a person is shown at once.
const MOST: usize = 50;

/// Where a command writes.
pub(super) struct Screen {
    painter: Box<dyn Painter + Send>,
    paint: Paint,
    json: bool,
    quiet: bool,
    stdout_color: bool,
}

impl Screen {
    /// As the flags and the terminal say.
    pub(super) fn new(world: &World, global: &Global) -> Self {
        let terminal = world.env().terminal();
        let color = match global.color {
            When::Auto => terminal.color,
            When::Always => true,
            When::Never => false,
        };
        let unicode = world.env().unicode();
        let paint = Paint { color, unicode, width: terminal.width.clamp(60, 120) };
        let json = global.message_format == MessageFormat::Json;
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        };
        let render: Render = Box::new(move |diag| paint::diag(diag, paint));
        let painter: Box<dyn Painter + Send> = if json {
            Box::new(Json::on_stdout(Box::new(|diag| paint::diag(diag, Paint::PLAIN))))
        } else {
            Box::new(Human::on_stderr(verbosity, terminal.interactive, color, render))
        };
        let stdout_color = global.color == When::Always || (color && terminal.stdout);
        Self { painter, paint, json, quiet: global.quiet, stdout_color }
    }

    /// The painter of events.
    pub(super) fn painter(&self) -> &dyn Painter {
        &*self.painter
    }

    /// True if a program reads.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// How the report is to look.
    pub(super) fn style(&self) -> Style {
        Style { width: self.paint.width, color: self.stdout_color, unicode: self.paint.unicode }
    }

    /// Tells diagnostics; people get no more than they read.
    pub(super) fn tell(&self, diags: &Diags) {
        let shown = if self.json { diags.0.len() } else { diags.0.len().min(MOST) };
        diags.0.iter().take(shown).for_each(|diag| self.painter.diagnostic(diag));
        if shown < diags.0.len() {
            self.say(&format!("and {} more", diags.0.len() - shown));
        }
    }

    /// Does `work` and tells how it ended and how long it took; the exit code.
    pub(super) fn attempt(&self, world: &World, work: impl FnOnce() -> Result<u8, Diags>) -> u8 {
        let begun = world.clock().now();
        let code = work().unwrap_or_else(|diags| self.failed(&diags));
        self.painter().finished(world.clock().now() - begun, i32::from(code));
        code
    }

    /// Tells what failed; the exit code.
    pub(super) fn failed(&self, diags: &Diags) -> u8 {
        self.tell(diags);
        exit::of(diags)
    }

    /// Tells one thing that failed; the exit code.
    pub(super) fn failed_with(&self, diag: Diag) -> u8 {
        self.failed(&diag.into())
    }

    /// Writes a result on stdout; whoever reads may have had enough.
    pub(super) fn result(&self, text: &str) {
        self.painter.clear();
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }

    /// Writes a word of success on stderr, unless the user wants silence or a program reads.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet && !self.json {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}
