//! The step `extract:FEATURES`: rows through the chain's own C. The library's features and the user's `extern` functions
//! run on this machine; a chain with generated code runs on the simulated board, which is its sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::arrays::{bytes, rows};
use super::chain::Chain;
use super::exercise::{self, faulted, peek, poke};
use super::extract::{Program, extract};
use super::toolkit::{Toolkit, target, text_fact};
use super::{native, signature};
use crate::base::npy::Array;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::board::Board;
use crate::library::core::Core;
use crate::sim::Machine;
use crate::spec::Spec;
use crate::spec::model::{Features, Function, Origin};
use crate::world::{Target, Unit};

/// Stack of the image that computes features, bytes.
const STACK: u64 = 32 * 1024;

/// Instructions that one row may take.
const ROW_BUDGET: u64 = 200_000_000;

/// The step. Inputs: `x.npy`, `part.npy`, each user function's `NAME.c`. Makes `x.npy` f32[rows, output], `features.c`,
/// `features.h`, `fit.json`.
pub struct Extract {
    /// The spec.
    pub spec: Arc<Spec>,
    /// The chain.
    pub features: Features,
    /// The board whose core computes generated code.
    pub board: Board,
    /// Its core.
    pub core: Core,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

#[derive(Serialize)]
struct HarnessContext<'a> {
    name: &'a str,
}

impl Extract {
    fn chain(&self) -> Chain<'_> {
        Chain {
            features: &self.features,
            functions: &self.spec.functions,
            library: &self.toolkit.library,
            input: self.features.input.clone(),
        }
    }

    fn sandboxed(&self) -> bool {
        self.called().iter().any(|function| matches!(function.origin, Origin::Generate { .. }))
    }

    fn called(&self) -> Vec<&Function> {
        self.chain()
            .called(&self.features.steps)
            .into_iter()
            .filter_map(|function| self.spec.functions.iter().find(|own| own.name == function.name))
            .collect()
    }
}

