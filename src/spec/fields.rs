//! The one reader of names and values: block fields, records and call arguments against a schema (`base::Params`).
//!
//! It reports unknown, missing and repeated names, and `term` the values. A field that nobody reads is our bug.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::base::suggest::nearest;
use crate::base::{Decimal, Diag, Kind, Param, Params, Quantity, Source, Span};
use crate::lang;
use crate::lang::ast::{Arg, Block, Call, Item, Member, Path, RelOp, Relation, Value};

use super::scope::{Context, quoted};
use super::term::{self, Term};

/// What a schema's names were given, checked; errors are in the context.
pub(super) struct Fields {
    fields: BTreeMap<String, Field>,
    read: RefCell<BTreeSet<String>>,
}

struct Field {
    /// `None`: left out, or wrong and reported.
    term: Option<Term>,
    /// The relation or argument, or what it belongs to when the default stands.
    span: Span,
    given: bool,
}

/// Whose fields are read: "`dataset imu`", "`dense`"; and where a missing one is missing.
pub(super) struct Owner<'a> {
    pub(super) title: String,
    pub(super) span: &'a Span,
}

struct Given<'a> {
    name: String,
    name_span: Span,
    value: &'a Value,
    span: Span,
}

/// Reads the relations of a block. Steps and blocks in it are for the caller.
pub(super) fn block(schema: &Params, block: &Block, cx: &mut Context) -> Fields {
    lines(schema, block, &block.members, cx)
}

/// Reads relations among `members` as fields of `block`.
pub(super) fn lines(schema: &Params, block: &Block, members: &[Member], cx: &mut Context) -> Fields {
    let relations = members.iter().filter_map(|member| match member {
        Member::Relation(relation) => Some(relation),
        _ => None,
    });
    let owner = Owner { title: title(block), span: &block.header };
    read_relations(schema, relations, &owner, cx)
}

/// The block's first two words.
pub(super) fn title(block: &Block) -> String {
    block.name.as_ref().map_or(block.kind.text.clone(), |name| format!("{} {}", block.kind.text, name.text))
}

/// Reads `{ a = 1, b = 2 }`.
pub(super) fn record(schema: &Params, lines: &[Relation], owner: &Owner, cx: &mut Context) -> Fields {
    read_relations(schema, lines.iter(), owner, cx)
}

fn read_relations<'a>(
    schema: &Params,
    relations: impl Iterator<Item = &'a Relation>,
    owner: &Owner,
    cx: &mut Context,
) -> Fields {
    let mut given = Vec::new();
    for relation in relations {
        if let Some(diag) = not_a_setting(relation) {
            cx.report(diag);
        }
        given.push(Given {
            name: relation.subject.text(),
            name_span: relation.subject.span.clone(),
            value: &relation.value,
            span: relation.span.clone(),
        });
    }
    read(schema, given, owner, cx)
}

fn not_a_setting(relation: &Relation) -> Option<Diag> {
    let name = relation.subject.text();
    let written = relation.value.span().text().to_string();
    if relation.op != RelOp::Set {
        return Some(
            Diag::error(
                "tml::relation",
                format!("`{name}` is set with `=`, not compared with `{}`", relation.op.text()),
            )
            .at(&relation.span, "comparisons stand in `require`")
            .help(format!("write `{name} = {written}`, or move the line into `require {{ … }}`")),
        );
    }
    relation.args.as_ref().map(|_| {
        Diag::error("tml::field", format!("`{name}` takes no parentheses"))
            .at(&relation.span, "a field is a plain name")
            .help(format!("write `{name} = {written}`"))
    })
}

/// Reads a call's arguments: by position in the schema's order, then by name.
pub(super) fn call(schema: &Params, call: &Call, cx: &mut Context) -> Fields {
    let owner = Owner { title: call.path.text(), span: &call.span };
    let mut given = Vec::new();
    let mut named = false;
    for (position, arg) in call.args.iter().enumerate() {
        match place(schema, arg, position, named) {
            Ok(placed) => given.push(placed),
            Err(diag) => cx.report(diag.help(usage(&owner.title, schema))),
        }
        named |= arg.name.is_some();
    }
    read(schema, given, &owner, cx)
}

