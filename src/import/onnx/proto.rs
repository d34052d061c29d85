//! The messages of `onnx.proto` (ONNX 1.20, IR version 13) that a conversion needs. Field numbers are those of the file.

use std::cell::Cell;

use super::wire::{Broken, Fields, Value};

/// Graphs within graphs.
const DEPTH: usize = 32;
/// Messages of a file: an empty one takes two bytes there and hundreds here.
const MESSAGES: usize = 1_000_000;

/// How deep a message is, and how many more the file may have.
#[derive(Clone, Copy)]
struct At<'a> {
    depth: usize,
    left: &'a Cell<usize>,
}

impl At<'_> {
    fn one(self) -> Result<(), Broken> {
        let left = self.left.get().checked_sub(1).ok_or(Broken { what: "more than a million messages" })?;
        self.left.set(left);
        Ok(())
    }

    fn deeper(self) -> Result<Self, Broken> {
        if self.depth < DEPTH {
            Ok(Self { depth: self.depth + 1, ..self })
        } else {
            Err(Broken { what: "graphs nested more than 32 deep" })
        }
    }
}

/// `ModelProto`.
#[derive(Clone, Default, Debug)]
pub struct Model {
    /// `ir_version`; zero in a file that isn't a model.
    pub ir: i64,
    /// Domain and version of each operator set.
    pub opsets: Vec<(String, i64)>,
    /// `graph`.
    pub graph: Option<Graph>,
    /// `functions`.
    pub functions: Vec<Function>,
}

/// `GraphProto`.
#[derive(Clone, Default, Debug)]
pub struct Graph {
    /// `node`, in the file's order.
    pub nodes: Vec<Node>,
    /// `initializer`.
    pub initializers: Vec<TensorProto>,
    /// `sparse_initializer` is there.
    pub sparse: bool,
    /// `input`.
    pub inputs: Vec<ValueInfo>,
    /// `output`.
    pub outputs: Vec<ValueInfo>,
}

/// `NodeProto`.
#[derive(Clone, Default, Debug)]
pub struct Node {
    /// `input`; empty text: left out.
    pub inputs: Vec<String>,
    /// `output`; empty text: not wanted.
    pub outputs: Vec<String>,
    /// `name`
    pub name: String,
    /// `op_type`
    pub op: String,
    /// `domain`
    pub domain: String,
    /// `attribute`
    pub attributes: Vec<Attribute>,
}

/// `AttributeProto`.
#[derive(Clone, Default, Debug)]
#[expect(missing_docs, reason = "the fields are those of the file format")]
pub struct Attribute {
    pub name: String,
    pub float: Option<f32>,
    pub int: Option<i64>,
    pub text: Option<Vec<u8>>,
    pub tensor: Option<TensorProto>,
    pub graph: Option<Graph>,
    pub floats: Vec<f32>,
    pub ints: Vec<i64>,
    pub texts: Vec<Vec<u8>>,
    pub tensors: Vec<TensorProto>,
    /// In a function: the attribute of the call that is meant.
    pub refers: String,
    pub kind: i64,
}

/// `FunctionProto`.
#[derive(Clone, Default, Debug)]
#[expect(missing_docs, reason = "the fields are those of the file format")]
pub struct Function {
    pub name: String,
    pub domain: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: Vec<String>,
    pub defaults: Vec<Attribute>,
    pub nodes: Vec<Node>,
    pub opsets: Vec<(String, i64)>,
}

/// `TensorProto`.
#[derive(Clone, Default, Debug)]
#[expect(missing_docs, reason = "the fields are those of the file format")]
pub struct TensorProto {
    pub name: String,
    pub dims: Vec<i64>,
    pub kind: i64,
    pub raw: Option<Vec<u8>>,
    pub floats: Vec<f32>,
    pub ints: Vec<i64>,
    pub longs: Vec<i64>,
    pub doubles: Vec<f64>,
    pub unsigned: Vec<i64>,
    /// The data is in another file.
    pub external: bool,
}

/// One dimension of a declared shape.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dim {
    /// A size.
    Size(i64),
    /// A name that stands for a size.
    Name(String),
    /// Nothing is said.
    Unknown,
}

/// `ValueInfoProto`.
#[derive(Clone, Default, Debug)]
pub struct ValueInfo {
    /// `name`
    pub name: String,
    /// Element type's number, zero if it is no tensor.
    pub kind: i64,
    /// Its shape, if one is declared.
    pub shape: Option<Vec<Dim>>,
    /// What it is if it is no tensor: `a sequence`, `an optional value`, …
    pub other: Option<&'static str>,
}

/// Calls `field` for each field of a message.
fn each<'a>(bytes: &'a [u8], mut field: impl FnMut(u64, Value<'a>) -> Result<(), Broken>) -> Result<(), Broken> {
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.field()? {
        field(number, value)?;
    }
    Ok(())
}

