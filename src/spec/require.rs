//! `require { … }`: what can be measured, in what unit, and which way a limit makes sense.

use crate::base::suggest::nearest;
use crate::base::{Diag, Dimension};
use crate::lang::ast::{Arg, Block, Member, RelOp, Relation, Value};

use super::model::{Bound, Limit, Metric, Requirement, Task};
use super::scope::{Context, quoted};
use super::term;

/// What a metric may be of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OfClass {
    /// Never: `accuracy`.
    No,
    /// It may: `f1`, `f1(fall)`.
    Maybe,
    /// Always: `recall(fall)`; of a detection it is the anomaly.
    Yes,
    /// It may be of a target: `mae`, `mae(temperature)`.
    Target,
}

/// Of which tasks a metric is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fits {
    /// Of all: `flash`.
    Any,
    /// Of classifications and detections.
    Answers,
    /// Of the same, over streams that are cut into windows.
    Alarms,
    /// Of regressions.
    Values,
}

/// One word that `require` knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measure {
    /// The word.
    pub word: &'static str,
    /// Whether it takes a class or a target.
    pub class: OfClass,
    /// What its limit is; `None`: a plain number.
    pub dimension: Option<Dimension>,
    /// Which way a limit makes sense.
    pub bound: Bound,
    /// Of which tasks it is.
    pub fits: Fits,
    /// What it means.
    pub doc: &'static str,
}

const fn answers(word: &'static str, class: OfClass, doc: &'static str) -> Measure {
    let dimension = Some(Dimension::Ratio);
    Measure { word, class, dimension, bound: Bound::AtLeast, fits: Fits::Answers, doc }
}

const fn values(word: &'static str, bound: Bound, doc: &'static str) -> Measure {
    Measure { word, class: OfClass::Target, dimension: None, bound, fits: Fits::Values, doc }
}

const fn cost(word: &'static str, dimension: Dimension, doc: &'static str) -> Measure {
    let dimension = Some(dimension);
    Measure { word, class: OfClass::No, dimension, bound: Bound::AtMost, fits: Fits::Any, doc }
}

/// Every metric. A new one: a row here, a variant of `Metric`; exhaustive matches point at the rest.
pub const MEASURES: &[Measure] = &[
    answers("accuracy", OfClass::No, "share of test rows whose class is right"),
    answers("recall", OfClass::Yes, "share of a class's test rows that are found"),
    answers("precision", OfClass::Yes, "share of a class's answers that are right"),
    answers("f1", OfClass::Maybe, "F1 of a class, or the mean over all classes; of a detection, F1 of the anomaly"),
    answers("auc", OfClass::Maybe, "area under the ROC curve, of a class against the rest or the mean over all"),
    Measure {
        word: "false_alarms",
        class: OfClass::Yes,
        dimension: None,
        bound: Bound::AtMost,
        fits: Fits::Alarms,
        doc: "stretches of a stream that are wrongly answered with a class, an hour",
    },
    values("mae", Bound::AtMost, "mean absolute error, in the target's unit"),
    values("rmse", Bound::AtMost, "root of the mean square error, in the target's unit"),
    values("r2", Bound::AtLeast, "share of the target's variance that is explained, at most 1"),
    cost("latency", Dimension::Time, "one inference with its features, simulated"),
    cost("flash", Dimension::Size, "bytes of the image"),
    cost("ram", Dimension::Size, "bytes of data, arena and stack"),
];

/// What is judged.
pub(super) struct Subject {
    /// The model's name.
    pub(super) model: String,
    /// Its task.
    pub(super) task: Task,
    /// Names of its answers.
    pub(super) answers: Vec<String>,
    /// Names of its targets.
    pub(super) targets: Vec<String>,
    /// Whether it answers windows of a stream with a known rate.
    pub(super) stream: bool,
}

/// Resolves the lines of `require`; the subject is `None` when it has errors.
pub(super) fn resolve(block: &Block, subject: Option<&Subject>, cx: &mut Context) -> Vec<Requirement> {
    let mut requirements: Vec<Requirement> = Vec::new();
    for member in &block.members {
        let Member::Relation(relation) = member else { continue };
        match requirement(relation, subject) {
            Ok(None) => {}
            Ok(Some(found)) => match requirements.iter().find(|first| first.metric == found.metric) {
                Some(first) => {
                    let diag = Diag::error("tml::twice", format!("`{}` is required twice", written(relation)));
                    cx.report(
                        diag.at(&first.span, "first here").at(&found.span, "again here").help("keep the stricter one"),
                    );
                }
                None => requirements.push(found),
            },
            Err(diag) => cx.report(diag),
        }
    }
    requirements
}

