//! `detect = anomaly(normal = [idle])`, and the detectors that aren't trained: `mahalanobis()`, `kmeans(8)`.

use crate::base::{Diag, Kind, Param, Params, Shape};
use crate::lang::ast::{Call, Value};

use super::fields::{self, Fields};
use super::model::{Fit, Layer, Task};
use super::scope::{Context, quoted};
use super::term;

/// Values that a covariance is taken of, at most: its weights are their square.
const MOST_VALUES: usize = 512;

/// Arguments of `anomaly`.
pub(super) fn anomaly_schema() -> Params {
    vec![Param::required("normal", Kind::Names, "the classes that are learnt; rows of all others are anomalies")]
}

/// Arguments of `kmeans`.
pub(super) fn kmeans_schema() -> Params {
    vec![Param::required("clusters", Kind::Int(1, 256), "how many means the normal rows are gathered around")]
}

/// What the model is for: a detection where it says so, a regression where its data set has targets.
pub(super) fn task(fields: &Fields, dataset: Option<usize>, cx: &mut Context) -> Option<Task> {
    let value = fields.free("detect");
    let dataset = &cx.spec.datasets[dataset?];
    let (name, classes, regress) = (dataset.name.clone(), dataset.classes.clone(), !dataset.targets.is_empty());
    let Some(value) = value.filter(|_| fields.given("detect")) else {
        return Some(if regress { Task::Regress } else { Task::Classify });
    };
    let help =
        classes.first().map_or("anomaly(normal = [idle])".into(), |class| format!("anomaly(normal = [{class}])"));
    let call = match &value {
        Value::Call(call) if call.path.text() == "anomaly" => call,
        other => {
            let diag = Diag::error("tml::kind", format!("`detect` can't be {}", term::found(other)));
            cx.report(diag.at(&other.span(), "only anomalies are detected").help(format!("write `detect = {help}`")));
            return None;
        }
    };
    let args = fields::call(&anomaly_schema(), call, cx);
    let names = args.names("normal");
    args.finish();
    if regress {
        let diag = Diag::error("tml::block", format!("`{name}` has targets, so nothing says what is normal"));
        cx.report(diag.at(&call.span, "detects among classes").help("give the data set `classes` instead of `target`"));
        return None;
    }
    let mut normal = Vec::new();
    for (word, span) in names? {
        match classes.iter().position(|class| *class == word) {
            Some(class) if !normal.contains(&class) => normal.push(class),
            Some(_) => {}
            None => {
                let diag = Diag::error("tml::class", format!("there is no class called `{word}`"));
                cx.report(
                    diag.at(&span, format!("not a class of `{name}`"))
                        .help(format!("classes are {}", quoted(&classes))),
                );
                return None;
            }
        }
    }
    if normal.is_empty() {
        let diag = Diag::error("tml::class", "no class is normal, so nothing can be learnt");
        cx.report(diag.at(&call.span, "an empty list").help(format!("write `detect = {help}`")));
        return None;
    }
    normal.sort_unstable();
    Some(Task::Detect { normal, fit: Fit::Trained })
}

/// Whether a line of a model is a detector that isn't trained.
pub(super) fn is_one(call: &Call) -> bool {
    matches!(call.path.text().as_str(), "mahalanobis" | "kmeans")
}

/// The layers that such a detector is made of; both give their input again, as an autoencoder does.
pub(super) fn layers(call: &Call, input: &Shape, task: Task, cx: &mut Context) -> Option<(Task, Vec<Layer>)> {
    let word = call.path.text();
    let schema = if word == "kmeans" { kmeans_schema() } else { Params::new() };
    let fields = fields::call(&schema, call, cx);
    let clusters = (word == "kmeans").then(|| fields.int("clusters"));
    fields.finish();
    let Task::Detect { normal, .. } = task else {
        let diag = Diag::error("tml::layer", format!("`{word}` detects anomalies, but the model is {}", task.word()));
        cx.report(diag.at(&call.span, "of what?").help("add `detect = anomaly(normal = [idle])` to the model"));
        return None;
    };
    let width = input.len();
    if word == "mahalanobis" && width > MOST_VALUES {
        let diag = Diag::error("tml::layer", format!("`mahalanobis` takes at most {MOST_VALUES} values, not {input}"));
        cx.report(diag.at(&call.span, "too many").help("compute fewer features, or use `kmeans(8)` or an autoencoder"));
        return None;
    }
    let layer = |op: &str, units: Option<usize>, input: &Shape, cx: &Context| {
        let params = cx.vocabulary.layer(op)?.params;
        let value = |param: &Param| match units {
            Some(units) if param.name == "units" => units.to_string(),
            _ => param.default.clone().unwrap_or_default(),
        };
        let args = params.iter().map(|param| (param.name.clone(), value(param))).collect();
        let output = units.map_or(input.clone(), |units| Shape::f32(&[units]));
        Some(Layer { op: op.into(), args, input: input.clone(), output, span: call.span.clone() })
    };
    match clusters {
        None => {
            let layers = vec![layer("dense", Some(width), input, cx)?];
            Some((Task::Detect { normal, fit: Fit::Mahalanobis }, layers))
        }
        Some(clusters) => {
            let clusters = clusters? as usize;
            let inner = Shape::f32(&[clusters]);
            let layers = vec![
                layer("dense", Some(clusters), input, cx)?,
                layer("softmax", None, &inner, cx)?,
                layer("dense", Some(width), &inner, cx)?,
            ];
            Some((Task::Detect { normal, fit: Fit::Means(clusters) }, layers))
        }
    }
}
