//! Every operator of the table: its gradient is the numeric one, int8 stays near float, and the emitted C equals the
//! int8 reference bit for bit on the host, undefined behaviour trapped. The C part skips where there is no compiler.
#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test starts the host's C compiler")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tinyml::base::Shape;
use tinyml::base::rng::Rng;
use tinyml::library::Library;
use tinyml::net::ops::{self, Args, Backward, Capabilities, Example, Lowered, Operator, Place};
use tinyml::net::{Isa, Net, QNet, QNode, Quant, qnet, quantize};
use tinyml::stages::emit;

fn args(example: &Example) -> Args {
    example.args.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect()
}

fn numbers(rng: &mut Rng, count: usize, reach: f32) -> Vec<f32> {
    (0..count).map(|_| rng.range(-reach, reach)).collect()
}

/// Everything that a float pass over one operator needs.
struct Bench {
    op: &'static dyn Operator,
    args: Args,
    takes: Vec<Shape>,
    output: Shape,
}

impl Bench {
    fn new(op: &'static dyn Operator, example: &Example) -> Self {
        let takes: Vec<Shape> = example.inputs.iter().map(|dims| Shape::f32(dims)).collect();
        let args = args(example);
        let output = op.infer(&args, &takes).expect("an example fits");
        Self { op, args, takes, output }
    }

    /// The output for `rows` samples.
    fn forward(&self, rows: usize, inputs: &[Vec<f32>], weights: &[f32]) -> Vec<f32> {
        let place = self.place(weights, &[]);
        let prepared = self.op.prepare(&place);
        let mut y = vec![0.0; rows * self.output.len()];
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        self.op.forward(&self.place(weights, &prepared), &inputs, &mut y);
        y
    }

    fn place<'a>(&'a self, weights: &'a [f32], prepared: &'a [f32]) -> Place<'a> {
        // A batch norm in training follows the moments of its input: its slopes have a test of their own.
        let noise = (self.op.word() != "batch_norm").then(|| Rng::new(3, "kernels noise"));
        let (args, takes, output) = (&self.args, &self.takes, &self.output);
        Place { args, takes, output, weights, prepared, isa: Isa::detect(), noise }
    }
}

/// The slope of `value` at 0, unless there is a kink close by.
fn numeric(value: impl Fn(f32) -> f64) -> Option<f64> {
    let step = 1.0 / 512.0;
    let (left, middle, right) = (value(-step), value(0.0), value(step));
    let (before, after) = ((middle - left) / f64::from(step), (right - middle) / f64::from(step));
    ((before - after).abs() < 0.015 * (1.0 + before.abs())).then_some(f64::midpoint(before, after))
}

#[test]
fn backward_is_the_numeric_gradient() {
    let mut rng = Rng::new(11, "gradient");
    for op in ops::all() {
        for example in op.examples() {
            let bench = Bench::new(*op, &example);
            let count: usize = op.tensors(&bench.args, &bench.takes).iter().map(ops_tensor_len).sum();
            let mut weights = numbers(&mut rng, count, 1.0);
            let mut learned = vec![true; count];
            let mut offset = 0;
            for tensor in op.tensors(&bench.args, &bench.takes) {
                if tensor.is_running() {
                    let range = offset..offset + tensor.len();
                    learned[range.clone()].fill(false);
                    weights[range].iter_mut().for_each(|weight| *weight = weight.abs() + 0.3);
                }
                offset += tensor.len();
            }
            let x: Vec<Vec<f32>> = bench.takes.iter().map(|takes| numbers(&mut rng, ROWS * takes.len(), 1.0)).collect();
            check_gradient(&bench, &x, (&weights, &learned), &mut rng);
        }
    }
}

/// Samples of a gradient check.
const ROWS: usize = 3;

