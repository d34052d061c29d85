//! One pass over the text: tokens, comments and documentation. What a grammar can't say well
//! (an open text, a character of no use here) is said here; brackets are paired in `brackets`.

use crate::base::{Diag, Source};

use super::ast::Comment;
use super::brackets;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A word that begins with a lower-case letter.
    Word,
    /// A word that begins with a capital letter or `_`, or has letters beyond a to z.
    Capital,
    /// Digits with what sticks to them: `50`, `1e-3`, `20ms`.
    Number,
    /// A text with its quotes.
    Text,
    /// `=`, `->`, `,` …
    Symbol,
    /// `(`, `[` or `{`
    Open,
    /// `)`, `]` or `}`
    Close,
    /// The end of a line.
    Line,
    /// The end of the file.
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Index of the innermost bracket that is open here; of its opening bracket for a closing one.
    pub open: Option<usize>,
    /// Index of the bracket on the other side; its own for any other token.
    pub partner: usize,
}

/// A diagnostic and the byte that it is about.
pub(super) type Problem = (usize, Diag);

/// More mistakes than this in one file are not listed: the file is of another kind.
pub(super) const MOST: usize = 20;

/// What a pass over the text finds.
pub(super) struct Scan {
    /// Everything but blanks and comments; the last is `End`.
    pub tokens: Vec<Token>,
    /// `//` comments.
    pub comments: Vec<Comment>,
    /// `///` lines.
    pub docs: Vec<Comment>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// True when a problem leaves the structure unclear, so that parsing would only invent more.
    pub fatal: bool,
}

/// Scans `source`.
pub(super) fn scan(source: &Source) -> Scan {
    let found = Scan { tokens: Vec::new(), comments: Vec::new(), docs: Vec::new(), problems: Vec::new(), fatal: false };
    let mut scanner = Scanner { source, text: source.text(), at: 0, found };
    if scanner.text.starts_with('\u{FEFF}') {
        scanner.at = '\u{FEFF}'.len_utf8();
    }
    while let Some(next) = scanner.rest().chars().next().filter(|_| scanner.found.problems.len() < MOST) {
        scanner.step(next);
    }
    scanner.found.fatal |= scanner.found.problems.len() >= MOST;
    scanner.token(Kind::End, 0);
    let mut found = scanner.found;
    if !found.fatal
        && let Some(problem) = brackets::pair(source, &mut found.tokens)
    {
        found.problems.push(problem);
        found.fatal = true;
    }
    found
}

struct Scanner<'a> {
    source: &'a Source,
    text: &'a str,
    at: usize,
    found: Scan,
}

