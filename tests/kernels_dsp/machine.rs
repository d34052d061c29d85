//! Emitted networks on a simulated board: compiled by zig, checked against what the reference says, and measured.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use tinyml::library::Library;
use tinyml::net::QNet;
use tinyml::net::ops::Variant;
use tinyml::stages::emit;

/// A network, the variants of its kernels, inputs and the outputs that they must give.
pub(crate) struct Run {
    pub(crate) net: QNet,
    pub(crate) variants: Vec<Variant>,
    pub(crate) inputs: Vec<Vec<i8>>,
    pub(crate) expected: Vec<Vec<i8>>,
}

/// What the first layer of a run cost, over all of its inputs.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Cost {
    pub(crate) cycles: u64,
    pub(crate) stalls: u64,
}

/// Makes and runs images for one board.
pub(crate) struct Image {
    board: String,
    cpu: &'static str,
    library: Library,
}

impl Image {
    /// For `board`; says so where there is no compiler.
    #[expect(clippy::print_stderr, reason = "a skipped test must say so")]
    pub(crate) fn new(board: &str) -> Option<Self> {
        let zig = Command::new("python3").args(["-m", "ziglang", "version"]).output();
        if !zig.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: no zig");
            return None;
        }
        let cpu = match board {
            "nucleo_h743zi" => "cortex_m7+fp_armv8d16",
            "nucleo_u575zi_q" => "cortex_m33+dsp+fp_armv8d16sp",
            _ => "cortex_m4+vfp4d16sp",
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/kernels");
        let mut overlay = BTreeMap::new();
        for entry in fs::read_dir(folder).expect("templates").map(|entry| entry.expect("an entry")) {
            let name = format!("kernels/{}", entry.file_name().to_string_lossy());
            if name.ends_with(".j2") {
                overlay.insert(name, fs::read(entry.path()).expect("a template"));
            }
        }
        let library = Library::new(overlay).expect("the library loads");
        Some(Self { board: board.into(), cpu, library })
    }

    /// Runs all of `runs` in one image; fails where an output differs. Costs are zero unless `measured`.
    pub(crate) fn run(&self, runs: &[Run], measured: bool) -> Vec<Cost> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = env::var_os("KEEP").map_or_else(|| folder.path().to_path_buf(), Into::into);
        let mut sources = vec!["main.c".to_string()];
        for (at, run) in runs.iter().enumerate() {
            let classes: Vec<String> = (0..run.net.output().len()).map(|class| format!("c{class}")).collect();
            let net = (&run.net, run.variants.as_slice());
            let files = emit::model(&format!("n{at}"), net, &classes, &[], &self.library).expect("it renders");
            fs::create_dir_all(path.join(format!("n{at}"))).expect("a folder");
            for (name, bytes) in files {
                fs::write(path.join(format!("n{at}")).join(name), bytes).expect("written");
            }
            sources.push(format!("n{at}/model.c"));
        }
        fs::write(path.join("main.c"), program(runs)).expect("written");
        self.build(&path, &sources);
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"));
        command.args(["sim", "program.elf", "--board", &self.board, "--message-format", "json"]);
        command.arg(if measured { "--profile" } else { "--fast" }).current_dir(&path);
        let output = command.output().expect("the simulator starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.code() != Some(0) {
            let at = output.status.code().and_then(|code| runs.get((code as usize).saturating_sub(1)));
            let what = at.map(|run| format!("{:?} {:?} {:?}", run.variants, run.net.nodes[0].args, run.net.input));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            panic!("{} ends with {:?}: {what:?}\n{said}{text}", self.board, output.status.code());
        }
        costs(&text, runs.len())
    }

    fn build(&self, folder: &Path, sources: &[String]) {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/programs");
        let flags = "-m ziglang cc -target thumb-freestanding-eabihf -fno-sanitize=undefined -Wl,-e,Reset_Handler -std=c11 -O2 \
             -ffreestanding -ffunction-sections -fdata-sections -nostdlib -Wall -Wextra -Werror -Wl,--gc-sections -o program.elf";
        let mut command = Command::new("python3");
        command.args(flags.split_whitespace()).arg(format!("-mcpu={}", self.cpu)).args(sources).current_dir(folder);
        command.arg("-T").arg(programs.join("nucleo.ld")).arg("-I").arg(&programs).arg(programs.join("start.c"));
        let output = command.output().expect("zig starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A program that ends with 1 + the number of the first run that differs.
fn program(runs: &[Run]) -> String {
    let mut text = String::from("#include \"start.h\"\n");
    for at in 0..runs.len() {
        let _ = writeln!(text, "#include \"n{at}/model.h\"");
    }
    let list = |rows: &[Vec<i8>]| rows.concat().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    for (at, run) in runs.iter().enumerate() {
        let (x, y) = (list(&run.inputs), list(&run.expected));
        let _ = writeln!(text, "static const int8_t x{at}[] = {{{x}}}, y{at}[] = {{{y}}};");
    }
    text.push_str("static int8_t out[65536];\nint program(void)\n{\n");
    for (at, run) in runs.iter().enumerate() {
        let _ = writeln!(
            text,
            "    for (uint32_t i = 0; i < {}u; i++) {{\n        n{at}_predict(x{at} + i * N{at}_INPUT_LEN, out);\n        for \
             (uint32_t k = 0; k < N{at}_OUTPUT_LEN; k++)\n            if (out[k] != y{at}[i * N{at}_OUTPUT_LEN + k])\n                \
             return {};\n    }}",
            run.inputs.len(),
            at + 1
        );
    }
    text + "    return 0;\n}\n"
}

/// The cycles of the functions of each run's first layer, callees included.
fn costs(text: &str, runs: usize) -> Vec<Cost> {
    let mut costs = vec![Cost::default(); runs];
    for line in text.lines() {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let functions = value["profile"]["functions"].as_array().cloned().unwrap_or_default();
        for function in functions {
            let name = function["name"].as_str().unwrap_or_default();
            for (at, cost) in costs.iter_mut().enumerate() {
                if name.starts_with(&format!("n{at}_layer_0_")) && function["total"].is_object() {
                    let own = &function["total"];
                    cost.cycles = cost.cycles.max(own["cycles"].as_u64().unwrap_or(0));
                    cost.stalls = cost.stalls.max(own["stalls"].as_u64().unwrap_or(0));
                }
            }
        }
    }
    costs
}
