//! One folder of the disk as a simulated program sees it: its files and nothing beside, above or behind a link.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::sim::{Errno, Files, OpenBase, OpenMode};

/// Bytes that one run may write in all: a program in a loop must not fill the disk.
const MOST_WRITTEN: u64 = 1 << 30;

/// The files of one folder. Names are relative, with `/` between folders that exist; links are refused, wherever they
/// lead, and so is everything that isn't a file.
#[derive(Debug)]
pub struct Sandbox {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: BTreeMap<u32, File>,
    next: u32,
    written: u64,
}

impl Sandbox {
    /// The folder `root`, which must exist.
    ///
    /// # Errors
    /// Where there is no such folder.
    pub fn new(root: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(root)?;
        if !root.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { root, state: Mutex::default() })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where `name` lies; its last part may be missing.
    fn place(&self, name: &str) -> Result<PathBuf, Errno> {
        // Backslashes, drives and streams mean something on Windows only; nowhere are they plain names.
        if name.is_empty() || name.contains(['\\', ':', '\0']) {
            return Err(Errno::Denied);
        }
        let mut path = self.root.clone();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) => path.push(part),
                Component::CurDir => continue,
                _ => return Err(Errno::Denied),
            }
            if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.file_type().is_symlink()) {
                return Err(Errno::Denied);
            }
        }
        if path == self.root { Err(Errno::IsFolder) } else { Ok(path) }
    }

    /// A place where a file is, or where nothing is.
    fn file_place(&self, name: &str) -> Result<PathBuf, Errno> {
        let path = self.place(name)?;
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(path),
            Ok(metadata) if metadata.is_dir() => Err(Errno::IsFolder),
            // A pipe or a device would block or do things.
            Ok(_) => Err(Errno::Denied),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(path),
            Err(error) => Err(errno(&error)),
        }
    }
}

impl State {
    fn file(&mut self, handle: u32) -> Result<&mut File, Errno> {
        self.open.get_mut(&handle).ok_or(Errno::BadHandle)
    }
}

fn errno(error: &io::Error) -> Errno {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Errno::NotFound,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Errno::Denied,
        ErrorKind::AlreadyExists => Errno::Exists,
        ErrorKind::IsADirectory => Errno::IsFolder,
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => Errno::Invalid,
        _ => Errno::Io,
    }
}

fn options(mode: OpenMode) -> OpenOptions {
    let mut options = OpenOptions::new();
    match mode.base {
        OpenBase::Read => options.read(true).write(mode.update),
        OpenBase::Write => options.write(true).read(mode.update).create(true).truncate(true),
        OpenBase::Append => options.append(true).read(mode.update).create(true),
    };
    options
}

impl Files for Sandbox {
    fn open(&self, name: &str, mode: OpenMode) -> Result<u32, Errno> {
        let path = self.file_place(name)?;
        let file = options(mode).open(path).map_err(|error| errno(&error))?;
        Ok(self.with(|state| {
            state.next += 1;
            state.open.insert(state.next, file);
            state.next
        }))
    }

    fn close(&self, handle: u32) -> Result<(), Errno> {
        self.with(|state| state.open.remove(&handle)).map(drop).ok_or(Errno::BadHandle)
    }

    fn read(&self, handle: u32, size: usize) -> Result<Vec<u8>, Errno> {
        self.with(|state| {
            let mut bytes = Vec::new();
            let file = state.file(handle)?;
            // A handle that is open for writing only is the program's mistake, not the host's.
            file.take(size as u64).read_to_end(&mut bytes).map_err(|_| Errno::BadHandle)?;
            Ok(bytes)
        })
    }

    fn write(&self, handle: u32, bytes: &[u8]) -> Result<(), Errno> {
        self.with(|state| {
            if state.written + bytes.len() as u64 > MOST_WRITTEN {
                return Err(Errno::TooLarge);
            }
            state.file(handle)?.write_all(bytes).map_err(|_| Errno::BadHandle)?;
            state.written += bytes.len() as u64;
            Ok(())
        })
    }

    fn seek(&self, handle: u32, position: u32) -> Result<(), Errno> {
        self.with(|state| {
            let file = state.file(handle)?;
            let length = file.metadata().map_err(|error| errno(&error))?.len();
            // Beyond the end it is undefined by the specification; a hole there would be free disk space to write.
            if u64::from(position) > length {
                return Err(Errno::Invalid);
            }
            file.seek(SeekFrom::Start(position.into())).map(drop).map_err(|error| errno(&error))
        })
    }

    fn length(&self, handle: u32) -> Result<u32, Errno> {
        self.with(|state| {
            let length = state.file(handle)?.metadata().map_err(|error| errno(&error))?.len();
            u32::try_from(length).map_err(|_| Errno::TooLarge)
        })
    }

    fn remove(&self, name: &str) -> Result<(), Errno> {
        fs::remove_file(self.file_place(name)?).map_err(|error| errno(&error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        let (from, to) = (self.file_place(from)?, self.file_place(to)?);
        fs::rename(from, to).map_err(|error| errno(&error))
    }
}
