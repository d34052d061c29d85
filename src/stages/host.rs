//! Host: the emitted C, compiled for this machine, over the whole test part. Must equal the int8 reference.

use serde::Serialize;

use super::arrays::{TEST, bytes, of_part, row, row_bytes, signed};
use super::toolkit::{Toolkit, text_fact};
use crate::base::npy::Array;
use crate::base::{Diag, Diags, Span};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::world::Target;

/// The step `host:MODEL`. Inputs: `model.c`, `model.h`, `x.npy` (features), `part.npy`, `expected.npy`. Makes
/// `outputs.npy` i8[test rows, classes].
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
}

impl Host {
    fn harness(&self) -> Result<String, Diag> {
        let context = Context { model: &self.model, inputs: self.inputs, classes: self.classes, direct: self.direct };
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
        let stdin: Vec<u8> = test.iter().flat_map(|index| row(&x, width, *index)).copied().collect();
        let harness = self.harness()?;
        let sources = [("model.c", job.input("model.c")), ("main.c", harness.as_bytes())];
        let headers = [("model.h", job.input("model.h"))];
        let output = super::native::run(&self.toolkit, job, &sources, &headers, &stdin)?;
        if output.len() != expected.len() {
            return Err(self.bug(&format!("gave {} bytes instead of {}", output.len(), expected.len())).into());
        }
        let output: Vec<i8> = output.iter().map(|byte| *byte as i8).collect();
        if let Some(at) = output.iter().zip(&expected).position(|(got, want)| got != want) {
            let title = format!("differs from the int8 reference at test row {}", at / classes.max(1));
            return Err(self.bug(&title).into());
        }
        let outputs = Array::i8(&[test.len(), classes], output);
        Ok(Outputs::from([("outputs.npy".to_string(), outputs.to_bytes())]))
    }
}

impl Host {
    fn bug(&self, what: &str) -> Diag {
        Diag::error("tml::mismatch", format!("the C of `{}` {what}", self.model))
            .at(&self.span, "this model")
            .note("the emitted C must equal the reference bit for bit: this is a bug of ours or of the compiler")
            .help("please report it with the spec")
    }
}
