//! Cost: what a candidate takes on a board, before anything is trained: flash, memory and time of its own firmware with
//! random weights, linked and run on the simulated board. The layers' constants change with training, not their number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::compile::{compile, sources};
use super::super::decide::Decide;
use super::super::exercise::{self, Bench};
use super::super::firmware::Firmware;
use super::super::link::{Stack, link_facts};
use super::super::toolkit::text_fact;
use super::super::tune::Tune;
use super::super::{call_text, emit, image, json, size};
use crate::base::rng::Rng;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::net::{Net, QNet, passes, quantize};
use crate::spec::model::Layer;

/// Random samples that calibrate the random network.
const SAMPLES: usize = 32;

/// What says that a board is too small, which is an answer here.
const TOO_SMALL: &str = "tml::board::size";

/// The step `base:DEPLOY@BOARD`: the objects that the firmware of every candidate has. Inputs: `features.c` and
/// `features.h` where there are features, and each user function as `NAME.c` with its gate's evidence.
pub struct Base(pub Firmware);

impl Stage for Base {
    fn title(&self) -> String {
        format!("compile what all candidates have on {}", self.0.board.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        super::super::compile::facts(&self.0, out);
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let (mut units, headers) = sources(&self.0, job)?;
        units.retain(|(name, _)| name != "main.c");
        compile(&self.0, job, &units, &headers)
    }
}

/// The step `cost:MODEL#CANDIDATE@DEPLOY@BOARD`. Inputs: the objects of `base`. Makes `cost.json`.
pub struct Cost {
    /// The deployment on the board; its model's name and shapes are the candidate's.
    pub firmware: Firmware,
    /// The candidate's layers.
    pub layers: Vec<Layer>,
    /// Its number.
    pub candidate: usize,
}

/// What a candidate takes on a board.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Costs {
    /// Bytes of program memory.
    pub flash: u64,
    /// Bytes of work memory, its stack sized by simulation.
    pub ram: u64,
    /// Cycles of one inference with its features.
    pub cycles: u64,
    /// The same in seconds at the board's clock.
    pub latency: f64,
    /// Why there is no firmware: the board is too small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Stage for Cost {
    fn title(&self) -> String {
        format!("measure {}#{} on {}", self.firmware.model().name, self.candidate, self.firmware.board.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        let model = self.firmware.model();
        out.text("name", &model.name);
        out.text("input", &model.shape.to_string());
        out.text("sample", &self.firmware.spec.sample(model).to_string());
        out.group("layers", &mut |out| {
            for (index, layer) in self.layers.iter().enumerate() {
                out.text(&index.to_string(), &call_text(&layer.op, &layer.args));
            }
        });
        out.text("task", &format!("{:?}", model.task));
        out.text("decide", &format!("{:?}", self.firmware.deploy().decide));
        out.group("sources", &mut |out| super::super::compile::facts(&self.firmware, out));
        link_facts(&self.firmware, out);
        exercise::facts(&self.firmware.board, &self.firmware.core, out);
        for folder in ["kernels", "hal", "link"] {
            for path in self.firmware.toolkit.library.files(folder) {
                text_fact(out, &path, &self.firmware.toolkit.text(&path));
            }
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let costs = match self.measured(job) {
            Ok(costs) => costs,
            Err(diags) if diags.0.iter().all(|diag| diag.code == TOO_SMALL) => {
                let refused = diags.0.first().map(|diag| diag.title.clone());
                Costs { refused, ..Costs::default() }
            }
            Err(diags) => return Err(diags),
        };
        Ok(Outputs::from([("cost.json".to_string(), json(&costs))]))
    }
}

impl Cost {
    fn measured(&self, job: &Job) -> Result<Costs, Diags> {
        let (firmware, model) = (&self.firmware, self.firmware.model());
        let place = (&firmware.board, &firmware.core);
        let net = self.network().map_err(|why| self.failed(&why))?;
        let title = format!("{} on {}", model.name, firmware.board.name);
        let tune = Tune {
            title,
            model: model.name.clone(),
            target: Some((firmware.board.clone(), firmware.core.clone())),
            toolkit: firmware.toolkit.clone(),
        };
        let mut objects = super::super::link::objects(job);
        let is_system = |name: &str| matches!(name, "startup.o" | "hal.o" | "mem.o");
        let system: Vec<_> = objects.iter().filter(|(name, _)| is_system(name)).cloned().collect();
        let tuning = tune.measured(job, &net, place, Some(&system))?;
        if job.cancelled() {
            return Ok(Costs::default());
        }
        let variants = tuning.variants(&net).map_err(|why| self.failed(&why))?;
        let mut files = emit::model(&model.name, (&net, &variants), &[], &[], &firmware.toolkit.library)?;
        let mut headers = BTreeMap::from([("tml.h".to_string(), firmware.toolkit.text("hal/tml.h").into_bytes())]);
        headers.extend(files.remove_entry("model.h"));
        let main = firmware.sources()?.into_iter().filter(|(name, _)| *name == "main.c");
        let mut units: Vec<(String, Vec<u8>)> = main.map(|(name, text)| (name.into(), text.into_bytes())).collect();
        units.extend(files);
        let Firmware { spec, deploy, toolkit, .. } = firmware;
        let decide = Decide { spec: spec.clone(), deploy: *deploy, toolkit: toolkit.clone() };
        units.push(("decide.c".into(), decide.sketch(&net)?.into_bytes()));
        objects.extend(compile(firmware, job, &units, &headers)?);
        let elf = size::probe(firmware, job, &objects)?;
        self.run_once(&elf)
    }

    fn network(&self) -> Result<QNet, String> {
        let model = self.firmware.model();
        let layers: Vec<_> = self.layers.iter().map(|layer| (layer.op.clone(), layer.args.clone())).collect();
        let mut net = Net::build(&model.shape, &layers)?;
        net.initialise(1);
        let mut rng = Rng::new(1, "cost");
        let samples: Vec<f32> = (0..SAMPLES * net.input.len()).map(|_| rng.normal()).collect();
        quantize(&net, &samples).and_then(|net| passes::optimise(&net))
    }

    /// Sizes of the image, and the time of a sample of zeros: no kernel of ours branches on data.
    fn run_once(&self, elf: &[u8]) -> Result<Costs, Diags> {
        let Firmware { board, core, .. } = &self.firmware;
        let sample = vec![0; 4 * self.firmware.spec.sample(self.firmware.model()).len()];
        let run = || -> Result<(u64, u32), Diags> {
            let mut bench = Bench::boot(elf, board, core, &[])?;
            let cycles = bench.infer(&sample)?.cycles;
            Ok((cycles, bench.stack_peak()))
        };
        let (cycles, peak) = run().map_err(|diags| size::no_room(&self.firmware, diags))?;
        let sizes = image::sizes(elf, board.flash, board.ram, |_| false)?;
        let stack = u64::from(Stack::of_peak(peak, 1).reserve);
        Ok(Costs {
            flash: sizes.flash.total,
            ram: sizes.ram.total - sizes.ram.stack + stack,
            cycles,
            latency: cycles as f64 / board.clock.to_f64(),
            refused: None,
        })
    }

    fn failed(&self, why: &str) -> Diag {
        let model = self.firmware.model();
        let title = format!("candidate {} of `{}` can't be measured: {why}", self.candidate, model.name);
        Diag::error("tml::search", title).at(&model.span, "this model")
    }
}
