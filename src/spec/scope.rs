//! What is known while a file is read from top to bottom: names defined above, names that come below, imports.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::suggest::nearest;
use crate::base::{Diag, Quantity, Span};
use crate::lang::ast::{Ident, Path};
use crate::library::board::Board;

use super::model::Spec;
use super::vocabulary::Vocabulary;

/// What a name stands for: an index into the spec's list of its kind; `None` when its block has errors
/// that are reported already, so that what depends on it stays silent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Symbol {
    Dataset(Option<usize>),
    Function(Option<usize>),
    Features(Option<usize>),
    Model(Option<usize>),
    Deploy(Option<usize>),
}

impl Symbol {
    /// The block's first word.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Dataset(_) => "dataset",
            Self::Function(_) => "function",
            Self::Features(_) => "features",
            Self::Model(_) => "model",
            Self::Deploy(_) => "deploy",
        }
    }
}

/// Everything that resolving a block may look at or add to.
pub(super) struct Context<'a> {
    pub(super) vocabulary: &'a dyn Vocabulary,
    pub(super) spec: Spec,
    pub(super) diags: Vec<Diag>,
    /// Blocks above, by name.
    pub(super) names: BTreeMap<String, (Symbol, Span)>,
    /// Names of blocks that come below, with their headers.
    pub(super) below: Vec<(String, Span)>,
    /// Imported boards.
    pub(super) boards: BTreeMap<String, Board>,
    /// Names whose import or block failed, which is reported already: their uses stay silent.
    pub(super) failed: Vec<String>,
    /// Imported features.
    pub(super) features: Vec<String>,
    /// Folder of the file being read, relative to the root file's: empty, or ending in `/`.
    pub(super) folder: String,
    /// Indices of functions that something calls.
    pub(super) used_functions: Vec<usize>,
}

/// A field of a block above, used as a constant.
pub(super) enum Constant {
    /// Names: `imu.classes`, `imu.targets`, `imu.channels`; their count where a number is wanted.
    Names(Vec<String>),
    /// `imu.rate`
    Quantity(Quantity),
}

impl Context<'_> {
    /// Adds a diagnostic; `None` is one that is reported already.
    pub(super) fn report(&mut self, diag: impl Into<Option<Diag>>) {
        self.diags.extend(diag.into());
    }

    /// The block called `name`, or a diagnostic that says where it is or what was meant.
    /// `wanted` is what is looked for, for example "a model".
    pub(super) fn lookup(&self, name: &Ident, wanted: &str) -> Result<Symbol, Option<Diag>> {
        if let Some((symbol, _)) = self.names.get(&name.text) {
            return Ok(*symbol);
        }
        Err(self.unknown(name, wanted, self.names.keys().map(String::as_str)))
    }

    /// `tml::name` for `name`, which isn't among `known`: says "defined below" or the nearest known name.
    /// `None` when what should have defined it failed.
    pub(super) fn unknown<'n>(&self, name: &Ident, wanted: &str, known: impl Iterator<Item = &'n str>) -> Option<Diag> {
        if self.failed.contains(&name.text) {
            return None;
        }
        let title = format!("there is no {wanted} called `{}`", name.text);
        if let Some((_, header)) = self.below.iter().find(|(below, _)| *below == name.text) {
            let diag = Diag::error("tml::name", format!("`{}` is used above its definition", name.text))
                .at(&name.span, "not defined yet")
                .at(header, "defined here")
                .help(format!("move `{}` above its first use: names are used only below their definition", name.text));
            return Some(diag);
        }
        let known: BTreeSet<&str> = known.collect();
        let known: Vec<&str> = known.into_iter().collect();
        let diag = Diag::error("tml::name", title);
        Some(match nearest(&name.text, known.iter().copied()) {
            Some(meant) => diag.at(&name.span, format!("did you mean `{meant}`?")).help(format!("write `{meant}`")),
            None if known.is_empty() => diag.at(&name.span, "nothing above has this name"),
            None => diag.at(&name.span, "not known here").help(format!("known here: {}", quoted(&known))),
        })
    }

    /// The constant that a path like `imu.classes` stands for; `Ok(None)` when its block has errors.
    pub(super) fn constant(&self, path: &Path) -> Result<Option<Constant>, Diag> {
        let [block, field] = path.parts.as_slice() else {
            return Err(not_a_constant(path));
        };
        let symbol = match self.lookup(block, "block") {
            Ok(symbol) => symbol,
            Err(None) => return Ok(None),
            Err(Some(diag)) => return Err(diag),
        };
        let index = match symbol {
            Symbol::Dataset(Some(index)) => index,
            Symbol::Dataset(None) => return Ok(None),
            other => {
                return Err(Diag::error("tml::name", format!("`{}` is no constant", path.text()))
                    .at(&path.span, format!("`{}` is a {}, not a dataset", block.text, other.kind()))
                    .help("constants are `classes`, `targets`, `channels` and `rate` of a dataset above"));
            }
        };
        let dataset = &self.spec.datasets[index];
        match field.text.as_str() {
            "classes" => Ok(Some(Constant::Names(dataset.classes.clone()))),
            "targets" => Ok(Some(Constant::Names(dataset.target_names()))),
            "channels" => {
                Ok(Some(Constant::Names(dataset.channels.iter().map(|channel| channel.name.clone()).collect())))
            }
            "rate" => dataset.rate.map(|rate| Some(Constant::Quantity(rate))).ok_or_else(|| {
                Diag::error("tml::name", format!("`{}` has no `rate`", block.text))
                    .at(&path.span, "the dataset declares none")
                    .help(format!("add `rate = 50 Hz` to `dataset {}`", block.text))
            }),
            _ => {
                let diag = self.unknown(field, "constant", ["classes", "targets", "channels", "rate"].into_iter());
                diag.map_or(Ok(None), Err)
            }
        }
    }
}

fn not_a_constant(path: &Path) -> Diag {
    Diag::error("tml::name", format!("`{}` is no constant", path.text()))
        .at(&path.span, "a constant is `DATASET.FIELD`")
        .help("constants are `classes`, `targets`, `channels` and `rate` of a dataset above, for example `imu.classes`")
}

/// Words in backticks, joined by commas.
pub(super) fn quoted<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}
