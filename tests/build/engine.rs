//! What reruns and what doesn't, and that nothing but the inputs decides what comes out.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::project::{Project, Ran, STEPS, ran};

/// Everything came from the store.
#[track_caller]
fn all_cached(ran: &Ran) {
    assert_eq!(ran.states().len(), STEPS.len(), "{:?}", ran.states());
    assert_eq!(ran.run_steps(), Vec::<String>::new());
}

/// Exactly these steps ran, and the others came from the store.
#[track_caller]
fn ran_exactly(ran: &Ran, steps: &[&str]) {
    let mut expected: Vec<&str> = steps.to_vec();
    expected.sort_unstable();
    assert_eq!(ran.run_steps(), expected, "{:?}", ran.states());
    assert_eq!(ran.states().len(), STEPS.len());
    assert!(ran.states().values().all(|state| state == "run" || state == "cached"), "{:?}", ran.states());
}

#[test]
fn a_second_build_runs_nothing_and_touches_nothing() {
    let Some(project) = Project::built() else { return };
    let first = project.build().exits(0);
    all_cached(&first);
    let elf = first
        .lines("artifact")
        .iter()
        .find_map(|line| line["path"].as_str().filter(|path| path.ends_with(".elf")).map(PathBuf::from));
    let elf = elf.expect("an elf");
    let time = |path: &PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).expect("a time");
    let before = (time(&elf), project.read("tinyml.lock"));
    let second = project.build().exits(0);
    all_cached(&second);
    assert_eq!((time(&elf), project.read("tinyml.lock")), before);
    assert_eq!(first.artifacts(), second.artifacts());
    let last = second.lines("build-finished");
    assert_eq!((last[0]["success"].as_bool(), last[0]["exit_code"].as_i64()), (Some(true), Some(0)));
}

#[test]
fn comments_and_layout_rebuild_nothing() {
    let Some(project) = Project::built() else { return };
    project.replace("net.tml", "dataset blobs {", "// a comment\n\n/// Documentation.\ndataset blobs {   // why");
    project.replace("net.tml", "channels = [a, b]", "channels = [\n    a,\n    b,\n  ]");
    project.replace(
        "net.tml",
        "batch = 8, optimizer = adam(lr = 0.01) }",
        "\n    optimizer = adam(lr = 1e-2)\n batch=8\n}",
    );
    all_cached(&project.build().exits(0));
    project.run(&["fmt"]).exits(0);
    all_cached(&project.build().exits(0));
}

#[test]
fn a_field_reruns_its_cone_and_is_named() {
    let Some(project) = Project::built() else { return };
    let before = project.build().exits(0).artifacts();
    let upstream = ["ingest:blobs", "extract:scaled"];
    project.replace("net.tml", "epochs = 20", "epochs = 25");
    let why = project.run(&["explain", "train:net"]).exits(0).stdout;
    assert!(why.contains("would run") && why.contains("`train.epochs` 20 → 25"), "{why}");
    assert_eq!(why.matches('→').count(), 1, "only that changed: {why}");
    let dry = project.run(&["build", "--dry-run", "--offline"]).exits(0).stdout;
    for step in STEPS {
        let line = dry.lines().find(|line| line.starts_with(step)).unwrap_or_else(|| panic!("{step} in {dry}"));
        let expected = match step {
            "train:net" => "run",
            step if upstream.contains(&step) => "cached",
            _ => "waits for",
        };
        assert!(line.contains(expected), "{line}");
    }
    let built = project.build().exits(0);
    ran_exactly(&built, &STEPS[2..]);
    assert_ne!(built.artifacts(), before);
    let why = project.run(&["explain", "train:net"]).exits(0).stdout;
    assert!(why.contains("up to date") && why.contains("20 → 25"), "{why}");
    project.replace("net.tml", "epochs = 25", "epochs = 20");
    let back = project.build().exits(0);
    all_cached(&back);
    assert_eq!(back.artifacts(), before);
}

