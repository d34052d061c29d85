//! Extract: rows through the chain's own C, the very code that ships; constants are fitted on the training part.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::{Diag, Diags};
use crate::data::fit::{Fit, Scaling, scaling};
use crate::library::feature::FitKind;
use crate::spec::model::Step;

use super::chain::{Chain, Code};

/// C files of a program by name: `features.c`, `features.h`, `main.c`. The user's functions are linked to it.
pub type Program = BTreeMap<String, String>;

/// Runs a program over rows of `f32` (its stdin) and gives what it writes (its stdout).
pub type Run<'a> = &'a mut dyn FnMut(&Program, &[f32]) -> Result<Vec<f32>, Diags>;

/// What comes out of a chain.
pub struct Extracted {
    /// Row-major `f32[rows, output]`.
    pub x: Vec<f32>,
    /// The C that made it.
    pub code: Code,
    /// `fit.json`: the fitted constants of each step.
    pub fits: Vec<u8>,
}

#[derive(Serialize)]
struct Fitted<'a> {
    step: usize,
    name: &'a str,
    #[serde(flatten)]
    fit: &'a Fit,
}

/// Fits the chain's constants on the rows whose part is 0 (training) and runs all rows through it.
/// `x` is row-major. Errors: `tml::nan`, and those of `run` and of the templates.
pub fn extract(chain: &Chain, x: &[f32], parts: &[u8], run: Run) -> Result<Extracted, Diags> {
    let steps = &chain.features.steps;
    let mut fits = vec![Fit::default(); steps.len()];
    for (index, step) in steps.iter().enumerate() {
        let Some(kind) = chain.feature(step)?.and_then(|feature| feature.fit) else { continue };
        let training = training(x, parts);
        let given = if index == 0 { training } else { through(chain, index, &fits, &training, run)? };
        fits[index] = fit(kind, step, &given);
    }
    let code = chain.code(steps.len(), &fits)?;
    let out = through(chain, steps.len(), &fits, x, run)?;
    let names = steps.iter().map(|step| chain.step_name(step));
    let fitted: Vec<Fitted> = names
        .zip(&fits)
        .enumerate()
        .filter(|(_, (_, fit))| !fit.offset.is_empty())
        .map(|(step, (name, fit))| Fitted { step, name, fit })
        .collect();
    let fits = serde_json::to_vec_pretty(&fitted).unwrap_or_default();
    Ok(Extracted { x: out, code, fits })
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
            let per = step.args.iter().find(|(name, _)| name == "per").map(|(_, word)| word.as_str());
            let width = match per {
                Some("element") => step.input.len(),
                Some("all") => 1,
                _ => step.input.dims.last().copied().unwrap_or(1),
            };
            scaling(method, x, width)
        }
    }
}

/// Runs rows through the first `count` steps and checks what comes out.
fn through(chain: &Chain, count: usize, fits: &[Fit], x: &[f32], run: Run) -> Result<Vec<f32>, Diags> {
    let out = raw(chain, count, fits, x, run)?;
    let output = chain.features.steps[..count].last().map_or(&chain.input, |step| &step.output).len();
    let (rows, made) = (x.len() / chain.input.len(), out.len() / output);
    if rows != made {
        let title = format!("`{}` gave {made} rows for {rows}", chain.features.name);
        return Err(Diag::error("tml::feature", title).at(&chain.features.span, "this chain").into());
    }
    let bad: Vec<usize> =
        (0..rows).filter(|row| out[row * output..(row + 1) * output].iter().any(|value| !value.is_finite())).collect();
    match bad.first() {
        Some(first) => Err(not_finite(chain, count, fits, (x, *first, bad.len()), run)?.into()),
        None => Ok(out),
    }
}

fn raw(chain: &Chain, count: usize, fits: &[Fit], x: &[f32], run: Run) -> Result<Vec<f32>, Diags> {
    let code = chain.code(count, fits)?;
    let program = Program::from([
        ("features.c".to_string(), code.source),
        ("features.h".to_string(), code.header),
        ("main.c".to_string(), chain.harness(count)?),
    ]);
    run(&program, x)
}

/// Finds the step that first gives NaN or infinity for a row.
fn not_finite(
    chain: &Chain,
    count: usize,
    fits: &[Fit],
    (x, row, rows): (&[f32], usize, usize),
    run: Run,
) -> Result<Diag, Diags> {
    let width = chain.input.len();
    let sample = &x[row * width..(row + 1) * width];
    let mut guilty = count;
    for upto in 1..count {
        if raw(chain, upto, fits, sample, run)?.iter().any(|value| !value.is_finite()) {
            guilty = upto;
            break;
        }
    }
    let step = &chain.features.steps[guilty - 1];
    let name = chain.step_name(step);
    let shown: Vec<String> = sample.iter().take(8).map(ToString::to_string).collect();
    let more = if sample.len() > 8 { ", …" } else { "" };
    let count = if rows == 1 { "1 row".into() } else { format!("{rows} rows") };
    Ok(Diag::error("tml::nan", format!("`{name}` gives NaN or infinity for {count}"))
        .at(&step.span, "this step")
        .note(format!("the first one is row {row} of the data set: [{}{more}]", shown.join(", ")))
        .help(format!("let `{name}` give a number for every input; a division by zero is the usual reason")))
}
