//! How a build is shown while it goes on: lines and a bar for people on stderr, as cargo paints them, or JSON lines for
//! programs on stdout.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::base::{Diag, Severity, Span};
use crate::engine::{Event, Finish, Progress, StepOutcome};

/// Version of the JSON lines. New fields and new reasons may come within a version; none changes or goes.
pub const SCHEMA: u32 = 1;

/// How loud the painting for people is. JSON lines are always complete.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verbosity {
    /// Errors only (`-q`).
    Quiet,
    /// Steps that run.
    Normal,
    /// All steps, with their times (`-v`).
    Verbose,
}

/// How to turn a diagnostic into text.
pub type Render = Box<dyn Fn(&Diag) -> String + Send + Sync>;

/// A file that a build leaves for the user.
#[derive(Clone, Debug)]
pub struct ArtifactFile {
    /// `elf`, `hex`, `model_c`.
    pub kind: String,
    /// Whose; none for what all boards share.
    pub board: Option<String>,
    /// Where it is.
    pub path: String,
    /// 64 hexadecimal digits.
    pub digest: String,
    /// Bytes.
    pub size: u64,
}

/// Shows a build. The engine's events come by themselves; the rest is told by the command. Diagnostics of steps are
/// shown when the command tells them, not when they happen, so that all failures stand together.
pub trait Painter: Progress {
    /// A diagnostic of whatever room.
    fn diagnostic(&self, diag: &Diag);
    /// A file that the build leaves.
    fn artifact(&self, file: &ArtifactFile);
    /// The report, in the form of `report.json`.
    fn verdict(&self, report: &Value);
    /// A line for programs only, told apart by its `reason`.
    fn fact(&self, _reason: &str, _body: &Value) {}
    /// Takes away whatever isn't a line, because a result follows.
    fn clear(&self) {}
    /// The end, with the code that the program exits with.
    fn finished(&self, seconds: f64, exit_code: i32);
}

/// Lines, with a bar below them on a terminal.
pub struct Human {
    out: Mutex<Box<dyn Write + Send>>,
    bar: Option<ProgressBar>,
    color: bool,
    verbosity: Verbosity,
    render: Render,
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

impl Human {
    /// Paints on stderr; `terminal` says whether that is one, `color` whether it may be coloured.
    pub fn on_stderr(verbosity: Verbosity, terminal: bool, color: bool, render: Render) -> Self {
        let bar = (terminal && verbosity > Verbosity::Quiet).then(bar);
        Self { bar, ..Self::new(Box::new(io::stderr()), verbosity, color, render) }
    }

    /// Paints on `out`, without a bar.
    pub fn new(out: Box<dyn Write + Send>, verbosity: Verbosity, color: bool, render: Render) -> Self {
        Self { out: Mutex::new(out), bar: None, color, verbosity, render, counts: Mutex::default() }
    }

    /// `     Running train net`, as cargo aligns it, if anybody wants to read it.
    pub fn status(&self, verb: &str, text: &str) {
        self.status_in(GREEN, verb, text);
    }

    fn status_in(&self, color: &str, verb: &str, text: &str) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let (on, off) = if self.color { (color, "\x1b[0m") } else { ("", "") };
        self.line(&format!("{on}{verb:>12}{off} {text}"));
    }

    fn line(&self, text: &str) {
        // A closed stderr is no reason to stop a build.
        let write = || drop(writeln!(lock(&self.out), "{text}"));
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn step_finished(&self, step: &StepOutcome) {
        *lock(&self.counts).entry(step.finish.word()).or_default() += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        let verbose = self.verbosity == Verbosity::Verbose;
        match step.finish {
            Finish::Ran if verbose => self.status("Done", &format!("{} in {}", step.title, seconds(step.seconds))),
            Finish::Cached if verbose => self.status("Cached", &step.title),
            Finish::Skipped if verbose => self.status_in(YELLOW, "Skipped", &step.title),
            Finish::Failed => self.status_in(RED, "Failed", &step.title),
            Finish::Ran | Finish::Cached | Finish::Skipped => {}
        }
    }
}

const GREEN: &str = "\x1b[1;32m";
const YELLOW: &str = "\x1b[1;33m";
const RED: &str = "\x1b[1;31m";
const CYAN: &str = "\x1b[1;36m";

impl Progress for Human {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Plan { steps } => {
                if let Some(bar) = &self.bar {
                    bar.set_length(steps.len() as u64);
                }
            }
            Event::Blocked { title, .. } => {
                self.status_in(CYAN, "Blocking", &format!("waiting for {title}, which another build runs"));
            }
            Event::Started { title, .. } => {
                self.status("Running", title);
                if let Some(bar) = &self.bar {
                    bar.set_message((*title).to_string());
                }
            }
            Event::Working { title, text, done, total, .. } => {
                if let Some(bar) = &self.bar {
                    let count = if *total > 0 { format!(" {done}/{total}") } else { String::new() };
                    bar.set_message(format!("{title} {text}{count}"));
                }
            }
            Event::Finished { step } => self.step_finished(step),
            _ => {}
        }
    }
}

