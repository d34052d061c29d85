//! From a file to a network: the ends, the nodes that the output depends on, and all that can't be taken.

use std::collections::BTreeSet;

use crate::base::{Diag, Diags, Shape};
use crate::import::onnx::convert::{Lowered, Traced, lower};
use crate::import::onnx::options::Options;
use crate::import::{End, Imported, Network};
use crate::net::Net;
use crate::tensor::{DType, Tensor};

use super::maker::{MISSING, Maker, Refused, channels_last, without_batch};
use super::{arithmetic, layers, movement, quantised};

/// Nodes that one message shows.
const MOST_SHOWN: usize = 60;

/// Imports a float model as a network in floats. `name` is the file's, for messages.
/// Errors: `tml::model::…`, every node that can't be taken at once.
pub fn import(name: &str, bytes: &[u8], options: &Options) -> Result<Imported, Diags> {
    let lowered = lower(bytes, options)?;
    let shape = |what: String| Diag::error("tml::model::shape", format!("`{name}` {what}"));
    let (input, output) = match (&lowered.inputs[..], &lowered.outputs[..]) {
        ([input], [(_, output)]) => (input.clone(), output.clone()),
        (inputs, outputs) => {
            let what = format!("has {} inputs and {} outputs: a board serves one of each", inputs.len(), outputs.len());
            return Err(shape(what).help("export it with one input and one output").into());
        }
    };
    if ![DType::F32, DType::I8, DType::U8].contains(&input.dtype) {
        return Err(shape(format!("takes {}, not f32, int8 or uint8", input.dtype.word())).into());
    }
    if input.is_empty() || output.is_empty() {
        return Err(shape(format!("takes {:?} and gives {:?}: nothing is in it", input.shape, output.shape)).into());
    }
    let needed = needed(&lowered, &output);
    let last = wants_channels_last(&lowered.trace, &needed, &input);
    let dims = if last { channels_last(&input.shape) } else { without_batch(&input.shape) };
    if input.rank() > 1 && input.shape[0] != 1 {
        let diag = shape(format!("takes a batch of {}: a board serves one at a time", input.shape[0]));
        return Err(diag.help("export it with a batch of one, or an open one").into());
    }
    let known = |tensor: &Tensor| lowered.builder.known(tensor);
    let net = Net { input: Shape::f32(&dims), nodes: Vec::new(), weights: Vec::new() };
    let mut maker = Maker::new(net, &lowered.trace, &known, &input, last);
    for node in needed.iter().map(|at| &lowered.trace[*at]) {
        for tensor in node.inputs.iter().flatten() {
            *maker.uses.entry(tensor.buffer).or_default() += 1;
        }
    }
    *maker.uses.entry(output.buffer).or_default() += 1;
    let mut refused = Vec::new();
    for at in &needed {
        let node = &lowered.trace[*at];
        if maker.taken.contains(at) {
            continue;
        }
        if let Err(why) = one(&mut maker, node) {
            maker.lose(&node.outputs);
            if why != MISSING {
                refused.push(format!("{}: {why}", node.described));
            }
        }
    }
    if !refused.is_empty() {
        return Err(report(name, &refused).into());
    }
    let mut notes = lowered.notes();
    let value = finish(&mut maker, &output, &mut notes).map_err(shape)?;
    if last {
        notes.push(format!("the input {:?} is given with its channels last: {dims:?}", input.shape));
    }
    let mut net = maker.net.clone();
    net.nodes.truncate(value);
    let len = net.nodes.last().map_or(0, |node| node.range().end);
    net.weights.truncate(len);
    let network = if maker.quants.is_empty() {
        Network::Float(net)
    } else {
        Network::Int8(quantised::lower(&maker, &net).map_err(|why| shape(format!("can't be taken in int8: {why}")))?)
    };
    Ok(Imported { network, input: end(input.dtype), output: end(output.dtype), notes })
}

/// What callers see of an element type.
fn end(dtype: DType) -> End {
    match dtype {
        DType::I8 => End::Int8,
        DType::U8 => End::Uint8,
        _ => End::Float,
    }
}

/// The last value: the output, in ONNX's order unless it is an image.
fn finish(maker: &mut Maker<'_>, output: &Tensor, notes: &mut Vec<String>) -> Result<usize, Refused> {
    if maker.is_last(output) {
        let value = maker.last(output)?;
        notes.push(format!("the output {:?} is given with its channels last", output.shape));
        return if value == maker.net.nodes.len() && value > 0 { Ok(value) } else { again(maker, value) };
    }
    let value = maker.plain(output, &without_batch(&output.shape))?;
    if value == maker.net.nodes.len() && value > 0 { Ok(value) } else { again(maker, value) }
}

/// A value as the last node.
fn again(maker: &mut Maker<'_>, value: usize) -> Result<usize, Refused> {
    let dims = maker.dims(value);
    maker.push("reshape", &[super::maker::list("dims", &dims)], &[value])
}

