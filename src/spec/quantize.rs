//! `quantize { … }` of a model: options, their defaults and bounds.

use crate::base::{Dimension, Kind, Param, Params};
use crate::lang::ast::{Block, Member, Value};

use super::fields;
use super::model::{Aware, Calibration, Quantize};
use super::scope::Context;
use super::train::one_of;

/// Fields of `quantize`.
pub(super) fn schema() -> Params {
    let words = |words: &[&str]| Kind::Word(words.iter().map(ToString::to_string).collect());
    vec![
        Param::optional("scheme", words(&["int8"]), "int8", "the numbers that the board computes with"),
        Param::optional(
            "calibrate",
            Kind::Int(1, 1_000_000),
            "256",
            "training samples that find the activations' ranges",
        ),
        Param::optional(
            "method",
            Kind::Free,
            "auto",
            "how a range follows from what was seen: `minmax`, `percentile(…)`, `mse`, or `auto`: the one that is best on the validation part",
        ),
        Param::optional(
            "aware",
            words(&["auto", "yes", "no"]),
            "auto",
            "train on with rounded numbers; `auto`: where rounding costs more than a point",
        ),
    ]
}

/// Arguments of `percentile`.
pub(super) fn percentile_schema() -> Params {
    vec![Param::optional("share", Kind::Of(Dimension::Ratio), "0.01%", "values left out at each end")]
}

/// Resolves the lines of `quantize`. Without one there are none, and `block` is the model itself: defaults stand.
pub(super) fn resolve(block: &Block, lines: &[Member], cx: &mut Context) -> Quantize {
    let fields = fields::lines(&schema(), block, lines, cx);
    // One scheme exists: reading it is the check.
    fields.text("scheme");
    let aware = match fields.text("aware").as_deref() {
        Some("yes") => Aware::Yes,
        Some("no") => Aware::No,
        _ => Aware::Auto,
    };
    let quantize = Quantize {
        calibrate: fields.int("calibrate").unwrap_or_default() as u32,
        method: fields.free("method").and_then(|value| method(&value, cx)),
        aware,
    };
    fields.finish();
    quantize
}

/// `None`: the best one.
fn method(value: &Value, cx: &mut Context) -> Option<Calibration> {
    let (call, word) = one_of("method", value, &["auto", "minmax", "percentile", "mse"], cx)?;
    let schema = if word == "percentile" { percentile_schema() } else { Params::new() };
    let args = fields::call(&schema, &call, cx);
    let method = match word.as_str() {
        "minmax" => Some(Calibration::MinMax),
        "mse" => Some(Calibration::Mse),
        "percentile" => args.quantity("share").map(|share| Calibration::Percentile(share.to_f64().clamp(0.0, 0.4))),
        _ => None,
    };
    args.finish();
    method
}
