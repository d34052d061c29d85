//! Tune: which variant of each kernel the image for a board uses. Images of the network alone, each with another variant of
//! every layer, run on the simulated board in cycle mode; every layer's time is read off by itself, so that a few
//! images measure all variants.

use std::collections::BTreeMap;

use serde_json::json;

use super::emit;
use super::exercise::{self, Bench};
use super::image;
use super::toolkit::{Toolkit, target, text_fact};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::board::Board;
use crate::library::core::Core;
use crate::net::arena::{self, InputHome};
use crate::net::ops::{Capabilities, Storage, Variant};
use crate::net::tuning::{Measured, Tuning};
use crate::net::{QNet, artifact};
use crate::world::{CompileError, Unit};

/// The step `tune:DEPLOY@BOARD`, or `tune:MODEL` for C that runs everywhere. Inputs: `qnet.json`, `qweights.npy`,
/// `qbias.npy`. Makes `tuning.json`.
pub struct Tune {
    /// `DEPLOY on BOARD`, or the model's name.
    pub title: String,
    /// The model, as its C names begin.
    pub model: String,
    /// The board and its core; none: any.
    pub target: Option<(Board, Core)>,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

/// Cycles and bytes of flash by layer, where a layer runs.
type Costs = Vec<Option<(u64, u64)>>;

/// Of the board's memory, what a firmware needs besides the arena: an eighth and this many bytes.
const RESERVE: usize = 1024;

/// Stack of the measuring image; kernels take a few hundred bytes.
const STACK: u64 = 1024;

impl Stage for Tune {
    fn title(&self) -> String {
        format!("choose kernels for {}", self.title)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("name", &self.model);
        let Some((board, core)) = &self.target else { return out.text("board", "any") };
        exercise::facts(board, core, out);
        self.toolkit.facts(&target(core), out);
        for folder in ["kernels", "hal", "link"] {
            for path in self.toolkit.library.files(folder) {
                text_fact(out, &path, &self.toolkit.text(&path));
            }
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let net = read_qnet(job)?;
        let tuning = match &self.target {
            None => Tuning::unmeasured(&net, Capabilities::default()),
            Some((board, core)) => self.measured(job, &net, (board, core), None)?,
        };
        Ok(Outputs::from([("tuning.json".to_string(), super::json(&tuning))]))
    }
}

impl Tune {
    /// The choice after measuring. `system` are the objects of start-up and HAL, where they are at hand.
    pub(super) fn measured(
        &self,
        job: &Job,
        net: &QNet,
        place: (&Board, &Core),
        system: Option<&[(String, Vec<u8>)]>,
    ) -> Result<Tuning, Diags> {
        let can = Capabilities { dsp: place.1.dsp };
        let ram = place.0.ram.size as usize;
        let room = (ram - ram / 8).saturating_sub(RESERVE);
        let candidates = candidates(net, can, room);
        let rounds = candidates.iter().map(Vec::len).max().unwrap_or(0);
        let mut measured: Vec<Vec<Measured>> = vec![Vec::new(); net.nodes.len()];
        if rounds < 2 {
            return Ok(Tuning::choose(net, can, measured, room));
        }
        let made = || self.toolkit.system(job, place).map_err(|error| error.into_diag("the start-up code"));
        let system = system.map_or_else(made, |system| Ok(system.to_vec()))?;
        let sets: Vec<Vec<Variant>> = (0..rounds)
            .map(|round| candidates.iter().map(|all| all[round.min(all.len() - 1)].clone()).collect())
            .collect();
        let threads = job.threads().max(1);
        let mut costs: Vec<Result<Costs, Diags>> = Vec::with_capacity(rounds);
        for (turn, sets) in sets.chunks(threads).enumerate() {
            if job.cancelled() {
                return Ok(Tuning::default());
            }
            job.progress("sets of kernels", (turn * threads) as u64, rounds as u64);
            std::thread::scope(|scope| {
                let (system, mut running) = (system.as_slice(), Vec::new());
                for set in sets {
                    running.push(scope.spawn(move || self.cost(job, (net, set), place, system)));
                }
                costs.extend(running.into_iter().map(|run| run.join().unwrap_or_else(|_| panic!("bug: while tuning"))));
            });
        }
        for (round, costs) in costs.into_iter().enumerate() {
            for (at, cost) in costs?.into_iter().enumerate() {
                if let (Some(variant), Some((cycles, flash))) = (candidates[at].get(round), cost) {
                    let (variant, scratch) = (variant.name.to_string(), variant.scratch);
                    measured[at].push(Measured { variant, cycles, scratch, flash });
                }
            }
        }
        Ok(Tuning::choose(net, can, measured, room))
    }

