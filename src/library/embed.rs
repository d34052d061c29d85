//! The build script: writes the table of `stdlib/` files that the binary carries, and the digest of the sources
//! that every step's key contains, so that a changed program never reuses what another one made.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script reads the tree and speaks to cargo"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use walkdir::WalkDir;

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let root = Path::new(&root);
    let table = table(root)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("stdlib.rs"), table)?;
    println!("cargo:rustc-env=TINYML_SOURCE_DIGEST={}", digest(root)?);
    for tree in ["src", "stdlib", "grammar", "Cargo.toml"] {
        println!("cargo:rerun-if-changed={tree}");
    }
    Ok(())
}

/// Rust text: a sorted slice of (path below `stdlib/`, bytes).
fn table(root: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("&[\n");
    for (path, name) in files(root, "stdlib")? {
        let short = name.strip_prefix("stdlib/").unwrap_or(&name);
        writeln!(text, "    ({short:?}, include_bytes!({path:?})),")?;
    }
    text.push_str("]\n");
    Ok(text)
}

/// Digest of everything that decides what the program does; paths and lengths are part of it.
fn digest(root: &Path) -> Result<String, Box<dyn Error>> {
    let mut hasher = blake3::Hasher::new_derive_key("cargo-tinyml sources");
    hasher.update(env::var("CARGO_PKG_VERSION")?.as_bytes());
    for tree in ["src", "stdlib", "grammar"] {
        for (path, name) in files(root, tree)? {
            let bytes = fs::read(path)?;
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// (absolute path, path below `root` with `/`) of every file in `tree`, sorted; hidden files are an editor's.
fn files(root: &Path, tree: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut files = Vec::new();
    if !root.join(tree).is_dir() {
        return Ok(files);
    }
    for entry in WalkDir::new(root.join(tree)) {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type().is_file() && !hidden {
            let path = entry.path().to_str().ok_or("a path that is not UTF-8")?.to_string();
            let parts = entry.path().strip_prefix(root)?.components();
            let name: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            files.push((path, name.join("/")));
        }
    }
    files.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(files)
}
