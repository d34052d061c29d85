//! The pinned zig: a wheel of `PyPI` that the user's own pip fetches once into the cache, so that proxies and mirrors keep
//! working. What is on the disk is trusted because it is counted and digested, not because of who put it there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::disk_error;
use super::process::{Command, Finished, Stopped};
use super::toolchain::{Identity, Toolchain, ToolchainKind, ToolchainOptions};
use super::world::World;
use crate::base::Diag;
use crate::base::digest::StreamHasher;

/// The pinned version. To move it: change this, `FILES` and `PINS`, and run `TINYML_TEST_NETWORK=1 cargo test`.
const VERSION: &str = "0.17.1";
/// Files below `ziglang/` in every platform's wheel.
const FILES: u64 = 19520;

/// What zig is on one platform.
struct Pin {
    os: &'static str,
    arch: &'static str,
    /// pip's name for the platform.
    platform: &'static str,
    /// SHA-256 of the wheel, as on <https://pypi.org/project/ziglang/0.17.1/#files>.
    wheel: &'static str,
    /// BLAKE3 of the program in it.
    program: &'static str,
    /// Bytes of all files below `ziglang/`.
    bytes: u64,
}

const PINS: [Pin; 6] = [
    Pin {
        os: "linux",
        arch: "x86_64",
        platform: "manylinux_2_12_x86_64",
        wheel: "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54",
        program: "87c75d28cb78399df99fe428c566223a717a1ca23049c5f52415b2e9fae2d785",
        bytes: 373_424_338,
    },
    Pin {
        os: "linux",
        arch: "aarch64",
        platform: "manylinux_2_17_aarch64",
        wheel: "b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e",
        program: "cfaa22827472eb57973e10d7f0c2d961e5ef6c2ccd1ed8eb68cb49b31c72edf5",
        bytes: 359_598_098,
    },
    Pin {
        os: "macos",
        arch: "x86_64",
        platform: "macosx_13_0_x86_64",
        wheel: "4e0b4b9c02b8d0d220e9948010f860b62ff11d96abb39762eca5fa2ef3f7bc97",
        program: "caa7f9a6c5d7e351dd9e2b89408fab7098f7d914f51081cc0f00d1edd8643957",
        bytes: 397_554_368,
    },
    Pin {
        os: "macos",
        arch: "aarch64",
        platform: "macosx_13_0_arm64",
        wheel: "09953b6af7f64168b915180a42774f520f92d86ef6331b28e33915c7e1f0bb23",
        program: "29744d6463b2e488982c6bce9cad12e32567c3659b178b33b23a1200fd64ea29",
        bytes: 387_072_034,
    },
    Pin {
        os: "windows",
        arch: "x86_64",
        platform: "win_amd64",
        wheel: "69c3dfc3aff6a297ec4017aa904782c0e450eb988982d7f675d83edce27526fb",
        program: "c65a91772db0b3f01370bf0bb3b92a0984b005b570477e0046ccadacad4c2bb7",
        bytes: 377_981_446,
    },
    Pin {
        os: "windows",
        arch: "aarch64",
        platform: "win_arm64",
        wheel: "27a8da5f8eaa0e76ebbc7c2594130ed4646c1101ada2ce0aa86fe580c74154b9",
        program: "113f1ddcb7f248dd3f10e256630ffa78ca360745f4acbfd60f4c897188862cef",
        bytes: 358_702_598,
    },
];

/// Ways to call the user's pip, the usual first.
const INSTALLERS: [&[&str]; 3] = [&["python3", "-m", "pip"], &["python", "-m", "pip"], &["py", "-m", "pip"]];
/// Downloading 100 MB over a slow line and unpacking 20,000 files.
const FETCH_LIMIT: Duration = Duration::from_hours(1);

/// What results of zig depend on: known without having it.
pub(super) fn identity() -> Result<Identity, Diag> {
    Ok(Identity { name: "zig", version: VERSION.to_string(), digest: format!("sha256:{}", pin()?.wheel) })
}

/// Zig from the cache, fetched if it isn't there or isn't whole.
pub(super) fn ready(world: &World, options: &ToolchainOptions) -> Result<Toolchain, Diag> {
    let pin = pin()?;
    let home = folder(world).join(format!("zig-{VERSION}"));
    let offline = options.offline || world.offline();
    match damage(world, pin, &home) {
        None => {}
        Some(damage) if offline => {
            let forbidden = if damage.is_empty() { "isn't in the cache" } else { "is damaged" };
            let title = format!("the compiler, zig {VERSION}, {forbidden}, and `--offline` forbids fetching it");
            return Err(by_hand(Diag::error("tml::toolchain", title), pin, &home, &damage));
        }
        Some(_) => fetch(world, pin, &home, options.progress)?,
    }
    Ok(Toolchain {
        kind: ToolchainKind::Zig,
        identity: identity()?,
        program: home.join("ziglang").join(program_name()),
        leading: vec!["cc".to_string()],
        // zig finds its headers from where it really is, and so does debug information.
        home: home.join("ziglang").canonicalize().unwrap_or_else(|_| home.join("ziglang")),
    })
}

