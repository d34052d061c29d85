//! What a build would do, without doing it.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Diag, Diags};
use crate::world::World;

use super::execute::{self, Stop};
use super::graph::{Graph, Input, StepId};
use super::key::{InputDigests, Key};
use super::progress::Silent;
use super::run::{self, Options};
use super::session::Session;

/// What would happen to a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forecast {
    /// It is in the store.
    Cached,
    /// It would run.
    Run,
    /// Its inputs, and so its key, are known only after these steps have run.
    Waits(Vec<String>),
    /// It can't run: what it reads from disk can't be read.
    Blocked(Diags),
}

/// What would happen to one step.
#[derive(Clone, Debug)]
pub struct StepPlan {
    /// What people call it: `train:net`.
    pub id: String,
    /// What people see while it runs.
    pub title: String,
    /// What would happen.
    pub forecast: Forecast,
    /// What it would be looked up under, where that is known.
    pub key: Option<Key>,
    /// Contents of those inputs that are known.
    pub(super) inputs: InputDigests,
}

/// What a build with `options` would do to each wanted step. Reads files and the store; runs nothing.
pub fn plan(graph: &Graph, options: &Options, world: &World) -> Result<Vec<StepPlan>, Diags> {
    let wanted = run::wanted(graph, options)?;
    let session = Session::new(graph, options, world, &Silent);
    Ok(forecast(&session, &wanted))
}

/// The plan of `wanted`; steps in the store are remembered in `session`.
pub(super) fn forecast(session: &Session, wanted: &BTreeSet<StepId>) -> Vec<StepPlan> {
    let mut known = BTreeSet::new();
    let mut plans = Vec::new();
    for step in wanted {
        let plan = one(session, *step, &known);
        if plan.forecast == Forecast::Cached {
            known.insert(*step);
        }
        plans.push(plan);
    }
    session.stats.save(session.world.files());
    plans
}

fn one(session: &Session, step: StepId, known: &BTreeSet<StepId>) -> StepPlan {
    let node = session.node(step);
    let mut plan = StepPlan {
        id: node.id.clone(),
        title: node.stage.title(),
        forecast: Forecast::Run,
        key: None,
        inputs: BTreeMap::new(),
    };
    let waits = node.upstream().into_iter().filter(|above| !known.contains(above));
    let waits: Vec<String> = waits.map(|above| session.node(above).id.clone()).collect();
    if !waits.is_empty() {
        plan.forecast = Forecast::Waits(waits);
        plan.inputs = known_inputs(session, step);
        return plan;
    }
    match execute::check(session, step) {
        Ok((evaluated, end)) => {
            plan.key = Some(evaluated.key);
            plan.inputs = evaluated.inputs;
            if let Some(end) = end {
                plan.forecast = Forecast::Cached;
                session.remember(step, end);
            }
        }
        Err(Stop::Failed(diags)) => plan.forecast = Forecast::Blocked(diags),
        Err(Stop::Interrupted) => {
            plan.forecast = Forecast::Blocked(Diag::error("tml::interrupted", "the build was stopped").into());
        }
    }
    plan
}

/// Of a step that waits: what the steps that are in the store give it.
fn known_inputs(session: &Session, step: StepId) -> InputDigests {
    let known = session.node(step).inputs.iter().filter_map(|input| match input {
        Input::Step { name, step, output } => {
            session.artifact(*step, output).ok().map(|artifact| (name.clone(), artifact.digest))
        }
        Input::File { .. } | Input::Tree { .. } => None,
    });
    known.collect()
}
