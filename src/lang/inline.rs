//! Nodes of the tree as one line of text.

use super::ast::{Arg, Block, Call, Import, Member, Number, Path, Relation, Signature, Text, Type, Value};
use super::text;

/// A value on one line. Texts of many lines are written with escapes.
pub fn print_value(value: &Value) -> String {
    match value {
        Value::Range(low, high) => format!("{}..{}", number(low), number(high)),
        Value::Number(one) => number(one),
        Value::Text(text) => text::quote(&text.value),
        Value::List(values, _) => format!("[{}]", joined(values, print_value)),
        Value::Record(relations, _) => record(relations),
        Value::Call(one) => call(one),
        Value::Reference(reference) => match &reference.record {
            Some(relations) => format!("{} {}", reference.path.text(), record(relations)),
            None => reference.path.text(),
        },
    }
}

/// True when a value has a text of many lines in it, and so can't stand on one line. Texts left of a relation
/// don't count: that side always stands on one line.
pub(super) fn has_block_text(value: &Value) -> bool {
    let relation = |relation: &Relation| has_block_text(&relation.value);
    match value {
        Value::Text(text) => is_block(text),
        Value::List(values, _) => values.iter().any(has_block_text),
        Value::Record(relations, _) => relations.iter().any(relation),
        Value::Call(call) => call_has_block_text(call),
        Value::Reference(reference) => reference.record.iter().flatten().any(relation),
        Value::Range(..) | Value::Number(_) => false,
    }
}

/// The same of a call.
pub(super) fn call_has_block_text(call: &Call) -> bool {
    call.args.iter().any(|arg| has_block_text(&arg.value))
}

/// True when a text is printed as a block: when it was one, and a block can have that value.
pub(super) fn is_block(text: &Text) -> bool {
    text.block && text::block(&text.value, 0).is_some()
}

/// `a, b`
pub(super) fn joined<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `50 Hz`, `70%`
fn number(number: &Number) -> String {
    match &number.unit {
        Some(unit) if unit.text == "%" => format!("{}%", number.value),
        Some(unit) => format!("{} {}", number.value, unit.text),
        None => number.value.to_string(),
    }
}

fn record(relations: &[Relation]) -> String {
    if relations.is_empty() { "{}".into() } else { format!("{{ {} }}", joined(relations, relation)) }
}

/// `recall(fall) >= 95%`
pub(super) fn relation(relation: &Relation) -> String {
    format!("{} {} {}", subject(relation), relation.op.text(), print_value(&relation.value))
}

/// What stands left of `=`.
pub(super) fn subject(relation: &Relation) -> String {
    match &relation.args {
        Some(args) => format!("{}({})", relation.subject.text(), joined(args, arg)),
        None => relation.subject.text(),
    }
}

/// `adam(lr = 1e-3)`
pub(super) fn call(call: &Call) -> String {
    format!("{}({})", call.path.text(), joined(&call.args, arg))
}

/// A line that is a call: `auto` goes without its parentheses.
pub(super) fn step(step: &Call) -> String {
    if is_auto(step) { step.path.text() } else { call(step) }
}

/// Whether a step is the word that stands alone.
pub(super) fn is_auto(call: &Call) -> bool {
    call.args.is_empty() && call.path.text() == "auto"
}

/// `lr = 1e-3`, or `1e-3`
pub(super) fn arg(arg: &Arg) -> String {
    match &arg.name {
        Some(name) => format!("{} = {}", name.text, print_value(&arg.value)),
        None => print_value(&arg.value),
    }
}

/// `f32[50, 3]`
pub(super) fn ty(ty: &Type) -> String {
    if ty.dims.is_empty() {
        ty.element.text.clone()
    } else {
        format!("{}[{}]", ty.element.text, joined(&ty.dims, print_value))
    }
}

/// `(x: f32[3], k: u8) -> f32[3]`
pub(super) fn signature(signature: &Signature) -> String {
    let params = joined(&signature.params, |(name, of)| format!("{}: {}", name.text, ty(of)));
    format!("({params}){}", result(signature))
}

/// ` -> f32[3]`
pub(super) fn result(signature: &Signature) -> String {
    signature.result.as_ref().map_or(String::new(), |of| format!(" -> {}", ty(of)))
}

/// `kind name`
pub(super) fn title(block: &Block) -> String {
    let name = block.name.as_ref().map_or(String::new(), |name| format!(" {}", name.text));
    block.kind.text.clone() + &name
}

/// ` from path`
pub(super) fn from(from: Option<&Path>) -> String {
    from.map_or(String::new(), |path| format!(" from {}", path.text()))
}

/// `kind name(params) -> type from path`
pub(super) fn header(block: &Block) -> String {
    let params = block.signature.as_ref().map_or(String::new(), signature);
    title(block) + &params + &from(block.from.as_ref())
}

/// `kind name { a = 1, b = 2 }`, if the whole block was written on one line and can be, or has no members.
pub(super) fn block(block: &Block) -> Option<String> {
    let written = block.span.source.text().get(block.header.end..block.span.end)?;
    let plain = |member: &Member| match member {
        Member::Block(inner) if inner.docs.is_empty() => self::block(inner),
        Member::Relation(one) if !has_block_text(&one.value) => Some(relation(one)),
        Member::Call(one) if !call_has_block_text(one) => Some(step(one)),
        _ => None,
    };
    if written.contains(['\n', '\r']) && !block.members.is_empty() {
        return None;
    }
    let members = block.members.iter().map(plain).collect::<Option<Vec<_>>>()?;
    let body = if members.is_empty() { "{}".to_string() } else { format!("{{ {} }}", members.join(", ")) };
    Some(format!("{} {body}", header(block)))
}

/// `use std.boards.{a, b}`
pub(super) fn import(import: &Import) -> String {
    match import {
        Import::Names { path, names: None, .. } => format!("use {}", path.text()),
        Import::Names { path, names: Some(names), .. } => {
            format!("use {}.{{{}}}", path.text(), joined(names, |name| name.text.clone()))
        }
        Import::File { path, .. } => format!("use {}", text::quote(&path.value)),
    }
}
