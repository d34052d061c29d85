//! Text to tree and back.
//!
//! Knows: the shapes of text.
//! Never: names a board, layer, unit or field; fails without a span; breaks `parse(print(ast)) == ast`.
//! Add here: syntax, which needs a reason that no new word could serve.

pub mod ast;
