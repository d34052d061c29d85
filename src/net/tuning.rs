//! Which variant of each kernel an image uses, and what measuring them said.

use serde::{Deserialize, Serialize};

use super::ops::{Capabilities, Variant};
use super::qnet::QNet;

/// The choice for every layer of a network; the artifact `tuning.json`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// One a node.
    pub layers: Vec<Choice>,
}

/// The choice for one layer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The operator's word.
    pub op: String,
    /// The variant that is used.
    pub variant: String,
    /// What was measured, in the order of the operator's variants; empty where there was nothing to choose.
    pub measured: Vec<Measured>,
}

/// A variant and its cost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The variant.
    pub variant: String,
    /// Cycles of one run.
    pub cycles: u64,
    /// Bytes of scratch memory.
    pub scratch: usize,
    /// Bytes of code and constants in flash.
    pub flash: u64,
}

impl Tuning {
    /// The choice without measuring: every operator's first variant.
    pub fn unmeasured(net: &QNet, can: Capabilities) -> Self {
        let layers = net.nodes.iter().map(|node| Choice {
            op: node.op.word().into(),
            variant: node.op.variants(node, can).first().map_or("plain", |variant| variant.name).into(),
            measured: Vec::new(),
        });
        Self { layers: layers.collect() }
    }

    /// The variants of the choice, one a node; an error when they are of another network.
    pub fn variants(&self, net: &QNet) -> Result<Vec<Variant>, String> {
        if self.layers.len() != net.nodes.len() {
            return Err(format!("tuning of {} layers for a network of {}", self.layers.len(), net.nodes.len()));
        }
        let every = Capabilities { dsp: true };
        let of = |(node, choice): (&super::QNode, &Choice)| {
            let mut variants = node.op.variants(node, every);
            variants.extend(node.op.variants(node, Capabilities::default()));
            let found = variants.into_iter().find(|variant| variant.name == choice.variant);
            found.ok_or_else(|| format!("`{}` has no variant `{}`", node.op.word(), choice.variant))
        };
        net.nodes.iter().zip(&self.layers).map(of).collect()
    }
}
