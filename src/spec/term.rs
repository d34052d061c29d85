//! One value read as one kind: the checks of kind, unit, dimension and bounds that every field and argument shares.

use crate::base::quantity::{self, UNITS};
use crate::base::suggest::nearest;
use crate::base::{Decimal, Diag, Dimension, Kind, Quantity, Span};
use crate::lang::ast::{Arg, Ident, Number, Path, Relation, Value};

use super::scope::{Constant, Context, quoted};

/// A value that passed its kind's checks.
#[derive(Clone, Debug)]
pub(super) enum Term {
    Int(i128),
    Number(Decimal),
    Quantity(Quantity),
    /// A text, a word or a path.
    Text(String),
    Names(Vec<(String, Span)>),
    List(Vec<Term>),
    Reference(Path),
    Free(Value),
}

/// Reads `value` as `kind`; `name` is the field's or argument's. `Ok(None)`: it depends on a block whose errors
/// are reported already.
pub(super) fn read(name: &str, kind: &Kind, value: &Value, cx: &Context) -> Result<Option<Term>, Diag> {
    if let Some(diag) = choice(kind, value) {
        return Err(diag);
    }
    let term = match (kind, value) {
        (Kind::Free, _) => Term::Free(value.clone()),
        (Kind::Int(..) | Kind::Number(..), Value::Number(number)) => plain(name, kind, number)?,
        (Kind::Of(dimension), Value::Number(number)) => Term::Quantity(measured(name, *dimension, number)?),
        (Kind::Text, Value::Text(text)) => Term::Text(text.value.clone()),
        (Kind::Path, Value::Text(text)) => Term::Text(path(&text.value, &text.span)?),
        (Kind::Text, Value::Reference(reference)) if bare(value).is_some() => Term::Text(reference.path.text()),
        (Kind::Word(words), _) if bare(value).is_some() => return word(name, words, value).map(Some),
        (Kind::Names, Value::List(items, _)) => Term::Names(names(name, items)?),
        (Kind::List(inner), Value::List(items, _)) => {
            let terms = items.iter().map(|item| read(name, inner, item, cx)).collect::<Result<Option<Vec<_>>, _>>()?;
            return Ok(terms.map(Term::List));
        }
        (Kind::Either(first, second), _) => {
            let matching = if takes(first, value) { first } else { second };
            return if takes(matching, value) {
                read(name, matching, value, cx)
            } else {
                Err(mismatch(name, kind, value))
            };
        }
        (Kind::Reference, Value::Reference(reference)) if reference.record.is_none() => {
            Term::Reference(reference.path.clone())
        }
        (_, Value::Reference(reference)) if reference.path.parts.len() > 1 && reference.record.is_none() => {
            return constant(name, kind, &reference.path, cx);
        }
        _ => return Err(mismatch(name, kind, value)),
    };
    Ok(Some(term))
}

/// Whether `value` looks like the kind, so that what is wrong with it is to be said in terms of that kind.
fn takes(kind: &Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Int(..) | Kind::Number(..), Value::Number(number)) => number.unit.is_none(),
        (Kind::Of(_), Value::Number(number)) => number.unit.is_some(),
        (Kind::Text | Kind::Word(_), _) => bare(value).is_some(),
        (Kind::List(_) | Kind::Names, Value::List(..)) => true,
        (_, Value::Reference(reference)) => reference.path.parts.len() > 1,
        _ => false,
    }
}

/// The word that a bare reference or a text is.
pub(super) fn bare(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(&text.value),
        Value::Reference(reference) if reference.record.is_none() && reference.path.parts.len() == 1 => {
            Some(&reference.path.parts[0].text)
        }
        _ => None,
    }
}

fn choice(kind: &Kind, value: &Value) -> Option<Diag> {
    let first = match value {
        Value::Range(low, _) if !matches!(kind, Kind::Free) => low.span.text().to_string(),
        Value::Call(call) if call.path.text() == "one_of" => {
            call.args.first().map_or_else(|| "8".to_string(), |arg| arg.value.span().text().to_string())
        }
        _ => return None,
    };
    let written = value.span().text().to_string();
    Some(
        Diag::error("tml::choice", format!("the choice `{written}` can't stand here"))
            .at(&value.span(), "one value is needed here")
            .help(format!("write one value, for example `{first}`; choices stand in a model's layers and its `train`")),
    )
}

