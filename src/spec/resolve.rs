//! Tree to spec: reads the items from top to bottom, so that a name is known only below its definition.

use std::collections::BTreeMap;

use crate::base::suggest::nearest;
use crate::base::{Diag, Diags, Severity, Span};
use crate::lang::ast::{Ast, Block, Member};

use super::import::{self, Files, Placed};
use super::model::Spec;
use super::scope::{Context, Symbol, quoted};
use super::vocabulary::Vocabulary;
use super::{dataset, deploy, features, fields, function, search};

/// What a kind of block may have: header parts, steps, blocks within.
struct Form {
    kind: &'static str,
    from: bool,
    signature: bool,
    steps: bool,
    inner: &'static [&'static str],
    header: &'static str,
}

const FORMS: &[Form] = &[
    form("dataset", false, false, false, &[], "dataset NAME {"),
    form("features", true, false, true, &[], "features NAME from DATASET {"),
    form("model", true, false, true, &["train", "quantize", "search"], "model NAME from FEATURES {"),
    form("generate", false, true, false, &[], "generate NAME(x: f32[3]) -> f32[3] {"),
    form("extern", false, true, false, &[], "extern NAME(x: f32[3]) -> f32[3] {"),
    form("deploy", true, false, false, &["decide", "require"], "deploy NAME from MODEL {"),
];

const fn form(
    kind: &'static str,
    from: bool,
    signature: bool,
    steps: bool,
    inner: &'static [&'static str],
    header: &'static str,
) -> Form {
    Form { kind, from, signature, steps, inner, header }
}

/// Resolves a tree. Pure: `files` gives the text of a path relative to the root spec's folder.
///
/// # Errors
/// Every error of the room, with the warnings.
pub fn resolve(ast: &Ast, vocabulary: &dyn Vocabulary, files: &Files) -> Result<(Spec, Vec<Diag>), Diags> {
    let file = ast.source.path().rsplit('/').next().unwrap_or_default();
    let name = file.strip_suffix(".tml").unwrap_or(file).to_string();
    let spec = Spec {
        name,
        datasets: Vec::new(),
        functions: Vec::new(),
        features: Vec::new(),
        models: Vec::new(),
        deploys: Vec::new(),
        fetches: Vec::new(),
    };
    let mut cx = Context {
        vocabulary,
        spec,
        diags: Vec::new(),
        names: BTreeMap::new(),
        below: Vec::new(),
        boards: BTreeMap::new(),
        failed: Vec::new(),
        features: Vec::new(),
        folder: String::new(),
        used_functions: Vec::new(),
    };
    let blocks = import::flatten(ast, files, &mut cx);
    for (at, placed) in blocks.iter().enumerate() {
        let later = blocks[at + 1..]
            .iter()
            .filter_map(|later| Some((later.block.name.as_ref()?.text.clone(), later.block.header.clone())));
        cx.below = later.collect();
        item(placed, &mut cx);
    }
    complete(ast, &blocks, &mut cx);
    let Context { spec, diags, .. } = cx;
    let failed = diags.iter().any(|diag| diag.severity == Severity::Error);
    if failed { Err(Diags(diags)) } else { Ok((spec, diags)) }
}

fn item(placed: &Placed, cx: &mut Context) {
    let block = &placed.block;
    cx.folder.clone_from(&placed.folder);
    let Some(form) = FORMS.iter().find(|form| form.kind == block.kind.text) else {
        let diag = unknown_kind(block);
        cx.report(diag);
        cx.failed.extend(block.name.as_ref().map(|name| name.text.clone()));
        return;
    };
    header(block, form, cx);
    body(block, form, cx);
    let symbol = define(block, cx);
    let Some(name) = &block.name else { return };
    if let Some((_, first)) = cx.names.get(&name.text) {
        let diag = Diag::error("tml::twice", format!("two blocks are called `{}`", name.text));
        let diag = diag.at(&first.clone(), "first here").at(&block.header, "again here").help("give each its own name");
        cx.report(diag);
        return;
    }
    if function::is_reserved(&name.text) {
        let diag = Diag::error("tml::name", format!("`{}` is a word of C or of the firmware", name.text));
        cx.report(diag.at(&name.span, "would clash in the C code").help(format!("write `my_{}`", name.text)));
    }
    cx.names.insert(name.text.clone(), (symbol, block.header.clone()));
}

/// Resolves the block and adds it to the spec; the symbol has no index when it has errors.
fn define(block: &Block, cx: &mut Context) -> Symbol {
    fn push<T>(list: &mut Vec<T>, value: Option<T>) -> Option<usize> {
        list.push(value?);
        Some(list.len() - 1)
    }
    match block.kind.text.as_str() {
        "dataset" => {
            let value = dataset::resolve(block, cx);
            Symbol::Dataset(push(&mut cx.spec.datasets, value))
        }
        "features" => {
            let value = features::resolve(block, cx);
            Symbol::Features(push(&mut cx.spec.features, value))
        }
        "model" => {
            let value = search::resolve(block, cx);
            Symbol::Model(push(&mut cx.spec.models, value))
        }
        "deploy" => {
            let value = deploy::resolve(block, cx);
            Symbol::Deploy(push(&mut cx.spec.deploys, value))
        }
        _ => {
            let value = function::resolve(block, cx);
            Symbol::Function(push(&mut cx.spec.functions, value))
        }
    }
}

