//! Where the time went: counters of every instruction, folded by the functions of the image.

use super::code::Code;
use super::elf::Function;

/// What one function did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionProfile {
    /// Its name in the image, or `?` for code under no name.
    pub name: String,
    /// Instructions executed in it, without those of its callees.
    pub instructions: u64,
    /// Cycles spent in it, without those of its callees.
    pub cycles: u64,
    /// How often it was entered from outside or by a call.
    pub calls: u64,
}

/// The function that holds `pc`: its place in the table, sorted by address.
pub(super) fn function_at(functions: &[(u32, Function)], pc: u32) -> Option<usize> {
    let at = functions.partition_point(|entry| entry.0 <= pc).checked_sub(1)?;
    let (start, function) = &functions[at];
    // A function without a size (assembly) lasts until the next one.
    (function.size == 0 || pc - start < function.size).then_some(at)
}

/// One line a function that ran, the most cycles first.
pub(super) fn fold(codes: &[&Code], functions: &[(u32, Function)]) -> Vec<FunctionProfile> {
    let line = |name: &str| FunctionProfile { name: name.to_string(), instructions: 0, cycles: 0, calls: 0 };
    let mut lines: Vec<FunctionProfile> = functions.iter().map(|(_, function)| line(&function.name)).collect();
    lines.push(line("?"));
    for code in codes {
        for (at, counter) in code.counters.iter().enumerate().filter(|(_, counter)| counter.instructions > 0) {
            let pc = code.origin.wrapping_add(at as u32 * 2);
            let function = function_at(functions, pc).unwrap_or(functions.len());
            lines[function].instructions += counter.instructions;
            lines[function].cycles += counter.cycles;
            lines[function].calls += counter.calls;
        }
    }
    lines.retain(|line| line.instructions > 0);
    lines.sort_by(|a, b| b.cycles.cmp(&a.cycles).then(b.instructions.cmp(&a.instructions)).then(a.name.cmp(&b.name)));
    lines
}
