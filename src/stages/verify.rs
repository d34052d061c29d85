//! Verify: the linked image on the simulated board. Its outputs must equal the int8 reference byte for byte; its
//! cycles, stack and time per layer are measured on the way.

use serde::{Deserialize, Serialize};

use super::arrays::{TEST, bytes, integers, of_part, row, row_bytes, rows, signed};
use super::decide::{Answers, Decider, Decision, Rule};
use super::exercise::{self, Bench, Part};
use super::firmware::Firmware;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};

/// Samples that are run on the simulated board without `--full`.
const SAMPLES: usize = 32;

/// What the image did.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Verified {
    /// Test rows that were run on the simulated board.
    pub samples: usize,
    /// Test rows that there are.
    pub of: usize,
    /// Cycles of the slowest inference: features, quantisation, model.
    pub cycles: u64,
    /// Mean cycles of an inference.
    pub mean_cycles: f64,
    /// Instructions of the slowest inference.
    pub instructions: u64,
    /// Instructions of the first row's inference, for comparing simulators.
    pub first_instructions: u64,
    /// Cycles from reset to the first wait for an input.
    pub boot_cycles: u64,
    /// Stack that was used at most, bytes.
    pub stack: u32,
    /// Bytes of the arena that an inference stores to, up to the last one; none of them is read before.
    pub arena: u32,
    /// The cycles of the slowest inference by what they were spent on, in the order of the run.
    pub parts: Vec<Part>,
    /// What the application printed for the first rows.
    pub printed: Vec<String>,
}

/// The step `verify:DEPLOY@BOARD`. Inputs: `firmware.elf`, `model.c`, `x.npy` (raw rows), `part.npy`, `expected.npy`;
/// where something is decided also `features.npy` (what the model takes), `decide.json` and `recording.npy` (of the test
/// rows). Makes `verify.json`, and `profile.json`: the call tree of all inferences.
pub struct Verify {
    /// What is run.
    pub firmware: Firmware,
    /// Every test row instead of a sample.
    pub full: bool,
}

impl Stage for Verify {
    fn title(&self) -> String {
        format!("verify {}", self.firmware.title())
    }

    fn facts(&self, out: &mut dyn Facts) {
        exercise::facts(&self.firmware.board, &self.firmware.core, out);
        out.text("samples", &if self.full { "all".to_string() } else { SAMPLES.to_string() });
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let (x, width) = row_bytes(job, "x.npy")?;
        let (expected, classes) = signed(job, "expected.npy")?;
        let test = of_part(&bytes(job, "part.npy")?, TEST);
        let reference = Reference::read(job, &test)?;
        let stretches = reference.stretches(if self.full { test.len() } else { SAMPLES });
        let total = stretches.iter().map(std::ops::Range::len).sum::<usize>() as u64;
        let stages = self.firmware.stages(&layers(job.input("model.c"), &self.firmware.model().name));
        let mut bench = Bench::boot(job.input("firmware.elf"), &self.firmware.board, &self.firmware.core, &stages)?;
        let mut tally = Tally::default();
        for stretch in stretches {
            let mut decider = None;
            for index in stretch.clone() {
                if job.cancelled() {
                    return Ok(Outputs::new());
                }
                job.progress("rows", tally.samples as u64, total);
                if index == stretch.start || reference.begins(index) {
                    bench.restart();
                    decider = reference.decider();
                }
                let sample = row(&x, width, test[index]);
                let inference = if tally.samples == 0 {
                    let watched = bench.infer_watched(sample, &format!("{}_arena", self.firmware.model().name))?;
                    tally.arena = watched.1;
                    watched.0
                } else {
                    bench.infer(sample)?
                };
                let wanted = &expected[index * classes..(index + 1) * classes];
                if inference.output != wanted {
                    return Err(differs(&self.firmware, index, wanted, &inference.output).into());
                }
                if let Some(decider) = &mut decider {
                    let decision = decider.push(Answers::Int8(wanted), reference.input(index));
                    if let Some(diag) = decides_otherwise(&self.firmware, index, &decision, inference.decided.as_ref())
                    {
                        return Err(diag.into());
                    }
                }
                tally.add(inference);
            }
        }
        let profile = super::json(&bench.profile());
        let verified = tally.finish(&bench, test.len());
        Ok(Outputs::from([("profile.json".to_string(), profile), ("verify.json".to_string(), super::json(&verified))]))
    }
}

/// The layer functions that `model.c` defines, in the order of their calls.
fn layers(model: &[u8], name: &str) -> Vec<String> {
    let prefix = format!("{name}_layer_");
    let call = |line: &str| {
        let line = line.strip_prefix("    ")?;
        let (function, _) = line.split_once('(')?;
        function.starts_with(&prefix).then(|| function.to_string())
    };
    let text = String::from_utf8_lossy(model);
    let run = text.split_once(&format!("void {name}_run(")).map_or("", |(_, rest)| rest);
    run.lines().take_while(|line| *line != "}").filter_map(call).collect()
}