/// Nodes that the output depends on, in order.
fn needed(lowered: &Lowered, output: &Tensor) -> Vec<usize> {
    let mut buffers = BTreeSet::from([output.buffer]);
    let mut nodes = Vec::new();
    for (at, node) in lowered.trace.iter().enumerate().rev() {
        let constant = node.outputs.iter().all(|tensor| lowered.builder.is_known(tensor));
        if !constant && node.outputs.iter().any(|tensor| buffers.contains(&tensor.buffer)) {
            // A view hands on its input's buffer: nothing is to be done.
            let view =
                node.outputs.iter().all(|tensor| node.inputs.iter().flatten().any(|x| x.buffer == tensor.buffer));
            if !view {
                nodes.push(at);
            }
            buffers.extend(node.inputs.iter().flatten().map(|tensor| tensor.buffer));
        }
    }
    nodes.reverse();
    nodes
}

/// The first nodes work on an image in ONNX's order, so that callers give it channels last.
fn wants_channels_last(trace: &[Traced], needed: &[usize], input: &Tensor) -> bool {
    let spatial = |op: &str| {
        op.ends_with("Pool") || ["Conv", "QLinearConv", "ConvTranspose", "BatchNormalization", "Resize"].contains(&op)
    };
    // Conversions of scale hand the image on.
    let mut buffers = BTreeSet::from([input.buffer]);
    let (mut some, mut all) = (false, true);
    for node in needed.iter().map(|at| &trace[*at]) {
        let takes = |tensor: &Tensor| buffers.contains(&tensor.buffer) && tensor.shape == input.shape;
        if !node.inputs.iter().flatten().any(takes) {
            continue;
        }
        if node.node.op.ends_with("quantizeLinear") || node.node.op == "QuantizeLinear" {
            buffers.extend(node.outputs.iter().map(|output| output.buffer));
        } else {
            (some, all) = (true, all && spatial(&node.node.op));
        }
    }
    input.rank() >= 3 && some && all
}

fn one(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    match node.node.op.as_str() {
        "Conv" => layers::conv(maker, node),
        "Gemm" => layers::gemm(maker, node),
        "MatMul" => layers::matmul(maker, node),
        "BatchNormalization" => layers::batch_norm(maker, node),
        "MaxPool" => layers::pool(maker, node, "max_pool"),
        "AveragePool" => layers::pool(maker, node, "average_pool"),
        "GlobalMaxPool" => layers::global(maker, node, "global_max_pool"),
        "GlobalAveragePool" => layers::global(maker, node, "global_average_pool"),
        "Add" => arithmetic::binary(maker, node, "add"),
        "Sub" => arithmetic::binary(maker, node, "sub"),
        "Mul" => arithmetic::binary(maker, node, "mul"),
        "Div" => arithmetic::divide(maker, node),
        "Min" => arithmetic::binary(maker, node, "minimum"),
        "Max" => arithmetic::binary(maker, node, "maximum"),
        "Relu" | "HardSwish" | "Sigmoid" | "Tanh" | "Elu" | "Gelu" | "Softplus" | "Sqrt" | "Exp" | "Log" | "Abs"
        | "Neg" | "LeakyRelu" | "Clip" | "HardSigmoid" => arithmetic::unary(maker, node),
        "Softmax" => arithmetic::softmax(maker, node),
        "ReduceMean" => arithmetic::reduce(maker, node, "mean"),
        "ReduceSum" => arithmetic::reduce(maker, node, "sum"),
        "ReduceMax" => arithmetic::reduce(maker, node, "reduce_max"),
        "ReduceMin" => arithmetic::reduce(maker, node, "reduce_min"),
        "Transpose" => movement::transpose(maker, node),
        "Concat" => movement::concat(maker, node),
        "Pad" => movement::pad(maker, node),
        "Slice" => movement::slice(maker, node),
        "Split" => movement::split(maker, node),
        "QuantizeLinear" | "DequantizeLinear" => quantised::convert(maker, node),
        "QLinearConv" => layers::qlinear_conv(maker, node),
        "QLinearMatMul" => layers::qlinear_matmul(maker, node),
        "ConvInteger" | "MatMulInteger" | "DynamicQuantizeLinear" => {
            Err("scales that are measured while the model runs: convert the float model, or one that was quantised \
                 statically"
                .into())
        }
        _ => Err("int8 networks have no such operator; in float C it can be converted".into()),
    }
}

fn report(name: &str, refused: &[String]) -> Diag {
    let nodes = if refused.len() == 1 { "1 node".to_string() } else { format!("{} nodes", refused.len()) };
    let title = format!("`{name}`: {nodes} can't be taken as layers");
    let mut diag = Diag::error("tml::model::operator", title)
        .help("replace these layers where the model is exported, or convert it to float C");
    for line in refused.iter().take(MOST_SHOWN) {
        diag = diag.note(line);
    }
    if refused.len() > MOST_SHOWN {
        diag = diag.note(format!("and {} more", refused.len() - MOST_SHOWN));
    }
    diag
}
