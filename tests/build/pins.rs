//! Generated functions: asked for, answered, refused, pinned, edited, gone stale.

use std::fs;

use tinyml::base::Digest;

use crate::project::{Project, Ran, blobs};

const SPEC: &str = r#"tml 1

use std.boards.{nucleo_f446re}

dataset blobs {
  source   = csv("data/blobs.csv")
  channels = [a, b]
  classes  = [low, mid, high]
}

/// A tenth of each.
generate tenth(x: f32[2]) -> f32[2] {
  prompt = """
    Divide each number by ten.
  """
  cases  = "tests/tenth.csv"
}

features scaled from blobs {
  tenth()
}

model net from scaled {
  dense(8, activation = relu)
  dense(blobs.classes)
  softmax()

  train { epochs = 3, batch = 8, optimizer = adam(lr = 0.01) }
}

deploy demo from net {
  boards = [nucleo_f446re]
}
"#;

const CASES: &str = "a,b,a_out,b_out\n1,2,0.1,0.2\n-5,0,-0.5,0\n";

const GOOD: &str = "\
Each is multiplied by a tenth:

```c
#include \"tml.h\"

void tenth(const float x[2], float out[2])
{
    for (int i = 0; i < 2; i++)
        out[i] = x[i] * 0.1f;
}
```

That is all.
";

fn asking() -> Project {
    let project = Project::empty();
    project.write("net.tml", SPEC);
    project.write("data/blobs.csv", blobs());
    project.write("tests/tenth.csv", CASES);
    project
}

/// A project with a pinned function; none without a compiler.
fn pinned() -> Option<Project> {
    Project::built()?;
    let project = asking();
    project.write("answer.md", GOOD);
    adopt(&project).exits(0);
    Some(project)
}

fn adopt(project: &Project) -> Ran {
    project.run(&["generate", "--adopt", "tenth", "answer.md", "--offline", "--message-format", "json"])
}

#[test]
fn without_code_a_build_stops_and_says_how_to_get_it() {
    let project = asking();
    let built = project.build().exits(6);
    let diagnostic = built.diagnostic("tml::provider");
    let help = diagnostic["help"].as_str().expect("a help");
    assert!(help.contains("generate --export tenth") && help.contains("generate --adopt tenth"), "{help}");
    assert_eq!(diagnostic["spans"][0]["line"], 12, "{diagnostic}");
    assert!(!project.path("tinyml.lock").exists() && !project.path("generated").exists());
    for flag in ["--locked", "--frozen"] {
        let built = project.build_with(&[flag]).exits(4);
        assert!(built.rendered().contains("has no pinned code"), "{}", built.rendered());
    }
    project.run(&["generate", "--offline"]).exits(6);
    project.run(&["check"]).exits(0);
    project.run(&["graph"]).exits(0);
    let unknown = project.run(&["generate", "--export", "tenht"]).exits(1);
    assert!(unknown.stderr.contains("did you mean `tenth`"), "{}", unknown.stderr);
}

#[test]
fn the_prompt_has_prototype_wish_and_cases() {
    let project = asking();
    let prompt = project.run(&["generate", "--export", "tenth"]).exits(0).stdout;
    for words in ["void tenth(const float x[2], float out[2])", "Divide each number by ten.", "-0.5", "tml.h"] {
        assert!(prompt.contains(words), "{words} in {prompt}");
    }
    assert_eq!(project.run(&["generate", "--export", "tenth"]).stdout, prompt, "the same prompt twice");
    assert!(!project.path("tinyml.lock").exists() && !project.path("generated").exists());
}

#[test]
fn a_good_answer_is_pinned_as_pending_and_builds() {
    let Some(project) = pinned() else { return };
    let lock = project.read("tinyml.lock");
    assert!(lock.contains("name     = \"tenth\"") && lock.contains("review   = \"pending\""), "{lock}");
    assert!(lock.contains("origin   = \"manual\""), "{lock}");
    let code = project.read("generated/tenth.c");
    assert!(code.starts_with("#include \"tml.h\"") && !code.contains("```"), "{code}");
    assert!(lock.contains(&format!("code     = \"b3:{}\"", Digest::of(code.as_bytes()))), "{lock}");
    // Neither a provider nor a change of the lock is needed from here on.
    project.build_with(&["--locked"]).exits(0);
    assert_eq!(project.read("tinyml.lock"), lock);
    let features = project.build_with(&["--locked"]).exits(0);
    assert!(features.run_steps().is_empty());
    project.run(&["generate", "--accept", "tenth", "--offline"]).exits(0);
    let accepted = project.read("tinyml.lock");
    assert_eq!(accepted.replace("accepted", "pending"), lock);
    assert!(project.build_with(&["--locked"]).exits(0).run_steps().is_empty(), "a review rebuilds nothing");
}

