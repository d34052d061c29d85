//! Parts that the data itself names: `testing/`, a column `fold`.

use crate::base::suggest::nearest;
use crate::base::{Diag, Span};
use crate::data::cell;
use crate::data::rows::Rows;

use super::assign::PARTS;
use super::divide::NAMES;

/// Which words of the part column mean which part. A part without words is a share of the others' rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The column, for messages.
    pub column: String,
    /// Words of the training, validation and test part.
    pub words: [Vec<String>; PARTS],
}

/// The part of each row that the data says; `None`: to be divided by shares. Rows that the data puts nowhere are left
/// out of `rows`, with a warning. Errors: `tml::split`, when a word is never met.
pub(super) fn fix(
    rows: &mut Rows,
    given: &Given,
    shares: [u32; PARTS],
    span: &Span,
) -> Result<(Vec<Option<u8>>, Vec<Diag>), Diag> {
    let mut warnings = Vec::new();
    let part = |word: &String| (0..PARTS).find(|part| given.words[*part].iter().any(|name| cell::same(word, name)));
    let of_word: Vec<Option<u8>> = rows.parts.iter().map(|word| part(word).map(|part| part as u8)).collect();
    every_word(rows, given, span)?;
    // Where the training part is named, shares are taken from it; else from all that is in no other part.
    let named = !given.words[0].is_empty();
    let shared = shares.iter().skip(1).any(|share| *share > 0);
    let mut fixed: Vec<Option<u8>> = Vec::with_capacity(rows.len());
    let mut keep = vec![true; rows.len()];
    for (row, word) in rows.part.iter().enumerate() {
        let part = of_word[*word as usize];
        keep[row] = part.is_some() || !named;
        fixed.push(part.filter(|part| !(named && *part == 0 && shared)));
    }
    let nowhere = keep.iter().filter(|keep| !**keep).count();
    if nowhere > 0 {
        let title = format!("{nowhere} rows are left out: their `{}` is in no part", given.column);
        warnings.push(Diag::warning("tml::split", title).at(span, "divided here"));
    }
    warnings.extend(straddling(rows, &fixed, &keep, span));
    if nowhere > 0 {
        rows.retain(&keep);
        fixed = fixed.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(part, _)| part).collect();
    }
    Ok((fixed, warnings))
}

fn every_word(rows: &Rows, given: &Given, span: &Span) -> Result<(), Diag> {
    let met = |name: &String| rows.parts.iter().any(|word| cell::same(word, name));
    let Some(name) = given.words.iter().flatten().find(|name| !met(name)) else { return Ok(()) };
    let found: Vec<String> = rows.parts.iter().take(20).map(|word| format!("\"{word}\"")).collect();
    let diag = Diag::error("tml::split", format!("no row has `{name}` as its `{}`", given.column));
    let diag = diag.at(span, "named here").note(format!("its words are {}", found.join(", ")));
    Err(match nearest(name, rows.parts.iter().map(String::as_str)) {
        Some(meant) => diag.help(format!("did you mean \"{meant}\"?")),
        None => diag.help(format!("name one of its words: `test = [{}]`", found.first().map_or("…", String::as_str))),
    })
}

/// The data may divide what `by` would keep together: that is for people to know.
fn straddling(rows: &Rows, fixed: &[Option<u8>], keep: &[bool], span: &Span) -> Option<Diag> {
    let mut seen: Vec<[bool; 2]> = vec![[false; 2]; rows.groups.len()];
    for (row, group) in rows.group.iter().enumerate().filter(|(row, _)| keep[*row]) {
        seen[*group as usize][usize::from(fixed[row] == Some(2))] = true;
    }
    let both: Vec<&String> =
        rows.groups.iter().zip(&seen).filter(|(_, seen)| **seen == [true; 2]).map(|(name, _)| name).collect();
    let first = both.first()?;
    let title = format!("{} groups are in the {} part and in another one, for example `{first}`", both.len(), NAMES[2]);
    Some(Diag::warning("tml::split", title).at(span, "divided here"))
}
