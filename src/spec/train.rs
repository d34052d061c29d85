//! `train { … }` of a model: options, their defaults and bounds.

use crate::base::{Decimal, Diag, Dimension, Kind, Param, Params, Quantity};
use crate::lang::ast::{Block, Call, Member, Value};

use super::augment;
use super::fields::{self, Fields};
use super::model::{Balance, Loss, Optimizer, Schedule, Train};
use super::scope::{Context, quoted};
use super::term;

/// Fields of `train`.
pub(super) fn schema() -> Params {
    let words = |words: &[&str]| Kind::Word(words.iter().map(ToString::to_string).collect());
    vec![
        Param::optional(
            "epochs",
            Kind::Int(1, 100_000),
            "",
            "passes over the training part, at most; left out: about 4000 steps, 15 to 500 passes",
        ),
        Param::optional(
            "batch",
            Kind::Int(1, 65_536),
            "",
            "samples a step; left out: 32, or 8 where there are few rows",
        ),
        Param::optional(
            "loss",
            Kind::Free,
            "",
            "`cross_entropy(…)`, `bce`, `mse`, `mae` or `huber(…)`; left out: cross-entropy for classes, else `mse`",
        ),
        Param::optional("optimizer", Kind::Free, "adam(lr = 3e-3)", "`adam(…)` or `sgd(…)`"),
        Param::optional(
            "schedule",
            Kind::Free,
            "cosine",
            "how the learning rate changes over the epochs: `cosine`, `constant` or `step(…)`",
        ),
        Param::optional(
            "warmup",
            Kind::Of(Dimension::Ratio),
            "5%",
            "share of the steps over which the learning rate climbs",
        ),
        Param::optional("clip", Kind::Number(0.0, 1e9), "0", "longest gradient of a step; 0: no bound"),
        Param::optional("average", words(&["no", "yes"]), "no", "take a running mean of the weights"),
        Param::optional(
            "patience",
            Kind::Int(0, 100_000),
            "0",
            "stop after so many epochs that aren't better on the validation part; 0: never",
        ),
        Param::optional(
            "balance",
            words(&["no", "yes", "auto"]),
            "no",
            "weigh rare classes more, and keep the epoch with the best mean F1 (`auto`: where one has three times the rows of another)",
        ),
        Param::optional("augment", Kind::Free, "", "random changes of training samples: `[shift(10%), noise(5%)]`"),
        Param::optional("seed", Kind::Int(0, u64::MAX as i128), "1", "seed of the first weights, shuffles and changes"),
    ]
}

/// Arguments of `adam`.
pub(super) fn adam_schema() -> Params {
    vec![
        Param::optional("lr", Kind::Number(1e-12, 100.0), "3e-3", "learning rate"),
        Param::optional("decay", Kind::Number(0.0, 1.0), "0", "decoupled weight decay (AdamW)"),
    ]
}

/// Arguments of `sgd`.
pub(super) fn sgd_schema() -> Params {
    vec![
        Param::optional("lr", Kind::Number(1e-12, 100.0), "0.05", "learning rate"),
        Param::optional("momentum", Kind::Number(0.0, 0.9999), "0.9", "how much of the last step is kept"),
        Param::optional("decay", Kind::Number(0.0, 1.0), "0", "decoupled weight decay"),
    ]
}

/// Arguments of `step`.
pub(super) fn step_schema() -> Params {
    vec![
        Param::required("every", Kind::Int(1, 100_000), "epochs between two falls of the learning rate"),
        Param::optional("factor", Kind::Number(1e-6, 1.0), "0.5", "what it is multiplied by"),
    ]
}

/// Arguments of `cross_entropy`.
pub(super) fn cross_entropy_schema() -> Params {
    vec![Param::optional("smoothing", Kind::Number(0.0, 0.9), "0", "share of a target that goes to all classes alike")]
}

/// Arguments of `huber`.
pub(super) fn huber_schema() -> Params {
    vec![Param::optional(
        "delta",
        Kind::Number(1e-6, 1e6),
        "1",
        "where squares become straight lines, in deviations of the target",
    )]
}

