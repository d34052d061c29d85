//! `deploy NAME from MODEL { boards = […] app = … decide { … } require { … } }`.

use crate::base::{Diag, Dimension, Element, Kind, Param, Params, Quantity, Shape};
use crate::lang::ast::{Block, Ident, Member, Reference, Relation, Value};

use super::decide;
use super::fields::{self, Fields, Owner};
use super::model::{BoardUse, Decide, Deploy, Spec, Task};
use super::require::{self, Subject};
use super::scope::{Context, Symbol};
use super::term;

/// Fields of `deploy`.
pub(super) fn schema() -> Params {
    vec![
        Param::required("boards", Kind::Free, "imported boards, each with overrides if wanted: `x { clock = 64 MHz }`"),
        Param::optional("app", Kind::Reference, "", "a function without a result that acts on each answer"),
    ]
}

/// What a deployment may change about a board.
pub(super) fn board_schema() -> Params {
    vec![Param::optional(
        "clock",
        Kind::Of(Dimension::Frequency),
        "",
        "core clock; it must be the one that the board's start-up sets",
    )]
}

/// Resolves the block.
pub(super) fn resolve(block: &Block, cx: &mut Context) -> Option<Deploy> {
    let fields = fields::block(&schema(), block, cx);
    let model = model(block, cx);
    let boards = boards(&fields, cx);
    let app = app(&fields, model, cx);
    fields.finish();
    let mut requirements = Vec::new();
    let mut decided = Decide::default();
    for member in &block.members {
        let Member::Block(inner) = member else { continue };
        match (inner.kind.text.as_str(), model) {
            ("require", model) => {
                let subject = model.map(|model| subject(&cx.spec, model));
                requirements.extend(require::resolve(inner, subject.as_ref(), cx));
            }
            ("decide", Some(model)) => {
                let model = cx.spec.models[model].clone();
                let stream = cx.spec.windows(&model).is_some();
                decided = decide::resolve(inner, &model, stream, cx);
            }
            // Others are reported by `resolve::body`.
            _ => {}
        }
    }
    Some(Deploy {
        name: block.name.as_ref()?.text.clone(),
        docs: block.docs.clone(),
        model: model?,
        boards: boards?,
        app,
        decide: decided,
        requirements,
        span: block.header.clone(),
    })
}

/// What requirements on a model may speak of.
fn subject(spec: &Spec, model: usize) -> Subject {
    let model = &spec.models[model];
    let dataset = &spec.datasets[model.dataset];
    Subject {
        model: model.name.clone(),
        task: model.task.clone(),
        answers: spec.answers(model),
        targets: dataset.target_names(),
        stream: spec.windows(model).is_some() && dataset.rate.is_some(),
    }
}

/// The model of the header; `None` when something is reported.
fn model(block: &Block, cx: &mut Context) -> Option<usize> {
    let from = block.from.as_ref()?;
    match cx.lookup(from.parts.first()?, "model") {
        Ok(Symbol::Model(index)) => index,
        Ok(other) => {
            let diag =
                Diag::error("tml::block", format!("a model is deployed, but `{}` is a {}", from.text(), other.kind()));
            cx.report(diag.at(&from.span, format!("a {}", other.kind())).help("name a model after `from`"));
            None
        }
        Err(diag) => {
            cx.report(diag);
            None
        }
    }
}

fn boards(fields: &Fields, cx: &mut Context) -> Option<Vec<BoardUse>> {
    let value = fields.free("boards")?;
    let span = fields.span("boards");
    let items = if let Value::List(items, _) = &value { items.as_slice() } else { std::slice::from_ref(&value) };
    let mut boards: Vec<BoardUse> = Vec::new();
    let mut complete = true;
    for item in items {
        let Some(found) = board(item, cx) else {
            complete = false;
            continue;
        };
        if let Some(first) = boards.iter().find(|first| first.board.name == found.board.name) {
            let diag = Diag::error("tml::twice", format!("the board `{}` stands twice in `boards`", found.board.name));
            cx.report(
                diag.at(&first.span, "first here")
                    .at(&found.span, "again here")
                    .help("leave one of them out, or write a second `deploy`"),
            );
        }
        boards.push(found);
    }
    if items.is_empty() {
        let diag = Diag::error("tml::bounds", "`boards` is empty");
        cx.report(diag.at(&span, "at least one board").help("`cargo tinyml explain boards` lists them"));
        return None;
    }
    complete.then_some(boards)
}

