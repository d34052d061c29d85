//! `dataset NAME { … }`: where rows come from, what they hold, how they are divided.

use crate::base::{Decimal, Diag, Dimension, Kind, Param, Params, Shape, Span};
use crate::data::Pattern;
use crate::lang::ast::{Block, Call, Value};

use super::channels;
use super::fetch;
use super::fields::{self, Fields, Owner};
use super::import;
use super::model::{Channel, Column, CsvSource, Dataset, Header, Missing, Split};
use super::scope::Context;
use super::term;

/// Fields of `dataset`.
pub(super) fn schema() -> Params {
    vec![
        Param::required("source", Kind::Free, "where the rows come from: `csv(\"data/*.csv\")`"),
        Param::required("channels", Kind::Free, "input columns in order: names, texts, `columns(…)`, `onehot(…)`"),
        Param::optional("label", Kind::Free, "label", "what names a row's class: a part of the path, or a column"),
        Param::required("classes", Kind::Names, "class names in the order of the model's outputs"),
        Param::optional(
            "rate",
            Kind::Of(Dimension::Frequency),
            "",
            "sampling rate, where rows follow each other in time",
        ),
        Param::optional("missing", Kind::Free, "refuse", "an empty or NaN cell: `refuse`, `drop`, `mean` or `fill(0)`"),
        Param::optional("split", Kind::Free, "{}", "how rows are divided into train, valid and test"),
        Param::optional("fetch", Kind::Free, "", "files that `cargo tinyml fetch` brings: a list of `http(…)`"),
    ]
}

/// Arguments of `csv`.
pub(super) fn csv_schema() -> Params {
    let words = |words: &[&str]| Kind::Word(words.iter().map(ToString::to_string).collect());
    vec![
        Param::required(
            "pattern",
            Kind::Path,
            "path with `*` for any text and `{name}` for a text that becomes a column",
        ),
        Param::optional("header", words(&["auto", "yes", "no"]), "auto", "whether the first row names the columns"),
        Param::optional("separator", Kind::Text, "", "between cells: one character; found out per file when left out"),
        Param::optional("decimal", words(&["point", "comma"]), "point", "what stands before the fraction of a number"),
    ]
}

/// Fields of `split`.
pub(super) fn split_schema() -> Params {
    vec![
        Param::optional("train", Kind::Of(Dimension::Ratio), "70%", "part that is learned from"),
        Param::optional("valid", Kind::Of(Dimension::Ratio), "15%", "part that chooses the best epoch"),
        Param::optional("test", Kind::Of(Dimension::Ratio), "15%", "part that accuracy is measured on"),
        Param::optional("by", Kind::Free, "", "column or part of the path: rows that agree in it stay together"),
        Param::optional("seed", Kind::Int(0, u64::MAX as i128), "1", "seed of the division"),
    ]
}

/// Arguments of `fill`.
pub(super) fn fill_schema() -> Params {
    vec![Param::required("value", Kind::Number(f64::MIN, f64::MAX), "number to put in the cell's place")]
}

/// Resolves the block; `None` when what depends on it couldn't be checked.
pub(super) fn resolve(block: &Block, cx: &mut Context) -> Option<Dataset> {
    let fields = fields::block(&schema(), block, cx);
    let source = source(&fields, cx);
    let channels = fields.free("channels").and_then(|value| channels::read(&value, cx));
    let label = fields.free("label").and_then(|value| channels::column("label", &value, cx));
    let classes = classes(&fields, cx);
    let missing = missing(&fields, cx);
    let split = split(&fields, cx);
    fetch::resolve(&fields, cx);
    let rate = fields.quantity("rate");
    let spans = (fields.span("classes"), fields.span("source"));
    positive_rate(&fields, cx);
    if let (Some(source), Some(channels), Some(label)) = (&source, &channels, &label) {
        check_columns(source, channels, label, split.as_ref(), &fields, cx);
    }
    fields.finish();
    Some(Dataset {
        name: block.name.as_ref()?.text.clone(),
        docs: block.docs.clone(),
        // What is wrong here is reported; classes and channels are enough to check what depends on them.
        source: source.unwrap_or(CsvSource {
            pattern: String::new(),
            header: Header::Auto,
            separator: None,
            decimal_comma: false,
        }),
        targets: Vec::new(),
        row: Shape::f32(&[channels.as_ref()?.len()]),
        stream: false,
        channels: channels?,
        label: label.unwrap_or(Column::Named("label".into())),
        classes: classes?,
        rate,
        missing: missing.unwrap_or(Missing::Refuse),
        split: split.unwrap_or(Split { train: 0, valid: 0, test: 0, by: None, seed: 0, span: block.header.clone() }),
        span: block.header.clone(),
        classes_span: spans.0,
        source_span: spans.1,
    })
}

