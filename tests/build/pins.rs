//! Generated functions: asked for, answered, refused, pinned, edited, gone stale.

use std::fs;

use tinyml::base::Digest;

use crate::answers::{self, GOOD};
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

#[test]
fn bad_answers_are_refused_and_change_nothing() {
    if Project::built().is_none() {
        return;
    }
    let project = asking();
    let Some(second) = pinned() else { return };
    let before = (second.read("tinyml.lock"), second.read("generated/tenth.c"));
    let mut failures = Vec::new();
    for (what, answer, code, words) in answers::bad() {
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
