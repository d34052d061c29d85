//! The content of files on disk: digests of files, and one Merkle manifest a tree. What a listing's order, a time or
//! an absolute path says never gets into a digest.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::digest::Hasher;
use crate::base::{Diag, Digest};
use crate::world::{Files, World};

use super::graph::Filter;
use super::job::lock;
use super::stat::StatCache;

/// Below this many files a tree isn't worth a thread.
const FILES_PER_THREAD: usize = 16;

/// The files of a tree with their digests, sorted by path.
#[derive(Clone, Default, Debug)]
pub struct Manifest {
    /// Relative path (`/` between parts) and content.
    pub files: Vec<(String, Digest)>,
}

impl Manifest {
    /// The tree's content as one digest.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new("tinyml 2026 tree");
        for (path, digest) in &self.files {
            hasher.field(path.as_bytes());
            hasher.field(digest.hex().as_bytes());
        }
        hasher.finish()
    }
}

/// The digest of one file.
pub(super) fn file(world: &World, stats: &StatCache, path: &Path) -> Result<Digest, Diag> {
    stats.digest(world.files(), path).map_err(|error| unreadable(path, &error))
}

/// The manifest of the files below `root` that `filter` takes, made by up to `threads` threads.
pub(super) fn tree(
    world: &World,
    stats: &StatCache,
    root: &Path,
    filter: &Filter,
    threads: usize,
) -> Result<Manifest, Diag> {
    let paths = listing(world.files(), root, filter).map_err(|error| unreadable(root, &error))?;
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(String, Digest)>> = Mutex::default();
    let failed: Mutex<Option<Diag>> = Mutex::default();
    let work = || {
        let mut mine = Vec::new();
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            match file(world, stats, &root.join(path)) {
                Ok(digest) => mine.push((path.clone(), digest)),
                Err(diag) => *lock(&failed) = Some(diag),
            }
        }
        lock(&found).extend(mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(paths.len() / FILES_PER_THREAD) {
            scope.spawn(work);
        }
        work();
    });
    if let Some(diag) = lock(&failed).take() {
        return Err(diag);
    }
    let mut files = std::mem::take(&mut *lock(&found));
    files.sort_unstable();
    Ok(Manifest { files })
}

/// Relative paths of the files that `filter` takes. Folders that a `CACHEDIR.TAG` marks as made by a tool (cargo's
/// `target`, our store) are no data: a build must not read its own results.
fn listing(files: &Files, root: &Path, filter: &Filter) -> io::Result<Vec<String>> {
    // A folder that isn't there holds no file; the step that reads it says what it looked for.
    let all = match files.walk(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        found => found?,
    };
    let is_tag = |path: &&PathBuf| path.file_name().is_some_and(|name| name == "CACHEDIR.TAG");
    let made: BTreeSet<&Path> =
        all.iter().filter(is_tag).filter_map(|tag| tag.parent()).filter(|folder| *folder != Path::new("")).collect();
    let is_made = |path: &Path| !made.is_empty() && path.ancestors().skip(1).any(|folder| made.contains(folder));
    Ok(all.iter().filter(|path| !is_made(path)).map(|path| slashed(path)).filter(|path| filter.takes(path)).collect())
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// What to tell about a file that is needed and can't be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Diag {
    let shown = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return Diag::error("tml::file", format!("`{shown}` doesn't exist"));
    }
    Diag::error("tml::file", format!("can't read `{shown}`: {error}"))
}
