//! The one place that reads ELF: segments, symbols, and which addresses hold code.

use std::collections::BTreeMap;
use std::fmt;

use object::elf::{EM_ARM, EM_RISCV, FileHeader32, PF_X, PT_LOAD, SHF_EXECINSTR};
use object::read::elf::{ElfFile, FileHeader, ProgramHeader};
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind};

use super::lines::Lines;
use crate::library::core::Family;

/// A named address of the image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// Its address; of a function, without the Thumb bit.
    pub address: u32,
    /// Bytes, 0 where the image doesn't say.
    pub size: u32,
}

/// Why an image can't be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// Not a 32-bit little-endian ELF for the core, or a damaged one.
    NotElf(String),
    /// Bytes that belong where the board has neither flash nor RAM.
    Outside {
        /// First address.
        address: u32,
        /// Bytes.
        size: u32,
    },
    /// No vector table and no entry point.
    NoEntry,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf(reason) => write!(f, "not an ELF image for this 32-bit core: {reason}"),
            Self::Outside { address, size } => {
                write!(f, "{size} bytes at {address:#010x}, where the board has neither flash nor RAM")
            }
            Self::NoEntry => f.write_str("neither a vector table nor an entry point"),
        }
    }
}

impl std::error::Error for LoadError {}

/// What the simulator needs of an ELF.
pub(super) struct Image {
    /// Load address and bytes of each segment.
    pub segments: Vec<(u32, Vec<u8>)>,
    /// Every named symbol.
    pub symbols: BTreeMap<String, Symbol>,
    /// Functions by address.
    pub functions: Vec<(u32, Function)>,
    /// First and one past the last address of code.
    pub code: Vec<(u32, u32)>,
    /// The entry point.
    pub entry: u32,
    /// Where its lines are from.
    pub lines: Lines,
}

/// A function of the image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Function {
    pub name: String,
    pub size: u32,
}

/// Reads an ELF image.
pub(super) fn read(bytes: &[u8], family: &Family) -> Result<Image, LoadError> {
    let damaged = |error: object::Error| LoadError::NotElf(error.to_string());
    let file = ElfFile::<FileHeader32<LittleEndian>>::parse(bytes).map_err(damaged)?;
    let endian = file.endian();
    let machine = match family {
        Family::Arm(_) => EM_ARM,
        Family::Riscv(_) => EM_RISCV,
    };
    if file.elf_header().e_machine(endian) != machine {
        return Err(LoadError::NotElf("it is for another machine".to_string()));
    }
    let mut segments = Vec::new();
    let mut code = Vec::new();
    let mut loaded = 0;
    for header in file.elf_program_headers() {
        let data = header.data(endian, bytes).map_err(|()| LoadError::NotElf("a segment is cut off".to_string()))?;
        if header.p_type(endian) != PT_LOAD || data.is_empty() {
            continue;
        }
        // Thousands of segments of the same bytes would fill the host's memory.
        loaded += data.len();
        if loaded > bytes.len() {
            return Err(LoadError::NotElf("its segments share their bytes".to_string()));
        }
        let address = header.p_paddr(endian);
        segments.push((address, data.to_vec()));
        if header.p_flags(endian) & PF_X == PF_X {
            code.push((address, address.saturating_add(data.len() as u32)));
        }
    }
    let sections = code_sections(&file);
    if !sections.is_empty() {
        code = sections;
    }
    let code = united(code);
    let (symbols, functions) = symbols(&file, bytes.len())?;
    let lines = lines(&file);
    Ok(Image { segments, symbols, functions, code, entry: file.elf_header().e_entry(endian), lines })
}

/// Line tables; a compressed one can't be read and counts as none.
fn lines(file: &ElfFile<FileHeader32<LittleEndian>>) -> Lines {
    let section = |name: &str| {
        let bytes = file.section_by_name(name).and_then(|section| section.data().ok());
        bytes.map_or(Vec::new(), <[u8]>::to_vec)
    };
    Lines {
        programs: section(".debug_line"),
        line_strings: section(".debug_line_str"),
        strings: section(".debug_str"),
        units: section(".debug_info"),
        abbreviations: section(".debug_abbrev"),
    }
}

/// Sections with code: exact where segments mix code and constants.
fn code_sections(file: &ElfFile<FileHeader32<LittleEndian>>) -> Vec<(u32, u32)> {
    let is_code = |flags: SectionFlags| match flags {
        SectionFlags::Elf { sh_flags, .. } => sh_flags & SHF_EXECINSTR == SHF_EXECINSTR,
        _ => false,
    };
    file.sections()
        .filter(|section| section.size() > 0 && is_code(section.flags()))
        .map(|section| {
            let start = section.address() as u32;
            (start, start.saturating_add(section.size() as u32))
        })
        .collect()
}

/// The same addresses in ranges that are in order and don't touch: many ranges may be one.
fn united(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut result: Vec<(u32, u32)> = Vec::new();
    for (start, end) in ranges {
        match result.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => result.push((start, end)),
        }
    }
    result
}

type Symbols = (BTreeMap<String, Symbol>, Vec<(u32, Function)>);

/// Names may share their endings, but no linker makes them share so much that they are longer than the image.
fn symbols(file: &ElfFile<FileHeader32<LittleEndian>>, most: usize) -> Result<Symbols, LoadError> {
    let mut named = 0;
    let mut symbols = BTreeMap::new();
    let mut functions: BTreeMap<u32, Function> = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| !symbol.is_undefined()) {
        // `$t`, `$d`, `$a` mark kinds of bytes, not names.
        let Some(name) = symbol.name().ok().filter(|name| !name.is_empty() && !name.starts_with('$')) else { continue };
        named += name.len();
        if named > most {
            return Err(LoadError::NotElf("its symbols share their names".to_string()));
        }
        let is_function = symbol.kind() == SymbolKind::Text;
        let address = symbol.address() as u32 & if is_function { !1 } else { u32::MAX };
        let size = symbol.size() as u32;
        // A global name wins over a local one of the same spelling.
        if symbol.is_global() || !symbols.contains_key(name) {
            symbols.insert(name.to_string(), Symbol { address, size });
        }
        if is_function {
            let known = functions.get(&address);
            if known.is_none_or(|known| known.size < size || (known.size == size && symbol.is_global())) {
                functions.insert(address, Function { name: name.to_string(), size });
            }
        }
    }
    Ok((symbols, functions.into_iter().collect()))
}
