//! Fit: normal rows to the weights of a detector, at once and without training.

use super::rows::{Rows, TRAINING};
use super::train;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::net::{Net, artifact, closed};
use crate::spec::model::{self, Model, Task};

/// The step `train:MODEL` of a detector that isn't trained. Inputs: `x.npy`, `y.npy`, `part.npy`. Makes what training makes:
/// `net.json`, `weights.npy`, `summary.json`.
pub struct Fit(pub Model);

impl Fit {
    /// Whether `model` is fitted so.
    pub fn fits(model: &Model) -> bool {
        matches!(model.task, Task::Detect { fit: model::Fit::Mahalanobis | model::Fit::Means(_), .. })
    }

    fn fitted(&self, net: &Net, rows: &[f32]) -> Result<Net, String> {
        match self.0.task {
            Task::Detect { fit: model::Fit::Mahalanobis, .. } => closed::mahalanobis(net, rows),
            Task::Detect { fit: model::Fit::Means(clusters), .. } => {
                closed::means(net, rows, clusters, self.0.train.seed)
            }
            Task::Detect { .. } | Task::Classify | Task::Regress => Err("bug: it is to be trained".into()),
        }
    }
}

impl Stage for Fit {
    fn title(&self) -> String {
        format!("fit {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("input", &self.0.shape.to_string());
        out.text("task", &format!("{:?}", self.0.task));
        out.text("seed", &self.0.train.seed.to_string());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let failed = |why: String| {
            Diag::error("tml::train", format!("`{}` can't be fitted: {why}", self.0.name))
                .at(&self.0.span, "this model")
        };
        let rows = Rows::read(job, &self.0.task)?;
        let layers: Vec<_> = self.0.layers.iter().map(|layer| (layer.op.clone(), layer.args.clone())).collect();
        let net = Net::build(&self.0.shape, &layers).map_err(failed)?;
        let net = self.fitted(&net, &rows.inputs(&rows.judged(TRAINING))).map_err(failed)?;
        let (structure, weights) = artifact::write_net(&net);
        Ok(Outputs::from([
            ("net.json".to_string(), structure),
            ("weights.npy".to_string(), weights),
            ("summary.json".to_string(), super::json(&train::judge(&net, &rows))),
        ]))
    }
}