#[test]
fn a_requirement_is_judged_without_running_a_step() {
    let Some(project) = Project::built() else { return };
    project.replace("net.tml", "ram         <= 8 KiB", "ram         <= 4 KiB");
    all_cached(&project.build().exits(0));
}

#[test]
fn data_counts_by_content_not_by_time() {
    let Some(project) = Project::built() else { return };
    project.build().exits(0);
    let file = fs::File::options().append(true).open(project.path("data/blobs.csv")).expect("opened");
    for seconds in [3600, 60] {
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("touched");
        all_cached(&project.build().exits(0));
    }
    // Same size, same time: only `--verify-inputs` has to see it, later builds may.
    let time = SystemTime::now() - Duration::from_hours(1);
    file.set_modified(time).expect("touched");
    all_cached(&project.build().exits(0));
    let text = project.read("data/blobs.csv");
    let (head, rest) = text.split_once('\n').expect("a header");
    let (first, rows) = rest.split_once('\n').expect("a row");
    let digit = first.chars().position(|c| c.is_ascii_digit()).expect("a digit");
    let other = if &first[digit..=digit] == "1" { "2" } else { "1" };
    let changed = format!("{head}\n{}{other}{}\n{rows}", &first[..digit], &first[digit + 1..]);
    project.write("data/blobs.csv", changed);
    file.set_modified(time).expect("touched");
    let verified = project.build_with(&["--verify-inputs"]).exits(0);
    assert!(verified.run_steps().contains(&"ingest:blobs".to_string()), "{:?}", verified.states());
}

#[test]
fn changed_data_reruns_and_equal_rows_stop_the_wave() {
    let Some(project) = Project::built() else { return };
    let before = project.build().exits(0).artifacts();
    project.write("data/blobs.csv", project.read("data/blobs.csv") + "\n\n");
    let same = project.build().exits(0);
    ran_exactly(&same, &["ingest:blobs"]);
    assert_eq!(same.artifacts(), before);
    project.write(
        "data/blobs.csv",
        project.read("data/blobs.csv").trim_end().to_string() + "\n0.7,0.1,low\n9.5,1.5,mid\n",
    );
    let why = project.run(&["explain", "ingest:blobs"]).exits(0).stdout;
    assert!(why.contains("data"), "{why}");
    let changed = project.build().exits(0).run_steps();
    assert!(
        ["ingest:blobs", "extract:scaled", "train:net"].iter().all(|step| changed.contains(&step.to_string())),
        "{changed:?}"
    );
}

#[test]
fn neither_folder_nor_threads_nor_cache_shows_in_the_firmware() {
    let Some(first) = Project::built() else { return };
    let expected = first.build().exits(0).artifacts();
    assert!(expected.len() >= 6, "{expected:?}");
    let other = Project::empty();
    let deep = "ein Ordner/mit ü and 'quotes'";
    for name in ["net.tml", "data/blobs.csv"] {
        other.write(&format!("{deep}/{name}"), first.read(name));
    }
    // From above, with one job, another locale, time zone and temporary folder.
    other.write("tmp/keep", "");
    let mut command =
        other.command(&["build", &format!("{deep}/net.tml"), "-j1", "--offline", "--message-format", "json"]);
    command.env("TMPDIR", other.path("tmp")).env("TZ", "Asia/Tokyo").env("LC_ALL", "C").env("SOURCE_DATE_EPOCH", "1");
    let one = ran(&mut command).exits(0);
    assert_eq!(one.run_steps().len(), STEPS.len());
    assert_eq!(one.artifacts(), expected);
    assert_eq!(fs::read_dir(other.path("tmp")).expect("a folder").count(), 1, "it cleans up behind itself");
    // With more jobs and another target folder.
    let many = other.build_with(&[deep, "-j3", "--target-dir", "elsewhere"]).exits(0);
    assert_eq!(many.run_steps().len(), STEPS.len());
    assert_eq!(many.artifacts(), expected);
    assert!(other.path("elsewhere/tinyml/net/demo/nucleo_f446re/firmware.elf").is_file());
}

