//! The models of `../shared/data/models_onnx*`: their own samples where they have some, else inputs of ours with the
//! `PyPI` package `onnxruntime` as the oracle (ONNX's own reference evaluator reads `auto_pad = VALID` as `SAME`, and a
//! batch normalisation of opset 9 as one in training).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tinyml::tensor::{Literal, Program, interpret};
use walkdir::WalkDir;

use super::case::{Converted, Data, convert, data, difference, signature};
use super::compile::{Job, compiler, run};

/// What sample outputs may differ by, relative and absolute.
const NEAR: f64 = 1e-4;

/// Prints inputs and outputs as `.pb` files: seeded inputs, open dimensions taken as 1.
const ORACLE: &str = r"
import sys, numpy, onnx
from onnx import numpy_helper
import onnxruntime
model = onnx.load(sys.argv[1])
known = {t.name for t in model.graph.initializer}
random = numpy.random.default_rng(7)
feed = {}
for info in model.graph.input:
    if info.name not in known:
        kind = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
        shape = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
        feed[info.name] = random.normal(size=shape).astype(kind)
outputs = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider']).run(None, feed)
for kind, arrays in (('input', list(feed.values())), ('output', outputs)):
    for number, array in enumerate(arrays):
        with open(f'{sys.argv[2]}/{kind}_{number}.pb', 'wb') as file:
            file.write(numpy_helper.from_array(numpy.asarray(array)).SerializeToString())
";

pub(crate) fn models() -> Vec<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let mut found: Vec<PathBuf> = ["models_onnx", "models_onnx_made_here"]
        .iter()
        .flat_map(|folder| WalkDir::new(shared.join(folder)).into_iter().flatten())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .collect();
    found.sort();
    found
}

/// Rows of `MODEL.sample_x.f32.bin` and `MODEL.sample_y.f32.bin`.
fn samples(model: &Path, program: &Program) -> Vec<Data> {
    let load = |kind: &str| fs::read(model.with_extension(format!("sample_{kind}.f32.bin"))).ok();
    let (Some(x), Some(y)) = (load("x"), load("y")) else { return Vec::new() };
    let (input, output) = (&program.buffers[program.inputs[0]], &program.buffers[program.outputs[0]]);
    let literal = |info: &tinyml::tensor::Buffer, bytes: &[u8]| Literal {
        dtype: info.dtype,
        shape: info.shape.clone(),
        bytes: bytes.to_vec(),
    };
    let rows = x.chunks_exact(input.len() * 4).zip(y.chunks_exact(output.len() * 4));
    rows.map(|(x, y)| Data {
        inputs: BTreeMap::from([(input.name.clone(), literal(input, x))]),
        outputs: vec![literal(output, y)],
    })
    .collect()
}

fn oracle(model: &Path, folder: &Path, names: &[String]) -> Vec<Data> {
    let ran = Command::new("python3").args(["-c", ORACLE]).arg(model).arg(folder).output();
    match ran {
        Ok(ran) if ran.status.success() => data(folder, names).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[test]
fn shared_models_equal_their_references() {
    let models = models();
    if models.is_empty() || compiler().is_none() {
        eprintln!("skipped: no models in ../shared/data, or no C compiler for the host");
        return;
    }
    let (mut wrong, mut compared, mut refused) = (Vec::new(), 0, Vec::new());
    for path in &models {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let model = fs::read(path).expect("readable");
        let program = match convert(&model, None) {
            Converted::Program(program, _) => program,
            Converted::Refused(why) => {
                refused.push(format!("{name}: {why}"));
                continue;
            }
            Converted::Panicked(text) => {
                wrong.push(format!("{name} panicked: {text}"));
                continue;
            }
        };
        let names: Vec<String> = program.inputs.iter().map(|buffer| program.buffers[*buffer].name.clone()).collect();
        let folder = TempDir::new().expect("a folder");
        let mut sets = samples(path, &program);
        for number in 0..3 {
            let stored = path.parent().expect("a folder").join(format!("test_data_set_{number}"));
            if name == "model.onnx" && stored.is_dir() {
                sets.extend(data(&stored, &signature(&model).expect("a model").0));
            }
        }
        if sets.is_empty() {
            sets = oracle(path, folder.path(), &names);
        }
        if sets.is_empty() {
            eprintln!(
                "{name}: converted, not compared: it has no samples, and the Python package `onnxruntime` is not there"
            );
        }
        let inputs = |set: &Data| names.iter().map(|name| set.inputs[name].clone()).collect::<Vec<Literal>>();
        let jobs: Vec<Job<'_>> = sets.iter().map(|set| Job { program: &program, inputs: inputs(set) }).collect();
        for (number, (set, got)) in sets.iter().zip(run(&jobs)).enumerate() {
            let interpreted = (number == 0).then(|| interpret::run(&program, &inputs(set), u64::MAX));
            let interpreted = interpreted.map(|ran| ("interpreted", ran.map_err(|fault| format!("{fault:?}"))));
            for (kind, got) in std::iter::once(("C", got)).chain(interpreted) {
                compared += 1;
                let differs = match got {
                    Err(text) => Some(text),
                    Ok(got) => got.iter().zip(&set.outputs).find_map(|(got, want)| difference(got, want, NEAR, NEAR)),
                };
                wrong.extend(differs.map(|text| format!("{name}, {kind}: {text}")));
            }
        }
    }
    eprintln!("{} models, {compared} comparisons; refused: {refused:#?}", models.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 0, "nothing was compared");
}
