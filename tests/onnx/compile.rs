//! Programs in C: many in one executable that runs each on its inputs, twice, and writes what came out the second time.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use tinyml::tensor::{Literal, Program, c};

/// A program and inputs in its order.
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Program,
    pub(crate) inputs: Vec<Literal>,
}

const STRICT: &[&str] = &["-std=c11", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Wno-unused-variable"];
const SANITIZE: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// The compiler with its flags: the first that links a program, with sanitizers if it can.
pub(crate) fn compiler() -> Option<&'static Vec<String>> {
    static FOUND: OnceLock<Option<Vec<String>>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let candidates: [(&[&str], &[&str]); 5] = [
                (&["gcc"], SANITIZE),
                (&["clang"], SANITIZE),
                (&["gcc"], &[]),
                (&["cc"], &[]),
                (&["python3", "-m", "ziglang", "cc"], &[]),
            ];
            let folder = TempDir::new().expect("a folder");
            let source = folder.path().join("a.c");
            fs::write(&source, "#include <math.h>\nint main(int n, char **v) { (void)v; return (int)sqrt(n) - 1; }\n")
                .expect("written");
            for (program, sanitize) in candidates {
                let words: Vec<String> =
                    program.iter().chain(STRICT).chain(sanitize).map(ToString::to_string).collect();
                let out = folder.path().join("a.out");
                let built =
                    Command::new(&words[0]).args(&words[1..]).arg(&source).arg("-o").arg(&out).arg("-lm").output();
                let ran = built.is_ok_and(|built| built.status.success())
                    && Command::new(&out).status().is_ok_and(|s| s.success());
                if ran {
                    return Some(words);
                }
            }
            None
        })
        .as_ref()
}

/// What each job gave: outputs, or what the compiler or the run said.
pub(crate) fn run(jobs: &[Job<'_>]) -> Vec<Result<Vec<Literal>, String>> {
    let folder = TempDir::new().expect("a folder");
    let mut alive = vec![true; jobs.len()];
    let mut results: Vec<Result<Vec<Literal>, String>> = jobs.iter().map(|_| Err("did not run".into())).collect();
    for (number, job) in jobs.iter().enumerate() {
        let source = c::emit(job.program, &format!("m{number}"));
        fs::write(folder.path().join(format!("m{number}.c")), source.code).expect("written");
        fs::write(folder.path().join(format!("m{number}.h")), source.header).expect("written");
        let bytes: Vec<u8> = job.inputs.iter().flat_map(|input| input.bytes.clone()).collect();
        fs::write(folder.path().join(format!("in{number}")), bytes).expect("written");
    }
    if let Err(text) = build(folder.path(), jobs, &alive) {
        for (number, alive) in alive.iter_mut().enumerate() {
            let words = compiler().expect("found");
            let file = folder.path().join(format!("m{number}.c"));
            let built = Command::new(&words[0])
                .args(&words[1..])
                .arg("-c")
                .arg(&file)
                .arg("-o")
                .arg("/dev/null")
                .output()
                .expect("runs");
            if !built.status.success() {
                *alive = false;
                results[number] = Err(first_lines(&String::from_utf8_lossy(&built.stderr)));
            }
        }
        build(folder.path(), jobs, &alive).unwrap_or_else(|_| panic!("{text}"));
    }
    for (number, job) in jobs.iter().enumerate().filter(|(number, _)| alive[*number]) {
        results[number] = execute(folder.path(), number, job);
    }
    results
}

fn first_lines(text: &str) -> String {
    text.lines().filter(|line| line.contains("error")).take(3).collect::<Vec<&str>>().join(" | ")
}

fn build(folder: &Path, jobs: &[Job<'_>], alive: &[bool]) -> Result<(), String> {
    let mut main = String::from("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
    let mut cases = String::new();
    let words = compiler().expect("found");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for (number, job) in jobs.iter().enumerate().filter(|(number, _)| alive[*number]) {
        let _ = writeln!(main, "#include \"m{number}.h\"");
        let program = job.program;
        let mut arguments = Vec::new();
        let _ = writeln!(cases, "    case {number}: {{");
        for (position, buffer) in program.inputs.iter().enumerate() {
            let info = &program.buffers[*buffer];
            let bytes = info.len() * info.dtype.size();
            let _ = writeln!(cases, "        void *in{position} = load({bytes});");
            arguments.push(format!("in{position}"));
        }
        let mut stores = String::new();
        for (position, buffer) in program.outputs.iter().enumerate() {
            let info = &program.buffers[*buffer];
            let bytes = info.len() * info.dtype.size();
            let _ = writeln!(cases, "        void *out{position} = fresh({bytes});");
            arguments.push(format!("out{position}"));
            let _ =
                writeln!(stores, "        fwrite(out{position}, 1, {bytes}, stdout);\n        free(out{position});");
        }
        let call = format!("        m{number}_run({});\n", arguments.join(", "));
        cases.push_str(&call);
        cases.push_str(&call);
        cases.push_str(&stores);
        for position in 0..program.inputs.len() {
            let _ = writeln!(cases, "        free(in{position});");
        }
        cases.push_str("        break;\n    }\n");
        command.arg(folder.join(format!("m{number}.c")));
    }
    main.push_str(
        "static void *fresh(size_t size) {\n    void *p = malloc(size);\n    memset(p, 0xa5, size);\n    return p;\n}\n\
         static void *load(size_t size) {\n    void *p = malloc(size);\n    \
         if (fread(p, 1, size, stdin) != size) {\n        exit(3);\n    }\n    return p;\n}\n\
         int main(int n, char **v) {\n    (void)n;\n    (void)fresh;\n    (void)load;\n    switch (atoi(v[1])) {\n",
    );
    main.push_str(&cases);
    main.push_str("    default: break;\n    }\n    return 0;\n}\n");
    let file = folder.join("main.c");
    fs::write(&file, main).expect("written");
    let built = command.arg(&file).arg("-o").arg(folder.join("run")).arg("-lm").output().expect("the compiler runs");
    if built.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&built.stderr).chars().take(2000).collect())
    }
}

fn execute(folder: &Path, number: usize, job: &Job<'_>) -> Result<Vec<Literal>, String> {
    let input = fs::File::open(folder.join(format!("in{number}"))).expect("there");
    let ran = Command::new(folder.join("run")).arg(number.to_string()).stdin(input).output().expect("runs");
    if !ran.status.success() {
        let text = String::from_utf8_lossy(&ran.stderr);
        return Err(format!("{}: {}", ran.status, first_lines(&text)));
    }
    let mut rest = &ran.stdout[..];
    let mut outputs = Vec::new();
    for buffer in &job.program.outputs {
        let info = &job.program.buffers[*buffer];
        let (bytes, tail) = rest.split_at_checked(info.len() * info.dtype.size()).ok_or("too few bytes came out")?;
        rest = tail;
        outputs.push(Literal { dtype: info.dtype, shape: info.shape.clone(), bytes: bytes.to_vec() });
    }
    Ok(outputs)
}
