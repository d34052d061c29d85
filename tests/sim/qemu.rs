//! QEMU as the oracle: its machines for our cores, and running an image there.

use std::path::Path;
use std::process::{Command, Stdio};

use tinyml::sim::MemoryMap;

use crate::image;

/// A core of ours and QEMU's machine with it.
#[derive(Clone, Copy)]
pub struct Oracle {
    pub core: &'static str,
    pub machine: &'static str,
    pub flash: u32,
    pub ram: u32,
}

/// Cores that QEMU has a machine for. Its only M0 stands for the M0+ too: the instruction set is the same.
pub const ORACLES: [Oracle; 3] = [
    Oracle { core: "cortex_m0", machine: "microbit", flash: 0x4_0000, ram: 0x4000 },
    Oracle { core: "cortex_m3", machine: "mps2-an385", flash: 0x40_0000, ram: 0x40_0000 },
    Oracle { core: "cortex_m4f", machine: "mps2-an386", flash: 0x40_0000, ram: 0x40_0000 },
];

impl Oracle {
    /// The memories of the machine.
    pub fn map(&self) -> MemoryMap {
        image::board(self.flash, self.ram)
    }

    /// Runs an image; what it printed, or None without QEMU.
    pub fn run(&self, elf: &Path, more: &[&str]) -> Option<Vec<u8>> {
        let output = Command::new("qemu-system-arm")
            .args(["-M", self.machine, "-nographic", "-monitor", "none", "-serial", "none"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(elf)
            .args(more)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        assert!(output.status.success(), "QEMU: {}", String::from_utf8_lossy(&output.stderr));
        Some(output.stdout)
    }
}

/// Whether `program` can be started.
pub fn has(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// How many times the usual share of random cases and programs to run: `TINYML_SIM_EFFORT`, 1 by default.
pub fn effort() -> usize {
    std::env::var("TINYML_SIM_EFFORT").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Says why a test proves nothing here.
pub fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