fn check_gradient(bench: &Bench, x: &[Vec<f32>], (weights, learned): (&[f32], &[bool]), rng: &mut Rng) {
    let (op, y) = (bench.op, bench.forward(ROWS, x, weights));
    let slope = numbers(rng, y.len(), 1.0);
    let loss = |x: &[Vec<f32>], weights: &[f32]| -> f64 {
        let y = bench.forward(ROWS, x, weights);
        y.iter().zip(&slope).map(|(y, slope)| f64::from(*y) * f64::from(*slope)).sum()
    };
    let (mut by_x, mut by_weights) =
        (x.iter().map(|x| vec![0.0; x.len()]).collect::<Vec<_>>(), vec![0.0; weights.len()]);
    let step = Backward {
        inputs: &x.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        output: &y,
        slope: &mut slope.clone(),
        input_slopes: &mut by_x,
        gradient: &mut by_weights,
    };
    let prepared = op.prepare(&bench.place(weights, &[]));
    op.backward(&bench.place(weights, &prepared), step);
    let mut kinks = 0;
    let places =
        by_x.iter().enumerate().flat_map(|(input, slopes)| slopes.iter().enumerate().map(move |at| (input, at)));
    let places = places.chain(by_weights.iter().enumerate().filter(|at| learned[at.0]).map(|at| (x.len(), at)));
    for (input, (at, found)) in places {
        let expected = numeric(|delta| {
            let (mut x, mut weights) = (x.to_vec(), weights.to_vec());
            match x.get_mut(input) {
                Some(x) => x[at] += delta,
                None => weights[at] += delta,
            }
            loss(&x, &weights)
        });
        let Some(expected) = expected else {
            kinks += 1;
            continue;
        };
        let error = (expected - f64::from(*found)).abs();
        assert!(error < 0.01 * (1.0 + expected.abs()), "{} input {input} at {at}: {found}, {expected}", op.word());
    }
    let count = x.iter().map(Vec::len).sum::<usize>() + weights.len();
    assert!(kinks * 4 <= count, "{}: too many kinks to say anything", op.word());
}

fn ops_tensor_len(tensor: &tinyml::net::graph::Tensor) -> usize {
    tensor.len()
}

/// A network with random weights and its quantised form, calibrated on random samples.
fn network(input: &[usize], layers: &[(String, Args)], seed: u64) -> (Net, QNet) {
    quantised(Net::build(&Shape::f32(input), layers).expect("the layers fit"), seed)
}

fn quantised(mut net: Net, seed: u64) -> (Net, QNet) {
    let mut rng = Rng::new(seed, "kernels network");
    net.initialise(seed);
    let offset = rng.range(-0.5, 0.5);
    net.weights.iter_mut().for_each(|weight| *weight += 0.05 * offset * rng.unit());
    let reach = [0.01, 1.0, 30.0, 2000.0][rng.below(4)];
    let samples = numbers(&mut rng, 64 * net.input.len(), reach);
    let quantised = quantize(&net, &samples).expect("it quantises");
    (net, quantised)
}

/// A network of one operator. Where that takes several inputs, they are parts of the network's.
fn example(op: &dyn Operator, example: &Example) -> Net {
    let total: usize = example.inputs.iter().map(|dims| dims.iter().product::<usize>()).sum();
    if let [dims] = example.inputs {
        return Net::build(&Shape::f32(dims), &[(op.word().to_string(), args(example))]).expect("an example fits");
    }
    let mut net = Net { input: Shape::f32(&[total.max(1)]), nodes: Vec::new(), weights: Vec::new() };
    let (mut begin, mut inputs) = (0, Vec::new());
    for dims in example.inputs {
        let len: usize = dims.iter().product();
        let slice = layer("slice", &[("begin", &format!("[{begin}]")), ("size", &format!("[{len}]"))]);
        net.push("slice", &slice.1, vec![0]).expect("a slice");
        net.push("reshape", &layer("", &[("dims", &format!("{dims:?}"))]).1, vec![net.nodes.len()]).expect("a reshape");
        inputs.push(net.nodes.len());
        begin += len;
    }
    net.push(op.word(), &args(example), inputs).expect("an example fits");
    if example.inputs.is_empty() {
        net.push("add", &[], vec![0, net.nodes.len()]).expect("the input is used");
    }
    net
}

