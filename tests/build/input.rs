//! Bad specs, and no compiler: each is told by a code, in words that help, at its line, with exit code 1.

use std::fs;

use crate::project::{Project, Ran, ran};

/// One mistake.
pub(crate) struct Bad {
    pub(crate) what: &'static str,
    /// File, text in it, what stands there instead.
    pub(crate) edits: &'static [(&'static str, &'static str, &'static str)],
    pub(crate) code: &'static str,
    /// Parts of what is said.
    pub(crate) says: &'static [&'static str],
    /// A part of the spec's line that the diagnostic points at.
    pub(crate) line: &'static str,
}

/// The spec's file.
pub(crate) const SPEC: &str = "net.tml";
/// The data's file.
pub(crate) const DATA: &str = "data/blobs.csv";

const SPEC_MISTAKES: &[Bad] = &[
    Bad {
        what: "unknown field",
        edits: &[(SPEC, "channels =", "chanels  =")],
        code: "tml::field",
        says: &["chanels", "did you mean `channels`"],
        line: "chanels",
    },
    Bad {
        what: "unit of another dimension",
        edits: &[(SPEC, "10 ms", "10 KiB")],
        code: "tml::unit",
        says: &["ms"],
        line: "10 KiB",
    },
    Bad { what: "no unit", edits: &[(SPEC, "10 ms", "10")], code: "tml::unit", says: &["ms"], line: "latency" },
    Bad {
        what: "ambiguous unit",
        edits: &[(SPEC, "8 KiB", "8 KB")],
        code: "tml::unit",
        says: &["KiB", "kB"],
        line: "8 KB",
    },
    Bad {
        what: "unknown unit",
        edits: &[(SPEC, "8 KiB", "8 KiBs")],
        code: "tml::unit",
        says: &["KiB"],
        line: "8 KiBs",
    },
    Bad {
        what: "unknown layer",
        edits: &[(SPEC, "softmax()", "sofmax()")],
        code: "tml::name",
        says: &["did you mean `softmax`"],
        line: "sofmax",
    },
    Bad {
        what: "unknown board",
        edits: &[(SPEC, "{nucleo_f446re}", "{nucleo_f446}")],
        code: "tml::name",
        says: &["nucleo_f446re"],
        line: "use std.boards",
    },
    Bad {
        what: "width that isn't the number of classes",
        edits: &[(SPEC, "dense(blobs.classes)", "dense(4)")],
        code: "tml::shape",
        says: &["3 classes", "dense(blobs.classes)"],
        line: "",
    },
    Bad {
        what: "layer without width",
        edits: &[(SPEC, "dense(8,", "dense(0,")],
        code: "tml::",
        says: &["dense"],
        line: "dense(0",
    },
    Bad {
        what: "class that isn't there",
        edits: &[(SPEC, "recall(mid)", "recall(middle)")],
        code: "tml::class",
        says: &["`middle`"],
        line: "recall(middle)",
    },
    Bad {
        what: "one class",
        edits: &[(SPEC, "[low, mid, high]", "[low]")],
        code: "tml::",
        says: &["classes"],
        line: "classes ",
    },
    Bad {
        what: "class twice",
        edits: &[(SPEC, "[low, mid, high]", "[low, mid, low]")],
        code: "tml::",
        says: &["`low`"],
        line: "classes ",
    },
    Bad {
        what: "missing brace",
        edits: &[(SPEC, "  scale(method = minmax)\n}", "  scale(method = minmax)\n")],
        code: "tml::syntax",
        says: &["}"],
        line: "",
    },
    Bad {
        what: "YAML",
        edits: &[(SPEC, "channels = [a, b]", "channels: [a, b]")],
        code: "tml::syntax",
        says: &["="],
        line: "channels:",
    },
    Bad {
        what: "empty part by number",
        edits: &[(
            SPEC,
            "classes  = [low, mid, high]",
            "classes  = [low, mid, high]\n  split = { train = 85%, valid = 15%, test = 0% }",
        )],
        code: "tml::split",
        says: &["`test`"],
        line: "split =",
    },
    Bad {
        what: "parts beyond all",
        edits: &[(
            SPEC,
            "classes  = [low, mid, high]",
            "classes  = [low, mid, high]\n  split = { train = 85%, valid = 15%, test = 15% }",
        )],
        code: "tml::split",
        says: &["115%"],
        line: "split =",
    },
    Bad {
        what: "requirement the wrong way",
        edits: &[(SPEC, "ram         <= ", "ram         >= ")],
        code: "tml::relation",
        says: &["<="],
        line: "ram ",
    },
    Bad {
        what: "unknown metric",
        edits: &[(SPEC, "accuracy    >=", "acuracy    >=")],
        code: "tml::metric",
        says: &["accuracy"],
        line: "acuracy",
    },
    Bad {
        what: "number beyond bounds",
        edits: &[(SPEC, "epochs = 20", "epochs = 99999999999999999999")],
        code: "tml::",
        says: &["epochs"],
        line: "epochs",
    },
    Bad {
        what: "no epochs",
        edits: &[(SPEC, "epochs = 20", "epochs = 0")],
        code: "tml::bounds",
        says: &["epochs"],
        line: "epochs",
    },
    Bad {
        what: "name used above its definition",
        edits: &[(SPEC, "from scaled", "from later")],
        code: "tml::name",
        says: &["`later`"],
        line: "from later",
    },
    Bad {
        what: "later version",
        edits: &[(SPEC, "tml 1", "tml 2")],
        code: "tml::version",
        says: &["2"],
        line: "tml 2",
    },
    Bad {
        what: "path outside",
        edits: &[(SPEC, "data/blobs.csv", "/etc/passwd")],
        code: "tml::path",
        says: &["relative"],
        line: "/etc/passwd",
    },
    Bad {
        what: "control character",
        edits: &[(SPEC, "channels =", "chan\u{0}nels =")],
        code: "tml::syntax",
        says: &[],
        line: "nels",
    },
];

