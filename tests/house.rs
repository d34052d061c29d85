//! Holds the house rules: rooms import only rooms above them, one door a dependency, a header on every file, sizes.
#![expect(clippy::disallowed_methods, reason = "a test looks at the tree itself")]

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Dependency → the files or folders below `src/` that may name it.
const DOORS: &[(&str, &[&str])] = &[
    ("pest", &["lang/parse.rs", "lang/syntax.rs"]),
    ("minijinja", &["library/template.rs"]),
    ("blake3", &["base/digest.rs", "library/embed.rs"]),
    ("walkdir", &["world/files.rs", "library/embed.rs"]),
    ("cc", &["world/compiler.rs", "world/toolchain.rs"]),
    ("reqwest", &["world/"]),
    ("rustls", &["world/"]),
    ("miette", &["base/diag.rs", "cli/paint.rs"]),
    ("csv", &["data/formats/csv.rs"]),
    ("object", &["sim/elf.rs", "stages/image.rs", "stages/gate/"]),
    ("gimli", &["sim/lines.rs"]),
    ("png", &["data/formats/image.rs"]),
    ("zune_jpeg", &["data/formats/image.rs"]),
    ("flate2", &["data/formats/gzip.rs", "data/formats/npz.rs"]),
    ("tempfile", &["world/"]),
    ("indicatif", &["cli/"]),
    ("clap", &["cli/"]),
];

/// Words that have no place in this tree.
const FORBIDDEN: &[&str] = &["TODO", "FIXME", "XXX", "#[allow(", "#![allow("];

/// Words for files that say nothing about what is in them.
const EMPTY_NAMES: &[&str] = &["util.rs", "utils.rs", "helper.rs", "helpers.rs", "common.rs", "misc.rs"];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<PathBuf> = WalkDir::new(&root).into_iter().flatten().map(walkdir::DirEntry::into_path).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    let name = |path: &Path| path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
    files.iter().map(|path| (name(path), fs::read_to_string(path).expect("readable"))).collect()
}

/// The rooms in the order of `lib.rs`.
fn rooms() -> Vec<String> {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("readable");
    lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(String::from).collect()
}

#[test]
fn rooms_import_only_rooms_above_them() {
    let rooms = rooms();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let own = file.split(['/', '.']).next().unwrap_or_default();
        let Some(own_rank) = rooms.iter().position(|room| room == own) else { continue };
        for (rank, room) in rooms.iter().enumerate().skip(own_rank + 1) {
            if text.contains(&format!("crate::{room}::")) || text.contains(&format!("use crate::{room};")) {
                wrong.push(format!("{file}: `{own}` (room {own_rank}) names `{room}` (room {rank})"));
            }
        }
    }
    assert!(wrong.is_empty(), "a room imports only rooms above it:\n{}", wrong.join("\n"));
}

#[test]
fn every_dependency_has_one_door() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (package, doors) in DOORS {
            let named = text.contains(&format!("use {package}::")) || text.contains(&format!(" {package}::"));
            if named && !doors.iter().any(|door| file.starts_with(door)) {
                wrong.push(format!("{file} names {package}, whose door is {doors:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_a_header_and_stays_small() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !text.starts_with("//!") && !text.starts_with("#!") {
            wrong.push(format!("{file}: no `//!` header"));
        }
        let lines = text.lines().count();
        if lines > 500 && !text.contains("//! Table.") {
            wrong.push(format!("{file}: {lines} lines, 500 at most"));
        }
        if EMPTY_NAMES.iter().any(|name| file.ends_with(name)) {
            wrong.push(format!("{file}: name it after what it holds"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn module_roots_hold_no_logic() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let logic = ["fn ", "struct ", "impl ", "enum "]
            .iter()
            .any(|word| text.lines().any(|line| line.starts_with(word) || line.starts_with(&format!("pub {word}"))));
        if file.ends_with("mod.rs") && logic {
            wrong.push(file.clone());
        }
        let root = file.matches('/').count() == 1 && file.ends_with("mod.rs");
        if root && !["Knows:", "Never:", "Add here:"].iter().all(|word| text.contains(word)) {
            wrong.push(format!("{file}: header without Knows, Never, Add here"));
        }
    }
    assert!(wrong.is_empty(), "mod.rs holds the header and re-exports:\n{}", wrong.join("\n"));
}

#[test]
fn no_forbidden_words() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for word in FORBIDDEN {
            if text.contains(word) {
                wrong.push(format!("{file}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_stay_small() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (name, lines) in functions(&text) {
            if lines > 80 {
                wrong.push(format!("{file}: fn {name} has {lines} lines, 80 at most"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Name and length of every function, by indentation: rustfmt puts the closing brace under the `fn`.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some((before, after)) = line.split_once("fn ") else { continue };
        if !before
            .trim()
            .split(' ')
            .all(|word| ["", "pub", "pub(crate)", "pub(super)", "const", "unsafe"].contains(&word))
        {
            continue;
        }
        // A signature in a trait has no body.
        if lines[start..].iter().find(|line| line.ends_with([';', '{'])).is_some_and(|line| line.ends_with(';')) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|line| *line == closing).map_or(1, |end| end + 1);
        found.push((after.split(['(', '<']).next().unwrap_or_default().to_string(), length));
    }
    found
}

/// A code that a user sees can be explained: `cargo tinyml explain CODE`.
#[test]
fn every_code_is_explained() {
    let mut unknown = Vec::new();
    for (file, text) in sources() {
        let code = text.split("\"tml::").skip(1).filter_map(|rest| rest.split('"').next());
        for code in code.map(|rest| format!("tml::{rest}")) {
            let sound = code.chars().all(|c| c.is_ascii_lowercase() || c == ':');
            if sound && !file.ends_with("codes.rs") && tinyml::cli::codes::explain(&code).is_none() {
                unknown.push(format!("{file}: {code}"));
            }
        }
    }
    unknown.sort();
    unknown.dedup();
    assert!(unknown.is_empty(), "add these to src/cli/codes.rs:\n{}", unknown.join("\n"));
}
