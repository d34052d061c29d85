//! Feature chains: the C is compiled and run, and compared with what the words mean.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use tinyml::base::rng::Rng;
use tinyml::base::{Decimal, Diags, Element, Shape, Source, Span};
use tinyml::library::Library;
use tinyml::spec::model::{Callee, Features, Function, Origin, Step};
use tinyml::stages::chain::Chain;
use tinyml::stages::extract::{Extracted, Program, extract};

fn span(text: &str) -> Span {
    Source::new("test.tml", text).span(0..text.len())
}

/// A chain's parts, owned.
struct Case {
    features: Features,
    functions: Vec<Function>,
    library: Library,
    input: Shape,
}

impl Case {
    fn new(input: &[usize]) -> Self {
        let features = Features {
            name: "scaled".into(),
            dataset: 0,
            window: None,
            input: Shape::f32(input),
            steps: Vec::new(),
            output: Shape::f32(input),
            span: span("features"),
        };
        Self { features, functions: Vec::new(), library: Library::default(), input: Shape::f32(input) }
    }

    fn step(self, name: &str, args: &[(&str, &str)]) -> Self {
        let args: Vec<(String, String)> =
            args.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let input = self.features.output.clone();
        let output = self.library.feature(name).unwrap().unwrap().output(&args, &input).unwrap();
        self.push(Callee::Std(name.into()), args, input, output)
    }

    fn call(mut self, name: &str, takes: Shape, gives: Shape) -> Self {
        let input = self.features.output.clone();
        let output = if gives.dims.is_empty() { Shape { dims: vec![1], ..gives.clone() } } else { gives.clone() };
        self.functions.push(Function {
            name: name.into(),
            docs: Vec::new(),
            params: vec![("x".into(), takes)],
            result: Some(gives),
            origin: Origin::Generate { prompt: String::new(), cases: None, tolerance: Decimal::new(0, 0) },
            span: span(name),
        });
        let index = self.functions.len() - 1;
        self.push(Callee::User(index), Vec::new(), input, output)
    }

    fn push(mut self, call: Callee, args: Vec<(String, String)>, input: Shape, output: Shape) -> Self {
        self.features.output = output.clone();
        let (rate, branches) = (None, Vec::new());
        self.features.steps.push(Step { call, args, input, rate, output, branches, span: span("step") });
        self
    }

    fn run(&self, x: &[f32], parts: &[u8], user: &str) -> Result<Extracted, Diags> {
        let chain = Chain {
            features: &self.features,
            functions: &self.functions,
            library: &self.library,
            input: self.input.clone(),
        };
        extract(&chain, x, parts, &mut |program, x| Ok(native(program, user, x)))
    }
}

/// Compiles a program with the machine's `cc`, as strictly as the build does, and runs it.
fn native(program: &Program, user: &str, x: &[f32]) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in program
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .chain([("user.c", user), ("native.h", NATIVE)])
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let flags = ["-std=c11", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wpedantic"];
    let built = Command::new("cc")
        .current_dir(folder.path())
        .args(flags)
        .args(["-o", "run", "main.c", "features.c", "user.c"])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}\n{}", String::from_utf8_lossy(&built.stderr), program["features.c"]);
    let mut child =
        Command::new(folder.path().join("run")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let bytes: Vec<u8> = x.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

fn compiler() -> bool {
    let found = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: no `cc` on this machine");
    }
    found
}

fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed, "features");
    (0..count).map(|index| rng.range(-5.0, 20.0) * (index % 3 + 1) as f32).collect()
}

/// The harness's door to the system, here by way of the C library.
pub(crate) const NATIVE: &str = "#include <stdio.h>\n#include <stdlib.h>\n\
    static size_t tml_read(void *to, size_t size) { return fread(to, 1, size, stdin); }\n\
    static void tml_write(const void *from, size_t size) { if (fwrite(from, 1, size, stdout) != size) exit(1); }\n";

const NO_USER_CODE: &str = "typedef int nothing;\n";

