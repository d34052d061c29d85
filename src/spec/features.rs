//! `features NAME from DATASET { step() … }`: the chain of steps between rows and a model's input.

use crate::base::{Diag, Element, Params, Span};
use crate::lang::ast::{Block, Call, Member};

use super::fields;
use super::model::{Callee, Features, Step};
use super::scope::{Context, Symbol};
use super::shapes::{self, Flow};
use super::window;

/// Fields of `features`: none, its lines are steps.
pub(super) fn schema() -> Params {
    Vec::new()
}

/// Resolves the block.
pub(super) fn resolve(block: &Block, cx: &mut Context) -> Option<Features> {
    fields::block(&schema(), block, cx).finish();
    let calls: Vec<&Call> = block
        .members
        .iter()
        .filter_map(|member| if let Member::Call(call) = member { Some(call) } else { None })
        .collect();
    let from = block.from.as_ref()?;
    let (dataset, mut flow) = source(block, cx)?;
    let mut window = None;
    let mut calls = calls.as_slice();
    if dataset.is_none() && calls.first().is_some_and(|call| call.path.text() == window::WORD) {
        // What is wrong with the data set is reported; its window can't be read.
        return None;
    }
    if let Some(index) = dataset {
        let dataset = cx.spec.datasets[index].clone();
        let (cut, shape) = window::read(calls.first().copied(), &dataset, cx)?;
        if cut.is_some() {
            (flow, calls) = (Flow { shape: Some(shape), span: calls[0].span.clone() }, &calls[1..]);
        }
        window = cut;
    }
    if calls.is_empty() && window.is_none() {
        let diag = Diag::error("tml::block", format!("`{}` has no step", fields::title(block)));
        let help = format!("add a step, or leave the block out and write `model … from {}`", from.text());
        cx.report(diag.at(&block.header, "nothing between the braces").help(help));
        return None;
    }
    let input = flow.shape.clone();
    let mut steps = Vec::new();
    for call in calls.iter().copied() {
        let step = step(call, &flow, cx);
        flow = Flow { shape: step.as_ref().map(|step| step.output.clone()), span: call.span.clone() };
        steps.extend(step);
    }
    let input = input?;
    let output = flow.shape?;
    if output.element != Element::F32 {
        let diag =
            Diag::error("tml::shape", format!("`{}` ends in {output}, but a model takes f32", fields::title(block)));
        cx.report(diag.at(&flow.span, format!("gives {output}")).help("make the last step give f32"));
        return None;
    }
    Some(Features {
        name: block.name.as_ref()?.text.clone(),
        dataset: dataset?,
        window,
        input,
        steps,
        output,
        span: block.header.clone(),
    })
}

/// The data set that the chain starts from, and a row of it. Outer `None`: reported; inner: reported elsewhere.
fn source(block: &Block, cx: &mut Context) -> Option<(Option<usize>, Flow)> {
    let from = block.from.as_ref()?;
    let symbol = cx.lookup(from.parts.first()?, "dataset");
    let flow = |shape| Flow { shape, span: from.span.clone() };
    match symbol {
        Ok(Symbol::Dataset(Some(index))) => Some((Some(index), flow(Some(cx.spec.datasets[index].row.clone())))),
        Ok(Symbol::Dataset(None)) => Some((None, flow(None))),
        Ok(other) => {
            let diag = Diag::error(
                "tml::block",
                format!("`features` starts from a dataset, but `{}` is a {}", from.text(), other.kind()),
            );
            cx.report(diag.at(&from.span, format!("a {}", other.kind())).help("name a dataset after `from`"));
            None
        }
        Err(diag) => {
            cx.report(diag);
            None
        }
    }
}