#[track_caller]
fn told(ran: &Ran, bad: &Bad, project: &Project) -> Result<(), String> {
    let all = ran.rendered();
    let report = |why: String| Err(format!("{}: {why}\n{all}\n{}", bad.what, ran.stderr));
    if ran.code != Some(1) {
        return report(format!("exit code {:?}", ran.code));
    }
    let Some(diagnostic) = ran.lines("diagnostic").into_iter().find(|line| {
        line["code"].as_str().is_some_and(|code| code.starts_with(bad.code)) && line["severity"] == "error"
    }) else {
        return report(format!("no {}", bad.code));
    };
    let text = diagnostic["rendered"].as_str().unwrap_or_default();
    if let Some(missing) = bad.says.iter().find(|words| !text.contains(**words)) {
        return report(format!("doesn't say {missing:?}"));
    }
    let at = &diagnostic["spans"][0];
    if at["file"].as_str().is_none_or(|file| !file.ends_with(SPEC)) {
        return report(format!("no place in the spec: {at}"));
    }
    let line = at["line"].as_u64().unwrap_or_default() as usize;
    let pointed = project.read(SPEC).lines().nth(line.wrapping_sub(1)).unwrap_or_default().to_string();
    if pointed.contains(bad.line) { Ok(()) } else { report(format!("points at line {line}: {pointed}")) }
}

#[track_caller]
pub(crate) fn all_told(mistakes: &[Bad]) {
    let mut failures = Vec::new();
    for bad in mistakes {
        let project = Project::new();
        for (file, from, to) in bad.edits {
            project.replace(file, from, to);
        }
        failures.extend(told(&project.build(), bad, &project).err());
        assert!(!project.path("tinyml.lock").exists() && !project.path("target/tinyml/net").exists(), "{}", bad.what);
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), mistakes.len(), failures.join("\n"));
}

#[test]
fn mistakes_in_the_spec_are_told_at_their_line() {
    all_told(SPEC_MISTAKES);
}

#[test]
fn check_finds_the_same_mistakes_in_the_spec() {
    for bad in &SPEC_MISTAKES[..4] {
        let project = Project::new();
        for (file, from, to) in bad.edits {
            project.replace(file, from, to);
        }
        told(&project.run(&["check", "--message-format", "json"]), bad, &project).unwrap_or_else(|why| panic!("{why}"));
        let people = project.run(&["check"]).exits(1);
        assert!(people.stderr.contains(bad.code) && people.stderr.contains("net.tml:"), "{}", people.stderr);
    }
}