fn written(relation: &Relation) -> String {
    let args = relation.args.as_ref().map(|args| args.iter().map(|arg| arg.value.span().text().to_string()));
    args.map_or(relation.subject.text(), |args| {
        format!("{}({})", relation.subject.text(), args.collect::<Vec<_>>().join(", "))
    })
}

fn requirement(relation: &Relation, subject: Option<&Subject>) -> Result<Option<Requirement>, Diag> {
    let word = relation.subject.text();
    let Some(measure) = MEASURES.iter().find(|measure| measure.word == word) else {
        return Err(unknown_metric(relation));
    };
    let relation_bound = bound(relation, measure)?;
    let limit = limit(relation, measure)?;
    // A subject with errors has been told of; nothing more is to say about its classes.
    let Some(subject) = subject else { return Ok(None) };
    fits(relation, measure, subject)?;
    let of = of(relation, measure, subject)?;
    // A detection's own answer is the anomaly.
    let one = of.or(matches!(subject.task, Task::Detect { .. }).then_some(1));
    let metric = match (measure.word, one) {
        ("accuracy", _) => Metric::Accuracy,
        ("recall", Some(class)) => Metric::Recall(class),
        ("precision", Some(class)) => Metric::Precision(class),
        ("f1", class) => Metric::F1(class),
        ("auc", _) => Metric::Auc(of),
        ("false_alarms", Some(class)) => Metric::FalseAlarms(class),
        ("mae", _) => Metric::Mae(of),
        ("rmse", _) => Metric::Rmse(of),
        ("r2", _) => Metric::R2(of),
        ("latency", _) => Metric::Latency,
        ("flash", _) => Metric::Flash,
        ("ram", _) => Metric::Ram,
        // Of one class, which `of` has asked for.
        _ => return Ok(None),
    };
    Ok(Some(Requirement { metric, relation: relation_bound, limit, span: relation.span.clone() }))
}

/// A metric of another task, or of a stream where there is none.
fn fits(relation: &Relation, measure: &Measure, subject: &Subject) -> Result<(), Diag> {
    let regress = subject.task == Task::Regress;
    let wrong = match measure.fits {
        Fits::Any => false,
        Fits::Answers | Fits::Alarms => regress,
        Fits::Values => !regress,
    };
    if wrong {
        let mine = |other: &&Measure| match other.fits {
            Fits::Any => false,
            Fits::Answers | Fits::Alarms => !regress,
            Fits::Values => regress,
        };
        let words: Vec<&str> = MEASURES.iter().filter(mine).map(|measure| measure.word).collect();
        let gives = if regress { "numbers, not classes" } else { "classes, not numbers" };
        let title = format!("`{}` can't be measured: `{}` answers with {gives}", measure.word, subject.model);
        let label = format!("the model is {}", subject.task.word());
        let help = format!("measured of {} are {}", subject.task.word(), quoted(&words));
        return Err(Diag::error("tml::metric", title).at(&relation.subject.span, label).help(help));
    }
    if measure.fits == Fits::Alarms && !subject.stream {
        let title = format!("`{}` is by the hour, but `{}` answers no stream", measure.word, subject.model);
        let help = "cut a stream in `features` with `window(1 s, stride = 250 ms)`, and give its data set a `rate`";
        return Err(Diag::error("tml::metric", title).at(&relation.subject.span, "of which hours?").help(help));
    }
    Ok(())
}

fn unknown_metric(relation: &Relation) -> Diag {
    let word = relation.subject.text();
    let words: Vec<&str> = MEASURES.iter().map(|measure| measure.word).collect();
    let diag = Diag::error("tml::metric", format!("nothing called `{word}` is measured"));
    let label = nearest(&word, words.iter().copied())
        .map_or("not known here".to_string(), |meant| format!("did you mean `{meant}`?"));
    diag.at(&relation.subject.span, label).help(format!("measured are {}", quoted(&words)))
}

fn bound(relation: &Relation, measure: &Measure) -> Result<Bound, Diag> {
    let sensible = if measure.bound == Bound::AtLeast { ">=" } else { "<=" };
    let found = match relation.op {
        RelOp::AtLeast => Bound::AtLeast,
        RelOp::AtMost => Bound::AtMost,
        other => {
            let written = written(relation);
            return Err(Diag::error(
                "tml::relation",
                format!("`{written}` is limited with `{sensible}`, not with `{}`", other.text()),
            )
            .at(&relation.span, "a limit is `>=` or `<=`")
            .help(format!("write `{written} {sensible} {}`", relation.value.span().text())));
        }
    };
    if found == measure.bound {
        return Ok(found);
    }
    let written = written(relation);
    let better = if measure.bound == Bound::AtLeast { "more" } else { "less" };
    Err(Diag::error("tml::relation", format!("`{written} {}` asks for the worse side", relation.op.text()))
        .at(&relation.span, format!("{better} is better here"))
        .help(format!("write `{written} {sensible} {}`", relation.value.span().text())))
}

