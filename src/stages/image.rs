//! From a linked program to what is flashed: binary, Intel hex and UF2 images, and what takes which space.

use std::fmt::Write as _;

use object::elf::{PT_LOAD, SHF_ALLOC, STT_FUNC, STT_OBJECT};
use object::read::elf::{ElfFile32, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SectionFlags};
use serde::Serialize;

use crate::base::Diag;
use crate::library::board::{Memory, Uf2};

/// What flash holds, from `origin` up to the last byte that the program loads; bytes that nothing sets are 0xff.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// The first address.
    pub origin: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where execution starts, from the program's header.
    pub entry: u32,
}

/// What takes which space; bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sizes {
    /// Program memory.
    pub flash: FlashSizes,
    /// Work memory.
    pub ram: RamSizes,
    /// Every function and object that takes space, the largest first.
    pub symbols: Vec<Placed>,
}

/// Program memory; bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct FlashSizes {
    /// From the first to the last byte that is flashed.
    pub total: u64,
    /// The constants that the caller counts as weights.
    pub weights: u64,
    /// Instructions, vector table, second-stage bootloader.
    pub code: u64,
    /// Everything else: other constants, initial values of variables, gaps.
    pub other: u64,
}

/// Work memory; bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct RamSizes {
    /// All that is reserved.
    pub total: u64,
    /// What the link reserves for the stack.
    pub stack: u64,
    /// Variables with initial values.
    pub data: u64,
    /// Variables that start as zero, and gaps.
    pub bss: u64,
}

/// A named piece of the program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Placed {
    /// Its name in C.
    pub name: String,
    /// Where it lies.
    pub address: u32,
    /// Its bytes.
    pub size: u32,
    /// Which memory it is in.
    pub memory: Place,
    /// Whether it is a function.
    pub function: bool,
}

/// A memory of a board.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Program memory.
    Flash,
    /// Work memory.
    Ram,
}

impl Content {
    /// What `elf` puts into `flash`.
    ///
    /// # Errors
    /// `tml::image`: not a 32-bit ELF file, nothing to load, or something to load outside `flash`.
    pub fn of(elf: &[u8], flash: Memory) -> Result<Self, Diag> {
        let file = parse(elf)?;
        let endian = file.endian();
        let mut bytes = Vec::new();
        for header in file.elf_program_headers().iter().filter(|header| header.p_type(endian) == PT_LOAD) {
            let data = header.data(endian, elf).map_err(|()| broken("a segment lies outside the file"))?;
            if data.is_empty() {
                continue;
            }
            let start = header.p_paddr(endian);
            let inside = |address: &u32| (flash.origin..=flash.last()).contains(address);
            let last = start.checked_add(data.len() as u32 - 1).filter(inside);
            let (Some(last), true) = (last, inside(&start)) else {
                return Err(broken(&format!("{} bytes at {start:#x} lie outside flash", data.len())));
            };
            let (from, to) = ((start - flash.origin) as usize, (last - flash.origin) as usize + 1);
            if bytes.len() < to {
                bytes.resize(to, 0xff);
            }
            bytes[from..to].copy_from_slice(data);
        }
        if bytes.is_empty() {
            return Err(broken("it loads nothing"));
        }
        Ok(Self { origin: flash.origin, bytes, entry: file.entry() as u32 })
    }

    /// Intel hex (Intel specification of 1988, revision A): data, extended linear address, start address, end.
    pub fn hex(&self) -> String {
        let mut text = String::new();
        let mut upper = 0;
        for (index, line) in self.bytes.chunks(16).enumerate() {
            let address = self.origin + 16 * index as u32;
            if address >> 16 != upper || index == 0 {
                upper = address >> 16;
                record(&mut text, 4, 0, &(upper as u16).to_be_bytes());
            }
            record(&mut text, 0, address as u16, line);
        }
        record(&mut text, 5, 0, &self.entry.to_be_bytes());
        record(&mut text, 1, 0, &[]);
        text
    }

    /// UF2 (Microsoft, <https://github.com/microsoft/uf2>): 256 bytes in every block of 512, filled up to whole sectors,
    /// because RP2040's boot ROM may leave out pages near a sector of which it gets only a part (data sheet, erratum E14).
    pub fn uf2(&self, form: Uf2) -> Vec<u8> {
        let sector = form.sector.max(256) as usize;
        let mut padded = self.bytes.clone();
        padded.resize(self.bytes.len().next_multiple_of(sector), 0xff);
        let blocks = padded.len() / 256;
        let mut file = Vec::with_capacity(blocks * 512);
        for (index, page) in padded.chunks(256).enumerate() {
            let address = self.origin + 256 * index as u32;
            let head = [0x0a32_4655, 0x9e5d_5157, 0x2000, address, 256, index as u32, blocks as u32, form.family];
            file.extend(head.iter().flat_map(|word| word.to_le_bytes()));
            file.extend(page);
            file.resize((index + 1) * 512 - 4, 0);
            file.extend(0x0ab1_6f30_u32.to_le_bytes());
        }
        file
    }
}