/// Resolves the lines of `train`. Without one there are none, and `block` is the model itself: defaults stand.
pub(super) fn resolve(block: &Block, lines: &[Member], cx: &mut Context) -> Train {
    let fields = fields::lines(&schema(), block, lines, cx);
    let whole = |name: &str| fields.int(name).unwrap_or_default();
    let optimizer = fields.free("optimizer").and_then(|value| optimizer(&value, cx));
    let schedule = fields.free("schedule").and_then(|value| schedule(&value, cx));
    let balance = match fields.text("balance").as_deref() {
        Some("yes") => Balance::Yes,
        Some("auto") => Balance::Auto,
        _ => Balance::No,
    };
    let train = Train {
        epochs: whole("epochs") as u32,
        batch: whole("batch") as u32,
        loss: fields.free("loss").and_then(|value| loss(&value, cx)),
        optimizer: optimizer.unwrap_or(Optimizer::Adam { lr: 3e-3, decay: 0.0 }),
        schedule: schedule.unwrap_or(Schedule::Cosine),
        warmup: share(fields.quantity("warmup")),
        clip: float(fields.number("clip")).unwrap_or_default(),
        average: fields.text("average").as_deref() == Some("yes"),
        patience: whole("patience") as u32,
        balance,
        augment: fields.free("augment").map_or_else(Vec::new, |value| augment::resolve(&value, cx)),
        seed: whole("seed") as u64,
    };
    fields.finish();
    train
}

fn float(value: Option<Decimal>) -> Option<f32> {
    value.map(|value| value.to_f64() as f32)
}

/// A ratio as a number.
fn share(ratio: Option<Quantity>) -> f32 {
    ratio.map_or(0.0, |ratio| ratio.to_f64() as f32)
}

/// A call, or a bare word as a call without arguments.
pub(super) fn called(value: &Value) -> Option<Call> {
    match value {
        Value::Call(call) => Some(call.clone()),
        Value::Reference(reference) if reference.record.is_none() => {
            Some(Call { path: reference.path.clone(), args: Vec::new(), span: reference.span.clone() })
        }
        _ => None,
    }
}

/// The call that `field` is given, one of `words`; reports what is something else.
pub(super) fn one_of(field: &str, value: &Value, words: &[&str], cx: &mut Context) -> Option<(Call, String)> {
    let help = format!("write {}", quoted(words));
    let Some(call) = called(value) else {
        let title = format!("`{field}` takes {}, but {} is given", quoted(words), term::found(value));
        cx.report(Diag::error("tml::kind", title).at(&value.span(), "something else").help(help));
        return None;
    };
    let word = call.path.text();
    if words.contains(&word.as_str()) {
        return Some((call, word));
    }
    let diag = Diag::error("tml::name", format!("`{field}` knows no `{word}`"));
    cx.report(diag.at(&call.path.span, "not known here").help(help));
    None
}

fn optimizer(value: &Value, cx: &mut Context) -> Option<Optimizer> {
    let (call, word) = one_of("optimizer", value, &["adam", "sgd"], cx)?;
    if word == "adam" {
        let args = fields::call(&adam_schema(), &call, cx);
        let (lr, decay) = (float(args.number("lr")), float(args.number("decay")));
        args.finish();
        return Some(Optimizer::Adam { lr: lr?, decay: decay? });
    }
    let args = fields::call(&sgd_schema(), &call, cx);
    let [lr, momentum, decay] = ["lr", "momentum", "decay"].map(|name| float(args.number(name)));
    args.finish();
    Some(Optimizer::Sgd { lr: lr?, momentum: momentum?, decay: decay? })
}

fn schedule(value: &Value, cx: &mut Context) -> Option<Schedule> {
    let (call, word) = one_of("schedule", value, &["cosine", "constant", "step"], cx)?;
    let schema = if word == "step" { step_schema() } else { Params::new() };
    let args = fields::call(&schema, &call, cx);
    let schedule = match word.as_str() {
        "cosine" => Some(Schedule::Cosine),
        "constant" => Some(Schedule::Constant),
        _ => step(&args),
    };
    args.finish();
    schedule
}

fn step(args: &Fields) -> Option<Schedule> {
    let (every, factor) = (args.int("every"), float(args.number("factor")));
    Some(Schedule::Step { every: every? as u32, factor: factor? })
}

fn loss(value: &Value, cx: &mut Context) -> Option<Loss> {
    let (call, word) = one_of("loss", value, &["cross_entropy", "bce", "mse", "mae", "huber"], cx)?;
    let schema = match word.as_str() {
        "cross_entropy" => cross_entropy_schema(),
        "huber" => huber_schema(),
        _ => Params::new(),
    };
    let args = fields::call(&schema, &call, cx);
    let loss = match word.as_str() {
        "cross_entropy" => float(args.number("smoothing")).map(|smoothing| Loss::CrossEntropy { smoothing }),
        "huber" => float(args.number("delta")).map(|delta| Loss::Huber { delta }),
        "bce" => Some(Loss::BinaryCrossEntropy),
        "mae" => Some(Loss::AbsoluteError),
        _ => Some(Loss::SquaredError),
    };
    args.finish();
    loss
}
