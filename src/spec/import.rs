//! `use …`: boards and features of the library, boards and specs of the user's. Gives the items of all files in order.

use crate::base::suggest::nearest;
use crate::base::{Diag, Source};
use crate::lang;
use crate::lang::ast::{Ast, Block, Ident, Import, Item, Path, Text};

use super::scope::{Context, quoted};

/// Reads a file by its path relative to the root spec's folder; the error is one sentence.
pub(super) type Files<'a> = dyn Fn(&str) -> Result<Source, String> + 'a;

/// A block and the folder of its file.
pub(super) struct Placed {
    pub(super) block: Block,
    pub(super) folder: String,
}

/// `path`, which is relative to `folder`, relative to the root spec. Only what is there is taken apart: no disk.
pub(super) fn join(folder: &str, path: &str) -> String {
    let mut folders: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let mut rest = path;
    loop {
        rest = match rest.split_once('/') {
            Some((".", after)) => after,
            Some(("..", after)) if folders.last().is_some_and(|last| *last != "..") => {
                folders.pop();
                after
            }
            _ => break,
        };
    }
    folders.push(rest);
    folders.join("/")
}

/// Carries out the imports of `ast` and of the specs that it imports; gives all blocks in the order of reading.
pub(super) fn flatten(ast: &Ast, files: &Files, cx: &mut Context) -> Vec<Placed> {
    let mut placed = Vec::new();
    let stem = ast.source.path().rsplit('/').next().unwrap_or_default().to_string();
    read(ast, "", files, &mut vec![stem], &mut placed, cx);
    placed
}

fn read(ast: &Ast, folder: &str, files: &Files, open: &mut Vec<String>, placed: &mut Vec<Placed>, cx: &mut Context) {
    for item in &ast.items {
        match item {
            Item::Block(block) => placed.push(Placed { block: block.clone(), folder: folder.to_string() }),
            Item::Import(Import::Names { path, names, .. }) => from_library(path, names.as_deref(), cx),
            Item::Import(Import::File { path, .. }) => from_file(path, folder, files, open, placed, cx),
        }
    }
}

fn from_library(path: &Path, names: Option<&[Ident]>, cx: &mut Context) {
    let words: Vec<&str> = path.parts.iter().map(|part| part.text.as_str()).collect();
    let (group, names) = match (words.as_slice(), names) {
        (["std", group], Some(names)) => (*group, names.to_vec()),
        (["std", group, _], None) => (*group, vec![path.parts[2].clone()]),
        (["std", ..], _) => {
            let diag = Diag::error("tml::import", format!("`{}` imports nothing", path.text()));
            cx.report(diag.at(&path.span, "which names?").help("write `use std.boards.{…}` or `use std.features.{…}`"));
            return;
        }
        _ => {
            let diag = Diag::error("tml::import", format!("there is no library called `{}`", words[0]));
            cx.report(
                diag.at(&path.span, "the library is `std`")
                    .help("a file of your own is imported in quotes: `use \"boards/mine.toml\"`"),
            );
            return;
        }
    };
    match group {
        "boards" => names.iter().for_each(|name| library_board(name, cx)),
        "features" => names.iter().for_each(|name| library_feature(name, cx)),
        other => {
            let groups = ["boards", "features"];
            let label =
                nearest(other, groups).map_or("not a part of it".into(), |meant| format!("did you mean `{meant}`?"));
            let diag = Diag::error("tml::import", format!("`std` has no `{other}`"));
            cx.report(
                diag.at(&path.parts[1].span, label)
                    .help("it has `boards` and `features`; layers and units need no import"),
            );
        }
    }
}

fn library_board(name: &Ident, cx: &mut Context) {
    match cx.vocabulary.board(&name.text) {
        Some(Ok(board)) => {
            cx.boards.insert(name.text.clone(), board);
        }
        Some(Err(diag)) => {
            cx.failed.push(name.text.clone());
            cx.report(diag);
        }
        None => {
            absent(name, "board", &cx.vocabulary.boards(), cx);
        }
    }
}

fn library_feature(name: &Ident, cx: &mut Context) {
    if name.text == super::window::WORD {
        // A word of the language, which may be imported like the steps that follow it.
        return;
    }
    if cx.vocabulary.feature(&name.text).is_none() {
        let mut known = cx.vocabulary.features();
        known.push(super::window::WORD.into());
        absent(name, "feature", &known, cx);
    } else if !cx.features.contains(&name.text) {
        cx.features.push(name.text.clone());
    }
}

/// Reports a name that the library lacks. Uses of it, and of the name that was meant, stay silent.
fn absent(name: &Ident, what: &str, known: &[String], cx: &mut Context) {
    let meant = nearest(&name.text, known.iter().map(String::as_str));
    let label = meant.map_or("not in the library".to_string(), |meant| format!("did you mean `{meant}`?"));
    let help =
        if known.is_empty() { format!("the library has no {what}") } else { format!("{what}s: {}", quoted(known)) };
    let diag = Diag::error("tml::name", format!("there is no {what} called `{}`", name.text));
    cx.report(diag.at(&name.span, label).help(help));
    cx.failed.extend([Some(name.text.as_str()), meant].into_iter().flatten().map(String::from));
}

fn from_file(
    text: &Text,
    folder: &str,
    files: &Files,
    open: &mut Vec<String>,
    placed: &mut Vec<Placed>,
    cx: &mut Context,
) {
    let path = match super::term::path(&text.value, &text.span) {
        Ok(path) => join(folder, &path),
        Err(diag) => return cx.report(diag),
    };
    let Some((stem, extension)) = path.rsplit('/').next().and_then(|file| file.rsplit_once('.')) else {
        return cx.report(not_importable(text));
    };
    if !matches!(extension, "toml" | "tml") {
        return cx.report(not_importable(text));
    }
    if extension == "tml" && open.contains(&path) {
        let diag = Diag::error("tml::import", format!("`{}` imports itself", text.value));
        return cx
            .report(diag.at(&text.span, "a circle of imports").note(open.join(" → ")).help("leave this `use` out"));
    }
    let source = match files(&path) {
        Ok(source) => source,
        Err(reason) => {
            if extension == "toml" {
                cx.failed.push(stem.to_string());
            }
            let diag = Diag::error("tml::import", format!("`{}` can't be read", text.value));
            return cx
                .report(diag.at(&text.span, "imported here").note(reason).help("paths are relative to this file"));
        }
    };
    if extension == "toml" { user_board(stem, &source, cx) } else { user_spec(&path, &source, files, open, placed, cx) }
}

fn not_importable(text: &Text) -> Diag {
    Diag::error("tml::import", format!("`{}` is neither a board nor a spec", text.value))
        .at(&text.span, "ends in neither .toml nor .tml")
        .help("write `use \"boards/mine.toml\"` or `use \"other.tml\"`")
}

fn user_board(stem: &str, source: &Source, cx: &mut Context) {
    match cx.vocabulary.board_from(source, stem) {
        Ok(board) => {
            cx.boards.insert(stem.to_string(), board);
        }
        Err(diag) => {
            cx.failed.push(stem.to_string());
            cx.report(diag);
        }
    }
}

fn user_spec(
    path: &str,
    source: &Source,
    files: &Files,
    open: &mut Vec<String>,
    placed: &mut Vec<Placed>,
    cx: &mut Context,
) {
    match lang::parse(source) {
        Ok(ast) => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_string();
            open.push(path.to_string());
            read(&ast, &folder, files, open, placed, cx);
            open.pop();
        }
        Err(diags) => cx.diags.extend(diags.0),
    }
}