fn step(call: &Call, flow: &Flow, cx: &mut Context) -> Option<Step> {
    if call.path.text() == window::WORD {
        let diag = Diag::error("tml::window", "`window` stands only as the first line of a chain");
        cx.report(diag.at(&call.span, "too late").help("move it to the top, above all steps"));
        return None;
    }
    let [name] = call.path.parts.as_slice() else {
        let diag = Diag::error("tml::name", format!("there is no step called `{}`", call.path.text()));
        cx.report(
            diag.at(&call.path.span, "a step is one word")
                .help("import it: `use std.features.{…}`, then write its name"),
        );
        return None;
    };
    match cx.names.get(&name.text) {
        Some((Symbol::Function(index), _)) => return user_step(call, (*index)?, flow, cx),
        Some((other, _)) => {
            let diag = Diag::error("tml::name", format!("`{}` is a {}, not a step", name.text, other.kind()));
            cx.report(diag.at(&name.span, "a feature or function is needed"));
            return None;
        }
        None => {}
    }
    if cx.features.contains(&name.text) {
        return library_step(call, flow, cx);
    }
    let diag = unknown_step(call, cx);
    cx.report(diag);
    None
}

fn unknown_step(call: &Call, cx: &Context) -> Option<Diag> {
    let name = &call.path.parts[0];
    let library = cx.vocabulary.features();
    if library.contains(&name.text) {
        let diag = Diag::error("tml::import", format!("`{}` is not imported", name.text))
            .at(&name.span, "a feature of the library")
            .help(format!("add `use std.features.{{{}}}` above", name.text));
        return (!cx.failed.contains(&name.text)).then_some(diag);
    }
    let functions =
        cx.names.iter().filter(|(_, (symbol, _))| matches!(symbol, Symbol::Function(_))).map(|(name, _)| name.as_str());
    let known: Vec<&str> = functions.chain(library.iter().map(String::as_str)).collect();
    cx.unknown(name, "feature or function", known.into_iter())
}

fn library_step(call: &Call, flow: &Flow, cx: &mut Context) -> Option<Step> {
    let name = call.path.text();
    let vocabulary = cx.vocabulary;
    let feature = match vocabulary.feature(&name)? {
        Ok(feature) => feature,
        Err(diag) => {
            cx.report(diag);
            return None;
        }
    };
    let fields = fields::call(&feature.params, call, cx);
    let args = fields.canonical(&feature.params)?;
    let input = flow.shape.clone()?;
    match (feature.infer)(&args, &input) {
        Ok(output) => Some(Step { call: Callee::Std(name), args, input, output, span: call.span.clone() }),
        Err(reason) => {
            let title = format!("`{name}` doesn't fit {input}: {reason}");
            cx.report(shapes::misfit(title, &input, flow, &call.span, "can't take it").help(feature.doc));
            None
        }
    }
}

fn user_step(call: &Call, index: usize, flow: &Flow, cx: &mut Context) -> Option<Step> {
    cx.used_functions.push(index);
    let function = cx.spec.functions[index].clone();
    let name = &function.name;
    if let Some(arg) = call.args.first() {
        let diag = Diag::error("tml::field", format!("`{name}` is a step: it takes what flows in, no arguments"));
        cx.report(diag.at(&arg.span, "one too many").help(format!("write `{name}()`")));
        return None;
    }
    let refuse = |cx: &mut Context, title: String, label: &str, help: String, span: &Span| {
        cx.report(Diag::error("tml::shape", title).at(&call.span, label).at(span, "declared here").help(help));
        None
    };
    let (Some(result), [(param, takes)]) = (&function.result, function.params.as_slice()) else {
        let title = format!("`{name}` can't be a step: a step takes one tensor and gives one");
        let help = format!("declare `{name}(x: f32[3]) -> f32[3]`");
        return refuse(cx, title, "needs one parameter and a result", help, &function.span);
    };
    if result.element == Element::Bool {
        let diag =
            Diag::error("tml::unsupported", format!("`{name}` gives bool, and filters of rows aren't built yet"));
        cx.report(diag.at(&call.span, "a filter").help("give f32, or clean the rows before they are read"));
        return None;
    }
    let input = flow.shape.clone()?;
    if !shapes::fits(takes, &input) {
        let title = format!("`{name}` takes {takes}, but it is given {input}");
        let diag = shapes::misfit(title, &input, flow, &call.span, &format!("takes {takes}"));
        cx.report(diag.help(format!("declare `{param}: {input}` in `{name}`")));
        return None;
    }
    let output = shapes::tensor(result);
    Some(Step { call: Callee::User(index), args: Vec::new(), input, output, span: call.span.clone() })
}
