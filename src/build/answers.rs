//! What a deployment answered over the test part, gathered from its steps and handed to the metrics.

use super::measure::{array, json, odd};
use crate::base::Diags;
use crate::engine::Outcome;
use crate::plan::decided;
use crate::report::measure::{Detection, Measured, Scores};
use crate::report::{Confusion, metrics};
use crate::spec::Spec;
use crate::spec::model::{Deploy, Model, Task};
use crate::stages::decide::Rule;

/// Answers of one network over the test rows.
struct Answers {
    labels: Vec<usize>,
    scores: Vec<f32>,
}

/// Answers of the compiled C on this machine, of the float network, and the truth.
struct Judged {
    rule: Rule,
    int8: Answers,
    float: Option<Answers>,
    recording: Vec<i32>,
}

/// The part of a deployment's measurements that its answers over the test part decide. `place` is `DEPLOY@BOARD`.
pub(super) fn measured(spec: &Spec, outcome: &Outcome<'_>, deploy: &Deploy, place: &str) -> Result<Measured, Diags> {
    let model = &spec.models[deploy.model];
    let decide = decided(&deploy.name);
    let rule: Rule = json(outcome, &decide, "decide.json")?;
    let recording = array(outcome, &decide, "recording.npy")?;
    let read = |step: &str, labels: &str, scores: &str| -> Result<Answers, Diags> {
        let (label, score) = (array(outcome, step, labels)?, array(outcome, step, scores)?);
        let (Some(label), Some(score)) = (label.as_u8(), score.as_f32()) else { return Err(odd(labels).into()) };
        Ok(Answers { labels: label.iter().map(|label| usize::from(*label)).collect(), scores: score.to_vec() })
    };
    let float = model.import.as_ref().is_none_or(|import| import.float);
    let judged = Judged {
        int8: read(&format!("host:{place}"), "answers.npy", "scores.npy")?,
        float: float.then(|| read(&decide, "float_answers.npy", "float_scores.npy")).transpose()?,
        recording: recording.as_i32().ok_or_else(|| odd("recording.npy"))?.to_vec(),
        rule,
    };
    let truth = array(outcome, &decide, "truth.npy")?;
    let wrong = || odd("truth.npy");
    Ok(match &model.task {
        Task::Regress => targets(spec, model, &judged, truth.as_f32().ok_or_else(wrong)?),
        Task::Classify | Task::Detect { .. } => classes(spec, model, &judged, truth.as_i32().ok_or_else(wrong)?),
    })
}

fn targets(spec: &Spec, model: &Model, judged: &Judged, truth: &[f32]) -> Measured {
    let names = spec.datasets[model.dataset].target_names();
    let width = names.len();
    let pairs = |values: &[f32], at: usize| -> Vec<(f64, f64)> {
        let rows = truth.chunks_exact(width).zip(values.chunks_exact(width));
        rows.map(|(truth, value)| (f64::from(truth[at]), f64::from(value[at]))).collect()
    };
    let one = |(at, name): (usize, &String)| {
        let float = judged.float.as_ref().map(|float| pairs(&float.scores, at));
        metrics::target(name, &pairs(&judged.int8.scores, at), float.as_deref())
    };
    Measured { targets: Some(names.iter().enumerate().map(one).collect()), ..Measured::default() }
}

fn classes(spec: &Spec, model: &Model, judged: &Judged, rows: &[i32]) -> Measured {
    let count = spec.answers(model).len();
    let truth: Vec<usize> = rows.iter().map(|class| answer(&model.task, *class as usize)).collect();
    let confusion = |answers: &Answers| metrics::confusion(&answers.labels, &truth, count);
    let detect = matches!(model.task, Task::Detect { .. });
    let auc = |answers: &Answers| {
        if detect {
            let scores: Vec<f32> = answers.scores.iter().flat_map(|score| [0.0, *score]).collect();
            metrics::one_against_rest(&scores, &truth, count)
        } else {
            metrics::one_against_rest(&answers.scores, &truth, count)
        }
    };
    let float = judged.float.as_ref().map(confusion);
    let float = float.as_deref().map(Confusion);
    Measured {
        confusion: Some(confusion(&judged.int8)),
        float_accuracy: float.and_then(|float| float.accuracy()),
        float_f1: float.and_then(|float| if detect { float.f1(1) } else { float.macro_f1() }),
        auc: Some(auc(&judged.int8)),
        float_auc: judged.float.as_ref().and_then(|float| auc(float).mean),
        alarms: hours(spec, model, rows.len())
            .map(|hours| metrics::alarms(&judged.int8.labels, &truth, &judged.recording, count, hours)),
        detection: detection(spec, model, judged, rows),
        ..Measured::default()
    }
}

/// The answer that is right for a row of this class.
fn answer(task: &Task, class: usize) -> usize {
    match task {
        Task::Detect { normal, .. } => usize::from(!normal.contains(&class)),
        Task::Classify | Task::Regress => class,
    }
}

/// Length of so many windows of a stream: each stands for one stride.
fn hours(spec: &Spec, model: &Model, windows: usize) -> Option<f64> {
    let (window, rate) = (spec.windows(model)?, spec.datasets[model.dataset].rate?);
    Some((windows * window.stride) as f64 / rate.to_f64() / 3600.0)
}

fn detection(spec: &Spec, model: &Model, judged: &Judged, rows: &[i32]) -> Option<Detection> {
    let Task::Detect { normal, .. } = &model.task else { return None };
    let names = &spec.datasets[model.dataset].classes;
    let of = |(class, name): (usize, &String)| {
        let mine: Vec<usize> = (0..rows.len()).filter(|row| rows[*row] as usize == class).collect();
        let scores = mine.iter().map(|row| f64::from(judged.int8.scores[*row])).collect();
        Scores {
            class: name.clone(),
            normal: normal.contains(&class),
            rows: mine.len() as u64,
            anomalies: mine.iter().filter(|row| judged.int8.labels[**row] == 1).count() as u64,
            quantiles: metrics::quantiles(scores, &[0.0, 0.5, 0.9, 1.0]),
        }
    };
    let classes = names.iter().enumerate().map(of).filter(|scores| scores.rows > 0).collect();
    let threshold = f64::from(judged.rule.threshold.unwrap_or(f32::MAX));
    Some(Detection { threshold, chosen: judged.rule.chosen.clone(), classes })
}
