//! The whole way from a file's bytes to a program: inputs, constants, nodes in order, outputs, and everything that
//! stands in the way, listed at once.

use std::collections::BTreeMap;

use crate::base::{Diag, Diags};
use crate::tensor::{Builder, Program, Tensor};

use super::graph::{self, Scopes, Slot};
use super::inline;
use super::node::Call;
use super::options::Options;
use super::proto::{self, Function, Graph, Model, Node};
use super::refusal::Refusal;
use super::{subgraph, table, tensor};

/// Nodes that a conversion may lower, those of unrolled loops counted each time.
const NODES: usize = 100_000;
/// Bytes of a file.
const BYTES: usize = 256 << 20;
/// Functions and graphs within each other.
const DEPTH: usize = 32;
/// Lines of a list of nodes.
const LINES: usize = 60;

/// A conversion under way.
pub struct Converter<'a> {
    /// The program so far.
    pub builder: Builder,
    /// Names and values.
    pub scopes: Scopes,
    options: &'a Options,
    opsets: Vec<(String, i64)>,
    functions: BTreeMap<(String, String), &'a Function>,
    problems: Vec<(String, Refusal)>,
    trace: Vec<Traced>,
    nodes: usize,
    depth: usize,
}

/// A node that was lowered.
#[derive(Debug)]
pub(crate) struct Traced {
    /// The node; empty of attributes if all that it gives is constant.
    pub(crate) node: Node,
    /// The version of its operator set.
    pub(crate) opset: i64,
    /// What it took.
    pub(crate) inputs: Vec<Option<Tensor>>,
    /// What it gave.
    pub(crate) outputs: Vec<Tensor>,
    /// For messages.
    pub(crate) described: String,
}

/// A model whose nodes are all lowered.
pub(crate) struct Lowered {
    /// The program, without its outputs.
    pub(crate) builder: Builder,
    /// The nodes in order.
    pub(crate) trace: Vec<Traced>,
    /// The inputs that the caller gives.
    pub(crate) inputs: Vec<Tensor>,
    /// The outputs by name.
    pub(crate) outputs: Vec<(String, Tensor)>,
}

impl Lowered {
    /// Decisions that the user should know of.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.builder.notes().to_vec()
    }
}

/// Reads an ONNX model as a tensor program.
///
/// # Errors
/// The file is no sound ONNX model, or holds what can't be converted: every such node is listed.
pub fn read(bytes: &[u8], options: &Options) -> Result<Program, Diags> {
    let lowered = lower(bytes, options)?;
    lowered.builder.finish(&lowered.outputs).map_err(|large| too_large(&large.shape).into())
}

/// Reads an ONNX model up to its outputs. Errors: as `read`.
pub(crate) fn lower(bytes: &[u8], options: &Options) -> Result<Lowered, Diags> {
    if bytes.len() > BYTES {
        return Err(
            Diag::error("tml::model::size", format!("the file has {} bytes, 256 MiB at most", bytes.len())).into()
        );
    }
    let model = proto::model(bytes).map_err(|broken| {
        Diag::error("tml::model::file", format!("this is not an ONNX model: {}", broken.what))
            .help("give a file that `onnx.checker.check_model` accepts")
    })?;
    let Some(graph) = &model.graph else {
        let diag = Diag::error("tml::model::file", "this is not an ONNX model: it has no graph");
        return Err(diag.help("give a file that `onnx.checker.check_model` accepts").into());
    };
    convert(&model, graph, options)
}

fn convert(model: &Model, graph: &Graph, options: &Options) -> Result<Lowered, Diags> {
    let functions =
        model.functions.iter().map(|function| ((domain(&function.domain), function.name.clone()), function)).collect();
    let opsets = model.opsets.iter().map(|(name, version)| (domain(name), *version)).collect();
    let mut converter = Converter {
        builder: Builder::default(),
        scopes: Scopes::default(),
        options,
        opsets,
        functions,
        problems: Vec::new(),
        trace: Vec::new(),
        nodes: 0,
        depth: 0,
    };
    converter.scopes.enter();
    let mut diags = converter.inputs(graph);
    let given: Vec<Tensor> = graph.inputs.iter().filter_map(|info| converter.scopes.tensor(&info.name)).collect();
    converter.initializers(graph, &mut diags);
    if let Err(diag) = converter.body(&graph.nodes) {
        diags.push(diag);
    }
    diags.0.extend(listed(&converter.problems));
    let outputs = converter.outputs(graph, &mut diags);
    let outputs = diags.into_result(outputs)?;
    let inputs = given.into_iter().filter(|tensor| !converter.builder.is_known(tensor)).collect();
    Ok(Lowered { builder: converter.builder, trace: converter.trace, inputs, outputs })
}

