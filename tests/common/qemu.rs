//! A program in QEMU under the debugger's protocol (GDB manual, appendix E): run to an address, read and write memory.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A stopped machine.
pub(crate) struct Qemu {
    child: Child,
    stream: UnixStream,
    _folder: TempDir,
}

impl Qemu {
    /// A stopped machine of the kind `machine` with the program `elf`; `None`, and a printed reason, without QEMU.
    pub(crate) fn start(machine: &str, elf: &[u8]) -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let (program, socket) = (folder.path().join("firmware.elf"), folder.path().join("gdb"));
        std::fs::write(&program, elf).expect("written");
        let mut command = Command::new("qemu-system-arm");
        command.args(["-M", machine, "-display", "none", "-monitor", "none", "-serial", "none", "-S", "-kernel"]);
        command.arg(&program).arg("-chardev");
        command
            .arg(format!("socket,id=gdb,server=on,wait=off,path={}", socket.display()))
            .args(["-gdb", "chardev:gdb"]);
        let Ok(mut child) = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn() else {
            eprintln!("skipped: `qemu-system-arm` is not there");
            return None;
        };
        let Some(stream) = connect(&socket) else {
            let _ = child.kill();
            let _ = child.wait();
            eprintln!("skipped: `qemu-system-arm -M {machine}` does not start");
            return None;
        };
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("set");
        let mut qemu = Self { child, stream, _folder: folder };
        qemu.ask("?");
        Some(qemu)
    }

    /// Runs until the instruction at `address` is next; `false` if it stops elsewhere or takes longer than a minute.
    pub(crate) fn run_to(&mut self, address: u32) -> bool {
        let address = address & !1;
        assert_eq!(self.ask(&format!("Z0,{address:x},2")), "OK");
        let stop = self.ask("c");
        assert_eq!(self.ask(&format!("z0,{address:x},2")), "OK");
        stop.starts_with("T05") && self.pc() == address
    }

    /// The program counter.
    pub(crate) fn pc(&mut self) -> u32 {
        let registers = bytes(&self.ask("g"));
        u32::from_le_bytes(registers[60..64].try_into().expect("r15"))
    }

    /// The `size` bytes at `address`.
    pub(crate) fn read(&mut self, address: u32, size: u32) -> Vec<u8> {
        bytes(&self.ask(&format!("m{address:x},{size:x}")))
    }

    /// Sets the bytes at `address`.
    pub(crate) fn write(&mut self, address: u32, data: &[u8]) {
        let mut request = format!("M{address:x},{:x}:", data.len());
        for byte in data {
            write!(request, "{byte:02x}").expect("a String takes it");
        }
        assert_eq!(self.ask(&request), "OK");
    }

    /// The answer to a request of the protocol.
    pub(crate) fn ask(&mut self, text: &str) -> String {
        let sum = text.bytes().fold(0, u8::wrapping_add);
        self.stream.write_all(format!("${text}#{sum:02x}").as_bytes()).expect("QEMU listens");
        self.answer()
    }

    /// The next answer, where a request has several.
    pub(crate) fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        let mut byte = [0];
        loop {
            if self.stream.read_exact(&mut byte).is_err() {
                return String::new(); // it runs for too long: the caller sees that it did not stop
            }
            match byte[0] {
                b'$' => answer.clear(),
                b'#' => break,
                other => answer.push(other),
            }
        }
        let mut sum = [0; 2];
        self.stream.read_exact(&mut sum).expect("a checksum");
        self.stream.write_all(b"+").expect("QEMU listens");
        String::from_utf8(answer).expect("text")
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(socket: &Path) -> Option<UnixStream> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if let Ok(stream) = UnixStream::connect(socket) {
            return Some(stream);
        }
        sleep(Duration::from_millis(20));
    }
    None
}

fn bytes(digits: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("two hexadecimal digits");
    (0..digits.len()).step_by(2).map(digit).collect()
}