fn place<'a>(schema: &Params, arg: &'a Arg, position: usize, named: bool) -> Result<Given<'a>, Diag> {
    let (name, name_span) = match &arg.name {
        Some(name) => (name.text.clone(), name.span.clone()),
        None if named => {
            return Err(Diag::error("tml::field", "an argument without a name follows one with a name")
                .at(&arg.span, "which argument is this?"));
        }
        None => {
            let Some(param) = schema.get(position) else {
                let title = format!("{} arguments are given, but {} are known", position + 1, schema.len());
                return Err(Diag::error("tml::field", title).at(&arg.span, "one too many"));
            };
            (param.name.clone(), arg.span.clone())
        }
    };
    Ok(Given { name, name_span, value: &arg.value, span: arg.span.clone() })
}

/// How to write a call: `dense(units, activation = none)`.
pub(super) fn usage(word: &str, schema: &Params) -> String {
    let args: Vec<String> = schema
        .iter()
        .map(|param| match param.default.as_deref() {
            None | Some("") => param.name.clone(),
            Some(default) => format!("{} = {default}", param.name),
        })
        .collect();
    format!("`{word}({})`", args.join(", "))
}

fn read(schema: &Params, given: Vec<Given>, owner: &Owner, cx: &mut Context) -> Fields {
    let mut fields: BTreeMap<String, Field> = BTreeMap::new();
    let mut meant: Vec<String> = Vec::new();
    for item in given {
        let Some(param) = schema.iter().find(|param| param.name == item.name) else {
            meant.extend(nearest(&item.name, schema.iter().map(|param| param.name.as_str())).map(String::from));
            cx.report(unknown(schema, &item, owner));
            continue;
        };
        if let Some(first) = fields.get(&item.name) {
            let diag = Diag::error("tml::twice", format!("`{}` is given twice", item.name))
                .at(&first.span, "first here")
                .at(&item.span, "again here")
                .help("leave one of them out");
            cx.report(diag);
            continue;
        }
        let term = term::read(&param.name, &param.kind, item.value, cx);
        let term = term.unwrap_or_else(|diag| {
            cx.report(diag);
            None
        });
        fields.insert(item.name, Field { term, span: item.span, given: true });
    }
    for param in schema {
        if !fields.contains_key(&param.name) {
            // A misspelt field is not missing too.
            let term = if meant.contains(&param.name) { None } else { absent(param, schema, owner, cx) };
            fields.insert(param.name.clone(), Field { term, span: owner.span.clone(), given: false });
        }
    }
    Fields { fields, read: RefCell::default() }
}

fn unknown(schema: &Params, item: &Given, owner: &Owner) -> Diag {
    let names: Vec<&str> = schema.iter().map(|param| param.name.as_str()).collect();
    let diag = Diag::error("tml::field", format!("`{}` has no `{}`", owner.title, item.name));
    let diag = match nearest(&item.name, names.iter().copied()) {
        Some(meant) => diag.at(&item.name_span, format!("did you mean `{meant}`?")),
        None => diag.at(&item.name_span, "not known here"),
    };
    diag.help(if names.is_empty() {
        format!("`{}` takes none: leave it out", owner.title)
    } else {
        format!("`{}` takes {}", owner.title, quoted(&names))
    })
}

/// The default of a parameter that isn't given; reports one that must be.
fn absent(param: &Param, schema: &Params, owner: &Owner, cx: &mut Context) -> Option<Term> {
    match param.default.as_deref() {
        Some("") => None,
        Some(text) => {
            let value = default_value(&param.name, text);
            let term = value.map(|value| term::read(&param.name, &param.kind, &value, cx));
            if let Some(Ok(term)) = term {
                return term;
            }
            // An overlay's file may hold a default that its own kind refuses.
            let title = format!("the default `{text}` of `{}` in `{}` can't be read", param.name, owner.title);
            cx.report(
                Diag::error("tml::library", title).at(owner.span, "used here").help("correct it in the library's file"),
            );
            None
        }
        None => {
            let diag = Diag::error("tml::field", format!("`{}` has no `{}`", owner.title, param.name))
                .at(owner.span, format!("`{}` is missing", param.name))
                .note(format!("{}: {}", param.name, param.doc));
            cx.report(diag.help(missing_help(param, schema, owner)));
            None
        }
    }
}