fn too_large(shape: &[usize]) -> Diag {
    Diag::error("tml::model::size", format!("the model needs more than 1 GiB, or a tensor of shape {shape:?}"))
        .help("give smaller shapes with `--shape`, or a smaller model")
}

/// A domain by one name: the default one has two.
fn domain(name: &str) -> String {
    if name == "ai.onnx" { String::new() } else { name.to_string() }
}

impl Traced {
    /// An integer attribute.
    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        self.node.int(name, default)
    }

    /// A float attribute, widened.
    pub(crate) fn float(&self, name: &str, default: f32) -> f64 {
        self.node.float(name, default)
    }

    /// A float attribute, if it is set.
    pub(crate) fn given(&self, name: &str) -> Option<f64> {
        self.node.attribute(name).map(|_| self.node.float(name, 0.0))
    }

    /// An attribute of integers; none: no integers.
    pub(crate) fn ints(&self, name: &str) -> Vec<i64> {
        self.node.ints(name).unwrap_or_default()
    }

    /// A text attribute.
    pub(crate) fn text(&self, name: &str, default: &str) -> String {
        self.node.text(name, default)
    }
}

impl Converter<'_> {
    fn inputs(&mut self, graph: &Graph) -> Diags {
        let mut diags = Diags::default();
        let constant = |name: &str| graph.initializers.iter().any(|tensor| tensor.name == name);
        for info in graph.inputs.iter().filter(|info| !constant(&info.name)) {
            let tensor = match graph::input(info, self.options) {
                Ok((dtype, shape, note)) => match self.options.values.get(&info.name) {
                    Some(value) if value.dtype != dtype => {
                        Err(format!("holds {}, its value given {}", dtype.word(), value.dtype.word()))
                    }
                    Some(value) => {
                        self.builder
                            .note(format!("the input `{}` is the value given; it is no input of the C", info.name));
                        self.builder.constant(&info.name, value.clone()).map_err(|_| "is larger than 1 GiB".into())
                    }
                    None => {
                        note.into_iter().for_each(|note| self.builder.note(note));
                        self.builder.input(&info.name, dtype, &shape).map_err(|_| "is larger than 1 GiB".into())
                    }
                },
                Err(what) => Err(what),
            };
            match tensor {
                Ok(tensor) => self.scopes.set(&info.name, Slot::Tensor(tensor)),
                Err(what) => {
                    diags.push(Diag::error("tml::model::shape", format!("the input `{}` {what}", info.name)));
                    self.scopes.set(&info.name, Slot::Poisoned);
                }
            }
        }
        diags
    }

    /// The constants of a graph.
    pub fn initializers(&mut self, graph: &Graph, diags: &mut Diags) {
        if graph.sparse {
            let diag = Diag::error("tml::model::operator", "the model has sparse constants");
            diags.push(diag.help("save them dense"));
        }
        for proto in &graph.initializers {
            let literal = tensor::literal(proto);
            let made = literal.and_then(|literal| {
                self.builder.constant(&proto.name, literal).map_err(|_| "makes the model larger than 1 GiB".into())
            });
            match made {
                Ok(tensor) => self.scopes.set(&proto.name, Slot::Tensor(tensor)),
                Err(what) => {
                    diags.push(Diag::error("tml::model::shape", format!("the constant `{}` {what}", proto.name)));
                    self.scopes.set(&proto.name, Slot::Poisoned);
                }
            }
        }
    }

    fn outputs(&mut self, graph: &Graph, diags: &mut Diags) -> Vec<(String, Tensor)> {
        let mut outputs = Vec::new();
        for info in &graph.outputs {
            match self.scopes.get(&info.name) {
                Some(Slot::Tensor(tensor)) => outputs.push((info.name.clone(), tensor.clone())),
                Some(Slot::Poisoned) => {}
                None => {
                    let title = format!("nothing makes the output `{}`", info.name);
                    diags.push(Diag::error("tml::model::file", title));
                }
            }
        }
        if graph.outputs.is_empty() {
            diags.push(Diag::error("tml::model::file", "the model has no outputs"));
        }
        outputs
    }

    /// Lowers the nodes of a graph in order; refused ones are collected.
    ///
    /// # Errors
    /// The order is impossible, or there are too many nodes.
    pub fn body(&mut self, nodes: &[Node]) -> Result<(), Diag> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Diag::error("tml::model::size", "functions and graphs are nested more than 32 deep"));
        }
        for (number, node) in nodes.iter().enumerate() {
            self.nodes += 1;
            if self.nodes > NODES {
                let title = format!("the model has more than {NODES} nodes, loops unrolled");
                return Err(Diag::error("tml::model::size", title));
            }
            let unknown = node.inputs.iter().find(|name| !name.is_empty() && self.scopes.get(name).is_none());
            if let Some(name) = unknown {
                return Err(out_of_order(nodes, number, name));
            }
            let made = self.node(node)?;
            self.bind(node, number, made);
        }
        self.depth -= 1;
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<Result<Vec<Tensor>, Refusal>, Diag> {
        let domain = domain(&node.domain);
        if let Some(function) = self.functions.get(&(domain.clone(), node.op.clone())).copied() {
            return self.function(function, node);
        }
        let opset = self.opsets.iter().find(|(name, _)| *name == domain).map_or(1, |(_, version)| *version);
        if let Some(lower) = subgraph::find(&domain, &node.op) {
            return match self.arguments(&node.inputs) {
                Err(refusal) => Ok(Err(refusal)),
                Ok(inputs) => lower(self, node, &inputs),
            };
        }
        let Some(lower) = table::find(&domain, &node.op) else {
            return Ok(Err(Refusal::Unsupported("the operator".into())));
        };
        let inputs = match self.arguments(&node.inputs) {
            Ok(inputs) => inputs,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.builder.begin();
        let mut call = Call { b: &mut self.builder, node, opset, inputs: inputs.clone() };
        // An operator that relies on a type which a damaged file doesn't keep stops here, not the program. What was begun
        // is abandoned, so nothing half made is read.
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lower(&mut call))).unwrap_or_else(|_| {
            Err(Refusal::Invalid("its inputs don't fit together (please report the file if they do)".into()))
        });
        if let Ok(outputs) = &made {
            self.builder.end(&format!("{} {}", node.op, node.name));
            self.note(node, opset, inputs, outputs);
        } else {
            self.builder.abandon();
        }
        Ok(made)
    }

    fn note(&mut self, node: &Node, opset: i64, inputs: Vec<Option<Tensor>>, outputs: &[Tensor]) {
        let constant = outputs.iter().all(|tensor| self.builder.is_known(tensor));
        let attributes = if constant { Vec::new() } else { node.attributes.clone() };
        let described = if constant { String::new() } else { self.describe(node, self.nodes - 1) };
        let node = Node { attributes, ..node.clone() };
        self.trace.push(Traced { node, opset, inputs, outputs: outputs.to_vec(), described });
    }

    /// The tensors behind names.
    ///
    /// # Errors
    /// One of them is what a refused node would have given.
    pub fn arguments(&self, names: &[String]) -> Result<Vec<Option<Tensor>>, Refusal> {
        names
            .iter()
            .map(|name| match self.scopes.get(name) {
                _ if name.is_empty() => Ok(None),
                Some(Slot::Tensor(tensor)) => Ok(Some(tensor.clone())),
                _ => Err(Refusal::Poisoned),
            })
            .collect()
    }

    fn function(&mut self, function: &Function, node: &Node) -> Result<Result<Vec<Tensor>, Refusal>, Diag> {
        let inputs = match self.arguments(&node.inputs) {
            Ok(inputs) => inputs,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let outer = self.scopes.isolate();
        self.scopes.enter();
        for (name, tensor) in function.inputs.iter().zip(inputs) {
            if let Some(tensor) = tensor {
                self.scopes.set(name, Slot::Tensor(tensor));
            }
        }
        let imports: Vec<(String, i64)> =
            function.opsets.iter().map(|(name, version)| (domain(name), *version)).collect();
        let opsets = std::mem::replace(&mut self.opsets, imports);
        let done = self.body(&inline::body(function, node));
        let made = self.results(&function.outputs);
        self.opsets = opsets;
        self.scopes.restore(outer);
        done.map(|()| made)
    }

    /// The tensors behind the outputs of a body.
    ///
    /// # Errors
    /// One of them was refused or is made by nothing.
    pub fn results(&self, names: &[String]) -> Result<Vec<Tensor>, Refusal> {
        let all = self.arguments(names)?;
        all.into_iter().collect::<Option<Vec<Tensor>>>().ok_or(Refusal::Poisoned)
    }

    fn bind(&mut self, node: &Node, number: usize, made: Result<Vec<Tensor>, Refusal>) {
        let made = made.and_then(|outputs| {
            if outputs.len() < node.outputs.len() && node.outputs[outputs.len()..].iter().any(|name| !name.is_empty()) {
                return Err(Refusal::Unsupported(format!("output {}", outputs.len())));
            }
            Ok(outputs)
        });
        match made {
            Ok(outputs) => {
                for (name, tensor) in node.outputs.iter().zip(outputs) {
                    self.builder.name(&tensor, name);
                    self.scopes.set(name, Slot::Tensor(tensor));
                }
            }
            Err(refusal) => {
                for name in &node.outputs {
                    self.scopes.set(name, Slot::Poisoned);
                }
                if refusal != Refusal::Poisoned {
                    let described = self.describe(node, number);
                    self.problems.push((described, refusal));
                }
            }
        }
    }

    /// `Conv "conv1" (node 3, [1, 3, 8, 8] × [4, 3, 3, 3])`
    fn describe(&self, node: &Node, number: usize) -> String {
        let shape = |name: &String| match self.scopes.get(name) {
            Some(Slot::Tensor(tensor)) => format!("{} {:?}", tensor.dtype.word(), tensor.shape),
            Some(Slot::Poisoned) => "unknown".into(),
            None => "none".into(),
        };
        let mut shapes: Vec<String> = node.inputs.iter().take(6).map(shape).collect();
        if node.inputs.len() > 6 {
            shapes.push("…".into());
        }
        let domain = if node.domain.is_empty() { String::new() } else { format!("{}.", node.domain) };
        let name = if node.name.is_empty() { String::new() } else { format!(" `{}`", node.name) };
        format!("node {number}, {domain}{}{name} of ({})", node.op, shapes.join(", "))
    }
}

