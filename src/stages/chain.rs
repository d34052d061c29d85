//! A feature chain as C: one function a step, `NAME_run` that calls them in order, and a program that runs it. A chain
//! whose first step works frame by frame has `NAME_push` too, which takes a hop of samples at a time.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::{Diag, Element, Shape};
use crate::data::fit::Fit;
use crate::library::feature::{Frames, Misfit, Place, Signal};
use crate::library::{Feature, Library};
use crate::spec::model::{Callee, Features, Function, Step};

use super::sequence::{Buffer, places};
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

/// How a chain is fed hop by hop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Feed {
    /// Floats of a hop.
    pub hop: usize,
    /// Hops that the samples of a frame span.
    pub spanned: usize,
    /// Hops that make a window.
    pub hops: usize,
    /// Frames of a window.
    pub count: usize,
    /// Floats that a frame gives.
    pub width: usize,
}

/// Name of the chain's header file.
pub const HEADER: &str = "features.h";

#[derive(Serialize)]
struct SourceContext<'a> {
    name: &'a str,
    header: &'static str,
    prototypes: Vec<String>,
    parts: Vec<String>,
    scratch: usize,
    #[serde(flatten)]
    sequence: Sequence,
    feed: Option<Feed>,
    output_len: usize,
}

/// Steps that follow each other, and where each reads and writes.
#[derive(Serialize)]
struct Sequence {
    buffers: Vec<Buffer>,
    steps: Vec<StepCode>,
    /// Elements to convert behind the last step; 0 when it writes `out` itself.
    copy: usize,
    last: String,
}

#[derive(Serialize)]
struct StepCode {
    code: String,
    function: String,
    source: String,
    target: String,
}

#[derive(Serialize)]
struct BranchContext<'a> {
    function: &'a str,
    #[serde(flatten)]
    sequence: Sequence,
}

#[derive(Serialize)]
struct JoinContext<'a> {
    function: &'a str,
    branches: Vec<Branch>,
    rows: usize,
    width: usize,
}

#[derive(Serialize)]
struct Branch {
    function: String,
    len: usize,
    /// Floats a row, and how many of the other branches' stand before them.
    width: usize,
    offset: usize,
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
    feed: Option<Feed>,
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

    /// How it is fed hop by hop; `None` when its first step needs a window at once.
    pub fn feed(&self) -> Result<Option<Feed>, Diag> {
        let Some(first) = self.features.steps.first() else { return Ok(None) };
        let Some(feature) = self.feature(first)? else { return Ok(None) };
        let frames = feature.frames(&first.args, &signal(first)).map_err(|misfit| refused(first, &misfit))?;
        let channels = first.input.dims.get(1).copied().unwrap_or(1);
        Ok(frames.map(|Frames { length, hop, count, width }| {
            let spanned = length.div_ceil(hop);
            Feed { hop: hop * channels, spanned, hops: spanned + count.saturating_sub(1), count, width }
        }))
    }

    /// The C of the first `count` steps, with the constants in `fits` (an entry a step; empty where nothing is fitted).
    pub fn code(&self, count: usize, fits: &[Fit]) -> Result<Code, Diag> {
        let steps = &self.features.steps[..count];
        let name = &self.features.name;
        let output = steps.last().map_or(&self.input, |step| &step.output);
        let context = SourceContext {
            name,
            header: HEADER,
            prototypes: self.called(steps).into_iter().map(prototype).collect(),
            parts: self.parts(steps)?,
            scratch: self.scratch(steps)?,
            sequence: self.sequence(steps, &format!("{name}_step"), fits)?,
            feed: if count == 0 { None } else { self.feed()? },
            output_len: output.len(),
        };
        let source = self.library.render("chain/features.c.j2", &context)?;
        let header = self.library.render("chain/features.h.j2", &self.header(output)?)?;
        Ok(Code { source, header })
    }

    /// A `main.c` that reads rows of raw `f32` from stdin and writes the chain's results to stdout.
    pub fn harness(&self, count: usize) -> Result<String, Diag> {
        let steps = &self.features.steps[..count];
        let output = steps.last().map_or(&self.input, |step| &step.output);
        self.library.render("chain/harness.c.j2", &self.header(output)?)
    }

    /// The user's functions among `steps`, each once.
    pub fn called(&self, steps: &[Step]) -> Vec<&Function> {
        let mut indices: Vec<usize> = Vec::new();
        for step in steps.iter().flat_map(Step::all) {
            if let Callee::User(index) = step.call
                && !indices.contains(&index)
            {
                indices.push(index);
            }
        }
        indices.into_iter().map(|index| &self.functions[index]).collect()
    }