fn missing_help(param: &Param, schema: &Params, owner: &Owner) -> String {
    let is_call = owner.span.text().contains('(') && !owner.title.contains(' ');
    if is_call {
        return format!("write {}", usage(&owner.title, schema));
    }
    let example = match &param.kind {
        Kind::Names => "[a, b]".to_string(),
        Kind::Text | Kind::Path => "\"…\"".to_string(),
        Kind::Of(dimension) => dimension.units().last().map_or("…".to_string(), |unit| format!("1 {unit}")),
        _ => "…".to_string(),
    };
    format!("add `{} = {example}`", param.name)
}

/// A default is written as in a spec, so it is read as one.
fn default_value(name: &str, text: &str) -> Option<Value> {
    let source = Source::new(format!("default of `{name}`"), format!("tml 1\n\ndefault {{\n  value = {text}\n}}\n"));
    let ast = lang::parse(&source).ok()?;
    match ast.items.into_iter().next()? {
        Item::Block(Block { members, .. }) => match members.into_iter().next()? {
            Member::Relation(relation) => Some(relation.value),
            _ => None,
        },
        Item::Import(_) => None,
    }
}

impl Fields {
    fn field(&self, name: &str) -> &Field {
        self.read.borrow_mut().insert(name.to_string());
        self.fields.get(name).unwrap_or_else(|| panic!("bug: `{name}` isn't in the schema"))
    }

    /// Where the field stands, or what it is missing from.
    pub(super) fn span(&self, name: &str) -> Span {
        self.field(name).span.clone()
    }

    /// True when the field is written, rightly or wrongly.
    pub(super) fn given(&self, name: &str) -> bool {
        self.field(name).given
    }

    pub(super) fn int(&self, name: &str) -> Option<i128> {
        if let Some(Term::Int(value)) = self.field(name).term { Some(value) } else { None }
    }

    pub(super) fn number(&self, name: &str) -> Option<Decimal> {
        if let Some(Term::Number(value)) = self.field(name).term { Some(value) } else { None }
    }

    pub(super) fn quantity(&self, name: &str) -> Option<Quantity> {
        if let Some(Term::Quantity(value)) = self.field(name).term { Some(value) } else { None }
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        if let Some(Term::Text(text)) = &self.field(name).term { Some(text.clone()) } else { None }
    }

    pub(super) fn names(&self, name: &str) -> Option<Vec<(String, Span)>> {
        if let Some(Term::Names(names)) = &self.field(name).term { Some(names.clone()) } else { None }
    }

    pub(super) fn reference(&self, name: &str) -> Option<Path> {
        if let Some(Term::Reference(path)) = &self.field(name).term { Some(path.clone()) } else { None }
    }

    pub(super) fn free(&self, name: &str) -> Option<Value> {
        if let Some(Term::Free(value)) = &self.field(name).term { Some(value.clone()) } else { None }
    }

    /// Every argument in the schema's order as canonical text, defaults filled; `None` when one is wrong or missing.
    pub(super) fn canonical(&self, schema: &Params) -> Option<Vec<(String, String)>> {
        let mut args = Vec::new();
        for param in schema {
            let field = self.field(&param.name);
            match &field.term {
                Some(term) => args.push((param.name.clone(), term::canonical(term))),
                None if !field.given && param.default.as_deref() == Some("") => {}
                None => return None,
            }
        }
        Some(args)
    }

    /// Checks that each field of the schema was read: one that isn't would be a word without a meaning.
    pub(super) fn finish(self) {
        let read = self.read.into_inner();
        let unread: Vec<&String> = self.fields.keys().filter(|name| !read.contains(*name)).collect();
        assert!(unread.is_empty(), "bug: in the schema, but never read: {unread:?}");
    }
}