fn plain(name: &str, kind: &Kind, number: &Number) -> Result<Term, Diag> {
    if let Some(unit) = &number.unit {
        return Err(Diag::error("tml::unit", format!("`{name}` is a plain number, but `{}` has a unit", show(number)))
            .at(&unit.span, "no unit here")
            .help(format!("write `{}`", number.value)));
    }
    match kind {
        Kind::Int(low, high) => {
            let Some(whole) = number.value.integer() else {
                return Err(Diag::error(
                    "tml::kind",
                    format!("`{name}` takes a whole number, but `{}` isn't one", number.value),
                )
                .at(&number.span, "a fraction"));
            };
            if whole < *low || whole > *high {
                let fits = if whole < *low { low } else { high };
                return Err(outside(name, number, whole < *low, &fits.to_string()));
            }
            Ok(Term::Int(whole))
        }
        Kind::Number(low, high) => {
            let value = number.value.to_f64();
            if value < *low || value > *high {
                let fits = if value < *low { low } else { high };
                return Err(outside(name, number, value < *low, &fits.to_string()));
            }
            Ok(Term::Number(number.value))
        }
        _ => Ok(Term::Number(number.value)),
    }
}

fn outside(name: &str, number: &Number, below: bool, bound: &str) -> Diag {
    let most = if below { "least" } else { "most" };
    Diag::error("tml::bounds", format!("`{name}` must be at {most} {bound}, but is {}", show(number)))
        .at(&number.span, format!("at {most} {bound}"))
        .help(format!("write `{bound}`, or a {} number", if below { "larger" } else { "smaller" }))
}

/// A number with its unit as the user wrote it, blanks made one.
pub(super) fn show(number: &Number) -> String {
    let gap = if number.unit.as_ref().is_some_and(|unit| unit.text == "%") { "" } else { " " };
    number.unit.as_ref().map_or(number.value.to_string(), |unit| format!("{}{gap}{}", number.value, unit.text))
}

/// Reads a number with a unit of `dimension`.
pub(super) fn measured(name: &str, dimension: Dimension, number: &Number) -> Result<Quantity, Diag> {
    let written = show(number);
    let word = dimension.word();
    let example = UNITS.iter().rfind(|unit| unit.1 == dimension && !matches!(unit.0, "us" | "kB" | "B" | "Hz" | "uJ"));
    let example = example.map_or("", |unit| unit.0);
    let Some(unit) = &number.unit else {
        let gap = if example == "%" { "" } else { " " };
        return Err(Diag::error("tml::unit", format!("`{name}` is a {word}, but `{written}` has no unit"))
            .at(&number.span, format!("which {word}?"))
            .help(format!(
                "write `{}{gap}{example}`; units of {word}: {}",
                percent(dimension, number.value),
                units(dimension)
            )));
    };
    let Some((found, factor)) = quantity::unit(&unit.text) else {
        return Err(unknown_unit(dimension, number, unit));
    };
    if found != dimension {
        return Err(Diag::error("tml::unit", format!("`{name}` is a {word}, but `{written}` is a {}", found.word()))
            .at(&number.span, format!("a {}", found.word()))
            .help(format!("write a {word}; its units: {}", units(dimension))));
    }
    let Some(base) = number.value.times(factor) else {
        return Err(Diag::error("tml::bounds", format!("`{written}` is too fine or too large a {word}"))
            .at(&number.span, format!("not a whole number of {}", base_unit(dimension)))
            .help("write fewer digits, or another unit"));
    };
    if base < 0 {
        return Err(Diag::error("tml::bounds", format!("`{name}` is {written}, but a {word} here isn't negative"))
            .at(&number.span, "below zero"));
    }
    Ok(Quantity::new(dimension, base))
}

/// What to suggest for a number without a unit: a ratio up to 1 was likely meant as a part of one.
fn percent(dimension: Dimension, value: Decimal) -> Decimal {
    let share = dimension == Dimension::Ratio && (0.0..=1.0).contains(&value.to_f64());
    let scaled = || value.times(100_000_000).map(|parts| Decimal::new(parts, -6));
    if share { scaled().unwrap_or(value) } else { value }
}

fn base_unit(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Time => "nanoseconds",
        Dimension::Frequency => "millihertz",
        Dimension::Size => "bytes",
        Dimension::Energy => "nanojoules",
        Dimension::Ratio => "parts per million",
    }
}

fn units(dimension: Dimension) -> String {
    quoted(&dimension.units().collect::<Vec<_>>())
}

fn unknown_unit(dimension: Dimension, number: &Number, unit: &Ident) -> Diag {
    let value = number.value;
    if unit.text.eq_ignore_ascii_case("kb") && unit.text != "kB" {
        return Diag::error("tml::unit", format!("`{}` may mean 1000 or 1024 bytes", unit.text))
            .at(&unit.span, "ambiguous")
            .help(format!("write `{value} KiB` for 1024 bytes each, or `{value} kB` for 1000"));
    }
    let diag = Diag::error("tml::unit", format!("`{}` is no known unit", unit.text));
    let known = || dimension.units().chain(UNITS.iter().map(|row| row.0));
    // Case decides between units (`MHz`, `mHz`), so equal letters in another case come first.
    let meant = known().find(|name| name.eq_ignore_ascii_case(&unit.text)).or_else(|| nearest(&unit.text, known()));
    match meant {
        Some(meant) => diag.at(&unit.span, format!("did you mean `{meant}`?")).help(format!("write `{value} {meant}`")),
        None => diag.at(&unit.span, "not a unit").help(format!("units of {}: {}", dimension.word(), units(dimension))),
    }
}

