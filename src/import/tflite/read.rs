//! From the bytes of a file to a [`Model`]: every index, shape and constant checked, time and memory bounded by the file.

use crate::base::Diag;

use super::flat::{Damage, Table, Vector};
use super::model::{Code, Model, Operator, Quantization, Subgraph, Tensor, Type};

/// Numbers and tables that a file may unroll to: tables can share their content, so that a small file could hold
/// a very long list of long lists.
const MOST_ENTRIES: usize = 1 << 22;

/// Elements of one tensor (a gigabyte of float): no board of ours could hold a thousandth.
const MOST_ELEMENTS: usize = 1 << 28;

/// Dimensions of one tensor; the schema's operators take at most eight.
const MOST_DIMENSIONS: usize = 8;

/// Reads a model. `name` is the file's, for the message. Error: `tml::model::file`.
pub fn read<'a>(name: &str, bytes: &'a [u8]) -> Result<Model<'a>, Diag> {
    let damaged = |why: Damage| {
        Diag::error("tml::model::file", format!("`{name}` can't be read as a TFLite model"))
            .note(why)
            .help("convert or download it again; `cargo tinyml explain tml::model::file` says what is read")
    };
    model(bytes).map_err(damaged)
}

/// Counts what has been unrolled.
struct Budget(usize);

impl Budget {
    fn take(&mut self, entries: usize) -> Result<(), Damage> {
        self.0 = self.0.checked_sub(entries).ok_or("its tables unroll to more than four million entries")?;
        Ok(())
    }

    fn tables<'a>(&mut self, table: &Table<'a>, slot: usize) -> Result<Vec<Table<'a>>, Damage> {
        let vector = self.counted(table, slot, 4)?;
        vector.tables().collect()
    }

    /// A vector that is about to be unrolled.
    fn counted<'a>(&mut self, table: &Table<'a>, slot: usize, width: usize) -> Result<Vector<'a>, Damage> {
        let vector = table.vector(slot, width)?;
        self.take(vector.len())?;
        Ok(vector)
    }
}

fn model(bytes: &[u8]) -> Result<Model<'_>, Damage> {
    identify(bytes)?;
    let mut budget = Budget(MOST_ENTRIES);
    let root = Table::root(bytes)?;
    let version = root.u32(0, 0)?;
    if version != 3 {
        return Err(format!("its schema has version {version}; 3 is the only one in use"));
    }
    let codes = budget.tables(&root, 1)?.iter().map(code).collect::<Result<Vec<_>, _>>()?;
    let buffers = budget.tables(&root, 4)?;
    let mut subgraphs = Vec::new();
    for (at, graph) in budget.tables(&root, 2)?.iter().enumerate() {
        let read = subgraph(graph, bytes, &buffers, codes.len(), &mut budget);
        subgraphs.push(read.map_err(|why| if at == 0 { why } else { format!("subgraph {at}: {why}") })?);
    }
    if subgraphs.is_empty() {
        return Err("it holds no graph".into());
    }
    Ok(Model { description: root.text(3)?.unwrap_or_default(), codes, subgraphs })
}

fn identify(bytes: &[u8]) -> Result<(), Damage> {
    if bytes.get(4..8) == Some(b"TFL3") {
        return Ok(());
    }
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let other = match bytes {
        [] => "it is empty",
        _ if starts(b"PK\x03\x04") => "it is a zip archive: unpack it, or export the model as `.tflite`",
        _ if starts(b"\x89HDF") => "it is an HDF5 file, as Keras saves them: convert it with `tf.lite.TFLiteConverter`",
        _ if starts(b"version https://git-lfs") => "it is a pointer of Git LFS: `git lfs pull` brings the file",
        _ if starts(b"<!DOCTYPE") || starts(b"<html") => "it is a web page",
        _ if starts(b"\x08") => "its bytes 4 to 8 aren't `TFL3`; it may be an ONNX file: name it `.onnx`",
        _ if bytes.len() < 8 => "it has fewer than eight bytes",
        _ => "its bytes 4 to 8 aren't `TFL3`",
    };
    Err(other.into())
}