/// A whole file.
///
/// # Errors
/// The bytes are not protocol buffers, or graphs are nested too deeply.
pub fn model(bytes: &[u8]) -> Result<Model, Broken> {
    let mut model = Model::default();
    let left = Cell::new(MESSAGES);
    let at = At { depth: 0, left: &left };
    each(bytes, |number, value| {
        match number {
            1 => model.ir = value.int()?,
            7 => model.graph = Some(graph(value.bytes()?, at)?),
            8 => {
                at.one()?;
                model.opsets.push(opset(value.bytes()?)?);
            }
            25 => model.functions.push(function(value.bytes()?, at)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(model)
}

fn opset(bytes: &[u8]) -> Result<(String, i64), Broken> {
    let mut opset = (String::new(), 0);
    each(bytes, |number, value| {
        match number {
            1 => opset.0 = value.text()?,
            2 => opset.1 = value.int()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(opset)
}

fn graph(bytes: &[u8], at: At<'_>) -> Result<Graph, Broken> {
    let mut graph = Graph::default();
    each(bytes, |number, value| {
        match number {
            1 => graph.nodes.push(node(value.bytes()?, at)?),
            5 | 11 | 12 => {
                at.one()?;
                match number {
                    5 => graph.initializers.push(tensor(value.bytes()?)?),
                    11 => graph.inputs.push(value_info(value.bytes()?)?),
                    _ => graph.outputs.push(value_info(value.bytes()?)?),
                }
            }
            15 => graph.sparse = true,
            _ => {}
        }
        Ok(())
    })?;
    Ok(graph)
}

fn node(bytes: &[u8], at: At<'_>) -> Result<Node, Broken> {
    at.one()?;
    let mut node = Node::default();
    each(bytes, |number, value| {
        match number {
            1 => node.inputs.push(value.text()?),
            2 => node.outputs.push(value.text()?),
            3 => node.name = value.text()?,
            4 => node.op = value.text()?,
            5 => node.attributes.push(attribute(value.bytes()?, at)?),
            7 => node.domain = value.text()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(node)
}

fn attribute(bytes: &[u8], at: At<'_>) -> Result<Attribute, Broken> {
    at.one()?;
    let mut attribute = Attribute::default();
    each(bytes, |number, value| {
        match number {
            1 => attribute.name = value.text()?,
            2 => attribute.float = Some(value.float()?),
            3 => attribute.int = Some(value.int()?),
            4 => attribute.text = Some(value.bytes()?.to_vec()),
            5 => attribute.tensor = Some(tensor(value.bytes()?)?),
            6 => attribute.graph = Some(graph(value.bytes()?, at.deeper()?)?),
            7 => value.floats(&mut attribute.floats)?,
            8 => value.ints(&mut attribute.ints)?,
            9 => attribute.texts.push(value.bytes()?.to_vec()),
            10 => {
                at.one()?;
                attribute.tensors.push(tensor(value.bytes()?)?);
            }
            20 => attribute.kind = value.int()?,
            21 => attribute.refers = value.text()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(attribute)
}

fn function(bytes: &[u8], at: At<'_>) -> Result<Function, Broken> {
    at.one()?;
    let mut function = Function::default();
    each(bytes, |number, value| {
        match number {
            1 => function.name = value.text()?,
            4 => function.inputs.push(value.text()?),
            5 => function.outputs.push(value.text()?),
            6 => function.attributes.push(value.text()?),
            7 => function.nodes.push(node(value.bytes()?, at)?),
            9 => {
                at.one()?;
                function.opsets.push(opset(value.bytes()?)?);
            }
            10 => function.domain = value.text()?,
            11 => function.defaults.push(attribute(value.bytes()?, at)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(function)
}

/// A `TensorProto`, as it also stands alone in test data.
///
/// # Errors
/// The bytes are not protocol buffers.
pub fn tensor(bytes: &[u8]) -> Result<TensorProto, Broken> {
    let mut tensor = TensorProto::default();
    each(bytes, |number, value| {
        match number {
            1 => value.ints(&mut tensor.dims)?,
            2 => tensor.kind = value.int()?,
            4 => value.floats(&mut tensor.floats)?,
            5 => value.ints(&mut tensor.ints)?,
            7 => value.ints(&mut tensor.longs)?,
            8 => tensor.name = value.text()?,
            9 => tensor.raw = Some(value.bytes()?.to_vec()),
            10 => value.doubles(&mut tensor.doubles)?,
            11 => value.ints(&mut tensor.unsigned)?,
            13 => tensor.external = true,
            14 => tensor.external |= value.int()? == 1,
            _ => {}
        }
        Ok(())
    })?;
    Ok(tensor)
}

fn value_info(bytes: &[u8]) -> Result<ValueInfo, Broken> {
    let mut info = ValueInfo::default();
    each(bytes, |number, value| {
        match number {
            1 => info.name = value.text()?,
            2 => each(value.bytes()?, |number, value| {
                match number {
                    1 => tensor_type(value.bytes()?, &mut info)?,
                    4 => info.other = Some("a sequence"),
                    5 => info.other = Some("a map"),
                    8 => info.other = Some("a sparse tensor"),
                    9 => info.other = Some("an optional value"),
                    _ => {}
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(info)
}

fn tensor_type(bytes: &[u8], info: &mut ValueInfo) -> Result<(), Broken> {
    each(bytes, |number, value| {
        match number {
            1 => info.kind = value.int()?,
            2 => {
                let mut shape = Vec::new();
                each(value.bytes()?, |number, value| {
                    if number == 1 {
                        shape.push(dimension(value.bytes()?)?);
                    }
                    Ok(())
                })?;
                info.shape = Some(shape);
            }
            _ => {}
        }
        Ok(())
    })
}

fn dimension(bytes: &[u8]) -> Result<Dim, Broken> {
    let mut dim = Dim::Unknown;
    each(bytes, |number, value| {
        match number {
            1 => dim = Dim::Size(value.int()?),
            2 => dim = Dim::Name(value.text()?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(dim)
}