fn unknown_kind(block: &Block) -> Diag {
    let kind = &block.kind.text;
    let diag = Diag::error("tml::block", format!("there is no block called `{kind}`"));
    if let Some(form) = FORMS.iter().find(|form| form.inner.contains(&kind.as_str())) {
        return Diag::error("tml::block", format!("`{kind}` stands within `{}`", form.kind))
            .at(&block.header, "not at the top")
            .help(format!("move it into `{} … {{ }}`", form.kind));
    }
    let kinds: Vec<&str> = FORMS.iter().map(|form| form.kind).collect();
    let label = nearest(kind, kinds.iter().copied())
        .map_or("not known here".to_string(), |meant| format!("did you mean `{meant}`?"));
    diag.at(&block.kind.span, label).help(format!("blocks are {}", quoted(&kinds)))
}

/// Checks the header's parts.
fn header(block: &Block, form: &Form, cx: &mut Context) {
    let kind = form.kind;
    let mut wrong: Option<(&str, Span, String)> = None;
    if block.name.is_none() {
        wrong = Some(("this needs a name", block.header.clone(), format!("`{kind}` has no name")));
    } else if let Some(from) = block.from.as_ref().filter(|_| !form.from) {
        wrong = Some(("leave this out", from.span.clone(), format!("`{kind}` comes from nothing")));
    } else if let Some(path) = block.from.as_ref().filter(|path| path.parts.len() > 1) {
        wrong = Some(("one name is needed", path.span.clone(), format!("`{}` is no block", path.text())));
    } else if block.from.is_none() && form.from {
        wrong = Some((
            "from what?",
            block.header.clone(),
            format!("`{}` doesn't say what it comes from", fields::title(block)),
        ));
    } else if let Some(signature) = block.signature.as_ref().filter(|_| !form.signature) {
        wrong = Some(("leave this out", signature.span.clone(), format!("`{kind}` takes no parameters")));
    }
    if let Some((label, span, title)) = wrong {
        cx.report(Diag::error("tml::block", title).at(&span, label).help(format!("write `{}`", form.header)));
    }
}

/// Checks that only lines and blocks stand in the body which its kind has.
fn body(block: &Block, form: &Form, cx: &mut Context) {
    let mut seen: Vec<&Block> = Vec::new();
    for member in &block.members {
        match member {
            Member::Call(call) if !form.steps => {
                let diag = Diag::error("tml::block", format!("`{}` has no steps", form.kind));
                let help = format!("lines of `{}` are `name = value`", form.kind);
                cx.report(diag.at(&call.span, "a call stands alone here").help(help));
            }
            Member::Call(_) | Member::Relation(_) => {}
            Member::Block(inner) => {
                inner_block(inner, form, cx);
                if let Some(first) = seen.iter().find(|first| first.kind.text == inner.kind.text) {
                    let diag =
                        Diag::error("tml::twice", format!("`{}` has two `{}`", fields::title(block), inner.kind.text));
                    cx.report(diag.at(&first.header, "first here").at(&inner.header, "again here").help("join them"));
                }
                seen.push(inner);
            }
        }
    }
}

fn inner_block(inner: &Block, form: &Form, cx: &mut Context) {
    let kind = &inner.kind.text;
    if !form.inner.contains(&kind.as_str()) {
        let label = nearest(kind, form.inner.iter().copied())
            .map_or("not known here".into(), |meant| format!("did you mean `{meant}`?"));
        let diag = Diag::error("tml::block", format!("`{}` has no block called `{kind}`", form.kind));
        let help = if form.inner.is_empty() {
            format!("`{}` holds no blocks", form.kind)
        } else {
            format!("it has {}", quoted(form.inner))
        };
        cx.report(diag.at(&inner.header, label).help(help));
        return;
    }
    if inner.name.is_some() || inner.from.is_some() || inner.signature.is_some() {
        let diag = Diag::error("tml::block", format!("`{kind}` has no name"));
        cx.report(diag.at(&inner.header, "only the word").help(format!("write `{kind} {{`")));
    }
    for member in &inner.members {
        let (span, what) = match member {
            Member::Relation(_) => continue,
            Member::Call(call) => (&call.span, "a call"),
            Member::Block(block) => (&block.header, "a block"),
        };
        let relation = if kind == "require" { "name >= limit" } else { "name = value" };
        let diag = Diag::error("tml::block", format!("{what} stands in `{kind}`"));
        cx.report(diag.at(span, "not a line it has").help(format!("lines of `{kind}` are `{relation}`")));
    }
}

/// Warns of what can't have been meant.
fn complete(ast: &Ast, blocks: &[Placed], cx: &mut Context) {
    if cx.diags.iter().any(|diag| diag.severity == Severity::Error) {
        return;
    }
    if blocks.is_empty() {
        let diag = Diag::error("tml::block", format!("`{}` holds no block", ast.source.path()));
        cx.report(diag.help("start with `dataset NAME { … }`; `cargo tinyml explain dataset` shows its fields"));
        return;
    }
    let unused = |(index, function): (usize, &super::model::Function)| {
        let unused = !cx.used_functions.contains(&index);
        unused.then(|| {
            Diag::warning("tml::unused", format!("nothing uses `{}`", function.name))
                .at(&function.span, "never called")
                .help(format!("write `{}()` in `features`, or `app = {}` in `deploy`", function.name, function.name))
        })
    };
    let warnings: Vec<Diag> = cx.spec.functions.iter().enumerate().filter_map(unused).collect();
    cx.diags.extend(warnings);
}