fn board(item: &Value, cx: &mut Context) -> Option<BoardUse> {
    let (name, reference) = match item {
        Value::Reference(reference) if reference.path.parts.len() == 1 => (&reference.path.parts[0], reference),
        other => {
            let diag =
                Diag::error("tml::kind", format!("`boards` is a list of boards, but {} isn't one", term::found(other)));
            cx.report(diag.at(&other.span(), "a board's name is needed").help("write `boards = [nucleo_f446re]`"));
            return None;
        }
    };
    let Some(board) = cx.boards.get(&name.text).cloned() else {
        let diag = unknown_board(name, cx);
        cx.report(diag);
        return None;
    };
    let found = BoardUse { board, span: name.span.clone() };
    if let Some(lines) = &reference.record {
        apply(&found, lines, reference, cx);
    }
    Some(found)
}

fn unknown_board(name: &Ident, cx: &Context) -> Option<Diag> {
    let library = cx.vocabulary.boards();
    if library.contains(&name.text) {
        let diag = Diag::error("tml::import", format!("the board `{}` is not imported", name.text))
            .at(&name.span, "a board of the library")
            .help(format!("add `use std.boards.{{{}}}` above", name.text));
        return (!cx.failed.contains(&name.text)).then_some(diag);
    }
    let imported = cx.boards.keys().map(String::as_str);
    cx.unknown(name, "board", imported.chain(library.iter().map(String::as_str)))
}

fn apply(found: &BoardUse, lines: &[Relation], reference: &Reference, cx: &mut Context) {
    let title = found.board.name.clone();
    let fields = fields::record(&board_schema(), lines, &Owner { title, span: &reference.span }, cx);
    if let Some(clock) = fields.quantity("clock") {
        check_clock(found, clock, &fields, cx);
    }
    fields.finish();
}

/// A board's start-up code sets its clock; a latency at another one would be of a firmware that doesn't exist.
fn check_clock(found: &BoardUse, clock: Quantity, fields: &Fields, cx: &mut Context) {
    let own = found.board.clock;
    if clock != own {
        let name = &found.board.name;
        let diag = Diag::error(
            "tml::unsupported",
            format!("`{name}` starts at {own}, and its clock can't be changed to {clock} here"),
        )
        .at(&fields.span("clock"), format!("its start-up sets {own}"))
        .help(format!(
            "leave `clock` out, or `use \"boards/mine.toml\"`: a copy of `{name}` with its own `clock` and `setup`"
        ));
        cx.report(diag);
    }
}

fn app(fields: &Fields, model: Option<usize>, cx: &mut Context) -> Option<usize> {
    let path = fields.reference("app")?;
    let span = fields.span("app");
    let index = match cx.lookup(path.parts.first()?, "function") {
        Ok(Symbol::Function(index)) => index?,
        Ok(other) => {
            let diag = Diag::error(
                "tml::kind",
                format!("`app` takes a function, but `{}` is a {}", path.text(), other.kind()),
            );
            cx.report(
                diag.at(&path.span, "a function is needed")
                    .help("write `extern on_answer(scores: f32[3], label: u8) { … }` above"),
            );
            return None;
        }
        Err(diag) => {
            cx.report(diag);
            return None;
        }
    };
    cx.used_functions.push(index);
    let model = &cx.spec.models[model?];
    let function = &cx.spec.functions[index];
    let scores = Shape::f32(&[model.task.scores(model.outputs)]);
    let (wanted, declared) = match model.task {
        Task::Regress => (vec![scores.clone()], format!("(values: {scores})")),
        Task::Classify | Task::Detect { .. } => {
            let label = Shape { element: Element::U8, dims: Vec::new() };
            (vec![scores.clone(), label], format!("(scores: {scores}, label: u8)"))
        }
    };
    let given = function.params.iter().map(|(_, shape)| shape);
    if function.result.is_none() && given.eq(wanted.iter()) {
        return Some(index);
    }
    let name = &function.name;
    let takes = if model.task == Task::Regress { "an app takes the values" } else { "an app takes scores and label" };
    let label = if function.result.is_some() { "an app has no result" } else { takes };
    let of = match model.task {
        Task::Classify => format!("a model with {} classes", model.outputs),
        Task::Regress => format!("a regression of {}", model.outputs),
        Task::Detect { .. } => "a detection".to_string(),
    };
    let diag = Diag::error("tml::shape", format!("`{name}` can't be the app of {of}"))
        .at(&function.span, label)
        .at(&span, "used as the app")
        .help(format!("declare `{name}{declared}`"));
    cx.report(diag);
    None
}
