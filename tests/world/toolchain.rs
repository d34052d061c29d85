//! Finding and fetching compilers, and what is said when they can't be had.

use std::path::Path;
use std::sync::Mutex;

use tinyml::base::Diag;
use tinyml::world::{Family, ToolchainKind, ToolchainOptions, World};

fn refused(world: &World, offline: bool) -> Diag {
    let options = ToolchainOptions { offline, progress: &|_| {} };
    world.toolchain(ToolchainKind::Zig, &options).unwrap_err()
}

#[test]
fn the_identity_of_zig_is_known_without_it() {
    let cache = tempfile::tempdir().unwrap();
    let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path())]);
    let identity = world.toolchain_identity(ToolchainKind::Zig, Family::Arm).unwrap();
    assert_eq!((identity.name, identity.version.as_str()), ("zig", "0.17.1"));
    assert_eq!(identity.digest.len(), "sha256:".len() + 64);
    assert!(world.files().walk(cache.path()).unwrap().is_empty());
}

#[test]
fn offline_names_the_command_to_run() {
    let cache = tempfile::tempdir().unwrap();
    let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path())]);
    for diag in [refused(&world, true), refused(&world.clone().without_network(true), false)] {
        assert_eq!(diag.code, "tml::toolchain");
        assert_eq!(diag.title, "the compiler, zig 0.17.1, isn't in the cache, and `--offline` forbids fetching it");
        let help = diag.help.unwrap();
        assert!(help.contains("-m pip install") && help.contains("ziglang==0.17.1"), "{help}");
        assert!(help.contains(cache.path().to_str().unwrap()), "{help}");
    }
}

#[test]
fn a_half_deleted_zig_is_seen() {
    let cache = tempfile::tempdir().unwrap();
    let tree = cache.path().join("toolchain/zig-0.17.1/ziglang");
    std::fs::create_dir_all(&tree).unwrap();
    std::fs::write(tree.join("zig"), "half").unwrap();
    let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path())]);
    let diag = refused(&world, true);
    assert!(diag.title.contains("is damaged"), "{diag}");
    assert!(diag.notes[0].contains("1 files with 4 bytes"), "{diag:?}");
}

#[test]
fn no_python_is_told() {
    let (cache, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path()), ("PATH", empty.path())]);
    let diag = refused(&world, false);
    assert_eq!(diag.title, "the compiler, zig 0.17.1, can't be fetched");
    assert_eq!(diag.notes[0], "neither `python3`, `python` nor `py` is on PATH");
}

#[cfg(unix)]
#[test]
fn a_python_without_pip_is_told_and_the_next_one_is_tried() {
    let (cache, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    script(&bin.path().join("python3"), "echo \"$0: No module named pip\" >&2; exit 1");
    let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path()), ("PATH", bin.path())]);
    assert_eq!(refused(&world, false).notes[0], "`python3` has no pip");
    let words = "echo 'WARNING: noise' >&2; echo 'ERROR: no https://me:pass@mirror/simple' >&2; exit 1";
    script(&bin.path().join("python"), words);
    assert_eq!(refused(&world, false).notes[0], "pip: no https://***@mirror/simple");
}

#[cfg(unix)]
#[test]
fn a_pip_that_installs_something_else_is_not_believed() {
    let (cache, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let find = "while [ \"$1\" != --target ]; do shift; done";
    script(&bin.path().join("python3"), &format!("{find}; /bin/mkdir -p \"$2/ziglang\"; echo x > \"$2/ziglang/zig\""));
    let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path()), ("PATH", bin.path())]);
    let diag = refused(&world, false);
    assert!(diag.notes[0].contains("isn't the pinned zig"), "{diag:?}");
    let left = world.files().walk(&cache.path().join("toolchain")).unwrap();
    assert!(left.iter().all(|path| !path.starts_with("zig-0.17.1") && !path.starts_with("zig-0.17.1.tmp")), "{left:?}");
}

#[cfg(unix)]
#[test]
fn pip_keeps_the_users_configuration_and_sees_nothing_else() {
    let (cache, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    script(&bin.path().join("python3"), "echo \"ERROR: $PIP_INDEX_URL $HTTPS_PROXY $MY_TOKEN.\" >&2; exit 1");
    let world = crate::world_with(&[
        ("TINYML_CACHE_DIR", cache.path()),
        ("PATH", bin.path()),
        ("PIP_INDEX_URL", Path::new("https://mirror")),
        ("HTTPS_PROXY", Path::new("proxy:1")),
        ("MY_TOKEN", Path::new("secret")),
    ]);
    assert_eq!(refused(&world, false).notes[0], "pip: https://mirror proxy:1 .");
}

#[test]
fn a_cache_that_cant_be_made_is_a_disk_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let world = crate::world_with(&[("TINYML_CACHE_DIR", &folder.path().join("file/cache"))]);
    assert_eq!(refused(&world, false).code, "tml::disk");
}

#[test]
fn a_missing_gcc_is_told() {
    let empty = tempfile::tempdir().unwrap();
    let world = crate::world_with(&[("PATH", empty.path())]);
    let diag = world.toolchain(ToolchainKind::Gcc, &ToolchainOptions::quiet()).unwrap_err();
    assert_eq!(diag.code, "tml::toolchain");
    assert!(diag.title.contains("arm-none-eabi-gcc"), "{diag}");
}

#[test]
fn two_builds_fetch_once_and_a_damaged_zig_is_fetched_again() {
    if !crate::network_allowed() {
        eprintln!("skipped: fetching zig needs TINYML_TEST_NETWORK=1");
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let said = Mutex::new(Vec::new());
    let build = || {
        let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path())]);
        let options =
            ToolchainOptions { offline: false, progress: &|text| said.lock().unwrap().push(text.to_string()) };
        world.toolchain(ToolchainKind::Zig, &options).unwrap()
    };
    let fetches = || said.lock().unwrap().iter().filter(|text| text.starts_with("fetching")).count();
    // An interrupted fetch of another day.
    std::fs::create_dir_all(cache.path().join("toolchain/zig-0.17.1.tmp/ziglang")).unwrap();
    let zig = std::thread::scope(|scope| {
        let other = scope.spawn(build);
        build();
        other.join().unwrap()
    });
    assert_eq!(fetches(), 1, "{said:?}");
    std::fs::remove_file(zig.program.parent().unwrap().join("lib/compiler_rt.zig")).unwrap();
    build();
    assert_eq!(fetches(), 2, "{said:?}");
}

#[cfg(unix)]
fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
