//! Parameter schemas: one type for block fields, operator arguments and library functions.
//! One reader checks all three (`spec::fields`), one printer documents them (`cargo tinyml explain`).

use super::quantity::Dimension;

/// What a value may be.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// A whole number within bounds, both included.
    Int(i128, i128),
    /// A decimal number within bounds, both included.
    Number(f64, f64),
    /// A quantity with a unit.
    Of(Dimension),
    /// A text, or a bare name.
    Text,
    /// A path relative to the spec.
    Path,
    /// One of these words.
    Word(Vec<String>),
    /// A list of names or texts.
    Names,
    /// A list, each of its values of this kind.
    List(Box<Kind>),
    /// The first kind or the second: a time or a number of samples.
    Either(Box<Kind>, Box<Kind>),
    /// A name defined above, for example a function or a data set's field.
    Reference,
    /// A value that the owner of the field reads by itself: a call, record or list.
    Free,
}

/// One parameter, its default and its meaning.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    /// Name, as in `name = value`.
    pub name: String,
    /// What it may be.
    pub kind: Kind,
    /// `None`: must be given. `Some("")`: may be left out. Else: the default, as it would be written in a spec.
    pub default: Option<String>,
    /// What it means, one sentence.
    pub doc: String,
}

impl Param {
    /// A parameter that must be given.
    pub fn required(name: &str, kind: Kind, doc: &str) -> Self {
        Self { name: name.into(), kind, default: None, doc: doc.into() }
    }

    /// A parameter with a default, written as in a spec ("" when it may simply be absent).
    pub fn optional(name: &str, kind: Kind, default: &str, doc: &str) -> Self {
        Self { name: name.into(), kind, default: Some(default.into()), doc: doc.into() }
    }
}

/// A schema: what a block, an operator or a function takes, in order (positional arguments follow it).
pub type Params = Vec<Param>;
