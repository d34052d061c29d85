//! The store: blobs by content, records by key (the two levels of the Remote Execution API). What is in it is true or
//! is taken for absent; a folder that can't be written is replaced by memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::base::{Diag, Digest};
use crate::world::{FileLock, Files};

use super::job::{Bytes, lock};
use super::key::Key;
use super::outcome::Artifact;
use super::record::Record;

const CACHEDIR_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n\
# This folder was made by cargo-tinyml; all in it can be made again. See https://bford.info/cachedir/\n";

/// The store of one build.
pub(super) struct Store<'w> {
    files: &'w Files,
    folder: PathBuf,
    memory: Mutex<Memory>,
}

/// What couldn't be written.
#[derive(Default)]
struct Memory {
    blobs: BTreeMap<Digest, Bytes>,
    records: BTreeMap<Key, Record>,
    /// Why the disk is given up, once it is.
    broken: Option<Diag>,
    tagged: bool,
}

impl<'w> Store<'w> {
    /// The store inside the cache folder `cache`. Nothing is read or written yet.
    pub(super) fn new(files: &'w Files, cache: &Path) -> Self {
        Self { files, folder: cache.join("store-v1"), memory: Mutex::default() }
    }

    /// Where the parts of the store that aren't content are.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Why nothing is written any more; none while all is well.
    pub(super) fn broken(&self) -> Option<Diag> {
        lock(&self.memory).broken.clone()
    }

    /// The record of `key`, if all blobs it speaks of are there at their full size. Their content is checked when it
    /// is read.
    pub(super) fn look_up(&self, key: Key) -> Option<Record> {
        let kept = lock(&self.memory).records.get(&key).cloned();
        let record = kept.or_else(|| self.record(key))?;
        record.outputs.values().all(|artifact| self.holds(artifact)).then_some(record)
    }

    /// The record of `key`, whether or not its blobs are there.
    pub(super) fn record(&self, key: Key) -> Option<Record> {
        let bytes = self.files.read(&self.record_path(key)).ok()?;
        Record::parse(&bytes, key)
    }

    fn holds(&self, artifact: &Artifact) -> bool {
        let stat = self.files.stat(&self.blob_path(artifact.digest));
        stat.is_ok_and(|stat| stat.size == artifact.size) || lock(&self.memory).blobs.contains_key(&artifact.digest)
    }

    /// The bytes of a blob, checked. A wrong one is removed and is as good as missing.
    pub(super) fn get(&self, digest: Digest) -> Option<Bytes> {
        if let Some(bytes) = lock(&self.memory).blobs.get(&digest) {
            return Some(bytes.clone());
        }
        let path = self.blob_path(digest);
        let bytes = self.files.read(&path).ok()?;
        if Digest::of(&bytes) == digest {
            return Some(Arc::new(bytes));
        }
        // If it can't be removed, the producer runs again and its bytes are kept in memory.
        let _ = self.files.remove_file(&path);
        None
    }

    /// Keeps `bytes`, on disk if possible.
    pub(super) fn put(&self, bytes: Vec<u8>) -> Artifact {
        let artifact = Artifact { digest: Digest::of(&bytes), size: bytes.len() as u64 };
        let path = self.blob_path(artifact.digest);
        let there = self.files.read(&path).is_ok_and(|old| old == bytes);
        if !there && !self.write(&path, &bytes) {
            lock(&self.memory).blobs.insert(artifact.digest, Arc::new(bytes));
        }
        artifact
    }

    /// Keeps the record of `key`, whose blobs were put before.
    pub(super) fn put_record(&self, key: Key, record: &Record) {
        if !self.write(&self.record_path(key), &record.print(key)) {
            lock(&self.memory).records.insert(key, record.clone());
        }
    }

    /// Takes the lock of `key`: while it is held no other build runs that step. None if there is nothing to lock on.
    pub(super) fn lock(&self, key: Key, blocked: &mut dyn FnMut()) -> io::Result<Option<FileLock>> {
        if self.broken().is_some() {
            return Ok(None);
        }
        let path = self.lock_path(key);
        let locked = self.make_folder_of(&path).and_then(|()| self.files.lock_exclusive(&path, blocked));
        match locked {
            Ok(held) => Ok(Some(held)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.give_up(&error);
                Ok(None)
            }
        }
    }

    /// Lets go of a step that is done. Who still waits on the removed file finds the record; so does who comes later.
    pub(super) fn unlock(&self, key: Key, held: Option<FileLock>) {
        if let Some(held) = held {
            let _ = self.files.remove_file(&self.lock_path(key));
            drop(held);
        }
    }

    /// Writes a file below the store; false if the disk won't have it, now or before.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> bool {
        if self.broken().is_some() {
            return false;
        }
        let written = self.make_folder_of(path).and_then(|()| self.files.write_atomic(path, bytes, true));
        written.inspect_err(|error| self.give_up(error)).is_ok()
    }

    fn make_folder_of(&self, path: &Path) -> io::Result<()> {
        self.files.create_dir_all(path.parent().unwrap_or(&self.folder))?;
        if !std::mem::replace(&mut lock(&self.memory).tagged, true) {
            let tag = self.folder.with_file_name("CACHEDIR.TAG");
            if !self.files.exists(&tag) {
                self.files.write_atomic(&tag, CACHEDIR_TAG, false)?;
            }
        }
        Ok(())
    }

    fn give_up(&self, error: &io::Error) {
        let folder = self.folder.display();
        let diag = Diag::warning("tml::disk", format!("can't write to `{folder}`: {error}"))
            .note("the build goes on in memory, and nothing of it is kept for the next one")
            .help("free some space or make the folder writable, or set `TINYML_CACHE_DIR` to another one");
        lock(&self.memory).broken.get_or_insert(diag);
    }

    /// Where a blob is, if it is on disk.
    pub(super) fn blob_path(&self, digest: Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.join("blob").join(&hex[..2]).join(&hex[2..])
    }

    fn record_path(&self, key: Key) -> PathBuf {
        self.folder.join("step").join(format!("{key}.toml"))
    }

    /// What an unfinished run of a step leaves for the next one.
    pub(super) fn unfinished_path(&self, key: Key) -> PathBuf {
        self.folder.join("unfinished").join(key.hex())
    }

    fn lock_path(&self, key: Key) -> PathBuf {
        self.folder.join("lock").join(key.hex())
    }
}