/// One line of Intel hex.
fn record(text: &mut String, kind: u8, address: u16, data: &[u8]) {
    let [high, low] = address.to_be_bytes();
    let head = [data.len() as u8, high, low, kind];
    let sum = head.iter().chain(data).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    text.push(':');
    for byte in head.iter().chain(data).chain(&[sum.wrapping_neg()]) {
        let _ = write!(text, "{byte:02X}"); // a String takes every write
    }
    text.push('\n');
}

/// What takes which space in `elf`; `is_weight` says which constants are weights, by name.
///
/// # Errors
/// `tml::image`, as for [`Content::of`].
pub fn sizes(elf: &[u8], flash: Memory, ram: Memory, is_weight: impl Fn(&str) -> bool) -> Result<Sizes, Diag> {
    let file = parse(elf)?;
    let symbols = symbols(&file, flash, ram);
    let total = Content::of(elf, flash)?.bytes.len() as u64;
    let constants = symbols.iter().filter(|symbol| symbol.memory == Place::Flash && !symbol.function);
    let weights = constants.filter(|symbol| is_weight(&symbol.name)).map(|symbol| u64::from(symbol.size)).sum();
    let (mut code, mut data, mut reserved) = (0, 0, 0);
    for section in file.sections().filter(|section| section.size() > 0 && is_allocated(section)) {
        let name = section.name().unwrap_or_default();
        if ram.contains(section.address() as u32) {
            reserved = reserved.max(section.address() + section.size() - u64::from(ram.origin));
            data += if name == ".data" { section.size() } else { 0 };
        } else if matches!(name, ".text" | ".vectors" | ".boot2" | ".header") {
            code += section.size();
        }
    }
    let stack = match (address(&file, "_stack_top"), address(&file, "_stack_bottom")) {
        (Some(top), Some(bottom)) => top.saturating_sub(bottom),
        _ => 0,
    };
    let ram = RamSizes { total: reserved, stack, data, bss: reserved.saturating_sub(stack + data) };
    let flash = FlashSizes { total, weights, code, other: total.saturating_sub(weights + code) };
    Ok(Sizes { flash, ram, symbols })
}

fn symbols(file: &ElfFile32<'_>, flash: Memory, ram: Memory) -> Vec<Placed> {
    let endian = file.endian();
    let mut symbols = Vec::new();
    for symbol in file.symbols() {
        let raw = symbol.elf_symbol();
        let function = raw.st_type() == STT_FUNC;
        // Bit 0 of a function's address says that it is Thumb code.
        let address = raw.st_value.get(endian) & if function { !1 } else { !0 };
        let memory = match () {
            () if flash.contains(address) => Place::Flash,
            () if ram.contains(address) => Place::Ram,
            () => continue,
        };
        if symbol.size() > 0 && (function || raw.st_type() == STT_OBJECT) {
            let name = symbol.name().unwrap_or_default().to_string();
            symbols.push(Placed { name, address, size: symbol.size() as u32, memory, function });
        }
    }
    symbols.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| (a.address, &a.name).cmp(&(b.address, &b.name))));
    symbols
}

fn is_allocated<'data>(section: &impl ObjectSection<'data>) -> bool {
    matches!(section.flags(), SectionFlags::Elf { sh_flags, .. } if sh_flags.contains(SHF_ALLOC))
}

fn address(file: &ElfFile32<'_>, name: &str) -> Option<u64> {
    file.symbols().find(|symbol| symbol.name() == Ok(name)).map(|symbol| symbol.address())
}

fn parse(elf: &[u8]) -> Result<ElfFile32<'_>, Diag> {
    ElfFile32::<Endianness>::parse(elf).map_err(|error| broken(&error.to_string().to_lowercase()))
}

fn broken(reason: &str) -> Diag {
    Diag::error("tml::image", format!("the linked program can't be turned into an image: {reason}"))
        .help("run the build again; if it stays, keep the .elf file and report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_lines_carry_their_sums_and_cross_64_kib() {
        let content = Content { origin: 0x0800_fff0, bytes: (0..40).collect(), entry: 0x0800_fff1 };
        let text = content.hex();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], ":020000040800F2");
        assert_eq!(lines[1], ":10FFF000000102030405060708090A0B0C0D0E0F89");
        assert_eq!(lines[2], ":020000040801F1");
        assert_eq!(lines[4], ":080010002021222324252627CC");
        assert_eq!(lines[5], ":040000050800FFF1FF");
        assert_eq!(lines[6], ":00000001FF");
    }

    #[test]
    fn uf2_fills_whole_sectors() {
        let content = Content { origin: 0x1000_0000, bytes: vec![7; 300], entry: 0 };
        let file = content.uf2(Uf2 { family: 0xe48b_ff56, sector: 4096 });
        assert_eq!(file.len(), 16 * 512);
        assert_eq!(&file[512 + 12..512 + 16], &0x1000_0100_u32.to_le_bytes());
        assert_eq!(file[512 + 32 + 44], 0xff);
        assert_eq!(&file[file.len() - 4..], &0x0ab1_6f30_u32.to_le_bytes());
    }

    #[test]
    fn damaged_programs_are_refused() {
        let flash = Memory { origin: 0, size: 1024, data: None };
        assert_eq!(Content::of(b"", flash).expect_err("refused").code, "tml::image");
        assert_eq!(Content::of(&[0x7f; 200], flash).expect_err("refused").code, "tml::image");
    }
}
