//! RISC-V instructions by their fields, and programs of them: what the tests of that instruction set run.

use tinyml::library::core::{Core, Family, Registers};
use tinyml::sim::{Machine, MemoryMap, Region};

use crate::image;

/// Where QEMU's `virt` starts.
pub(crate) const FLASH: u32 = 0x8000_0000;
/// Flash of the test board; QEMU has all of it as RAM.
pub(crate) const FLASH_SIZE: u32 = 0x40_0000;
pub(crate) const RAM: u32 = FLASH + FLASH_SIZE;
pub(crate) const RAM_SIZE: u32 = 0x40_0000;

/// The core with the registers that QEMU has too.
pub(crate) fn core() -> Core {
    let mut core = image::core("esp32c3");
    if let Family::Riscv(riscv) = &mut core.family {
        riscv.registers = Registers::Standard;
    }
    core
}

/// The memories of QEMU's `virt`, the lower part as flash.
pub(crate) fn board() -> MemoryMap {
    MemoryMap {
        flash: Region { origin: FLASH, size: FLASH_SIZE, execute: true },
        ram: Region { origin: RAM, size: RAM_SIZE, execute: false },
        devices: Vec::new(),
        ..image::board(0x1000, 0x1000)
    }
}

/// An ELF with one segment at `FLASH`, where it starts.
pub(crate) fn elf(bytes: &[u8]) -> Vec<u8> {
    let mut elf = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |elf: &mut Vec<u8>, value: u16| elf.extend(value.to_le_bytes());
    let word = |elf: &mut Vec<u8>, value: u32| elf.extend(value.to_le_bytes());
    half(&mut elf, 2);
    half(&mut elf, 243);
    for value in [1, FLASH, 52, 0, 1] {
        word(&mut elf, value);
    }
    for value in [52, 32, 1, 40, 0, 0] {
        half(&mut elf, value);
    }
    for value in [1, 84, FLASH, FLASH, bytes.len() as u32, bytes.len() as u32, 5, 4] {
        word(&mut elf, value);
    }
    elf.extend(bytes);
    elf
}

/// A machine about to run `code`.
pub(crate) fn machine(code: &Code) -> Machine {
    Machine::load(&elf(&code.bytes), &core(), &board()).expect("an image that loads")
}

/// Code in the making.
#[derive(Clone, Default)]
pub(crate) struct Code {
    pub(crate) bytes: Vec<u8>,
}

impl Code {
    /// Where the next instruction goes.
    pub(crate) fn here(&self) -> u32 {
        FLASH + self.bytes.len() as u32
    }

    pub(crate) fn wide(&mut self, bits: u32) -> &mut Self {
        self.bytes.extend(bits.to_le_bytes());
        self
    }

    pub(crate) fn narrow(&mut self, bits: u16) -> &mut Self {
        self.bytes.extend(bits.to_le_bytes());
        self
    }

    /// A constant by `LUI` and `ADDI`.
    pub(crate) fn li(&mut self, d: u32, value: u32) -> &mut Self {
        self.wide(value.wrapping_add(0x800) & 0xffff_f000 | d << 7 | 0x37);
        self.wide(i(0x13, 0, d, d, value))
    }

    /// The semihosting sequence around `EBREAK`, for the operation and argument in a0 and a1.
    pub(crate) fn semihosting(&mut self, operation: u32) -> &mut Self {
        self.li(10, operation).wide(0x01f0_1013).wide(0x0010_0073).wide(0x4070_5013)
    }

    /// Ends the program with success.
    pub(crate) fn exit(&mut self) -> &mut Self {
        self.li(11, 0x20026).semihosting(0x18).wide(0x0000_006f)
    }
}

/// An instruction with a register, a register and an immediate of 12 bits.
pub(crate) fn i(opcode: u32, funct3: u32, d: u32, a: u32, imm: u32) -> u32 {
    (imm & 0xfff) << 20 | a << 15 | funct3 << 12 | d << 7 | opcode
}

/// An instruction with three registers.
pub(crate) fn r(funct7: u32, funct3: u32, d: u32, a: u32, b: u32) -> u32 {
    funct7 << 25 | b << 20 | a << 15 | funct3 << 12 | d << 7 | 0x33
}

/// A store.
pub(crate) fn s(funct3: u32, a: u32, b: u32, imm: u32) -> u32 {
    (imm >> 5 & 0x7f) << 25 | b << 20 | a << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23
}

/// A branch over `offset` bytes.
pub(crate) fn b(funct3: u32, a: u32, b: u32, offset: u32) -> u32 {
    let high = (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25;
    let low = (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7;
    high | b << 20 | a << 15 | funct3 << 12 | low | 0x63
}

/// `JAL` over `offset` bytes.
pub(crate) fn j(d: u32, offset: u32) -> u32 {
    let high = (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21;
    high | (offset >> 11 & 1) << 20 | (offset >> 12 & 0xff) << 12 | d << 7 | 0x6f
}
