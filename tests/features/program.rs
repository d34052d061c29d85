//! Many chains in one program, for this machine and for a simulated board; they make their own inputs, which are those of
//! `tests/golden/features.py`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use serde::Deserialize;
use tinyml::base::{Diags, Source};
use tinyml::lang;
use tinyml::library::Library;
use tinyml::spec::{self, Spec};
use tinyml::stages::chain::{Chain, Code, Feed};

/// A chain, what it is given and what numpy makes of it.
#[derive(Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Lines of a `features` block.
    pub(crate) steps: String,
    pub(crate) dims: Vec<usize>,
    pub(crate) rate: Option<String>,
    pub(crate) seed: u32,
    pub(crate) quiet: usize,
    pub(crate) count: usize,
    pub(crate) channels: usize,
    pub(crate) tolerance: f64,
    pub(crate) output: Vec<f64>,
}

/// A chain that the spec's meaning has accepted.
pub(crate) struct Made {
    pub(crate) code: Code,
    pub(crate) len: usize,
    pub(crate) feed: Option<Feed>,
}

/// The cases of `tests/golden/features.json`.
pub(crate) fn goldens() -> Vec<Case> {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Case>,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/features.json");
    let file: File = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    file.cases
}

/// The library with the templates as they stand in the tree, so that changing one doesn't mean to compile all.
pub(crate) fn library() -> Library {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib");
    let mut overlay = BTreeMap::new();
    for folder in ["features", "dsp", "chain"] {
        for entry in fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            overlay.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    Library::new(overlay).unwrap()
}

/// Resolves `steps` over rows of `dims`, called `name`. Rows of more than one dimension are made by `reshape`.
pub(crate) fn resolve(name: &str, steps: &str, dims: &[usize], rate: Option<&str>) -> Result<Spec, Diags> {
    let library = library();
    let imports = library.list("features").join(", ");
    let rate = rate.map_or(String::new(), |rate| format!("  rate = {rate}\n"));
    let shape = dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let len: usize = dims.iter().product();
    let text = format!(
        "tml 1\n\nuse std.features.{{{imports}}}\n\ndataset d {{\n  source = csv(\"{{label}}.csv\")\n  channels = columns(\"c\", {len})\n  \
         classes = [a, b]\n{rate}}}\n\nfeatures {name} from d {{\n  reshape([{shape}])\n{steps}\n}}\n"
    );
    let source = Source::new("test.tml", text);
    let read = |_: &str| Err("there is no such file".to_string());
    spec::resolve(&lang::parse(&source)?, &library, &read).map(|(spec, _)| spec)
}

/// The C of a case called `name`.
pub(crate) fn make(name: &str, case: &Case) -> Made {
    let spec = resolve(name, &case.steps, &case.dims, case.rate.as_deref())
        .unwrap_or_else(|diags| panic!("{}: {diags}", case.name));
    let mut features = spec.features[0].clone();
    // Without the step that stands in for the shape of the data.
    features.steps.remove(0);
    features.input.dims.clone_from(&case.dims);
    let library = library();
    let input = features.input.clone();
    let chain = Chain { features: &features, functions: &spec.functions, library: &library, input };
    let code = chain.code(features.steps.len(), &[]).unwrap_or_else(|diag| panic!("{}: {diag:?}", case.name));
    Made { code, len: features.output.len(), feed: chain.feed().unwrap() }
}

/// A folder with the C of all cases, and a `program()` that runs them. With `expected` it compares the digest of each result
/// and gives 1 + the number of the first case that differs; else it hands every result to `give`.
pub(crate) fn write(folder: &Path, cases: &[Case], expected: Option<&[u32]>) -> Vec<String> {
    let mut text = String::from(SUPPORT);
    let mut body = String::new();
    let mut sources = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let made = make(&format!("f{at}"), case);
        let own = folder.join(format!("f{at}"));
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("features.c"), &made.code.source).unwrap();
        fs::write(own.join("features.h"), &made.code.header).unwrap();
        sources.push(format!("f{at}/features.c"));
        let _ = writeln!(text, "#include \"f{at}/features.h\"");
        let (count, channels, seed, quiet, len) = (case.count, case.channels, case.seed, case.quiet, made.len);
        let _ = writeln!(body, "    fill({count}, {channels}, {seed}u, {quiet});\n    f{at}_run(x, y);");
        if let Some(Feed { hop, hops, .. }) = made.feed {
            let _ = writeln!(
                body,
                "    f{at}_restart();\n    for (int i = 0; i < {hops}; i++)\n        f{at}_push(x + i * {hop});\n    f{at}_result(z);\n    \
                 if (differ(y, z, {len}))\n        return {};",
                1000 + at
            );
            // A second window, one hop further, while the first one's frames are there.
            let _ = writeln!(
                body,
                "    for (int i = 0; i + {hop} < {0}; i++)\n        x[i] = x[i + {hop}];\n    f{at}_push(x + {1});\n    f{at}_run(x, y);\n    \
                 f{at}_result(z);\n    if (differ(y, z, {len}))\n        return {2};\n    fill({count}, {channels}, {seed}u, {quiet});\n    \
                 f{at}_run(x, y);",
                hops * hop,
                (hops - 1) * hop,
                2000 + at
            );
        }
        match expected {
            Some(digests) => {
                let _ = writeln!(body, "    if (digest(y, {len}) != {}u)\n        return {};", digests[at], at + 1);
            }
            None => {
                let _ = writeln!(body, "    give(y, {len});");
            }
        }
    }
    let _ = writeln!(text, "int program(void);\nint program(void)\n{{\n{body}    return 0;\n}}");
    fs::write(folder.join("cases.c"), text).unwrap();
    sources.push("cases.c".into());
    sources
}

