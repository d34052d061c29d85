//! Programs: their environment, input, time, output, end.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use tinyml::world::{Command, Stopped, World};

fn shell(script: &str) -> Command {
    Command {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]),
        dir: std::env::temp_dir(),
        stdin: Vec::new(),
        limit: Duration::from_secs(20),
        most_output: 1 << 20,
    }
}

#[test]
fn a_program_sees_only_what_is_declared() {
    let world = crate::world_with(&[("TINYML_LEAK", Path::new("leaked"))]);
    let mut command = shell("echo \"$TINYML_LEAK$HOME$DECLARED\"");
    command.env.insert("DECLARED".into(), "declared".into());
    assert_eq!(world.run(&command).unwrap().stdout, b"declared\n");
}

#[test]
fn input_and_output_larger_than_a_pipe_pass() {
    let stdin: Vec<u8> = (0..900_000u32).map(|i| i as u8).collect();
    let finished = World::new().run(&Command { stdin: stdin.clone(), ..shell("cat") }).unwrap();
    assert!(finished.stdout == stdin);
    let unread = World::new().run(&Command { stdin, ..shell("exit 3") }).unwrap();
    assert_eq!(unread.code, Some(3));
    assert_eq!(unread.ending, "exit status: 3");
}

#[test]
fn a_crash_is_told() {
    let finished = World::new().run(&shell("kill -SEGV $$")).unwrap();
    assert_eq!(finished.code, None);
    assert!(finished.ending.contains("SIGSEGV"), "{}", finished.ending);
}

#[test]
fn a_slow_program_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("survived");
    let script = format!("(sleep 2; touch {}) & sleep 60", mark.display());
    let started = Instant::now();
    let stopped = World::new().run(&Command { limit: Duration::from_millis(300), ..shell(&script) }).unwrap_err();
    assert!(matches!(stopped, Stopped::Slow(_)), "{stopped}");
    assert!(started.elapsed() < Duration::from_secs(2));
    std::thread::sleep(Duration::from_millis(2500));
    assert!(!mark.exists(), "a child outlived its parent");
}

#[test]
fn a_child_left_behind_doesnt_hold_the_build() {
    let started = Instant::now();
    let finished = World::new().run(&shell("sleep 60 & echo done")).unwrap();
    assert_eq!(finished.stdout, b"done\n");
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_loud_program_is_stopped() {
    let stopped = World::new().run(&Command { most_output: 1000, ..shell("yes") }).unwrap_err();
    assert!(matches!(stopped, Stopped::Loud(1000)), "{stopped}");
    let exact = World::new().run(&Command { most_output: 4, ..shell("printf 1234") }).unwrap();
    assert_eq!(exact.stdout, b"1234");
}

#[test]
fn an_interrupt_stops_a_program() {
    let world = World::new();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| world.run(&shell("sleep 60")));
        std::thread::sleep(Duration::from_millis(100));
        world.interrupt();
        assert!(matches!(running.join().unwrap(), Err(Stopped::Interrupted)));
    });
}

#[test]
fn a_missing_program_is_an_error() {
    let stopped = World::new().run(&Command { program: "/no/such/program".into(), ..shell("") }).unwrap_err();
    assert!(matches!(stopped, Stopped::NotStarted(_)), "{stopped}");
}
