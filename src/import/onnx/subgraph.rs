//! Operators that hold graphs: `If` of a known condition, `Loop` and `Scan` of a known count, unrolled.

use crate::base::{Diag, Diags};
use crate::tensor::{DType, Literal, Scalar, Tensor, index};

use super::convert::Converter;
use super::graph::Slot;
use super::node::axis;
use super::proto::{Graph, Node};
use super::refusal::{Refusal, invalid, unsupported};

/// What lowering a node gives: the outer error ends the conversion.
pub type Made = Result<Result<Vec<Tensor>, Refusal>, Diag>;

/// Lowers a node that holds graphs.
pub type LowerGraph = fn(&mut Converter<'_>, &Node, &[Option<Tensor>]) -> Made;

/// Turns of one loop.
const TURNS: i64 = 10_000;

/// The operators of this file.
pub fn find(domain: &str, op: &str) -> Option<LowerGraph> {
    match (domain, op) {
        ("", "If") => Some(branch),
        ("", "Loop") => Some(turns),
        ("", "Scan") => Some(scan),
        _ => None,
    }
}

fn graph<'a>(node: &'a Node, name: &str) -> Result<&'a Graph, Refusal> {
    let attribute = node.attributes.iter().find(|attribute| attribute.name == name);
    attribute
        .and_then(|attribute| attribute.graph.as_ref())
        .ok_or_else(|| Refusal::Invalid(format!("the graph `{name}` is missing")))
}

fn needs(converter: &Converter<'_>, node: &Node, position: usize, tensor: &Tensor) -> Refusal {
    let input = node.inputs.get(position).cloned().unwrap_or_default();
    Refusal::Value { input, depends: converter.builder.sources(tensor) }
}

/// Lowers a graph's body with its inputs bound: its outputs.
fn inline(converter: &mut Converter<'_>, graph: &Graph, inputs: &[Tensor]) -> Made {
    if graph.inputs.len() < inputs.len() {
        return Ok(invalid("a graph has fewer inputs than it is given"));
    }
    converter.scopes.enter();
    for (info, tensor) in graph.inputs.iter().zip(inputs) {
        converter.scopes.set(&info.name, Slot::Tensor(tensor.clone()));
    }
    let mut diags = Diags::default();
    converter.initializers(graph, &mut diags);
    if let Some(diag) = diags.0.pop() {
        return Err(diag);
    }
    converter.body(&graph.nodes)?;
    let names: Vec<String> = graph.outputs.iter().map(|info| info.name.clone()).collect();
    let made = converter.results(&names);
    converter.scopes.leave();
    Ok(made)
}

fn branch(converter: &mut Converter<'_>, node: &Node, inputs: &[Option<Tensor>]) -> Made {
    let Some(condition) = inputs.first().cloned().flatten() else {
        return Ok(invalid("the condition is missing"));
    };
    let Some(known) = converter.builder.known(&condition).filter(|known| !known.is_empty()) else {
        return Ok(Err(needs(converter, node, 0, &condition)));
    };
    let name = if known.get(0).int() == 0 { "else_branch" } else { "then_branch" };
    match graph(node, name) {
        Ok(graph) => inline(converter, graph, &[]),
        Err(refusal) => Ok(Err(refusal)),
    }
}

macro_rules! attempt {
    ($made:expr) => {
        match $made {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal.into())),
        }
    };
}

fn turns(converter: &mut Converter<'_>, node: &Node, inputs: &[Option<Tensor>]) -> Made {
    let body = attempt!(graph(node, "body"));
    let known_int = |converter: &Converter<'_>, position: usize| match inputs.get(position).cloned().flatten() {
        None => Ok(None),
        Some(tensor) => match converter.builder.known(&tensor).filter(|known| !known.is_empty()) {
            Some(known) => Ok(Some(known.get(0).int())),
            None => Err(needs(converter, node, position, &tensor)),
        },
    };
    let most = attempt!(known_int(converter, 0));
    let mut go = attempt!(known_int(converter, 1)).is_none_or(|go| go != 0);
    let mut carried = attempt!(converter.results(node.inputs.get(2..).unwrap_or_default()));
    let states = carried.len();
    let mut scans: Vec<Vec<Tensor>> = vec![Vec::new(); body.outputs.len().saturating_sub(1 + states)];
    let mut turn = 0;
    while go && most.is_none_or(|most| turn < most) {
        if turn >= TURNS {
            return Ok(unsupported(format!("a loop of more than {TURNS} turns")));
        }
        let number = Literal::of(DType::I64, &[], [Scalar::Int(turn)]);
        let condition = Literal::of(DType::Bool, &[], [Scalar::Int(1)]);
        let mut given = vec![
            attempt!(converter.builder.constant("turn", number)),
            attempt!(converter.builder.constant("go", condition)),
        ];
        given.append(&mut carried);
        let mut made = attempt!(inline(converter, body, &given)?).into_iter();
        let Some(next) = made.next() else { return Ok(invalid("the body has no outputs")) };
        match converter.builder.known(&next).filter(|known| !known.is_empty()) {
            Some(known) => go = known.get(0).int() != 0,
            None => return Ok(Err(needs(converter, node, 1, &next))),
        }
        carried = made.by_ref().take(states).collect();
        scans.iter_mut().zip(made).for_each(|(list, tensor)| list.push(tensor));
        turn += 1;
    }
    for list in &scans {
        if list.is_empty() {
            return Ok(unsupported("a loop of no turns with collected outputs"));
        }
        carried.push(attempt!(stack(converter, list, 0)));
    }
    Ok(Ok(carried))
}

