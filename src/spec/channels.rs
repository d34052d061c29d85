//! `channels = […]` and columns: names, texts, `column(3)`, `columns("p", 64)`, `columns(0..63)`, `onehot(type, [L, M])`.

use crate::base::{Diag, Kind, Param, Params, Span};
use crate::lang::ast::{Call, Number, Value};

use super::fields;
use super::model::{Channel, Column};
use super::scope::Context;
use super::term;

/// More channels than any board of ours could read.
const MOST: i128 = 65_536;

/// Arguments of `column`.
pub(super) fn column_schema() -> Params {
    vec![Param::required("position", Kind::Int(0, MOST), "the column's position, counted from 0")]
}

/// Arguments of `onehot`.
pub(super) fn onehot_schema() -> Params {
    vec![
        Param::required("column", Kind::Free, "the column whose texts are told apart"),
        Param::required("categories", Kind::Names, "its texts; each becomes a channel that is 1 or 0"),
    ]
}

/// Reads `channels`; errors are reported.
pub(super) fn read(value: &Value, cx: &mut Context) -> Option<Vec<Channel>> {
    let mut channels: Vec<(Channel, Span)> = Vec::new();
    let items = if let Value::List(items, _) = value { items.as_slice() } else { std::slice::from_ref(value) };
    if !matches!(value, Value::List(..) | Value::Call(_)) {
        let diag = Diag::error("tml::kind", format!("`channels` takes a list, but {} is given", term::found(value)));
        cx.report(
            diag.at(&value.span(), "a list is needed")
                .help("write `[ax, ay]`, `columns(\"p\", 64)` or `columns(0..63)`"),
        );
        return None;
    }
    let mut complete = true;
    for item in items {
        let found = item_channels(item, cx);
        complete &= found.is_some();
        channels.extend(found.into_iter().flatten().map(|channel| (channel, item.span())));
    }
    if !complete {
        return None;
    }
    if channels.is_empty() || channels.len() as i128 > MOST {
        let diag =
            Diag::error("tml::bounds", format!("`channels` has {}, but 1 to {MOST} are possible", channels.len()));
        cx.report(
            diag.at(&value.span(), "at least one column").help("name the columns that the model reads: `[ax, ay]`"),
        );
        return None;
    }
    let mut seen = std::collections::BTreeMap::new();
    for (channel, span) in &channels {
        if let Some(first) = seen.insert(&channel.name, span) {
            let diag = Diag::error("tml::twice", format!("the channel `{}` stands twice in `channels`", channel.name));
            cx.report(diag.at(first, "first here").at(span, "again here").help("leave one of them out"));
            return None;
        }
    }
    Some(channels.into_iter().map(|(channel, _)| channel).collect())
}

fn item_channels(item: &Value, cx: &mut Context) -> Option<Vec<Channel>> {
    let plain = |name: String, column: Column| Channel { name, column, category: None };
    match item {
        Value::Call(call) => match call.path.text().as_str() {
            "columns" => columns(call, cx),
            "onehot" => onehot(call, cx),
            "column" => position(call, cx).map(|at| vec![plain(format!("c{at}"), Column::At(at))]),
            other => {
                let diag = Diag::error("tml::name", format!("`{other}` makes no channels"));
                cx.report(diag.at(&call.span, "not known here").help("`column(3)`, `columns(…)` and `onehot(…)` do"));
                None
            }
        },
        _ => match term::bare(item) {
            Some(name) if !name.is_empty() => Some(vec![plain(name.to_string(), Column::Named(name.to_string()))]),
            _ => {
                cx.report(term::not_a_name("channels", item));
                None
            }
        },
    }
}

/// Reads a column: a name, a text or `column(3)`.
pub(super) fn column(field: &str, value: &Value, cx: &mut Context) -> Option<Column> {
    if let Value::Call(call) = value
        && call.path.text() == "column"
    {
        return position(call, cx).map(Column::At);
    }
    match term::bare(value) {
        Some(name) if !name.is_empty() => Some(Column::Named(name.to_string())),
        _ => {
            let diag =
                Diag::error("tml::kind", format!("`{field}` takes a column, but {} is given", term::found(value)));
            cx.report(
                diag.at(&value.span(), "a column is needed")
                    .help("write a name, a text, or `column(3)` counted from 0"),
            );
            None
        }
    }
}

fn position(call: &Call, cx: &mut Context) -> Option<usize> {
    let args = fields::call(&column_schema(), call, cx);
    let at = args.int("position");
    args.finish();
    at.map(|at| at as usize)
}

fn onehot(call: &Call, cx: &mut Context) -> Option<Vec<Channel>> {
    let args = fields::call(&onehot_schema(), call, cx);
    let column = args.free("column").and_then(|value| column("column", &value, cx));
    let categories = args.names("categories");
    let span = args.span("categories");
    args.finish();
    let (column, categories) = (column?, categories?);
    if categories.is_empty() {
        cx.report(Diag::error("tml::bounds", "`onehot` has no category").at(&span, "at least one text"));
        return None;
    }
    let name = match &column {
        Column::Named(name) => name.clone(),
        Column::At(at) => format!("c{at}"),
    };
    let channel = |category: String| Channel {
        name: format!("{name}={category}"),
        column: column.clone(),
        category: Some(category),
    };
    Some(categories.into_iter().map(|(category, _)| channel(category)).collect())
}

/// `columns("p", 64)`: p0 to p63; `columns("p", 1..64)`: p1 to p64; `columns(0..63)`: by position, both ends included.
fn columns(call: &Call, cx: &mut Context) -> Option<Vec<Channel>> {
    let values: Vec<&Value> = call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| &arg.value).collect();
    let channel = |name: String, column: Column| Channel { name, column, category: None };
    let named = |prefix: &str, at: usize| channel(format!("{prefix}{at}"), Column::Named(format!("{prefix}{at}")));
    let span = |low: &Number, high: &Number| Some((low.value.integer()?, high.value.integer()?));
    let bounds = match values.as_slice() {
        [Value::Range(low, high)] | [_, Value::Range(low, high)] => span(low, high),
        [_, Value::Number(count)] => count.value.integer().map(|count| (0, count - 1)),
        _ => None,
    };
    let fits = |(low, high): &(i128, i128)| *low >= 0 && low <= high && *high < MOST;
    let Some((low, high)) = bounds.filter(fits).filter(|_| call.args.len() == values.len()) else {
        return wrong_columns(call, cx);
    };
    let numbers = low as usize..=high as usize;
    match values[0] {
        Value::Range(..) => Some(numbers.map(|at| channel(format!("c{at}"), Column::At(at))).collect()),
        prefix => match term::bare(prefix) {
            Some(prefix) => Some(numbers.map(|at| named(prefix, at)).collect()),
            None => wrong_columns(call, cx),
        },
    }
}

fn wrong_columns(call: &Call, cx: &mut Context) -> Option<Vec<Channel>> {
    let diag = Diag::error("tml::kind", format!("`{}` names no columns", call.span.text()));
    let help = "write `columns(\"p\", 64)` for p0 to p63, or `columns(0..63)` for positions, both ends included";
    cx.report(diag.at(&call.span, "a prefix and a count, or positions").help(help));
    None
}