impl Painter for Human {
    fn diagnostic(&self, diag: &Diag) {
        if self.verbosity > Verbosity::Quiet || diag.severity == Severity::Error {
            self.line((self.render)(diag).trim_end());
        }
    }

    fn artifact(&self, file: &ArtifactFile) {
        if self.verbosity == Verbosity::Verbose {
            self.status("Wrote", &file.path);
        }
    }

    fn verdict(&self, _: &Value) {}

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn finished(&self, spent: f64, exit_code: i32) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let counts = lock(&self.counts).clone();
        let total: usize = counts.values().sum();
        let words = ["run", "cached", "failed", "skipped"];
        let parts: Vec<String> =
            words.iter().filter_map(|word| counts.get(word).map(|count| format!("{count} {word}"))).collect();
        let (color, verb) = match exit_code {
            130 => (YELLOW, "Stopped"),
            _ if counts.contains_key("failed") => (RED, "Failed"),
            _ => (GREEN, "Finished"),
        };
        if total > 0 {
            let steps = if total == 1 { "step" } else { "steps" };
            self.status_in(color, verb, &format!("{total} {steps} in {}: {}", seconds(spent), parts.join(", ")));
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_prefix("Building");
    let style = ProgressStyle::with_template("{prefix:>12.cyan.bold} [{bar:24}] {pos}/{len}: {wide_msg}");
    bar.with_style(style.map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> ")))
}

fn seconds(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One JSON object a line, each with `schema` and `reason`.
pub struct Json {
    out: Mutex<Box<dyn Write + Send>>,
    render: Render,
}

impl Json {
    /// Writes on stdout.
    pub fn on_stdout(render: Render) -> Self {
        Self::new(Box::new(io::stdout()), render)
    }

    /// Writes on `out`.
    pub fn new(out: Box<dyn Write + Send>, render: Render) -> Self {
        Self { out: Mutex::new(out), render }
    }

    fn line(&self, reason: &str, body: Value) {
        let mut line = serde_json::Map::new();
        line.insert("schema".to_string(), SCHEMA.into());
        line.insert("reason".to_string(), reason.into());
        if let Value::Object(body) = body {
            line.extend(body);
        }
        let mut out = lock(&self.out);
        // Whoever reads may have had enough; the build goes on.
        let _ = writeln!(out, "{}", Value::Object(line)).and_then(|()| out.flush());
    }
}

impl Progress for Json {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Plan { steps } => {
                let steps: Vec<Value> = steps.iter().map(|(id, title)| json!({"id": id, "title": title})).collect();
                self.line("plan", json!({"steps": steps}));
            }
            Event::Blocked { id, title } => self.line("step-blocked", json!({"id": id, "title": title})),
            Event::Started { id, title, key } => {
                self.line("step-started", json!({"id": id, "title": title, "key": key.hex()}));
            }
            Event::Finished { step } => self.line("step-finished", finished_step(step)),
            _ => {}
        }
    }
}

fn finished_step(step: &StepOutcome) -> Value {
    let output = |artifact: &crate::engine::Artifact| json!({"digest": artifact.digest.hex(), "size": artifact.size});
    let outputs: serde_json::Map<String, Value> =
        step.outputs.iter().map(|(name, artifact)| (name.clone(), output(artifact))).collect();
    json!({
        "id": step.id,
        "title": step.title,
        "key": step.key.map(|key| key.hex()),
        "state": step.finish.word(),
        "seconds": step.seconds,
        "outputs": outputs,
    })
}

impl Painter for Json {
    fn diagnostic(&self, diag: &Diag) {
        let spans: Vec<Value> = diag.labels.iter().map(|(at, label)| span(at, label)).collect();
        let severity = if diag.severity == Severity::Error { "error" } else { "warning" };
        self.line(
            "diagnostic",
            json!({
                "severity": severity,
                "code": diag.code,
                "message": diag.title,
                "spans": spans,
                "notes": diag.notes,
                "help": diag.help,
                "rendered": (self.render)(diag),
            }),
        );
    }

    fn artifact(&self, file: &ArtifactFile) {
        let ArtifactFile { kind, board, path, digest, size } = file;
        let body = json!({"kind": kind, "board": board, "path": path, "digest": digest, "size": size});
        self.line("artifact", body);
    }

    fn fact(&self, reason: &str, body: &Value) {
        self.line(reason, body.clone());
    }

    fn verdict(&self, report: &Value) {
        self.line("verdict", json!({"report": report}));
    }

    fn finished(&self, seconds: f64, exit_code: i32) {
        let body = json!({"success": exit_code == 0, "exit_code": exit_code, "seconds": seconds});
        self.line("build-finished", body);
    }
}

/// Lines and columns count from one, columns in characters; bytes from zero, the end excluded.
fn span(span: &Span, label: &str) -> Value {
    let ((line, column), (end_line, end_column)) = (span.source.position(span.start), span.source.position(span.end));
    json!({
        "file": span.source.path(),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
        "label": label,
    })
}
