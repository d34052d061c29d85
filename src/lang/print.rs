//! Tree to text in the one canonical form, with the comments back in their places.
//!
//! `parse(print(ast)) == ast`, and `print(parse(print(ast))) == print(ast)`.

use super::ast::{Arg, Ast, Block, Call, Comment, Import, Item, Member, Relation, Value};
use super::{inline, text};

/// Columns of a line, unless one word alone needs more.
const WIDTH: usize = 100;

/// The canonical text of `ast`.
pub fn print(ast: &Ast) -> String {
    let mut printer =
        Printer { out: String::new(), indent: 0, comments: &ast.comments, text: ast.source.text(), commented: false };
    printer.file(ast);
    printer.out
}

/// Something between brackets: where it stands and how it is printed.
struct Group<'t, T> {
    items: &'t [T],
    start: fn(&T) -> usize,
    /// What follows each item but, for an empty one, its line's end.
    comma: &'static str,
}

struct Printer<'a> {
    out: String,
    indent: usize,
    /// Comments that are still to be printed.
    comments: &'a [Comment],
    text: &'a str,
    /// True when the last line ends with a comment.
    commented: bool,
}

impl Printer<'_> {
    fn file(&mut self, ast: &Ast) {
        if let Some((version, span)) = &ast.version {
            self.lead(span.start, span.start, true);
            self.push(&format!("tml {version}"));
        }
        let mut previous = None;
        for item in &ast.items {
            let (start, top, import) = match item {
                Item::Import(Import::Names { span, .. } | Import::File { span, .. }) => (span.start, span.start, true),
                Item::Block(block) => (block.header.start, block.docs_span.start, false),
            };
            let apart =
                previous.is_some_and(|previous| !(previous && import)) || (previous.is_none() && ast.version.is_some());
            let first = self.out.is_empty();
            self.between(start, top, apart, first);
            previous = Some(import);
            match item {
                Item::Import(import) => self.import(import),
                Item::Block(block) => self.block(block, 0),
            }
        }
        self.comments_before(usize::MAX, self.out.is_empty());
        self.out.push('\n');
    }

    /// Goes to a new line for a top-level item, with a blank line above it or above the comments on it.
    fn between(&mut self, start: usize, top: usize, apart: bool, first: bool) {
        self.trailing(start);
        let pending = self.comments.iter().take_while(|comment| comment.span.start < start);
        let written = self.blank_above(top) || pending.into_iter().any(|comment| self.blank_above(comment.span.start));
        if apart && !written {
            self.out.push('\n');
        }
        self.lead(start, top, first);
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |at| at + 1);
        self.out[line..].chars().count()
    }

    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', self.indent));
        self.commented = false;
    }

    /// Goes to a new line for what was written at `start` (its `///` lines at `top`): first the comments
    /// before it, then a blank line if there was one and it isn't the `first` of its body.
    fn lead(&mut self, start: usize, top: usize, first: bool) {
        let first = self.comments_before(start, first);
        if !first && self.blank_above(top) {
            self.out.push('\n');
        }
        self.newline();
    }

    /// Prints the comments before `start`; returns whether what follows is still the first of its body.
    fn comments_before(&mut self, start: usize, mut first: bool) -> bool {
        self.trailing(start);
        while let Some((comment, rest)) = self.comments.split_first().filter(|(comment, _)| comment.span.start < start)
        {
            self.comments = rest;
            if !first && self.blank_above(comment.span.start) {
                self.out.push('\n');
            }
            self.newline();
            self.comment(comment);
            first = false;
        }
        first
    }

    /// Prints the next comment at the end of this line, if it was written behind something before `start`.
    fn trailing(&mut self, start: usize) {
        let next = self.comments.split_first().filter(|(comment, _)| comment.span.start < start && !comment.own_line);
        if let Some((comment, rest)) = next.filter(|_| !self.commented && !self.out.is_empty()) {
            self.comments = rest;
            self.push(" ");
            self.comment(comment);
        }
    }

    fn comment(&mut self, comment: &Comment) {
        self.push("//");
        self.push(&comment.text);
        self.commented = true;
    }

    /// True when the line above the one of byte `at` is blank.
    fn blank_above(&self, at: usize) -> bool {
        let Some(before) = self.text.get(..at) else { return false };
        let without_line = |text: &'_ str| {
            let text = text.trim_end_matches([' ', '\t']);
            let shorter = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
            let shorter = if shorter.len() == text.len() { text.strip_suffix('\r').unwrap_or(text) } else { shorter };
            (shorter.len() < text.len()).then_some(shorter.len())
        };
        without_line(before).and_then(|length| without_line(&before[..length])).is_some()
    }

    fn has_comment_before(&self, end: usize) -> bool {
        self.comments.first().is_some_and(|comment| comment.span.start < end)
    }

    fn has_comment_in(&self, start: usize, end: usize) -> bool {
        let first = self.comments.partition_point(|comment| comment.span.start < start);
        self.comments.get(first).is_some_and(|comment| comment.span.start < end)
    }

    fn fits(&self, line: &str, after: usize) -> bool {
        self.column() + line.chars().count() + after <= WIDTH
    }

    fn import(&mut self, import: &Import) {
        let line = inline::import(import);
        let Import::Names { path, names: Some(names), span } = import else { return self.push(&line) };
        if self.fits(&line, 0) && !self.has_comment_before(span.end) {
            return self.push(&line);
        }
        self.push(&format!("use {}.{{", path.text()));
        let group = Group { items: names, start: |name| name.span.start, comma: "," };
        self.group(&group, span.end, |printer, name, _| printer.push(&name.text));
        self.push("}");
    }

    /// Prints a block at the current place; its header is filled up to `width`.
    fn block(&mut self, block: &Block, width: usize) {
        for doc in &block.docs {
            self.push(if doc.is_empty() { "///" } else { "/// " });
            self.push(doc);
            self.newline();
        }
        if let Some(line) = self.one_line(block) {
            let header = inline::header(block);
            self.push(&format!("{header:width$}{}", &line[header.len()..]));
            return;
        }
        self.header(block);
        self.push(" {");
        if block.members.is_empty() && !self.has_comment_before(block.span.end) {
            return self.push("}");
        }
        self.body(&block.members, block.span.end);
        self.push("}");
    }

    fn one_line(&self, block: &Block) -> Option<String> {
        let commented = self.has_comment_in(block.header.start, block.span.end);
        inline::block(block).filter(|line| !commented && self.indent + line.chars().count() <= WIDTH)
    }

    fn header(&mut self, block: &Block) {
        let line = inline::header(block);
        match &block.signature {
            Some(signature) if !self.fits(&line, 2) || self.has_comment_before(signature.span.end) => {
                self.push(&inline::title(block));
                self.push("(");
                if !signature.params.is_empty() {
                    let group = Group { items: &signature.params, start: |(name, _)| name.span.start, comma: "," };
                    let param = |printer: &mut Self, (name, ty): &(_, _), _| {
                        let name: &super::ast::Ident = name;
                        printer.push(&format!("{}: {}", name.text, inline::ty(ty)));
                    };
                    self.group(&group, signature.span.end, param);
                }
                self.push(")");
                self.push(&(inline::result(signature) + &inline::from(block.from.as_ref())));
            }
            _ => self.push(&line),
        }
    }

    /// Members, a line each, up to the closing brace at `end`.
    fn body(&mut self, members: &[Member], end: usize) {
        self.indent += 2;
        let widths = aligned(
            members,
            |member| self.head(member),
            |before, member| self.apart(member_end(before), member_top(member)),
        );
        for (at, (member, width)) in members.iter().zip(widths).enumerate() {
            self.lead(member_start(member), member_top(member), at == 0);
            match member {
                Member::Block(block) => self.block(block, width),
                Member::Relation(relation) => self.relation(relation, width, 0),
                Member::Call(call) if inline::is_auto(call) && !self.has_comment_before(call.span.end) => {
                    self.push(&inline::step(call));
                }
                Member::Call(call) => self.call(call, 0),
            }
        }
        self.close(end, members.is_empty());
    }

    /// Comments before a closing bracket, and the new line that it begins.
    fn close(&mut self, end: usize, first: bool) {
        self.comments_before(end, first);
        self.indent -= 2;
        self.newline();
    }

    /// How wide the part of a member is that its run aligns; `None` for one that isn't aligned.
    fn head(&self, member: &Member) -> Option<usize> {
        match member {
            Member::Relation(relation) => Some(inline::subject(relation).chars().count()),
            Member::Block(block) if block.docs.is_empty() => {
                self.one_line(block).map(|_| inline::header(block).chars().count())
            }
            Member::Block(_) | Member::Call(_) => None,
        }
    }

    /// True when a blank line was written between two bytes.
    fn apart(&self, end: usize, start: usize) -> bool {
        let between = self.text.get(end..start).unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<&str> = between.split('\n').collect();
        lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty())
    }

    fn relation(&mut self, relation: &Relation, width: usize, after: usize) {
        let subject = inline::subject(relation);
        self.push(&format!("{subject:width$} {} ", relation.op.text()));
        self.value(&relation.value, after);
    }

    /// Prints a value, on many lines if it must be; `after` columns are needed behind it.
    fn value(&mut self, value: &Value, after: usize) {
        let line = inline::print_value(value);
        let broken = inline::has_block_text(value) || self.has_comment_before(value.span().end);
        if !broken && self.fits(&line, after) {
            return self.push(&line);
        }
        let end = value.span().end;
        match value {
            Value::Text(text) if inline::is_block(text) => {
                let block = text::block(&text.value, self.indent).unwrap_or(line);
                self.push(&block);
            }
            Value::List(values, _) if !values.is_empty() || self.has_comment_before(end) => {
                self.push("[");
                let group = Group { items: values, start: |value| value.span().start, comma: "," };
                self.group(&group, end, Self::value);
                self.push("]");
            }
            Value::Call(call) => self.call(call, after),
            Value::Record(relations, _) => self.record(relations, end),
            Value::Reference(reference) => {
                self.push(&reference.path.text());
                if let Some(relations) = &reference.record {
                    self.push(" ");
                    self.record(relations, end);
                }
            }
            _ => self.push(&line),
        }
    }

    fn call(&mut self, call: &Call, after: usize) {
        let line = inline::call(call);
        let (end, broken) = (call.span.end, inline::call_has_block_text(call));
        let commented = self.has_comment_before(end);
        if !commented && (call.args.is_empty() || (!broken && self.fits(&line, after))) {
            return self.push(&line);
        }
        self.push(&format!("{}(", call.path.text()));
        let group = Group { items: &call.args, start: |arg| arg.span.start, comma: "," };
        self.group(&group, end, Self::arg);
        self.push(")");
    }

    fn arg(&mut self, arg: &Arg, after: usize) {
        if let Some(name) = &arg.name {
            self.push(&format!("{} = ", name.text));
        }
        self.value(&arg.value, after);
    }

    fn record(&mut self, relations: &[Relation], end: usize) {
        if relations.is_empty() && !self.has_comment_before(end) {
            return self.push("{}");
        }
        self.push("{");
        self.indent += 2;
        let head = |relation: &Relation| Some(inline::subject(relation).chars().count());
        let widths = aligned(relations, head, |before, next| self.apart(before.span.end, next.span.start));
        for (at, (relation, width)) in relations.iter().zip(widths).enumerate() {
            self.lead(relation.span.start, relation.span.start, at == 0);
            self.relation(relation, width, 0);
        }
        self.close(end, relations.is_empty());
        self.push("}");
    }

    /// Items, a line each, up to the closing bracket at `end`.
    fn group<T>(&mut self, group: &Group<T>, end: usize, one: impl Fn(&mut Self, &T, usize)) {
        self.indent += 2;
        for (at, item) in group.items.iter().enumerate() {
            let start = (group.start)(item);
            self.lead(start, start, at == 0);
            one(self, item, group.comma.len());
            self.push(group.comma);
        }
        self.close(end, group.items.is_empty());
    }
}

