//! Text to tree: pest recognises the shapes of `grammar/tml.pest`, this file makes the nodes.
//!
//! After a mistake its line is left out and the rest is read, so that one run reports all mistakes of a file.

use std::num::NonZeroUsize;

use pest::Parser;
use pest::iterators::Pair;

use crate::base::{Decimal, Diag, Diags, Source, Span};

use super::ast::{
    Arg, Ast, Block, Call, Comment, Ident, Import, Item, Member, Number, Path, Reference, RelOp, Relation, Signature,
    Text, Type, Value,
};
use super::complaint::complain;
use super::scan::{Kind, MOST, Problem, Scan, Token, scan};
use super::{brackets, text};

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/tml.pest"]
struct Grammar;

/// The version of the language that this program reads.
const VERSION: u64 = 1;
/// A larger file isn't a spec.
const LARGEST: usize = 256 << 10;
/// Far more rule calls than a file of the largest size needs; a guard against files made to be slow.
const CALLS: usize = 50_000_000;

/// The tree of a `.tml` text, or all that is wrong with its syntax (codes `tml::syntax`, `tml::version`).
pub fn parse(source: &Source) -> Result<Ast, Diags> {
    if source.text().len() > LARGEST {
        let title = format!("a spec has at most 256 KiB, and this file has {} bytes", source.text().len());
        return Err(Diag::error("tml::syntax", title)
            .at(&source.span(0..0), "too large")
            .help("keep data in files of its own")
            .into());
    }
    let mut scan = scan(source);
    let mut problems = std::mem::take(&mut scan.problems);
    let mut text = source.text().to_string();
    for (at, _) in problems.iter().filter(|_| !scan.fatal) {
        leave_out(&mut text, &scan.tokens, token_at(&scan.tokens, *at), source);
    }
    let mut ast = None;
    while !scan.fatal && problems.len() < MOST && ast.is_none() {
        match recognise(&text) {
            Ok(file) => ast = Some(Builder::new(source, &scan, &mut problems).file(file)),
            Err((at, expected)) => {
                let token = token_at(&scan.tokens, at);
                let diag = complain(source, &scan.tokens, token, &expected);
                let left = leave_out(&mut text, &scan.tokens, token, source);
                if left != Left::Again || problems.is_empty() {
                    problems.push((scan.tokens[token].start, diag));
                }
                if left == Left::Nothing {
                    break;
                }
            }
        }
    }
    problems.sort_by_key(|(at, _)| *at);
    match ast {
        Some(ast) if problems.is_empty() => Ok(Ast { comments: scan.comments, ..ast }),
        _ => Err(Diags(problems.into_iter().map(|(_, diag)| diag).collect())),
    }
}

/// The rule `file` over `text`, or the first byte that doesn't fit with what could stand there, as in the grammar.
fn recognise(text: &str) -> Result<Pair<'_, Rule>, (usize, Vec<String>)> {
    pest::set_call_limit(NonZeroUsize::new(CALLS));
    pest::set_error_detail(true);
    let error = match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) => return Ok(pairs.next().unwrap_or_else(|| panic!("bug: pest matched no file"))),
        Err(error) => error,
    };
    let start = match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
    };
    let Some(attempts) = error.parse_attempts() else { return Err((start, Vec::new())) };
    let expected = attempts.expected_tokens().iter().map(ToString::to_string).collect();
    Err((attempts.max_position.max(start), expected))
}

/// Index of the first token that ends after `at`.
fn token_at(tokens: &[Token], at: usize) -> usize {
    tokens.partition_point(|token| token.end <= at).min(tokens.len() - 1)
}

/// What leaving out the line around a mistake did.
#[derive(PartialEq)]
enum Left {
    /// The line is gone.
    Line,
    /// It was gone already, so that the mistake only repeats; the line around it is gone now.
    Again,
    /// There is nothing more to leave out.
    Nothing,
}

