//! Decide: thresholds from the validation part, the C that ships, and the decisions over the test part.

use std::sync::Arc;

use serde::Serialize;

use super::bound;
use super::decider::{Answers, Decider, Decision, Kind, Rule};
use crate::base::npy::Array;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::net::{QNet, artifact};
use crate::spec::Spec;
use crate::spec::model::{Deploy, Model, Smooth, Task, Threshold};
use crate::stages::arrays::{TEST, array, bytes, of_part, row, rows, signed};
use crate::stages::toolkit::{Toolkit, text_fact};
use crate::stages::tune::read_qnet;

/// The part that thresholds are taken from.
const VALIDATION: u8 = 1;

/// The step `decide:DEPLOY`. Inputs: `x.npy` (features), `y.npy`, `part.npy`, `recording.npy` where streams are cut,
/// `qnet.json`, `qweights.npy`, `qbias.npy`, `levels.json`, `expected.npy`; `net.json` and `weights.npy` where there is a float network.
/// Makes `decide.json`, `decide.c`, and over the test rows `truth.npy`, `recording.npy` `i32[rows]`, `answers.npy` `u8[rows]`,
/// `scores.npy` f32[rows, scores] (with the float network also `float_answers.npy` and `float_scores.npy`).
pub struct Decide {
    /// The spec.
    pub spec: Arc<Spec>,
    /// Index of the deployment.
    pub deploy: usize,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

#[derive(Serialize)]
struct Context<'a> {
    model: &'a str,
    rule: &'a Rule,
    scores: usize,
    threshold: Option<f32>,
    chosen: &'a str,
}

/// Rows of a job with what decisions need of them.
struct Table {
    x: Vec<f32>,
    width: usize,
    part: Vec<u8>,
    recording: Vec<i32>,
}

/// What a network gives for some rows, row behind row.
enum Given {
    Int8(Vec<i8>),
    Float(Vec<f32>),
}

impl Stage for Decide {
    fn title(&self) -> String {
        format!("decide {}", self.block().name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("model", &self.model().name);
        out.text("task", &format!("{:?}", self.model().task));
        out.text("decide", &format!("{:?}", self.block().decide));
        text_fact(out, "decide.c", &self.toolkit.text("hal/decide.c.j2"));
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let table = table(job)?;
        let net = read_qnet(job)?;
        let classes = self.classes(job)?;
        let test = of_part(&table.part, TEST);
        let valid = of_part(&table.part, VALIDATION);
        let mut rule = self.rule(&net, &table, &valid, &classes, |rows| Given::Int8(net.run(&table.inputs(rows))))?;
        rule.levels =
            serde_json::from_slice(job.input("levels.json")).map_err(|error| bug(&format!("levels.json: {error}")))?;
        let decided = decide(&rule, &Given::Int8(signed(job, "expected.npy")?.0), &table, &test);
        let mut outputs = written(&decided, rule.scores(), "");
        if job.inputs().any(|name| name == "net.json") {
            let float = artifact::read_net(job.input("net.json"), job.input("weights.npy")).map_err(|why| bug(&why))?;
            let run = |rows: &[usize]| Given::Float(float.forward(&table.inputs(rows)));
            let rule = self.rule(&net, &table, &valid, &classes, run)?;
            outputs.extend(written(&decide(&rule, &run(&test), &table, &test), rule.scores(), "float_"));
        }
        outputs.insert("truth.npy".into(), truth(job, &test)?);
        let recording: Vec<i32> = test.iter().map(|at| table.recording[*at]).collect();
        outputs.insert("recording.npy".into(), Array::i32(&[recording.len()], recording).to_bytes());
        outputs.insert("decide.c".into(), self.code(&rule)?.into_bytes());
        outputs.insert("decide.json".into(), crate::stages::json(&rule));
        Ok(outputs)
    }
}

impl Decide {
    fn block(&self) -> &Deploy {
        &self.spec.deploys[self.deploy]
    }

    fn model(&self) -> &Model {
        &self.spec.models[self.block().model]
    }

    fn code(&self, rule: &Rule) -> Result<String, Diag> {
        let (scores, threshold, chosen) = (rule.scores(), rule.threshold, rule.chosen.as_str());
        let context = Context { model: &self.model().name, rule, scores, threshold, chosen };
        self.toolkit.library.render("hal/decide.c.j2", &context)
    }

    /// The class of each row; empty for a regression.
    fn classes(&self, job: &Job) -> Result<Vec<i32>, Diag> {
        if self.model().task == Task::Regress {
            return Ok(Vec::new());
        }
        Ok(array(job, "y.npy")?.as_i32().ok_or_else(|| bug("y.npy has no classes"))?.to_vec())
    }

    /// The rule for a network whose outputs `run` gives.
    fn rule(
        &self,
        net: &QNet,
        table: &Table,
        valid: &[usize],
        classes: &[i32],
        run: impl Fn(&[usize]) -> Given,
    ) -> Result<Rule, Diag> {
        let mut rule = self.undecided(net);
        if let Threshold::Score(score) = self.block().decide.threshold {
            (rule.threshold, rule.chosen) = (Some(score.to_f64() as f32), "given".into());
        } else if let Task::Detect { normal, .. } = &self.model().task {
            let decided = self::decide(&rule, &run(valid), table, valid);
            let anomaly = |at: &usize| normal.iter().all(|class| classes[*at] != *class as i32);
            let scored: Vec<(f32, bool)> =
                decided.iter().zip(valid).map(|(decision, at)| (decision.scores[0], anomaly(at))).collect();
            let (threshold, chosen) = self.divide(&scored)?;
            (rule.threshold, rule.chosen) = (Some(threshold), chosen);
        }
        Ok(rule)
    }

