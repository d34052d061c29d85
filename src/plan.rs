//! From a spec to the graph of its build: the only file that knows which verb follows which.

mod search;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::Diags;
use crate::engine::{Graph, Input, StepId};
use crate::library::board::Board;
use crate::library::core::Core;
use crate::spec::Spec;
use crate::spec::model::{self, Callee, Function, Origin};
use crate::stages::compile::Compile;
use crate::stages::cut::Cut;
use crate::stages::decide::Decide;
use crate::stages::emit::Emit;
use crate::stages::features::Extract;
use crate::stages::firmware::Firmware;
use crate::stages::fit::Fit;
use crate::stages::gate::Gate;
use crate::stages::host::Host;
use crate::stages::import::{Import, ImportFloat, ImportJudged, Samples};
use crate::stages::ingest::Ingest;
use crate::stages::link::Link;
use crate::stages::quantize::Quantize;
use crate::stages::size::Size;
use crate::stages::toolkit::Toolkit;
use crate::stages::train::Train;
use crate::stages::tune::Tune;
use crate::stages::verify::Verify;

/// The board on which functions are tried and features of generated code are computed: a floating-point unit, much memory.
pub const REFERENCE_BOARD: &str = "nucleo_l4r5zi";

/// What a plan needs besides the spec.
#[derive(Clone)]
pub struct Context {
    /// The spec's folder.
    pub root: PathBuf,
    /// Library and compiler.
    pub toolkit: Toolkit,
    /// Run every test row on the simulated board.
    pub full: bool,
}

/// The steps of one data set's or feature chain's result: who makes rows, and who knows classes and parts.
#[derive(Clone, Copy)]
struct Rows {
    x: StepId,
    base: StepId,
}

/// The graph of the whole build of `spec`. Does no I/O and looks at no data.
pub fn plan(spec: &Arc<Spec>, context: &Context) -> Result<Graph, Diags> {
    let mut planner = Planner { spec: Arc::clone(spec), context, graph: Graph::new(), gates: Vec::new() };
    let ingests: Vec<StepId> = spec.datasets.iter().map(|dataset| planner.ingest(dataset)).collect();
    for function in &spec.functions {
        let gate = planner.gate(function)?;
        planner.gates.push(gate);
    }
    let chains =
        spec.features.iter().map(|features| planner.chain(features, &ingests)).collect::<Result<Vec<_>, _>>()?;
    let mut models = Vec::new();
    for model in &spec.models {
        models.push(planner.model(model, &ingests, &chains)?);
    }
    for deploy in 0..spec.deploys.len() {
        planner.deploy(deploy, &models, &ingests, &chains)?;
    }
    Ok(planner.graph)
}

/// The graph of a conversion: one imported model, whose input is given, on the boards of one deployment.
/// `file` is where the model is.
pub fn convert(spec: &Arc<Spec>, file: &Path, context: &Context) -> Result<Graph, Diags> {
    let mut planner = Planner { spec: Arc::clone(spec), context, graph: Graph::new(), gates: Vec::new() };
    let model = &spec.models[0];
    let name = &model.name;
    let inputs = vec![Input::file("model", file)];
    let import = planner.add(&format!("import:{name}"), "import", Box::new(Import(model.clone())), inputs, &model.span);
    let net = ["qnet.json", "qweights.npy", "qbias.npy"].map(|output| Input::step(output, import, output));
    let stage = Box::new(Samples(model.clone()));
    let samples = planner.add(&format!("samples:{name}"), "samples", stage, net.into(), &model.span);
    let steps = ModelSteps { net: import, expected: samples, float: None, rows: Rows { x: samples, base: samples } };
    planner.deploy(0, &[steps], &[samples], &[])?;
    Ok(planner.graph)
}

/// The graph of some data sets alone.
pub fn ingest_only(datasets: &[&model::Dataset], root: &Path) -> Graph {
    let mut graph = Graph::new();
    for dataset in datasets {
        let stage = Ingest::new(dataset, root);
        let inputs = stage.inputs();
        let step = graph.add(format!("ingest:{}", dataset.name), "ingest", Box::new(stage), inputs);
        graph.place(step, dataset.span.clone());
    }
    graph
}

