//! Which variant of each kernel an image uses, and what measuring them said.

use serde::{Deserialize, Serialize};

use super::arena::{self, InputHome};
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

    /// The choice by what was measured of each node's variants: the fastest set whose arena is worth its size and no
    /// larger than `room` bytes, if there is one. A node of which nothing was measured keeps its first variant.
    pub fn choose(net: &QNet, can: Capabilities, measured: Vec<Vec<Measured>>, room: usize) -> Self {
        let all: Vec<Vec<(Variant, u64)>> = net
            .nodes
            .iter()
            .zip(&measured)
            .map(|(node, measured)| {
                let variants = node.op.variants(node, can);
                let cost = |name: &str| measured.iter().find(|each| each.variant == name).map(|each| each.cycles);
                let known: Vec<_> =
                    variants.iter().filter_map(|variant| Some((variant.clone(), cost(variant.name)?))).collect();
                if known.is_empty() { variants.into_iter().take(1).map(|first| (first, 0)).collect() } else { known }
            })
            .collect();
        let set = cheapest(net, &all, room);
        let layers = net.nodes.iter().zip(all.iter().zip(set)).zip(measured).map(|((node, (all, at)), measured)| {
            Choice { op: node.op.word().into(), variant: all[at].0.name.into(), measured }
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

/// Which of each node's variants to take, given their cycles. Arena sizes are tried as caps, from the least on; each node
/// takes the fastest variant that fits under the cap while the others take the one of least memory.
fn cheapest(net: &QNet, all: &[Vec<(Variant, u64)>], room: usize) -> Vec<usize> {
    let size = |set: &[usize]| {
        let variants: Vec<Variant> = set.iter().zip(all).map(|(at, all)| all[*at].0.clone()).collect();
        arena::plan(net, &variants, InputHome::Arena).size
    };
    let least = |all: &Vec<(Variant, u64)>| {
        let by = |at: &usize| (all[*at].0.scratch, all[*at].1);
        (0..all.len()).min_by_key(by).unwrap_or(0)
    };
    let least: Vec<usize> = all.iter().map(least).collect();
    let with = |node: usize, at: usize| {
        let mut set = least.clone();
        set[node] = at;
        if at == least[node] { 0 } else { size(&set) }
    };
    let sizes: Vec<Vec<usize>> =
        all.iter().enumerate().map(|(node, all)| (0..all.len()).map(|at| with(node, at)).collect()).collect();
    let mut caps: Vec<usize> = sizes.iter().flatten().copied().filter(|size| *size <= room).collect();
    caps.sort_unstable();
    caps.dedup();
    let under = |cap: usize| -> Vec<usize> {
        let fastest = |(sizes, all): (&Vec<usize>, &Vec<(Variant, u64)>)| {
            let fits = (0..all.len()).filter(|at| sizes[*at] <= cap);
            fits.min_by_key(|at| (all[*at].1, all[*at].0.scratch)).unwrap_or(0)
        };
        sizes.iter().zip(all).map(fastest).collect()
    };
    let scored = |set: Vec<usize>| {
        let cycles: u64 = set.iter().zip(all).map(|(at, all)| all[*at].1).sum();
        (set.clone(), worth(cycles, size(&set)), size(&set))
    };
    let step = caps.len().div_ceil(MOST_CAPS).max(1);
    let sets = caps.iter().step_by(step).map(|cap| scored(under(*cap))).filter(|scored| scored.2 <= room);
    sets.min_by_key(|scored| scored.1).map_or(least.clone(), |scored| scored.0)
}

/// Caps of the arena that are tried.
const MOST_CAPS: usize = 24;

/// The smaller the better: a per cent of time counts as four per cent of memory.
fn worth(cycles: u64, bytes: usize) -> u128 {
    let thousands = u128::from(cycles / 1024 + 1).min(1 << 26);
    thousands.pow(4).saturating_mul(bytes as u128 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;
    use crate::net::{Net, quantize};

    #[test]
    fn the_fastest_set_that_has_room_and_is_worth_it_wins() {
        let dense = |units: &str| ("dense".to_string(), vec![("units".to_string(), units.to_string())]);
        let net = Net::build(&Shape::f32(&[64]), &[dense("64"), dense("8")]).unwrap();
        let net = quantize(&net, &[1.0; 64]).unwrap();
        let can = Capabilities { dsp: true };
        let measured = |cycles: [u64; 2]| {
            let each = |(variant, cycles): (&Variant, u64)| Measured {
                variant: variant.name.into(),
                cycles,
                scratch: variant.scratch,
                flash: 0,
            };
            let of = |node: usize| net.nodes[node].op.variants(&net.nodes[node], can);
            (0..2).map(|node| of(node).iter().zip(cycles).map(each).collect()).collect::<Vec<Vec<Measured>>>()
        };
        let names = |cycles, room| {
            let tuning = Tuning::choose(&net, can, measured(cycles), room);
            tuning.layers.iter().map(|choice| choice.variant.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names([900_000, 300_000], 100_000), ["dsp_rows_wide", "dsp_rows_wide"]);
        // 128 bytes of scratch memory do not fit beside 128 bytes of values.
        assert_eq!(names([900_000, 300_000], 130), ["dsp_rows", "dsp_rows"]);
        // A tenth faster for twice the memory isn't worth it.
        assert_eq!(names([990_000, 900_000], 100_000), ["dsp_rows", "dsp_rows"]);
        assert_eq!(Tuning::choose(&net, can, vec![Vec::new(); 2], 1000).layers[0].variant, "dsp_rows");
    }
}
