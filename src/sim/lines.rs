//! Addresses to source lines: DWARF line tables (DWARF 5, 6.2; versions 2 to 5), read only when somebody asks.

use std::collections::BTreeMap;

use gimli::{
    AttributeValue, DebugAbbrev, DebugInfo, DebugLine, DebugLineOffset, DebugLineStr, DebugStr, EndianSlice,
    LineProgramHeader, LineRow, LittleEndian, UnitHeader,
};
use serde::Serialize;

type Bytes<'a> = EndianSlice<'a, LittleEndian>;
type Header<'a> = LineProgramHeader<Bytes<'a>>;

/// A place in a source file, as the compiler recorded it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Line {
    /// The file, relative to `folder` unless it is absolute.
    pub file: String,
    /// The folder that the compiler ran in, where it is recorded.
    pub folder: Option<String>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1; 0 where it isn't recorded.
    pub column: u32,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The sections of an image that say which line an address is from; all empty in a stripped one.
#[derive(Clone, Default, Debug)]
pub(super) struct Lines {
    /// `.debug_line`
    pub programs: Vec<u8>,
    /// `.debug_line_str`
    pub line_strings: Vec<u8>,
    /// `.debug_str`
    pub strings: Vec<u8>,
    /// `.debug_info`
    pub units: Vec<u8>,
    /// `.debug_abbrev`
    pub abbreviations: Vec<u8>,
}

/// Bytes of abbreviations that one search reads at most: damaged units may share one long list.
const MOST_ABBREVIATIONS: usize = 1 << 28;

impl Lines {
    /// The line of each of `addresses`, in one pass over the tables. What can't be read is skipped: debug information
    /// is a hint, and a damaged one must not hide the fault that it is asked about.
    pub(super) fn find(&self, addresses: &[u32]) -> Vec<Option<Line>> {
        let mut search = Search::new(addresses);
        let section = DebugLine::new(&self.programs, LittleEndian);
        let mut offset = 0;
        // Each table is visited once and has no more rows than bytes, so this ends whatever the bytes are.
        while let Some(length) = unit_length(&self.programs, offset) {
            if let Ok(program) = section.program(DebugLineOffset(offset), 4, None, None) {
                search.begin_table(offset);
                let mut rows = program.rows();
                while let Ok(Some((header, row))) = rows.next_row() {
                    search.row(row, |file| self.place(header, file));
                }
            }
            offset += length;
        }
        let unknown = |found: &Found| found.line.folder.is_none() && !found.line.file.starts_with('/');
        if search.found.iter().flatten().any(unknown) {
            let folders = self.folders();
            for found in search.found.iter_mut().flatten().filter(|found| unknown(found)) {
                found.line.folder = folders.get(&found.table).cloned();
            }
        }
        search.found.into_iter().map(|found| found.map(|found| found.line)).collect()
    }

    /// The folder that the compiler ran in, by the line table of the unit: before version 5, only the unit tells it.
    fn folders(&self) -> BTreeMap<usize, String> {
        let mut folders = BTreeMap::new();
        let section = DebugInfo::new(&self.units, LittleEndian);
        let (mut units, mut left) = (section.units(), MOST_ABBREVIATIONS);
        while let Ok(Some(unit)) = units.next() {
            let most = self.abbreviations.len().saturating_sub(unit.debug_abbrev_offset().0);
            match left.checked_sub(most) {
                Some(rest) => left = rest,
                None => break,
            }
            folders.extend(self.folder(&unit));
        }
        folders
    }

    /// Line table and folder of a unit.
    fn folder(&self, unit: &UnitHeader<Bytes>) -> Option<(usize, String)> {
        let abbreviations = unit.abbreviations(&DebugAbbrev::new(&self.abbreviations, LittleEndian)).ok()?;
        let mut entries = unit.entries(&abbreviations);
        entries.next_dfs().ok()?;
        let root = entries.current()?;
        let AttributeValue::DebugLineRef(DebugLineOffset(table)) = root.attr_value(gimli::DW_AT_stmt_list)? else {
            return None;
        };
        Some((table, self.text(root.attr_value(gimli::DW_AT_comp_dir)?)?))
    }

