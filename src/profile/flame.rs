//! A call tree as a flame graph (Gregg, "The Flame Graph", 2016): an SVG without scripts, whose frames say their counts
//! when pointed at and whose names a browser's search finds.

use std::fmt::Write;

use super::tree::{CallTree, Counts};
use crate::base::amount::grouped;
use crate::base::xml::escaped;

const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 10.0;
const HEADER: usize = 46;
const ROW: usize = 18;
/// Characters of the font are this wide, a little too wide rather than too narrow.
const CHARACTER: f64 = 7.3;
/// Narrower frames can't be seen.
const NARROWEST: f64 = 0.2;
/// Deeper calls than these are in a recursion that nobody can read.
const DEEPEST: usize = 96;

/// A frame of the drawing.
struct Frame<'a> {
    name: &'a str,
    depth: usize,
    start: u64,
    calls: u64,
    own: Counts,
    total: Counts,
    stack: u32,
}

/// The tree as SVG, the outermost function at the bottom, widths in cycles. The same tree gives the same bytes.
pub fn flame_graph(title: &str, tree: &CallTree) -> String {
    let total = tree.total();
    let frames = frames(tree);
    let depth = frames.iter().map(|frame| frame.depth + 1).max().unwrap_or(1);
    let height = HEADER + depth * ROW + 12;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"20\" font-size=\"15\">{}</text>\n\
         <text x=\"{MARGIN}\" y=\"37\" fill=\"#555\">{} cycles, {} instructions, {} stalled</text>\n",
        escaped(title),
        grouped(total.cycles),
        grouped(total.instructions),
        grouped(total.stalls),
    );
    let scale = (WIDTH - 2.0 * MARGIN) / total.cycles.max(1) as f64;
    for frame in frames {
        let wide = frame.total.cycles as f64 * scale;
        if wide >= NARROWEST {
            draw(&mut svg, &frame, height - 12, scale, total.cycles);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Frames with their places; a callee lies above its caller, callees beside each other in the order of their calls.
fn frames(tree: &CallTree) -> Vec<Frame<'_>> {
    let inclusive = tree.inclusive();
    // Where the next callee of each node begins, and how deep it lies.
    let mut places: Vec<(u64, usize)> = Vec::with_capacity(tree.nodes.len());
    let mut top = 0;
    let mut frames = Vec::new();
    for (at, (node, (total, stack))) in tree.nodes.iter().zip(&inclusive).enumerate() {
        let (start, depth) = if let Some(parent) = node.parent.filter(|parent| *parent < at) {
            let place: &mut (u64, usize) = &mut places[parent];
            let start = place.0;
            place.0 += total.cycles;
            (start, place.1)
        } else {
            let start = top;
            top += total.cycles;
            (start, 0)
        };
        places.push((start, depth + 1));
        if depth < DEEPEST {
            let name = &node.function;
            let (calls, own, total, stack) = (node.calls, node.own, *total, *stack);
            frames.push(Frame { name, depth, start, calls, own, total, stack });
        }
    }
    frames
}

fn draw(svg: &mut String, frame: &Frame, bottom: usize, scale: f64, all: u64) {
    let (x, wide) = (MARGIN + frame.start as f64 * scale, frame.total.cycles as f64 * scale);
    let y = bottom - (frame.depth + 1) * ROW;
    let percent = frame.total.cycles as f64 * 100.0 / all.max(1) as f64;
    let name = escaped(frame.name);
    let text = if wide > 3.0 * CHARACTER { fitting(frame.name, ((wide - 6.0) / CHARACTER) as usize) } else { None };
    let text = text
        .map_or(String::new(), |text| format!("<text x=\"{:.1}\" y=\"{}\">{}</text>", x + 3.0, y + 13, escaped(&text)));
    // Writing to a text can't fail.
    let _ = writeln!(
        svg,
        "<g><title>{name}\n{} cycles ({percent:.2}%), {} of its own, {} stalled\n{} instructions, {} calls, \
         {} bytes of stack</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" rx=\"1\" fill=\"{}\"/>{text}</g>",
        grouped(frame.total.cycles),
        grouped(frame.own.cycles),
        grouped(frame.total.stalls),
        grouped(frame.total.instructions),
        grouped(frame.calls),
        grouped(frame.stack.into()),
        (wide - 0.4).max(0.2),
        ROW - 1,
        colour(frame.name),
    );
}

/// `name`, or its beginning; None where not even that has room.
fn fitting(name: &str, most: usize) -> Option<String> {
    if name.chars().count() <= most {
        return Some(name.to_string());
    }
    (most > 2).then(|| name.chars().take(most - 2).chain("..".chars()).collect())
}

/// A warm colour, the same for the same name.
fn colour(name: &str) -> String {
    // FNV-1a, 32 bits.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("#{:02x}{:02x}{:02x}", 222 + hash % 34, 130 + hash / 64 % 100, 60 + hash / 8192 % 50)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Node;

    fn node(function: &str, parent: Option<usize>, cycles: u64) -> Node {
        let own = Counts { instructions: cycles, cycles, stalls: 0 };
        Node { function: function.into(), parent, calls: 1, own, stack: 8 }
    }

    #[test]
    fn callees_lie_above_their_callers_and_share_their_width() {
        let tree =
            CallTree { nodes: vec![node("main", None, 250), node("a<b>&", Some(0), 500), node("c", Some(0), 250)] };
        let svg = flame_graph("a & b", &tree);
        assert!(svg.contains("<text x=\"10\" y=\"20\" font-size=\"15\">a &amp; b</text>"), "{svg}");
        assert!(svg.contains("<title>a&lt;b&gt;&amp;\n500 cycles (50.00%), 500 of its own, 0 stalled"), "{svg}");
        assert!(svg.contains("x=\"10.0\" y=\"64\" width=\"1179.6\""), "main is as wide as all: {svg}");
        assert!(svg.contains("x=\"10.0\" y=\"46\" width=\"589.6\""), "the first callee lies above: {svg}");
        assert!(svg.contains("x=\"600.0\" y=\"46\" width=\"294.6\""), "the second one beside it: {svg}");
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    }

    #[test]
    fn nothing_is_a_picture_too() {
        let svg = flame_graph("", &CallTree::default());
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