/// The folder of toolchains and of what is built with them once.
pub(super) fn folder(world: &World) -> PathBuf {
    world.env().cache_dir().join("toolchain")
}

fn program_name() -> &'static str {
    if cfg!(windows) { "zig.exe" } else { "zig" }
}

fn pin() -> Result<&'static Pin, Diag> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    PINS.iter().find(|pin| pin.os == os && pin.arch == arch).ok_or_else(|| {
        Diag::error("tml::toolchain", format!("there is no pinned zig for {os} on {arch}"))
            .help("install `arm-none-eabi-gcc` and build with `--toolchain gcc`")
    })
}

/// What is wrong with the zig in `home`; an empty text if it simply isn't there.
fn damage(world: &World, pin: &Pin, home: &Path) -> Option<String> {
    let files = world.files();
    let tree = home.join("ziglang");
    if !files.exists(&tree) {
        return Some(String::new());
    }
    let program = tree.join(program_name());
    let (count, bytes) = files.measure(&tree, "__pycache__").unwrap_or_default();
    if (count, bytes) != (FILES, pin.bytes) {
        return Some(format!("it has {count} files with {bytes} bytes instead of {FILES} with {}", pin.bytes));
    }
    // Digesting 180 MB takes a noticeable time, so it is done again only if the file's stat changed.
    let marker = home.join("checked");
    let stat = files.stat(&program).ok().map(|stat| format!("{} {stat:?}\n", pin.program));
    if stat.is_some() && files.read(&marker).ok() == stat.clone().map(String::into_bytes) {
        return None;
    }
    match digest(world, &program) {
        Ok(digest) if digest == pin.program => {
            // Without the marker the next process only digests again.
            drop(files.write_atomic(&marker, stat.unwrap_or_default().as_bytes(), false));
            None
        }
        Ok(digest) => Some(format!("the digest of `{}` is {digest} instead of {}", program_name(), pin.program)),
        Err(error) => Some(format!("`{}` can't be read: {error}", program_name())),
    }
}

fn digest(world: &World, path: &Path) -> std::io::Result<String> {
    let mut hasher = StreamHasher::default();
    world.files().read_pieces(path, &mut |piece| hasher.update(piece))?;
    Ok(hasher.finish().hex())
}

/// Fetches into a folder beside `home` and renames, under a lock: an interrupted fetch leaves garbage that the next one
/// removes, and of two builds one fetches and the other waits.
fn fetch(world: &World, pin: &Pin, home: &Path, progress: &dyn Fn(&str)) -> Result<(), Diag> {
    let files = world.files();
    let folder = folder(world);
    files.create_dir_all(&folder).map_err(|error| disk_error("create", &folder, &error))?;
    // Tells backup programs that all of this can be made again (https://bford.info/cachedir/).
    let tag = world.env().cache_dir().join("CACHEDIR.TAG");
    drop(files.write_atomic(&tag, b"Signature: 8a477f597d28d172789f06886806bc55\n", false));
    let lock = home.with_file_name(format!("zig-{VERSION}.lock"));
    let _held = files
        .lock_exclusive(&lock, &mut || progress("waiting for another build that is fetching zig"))
        .map_err(|error| disk_error("lock", &lock, &error))?;
    if damage(world, pin, home).is_none() {
        return Ok(());
    }
    let fresh = home.with_file_name(format!("zig-{VERSION}.tmp"));
    for old in [&fresh, home] {
        files.remove_dir_all(old).map_err(|error| disk_error("remove", old, &error))?;
    }
    progress(&format!("fetching zig {VERSION} with pip (100 MB, once)"));
    let requirements = home.with_file_name(format!("zig-{VERSION}.txt"));
    let line = format!("ziglang=={VERSION} --hash=sha256:{}\n", pin.wheel);
    files
        .write_atomic(&requirements, line.as_bytes(), false)
        .map_err(|error| disk_error("write", &requirements, &error))?;
    let outcome = install(world, pin, &requirements, &fresh).and_then(|()| match damage(world, pin, &fresh) {
        None => Ok(()),
        Some(damage) => Err(format!("what pip installed isn't the pinned zig: {damage}")),
    });
    if let Err(reason) = outcome {
        // A fetch that failed half-way must not fill the disk; if even this fails, the next fetch removes it.
        drop(files.remove_dir_all(&fresh));
        if world.interrupted() {
            return Err(Diag::error("tml::interrupted", format!("interrupted while fetching zig {VERSION}")));
        }
        if reason.contains("No space left on device") {
            return Err(disk_error("install zig in", home, &std::io::ErrorKind::StorageFull.into()));
        }
        let title = format!("the compiler, zig {VERSION}, can't be fetched");
        return Err(by_hand(Diag::error("tml::toolchain", title), pin, home, &reason));
    }
    files.rename(&fresh, home).map_err(|error| disk_error("rename", &fresh, &error))?;
    progress(&format!("zig {VERSION} is in {}", home.display()));
    Ok(())
}