    /// File and folder of entry `index` of a table.
    fn place(&self, header: &Header, index: u64) -> Option<Place> {
        let entry = header.file(index)?;
        let name = self.text(entry.path_name())?;
        let compiled_in = (header.version() >= 5).then(|| self.text(header.directory(0)?)).flatten();
        if entry.directory_index() == 0 || name.starts_with('/') {
            return Some((name, compiled_in));
        }
        let folder = entry.directory(header).and_then(|folder| self.text(folder));
        // Files in the folder of compilation are named without it.
        let file = match folder {
            Some(folder) if Some(&folder) != compiled_in.as_ref() => format!("{}/{name}", folder.trim_end_matches('/')),
            _ => name,
        };
        Some((file, compiled_in))
    }

    fn text(&self, value: AttributeValue<Bytes>) -> Option<String> {
        let bytes = match value {
            AttributeValue::String(bytes) => bytes,
            AttributeValue::DebugLineStrRef(offset) => {
                DebugLineStr::from(EndianSlice::new(&self.line_strings, LittleEndian)).get_str(offset).ok()?
            }
            AttributeValue::DebugStrRef(offset) => {
                DebugStr::from(EndianSlice::new(&self.strings, LittleEndian)).get_str(offset).ok()?
            }
            _ => return None,
        };
        Some(String::from_utf8_lossy(bytes.slice()).into_owned())
    }
}

/// Bytes of the table at `offset` with its length field; None at the end. The 64-bit form isn't for 32-bit images.
fn unit_length(section: &[u8], offset: usize) -> Option<usize> {
    let field = section.get(offset..offset.checked_add(4)?)?;
    let length = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
    let length = (length < 0xffff_fff0).then_some(length as usize + 4)?;
    (length <= section.len() - offset).then_some(length)
}

/// The row before the present one.
#[derive(Clone, Copy)]
struct Before {
    address: u64,
    file: u64,
    line: u32,
    column: u32,
}

/// A file and the folder that its name starts from.
type Place = (String, Option<String>);

/// A line, and where it was found.
#[derive(Clone)]
struct Found {
    /// The first address of its sequence.
    start: u64,
    /// Offset of its table.
    table: usize,
    line: Line,
}

/// Addresses in order, and what was found for each.
struct Search {
    sorted: Vec<(u32, usize)>,
    found: Vec<Option<Found>>,
    /// Offset of the table that is being read.
    table: usize,
    before: Option<Before>,
    start: u64,
    /// Files of the table that is being read, as far as they were looked up.
    names: Vec<(u64, Option<Place>)>,
}

impl Search {
    fn new(addresses: &[u32]) -> Self {
        let mut sorted: Vec<(u32, usize)> = addresses.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        Self { sorted, found: vec![None; addresses.len()], table: 0, before: None, start: 0, names: Vec::new() }
    }

    fn begin_table(&mut self, table: usize) {
        self.table = table;
        self.before = None;
        self.names.clear();
    }

    fn row(&mut self, row: &LineRow, place: impl Fn(u64) -> Option<Place>) {
        match self.before {
            Some(before) => self.take(before, row.address(), place),
            None => self.start = row.address(),
        }
        self.before = (!row.end_sequence()).then(|| Before {
            address: row.address(),
            file: row.file_index(),
            line: row.line().map_or(0, |line| line.get() as u32),
            column: match row.column() {
                gimli::ColumnType::LeftEdge => 0,
                gimli::ColumnType::Column(column) => column.get() as u32,
            },
        });
    }

    /// The stretch from `before` up to `end`.
    fn take(&mut self, before: Before, end: u64, place: impl Fn(u64) -> Option<Place>) {
        let first = self.sorted.partition_point(|(address, _)| u64::from(*address) < before.address);
        for at in first..self.sorted.len() {
            let (address, index) = self.sorted[at];
            if u64::from(address) >= end {
                break;
            }
            // Of functions that the linker dropped, tables remain, mostly at 0: the sequence that begins last is real.
            let later = self.found[index].as_ref().is_none_or(|found| found.start <= self.start);
            if before.line == 0 || !later {
                continue;
            }
            if let Some((file, folder)) = self.name(before.file, &place) {
                let line = Line { file, folder, line: before.line, column: before.column };
                self.found[index] = Some(Found { start: self.start, table: self.table, line });
            }
        }
    }

    /// The name of a file of the present table; each is looked up once.
    fn name(&mut self, file: u64, place: impl Fn(u64) -> Option<Place>) -> Option<Place> {
        if let Some((_, name)) = self.names.iter().find(|(known, _)| *known == file) {
            return name.clone();
        }
        let name = place(file);
        self.names.push((file, name.clone()));
        name
    }
}