fn code(table: &Table<'_>) -> Result<Code, Damage> {
    // Codes from 127 on are in the newer field alone; before, files have either.
    let builtin = i32::from(table.i8(0, 0)?).max(table.i32(3, 0)?);
    Ok(Code { builtin, custom: table.text(1)?.unwrap_or_default(), version: table.i32(2, 1)? })
}

fn subgraph<'a>(
    table: &Table<'a>,
    bytes: &'a [u8],
    buffers: &[Table<'a>],
    codes: usize,
    budget: &mut Budget,
) -> Result<Subgraph<'a>, Damage> {
    let mut tensors = Vec::new();
    for (at, made) in budget.tables(table, 0)?.iter().enumerate() {
        tensors.push(tensor(made, bytes, buffers, budget).map_err(|why| format!("tensor {at}: {why}"))?);
    }
    let inputs = indices(budget.counted(table, 1, 4)?, tensors.len()).map_err(|why| format!("its inputs: {why}"))?;
    let outputs = indices(budget.counted(table, 2, 4)?, tensors.len()).map_err(|why| format!("its outputs: {why}"))?;
    let mut operators = Vec::new();
    for (at, made) in budget.tables(table, 3)?.iter().enumerate() {
        let read = operator(made, tensors.len(), codes, budget);
        operators.push(read.map_err(|why| format!("operator {at}: {why}"))?);
    }
    let name = table.text(4)?.unwrap_or_default();
    let graph = Subgraph { name, tensors, inputs, outputs, operators };
    in_order(&graph)?;
    Ok(graph)
}

fn indices(vector: Vector<'_>, count: usize) -> Result<Vec<usize>, Damage> {
    let index = |index: i32| usize::try_from(index).ok().filter(|index| *index < count);
    vector.i32s().map(|at| index(at).ok_or_else(|| format!("there is no tensor {at}"))).collect()
}

fn tensor<'a>(
    table: &Table<'a>,
    bytes: &'a [u8],
    buffers: &[Table<'a>],
    budget: &mut Budget,
) -> Result<Tensor<'a>, Damage> {
    let name = table.text(3)?.unwrap_or_default();
    let within = |why: Damage| if name.is_empty() { why } else { format!("`{name}`: {why}") };
    let dims = budget.counted(table, 0, 4)?;
    let signature = budget.counted(table, 7, 4)?;
    if dims.len().max(signature.len()) > MOST_DIMENSIONS {
        return Err(within(format!("it has more than {MOST_DIMENSIONS} dimensions")));
    }
    let open = signature.i32s().enumerate().filter(|(_, dim)| *dim < 0).map(|(at, _)| at).collect();
    let shape: Option<Vec<usize>> = dims.i32s().map(|dim| usize::try_from(dim).ok()).collect();
    let shape = shape.ok_or_else(|| within("a dimension is below zero".into()))?;
    let elements = shape.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
    let elements = elements.filter(|elements| *elements <= MOST_ELEMENTS);
    let elements = elements.ok_or_else(|| within(format!("{shape:?} has more than {MOST_ELEMENTS} elements")))?;
    let element = Type(table.u8(1, 0)?);
    let sparse = table.table(6)?.is_some();
    let data = match table.u32(2, 0)? as usize {
        0 => None,
        at => constant(buffers.get(at), bytes).map_err(within)?,
    };
    if let (Some(data), Some(bits), false) = (data, element.bits(), sparse) {
        let expected = (elements * bits).div_ceil(8);
        if data.len() != expected {
            return Err(within(format!("{element}{shape:?} takes {expected} bytes, but {} are stored", data.len())));
        }
    }
    let quant = table.table(4)?.map(|quant| quantization(&quant, budget)).transpose().map_err(within)?;
    let variable = table.flag(5)?;
    Ok(Tensor { name, shape, open, element, data, variable, sparse, quant: quant.unwrap_or_default() })
}