#[cfg(unix)]
#[test]
fn a_store_that_projects_share_gives_the_same_firmware() {
    let Some(project) = Project::built() else { return };
    let expected = project.build().exits(0).artifacts();
    let Some(toolchains) = toolchains() else { return eprintln!("skipped: zig isn't in the user's cache folder") };
    let cache = Project::empty();
    std::os::unix::fs::symlink(toolchains, cache.path("toolchain")).expect("linked");
    let shared = |project: &Project| {
        let mut command = project.command(&["build", "--offline", "--message-format", "json"]);
        ran(command.env("TINYML_CACHE_DIR", cache.root())).exits(0)
    };
    let first = shared(&Project::new());
    assert_eq!((first.run_steps().len(), first.artifacts()), (STEPS.len(), expected.clone()));
    let second = shared(&Project::new());
    assert_eq!((second.run_steps().len(), second.artifacts()), (0, expected));
}

/// Where the user's toolchains are.
#[cfg(unix)]
fn toolchains() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let caches = [folder("XDG_CACHE_HOME"), folder("HOME").map(|home| home.join(".cache"))];
    caches.into_iter().flatten().map(|cache| cache.join("cargo-tinyml/toolchain")).find(|path| path.is_dir())
}

#[test]
fn locked_never_changes_the_lock() {
    let Some(project) = Project::built() else { return };
    project.build_with(&["--locked"]).exits(0);
    for lock in [project.read("tinyml.lock"), "version = 1\n".to_string()] {
        project.write("tinyml.lock", &lock);
        for flag in ["--locked", "--frozen"] {
            project.build_with(&[flag]).exits(0);
            assert_eq!(project.read("tinyml.lock"), lock);
        }
    }
    fs::remove_file(project.path("tinyml.lock")).expect("removed");
    project.build_with(&["--locked"]).exits(0);
    assert!(!project.path("tinyml.lock").exists());
    ran(project.command(&["build", "--offline"]).env("CI", "true")).exits(0);
    assert!(!project.path("tinyml.lock").exists(), "CI builds are locked");
    project.build().exits(0);
    assert!(project.read("tinyml.lock").contains("zig = \"0."));
    project.replace("tinyml.lock", "zig = \"0.", "zig = \"9.");
    let refused = project.build_with(&["--locked"]).exits(4);
    assert!(refused.rendered().contains("zig 9."), "{}", refused.rendered());
}

#[test]
fn the_graph_is_drawn_in_every_form() {
    let project = Project::new();
    let draw = |form: &str| project.run(&["graph", "--format", form]).exits(0).stdout;
    let (text, dot, mermaid) = (draw("text"), draw("dot"), draw("mermaid"));
    for step in STEPS {
        assert!(text.lines().any(|line| line.starts_with(step)), "{text}");
        assert!(dot.contains(&format!("\"{step}\";")) && mermaid.contains(&format!("[\"{step}\"]")), "{step}");
    }
    assert!(
        dot.starts_with("digraph")
            && dot.trim_end().ends_with('}')
            && dot.contains("\"train:net\" -> \"quantize:net\";")
    );
    assert!(mermaid.starts_with("flowchart") && mermaid.contains("-->"));
    let json: serde_json::Value = serde_json::from_str(&draw("json")).expect("JSON");
    let ids: Vec<&str> =
        json["steps"].as_array().expect("steps").iter().filter_map(|step| step["id"].as_str()).collect();
    assert_eq!(ids, STEPS);
    assert!(!project.path("target").exists() && !project.path("tinyml.lock").exists(), "drawing makes nothing");
}

#[test]
fn a_dry_run_makes_nothing() {
    let project = Project::new();
    let dry = project.run(&["build", "--dry-run", "--offline"]).exits(0).stdout;
    assert_eq!(dry.lines().count(), STEPS.len(), "{dry}");
    assert!(dry.lines().next().is_some_and(|line| line.starts_with("ingest:blobs") && line.ends_with("run")), "{dry}");
    assert!(!project.path("tinyml.lock").exists() && !project.path("target/tinyml/net").exists());
}
