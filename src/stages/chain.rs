//! A feature chain as C: one function a step, `NAME_run` that calls them in order, and a program that runs it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::{Diag, Element, Shape};
use crate::data::fit::Fit;
use crate::library::{Feature, Library};
use crate::spec::model::{Callee, Features, Function, Step};

use super::signature::prototype;

/// A chain with all that its C is made of.
pub struct Chain<'a> {
    /// The chain.
    pub features: &'a Features,
    /// The spec's functions; steps index into them.
    pub functions: &'a [Function],
    /// Where the library's steps come from.
    pub library: &'a Library,
    /// Shape of one row of the data set.
    pub input: Shape,
}

/// The chain's C.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// `features.c`
    pub source: String,
    /// `features.h`
    pub header: String,
}

/// Name of the chain's header file.
pub const HEADER: &str = "features.h";

#[derive(Serialize)]
struct SourceContext<'a> {
    name: &'a str,
    header: &'static str,
    prototypes: Vec<String>,
    buffers: Vec<Buffer>,
    steps: Vec<StepCode>,
    /// Elements to convert behind the last step; 0 when it writes `out` itself.
    copy: usize,
    last: String,
}

#[derive(Serialize)]
struct Buffer {
    ctype: &'static str,
    name: String,
    len: usize,
}

#[derive(Serialize)]
struct StepCode {
    code: String,
    function: String,
    source: String,
    target: String,
}

#[derive(Serialize)]
struct HeaderContext<'a> {
    name: &'a str,
    title: String,
    header: &'static str,
    input: String,
    output: String,
    input_len: usize,
    output_len: usize,
}

impl Chain<'_> {
    /// The library's feature behind `step`; `None` for a function of the user's.
    pub fn feature(&self, step: &Step) -> Result<Option<Feature>, Diag> {
        let Callee::Std(name) = &step.call else { return Ok(None) };
        match self.library.feature(name) {
            Some(feature) => feature.map(Some),
            None => {
                Err(Diag::error("tml::feature", format!("the library has no feature `{name}`")).at(&step.span, "here"))
            }
        }
    }

    /// What a step is called, for people.
    pub fn step_name<'s>(&'s self, step: &'s Step) -> &'s str {
        match &step.call {
            Callee::Std(name) => name,
            Callee::User(index) => &self.functions[*index].name,
        }
    }

    /// The C of the first `count` steps, with the constants in `fits` (an entry a step; empty where nothing is fitted).
    pub fn code(&self, count: usize, fits: &[Fit]) -> Result<Code, Diag> {
        let steps = &self.features.steps[..count];
        let name = &self.features.name;
        let output = steps.last().map_or(&self.input, |step| &step.output);
        let copy = steps.last().is_none_or(|step| step.output.element != Element::F32);
        let (buffers, names) = buffers(steps, copy);
        let mut codes = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let function = format!("{name}_step_{index}_{}", self.step_name(step));
            let source = if index == 0 { "in".into() } else { names[index - 1].clone() };
            let target = names[index].clone();
            codes.push(StepCode { code: self.step(step, &function, fits.get(index))?, function, source, target });
        }
        let context = SourceContext {
            name,
            header: HEADER,
            prototypes: self.called(steps).into_iter().map(prototype).collect(),
            buffers,
            steps: codes,
            copy: if copy { output.len() } else { 0 },
            last: names.last().cloned().unwrap_or_else(|| "in".into()),
        };
        let source = self.library.render("chain/features.c.j2", &context)?;
        let header = self.library.render("chain/features.h.j2", &self.header(output))?;
        Ok(Code { source, header })
    }

    /// A `main.c` that reads rows of raw `f32` from stdin and writes the chain's results to stdout.
    pub fn harness(&self, count: usize) -> Result<String, Diag> {
        let steps = &self.features.steps[..count];
        let output = steps.last().map_or(&self.input, |step| &step.output);
        self.library.render("chain/harness.c.j2", &self.header(output))
    }

    /// The user's functions among `steps`, each once.
    pub fn called(&self, steps: &[Step]) -> Vec<&Function> {
        let mut indices: Vec<usize> = Vec::new();
        for step in steps {
            if let Callee::User(index) = step.call
                && !indices.contains(&index)
            {
                indices.push(index);
            }
        }
        indices.into_iter().map(|index| &self.functions[index]).collect()
    }

    fn header(&self, output: &Shape) -> HeaderContext<'_> {
        let steps: Vec<&str> = self.features.steps.iter().map(|step| self.step_name(step)).collect();
        HeaderContext {
            name: &self.features.name,
            title: format!("{}, then the model", steps.join(", ")),
            header: HEADER,
            input: self.input.to_string(),
            output: output.to_string(),
            input_len: self.input.len(),
            output_len: output.len(),
        }
    }

    /// The C function of one step.
    fn step(&self, step: &Step, function: &str, fit: Option<&Fit>) -> Result<String, Diag> {
        if let Callee::User(index) = step.call {
            return Ok(wrapper(&self.functions[index], step, function));
        }
        let Some(feature) = self.feature(step)? else { return Ok(String::new()) };
        let fit = fit.map(constants).unwrap_or_default();
        let context = feature.context(function.into(), &step.args, (&step.input, &step.output), fit);
        self.library.render(&feature.path(), &context).map(|code| code.trim().to_string())
    }
}

/// A step that calls the user's function: tensors by pointer, scalars by value.
fn wrapper(function: &Function, step: &Step, name: &str) -> String {
    let scalar_in = function.params.first().is_some_and(|(_, shape)| shape.dims.is_empty());
    let scalar_out = function.result.as_ref().is_some_and(|shape| shape.dims.is_empty());
    let given = if scalar_in { "in[0]" } else { "in" };
    let call = &function.name;
    let body = if scalar_out { format!("out[0] = {call}({given});") } else { format!("{call}({given}, out);") };
    let (from, to) = (step.input.element.c_type(), step.output.element.c_type());
    format!("static void {name}(const {from} *in, {to} *out)\n{{\n    {body}\n}}")
}

fn constants(fit: &Fit) -> BTreeMap<String, Vec<f32>> {
    BTreeMap::from([("offset".to_string(), fit.offset.clone()), ("factor".to_string(), fit.factor.clone())])
}

/// Where each step writes: two buffers in turn while all of it is `f32`, else one a step; the last one to `out`.
fn buffers(steps: &[Step], copy: bool) -> (Vec<Buffer>, Vec<String>) {
    let inner = if copy { steps.len() } else { steps.len().saturating_sub(1) };
    let shared = steps.iter().all(|step| step.output.element == Element::F32);
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut names = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if index >= inner {
            names.push("out".to_string());
            continue;
        }
        let name = format!("buffer_{}", if shared { index % 2 } else { index });
        match buffers.iter_mut().find(|buffer| buffer.name == name) {
            Some(buffer) => buffer.len = buffer.len.max(step.output.len()),
            None => {
                buffers.push(Buffer {
                    ctype: step.output.element.c_type(),
                    name: name.clone(),
                    len: step.output.len(),
                });
            }
        }
        names.push(name);
    }
    (buffers, names)
}
