//! Semihosting: what a program asks of its debugger. One table for Arm ("Semihosting for `AArch32` and `AArch64`", Arm
//! document `semihosting`, 2023Q3) and RISC-V ("RISC-V Semihosting" 1.0, which takes over Arm's operations).

use std::sync::Arc;

use super::fault::FaultKind;

const SYS_OPEN: u32 = 0x01;
const SYS_CLOSE: u32 = 0x02;
const SYS_WRITEC: u32 = 0x03;
const SYS_WRITE0: u32 = 0x04;
const SYS_WRITE: u32 = 0x05;
const SYS_READ: u32 = 0x06;
const SYS_READC: u32 = 0x07;
const SYS_ISERROR: u32 = 0x08;
const SYS_ISTTY: u32 = 0x09;
const SYS_SEEK: u32 = 0x0a;
const SYS_FLEN: u32 = 0x0c;
const SYS_TMPNAM: u32 = 0x0d;
const SYS_REMOVE: u32 = 0x0e;
const SYS_RENAME: u32 = 0x0f;
const SYS_CLOCK: u32 = 0x10;
const SYS_TIME: u32 = 0x11;
const SYS_SYSTEM: u32 = 0x12;
const SYS_ERRNO: u32 = 0x13;
const SYS_GET_CMDLINE: u32 = 0x15;
const SYS_HEAPINFO: u32 = 0x16;
const SYS_EXIT: u32 = 0x18;
const SYS_EXIT_EXTENDED: u32 = 0x20;
const SYS_ELAPSED: u32 = 0x30;
const SYS_TICKFREQ: u32 = 0x31;

/// `ADP_Stopped_ApplicationExit`: the program ended as it wanted.
const APPLICATION_EXIT: u32 = 0x20026;
/// What most calls return when they fail.
const FAILED: u32 = u32::MAX;
/// The magic file that tells which extensions there are: `SYS_EXIT_EXTENDED`, and standard error beside output.
const FEATURES: &[u8] = b"SHFB\x03";
/// The longest block or text of one call, and the longest text of the console that is kept.
const LONGEST: u32 = 1 << 20;
const KEPT: usize = 1 << 24;
/// The longest name of a file, and the most files that are open at once.
const LONGEST_NAME: u32 = 1024;
const MOST_OPEN: usize = 64;

/// Why a file operation failed, as C's `errno`; a program reads it by `SYS_ERRNO`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Errno {
    /// There is no such file.
    NotFound = 2,
    /// The host failed.
    Io = 5,
    /// No such handle, or not opened for this.
    BadHandle = 9,
    /// It lies outside of the folder, or the folder forbids it.
    Denied = 13,
    /// It is there already.
    Exists = 17,
    /// It is a folder.
    IsFolder = 21,
    /// An argument that the call doesn't take.
    Invalid = 22,
    /// Too many files are open.
    TooManyOpen = 24,
    /// More than a program may write.
    TooLarge = 27,
    /// Nobody serves this.
    NotServed = 38,
}

/// How a file is opened: the twelve modes of C's `fopen`, without the difference of text and binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenMode {
    /// `r`, `w` or `a`.
    pub base: OpenBase,
    /// `+`: for reading and writing.
    pub update: bool,
}

/// What opening does to the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenBase {
    /// `r`: it must exist.
    Read,
    /// `w`: emptied or made.
    Write,
    /// `a`: made where missing; written at its end.
    Append,
}

