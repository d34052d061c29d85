//! What a conversion came to, for people and as JSON: sizes, time, layers, and what was compared.

use serde::Serialize;

use super::measure::{Flash, Latency, Ram};
use super::text::{Ink, Style, wrapped};
use crate::base::amount::{Toward, amount, bytes, grouped};
use crate::base::table::{self, Align, shortened};

/// A converted model on one board.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Conversion {
    /// The version of this form.
    pub schema: u32,
    /// The model's name in C.
    pub model: String,
    /// The board.
    pub board: String,
    /// What goes in.
    pub input: End,
    /// What comes out.
    pub output: End,
    /// Multiply-accumulates of one inference, as emitted.
    pub macs: u64,
    /// The same in the file, before channels that never change were taken out.
    pub file_macs: u64,
    /// Program memory of the linked image, exact.
    pub flash: Flash,
    /// What the board has of it.
    pub flash_capacity: u64,
    /// Work memory of the linked image, exact; the stack's part comes from its simulated peak.
    pub ram: Ram,
    /// What the board has of it.
    pub ram_capacity: u64,
    /// Time of one inference, simulated.
    pub latency: Latency,
    /// Every layer that runs.
    pub layers: Vec<Row>,
    /// How many rows gave the same bytes in the reference, on the host and on the simulated board.
    pub rows: Compared,
    /// Facts of the import.
    pub notes: Vec<String>,
    /// Files that were written, by what they are.
    pub files: Vec<(String, String)>,
}

/// One end of a model.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct End {
    /// Dimensions, without a batch.
    pub shape: Vec<usize>,
    /// Width of a step.
    pub scale: f32,
    /// The value of zero.
    pub zero_point: i32,
    /// The type in the file: `int8`, `uint8`, `float`.
    pub in_file: String,
}

/// One layer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// Its number among the network's.
    pub at: usize,
    /// The operator.
    pub operator: String,
    /// Its kernel's variant.
    pub kernel: String,
    /// Dimensions of its output.
    pub shape: Vec<usize>,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Simulated cycles; none where the compiler merged its function into the caller.
    pub cycles: Option<u64>,
    /// Cycles by multiply-accumulates, where there are any.
    pub cycles_per_mac: Option<f64>,
    /// Bytes of its weights.
    pub weights: u64,
}

/// Rows of the self-test.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Compared {
    /// Through the C on this machine.
    pub host: u64,
    /// Through the linked image on the simulated board.
    pub simulated: u64,
}

impl Conversion {
    /// As JSON, with a line feed at the end.
    ///
    /// # Panics
    /// If serde can't write it: our bug.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.unwrap_or_else(|error| panic!("bug: a conversion isn't JSON: {error}")) + "\n"
    }

    /// As text.
    pub fn text(&self, style: &Style) -> String {
        let style = *style;
        let mut lines = vec![style.paint(Ink::Bold, &format!("{} on {}", self.model, self.board))];
        let end = |end: &End| {
            let dims: Vec<String> = end.shape.iter().map(ToString::to_string).collect();
            format!("i8[{}] at {} · (q − {})", dims.join(", "), end.scale, end.zero_point)
        };
        lines.extend(wrapped(&format!("{} to {}", end(&self.input), end(&self.output)), 2, style));
        lines.extend(self.notes.iter().flat_map(|note| wrapped(note, 2, style)));
        lines.push(String::new());
        lines.push("  memory of the image, exact; its stack is sized by simulation".into());
        lines.extend(self.memory());
        lines.push(String::new());
        lines.extend(self.time(style));
        lines.push(String::new());
        let Compared { host, simulated } = self.rows;
        let fact = format!(
            "{} self-test: {host} random rows on the host and {simulated} on the simulator equal the int8 reference, byte for byte",
            style.sign(true)
        );
        lines.extend(wrapped(&fact, 0, style));
        lines.join("\n") + "\n"
    }

    fn memory(&self) -> Vec<String> {
        let size = |value: u64| bytes(value as f64, Toward::More);
        let row = |name: &str, total: u64, capacity: u64, parts: &[(&str, u64)]| {
            let named: u64 = parts.iter().map(|part| part.1).sum();
            let rest = [("other", total.saturating_sub(named))];
            let shown = parts.iter().chain(&rest).filter(|part| part.1 > 0);
            let shown: Vec<String> = shown.map(|(name, value)| format!("{name} {}", size(*value))).collect();
            vec![name.to_string(), size(total), format!("of {}", size(capacity)), shown.join(", ")]
        };
        let Ram { total, arena, stack, data } = self.ram;
        let flash = [("weights", self.flash.weights), ("code", self.flash.code)];
        let rows = [
            row("flash", self.flash.total, self.flash_capacity, &flash),
            row("ram", total, self.ram_capacity, &[("arena", arena), ("stack", stack), ("data", data)]),
        ];
        table::lines(&rows, &[Align::Left, Align::Right], 4)
    }

    fn time(&self, style: Style) -> Vec<String> {
        let latency = &self.latency;
        let mut lines = vec![format!(
            "  latency {}: {} cycles, {} multiply-accumulates, {:.2} cycles each, simulated",
            amount(latency.seconds, "s", Toward::More),
            grouped(latency.cycles),
            grouped(self.macs),
            latency.cycles as f64 / self.macs.max(1) as f64
        )];
        lines.extend(wrapped(&latency.model, 4, style).iter().map(|line| style.paint(Ink::Dim, line)));
        let heads = ["", "layer", "gives", "macs", "cycles", "per mac", "weights", "kernel"];
        let mut rows = vec![heads.map(String::from).to_vec()];
        for row in &self.layers {
            let dims: Vec<String> = row.shape.iter().map(ToString::to_string).collect();
            rows.push(vec![
                row.at.to_string(),
                shortened(&row.operator, 20, style.ellipsis()),
                dims.join("×"),
                grouped(row.macs),
                row.cycles.map_or("-".into(), grouped),
                row.cycles_per_mac.map_or(String::new(), |each| format!("{each:.2}")),
                grouped(row.weights),
                row.kernel.clone(),
            ]);
        }
        let right = Align::Right;
        let align = [right, Align::Left, Align::Left, right, right, right, right, Align::Left];
        lines.extend(table::lines(&rows, &align, 4));
        lines
    }
}