    /// The C for a network that nothing has been decided about: what it costs doesn't hang on the threshold's value.
    pub(in crate::stages) fn sketch(&self, net: &QNet) -> Result<String, Diag> {
        let mut rule = self.undecided(net);
        let bounded = matches!(self.model().task, Task::Detect { .. });
        rule.threshold = (bounded || matches!(self.block().decide.threshold, Threshold::Score(_))).then_some(1.0);
        self.code(&rule)
    }

    /// The rule without its threshold.
    fn undecided(&self, net: &QNet) -> Rule {
        let (model, decide) = (self.model(), &self.block().decide);
        let (quant, outputs) = (net.output_quant(), net.output().len());
        let (mean, vote) = match decide.smooth {
            Smooth::None => (1, 1),
            Smooth::Mean(windows) => (windows, 1),
            Smooth::Vote(windows) => (1, windows),
        };
        Rule {
            kind: match model.task {
                Task::Classify => Kind::Class,
                Task::Regress => Kind::Value,
                Task::Detect { .. } => Kind::Anomaly,
            },
            outputs,
            scale: quant.scale,
            zero_point: quant.zero_point,
            threshold: None,
            chosen: String::new(),
            mean,
            vote,
            unknown: decide.unknown.unwrap_or(outputs).min(255) as u8,
            levels: Vec::new(),
        }
    }

    /// The bound of a detection, and where it comes from.
    fn divide(&self, scored: &[(f32, bool)]) -> Result<(f32, String), Diag> {
        let (share, chosen) = match self.block().decide.threshold {
            Threshold::Quantile(ppm) => (
                Some(f64::from(ppm) / 1e6),
                format!("{}% of the normal validation rows are below", f64::from(ppm) / 1e4),
            ),
            Threshold::Auto | Threshold::Score(_) => {
                if let Some(bound) = bound::best(scored) {
                    return Ok((bound, "best F1 over the validation part".into()));
                }
                (None, "99.5% of the normal validation rows are below".into())
            }
        };
        bound::quantile(scored, share).map(|bound| (bound, chosen)).ok_or_else(|| {
            Diag::error(
                "tml::split",
                format!("`{}` has no normal validation row to take a threshold from", self.model().name),
            )
            .at(&self.model().span, "this detection")
            .help("give the validation part rows, or write the threshold: `decide { threshold = 0.5 }`")
        })
    }
}

fn table(job: &Job) -> Result<Table, Diag> {
    let (x, width) = rows(job, "x.npy")?;
    let part = bytes(job, "part.npy")?;
    let recording = if job.inputs().any(|name| name == "recording.npy") {
        crate::stages::arrays::integers(job, "recording.npy")?
    } else {
        (0..part.len() as i32).collect()
    };
    Ok(Table { x, width, part, recording })
}

impl Table {
    /// What the model is given for these rows, one behind the other.
    fn inputs(&self, rows: &[usize]) -> Vec<f32> {
        rows.iter().flat_map(|at| row(&self.x, self.width, *at)).copied().collect()
    }
}

/// Decisions over `rows`, which are in time order within each recording.
fn decide(rule: &Rule, given: &Given, table: &Table, rows: &[usize]) -> Vec<Decision> {
    let mut decider = Decider::new(rule);
    let mut decided = Vec::with_capacity(rows.len());
    for (index, at) in rows.iter().enumerate() {
        if index > 0 && table.recording[*at] != table.recording[rows[index - 1]] {
            decider = Decider::new(rule);
        }
        let place = index * rule.outputs..(index + 1) * rule.outputs;
        let output = match given {
            Given::Int8(values) => Answers::Int8(&values[place]),
            Given::Float(values) => Answers::Float(&values[place]),
        };
        decided.push(decider.push(output, row(&table.x, table.width, *at)));
    }
    decided
}

fn written(decided: &[Decision], scores: usize, prefix: &str) -> Outputs {
    let labels = decided.iter().map(|decision| decision.label).collect();
    let all: Vec<f32> = decided.iter().flat_map(|decision| decision.scores.iter().copied()).collect();
    Outputs::from([
        (format!("{prefix}answers.npy"), Array::u8(&[decided.len()], labels).to_bytes()),
        (format!("{prefix}scores.npy"), Array::f32(&[decided.len(), scores], all).to_bytes()),
    ])
}

/// The truth of the test rows: `i32[rows]` classes, or `f32[rows, targets]`.
fn truth(job: &Job, test: &[usize]) -> Result<Vec<u8>, Diag> {
    let y = array(job, "y.npy")?;
    if let Some(classes) = y.as_i32() {
        let classes = test.iter().map(|at| classes[*at]).collect();
        return Ok(Array::i32(&[test.len()], classes).to_bytes());
    }
    let values = y.as_f32().ok_or_else(|| bug("y.npy has neither classes nor targets"))?;
    let targets: usize = y.dims.iter().skip(1).product();
    let chosen: Vec<f32> = test.iter().flat_map(|at| row(values, targets, *at)).copied().collect();
    Ok(Array::f32(&[test.len(), targets], chosen).to_bytes())
}

fn bug(why: &str) -> Diag {
    Diag::error("tml::bug", format!("bug: {why}"))
}