/// Files of the host that a program may use: nobody's, unless the caller gives a door to some. Handles are the door's
/// own numbers.
pub trait Files: Send + Sync {
    /// Opens `name`; its handle.
    fn open(&self, name: &str, mode: OpenMode) -> Result<u32, Errno>;
    /// Closes a handle.
    fn close(&self, handle: u32) -> Result<(), Errno>;
    /// Reads up to `size` bytes; fewer at the end.
    fn read(&self, handle: u32, size: usize) -> Result<Vec<u8>, Errno>;
    /// Writes all of `bytes`.
    fn write(&self, handle: u32, bytes: &[u8]) -> Result<(), Errno>;
    /// Moves to `position` bytes from the start.
    fn seek(&self, handle: u32, position: u32) -> Result<(), Errno>;
    /// Bytes of the file.
    fn length(&self, handle: u32) -> Result<u32, Errno>;
    /// Removes a file.
    fn remove(&self, name: &str) -> Result<(), Errno>;
    /// Renames a file; one that is there already is replaced.
    fn rename(&self, from: &str, to: &str) -> Result<(), Errno>;
}

/// What a program finds behind semihosting.
#[derive(Clone, Default)]
pub struct Services {
    /// Cycles in a second of simulated time; 0 where nobody said.
    pub clock_hz: u32,
    /// The command line, `SYS_GET_CMDLINE`.
    pub command_line: String,
    /// What the program reads from the console.
    pub input: Arc<[u8]>,
    /// The files that it may use.
    pub files: Option<Arc<dyn Files>>,
}

/// Memory as semihosting reads and writes it: past caches, in no time, but with every check of the program's own access.
pub(super) trait Bytes {
    fn load(&mut self, address: u32) -> Result<u8, FaultKind>;
    fn store(&mut self, address: u32, byte: u8) -> Result<(), FaultKind>;
}

#[derive(Clone, Copy)]
enum Handle {
    Input,
    Console,
    Features { at: u32 },
    File(u32),
}

/// The state of one program's semihosting.
#[derive(Clone, Default)]
pub(super) struct Semihosting {
    /// What the program printed.
    pub console: Vec<u8>,
    pub services: Services,
    /// First and one past the last address of the heap, then top and bottom of the stack; of the image, as services are.
    pub areas: [u32; 4],
    /// Bytes of the input that were read.
    consumed: usize,
    handles: Vec<Option<Handle>>,
    errno: u32,
}

impl Semihosting {
    /// Back to the beginning: files are closed, the services stay.
    pub(super) fn reset(&mut self) {
        if let Some(files) = &self.services.files {
            for handle in self.handles.iter().flatten() {
                if let Handle::File(file) = handle {
                    // A file that can't be closed can't be written either: the program was told then.
                    let _ = files.close(*file);
                }
            }
        }
        *self = Self { services: std::mem::take(&mut self.services), areas: self.areas, ..Self::default() };
    }

    /// Serves `operation` with its `argument` (r0 and r1, a0 and a1), `cycles` after the reset; what it returns, where it
    /// returns something.
    pub(super) fn call(
        &mut self,
        operation: u32,
        argument: u32,
        memory: &mut impl Bytes,
        cycles: u64,
    ) -> Result<Option<u32>, FaultKind> {
        let result = match operation {
            SYS_WRITEC => {
                let byte = memory.load(argument)?;
                self.print(byte);
                return Ok(None);
            }
            SYS_WRITE0 => {
                self.write_text(memory, argument)?;
                return Ok(None);
            }
            SYS_EXIT => return Err(FaultKind::Exit { status: u32::from(argument != APPLICATION_EXIT) }),
            SYS_EXIT_EXTENDED => return Err(exit_extended(memory, argument)?),
            SYS_READC => self.read_byte(),
            SYS_ISERROR => u32::from((word(memory, argument, 0)? as i32) < 0),
            SYS_ERRNO => self.errno,
            SYS_CLOCK => self.clock(cycles, 100),
            SYS_TIME => self.clock(cycles, 1),
            SYS_TICKFREQ if self.services.clock_hz != 0 => self.services.clock_hz,
            SYS_TICKFREQ => FAILED,
            SYS_ELAPSED => {
                store_all(memory, argument, &cycles.to_le_bytes())?;
                0
            }
            SYS_HEAPINFO => heap_info(memory, argument, self.areas)?,
            SYS_GET_CMDLINE => self.command_line(memory, argument)?,
            // No program of the host is ever started.
            SYS_SYSTEM => self.failed(Errno::NotServed),
            SYS_TMPNAM => self.temporary_name(memory, argument)?,
            SYS_REMOVE | SYS_RENAME => self.change_names(operation, memory, argument)?,
            SYS_OPEN => self.open(memory, argument)?,
            SYS_CLOSE | SYS_ISTTY | SYS_FLEN | SYS_SEEK | SYS_READ | SYS_WRITE => {
                self.with_handle(operation, memory, argument)?
            }
            _ => return Err(FaultKind::Semihosting { operation }),
        };
        Ok(Some(result))
    }

