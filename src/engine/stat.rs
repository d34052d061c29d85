//! The stat cache: which files needn't be read again to know their digest. It only ever decides whether to hash, is
//! one file that may vanish or rot at any time, and never holds a file so young that a later write could look the same
//! (git's "racily clean" problem: Documentation/technical/racy-git.txt).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::base::Digest;
use crate::world::{Files, Stat};

use super::job::lock;

/// The coarsest clock of a common file system (FAT): two writes this close may carry one time.
const RACY_NS: u64 = 2_000_000_000;

/// A cache that outgrows this is of many dead projects and starts anew.
const MOST_ENTRIES: usize = 1_000_000;

/// Digests of files by path, size, time and inode.
pub(super) struct StatCache {
    file: PathBuf,
    /// False: hash everything (`--verify-inputs`), but keep what is learnt.
    trusted: bool,
    entries: OnceLock<Mutex<BTreeMap<PathBuf, (Stat, Digest)>>>,
    /// The file system's idea of now when the first file was hashed, in nanoseconds; none where it can't be asked.
    started: OnceLock<Option<u64>>,
    dirty: AtomicBool,
}

impl StatCache {
    /// A cache kept in `file`, read when first asked.
    pub(super) fn new(file: PathBuf, trusted: bool) -> Self {
        Self { file, trusted, entries: OnceLock::new(), started: OnceLock::new(), dirty: AtomicBool::new(false) }
    }

    /// The digest of the file at `path`, read only if its size, time or inode are new.
    pub(super) fn digest(&self, files: &Files, path: &Path) -> io::Result<Digest> {
        let entries = self.entries.get_or_init(|| Mutex::new(self.load(files)));
        let before = files.stat(path)?;
        if self.trusted
            && let Some((stat, digest)) = lock(entries).get(path)
            && *stat == before
        {
            return Ok(*digest);
        }
        let started = *self.started.get_or_init(|| self.file_system_time(files));
        let digest = Digest::of(&files.read(path)?);
        let settled = started.is_some_and(|now| before.mtime_ns != 0 && before.mtime_ns + RACY_NS < now);
        if settled && files.stat(path)? == before {
            self.dirty.store(true, Ordering::Relaxed);
            lock(entries).insert(path.to_path_buf(), (before, digest));
        }
        Ok(digest)
    }

    /// Drops what is known of `path`, whose content turned out to be something else.
    pub(super) fn forget(&self, path: &Path) {
        if let Some(entries) = self.entries.get() {
            self.dirty.store(true, Ordering::Relaxed);
            lock(entries).remove(path);
        }
    }

    /// Writes the cache if it has changed. A failure costs time in the next build, nothing else.
    pub(super) fn save(&self, files: &Files) {
        let Some(entries) = self.entries.get().filter(|_| self.dirty.swap(false, Ordering::Relaxed)) else { return };
        let mut body = String::new();
        for (path, (stat, digest)) in lock(entries).iter() {
            let Some(path) = path.to_str().filter(|path| !path.contains('\n')) else { continue };
            let Stat { size, mtime_ns, inode } = stat;
            // Writing to a string can't fail.
            let _ = writeln!(body, "{digest} {size} {mtime_ns} {inode} {path}");
        }
        let text = format!("{}\n{body}", heading(&body));
        let _ = files.write_atomic(&self.file, text.as_bytes(), false);
    }

    /// Another machine's clock may have written the files: compare times of one file system only.
    fn file_system_time(&self, files: &Files) -> Option<u64> {
        let folder = self.file.parent()?;
        files.create_dir_all(folder).ok()?;
        let probe = files.temp_dir(folder).ok()?;
        let file = probe.path().join("now");
        files.write_atomic(&file, b"", false).ok()?;
        files.stat(&file).ok().map(|stat| stat.mtime_ns)
    }

    fn load(&self, files: &Files) -> BTreeMap<PathBuf, (Stat, Digest)> {
        let text = files.read(&self.file).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let Some((first, body)) = text.split_once('\n') else { return BTreeMap::new() };
        if first != heading(body) {
            return BTreeMap::new();
        }
        let entries: BTreeMap<_, _> = body.lines().filter_map(entry).collect();
        if entries.len() > MOST_ENTRIES { BTreeMap::new() } else { entries }
    }
}

/// A rotten byte anywhere makes the whole file unknown.
fn heading(body: &str) -> String {
    format!("tinyml-stat-1 {}", Digest::of(body.as_bytes()))
}

fn entry(line: &str) -> Option<(PathBuf, (Stat, Digest))> {
    let mut parts = line.splitn(5, ' ');
    let digest = parts.next()?.parse().ok()?;
    let mut number = || parts.next()?.parse::<u64>().ok();
    let stat = Stat { size: number()?, mtime_ns: number()?, inode: number()? };
    Some((PathBuf::from(parts.next()?), (stat, digest)))
}
