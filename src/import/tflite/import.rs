//! From a model of the file to a network of ours. All operators that can't be taken are reported at once.

use crate::base::{Diag, Diags};
use crate::net::Quant;

use super::build::{Arithmetic, Builder, is_data};
use super::constants;
use super::fold;
use super::model::{Model, Operator, Subgraph, Tensor, Type};
use super::options::Refusal;
use super::read;
use super::table;
use crate::import::{End, Imported, Network};

/// Operators and lines that one message shows.
const MOST_SHOWN: usize = 60;

/// Multiply-accumulates of one inference: a hundred times those of the largest model that a board runs in a second.
const MOST_MACS: usize = 10_000_000_000;

/// Imports a model. `name` is the file's, for messages.
/// Errors: `tml::model::file`, `tml::model::shape`, `tml::model::operator`.
pub fn import(name: &str, bytes: &[u8]) -> Result<Imported, Diags> {
    let model = read::read(name, bytes)?;
    let graph = &model.subgraphs[0];
    let ends = ends(name, &model, graph)?;
    let mut builder = Builder::new(graph, ends.arithmetic, ends.input, ends.quant);
    for tensor in &ends.aliases {
        builder.same(*tensor, 0).map_err(|why| shape(name, &why))?;
    }
    let mut refused = Vec::new();
    for (at, operator) in graph.operators.iter().enumerate() {
        let word = model.codes[operator.code].name();
        if ends.outside.contains(&at) {
            continue;
        }
        if !ends.needed[at] {
            fold::fold(&mut builder, &word, operator);
        } else if let Err(why) = one(&mut builder, &word, operator) {
            // What comes behind is looked at as if it had succeeded, so that one message names everything.
            operator.outputs.iter().for_each(|output| builder.missing(*output));
            if why != MISSING {
                refused.push((at, word, why));
            }
        }
    }
    if !refused.is_empty() {
        return Err(report(name, graph, &refused).into());
    }
    let mut notes = ends.notes;
    let dead = ends.needed.iter().filter(|needed| !**needed).count();
    if dead > 0 {
        notes.push(format!("{dead} operators don't reach the output or work on shapes only: left out"));
    }
    let network = builder.finish(ends.output).map_err(|why| shape(name, &why))?;
    let macs = match &network {
        Network::Int8(net) => net.macs(),
        Network::Float(net) => net.macs(),
    };
    if macs > MOST_MACS {
        let why = format!("one inference takes {macs} multiply-accumulates: a microcontroller would need minutes");
        return Err(shape(name, &why).help("use a smaller model").into());
    }
    Ok(Imported { network, input: ends.input_end, output: ends.output_end, notes })
}

/// The reason of an operator whose input another refused operator should have given.
pub(super) const MISSING: &str = "its input is missing";

fn one(builder: &mut Builder<'_>, word: &str, operator: &Operator<'_>) -> Result<(), Refusal> {
    for tensor in operator.inputs.iter().flatten().chain(&operator.outputs) {
        let tensor = builder.tensor(*tensor);
        if tensor.open.iter().any(|at| *at > 0) {
            return Err(format!("`{}` is {tensor}, whose size is open: convert with a fixed input shape", tensor.name));
        }
    }
    // A damaged file can break what an operator relies on; then this file is refused, and the program goes on.
    let taken = std::panic::AssertUnwindSafe(|| table::take(builder, word, operator));
    let broken = |_| Err("its numbers contradict each other (please report the file if they don't)".into());
    std::panic::catch_unwind(taken).unwrap_or_else(broken)
}

/// Where a graph begins and ends, in its arithmetic.
struct Ends {
    arithmetic: Arithmetic,
    input: usize,
    quant: Quant,
    output: usize,
    /// Tensors that are the input under another name.
    aliases: Vec<usize>,
    /// Operators at the ends that convert types and are left to the caller.
    outside: Vec<usize>,
    /// Which operators the output depends on.
    needed: Vec<bool>,
    input_end: End,
    output_end: End,
    notes: Vec<String>,
}

