//! The tree of a `.tml` file: uniform blocks, relations and calls, with spans and without meaning.
//!
//! Trees are equal when they say the same: spans and comments don't take part (see `Span`).

use crate::base::{Decimal, Source, Span};

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Ast {
    /// Where it came from.
    pub source: Source,
    /// The `tml N` line.
    pub version: Option<(u64, Span)>,
    /// Imports and blocks in the order written.
    pub items: Vec<Item>,
    /// Every `//` comment, in the order written; `print` puts them back.
    pub comments: Vec<Comment>,
}

impl PartialEq for Ast {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && self.items == other.items
    }
}

/// A `//` comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The text after `//`, without trailing blanks.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// True when nothing but blanks stands before it on its line.
    pub own_line: bool,
}

/// A top-level item.
#[derive(Clone, PartialEq, Debug)]
pub enum Item {
    /// `use …`
    Import(Import),
    /// `kind name … { … }`
    Block(Block),
}

/// `use std.boards.{a, b}` or `use "x.toml"`.
#[derive(Clone, PartialEq, Debug)]
pub enum Import {
    /// Names from a path: `use std.boards.{a, b}`; `use std.boards.a` has no `names` and the whole path.
    Names {
        /// The path before the braces.
        path: Path,
        /// The names in braces, if there are braces.
        names: Option<Vec<Ident>>,
        /// The whole item.
        span: Span,
    },
    /// A file of the user's.
    File {
        /// Its path as written.
        path: Text,
        /// The whole item.
        span: Span,
    },
}

/// A word.
#[derive(Clone, PartialEq, Debug)]
pub struct Ident {
    /// The word.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Words joined by dots; never empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    /// The words.
    pub parts: Vec<Ident>,
    /// All of it.
    pub span: Span,
}

impl Path {
    /// The words joined by dots.
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")
    }
}

/// `kind name (params) -> type from path { members }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// `///` lines above it, without the slashes and one leading blank.
    pub docs: Vec<String>,
    /// Where these lines stand; the beginning of the block if there are none.
    pub docs_span: Span,
    /// The first word.
    pub kind: Ident,
    /// The second word.
    pub name: Option<Ident>,
    /// `(x: f32[3]) -> f32[3]`
    pub signature: Option<Signature>,
    /// `from path`
    pub from: Option<Path>,
    /// What stands between the braces.
    pub members: Vec<Member>,
    /// From the first word to the closing brace.
    pub span: Span,
    /// From the first word to before the opening brace.
    pub header: Span,
}

/// A line of a body.
#[derive(Clone, PartialEq, Debug)]
pub enum Member {
    /// A block within a block.
    Block(Block),
    /// `name relation value`
    Relation(Relation),
    /// A step: `window(1 s)`
    Call(Call),
}

/// How a relation relates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelOp {
    /// `=`
    Set,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
}

impl RelOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Set => "=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::Below => "<",
        }
    }
}

/// `subject op value`, where the subject may have arguments: `recall(fall) >= 95%`.
#[derive(Clone, PartialEq, Debug)]
pub struct Relation {
    /// The name.
    pub subject: Path,
    /// Its arguments, if there are parentheses.
    pub args: Option<Vec<Arg>>,
    /// `=`, `>=`, …
    pub op: RelOp,
    /// The right-hand side.
    pub value: Value,
    /// All of it.
    pub span: Span,
}

/// `path(args)`
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// What is called.
    pub path: Path,
    /// Its arguments.
    pub args: Vec<Arg>,
    /// All of it.
    pub span: Span,
}

/// `name = value` or `value`.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    /// The name, if given.
    pub name: Option<Ident>,
    /// The value.
    pub value: Value,
    /// All of it.
    pub span: Span,
}

/// A number as written, with its unit.
#[derive(Clone, PartialEq, Debug)]
pub struct Number {
    /// The number.
    pub value: Decimal,
    /// The unit's word, not yet looked up.
    pub unit: Option<Ident>,
    /// All of it.
    pub span: Span,
}

/// A string. Equal to any text with the same value, however it is written.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its value: escapes resolved, or unindented if it is a block.
    pub value: String,
    /// True for `"""…"""`.
    pub block: bool,
    /// With its quotes.
    pub span: Span,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A name, perhaps with a record: `microbit_v2 { clock = 64 MHz }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Reference {
    /// The name.
    pub path: Path,
    /// The record after it.
    pub record: Option<Vec<Relation>>,
    /// All of it.
    pub span: Span,
}

/// A right-hand side.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// `8..32`
    Range(Number, Number),
    /// `40`, `50 Hz`
    Number(Number),
    /// `"…"`
    Text(Text),
    /// `[a, b]`
    List(Vec<Value>, Span),
    /// `{ a = 1, b = 2 }`
    Record(Vec<Relation>, Span),
    /// `adam(lr = 1e-3)`
    Call(Call),
    /// `relu`, `imu.classes`
    Reference(Reference),
}

impl Value {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Range(low, high) => low.span.to(&high.span),
            Self::Number(number) => number.span.clone(),
            Self::Text(text) => text.span.clone(),
            Self::List(_, span) | Self::Record(_, span) => span.clone(),
            Self::Call(call) => call.span.clone(),
            Self::Reference(reference) => reference.span.clone(),
        }
    }
}

/// `(x: f32[50, 3], label: u8) -> f32[3]`
#[derive(Clone, PartialEq, Debug)]
pub struct Signature {
    /// Parameters in order.
    pub params: Vec<(Ident, Type)>,
    /// The type after `->`.
    pub result: Option<Type>,
    /// All of it.
    pub span: Span,
}

/// `f32[50, 3]`: an element type and dimensions, which may be references (`imu.classes`).
#[derive(Clone, PartialEq, Debug)]
pub struct Type {
    /// `f32`
    pub element: Ident,
    /// What stands in brackets; empty for a scalar.
    pub dims: Vec<Value>,
    /// All of it.
    pub span: Span,
}