/// A path of the user's: `/` between parts, relative to the spec.
pub(super) fn path(text: &str, span: &Span) -> Result<String, Diag> {
    let drive = text.as_bytes().get(1) == Some(&b':');
    if text.is_empty() {
        return Err(Diag::error("tml::path", "this path is empty").at(span, "no file has this name"));
    }
    if text.contains('\\') {
        return Err(Diag::error("tml::path", format!("`{text}` uses `\\` between folders"))
            .at(span, "paths use `/`")
            .help(format!("write \"{}\"", text.replace('\\', "/"))));
    }
    if text.starts_with('/') || text.starts_with('~') || drive {
        return Err(Diag::error("tml::path", format!("`{text}` is a path of one machine"))
            .at(span, "paths are relative to the spec")
            .help("put the file below the spec's folder, or write a path with `../`"));
    }
    Ok(text.to_string())
}

fn word(name: &str, words: &[String], value: &Value) -> Result<Term, Diag> {
    let written = bare(value).unwrap_or_default();
    if words.iter().any(|word| word == written) {
        return Ok(Term::Text(written.to_string()));
    }
    let diag = Diag::error("tml::kind", format!("`{name}` can't be `{written}`"));
    let known = format!("`{name}` is one of {}", quoted(words));
    Err(match nearest(written, words.iter().map(String::as_str)) {
        Some(meant) => diag.at(&value.span(), format!("did you mean `{meant}`?")).help(known),
        None => diag.at(&value.span(), "not a word it knows").help(known),
    })
}

fn names(name: &str, items: &[Value]) -> Result<Vec<(String, Span)>, Diag> {
    let mut names: Vec<(String, Span)> = Vec::new();
    for item in items {
        let Some(word) = bare(item) else {
            return Err(not_a_name(name, item));
        };
        if let Some((_, first)) = names.iter().find(|(known, _)| known == word) {
            return Err(Diag::error("tml::twice", format!("`{word}` stands twice in `{name}`"))
                .at(first, "first here")
                .at(&item.span(), "again here")
                .help("leave one of them out"));
        }
        names.push((word.to_string(), item.span()));
    }
    Ok(names)
}

/// A list item that should be a name: numbers and capitals are written as texts.
pub(super) fn not_a_name(list: &str, item: &Value) -> Diag {
    let span = item.span();
    let diag = Diag::error("tml::kind", format!("`{list}` is a list of names, but {} isn't one", found(item)));
    match item {
        Value::Number(_) => diag.at(&span, "a number").help(format!("write it as a text: \"{}\"", span.text())),
        Value::Range(..) => diag.at(&span, "a range").help("write every name: `[\"0\", \"1\", \"2\"]`"),
        _ => diag.at(&span, "a name or a text is needed"),
    }
}

fn constant(name: &str, kind: &Kind, path: &Path, cx: &Context) -> Result<Option<Term>, Diag> {
    let Some(constant) = cx.constant(path)? else { return Ok(None) };
    match (kind, constant) {
        (Kind::Int(..), Constant::Names(names)) => Ok(Some(Term::Int(names.len() as i128))),
        (Kind::Number(..), Constant::Names(names)) => Ok(Some(Term::Number(Decimal::new(names.len() as i128, 0)))),
        (Kind::Names, Constant::Names(names)) => {
            Ok(Some(Term::Names(names.into_iter().map(|name| (name, path.span.clone())).collect())))
        }
        (Kind::Of(dimension), Constant::Quantity(quantity)) if quantity.dimension == *dimension => {
            Ok(Some(Term::Quantity(quantity)))
        }
        (_, constant) => {
            let is = match constant {
                Constant::Names(_) => "a list of names",
                Constant::Quantity(_) => "a frequency",
            };
            Err(Diag::error("tml::kind", format!("`{name}` takes {}, but `{}` is {is}", wanted(kind), path.text()))
                .at(&path.span, is))
        }
    }
}

