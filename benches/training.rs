//! Training speed of three networks beside `PyTorch` on the CPU: `cargo bench --bench training -- [NET|all] [THREADS] [PYTHON]`.
//!
//! With PYTHON, an interpreter that has torch, `benches/training/pytorch.py` trains the same networks in the same run.
//! Inputs are random: speed alone is compared. On one thread it is processor time, which other work on the machine disturbs
//! less; on more, the time of the clock. Of four epochs the fastest counts.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark looks at the clock and tells")]

use std::fs;
use std::process::Command;
use std::time::Instant;

use tinyml::base::Shape;
use tinyml::base::rng::Rng;
use tinyml::net::train::{Optimizer, Options, Targets, TrainData, train};
use tinyml::net::{Isa, Net};

fn push(net: &mut Net, word: &str, args: &[(&str, &str)], inputs: &[usize]) -> usize {
    let args: Vec<_> = args.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
    net.push(word, &args, inputs.to_vec()).expect("it builds");
    net.nodes.len()
}

fn empty(input: &[usize]) -> Net {
    Net { input: Shape::f32(input), nodes: Vec::new(), weights: Vec::new() }
}

fn conv(net: &mut Net, at: usize, filters: &str, kernel: &str, stride: &str) -> usize {
    let args = [("filters", filters), ("kernel", kernel), ("stride", stride), ("padding", "same")];
    push(net, "conv2d", &args, &[at])
}

fn norm(net: &mut Net, at: usize) -> usize {
    let at = push(net, "batch_norm", &[], &[at]);
    push(net, "relu", &[], &[at])
}

/// conv 3×3×8, pool, conv 3×3×16, pool, dense 10 on 28×28.
fn small() -> Net {
    let mut net = empty(&[28, 28, 1]);
    let mut at = 0;
    for filters in ["8", "16"] {
        let args = [("filters", filters), ("kernel", "3"), ("padding", "same"), ("activation", "relu")];
        at = push(&mut net, "conv2d", &args, &[at]);
        at = push(&mut net, "max_pool2d", &[("kernel", "2")], &[at]);
    }
    push(&mut net, "dense", &[("units", "10")], &[at]);
    net
}

/// Keyword spotting of `MLPerf` Tiny.
fn dscnn() -> Net {
    let mut net = empty(&[49, 10, 1]);
    let mut at = conv(&mut net, 0, "64", "[10, 4]", "2");
    at = norm(&mut net, at);
    for _ in 0..4 {
        at = push(&mut net, "depthwise_conv2d", &[("kernel", "3"), ("padding", "same")], &[at]);
        at = norm(&mut net, at);
        at = conv(&mut net, at, "64", "1", "1");
        at = norm(&mut net, at);
    }
    at = push(&mut net, "global_average_pool", &[], &[at]);
    push(&mut net, "dense", &[("units", "12")], &[at]);
    net
}

/// `ResNet`-8 of `MLPerf` Tiny.
fn resnet() -> Net {
    let mut net = empty(&[32, 32, 3]);
    let mut at = conv(&mut net, 0, "16", "3", "1");
    at = norm(&mut net, at);
    for (filters, stride) in [("16", "1"), ("32", "2"), ("64", "2")] {
        let main = conv(&mut net, at, filters, "3", stride);
        let main = norm(&mut net, main);
        let main = conv(&mut net, main, filters, "3", "1");
        let main = push(&mut net, "batch_norm", &[], &[main]);
        let side = if stride == "1" { at } else { conv(&mut net, at, filters, "1", stride) };
        at = push(&mut net, "add", &[], &[main, side]);
        at = push(&mut net, "relu", &[], &[at]);
    }
    at = push(&mut net, "global_average_pool", &[], &[at]);
    push(&mut net, "dense", &[("units", "10")], &[at]);
    net
}

/// Seconds: of this thread's processor time where Linux tells it and `one` thread works, else of the clock.
fn seconds(begin: Instant, one: bool) -> f64 {
    let spent = fs::read_to_string("/proc/self/schedstat").ok().filter(|_| one);
    let spent = spent.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    spent.map_or_else(|| begin.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

fn measure(name: &str, net: &Net, classes: usize, rows: usize, threads: usize) {
    let mut rng = Rng::new(1, "bench");
    let x: Vec<f32> = (0..rows * net.input.len()).map(|_| rng.range(-1.0, 1.0)).collect();
    let y: Vec<i32> = (0..rows).map(|_| rng.below(classes) as i32).collect();
    let data = TrainData { x: &x, y: Targets::Classes(&y), part: &vec![0; rows] };
    let optimizer = Optimizer::Adam { lr: 1e-3, decay: 0.0 };
    let options = Options { epochs: 4, batch: 32, optimizer, threads, isa: Isa::detect(), ..Options::default() };
    let begin = Instant::now();
    let now = || seconds(begin, threads == 1);
    let (mut last, mut best) = (now(), f64::INFINITY);
    let mut told = |_: &_| {
        best = best.min(now() - last);
        last = now();
        true
    };
    train(net, &data, &options, &mut told).expect("it trains");
    println!("ours {name}, {threads} threads: {:.0} samples/s, {best:.3} s an epoch of {rows}", rows as f64 / best);
}

fn main() {
    // `cargo bench` adds a flag of its own.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let only = args.first().map_or("all", String::as_str);
    let threads = args.get(1).and_then(|count| count.parse().ok()).unwrap_or(1);
    let nets = [("small", small(), 10, 6400), ("dscnn", dscnn(), 12, 1600), ("resnet", resnet(), 10, 640)];
    for (name, net, classes, rows) in &nets {
        if only == "all" || only == *name {
            measure(name, net, *classes, *rows, threads);
        }
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        println!("ours: {} at most", peak.trim());
    }
    if let Some(python) = args.get(2) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/training/pytorch.py");
        let ended = Command::new(python).args([script, only, &threads.to_string()]).status();
        assert!(ended.is_ok_and(|status| status.success()), "{python} can't run {script}");
    }
}
