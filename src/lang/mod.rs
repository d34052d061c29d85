//! Text to tree and back.
//!
//! Knows: the shapes of text.
//! Never: names a board, layer, unit or field; fails without a span; breaks `parse(print(ast)) == ast`.
//! Add here: syntax, which needs a reason that no new word could serve.

pub mod ast;
mod brackets;
mod complaint;
mod inline;
mod parse;
mod print;
mod scan;
mod text;
mod words;

pub use ast::Ast;
pub use inline::print_value;
pub use parse::parse;
pub use print::print;
pub use words::is_name;
