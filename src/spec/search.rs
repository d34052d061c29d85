//! `search { … }` and the candidates of a model whose lines hold choices: each is resolved as a model of its own.

use std::collections::BTreeSet;

use crate::base::rng::Rng;
use crate::base::{Diag, Dimension, Kind, Param, Params, Severity};
use crate::lang::ast::{Block, Member};

use super::choice::{self, Way};
use super::fields::{self, Fields};
use super::model::{Candidate, Minimize, Model, Search};
use super::scope::Context;
use super::{auto, network};

/// Spaces up to this size are drawn from without looking twice at a candidate.
const SMALL: u64 = 4096;

/// In larger ones, so many draws a trial, at most.
const DRAWS: usize = 50;

/// What says that a way makes no network, which a search leaves out; anything else is a mistake in the spec.
const MISFITS: [&str; 2] = ["tml::shape", "tml::layer"];

/// Fields of `search`.
pub(super) fn schema() -> Params {
    let words = ["flash", "ram", "latency"].map(String::from).to_vec();
    vec![
        Param::optional("trials", Kind::Int(1, 1000), "24", "candidates that are tried, at most"),
        Param::optional(
            "minimize",
            Kind::Word(words),
            "",
            "what is to be small among the candidates that meet the required accuracy; without it the best one wins",
        ),
        Param::optional(
            "budget",
            Kind::Of(Dimension::Time),
            "3 min",
            "bound on the time of all trials, as estimated for a fixed machine: it limits trials and epochs alike everywhere",
        ),
        Param::optional(
            "seed",
            Kind::Int(0, u64::MAX as i128),
            "1",
            "seed of the draw among more candidates than trials",
        ),
    ]
}

/// Resolves `model`: as it is, or every candidate of it.
pub(super) fn resolve(block: &Block, cx: &mut Context) -> Option<Model> {
    let inner = block.members.iter().find_map(|member| match member {
        Member::Block(inner) if inner.kind.text == "search" => Some(inner),
        _ => None,
    });
    let auto = auto::call(block);
    let (members, found) = match auto {
        Some(call) => (auto::expand(block, call, cx)?, Some(call.span.clone())),
        None => (block.members.clone(), choice::first(&block.members)),
    };
    let wrong = choice::check(&members);
    if !wrong.is_empty() {
        wrong.into_iter().for_each(|diag| cx.report(diag));
        return None;
    }
    match (inner, found) {
        (None, None) => network::resolve(block, cx),
        (Some(inner), None) => {
            let diag = Diag::error("tml::search", format!("`{}` has no choice to search", fields::title(block)));
            let help = "write `one_of(8, 16)` or `8..32` for a layer's argument, or leave `search` out";
            cx.report(diag.at(&inner.header, "nothing to choose").help(help));
            network::resolve(block, cx)
        }
        (None, Some(place)) if auto.is_none() => {
            let diag = Diag::error("tml::search", format!("`{}` has a choice, but no `search`", fields::title(block)));
            let help = format!("add `search {{ trials = {} }}`, or write one value", choice::count(&members).min(24));
            cx.report(diag.at(&place, "which of them?").help(help));
            None
        }
        (inner, Some(_)) => {
            let lines = inner.map_or(&[][..], |inner| &inner.members);
            let fields = fields::lines(&schema(), inner.unwrap_or(block), lines, cx);
            candidates(block, &members, (&fields, auto.is_some()), cx)
        }
    }
}

