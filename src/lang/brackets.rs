//! Which bracket closes which, how deep they nest, and which of them the user forgot.

use std::ops::Range;

use crate::base::{Diag, Source};

use super::scan::{Kind, Problem, Token};

/// Brackets may stand this deep within each other: keeps recursion, and the reader, from overflowing.
const DEEPEST: usize = 64;

/// Sets `open` and `partner` of all tokens; says which bracket is wrong if they don't pair.
pub(super) fn pair(source: &Source, tokens: &mut [Token]) -> Option<Problem> {
    let mut stack: Vec<usize> = Vec::new();
    // The first bracket that the layout says should have been closed before.
    let mut suspect = None;
    for at in 0..tokens.len() {
        let first = first_on_line(tokens, at);
        if first && suspect.is_none() && tokens[at].kind == Kind::Word && indent(source, tokens[at].start) == 0 {
            suspect = stack.last().copied();
        }
        tokens[at].open = stack.last().copied();
        match tokens[at].kind {
            Kind::Open if stack.len() == DEEPEST => return Some(too_deep(source, &tokens[at])),
            Kind::Open => stack.push(at),
            Kind::Close => {
                let Some(open) = stack.pop() else { return Some(stray(source, tokens, at, suspect)) };
                if closer(source, &tokens[open]) != text(source, &tokens[at]) {
                    return Some(crossed(source, tokens, open, at));
                }
                let outdented = || indent(source, tokens[open].start) > indent(source, tokens[at].start);
                if first && suspect.is_none() && outdented() {
                    suspect = Some(open);
                }
                tokens[open].partner = at;
                tokens[at].partner = open;
            }
            _ => {}
        }
    }
    let last = *stack.last()?;
    Some(unclosed(source, &tokens[suspect.unwrap_or(last)]))
}

/// The bytes to leave out to go on after a mistake at the token `at`: the line of the body or record around it,
/// then the line around that one, and so on.
pub(super) fn lines_around(tokens: &[Token], at: usize, source: &Source) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut inner = at;
    loop {
        let mut brace = tokens[inner].open;
        while let Some(open) = brace.filter(|open| text(source, &tokens[*open]) != "{") {
            brace = tokens[open].open;
        }
        ranges.push(line_in(tokens, brace, inner, source));
        let Some(open) = brace else { return ranges };
        inner = open;
    }
}

/// The line around the token `at` of the body that `brace` opens, or of the file.
fn line_in(tokens: &[Token], brace: Option<usize>, at: usize, source: &Source) -> Range<usize> {
    let ends = |token: &Token| token.kind == Kind::Line && token.open == brace;
    let from = brace.map_or(0, |open| open + 1);
    let last = brace.map_or(tokens.len() - 1, |open| tokens[open].partner);
    let start = tokens[from..at].iter().rposition(ends).map(|line| tokens[from + line].end);
    let mut end = at + tokens[at..=last.max(at)].iter().position(ends).unwrap_or(last - at);
    // A body that begins on the next line, or is only indented, belongs to its header.
    while brace.is_none() && end < last && indented(source, &tokens[end + 1]) {
        end += 1 + tokens[end + 1..=last].iter().position(ends).unwrap_or(last - end - 1);
    }
    start.unwrap_or_else(|| brace.map_or(0, |open| tokens[open].end))..tokens[end].start
}

/// True when the token begins an indented line, or a body.
fn indented(source: &Source, token: &Token) -> bool {
    let word = text(source, token);
    word == "{"
        || (!matches!(token.kind, Kind::Line | Kind::End) && !source.text()[..token.start].ends_with(['\n', '\r']))
}

/// True when nothing but blanks stands before the token on its line.
pub(super) fn first_on_line(tokens: &[Token], at: usize) -> bool {
    at == 0 || tokens[at - 1].kind == Kind::Line
}

/// The text of a token; of a very long one, its beginning.
pub(super) fn text<'a>(source: &'a Source, token: &Token) -> &'a str {
    clip(&source.text()[token.start..token.end])
}

/// At most sixty bytes of a text: no name that a message repeats is longer.
pub(super) fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(60)]
}

/// What closes an opening bracket.
fn closer(source: &Source, open: &Token) -> &'static str {
    match text(source, open) {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// How far the line around `offset` is indented.
fn indent(source: &Source, offset: usize) -> usize {
    let start = source.text()[..offset].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line = &source.text()[start..];
    line.len() - line.trim_start_matches([' ', '\t', '\u{FEFF}']).len()
}

fn too_deep(source: &Source, open: &Token) -> Problem {
    let span = source.span(open.start..open.end);
    let diag = Diag::error("tml::syntax", format!("brackets stand more than {DEEPEST} deep within each other"))
        .at(&span, format!("number {}", DEEPEST + 1))
        .help("take the inner values apart: a list or a block of their own");
    (open.start, diag)
}

fn unclosed(source: &Source, open: &Token) -> Problem {
    let (word, close) = (text(source, open), closer(source, open));
    let span = source.span(open.start..open.end);
    let diag = Diag::error("tml::syntax", format!("`{word}` is opened and never closed"))
        .at(&span, "opened here")
        .help(format!("write `{close}` where it ends"));
    (open.start, diag)
}

fn stray(source: &Source, tokens: &[Token], at: usize, suspect: Option<usize>) -> Problem {
    let close = &tokens[at];
    let word = text(source, close);
    let span = source.span(close.start..close.end);
    let mut diag = Diag::error("tml::syntax", format!("`{word}` closes nothing")).at(&span, "nothing is open here");
    if let Some(early) = suspect {
        let (line, _) = source.position(tokens[early].start);
        diag = diag.note(format!("what was opened on line {line} is closed already"));
    }
    (close.start, diag.help(format!("remove `{word}`")))
}

fn crossed(source: &Source, tokens: &[Token], open: usize, at: usize) -> Problem {
    let (opener, close) = (text(source, &tokens[open]), text(source, &tokens[at]));
    let needed = closer(source, &tokens[open]);
    let diag = Diag::error("tml::syntax", format!("`{opener}` is opened and never closed"))
        .at(&source.span(tokens[open].start..tokens[open].end), "opened here")
        .at(&source.span(tokens[at].start..tokens[at].end), format!("`{close}` comes before its `{needed}`"))
        .help(format!("write `{needed}` where it ends"));
    (tokens[open].start, diag)
}