/// A model that became float32 C.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FloatConversion {
    /// The version of this form.
    pub schema: u32,
    /// The model's name in C.
    pub model: String,
    /// The board whose memories are compared with.
    pub board: String,
    /// What the caller gives.
    pub inputs: Vec<Port>,
    /// What the caller gets.
    pub outputs: Vec<Port>,
    /// Functions that are called in order.
    pub steps: usize,
    /// Bytes of constants.
    pub constants: u64,
    /// Program memory of the board.
    pub flash_capacity: u64,
    /// Bytes of static arrays for what lies between.
    pub arena: u64,
    /// Work memory of the board.
    pub ram_capacity: u64,
    /// Functions of `<math.h>` that are called.
    pub math: Vec<String>,
    /// Decisions of the import.
    pub notes: Vec<String>,
    /// Files that were written, by what they are.
    pub files: Vec<(String, String)>,
}

/// An input or an output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Port {
    /// Its name in the file.
    pub name: String,
    /// The type of one element.
    pub element: String,
    /// Dimensions.
    pub shape: Vec<usize>,
}

impl FloatConversion {
    /// As JSON, with a line feed at the end.
    ///
    /// # Panics
    /// If serde can't write it: our bug.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.unwrap_or_else(|error| panic!("bug: a conversion isn't JSON: {error}")) + "\n"
    }

    /// As text.
    pub fn text(&self, style: &Style) -> String {
        let style = *style;
        let mut lines = vec![style.paint(Ink::Bold, &format!("{} as float32 C for {}", self.model, self.board))];
        for (what, ports) in [("in", &self.inputs), ("out", &self.outputs)] {
            let port = |port: &Port| format!("{what}  {}: {}{:?}", port.name, port.element, port.shape);
            lines.extend(ports.iter().flat_map(|one| wrapped(&port(one), 2, style)));
        }
        lines.extend(self.notes.iter().flat_map(|note| wrapped(note, 2, style)));
        let size = |value: u64| bytes(value as f64, Toward::More);
        let row = |name: &str, used: u64, of: u64| {
            vec![
                name.to_string(),
                size(used),
                format!("of {}", size(of)),
                if used > of { "too large".into() } else { String::new() },
            ]
        };
        lines.push("  arrays of the C, exact; code and stack come on top, and nothing was run".into());
        let rows = [row("constants", self.constants, self.flash_capacity), row("arena", self.arena, self.ram_capacity)];
        lines.extend(table::lines(&rows, &[Align::Left, Align::Right], 4));
        if !self.math.is_empty() {
            lines.extend(wrapped(&format!("calls {} of <math.h>", self.math.join(", ")), 2, style));
        }
        lines.join("\n") + "\n"
    }
}
