//! Where the time went: counters of every instruction, folded by the functions of the image.

use super::calls::CallNode;
use super::code::{Code, flag};
use super::elf::Function;
use super::isa::Isa;

/// What one function did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionProfile {
    /// Its name in the image, or `?` for code under no name.
    pub name: String,
    /// Instructions executed in it, without those of its callees.
    pub instructions: u64,
    /// Cycles spent in it, without those of its callees.
    pub cycles: u64,
    /// Those of them that it waited for the flash.
    pub stalls: u64,
    /// How often it was entered by a call, an interrupt or a jump from another function.
    pub calls: u64,
}

/// What one instruction did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstructionProfile {
    /// Its address.
    pub pc: u32,
    /// Its bytes.
    pub size: u8,
    /// How often it was executed.
    pub count: u64,
    /// Cycles of all executions.
    pub cycles: u64,
    /// Those of them that it waited for the flash.
    pub stalls: u64,
}

/// The function that holds `pc`: its place in the table, sorted by address.
pub(super) fn function_at(functions: &[(u32, Function)], pc: u32) -> Option<usize> {
    let at = functions.partition_point(|entry| entry.0 <= pc).checked_sub(1)?;
    let (start, function) = &functions[at];
    // A function without a size (assembly) lasts until the next one.
    (function.size == 0 || pc - start < function.size).then_some(at)
}

/// Every instruction that ran, by address: the blocks that began before it and have not ended.
pub(super) fn instructions<I: Isa>(code: &Code<I>) -> Vec<InstructionProfile> {
    let mut lines = code.retired.clone();
    if code.counters.is_empty() {
        return lines;
    }
    let is_head = |at: &usize| code.marks[*at].flags & (flag::DECODED | flag::LINKED) == flag::DECODED;
    for head in (0..code.marks.len()).filter(is_head) {
        let (mut at, mut open) = (head, 0);
        loop {
            let (mark, counter) = (&code.marks[at], &code.counters[at]);
            open += counter.begun;
            if open > 0 {
                let cycles = (open * u64::from(mark.cost)).wrapping_add_signed(counter.extra);
                let (pc, size) = (code.address(at), mark.step * 2);
                lines.push(InstructionProfile { pc, size, count: open, cycles, stalls: counter.stalls });
            }
            open = open.wrapping_sub(counter.ended);
            match code.following(at) {
                Some(next) => at = next,
                None => break,
            }
        }
    }
    lines
}

/// One line an address.
pub(super) fn merged(mut lines: Vec<InstructionProfile>) -> Vec<InstructionProfile> {
    lines.sort_by_key(|line| line.pc);
    lines.dedup_by(|line, kept| {
        let same = line.pc == kept.pc;
        if same {
            kept.count += line.count;
            kept.cycles += line.cycles;
            kept.stalls += line.stalls;
        }
        same
    });
    lines
}

/// One line a function that ran, the most cycles first.
pub(super) fn fold(
    instructions: &[InstructionProfile],
    tree: &[CallNode],
    functions: &[(u32, Function)],
) -> Vec<FunctionProfile> {
    let line = |name: &str| FunctionProfile { name: name.to_string(), instructions: 0, cycles: 0, stalls: 0, calls: 0 };
    let mut lines: Vec<FunctionProfile> = functions.iter().map(|(_, function)| line(&function.name)).collect();
    lines.push(line("?"));
    for entry in instructions {
        let line = &mut lines[function_at(functions, entry.pc).unwrap_or(functions.len())];
        line.instructions += entry.count;
        line.cycles += entry.cycles;
        line.stalls += entry.stalls;
    }
    lines.retain(|line| line.instructions > 0);
    for line in &mut lines {
        line.calls = tree.iter().filter(|node| node.name == line.name).map(|node| node.calls).sum();
    }
    lines.sort_by(|a, b| b.cycles.cmp(&a.cycles).then(b.instructions.cmp(&a.instructions)).then(a.name.cmp(&b.name)));
    lines
}
