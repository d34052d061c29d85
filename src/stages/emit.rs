//! `emit`: from a quantised network to `model.c` and `model.h`, complete for use without anything else of ours.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::toolkit::{Toolkit, text_fact};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::Library;
use crate::net::arena::{self, Home};
use crate::net::ops::Storage;
use crate::net::{QNet, artifact};
use crate::spec::model::Model;

/// The step `emit:MODEL`. Inputs: `qnet.json`, `qweights.npy`, `qbias.npy`. Makes `model.c` and `model.h`.
pub struct Emit {
    /// The model.
    pub model: Model,
    /// Class names in the order of its outputs.
    pub classes: Vec<String>,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

impl Stage for Emit {
    fn title(&self) -> String {
        format!("emit {}", self.model.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("name", &self.model.name);
        out.text("classes", &format!("{:?}", self.classes));
        for kernel in self.toolkit.library.list("kernels") {
            let path = format!("kernels/{kernel}");
            if let Some(entry) = self.toolkit.library.get(&path) {
                text_fact(out, &path, &String::from_utf8_lossy(entry.bytes));
            }
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let net = artifact::read_qnet(job.input("qnet.json"), job.input("qweights.npy"), job.input("qbias.npy"))
            .map_err(|why| Diag::error("tml::bug", format!("bug: the int8 network: {why}")))?;
        Ok(model(&self.model.name, &net, &self.classes, &[], &self.toolkit.library)?)
    }
}

/// The C of a network whose functions begin with `name`; `docs` go into the header's comment.
/// Errors: `tml::emit` when `classes` aren't one an output, `tml::template` from the library.
pub fn model(
    name: &str,
    net: &QNet,
    classes: &[String],
    docs: &[String],
    library: &Library,
) -> Result<BTreeMap<String, Vec<u8>>, Diag> {
    let outputs = net.output().len();
    if classes.len() != outputs {
        let title = format!("`{name}` gives {outputs} scores for {} classes", classes.len());
        return Err(Diag::error("tml::emit", title).help("end the model in `dense` with one unit a class"));
    }
    let plan = arena::plan(net);
    let address = |value: usize| match plan.homes[value] {
        Home::Input => "in".to_string(),
        Home::Output => "out".to_string(),
        Home::Arena(0) => format!("{name}_arena"),
        Home::Arena(offset) => format!("{name}_arena + {offset}"),
    };
    let (mut support, mut kernels, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    for (at, node) in net.nodes.iter().enumerate().filter(|(_, node)| node.op.storage() != Storage::Alias) {
        let (word, function) = (node.op.word(), format!("{name}_layer_{at}_{}", node.op.word()));
        for part in node.op.support().iter().filter(|part| !support.contains(*part)).collect::<Vec<_>>() {
            support.push(*part);
        }
        let mut context = node.op.context(node);
        context.insert("function", json!(function));
        context.insert("weights", json!(node.lowered.weights));
        kernels.push(library.render(&format!("kernels/{word}.c.j2"), &context)?);
        let inputs: Vec<String> = node.inputs.iter().map(|value| address(*value)).collect();
        calls.push(json!({ "function": function, "inputs": inputs, "output": address(at + 1) }));
    }
    let none = BTreeMap::<&str, Value>::new();
    let support: Result<Vec<String>, Diag> =
        support.iter().map(|part| library.render(&format!("kernels/{part}.c.j2"), &none)).collect();
    let mut context = facts(name, net, classes, docs);
    context.insert("arena", json!(plan.size));
    context.insert("support", json!(support?));
    context.insert("kernels", json!(kernels));
    context.insert("calls", json!(calls));
    context.insert("copied", json!(plan.homes.last() == Some(&Home::Input)));
    let render = |path: &str| library.render(path, &context).map(String::into_bytes);
    Ok(BTreeMap::from([
        ("model.c".to_string(), render("kernels/model.c.j2")?),
        ("model.h".to_string(), render("kernels/model.h.j2")?),
    ]))
}

/// What a reader of the header wants to know.
fn facts(name: &str, net: &QNet, classes: &[String], docs: &[String]) -> BTreeMap<&'static str, Value> {
    let (quant, output) = (net.quant, net.output_quant());
    let layers: Vec<String> = net.nodes.iter().map(|node| format!("{} {}", node.op.word(), node.output)).collect();
    let macs: usize = net.nodes.iter().map(|node| node.op.macs(&node.takes[0], &node.output)).sum();
    BTreeMap::from([
        ("name", json!(name)),
        ("prefix", json!(name.to_uppercase())),
        ("docs", json!(docs)),
        ("classes", json!(classes)),
        ("layers", json!(layers.iter().map(|layer| layer.replace("f32", "i8")).collect::<Vec<_>>())),
        ("macs", json!(macs)),
        ("constants", json!(net.constants_len())),
        ("input", json!(net.input.len())),
        ("input_shape", json!(net.input.to_string())),
        ("input_scale", json!(quant.scale)),
        ("input_scale_text", json!(quant.scale.to_string())),
        ("input_zero_point", json!(quant.zero_point)),
        ("input_low", json!(quant.dequantize(-128).to_string())),
        ("input_high", json!(quant.dequantize(127).to_string())),
        ("twice_inverse", json!(quant.twice_inverse())),
        ("output", json!(net.output().len())),
        ("output_scale", json!(output.scale)),
        ("output_scale_text", json!(output.scale.to_string())),
        ("output_zero_point", json!(output.zero_point)),
    ])
}