    /// Cycles and bytes of flash of every layer in one set; nothing where the board has no room for the set.
    fn cost(
        &self,
        job: &Job,
        (net, set): (&QNet, &[Variant]),
        place: (&Board, &Core),
        system: &[(String, Vec<u8>)],
    ) -> Result<Costs, Diags> {
        match self.image(job, (net, set), place, system) {
            Ok(elf) => self.run_once(net, place, &elf),
            // A set that the board has no room for is none to choose.
            Err(error) if error.overflow().is_some() => Ok(Costs::new()),
            Err(error) => Err(error.into_diag("the kernels").into()),
        }
    }

    fn image(
        &self,
        job: &Job,
        (net, set): (&QNet, &[Variant]),
        place: (&Board, &Core),
        system: &[(String, Vec<u8>)],
    ) -> Result<Vec<u8>, CompileError> {
        let classes: Vec<String> = (0..net.output().len()).map(|class| format!("{class}")).collect();
        let files = emit::model(&self.model, (net, set), &classes, &[], &self.toolkit.library)?;
        let main = json!({
            "direct": true, "input": net.input.len(), "model": self.model, "length": net.input.len(),
            "classes": net.output().len(), "features": "", "app": "",
        });
        let main = self.toolkit.library.render("hal/main.c.j2", &main)?;
        let mut headers = BTreeMap::from([("tml.h".to_string(), self.toolkit.text("hal/tml.h").into_bytes())]);
        headers.insert("model.h".into(), files["model.h"].clone());
        let target = target(place.1);
        let toolchain = self.toolkit.toolchain(job, &target)?;
        let mut objects = system.to_vec();
        for (name, source) in [("main.c", main.as_bytes()), ("model.c", files["model.c"].as_slice())] {
            let unit = Unit { target: &target, name, source, headers: &headers, flags: &[] };
            objects.push((name.replace(".c", ".o"), job.world().compile(&toolchain, &unit)?.bytes));
        }
        self.toolkit.link(job, place, &objects, STACK)
    }

    /// Cycles of each node's kernel, and the bytes of its code and constants.
    fn run_once(&self, net: &QNet, place: (&Board, &Core), elf: &[u8]) -> Result<Costs, Diags> {
        let functions: Vec<Option<String>> = net
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let runs = node.op.storage() == Storage::Own;
                runs.then(|| format!("{}_layer_{at}_{}", self.model, node.op.word()))
            })
            .collect();
        let stages: Vec<String> = functions.iter().flatten().cloned().collect();
        let inference = Bench::boot(elf, place.0, place.1, &stages)?.infer(&vec![0; net.input.len()])?;
        let sizes = image::sizes(elf, place.0.flash, place.0.ram, |_| false)?;
        let cost = |function: &Option<String>| {
            let function = function.as_ref()?;
            let cycles = inference.parts.iter().find(|part| part.name == *function)?.cycles;
            let parts = sizes.symbols.iter().filter(|symbol| symbol.name.starts_with(function.as_str()));
            Some((cycles, parts.map(|symbol| u64::from(symbol.size)).sum()))
        };
        Ok(functions.iter().map(cost).collect())
    }
}

/// The variants of each node that are worth measuring: those that the board has memory for, and plain C only where there
/// is nothing else.
fn candidates(net: &QNet, can: Capabilities, room: usize) -> Vec<Vec<Variant>> {
    let all: Vec<Vec<Variant>> = net.nodes.iter().map(|node| node.op.variants(node, can)).collect();
    let least = |all: &Vec<Variant>| all.iter().min_by_key(|variant| variant.scratch).cloned();
    let least: Vec<Variant> = all.iter().filter_map(least).collect();
    let fits = |at: usize, variant: &Variant| {
        let mut set = least.clone();
        set[at] = variant.clone();
        arena::plan(net, &set, InputHome::Arena).size <= room
    };
    let some = |(at, all): (usize, &Vec<Variant>)| {
        let few = all.len() < 2;
        let fitting: Vec<Variant> =
            all.iter().filter(|variant| few || (variant.name != "plain" && fits(at, variant))).cloned().collect();
        if fitting.is_empty() { vec![least[at].clone()] } else { fitting }
    };
    all.iter().enumerate().map(some).collect()
}

/// The int8 network among a job's inputs.
pub(super) fn read_qnet(job: &Job) -> Result<QNet, Diag> {
    artifact::read_qnet(job.input("qnet.json"), job.input("qweights.npy"), job.input("qbias.npy"))
        .map_err(|why| Diag::error("tml::bug", format!("bug: the int8 network: {why}")))
}