fn shape(name: &str, why: &str) -> Diag {
    Diag::error("tml::model::shape", format!("`{name}` can't become a network")).note(why)
}

fn ends(name: &str, model: &Model<'_>, graph: &Subgraph<'_>) -> Result<Ends, Diag> {
    let described = |tensors: &[usize]| -> Vec<String> {
        tensors.iter().map(|at| format!("`{}` {}", graph.tensors[*at].name, graph.tensors[*at])).collect()
    };
    let ([input], [output]) = (graph.inputs.as_slice(), graph.outputs.as_slice()) else {
        let (inputs, outputs) = (described(&graph.inputs), described(&graph.outputs));
        let why = format!("inputs: {}; outputs: {}", inputs.join(", "), outputs.join(", "));
        return Err(shape(name, &why).help("export a model with one input and one output"));
    };
    checked_end(name, &graph.tensors[*input], true)?;
    checked_end(name, &graph.tensors[*output], false)?;
    let word = |operator: &Operator<'_>| model.codes[operator.code].name();
    let float = |at: usize| graph.tensors[at].element == Type::FLOAT32;
    let mut outside = Vec::new();
    let mut notes = Vec::new();
    // QUANTIZE right behind the input, and QUANTIZE or DEQUANTIZE right before the output, convert for the caller.
    let takes = |operator: &Operator<'_>, tensor: usize| operator.inputs.contains(&Some(tensor));
    let readers: Vec<usize> = (0..graph.operators.len()).filter(|at| takes(&graph.operators[*at], *input)).collect();
    let quantizes = |at: &usize| {
        let operator = &graph.operators[*at];
        let given = operator.outputs.first().map(|given| &graph.tensors[*given]);
        word(operator) == "QUANTIZE" && given.is_some_and(|given| given.element == Type::INT8)
    };
    let mut start = *input;
    let mut aliases = Vec::new();
    if graph.tensors[*input].element != Type::INT8 && !readers.is_empty() && readers.iter().all(quantizes) {
        let given: Vec<usize> = readers.iter().map(|at| graph.operators[*at].outputs[0]).collect();
        let quant = |at: usize| &graph.tensors[at].quant;
        let whole = float(*input) || shifted(&graph.tensors[*input], &graph.tensors[given[0]]);
        if whole && given.iter().all(|at| quant(*at) == quant(given[0])) {
            start = given[0];
            aliases = given[1..].to_vec();
            outside.extend(&readers);
        }
    }
    let mut end = *output;
    if let Some(at) = graph.operators.iter().position(|operator| operator.outputs.contains(output)) {
        let operator = &graph.operators[at];
        let from = operator.inputs.first().copied().flatten().filter(|from| graph.tensors[*from].element == Type::INT8);
        let from = from.filter(|from| {
            let dequantizes = word(operator) == "DEQUANTIZE" && float(*output) && graph.tensors[*from].data.is_none();
            dequantizes || word(operator) == "QUANTIZE" && shifted(&graph.tensors[*output], &graph.tensors[*from])
        });
        if let Some(from) = from {
            end = from;
            outside.push(at);
        }
    }
    let of_end = |at: usize| match graph.tensors[at].element {
        Type::UINT8 => End::Uint8,
        Type::FLOAT32 => End::Float,
        _ => End::Int8,
    };
    let arithmetic = if graph.tensors[start].element == Type::INT8 { Arithmetic::Int8 } else { Arithmetic::Float };
    let (mut input_end, mut output_end) = (of_end(*input), of_end(*output));
    if arithmetic == Arithmetic::Float {
        if !float(start) || !(float(end) || is_integer(graph.tensors[end].element)) {
            let why = format!("its input is {}, its output {}", graph.tensors[*input], graph.tensors[*output]);
            return Err(shape(name, &why).help(
                "convert with `inference_input_type = tf.int8` and `inference_output_type = tf.int8`, or leave both float",
            ));
        }
        (input_end, output_end) = (End::Float, End::Float);
        notes.push("float model: it needs calibration to become int8".into());
    }
    let quant = match arithmetic {
        Arithmetic::Int8 => constants::quant(&graph.tensors[start]).map_err(|why| shape(name, &why))?,
        Arithmetic::Float => Quant { scale: 1.0, zero_point: 0 },
    };
    let needed = needed(graph, end, start, &aliases);
    Ok(Ends { arithmetic, input: start, quant, output: end, aliases, outside, needed, input_end, output_end, notes })
}