fn out_of_order(nodes: &[Node], number: usize, name: &str) -> Diag {
    let op = &nodes[number].op;
    let later = nodes[number..].iter().any(|node| node.outputs.iter().any(|output| output == name));
    let title = if later {
        format!("node {number}, {op}, needs `{name}`, which is made later or by a cycle")
    } else {
        format!("node {number}, {op}, needs `{name}`, which nothing makes")
    };
    Diag::error("tml::model::file", title)
        .help("nodes stand in the order of execution; `onnx.checker.check_model` tells")
}

/// One diagnostic for each kind of refusal, with all its nodes.
fn listed(problems: &[(String, Refusal)]) -> Vec<Diag> {
    let mut groups: [(&str, &str, Vec<String>, Vec<String>); 4] = [
        ("tml::model::operator", "can't be converted", Vec::new(), Vec::new()),
        ("tml::model::value", "need values that are known at conversion", Vec::new(), Vec::new()),
        ("tml::model::node", "are not what their operator's definition allows", Vec::new(), Vec::new()),
        ("tml::model::size", "need more memory than a program may have", Vec::new(), Vec::new()),
    ];
    for (node, refusal) in problems {
        let (group, line) = match refusal {
            Refusal::Unsupported(_) => (0, format!("{node}: {refusal}")),
            Refusal::Value { depends, .. } => {
                for name in depends {
                    let give = format!("`--input-value {name}=FILE.npy`");
                    if !groups[1].3.contains(&give) {
                        groups[1].3.push(give);
                    }
                }
                (1, format!("{node}: {refusal}"))
            }
            Refusal::Invalid(_) => (2, format!("{node}: {refusal}")),
            Refusal::TooLarge(_) => (3, format!("{node}: {refusal}")),
            Refusal::Poisoned => continue,
        };
        groups[group].2.push(line);
    }
    let help = |code: &str, give: &[String]| match code {
        "tml::model::value" if !give.is_empty() => format!("give {}", give.join(", ")),
        "tml::model::size" => "give smaller shapes with `--shape`, or a smaller model".into(),
        "tml::model::node" => "`onnx.checker.check_model(model, full_check=True)` tells more".into(),
        _ => "replace these nodes where the model is exported; docs/onnx.md lists what is supported".into(),
    };
    let some = groups.into_iter().filter(|(_, _, lines, _)| !lines.is_empty());
    some.map(|(code, what, lines, give)| {
        let nodes = if lines.len() == 1 { "1 node".to_string() } else { format!("{} nodes", lines.len()) };
        let mut diag = Diag::error(code, format!("{nodes} {what}")).help(help(code, &give));
        for line in lines.iter().take(LINES) {
            diag = diag.note(line);
        }
        if lines.len() > LINES {
            diag = diag.note(format!("and {} more", lines.len() - LINES));
        }
        diag
    })
    .collect()
}
