//! Where a project's files are: its spec, overlay, lock, generated code and target folder.
//!
//! Knows: which file stands where. Never: judges what is in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::base::{Diag, Diags, Source};
use crate::library::Library;
use crate::lock::Lock;
use crate::spec::{self, Spec};
use crate::world::{World, disk_error};

/// A project opened by its spec.
#[derive(Debug)]
pub struct Project {
    /// The spec's file.
    pub path: PathBuf,
    /// The spec's folder: every path of the spec is relative to it.
    pub root: PathBuf,
    /// The spec's text.
    pub source: Source,
    /// The standard library with the project's overlay.
    pub library: Library,
}

impl Project {
    /// Opens the project of `spec`: a `.tml` file, a folder with exactly one, or the current folder.
    pub fn open(world: &World, spec: Option<&Path>) -> Result<Self, Diags> {
        let path = find_spec(world, spec)?;
        let root = path.parent().filter(|root| !root.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
        let source = read_source(world, &path)?;
        let library = Library::new(overlay(world, &root)?)?;
        Ok(Self { path, root, source, library })
    }

    /// The spec's stem, which names the report's folder.
    pub fn name(&self) -> String {
        self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Parses and resolves the spec.
    pub fn resolve(&self, world: &World) -> Result<(Spec, Vec<Diag>), Diags> {
        let ast = crate::lang::parse(&self.source)?;
        let read = |path: &str| {
            let full = self.root.join(path);
            let bytes = world.files().read(&full).map_err(|error| error.to_string())?;
            let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_string())?;
            Ok(Source::new(full.to_string_lossy(), text))
        };
        let (mut spec, warnings) = spec::resolve(&ast, &self.library, &read)?;
        let bytes = |path: &str| world.files().read(&self.root.join(path)).map_err(|error| error.to_string());
        spec::check_imports(&mut spec, &bytes)?;
        Ok((spec, warnings))
    }

    /// The lock's file.
    pub fn lock_path(&self) -> PathBuf {
        self.root.join("tinyml.lock")
    }

    /// The lock; empty where there is none.
    pub fn lock(&self, world: &World) -> Result<Lock, Diags> {
        let path = self.lock_path();
        if !world.files().exists(&path) {
            return Ok(Lock::default());
        }
        Lock::parse(&read_source(world, &path)?)
    }

    /// Writes the lock.
    pub fn write_lock(&self, world: &World, lock: &Lock) -> Result<(), Diag> {
        let path = self.lock_path();
        let written = world.files().write_atomic(&path, lock.to_string().as_bytes(), false);
        written.map_err(|error| disk_error("write", &path, &error))
    }

    /// Where the code of the generated function `name` stands, relative to the root.
    pub fn generated(name: &str) -> String {
        format!("generated/{name}.c")
    }
}

fn find_spec(world: &World, spec: Option<&Path>) -> Result<PathBuf, Diag> {
    let place = spec.unwrap_or(Path::new("."));
    if world.files().is_dir(place) {
        return the_only_spec(world, place);
    }
    if world.files().exists(place) {
        return Ok(place.to_path_buf());
    }
    Err(Diag::error("tml::spec", format!("there is no `{}`", place.display()))
        .help("name a `.tml` file, or a folder with exactly one"))
}

fn the_only_spec(world: &World, folder: &Path) -> Result<PathBuf, Diag> {
    let found = specs_in(world, folder);
    match found.as_slice() {
        [spec] => Ok(spec.clone()),
        [] => Err(Diag::error("tml::spec", format!("`{}` has no `.tml` file", folder.display()))
            .help("name the spec: `cargo tinyml build path/to/name.tml`")),
        several => {
            let names: Vec<String> = several.iter().map(|path| format!("`{}`", path.display())).collect();
            Err(Diag::error("tml::spec", format!("`{}` has {} specs", folder.display(), several.len()))
                .help(format!("name one of {}", names.join(", "))))
        }
    }
}

/// The `.tml` files that stand directly in `folder`, sorted.
pub fn specs_in(world: &World, folder: &Path) -> Vec<PathBuf> {
    let names = world.files().list(folder).unwrap_or_default();
    let is_spec = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "tml");
    // Without `./`, as a person would write it.
    let here = folder == Path::new(".");
    names.into_iter().filter(is_spec).map(|name| if here { name } else { folder.join(name) }).collect()
}

/// A text file as a source, shown under its path.
pub fn read_source(world: &World, path: &Path) -> Result<Source, Diag> {
    let shown = path.display().to_string();
    let bytes = world.files().read(path).map_err(|error| {
        Diag::error("tml::spec", format!("`{shown}` can't be read: {error}")).help("check the path and its permissions")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Diag::error("tml::spec", format!("`{shown}` is not UTF-8")).help("save it as UTF-8"))?;
    Ok(Source::new(shown, text))
}

/// The project's own `stdlib/`, which overlays ours file by file.
fn overlay(world: &World, root: &Path) -> Result<BTreeMap<String, Vec<u8>>, Diag> {
    let folder = root.join("stdlib");
    if !world.files().is_dir(&folder) {
        return Ok(BTreeMap::new());
    }
    let failed =
        |error: std::io::Error| Diag::error("tml::disk", format!("`{}` can't be read: {error}", folder.display()));
    let mut files = BTreeMap::new();
    for path in world.files().walk(&folder).map_err(failed)? {
        let bytes = world.files().read(&folder.join(&path)).map_err(failed)?;
        files.insert(path.to_string_lossy().replace('\\', "/"), bytes);
    }
    Ok(files)
}