    fn header(&self, output: &Shape) -> Result<HeaderContext<'_>, Diag> {
        let steps: Vec<&str> = self.features.steps.iter().map(|step| self.step_name(step)).collect();
        Ok(HeaderContext {
            name: &self.features.name,
            title: format!("{}, then the model", steps.join(", ")),
            header: HEADER,
            input: self.input.to_string(),
            output: output.to_string(),
            input_len: self.input.len(),
            output_len: output.len(),
            feed: self.feed()?,
        })
    }

    /// What the steps call, each once.
    fn parts(&self, steps: &[Step]) -> Result<Vec<String>, Diag> {
        let mut names = BTreeSet::new();
        for step in steps.iter().flat_map(Step::all) {
            names.extend(self.feature(step)?.map(|feature| feature.uses).unwrap_or_default());
        }
        let nothing = BTreeMap::<String, String>::new();
        let render = |name: &String| self.library.render(&format!("dsp/{name}.c.j2"), &nothing);
        names.iter().map(|name| render(name).map(|code| code.trim().to_string())).collect()
    }

    /// Floats of work memory: what the hungriest step needs.
    fn scratch(&self, steps: &[Step]) -> Result<usize, Diag> {
        let mut most = 0;
        for step in steps.iter().flat_map(Step::all) {
            if let Some(feature) = self.feature(step)? {
                let floats = feature.scratch(&step.args, &signal(step)).map_err(|misfit| refused(step, &misfit))?;
                most = most.max(floats);
            }
        }
        Ok(most)
    }

    fn sequence(&self, steps: &[Step], prefix: &str, fits: &[Fit]) -> Result<Sequence, Diag> {
        let copy = steps.last().is_none_or(|step| step.output.element != Element::F32);
        let mut inplace = Vec::new();
        for step in steps {
            inplace.push(self.feature(step)?.is_some_and(|feature| feature.inplace));
        }
        let (buffers, names) = places(steps, &inplace, copy);
        let mut codes = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let function = format!("{prefix}_{index}_{}", self.step_name(step));
            let source = if index == 0 { "in".into() } else { names[index - 1].clone() };
            let target = names[index].clone();
            codes.push(StepCode { code: self.step(step, &function, fits.get(index))?, function, source, target });
        }
        let output = steps.last().map_or(&self.input, |step| &step.output);
        let last = names.last().cloned().unwrap_or_else(|| "in".into());
        Ok(Sequence { buffers, steps: codes, copy: if copy { output.len() } else { 0 }, last })
    }

    /// The C function of one step.
    fn step(&self, step: &Step, function: &str, fit: Option<&Fit>) -> Result<String, Diag> {
        if let Callee::User(index) = step.call {
            return Ok(wrapper(&self.functions[index], step, function));
        }
        let Some(feature) = self.feature(step)? else { return Ok(String::new()) };
        if !step.branches.is_empty() {
            return self.join(step, &feature, function);
        }
        let fit = fit.map(constants).unwrap_or_default();
        let place = Place { function: function.into(), scratch: format!("{}_scratch", self.features.name) };
        let context = feature.context(place, &step.args, (&signal(step), &step.output), fit);
        let context = context.map_err(|misfit| refused(step, &misfit))?;
        self.library.render(&feature.path(), &context).map(|code| code.trim().to_string())
    }

    /// The C of chains side by side: a function each, and one that puts their results together.
    fn join(&self, step: &Step, feature: &Feature, function: &str) -> Result<String, Diag> {
        let output = &step.output;
        let width = output.dims.last().copied().unwrap_or(1);
        let rows = output.len() / width;
        let mut code = String::new();
        let mut branches = Vec::new();
        let mut offset = 0;
        for (index, steps) in step.branches.iter().enumerate() {
            let name = format!("{function}_{index}");
            let sequence = self.sequence(steps, &format!("{name}_step"), &[])?;
            code.push_str(&self.library.render("chain/branch.c.j2", &BranchContext { function: &name, sequence })?);
            let len = steps.last().map_or(0, |step| step.output.len());
            branches.push(Branch { function: name, len, width: len / rows, offset });
            offset += len / rows;
        }
        let joined = self.library.render(&feature.path(), &JoinContext { function, branches, rows, width })?;
        code.push_str(joined.trim());
        Ok(code)
    }
}

/// What goes into `step`.
fn signal(step: &Step) -> Signal {
    Signal { shape: step.input.clone(), rate: step.rate }
}

/// The spec has checked that it fits, so the library has changed in between.
fn refused(step: &Step, misfit: &Misfit) -> Diag {
    Diag::error("tml::feature", format!("this step doesn't fit {}: {}", step.input, misfit.reason))
        .at(&step.span, "here")
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