/// For each item the width to which its head is filled: the widest head of its run. A run ends where an item
/// has no head, or where two items stand `apart`.
fn aligned<T>(items: &[T], head: impl Fn(&T) -> Option<usize>, apart: impl Fn(&T, &T) -> bool) -> Vec<usize> {
    let heads: Vec<Option<usize>> = items.iter().map(head).collect();
    let mut widths = vec![0; items.len()];
    let mut start = 0;
    while start < items.len() {
        let mut end = start + 1;
        while end < items.len()
            && heads[start].is_some()
            && heads[end].is_some()
            && !apart(&items[end - 1], &items[end])
        {
            end += 1;
        }
        let widest = heads[start..end].iter().flatten().max().copied().unwrap_or(0);
        widths[start..end].fill(widest);
        start = end;
    }
    widths
}

fn member_start(member: &Member) -> usize {
    match member {
        Member::Block(block) => block.header.start,
        Member::Relation(relation) => relation.span.start,
        Member::Call(call) => call.span.start,
    }
}

fn member_top(member: &Member) -> usize {
    match member {
        Member::Block(block) => block.docs_span.start,
        other => member_start(other),
    }
}

fn member_end(member: &Member) -> usize {
    match member {
        Member::Block(block) => block.span.end,
        Member::Relation(relation) => relation.span.end,
        Member::Call(call) => call.span.end,
    }
}