impl Stage for Extract {
    fn title(&self) -> String {
        format!("extract {}", self.features.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        let chain = self.chain();
        out.text("input", &chain.input.to_string());
        out.group("steps", &mut |out| {
            for (index, step) in self.features.all_steps().into_iter().enumerate() {
                out.text(&index.to_string(), &super::call_text(chain.step_name(step), &step.args));
                if let Ok(Some(feature)) = chain.feature(step) {
                    text_fact(out, &feature.path(), &self.toolkit.text(&feature.path()));
                }
            }
        });
        for function in self.called() {
            out.text(&function.name, &signature::spec_text(function));
        }
        if self.sandboxed() {
            self.toolkit.facts(&target(&self.core), out);
            exercise::facts(&self.board, &self.core, out);
            for path in ["chain/board.c.j2", "hal/startup.c.j2", "hal/hal.c.j2", "link/board.ld.j2"] {
                text_fact(out, path, &self.toolkit.text(path));
            }
        } else {
            self.toolkit.facts(&Target::Host, out);
        }
        for path in self.toolkit.library.files("dsp") {
            text_fact(out, &path, &self.toolkit.text(&path));
        }
        for path in
            ["chain/branch.c.j2", "chain/features.c.j2", "chain/features.h.j2", "chain/harness.c.j2", "hal/tml.h"]
        {
            text_fact(out, path, &self.toolkit.text(path));
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let (x, _) = rows(job, "x.npy")?;
        let parts = bytes(job, "part.npy")?;
        let chain = self.chain();
        let mut run = |program: &Program, rows: &[f32]| {
            if self.sandboxed() { self.on_board(job, program, rows) } else { self.on_host(job, program, rows) }
        };
        let extracted = extract(&chain, &x, &parts, &mut run)?;
        let mut dims = vec![parts.len()];
        dims.extend(&self.features.output.dims);
        Ok(Outputs::from([
            ("x.npy".to_string(), Array::f32(&dims, extracted.x).to_bytes()),
            ("features.c".to_string(), extracted.code.source.into_bytes()),
            ("features.h".to_string(), extracted.code.header.into_bytes()),
            ("fit.json".to_string(), extracted.fits),
        ]))
    }
}

impl Extract {
    fn on_host(&self, job: &Job, program: &Program, rows: &[f32]) -> Result<Vec<f32>, Diags> {
        let functions = functions(job);
        let tml = self.toolkit.text("hal/tml.h");
        let mut sources: Vec<(&str, &[u8])> =
            functions.iter().map(|(name, code)| (name.as_str(), code.as_slice())).collect();
        let mut headers: Vec<(&str, &[u8])> = vec![("tml.h", tml.as_bytes())];
        for (name, text) in program {
            let files = if name.ends_with(".h") { &mut headers } else { &mut sources };
            files.push((name, text.as_bytes()));
        }
        let stdin = rows.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        floats(&native::run(&self.toolkit, job, &sources, &headers, &stdin)?)
    }

    fn on_board(&self, job: &Job, program: &Program, rows: &[f32]) -> Result<Vec<f32>, Diags> {
        let elf = self.image(job, program)?;
        let bug = |why: String| Diag::error("tml::bug", format!("bug: the image of the features: {why}"));
        let map = exercise::memory_map(&self.board);
        let mut machine = Machine::load(&elf, &self.core, &map).map_err(|error| bug(error.to_string()))?;
        let symbol = |name: &str| machine.symbol(name).ok_or_else(|| bug(format!("no symbol `{name}`")));
        let (input, output) = (symbol("tml_input")?, symbol("tml_features")?);
        let (wait, command) = (symbol("tml_wait")?.address, symbol("tml_command")?.address);
        let fault = |fault: crate::sim::Fault| {
            faulted("while it computed features", &fault).at(&self.features.span, "these features")
        };
        machine.run_until(wait, ROW_BUDGET).map_err(fault)?;
        let mut out = Vec::new();
        let width = input.size as usize / 4;
        let total = rows.len() / width.max(1);
        for (done, row) in rows.chunks_exact(width.max(1)).enumerate() {
            if job.cancelled() {
                break;
            }
            if done % 256 == 0 {
                job.progress("rows", done as u64, total as u64);
            }
            let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
            poke(&mut machine, input.address, &bytes)?;
            poke(&mut machine, command, &1_u32.to_le_bytes())?;
            machine.run_until(wait, ROW_BUDGET).map_err(fault)?;
            out.extend(floats(&peek(&machine, output.address, output.size)?)?);
        }
        Ok(out)
    }

    /// The chain as firmware of the reference board.
    fn image(&self, job: &Job, program: &Program) -> Result<Vec<u8>, Diags> {
        let mut sources = functions(job);
        let mut headers = BTreeMap::from([("tml.h".to_string(), self.toolkit.text("hal/tml.h").into_bytes())]);
        for (name, text) in program.iter().filter(|(name, _)| *name != "main.c") {
            let text = text.clone().into_bytes();
            if name.ends_with(".h") {
                headers.insert(name.clone(), text);
            } else {
                sources.push((name.clone(), text));
            }
        }
        let context = HarnessContext { name: &self.features.name };
        let main = self.toolkit.library.render("chain/board.c.j2", &context)?;
        sources.push(("board.c".into(), main.into_bytes()));
        let target = target(&self.core);
        let toolchain = self.toolkit.toolchain(job, &target)?;
        let mut objects = Vec::new();
        for (name, source) in &sources {
            let unit = Unit { target: &target, name, source, headers: &headers, flags: &[] };
            let object =
                job.world().compile(&toolchain, &unit).map_err(|error| error.into_diag(&format!("`{name}`")))?;
            objects.push((name.replace(".c", ".o"), object.bytes));
        }
        let image = self.toolkit.image(job, (&self.board, &self.core), objects, STACK);
        Ok(image.map_err(|error| error.into_diag("the link of the features"))?)
    }
}

/// The user's functions as C files.
fn functions(job: &Job) -> Vec<(String, Vec<u8>)> {
    let names = job.inputs().filter(|name| name.ends_with(".c"));
    names.map(|name| (name.to_string(), job.input(name).to_vec())).collect()
}

fn floats(bytes: &[u8]) -> Result<Vec<f32>, Diags> {
    let words = bytes.chunks_exact(4);
    if !words.remainder().is_empty() {
        return Err(Diag::error("tml::bug", "bug: the features end inside a number").into());
    }
    Ok(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
}