    fn print(&mut self, byte: u8) {
        if !self.is_full() {
            self.console.push(byte);
        }
    }

    /// Whether nothing more is kept: then nothing more is read either, so that a budget of instructions bounds the time.
    fn is_full(&self) -> bool {
        self.console.len() >= KEPT
    }

    fn failed(&mut self, errno: Errno) -> u32 {
        self.errno = errno as u32;
        FAILED
    }

    /// Simulated time since the reset, `per_second` units a second.
    fn clock(&self, cycles: u64, per_second: u64) -> u32 {
        match u64::from(self.services.clock_hz) {
            0 => FAILED,
            hertz => (u128::from(cycles) * u128::from(per_second) / u128::from(hertz)) as u32,
        }
    }

    fn read_byte(&mut self) -> u32 {
        let byte = self.services.input.get(self.consumed).copied();
        self.consumed += usize::from(byte.is_some());
        byte.map_or(FAILED, u32::from)
    }

    fn write_text(&mut self, memory: &mut impl Bytes, mut address: u32) -> Result<(), FaultKind> {
        for _ in 0..LONGEST {
            let byte = memory.load(address)?;
            if byte == 0 || self.is_full() {
                break;
            }
            self.print(byte);
            address = address.wrapping_add(1);
        }
        Ok(())
    }

    fn command_line(&mut self, memory: &mut impl Bytes, block: u32) -> Result<u32, FaultKind> {
        let (buffer, room) = (word(memory, block, 0)?, word(memory, block, 1)?);
        let mut text = self.services.command_line.clone().into_bytes();
        text.push(0);
        if text.len() as u64 > u64::from(room) {
            return Ok(self.failed(Errno::Invalid));
        }
        store_all(memory, buffer, &text)?;
        store_all(memory, block.wrapping_add(4), &(text.len() as u32 - 1).to_le_bytes())?;
        Ok(0)
    }

    /// A name in the folder for each of the 256 identifiers.
    fn temporary_name(&mut self, memory: &mut impl Bytes, block: u32) -> Result<u32, FaultKind> {
        let (buffer, id, room) = (word(memory, block, 0)?, word(memory, block, 1)?, word(memory, block, 2)?);
        let name = format!("tmp-{:02x}\0", id & 255);
        if room < name.len() as u32 || self.services.files.is_none() {
            return Ok(self.failed(Errno::Invalid));
        }
        store_all(memory, buffer, name.as_bytes())?;
        Ok(0)
    }

    fn change_names(&mut self, operation: u32, memory: &mut impl Bytes, block: u32) -> Result<u32, FaultKind> {
        let first = name(memory, block, 0)?;
        let second = if operation == SYS_RENAME { name(memory, block, 2)? } else { None };
        let result = match (&self.services.files, first, second) {
            (None, ..) => Err(Errno::Denied),
            (Some(files), Some(from), Some(to)) => files.rename(&from, &to),
            (Some(files), Some(name), None) if operation == SYS_REMOVE => files.remove(&name),
            _ => Err(Errno::Invalid),
        };
        // Unlike the others, these return the error's code.
        Ok(match result {
            Ok(()) => 0,
            Err(errno) => {
                self.failed(errno);
                self.errno
            }
        })
    }