/// What decisions are compared with.
struct Reference {
    rule: Option<Rule>,
    rows: usize,
    features: Vec<f32>,
    width: usize,
    recording: Vec<i32>,
}

impl Reference {
    fn read(job: &Job, test: &[usize]) -> Result<Self, Diag> {
        if job.inputs().all(|name| name != "decide.json") {
            let none = Self { rule: None, rows: test.len(), features: Vec::new(), width: 0, recording: Vec::new() };
            return Ok(none);
        }
        let rule = serde_json::from_slice(job.input("decide.json"))
            .map_err(|error| Diag::error("tml::bug", format!("bug: decide.json: {error}")))?;
        let (x, width) = rows(job, "features.npy")?;
        let features = test.iter().flat_map(|index| row(&x, width, *index)).copied().collect();
        Ok(Self { rule: Some(rule), rows: test.len(), features, width, recording: integers(job, "recording.npy")? })
    }

    /// Whether test row `index` is the first of its recording.
    fn begins(&self, index: usize) -> bool {
        self.rule.is_some() && (index == 0 || self.recording[index] != self.recording[index - 1])
    }

    fn decider(&self) -> Option<Decider<'_>> {
        self.rule.as_ref().map(Decider::new)
    }

    fn input(&self, index: usize) -> &[f32] {
        row(&self.features, self.width, index)
    }

    /// About `count` test rows, spread evenly: single ones, or stretches of four times what a decision looks back.
    fn stretches(&self, count: usize) -> Vec<std::ops::Range<usize>> {
        let (total, count) = (self.rows, count.min(self.rows));
        let memory = self.rule.as_ref().map_or(1, Rule::memory);
        let length = if count == total || memory > 1 { (4 * memory).min(count) } else { 1 };
        if count == total {
            // All rows, in order, each recording from its beginning.
            return (total > 0).then_some(0..total).into_iter().collect();
        }
        let stretches = count.div_ceil(length.max(1)).max(1);
        (0..stretches).map(|at| at * (total - length) / stretches).map(|start| start..start + length).collect()
    }
}

#[derive(Default)]
struct Tally {
    samples: usize,
    worst: (u64, u64, Vec<Part>),
    first: u64,
    total: u64,
    arena: u32,
    printed: Vec<String>,
}

impl Tally {
    fn add(&mut self, inference: exercise::Inference) {
        if self.samples == 0 {
            self.first = inference.instructions;
        }
        self.samples += 1;
        self.total += inference.cycles;
        if inference.cycles > self.worst.0 {
            self.worst = (inference.cycles, inference.instructions, inference.parts);
        }
        if self.printed.len() < 3 && !inference.printed.is_empty() {
            self.printed.push(inference.printed);
        }
    }

    fn finish(self, bench: &Bench, of: usize) -> Verified {
        let each = self.samples.max(1) as f64;
        Verified {
            samples: self.samples,
            of,
            cycles: self.worst.0,
            mean_cycles: self.total as f64 / each,
            instructions: self.worst.1,
            first_instructions: self.first,
            boot_cycles: bench.boot_cycles(),
            stack: bench.stack_peak(),
            arena: self.arena,
            parts: self.worst.2,
            printed: self.printed,
        }
    }
}

/// What is wrong with what the application was told, if anything is.
fn decides_otherwise(
    firmware: &Firmware,
    index: usize,
    wanted: &Decision,
    found: Option<&(u8, Vec<u8>)>,
) -> Option<Diag> {
    let bits: Vec<u8> = wanted.scores.iter().flat_map(|score| score.to_le_bytes()).collect();
    let (label, scores) = found?;
    if *label == wanted.label && *scores == bits {
        return None;
    }
    let found: Vec<f32> =
        scores.chunks_exact(4).map(|part| f32::from_le_bytes([part[0], part[1], part[2], part[3]])).collect();
    let title = format!(
        "test row {index} is decided as {label} with {found:?} on {}, but the reference says {} with {:?}",
        firmware.board.name, wanted.label, wanted.scores
    );
    let diag = Diag::error("tml::mismatch", title).at(&firmware.deploy().span, "this deployment");
    Some(
        diag.note("decisions must be equal bit for bit: this is a bug of ours or of the compiler")
            .help("please report it"),
    )
}

fn differs(firmware: &Firmware, index: usize, reference: &[i8], output: &[i8]) -> Diag {
    let title =
        format!("test row {index} gives {output:?} on {}, but the int8 reference {reference:?}", firmware.board.name);
    Diag::error("tml::mismatch", title)
        .at(&firmware.deploy().span, "this deployment")
        .note("the emitted C must equal the reference bit for bit: this is a bug of ours or of the compiler, or a function of yours gives other results on this core")
        .help("try `--toolchain gcc`; and please report it with the spec")
}