fn layer(word: &str, args: &[(&str, &str)]) -> (String, Args) {
    (word.into(), args.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

fn conformance() -> Vec<(Net, QNet)> {
    let mut all = Vec::new();
    for op in ops::all() {
        for each in op.examples() {
            all.push(quantised(example(*op, &each), all.len() as u64));
        }
    }
    all
}

/// Chains of one to four dense layers of odd sizes, with what may stand between and behind them.
fn random_networks(count: u64) -> Vec<(Net, QNet)> {
    let mut rng = Rng::new(5, "kernels random");
    let chain = |seed: u64| {
        let mut layers = Vec::new();
        for _ in 0..=rng.below(4) {
            let (units, activation) = ((rng.below(70) + 1).to_string(), ["none", "relu"][rng.below(2)]);
            layers.push(layer("dense", &[("units", &units), ("activation", activation)]));
            match rng.below(5) {
                0 => layers.push(layer("relu", &[])),
                1 => layers.push(layer("dropout", &[("rate", "0.5")])),
                2 => layers.extend([layer("flatten", &[]), layer("relu", &[])]),
                _ => {}
            }
        }
        if rng.below(2) == 0 {
            layers.push(layer("softmax", &[]));
        }
        network(&[rng.below(70) + 1], &layers, seed)
    };
    (0..count).map(chain).collect()
}

#[test]
fn int8_stays_near_float() {
    for (net, quantised) in conformance() {
        let mut rng = Rng::new(9, "near");
        let reach = 120.0 * quantised.quant.scale;
        let input = numbers(&mut rng, 50 * net.input.len(), reach);
        let (float, int8) = (net.forward(&input), quantised.run(&input));
        let quant = quantised.output_quant();
        let errors = float.iter().zip(&int8).map(|(real, q)| (quant.dequantize(*q) - real).abs() / quant.scale);
        let mean = errors.sum::<f32>() / float.len() as f32;
        // In steps of the output, over the range that was calibrated.
        assert!(mean < 3.0, "{:?}: mean error {mean} steps", net.nodes[net.nodes.len() - 1].op);
    }
}

#[test]
fn softmax_keeps_the_first_of_equal_scores_first() {
    let (_, net) = network(&[5], &[layer("softmax", &[])], 1);
    let output = net.run_i8(&[3, 90, -128, 90, 7]);
    assert_eq!((output[1], qnet::argmax(&output)), (output[3], 1));
    assert!(output.iter().map(|y| i32::from(*y) + 128).sum::<i32>().abs_diff(256) <= 3);
}

/// One quantised operator with the constants of a golden file.
fn single(word: &str, args: &[(&str, &str)], input: Quant, width: usize, lowered: Lowered) -> QNet {
    let (shape, (_, args)) = (Shape::f32(&[width]), layer(word, args));
    let op = ops::find(word).expect("an operator");
    let output = op.infer(&args, std::slice::from_ref(&shape)).expect("it fits");
    let node = QNode::new(op, &args, &[0], std::slice::from_ref(&shape), &output, lowered);
    QNet::new(shape, input, vec![node]).expect("the constants fit")
}

#[derive(serde::Deserialize)]
struct Golden {
    softmax: Vec<GoldenSoftmax>,
    dense: Vec<GoldenDense>,
}

#[derive(serde::Deserialize)]
struct GoldenSoftmax {
    scale: f32,
    zero_point: i32,
    x: Vec<Vec<i8>>,
    y: Vec<Vec<i8>>,
}

#[derive(serde::Deserialize)]
struct GoldenDense {
    input: (f32, i32),
    output: (f32, i32),
    relu: bool,
    scales: Vec<f32>,
    weights: Vec<i8>,
    bias: Vec<i32>,
    x: Vec<Vec<i8>>,
    y: Vec<Vec<i8>>,
}

#[test]
fn int8_equals_tflm_bit_for_bit() {
    let golden: Golden = serde_json::from_str(include_str!("golden/tflm_ops.json")).expect("a golden file");
    for case in golden.softmax {
        let input = Quant { scale: case.scale, zero_point: case.zero_point };
        let output = Quant { scale: 1.0 / 256.0, zero_point: -128 };
        let net = single("softmax", &[], input, case.x[0].len(), Lowered::plain(output));
        for (x, y) in case.x.iter().zip(&case.y) {
            assert_eq!(&net.run_i8(x), y, "softmax of {} at scale {}", x.len(), case.scale);
        }
    }
    for case in golden.dense {
        let quant = |(scale, zero_point)| Quant { scale, zero_point };
        let (units, relu) = (case.bias.len().to_string(), if case.relu { "relu" } else { "none" });
        let (weights, scales, bias) = (case.weights, case.scales, case.bias);
        let lowered = Lowered { quant: quant(case.output), weights, scales, bias };
        let args = [("units", units.as_str()), ("activation", relu)];
        let net = single("dense", &args, quant(case.input), case.x[0].len(), lowered);
        for (x, y) in case.x.iter().zip(&case.y) {
            assert_eq!(&net.run_i8(x), y, "dense {units} over {}", x.len());
        }
    }
}

#[derive(serde::Deserialize)]
struct GoldenStep {
    word: String,
    args: Args,
    takes: Vec<Vec<usize>>,
    inputs: Vec<(f32, i32)>,
    output: (f32, i32),
    fresh: bool,
    weights: Vec<i8>,
    scales: Vec<f32>,
    bias: Vec<i32>,
    x: Vec<Vec<Vec<i8>>>,
    y: Vec<Vec<i8>>,
}

#[test]
fn int8_with_memory_equals_tflm_bit_for_bit() {
    let golden: Vec<GoldenStep> =
        serde_json::from_str(include_str!("golden/tflm_recurrent.json")).expect("a golden file");
    for (at, case) in golden.into_iter().enumerate() {
        let quant = |(scale, zero_point)| Quant { scale, zero_point };
        let takes: Vec<Shape> = case.takes.iter().map(|dims| Shape::f32(dims)).collect();
        let op = ops::find(&case.word).expect("an operator");
        let output = op.infer(&case.args, &takes).expect("it fits");
        let (weights, scales, bias) = (case.weights, case.scales, case.bias);
        let lowered = Lowered { quant: quant(case.output), weights, scales, bias };
        let node = QNode::new(op, &case.args, &[0], &takes, &output, lowered);
        let net = QNet::new(takes[0].clone(), quant(case.inputs[0]), vec![node]).expect("the constants fit");
        let mut states = net.reset();
        for (step, (x, y)) in case.x.iter().zip(&case.y).enumerate() {
            if case.fresh {
                states = net.reset();
            }
            assert_eq!(&net.stream_i8(&x[0], &mut states), y, "case {at}, `{}`, step {step}", case.word);
        }
    }
}

/// Samples with every kind of float that a sensor or a bug can deliver.
fn samples(net: &QNet, rng: &mut Rng) -> Vec<f32> {
    let strange = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, f32::from_bits(1)];
    let scale = net.quant.scale;
    let count = net.input.len();
    let mut all = numbers(rng, 6 * count, 140.0 * scale);
    all.extend((0..count).map(|_| strange[rng.below(strange.len())]));
    // Half steps, where the direction of rounding shows.
    all.extend((0..2 * count).map(|_| (rng.below(600) as f32 - 300.0) * 0.5 * scale));
    all.extend(std::iter::repeat_n(1e9 * scale, count).chain(std::iter::repeat_n(-1e9 * scale, count)));
    all
}

/// A program that reads floats for every network in turn and writes int8 inputs, outputs and labels.
fn program(networks: &[(Net, QNet)], counts: &[usize]) -> String {
    let mut text = String::from("#include <stdio.h>\n");
    for at in 0..networks.len() {
        let _ = writeln!(text, "#include \"n{at}/model.h\"");
    }
    text.push_str("int main(void)\n{\n");
    for (at, count) in counts.iter().enumerate() {
        let _ = writeln!(
            text,
            "    for (int i = 0; i < {count}; i++) {{\n        float x[N{at}_INPUT_LEN];\n        int8_t q[N{at}_INPUT_LEN], \
             y[N{at}_OUTPUT_LEN];\n        if (fread(x, sizeof x, 1, stdin) != 1) return 1;\n        n{at}_quantize(x, q);\n        \
             n{at}_reset();\n        n{at}_predict(q, y);\n        fwrite(q, 1, sizeof q, stdout);\n        fwrite(y, 1, sizeof y, stdout);\n        \
             putchar((int)n{at}_label(y));\n    }}"
        );
    }
    text + "    return 0;\n}\n"
}

fn compiler() -> Option<&'static str> {
    let works = |name: &&str| Command::new(name).arg("--version").stdout(Stdio::null()).status().is_ok();
    ["gcc", "cc", "clang"].into_iter().find(works)
}