/// Symbols of more than one character: the language's and those that other languages write instead.
const SYMBOLS: &[&str] = &["->", "..", ">=", "<=", "==", "=>", "=<", "!=", ":=", "::"];

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn token(&mut self, kind: Kind, length: usize) {
        let (start, end) = (self.at, self.at + length);
        let partner = self.found.tokens.len();
        self.found.tokens.push(Token { kind, start, end, open: None, partner });
        self.at = end;
    }

    fn problem(&mut self, length: usize, title: String, label: &str, help: String) {
        let span = self.source.span(self.at..self.at + length);
        self.found.problems.push((self.at, Diag::error("tml::syntax", title).at(&span, label).help(help)));
    }

    fn step(&mut self, next: char) {
        let rest = self.rest();
        match next {
            ' ' | '\t' => self.at += 1,
            '\r' if rest.starts_with("\r\n") => self.token(Kind::Line, 2),
            '\n' | '\r' => self.token(Kind::Line, 1),
            '/' if rest.starts_with("//") => self.comment(),
            '"' => self.line_or_block(),
            '(' | '[' | '{' => self.token(Kind::Open, 1),
            ')' | ']' | '}' => self.token(Kind::Close, 1),
            '-' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number(),
            _ if next.is_ascii_digit() => self.number(),
            _ if next == '_' || next.is_alphabetic() => self.word(next),
            _ => self.symbol(next),
        }
    }

    fn comment(&mut self) {
        let line = self.rest().split(['\n', '\r']).next().unwrap_or_default();
        let span = self.source.span(self.at..self.at + line.trim_end().len());
        let before = self.text[..self.at].trim_end_matches([' ', '\t', '\u{FEFF}']);
        let own_line = before.is_empty() || before.ends_with(['\n', '\r']);
        let doc = line.strip_prefix("///").filter(|text| !text.starts_with('/'));
        let text = doc.map_or(&line[2..], |text| text.strip_prefix(' ').unwrap_or(text)).trim_end().to_string();
        let list = if doc.is_some() { &mut self.found.docs } else { &mut self.found.comments };
        list.push(Comment { text, span, own_line });
        self.at += line.len();
    }

    fn line_or_block(&mut self) {
        let rest = self.rest();
        if let Some(inner) = rest.strip_prefix("\"\"\"") {
            match inner.find("\"\"\"") {
                Some(length) => self.token(Kind::Text, length + 6),
                None => self.open_text(3, rest.len(), "close it with `\"\"\"` on a line of its own"),
            }
            return;
        }
        let mut escaped = false;
        for (offset, c) in rest.char_indices().skip(1) {
            match c {
                '\n' | '\r' => {
                    let length = rest[..offset].trim_end().len();
                    return self.open_text(
                        length,
                        length,
                        "close it with `\"`, or begin a text of many lines with `\"\"\"`",
                    );
                }
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return self.token(Kind::Text, offset + 1),
                _ => {}
            }
        }
        self.open_text(rest.trim_end().len(), rest.len(), "close it with `\"`");
    }

    fn open_text(&mut self, shown: usize, length: usize, help: &str) {
        self.problem(shown, "a text is opened and never closed".into(), "opened here", help.into());
        self.found.fatal = true;
        self.token(Kind::Text, length);
    }

    fn number(&mut self) {
        let bytes = self.rest().as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut length = 1;
        while let Some(byte) = bytes.get(length) {
            let sign = matches!(byte, b'-' | b'+') && matches!(bytes[length - 1], b'e' | b'E') && digit(length + 1);
            let point = *byte == b'.' && digit(length + 1) && !self.rest()[..length].contains('.');
            if !(byte.is_ascii_alphanumeric() || *byte == b'_' || sign || point) {
                break;
            }
            length += 1;
        }
        self.token(Kind::Number, length);
    }

    fn word(&mut self, first: char) {
        let rest = self.rest();
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let word = &rest[..length];
        let Some(foreign) = word.chars().find(|c| !c.is_ascii()) else {
            let kind = if first.is_ascii_lowercase() { Kind::Word } else { Kind::Capital };
            return self.token(kind, length);
        };
        let word = brackets::clip(word);
        let help = match word {
            "µs" | "μs" => "write `us`".into(),
            "µJ" | "μJ" => "write `uJ`".into(),
            _ => format!("write it as text: `\"{word}\"`"),
        };
        let title = format!("a name has letters from a to z, and `{word}` has `{foreign}`");
        self.problem(length, title, "beyond a to z", help);
        self.token(Kind::Capital, length);
    }

    fn symbol(&mut self, first: char) {
        let rest = self.rest();
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            return self.token(Kind::Symbol, symbol.len());
        }
        if rest.starts_with("/*") || !"=<>:,.%-/".contains(first) {
            return self.foreign(first);
        }
        self.token(Kind::Symbol, 1);
    }

    /// True when the last token could be the left side of a sum.
    fn after_operand(&self) -> bool {
        let last = self.found.tokens.last().map(|token| token.kind);
        matches!(last, Some(Kind::Number | Kind::Word | Kind::Close))
    }

    /// A character that the language doesn't use: say what is written instead, and skip what it would disturb.
    fn foreign(&mut self, first: char) {
        let rest = self.rest();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        let quoted = |close: char| line[first.len_utf8()..].find(close).map(|at| &line[first.len_utf8()..][..at]);
        let name = first.escape_debug();
        let (title, label, help, skipped) = match first {
            '#' | '/' => {
                let opener = if first == '#' { "#" } else { "/*" };
                ("a comment begins with `//`".into(), "a comment?", format!("write `//` for `{opener}`"), line.len())
            }
            '\'' | '“' | '„' | '‘' | '«' => {
                let close = match first {
                    '\'' => '\'',
                    '«' => '»',
                    '‘' => '’',
                    _ => '”',
                };
                let text = quoted(close).unwrap_or_default();
                let length = if text.is_empty() { 0 } else { text.len() + close.len_utf8() };
                let help = format!("write `\"{}\"`", if text.is_empty() { "…" } else { brackets::clip(text) });
                (format!("a text stands in `\"`, not in `{first}`"), "a text?", help, first.len_utf8() + length)
            }
            ';' => ("a line ends without `;`".into(), "not needed", "remove `;`".into(), 1),
            '≥' | '≤' => {
                let written = if first == '≥' { ">=" } else { "<=" };
                (format!("`{first}` is written in plain characters"), "one character", format!("write `{written}`"), 3)
            }
            '–' | '—' | '−' => {
                let help = "write `-`".to_string();
                (format!("`{first}` isn't the minus of a keyboard"), "a dash", help, first.len_utf8())
            }
            '+' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) && !self.after_operand() => {
                ("a number above zero has no sign".into(), "not needed", "remove `+`".into(), 1)
            }
            '+' | '*' | '^' => {
                ("a spec doesn't calculate".into(), "an operator", "write the result as one number".into(), 1)
            }
            _ if first.is_whitespace() => (
                format!("`{name}` isn't a plain space"),
                "looks like a space",
                "write a plain space".into(),
                first.len_utf8(),
            ),
            _ => {
                let help = format!("remove `{name}`, or write it within a text: `\"{name}\"`");
                (format!("`{name}` has no meaning outside a text"), "this character", help, first.len_utf8())
            }
        };
        let shown = if matches!(first, '#' | '/') { 1 } else { skipped };
        self.problem(shown, title, label, help);
        self.token(Kind::Capital, skipped);
    }
}
