//! What the steps measured, gathered for the report. Nothing is computed here but sums and ratios of what they
//! wrote.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answers;
use super::run::Prepared;
use crate::base::npy::Array;
use crate::base::{Diag, Diags};
use crate::engine::{Finish, Outcome};
use crate::library::Accuracy;
use crate::library::board::Board;
use crate::library::core::Core;
use crate::report::Measurements;
use crate::report::measure::{Flash, Latency, Layer, Measured, Ram, Step, Verified};
use crate::spec::model::Deploy;
use crate::stages::exercise::Part;
use crate::stages::{link, verify};

/// The part of `sizes.json` that the report repeats.
#[derive(Deserialize)]
pub(super) struct Sizes {
    flash: FlashSizes,
    ram: RamSizes,
    symbols: Vec<Symbol>,
}

#[derive(Deserialize)]
struct FlashSizes {
    total: u64,
    weights: u64,
    code: u64,
}

#[derive(Deserialize)]
struct RamSizes {
    total: u64,
    stack: u64,
}

#[derive(Deserialize)]
struct Symbol {
    name: String,
    size: u64,
}

/// Everything that the steps of `outcome` measured.
pub(super) fn measure(prepared: &Prepared, outcome: &Outcome<'_>) -> Result<Measurements, Diags> {
    let spec = &prepared.spec;
    let mut measurements = Measurements::default();
    for deploy in &spec.deploys {
        for used in &deploy.boards {
            measurements.boards.push(measured(prepared, outcome, deploy, &used.board)?);
        }
    }
    for model in spec.models.iter().filter(|model| model.search.is_some()) {
        measurements.searches.push(json(outcome, &format!("search:{}", model.name), "search.json")?);
    }
    measurements.steps = outcome.steps.iter().map(step).collect();
    let identity = prepared.context.toolkit.identity();
    measurements.toolchain = BTreeMap::from([
        ("name".to_string(), identity.name.to_string()),
        ("version".to_string(), identity.version.clone()),
        ("digest".to_string(), identity.digest.clone()),
    ]);
    measurements.overlays = prepared.context.toolkit.library.overlays().map(String::from).collect();
    Ok(measurements)
}

fn step(step: &crate::engine::StepOutcome) -> Step {
    let state = if step.finish == Finish::Ran { "run" } else { "cached" };
    Step { title: step.title.clone(), state: state.into(), seconds: step.seconds }
}

fn measured(prepared: &Prepared, outcome: &Outcome<'_>, deploy: &Deploy, board: &Board) -> Result<Measured, Diags> {
    let model = &prepared.spec.models[deploy.model];
    let place = format!("{}@{}", deploy.name, board.name);
    let verified: verify::Verified = json(outcome, &format!("verify:{place}"), "verify.json")?;
    let sizes: Sizes = json(outcome, &format!("link:{place}"), "sizes.json")?;
    let stack: link::Stack = json(outcome, &format!("size:{place}"), "stack.json")?;
    let rows = array(outcome, &format!("host:{place}"), "outputs.npy")?.dims.first().copied().unwrap_or_default();
    Ok(Measured {
        deploy: deploy.name.clone(),
        board: board.name.clone(),
        verified: Some(Verified { host_rows: rows as u64, simulated_rows: verified.samples as u64 }),
        latency: Some(latency(&prepared.context.toolkit.library.core(&board.core)?, board, &verified)),
        flash: Some(sizes.flash()),
        ram: Some(sizes.ram(&model.name, &stack)),
        artifacts: BTreeMap::new(),
        ..answers::measured(&prepared.spec, outcome, deploy, &place)?
    })
}

impl Sizes {
    pub(super) fn flash(&self) -> Flash {
        Flash { total: self.flash.total, weights: self.flash.weights, code: self.flash.code }
    }

    /// Work memory of an image with this model.
    pub(super) fn ram(&self, model: &str, stack: &link::Stack) -> Ram {
        let arena = format!("{model}_arena");
        let arena = self.symbols.iter().filter(|symbol| symbol.name == arena).map(|symbol| symbol.size).sum();
        let stack = self.ram.stack.max(u64::from(stack.reserve));
        Ram { total: self.ram.total, arena, stack, data: self.ram.total - stack - arena }
    }
}

pub(super) fn latency(core: &Core, board: &Board, verified: &verify::Verified) -> Latency {
    let part = |part: &Part| Layer {
        name: part.name.clone(),
        cycles: part.cycles,
        instructions: part.instructions,
        stalls: part.stalls,
    };
    let accuracy = &board.timing.accuracy;
    let worth = match accuracy {
        Accuracy::Validated { .. } => accuracy.to_string(),
        Accuracy::Uncalibrated { .. } => format!("{accuracy}; the core: {}", core.validation),
    };
    Latency {
        seconds: verified.cycles as f64 / board.clock.to_f64(),
        cycles: verified.cycles,
        instructions: verified.instructions,
        boot_cycles: Some(verified.boot_cycles),
        layers: verified.parts.iter().map(part).collect(),
        model: format!("{}: {worth}", core.title),
        accuracy: Some(accuracy.clone()),
    }
}

pub(super) fn array(outcome: &Outcome<'_>, step: &str, output: &str) -> Result<Array, Diags> {
    Ok(Array::from_bytes(&outcome.bytes(step, output)?).ok_or_else(|| odd(output))?)
}

pub(super) fn json<T: DeserializeOwned>(outcome: &Outcome<'_>, step: &str, output: &str) -> Result<T, Diags> {
    let bytes = outcome.bytes(step, output)?;
    Ok(serde_json::from_slice(&bytes).map_err(|_| odd(output))?)
}

pub(super) fn odd(output: &str) -> Diag {
    Diag::error("tml::bug", format!("bug: the artifact `{output}` has another form than its maker promised"))
}
