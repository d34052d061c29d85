//! The report for people: requirements, confusion matrix, memory, time by layer.
//! Colour only repeats what words and signs say already.

use super::answers;
use super::confusion::Confusion;
use super::search;
use super::verdict::{Cycles, Judged, OnBoard, Report, Test, Verdict};
use crate::base::amount::{Toward, amount, bytes, grouped};
use crate::base::table::{self, Align, shortened, width};

/// How the text is to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub color: bool,
    /// Whether to use characters beyond ASCII.
    pub unicode: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Ink {
    Bold,
    Dim,
    Good,
    Bad,
}

impl Style {
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Bad => "1;31",
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    pub(super) fn sign(self, met: bool) -> &'static str {
        match (met, self.unicode) {
            (true, true) => "✓",
            (false, true) => "✗",
            (true, false) => "ok",
            (false, false) => "NO",
        }
    }

    pub(super) fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "~" }
    }

    /// A bar of `share` of `most` characters.
    fn bar(self, share: f64, most: usize) -> String {
        if !self.unicode {
            return "#".repeat((share * most as f64).round() as usize);
        }
        let eighths = (share * most as f64 * 8.0).round() as usize;
        let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
        format!("{}{rest}", "█".repeat(eighths / 8))
    }
}

/// The report as text, ending in a newline.
pub fn text(report: &Report, style: &Style) -> String {
    let style = Style { width: style.width.max(40), ..*style };
    let mut lines: Vec<String> = Vec::new();
    let mut shown: Option<(&str, &Test)> = None;
    for board in &report.boards {
        lines.push(heading(board, style));
        lines.push(String::new());
        lines.extend(requirements(&board.requirements, style));
        if let Some(test) = &board.test
            && shown != Some((&board.deploy, test))
        {
            lines.extend(test_part(test, style));
            lines.extend(board.detection.iter().flat_map(|found| answers::detection(found, style)));
            shown = Some((&board.deploy, test));
        }
        let first = report.boards.iter().find(|other| other.deploy == board.deploy);
        if first.is_some_and(|first| first.board == board.board || first.targets != board.targets) {
            lines.extend(board.targets.iter().flat_map(|targets| answers::targets(targets, style)));
        }
        lines.extend(memory(board, style));
        lines.extend(board.cycles.iter().flat_map(|cycles| time(cycles, board.latency_s, style)));
        lines.extend(compared(board, style));
        lines.push(String::new());
    }
    lines.extend(report.searches.iter().flat_map(|found| search::lines(found, style)));
    lines.extend(verdict(report, style));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn heading(board: &OnBoard, style: Style) -> String {
    let name = format!("{} on {}", board.deploy, board.board);
    let room = style.width.saturating_sub(width(&name) + 4);
    let title = shortened(&format!("({})", board.title), room, style.ellipsis());
    format!("{}  {}", style.paint(Ink::Bold, &name), style.paint(Ink::Dim, &title))
}

fn requirements(judged: &[Judged], style: Style) -> Vec<String> {
    if judged.is_empty() {
        return vec!["  nothing is required".to_string(), String::new()];
    }
    let head = ["requirement", "value", "", "limit", "margin", "", ""];
    let mut rows = vec![head.iter().map(ToString::to_string).collect::<Vec<_>>()];
    for one in judged {
        let toward = Toward::of(&one.relation);
        let value = one.value.map_or("none".to_string(), |value| amount(value, &one.unit, toward));
        let margin = one.margin.map_or(String::new(), |margin| amount(margin, &one.unit, Toward::Less));
        let limit = amount(one.limit, &one.unit, Toward::Less);
        let sign = format!("{} {}", style.sign(one.met), if one.met { "met" } else { "not met" });
        rows.push(vec![one.metric.clone(), value, one.relation.clone(), limit, margin, one.kind.word().into(), sign]);
    }
    let align = [Align::Left, Align::Right, Align::Left, Align::Right, Align::Right, Align::Left, Align::Left];
    let mut lines = table::lines(&rows, &align, 2);
    if lines.iter().any(|line| width(line) > style.width) {
        // The sign alone tells.
        for (row, one) in rows.iter_mut().skip(1).zip(judged) {
            row[6] = style.sign(one.met).to_string();
        }
        lines = table::lines(&rows, &align, 2);
    }
    for ((line, row), one) in lines.iter_mut().zip(&rows).skip(1).zip(judged) {
        if let Some((sign, before)) = row.last().and_then(|sign| Some((sign, line.strip_suffix(sign.as_str())?))) {
            *line = format!("{before}{}", style.paint(if one.met { Ink::Good } else { Ink::Bad }, sign));
        }
    }
    lines[0] = style.paint(Ink::Dim, &lines[0]);
    let noted = judged.iter().filter_map(|one| Some(format!("{}: {}", one.metric, one.note.as_ref()?)));
    lines.extend(noted.flat_map(|note| wrapped(&note, 2, style)));
    lines.push(String::new());
    lines
}

pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or("-".to_string(), |value| amount(value, "ratio", Toward::Less))
}

