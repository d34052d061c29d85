//! Functions and call chains as text.

use super::tree::{CallTree, Counts};
use crate::base::amount::grouped;
use crate::base::table::{self, Align, shortened};

/// A name gets at most so many columns.
const NAME: usize = 44;

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1}%", part as f64 * 100.0 / whole.max(1) as f64)
}

/// One line a function, the most cycles of its own first, `most` of them; what is left out is said in the last line.
pub fn function_table(tree: &CallTree, most: usize) -> String {
    let (functions, all) = (tree.functions(), tree.total());
    let head = ["function", "calls", "cycles", "", "with callees", "", "instructions", "stalls", "stack"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for line in functions.iter().take(most) {
        rows.push(vec![
            shortened(&line.name, NAME, ".."),
            grouped(line.calls),
            grouped(line.own.cycles),
            percent(line.own.cycles, all.cycles),
            grouped(line.total.cycles),
            percent(line.total.cycles, all.cycles),
            grouped(line.own.instructions),
            grouped(line.own.stalls),
            grouped(line.stack.into()),
        ]);
    }
    if functions.len() > most {
        let mut rest = Counts::default();
        functions.iter().skip(most).for_each(|line| rest += line.own);
        rows.push(vec![
            format!("{} more", functions.len() - most),
            String::new(),
            grouped(rest.cycles),
            percent(rest.cycles, all.cycles),
            String::new(),
            String::new(),
            grouped(rest.instructions),
            grouped(rest.stalls),
        ]);
    }
    let mut align = [Align::Right; 9];
    align[0] = Align::Left;
    joined(&table::lines(&rows, &align, 2))
}

/// The call chains with the deepest stacks, `most` of them.
pub fn chain_table(tree: &CallTree, most: usize) -> String {
    let rows: Vec<Vec<String>> = tree
        .chains(most)
        .into_iter()
        .map(|chain| vec![grouped(chain.stack.into()), abbreviated(&chain.functions)])
        .collect();
    joined(&table::lines(&rows, &[Align::Right, Align::Left], 2))
}

/// `a > b > c`; of a long chain the beginning and the end.
fn abbreviated(functions: &[String]) -> String {
    let shown = |names: &[String]| names.iter().map(|name| shortened(name, NAME, "..")).collect::<Vec<_>>().join(" > ");
    match functions.len() {
        0..=8 => shown(functions),
        length => format!("{} > ({} calls) > {}", shown(&functions[..4]), length - 7, shown(&functions[length - 3..])),
    }
}

pub(super) fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