fn source(fields: &Fields, cx: &mut Context) -> Option<CsvSource> {
    let value = fields.free("source")?;
    let call = match &value {
        Value::Call(call) if call.path.text() == "csv" => call,
        other => {
            cx.report(not_a_source(other));
            return None;
        }
    };
    let args = fields::call(&csv_schema(), call, cx);
    let pattern = args.text("pattern").map(|path| import::join(&cx.folder, &path));
    let header = match args.text("header").as_deref() {
        Some("yes") => Header::Yes,
        Some("no") => Header::No,
        _ => Header::Auto,
    };
    let decimal_comma = args.text("decimal").as_deref() == Some("comma");
    let separator = separator(&args, decimal_comma, cx);
    let pattern_span = args.span("pattern");
    args.finish();
    let pattern = pattern?;
    if let Err(reason) = Pattern::parse(&pattern) {
        let diag = Diag::error("tml::path", format!("`{pattern}` can't be read as a path pattern"));
        cx.report(
            diag.at(&pattern_span, "this pattern").note(reason).help("`*` is any text, `{name}` binds it to a column"),
        );
        return None;
    }
    Some(CsvSource { pattern, header, separator, decimal_comma })
}

fn not_a_source(value: &Value) -> Diag {
    let diag = Diag::error("tml::kind", format!("`source` takes a format, but {} is given", term::found(value)));
    match value {
        Value::Text(text) => {
            diag.at(&text.span, "which format?").help(format!("write `source = csv(\"{}\")`", text.value))
        }
        Value::Call(call) if is_planned(call) => {
            Diag::error("tml::unsupported", format!("the format `{}` can't be read yet", call.path.text()))
                .at(&call.span, "not built yet")
                .help("convert the files to CSV and write `csv(\"data/*.csv\")`")
        }
        other => diag.at(&other.span(), "not a known format").help("write `source = csv(\"data/*.csv\")`"),
    }
}

fn is_planned(call: &Call) -> bool {
    matches!(
        call.path.text().as_str(),
        "wav" | "images" | "png" | "npy" | "json" | "jsonl" | "svmlight" | "idx" | "raw"
    )
}

fn separator(args: &Fields, decimal_comma: bool, cx: &mut Context) -> Option<char> {
    let text = args.text("separator")?;
    let mut letters = text.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        let diag = Diag::error(
            "tml::kind",
            format!("`separator` is one character, but \"{text}\" has {}", text.chars().count()),
        );
        cx.report(diag.at(&args.span("separator"), "one character").help("write \";\", \",\" or \"\\t\""));
        return None;
    };
    let clash = if decimal_comma { letter == ',' } else { letter == '.' };
    if clash || letter.is_alphanumeric() || !letter.is_ascii() || letter == '"' || letter == '\n' {
        let diag = Diag::error("tml::kind", format!("`{letter}` can't separate cells"));
        cx.report(diag.at(&args.span("separator"), "stands in cells too").help("write \";\", \",\" or \"\\t\""));
        return None;
    }
    Some(letter)
}

fn classes(fields: &Fields, cx: &mut Context) -> Option<Vec<String>> {
    let names = fields.names("classes")?;
    let span = fields.span("classes");
    if names.len() < 2 || names.len() > 256 {
        let diag = Diag::error("tml::bounds", format!("`classes` has {}, but 2 to 256 are possible", names.len()));
        cx.report(diag.at(&span, "2 to 256 classes").help("name every class that the rows have"));
        return None;
    }
    if let Some((_, span)) = names.iter().find(|(name, _)| name.trim().is_empty()) {
        cx.report(Diag::error("tml::kind", "a class has an empty name").at(span, "no name"));
    }
    Some(names.into_iter().map(|(name, _)| name).collect())
}

fn positive_rate(fields: &Fields, cx: &mut Context) {
    if fields.quantity("rate").is_some_and(|rate| rate.base == 0) {
        cx.report(
            Diag::error("tml::bounds", "`rate` is zero")
                .at(&fields.span("rate"), "more than 0 Hz")
                .help("leave it out for rows without time"),
        );
    }
}