/// With one decimal always, so that columns align.
fn tenths(value: Option<f64>) -> String {
    value.map_or("-".to_string(), |value| format!("{:.1}%", (value * 1000.0 + 1e-6).floor() / 10.0))
}

/// A sentence over as many lines as it needs, `indent` blanks before each.
pub(super) fn wrapped(text: &str, indent: usize, style: Style) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= style.width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{}{word}", " ".repeat(indent))),
        }
    }
    lines
}

fn test_part(test: &Test, style: Style) -> Vec<String> {
    let mut lines = wrapped(&answers::fact(test), 2, style);
    let matrix = matrix(test, style);
    let fits = matrix.iter().all(|line| width(line) <= style.width);
    lines.extend(if fits { matrix } else { mistakes(test, style) });
    lines.extend(answers::alarms(test, style));
    lines.push(String::new());
    lines
}

fn matrix(test: &Test, style: Style) -> Vec<String> {
    let counts = Confusion(&test.confusion);
    let zero = if style.unicode { "·" } else { "." };
    let short = |name: &String| shortened(name, 12, style.ellipsis());
    let arrow = if style.unicode { "is ↓  answered →" } else { "is \\ answered" };
    let mut head = vec![arrow.to_string()];
    head.extend(test.classes.iter().map(short));
    let columns = test.confusion.first().map_or(test.classes.len(), Vec::len);
    head.extend((test.classes.len()..columns).map(|_| "unknown".to_string()));
    head.push("recall".to_string());
    let mut rows = vec![head];
    for (class, name) in test.classes.iter().enumerate() {
        let mut row = vec![short(name)];
        let cell = |count: &u64| if *count == 0 { zero.to_string() } else { count.to_string() };
        row.extend(test.confusion.get(class).into_iter().flatten().map(cell));
        row.push(tenths(counts.recall(class)));
        rows.push(row);
    }
    let mut last = vec!["precision".to_string()];
    last.extend(
        (0..columns).map(
            |class| {
                if class < test.classes.len() { tenths(counts.precision(class)) } else { String::new() }
            },
        ),
    );
    rows.push(last);
    let mut align = vec![Align::Right; columns + 2];
    align[0] = Align::Left;
    table::lines(&rows, &align, 4)
}

/// In place of a matrix that is too wide.
fn mistakes(test: &Test, style: Style) -> Vec<String> {
    let matrix = Confusion(&test.confusion);
    let found = matrix.mistakes();
    let name = |class: usize| test.classes.get(class).map_or("unknown", String::as_str);
    let line = |(truth, answer, count): &(usize, usize, u64)| {
        let rows = matrix.rows(*truth);
        let text = format!("    {} answered as {}: {count} of {rows}", name(*truth), name(*answer));
        shortened(&text, style.width, style.ellipsis())
    };
    let mut lines: Vec<String> = found.iter().take(8).map(line).collect();
    if found.len() > 8 {
        lines.push(format!("    and {} more pairs; all are in report.json", found.len() - 8));
    }
    lines
}

