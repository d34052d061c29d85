//! Builds that are killed, stopped, or started twice.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::project::{Project, Ran, STEPS};

/// A build that goes on; its lines for programs come one by one.
fn started(project: &Project) -> Child {
    let mut command = project.command(&["build", "--offline", "--message-format", "json", "-j2"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts")
}

/// Reads until `count` steps started, and returns those that finished before.
fn until_started(child: &mut Child, count: usize) -> Vec<String> {
    let mut lines = BufReader::new(child.stdout.as_mut().expect("piped")).lines().map_while(Result::ok);
    let (mut seen, mut finished) = (0, Vec::new());
    while seen < count {
        let Some(line) = lines.next() else { break };
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        if value["reason"] == "step-finished" {
            finished.push(value["id"].as_str().expect("an id").to_string());
        }
        seen += usize::from(value["reason"] == "step-started");
    }
    finished
}

#[test]
fn a_killed_build_goes_on_where_it_was() {
    let Some(finished) = Project::built() else { return };
    let expected = finished.build().exits(0).artifacts();
    let project = Project::new();
    let mut before: Vec<String> = Vec::new();
    for count in [1, 2, 3, 4, 3, 2, 2, 1] {
        let mut child = started(&project);
        let done = until_started(&mut child, count);
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(
            before.iter().all(|step| done.contains(step) || done.len() < before.len()),
            "{before:?} are lost: {done:?}"
        );
        before = done;
    }
    let built = project.build().exits(0);
    assert_eq!(built.artifacts(), expected);
    let run = built.run_steps();
    assert!(before.iter().all(|step| !run.contains(step)), "{before:?} ran again: {run:?}");
    assert!(project.build().exits(0).run_steps().is_empty());
    let left = crate::project::files(&project.path("target/tinyml/store-v1/lock"));
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_cleanly_with_130() {
    let Some(finished) = Project::built() else { return };
    let expected = finished.build().exits(0).artifacts();
    let project = Project::new();
    let mut child = started(&project);
    until_started(&mut child, 4);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let output = child.wait_with_output().expect("ended");
    let ran = Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::new(),
    };
    let ran = ran.exits(130);
    assert_eq!(ran.codes(), ["tml::interrupted"]);
    assert_eq!(project.build().exits(0).artifacts(), expected);
}

#[test]
fn two_builds_at_once_share_the_work() {
    let Some(finished) = Project::built() else { return };
    let expected = finished.build().exits(0).artifacts();
    let project = Project::new();
    let children = [started(&project), started(&project), started(&project)];
    let mut run = 0;
    for child in children {
        let output = child.wait_with_output().expect("ended");
        let ran = Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::new(),
        };
        let ran = ran.exits(0);
        assert_eq!(ran.artifacts(), expected);
        run += ran.run_steps().len();
    }
    assert_eq!(run, STEPS.len(), "no step runs twice");
}
