//! Networks as files: the structure in JSON, the numbers in `.npy`, so that ordinary tools open them.
//!
//! `net.json` + `weights.npy` hold a float network, `qnet.json` + `qweights.npy` + `qbias.npy` a quantised one.

use serde::{Deserialize, Serialize};

use crate::base::Shape;
use crate::base::npy::Array;

use super::graph::Net;
use super::ops::{self, Lowered};
use super::qnet::{QNet, QNode, Quant};

/// The version of both JSON forms.
const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetFile {
    schema: u32,
    input: Vec<usize>,
    nodes: Vec<NodeFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeFile {
    op: String,
    args: Vec<(String, String)>,
    inputs: Vec<usize>,
    output: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quant: Option<QuantFile>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    tensors: Vec<TensorFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TensorFile {
    name: String,
    dims: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QNetFile {
    schema: u32,
    input: Vec<usize>,
    quant: QuantFile,
    nodes: Vec<NodeFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuantFile {
    scale: f32,
    zero_point: i32,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    weight_scales: Vec<f32>,
    #[serde(skip_serializing_if = "is_zero", default)]
    weights: usize,
    #[serde(skip_serializing_if = "is_zero", default)]
    biases: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// `net.json` and `weights.npy`.
pub fn write_net(net: &Net) -> (Vec<u8>, Vec<u8>) {
    let nodes = net.nodes.iter().map(|node| NodeFile {
        op: node.op.word().into(),
        args: node.args.clone(),
        inputs: node.inputs.clone(),
        output: node.output.dims.clone(),
        quant: None,
        tensors: node
            .tensors
            .iter()
            .map(|tensor| TensorFile { name: tensor.name.into(), dims: tensor.dims.clone() })
            .collect(),
    });
    let file = NetFile { schema: SCHEMA, input: net.input.dims.clone(), nodes: nodes.collect() };
    (json(&file), Array::f32(&[net.weights.len()], net.weights.clone()).to_bytes())
}

/// Reads what [`write_net`] wrote. The structure is built anew from words and arguments, so every shape is checked.
pub fn read_net(structure: &[u8], weights: &[u8]) -> Result<Net, String> {
    let file: NetFile = serde_json::from_slice(structure).map_err(|error| format!("net.json: {error}"))?;
    let net = skeleton("net.json", file.schema, &file.input, &file.nodes)?;
    let weights = Array::from_bytes(weights).ok_or("weights.npy isn't a file of ours")?;
    let weights = weights.as_f32().filter(|weights| weights.len() == net.weights.len());
    let weights = weights.ok_or_else(|| format!("weights.npy doesn't hold {} f32 values", net.weights.len()))?;
    Ok(Net { weights: weights.to_vec(), ..net })
}

/// `qnet.json`, `qweights.npy` and `qbias.npy`.
pub fn write_qnet(net: &QNet) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let nodes = net.nodes.iter().map(|node| NodeFile {
        op: node.op.word().into(),
        args: node.args.clone(),
        inputs: node.inputs.clone(),
        output: node.output.dims.clone(),
        quant: Some(QuantFile {
            scale: node.lowered.quant.scale,
            zero_point: node.lowered.quant.zero_point,
            weight_scales: node.lowered.scales.clone(),
            weights: node.lowered.weights.len(),
            biases: node.lowered.bias.len(),
        }),
        tensors: Vec::new(),
    });
    let Quant { scale, zero_point } = net.quant;
    let quant = QuantFile { scale, zero_point, weight_scales: Vec::new(), weights: 0, biases: 0 };
    let file = QNetFile { schema: SCHEMA, input: net.input.dims.clone(), quant, nodes: nodes.collect() };
    let weights: Vec<i8> = net.nodes.iter().flat_map(|node| node.lowered.weights.iter().copied()).collect();
    let bias: Vec<i32> = net.nodes.iter().flat_map(|node| node.lowered.bias.iter().copied()).collect();
    (json(&file), Array::i8(&[weights.len()], weights).to_bytes(), Array::i32(&[bias.len()], bias).to_bytes())
}

/// Reads what [`write_qnet`] wrote, with every check of [`QNet::new`].
pub fn read_qnet(structure: &[u8], weights: &[u8], bias: &[u8]) -> Result<QNet, String> {
    let file: QNetFile = serde_json::from_slice(structure).map_err(|error| format!("qnet.json: {error}"))?;
    let net = skeleton("qnet.json", file.schema, &file.input, &file.nodes)?;
    let weights = Array::from_bytes(weights).ok_or("qweights.npy isn't a file of ours")?;
    let bias = Array::from_bytes(bias).ok_or("qbias.npy isn't a file of ours")?;
    let mut weights = weights.as_i8().ok_or("qweights.npy isn't int8")?;
    let mut bias = bias.as_i32().ok_or("qbias.npy isn't int32")?;
    let mut nodes = Vec::with_capacity(file.nodes.len());
    for (node, stored) in net.nodes.iter().zip(file.nodes) {
        let quant = stored.quant.ok_or("qnet.json: a layer has no `quant`")?;
        let lowered = Lowered {
            quant: Quant { scale: quant.scale, zero_point: quant.zero_point },
            weights: take(&mut weights, quant.weights).ok_or("qweights.npy is too short")?,
            scales: quant.weight_scales,
            bias: take(&mut bias, quant.biases).ok_or("qbias.npy is too short")?,
        };
        nodes.push(QNode::new(node.op, &node.args, &node.inputs, &node.takes, &node.output, lowered));
    }
    if !weights.is_empty() || !bias.is_empty() {
        return Err("qweights.npy or qbias.npy is too long".into());
    }
    QNet::new(net.input, Quant { scale: file.quant.scale, zero_point: file.quant.zero_point }, nodes)
}

/// The network's structure with zero weights; errors when the file's shapes aren't those that follow.
fn skeleton(name: &str, schema: u32, input: &[usize], nodes: &[NodeFile]) -> Result<Net, String> {
    if schema != SCHEMA {
        return Err(format!("{name} has schema {schema}; this version reads {SCHEMA}"));
    }
    let small = |dims: &[usize]| dims.iter().try_fold(1_usize, |p, d| p.checked_mul(*d)).is_some_and(|p| p <= 1 << 26);
    if !small(input) || input.contains(&0) {
        return Err(format!("{name}: the input's shape is out of range"));
    }
    let mut net = Net { input: Shape::f32(input), nodes: Vec::new(), weights: Vec::new() };
    for (at, node) in nodes.iter().enumerate() {
        let error = |error: String| format!("{name}: layer {at}: {error}");
        let known = ops::find(&node.op).map(super::ops::Operator::params);
        let known = known.ok_or_else(|| error(format!("there is no operator `{}`", node.op)))?;
        if let Some((other, _)) = node.args.iter().find(|arg| known.iter().all(|param| param.name != arg.0)) {
            return Err(error(format!("`{}` has no `{other}`", node.op)));
        }
        net.push(&node.op, &node.args, node.inputs.clone()).map_err(error)?;
        if net.output().dims != node.output {
            return Err(error("its output has another shape".into()));
        }
    }
    if net.nodes.is_empty() { Err(format!("{name} has no layers")) } else { Ok(net) }
}

fn take<T: Clone>(from: &mut &[T], count: usize) -> Option<Vec<T>> {
    let (head, tail) = from.split_at_checked(count)?;
    *from = tail;
    Some(head.to_vec())
}

fn json<T: Serialize>(file: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(file).unwrap_or_else(|error| panic!("bug: a network as JSON: {error}"));
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::net::quantize;

    fn sample() -> (Net, QNet) {
        let layers = [
            ("dense".to_string(), vec![("units".to_string(), "7".to_string()), ("activation".into(), "relu".into())]),
            ("dense".to_string(), vec![("units".to_string(), "3".to_string()), ("activation".into(), "none".into())]),
            ("softmax".to_string(), vec![]),
        ];
        let mut net = Net::build(&Shape::f32(&[4]), &layers).unwrap();
        net.initialise(5);
        let mut rng = Rng::new(1, "artifact");
        let samples: Vec<f32> = (0..80).map(|_| rng.range(-1.0, 2.0)).collect();
        let quantised = quantize(&net, &samples).unwrap();
        (net, quantised)
    }

    #[test]
    fn what_is_written_is_read_back_equal() {
        let (net, quantised) = sample();
        let (structure, weights) = write_net(&net);
        let read = read_net(&structure, &weights).unwrap();
        assert_eq!(write_net(&read), (structure, weights));
        let input = [0.3, -0.1, 1.4, 0.0];
        assert_eq!(read.forward(&input), net.forward(&input));
        let (structure, weights, bias) = write_qnet(&quantised);
        let read = read_qnet(&structure, &weights, &bias).unwrap();
        assert_eq!(write_qnet(&read), (structure, weights, bias));
        assert_eq!(read.run(&input), quantised.run(&input));
        assert_eq!(read.nodes[0].derived, quantised.nodes[0].derived);
    }

    #[test]
    fn damaged_files_are_errors() {
        let (net, quantised) = sample();
        let (structure, weights) = write_net(&net);
        let (qstructure, qweights, qbias) = write_qnet(&quantised);
        let mut rng = Rng::new(2, "damage");
        for round in 0..3000 {
            // Flip a byte or cut the end: reading must answer, and whatever it accepts must run.
            let damage = |bytes: &[u8], rng: &mut Rng| {
                let mut bytes = bytes.to_vec();
                let at = rng.below(bytes.len());
                if rng.below(4) == 0 {
                    bytes.truncate(at);
                } else {
                    bytes[at] = rng.next_u64() as u8;
                }
                bytes
            };
            if round % 2 == 0 {
                drop(read_net(&damage(&structure, &mut rng), &weights).map(|net| net.output().len()));
                drop(read_net(&structure, &damage(&weights, &mut rng)));
            } else if let Ok(net) = read_qnet(&damage(&qstructure, &mut rng), &qweights, &qbias) {
                drop(net.run(&vec![0.5; net.input.len()]));
            }
            drop(read_qnet(&qstructure, &damage(&qweights, &mut rng), &damage(&qbias, &mut rng)));
        }
        assert!(read_net(b"{}", &weights).unwrap_err().contains("net.json"));
        assert!(read_net(&structure, &qweights).unwrap_err().contains("weights.npy"));
    }
}