#[test]
fn scale_is_fitted_on_the_training_part_alone() {
    if !compiler() {
        return;
    }
    let x = random(300, 1);
    let parts: Vec<u8> = (0..100).map(|row| if row < 60 { 0 } else { 2 }).collect();
    for method in ["standard", "minmax", "robust"] {
        let made = Case::new(&[3]).step("scale", &[("method", method)]).run(&x, &parts, NO_USER_CODE).unwrap();
        for channel in 0..3 {
            let mut values: Vec<f64> = (0..60).map(|row| f64::from(made.x[row * 3 + channel])).collect();
            values.sort_by(f64::total_cmp);
            let mean = values.iter().sum::<f64>() / 60.0;
            let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / 60.0;
            let (low, high) = match method {
                "standard" => (mean, variance.sqrt()),
                "minmax" => (values[0], values[59]),
                // numpy's quantiles of 60 values: positions 14.75, 29.5, 44.25.
                _ => {
                    let spread = values[44] * 0.75 + values[45] * 0.25 - values[14] * 0.25 - values[15] * 0.75;
                    (values[29] * 0.5 + values[30] * 0.5, spread)
                }
            };
            assert!(low.abs() < 1e-5 && (high - 1.0).abs() < 1e-5, "{method}, channel {channel}: {low}, {high}");
        }
        let fit: serde_json::Value = serde_json::from_slice(&made.fits).unwrap();
        assert_eq!(fit[0]["offset"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn constants_of_the_c_are_exactly_the_fitted_ones() {
    if !compiler() {
        return;
    }
    let x = random(300, 2);
    let made = Case::new(&[3]).step("scale", &[("method", "standard")]).run(&x, &[0; 100], NO_USER_CODE).unwrap();
    let fit: serde_json::Value = serde_json::from_slice(&made.fits).unwrap();
    let constant = |name: &str, channel: usize| fit[0][name][channel].as_f64().unwrap() as f32;
    for (index, value) in x.iter().enumerate() {
        let expected = (value - constant("offset", index % 3)) * constant("factor", index % 3);
        assert_eq!(made.x[index].to_bits(), expected.to_bits(), "value {index}");
    }
}

#[test]
fn a_constant_channel_becomes_zero() {
    if !compiler() {
        return;
    }
    let x: Vec<f32> = (0..40).flat_map(|row| [0.1, row as f32]).collect();
    for method in ["standard", "minmax", "robust"] {
        let made = Case::new(&[2]).step("scale", &[("method", method)]).run(&x, &[0; 40], NO_USER_CODE).unwrap();
        assert!(made.x.iter().step_by(2).all(|value| *value == 0.0), "{method}");
    }
}

#[test]
fn normalize_divides_by_the_norm_to_the_last_bit() {
    if !compiler() {
        return;
    }
    let mut x = random(400, 3);
    x.extend([0.0; 4]);
    x.extend([1e-40, -1e-42, 0.0, 3e-41, 3e38, -2e38, 1e38, 3e38, 3.0, 4.0, 0.0, 0.0]);
    let parts = vec![0; x.len() / 4];
    for norm in ["l1", "l2", "max"] {
        let made = Case::new(&[2, 2])
            .step("normalize", &[("norm", norm)])
            .run(&x[..404], &parts[..101], NO_USER_CODE)
            .unwrap();
        for (row, out) in x[..404].chunks(4).zip(made.x.chunks(4)) {
            let largest = row.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            let sum = match norm {
                "l1" => row.iter().fold(0.0, |sum, value| sum + value.abs()),
                _ => row.iter().fold(0.0_f32, |sum, value| sum + value / largest * (value / largest)),
            };
            for (value, out) in row.iter().zip(out) {
                let expected = match norm {
                    _ if largest == 0.0 => *value,
                    "l1" => value / sum,
                    "l2" => value / largest / sum.sqrt(),
                    _ => value / largest,
                };
                assert_eq!(out.to_bits(), expected.to_bits(), "{norm} of {row:?}");
            }
        }
    }
    let made =
        Case::new(&[4]).step("normalize", &[("norm", "l2")]).run(&x[400..], &parts[100..], NO_USER_CODE).unwrap();
    assert!(made.x[..4].iter().all(|value| *value == 0.0));
    for row in made.x[4..].chunks(4) {
        let norm: f64 = row.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
        assert!((norm - 1.0).abs() < 1e-5, "{row:?}");
    }
    assert!((made.x[12] - 0.6).abs() < 1e-6 && (made.x[13] - 0.8).abs() < 1e-6);
}

#[test]
fn steps_run_in_order_and_fit_on_what_reaches_them() {
    if !compiler() {
        return;
    }
    let user = "void twice(const float x[3], float out[2]);\n\
                void twice(const float x[3], float out[2]) { out[0] = 2 * x[0]; out[1] = x[1] + x[2]; }\n";
    let case = Case::new(&[3])
        .step("clip", &[("low", "-1"), ("high", "2.5")])
        .call("twice", Shape::f32(&[3]), Shape::f32(&[2]))
        .step("scale", &[("method", "minmax")]);
    let x = random(300, 5);
    let made = case.run(&x, &[0; 100], user).unwrap();
    assert_eq!(made.x.len(), 200);
    for channel in 0..2 {
        let column = made.x.iter().skip(channel).step_by(2);
        let (low, high) = column.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        assert!(low == 0.0 && (high - 1.0).abs() < 1e-6, "{low} {high}");
    }
    assert!(made.code.source.contains("scaled_step_1_twice(buffer_0, out)"), "{}", made.code.source);
    assert!(made.code.header.contains("#define SCALED_OUTPUT_LEN 2"));
}

#[test]
fn scalars_and_other_element_types_fit_in() {
    if !compiler() {
        return;
    }
    let user = "#include <stdint.h>\n\
                int16_t total(const float x[3]);\n\
                int16_t total(const float x[3]) { return (int16_t)(x[0] + x[1] + x[2]); }\n\
                int16_t halve(int16_t x);\n\
                int16_t halve(int16_t x) { return x / 2; }\n";
    let scalar = Shape { element: Element::I16, dims: Vec::new() };
    let case = Case::new(&[3]).call("total", Shape::f32(&[3]), scalar.clone()).call("halve", scalar.clone(), scalar);
    let made = case.run(&[1.0, 2.0, 7.0, 4.0, 5.0, 6.0], &[0, 0], user).unwrap();
    assert_eq!(made.x, [5.0, 7.0]);
}

#[test]
fn a_step_that_divides_by_zero_is_named() {
    if !compiler() {
        return;
    }
    let user = "void ratio(const float x[3], float out[3]);\n\
                void ratio(const float x[3], float out[3]) { for (int i = 0; i < 3; i++) out[i] = x[i] / (x[0] + x[1] + x[2]); }\n";
    let case = Case::new(&[3])
        .step("clip", &[("low", "0"), ("high", "9")])
        .call("ratio", Shape::f32(&[3]), Shape::f32(&[3]))
        .step("scale", &[("method", "standard")]);
    let Err(diags) = case.run(&[1.0, 2.0, 3.0, -1.0, 0.0, 0.0], &[0, 2], user).map(|made| made.x) else {
        panic!("NaN went through")
    };
    assert_eq!((diags.0[0].code, diags.0[0].title.as_str()), ("tml::nan", "`ratio` gives NaN or infinity for 1 row"));
    assert!(diags.0[0].notes[0].contains("row 1 of the data set: [-1, 0, 0]"), "{:?}", diags.0[0].notes);
}