    fn open(&mut self, memory: &mut impl Bytes, block: u32) -> Result<u32, FaultKind> {
        let (name, mode) = (name(memory, block, 0)?, word(memory, block, 1)?);
        let length = word(memory, block, 2)?;
        let opened = match name {
            _ if self.handles.iter().flatten().count() >= MOST_OPEN => Err(Errno::TooManyOpen),
            Some(name) if mode < 12 && name.len() as u32 == length => self.open_name(&name, mode),
            _ => Err(Errno::Invalid),
        };
        Ok(match opened {
            Ok(handle) => self.keep(handle),
            Err(errno) => self.failed(errno),
        })
    }

    fn open_name(&self, name: &str, mode: u32) -> Result<Handle, Errno> {
        let base = [OpenBase::Read, OpenBase::Write, OpenBase::Append][mode as usize / 4];
        match (name, base, &self.services.files) {
            // `:tt` is the input for mode `r`, the output for `w`, the output for errors for `a`.
            (":tt", OpenBase::Read, _) => Ok(Handle::Input),
            (":tt", ..) => Ok(Handle::Console),
            (":semihosting-features", OpenBase::Read, _) => Ok(Handle::Features { at: 0 }),
            (.., Some(files)) => files.open(name, OpenMode { base, update: mode & 2 != 0 }).map(Handle::File),
            (.., None) => Err(Errno::Denied),
        }
    }

    /// Handles count from 1: none of them is 0 or -1.
    fn keep(&mut self, handle: Handle) -> u32 {
        let free = self.handles.iter().position(Option::is_none).unwrap_or(self.handles.len());
        self.handles.resize(self.handles.len().max(free + 1), None);
        self.handles[free] = Some(handle);
        free as u32 + 1
    }

    fn with_handle(&mut self, operation: u32, memory: &mut impl Bytes, block: u32) -> Result<u32, FaultKind> {
        let number = word(memory, block, 0)?;
        let at = (number as usize).wrapping_sub(1);
        let Some(handle) = self.handles.get(at).copied().flatten() else {
            let rest = if matches!(operation, SYS_READ | SYS_WRITE) { word(memory, block, 2)? } else { FAILED };
            self.failed(Errno::BadHandle);
            return Ok(rest);
        };
        match operation {
            SYS_READ => return self.read(handle, at, memory, block),
            SYS_WRITE => return self.write(handle, memory, block),
            _ => {}
        }
        let result = match (operation, handle) {
            (SYS_CLOSE, _) => {
                self.handles[at] = None;
                if let Handle::File(file) = handle { self.file(|files| files.close(file)).map(|()| 0) } else { Ok(0) }
            }
            (SYS_ISTTY, _) => Ok(u32::from(matches!(handle, Handle::Input | Handle::Console))),
            (SYS_FLEN, Handle::File(file)) => self.file(|files| files.length(file)),
            (SYS_FLEN, Handle::Features { .. }) => Ok(FEATURES.len() as u32),
            (SYS_FLEN, _) => Ok(0),
            (_, Handle::File(file)) => {
                let position = word(memory, block, 1)?;
                self.file(|files| files.seek(file, position)).map(|()| 0)
            }
            (_, Handle::Features { .. }) => {
                let at_byte = word(memory, block, 1)?;
                self.handles[at] = Some(Handle::Features { at: at_byte });
                Ok(0)
            }
            _ => Err(Errno::Invalid),
        };
        Ok(result.unwrap_or_else(|errno| self.failed(errno)))
    }

    fn file<T>(&self, act: impl FnOnce(&dyn Files) -> Result<T, Errno>) -> Result<T, Errno> {
        self.services.files.as_deref().map_or(Err(Errno::BadHandle), act)
    }

