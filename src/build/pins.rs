//! Whether every generated function has its code: pinned in the lock, made for this contract, unchanged since.

use crate::base::{Diag, Diags, Digest};
use crate::lock::{Lock, Review};
use crate::project::Project;
use crate::spec::Spec;
use crate::spec::model::{Function, Origin};
use crate::stages::signature;
use crate::world::World;

/// What is known of a generated function's code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The pin fits contract and code.
    Pinned,
    /// The lock has no pin, or the file is gone.
    Missing,
    /// The contract (signature, prompt, cases) changed since.
    Stale,
    /// The file was edited since.
    Edited,
}

/// The spec's generated functions, in its order.
pub(super) fn generated(spec: &Spec) -> impl Iterator<Item = &Function> {
    spec.functions.iter().filter(|function| matches!(function.origin, Origin::Generate { .. }))
}

/// The contract of `function` as the files stand now.
pub(super) fn contract(world: &World, project: &Project, function: &Function) -> Result<Digest, Diag> {
    let cases = match &function.origin {
        Origin::Generate { cases: Some(path), .. } => Some(read(world, project, function, path)?),
        _ => None,
    };
    Ok(signature::contract(function, cases.as_deref()))
}

fn read(world: &World, project: &Project, function: &Function, path: &str) -> Result<Vec<u8>, Diag> {
    world.files().read(&project.root.join(path)).map_err(|error| {
        Diag::error("tml::cases", format!("the cases `{path}` of `{}` can't be read: {error}", function.name))
            .at(&function.span, "names them")
            .help("write the file, or leave `cases` out")
    })
}

/// What is known of the code of `function`.
pub(super) fn state(world: &World, project: &Project, lock: &Lock, function: &Function) -> Result<State, Diag> {
    let code = world.files().read(&project.root.join(Project::generated(&function.name))).ok();
    let (Some(pin), Some(code)) = (lock.pin(&function.name), code) else { return Ok(State::Missing) };
    if pin.contract != contract(world, project, function)? {
        return Ok(State::Stale);
    }
    Ok(if pin.code == Digest::of(&code) { State::Pinned } else { State::Edited })
}

/// Refuses a build whose pins don't fit; the functions that a provider may be asked for are given back.
/// With `locked`, none may.
pub(super) fn check<'a>(
    world: &World,
    project: &Project,
    spec: &'a Spec,
    lock: &Lock,
    locked: bool,
) -> Result<Vec<&'a Function>, Diags> {
    let mut diags = Diags::default();
    let mut missing = Vec::new();
    for function in generated(spec) {
        match state(world, project, lock, function)? {
            State::Pinned => {}
            State::Missing if !locked => missing.push(function),
            other => diags.push(refused(function, other, locked)),
        }
    }
    diags.into_result(missing)
}

fn refused(function: &Function, state: State, locked: bool) -> Diag {
    let name = &function.name;
    let code = if locked { "tml::locked" } else { "tml::pin" };
    let (title, label, help) = match state {
        State::Missing | State::Pinned => (
            format!("`{name}` has no pinned code"),
            "nobody wrote it yet",
            format!("run `cargo tinyml generate {name}`, then check in `tinyml.lock` and `generated/{name}.c`"),
        ),
        State::Stale => (
            format!("the pinned code of `{name}` was made for another contract"),
            "its signature, prompt or cases changed",
            format!("run `cargo tinyml generate {name}`, or put its old contract back"),
        ),
        State::Edited => (
            format!("`generated/{name}.c` was edited by hand"),
            "its pin is for other code",
            format!("run `cargo tinyml generate --adopt {name}` to pin the edit, or write it as `extern`"),
        ),
    };
    Diag::error(code, title).at(&function.span, label).help(help)
}

/// Refuses pins that nobody has reviewed, where the project's settings ask for that.
pub(super) fn check_reviews(spec: &Spec, lock: &Lock) -> Result<(), Diags> {
    let mut diags = Diags::default();
    for function in generated(spec) {
        if lock.pin(&function.name).is_some_and(|pin| pin.review == Review::Pending) {
            let name = &function.name;
            diags.push(
                Diag::error("tml::review", format!("nobody has reviewed the code of `{name}`"))
                    .at(&function.span, "pinned as pending")
                    .help(format!("read `generated/{name}.c`, then run `cargo tinyml generate --accept {name}`")),
            );
        }
    }
    diags.into_result(())
}