/// Blanks the line around a token, so that the rest can be read.
fn leave_out(text: &mut String, tokens: &[Token], token: usize, source: &Source) -> Left {
    let mut left = Left::Line;
    for range in brackets::lines_around(tokens, token, source) {
        if !text[range.clone()].trim().is_empty() {
            let blank = |c: char| if matches!(c, '\n' | '\r') { c.to_string() } else { " ".repeat(c.len_utf8()) };
            let blanks: String = text[range.clone()].chars().map(blank).collect();
            text.replace_range(range, &blanks);
            return left;
        }
        if !source.text()[range].trim().is_empty() {
            left = Left::Again;
        }
    }
    Left::Nothing
}

struct Builder<'a> {
    source: &'a Source,
    tokens: &'a [Token],
    /// `///` lines that no block has taken yet, the next one last.
    docs: Vec<&'a Comment>,
    problems: &'a mut Vec<Problem>,
}

type Node<'a> = Pair<'a, Rule>;

impl<'a> Builder<'a> {
    fn new(source: &'a Source, scan: &'a Scan, problems: &'a mut Vec<Problem>) -> Self {
        Self { source, tokens: &scan.tokens, docs: scan.docs.iter().rev().collect(), problems }
    }

    /// The bytes of a node. Those of pest include blanks and comments at the end.
    fn span(&self, node: &Node) -> Span {
        let span = node.as_span();
        let after = self.tokens.partition_point(|token| token.end <= span.end());
        let last = self.tokens[..after].iter().rev().find(|token| token.kind != Kind::Line);
        self.source.span(span.start()..last.map_or(span.end(), |token| token.end).max(span.start()))
    }

    fn problem(&mut self, diag: Diag, span: &Span) {
        if self.problems.len() < MOST {
            self.problems.push((span.start, diag));
        }
    }

    fn file(mut self, file: Node) -> Ast {
        let mut version = None;
        let mut items = Vec::new();
        for node in file.into_inner() {
            match node.as_rule() {
                Rule::version => version = Some(self.version(&node)),
                Rule::import => items.push(Item::Import(self.import(node))),
                Rule::block => items.push(Item::Block(self.block(node))),
                _ => {}
            }
        }
        self.docs.reverse();
        let left = std::mem::take(&mut self.docs);
        self.report_stray(&left);
        if version.is_none() && self.problems.iter().all(|(_, diag)| diag.code != "tml::version") {
            let first = self.tokens.iter().find(|token| token.kind != Kind::Line);
            let at = first.map_or(0, |token| token.start);
            let title = format!("the first line of a spec says its version: `tml {VERSION}`");
            let diag = Diag::error("tml::version", title).at(&self.source.span(at..at), "goes before this");
            self.problems.insert(0, (at, diag.help(format!("write `tml {VERSION}` as the first line"))));
        }
        Ast { source: self.source.clone(), version, items, comments: Vec::new() }
    }

    fn version(&mut self, node: &Node) -> (u64, Span) {
        let span = self.span(node);
        let number = span.text()[3..].trim().parse::<u64>();
        if number != Ok(VERSION) {
            let title = format!("this file is in `{}`, and this program reads `tml {VERSION}`", span.text());
            let diag = Diag::error("tml::version", title).at(&span, "another version of the language");
            self.problem(diag.help(format!("write `tml {VERSION}`, or install the cargo-tinyml that reads it")), &span);
        }
        (number.unwrap_or(VERSION), span)
    }

