//! `window(1 s, stride = 250 ms)`: the first line of a chain over streams. It is no C: the build cuts recordings, and
//! the firmware is given windows.

use crate::base::{Diag, Dimension, Kind, Param, Params, Shape};
use crate::lang::ast::{Call, Value};

use super::fields;
use super::model::{Dataset, Short, Window};
use super::scope::Context;
use super::term::{self, Term};

/// The word.
pub(super) const WORD: &str = "window";

/// Samples of a window, at most.
const MOST: i128 = 1 << 22;

/// Arguments of `window`.
pub(super) fn schema() -> Params {
    let short = Kind::Word(["pad", "drop", "refuse"].map(String::from).into());
    vec![
        Param::required("length", Kind::Free, "a time, by the data set's `rate`, or a number of samples"),
        Param::optional(
            "stride",
            Kind::Free,
            "",
            "from one window's start to the next one's; the length when left out",
        ),
        Param::optional(
            "short",
            short,
            "pad",
            "a recording shorter than a window: zeros behind it, left out, or refused",
        ),
    ]
}

/// How the chain's first line cuts the data set's recordings, and what a window is; errors are reported. Outer `None`:
/// the chain can't go on. Inner: recordings are samples as they are.
pub(super) fn read(first: Option<&Call>, dataset: &Dataset, cx: &mut Context) -> Option<(Option<Window>, Shape)> {
    let call = first.filter(|call| call.path.text() == WORD);
    match (call, dataset.stream) {
        (None, false) => Some((None, dataset.row.clone())),
        (Some(call), false) => {
            let title = format!("`{}` has recordings of {}, which aren't cut", dataset.name, dataset.row);
            let help = "leave `window` out, or read whole files as streams: `csv(…, take = file)`";
            cx.report(Diag::error("tml::window", title).at(&call.span, "cuts streams").help(help));
            None
        }
        (None, true) => {
            let title =
                format!("the recordings of `{}` have any length, and nothing cuts them into windows", dataset.name);
            let diag = Diag::error("tml::window", title);
            let diag = match first {
                Some(call) => diag.at(&call.span, "comes before any window"),
                None => diag.at(&dataset.span, "these recordings"),
            };
            cx.report(diag.help("write `window(1 s, stride = 500 ms)` as the first line of the chain"));
            None
        }
        (Some(call), true) => cut(call, dataset, cx),
    }
}

/// A model takes a stream only through a chain.
pub(super) fn uncut(dataset: &Dataset) -> Diag {
    let name = &dataset.name;
    Diag::error("tml::window", format!("the recordings of `{name}` have any length, and a model takes one shape"))
        .help(format!("cut them: `features windows from {name} {{ window(1 s) }}`, and `model … from windows`"))
}

fn cut(call: &Call, dataset: &Dataset, cx: &mut Context) -> Option<(Option<Window>, Shape)> {
    let args = fields::call(&schema(), call, cx);
    let length = args.free("length").map(|value| samples("length", &value, dataset, cx));
    let stride = args.free("stride").map(|value| samples("stride", &value, dataset, cx));
    let short = match args.text("short").as_deref() {
        Some("drop") => Short::Drop,
        Some("refuse") => Short::Refuse,
        _ => Short::Pad,
    };
    args.finish();
    let length = length??;
    let stride = stride.unwrap_or(Some(length))?;
    let mut dims = vec![length];
    dims.extend(&dataset.row.dims);
    let window = Window { length, stride, short, span: call.span.clone() };
    Some((Some(window), Shape::f32(&dims)))
}

/// A number of samples, from a time (to the nearest sample) or as it is.
fn samples(name: &str, value: &Value, dataset: &Dataset, cx: &mut Context) -> Option<usize> {
    let count = match value {
        Value::Number(number) if number.unit.is_none() => {
            let Some(count) = number.value.integer() else {
                let title = format!("`{name}` is a time or a whole number of samples, not {}", number.value);
                let diag = Diag::error("tml::kind", title).at(&value.span(), "a fraction");
                cx.report(diag.help("write `1 s`, or `50` samples"));
                return None;
            };
            count
        }
        _ => match term::read(name, &Kind::Of(Dimension::Time), value, cx) {
            Ok(Some(Term::Quantity(time))) => {
                let Some(rate) = dataset.rate else {
                    let written = value.span().text().to_string();
                    let title = format!("`{}` has no `rate`, so {written} is no number of samples", dataset.name);
                    let diag = Diag::error("tml::window", title).at(&value.span(), "how many samples?");
                    cx.report(diag.help(format!(
                        "add `rate = 50 Hz` to `dataset {}`, or write a number of samples",
                        dataset.name
                    )));
                    return None;
                };
                // Nanoseconds by millihertz.
                (time.base * rate.base + 500_000_000_000) / 1_000_000_000_000
            }
            Ok(_) => return None,
            Err(diag) => {
                cx.report(diag);
                return None;
            }
        },
    };
    let width = dataset.row.len().max(1) as i128;
    if count < 1 || count * width > MOST {
        let diag =
            Diag::error("tml::bounds", format!("`{name}` is {count} samples, but 1 to {} are possible", MOST / width));
        cx.report(diag.at(&value.span(), format!("{count} samples")).help("write for example `1 s`"));
        return None;
    }
    Some(count as usize)
}
