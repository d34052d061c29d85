//! Cases of a generated function: a CSV whose rows are inputs followed by expected outputs.

use crate::base::{Diag, Diags};
use crate::spec::model::Function;

/// One example: flattened inputs, expected flattened outputs.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// One-based line in the file.
    pub line: usize,
    /// Inputs in the order of the parameters.
    pub inputs: Vec<f32>,
    /// What must come out.
    pub outputs: Vec<f32>,
}

/// Reads the cases of `function` from `text`: numbers separated by commas, an optional header, blank lines and
/// `#` comments left out. Every wrong line is reported.
pub fn read(function: &Function, path: &str, text: &str) -> Result<Vec<Case>, Diags> {
    let inputs: usize = function.params.iter().map(|(_, shape)| shape.len()).sum();
    let outputs = function.result.as_ref().map_or(0, crate::base::Shape::len);
    let mut diags = Diags::default();
    let mut cases = Vec::new();
    let mut first = true;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let header = std::mem::take(&mut first) && line.split(',').all(|cell| cell.trim().parse::<f32>().is_err());
        if header {
            continue;
        }
        match row(line, inputs, outputs) {
            Ok((inputs, outputs)) => cases.push(Case { line: index + 1, inputs, outputs }),
            Err(why) => diags.push(wrong(function, path, index + 1, &why)),
        }
    }
    if cases.is_empty() && diags.0.is_empty() {
        diags.push(
            Diag::error("tml::cases", format!("`{path}` has no case for `{}`", function.name))
                .at(&function.span, "names this file")
                .help(format!("write rows of {inputs} inputs and {outputs} expected outputs")),
        );
    }
    diags.into_result(cases)
}

fn wrong(function: &Function, path: &str, line: usize, why: &str) -> Diag {
    Diag::error("tml::cases", format!("`{path}` line {line} {why}")).at(&function.span, "its cases")
}

fn row(line: &str, inputs: usize, outputs: usize) -> Result<(Vec<f32>, Vec<f32>), String> {
    let mut values = Vec::new();
    for cell in line.split(',') {
        let cell = cell.trim();
        values.push(cell.parse::<f32>().map_err(|_| format!("has `{cell}` where a number belongs"))?);
    }
    if values.len() != inputs + outputs {
        return Err(format!(
            "has {} numbers, but {inputs} inputs and {outputs} outputs are {}",
            values.len(),
            inputs + outputs
        ));
    }
    let expected = values.split_off(inputs);
    Ok((values, expected))
}
