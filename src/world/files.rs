//! The disk: whole files in and out, trees, locks. A file that others may read is written beside its place and renamed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;
use walkdir::WalkDir;

/// How long a waiting lock sleeps between two tries: short for people, long for the processor.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// The disk. Paths are as the operating system takes them; relative ones start at the current folder.
#[derive(Clone, Debug)]
pub struct Files {
    interrupted: Arc<AtomicBool>,
}

/// What tells a changed file from an unchanged one without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970 of the last write; 0 where the file system doesn't say.
    pub mtime_ns: u64,
    /// The file's number on its disk; 0 where there is none.
    pub inode: u64,
}

/// An exclusive lock, released when dropped or when the process ends in any way.
#[derive(Debug)]
pub struct FileLock(#[expect(dead_code, reason = "held, not read: closing the file releases the lock")] File);

impl Files {
    pub(super) fn new(interrupted: Arc<AtomicBool>) -> Self {
        Self { interrupted }
    }

    /// The whole file.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    /// The first bytes of the file, at most `most`.
    pub fn head(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        File::open(path)?.take(most as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    /// The path without links and `..`, from the root on. It must exist.
    pub fn real(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    /// Makes a link at `path` to the file or folder `to`.
    pub fn link(&self, to: &Path, path: &Path) -> io::Result<()> {
        #[cfg(unix)]
        return std::os::unix::fs::symlink(to, path);
        #[cfg(windows)]
        if to.is_dir() {
            return std::os::windows::fs::symlink_dir(to, path);
        }
        #[cfg(windows)]
        return std::os::windows::fs::symlink_file(to, path);
        #[cfg(not(any(unix, windows)))]
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    /// Hands over the file piece by piece, for files that are too large to hold.
    pub fn read_pieces(&self, path: &Path, piece: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                length => piece(&buffer[..length]),
            }
        }
    }

    /// Writes `bytes` so that every reader sees the old file, the new one, or none, also after a power cut:
    /// temporary file in the same folder, fsync, rename. The folder must exist.
    pub fn write_atomic(&self, path: &Path, bytes: &[u8], readonly: bool) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tmp-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As an ordinary program would create it (less the umask), not private as temporary files are.
            builder.permissions(fs::Permissions::from_mode(if readonly { 0o444 } else { 0o666 }));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        #[cfg(windows)]
        {
            // Windows doesn't replace a read-only file.
            if path.exists() {
                self.set_readonly(path, false)?;
            }
        }
        file.persist(path).map_err(|failed| failed.error)?;
        #[cfg(windows)]
        self.set_readonly(path, readonly)?;
        Ok(())
    }

    /// True if there is a file or a folder (or a link to one) at `path`.
    pub fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    /// True if there is a folder at `path`.
    pub fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    /// Size, time and identity of the file (or of what a link points to).
    pub fn stat(&self, path: &Path) -> io::Result<Stat> {
        let metadata = fs::metadata(path)?;
        let mtime_ns = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos() as u64);
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(Stat { size: metadata.len(), mtime_ns, inode })
    }

    /// All files below `root`, relative to it, sorted. Links are followed; a link that leads back to a folder
    /// above it is left out.
    pub fn walk(&self, root: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in WalkDir::new(root).follow_links(true).min_depth(1) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    found.extend(entry.path().strip_prefix(root).map(Path::to_path_buf));
                }
                Ok(_) => {}
                Err(error) if error.loop_ancestor().is_some() || is_dangling(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        found.sort();
        Ok(found)
    }

    /// Number and bytes of all files below `root`, without folders called `except`; links aren't followed.
    pub fn measure(&self, root: &Path, except: &str) -> io::Result<(u64, u64)> {
        let (mut files, mut bytes) = (0, 0);
        for entry in WalkDir::new(root).into_iter().filter_entry(|entry| entry.file_name() != except) {
            let entry = entry?;
            if entry.file_type().is_file() {
                files += 1;
                bytes += entry.metadata()?.len();
            }
        }
        Ok((files, bytes))
    }

    /// Names of what stands directly in `folder`, sorted.
    pub fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut names: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect::<io::Result<_>>()?;
        names.sort();
        Ok(names)
    }

    /// The folder and all above it, made if missing.
    pub fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    /// Removes one file; a missing one is no error.
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        ignore_missing(fs::remove_file(path))
    }

    /// Removes a folder with all in it; a missing one is no error.
    pub fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        ignore_missing(fs::remove_dir_all(path))
    }

    /// Moves a file or a folder within one disk.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Sets or clears write protection.
    pub fn set_readonly(&self, path: &Path, readonly: bool) -> io::Result<()> {
        let mut permissions = fs::metadata(path)?.permissions();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = permissions.mode();
            permissions.set_mode(if readonly { mode & !0o222 } else { mode | 0o200 });
        }
        #[cfg(not(unix))]
        permissions.set_readonly(readonly);
        fs::set_permissions(path, permissions)
    }

    /// A fresh folder inside `parent`, removed with all in it when the value is dropped.
    pub fn temp_dir(&self, parent: &Path) -> io::Result<TempDir> {
        fs::create_dir_all(parent)?;
        tempfile::Builder::new().prefix(".tmp-").tempdir_in(parent)
    }

    /// Takes the lock file `path`, creating it if missing. Calls `blocked` once if another holds it, then waits;
    /// an interrupt ends the wait with `ErrorKind::Interrupted`. Where the file system knows no locks, the lock is
    /// granted, as cargo does: two builds then only waste work, since all files are written atomically.
    pub fn lock_exclusive(&self, path: &Path, blocked: &mut dyn FnMut()) -> io::Result<FileLock> {
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(FileLock(file)),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(FileLock(file));
                }
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if self.interrupted.load(Ordering::Relaxed) => {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut told, true) {
                        blocked();
                    }
                    std::thread::sleep(LOCK_POLL);
                }
            }
        }
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A link to nothing, or a file that went away during the walk.
fn is_dangling(error: &walkdir::Error) -> bool {
    error.depth() > 0 && error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}