/// Tensors of one shape side by side along a new axis.
fn stack(converter: &mut Converter<'_>, list: &[Tensor], axis: usize) -> Result<Tensor, Refusal> {
    let first = &list[0];
    if list.iter().any(|tensor| tensor.shape != first.shape || tensor.dtype != first.dtype) {
        return unsupported("a loop whose collected outputs differ in shape");
    }
    let mut shape = first.shape.clone();
    if axis > shape.len() {
        return invalid("an output axis beyond the output");
    }
    shape.insert(axis, list.len());
    converter.builder.begin();
    let output = converter.builder.alloc(first.dtype, &shape)?;
    for (number, tensor) in list.iter().enumerate() {
        converter.builder.nest(&first.shape, |b, at| {
            let mut to = at.to_vec();
            to.insert(axis, index(number));
            b.put(&output, &to, tensor.at(at));
        });
    }
    converter.builder.end(&format!("{} outputs", "stack"));
    Ok(output)
}

/// One slice of a tensor along an axis, the axis dropped.
fn slice(converter: &mut Converter<'_>, tensor: &Tensor, axis: usize, number: usize) -> Result<Tensor, Refusal> {
    let mut shape = tensor.shape.clone();
    shape.remove(axis);
    converter.builder.begin();
    let output = converter.builder.map(tensor.dtype, &shape, |_, at| {
        let mut from = at.to_vec();
        from.insert(axis, index(number));
        tensor.at(&from)
    })?;
    converter.builder.end("slice");
    Ok(output)
}

fn scan(converter: &mut Converter<'_>, node: &Node, inputs: &[Option<Tensor>]) -> Made {
    let body = attempt!(graph(node, "body"));
    let ints = |name: &str| {
        let attribute = node.attributes.iter().find(|attribute| attribute.name == name);
        attribute.map(|attribute| (attribute.int.unwrap_or(0), attribute.ints.clone())).unwrap_or_default()
    };
    let all: Option<Vec<Tensor>> = inputs.iter().cloned().collect();
    let Some(all) = all else { return Ok(unsupported("`Scan` of opset 8")) };
    let collected = usize::try_from(ints("num_scan_inputs").0).unwrap_or(0);
    if collected == 0 || collected > all.len() {
        return Ok(invalid("`num_scan_inputs` is not one of the inputs"));
    }
    let states = all.len() - collected;
    let (mut carried, sliced) = (all[..states].to_vec(), &all[states..]);
    let list = |name: &str, position: usize| ints(name).1.get(position).copied().unwrap_or(0);
    let mut axes = Vec::new();
    for (position, tensor) in sliced.iter().enumerate() {
        axes.push(attempt!(axis(list("scan_input_axes", position), tensor.rank())));
    }
    let turns = sliced[0].shape[axes[0]];
    if turns as i64 > TURNS || sliced.iter().zip(&axes).any(|(tensor, axis)| tensor.shape[*axis] != turns) {
        return Ok(unsupported("a scan of inputs that differ in length or are too long"));
    }
    let mut scans: Vec<Vec<Tensor>> = vec![Vec::new(); body.outputs.len().saturating_sub(states)];
    for turn in 0..turns {
        let mut given = std::mem::take(&mut carried);
        for (position, (tensor, axis)) in sliced.iter().zip(&axes).enumerate() {
            let back = list("scan_input_directions", position) == 1;
            let number = if back { turns - 1 - turn } else { turn };
            given.push(attempt!(slice(converter, tensor, *axis, number)));
        }
        let mut made = attempt!(inline(converter, body, &given)?).into_iter();
        carried = made.by_ref().take(states).collect();
        scans.iter_mut().zip(made).for_each(|(list, tensor)| list.push(tensor));
    }
    for (position, mut collected) in scans.into_iter().enumerate() {
        let Some(first) = collected.first() else { return Ok(unsupported("a scan of no turns")) };
        let axis = attempt!(axis(list("scan_output_axes", position), first.rank() + 1));
        if list("scan_output_directions", position) == 1 {
            collected.reverse();
        }
        carried.push(attempt!(stack(converter, &collected, axis)));
    }
    Ok(Ok(carried))
}
