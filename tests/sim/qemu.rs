//! QEMU as the oracle: its machines for our cores, and running an image there.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tinyml::sim::MemoryMap;

use crate::image;

/// A core of ours and QEMU's machine with it.
#[derive(Clone, Copy)]
pub(crate) struct Oracle {
    pub(crate) core: &'static str,
    pub(crate) machine: &'static str,
    pub(crate) flash_origin: u32,
    pub(crate) flash: u32,
    pub(crate) ram_origin: u32,
    pub(crate) ram: u32,
}

const fn oracle(core: &'static str, machine: &'static str, flash: u32, ram: u32) -> Oracle {
    Oracle { core, machine, flash_origin: 0, flash, ram_origin: 0x2000_0000, ram }
}

/// Cores that QEMU has a machine for. Its only M0 stands for the M0+ too: the instruction set is the same.
/// The M33 starts in Secure state, where the memories have other addresses.
pub(crate) const ORACLES: [Oracle; 5] = [
    oracle("cortex_m0", "microbit", 0x4_0000, 0x4000),
    oracle("cortex_m3", "mps2-an385", 0x40_0000, 0x40_0000),
    oracle("cortex_m4f", "mps2-an386", 0x40_0000, 0x40_0000),
    oracle("cortex_m7", "mps2-an500", 0x40_0000, 0x40_0000),
    Oracle {
        flash_origin: 0x1000_0000,
        ram_origin: 0x3800_0000,
        ..oracle("cortex_m33", "mps2-an505", 0x40_0000, 0x40_0000)
    },
];

/// QEMU's RISC-V machine has more instructions than the core; compilers are told to use the core's.
pub(crate) const RISCV: Oracle =
    Oracle { flash_origin: 0x8000_0000, ram_origin: 0x8010_0000, ..oracle("esp32c3", "virt", 0x10_0000, 0x10_0000) };

impl Oracle {
    /// The emulator with the machine.
    pub(crate) fn emulator(&self) -> &'static str {
        if self.machine == "virt" { "qemu-system-riscv32" } else { "qemu-system-arm" }
    }

    /// The memories of the machine.
    pub(crate) fn map(&self) -> MemoryMap {
        image::board_at(self.flash_origin, self.flash, self.ram_origin, self.ram)
    }

    /// Runs an image; what it printed, or None without QEMU. A program that doesn't end fails the test.
    pub(crate) fn run(&self, elf: &Path, more: &[&str]) -> Option<Vec<u8>> {
        // On a crowded machine QEMU sometimes sleeps for good while it ends: it gets a second chance.
        for _ in 0..2 {
            if let Some(text) = self.attempt(elf, more)? {
                return Some(text);
            }
        }
        panic!("QEMU runs {} for more than two minutes", elf.display());
    }

    /// The same for a minute; no output if it didn't end.
    #[expect(clippy::option_option, reason = "no QEMU is not the same as no end")]
    fn attempt(&self, elf: &Path, more: &[&str]) -> Option<Option<Vec<u8>>> {
        // A file, because a pipe that nobody reads would fill up. SYS_WRITE0 goes to stderr, SYS_WRITE to stdout.
        let output = elf.with_extension("out");
        let file = File::create(&output).expect("a file beside the image");
        let no_firmware: &[&str] = if self.machine == "virt" { &["-bios", "none"] } else { &[] };
        let mut child = Command::new(self.emulator())
            .args(["-M", self.machine, "-nographic", "-monitor", "none", "-serial", "none"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(elf)
            .args(no_firmware)
            .args(more)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .spawn()
            .ok()?;
        for _ in 0..6_000 {
            if let Some(status) = child.try_wait().expect("a child to wait for") {
                let text = std::fs::read(&output).expect("QEMU's output");
                assert!(status.success(), "QEMU: {}", String::from_utf8_lossy(&text));
                return Some(Some(text));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().ok();
        child.wait().ok();
        Some(None)
    }
}

/// Whether `program` can be started.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// How many times the usual share of random cases and programs to run: `TINYML_SIM_EFFORT`, 1 by default.
pub(crate) fn effort() -> usize {
    let text = std::env::var("TINYML_SIM_EFFORT").unwrap_or_default();
    if text == "all" { ALL } else { text.parse().unwrap_or(1) }
}

/// The effort that is everything: a million random instructions a core, every program by every compiler on every core.
pub(crate) const ALL: usize = 20;

/// Says why a test proves nothing here.
pub(crate) fn skip(reason: &str) {
    say(&format!("skipped: {reason}"));
}

/// Tells people.
#[expect(clippy::print_stderr, reason = "a skipped test and a measurement must say so")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
