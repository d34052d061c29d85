//! The counts of accesses that the machine kept, by symbol and by block of RAM.

use crate::library::Board;
use crate::profile::{Area, Heat};
use crate::sim::{Access, Machine, Touched};

/// What happened to the memories of `machine`, RAM in blocks of `block` bytes.
pub(super) fn of(machine: &Machine, board: &Board, block: u32) -> Heat {
    let ram = board.ram;
    let words = machine.touched(ram.origin, ram.size);
    let used = words.iter().rposition(Touched::any).map_or(0, |last| last as u32 * 4 + 4);
    let blocks = (0..used.div_ceil(block)).map(|index| {
        let (origin, size) = (ram.origin + index * block, block.min(ram.size - index * block));
        area(machine, format!("{origin:#010x}"), origin, size)
    });
    Heat {
        ram: ram.size,
        touched: words.iter().filter(|word| word.any()).count() as u32 * 4,
        areas: areas(machine),
        blocks: blocks.collect(),
    }
}

/// Variables and tables by address; of several names for one address, the first.
fn areas(machine: &Machine) -> Vec<Area> {
    let mut data: Vec<(u32, u32, &str)> = machine
        .symbols()
        .filter(|(_, symbol)| symbol.size > 0 && machine.function(symbol.address).is_none())
        .map(|(name, symbol)| (symbol.address, symbol.size, name))
        .collect();
    data.sort_unstable();
    data.dedup_by_key(|one| one.0);
    data.into_iter().map(|(address, size, name)| area(machine, name.to_string(), address, size)).collect()
}

fn area(machine: &Machine, name: String, address: u32, size: u32) -> Area {
    let words = machine.touched(address, size);
    let sum = |access: Access| words.iter().map(|word| u64::from(word.count(access))).sum();
    let idle = words.iter().filter(|word| !word.any()).count() as u32 * 4;
    Area { name, address, size, reads: sum(Access::Read), writes: sum(Access::Write), untouched: idle.min(size) }
}
