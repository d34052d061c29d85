//! A deployment on one board: what its firmware is made of. The stages that compile, link and run it share this.

use std::sync::Arc;

use serde::Serialize;

use crate::base::Diag;
use crate::library::board::Board;
use crate::library::core::Core;
use crate::spec::Spec;
use crate::spec::model::{Callee, Deploy, Function, Input, Model, Task};
use crate::stages::chain::{Chain, Feed};
use crate::stages::toolkit::{BoardContext, Toolkit};

/// One deployment on one of its boards.
#[derive(Clone)]
pub struct Firmware {
    /// The spec.
    pub spec: Arc<Spec>,
    /// Index of the deployment.
    pub deploy: usize,
    /// The board, overrides applied.
    pub board: Board,
    /// Its core.
    pub core: Core,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

#[derive(Serialize)]
struct MainContext<'a> {
    direct: bool,
    input: usize,
    model: &'a str,
    length: usize,
    classes: usize,
    scores: usize,
    values: bool,
    features: &'a str,
    app: &'a str,
    feed: Option<Feed>,
    stride: usize,
}

impl Firmware {
    /// The deployment.
    pub fn deploy(&self) -> &Deploy {
        &self.spec.deploys[self.deploy]
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.spec.models[self.deploy().model]
    }

    /// `wristband on nucleo_l4r5zi`, for titles.
    pub fn title(&self) -> String {
        format!("{} on {}", self.deploy().name, self.board.name)
    }

    /// The application function, if there is one.
    pub fn app(&self) -> Option<&Function> {
        self.deploy().app.map(|index| &self.spec.functions[index])
    }

    /// The user's functions that are in this firmware, in the order of the spec.
    pub fn functions(&self) -> Vec<&Function> {
        let mut used: Vec<usize> = self.deploy().app.into_iter().collect();
        if let Input::Features(features) = self.model().input {
            used.extend(self.spec.features[features].all_steps().iter().filter_map(|step| match step.call {
                Callee::User(index) => Some(index),
                Callee::Std(_) => None,
            }));
        }
        used.sort_unstable();
        used.dedup();
        used.into_iter().map(|index| &self.spec.functions[index]).collect()
    }

    /// The name of the feature chain, if the model has one.
    pub fn features(&self) -> Option<&str> {
        match self.model().input {
            Input::Features(index) => Some(&self.spec.features[index].name),
            Input::Dataset(_) | Input::Given => None,
        }
    }

    /// The model's feature chain, if it has one.
    fn chain(&self) -> Option<Chain<'_>> {
        let Input::Features(index) = self.model().input else { return None };
        let features = &self.spec.features[index];
        let (functions, input) = (self.spec.functions.as_slice(), features.input.clone());
        Some(Chain { features, functions, library: &self.toolkit.library, input })
    }

    /// How it is fed hop by hop; `None` where it takes a window at once.
    pub fn feed(&self) -> Result<Option<Feed>, Diag> {
        self.chain().map_or(Ok(None), |chain| chain.feed())
    }

    /// Hops from one answer to the next: the stride of the windows, or a whole recording.
    fn stride(&self, feed: Feed) -> usize {
        let chain = self.chain();
        let window = chain.as_ref().and_then(|chain| chain.features.window.as_ref());
        let channels = chain.as_ref().and_then(|chain| chain.input.dims.get(1).copied()).unwrap_or(1);
        let hop = feed.hop / channels.max(1);
        window.map_or(feed.hops, |window| (window.stride + hop / 2) / hop).max(1)
    }

    /// Whether it takes the model's int8 values as they are, straight into the arena.
    pub fn direct(&self) -> bool {
        self.model().input == Input::Given
    }

    /// The functions of an inference in the order of their calls. `layers` are the model's, by their names in C.
    pub fn stages(&self, layers: &[String]) -> Vec<String> {
        let model = &self.model().name;
        if self.direct() {
            return layers.to_vec();
        }
        let mut stages = Vec::new();
        if let Input::Features(index) = self.model().input {
            let call = if matches!(self.feed(), Ok(Some(_))) { "result" } else { "run" };
            stages.push(format!("{}_{call}", self.spec.features[index].name));
        }
        stages.push(format!("{model}_quantize"));
        stages.extend_from_slice(layers);
        stages.push("tml_decide".to_string());
        stages
    }

    /// Our own sources for this board and model, rendered: name and text.
    pub fn sources(&self) -> Result<Vec<(&'static str, String)>, Diag> {
        let model = self.model();
        let feed = self.feed()?;
        let main = MainContext {
            direct: self.direct(),
            input: feed.map_or(self.spec.sample(model).len(), |feed| feed.hop),
            model: &model.name,
            length: model.shape.len(),
            classes: model.outputs,
            scores: model.task.scores(model.outputs),
            values: model.task == Task::Regress,
            features: self.features().unwrap_or_default(),
            app: self.app().map(|app| app.name.as_str()).unwrap_or_default(),
            feed,
            stride: feed.map_or(1, |feed| self.stride(feed)),
        };
        let board = BoardContext { board: &self.board };
        let library = &self.toolkit.library;
        Ok(vec![
            ("startup.c", library.render("hal/startup.c.j2", &board)?),
            ("main.c", library.render("hal/main.c.j2", &main)?),
            ("hal.c", library.render("hal/hal.c.j2", &board)?),
            ("mem.c", self.toolkit.text("hal/mem.c")),
        ])
    }

    /// The linker script.
    pub fn script(&self) -> Result<String, Diag> {
        self.toolkit.library.render("link/board.ld.j2", &BoardContext { board: &self.board })
    }
}