/// Lets the first pip that works install the wheel; the error is why none did, in a few words.
fn install(world: &World, pin: &Pin, requirements: &Path, target: &Path) -> Result<(), String> {
    let mut reason = "neither `python3`, `python` nor `py` is on PATH".to_string();
    for installer in INSTALLERS {
        let Some(program) = world.env().find_program(Path::new(installer[0])) else { continue };
        match world.run(&pip(world, pin, program, &installer[1..], requirements, target)) {
            Ok(finished) if finished.success() => return Ok(()),
            Ok(finished) if has_no_pip(&finished) => reason = format!("`{}` has no pip", installer[0]),
            Ok(finished) => return Err(complaint(&finished)),
            Err(Stopped::NotStarted(error)) => reason = format!("`{}` doesn't start: {error}", installer[0]),
            Err(stopped) => return Err(format!("pip: {stopped}")),
        }
    }
    Err(reason)
}

fn pip(world: &World, pin: &Pin, program: PathBuf, leading: &[&str], requirements: &Path, target: &Path) -> Command {
    let mut args: Vec<std::ffi::OsString> = leading.iter().map(Into::into).collect();
    args.extend(["install", "--no-deps", "--require-hashes", "--only-binary=:all:"].map(Into::into));
    // Named, because a Python for another processor (under emulation) would choose another wheel.
    args.extend(["--platform", pin.platform, "--target"].map(Into::into));
    args.extend([target.into(), "-r".into(), requirements.into()]);
    let mut env = world.env().for_installer();
    // A user's config may say otherwise, and these contradict `--target`.
    for (name, value) in [("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_NO_INPUT", "1")] {
        env.insert(name.into(), value.into());
    }
    for (name, value) in [("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_ROOT_USER_ACTION", "ignore")] {
        env.insert(name.into(), value.into());
    }
    Command { program, args, env, dir: folder(world), stdin: Vec::new(), limit: FETCH_LIMIT, most_output: 16 << 20 }
}

fn has_no_pip(finished: &Finished) -> bool {
    let stderr = String::from_utf8_lossy(&finished.stderr);
    // The second is what Windows' placeholder for a missing Python says.
    stderr.contains("No module named pip") || stderr.contains("Python was not found")
}

/// What pip says went wrong: its `ERROR:` lines or the last line, without passwords, at most 600 characters.
fn complaint(finished: &Finished) -> String {
    let stderr = String::from_utf8_lossy(&finished.stderr);
    let mut lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("ERROR:")).map(str::trim_end).collect();
    lines.dedup();
    if lines.is_empty() {
        lines.extend(stderr.lines().rfind(|line| !line.trim().is_empty()));
    }
    let text: String = lines.join("\n").replace("ERROR: ", "").chars().take(600).collect();
    let text = if text.is_empty() { finished.ending.clone() } else { text };
    format!("pip: {}", without_credentials(&text))
}

/// `text` with the `user:password@` of every address replaced.
pub(super) fn without_credentials(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let host = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        match after[..host].rfind('@') {
            Some(end) => {
                out.push_str("***");
                rest = &after[end..];
            }
            None => rest = after,
        }
    }
    out + rest
}

/// Adds why, and the command that does by hand what we couldn't.
fn by_hand(diag: Diag, pin: &Pin, home: &Path, reason: &str) -> Diag {
    let python = if cfg!(windows) { "py" } else { "python3" };
    let command = format!(
        "{python} -m pip install --no-deps --only-binary=:all: --platform {} --upgrade --target \"{}\" ziglang=={VERSION}",
        pin.platform,
        home.display()
    );
    let diag = if reason.is_empty() { diag } else { diag.note(reason) };
    diag.help(format!("run `{command}`"))
}