    fn import(&mut self, node: Node) -> Import {
        let span = self.span(&node);
        let mut path = None;
        let mut names = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::text => return Import::File { path: self.text(&part), span },
                Rule::path => path = Some(self.path(part)),
                Rule::names => names = Some(part.into_inner().map(|name| self.ident(&name)).collect()),
                _ => {}
            }
        }
        let path = path.unwrap_or_else(|| panic!("bug: `use` without a path"));
        Import::Names { path, names, span }
    }

    fn block(&mut self, node: Node) -> Block {
        let span = self.span(&node);
        let (docs, docs_span) = self.docs_above(span.start);
        let (mut kind, mut name, mut signature, mut from, mut members) = (None, None, None, None, Vec::new());
        let mut body = span.end;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::kind => kind = Some(self.ident(&part)),
                Rule::name => name = Some(self.ident(&part)),
                Rule::signature => signature = Some(self.signature(part)),
                Rule::path => from = Some(self.path(part)),
                Rule::body => {
                    body = part.as_span().start();
                    members = part.into_inner().map(|member| self.member(member)).collect();
                }
                _ => {}
            }
        }
        let header = self.source.span(span.start..span.start + self.source.text()[span.start..body].trim_end().len());
        let kind = kind.unwrap_or_else(|| panic!("bug: a block without a kind"));
        Block { docs, docs_span, kind, name, signature, from, members, span, header }
    }

    fn member(&mut self, node: Node) -> Member {
        match node.as_rule() {
            Rule::block => Member::Block(self.block(node)),
            Rule::relation => Member::Relation(self.relation(node)),
            Rule::auto => Member::Call(self.bare(&node)),
            _ => Member::Call(self.call(node)),
        }
    }

    /// Takes the `///` lines that stand directly above `start`; any before them document nothing.
    fn docs_above(&mut self, start: usize) -> (Vec<String>, Span) {
        let before = self.tokens.partition_point(|token| token.end <= start);
        let previous = self.tokens[..before].iter().rev().find(|token| token.kind != Kind::Line);
        let from = previous.map_or(0, |token| token.end);
        let (mut mine, mut stray) = (Vec::new(), Vec::new());
        while let Some(doc) = self.docs.pop_if(|doc| doc.span.start < start) {
            let list = if doc.span.start >= from && doc.own_line { &mut mine } else { &mut stray };
            list.push(doc);
        }
        self.report_stray(&stray);
        let span = mine.first().zip(mine.last()).map(|(first, last)| first.span.to(&last.span));
        let span = span.unwrap_or_else(|| self.source.span(start..start));
        (mine.into_iter().map(|doc| doc.text.clone()).collect(), span)
    }

    /// One diagnostic for `///` lines that follow one another and document nothing.
    fn report_stray(&mut self, stray: &[&Comment]) {
        let mut last_end = None;
        for doc in stray {
            let gap = last_end.replace(doc.span.end).map(|end| &self.source.text()[end..doc.span.start]);
            if gap.is_some_and(|gap| gap.trim().is_empty()) {
                continue;
            }
            let diag = Diag::error("tml::syntax", "`///` documents the block below it, and no block follows")
                .at(&doc.span, "documents nothing")
                .help("write `//` for a comment");
            self.problem(diag, &doc.span);
        }
    }

    fn ident(&self, node: &Node) -> Ident {
        let span = self.span(node);
        Ident { text: span.text().to_string(), span }
    }

    fn path(&self, node: Node) -> Path {
        let span = self.span(&node);
        Path { parts: node.into_inner().map(|part| self.ident(&part)).collect(), span }
    }

    fn signature(&mut self, node: Node) -> Signature {
        let span = self.span(&node);
        let (mut params, mut result) = (Vec::new(), None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::param => {
                    let mut inner = part.into_inner();
                    if let (Some(name), Some(ty)) = (inner.next(), inner.next()) {
                        params.push((self.ident(&name), self.ty(ty)));
                    }
                }
                Rule::ty => result = Some(self.ty(part)),
                _ => {}
            }
        }
        Signature { params, result, span }
    }

    fn ty(&mut self, node: Node) -> Type {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let Some(element) = inner.next() else { panic!("bug: a type without a word") };
        let element = self.ident(&element);
        Type { element, dims: inner.map(|dim| self.value(dim)).collect(), span }
    }

    fn relation(&mut self, node: Node) -> Relation {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let (Some(subject), Some(op), Some(value)) = (inner.next(), inner.next(), inner.next()) else {
            panic!("bug: a relation without its three parts")
        };
        let op = match op.as_str() {
            ">=" => RelOp::AtLeast,
            "<=" => RelOp::AtMost,
            ">" => RelOp::Above,
            "<" => RelOp::Below,
            _ => RelOp::Set,
        };
        let (subject, args) = self.path_and_args(subject);
        Relation { subject, args, op, value: self.value(value), span }
    }

    fn path_and_args(&mut self, node: Node) -> (Path, Option<Vec<Arg>>) {
        let mut inner = node.into_inner();
        let Some(path) = inner.next() else { panic!("bug: a call without a path") };
        (self.path(path), inner.next().map(|args| args.into_inner().map(|arg| self.arg(arg)).collect()))
    }

    fn call(&mut self, node: Node) -> Call {
        let span = self.span(&node);
        let (path, args) = self.path_and_args(node);
        Call { path, args: args.unwrap_or_default(), span }
    }

    /// A step that is a word alone.
    fn bare(&self, node: &Node) -> Call {
        let span = self.span(node);
        let word = Ident { text: span.text().to_string(), span: span.clone() };
        Call { path: Path { parts: vec![word], span: span.clone() }, args: Vec::new(), span }
    }

    fn arg(&mut self, node: Node) -> Arg {
        let span = self.span(&node);
        let mut inner: Vec<Node> = node.into_inner().collect();
        let value = inner.pop().unwrap_or_else(|| panic!("bug: an argument without a value"));
        Arg { name: inner.first().map(|name| self.ident(name)), value: self.value(value), span }
    }

    fn value(&mut self, node: Node) -> Value {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::quantity => Value::Number(self.number(node)),
            Rule::text => Value::Text(self.text(&node)),
            Rule::call => Value::Call(self.call(node)),
            Rule::list => Value::List(node.into_inner().map(|value| self.value(value)).collect(), span),
            Rule::record => Value::Record(node.into_inner().map(|relation| self.relation(relation)).collect(), span),
            Rule::range => {
                let ends: Vec<Number> = node.into_inner().map(|end| self.number(end)).collect();
                let Ok([low, high]) = <[Number; 2]>::try_from(ends) else {
                    panic!("bug: a range without its two ends")
                };
                Value::Range(low, high)
            }
            Rule::reference => {
                let mut inner = node.into_inner();
                let Some(path) = inner.next() else { panic!("bug: a reference without a path") };
                let relations = |record: Node| record.into_inner().map(|relation| self.relation(relation)).collect();
                let record = inner.next().map(relations);
                Value::Reference(Reference { path: self.path(path), record, span })
            }
            rule => panic!("bug: `{rule:?}` isn't a value"),
        }
    }

    fn number(&mut self, node: Node) -> Number {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let written = inner.next().map_or("", |number| number.as_str());
        let value = Decimal::parse(written).unwrap_or_else(|| {
            let diag = Diag::error("tml::syntax", "a number has at most 36 digits and an exponent of at most 64")
                .at(&span, "more than that")
                .help("write fewer digits");
            self.problem(diag, &span);
            Decimal::new(0, 0)
        });
        Number { value, unit: inner.next().map(|unit| self.ident(&unit)), span }
    }

    fn text(&mut self, node: &Node) -> Text {
        let span = self.span(node);
        let written = span.text();
        if let Some(inner) = written.strip_prefix("\"\"\"") {
            let value = text::unindent(inner.strip_suffix("\"\"\"").unwrap_or(inner));
            return Text { value, block: true, span };
        }
        let inner = written.get(1..written.len() - 1).unwrap_or_default();
        let value = text::unescape(inner).unwrap_or_else(|bad| {
            let at = span.start + 1;
            let place = self.source.span(at + bad.range.start..at + bad.range.end);
            let escape = place.text();
            let diag = if bad.number {
                Diag::error("tml::syntax", format!("`{escape}` is no character"))
                    .help("write its number as in `\\u{e9}`")
            } else {
                let help = format!("write `\\{escape}` for a backslash and what follows");
                Diag::error("tml::syntax", format!("`{escape}` has no meaning in a text")).help(help)
            };
            self.problem(diag.at(&place, "known are \\n \\t \\\" \\\\ \\u{…}"), &place);
            String::new()
        });
        Text { value, block: false, span }
    }
}