fn memory(board: &OnBoard, style: Style) -> Vec<String> {
    let mut rows = Vec::new();
    if let Some(flash) = board.flash {
        let parts = [("weights", flash.weights), ("code", flash.code)];
        rows.push(memory_row("flash", flash.total, board.flash_capacity, &parts));
    }
    if let Some(ram) = board.ram {
        let parts = [("arena", ram.arena), ("stack", ram.stack), ("data", ram.data)];
        rows.push(memory_row("ram", ram.total, board.ram_capacity, &parts));
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let align = [Align::Left, Align::Right, Align::Left, Align::Right];
    let mut lines = vec!["  memory of the image, exact; its stack is sized by simulation".to_string()];
    let wide = table::lines(&rows, &align, 4);
    if wide.iter().all(|line| width(line) <= style.width) {
        lines.extend(wide);
    } else {
        let parts: Vec<String> = rows.iter_mut().filter_map(Vec::pop).collect();
        for (line, parts) in table::lines(&rows, &align, 4).into_iter().zip(parts) {
            lines.push(line);
            lines.extend(wrapped(&parts, 8, style));
        }
    }
    lines.push(String::new());
    lines
}

fn memory_row(name: &str, total: u64, capacity: u64, parts: &[(&str, u64)]) -> Vec<String> {
    let size = |value: u64| bytes(value as f64, Toward::More);
    let named: u64 = parts.iter().map(|(_, value)| value).sum();
    let rest = [("other", total.saturating_sub(named))];
    let shown = parts.iter().chain(&rest).filter(|(_, value)| *value > 0);
    let shown: Vec<String> = shown.map(|(name, value)| format!("{name} {}", size(*value))).collect();
    let share = if capacity == 0 { 0.0 } else { total as f64 * 100.0 / capacity as f64 };
    let of = format!("of {}", size(capacity));
    vec![name.to_string(), size(total), of, format!("{}%", share.ceil()), shown.join(", ")]
}

fn time(cycles: &Cycles, latency: Option<f64>, style: Style) -> Vec<String> {
    let seconds_per_cycle = latency.filter(|_| cycles.total > 0).map(|seconds| seconds / cycles.total as f64);
    let duration =
        |count: u64| seconds_per_cycle.map_or(String::new(), |per| amount(per * count as f64, "s", Toward::More));
    let total = format!(
        "  latency {}: {} cycles, {} instructions, simulated",
        duration(cycles.total),
        grouped(cycles.total),
        grouped(cycles.instructions)
    );
    let mut lines = vec![total];
    lines.extend(wrapped(&cycles.model, 4, style).iter().map(|line| style.paint(Ink::Dim, line)));
    let named: u64 = cycles.layers.iter().map(|layer| layer.cycles).sum();
    let rest = ("other".to_string(), cycles.total.saturating_sub(named));
    let all = cycles.layers.iter().map(|layer| (layer.name.clone(), layer.cycles)).chain([rest]);
    let shown: Vec<(String, u64)> = all.filter(|(_, count)| *count > 0).collect();
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|(name, count)| {
            let share = *count as f64 / cycles.total.max(1) as f64;
            let name = shortened(name, style.width / 2, style.ellipsis());
            vec![name, grouped(*count), duration(*count), format!("{:.1}%", share * 100.0), style.bar(share, 12)]
        })
        .collect();
    let align = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    let mut table = table::lines(&rows, &align, 4);
    if table.iter().any(|line| width(line) > style.width) {
        let without: Vec<Vec<String>> = rows.iter().map(|row| row[..4].to_vec()).collect();
        table = table::lines(&without, &align, 4);
    }
    lines.extend(table);
    lines.push(String::new());
    lines
}

fn compared(board: &OnBoard, style: Style) -> Vec<String> {
    let Some(verified) = board.verified else { return Vec::new() };
    let (host, simulated) = (grouped(verified.host_rows), grouped(verified.simulated_rows));
    let fact = "equal to the int8 reference, byte for byte:";
    wrapped(&format!("{fact} {host} rows on the host, {simulated} on the simulator"), 2, style)
}

fn verdict(report: &Report, style: Style) -> Vec<String> {
    let all = report.boards.iter().flat_map(|board| board.requirements.iter().map(move |one| (board, one)));
    let missed =
        all.clone().filter(|(_, one)| !one.met).map(|(board, one)| format!("{} on {}", one.metric, board.board));
    let missed: Vec<String> = missed.collect();
    let count = all.count();
    let (ink, text) = match report.verdict {
        Verdict::Met if count == 0 => return vec!["built; nothing is required".to_string()],
        Verdict::Met => (Ink::Good, format!("{} all {count} requirements are met", style.sign(true))),
        Verdict::Unmet => {
            let list = missed.join(", ");
            (Ink::Bad, format!("{} {} of {count} requirements not met: {list}", style.sign(false), missed.len()))
        }
    };
    wrapped(&text, 0, style).iter().map(|line| style.paint(ink, line)).collect()
}
