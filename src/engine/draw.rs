//! The graph for people and other tools.

use std::fmt::Write;

use serde_json::{Value, json};

use super::graph::{Graph, Input, Node};

/// One line a step: its id, and what it reads.
pub fn text(graph: &Graph) -> String {
    let nodes = || graph.steps().map(|step| graph.node(step));
    let width = nodes().map(|node| node.id.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for node in nodes() {
        let mut sources: Vec<String> = node.upstream().into_iter().map(|above| graph.node(above).id.clone()).collect();
        sources.extend(node.inputs.iter().filter_map(on_disk));
        let arrow = if sources.is_empty() { "" } else { "←" };
        let line = format!("{:width$}  {arrow} {}", node.id, sources.join(", "));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// What a person calls an input that is on disk.
fn on_disk(input: &Input) -> Option<String> {
    match input {
        Input::Step { .. } => None,
        Input::File { path, .. } => Some(path.display().to_string()),
        Input::Tree { pattern, .. } => Some(pattern.text().to_string()),
    }
}

/// The graph in Graphviz's language (graphviz.org/doc/info/lang.html).
pub fn dot(graph: &Graph) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = String::from("digraph build {\n  rankdir=LR;\n  node [shape=box];\n");
    each_edge(graph, |node, from| {
        let _ = match from {
            None => writeln!(out, "  {};", quoted(&node.id)),
            Some(Edge::Step(above)) => writeln!(out, "  {} -> {};", quoted(&above.id), quoted(&node.id)),
            Some(Edge::Disk(name)) => {
                writeln!(out, "  {0} [shape=note];\n  {0} -> {1};", quoted(&name), quoted(&node.id))
            }
        };
    });
    out.push_str("}\n");
    out
}

/// The graph in Mermaid's language (mermaid.js.org/syntax/flowchart.html), which GitHub and GitLab draw in Markdown.
pub fn mermaid(graph: &Graph) -> String {
    // Names are HTML-like entities inside quotes; ids are our own, since a `:` has a meaning there.
    let quoted = |text: &str| format!("\"{}\"", text.replace('#', "#35;").replace('"', "#quot;"));
    let number = |node: &Node| graph.find(&node.id).map_or(0, |step| step.0);
    let mut out = String::from("flowchart LR\n");
    let mut files = 0;
    each_edge(graph, |node, from| {
        let to = number(node);
        let _ = match from {
            None => writeln!(out, "  s{to}[{}]", quoted(&node.id)),
            Some(Edge::Step(above)) => writeln!(out, "  s{} --> s{to}", number(above)),
            Some(Edge::Disk(name)) => {
                files += 1;
                writeln!(out, "  f{files}[/{}/] --> s{to}", quoted(&name))
            }
        };
    });
    out
}

enum Edge<'a> {
    Step(&'a Node),
    Disk(String),
}

/// Calls `f` for each step alone, then for each of its edges.
fn each_edge<'a>(graph: &'a Graph, mut f: impl FnMut(&'a Node, Option<Edge<'a>>)) {
    for node in graph.steps().map(|step| graph.node(step)) {
        f(node, None);
        for above in node.upstream() {
            f(node, Some(Edge::Step(graph.node(above))));
        }
        for name in node.inputs.iter().filter_map(on_disk) {
            f(node, Some(Edge::Disk(name)));
        }
    }
}

/// The graph as JSON: `{"schema":1,"steps":[{"id","kind","title","inputs":[…]}]}`.
pub fn json(graph: &Graph) -> String {
    let input = |input: &Input| -> Value {
        match input {
            Input::Step { name, step, output } => {
                json!({"name": name, "step": graph.node(*step).id, "output": output})
            }
            Input::File { name, path } => json!({"name": name, "file": path.display().to_string()}),
            Input::Tree { name, root, pattern } => {
                json!({"name": name, "root": root.display().to_string(), "files": pattern.text()})
            }
        }
    };
    let steps: Vec<Value> = graph
        .steps()
        .map(|step| graph.node(step))
        .map(|node| {
            let inputs: Vec<Value> = node.inputs.iter().map(input).collect();
            json!({"id": node.id, "kind": node.kind, "title": node.stage.title(), "inputs": inputs})
        })
        .collect();
    format!("{:#}\n", json!({"schema": 1, "steps": steps}))
}
