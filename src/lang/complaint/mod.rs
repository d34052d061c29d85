//! What pest couldn't read, said in one sentence.
//!
//! Knows: the place of a mistake, and the mistakes that people make.
//! Never: reads on after it.
//! Add here: a mistake seen more than once: a function and one word in the table of its file.

mod body;
mod header;
mod place;

pub(super) use place::complain;