fn is_integer(element: Type) -> bool {
    [Type::INT32, Type::INT64].contains(&element)
}

fn checked_end(name: &str, tensor: &Tensor<'_>, input: bool) -> Result<(), Diag> {
    let called = format!("`{}` is {tensor}", tensor.name);
    if tensor.open.iter().any(|at| *at > 0) {
        let diag = shape(name, &format!("{called}: dimensions besides the batch are open"));
        return Err(diag.help("convert with a fixed shape: `model.input.set_shape([1, 96, 96, 3])` before the export"));
    }
    if tensor.is_empty() {
        return Err(shape(name, &format!("{called}: nothing can be computed over it")));
    }
    if input && tensor.shape.len() > 1 && tensor.shape[0] > 1 {
        let diag =
            shape(name, &format!("{called}: the first dimension is the batch, and a board sees one sample at a time"));
        return Err(diag.help("export it with a batch of one"));
    }
    Ok(())
}

/// True when both hold the same numbers, the one in uint8, the other in int8.
fn shifted(unsigned: &Tensor<'_>, signed: &Tensor<'_>) -> bool {
    let same =
        unsigned.element == Type::UINT8 && signed.element == Type::INT8 && unsigned.quant.scales == signed.quant.scales;
    let zeros = unsigned.quant.zero_points.first().zip(signed.quant.zero_points.first());
    same && zeros.is_some_and(|(unsigned, signed)| unsigned.checked_sub(128) == Some(*signed))
}

/// Which operators `output` depends on through data; shapes are worked out apart.
fn needed(graph: &Subgraph<'_>, output: usize, start: usize, aliases: &[usize]) -> Vec<bool> {
    let mut wanted = vec![false; graph.tensors.len()];
    wanted[output] = true;
    let mut needed = vec![false; graph.operators.len()];
    for (at, operator) in graph.operators.iter().enumerate().rev() {
        let given = |tensor: &usize| *tensor != start && !aliases.contains(tensor) && wanted[*tensor];
        needed[at] = operator.outputs.iter().any(given);
        if needed[at] {
            let data = operator.inputs.iter().flatten().filter(|input| {
                let element = graph.tensors[**input].element;
                // Resources, strings and truth values are data too: who computes with them is refused by name.
                is_data(element) || !is_integer(element)
            });
            data.for_each(|input| wanted[*input] = true);
        }
    }
    needed
}

fn report(name: &str, graph: &Subgraph<'_>, refused: &[(usize, String, Refusal)]) -> Diag {
    let count = refused.len();
    let title = format!("`{name}` has {count} operator{} that can't be taken", if count == 1 { "" } else { "s" });
    let mut diag = Diag::error("tml::model::operator", title);
    let shapes = |tensors: &mut dyn Iterator<Item = usize>| -> String {
        let shapes: Vec<String> = tensors.take(6).map(|at| graph.tensors[at].to_string()).collect();
        shapes.join(", ")
    };
    for (at, word, why) in refused.iter().take(MOST_SHOWN) {
        let operator = &graph.operators[*at];
        let takes = shapes(&mut operator.inputs.iter().flatten().copied());
        let gives = shapes(&mut operator.outputs.iter().copied());
        diag = diag.note(format!("operator {at}, {word}({takes}) → {gives}: {why}"));
    }
    if count > MOST_SHOWN {
        diag = diag.note(format!("and {} more", count - MOST_SHOWN));
    }
    diag.help("docs/convert.md lists what can be taken; replace these layers before the model is converted")
}
