//! `features NAME from DATASET { step() … }`: the chain of steps between rows and a model's input.

use crate::base::{Diag, Element, Params, Quantity};
use crate::lang::ast::{Block, Call, Member};

use super::fields;
use super::model::Features;
use super::scope::{Context, Symbol};
use super::shapes::Flow;
use super::steps::{Stream, step};
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
    let (dataset, mut stream) = source(block, cx)?;
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
            stream.flow = Flow { shape: Some(shape), span: calls[0].span.clone() };
            calls = &calls[1..];
        }
        window = cut;
    }
    if calls.is_empty() && window.is_none() {
        let diag = Diag::error("tml::block", format!("`{}` has no step", fields::title(block)));
        let help = format!("add a step, or leave the block out and write `model … from {}`", from.text());
        cx.report(diag.at(&block.header, "nothing between the braces").help(help));
        return None;
    }
    let input = stream.flow.shape.clone();
    let mut steps = Vec::new();
    for call in calls.iter().copied() {
        let (step, next) = step(call, &stream, cx);
        stream = next;
        steps.extend(step);
    }
    let input = input?;
    let flow = stream.flow;
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
fn source(block: &Block, cx: &mut Context) -> Option<(Option<usize>, Stream)> {
    let from = block.from.as_ref()?;
    let symbol = cx.lookup(from.parts.first()?, "dataset");
    match symbol {
        Ok(Symbol::Dataset(Some(index))) => {
            let dataset = &cx.spec.datasets[index];
            let names = dataset.channels.iter().map(|channel| channel.name.clone()).collect();
            let flow = Flow { shape: Some(dataset.row.clone()), span: from.span.clone() };
            Some((Some(index), Stream { flow, rate: dataset.rate.map(Quantity::to_f64), names }))
        }
        Ok(Symbol::Dataset(None)) => {
            let flow = Flow { shape: None, span: from.span.clone() };
            Some((None, Stream { flow, rate: None, names: Vec::new() }))
        }
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
