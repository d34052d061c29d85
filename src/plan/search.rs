//! The steps of a search: costs of every candidate on every board, limits, rounds of trials, the choice.

use std::sync::Arc;

use super::{Planner, Rows, code_path, gate_id};
use crate::base::Diags;
use crate::engine::{Input, StepId};
use crate::spec::model::{self, BoardUse, Decide, Deploy, Search};
use crate::stages::firmware::Firmware;
use crate::stages::search::{Base, Choose, Cost, Fit, Goal, Ladder, Limit, Trial};

/// What the outputs of a place are called by those who read them.
const FILES: [(&str, &str); 5] = [
    ("outcome", "outcome.json"),
    ("net", "net.json"),
    ("weights", "weights.npy"),
    ("history", "history.csv"),
    ("summary", "summary.json"),
];

impl Planner<'_> {
    /// The search of `model`; its last step gives what training would.
    pub(super) fn search(
        &mut self,
        model: &model::Model,
        search: &Search,
        rows: Rows,
        chain: Option<StepId>,
    ) -> Result<StepId, Diags> {
        let places = self.places(model)?;
        let ladder = Ladder::new(search.candidates.len(), places.len(), search.budget.to_f64());
        let limits: Vec<Limit> = places.iter().map(limit).collect();
        let goal = Goal::new(limits.iter().flat_map(|limit| &limit.requirements), search.minimize);
        let fits = self.fits(model, search, (&places, &limits), (ladder.trials(), chain));
        let name = &model.name;
        let mut before: Vec<StepId> = Vec::new();
        let mut all = Vec::new();
        for (round, count) in ladder.places.iter().enumerate() {
            let mut now = Vec::new();
            for place in 0..*count {
                let mut inputs = Self::data(rows);
                if round == 0 {
                    inputs.push(Input::step("fits.json", fits[place], "fits.json"));
                } else {
                    inputs.extend(worst(&fits));
                }
                for (at, step) in before.iter().enumerate() {
                    inputs.extend(FILES.map(|(short, file)| Input::step(format!("{at}.{short}"), *step, file)));
                }
                let (ladder, goal) = (ladder.clone(), goal.clone());
                let stage = Trial { model: model.clone(), ladder, goal, round, place };
                let id = format!("trial:{name}/{round}.{place}");
                let step = self.add(&id, "trial", Box::new(stage), inputs, &model.span);
                now.push(step);
                all.push((format!("{round}.{place}"), step));
            }
            before = now;
        }
        let mut inputs = worst(&fits);
        for (place, step) in all {
            inputs.extend(FILES.map(|(short, file)| Input::step(format!("{place}.{short}"), step, file)));
        }
        let boards = limits.into_iter().map(|limit| limit.board).collect();
        let stage = Choose { model: model.clone(), ladder, goal, boards };
        Ok(self.add(&format!("search:{name}"), "search", Box::new(stage), inputs, &model.span))
    }

    /// For each candidate, the step that compares its costs with the limits.
    fn fits(
        &mut self,
        model: &model::Model,
        search: &Search,
        (places, limits): (&[Firmware], &[Limit]),
        (trials, chain): (usize, Option<StepId>),
    ) -> Vec<StepId> {
        let bases: Vec<(StepId, Vec<String>)> = places.iter().map(|place| self.base(place, chain)).collect();
        let mut fits = Vec::new();
        // Candidates that differ in their training alone cost the same.
        let mut measured: Vec<(usize, Vec<StepId>)> = Vec::new();
        for (at, candidate) in search.candidates.iter().take(trials).enumerate() {
            let known = measured.iter().find(|(known, _)| search.candidates[*known].layers == candidate.layers);
            let costs = if let Some((_, costs)) = known {
                costs.clone()
            } else {
                let cost = |(place, (base, objects)): (&Firmware, &(StepId, Vec<String>))| {
                    let inputs = objects.iter().map(|object| Input::step(object.clone(), *base, object.clone()));
                    let stage = Cost { firmware: place.clone(), layers: candidate.layers.clone(), candidate: at };
                    let id = format!("cost:{}#{at}@{}", model.name, title(place));
                    self.add(&id, "cost", Box::new(stage), inputs.collect(), &model.span)
                };
                let costs: Vec<StepId> = places.iter().zip(&bases).map(cost).collect();
                measured.push((at, costs.clone()));
                costs
            };
            let inputs = limits
                .iter()
                .zip(&costs)
                .map(|(limit, cost)| Input::step(format!("{}.json", limit.place), *cost, "cost.json"));
            let stage = Fit { title: format!("{}#{at}", model.name), limits: limits.to_vec() };
            let id = format!("fit:{}#{at}", model.name);
            fits.push(self.add(&id, "fit", Box::new(stage), inputs.collect(), &model.span));
        }
        fits
    }

    /// Where the model is deployed; the reference board for one that no board runs.
    fn places(&self, model: &model::Model) -> Result<Vec<Firmware>, Diags> {
        let mut spec = Arc::clone(&self.spec);
        let own = |deploy: &Deploy| self.spec.models[deploy.model].name == model.name;
        if !spec.deploys.iter().any(own) {
            let mut lone = (*spec).clone();
            let (board, _) = super::reference(self.context)?;
            lone.deploys.push(Deploy {
                name: model.name.clone(),
                docs: Vec::new(),
                model: lone.models.iter().position(|known| known.name == model.name).unwrap_or(0),
                boards: vec![BoardUse { board, span: model.span.clone() }],
                app: None,
                decide: Decide::default(),
                requirements: Vec::new(),
                span: model.span.clone(),
            });
            spec = Arc::new(lone);
        }
        let mut places = Vec::new();
        for (deploy, block) in spec.deploys.iter().enumerate() {
            if spec.models[block.model].name != model.name {
                continue;
            }
            for used in &block.boards {
                let core = self.context.toolkit.library.core(&used.board.core)?;
                let (spec, board, toolkit) = (Arc::clone(&spec), used.board.clone(), self.context.toolkit.clone());
                places.push(Firmware { spec, deploy, board, core, toolkit });
            }
        }
        Ok(places)
    }

    /// The objects that all candidates share on a board.
    fn base(&mut self, place: &Firmware, chain: Option<StepId>) -> (StepId, Vec<String>) {
        let mut inputs: Vec<Input> = Vec::new();
        let mut objects: Vec<String> = ["startup.o", "hal.o"].map(String::from).into();
        if let Some(chain) = chain {
            inputs.extend(["features.c", "features.h"].map(|output| Input::step(output, chain, output)));
            objects.push("features.o".into());
        }
        for function in place.functions() {
            let name = &function.name;
            inputs.push(Input::file(format!("{name}.c"), self.context.root.join(code_path(function))));
            let gate = self.graph.find(&gate_id(function)).unwrap_or_else(|| panic!("bug: {name} has no gate"));
            inputs.push(Input::step(format!("{name}.gate"), gate, "evidence.json"));
            objects.push(format!("{name}.o"));
        }
        if place.toolkit.kind == crate::world::ToolchainKind::Gcc {
            objects.push("mem.o".into());
        }
        let span = place.deploy().span.clone();
        let step = self.add(&format!("base:{}", title(place)), "base", Box::new(Base(place.clone())), inputs, &span);
        (step, objects)
    }
}

fn title(place: &Firmware) -> String {
    format!("{}@{}", place.deploy().name, place.board.name)
}

fn limit(place: &Firmware) -> Limit {
    let requirements = place.deploy().requirements.clone();
    Limit { place: title(place), board: place.board.name.clone(), requirements }
}

fn worst(fits: &[StepId]) -> Vec<Input> {
    fits.iter().enumerate().map(|(at, step)| Input::step(format!("{at}.worst"), *step, "worst.json")).collect()
}