/// The step that gives a model's int8 network and its answers over the test part.
pub fn answers(model: &model::Model) -> String {
    let int8 = model.import.as_ref().is_some_and(|import| !import.float);
    format!("{}:{}", if int8 { "import" } else { "quantize" }, model.name)
}

/// The step that decides what the outputs of a deployment's model mean.
pub fn decided(deploy: &str) -> String {
    format!("decide:{deploy}")
}

/// The graph of one function's gate, for trying code before it is pinned.
pub fn gate_only(function: &Function, code: &Path, context: &Context) -> Result<Graph, Diags> {
    let mut graph = Graph::new();
    let inputs = gate_inputs(function, code, &context.root);
    graph.add(gate_id(function), "gate", Box::new(gate_stage(function, context)?), inputs);
    Ok(graph)
}

/// What a function's gate is called.
pub fn gate_id(function: &Function) -> String {
    format!("gate:{}", function.name)
}

/// The file with a function's code, relative to the spec's folder.
pub fn code_path(function: &Function) -> String {
    match &function.origin {
        Origin::Extern { path } => path.clone(),
        Origin::Generate { .. } => format!("generated/{}.c", function.name),
    }
}

fn gate_stage(function: &Function, context: &Context) -> Result<Gate, Diags> {
    let (board, core) = reference(context)?;
    Ok(Gate { function: function.clone(), board, core, toolkit: context.toolkit.clone() })
}

fn gate_inputs(function: &Function, code: &Path, root: &Path) -> Vec<Input> {
    let mut inputs = vec![Input::file("code.c", code)];
    if let Origin::Generate { cases: Some(cases), .. } = &function.origin {
        inputs.push(Input::file("cases.csv", root.join(cases)));
    }
    inputs
}

fn reference(context: &Context) -> Result<(Board, Core), Diags> {
    let library = &context.toolkit.library;
    let board =
        library.board(REFERENCE_BOARD).unwrap_or_else(|| panic!("bug: the library has no {REFERENCE_BOARD}"))?;
    let core = library.core(&board.core)?;
    Ok((board, core))
}

/// Where a model's int8 network and expected answers come from, and the rows that it is judged by.
struct ModelSteps {
    net: StepId,
    expected: StepId,
    /// Where the float network is, if there is one.
    float: Option<StepId>,
    rows: Rows,
}

struct Planner<'a> {
    spec: Arc<Spec>,
    context: &'a Context,
    graph: Graph,
    gates: Vec<StepId>,
}

