//! Keys. One walk over all that may change a step's result feeds either a digest (the key) or lines for people (the
//! explanation), so the two can't disagree.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::base::Digest;
use crate::base::digest::Hasher;

use super::graph::{Input, Node};

/// Written into every key: a store of another layout or meaning shares no entry with this one.
const STORE_VERSION: &str = "1";

/// Where facts go: into a key, or into an explanation.
///
/// A stage must tell all that may change its result besides its inputs, as parsed values, never as text of the spec:
/// a comment rebuilds nothing. Paths, times, thread counts and host names are not facts.
pub trait Facts {
    /// A named value.
    fn text(&mut self, name: &str, value: &str);
    /// A named content digest.
    fn digest(&mut self, name: &str, value: Digest);
    /// Facts of one part, under its name.
    fn group(&mut self, name: &str, f: &mut dyn FnMut(&mut dyn Facts));
}

/// The content address of one run of one step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key(Digest);

impl Key {
    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.hex()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().map(Self)
    }
}

/// Content digests of a step's inputs, by name.
pub(super) type InputDigests = BTreeMap<String, Digest>;

/// The key of a step whose inputs have these contents.
pub(super) fn key(node: &Node, inputs: &InputDigests) -> Key {
    let mut sink = KeySink(Hasher::new("tinyml 2026 step key"));
    walk(node, inputs, &mut sink);
    Key(sink.0.finish())
}

/// What went into the key, as `name = value` lines.
pub(super) fn lines(node: &Node, inputs: &InputDigests) -> Vec<String> {
    let mut sink = ExplainSink::default();
    walk(node, inputs, &mut sink);
    sink.lines
}

/// The one walk. `inputs` may lack some while upstream steps haven't run; such a walk is only good for explanations.
fn walk(node: &Node, inputs: &InputDigests, sink: &mut dyn Facts) {
    sink.group(ENGINE, &mut |sink| {
        sink.text("store", STORE_VERSION);
        sink.text("sources", own_sources());
        sink.text("kind", &node.kind);
    });
    sink.group(FACT, &mut |sink| node.stage.facts(sink));
    let mut declared: Vec<&Input> = node.inputs.iter().collect();
    declared.sort_by_key(|input| input.name());
    sink.group(INPUT, &mut |sink| {
        for input in &declared {
            if let Input::Tree { name, pattern, .. } = input {
                sink.text(&format!("{name} files"), pattern.text());
            }
            if let Some(digest) = inputs.get(input.name()) {
                sink.digest(input.name(), *digest);
            }
        }
    });
}

/// The three groups of the walk; `explain` tells them apart by these first words of a line.
pub(super) const ENGINE: &str = "engine";
pub(super) const FACT: &str = "fact";
pub(super) const INPUT: &str = "input";

/// Two builds of this program with different sources share no entry.
fn own_sources() -> &'static str {
    option_env!("TINYML_SOURCE_DIGEST").unwrap_or(env!("CARGO_PKG_VERSION"))
}

/// Every field is length-prefixed and every fact starts with its form, so no two walks share an encoding.
struct KeySink(Hasher);

impl Facts for KeySink {
    fn text(&mut self, name: &str, value: &str) {
        for field in ["text", name, value] {
            self.0.field(field.as_bytes());
        }
    }

    fn digest(&mut self, name: &str, value: Digest) {
        for field in ["digest", name, &value.hex()] {
            self.0.field(field.as_bytes());
        }
    }

    fn group(&mut self, name: &str, f: &mut dyn FnMut(&mut dyn Facts)) {
        self.0.field(b"group");
        self.0.field(name.as_bytes());
        f(self);
        self.0.field(b"end");
    }
}

/// Lines `fact layer.units = 32`, in the order of the walk.
#[derive(Default)]
struct ExplainSink {
    path: Vec<String>,
    lines: Vec<String>,
}

impl ExplainSink {
    fn line(&mut self, name: &str, value: &str) {
        let (group, inner) = self.path.split_first().map_or(("", &[][..]), |(group, inner)| (group.as_str(), inner));
        let mut full = inner.to_vec();
        full.push(name.to_string());
        self.lines.push(format!("{group} {} = {value}", full.join(".")));
    }
}

impl Facts for ExplainSink {
    fn text(&mut self, name: &str, value: &str) {
        self.line(name, value);
    }

    fn digest(&mut self, name: &str, value: Digest) {
        self.line(name, &format!("b3:{value}"));
    }

    fn group(&mut self, name: &str, f: &mut dyn FnMut(&mut dyn Facts)) {
        self.path.push(name.to_string());
        f(self);
        self.path.pop();
    }
}
