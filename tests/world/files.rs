//! Whole files, trees, locks, and what is said when the disk refuses.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tinyml::world::{World, disk_error};

#[test]
fn writing_replaces_a_read_only_file_and_leaves_no_garbage() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    world.files().write_atomic(&path, b"one", true).unwrap();
    assert!(std::fs::metadata(&path).unwrap().permissions().readonly());
    world.files().write_atomic(&path, b"two", false).unwrap();
    assert_eq!(world.files().read(&path).unwrap(), b"two");
    assert!(!std::fs::metadata(&path).unwrap().permissions().readonly());
    assert_eq!(world.files().walk(folder.path()).unwrap(), [Path::new("blob")]);
}

#[cfg(unix)]
#[test]
fn a_written_file_is_readable_by_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("a"), folder.path().join("b"));
    World::new().files().write_atomic(&ours, b"", false).unwrap();
    std::fs::write(&theirs, b"").unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&theirs));
}

#[test]
fn a_failed_write_keeps_the_old_file() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("folder");
    std::fs::create_dir_all(taken.join("inside")).unwrap();
    assert!(world.files().write_atomic(&taken, b"x", false).is_err());
    let missing = folder.path().join("no/such/file");
    assert_eq!(world.files().write_atomic(&missing, b"x", false).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(world.files().exists(&taken.join("inside")));
    assert!(world.files().walk(folder.path()).unwrap().is_empty());
}

#[test]
fn a_tree_is_sorted_and_holds_files_only() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b/2.csv", "a.csv", "b/10.csv", "c/d/e.csv"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let found = World::new().files().walk(folder.path()).unwrap();
    assert_eq!(found, ["a.csv", "b/10.csv", "b/2.csv", "c/d/e.csv"].map(Path::new));
    assert!(World::new().files().walk(&folder.path().join("missing")).is_err());
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(other.path().join("x.csv"), "x").unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    symlink(other.path(), folder.path().join("linked")).unwrap();
    symlink(folder.path(), folder.path().join("sub/up")).unwrap();
    symlink("/no/such/file", folder.path().join("dangling")).unwrap();
    assert_eq!(World::new().files().walk(folder.path()).unwrap(), [Path::new("linked/x.csv")]);
}

#[test]
fn a_second_lock_waits_and_says_so_once() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let first = world.files().lock_exclusive(&path, &mut || panic!("nobody holds it")).unwrap();
    let told = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let mut count = || {
                told.fetch_add(1, Ordering::SeqCst);
            };
            world.files().lock_exclusive(&path, &mut count).unwrap()
        });
        std::thread::sleep(Duration::from_millis(200));
        assert!(!second.is_finished());
        drop(first);
        drop(second.join().unwrap());
    });
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

#[test]
fn an_interrupt_ends_the_wait_for_a_lock() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let _held = world.files().lock_exclusive(&path, &mut || {}).unwrap();
    let error = world.files().lock_exclusive(&path, &mut || world.interrupt()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[test]
fn what_is_missing_is_removed_already() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    world.files().remove_file(&folder.path().join("no")).unwrap();
    world.files().remove_dir_all(&folder.path().join("no")).unwrap();
}

#[test]
fn a_disk_error_says_what_to_do() {
    let say = |kind: ErrorKind| disk_error("write", Path::new("/x/blob"), &kind.into());
    let full = say(ErrorKind::StorageFull);
    assert_eq!(full.code, "tml::disk");
    assert_eq!(full.title, "the disk is full: can't write `/x/blob`");
    assert!(full.help.unwrap().contains("target/tinyml"));
    for kind in [ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied] {
        assert!(say(kind).help.unwrap().contains("--target-dir"), "{kind:?}");
    }
    assert!(say(ErrorKind::QuotaExceeded).title.contains("quota"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_by_its_kind() {
    use std::io::Write;
    let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = full.write_all(b"x").unwrap_err();
    assert!(disk_error("write", Path::new("/dev/full"), &error).title.starts_with("the disk is full"));
}
