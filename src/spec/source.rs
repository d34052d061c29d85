//! `source = FORMAT("pattern", …)`: which files, and how they are written.

use crate::base::{Diag, Quantity, Span};
use crate::data::formats::csv::{Csv, Header};
use crate::data::formats::image::Images;
use crate::data::formats::pixels::Fit;
use crate::data::formats::raw::{Number, Raw};
use crate::data::formats::wav::Wav;
use crate::data::{Format, LabelForm, Labels, Pattern, Source, Take};
use crate::lang::ast::{Call, Value};

use super::channels;
use super::fields::{self, Fields};
use super::formats::{FORMS, label_array_schema, label_csv_schema};
use super::import;
use super::scope::Context;
use super::term;

/// Numbers in one recording, at most.
const MOST: usize = 1 << 24;

/// A source, as far as its own arguments say.
pub(super) struct Found {
    pub(super) source: Source,
    /// Dimensions of a recording, or of one sample, where the format says them without `channels`.
    pub(super) dims: Option<Vec<usize>>,
    /// Names of the channels, unless the spec gives others.
    pub(super) channels: Option<Vec<String>>,
    /// Sampling rate, where the format is asked for one.
    pub(super) rate: Option<Quantity>,
}

/// Reads the field `source`; errors are reported. `rate` is the data set's.
pub(super) fn read(fields: &Fields, rate: Option<Quantity>, cx: &mut Context) -> Option<Found> {
    let value = fields.free("source")?;
    let form = match &value {
        Value::Call(call) => FORMS.iter().find(|form| form.word == call.path.text()).map(|form| (call, form)),
        _ => None,
    };
    let Some((call, form)) = form else {
        cx.report(not_a_source(&value));
        return None;
    };
    let args = fields::call(&(form.params)(), call, cx);
    let found = format(form.word, &args, rate, cx);
    let has_labels = (form.params)().iter().any(|param| param.name == "labels");
    let value = if has_labels { args.free("labels") } else { None };
    let labels = value.as_ref().map(|value| labels(value, cx));
    let pattern = pattern(&args, cx);
    args.finish();
    let (format, dims, channels, rate) = found?;
    if matches!(labels, Some(None)) {
        return None;
    }
    Some(Found { source: Source { pattern: pattern?, format, labels: labels.flatten() }, dims, channels, rate })
}

/// Format, dimensions, channel names, rate.
type Read = (Format, Option<Vec<usize>>, Option<Vec<String>>, Option<Quantity>);

fn format(word: &str, args: &Fields, rate: Option<Quantity>, cx: &mut Context) -> Option<Read> {
    let yes = |name: &str| args.text(name).as_deref() == Some("yes");
    let plain = |format: Format| Some((format, None, None, rate));
    match word {
        "csv" => {
            let csv = csv(args, cx);
            plain(Format::Csv { take: take(args, cx)?, csv })
        }
        "jsonl" => plain(Format::Jsonl { take: take(args, cx)? }),
        "svmlight" => plain(Format::Svmlight),
        "json" => {
            let resample = yes("resample");
            rate.or_else(|| no_rate("json", args, cx))?;
            plain(Format::Json { resample })
        }
        "wav" => {
            let (resample, downmix, own) = (yes("resample"), yes("downmix"), args.quantity("rate"));
            let rate = own.or(rate).or_else(|| no_rate("wav", args, cx))?;
            let wav = Wav { rate: whole(rate, args, cx)?, resample, channels: 1, downmix };
            Some((Format::Wav(wav), None, Some(vec!["audio".into()]), Some(rate)))
        }
        "images" => images(args, rate, cx),
        "raw" => {
            let (scale, zero, offset) = (args.number("scale"), args.number("zero"), args.int("offset"));
            let element = args.text("element").and_then(|word| Number::named(&word));
            let dims = shape("shape", args, cx)?;
            let (scale, zero) = (scale?.to_f64() as f32, zero?.to_f64() as f32);
            let width = dims.iter().product();
            let raw = Raw { element: element?, offset: offset? as usize, width, scale, zero };
            Some((Format::Raw(raw), Some(dims), None, rate))
        }
        "npy" => Some((Format::Npy, Some(shape("shape", args, cx)?), None, rate)),
        "idx" => Some((Format::Idx, Some(shape("shape", args, cx)?), None, rate)),
        _ => {
            let (x, y) = (args.text("x"), args.text("y"));
            Some((Format::Npz { x: x?, y }, Some(shape("shape", args, cx)?), None, rate))
        }
    }
}

