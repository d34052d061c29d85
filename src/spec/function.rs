//! `generate f(…) -> …` and `extern f(…) -> …`: the user's C functions and their typed signatures.

use crate::base::suggest::nearest;
use crate::base::{Decimal, Diag, Element, Kind, Param, Params, Shape};
use crate::lang::ast::{Block, Type, Value};

use super::fields;
use super::import;
use super::model::{Function, Origin};
use super::scope::{Constant, Context};
use super::term;

/// Elements of one parameter or result: more than any of our boards holds.
const MOST_ELEMENTS: usize = 1 << 22;

/// Fields of `extern`.
pub(super) fn extern_schema() -> Params {
    vec![Param::required("source", Kind::Path, "the C file that defines the function, relative to the spec")]
}

/// Fields of `generate`.
pub(super) fn generate_schema() -> Params {
    vec![
        Param::required("prompt", Kind::Text, "what the function shall do, in prose"),
        Param::optional("cases", Kind::Path, "", "CSV of inputs and expected outputs that the function must meet"),
        Param::optional("tolerance", Kind::Number(0.0, 1.0), "1e-3", "relative error that a case may have"),
    ]
}

/// Resolves either block.
pub(super) fn resolve(block: &Block, cx: &mut Context) -> Option<Function> {
    let origin = if block.kind.text == "extern" { from_file(block, cx) } else { from_prompt(block, cx) };
    let Some(signature) = &block.signature else {
        let name = block.name.as_ref().map_or("f", |name| &name.text);
        let diag = Diag::error("tml::block", format!("`{}` has no signature", fields::title(block)));
        let help = format!("write `{} {name}(x: f32[3]) -> f32[3] {{`; an app has no `->`", block.kind.text);
        cx.report(diag.at(&block.header, "what does it take?").help(help));
        return None;
    };
    let mut params: Vec<(String, Shape)> = Vec::new();
    let mut complete = true;
    for (name, ty) in &signature.params {
        if params.iter().any(|(known, _)| *known == name.text) {
            let diag = Diag::error("tml::twice", format!("two parameters are called `{}`", name.text));
            cx.report(diag.at(&name.span, "again here").help("give each its own name"));
        }
        if is_reserved(&name.text) {
            let diag = Diag::error("tml::name", format!("`{}` is a word of C", name.text));
            cx.report(diag.at(&name.span, "can't name a parameter").help(format!("write `{}_`", name.text)));
        }
        match shape(ty, cx) {
            Some(shape) => params.push((name.text.clone(), shape)),
            None => complete = false,
        }
    }
    if signature.params.is_empty() {
        let diag = Diag::error("tml::block", format!("`{}` takes nothing", fields::title(block)));
        cx.report(diag.at(&signature.span, "no parameter").help("write at least one: `(x: f32[3])`"));
    }
    let result = signature.result.as_ref().map(|ty| shape(ty, cx));
    let failed = !complete || result == Some(None);
    if failed {
        return None;
    }
    Some(Function {
        name: block.name.as_ref()?.text.clone(),
        docs: block.docs.clone(),
        params,
        result: result.flatten(),
        origin: origin?,
        span: block.header.clone(),
    })
}

fn from_file(block: &Block, cx: &mut Context) -> Option<Origin> {
    let fields = fields::block(&extern_schema(), block, cx);
    let path = fields.text("source");
    fields.finish();
    path.map(|path| Origin::Extern { path: import::join(&cx.folder, &path) })
}

fn from_prompt(block: &Block, cx: &mut Context) -> Option<Origin> {
    let fields = fields::block(&generate_schema(), block, cx);
    let prompt = fields.text("prompt");
    let prompt_span = fields.span("prompt");
    let cases = fields.text("cases").map(|path| import::join(&cx.folder, &path));
    let tolerance = fields.number("tolerance").unwrap_or(Decimal::new(0, 0));
    fields.finish();
    let prompt = prompt?;
    if prompt.trim().is_empty() {
        let diag = Diag::error("tml::kind", "`prompt` is empty");
        cx.report(diag.at(&prompt_span, "says nothing").help("say in prose what the function shall do"));
    }
    Some(Origin::Generate { prompt, cases, tolerance })
}

/// The shape that a type stands for; dimensions may be constants of blocks above.
fn shape(ty: &Type, cx: &mut Context) -> Option<Shape> {
    let Some(element) = Element::named(&ty.element.text) else {
        let names: Vec<&str> = Element::ALL.iter().map(|row| row.1).collect();
        let diag = Diag::error("tml::kind", format!("there is no type `{}`", ty.element.text));
        let label = nearest(&ty.element.text, names.iter().copied())
            .map_or("not a type it knows".to_string(), |meant| format!("did you mean `{meant}`?"));
        cx.report(diag.at(&ty.element.span, label).help(format!("types: {}", super::scope::quoted(&names))));
        return None;
    };
    let mut dims = Vec::new();
    for value in &ty.dims {
        dims.push(dimension(value, cx)?);
    }
    let elements = dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
    if elements.is_none_or(|count| count > MOST_ELEMENTS) {
        let diag = Diag::error("tml::bounds", format!("`{}` has more elements than a board holds", ty.span.text()));
        cx.report(diag.at(&ty.span, format!("{MOST_ELEMENTS} at most")));
        return None;
    }
    Some(Shape { element, dims })
}

fn dimension(value: &Value, cx: &mut Context) -> Option<usize> {
    let size = match value {
        Value::Number(number) if number.unit.is_none() => number.value.integer(),
        Value::Reference(reference) if reference.record.is_none() => match cx.constant(&reference.path) {
            Ok(Some(Constant::Names(names))) => Some(names.len() as i128),
            Ok(Some(Constant::Quantity(_))) => None,
            Ok(None) => return None,
            Err(diag) => {
                cx.report(diag);
                return None;
            }
        },
        _ => None,
    };
    let size = size.filter(|size| (1..=MOST_ELEMENTS as i128).contains(size));
    if size.is_none() {
        let diag =
            Diag::error("tml::kind", format!("a dimension is a whole number, but {} is given", term::found(value)));
        cx.report(diag.at(&value.span(), "1 or more").help("write a number, or a constant such as `imu.classes`"));
    }
    size.map(|size| size as usize)
}

/// True for words that a C compiler or the firmware keeps for itself: a spec's names become C names.
pub(super) fn is_reserved(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "auto", "bool", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
        "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "main", "memcmp", "memcpy",
        "memmove", "memset", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct",
        "switch", "true", "typedef", "union", "unsigned", "void", "volatile", "while", "asm", "typeof",
    ];
    WORDS.contains(&name) || name.starts_with("tml_") || name.ends_with("_t")
}
