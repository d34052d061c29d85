//! `dataset NAME { … }`: where recordings come from, what they hold, how they are divided.

use crate::base::{Diag, Dimension, Kind, Param, Params, Quantity, Shape, Span};
use crate::data::formats::csv::Header;
use crate::data::{Format, Pattern, Take};
use crate::lang::ast::{Block, Value};

use super::channels;
use super::fetch;
use super::fields::{self, Fields};
use super::model::{Channel, Column, Dataset, Missing, Source, Split};
use super::scope::Context;
use super::source::{self, Found};
use super::split;
use super::term;

/// Fields of `dataset`.
pub(super) fn schema() -> Params {
    let truth = || Kind::Word(["true", "false"].map(String::from).into());
    vec![
        Param::required(
            "source",
            Kind::Free,
            "where the recordings come from: `csv(\"data/*.csv\")`, `wav(…)`, `images(…)`",
        ),
        Param::optional(
            "channels",
            Kind::Free,
            "",
            "input columns in order: names, texts, `columns(…)`, `onehot(…)`; sound, images and arrays name theirs",
        ),
        Param::optional(
            "label",
            Kind::Free,
            "label",
            "what names a recording's class: a part of the path, or a column",
        ),
        Param::optional("classes", Kind::Names, "", "class names in the order of the model's outputs"),
        Param::optional(
            "other",
            Kind::Text,
            "",
            "the class of labels that aren't in `classes`; left out: they are refused",
        ),
        Param::optional("target", Kind::Free, "", "columns with numbers to learn, instead of classes: `[price]`"),
        Param::optional(
            "rate",
            Kind::Of(Dimension::Frequency),
            "",
            "sampling rate, where rows follow each other in time",
        ),
        Param::optional("missing", Kind::Free, "refuse", "an empty or NaN cell: `refuse`, `drop`, `mean` or `fill(0)`"),
        Param::optional("absent", Kind::Free, "", "other cells that mean that a number is missing: `[-200]`"),
        Param::optional("skip", truth(), "false", "leave out files and rows that can't be read, counted in a warning"),
        Param::optional("split", Kind::Free, "{}", "how rows are divided into train, valid and test"),
        Param::optional("fetch", Kind::Free, "", "files that `cargo tinyml fetch` brings: a list of `http(…)`"),
    ]
}

/// Arguments of `fill`.
pub(super) fn fill_schema() -> Params {
    vec![Param::required("value", Kind::Number(f64::MIN, f64::MAX), "number to put in the cell's place")]
}

/// What a recording's answer is.
struct Answer {
    label: Column,
    classes: Vec<String>,
    other: Option<usize>,
    targets: Vec<Column>,
}

/// Resolves the block; `None` when what depends on it couldn't be checked.
pub(super) fn resolve(block: &Block, cx: &mut Context) -> Option<Dataset> {
    let fields = fields::block(&schema(), block, cx);
    let rate = fields.quantity("rate");
    let found = source::read(&fields, rate, cx);
    let (channels, row) = inputs(block, &fields, found.as_ref(), cx);
    let answer = answer(block, &fields, cx);
    let missing = missing(&fields, cx);
    let absent = absent(&fields, cx);
    let skip = fields.text("skip").as_deref() == Some("true");
    let split = split::read(&fields, cx);
    fetch::resolve(&fields, cx);
    let spans = (fields.span("classes"), fields.span("source"));
    let rate = agreed(rate, found.as_ref(), &fields, cx);
    if let (Some(found), Some(channels), Some(answer)) = (&found, &channels, &answer) {
        check_columns(&found.source, channels, answer, split.as_ref(), &fields, cx);
    }
    fields.finish();
    let (answer, mut source) = (answer?, found.map(|found| found.source));
    if let (Some(Source { format: Format::Wav(wav), .. }), Some(channels)) = (&mut source, &channels) {
        wav.channels = channels.len();
    }
    let stream = source.as_ref().is_some_and(|source| source.format.is_stream());
    Some(Dataset {
        name: block.name.as_ref()?.text.clone(),
        docs: block.docs.clone(),
        // What is wrong here is reported; classes and channels are enough to check what depends on them.
        source: source.or_else(nothing)?,
        targets: answer.targets,
        row: row?,
        stream,
        channels: channels?,
        label: answer.label,
        classes: answer.classes,
        other: answer.other,
        rate,
        missing: missing.unwrap_or(Missing::Refuse),
        absent,
        skip,
        split: split.unwrap_or(Split {
            train: 0,
            valid: 0,
            test: 0,
            by: None,
            given: None,
            seed: 0,
            span: block.header.clone(),
        }),
        span: block.header.clone(),
        classes_span: spans.0,
        source_span: spans.1,
    })
}

