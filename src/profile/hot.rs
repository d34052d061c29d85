//! Hot basic blocks: straight pieces of code that ran equally often, with their instructions and lines.

use serde::Serialize;

use super::tree::Counts;
use crate::base::amount::grouped;
use crate::sim::Line;

/// One instruction of the image and what it cost in all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Instruction {
    /// Where it is.
    pub address: u32,
    /// Its bytes, in the order of memory.
    pub bytes: Vec<u8>,
    /// As an assembler writes it.
    pub text: String,
    /// The control flow may go elsewhere behind it.
    pub ends_block: bool,
    /// The function that it is in.
    pub function: Option<String>,
    /// The source line.
    pub line: Option<Line>,
    /// What it cost; `instructions` is how often it ran.
    pub counts: Counts,
}

/// A straight piece of code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Block {
    /// The function that it is in.
    pub function: Option<String>,
    /// How often it ran.
    pub runs: u64,
    /// What it cost in all.
    pub counts: Counts,
    /// Its instructions.
    pub instructions: Vec<Instruction>,
}

/// The blocks of instructions that ran, given in the order of their addresses; the most cycles first.
pub fn blocks(instructions: Vec<Instruction>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for instruction in instructions.into_iter().filter(|one| one.counts.instructions > 0) {
        let follows = blocks.last_mut().filter(|block| block.goes_on_with(&instruction));
        match follows {
            Some(block) => {
                block.counts += instruction.counts;
                block.instructions.push(instruction);
            }
            None => blocks.push(Block {
                function: instruction.function.clone(),
                runs: instruction.counts.instructions,
                counts: instruction.counts,
                instructions: vec![instruction],
            }),
        }
    }
    blocks.sort_by(|a, b| b.counts.cycles.cmp(&a.counts.cycles).then(a.address().cmp(&b.address())));
    blocks
}

impl Block {
    /// Its first address.
    pub fn address(&self) -> u32 {
        self.instructions.first().map_or(0, |first| first.address)
    }

    fn goes_on_with(&self, next: &Instruction) -> bool {
        self.instructions.last().is_some_and(|last| {
            last.address.wrapping_add(last.bytes.len() as u32) == next.address
                && !last.ends_block
                && last.function == next.function
                && last.counts.instructions == next.counts.instructions
        })
    }
}

/// `blocks` with their instructions and their share of `all` cycles. `source` gives the name of a line and its text, if it is there.
pub fn hot_table(blocks: &[Block], all: u64, source: &dyn Fn(&Line) -> (String, Option<String>)) -> String {
    let mut text = String::new();
    for block in blocks {
        let share = block.counts.cycles as f64 * 100.0 / all.max(1) as f64;
        text.push_str(&format!(
            "  {} at {:#010x}: {share:.1}%, {} cycles, {} runs of {:.1} cycles\n",
            block.function.as_deref().unwrap_or("?"),
            block.address(),
            grouped(block.counts.cycles),
            grouped(block.runs),
            block.counts.cycles as f64 / block.runs.max(1) as f64,
        ));
        let mut shown: Option<(&str, u32)> = None;
        for one in &block.instructions {
            if let Some(place) = one.line.as_ref().filter(|line| Some((line.file.as_str(), line.line)) != shown) {
                shown = Some((&place.file, place.line));
                let (place, code) = source(place);
                let code = code.map_or(String::new(), |code| format!("  {}", code.trim()));
                text.push_str(&format!("    {place}{code}\n"));
            }
            text.push_str(&line(one));
        }
        text.push('\n');
    }
    text
}

fn line(one: &Instruction) -> String {
    let bytes: String = one.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let per = one.counts.cycles as f64 / one.counts.instructions.max(1) as f64;
    let stalls = match one.counts.stalls {
        0 => String::new(),
        stalls => format!("  {} stalled", grouped(stalls)),
    };
    let text = format!("    {:#010x}  {bytes:<8}  {:<36} {per:>5.1} cycles{stalls}", one.address, one.text);
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: u32, runs: u64, ends_block: bool) -> Instruction {
        Instruction {
            address,
            bytes: vec![0, 0xbf],
            text: "nop".into(),
            ends_block,
            function: Some("f".into()),
            line: Some(Line { file: "f.c".into(), folder: None, line: 3, column: 1 }),
            counts: Counts { instructions: runs, cycles: runs * 2, stalls: 0 },
        }
    }

    #[test]
    fn a_block_ends_at_a_branch_a_gap_and_a_change_of_count() {
        let blocks = blocks(vec![
            at(0, 5, false),
            at(2, 5, true),
            at(4, 5, false),
            at(6, 100, false),
            at(8, 100, false),
            at(10, 0, false),
            at(12, 100, false),
        ]);
        let found: Vec<(u32, usize, u64)> =
            blocks.iter().map(|block| (block.address(), block.instructions.len(), block.runs)).collect();
        assert_eq!(found, [(6, 2, 100), (12, 1, 100), (0, 2, 5), (4, 1, 5)]);
        let text = hot_table(&blocks[..1], 630, &|line| (line.to_string(), Some("  x += y;".into())));
        assert!(text.contains("f at 0x00000006: 63.5%, 400 cycles, 100 runs of 4.0 cycles"), "{text}");
        assert!(text.contains("    f.c:3  x += y;\n    0x00000006  00bf      nop"), "{text}");
    }
}
