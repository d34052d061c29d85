//! A step's record: what one run made, from which facts, and what it said. A file that people can read, and that says
//! itself whether it is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use serde::{Deserialize, Serialize};

use crate::base::{Diag, Digest, Span};

use super::job::lock;
use super::key::Key;
use super::outcome::Artifact;

/// What one run of a step left.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) title: String,
    pub(super) seconds: f64,
    pub(super) outputs: BTreeMap<String, Artifact>,
    /// `name = value` lines of the walk that made the key.
    pub(super) facts: Vec<String>,
    pub(super) warnings: Vec<Diag>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    key: String,
    title: String,
    seconds: f64,
    facts: Vec<String>,
    outputs: BTreeMap<String, Output>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    digest: String,
    size: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Warning {
    code: String,
    title: String,
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl Record {
    /// The file's bytes: a line with the digest of the rest, and the rest as TOML.
    pub(super) fn print(&self, key: Key) -> Vec<u8> {
        let output = |(name, artifact): (&String, &Artifact)| {
            (name.clone(), Output { digest: artifact.digest.hex(), size: artifact.size })
        };
        let text = Text {
            key: key.hex(),
            title: self.title.clone(),
            seconds: self.seconds,
            facts: self.facts.clone(),
            outputs: self.outputs.iter().map(output).collect(),
            warnings: self.warnings.iter().map(Warning::of).collect(),
        };
        let body = toml::to_string_pretty(&text).expect("bug: a record is always TOML");
        format!("# {}\n{body}", Digest::of(body.as_bytes())).into_bytes()
    }

    /// The record in `bytes`, or nothing if a bit of it is wrong or it is another key's.
    pub(super) fn parse(bytes: &[u8], key: Key) -> Option<Self> {
        let (first, body) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        if first.strip_prefix("# ")? != Digest::of(body.as_bytes()).hex() {
            return None;
        }
        let text: Text = toml::from_str(body).ok().filter(|text: &Text| text.key == key.hex())?;
        let outputs = text.outputs.into_iter().map(|(name, output)| {
            output.digest.parse().ok().map(|digest| (name, Artifact { digest, size: output.size }))
        });
        Some(Self {
            title: text.title,
            seconds: text.seconds,
            outputs: outputs.collect::<Option<_>>()?,
            facts: text.facts,
            warnings: text.warnings.into_iter().map(Warning::diag).collect(),
        })
    }
}

impl Warning {
    /// Places become notes: the file they point into may be another one when the warning is told again.
    fn of(diag: &Diag) -> Self {
        let place = |(span, label): &(Span, String)| format!("{span:?}: {label}");
        let notes = diag.labels.iter().map(place).chain(diag.notes.iter().cloned()).collect();
        Self { code: diag.code.to_string(), title: diag.title.clone(), notes, help: diag.help.clone() }
    }

    fn diag(self) -> Diag {
        let mut diag = Diag::warning(interned(&self.code), self.title);
        diag.notes = self.notes;
        diag.help = self.help;
        diag
    }
}

/// Codes are constants of this program, so few ever get here.
fn interned(code: &str) -> &'static str {
    static CODES: OnceLock<Mutex<BTreeSet<&'static str>>> = OnceLock::new();
    let mut codes = lock(CODES.get_or_init(Mutex::default));
    if let Some(known) = codes.get(code) {
        return known;
    }
    let new: &'static str = Box::leak(code.to_string().into_boxed_str());
    codes.insert(new);
    new
}
