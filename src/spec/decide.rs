//! `decide { threshold = 70%, smooth = mean(3), unknown = idle }`: from a model's outputs to the answer on the board.

use crate::base::{Decimal, Diag, Dimension, Kind, Param, Params};
use crate::lang::ast::{Block, Value};

use super::fields::{self, Fields};
use super::model::{Decide, Model, Smooth, Task, Threshold};
use super::scope::{Context, quoted};
use super::term;

/// Windows that are smoothed over, at most: each costs RAM.
const MOST_WINDOWS: i128 = 64;

/// Fields of `decide`.
pub(super) fn schema() -> Params {
    vec![
        Param::optional(
            "threshold",
            Kind::Free,
            "auto",
            "a classification's least score (`70%`); a detection's bound: `auto`, a share of normal rows (`99%`) or a score",
        ),
        Param::optional("smooth", Kind::Free, "none", "over windows of one recording: `none`, `mean(3)` or `vote(3)`"),
        Param::optional(
            "unknown",
            Kind::Text,
            "",
            "the class that is answered below the threshold; else none of them is",
        ),
    ]
}

/// Arguments of `mean` and `vote`.
pub(super) fn smooth_schema() -> Params {
    vec![Param::required("windows", Kind::Int(2, MOST_WINDOWS), "how many windows, this one included")]
}

/// Resolves the block for `model`; `stream` tells whether it answers windows that follow each other.
pub(super) fn resolve(block: &Block, model: &Model, stream: bool, cx: &mut Context) -> Decide {
    let fields = fields::block(&schema(), block, cx);
    let threshold = threshold(&fields, model, cx);
    let smooth = smooth(&fields, stream, cx);
    let unknown = unknown(&fields, model, threshold, cx);
    fields.finish();
    Decide { threshold, smooth, unknown }
}

fn threshold(fields: &Fields, model: &Model, cx: &mut Context) -> Threshold {
    let (value, span) = (fields.free("threshold"), fields.span("threshold"));
    let Some(value) = value.filter(|_| fields.given("threshold")) else { return Threshold::Auto };
    let wrong = |what: String, help: &str| {
        let diag = Diag::error("tml::kind", format!("`threshold` of {} takes {what}", model.task.word()));
        diag.at(&span, format!("{} is given", term::found(&value))).help(format!("write `threshold = {help}`"))
    };
    let percent = match &value {
        Value::Number(number) if number.unit.is_some() => match term::measured("threshold", Dimension::Ratio, number) {
            Ok(share) if (1..1_000_000).contains(&share.base) => Some(share.base),
            Ok(_) => {
                cx.report(wrong("a share between 0% and 100%".into(), "70%"));
                return Threshold::Auto;
            }
            Err(diag) => {
                cx.report(diag);
                return Threshold::Auto;
            }
        },
        _ => None,
    };
    match (&model.task, &value, percent) {
        (Task::Regress, ..) => {
            let title = "a regression has no threshold";
            cx.report(Diag::error("tml::field", title).at(&span, "its outputs are numbers").help("leave it out"));
        }
        (Task::Classify, _, Some(share)) => {
            cx.report(not_shares(model).map(|diag| diag.at(&span, "a share of what?")));
            return Threshold::Score(Decimal::new(share, -6));
        }
        (Task::Classify, ..) => cx.report(wrong("a share".into(), "70%")),
        (Task::Detect { .. }, _, Some(share)) => return Threshold::Quantile(share as u32),
        (Task::Detect { .. }, Value::Number(number), None) if number.value.to_f64() > 0.0 => {
            return Threshold::Score(number.value);
        }
        (Task::Detect { .. }, value, None) if term::bare(value) == Some("auto") => {}
        (Task::Detect { .. }, ..) => {
            cx.report(wrong("`auto`, a share of normal rows, or a score above zero".into(), "auto"));
        }
    }
    Threshold::Auto
}

/// A threshold in per cent needs scores from 0 to 1. What an imported model gives isn't known here.
fn not_shares(model: &Model) -> Option<Diag> {
    let last = model.layers.last()?;
    let sigmoid = last.args.iter().any(|(name, value)| name == "activation" && value == "sigmoid");
    if matches!(last.op.as_str(), "softmax" | "sigmoid") || sigmoid {
        return None;
    }
    let title = format!("the scores of `{}` are no shares: it ends in `{}`", model.name, last.op);
    Some(Diag::error("tml::shape", title).at(&last.span, "gives any number").help("add `softmax()` below it"))
}

fn smooth(fields: &Fields, stream: bool, cx: &mut Context) -> Smooth {
    let (value, span) = (fields.free("smooth"), fields.span("smooth"));
    let Some(value) = value.filter(|_| fields.given("smooth")) else { return Smooth::None };
    if term::bare(&value) == Some("none") {
        return Smooth::None;
    }
    let known = match &value {
        Value::Call(call) if matches!(call.path.text().as_str(), "mean" | "vote") => call,
        other => {
            let diag = Diag::error("tml::kind", format!("`smooth` can't be {}", term::found(other)));
            cx.report(diag.at(&span, "not a way to smooth").help("write `mean(3)`, `vote(3)` or `none`"));
            return Smooth::None;
        }
    };
    let args = fields::call(&smooth_schema(), known, cx);
    let windows = args.int("windows").unwrap_or(1) as usize;
    args.finish();
    if !stream {
        let diag = Diag::error("tml::field", "there is nothing to smooth over: no row follows another");
        cx.report(
            diag.at(&span, "smooths over windows of a stream")
                .help("cut a stream in `features` with `window(1 s, stride = 250 ms)`, or leave `smooth` out"),
        );
    }
    if known.path.text() == "mean" { Smooth::Mean(windows) } else { Smooth::Vote(windows) }
}

fn unknown(fields: &Fields, model: &Model, threshold: Threshold, cx: &mut Context) -> Option<usize> {
    let (name, span) = (fields.text("unknown").filter(|name| !name.is_empty())?, fields.span("unknown"));
    let classes = cx.spec.answers(model);
    if model.task != Task::Classify || threshold == Threshold::Auto {
        let title = "nothing is unknown without a threshold of a classification";
        cx.report(
            Diag::error("tml::field", title)
                .at(&span, "never answered")
                .help(format!("write `threshold = 70%` beside it: below it, `{name}` is answered")),
        );
        return None;
    }
    let found = classes.iter().position(|class| *class == name);
    if found.is_none() {
        let diag = Diag::error("tml::class", format!("there is no class called `{name}`"));
        cx.report(
            diag.at(&span, "not among `classes`").help(format!(
                "classes are {}; or leave `unknown` out: then none of them is answered",
                quoted(&classes)
            )),
        );
    }
    found
}