const FLAGS: &[&str] = &[
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wundef",
    "-Wstrict-prototypes",
    "-Wdouble-promotion",
    "-Werror",
    "-ffp-contract=off",
];

/// Compiles all networks with `flags` and runs them; what the program wrote.
fn run_c(folder: &Path, compiler: &str, flags: &[&str], networks: usize, input: &[u8]) -> Vec<u8> {
    let compile = |at: usize| {
        let object = folder.join(format!("n{at}.o"));
        let source = folder.join(format!("n{at}/model.c"));
        let mut command = Command::new(compiler);
        command.args(FLAGS).args(["-ffreestanding", "-c"]).args(flags).arg(&source).arg("-o").arg(&object);
        let output = command.output().expect("the compiler starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let next = std::sync::atomic::AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(at) =
                    Some(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).filter(|at| *at < networks)
                {
                    compile(at);
                }
            });
        }
    });
    let objects = (0..networks).map(|at| folder.join(format!("n{at}.o")));
    let mut command = Command::new(compiler);
    command.args(flags).arg(folder.join("main.c")).args(objects).arg("-o").arg(folder.join("main"));
    assert!(command.status().expect("the compiler starts").success());
    let mut child = Command::new(folder.join("main"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let (mut stdin, input) = (child.stdin.take().expect("piped"), input.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("joined").expect("written");
    assert!(output.status.success(), "the program failed: undefined behaviour");
    output.stdout
}

#[test]
fn c_equals_the_int8_reference() {
    let Some(compiler) = compiler() else {
        eprintln!("skipped: no C compiler here");
        return;
    };
    let library = Library::new(std::collections::BTreeMap::new()).expect("the library loads");
    let folder = tempfile::tempdir().expect("a folder");
    let mut networks = conformance();
    networks.extend(random_networks(14));
    let (mut rng, mut input, mut expected, mut counts) = (Rng::new(1, "c"), Vec::new(), Vec::new(), Vec::new());
    for (at, (_, net)) in networks.iter().enumerate() {
        let classes: Vec<String> = (0..net.output().len()).map(|class| format!("c\"{class}??/\u{e9}")).collect();
        // Every variant in turn: the cores' own ones are emulated on this machine.
        let variants: Vec<_> = net
            .nodes
            .iter()
            .map(|node| {
                let all = node.op.variants(node, Capabilities { dsp: rng.below(2) == 0 });
                all[rng.below(all.len())].clone()
            })
            .collect();
        let docs = ["nothing */ ends \\ this /* comment".to_string()];
        let files = emit::model(&format!("n{at}"), (net, &variants), &classes, &docs, &library).expect("it renders");
        fs::create_dir(folder.path().join(format!("n{at}"))).expect("a folder");
        for (name, bytes) in files {
            fs::write(folder.path().join(format!("n{at}")).join(name), bytes).expect("written");
        }
        let samples = samples(net, &mut rng);
        counts.push(samples.len() / net.input.len());
        for sample in samples.chunks_exact(net.input.len()) {
            input.extend(sample.iter().flat_map(|x| x.to_le_bytes()));
            let output = net.run(sample);
            let label = qnet::argmax(&output) as u8;
            expected.extend(net.quantize_input(sample).into_iter().chain(output).map(|q| q as u8).chain([label]));
        }
    }
    fs::write(folder.path().join("main.c"), program(&networks, &counts)).expect("written");
    let sets: [&[&str]; 2] =
        [&["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all", "-fsigned-char"], &["-O2", "-funsigned-char"]];
    for flags in sets {
        let output = run_c(folder.path(), compiler, flags, networks.len(), &input);
        assert!(output == expected, "{flags:?}: C differs from the int8 reference");
    }
}