fn mismatch(name: &str, kind: &Kind, value: &Value) -> Diag {
    let diag = Diag::error("tml::kind", format!("`{name}` takes {}, but {} is given", wanted(kind), found(value)))
        .at(&value.span(), format!("{} is needed", needed(kind)));
    match (kind, value) {
        (Kind::Path | Kind::Text, _) => diag.help(format!("write a text: `{name} = \"…\"`")),
        (Kind::Names, _) => diag.help(format!("write a list: `{name} = [a, b]`")),
        (Kind::List(_), _) => diag.help(format!("write a list: `{name} = [{}]`", value.span().text())),
        (Kind::Word(words), _) => diag.help(format!("`{name}` is one of {}", quoted(words))),
        (Kind::Of(dimension), _) => diag.help(format!("its units: {}", units(*dimension))),
        (Kind::Int(..) | Kind::Number(..), Value::Text(text)) if Decimal::parse(&text.value).is_some() => {
            diag.help(format!("write it without quotes: `{}`", text.value))
        }
        _ => diag,
    }
}

/// A kind in words, for "takes …".
pub(super) fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::Int(..) => "a whole number".to_string(),
        Kind::Number(..) => "a number".to_string(),
        Kind::Of(dimension) => format!("a {}", dimension.word()),
        Kind::Text => "a text".to_string(),
        Kind::Path => "a path in quotes".to_string(),
        Kind::Word(words) => format!("one of {}", quoted(words)),
        Kind::Names => "a list of names".to_string(),
        Kind::List(inner) => format!("a list, each of it {}", wanted(inner)),
        Kind::Either(first, second) => format!("{} or {}", wanted(first), wanted(second)),
        Kind::Reference => "a name from above".to_string(),
        Kind::Free => "a value".to_string(),
    }
}

fn needed(kind: &Kind) -> String {
    match kind {
        Kind::Word(_) => "one of its words".to_string(),
        Kind::List(_) => "a list".to_string(),
        _ => wanted(kind),
    }
}

/// What a value is, for "but … is given".
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Range(..) => "a range".to_string(),
        Value::Number(number) => format!("the number `{}`", show(number)),
        Value::Text(text) if text.value.chars().count() <= 24 && !text.block => format!("the text \"{}\"", text.value),
        Value::Text(_) => "a text".to_string(),
        Value::List(..) => "a list".to_string(),
        Value::Record(..) => "a record".to_string(),
        Value::Call(call) => format!("the call `{}(…)`", call.path.text()),
        Value::Reference(reference) if reference.record.is_some() => "a name with a record".to_string(),
        Value::Reference(reference) => format!("the name `{}`", reference.path.text()),
    }
}

/// The one way to write a term, free of layout; what operators and features get, and what enters keys.
pub(super) fn canonical(term: &Term) -> String {
    match term {
        Term::Int(value) => value.to_string(),
        Term::Number(value) => value.to_string(),
        Term::Quantity(value) => exact(*value),
        Term::Text(text) => text.clone(),
        Term::Names(names) => names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
        Term::List(terms) => terms.iter().map(canonical).collect::<Vec<_>>().join(", "),
        Term::Reference(path) => path.text(),
        Term::Free(value) => written(value),
    }
}

/// A quantity without loss: whole, in the largest unit in which it is.
pub(super) fn exact(quantity: Quantity) -> String {
    let fitting = UNITS.iter().find(|unit| unit.1 == quantity.dimension && quantity.base % unit.2 == 0);
    let smallest = UNITS.iter().rfind(|unit| unit.1 == quantity.dimension);
    let Some((name, _, factor)) = fitting.or(smallest) else { return quantity.base.to_string() };
    let gap = if *name == "%" { "" } else { " " };
    if quantity.base % factor == 0 {
        return format!("{}{gap}{name}", quantity.base / factor);
    }
    // Every factor is a power of ten where base units are finer than the smallest unit.
    let digits = factor.to_string().len() as i32 - 1;
    format!("{}{gap}{name}", Decimal::new(quantity.base, -digits))
}

fn written(value: &Value) -> String {
    let relations = |relations: &[Relation]| {
        let lines =
            relations.iter().map(|line| format!("{} {} {}", line.subject.text(), line.op.text(), written(&line.value)));
        format!("{{ {} }}", lines.collect::<Vec<_>>().join(", "))
    };
    let argument = |arg: &Arg| {
        let name = arg.name.as_ref().map_or(String::new(), |name| format!("{} = ", name.text));
        format!("{name}{}", written(&arg.value))
    };
    match value {
        Value::Range(low, high) => format!("{}..{}", show(low), show(high)),
        Value::Number(number) => show(number),
        Value::Text(text) => format!("{:?}", text.value),
        Value::List(items, _) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Record(lines, _) => relations(lines),
        Value::Call(call) => {
            format!("{}({})", call.path.text(), call.args.iter().map(argument).collect::<Vec<_>>().join(", "))
        }
        Value::Reference(reference) => {
            let record = reference.record.as_ref().map_or(String::new(), |lines| format!(" {}", relations(lines)));
            format!("{}{record}", reference.path.text())
        }
    }
}