/// Stands for a source that is wrong.
fn nothing() -> Option<Source> {
    let format = Format::Csv { csv: crate::data::formats::csv::Csv::default(), take: Take::Row };
    Pattern::parse("*").ok().map(|pattern| Source { pattern, format, labels: None })
}

/// Channels, and the shape of a recording (or of one sample of a stream).
fn inputs(
    block: &Block,
    fields: &Fields,
    found: Option<&Found>,
    cx: &mut Context,
) -> (Option<Vec<Channel>>, Option<Shape>) {
    let span = fields.span("channels");
    let given = fields.free("channels");
    let read = given.as_ref().and_then(|value| channels::read(value, cx));
    let plain = |name: String| Channel { column: Column::Named(name.clone()), name, category: None };
    let dims = found.and_then(|found| found.dims.clone());
    let last = dims.as_ref().and_then(|dims| dims.last().copied());
    let names = found.and_then(|found| found.channels.clone());
    let numbered = last.map(|count| (0..count).map(|at| format!("c{at}")).collect::<Vec<String>>());
    let own = names.or(numbered).map(|names| names.into_iter().map(plain).collect::<Vec<Channel>>());
    let channels = match (read, given.is_some(), own) {
        (Some(channels), ..) => channels,
        (None, false, Some(own)) => own,
        (None, true, _) => return (None, None),
        (None, false, None) => {
            if found.is_some() {
                let diag = Diag::error("tml::field", format!("`{}` has no `channels`", fields::title(block)));
                let diag = diag
                    .at(&block.header, "`channels` is missing")
                    .note("channels: the columns that are inputs, in order");
                cx.report(diag.help("add `channels = [ax, ay, az]`, or by position `channels = columns(0..2)`"));
            }
            return (None, None);
        }
    };
    if let Some(last) = last.filter(|last| *last != channels.len()) {
        let title = format!("`channels` names {}, but the recordings have {last}", channels.len());
        cx.report(
            Diag::error("tml::shape", title).at(&span, format!("{last} are needed")).help("leave `channels` out"),
        );
        return (None, None);
    }
    let count = channels.len();
    let row = match (dims, found.map(|found| &found.source.format)) {
        (Some(dims), _) => dims,
        (None, Some(Format::Csv { take: Take::Rows(rows), .. } | Format::Jsonl { take: Take::Rows(rows) })) => {
            vec![*rows, count]
        }
        _ => vec![count],
    };
    (Some(channels), Some(Shape::f32(&row)))
}

