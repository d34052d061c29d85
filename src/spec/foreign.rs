//! Imported models against what they are to work on: the shape of their input, the number of their outputs.

use crate::base::{Diag, Diags};
use crate::import::{Imported, Network, onnx, tflite};

use super::model::{Format, Input, Model, Spec, Task};

/// Reads a model file. Errors: those of its format.
pub fn read_model(name: &str, format: Format, bytes: &[u8]) -> Result<Imported, Diags> {
    match format {
        Format::Tflite => tflite::import(name, bytes),
        Format::Onnx => onnx::network::import(name, bytes, &onnx::Options::default()),
    }
}

/// Reads every imported model of `spec` and notes which are float. `read` gives a file's bytes by its path relative to
/// the spec's folder. Errors: `tml::model::…` at the `import` field.
pub fn check_imports(spec: &mut Spec, read: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Result<(), Diags> {
    let mut diags = Diags::default();
    for at in 0..spec.models.len() {
        match check(spec, at, read) {
            Ok(float) => {
                if let Some(import) = &mut spec.models[at].import {
                    import.float = float;
                }
            }
            Err(found) => diags.0.extend(found.0),
        }
    }
    diags.into_result(())
}

/// Whether the model computes in floats.
fn check(spec: &Spec, at: usize, read: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Result<bool, Diags> {
    let model = &spec.models[at];
    let Some(import) = &model.import else { return Ok(false) };
    let bytes = read(&import.path).map_err(|reason| {
        let diag = Diag::error("tml::model::file", format!("`{}` can't be read", import.path));
        diag.at(&import.span, "imported here").note(reason).help("paths are relative to this file")
    })?;
    let placed = |mut diags: Diags| {
        diags.0.iter_mut().for_each(|diag| *diag = diag.clone().at(&import.span, "imported here"));
        diags
    };
    let imported = read_model(&import.path, import.format, &bytes).map_err(placed)?;
    fits(spec, model, &imported.network)?;
    Ok(matches!(imported.network, Network::Float(_)))
}

fn fits(spec: &Spec, model: &Model, network: &Network) -> Result<(), Diag> {
    let Some(import) = &model.import else { return Ok(()) };
    let (takes, gives) = (network.input(), network.output());
    // Rows of a table have no other shape: `[490]` is taken as `[49, 10]`, and dimensions of one say nothing.
    let flat = |dims: &[usize]| dims.iter().copied().filter(|dim| *dim != 1).collect::<Vec<usize>>();
    let count = |dims: &[usize]| dims.iter().product::<usize>();
    let given = &model.shape;
    let same = flat(takes) == flat(&given.dims) || given.dims.len() == 1 && given.len() == count(takes);
    if !same {
        let (whence, span) = match model.input {
            Input::Features(index) => ("the features", &spec.features[index].span),
            Input::Dataset(index) => ("the data set", &spec.datasets[index].span),
            Input::Given => ("the caller", &model.span),
        };
        let title = format!("`{}` takes f32{takes:?}, but {whence} give {given}", import.path);
        return Err(Diag::error("tml::model::shape", title)
            .at(&import.span, format!("takes f32{takes:?}"))
            .at(span, format!("gives {given}"))
            .help("compute the features that the model was trained on, in its order"));
    }
    let data = &spec.datasets[model.dataset];
    let wanted = model.task.outputs(data, given);
    if count(gives) == wanted {
        return Ok(());
    }
    let numbers = format!("gives {} numbers", count(gives));
    let diag = |fact: String| Diag::error("tml::model::shape", fact).at(&import.span, numbers);
    Err(match model.task {
        Task::Classify => {
            diag(format!("`{}` gives f32{gives:?}, but `{}.classes` has {wanted}", import.path, data.name))
                .at(&data.classes_span, format!("{wanted} classes"))
                .help("list one class for each output, in the order of the model's outputs")
        }
        Task::Regress => {
            diag(format!("`{}` gives f32{gives:?}, but `{}` has {wanted} targets", import.path, data.name))
                .at(&data.span, format!("{wanted} targets"))
                .help("list one target for each output, in the order of the model's outputs")
        }
        Task::Detect { .. } => diag(format!("`{}` gives f32{gives:?}, but it takes {given}", import.path))
            .at(&model.span, "detects anomalies")
            .help("a detection gives its input again: import an autoencoder"),
    })
}