#[test]
fn where_review_is_required_a_pending_pin_exits_with_5() {
    let Some(project) = pinned() else { return };
    project.write(".config/tinyml.toml", "review = \"required\"\n");
    let built = project.build_with(&["--locked"]).exits(5);
    assert!(built.rendered().contains("generate --accept tenth"), "{}", built.rendered());
    project.run(&["generate", "--accept", "tenth", "--offline"]).exits(0);
    project.build_with(&["--locked"]).exits(0);
}

fn fenced(code: &str) -> String {
    format!("```c\n{code}\n```\n")
}

/// Answers that must be refused: what is wrong, the answer, the code of the diagnostic, a part of what it says.
fn bad_answers() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let body =
        |body: &str| fenced(&format!("#include \"tml.h\"\nvoid tenth(const float x[2], float out[2])\n{{\n{body}\n}}"));
    let good = "out[0] = x[0] * 0.1f; out[1] = x[1] * 0.1f;";
    let with = |before: &str| fenced(&format!("{before}\nvoid tenth(const float x[2], float out[2])\n{{ {good} }}"));
    vec![
        ("syntax", body("out[0] = x[0] *;"), "tml::gate::compile", "tenth.c"),
        ("two blocks", GOOD.to_string() + GOOD, "tml::answer", "2 code blocks"),
        ("no block", "I can't do that.".into(), "tml::answer", "no code block"),
        ("cut off", GOOD.split("out[i]").next().expect("a part").into(), "tml::answer", "cut off"),
        ("empty block", fenced(""), "tml::gate::symbol", "doesn't define `tenth`"),
        (
            "wrong type",
            fenced("void tenth(const int x[2], float out[2]) { out[0] = x[0]; out[1] = 0; }"),
            "tml::gate::compile",
            "conflicting types",
        ),
        (
            "wrong name",
            fenced("void tenths(const float x[2], float out[2]) { out[0] = x[0]; out[1] = 0; }"),
            "tml::gate::",
            "tenth",
        ),
        (
            "static",
            fenced(&format!("static void tenth(const float x[2], float out[2]) {{ {good} }}")),
            "tml::gate::",
            "tenth",
        ),
        ("include", with("#include <stdio.h>"), "tml::gate::text", "<stdio.h>"),
        ("spliced include", with("#\\\ninclude \"/etc/passwd\""), "tml::gate::text", "passwd"),
        ("macro include", with("#define WHAT <stdio.h>\n#include WHAT"), "tml::gate::text", "includes WHAT"),
        ("commented include", with("#include/**/<stdio.h>"), "tml::gate::text", "includes"),
        ("embed", with("const unsigned char e[] = {\n#embed \"/etc/passwd\"\n};"), "tml::gate::text", "#embed"),
        ("pragma", with("#pragma GCC poison float"), "tml::gate::text", "#pragma"),
        ("asm", body("__asm__ volatile(\"nop\");"), "tml::gate::text", "__asm__"),
        ("attribute", with("__attribute__((constructor)) void first(void) {}"), "tml::gate::text", "__attribute__"),
        (
            "state",
            body(&format!("static int calls; calls++; {good} out[0] += (float)(calls / 1000000);")),
            "tml::gate::symbol",
            "state between calls",
        ),
        ("global", with("float last;\nvoid keep(float x);\nvoid keep(float x) { last = x; }"), "tml::gate::", "tenth"),
        ("libc", body("extern float expf(float); out[0] = expf(x[0]); out[1] = 0;"), "tml::gate::symbol", "`expf`"),
        (
            "malloc",
            body("extern void *malloc(unsigned); float *p = malloc(8); p[0] = x[0]; out[0] = p[0]; out[1] = p[0];"),
            "tml::gate::",
            "malloc",
        ),
        ("bounds behind", body("for (int i = 0; i < 3; i++) out[i] = 0.0f; (void)x;"), "tml::gate::", ""),
        (
            "bounds hidden",
            body("volatile int n = 3; for (int i = 0; i < n; i++) out[i] = (i < 2 ? x[i] : 1.0f) * 0.1f;"),
            "tml::gate::bounds",
            "behind `out`",
        ),
        (
            "bounds before",
            body(&format!("volatile int n = -1; {good} ((float *)x)[n] = 1.0f;")),
            "tml::gate::bounds",
            "",
        ),
        ("input changed", body(&format!("{good} ((volatile float *)x)[0] = 3.0f;")), "tml::gate::", ""),
        ("wrong", body("out[0] = x[0] * 0.1f; out[1] = x[1] * 0.2f;"), "tml::gate::case", "line 2"),
        (
            "unwritten",
            body("out[0] = x[0] * 0.1f; if (x[1] > 1e9f || x[1] < 1e9f) return; out[1] = 0.0f;"),
            "tml::gate::deterministic",
            "unwritten",
        ),
        (
            "endless",
            body("volatile int on = 1; while (on) { } out[0] = x[0]; out[1] = 0.0f;"),
            "tml::gate::crash",
            "stops the board",
        ),
        (
            "recursion",
            fenced(
                "void tenth(const float x[2], float out[2]) { volatile float room[64]; room[0] = x[0]; tenth(x, out); out[0] = room[0]; out[1] = room[0]; }",
            ),
            "tml::gate::",
            "",
        ),
        ("null", body(&format!("{good} *(volatile int *)0xfffffff0u = 1;")), "tml::gate::crash", "stops the board"),
        ("device", body(&format!("{good} *(volatile int *)0x40020000u = 1;")), "tml::gate::crash", "stops the board"),
        (
            "not finite",
            body("out[0] = x[0] * 0.1f; out[1] = x[0] == 0.0f ? 1.0f / x[0] : x[1] * 0.1f;"),
            "tml::gate::finite",
            "finite",
        ),
        (
            "not UTF-8",
            String::from("```c\nvoid tenth(const float x[2], float out[2]) { \u{fffd} }\n```"),
            "tml::gate::compile",
            "",
        ),
    ]
}