/// A buffer's bytes: within the flatbuffer, or behind it in files of more than two gigabytes and newer ones.
fn constant<'a>(buffer: Option<&Table<'a>>, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, Damage> {
    let buffer = buffer.ok_or("there is no such buffer")?;
    let inside = buffer.vector(0, 1)?;
    if inside.len() > 0 {
        return Ok(Some(inside.bytes()));
    }
    let (offset, size) = (buffer.u64(1, 0)?, buffer.u64(2, 0)?);
    // Offsets 0 and 1 say that there is none (`schema.fbs`).
    if offset <= 1 || size == 0 {
        return Ok(None);
    }
    let end = offset.checked_add(size).and_then(|end| usize::try_from(end).ok());
    let outside = end.and_then(|end| bytes.get(offset as usize..end));
    outside.map(Some).ok_or_else(|| format!("its buffer, bytes {offset} to {offset} + {size}, lies outside the file"))
}

fn quantization(table: &Table<'_>, budget: &mut Budget) -> Result<Quantization, Damage> {
    let scales: Vec<f32> = budget.counted(table, 2, 4)?.f32s().collect();
    let zero_points: Vec<i64> = budget.counted(table, 3, 8)?.i64s().collect();
    if let Some(wrong) = zero_points.iter().find(|zero| i32::try_from(**zero).is_err()) {
        return Err(format!("its zero point {wrong} is out of range"));
    }
    if zero_points.len() != scales.len() && !zero_points.is_empty() {
        return Err(format!("it has {} scales and {} zero points", scales.len(), zero_points.len()));
    }
    let zero_points = if zero_points.is_empty() { vec![0; scales.len()] } else { zero_points };
    let axis = usize::try_from(table.i32(6, 0)?).map_err(|_| "its axis of quantisation is below zero")?;
    Ok(Quantization { scales, zero_points, axis })
}

fn operator<'a>(table: &Table<'a>, tensors: usize, codes: usize, budget: &mut Budget) -> Result<Operator<'a>, Damage> {
    let code = table.u32(0, 0)? as usize;
    if code >= codes {
        return Err(format!("there is no kind {code}"));
    }
    let optional = |at: i32| match usize::try_from(at) {
        Ok(at) if at < tensors => Ok(Some(at)),
        Err(_) if at == -1 => Ok(None),
        _ => Err(format!("there is no tensor {at}")),
    };
    let inputs = budget.counted(table, 1, 4)?.i32s().map(optional).collect::<Result<Vec<_>, Damage>>()?;
    let outputs = indices(budget.counted(table, 2, 4)?, tensors)?;
    let intermediates = indices(budget.counted(table, 8, 4)?, tensors)?;
    // Options of kinds newer than 2023 are in a second union.
    let options = match table.table(4)? {
        Some(options) => Some(options),
        None => table.table(12)?,
    };
    Ok(Operator { code, inputs, outputs, intermediates, options })
}

/// Errors when an operator takes what nothing before it gives, or when two give the same tensor.
fn in_order(graph: &Subgraph<'_>) -> Result<(), Damage> {
    let called = |at: usize| match graph.tensors[at].name.as_str() {
        "" => format!("tensor {at}"),
        name => format!("tensor {at}, `{name}`"),
    };
    let mut given: Vec<bool> = graph.tensors.iter().map(|tensor| tensor.data.is_some() || tensor.variable).collect();
    for input in &graph.inputs {
        if graph.tensors[*input].data.is_some() {
            return Err(format!("{} is an input and a constant", called(*input)));
        }
        given[*input] = true;
    }
    for (at, operator) in graph.operators.iter().enumerate() {
        // An empty tensor has no bytes, so that nothing tells it from one that is never given.
        let absent = |input: &&usize| !given[**input] && !graph.tensors[**input].is_empty();
        if let Some(input) = operator.inputs.iter().flatten().find(absent) {
            let later = graph.operators[at..].iter().any(|other| other.outputs.contains(input));
            let why =
                if later { "which a later operator gives: the graph runs in a circle" } else { "which nothing gives" };
            return Err(format!("operator {at} takes {}, {why}", called(*input)));
        }
        for output in &operator.outputs {
            if std::mem::replace(&mut given[*output], true) {
                return Err(format!("operator {at} gives {}, which already has a value", called(*output)));
            }
        }
    }
    match graph.outputs.iter().find(|output| !given[**output]) {
        Some(output) => Err(format!("its output, {}, is given by nothing", called(*output))),
        None => Ok(()),
    }
}