#[test]
fn several_mistakes_are_told_together() {
    let project = Project::new();
    project.replace(SPEC, "channels =", "chanels =");
    project.replace(SPEC, "10 ms", "10");
    project.replace(SPEC, "recall(mid)", "recall(middle)");
    let codes = project.build().exits(1).codes();
    assert!(codes.len() >= 2, "{codes:?}");
    let project = Project::new();
    project.replace(DATA, "\n", "\n1,2,hihg\nx,1,low\n1,2,3,low\n,1,low\n");
    let codes = project.build().exits(1).codes();
    for code in ["tml::class", "tml::number", "tml::csv", "tml::missing"] {
        assert!(codes.contains(&code.to_string()), "{code} in {codes:?}");
    }
}

#[test]
fn a_compiler_that_cannot_be_had_is_told_with_the_command_to_run() {
    let project = Project::new();
    let cache = project.path("cache");
    let mut command = project.command(&["build", "--offline", "--message-format", "json"]);
    command.env("TINYML_CACHE_DIR", &cache).env("HOME", project.root()).env("XDG_CACHE_HOME", &cache);
    let built = ran(&mut command).exits(1);
    let diagnostic = built.diagnostic("tml::toolchain");
    let help = diagnostic["help"].as_str().expect("a help");
    assert!(help.contains("pip install") && help.contains("ziglang=="), "{help}");
    assert_eq!(built.codes(), ["tml::toolchain"], "it is told once");
    assert_eq!(built.states()["ingest:blobs"], "run", "what needs no compiler is kept");
    assert!(!project.path("tinyml.lock").exists());
    let gcc = ran(project.command(&["build", "--offline", "--toolchain", "gcc"]).env("PATH", "/nowhere")).exits(1);
    assert!(gcc.stderr.contains("tml::toolchain") && gcc.stderr.contains("arm-none-eabi-gcc"), "{}", gcc.stderr);
}

#[test]
fn specs_that_are_not_there_or_not_text_are_told() {
    let project = Project::new();
    for (args, words) in [
        (&["build", "nowhere.tml"][..], "there is no `nowhere.tml`"),
        (&["build", "data"], "has no `.tml` file"),
        (&["check", "nowhere"], "there is no `nowhere`"),
        (&["graph", "data/blobs.csv"], "tml::"),
    ] {
        let told = project.run(args).exits(1);
        assert!(told.stderr.contains(words), "{args:?}: {}", told.stderr);
    }
    project.write("other.tml", "tml 1\n");
    let several = project.run(&["build"]).exits(1);
    assert!(several.stderr.contains("has 2 specs") && several.stderr.contains("other.tml"), "{}", several.stderr);
    for (text, words) in [
        (&b"tml 1\n\xff\xfe"[..], "not UTF-8"),
        (b"\xff\xfet\0m\0l\0", "not UTF-8"),
        (b"", "tml::"),
        (b"tml 1\n", "tml::"),
        (b"\n\n// nothing\n", "tml::"),
    ] {
        project.write("other.tml", text);
        let told = project.run(&["build", "other.tml", "--offline"]);
        assert_eq!(told.code, Some(1), "{text:?}: {told:?}");
        assert!(told.stderr.contains(words), "{text:?}: {}", told.stderr);
    }
    fs::remove_file(project.path("other.tml")).expect("removed");
    fs::create_dir(project.path("other.tml")).expect("a folder");
    project.run(&["build", "other.tml"]).exits(1);
}

#[test]
fn hostile_specs_get_a_diagnostic_in_time() {
    let project = Project::new();
    let deep = format!("tml 1\n\ndataset d {{\n  source = {}1{}\n}}\n", "[".repeat(5000), "]".repeat(5000));
    let long = format!("tml 1\n\ndataset d {{\n  channels = [{}]\n}}\n", "a, ".repeat(50_000));
    // Thousands of mistakes: a few are shown, the others counted.
    let wide = format!("tml 1\n{}", "model m from n { }\n".repeat(3000));
    for spec in [deep, long, wide, "{".repeat(10_000), "\"".repeat(9_999), "((".repeat(5000) + "\u{202e}"] {
        project.write(SPEC, &spec);
        let told = project.run(&["check"]);
        assert_eq!(told.code, Some(1), "{}…: {:?}", &spec[..20], told.code);
        assert!(told.stderr.contains("tml::"), "{}", &told.stderr[..200.min(told.stderr.len())]);
    }
}