fn images(args: &Fields, rate: Option<Quantity>, cx: &mut Context) -> Option<Read> {
    let colour = args.text("colour").as_deref() == Some("rgb");
    let fit = match args.text("fit").as_deref() {
        Some("resize") => Fit::Resize,
        Some("crop") => Fit::Crop,
        _ => Fit::Refuse,
    };
    let size = shape("size", args, cx)?;
    let [height, width] = size[..] else {
        let diag = Diag::error("tml::kind", format!("`size` takes two numbers, not {}", size.len()));
        cx.report(diag.at(&args.span("size"), "rows and pixels of a row").help("write `size = [28, 28]`"));
        return None;
    };
    let names: Vec<String> =
        if colour { ["red", "green", "blue"].map(String::from).into() } else { vec!["grey".into()] };
    let dims = vec![height, width, names.len()];
    Some((Format::Images(Images { height, width, colour, fit }), Some(dims), Some(names), rate))
}

fn no_rate(word: &str, args: &Fields, cx: &mut Context) -> Option<Quantity> {
    let diag = Diag::error("tml::field", format!("`{word}` needs a rate to hold the files to"));
    cx.report(diag.at(&args.span("pattern"), "how many samples a second?").help("add `rate = 16 kHz` to the dataset"));
    None
}

/// A rate of sound: whole hertz.
fn whole(rate: Quantity, args: &Fields, cx: &mut Context) -> Option<u32> {
    let hertz = rate.base / 1000;
    if rate.base % 1000 == 0 && (1..=1_536_000).contains(&hertz) {
        return Some(hertz as u32);
    }
    let diag = Diag::error("tml::bounds", "the rate of sound is a whole number of hertz, from 1 Hz to 1.536 MHz");
    cx.report(diag.at(&args.span("rate"), "no such rate").help("write for example `rate = 16 kHz`"));
    None
}

fn shape(field: &str, args: &Fields, cx: &mut Context) -> Option<Vec<usize>> {
    let value = args.free(field)?;
    let span = args.span(field);
    let items = if let Value::List(items, _) = &value { items.as_slice() } else { std::slice::from_ref(&value) };
    let size = |item: &Value| match item {
        Value::Number(number) if number.unit.is_none() => number.value.integer(),
        _ => None,
    };
    let dims: Option<Vec<usize>> =
        items.iter().map(|item| size(item).filter(|dim| (1..=65_536).contains(dim)).map(|dim| dim as usize)).collect();
    let numbers = |dims: &Vec<usize>| dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
    let fits = |dims: &Vec<usize>| (1..=4).contains(&dims.len()) && numbers(dims).is_some_and(|count| count <= MOST);
    if let Some(dims) = dims.filter(fits) {
        return Some(dims);
    }
    let title = format!("`{field}` takes one to four whole numbers, each from 1 to 65536");
    let help = format!("write for example `{field} = [28, 28]`; all together at most {MOST} values");
    cx.report(Diag::error("tml::kind", title).at(&span, "dimensions are needed").help(help));
    None
}

fn take(args: &Fields, cx: &mut Context) -> Option<Take> {
    let Some(value) = args.free("take") else { return Some(Take::Row) };
    match (&value, term::bare(&value)) {
        (_, Some("file")) => Some(Take::File),
        (_, Some("row")) => Some(Take::Row),
        (Value::Number(number), _) if number.unit.is_none() => match number.value.integer() {
            Some(1) => Some(Take::Row),
            Some(rows) if (2..=1 << 20).contains(&rows) => Some(Take::Rows(rows as usize)),
            _ => {
                let diag = Diag::error("tml::bounds", format!("a take of {} rows can't be", number.value));
                cx.report(diag.at(&args.span("take"), "from 1 to 1048576").help("write for example `take = 119`"));
                None
            }
        },
        _ => {
            let title = format!("`take` takes a number of rows or `file`, but {} is given", term::found(&value));
            let help = "write `take = 119`, or `take = file` where a file is a stream";
            cx.report(Diag::error("tml::kind", title).at(&args.span("take"), "rows or `file`").help(help));
            None
        }
    }
}

