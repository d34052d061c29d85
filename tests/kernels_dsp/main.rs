//! The kernels of cores with the DSP extension: on random layers of odd shapes every variant equals the int8 reference on
//! simulated cores; and what they cost, layer by layer. Skips where there is no compiler for Arm.
//!
//! `cargo test --release --test kernels_dsp -- --ignored --nocapture` prints cycles by layer and variant on the
//! NUCLEO-L4R5ZI. Templates are those on disk.
#![expect(clippy::disallowed_methods, reason = "a test starts a compiler")]

mod cases;
mod machine;

use std::collections::BTreeMap;

use machine::{Image, Run};
use tinyml::base::rng::Rng;
use tinyml::net::QNet;
use tinyml::net::ops::{Capabilities, Variant};

const DSP: Capabilities = Capabilities { dsp: true };

/// One network, the variant of its first node, and inputs with what the reference says to them.
fn runs(net: &QNet, rng: &mut Rng, count: usize) -> Vec<Run> {
    let random = |rng: &mut Rng| (0..net.input.len()).map(|_| rng.below(256) as u8 as i8).collect::<Vec<i8>>();
    let mut inputs: Vec<Vec<i8>> = (1..count).map(|_| random(rng)).collect();
    inputs.push([-128, 127].map(|value| vec![value; net.input.len()]).concat()[..net.input.len()].to_vec());
    let variants = |at: usize| net.nodes[at].op.variants(&net.nodes[at], DSP);
    variants(0)
        .into_iter()
        .map(|first| {
            let others = (1..net.nodes.len()).map(|at| variants(at).remove(0));
            let variants: Vec<Variant> = std::iter::once(first).chain(others).collect();
            let expected = inputs.iter().map(|input| net.run_i8(input)).collect();
            Run { net: net.clone(), variants, inputs: inputs.clone(), expected }
        })
        .collect()
}

fn check(board: &str, seed: u64, count: usize) {
    let Some(image) = Image::new(board) else { return };
    let mut rng = Rng::new(seed, "kernels dsp");
    let mut all: Vec<Run> = Vec::new();
    let mut seen = BTreeMap::new();
    for at in 0..count as u64 {
        let net = cases::random(&mut rng, seed * 1000 + at);
        for run in runs(&net, &mut rng, 3) {
            *seen.entry(run.variants[0].name).or_insert(0) += 1;
            all.push(run);
        }
    }
    assert!(
        seen.contains_key("dsp_rows") && seen.contains_key("dsp_16") && seen.contains_key("dsp_planes"),
        "{seen:?}"
    );
    for some in all.chunks(24) {
        image.run(some, false);
    }
}

#[test]
fn every_variant_equals_the_reference_on_a_cortex_m4() {
    check("nucleo_l4r5zi", 1, 40);
}

#[test]
fn every_variant_equals_the_reference_on_a_cortex_m7() {
    check("nucleo_h743zi", 2, 10);
}

#[test]
fn every_variant_equals_the_reference_on_a_cortex_m33() {
    check("nucleo_u575zi_q", 3, 10);
}

#[test]
#[ignore = "prints cycles"]
#[expect(clippy::print_stdout, reason = "a table for people")]
fn cycles_by_layer() {
    let Some(image) = Image::new("nucleo_l4r5zi") else { return };
    let mut rng = Rng::new(9, "kernels cycles");
    println!("| layer | variant | scratch | cycles | cycles/MAC | stalls |\n|---|---|---|---|---|---|");
    for (name, net) in cases::known() {
        let all = runs(&net, &mut rng, 1);
        for (run, cost) in all.iter().zip(image.run(&all, true)) {
            let macs = net.macs().max(1) as f64;
            let (variant, scratch) = (run.variants[0].name, run.variants[0].scratch);
            let each = cost.cycles as f64 / macs;
            println!("| {name} | {variant} | {scratch} | {} | {each:.2} | {} |", cost.cycles, cost.stalls);
        }
    }
}
