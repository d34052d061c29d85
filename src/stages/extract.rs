//! Extract: rows through the feature chain. The library's steps run on this machine as the very C that ships;
//! the user's functions run on the simulated board, which is their sandbox.

use std::sync::Arc;

use super::arrays;
use super::chain::{Chain, HEADER};
use super::function::{self, Bench};
use super::native;
use super::toolkit::Toolkit;
use super::transform::{Program, Runner, transform};
use crate::base::npy::Array;
use crate::base::{Diags, Shape};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::board::Board;
use crate::library::core::Core;
use crate::spec::Spec;
use crate::spec::model::{Callee, Features, Function};
use crate::world::Target;

/// The step. Inputs: `x.npy`, `part.npy`, and `NAME.elf` for each function of the user's in the chain.
/// Outputs: `x.npy` f32[rows, output…], `features.c`, `features.h`, `fit.json`.
pub struct Extract {
    /// The spec, for its functions and data sets.
    pub spec: Arc<Spec>,
    /// The chain.
    pub features: Features,
    /// Where the user's functions run.
    pub board: Board,
    /// Its core.
    pub core: Core,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

impl Extract {
    fn chain(&self) -> Chain<'_> {
        Chain {
            features: &self.features,
            functions: &self.spec.functions,
            library: &self.toolkit.library,
            input: Shape::f32(&[self.spec.datasets[self.features.dataset].channels.len()]),
        }
    }
}

impl Stage for Extract {
    fn title(&self) -> String {
        format!("extract {}", self.features.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("name", &self.features.name);
        for (index, step) in self.features.steps.iter().enumerate() {
            out.group(&format!("step {index}"), &mut |out| {
                match &step.call {
                    Callee::Std(name) => out.text("feature", name),
                    Callee::User(index) => out.text("function", &super::signature::spec_text(&self.spec.functions[*index])),
                }
                step.args.iter().for_each(|(name, value)| out.text(name, value));
                out.text("input", &step.input.to_string());
                out.text("output", &step.output.to_string());
            });
        }
        for path in self.chain().templates() {
            if let Some(entry) = self.toolkit.library.get(&path) {
                out.digest(&path, entry.digest);
            }
        }
        self.toolkit.facts(&Target::Host, out);
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let (x, _) = arrays::rows(job, "x.npy")?;
        let parts = arrays::bytes(job, "part.npy")?;
        let made = transform(&self.chain(), &x, &parts, &mut Machines { stage: self, job })?;
        let mut dims = vec![parts.len()];
        dims.extend(&self.features.output.dims);
        Ok(Outputs::from([
            ("x.npy".to_string(), Array::f32(&dims, made.x).to_bytes()),
            ("features.c".to_string(), made.code.source.into_bytes()),
            (HEADER.to_string(), made.code.header.into_bytes()),
            ("fit.json".to_string(), made.fits),
        ]))
    }
}

/// This machine and the simulated board.
struct Machines<'a> {
    stage: &'a Extract,
    job: &'a Job<'a>,
}

impl Runner for Machines<'_> {
    fn native(&mut self, program: &Program, x: &[f32]) -> Result<Vec<f32>, Diags> {
        let of = |end: &str| -> Vec<(&str, &[u8])> {
            program.iter().filter(|(name, _)| name.ends_with(end)).map(|(name, text)| (name.as_str(), text.as_bytes())).collect()
        };
        let stdin = x.iter().flat_map(|value| value.to_le_bytes()).collect();
        let stdout = native::run(&self.stage.toolkit, self.job, &of(".c"), &of(".h"), stdin)?;
        Ok(stdout.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }

    fn call(&mut self, function: &Function, x: &[f32]) -> Result<Vec<f32>, Diags> {
        let elf = self.job.input(&format!("{}.elf", function.name));
        let mut bench = Bench::boot(elf, function, &self.stage.board, &self.stage.core)?;
        let width: usize = function.params.iter().map(|(_, shape)| shape.len()).sum();
        let total = (x.len() / width.max(1)) as u64;
        let mut out = Vec::new();
        for (index, row) in x.chunks_exact(width.max(1)).enumerate() {
            if self.job.cancelled() {
                return Ok(out);
            }
            self.job.progress(&function.name, index as u64, total);
            let answer = bench.call(&function.name, &function::arguments(function, row), 0)?;
            if let Some(shape) = &function.result {
                out.extend(function::values(shape, &answer.bytes));
            }
        }
        Ok(out)
    }
}
