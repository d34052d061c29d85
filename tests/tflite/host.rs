//! The emitted C on this machine, its undefined behaviour trapped, against TFLM's answers.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tinyml::library::Library;
use tinyml::net::ops::Capabilities;
use tinyml::net::{QNode, passes};
use tinyml::stages::emit;

use crate::cases::{self, Case, REFUSED, cases, int8, kind};

/// Compilers to try, the pinned one first.
fn compiler() -> Option<Vec<&'static str>> {
    let all: [&[&str]; 3] = [&["python3", "-m", "ziglang", "cc"], &["clang"], &["gcc"]];
    let works = |words: &&[&str]| {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    all.into_iter().find(works).map(<[&str]>::to_vec)
}

/// Models of one program: enough to make starting the compiler cheap, few enough for its memory.
const BATCH: usize = 60;

#[test]
fn emitted_c_equals_tflm() {
    let Some(cases) = cases() else { return };
    let Some(compiler) = compiler() else {
        cases::say("skipped: no C compiler here");
        return;
    };
    // A share in ordinary runs: cases are in a circle of kinds, and the step has no divisor in common with it.
    let step = if cases::all() { 1 } else { 17 };
    let chosen = cases.iter().step_by(step);
    let chosen: Vec<&Case> = chosen.filter(|case| !REFUSED.contains(&kind(&case.name))).collect();
    let library = Library::new(std::collections::BTreeMap::new()).expect("the library loads");
    for batch in chosen.chunks(BATCH) {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let files = sources(batch, &library);
        for (name, text) in &files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let got = run(folder.path(), &compiler);
        let mut rest = got.as_slice();
        for case in batch {
            let (own, after) = rest.split_at(case.y.len().min(rest.len()));
            rest = after;
            let same = own.iter().zip(&case.y).all(|(a, b)| *a as i8 == *b) && own.len() == case.y.len();
            assert!(same, "{}: the emitted C differs from TFLM", case.name);
        }
    }
}

/// One translation unit a model, and one that feeds them.
fn sources(batch: &[&Case], library: &Library) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut main = String::from("#include <stdio.h>\n#include <stdint.h>\n");
    let mut calls = String::new();
    for (at, case) in batch.iter().enumerate() {
        let net = int8(&case.name, &case.flat).expect("it is taken, or it wasn't chosen");
        let net = passes::optimise(&net).expect("it is optimised");
        // Every variant in turn: those of the cores are emulated on this machine.
        let choose = |node: &QNode| {
            let all = node.op.variants(node, Capabilities { dsp: at % 3 != 0 });
            all[at % all.len()].clone()
        };
        let variants: Vec<_> = net.nodes.iter().map(choose).collect();
        let made = emit::model(&format!("n{at}"), (&net, &variants), &[], &[], library).expect("it renders");
        // Models with state begin each row anew, as the wheel's interpreter was reset.
        let stateful = String::from_utf8_lossy(&made["model.h"]).contains(&format!("void n{at}_reset("));
        let reset = if stateful { format!("n{at}_reset(); ") } else { String::new() };
        for (name, bytes) in made {
            let text = String::from_utf8(bytes).expect("text").replace("\"model.h\"", &format!("\"n{at}.h\""));
            files.push((name.replace("model", &format!("n{at}")), text));
        }
        let (inputs, outputs) = (net.input.len(), net.output().len());
        let x: Vec<String> = case.x.iter().map(ToString::to_string).collect();
        let _ = writeln!(main, "#include \"n{at}.h\"\nstatic const int8_t x{at}[] = {{{}}};", x.join(","));
        let _ = writeln!(
            calls,
            "    for (unsigned i = 0; i < sizeof x{at}; i += {inputs}) {{ int8_t y[{outputs}]; {reset}n{at}_predict(x{at} + i, y); \
             fwrite(y, 1, sizeof y, stdout); }}"
        );
    }
    files.push(("main.c".into(), format!("{main}int main(void)\n{{\n{calls}    return 0;\n}}\n")));
    files
}

fn run(folder: &Path, compiler: &[&str]) -> Vec<u8> {
    let c = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let c: Vec<_> = c.filter(|path| path.extension().is_some_and(|ending| ending == "c")).collect();
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).args(["-std=c11", "-O1", "-g0", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]);
    command.args(["-fsanitize=undefined", "-fno-sanitize-recover=all"]).args(c);
    // Address checks need a run-time library that zig doesn't bring.
    if compiler[0] != "python3" {
        command.arg("-fsanitize=address");
    }
    let output = command.arg("-o").arg(folder.join("main")).output().expect("the compiler starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(folder.join("main")).output().expect("the program starts");
    assert!(output.status.success(), "{:?} {}", output.status, String::from_utf8_lossy(&output.stderr));
    output.stdout
}