fn candidates(block: &Block, members: &[Member], (fields, auto): (&Fields, bool), cx: &mut Context) -> Option<Model> {
    let (trials, seed) = (fields.int("trials"), fields.int("seed"));
    let (budget, minimize) = (fields.quantity("budget"), fields.text("minimize"));
    let budget_span = fields.span("budget");
    let (trials, seed, budget) = (trials? as usize, seed? as u64, budget?);
    if budget.base < 1_000_000_000 {
        let diag = Diag::error("tml::bounds", format!("`budget` must be at least 1 s, but is {budget}"));
        cx.report(diag.at(&budget_span, "too short for a trial").help("write `budget = 1 min`"));
        return None;
    }
    let mut drawn = Drawn::default();
    for way in draw(members, trials, seed) {
        drawn.take(&way, block, cx);
        if drawn.candidates.len() == trials || !drawn.errors.is_empty() {
            break;
        }
    }
    let Some(model) = drawn.first.filter(|_| drawn.errors.is_empty()) else {
        // A way without a network is worth telling in full when there is no other.
        let errors = if drawn.errors.is_empty() { drawn.misfit } else { drawn.errors };
        errors.into_iter().for_each(|diag| cx.report(diag));
        return None;
    };
    let search = Search {
        minimize: minimize.map(|word| match word.as_str() {
            "flash" => Minimize::Flash,
            "ram" => Minimize::Ram,
            _ => Minimize::Latency,
        }),
        budget,
        seed,
        space: choice::count(members),
        candidates: drawn.candidates,
        misfits: drawn.misfits,
        auto,
    };
    Some(Model { search: Some(search), ..model })
}

/// What became of the ways that were drawn.
#[derive(Default)]
struct Drawn {
    first: Option<Model>,
    candidates: Vec<Candidate>,
    misfits: Vec<(String, String)>,
    /// The diagnostics of the first misfit.
    misfit: Vec<Diag>,
    /// Mistakes that no other pick would mend.
    errors: Vec<Diag>,
}

impl Drawn {
    fn take(&mut self, way: &Way, block: &Block, cx: &mut Context) {
        let plain = Block { members: way.members.clone(), ..block.clone() };
        let known = cx.diags.len();
        let model = network::resolve(&plain, cx);
        let told = cx.diags.split_off(known);
        let choices = way.words.join(", ");
        let errors: Vec<Diag> = told.into_iter().filter(|diag| diag.severity == Severity::Error).collect();
        if let Some(model) = model.filter(|_| errors.is_empty()) {
            let candidate = Candidate { choices, layers: model.layers.clone(), train: model.train.clone() };
            let known = self.candidates.iter().any(|known| same(known, &candidate));
            if !known {
                self.candidates.push(candidate);
            }
            self.first.get_or_insert(model);
        } else if errors.iter().all(|diag| MISFITS.contains(&diag.code)) {
            let reason = errors.first().map_or_else(|| "it makes no network".into(), |diag| diag.title.clone());
            self.misfits.push((choices, reason));
            if self.misfit.is_empty() {
                self.misfit = errors;
            }
        } else {
            self.errors = errors;
        }
    }
}

/// Whether two ways lead to the same network, trained alike.
fn same(a: &Candidate, b: &Candidate) -> bool {
    let layers = |candidate: &Candidate| -> Vec<(String, Vec<(String, String)>)> {
        candidate.layers.iter().map(|layer| (layer.op.clone(), layer.args.clone())).collect()
    };
    a.train == b.train && layers(a) == layers(b)
}

/// Ways in the order in which they are tried: the first, the last, then by chance; none of them twice.
fn draw<'a>(members: &'a [Member], trials: usize, seed: u64) -> Box<dyn Iterator<Item = Way> + 'a> {
    let mut rng = Rng::new(seed, "search");
    if choice::count(members) <= SMALL {
        let first = choice::walk(members, &mut |_| 0);
        let all = std::iter::successors(Some(first.picks), |picks| Some(choice::next(members, picks)?.picks));
        let mut all: Vec<_> = all.collect();
        if all.len() > trials {
            let last = all.len() - 1;
            all.swap(1, last);
            rng.shuffle(&mut all[2.min(last)..]);
        }
        return Box::new(all.into_iter().map(|picks| along(members, &picks)));
    }
    let ends = [choice::walk(members, &mut |_| 0), choice::walk(members, &mut |of| of - 1)];
    let mut seen = BTreeSet::new();
    let chance = (0..trials * DRAWS).map(move |_| choice::walk(members, &mut |of| rng.below(of.max(1))));
    Box::new(ends.into_iter().chain(chance).filter(move |way| seen.insert(way.picks.clone())))
}

fn along(members: &[Member], picks: &[(usize, usize)]) -> Way {
    let mut wanted = picks.iter().map(|(at, _)| *at);
    choice::walk(members, &mut |_| wanted.next().unwrap_or(0))
}