fn missing(fields: &Fields, cx: &mut Context) -> Option<Missing> {
    let value = fields.free("missing")?;
    if let Value::Call(call) = &value
        && call.path.text() == "fill"
    {
        let args = fields::call(&fill_schema(), call, cx);
        let number: Option<Decimal> = args.number("value");
        args.finish();
        return number.map(Missing::Value);
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

fn split(fields: &Fields, cx: &mut Context) -> Option<Split> {
    let value = fields.free("split")?;
    let span = fields.span("split");
    let Value::Record(lines, _) = &value else {
        let diag = Diag::error("tml::kind", format!("`split` takes a record, but {} is given", term::found(&value)));
        cx.report(
            diag.at(&span, "a record is needed").help("write `split = { train = 70%, valid = 15%, test = 15% }`"),
        );
        return None;
    };
    let parts = fields::record(&split_schema(), lines, &Owner { title: "split".into(), span: &span }, cx);
    let ratio = |name: &str| parts.quantity(name).map(|part| part.base);
    let sizes = [("train", ratio("train")), ("valid", ratio("valid")), ("test", ratio("test"))];
    let defaulted: Vec<&str> = sizes.iter().map(|(name, _)| *name).filter(|name| !parts.given(name)).collect();
    let by = parts.free("by").and_then(|value| channels::column("by", &value, cx));
    let seed = parts.int("seed").unwrap_or(1) as u64;
    let spans = sizes.map(|(name, _)| parts.span(name));
    parts.finish();
    let [train, valid, test] = [sizes[0].1?, sizes[1].1?, sizes[2].1?];
    check_parts([train, valid, test], &spans, &span, &defaulted, cx);
    Some(Split { train: train as u32, valid: valid as u32, test: test as u32, by, seed, span })
}

fn check_parts(parts: [i128; 3], spans: &[Span; 3], span: &Span, defaulted: &[&str], cx: &mut Context) {
    let percent = |ppm: i128| Decimal::new(ppm, -4);
    for ((name, ppm), span) in ["train", "valid", "test"].into_iter().zip(parts).zip(spans) {
        if ppm == 0 {
            let use_of = if name == "test" { "accuracy is measured on it" } else { "training needs it" };
            let diag = Diag::error("tml::split", format!("the part `{name}` is empty"));
            cx.report(diag.at(span, "0%").note(use_of).help(format!("give it rows, for example `{name} = 15%`")));
            return;
        }
    }
    let sum: i128 = parts.iter().sum();
    if sum != 1_000_000 {
        let mut diag = Diag::error("tml::split", format!("`split` sums to {}%, not to 100%", percent(sum)))
            .at(span, "these parts");
        if !defaulted.is_empty() {
            diag = diag.note(format!("left out, so by default: {}", defaults(defaulted)));
        }
        cx.report(diag.help("write all three, for example `train = 70%, valid = 15%, test = 15%`"));
    }
}

fn defaults(names: &[&str]) -> String {
    let schema = split_schema();
    let given = schema.iter().filter(|param| names.contains(&param.name.as_str()));
    let texts: Vec<String> =
        given.map(|param| format!("{} = {}", param.name, param.default.as_deref().unwrap_or_default())).collect();
    texts.join(", ")
}

/// Without a header row, a column has no name.
fn check_columns(
    source: &CsvSource,
    channels: &[Channel],
    label: &Column,
    split: Option<&Split>,
    fields: &Fields,
    cx: &mut Context,
) {
    let bindings = Pattern::parse(&source.pattern).map_or(Vec::new(), |pattern| pattern.bindings());
    let by = split.and_then(|split| split.by.as_ref()).map(|by| ("split", by));
    let columns = channels.iter().map(|channel| ("channels", &channel.column));
    let nameless = |column: &Column| matches!(column, Column::Named(name) if !bindings.contains(name));
    if source.header == Header::No
        && let Some((field, Column::Named(name))) =
            columns.chain([("label", label)]).chain(by).find(|(_, column)| nameless(column))
    {
        let diag = Diag::error("tml::name", format!("`{name}` names a column, but the files have no header"));
        let diag =
            diag.at(&fields.span(field), "columns have positions only").at(&fields.span("source"), "`header = no`");
        let write = if field == "channels" { "`columns(0..2)`" } else { "`column(3)`" };
        cx.report(diag.help(format!("write {write}, counted from 0, or bind `{{{name}}}` in the path")));
    }
    if let Some(channel) = channels.iter().find(|channel| channel.column == *label) {
        let diag = Diag::error("tml::twice", format!("the label is also the channel `{}`", channel.name));
        cx.report(
            diag.at(&fields.span("channels"), "would give the answer away")
                .help("leave it out of `channels`, or name another `label`"),
        );
    }
}
