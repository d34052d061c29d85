//! `augment = [shift(10%), noise(5%), …]` of `train`: random changes of training samples.

use crate::base::{Diag, Dimension, Kind, Param, Params};
use crate::lang::ast::Value;

use super::fields;
use super::model::Augment;
use super::scope::Context;
use super::term;
use super::train::one_of;

/// Each change: its word, what it does, its default strength; none: it takes nothing.
const CHANGES: [(&str, &str, &str); 8] = [
    ("shift", "Moves a sample along time by up to a share of its length.", "10%"),
    ("noise", "Adds noise of a share of the sample's own deviation.", "5%"),
    ("scale", "Multiplies a sample by up to a share more or less.", "10%"),
    ("time_mask", "Hides a stretch of time of up to a share of its length.", "10%"),
    ("frequency_mask", "Hides bands, up to a share of them.", "10%"),
    ("flip", "Mirrors every other image, left to right.", ""),
    ("crop", "Moves an image along both sides by up to a share of each.", "10%"),
    ("mixup", "Mixes pairs of samples and their targets; α of the beta distribution.", "0.2"),
];

/// Word, meaning and arguments of each change, for the documentation.
pub(super) fn topics() -> impl Iterator<Item = (&'static str, &'static str, Params)> {
    CHANGES.iter().map(|(word, doc, _)| (*word, *doc, schema(word)))
}

fn schema(word: &str) -> Params {
    let default = CHANGES.iter().find(|change| change.0 == word).map_or("", |change| change.2);
    match word {
        "flip" => Params::new(),
        "mixup" => vec![Param::optional("alpha", Kind::Number(0.01, 10.0), default, "how even the mixtures are")],
        _ => vec![Param::optional("by", Kind::Of(Dimension::Ratio), default, "how much, at most")],
    }
}

/// Reads the list; reports what is no change.
pub(super) fn resolve(value: &Value, cx: &mut Context) -> Vec<Augment> {
    let Value::List(items, _) = value else {
        let title = format!("`augment` takes a list of changes, but {} is given", term::found(value));
        let diag = Diag::error("tml::kind", title).at(&value.span(), "not a list");
        cx.report(diag.help("write `augment = [shift(10%), noise(5%)]`"));
        return Vec::new();
    };
    items.iter().filter_map(|item| change(item, cx)).collect()
}

fn change(value: &Value, cx: &mut Context) -> Option<Augment> {
    let words = CHANGES.map(|change| change.0);
    let (call, word) = one_of("augment", value, &words, cx)?;
    let args = fields::call(&schema(&word), &call, cx);
    let change = match word.as_str() {
        "flip" => Some(Augment::Flip),
        "mixup" => args.number("alpha").map(|alpha| Augment::Mixup(alpha.to_f64() as f32)),
        word => args.quantity("by").and_then(|by| by_share(word, by.to_f64() as f32)),
    };
    args.finish();
    if change.is_none() && word != "flip" {
        let title = format!("`{word}` changes a sample by up to all of it");
        cx.report(Diag::error("tml::bounds", title).at(&call.span, "0% to 100%").help(format!("write `{word}(10%)`")));
    }
    change
}

fn by_share(word: &str, share: f32) -> Option<Augment> {
    let make = match word {
        "shift" => Augment::Shift,
        "noise" => Augment::Noise,
        "scale" => Augment::Scale,
        "time_mask" => Augment::TimeMask,
        "frequency_mask" => Augment::FrequencyMask,
        _ => Augment::Crop,
    };
    (0.0..=1.0).contains(&share).then(|| make(share))
}