#[test]
fn bad_answers_are_refused_and_change_nothing() {
    if Project::built().is_none() {
        return;
    }
    let project = asking();
    let Some(second) = pinned() else { return };
    let before = (second.read("tinyml.lock"), second.read("generated/tenth.c"));
    let mut failures = Vec::new();
    for (what, answer, code, words) in bad_answers() {
        project.write("answer.md", &answer);
        let refused = adopt(&project);
        let codes = refused.codes();
        let found = codes.first().is_some_and(|first| first.starts_with(code));
        if refused.code != Some(1) || !found || !refused.rendered().contains(words) {
            failures.push(format!(
                "{what}: {:?} {codes:?} instead of {code} with {words:?}\n{}",
                refused.code,
                refused.rendered()
            ));
        }
        assert!(!project.path("tinyml.lock").exists() && !project.path("generated").exists(), "{what} was pinned");
        // The same with a pin that is there: it stays. Once is enough for those that the compiler sees.
        if matches!(code, "tml::answer" | "tml::gate::text" | "tml::gate::case") {
            second.write("answer.md", &answer);
            adopt(&second).exits(1);
            assert_eq!((second.read("tinyml.lock"), second.read("generated/tenth.c")), before, "{what}");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    second.build_with(&["--locked"]).exits(0);
}

#[test]
fn a_pin_that_is_gone_stops_a_locked_build() {
    let Some(project) = pinned() else { return };
    let (lock, code) = (project.read("tinyml.lock"), project.read("generated/tenth.c"));
    let pin = lock.find("\n[[pin]]").expect("a pin");
    project.write("tinyml.lock", &lock[..pin]);
    project.build_with(&["--locked"]).exits(4);
    project.write("tinyml.lock", &lock);
    fs::remove_file(project.path("generated/tenth.c")).expect("removed");
    project.build_with(&["--locked"]).exits(4);
    project.build().exits(6);
    project.write("generated/tenth.c", code);
    project.build_with(&["--locked"]).exits(0);
}

#[test]
fn code_edited_by_hand_has_to_be_adopted() {
    let Some(project) = pinned() else { return };
    let lock = project.read("tinyml.lock");
    project.replace("generated/tenth.c", "int i = 0;", "int i = 0; /* mine */");
    let edited = project.read("generated/tenth.c");
    for (flags, code) in [(&[][..], 1), (&["--locked"], 4)] {
        let built = project.build_with(flags).exits(code);
        let text = built.rendered();
        assert!(text.contains("edited by hand") && text.contains("generate --adopt tenth"), "{text}");
    }
    let kept = project.run(&["generate", "tenth", "--offline"]).exits(1);
    assert!(kept.stderr.contains("--force"), "{}", kept.stderr);
    assert_eq!((project.read("tinyml.lock"), project.read("generated/tenth.c")), (lock.clone(), edited.clone()));
    project.run(&["generate", "--adopt", "tenth", "--offline"]).exits(0);
    assert_eq!(project.read("generated/tenth.c"), edited);
    assert_ne!(project.read("tinyml.lock"), lock);
    project.build_with(&["--locked"]).exits(0);
    // An edit that is wrong is refused, and the user's file stays as it is.
    project.replace("generated/tenth.c", "0.1f", "0.3f");
    let (wrong, lock) = (project.read("generated/tenth.c"), project.read("tinyml.lock"));
    project.run(&["generate", "--adopt", "tenth", "--offline"]).exits(1);
    assert_eq!((project.read("generated/tenth.c"), project.read("tinyml.lock")), (wrong, lock));
}

#[test]
fn another_contract_makes_the_pin_stale() {
    let Some(project) = pinned() else { return };
    project.build().exits(0);
    let spec = project.read("net.tml");
    let changes = [
        ("net.tml", "Divide each number by ten.", "Divide each number by ten, please."),
        ("net.tml", "tenth.csv\"", "tenth.csv\"\n  tolerance = 0.01"),
        ("tests/tenth.csv", "-5,0,-0.5,0", "-6,0,-0.6,0"),
    ];
    for (file, from, to) in changes {
        project.replace(file, from, to);
        let built = project.build().exits(1);
        let text = built.rendered();
        assert!(text.contains("another contract") && text.contains("generate tenth"), "{text}");
        assert!(project.build_with(&["--locked"]).exits(4).rendered().contains("another contract"));
        project.write("net.tml", &spec);
        project.write("tests/tenth.csv", CASES);
        assert!(project.build().exits(0).run_steps().is_empty());
    }
    // Words about the function and layout are no part of it.
    project.replace("net.tml", "/// A tenth of each.", "/// Something else.");
    assert!(project.build_with(&["--locked"]).exits(0).run_steps().is_empty());
}

#[test]
fn recorded_answers_replay() {
    if Project::built().is_none() {
        return;
    }
    let project = asking();
    project.write(".config/tinyml.toml", "[provider]\nkind = \"replay\"\npath = \"answers\"\n");
    project.write("answers/README", "");
    let built = project.build().exits(6);
    assert!(built.rendered().contains("answers"), "{}", built.rendered());
    let prompt = project.run(&["generate", "--export", "tenth"]).exits(0).stdout;
    let answer = format!("answers/{}.md", Digest::of(prompt.as_bytes()).hex());
    project.write(&answer, GOOD.replace("0.1f", "0.2f"));
    project.build().exits(1);
    assert!(!project.path("generated").exists(), "a wrong answer isn't kept");
    project.write(&answer, GOOD);
    project.build_with(&["--locked"]).exits(4);
    project.build().exits(0);
    let lock = project.read("tinyml.lock");
    assert!(lock.contains("replay") && lock.contains("pending"), "{lock}");
    // The pin works without the recording.
    fs::remove_dir_all(project.path(".config")).expect("removed");
    fs::remove_dir_all(project.path("answers")).expect("removed");
    project.build_with(&["--frozen"]).exits(0);
}

#[test]
fn wrong_cases_settings_and_locks_are_told() {
    let project = asking();
    let told = |code: &str, words: &str| {
        let built = project.build();
        assert_eq!(built.code, Some(1), "{}", built.rendered());
        assert_eq!(built.codes().first().map(String::as_str), Some(code), "{}", built.rendered());
        assert!(built.rendered().contains(words), "{words} in {}", built.rendered());
    };
    for (cases, words) in
        [("1,2,3\n", "line 1"), ("a,b,c,d\n1,2,x,4\n", "line 2"), ("a,b,c,d\n", "no case"), ("", "no case")]
    {
        project.write("tests/tenth.csv", cases);
        told("tml::cases", words);
    }
    fs::remove_file(project.path("tests/tenth.csv")).expect("removed");
    told("tml::cases", "tests/tenth.csv");
    project.write("tests/tenth.csv", CASES);
    project.write(".config/tinyml.toml", "[provider]\nkind = \"repaly\"\n");
    told("tml::config", "did you mean `replay`");
    project.write(".config/tinyml.toml", "provder = 1\n");
    told("tml::config", "provder");
    project.write(".config/tinyml.toml", "");
    project.write("tinyml.lock", "version = 1\n<<<<<<< HEAD\n");
    told("tml::lock", "merge");
    project.write("tinyml.lock", [0xff, 0xfe, 0x00]);
    let built = project.build().exits(1);
    assert!(built.rendered().contains("UTF-8"), "{}", built.rendered());
}