/// Classes and where they stand, or the columns of numbers to learn.
fn answer(block: &Block, fields: &Fields, cx: &mut Context) -> Option<Answer> {
    let label = fields.free("label").and_then(|value| channels::column("label", &value, cx));
    let label_given = fields.given("label");
    let target = fields.free("target");
    let other = fields.text("other");
    let (target_span, other_span, classes_span) = (fields.span("target"), fields.span("other"), fields.span("classes"));
    let classes_given = fields.given("classes");
    let names = fields.names("classes");
    let Some(target) = target else {
        let classes = classes(block, names, classes_given.then_some(&classes_span), cx)?;
        let found = other.as_ref().map(|name| classes.iter().position(|class| class == name));
        if found == Some(None) {
            let title = format!("`other` is `{}`, which isn't in `classes`", other.unwrap_or_default());
            let help = "add it to `classes`: the labels that aren't listed are counted as this class";
            cx.report(Diag::error("tml::class", title).at(&other_span, "no class").help(help));
        }
        return Some(Answer { label: label?, classes, other: found.flatten(), targets: Vec::new() });
    };
    for (given, name, span) in [
        (classes_given, "classes", &classes_span),
        (label_given, "label", &fields.span("label")),
        (other.is_some(), "other", &other_span),
    ] {
        if given {
            let diag = Diag::error("tml::field", format!("`{name}` and `target` don't go together"));
            let diag = diag.at(span, "for classes").at(&target_span, "for numbers");
            cx.report(diag.help("keep `target` to learn numbers, or `classes` to learn classes"));
        }
    }
    let items = if let Value::List(items, _) = &target { items.as_slice() } else { std::slice::from_ref(&target) };
    let targets: Option<Vec<Column>> = items.iter().map(|item| channels::column("target", item, cx)).collect();
    let targets = targets?;
    if targets.is_empty() || targets.len() > 256 {
        let diag =
            Diag::error("tml::bounds", format!("`target` has {} columns, but 1 to 256 are possible", targets.len()));
        cx.report(diag.at(&target_span, "1 to 256 columns").help("write `target = [temperature]`"));
        return None;
    }
    Some(Answer { label: label?, classes: Vec::new(), other: None, targets })
}

fn classes(
    block: &Block,
    names: Option<Vec<(String, Span)>>,
    span: Option<&Span>,
    cx: &mut Context,
) -> Option<Vec<String>> {
    let Some(span) = span else {
        let title = format!("`{}` has neither `classes` nor `target`", fields::title(block));
        let diag = Diag::error("tml::field", title);
        let diag = diag.at(&block.header, "`classes` is missing");
        cx.report(diag.help("add `classes = [a, b]`, or `target = [x]` to learn numbers"));
        return None;
    };
    let names = names?;
    if names.len() < 2 || names.len() > 256 {
        let diag = Diag::error("tml::bounds", format!("`classes` has {}, but 2 to 256 are possible", names.len()));
        cx.report(diag.at(span, "2 to 256 classes").help("name every class that the rows have"));
        return None;
    }
    if let Some((_, span)) = names.iter().find(|(name, _)| name.trim().is_empty()) {
        cx.report(Diag::error("tml::kind", "a class has an empty name").at(span, "no name"));
    }
    Some(names.into_iter().map(|(name, _)| name).collect())
}

/// The rate of the block and that of its source: one, and more than zero.
fn agreed(rate: Option<Quantity>, found: Option<&Found>, fields: &Fields, cx: &mut Context) -> Option<Quantity> {
    let own = found.and_then(|found| found.rate);
    if let (Some(rate), Some(own)) = (rate, own)
        && rate.base != own.base
    {
        let diag = Diag::error("tml::twice", "the dataset and its source have different rates");
        let diag = diag.at(&fields.span("rate"), "one").at(&fields.span("source"), "the other");
        cx.report(diag.help("leave one of them out"));
    }
    let rate = rate.or(own);
    if rate.is_some_and(|rate| rate.base == 0) {
        cx.report(
            Diag::error("tml::bounds", "`rate` is zero")
                .at(&fields.span("rate"), "more than 0 Hz")
                .help("leave it out for rows without time"),
        );
    }
    rate
}

fn missing(fields: &Fields, cx: &mut Context) -> Option<Missing> {
    let value = fields.free("missing")?;
    if let Value::Call(call) = &value
        && call.path.text() == "fill"
    {
        let args = fields::call(&fill_schema(), call, cx);
        let number = args.number("value");
        args.finish();
        return number.map(|number| Missing::Value(number.to_f64() as f32));
    }
    match term::bare(&value) {
        Some("refuse") => Some(Missing::Refuse),
        Some("drop") => Some(Missing::Drop),
        Some("mean") => Some(Missing::Mean),
        _ => {
            let diag =
                Diag::error("tml::kind", format!("`missing` takes a rule, but {} is given", term::found(&value)));
            cx.report(
                diag.at(&value.span(), "not a rule it knows").help("write `refuse`, `drop`, `mean` or `fill(0)`"),
            );
            None
        }
    }
}