/// What the board and this machine have in common. `x` has room for a hop beyond the longest input.
const SUPPORT: &str = "#include <stdbool.h>\n#include <stdint.h>\n\
static __attribute__((unused)) float x[4800], y[4000], z[4000];\n\
void give(const float *values, int count);\n\
__attribute__((unused)) static void fill(int count, int channels, uint32_t seed, int quiet)\n{\n\
    for (int i = 0; i < 4800; i++)\n        x[i] = 0.0f;\n\
    for (int i = 0; i < count; i++)\n        for (int c = 0; c < channels; c++) {\n\
            seed = seed * 1664525u + 1013904223u;\n\
            int phase = i * (7 + 3 * c) % 64;\n\
            int value = (int)(seed >> 20) - 2048 + (phase < 32 ? phase : 64 - phase) * 400 - 6400;\n\
            value += (i / 17 % 3 == 1 ? 3000 : 0) + 1000 * c;\n\
            x[i * channels + c] = i < quiet ? 0.0f : (float)value / 32768.0f;\n        }\n}\n\
__attribute__((unused)) static bool differ(const float *a, const float *b, int count)\n{\n\
    for (int i = 0; i < count; i++) {\n        union { float f; uint32_t u; } p = { a[i] }, q = { b[i] };\n\
        if (p.u != q.u)\n            return true;\n    }\n    return false;\n}\n\
__attribute__((unused)) static uint32_t digest(const float *values, int count)\n{\n\
    uint32_t sum = 2166136261u;\n    for (int i = 0; i < count; i++) {\n\
        union { float f; uint32_t u; } bits = { values[i] };\n        sum = (sum ^ bits.u) * 16777619u;\n    }\n    return sum;\n}\n";

/// FNV-1a over whole words, as the C does it.
pub(crate) fn digest(values: &[f32]) -> u32 {
    values.iter().fold(2_166_136_261, |sum: u32, value| (sum ^ value.to_bits()).wrapping_mul(16_777_619))
}

