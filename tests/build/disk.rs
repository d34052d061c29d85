//! Disks that are full or read-only. They need a file system of their own, which only root of a Linux may mount.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::project::{Project, copy};

/// A small file system in memory, unmounted at the end.
struct Mount(PathBuf);

impl Mount {
    /// None, and a printed reason, where it can't be mounted.
    fn new(folder: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("a folder");
        let mount = Self(folder.to_path_buf());
        if mount.call(&["-t", "tmpfs", "-o", options, "tmpfs"]) {
            return Some(mount);
        }
        eprintln!("skipped: a file system can't be mounted here");
        std::mem::forget(mount);
        None
    }

    fn call(&self, args: &[&str]) -> bool {
        let mut command = Command::new("mount");
        command.args(args).arg(&self.0).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn read_only(&self) -> bool {
        self.call(&["-o", "remount,ro"])
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        assert!(
            unmounted.is_ok_and(|status| status.success()) || std::thread::panicking(),
            "{} stays",
            self.0.display()
        );
    }
}

#[test]
fn a_full_disk_is_told_and_a_later_build_succeeds() {
    let Some(finished) = Project::built() else { return };
    let expected = finished.build().exits(0).artifacts();
    let project = Project::new();
    for size in ["4k", "40k", "100k", "200k"] {
        let Some(mount) = Mount::new(&project.path("target"), &format!("size={size}")) else { return };
        let built = project.build();
        assert_eq!(built.code, Some(1), "{size}: {}", built.rendered());
        assert!(built.codes().iter().all(|code| code == "tml::disk"), "{size}: {}", built.rendered());
        assert!(
            built.rendered().contains("full") || built.rendered().contains("space"),
            "{size}: {}",
            built.rendered()
        );
        drop(mount);
    }
    assert_eq!(project.build().exits(0).artifacts(), expected);
}

#[test]
fn a_full_temporary_folder_is_told() {
    let Some(_) = Project::built() else { return };
    let project = Project::new();
    let Some(_mount) = Mount::new(&project.path("tmp"), "size=8k") else { return };
    let mut command = project.command(&["build", "--offline", "--message-format", "json"]);
    let built = crate::project::ran(command.env("TMPDIR", project.path("tmp")));
    assert_eq!(built.code, Some(1), "{}", built.rendered());
    assert!(
        built.rendered().to_lowercase().contains("space") || built.rendered().contains("full"),
        "{}",
        built.rendered()
    );
}

#[test]
fn a_disk_without_room_for_the_lock_keeps_the_old_one() {
    let Some(finished) = Project::built() else { return };
    let project = Project::empty();
    let Some(mount) = Mount::new(&project.path("full"), "size=400k") else { return };
    for name in ["net.tml", "data/blobs.csv"] {
        project.write(&format!("full/{name}"), finished.read(name));
    }
    let lock = "# mine\nversion = 1\n";
    project.write("full/tinyml.lock", lock);
    // Fills what is left.
    let _ = std::fs::write(project.path("full/filler"), vec![0; 1 << 20]);
    let built = project.build_with(&["full", "--target-dir", "target"]);
    assert_eq!(built.code, Some(0), "{}", built.rendered());
    assert!(built.rendered().contains("the lock can't be written"), "{}", built.rendered());
    assert_eq!(project.read("full/tinyml.lock"), lock);
    drop(mount);
}

#[test]
fn a_read_only_project_is_told_and_builds_elsewhere() {
    let Some(finished) = Project::built() else { return };
    let expected = finished.build().exits(0).artifacts();
    let project = Project::empty();
    let Some(mount) = Mount::new(&project.path("ro"), "size=8m") else { return };
    for name in ["net.tml", "data/blobs.csv"] {
        project.write(&format!("ro/{name}"), finished.read(name));
    }
    if !mount.read_only() {
        return eprintln!("skipped: a file system can't be made read-only here");
    }
    let built = project.build_with(&["ro"]).exits(1);
    assert!(built.codes().iter().all(|code| code == "tml::disk"), "{:?}", built.codes());
    let text = built.rendered();
    assert!(text.contains("read-only") && text.contains("--target-dir"), "{text}");
    let elsewhere = project.build_with(&["ro", "--target-dir", "target"]).exits(0);
    assert_eq!(elsewhere.artifacts(), expected);
    assert!(elsewhere.rendered().contains("the lock can't be written"), "{}", elsewhere.rendered());
    let locked = project.build_with(&["ro", "--target-dir", "target", "--locked"]).exits(0);
    assert!(!locked.rendered().contains("tml::disk"), "{}", locked.rendered());
    for args in [&["check", "ro"][..], &["graph", "ro"], &["fmt", "--check", "ro"]] {
        project.run(args).exits(0);
    }
}

#[test]
fn a_read_only_project_that_is_built_shows_its_report() {
    let Some(finished) = Project::built() else { return };
    let expected = finished.build().exits(0).artifacts();
    let project = Project::empty();
    let Some(mount) = Mount::new(&project.path("ro"), "size=8m") else { return };
    copy(finished.root(), &project.path("ro"));
    // The report says whether steps ran, so the last build before is one that ran none.
    let args = ["ro", "--locked", "--target-dir", "ro/target"];
    project.build_with(&args).exits(0);
    if !mount.read_only() {
        return eprintln!("skipped: a file system can't be made read-only here");
    }
    let built = project.build_with(&args);
    assert!(built.run_steps().is_empty(), "{:?}", built.states());
    assert_eq!(built.code, Some(0), "{}", built.rendered());
    assert_eq!(built.artifacts(), expected);
}
