//! Aligned columns of text.

/// How a column stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// At its left edge.
    Left,
    /// At its right edge.
    Right,
}

/// Rows as lines, each column as wide as its widest cell, two blanks between, `indent` blanks before.
/// Cells hold no colour: widths are counted in characters.
pub fn lines(rows: &[Vec<String>], align: &[Align], indent: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell_width = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| width(cell));
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| cell_width(row, column)).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let gap = " ".repeat(widths[column] - width(cell));
            if align.get(column) == Some(&Align::Right) { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        let text = cells.collect::<Vec<_>>().join("  ");
        format!("{}{}", " ".repeat(indent), text.trim_end())
    };
    rows.iter().map(line).collect()
}

/// Characters of `text`.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// At most `most` characters of `text`, the last one an ellipsis when some are left out.
pub fn shortened(text: &str, most: usize, ellipsis: &str) -> String {
    if width(text) <= most {
        return text.to_string();
    }
    let kept: String = text.chars().take(most.saturating_sub(width(ellipsis))).collect();
    format!("{kept}{ellipsis}")
}
