//! The command at its boundary: what it prints, its exit codes, its JSON, the folder that a program may use.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::compile::{self, Compiler};

const BOARD: &str = "nucleo_l4r5zi";

/// A folder with `program.elf`, built from `programs/NAME.c` with `flags`; None without a compiler.
fn built(name: &str, flags: &[&str]) -> Option<(TempDir, Compiler)> {
    let compiler = *compile::compilers().first()?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    compile::program(compiler, name, &folder, flags);
    Some((folder, compiler))
}

fn sim(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"))
        .args(["sim", "program.elf"])
        .args(arguments)
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the program")
}

fn on_board(folder: &Path, arguments: &[&str]) -> Output {
    sim(folder, &[&["--board", BOARD], arguments].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The lines of JSON with this reason.
fn lines(output: &Output, reason: &str) -> Vec<Value> {
    let text = stdout(output);
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    all.inspect(|line| assert_eq!(line["schema"], 1, "{line}")).filter(|line| line["reason"] == reason).collect()
}

fn finished(output: &Output) -> Value {
    lines(output, "sim-finished").pop().unwrap_or_else(|| panic!("no last line: {}", stderr(output)))
}

#[test]
fn a_program_prints_and_its_status_is_the_exit_code() {
    let Some((folder, _)) = built("services", &[]) else { return };
    std::fs::write(folder.path().join("in.txt"), "xhello").expect("written");
    let output = on_board(folder.path(), &["--args", "one two", "--stdin", "in.txt"]);
    let expected = "cmdline 0\nprogram.elf one two\nlength 19\ntoo short -1\nheapinfo 0\nheap 1\nstack 1\n\
                    tickfreq 120000000\nticks passed 1\nclock 1\ntime 0\niserror 1\niserror 0\nsystem -1\nerrno 38\n\
                    readc 120\nread 0\nhello\nistty 1\nfeatures 0\nshfb 1\nfiles without a folder -1\nc";
    assert_eq!(stdout(&output), expected, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(42));
    assert!(stderr(&output).contains("program.elf on nucleo_l4r5zi: ended with status 42"), "{}", stderr(&output));
    assert!(stderr(&output).contains("uncalibrated") || stderr(&output).contains('%'), "what the cycles are worth");
}

/// Time is simulated: a run is the same, bit for bit, whenever it is made.
#[test]
fn two_runs_are_equal() {
    let Some((folder, _)) = built("services", &[]) else { return };
    let run = || on_board(folder.path(), &["--message-format", "json", "--profile"]).stdout;
    assert_eq!(run(), run());
}

#[test]
fn a_program_reaches_the_files_of_its_folder_and_no_others() {
    let Some((folder, _)) = built("files", &[]) else { return };
    let place = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(place("box/inner")).expect("a folder");
    std::fs::write(place("outside.txt"), "secret").expect("written");
    std::fs::write(place("box/given.txt"), "given").expect("written");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../outside.txt", place("box/link.txt")).expect("a link");
        std::os::unix::fs::symlink("..", place("box/linked")).expect("a link");
        assert!(Command::new("mkfifo").arg(place("box/pipe")).status().is_ok_and(|status| status.success()));
    }
    let output = on_board(folder.path(), &["--files", "box"]);
    let text = stdout(&output);
    let (attacks, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("attack"));
    let expected = "wrote 0\nflen 11\nistty 0\nread a file for writing 4\nerrno 9\nclose 0\nclosed twice -1\nseek 0\n\
                    read 59\nfiles\nat the end 64\nwrite a file for reading 4\nseek behind the end -1\ngiven 5\n\
                    rename 0\nremove what is gone 2\nmany -1";
    assert_eq!(rest.join("\n"), expected, "{}", stderr(&output));
    assert_eq!(attacks.len(), 80);
    assert!(attacks.iter().all(|line| *line == "attack -1"), "{text}");
    assert_eq!(std::fs::read(place("outside.txt")).ok().as_deref(), Some(b"secret".as_slice()));
    assert_eq!(std::fs::read(place("box/inner/moved.txt")).ok().as_deref(), Some(b"hello files!".as_slice()));
    assert_eq!(std::fs::read(place("box/given.txt")).ok().as_deref(), Some(b"given".as_slice()));
    assert!(!place("box/stolen.txt").exists() && !place("box/made.txt").exists());
}

/// Fault number, its word in JSON, the function and the line with that comment.
const FAULTS: [(u32, &str, &str, &str); 7] = [
    (1, "write-to-flash", "store", "/* the store */"),
    (2, "unmapped", "store", "/* the store */"),
    (3, "unmapped", "load", "/* the load */"),
    (4, "stack-overflow", "recurse", "recurse"),
    (5, "not-code", "", ""),
    (6, "undefined", "program", "/* the opcode */"),
    (8, "divide-by-zero", "program", "/* the division */"),
];

#[test]
fn a_fault_names_function_line_registers_and_the_way() {
    let source = include_str!("programs/faults.c");
    for (number, word, function, code) in FAULTS {
        let flag = format!("-DFAULT={number}");
        let Some((folder, _)) = built("faults", &[&flag]) else { return };
        let output = on_board(folder.path(), &["--message-format", "json"]);
        assert_eq!(output.status.code(), Some(125), "fault {number}");
        let end = finished(&output)["end"].clone();
        assert_eq!((end["kind"].as_str(), end["fault"].as_str()), (Some("fault"), Some(word)), "fault {number}: {end}");
        assert_eq!(end["registers"]["pc"], end["pc"], "fault {number}");
        assert!(end["branches"].as_array().is_some_and(|branches| !branches.is_empty()), "fault {number}: {end}");
        let diagnostic = lines(&output, "diagnostic").pop().expect("a diagnostic");
        let rendered = diagnostic["rendered"].as_str().expect("text").to_string();
        assert!(rendered.contains("registers") && rendered.contains("the last branches"), "{rendered}");
        if function.is_empty() {
            assert!(rendered.contains("it came from here"), "{rendered}");
            continue;
        }
        assert_eq!(end["function"], function, "fault {number}");
        let line = end["line"]["line"].as_u64().expect("a line") as usize;
        let text = source.lines().nth(line - 1).expect("a line of the source");
        assert!(text.contains(code), "fault {number}: line {line} is `{text}`");
        assert!(rendered.contains(text.trim()) && rendered.contains(&format!("in `{function}`")), "{rendered}");
    }
}

#[test]
fn a_program_without_an_end_stops_at_its_budget() {
    let Some((folder, _)) = built("faults", &["-DFAULT=7"]) else { return };
    let output = on_board(folder.path(), &["--max-instructions", "1000000"]);
    assert_eq!(output.status.code(), Some(124));
    assert!(
        stderr(&output).contains("tml::sim::budget") && stderr(&output).contains("in `program`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn functions_are_called_and_variables_written_and_shown() {
    let Some((folder, _)) = built("mix", &[]) else { return };
    let weights: Vec<u8> = (0..64).map(|at| at * 3).collect();
    std::fs::write(folder.path().join("weights.bin"), &weights).expect("written");
    let flags = ["--call", "fibonacci", "--arg", "9", "--input", "weights.bin@weights", "--output", "weights:4:i8"];
    let output = on_board(folder.path(), &flags);
    assert!(stderr(&output).contains("returned 34 (0x22)"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "weights = 0 3 6 9\n");
    let output = on_board(folder.path(), &["--until", "say_number", "--output", "weights", "--fast"]);
    assert!(stdout(&output).starts_with("weights = 9c a3 aa b1 b8"), "{}", stdout(&output));
    assert!(stderr(&output).contains("reached `say_number`"), "{}", stderr(&output));
}

#[test]
fn a_trace_shows_every_instruction_and_changes_no_count() {
    let Some((folder, _)) = built("mix", &[]) else { return };
    let plain = finished(&on_board(folder.path(), &["--message-format", "json"]));
    let output = on_board(folder.path(), &["--message-format", "json", "--trace=1000000"]);
    let (traced, steps) = (finished(&output), lines(&output, "sim-trace"));
    for field in ["instructions", "cycles", "stack"] {
        assert_eq!(plain[field], traced[field], "{field}");
    }
    let cycles: u64 = steps.iter().filter_map(|step| step["cycles"].as_u64()).sum();
    assert_eq!(Some(cycles), traced["cycles"].as_u64(), "the steps have all cycles");
    assert_eq!(Some(steps.len() as u64), traced["instructions"].as_u64());
    let output = on_board(folder.path(), &["--trace=5"]);
    let text = stderr(&output);
    assert!(text.starts_with("Reset_Handler:\n  0x0800"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("  0x")).count(), 5, "{text}");
}

#[test]
fn a_profile_adds_up_and_its_forms_agree() {
    let Some((folder, _)) = built("mix", &[]) else { return };
    let flags = ["--message-format", "json", "--profile", "--annotate", "--heat", "--flamegraph", "flame.svg"];
    let value = finished(&on_board(folder.path(), &flags));
    let profile = &value["profile"];
    let sum = |list: &Value, field: &str| {
        list.as_array().expect("a list").iter().filter_map(|one| one[field].as_u64()).sum::<u64>()
    };
    for field in ["cycles", "instructions"] {
        assert_eq!(Some(sum(&profile["tree"], field)), value[field].as_u64(), "{field} of the tree");
    }
    let functions = profile["functions"].as_array().expect("a list");
    let function = |name: &str| functions.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    // fib(10) by its recursion: 177 calls, but compilers turn one of two into a loop.
    assert_eq!(function("model")["calls"], 3);
    assert_eq!(function("layer")["calls"], 6);
    assert!(function("fibonacci")["calls"].as_u64().is_some_and(|calls| (80..=177).contains(&calls)));
    assert_eq!(function("Reset_Handler")["calls"], 1);
    assert_eq!(function("Reset_Handler")["total"]["cycles"], value["cycles"]);
    assert!(function("model")["total"]["cycles"].as_u64() > function("layer")["own"]["cycles"].as_u64());
    let svg = std::fs::read_to_string(folder.path().join("flame.svg")).expect("a picture");
    for name in ["Reset_Handler", "program", "model", "layer", "fibonacci"] {
        assert!(svg.contains(&format!("<title>{name}\n")), "{name}");
    }
    let hot = value["hot"].as_array().expect("hot blocks");
    assert_eq!(hot[0]["function"], "layer");
    assert!(hot[0]["instructions"][0]["text"].as_str().is_some_and(|text| text.contains(' ')), "{}", hot[0]);
    assert!(hot[0]["instructions"][0]["line"]["file"].as_str().is_some_and(|file| file.ends_with("mix.c")));
    let areas = value["memory"]["areas"].as_array().expect("areas");
    let area = |name: &str| areas.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(
        (area("sink")["reads"].as_u64(), area("sink")["writes"].as_u64()),
        (Some(3), Some(4)),
        "start-up clears it"
    );
    assert!(area("weights")["reads"].as_u64().is_some_and(|reads| reads >= 9216), "{}", area("weights"));
}

/// Watching memory costs time, not simulated cycles.
#[test]
fn heat_changes_no_count() {
    let Some((folder, _)) = built("mix", &[]) else { return };
    let plain = finished(&on_board(folder.path(), &["--message-format", "json"]));
    let watched = finished(&on_board(folder.path(), &["--message-format", "json", "--heat"]));
    assert_eq!((&plain["cycles"], &plain["instructions"]), (&watched["cycles"], &watched["instructions"]));
}

/// The fields of the last line: programs rely on them.
#[test]
fn the_last_line_has_these_fields() {
    let Some((folder, _)) = built("mix", &[]) else { return };
    let flags = ["--message-format", "json", "--profile", "--annotate", "--heat", "--output", "sink:i32"];
    let mut found = BTreeSet::new();
    fields("", &finished(&on_board(folder.path(), &flags)), &mut found);
    // Only where a file's name is relative, which the compiler decides.
    found.retain(|field| !field.contains(".line.folder"));
    let found = found.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sim_finished.txt");
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(&path, &found).expect("written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden");
    assert_eq!(found, expected, "UPDATE_EXPECT=1 rewrites {}", path.display());
}

/// Every path to a value, with its kind.
fn fields(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| fields(&format!("{path}.{name}"), value, found)),
        Value::Array(list) => list.iter().for_each(|value| fields(&format!("{path}[]"), value, found)),
        Value::Null => {}
        Value::Bool(_) => drop(found.insert(format!("{path} bool"))),
        Value::Number(_) => drop(found.insert(format!("{path} number"))),
        Value::String(_) => drop(found.insert(format!("{path} text"))),
    }
}

#[test]
fn mistakes_are_told_with_what_to_type() {
    let Some((folder, _)) = built("mix", &[]) else { return };
    let told = |arguments: &[&str], code: i32, texts: &[&str]| {
        let output = sim(folder.path(), arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        texts.iter().for_each(|expected| assert!(text.contains(expected), "{arguments:?}: {text}"));
    };
    told(&["--board", "nucleo_l4r5z"], 1, &["tml::sim::board", "did you mean `--board nucleo_l4r5zi`?"]);
    told(&["--board", "none.toml"], 1, &["tml::sim::board", "none.toml"]);
    told(&["--board", "rp2040_pico"], 1, &["tml::sim::image", "0x08000000", "flash is 0x10000"]);
    let with = |more: &[&'static str]| [&["--board", BOARD], more].concat();
    told(&with(&["--until", "modle"]), 1, &["tml::sim::symbol", "did you mean `model`?"]);
    told(&with(&["--input", "program.elf@weights"]), 1, &["tml::sim::input", "has room for 64"]);
    told(&with(&["--input", "none@weights"]), 1, &["tml::sim::input", "`none` can't be read"]);
    told(&with(&["--output", "sink:3:i32"]), 1, &["tml::sim::output", "no whole number of i32"]);
    told(&with(&["--output", "sink:9999999"]), 1, &["tml::sim::output", "beyond the memory"]);
    told(&with(&["--output", "sink:f33"]), 2, &["f32"]);
    told(&with(&["--input", "weights"]), 2, &["FILE@symbol"]);
    told(&with(&["--fast", "--profile"]), 2, &["--fast"]);
    told(&[], 2, &["--board"]);
    std::fs::write(folder.path().join("program.elf"), b"\x7fELFnothing").expect("written");
    told(&with(&[]), 1, &["tml::sim::image", "doesn't run on nucleo_l4r5zi"]);
}

#[test]
fn help_tells_how_it_is_used() {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml")).args(["help", "sim"]).output().expect("the program");
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for word in ["--board", "--flamegraph", "--files", "Semihosting:", "Examples:"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
