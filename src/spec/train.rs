//! `train { … }` and `quantize { … }` of a model: options, their defaults and bounds.

use crate::base::{Decimal, Diag, Kind, Param, Params};
use crate::lang::ast::{Block, Call, Member, Value};

use super::fields::{self, Fields};
use super::model::{Optimizer, Quantize, Schedule, Train};
use super::scope::Context;
use super::term;

/// Fields of `train`.
pub(super) fn schema() -> Params {
    let words = |words: &[&str]| Kind::Word(words.iter().map(ToString::to_string).collect());
    vec![
        Param::optional("epochs", Kind::Int(1, 100_000), "60", "passes over the training part, at most"),
        Param::optional("batch", Kind::Int(1, 65_536), "32", "samples a step"),
        Param::optional("optimizer", Kind::Free, "adam(lr = 3e-3)", "`adam(…)` or `sgd(…)`"),
        Param::optional(
            "schedule",
            words(&["cosine", "constant"]),
            "cosine",
            "how the learning rate changes over the epochs",
        ),
        Param::optional(
            "patience",
            Kind::Int(0, 100_000),
            "0",
            "stop after so many epochs without a better validation loss; 0: never",
        ),
        Param::optional(
            "balance",
            words(&["no", "yes", "auto"]),
            "no",
            "weigh rare classes more (`yes`, or `auto`: the same)",
        ),
        Param::optional("seed", Kind::Int(0, u64::MAX as i128), "1", "seed of the first weights and the shuffles"),
    ]
}

/// Fields of `quantize`.
pub(super) fn quantize_schema() -> Params {
    vec![
        Param::optional("scheme", Kind::Word(vec!["int8".into()]), "int8", "the numbers that the board computes with"),
        Param::optional(
            "calibrate",
            Kind::Int(1, 1_000_000),
            "256",
            "training samples that find the activations' ranges",
        ),
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
    ]
}

/// Resolves the lines of `train`. Without one there are none, and `block` is the model itself: defaults stand.
pub(super) fn resolve(block: &Block, lines: &[Member], cx: &mut Context) -> Train {
    let fields = fields::lines(&schema(), block, lines, cx);
    let whole = |name: &str| fields.int(name).unwrap_or_default();
    let optimizer = optimizer(&fields, cx);
    let schedule = fields.text("schedule");
    let balance = fields.text("balance");
    let train = Train {
        epochs: whole("epochs") as u32,
        batch: whole("batch") as u32,
        optimizer: optimizer.unwrap_or(Optimizer::Adam { lr: 0.0, decay: 0.0 }),
        schedule: if schedule.as_deref() == Some("constant") { Schedule::Constant } else { Schedule::Cosine },
        patience: whole("patience") as u32,
        balance: balance.is_some_and(|word| word != "no"),
        seed: whole("seed") as u64,
    };
    fields.finish();
    train
}

/// Resolves the lines of `quantize`, in the same way.
pub(super) fn resolve_quantize(block: &Block, lines: &[Member], cx: &mut Context) -> Quantize {
    let fields = fields::lines(&quantize_schema(), block, lines, cx);
    // One scheme exists: reading it is the check.
    fields.text("scheme");
    let calibrate = fields.int("calibrate").unwrap_or_default() as u32;
    fields.finish();
    Quantize { calibrate }
}

fn optimizer(fields: &Fields, cx: &mut Context) -> Option<Optimizer> {
    let value = fields.free("optimizer")?;
    let call = match &value {
        Value::Call(call) => call.clone(),
        Value::Reference(reference) if reference.record.is_none() => {
            Call { path: reference.path.clone(), args: Vec::new(), span: reference.span.clone() }
        }
        other => {
            let diag = Diag::error(
                "tml::kind",
                format!("`optimizer` takes `adam(…)` or `sgd(…)`, but {} is given", term::found(other)),
            );
            cx.report(diag.at(&other.span(), "not an optimizer").help("write `optimizer = adam(lr = 3e-3)`"));
            return None;
        }
    };
    let float = |value: Option<Decimal>| value.map(|value| value.to_f64() as f32);
    match call.path.text().as_str() {
        "adam" => {
            let args = fields::call(&adam_schema(), &call, cx);
            let (lr, decay) = (float(args.number("lr")), float(args.number("decay")));
            args.finish();
            Some(Optimizer::Adam { lr: lr?, decay: decay? })
        }
        "sgd" => {
            let args = fields::call(&sgd_schema(), &call, cx);
            let (lr, momentum) = (float(args.number("lr")), float(args.number("momentum")));
            args.finish();
            Some(Optimizer::Sgd { lr: lr?, momentum: momentum? })
        }
        other => {
            let diag = Diag::error("tml::name", format!("there is no optimizer called `{other}`"));
            cx.report(
                diag.at(&call.path.span, "not known here")
                    .help("write `adam(lr = 3e-3)` (with `decay`: AdamW) or `sgd(lr = 0.05)`"),
            );
            None
        }
    }
}
