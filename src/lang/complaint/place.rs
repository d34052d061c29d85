//! Where a mistake stands: the token that doesn't fit, its neighbours, its line, and what could stand there.

use crate::base::{Diag, Source, Span};

use super::super::brackets;
use super::super::scan::{Kind, Token};
use super::{body, header};

/// The sentence for the token at index `at`, which doesn't fit; `expected` are strings of the grammar that would.
pub(in super::super) fn complain(source: &Source, tokens: &[Token], at: usize, expected: &[String]) -> Diag {
    let place = Place { source, tokens, at, expected };
    let rules = header::RULES.iter().chain(body::RULES);
    rules.into_iter().find_map(|rule| rule(&place)).unwrap_or_else(|| body::anything(&place))
}

/// A mistake that people make: its diagnostic, if it is the one at this place.
pub(super) type Rule = fn(&Place) -> Option<Diag>;

/// The token that doesn't fit, in its surroundings.
pub(super) struct Place<'a> {
    source: &'a Source,
    tokens: &'a [Token],
    at: usize,
    expected: &'a [String],
}

impl<'a> Place<'a> {
    /// The token that doesn't fit.
    pub(super) fn found(&self) -> &'a Token {
        &self.tokens[self.at]
    }

    /// The token `distance` further on (or back); never before the first or after the last.
    pub(super) fn near(&self, distance: isize) -> &'a Token {
        &self.tokens[self.at.saturating_add_signed(distance).min(self.tokens.len() - 1)]
    }

    /// The token before the one that doesn't fit; `None` at the beginning of the file.
    pub(super) fn before(&self) -> Option<&'a Token> {
        self.at.checked_sub(1).map(|at| &self.tokens[at])
    }

    /// What a token says.
    pub(super) fn text(&self, token: &Token) -> &'a str {
        brackets::text(self.source, token)
    }

    /// What the token that doesn't fit says.
    pub(super) fn word(&self) -> &'a str {
        self.text(self.found())
    }

    /// What the token before it says; empty at the beginning of the file.
    pub(super) fn word_before(&self) -> &'a str {
        self.before().map_or("", |token| self.text(token))
    }

    /// True when one of the strings that could stand here is `string`.
    pub(super) fn expects(&self, string: &str) -> bool {
        self.expected.iter().any(|expected| expected == string)
    }

    /// True when a value could stand here.
    pub(super) fn expects_value(&self) -> bool {
        self.expects("\"\"\"") && self.expects("0..9")
    }

    /// True when a line could end here, or an element of a list.
    pub(super) fn expects_end(&self) -> bool {
        self.expects(",") || (self.expects("\n") && !self.expects("a..z"))
    }

    /// True when nothing more stands on the line.
    pub(super) fn at_line_end(&self) -> bool {
        matches!(self.found().kind, Kind::Line | Kind::End | Kind::Close)
    }

    /// The innermost bracket that is open here.
    pub(super) fn bracket(&self) -> Option<&'a Token> {
        self.found().open.map(|open| &self.tokens[open])
    }

    /// `(`, `[`, `{`, or nothing outside of all brackets.
    pub(super) fn bracket_text(&self) -> &'a str {
        self.bracket().map_or("", |open| self.text(open))
    }

    /// The tokens of this line from its first one (or after the open bracket or `,`) up to the mistake, brackets' inside too.
    pub(super) fn line_before(&self) -> &'a [Token] {
        let from = self.found().open.map_or(0, |open| open + 1);
        let starts =
            |token: &Token| token.open == self.found().open && (token.kind == Kind::Line || self.text(token) == ",");
        let start = self.tokens[from..self.at].iter().rposition(starts).map_or(from, |at| from + at + 1);
        &self.tokens[start..self.at]
    }

    /// What is written from the mistake to the end of its line, without comment and closing brackets.
    pub(super) fn rest_of_line(&self) -> &'a str {
        let rest = &self.tokens[self.at..];
        let last = rest.iter().take_while(|token| !matches!(token.kind, Kind::Line | Kind::End)).last();
        let end = last.map_or(self.found().start, |token| token.end);
        brackets::clip(self.source.text()[self.found().start..end].trim_end_matches([' ', ',', '}']))
    }

    /// What is written around the mistake between blanks and any of `ends`.
    pub(super) fn run(&self, ends: &str) -> &'a str {
        let text = self.source.text();
        let outside = |c: char| c.is_whitespace() || ends.contains(c);
        let before = &text[..self.found().start];
        let start =
            before.char_indices().rev().take_while(|(_, c)| !outside(*c)).last().map_or(before.len(), |(at, _)| at);
        let length = text[start..].find(outside).unwrap_or(text.len() - start);
        brackets::clip(&text[start..start + length])
    }

    /// What is written without a blank just before a token: `70%`.
    pub(super) fn run_before(&self, token: &Token) -> &'a str {
        let before = self.source.text()[..token.start].trim_end();
        brackets::clip(before.rsplit(|c: char| c.is_whitespace() || "([{,".contains(c)).next().unwrap_or_default())
    }

    /// All tokens.
    pub(super) fn tokens(&self) -> &'a [Token] {
        self.tokens
    }

    /// Index of the token that doesn't fit.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The bytes of a token; of a line's end, the place just before it.
    pub(super) fn span(&self, token: &Token) -> Span {
        match token.kind {
            Kind::Line | Kind::End => self.source.span(token.start..token.start),
            _ => self.source.span(token.start..token.end),
        }
    }

    /// The bytes from one token to another.
    pub(super) fn over(&self, first: &Token, last: &Token) -> Span {
        self.span(first).to(&self.span(last))
    }

    /// What is written from one token to another, in one line of at most 40 characters.
    pub(super) fn quote(&self, first: &Token, last: &Token) -> String {
        let written = &self.source.text()[first.start..last.end];
        let line = written.lines().next().unwrap_or_default().trim_end();
        match line.char_indices().nth(40) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line.to_string(),
        }
    }

    /// A syntax error at a token.
    pub(super) fn diag(&self, token: &Token, title: impl Into<String>, label: &str) -> Diag {
        Diag::error("tml::syntax", title).at(&self.span(token), label)
    }
}