impl Planner<'_> {
    fn ingest(&mut self, dataset: &model::Dataset) -> StepId {
        let stage = Ingest::new(dataset, &self.context.root);
        let inputs = stage.inputs();
        self.add(&format!("ingest:{}", dataset.name), "ingest", Box::new(stage), inputs, &dataset.span)
    }

    fn gate(&mut self, function: &Function) -> Result<StepId, Diags> {
        let code = self.context.root.join(code_path(function));
        let inputs = gate_inputs(function, &code, &self.context.root);
        Ok(self.add(&gate_id(function), "gate", Box::new(gate_stage(function, self.context)?), inputs, &function.span))
    }

    /// Who makes a chain's samples, streams cut into windows, and its features.
    fn chain(&mut self, features: &model::Features, ingests: &[StepId]) -> Result<Rows, Diags> {
        let base = match Cut::new(features) {
            None => ingests[features.dataset],
            Some(stage) => {
                let files = ["x.npy", "lengths.npy", "y.npy", "part.npy", "recordings.csv"];
                let inputs = files.map(|file| Input::step(file, ingests[features.dataset], file)).into();
                self.add(&format!("cut:{}", features.name), "cut", Box::new(stage), inputs, &features.span)
            }
        };
        Ok(Rows { x: self.extract(features, base)?, base })
    }

    fn extract(&mut self, features: &model::Features, base: StepId) -> Result<StepId, Diags> {
        let mut inputs = vec![Input::step("x.npy", base, "x.npy"), Input::step("part.npy", base, "part.npy")];
        for index in user_functions(features) {
            let name = &self.spec.functions[index].name;
            inputs
                .push(Input::file(format!("{name}.c"), self.context.root.join(code_path(&self.spec.functions[index]))));
            // Nothing runs code that hasn't passed its gate.
            inputs.push(Input::step(format!("{name}.gate"), self.gates[index], "evidence.json"));
        }
        let (board, core) = reference(self.context)?;
        let stage = Extract {
            spec: Arc::clone(&self.spec),
            features: features.clone(),
            board,
            core,
            toolkit: self.context.toolkit.clone(),
        };
        Ok(self.add(&format!("extract:{}", features.name), "extract", Box::new(stage), inputs, &features.span))
    }

    /// Rows with their parts and what is to be learnt.
    fn data(rows: Rows) -> Vec<Input> {
        vec![
            Input::step("x.npy", rows.x, "x.npy"),
            Input::step("part.npy", rows.base, "part.npy"),
            Input::step("y.npy", rows.base, "y.npy"),
        ]
    }

    fn model(&mut self, model: &model::Model, ingests: &[StepId], chains: &[Rows]) -> Result<ModelSteps, Diags> {
        let name = &model.name;
        let rows = rows(model, ingests, chains);
        let mut inputs = Self::data(rows);
        let file = model.import.as_ref().map(|import| Input::file("model", self.context.root.join(&import.path)));
        inputs.extend(file);
        let judged = answers(model);
        let mut float_net = None;
        let int8 = if judged.starts_with("import:") {
            self.add(&judged, "import", Box::new(ImportJudged(model.clone())), inputs, &model.span)
        } else {
            let float = if model.import.is_some() {
                self.add(&format!("import:{name}"), "import", Box::new(ImportFloat(model.clone())), inputs, &model.span)
            } else if let Some(search) = &model.search {
                self.search(model, search, rows, chain(model, chains))?
            } else {
                let stage: Box<dyn crate::engine::Stage> =
                    if Fit::fits(model) { Box::new(Fit(model.clone())) } else { Box::new(Train(model.clone())) };
                self.add(&format!("train:{name}"), "train", stage, inputs, &model.span)
            };
            float_net = Some(float);
            let mut inputs = Self::data(rows);
            inputs.extend(["net.json", "weights.npy"].map(|output| Input::step(output, float, output)));
            inputs.push(Input::step("train.json", float, "summary.json"));
            self.add(&judged, "quantize", Box::new(Quantize(model.clone())), inputs, &model.span)
        };
        let steps = ModelSteps { net: int8, expected: int8, float: float_net, rows };
        if self.spec.deploys.iter().all(|deploy| self.spec.models[deploy.model].name != *name) {
            // C that runs everywhere, for a model that no board of the spec runs.
            self.emit(model, &steps, name, None, None);
        }
        Ok(steps)
    }

    /// The C of a model, for `core` or for any, and its comparison with the reference on this machine.
    fn emit(
        &mut self,
        model: &model::Model,
        steps: &ModelSteps,
        place: &str,
        target: Option<(Board, Core)>,
        decide: Option<StepId>,
    ) -> StepId {
        let toolkit = &self.context.toolkit;
        let net = || ["qnet.json", "qweights.npy", "qbias.npy"].map(|file| Input::step(file, steps.net, file));
        let title = place.replace('@', " on ");
        let tune = Tune { title, model: model.name.clone(), target, toolkit: toolkit.clone() };
        let tune = self.add(&format!("tune:{place}"), "tune", Box::new(tune), net().into(), &model.span);
        let mut inputs: Vec<Input> = net().into();
        inputs.push(Input::step("tuning.json", tune, "tuning.json"));
        if model.task == model::Task::Regress {
            inputs.push(Input::step("levels.json", steps.expected, "levels.json"));
        }
        // A model that nobody judges has no names for its outputs, nor has one whose outputs are no classes.
        let named = model.task == model::Task::Classify;
        let classes = self.spec.datasets.get(model.dataset).filter(|_| named);
        let classes = classes.map_or_else(Vec::new, |dataset| dataset.classes.clone());
        let stage = Emit { model: model.clone(), classes, toolkit: toolkit.clone() };
        let emit = self.add(&format!("emit:{place}"), "emit", Box::new(stage), inputs, &model.span);
        let mut inputs = vec![
            Input::step("x.npy", steps.rows.x, "x.npy"),
            Input::step("part.npy", steps.rows.base, "part.npy"),
            Input::step("expected.npy", steps.expected, "expected.npy"),
        ];
        inputs.extend(["model.c", "model.h"].map(|output| Input::step(output, emit, output)));
        for output in ["decide.c", "recording.npy", "answers.npy", "scores.npy"] {
            inputs.extend(decide.map(|decide| Input::step(output, decide, output)));
        }
        let stage = Host {
            model: model.name.clone(),
            inputs: model.shape.len(),
            classes: model.outputs,
            direct: model.input == model::Input::Given,
            scores: decide.map_or(0, |_| model.task.scores(model.outputs)),
            span: model.span.clone(),
            toolkit: toolkit.clone(),
        };
        self.add(&format!("host:{place}"), "host", Box::new(stage), inputs, &model.span);
        emit
    }

    fn deploy(
        &mut self,
        deploy: usize,
        models: &[ModelSteps],
        ingests: &[StepId],
        chains: &[Rows],
    ) -> Result<(), Diags> {
        let spec = Arc::clone(&self.spec);
        let block = &spec.deploys[deploy];
        let model = &spec.models[block.model];
        let steps = &models[block.model];
        let decide = (model.input != model::Input::Given).then(|| self.decide(deploy, steps));
        for used in &block.boards {
            let core = self.context.toolkit.library.core(&used.board.core)?;
            let firmware = Firmware {
                spec: Arc::clone(&spec),
                deploy,
                board: used.board.clone(),
                core,
                toolkit: self.context.toolkit.clone(),
            };
            let base = rows(model, ingests, chains).base;
            self.board(&firmware, steps, (base, chain(model, chains), decide));
        }
        Ok(())
    }

    /// The decisions of a deployment, which are the same on all its boards.
    fn decide(&mut self, deploy: usize, steps: &ModelSteps) -> StepId {
        let spec = Arc::clone(&self.spec);
        let block = &spec.deploys[deploy];
        let rows = steps.rows;
        let mut inputs = vec![
            Input::step("x.npy", rows.x, "x.npy"),
            Input::step("y.npy", rows.base, "y.npy"),
            Input::step("part.npy", rows.base, "part.npy"),
            Input::step("expected.npy", steps.expected, "expected.npy"),
            Input::step("levels.json", steps.expected, "levels.json"),
        ];
        if spec.windows(&spec.models[block.model]).is_some() {
            inputs.push(Input::step("recording.npy", rows.base, "recording.npy"));
        }
        inputs.extend(["qnet.json", "qweights.npy", "qbias.npy"].map(|file| Input::step(file, steps.net, file)));
        for file in ["net.json", "weights.npy"] {
            inputs.extend(steps.float.map(|float| Input::step(file, float, file)));
        }
        let stage = Decide { spec: Arc::clone(&spec), deploy, toolkit: self.context.toolkit.clone() };
        self.add(&decided(&block.name), "decide", Box::new(stage), inputs, &block.span)
    }

    fn board(
        &mut self,
        firmware: &Firmware,
        model: &ModelSteps,
        (base, chain, decide): (StepId, Option<StepId>, Option<StepId>),
    ) {
        let place = format!("{}@{}", firmware.deploy().name, firmware.board.name);
        let span = firmware.deploy().span.clone();
        let target = (firmware.board.clone(), firmware.core.clone());
        let emit = self.emit(&firmware.model().clone(), model, &place, Some(target), decide);
        let mut inputs: Vec<Input> = ["model.c", "model.h"].map(|output| Input::step(output, emit, output)).into();
        for output in ["features.c", "features.h"] {
            inputs.extend(chain.map(|chain| Input::step(output, chain, output)));
        }
        inputs.extend(decide.map(|decide| Input::step("decide.c", decide, "decide.c")));
        for function in firmware.functions() {
            inputs.push(Input::file(format!("{}.c", function.name), self.context.root.join(code_path(function))));
            let gate =
                self.graph.find(&gate_id(function)).unwrap_or_else(|| panic!("bug: {} has no gate", function.name));
            inputs.push(Input::step(format!("{}.gate", function.name), gate, "evidence.json"));
        }
        let mut objects: Vec<String> = ["startup.o", "main.o", "hal.o", "model.o"].map(String::from).into();
        objects.extend(chain.map(|_| "features.o".to_string()));
        objects.extend(decide.map(|_| "decide.o".to_string()));
        objects.extend(firmware.functions().iter().map(|function| format!("{}.o", function.name)));
        if firmware.toolkit.kind == crate::world::ToolchainKind::Gcc {
            objects.push("mem.o".into());
        }
        let compile =
            self.add(&format!("compile:{place}"), "compile", Box::new(Compile(firmware.clone())), inputs, &span);
        let linked = |objects: &[String]| -> Vec<Input> {
            objects.iter().map(|object| Input::step(object.clone(), compile, object.clone())).collect()
        };
        let rows = || [Input::step("x.npy", base, "x.npy"), Input::step("part.npy", base, "part.npy")];
        let mut inputs = linked(&objects);
        inputs.extend(rows());
        let size = self.add(&format!("size:{place}"), "size", Box::new(Size(firmware.clone())), inputs, &span);
        let mut inputs = linked(&objects);
        inputs.push(Input::step("stack.json", size, "stack.json"));
        let link = self.add(&format!("link:{place}"), "link", Box::new(Link(firmware.clone())), inputs, &span);
        let mut inputs: Vec<Input> = rows().into();
        inputs.push(Input::step("firmware.elf", link, "firmware.elf"));
        inputs.push(Input::step("expected.npy", model.expected, "expected.npy"));
        inputs.push(Input::step("model.c", emit, "model.c"));
        if let Some(decide) = decide {
            inputs.push(Input::step("features.npy", model.rows.x, "x.npy"));
            inputs.extend(["decide.json", "recording.npy"].map(|output| Input::step(output, decide, output)));
        }
        let verify = Verify { firmware: firmware.clone(), full: self.context.full };
        self.add(&format!("verify:{place}"), "verify", Box::new(verify), inputs, &span);
    }

    fn add(
        &mut self,
        id: &str,
        kind: &str,
        stage: Box<dyn crate::engine::Stage>,
        inputs: Vec<Input>,
        span: &crate::base::Span,
    ) -> StepId {
        let step = self.graph.add(id, kind, stage, inputs);
        self.graph.place(step, span.clone());
        step
    }
}

/// Indices of the user's functions that a chain calls, each once.
fn user_functions(features: &model::Features) -> Vec<usize> {
    let mut functions: Vec<usize> = features
        .all_steps()
        .into_iter()
        .filter_map(|step| match step.call {
            Callee::User(index) => Some(index),
            Callee::Std(_) => None,
        })
        .collect();
    functions.sort_unstable();
    functions.dedup();
    functions
}

/// The step of the model's features, if it has any.
fn chain(model: &model::Model, chains: &[Rows]) -> Option<StepId> {
    match model.input {
        model::Input::Features(index) => Some(chains[index].x),
        model::Input::Dataset(_) | model::Input::Given => None,
    }
}

/// Who makes the rows that `model` learns from.
fn rows(model: &model::Model, ingests: &[StepId], chains: &[Rows]) -> Rows {
    match model.input {
        model::Input::Dataset(_) | model::Input::Given => {
            let base = ingests[model.dataset];
            Rows { x: base, base }
        }
        model::Input::Features(index) => chains[index],
    }
}