/// The results of all cases on this machine; `None`, and a printed reason, without a compiler.
pub(crate) fn native(cases: &[Case]) -> Option<Vec<Vec<f32>>> {
    if !Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no `cc` on this machine");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = env::var_os("KEEP").map_or_else(|| folder.path().to_path_buf(), Into::into);
    let sources = write(&path, cases, None);
    fs::write(path.join("main.c"), MAIN).unwrap();
    let flags =
        ["-std=c11", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-fsanitize=undefined"];
    let built = Command::new("cc")
        .current_dir(&path)
        .args(flags)
        .args(["-fsanitize=address", "-fno-sanitize-recover=all", "-o", "run", "main.c"])
        .args(&sources)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let output = Command::new(path.join("run")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "hop by hop, case {:?} differs from a whole window\n{said}", output.status.code());
    let mut floats = output.stdout.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let lens: Vec<usize> = cases.iter().enumerate().map(|(at, case)| make(&format!("f{at}"), case).len).collect();
    Some(lens.into_iter().map(|len| floats.by_ref().take(len).collect()).collect())
}

const MAIN: &str = "#include <stdio.h>\nint program(void);\nvoid give(const float *values, int count);\n\
void give(const float *values, int count) { fwrite(values, 4, (size_t)count, stdout); }\n\
int main(void)\n{\n    int end = program();\n    if (end)\n        fprintf(stderr, \"ends with %d\", end);\n    return end != 0;\n}\n";

/// The same bits on a simulated board? `Err`: what it ended with. `None`, and a printed reason, without zig.
pub(crate) fn on_board(board: &Board, cases: &[Case], digests: &[u32]) -> Option<Result<(), String>> {
    let folder = tempfile::tempdir().unwrap();
    let sources = write(folder.path(), cases, Some(digests));
    let output = simulate(board, folder.path(), &sources, "--fast")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Some(if output.status.code() == Some(0) { Ok(()) } else { Err(format!("{:?}: {said}", output.status.code())) })
}

/// A board and how zig calls its core.
pub(crate) struct Board {
    pub(crate) name: &'static str,
    pub(crate) cpu: &'static str,
    pub(crate) abi: &'static str,
}

/// With an FPU.
pub(crate) const M4F: Board = Board { name: "nucleo_l4r5zi", cpu: "cortex_m4+vfp4d16sp", abi: "eabihf" };

/// Without.
pub(crate) const M0PLUS: Board = Board { name: "nucleo_g0b1re", cpu: "cortex_m0plus", abi: "eabi" };

/// Builds the sources in `folder` and runs them. `None`, and a printed reason, without zig.
fn simulate(board: &Board, folder: &Path, sources: &[String], mode: &str) -> Option<Output> {
    if !Command::new("python3").args(["-m", "ziglang", "version"]).output().is_ok_and(|output| output.status.success())
    {
        eprintln!("skipped: no zig");
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = root.join("tests/simulate/programs");
    fs::write(folder.join("mem.c"), fs::read(root.join("stdlib/hal/mem.c")).unwrap()).unwrap();
    let flags = "-m ziglang cc -fno-sanitize=undefined -Wl,-e,Reset_Handler -std=c11 -O2 -ffreestanding -ffp-contract=off \
                 -ffunction-sections -fdata-sections -nostdlib -rtlib=compiler-rt -Wall -Wextra -Werror -Wl,--gc-sections \
                 -o program.elf mem.c";
    let built = Command::new("python3")
        .args(flags.split_whitespace())
        .args(["-target", &format!("thumb-freestanding-{}", board.abi), &format!("-mcpu={}", board.cpu)])
        .args(sources)
        .current_dir(folder)
        .arg("-T")
        .arg(programs.join("nucleo.ld"))
        .arg("-I")
        .arg(&programs)
        .arg(programs.join("start.c"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"));
    command.args(["sim", "program.elf", "--board", board.name, mode, "--message-format", "json"]).current_dir(folder);
    Some(command.output().unwrap())
}

/// Cycles of one run of each case on a board. `None`, and a printed reason, without zig.
pub(crate) fn cycles(board: &Board, cases: &[Case]) -> Option<Vec<u64>> {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = write(folder.path(), cases, None);
    let give = "void give(const float *values, int count);\nvoid give(const float *values, int count) { (void)values; (void)count; }\n";
    fs::write(folder.path().join("give.c"), give).unwrap();
    sources.push("give.c".into());
    let output = simulate(board, folder.path(), &sources, "--profile")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let mut counted = vec![0; cases.len()];
    for line in text.lines() {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        for function in value["profile"]["functions"].as_array().into_iter().flatten() {
            let name = function["name"].as_str().unwrap_or_default();
            // A run may end in a jump to its only step, which then has the cycles.
            let own = |(number, rest): (&str, &str)| {
                let apart = ["push", "result", "restart"].contains(&rest);
                number.parse::<usize>().ok().filter(|at| *at < cases.len() && !apart)
            };
            let (total, calls) = (function["total"]["cycles"].as_u64(), function["calls"].as_u64());
            if let Some(at) = name.strip_prefix('f').and_then(|rest| rest.split_once('_')).and_then(own) {
                counted[at] = counted[at].max(total.unwrap_or(0) / calls.unwrap_or(1).max(1));
            }
        }
    }
    Some(counted)
}

/// Cases by the first word of their steps.
pub(crate) fn by_feature(cases: &[Case]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for case in cases {
        let word: String = case.steps.chars().take_while(|letter| *letter != '(').collect();
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}
