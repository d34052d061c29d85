//! `split = { … }`: shares, groups, and parts that the data names itself.

use crate::base::{Decimal, Diag, Dimension, Kind, Param, Params, Span};
use crate::lang::ast::Value;

use super::channels;
use super::fields::{self, Fields, Owner};
use super::model::Split;
use super::scope::Context;
use super::term::{self, Term};

/// Names of the parts, by number.
const NAMES: [&str; 3] = ["train", "valid", "test"];

/// Fields of `split`.
pub(super) fn schema() -> Params {
    vec![
        Param::optional("train", Kind::Free, "70%", "part that is learned from: a share, or words of `column`"),
        Param::optional("valid", Kind::Free, "15%", "part that chooses the best epoch: a share, or words of `column`"),
        Param::optional("test", Kind::Free, "15%", "part that accuracy is measured on: a share, or words of `column`"),
        Param::optional("by", Kind::Free, "", "column or part of the path: rows that agree in it stay together"),
        Param::optional("seed", Kind::Int(0, u64::MAX as i128), "1", "seed of the division"),
        Param::optional(
            "column",
            Kind::Free,
            "",
            "column or part of the path that says the part: with `test = [\"testing\"]`; shares are then of the rest",
        ),
    ]
}

/// What a part is given as.
enum Part {
    /// Parts in a million.
    Share(i128),
    /// Words of the column.
    Words(Vec<String>),
}

/// Reads the field; errors are reported.
pub(super) fn read(fields: &Fields, cx: &mut Context) -> Option<Split> {
    let value = fields.free("split")?;
    let span = fields.span("split");
    let Value::Record(lines, _) = &value else {
        let diag = Diag::error("tml::kind", format!("`split` takes a record, but {} is given", term::found(&value)));
        cx.report(
            diag.at(&span, "a record is needed").help("write `split = { train = 70%, valid = 15%, test = 15% }`"),
        );
        return None;
    };
    let fields = fields::record(&schema(), lines, &Owner { title: "split".into(), span: &span }, cx);
    let parts = NAMES.map(|name| part(name, &fields, cx));
    let defaulted: Vec<&str> = NAMES.into_iter().filter(|name| !fields.given(name)).collect();
    let by = fields.free("by").and_then(|value| channels::column("by", &value, cx));
    let column = fields.free("column").and_then(|value| channels::column("column", &value, cx));
    let by_data = fields.given("column");
    let seed = fields.int("seed").unwrap_or(1) as u64;
    let spans = NAMES.map(|name| fields.span(name));
    fields.finish();
    let [train, valid, test] = parts;
    let parts = [train?, valid?, test?];
    let words = parts.iter().any(|part| matches!(part, Part::Words(_)));
    if words != by_data {
        cx.report(half_given(words, &span));
        return None;
    }
    let shares = [0, 1, 2].map(|at: usize| if let Part::Share(share) = &parts[at] { *share } else { 0 });
    let [train, valid, test] = if by_data {
        rest(shares, &parts, &spans, cx)?
    } else {
        check(shares, &spans, &span, &defaulted, cx);
        shares
    };
    let given = column
        .filter(|_| by_data)
        .map(|column| (column, parts.map(|part| if let Part::Words(words) = part { words } else { Vec::new() })));
    Some(Split { train: train as u32, valid: valid as u32, test: test as u32, by, given, seed, span })
}

fn part(name: &str, fields: &Fields, cx: &mut Context) -> Option<Part> {
    let value = fields.free(name)?;
    let span = fields.span(name);
    if let Value::List(items, _) = &value {
        let word = |item: &Value| match item {
            Value::Number(number) if number.unit.is_none() => Some(number.value.to_string()),
            _ => term::bare(item).map(String::from),
        };
        let words: Option<Vec<String>> = items.iter().map(word).collect();
        let Some(words) = words.filter(|words| !words.is_empty()) else {
            let diag = Diag::error(
                "tml::kind",
                format!("`{name}` takes a list of words, but {} is given", term::found(&value)),
            );
            cx.report(diag.at(&span, "words of `column`").help(format!("write `{name} = [\"testing\"]`")));
            return None;
        };
        return Some(Part::Words(words));
    }
    match term::read(name, &Kind::Of(Dimension::Ratio), &value, cx) {
        Ok(Some(Term::Quantity(share))) => Some(Part::Share(share.base)),
        Ok(_) => None,
        Err(diag) => {
            cx.report(diag);
            None
        }
    }
}

/// Words without a column, or a column without words.
fn half_given(words: bool, span: &Span) -> Diag {
    if words {
        Diag::error("tml::split", "parts are named, but not the column that holds the names")
            .at(span, "words of which column?")
            .help("add `column = part`, with `{part}` in the path, or a column of the files")
    } else {
        Diag::error("tml::split", "`column` is given, but no part is named by its words")
            .at(span, "which words are the test part?")
            .help("write for example `test = [\"testing\"]`")
    }
}

/// Shares of what no word names: the training part is the rest.
fn rest(shares: [i128; 3], parts: &[Part; 3], spans: &[Span; 3], cx: &mut Context) -> Option<[i128; 3]> {
    for at in [1, 2] {
        let share = shares[at];
        if matches!(parts[at], Part::Share(_)) && (share == 0 || share >= 500_000) {
            let title = format!("`{}` can't be {}% of the rest", NAMES[at], Decimal::new(share, -4));
            let diag = Diag::error("tml::split", title).at(&spans[at], "more than 0%, less than 50%");
            cx.report(diag.help(format!("write for example `{} = 15%`", NAMES[at])));
            return None;
        }
    }
    Some([1_000_000 - shares[1] - shares[2], shares[1], shares[2]])
}

fn check(parts: [i128; 3], spans: &[Span; 3], span: &Span, defaulted: &[&str], cx: &mut Context) {
    let percent = |ppm: i128| Decimal::new(ppm, -4);
    // A foreign model isn't trained: all recordings may judge it.
    if parts == [0, 0, 1_000_000] {
        return;
    }
    for ((name, ppm), span) in NAMES.into_iter().zip(parts).zip(spans) {
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
    let schema = schema();
    let given = schema.iter().filter(|param| names.contains(&param.name.as_str()));
    let texts: Vec<String> =
        given.map(|param| format!("{} = {}", param.name, param.default.as_deref().unwrap_or_default())).collect();
    texts.join(", ")
}

/// Training needs a part to learn from.
pub(super) fn untrainable(split: &Split) -> Option<Diag> {
    (split.test == 1_000_000).then(|| {
        Diag::error("tml::split", "nothing is left to train on: `test` is 100%")
            .at(&split.span, "all of it judges")
            .help("write `split = { train = 70%, valid = 15%, test = 15% }`; only imported models are judged by all")
    })
}