    /// Returns how many bytes were not read.
    fn read(&mut self, handle: Handle, at: usize, memory: &mut impl Bytes, block: u32) -> Result<u32, FaultKind> {
        let (buffer, length) = (word(memory, block, 1)?, word(memory, block, 2)?);
        let most = length.min(LONGEST) as usize;
        let bytes = match handle {
            Handle::Input => {
                let rest = self.services.input.get(self.consumed..).unwrap_or(&[]);
                let bytes = rest[..rest.len().min(most)].to_vec();
                self.consumed += bytes.len();
                Ok(bytes)
            }
            Handle::Features { at: position } => {
                let rest = FEATURES.get(position as usize..).unwrap_or(&[]);
                let bytes = rest[..rest.len().min(most)].to_vec();
                self.handles[at] = Some(Handle::Features { at: position.saturating_add(bytes.len() as u32) });
                Ok(bytes)
            }
            Handle::File(file) => self.file(|files| files.read(file, most)),
            Handle::Console => Err(Errno::BadHandle),
        };
        match bytes {
            Ok(bytes) => {
                store_all(memory, buffer, &bytes)?;
                Ok(length - bytes.len() as u32)
            }
            Err(errno) => {
                self.failed(errno);
                Ok(length)
            }
        }
    }

    /// Returns how many bytes were not written.
    fn write(&mut self, handle: Handle, memory: &mut impl Bytes, block: u32) -> Result<u32, FaultKind> {
        let (buffer, length) = (word(memory, block, 1)?, word(memory, block, 2)?);
        let most = match handle {
            Handle::Console if self.is_full() => return Ok(0),
            Handle::Console | Handle::File(_) => length.min(LONGEST),
            Handle::Input | Handle::Features { .. } => 0,
        };
        let bytes = load_all(memory, buffer, most)?;
        let written = match handle {
            Handle::Console => {
                bytes.iter().for_each(|&byte| self.print(byte));
                Ok(())
            }
            Handle::File(file) => self.file(|files| files.write(file, &bytes)),
            Handle::Input | Handle::Features { .. } => Err(Errno::BadHandle),
        };
        if let Err(errno) = written {
            self.failed(errno);
            return Ok(length);
        }
        Ok(length - bytes.len() as u32)
    }
}

/// Word `index` of the block of parameters at `block`.
fn word(memory: &mut impl Bytes, block: u32, index: u32) -> Result<u32, FaultKind> {
    let mut bytes = [0; 4];
    for (offset, byte) in bytes.iter_mut().enumerate() {
        *byte = memory.load(block.wrapping_add(index * 4 + offset as u32))?;
    }
    Ok(u32::from_le_bytes(bytes))
}

fn load_all(memory: &mut impl Bytes, address: u32, length: u32) -> Result<Vec<u8>, FaultKind> {
    (0..length).map(|offset| memory.load(address.wrapping_add(offset))).collect()
}

fn store_all(memory: &mut impl Bytes, address: u32, bytes: &[u8]) -> Result<(), FaultKind> {
    bytes.iter().zip(0..).try_for_each(|(&byte, offset)| memory.store(address.wrapping_add(offset), byte))
}

/// The name that words `index` and the one behind its mode (open) or itself (remove, rename) describe; None where it is
/// too long or no text.
fn name(memory: &mut impl Bytes, block: u32, index: u32) -> Result<Option<String>, FaultKind> {
    let address = word(memory, block, index)?;
    let mut bytes = Vec::new();
    // The specification asks for a zero behind the name, so that its length needn't be believed.
    for offset in 0..LONGEST_NAME {
        match memory.load(address.wrapping_add(offset))? {
            0 => return Ok(String::from_utf8(bytes).ok()),
            byte => bytes.push(byte),
        }
    }
    Ok(None)
}

fn exit_extended(memory: &mut impl Bytes, block: u32) -> Result<FaultKind, FaultKind> {
    let (reason, code) = (word(memory, block, 0)?, word(memory, block, 1)?);
    Ok(FaultKind::Exit { status: if reason == APPLICATION_EXIT { code } else { code.max(1) } })
}

/// The argument points to a pointer to four words.
fn heap_info(memory: &mut impl Bytes, argument: u32, areas: [u32; 4]) -> Result<u32, FaultKind> {
    let block = word(memory, argument, 0)?;
    store_all(memory, block, &areas.map(u32::to_le_bytes).concat())?;
    Ok(0)
}
