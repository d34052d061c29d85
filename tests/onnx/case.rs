//! One case: a model, its inputs and the outputs that it must give.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tinyml::import::onnx::{Options, proto, read, tensor};
use tinyml::tensor::{Literal, Program};

/// A model that was converted, or not.
pub(crate) enum Converted {
    /// A program, and the inputs that had to be given as values.
    Program(Box<Program>, Vec<String>),
    /// The first line of each diagnostic, with its first note.
    Refused(String),
    /// Our bug.
    Panicked(String),
}

/// One data set of a model: inputs by name, outputs in order.
#[derive(Clone)]
pub(crate) struct Data {
    pub(crate) inputs: BTreeMap<String, Literal>,
    pub(crate) outputs: Vec<Literal>,
}

/// The names of the inputs that a model takes, and its operators.
pub(crate) fn signature(model: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let graph = proto::model(model).ok()?.graph?;
    let inputs = graph.inputs.iter().map(|info| info.name.clone()).collect();
    Some((inputs, graph.nodes.iter().map(|node| node.op.clone()).collect()))
}

/// The arrays of a folder of `input_N.pb` and `output_N.pb`; `None` if one is no tensor that C has.
pub(crate) fn data(folder: &Path, names: &[String]) -> Option<Data> {
    let load = |kind: &str, number: usize| -> Option<Option<Literal>> {
        let bytes = fs::read(folder.join(format!("{kind}_{number}.pb"))).ok()?;
        Some(proto::tensor(&bytes).ok().and_then(|proto| tensor::literal(&proto).ok()))
    };
    let mut inputs = BTreeMap::new();
    for (number, name) in names.iter().enumerate() {
        match load("input", number) {
            Some(literal) => inputs.insert(name.clone(), literal?),
            None => continue,
        };
    }
    let outputs: Option<Vec<Literal>> = (0..).map_while(|number| load("output", number)).collect();
    Some(Data { inputs, outputs: outputs? })
}

/// Converts a model. Where a diagnostic asks for the value of an input, it is given, as a user would.
pub(crate) fn convert(model: &[u8], data: Option<&Data>) -> Converted {
    let mut options = Options::default();
    loop {
        let made = match catch_unwind(AssertUnwindSafe(|| read(model, &options))) {
            Ok(made) => made,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                return Converted::Panicked(text.unwrap_or_default());
            }
        };
        let diags = match made {
            Ok(program) => return Converted::Program(Box::new(program), options.values.into_keys().collect()),
            Err(diags) => diags,
        };
        let mut asked = false;
        for help in diags.0.iter().filter_map(|diag| diag.help.as_deref()) {
            for name in help.split("--input-value ").skip(1).filter_map(|rest| rest.split('=').next()) {
                if let Some(value) = data.and_then(|data| data.inputs.get(name)) {
                    asked |= options.values.insert(name.to_string(), value.clone()).is_none();
                }
            }
        }
        if !asked {
            let lines =
                diags.0.iter().map(|diag| format!("{}: {}", diag.code, diag.notes.first().unwrap_or(&diag.title)));
            return Converted::Refused(lines.collect::<Vec<String>>().join(" / "));
        }
    }
}

/// Why an output is not the expected one.
pub(crate) fn difference(got: &Literal, expected: &Literal, rtol: f64, atol: f64) -> Option<String> {
    if got.dtype != expected.dtype || got.shape != expected.shape {
        return Some(format!(
            "{} {:?}, expected {} {:?}",
            got.dtype.word(),
            got.shape,
            expected.dtype.word(),
            expected.shape
        ));
    }
    for (position, (got, expected)) in got.scalars().zip(expected.scalars()).enumerate() {
        let (a, b) = (got.float(), expected.float());
        let equal = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan() || a.abs() + b.abs() < f64::MIN_POSITIVE;
        let near = expected_is_float(expected) && (a - b).abs() <= atol + rtol * b.abs();
        if !equal && !near {
            return Some(format!("element {position} is {a}, expected {b}"));
        }
    }
    None
}

fn expected_is_float(value: tinyml::tensor::Scalar) -> bool {
    matches!(value, tinyml::tensor::Scalar::Float(_))
}