/// Cells that mean that a number is missing: numbers and texts.
fn absent(fields: &Fields, cx: &mut Context) -> Vec<String> {
    let Some(value) = fields.free("absent") else { return Vec::new() };
    let items = if let Value::List(items, _) = &value { items.as_slice() } else { std::slice::from_ref(&value) };
    let mut absent = Vec::new();
    for item in items {
        match (item, term::bare(item)) {
            (Value::Number(number), _) if number.unit.is_none() => absent.push(number.value.to_string()),
            (_, Some(text)) => absent.push(text.to_string()),
            _ => {
                let title = format!("`absent` takes numbers and texts, but {} is given", term::found(item));
                let diag = Diag::error("tml::kind", title).at(&item.span(), "no cell looks like this");
                cx.report(diag.help("write `absent = [-200]`"));
            }
        }
    }
    absent
}

/// A column without a name, or a name that nothing gives.
fn check_columns(
    source: &Source,
    channels: &[Channel],
    answer: &Answer,
    split: Option<&Split>,
    fields: &Fields,
    cx: &mut Context,
) {
    let bindings = source.pattern.bindings();
    let by = split.and_then(|split| split.by.as_ref());
    let part = split.and_then(|split| Some(&split.given.as_ref()?.0));
    let label = answer.targets.is_empty().then_some(("label", &answer.label));
    let targets = answer.targets.iter().map(|target| ("target", target));
    let mut marks: Vec<(&str, &Column)> = label.into_iter().chain(targets).collect();
    marks.extend(by.into_iter().chain(part).map(|column| ("split", column)));
    let nameless = |column: &Column| match column {
        Column::Named(name) => (!bindings.contains(name)).then(|| name.clone()),
        Column::At(_) => None,
    };
    let no_header = matches!(&source.format, Format::Csv { csv, .. } if csv.header == Header::No);
    if no_header && source.labels.is_none() {
        let columns = channels.iter().map(|channel| ("channels", &channel.column));
        if let Some((field, name)) =
            columns.chain(marks.iter().copied()).find_map(|(field, column)| Some((field, nameless(column)?)))
        {
            cx.report(without_header(field, &name, fields));
        }
    }
    if !source.format.has_columns() && source.labels.is_none() {
        let wrong = marks.iter().find_map(|(field, column)| match column {
            Column::Named(_) => Some((*field, nameless(column)?)),
            Column::At(at) => Some((*field, format!("column {at}"))),
        });
        if let Some((field, name)) = wrong {
            cx.report(without_columns(field, &name, fields));
        }
    }
    let given_away = channels
        .iter()
        .find(|channel| marks.iter().any(|(field, column)| *field != "split" && channel.column == **column));
    if let Some(channel) = given_away.filter(|_| source.format.has_columns()) {
        let what = if answer.targets.is_empty() { "label" } else { "target" };
        let diag = Diag::error("tml::twice", format!("the {what} is also the channel `{}`", channel.name));
        cx.report(
            diag.at(&fields.span("channels"), "would give the answer away")
                .help(format!("leave it out of `channels`, or name another `{what}`")),
        );
    }
}

fn without_header(field: &str, name: &str, fields: &Fields) -> Diag {
    let diag = Diag::error("tml::name", format!("`{name}` names a column, but the files have no header"));
    let diag = diag.at(&fields.span(field), "columns have positions only").at(&fields.span("source"), "`header = no`");
    let write = if field == "channels" { "`columns(0..2)`" } else { "`column(3)`" };
    diag.help(format!("write {write}, counted from 0, or bind `{{{name}}}` in the path"))
}

fn without_columns(field: &str, name: &str, fields: &Fields) -> Diag {
    let diag = Diag::error("tml::name", format!("nothing says the `{name}` of a recording: its files have no columns"));
    let diag = diag.at(&fields.span("source"), "no part of the path");
    let diag = if fields.given(field) { diag.at(&fields.span(field), "named here") } else { diag };
    diag.help(format!("bind it in the path: `{{{name}}}`, or bring a table: `labels = csv(\"labels.csv\", file = name, column = {name})`"))
}
