//! ONNX's own node tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use tinyml::tensor::{Program, interpret};

use super::case::{Converted, Data, convert, data, difference, signature};
use super::compile::{Job, compiler, run};
use super::report::{self, Outcome, Verdict};

/// What ONNX's own runner allows (`onnx/backend/test/loader`).
const RTOL: f64 = 1e-3;
const ATOL: f64 = 1e-5;
/// Programs in one executable.
const BATCH: usize = 40;

/// The folder of the node tests in the installed package.
pub(crate) fn folder() -> Option<PathBuf> {
    let asked = Command::new("python3").args(["-c", "import onnx; print(onnx.__file__)"]).output().ok()?;
    let file = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    let folder = file.parent()?.join("backend/test/data/node");
    folder.is_dir().then_some(folder)
}

/// Runs the conversion of one case; what remains to be compiled, if it was converted.
fn prepare(folder: &Path, name: &str) -> (Outcome, Option<(Program, Data)>) {
    let model = fs::read(folder.join(name).join("model.onnx")).expect("a model");
    let (names, ops) = signature(&model).unwrap_or_default();
    let op = if ops.len() == 1 { ops[0].clone() } else { String::new() };
    let outcome = |verdict| Outcome { name: name.to_string(), op: op.clone(), verdict };
    let data = data(&folder.join(name).join("test_data_set_0"), &names);
    match (convert(&model, data.as_ref()), data) {
        (Converted::Panicked(text), _) => (outcome(Verdict::Wrong(format!("panicked: {text}"))), None),
        (Converted::Refused(why), _) => (outcome(Verdict::Refused(why)), None),
        (Converted::Program(..), None) => (outcome(Verdict::Refused("its data are no tensors".into())), None),
        (Converted::Program(program, pinned), Some(data)) => {
            let verdict = match () {
                () if pinned.is_empty() => Verdict::Passed,
                () if program.inputs.is_empty() => Verdict::Folded,
                () => Verdict::Pinned,
            };
            (outcome(verdict), Some((*program, data)))
        }
    }
}

fn check(outcome: &mut Outcome, program: &Program, data: &Data, got: Result<Vec<tinyml::tensor::Literal>, String>) {
    let wrong = match got {
        Err(text) => Some(text),
        Ok(outputs) if outputs.len() != data.outputs.len() => Some("another number of outputs".into()),
        Ok(outputs) => outputs.iter().zip(&data.outputs).find_map(|(got, want)| difference(got, want, RTOL, ATOL)),
    };
    if let Some(text) = wrong {
        outcome.verdict = Verdict::Wrong(text);
        return;
    }
    let inputs = inputs(program, data);
    let wrong = match interpret::run(program, &inputs, 200_000_000) {
        Err(fault) => Some(format!("{fault:?}")),
        Ok(outputs) => outputs.iter().zip(&data.outputs).find_map(|(got, want)| difference(got, want, RTOL, ATOL)),
    };
    if let Some(text) = wrong {
        outcome.verdict = Verdict::Wrong(format!("interpreted: {text}"));
    }
}

fn inputs(program: &Program, data: &Data) -> Vec<tinyml::tensor::Literal> {
    program.inputs.iter().map(|buffer| data.inputs[&program.buffers[*buffer].name].clone()).collect()
}

fn batch(folder: &Path, names: &[String]) -> Vec<Outcome> {
    let mut prepared: Vec<(Outcome, Option<(Program, Data)>)> =
        names.iter().map(|name| prepare(folder, name)).collect();
    let jobs: Vec<Job<'_>> = prepared
        .iter()
        .filter_map(|(_, job)| job.as_ref())
        .map(|(program, data)| Job { program, inputs: inputs(program, data) })
        .collect();
    let mut results = run(&jobs).into_iter();
    for (outcome, job) in &mut prepared {
        if let Some((program, data)) = job {
            check(outcome, program, data, results.next().expect("one each"));
        }
    }
    prepared.into_iter().map(|(outcome, _)| outcome).collect()
}

#[test]
fn node_tests_pass_or_are_refused() {
    let Some(folder) = folder() else {
        eprintln!("skipped: the Python package `onnx` is not there (pip install onnx==1.20.1)");
        return;
    };
    if compiler().is_none() {
        eprintln!("skipped: no C compiler for the host");
        return;
    }
    let wanted = std::env::var("TINYML_ONNX").unwrap_or_default();
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("readable")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| folder.join(name).join("model.onnx").is_file())
        .collect();
    names.sort();
    let all = names.len();
    match wanted.as_str() {
        "all" => {}
        "" => names = names.into_iter().step_by(8).collect(),
        part => names.retain(|name| name.contains(part)),
    }
    let queue = Mutex::new(names.chunks(BATCH).collect::<Vec<&[String]>>());
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(4) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("held").pop();
                    let Some(names) = next else { break };
                    let done = batch(&folder, names);
                    outcomes.lock().expect("held").extend(done);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("whole");
    outcomes.sort_by(|a, b| a.name.cmp(&b.name));
    report::finish(&outcomes, wanted == "all", all);
}
