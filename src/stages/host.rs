//! Host: the emitted C, compiled for this machine, over the whole test part. Must equal the int8 reference.

use serde::Serialize;

use super::arrays::{TEST, bytes, integers, of_part, row, row_bytes, signed};
use super::toolkit::{Toolkit, text_fact};
use crate::base::npy::Array;
use crate::base::{Diag, Diags, Span};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::world::Target;

/// The step `host:MODEL`. Inputs: `model.c`, `model.h`, `x.npy` (features), `part.npy`, `expected.npy`; where
/// something is decided also `decide.c`, `recording.npy` (of the test rows), `answers.npy` and `scores.npy`. Makes
/// `outputs.npy` i8[test rows, classes], and with decisions `answers.npy` u8[test rows], `scores.npy` f32[test rows, scores].
///
/// It starts at the features: what computes them may be generated code, which never runs natively.
pub struct Host {
    /// The model's name.
    pub model: String,
    /// Floats of one input.
    pub inputs: usize,
    /// Values of one output.
    pub classes: usize,
    /// Whether rows are int8 values as the model takes them, not floats.
    pub direct: bool,
    /// Numbers for the application; 0: nothing is decided.
    pub scores: usize,
    /// The model's header in the spec.
    pub span: Span,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

#[derive(Serialize)]
struct Context<'a> {
    model: &'a str,
    inputs: usize,
    classes: usize,
    direct: bool,
    scores: usize,
}

impl Host {
    fn harness(&self) -> Result<String, Diag> {
        let Self { inputs, classes, direct, scores, .. } = *self;
        let context = Context { model: &self.model, inputs, classes, direct, scores };
        self.toolkit.library.render("hal/host.c.j2", &context)
    }
}

impl Stage for Host {
    fn title(&self) -> String {
        format!("run {} on this machine", self.model)
    }

    fn facts(&self, out: &mut dyn Facts) {
        self.toolkit.facts(&Target::Host, out);
        match self.harness() {
            Ok(text) => text_fact(out, "harness", &text),
            Err(diag) => out.text("unrendered", &diag.title),
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let (x, width) = row_bytes(job, "x.npy")?;
        let (expected, classes) = signed(job, "expected.npy")?;
        let test = of_part(&bytes(job, "part.npy")?, TEST);
        let stdin = self.stdin(job, (&x, width), &test)?;
        let harness = self.harness()?;
        let mut sources = vec![("model.c", job.input("model.c")), ("main.c", harness.as_bytes())];
        if self.scores > 0 {
            sources.push(("decide.c", job.input("decide.c")));
        }
        let headers = [("model.h", job.input("model.h"))];
        let output = super::native::run(&self.toolkit, job, &sources, &headers, &stdin)?;
        let decided = if self.scores > 0 { 1 + 4 * self.scores } else { 0 };
        if output.len() != test.len() * (classes + decided) {
            return Err(self.bug(&format!("gave {} bytes for {} rows", output.len(), test.len())).into());
        }
        let rows = || output.chunks_exact(classes + decided);
        let answers: Vec<i8> = rows().flat_map(|row| &row[..classes]).map(|byte| *byte as i8).collect();
        if let Some(at) = answers.iter().zip(&expected).position(|(got, want)| got != want) {
            let title = format!("differs from the int8 reference at test row {}", at / classes.max(1));
            return Err(self.bug(&title).into());
        }
        let answers = Array::i8(&[test.len(), classes], answers);
        let mut outputs = Outputs::from([("outputs.npy".to_string(), answers.to_bytes())]);
        if self.scores > 0 {
            let labels: Vec<u8> = rows().map(|row| row[classes]).collect();
            let scores: Vec<u8> = rows().flat_map(|row| &row[classes + 1..]).copied().collect();
            outputs.extend(self.decided(job, labels, &scores)?);
        }
        Ok(outputs)
    }
}

impl Host {
    /// The test rows as the program reads them.
    fn stdin(&self, job: &Job, (x, width): (&[u8], usize), test: &[usize]) -> Result<Vec<u8>, Diag> {
        if self.scores == 0 {
            return Ok(test.iter().flat_map(|index| row(x, width, *index)).copied().collect());
        }
        let recording = integers(job, "recording.npy")?;
        let mut stdin = Vec::with_capacity(test.len() * (width + 4));
        for (at, index) in test.iter().enumerate() {
            let first = at == 0 || recording[at] != recording[at - 1];
            stdin.extend_from_slice(row(x, width, *index));
            stdin.extend_from_slice(&(if first { 1.0_f32 } else { 0.0 }).to_le_bytes());
        }
        Ok(stdin)
    }

    /// What the C decided; must equal the reference, to the bit of each score.
    fn decided(&self, job: &Job, labels: Vec<u8>, scores: &[u8]) -> Result<Outputs, Diag> {
        let (wanted, (reference, _)) = (bytes(job, "answers.npy")?, row_bytes(job, "scores.npy")?);
        let width = 4 * self.scores;
        let differs = |at: usize| labels[at] != wanted[at] || row(scores, width, at) != row(&reference, width, at);
        if let Some(at) = (0..labels.len()).find(|at| differs(*at)) {
            return Err(self.bug(&format!("decides otherwise than the reference at test row {at}")));
        }
        let rows = labels.len();
        let scores = scores.chunks_exact(4).map(|part| f32::from_le_bytes([part[0], part[1], part[2], part[3]]));
        Ok(Outputs::from([
            ("answers.npy".to_string(), Array::u8(&[rows], labels).to_bytes()),
            ("scores.npy".to_string(), Array::f32(&[rows, self.scores], scores.collect()).to_bytes()),
        ]))
    }

    fn bug(&self, what: &str) -> Diag {
        Diag::error("tml::mismatch", format!("the C of `{}` {what}", self.model))
            .at(&self.span, "this model")
            .note("the emitted C must equal the reference bit for bit: this is a bug of ours or of the compiler")
            .help("please report it with the spec")
    }
}