fn csv(args: &Fields, cx: &mut Context) -> Csv {
    let header = match args.text("header").as_deref() {
        Some("yes") => Header::Yes,
        Some("no") => Header::No,
        _ => Header::Auto,
    };
    let decimal_comma = args.text("decimal").as_deref() == Some("comma");
    let comment = args.text("comment").unwrap_or_default();
    let separator = separator(args, decimal_comma, cx);
    Csv { header, separator, decimal_comma, comment }
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

fn pattern(args: &Fields, cx: &mut Context) -> Option<Pattern> {
    let text = import::join(&cx.folder, &args.text("pattern")?);
    match Pattern::parse(&text) {
        Ok(pattern) => Some(pattern),
        Err(reason) => {
            let diag = Diag::error("tml::path", format!("`{text}` can't be read as a path pattern"));
            let diag = diag.at(&args.span("pattern"), "this pattern").note(reason);
            cx.report(diag.help("`*` is any text, `{name}` binds it to a column"));
            None
        }
    }
}

/// Reads the argument `labels`; errors are reported.
fn labels(value: &Value, cx: &mut Context) -> Option<Labels> {
    match value {
        // `idx(images, labels)` and its like: a path alone is a file of the same kind of program.
        Value::Text(text) => {
            let path = term::path(&text.value, &text.span).map_err(|diag| cx.report(diag)).ok()?;
            let form = match path.trim_end_matches(".gz").rsplit('.').next() {
                Some("npy") => LabelForm::Npy,
                Some("csv" | "tsv" | "txt") => {
                    let column = crate::data::Column::Named("label".into());
                    LabelForm::Csv { csv: Csv::default(), column, file: None }
                }
                _ => LabelForm::Idx,
            };
            let pattern = Pattern::parse(&import::join(&cx.folder, &path));
            let pattern = pattern.map_err(|why| cx.report(Diag::error("tml::path", why).at(&text.span, "this path")));
            Some(Labels { pattern: pattern.ok()?, form })
        }
        Value::Call(call) => labels_call(call, cx),
        other => {
            let diag = Diag::error("tml::kind", format!("`labels` takes a file, but {} is given", term::found(other)));
            cx.report(
                diag.at(&other.span(), "a file of labels").help("write `labels = csv(\"y.csv\", column = class)`"),
            );
            None
        }
    }
}

fn labels_call(call: &Call, cx: &mut Context) -> Option<Labels> {
    let word = call.path.text();
    if word == "csv" {
        let args = fields::call(&label_csv_schema(), call, cx);
        let csv = csv(&args, cx);
        let column = args.free("column").and_then(|value| channels::column("column", &value, cx));
        let file = args.free("file").map(|value| channels::column("file", &value, cx));
        let pattern = pattern(&args, cx);
        args.finish();
        let file = match file {
            Some(read) => Some(read?),
            None => None,
        };
        return Some(Labels { pattern: pattern?, form: LabelForm::Csv { csv, column: column?, file } });
    }
    let form = match word.as_str() {
        "npy" => LabelForm::Npy,
        "idx" => LabelForm::Idx,
        _ => {
            let diag = Diag::error("tml::kind", format!("labels can't be read with `{word}`"));
            cx.report(diag.at(&call.span, "not a form of labels").help("`csv(…)`, `npy(…)` and `idx(…)` read labels"));
            return None;
        }
    };
    let args = fields::call(&label_array_schema(), call, cx);
    let pattern = pattern(&args, cx);
    args.finish();
    Some(Labels { pattern: pattern?, form })
}

fn not_a_source(value: &Value) -> Diag {
    let diag = Diag::error("tml::kind", format!("`source` takes a format, but {} is given", term::found(value)));
    let span: Span = value.span();
    if let Value::Text(text) = value {
        let help = format!("write `source = {}(\"{}\")`", by_extension(&text.value), text.value);
        return diag.at(&span, "which format?").help(help);
    }
    let words: Vec<&str> = FORMS.iter().map(|form| form.word).collect();
    let help = format!("write `source = csv(\"data/*.csv\")`; formats: {}", super::scope::quoted(&words));
    diag.at(&span, "not a known format").help(help)
}

/// The format that a path's ending speaks for.
fn by_extension(path: &str) -> &'static str {
    let lower = path.to_lowercase();
    match lower.trim_end_matches(".gz").rsplit('.').next() {
        Some("wav") => "wav",
        Some("png" | "jpg" | "jpeg" | "bmp" | "pgm" | "ppm") => "images",
        Some("npy") => "npy",
        Some("npz") => "npz",
        Some("json") => "json",
        Some("jsonl") => "jsonl",
        Some("bin" | "raw") => "raw",
        _ => "csv",
    }
}
