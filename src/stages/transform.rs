//! Rows through a feature chain, step by step: the library's steps run as the C that ships, the user's functions
//! wherever the caller runs them. Constants are fitted on the training part as it reaches their step.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use crate::base::{Diag, Diags};
use crate::data::fit::{Fit, Scaling, scaling};
use crate::library::feature::FitKind;
use crate::spec::model::{Callee, Function, Step};

use super::chain::{Chain, Code};

/// C files of a program by name: `features.c`, `features.h`, `main.c`.
pub type Program = BTreeMap<String, String>;

/// Where steps are run. Rows are `f32`, one after another; so are the results.
pub trait Runner {
    /// Builds `program` for this machine and gives it `x` as its standard input; what comes back is its output.
    fn native(&mut self, program: &Program, x: &[f32]) -> Result<Vec<f32>, Diags>;
    /// Calls the user's function once a row.
    fn call(&mut self, function: &Function, x: &[f32]) -> Result<Vec<f32>, Diags>;
}

/// What comes out of a chain.
pub struct Transformed {
    /// Row-major `f32[rows, output]`.
    pub x: Vec<f32>,
    /// The C of the whole chain.
    pub code: Code,
    /// `fit.json`: the fitted constants of each step that has some.
    pub fits: Vec<u8>,
}

#[derive(Serialize)]
struct Fitted<'a> {
    step: usize,
    name: &'a str,
    #[serde(flatten)]
    fit: &'a Fit,
}

/// Runs row-major `x` through `chain`, fitting constants on the rows whose part is 0 (training).
/// Errors: `tml::nan`, `tml::feature`, and those of `runner` and of the templates.
pub fn transform(chain: &Chain, x: &[f32], parts: &[u8], runner: &mut dyn Runner) -> Result<Transformed, Diags> {
    let steps = &chain.features.steps;
    let mut fits = vec![Fit::default(); steps.len()];
    let mut values = x.to_vec();
    for segment in segments(chain)? {
        let first = &steps[segment.start];
        if let Some(kind) = chain.feature(first)?.and_then(|feature| feature.fit) {
            fits[segment.start] = fit(kind, first, &training(&values, parts));
        }
        let out = match first.call {
            Callee::User(index) => runner.call(&chain.functions[index], &values)?,
            Callee::Std(_) => runner.native(&program(chain, &segment, &fits)?, &values)?,
        };
        check(chain, &segment, (&values, x), &out, parts.len())?;
        values = out;
    }
    let code = chain.code(&fits)?;
    let names = steps.iter().map(|step| chain.step_name(step));
    let fitted: Vec<Fitted> = names
        .zip(&fits)
        .enumerate()
        .filter(|(_, (_, fit))| !fit.offset.is_empty())
        .map(|(step, (name, fit))| Fitted { step, name, fit })
        .collect();
    let fits = serde_json::to_vec_pretty(&fitted)
        .map_err(|error| Diag::error("tml::feature", format!("the constants can't be written: {error}")))?;
    Ok(Transformed { x: values, code, fits })
}

/// Runs of steps that need nothing in between: a user's function by itself; library steps together,
/// but each that is fitted opens a new run, because its constants depend on what reaches it.
fn segments(chain: &Chain) -> Result<Vec<Range<usize>>, Diag> {
    let steps = &chain.features.steps;
    let mut segments: Vec<Range<usize>> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let fitted = chain.feature(step)?.is_some_and(|feature| feature.fit.is_some());
        let own = |at: usize| matches!(steps[at].call, Callee::User(_));
        match segments.last_mut() {
            Some(last) if !fitted && !own(index) && !own(last.start) => last.end = index + 1,
            _ => segments.push(index..index + 1),
        }
    }
    Ok(segments)
}

fn program(chain: &Chain, segment: &Range<usize>, fits: &[Fit]) -> Result<Program, Diag> {
    let code = chain.part(segment.clone(), fits)?;
    Ok(Program::from([
        ("features.c".to_string(), code.source),
        ("features.h".to_string(), code.header),
        ("main.c".to_string(), chain.harness(segment)?),
    ]))
}

/// Rows of the training part.
fn training(x: &[f32], parts: &[u8]) -> Vec<f32> {
    let width = x.len() / parts.len().max(1);
    let rows = x.chunks_exact(width.max(1)).zip(parts).filter(|(_, part)| **part == 0);
    rows.flat_map(|(row, _)| row).copied().collect()
}

fn fit(kind: FitKind, step: &Step, x: &[f32]) -> Fit {
    match kind {
        FitKind::Scale => {
            let method = step.args.iter().find(|(name, _)| name == "method").map(|(_, word)| word.as_str());
            let method = method.and_then(Scaling::named).unwrap_or(Scaling::Standard);
            scaling(method, x, step.input.dims.last().copied().unwrap_or(1))
        }
    }
}

/// Refuses a result with the wrong number of rows or with NaN or infinity in it; says for which input.
fn check(
    chain: &Chain,
    segment: &Range<usize>,
    (given, raw): (&[f32], &[f32]),
    out: &[f32],
    rows: usize,
) -> Result<(), Diag> {
    let steps: Vec<&str> =
        chain.features.steps[segment.clone()].iter().map(|step| chain.step_name(step)).collect();
    let (name, span) = (steps.join(", "), &chain.features.steps[segment.start].span);
    let width = chain.shapes(segment).1.len();
    if out.len() != rows * width {
        let title = format!("`{name}` gave {} numbers for {rows} rows of {width}", out.len());
        return Err(Diag::error("tml::feature", title).at(span, "this step"));
    }
    let bad = |row: &usize| out[row * width..(row + 1) * width].iter().any(|value| !value.is_finite());
    let Some(first) = (0..rows).find(bad) else { return Ok(()) };
    let count = match (0..rows).filter(bad).count() {
        1 => "1 row".into(),
        count => format!("{count} rows"),
    };
    let diag = Diag::error("tml::nan", format!("`{name}` gives NaN or infinity for {count}")).at(span, "this step");
    let diag = diag.note(format!("the first is row {first} of the data set: {}", shown(raw, rows, first)));
    let diag = if segment.start > 0 { diag.note(format!("the step is given {}", shown(given, rows, first))) } else { diag };
    Err(diag.help(format!("let `{name}` give a number for every input; a division by zero is the usual reason")))
}

/// One row, its first values.
fn shown(x: &[f32], rows: usize, row: usize) -> String {
    let width = x.len() / rows.max(1);
    let sample = &x[row * width..(row + 1) * width];
    let values: Vec<String> = sample.iter().take(8).map(ToString::to_string).collect();
    let more = if sample.len() > 8 { ", …" } else { "" };
    format!("[{}{more}]", values.join(", "))
}
