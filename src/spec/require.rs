//! `require { … }`: what can be measured, in what unit, and which way a limit makes sense.

use crate::base::suggest::nearest;
use crate::base::{Diag, Dimension, Quantity};
use crate::lang::ast::{Arg, Block, Member, RelOp, Relation, Value};

use super::model::{Bound, Metric, Requirement};
use super::scope::{Context, quoted};
use super::term;

/// Whether a metric takes a class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OfClass {
    /// Never: `accuracy`.
    No,
    /// It may: `f1`, `f1(fall)`.
    Maybe,
    /// Always: `recall(fall)`.
    Yes,
}

/// One word that `require` knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measure {
    /// The word.
    pub word: &'static str,
    /// Whether it takes a class.
    pub class: OfClass,
    /// What its limit is.
    pub dimension: Dimension,
    /// Which way a limit makes sense.
    pub bound: Bound,
    /// What it means.
    pub doc: &'static str,
}

const fn measure(word: &'static str, class: OfClass, dimension: Dimension, bound: Bound, doc: &'static str) -> Measure {
    Measure { word, class, dimension, bound, doc }
}

/// Every metric. A new one: a row here, a variant of `Metric`; exhaustive matches point at the rest.
pub const MEASURES: &[Measure] = &[
    measure("accuracy", OfClass::No, Dimension::Ratio, Bound::AtLeast, "share of test rows whose class is right"),
    measure("recall", OfClass::Yes, Dimension::Ratio, Bound::AtLeast, "share of a class's test rows that are found"),
    measure("precision", OfClass::Yes, Dimension::Ratio, Bound::AtLeast, "share of a class's answers that are right"),
    measure("f1", OfClass::Maybe, Dimension::Ratio, Bound::AtLeast, "F1 of a class, or the mean over all classes"),
    measure("latency", OfClass::No, Dimension::Time, Bound::AtMost, "one inference with its features, simulated"),
    measure("flash", OfClass::No, Dimension::Size, Bound::AtMost, "bytes of the image"),
    measure("ram", OfClass::No, Dimension::Size, Bound::AtMost, "bytes of data, arena and stack"),
];

/// Resolves the lines of `require`; `classes` are the data set's, `None` when it has errors.
pub(super) fn resolve(block: &Block, classes: Option<&[String]>, cx: &mut Context) -> Vec<Requirement> {
    let mut requirements: Vec<Requirement> = Vec::new();
    for member in &block.members {
        let Member::Relation(relation) = member else { continue };
        match requirement(relation, classes) {
            Ok(None) => {}
            Ok(Some(found)) => match requirements.iter().find(|first| first.metric == found.metric) {
                Some(first) => {
                    let diag = Diag::error("tml::twice", format!("`{}` is required twice", subject(relation)));
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

fn subject(relation: &Relation) -> String {
    let args = relation.args.as_ref().map(|args| args.iter().map(|arg| arg.value.span().text().to_string()));
    args.map_or(relation.subject.text(), |args| {
        format!("{}({})", relation.subject.text(), args.collect::<Vec<_>>().join(", "))
    })
}

fn requirement(relation: &Relation, classes: Option<&[String]>) -> Result<Option<Requirement>, Diag> {
    let word = relation.subject.text();
    let Some(measure) = MEASURES.iter().find(|measure| measure.word == word) else {
        return Err(unknown_metric(relation));
    };
    let relation_bound = bound(relation, measure)?;
    let limit = limit(relation, measure)?;
    let class = class(relation, measure, classes)?;
    let metric = match (measure.word, class) {
        ("accuracy", _) => Metric::Accuracy,
        ("recall", Of::Class(class)) => Metric::Recall(class),
        ("precision", Of::Class(class)) => Metric::Precision(class),
        ("f1", Of::Class(class)) => Metric::F1(Some(class)),
        ("f1", Of::All) => Metric::F1(None),
        ("latency", _) => Metric::Latency,
        ("flash", _) => Metric::Flash,
        ("ram", _) => Metric::Ram,
        // `Of::Unknown`: nothing to say.
        _ => return Ok(None),
    };
    Ok(Some(Requirement { metric, relation: relation_bound, limit, span: relation.span.clone() }))
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
            let written = subject(relation);
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
    let written = subject(relation);
    let better = if measure.bound == Bound::AtLeast { "more" } else { "less" };
    Err(Diag::error("tml::relation", format!("`{written} {}` asks for the worse side", relation.op.text()))
        .at(&relation.span, format!("{better} is better here"))
        .help(format!("write `{written} {sensible} {}`", relation.value.span().text())))
}

fn limit(relation: &Relation, measure: &Measure) -> Result<Quantity, Diag> {
    let Value::Number(number) = &relation.value else {
        let word = measure.dimension.word();
        return Err(Diag::error(
            "tml::kind",
            format!("`{}` takes a {word}, but {} is given", measure.word, term::found(&relation.value)),
        )
        .at(&relation.value.span(), format!("a {word} is needed")));
    };
    let limit = term::measured(measure.word, measure.dimension, number)?;
    if measure.dimension == Dimension::Ratio && limit.base > 1_000_000 {
        return Err(Diag::error("tml::bounds", format!("`{}` can't reach {}", subject(relation), term::show(number)))
            .at(&number.span, "more than 100%")
            .help("write a limit up to `100%`"));
    }
    if measure.bound == Bound::AtMost && limit.base == 0 {
        return Err(Diag::error("tml::bounds", format!("`{}` can't be zero", measure.word))
            .at(&number.span, "nothing takes nothing"));
    }
    Ok(limit)
}

/// What a metric is of.
enum Of {
    /// All rows.
    All,
    /// The class with this index.
    Class(usize),
    /// A class of a data set whose errors are reported already.
    Unknown,
}

fn class(relation: &Relation, measure: &Measure, classes: Option<&[String]>) -> Result<Of, Diag> {
    let args: &[Arg] = relation.args.as_deref().unwrap_or_default();
    let example = classes.and_then(|classes| classes.first()).map_or("fall", String::as_str);
    match (measure.class, args) {
        (OfClass::No | OfClass::Maybe, []) => Ok(Of::All),
        (OfClass::Yes, []) => Err(Diag::error("tml::metric", format!("`{}` is of one class", measure.word))
            .at(&relation.subject.span, "of which class?")
            .help(format!("write `{}({example})`", measure.word))),
        (OfClass::No, [arg, ..]) => Err(Diag::error("tml::metric", format!("`{}` is of no class", measure.word))
            .at(&arg.span, "leave this out")
            .help(format!("write `{}`", measure.word))),
        (_, [Arg { name: None, value, .. }]) if term::bare(value).is_some() => {
            let written = term::bare(value).unwrap_or_default();
            let Some(classes) = classes else { return Ok(Of::Unknown) };
            match classes.iter().position(|class| class == written) {
                Some(index) => Ok(Of::Class(index)),
                None => Err(unknown_class(written, value, classes)),
            }
        }
        (_, [arg, ..]) => Err(Diag::error("tml::metric", format!("`{}` takes one class", measure.word))
            .at(&arg.span, "a name or a text is needed")
            .help(format!("write `{}({example})`; a class that is no word in quotes", measure.word))),
    }
}

fn unknown_class(written: &str, value: &Value, classes: &[String]) -> Diag {
    let label = nearest(written, classes.iter().map(String::as_str))
        .map_or("not among `classes`".to_string(), |meant| format!("did you mean `{meant}`?"));
    Diag::error("tml::class", format!("there is no class called `{written}`"))
        .at(&value.span(), label)
        .help(format!("classes are {}", quoted(classes)))
}
