//! Which memory was used: reads and writes by symbol and by block of addresses, and what was never touched.

use serde::Serialize;

use crate::base::amount::{Toward, bytes, grouped};
use crate::base::table::{self, Align, shortened};

/// A named range of memory and what the program did there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Area {
    /// The symbol or section.
    pub name: String,
    /// First address.
    pub address: u32,
    /// Bytes.
    pub size: u32,
    /// Loads.
    pub reads: u64,
    /// Stores.
    pub writes: u64,
    /// Bytes that were neither read nor written, in whole words.
    pub untouched: u32,
}

/// What a program did with its memories.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Heat {
    /// Bytes of RAM that the board has.
    pub ram: u32,
    /// Bytes of RAM that were read or written, in whole words.
    pub touched: u32,
    /// The image's variables and tables, by address.
    pub areas: Vec<Area>,
    /// RAM in equal blocks, up to the last one that was used.
    pub blocks: Vec<Area>,
}

/// The areas with the most accesses, `most` of them; then what was never used.
pub fn heat_table(heat: &Heat, most: usize) -> String {
    let mut areas: Vec<&Area> = heat.areas.iter().filter(|area| area.reads + area.writes > 0).collect();
    areas.sort_by(|a, b| (b.reads + b.writes).cmp(&(a.reads + a.writes)).then(a.address.cmp(&b.address)));
    let mut rows = vec![["memory", "address", "bytes", "reads", "writes", "untouched"].map(String::from).to_vec()];
    for area in areas.iter().take(most) {
        rows.push(vec![
            shortened(&area.name, 40, ".."),
            format!("{:#010x}", area.address),
            grouped(area.size.into()),
            grouped(area.reads),
            grouped(area.writes),
            grouped(area.untouched.into()),
        ]);
    }
    let mut align = [Align::Right; 6];
    align[0] = Align::Left;
    let mut text = super::table::joined(&table::lines(&rows, &align, 2));
    if areas.len() > most {
        text.push_str(&format!("  {} more\n", areas.len() - most));
    }
    let of = |size: u32| bytes(size.into(), Toward::More);
    text.push_str(&format!("  {} of {} of ram were touched\n", of(heat.touched), of(heat.ram)));
    for (what, idle) in [
        ("never read", heat.areas.iter().filter(|area| area.reads == 0 && area.writes > 0).collect::<Vec<_>>()),
        ("never touched", heat.areas.iter().filter(|area| area.reads + area.writes == 0).collect()),
    ] {
        if !idle.is_empty() {
            let size: u64 = idle.iter().map(|area| u64::from(area.size)).sum();
            let names: Vec<String> = idle.iter().take(6).map(|area| shortened(&area.name, 40, "..")).collect();
            let more = if idle.len() > 6 { format!(" and {} more", idle.len() - 6) } else { String::new() };
            text.push_str(&format!("  {what}: {} bytes in {}{more}\n", grouped(size), names.join(", ")));
        }
    }
    text
}
