//! `emit`: from a quantised network to `model.c` and `model.h`, complete for use without anything else of ours.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::toolkit::{Toolkit, text_fact};
use super::tune::read_qnet;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::Library;
use crate::net::QNet;
use crate::net::arena::{self, Home, InputHome};
use crate::net::level::Level;
use crate::net::ops::{Storage, Variant};
use crate::net::tuning::Tuning;
use crate::spec::model::Model;

/// The step `emit:DEPLOY@BOARD`, or `emit:MODEL` for C that runs everywhere. Inputs: `qnet.json`, `qweights.npy`,
/// `qbias.npy`, `tuning.json`, and of a regression `levels.json`. Makes `model.c` and `model.h`.
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
        for path in self.toolkit.library.files("kernels") {
            text_fact(out, &path, &self.toolkit.text(&path));
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let net = read_qnet(job)?;
        let bug = |why: String| Diag::error("tml::bug", format!("bug: tuning.json: {why}"));
        let tuning: Tuning =
            serde_json::from_slice(job.input("tuning.json")).map_err(|error| bug(error.to_string()))?;
        let variants = tuning.variants(&net).map_err(bug)?;
        let docs = levels(&self.model.name, job)?;
        Ok(model(&self.model.name, (&net, &variants), &self.classes, &docs, &self.toolkit.library)?)
    }
}

/// What a regression's outputs stand for, a line for each.
fn levels(name: &str, job: &Job) -> Result<Vec<String>, Diag> {
    if job.inputs().all(|input| input != "levels.json") {
        return Ok(Vec::new());
    }
    let levels: Vec<Level> = serde_json::from_slice(job.input("levels.json"))
        .map_err(|error| Diag::error("tml::bug", format!("bug: levels.json: {error}")))?;
    let line = |(at, Level { scale, offset }): (usize, &Level)| {
        format!("Value {at} is {name}_dequantize(out[{at}]) * {scale} + {offset}.")
    };
    Ok(levels.iter().enumerate().map(line).collect())
}

/// The C of a network, with one variant a node, whose functions begin with `name`; `docs` go into the header's comment.
/// Errors: `tml::emit` when there are `classes` and they aren't one an output, `tml::template` from the library.
pub fn model(
    name: &str,
    (net, variants): (&QNet, &[Variant]),
    classes: &[String],
    docs: &[String],
    library: &Library,
) -> Result<BTreeMap<String, Vec<u8>>, Diag> {
    let outputs = net.output().len();
    if !classes.is_empty() && classes.len() != outputs {
        let title = format!("`{name}` gives {outputs} scores for {} classes", classes.len());
        return Err(Diag::error("tml::emit", title).help("end the model in `dense` with one unit a class"));
    }
    let plan = arena::plan(net, variants, InputHome::Arena);
    let layer = |at: usize| format!("{name}_layer_{at}_{}", net.nodes[at].op.word());
    let arena = |offset: usize| match offset {
        0 => format!("{name}_arena"),
        offset => format!("{name}_arena + {offset}"),
    };
    let address = |value: usize| match plan.homes[value] {
        Home::Input => "in".to_string(),
        Home::Output => "out".to_string(),
        Home::Arena(offset) => arena(offset),
        Home::Flash(node) => format!("{}_values", layer(node)),
    };
    let (mut support, mut kernels, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    let mut resets = Vec::new();
    for (at, node) in net.nodes.iter().enumerate().filter(|(_, node)| node.op.storage() != Storage::Alias) {
        let (variant, function) = (&variants[at], layer(at));
        for part in node.op.support(variant).iter().filter(|part| !support.contains(*part)).collect::<Vec<_>>() {
            support.push(*part);
        }
        let mut context = node.op.context(node, variant);
        context.insert("function", json!(function));
        context.insert("weights", json!(node.lowered.weights));
        context.insert("variant", json!(variant.name));
        context.insert("scratch", json!(variant.scratch));
        kernels.push(library.render(&format!("kernels/{}.c.j2", variant.template), &context)?);
        if node.op.storage() == Storage::Constant {
            continue;
        }
        if node.op.state(node) > 0 {
            resets.push(format!("{function}_reset"));
        }
        let inputs: Vec<String> = node.inputs.iter().map(|value| address(*value)).collect();
        let scratch = (variant.scratch > 0).then(|| arena(plan.scratch[at]));
        calls.push(json!({ "function": function, "inputs": inputs, "output": address(at + 1), "scratch": scratch }));
    }
    let none = BTreeMap::<&str, Value>::new();
    let support: Result<Vec<String>, Diag> =
        support.iter().map(|part| library.render(&format!("kernels/{part}.c.j2"), &none)).collect();
    let mut context = facts(name, net, classes, docs);
    context.insert("arena", json!(plan.size));
    context.insert("support", json!(support?));
    context.insert("kernels", json!(kernels));
    context.insert("calls", json!(calls));
    context.insert("resets", json!(resets));
    context.insert("place", json!(address(0)));
    context.insert(
        "copied",
        json!(plan.homes.last().filter(|home| **home != Home::Output).map(|_| address(net.nodes.len()))),
    );
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
    BTreeMap::from([
        ("name", json!(name)),
        ("prefix", json!(name.to_uppercase())),
        ("docs", json!(docs)),
        ("classes", json!(classes)),
        ("layers", json!(layers.iter().map(|layer| layer.replace("f32", "i8")).collect::<Vec<_>>())),
        ("macs", json!(net.macs())),
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