fn limit(relation: &Relation, measure: &Measure) -> Result<Limit, Diag> {
    let word = measure.dimension.map_or("number", Dimension::word);
    let Value::Number(number) = &relation.value else {
        return Err(Diag::error(
            "tml::kind",
            format!("`{}` takes a {word}, but {} is given", measure.word, term::found(&relation.value)),
        )
        .at(&relation.value.span(), format!("a {word} is needed")));
    };
    let percent = number.unit.as_ref().is_some_and(|unit| unit.text == "%");
    let limit = match measure.dimension {
        Some(dimension) => Limit::Of(term::measured(measure.word, dimension, number)?),
        // R² is a share that is mostly written as a number.
        None if measure.word == "r2" && percent => Limit::Of(term::measured(measure.word, Dimension::Ratio, number)?),
        None => match &number.unit {
            None => Limit::Number(number.value),
            Some(unit) => {
                let (shown, per) = (term::show(number), if measure.fits == Fits::Alarms { " an hour" } else { "" });
                let title = format!("`{}` is a plain number{per}, but `{shown}` has a unit", measure.word);
                let diag = Diag::error("tml::unit", title).at(&unit.span, "no unit here");
                return Err(diag.help(format!("write `{}`", number.value)));
            }
        },
    };
    let most = measure.bound == Bound::AtLeast && (measure.dimension == Some(Dimension::Ratio) || measure.word == "r2");
    if most && limit.to_f64() > 1.0 {
        let all = if limit.dimension().is_some() { "100%" } else { "1" };
        return Err(Diag::error("tml::bounds", format!("`{}` can't reach {}", written(relation), term::show(number)))
            .at(&number.span, format!("more than {all}"))
            .help(format!("write a limit up to `{all}`")));
    }
    if measure.bound == Bound::AtMost && limit.to_f64() <= 0.0 && measure.fits != Fits::Alarms {
        let label = if measure.fits == Fits::Values { "nothing is that exact" } else { "nothing takes nothing" };
        return Err(Diag::error("tml::bounds", format!("`{}` can't be zero", measure.word)).at(&number.span, label));
    }
    if limit.to_f64() < 0.0 && measure.word != "r2" {
        let title = format!("`{}` can't be below zero", measure.word);
        return Err(Diag::error("tml::bounds", title).at(&number.span, "a negative limit"));
    }
    Ok(limit)
}

/// The class or target that a metric is of; `None`: all.
fn of(relation: &Relation, measure: &Measure, subject: &Subject) -> Result<Option<usize>, Diag> {
    let args: &[Arg] = relation.args.as_deref().unwrap_or_default();
    let (what, names) = match measure.class {
        OfClass::Target => ("target", &subject.targets),
        _ => ("class", &subject.answers),
    };
    let detect = matches!(subject.task, Task::Detect { .. });
    let example = if detect { names.last() } else { names.first() }.map_or("fall", String::as_str);
    match (measure.class, args) {
        (OfClass::Yes, []) if !detect => Err(Diag::error("tml::metric", format!("`{}` is of one class", measure.word))
            .at(&relation.subject.span, "of which class?")
            .help(format!("write `{}({example})`", measure.word))),
        (_, []) => Ok(None),
        (OfClass::No, [arg, ..]) => Err(Diag::error("tml::metric", format!("`{}` is of no class", measure.word))
            .at(&arg.span, "leave this out")
            .help(format!("write `{}`", measure.word))),
        (_, [Arg { name: None, value, .. }]) if term::bare(value).is_some() => {
            let written = term::bare(value).unwrap_or_default();
            match names.iter().position(|name| name == written) {
                Some(index) => Ok(Some(index)),
                None => Err(unknown(what, written, value, names)),
            }
        }
        (_, [arg, ..]) => Err(Diag::error("tml::metric", format!("`{}` takes one {what}", measure.word))
            .at(&arg.span, "a name or a text is needed")
            .help(format!("write `{}({example})`; a {what} that is no word in quotes", measure.word))),
    }
}

fn unknown(what: &str, written: &str, value: &Value, names: &[String]) -> Diag {
    let (code, list, plural) = match what {
        "target" => ("tml::name", "among the targets", "targets"),
        _ => ("tml::class", "among `classes`", "classes"),
    };
    let label = nearest(written, names.iter().map(String::as_str))
        .map_or(format!("not {list}"), |meant| format!("did you mean `{meant}`?"));
    Diag::error(code, format!("there is no {what} called `{written}`"))
        .at(&value.span(), label)
        .help(format!("{plural} are {}", quoted(names)))
}
