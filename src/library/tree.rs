//! The library's tree: the embedded standard files, with the project's own laid over them file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::board::Board;
use super::core::Core;
use super::feature::{self, Feature};
use super::template;
use crate::base::suggest::nearest;
use crate::base::{Diag, Diags, Digest, Source};

/// (path below `stdlib/`, bytes), sorted; written by the build script `embed.rs`.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));

/// Digest of the program's own sources; part of every step's key.
pub const SOURCE_DIGEST: &str = env!("TINYML_SOURCE_DIGEST");

/// Where a file comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The standard library, embedded in the program.
    Std,
    /// The project's `stdlib/` folder.
    Overlay,
}

/// A file of the library.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its content.
    pub bytes: &'a [u8],
    /// Where it comes from.
    pub origin: Origin,
    /// Digest of `bytes`: a fact of every step that uses the file.
    pub digest: Digest,
}

/// All files of the library, by path below `stdlib/` (`boards/nucleo_l4r5zi.toml`).
#[derive(Clone, Debug, Default)]
pub struct Library {
    overlay: Arc<BTreeMap<String, Vec<u8>>>,
}

impl Library {
    /// The standard library under `overlay`, the files of the project's `stdlib/` folder by path below it.
    ///
    /// # Errors
    /// `tml::overlay`: a file in a folder that the library doesn't read; `tml::template`: a template of the project
    /// that can't be read. Both would otherwise pass unnoticed.
    pub fn new(overlay: BTreeMap<String, Vec<u8>>) -> Result<Self, Diags> {
        let mut diags = Diags::default();
        for (path, bytes) in &overlay {
            if let Some(diag) = misplaced(path).or_else(|| template::check(path, bytes).err()) {
                diags.push(diag);
            }
        }
        diags.into_result(Self { overlay: Arc::new(overlay) })
    }

    /// The file at `path`; the project's, if it has one there.
    pub fn get(&self, path: &str) -> Option<Entry<'_>> {
        let (bytes, origin) = match self.overlay.get(path) {
            Some(bytes) => (bytes.as_slice(), Origin::Overlay),
            None => (embedded(path)?, Origin::Std),
        };
        Some(Entry { bytes, origin, digest: Digest::of(bytes) })
    }

    /// The names of the files in `folder` (`boards`), up to their first dot, sorted.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let names = self.paths().into_iter().filter_map(|path| {
            let file = path.strip_prefix(folder)?.strip_prefix('/')?;
            (!file.contains('/')).then(|| file.split('.').next().unwrap_or(file).to_string())
        });
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The paths of all files in a folder, sorted.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let inside = |path: &&str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let paths: BTreeSet<String> = self.paths().into_iter().filter(inside).map(String::from).collect();
        paths.into_iter().collect()
    }

    /// The paths that the project's `stdlib/` folder gives or replaces: the report lists them.
    pub fn overlays(&self) -> impl Iterator<Item = &str> {
        self.overlay.keys().map(String::as_str)
    }

    /// The board called `name`, if there is a file for it.
    pub fn board(&self, name: &str) -> Option<Result<Board, Diag>> {
        let path = format!("boards/{name}.toml");
        let entry = self.get(&path)?;
        Some(source(&path, entry).and_then(|source| self.board_from(&source, name)))
    }

    /// The board that `source` describes, called `name`.
    pub fn board_from(&self, source: &Source, name: &str) -> Result<Board, Diag> {
        Board::read(source, name)
    }

    /// The feature called `name`, if there is a file for it.
    pub fn feature(&self, name: &str) -> Option<Result<Feature, Diag>> {
        let path = feature::path(name);
        let entry = self.get(&path)?;
        Some(source(&path, entry).and_then(|source| Feature::parse(&source, name)))
    }

    /// The core called `name`. Errors: `tml::core`.
    pub fn core(&self, name: &str) -> Result<Core, Diag> {
        let path = format!("cores/{name}.toml");
        let known = || self.list("cores").join(", ");
        let entry = self.get(&path).ok_or_else(|| {
            Diag::error("tml::core", format!("the library has no core `{name}`")).help(format!("one of {}", known()))
        })?;
        Core::parse(name, &source(&path, entry)?)
    }

    /// The text of the template at `path` with `context` filled in; a name that `context` lacks is an error.
    pub fn render<C: Serialize>(&self, path: &str, context: &C) -> Result<String, Diag> {
        let library = self.clone();
        let load = move |name: &str| String::from_utf8(library.get(name)?.bytes.to_vec()).ok();
        template::render(load, path, context)
    }

    /// A file of the library as text.
    pub fn text(&self, path: &str) -> Option<Result<Source, Diag>> {
        self.get(path).map(|entry| source(path, entry))
    }

    fn paths(&self) -> BTreeSet<&str> {
        EMBEDDED.iter().map(|file| file.0).chain(self.overlays()).collect()
    }
}

fn embedded(path: &str) -> Option<&'static [u8]> {
    EMBEDDED.binary_search_by_key(&path, |file| file.0).ok().map(|at| EMBEDDED[at].1)
}

/// The file as text, under the path that the user knows it by.
fn source(path: &str, entry: Entry<'_>) -> Result<Source, Diag> {
    let shown = match entry.origin {
        Origin::Std => format!("std/{path}"),
        Origin::Overlay => format!("stdlib/{path}"),
    };
    match std::str::from_utf8(entry.bytes) {
        Ok(text) => Ok(Source::new(shown, text)),
        Err(_) => Err(Diag::error("tml::overlay", format!("`{shown}` is not UTF-8 text"))),
    }
}

/// A diagnostic when nothing would ever read an overlay file at `path`. Notes (`README.md`) and hidden files are fine.
fn misplaced(path: &str) -> Option<Diag> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let ignored = [".md", ".txt"].iter().any(|end| file.ends_with(end)) && !path.contains('/');
    if file.starts_with('.') || ignored {
        return None;
    }
    let folders: BTreeSet<&str> = EMBEDDED.iter().filter_map(|file| Some(file.0.split_once('/')?.0)).collect();
    let Some((folder, _)) = path.split_once('/') else {
        let diag = Diag::error("tml::overlay", format!("`stdlib/{path}` lies beside the folders of the library"));
        return Some(diag.help(format!("move it into one of {}", join(&folders))));
    };
    if folders.contains(folder) {
        return None;
    }
    let diag =
        Diag::error("tml::overlay", format!("the library has no folder `{folder}`, so `stdlib/{path}` is never read"));
    Some(match nearest(folder, folders.iter().copied()) {
        Some(near) => diag.help(format!("did you mean `stdlib/{near}`?")),
        None => diag.help(format!("its folders are {}", join(&folders))),
    })
}

fn join(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
}
