//! Getting code for a generated function: the prompt, an answer, the gate, the pin.

use std::path::{Path, PathBuf};

use super::pins::{self, State};
use super::request::Request;
use super::run::Prepared;
use crate::base::{Diag, Diags, Digest};
use crate::engine::{self, Options, Progress};
use crate::lock::{Pin, Review, Tokens};
use crate::plan::{gate_id, gate_only};
use crate::project::Project;
use crate::spec::Spec;
use crate::spec::model::{Callee, Function, Input};
use crate::stages::gate::{answer, cases, prompt};
use crate::world::{World, disk_error};

/// Who wrote an answer, and what it cost.
#[derive(Clone, Debug)]
pub struct Author {
    /// `manual`, or provider and model.
    pub origin: String,
    /// Tokens, where somebody counted.
    pub tokens: Option<Tokens>,
}

impl Author {
    /// A person.
    pub fn manual() -> Self {
        Self { origin: "manual".into(), tokens: None }
    }
}

/// The generated function called `name`.
pub fn find<'a>(spec: &'a Spec, name: &str) -> Result<&'a Function, Diag> {
    let known: Vec<&str> = pins::generated(spec).map(|function| function.name.as_str()).collect();
    if let Some(function) = pins::generated(spec).find(|function| function.name == name) {
        return Ok(function);
    }
    let diag = Diag::error("tml::generate", format!("the spec has no `generate {name}`"));
    Err(match crate::base::suggest::nearest(name, known.iter().copied()) {
        Some(near) => diag.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => diag.help("a `generate` block asks for a function"),
        None => diag.help(format!("it has {}", known.join(", "))),
    })
}

/// Names of the generated functions whose code is missing or stale.
pub fn open(world: &World, project: &Project, prepared: &Prepared) -> Result<Vec<String>, Diags> {
    let mut names = Vec::new();
    for function in pins::generated(&prepared.spec) {
        if matches!(pins::state(world, project, &prepared.lock, function)?, State::Missing | State::Stale) {
            names.push(function.name.clone());
        }
    }
    Ok(names)
}

/// The prompt for `function`.
pub fn prompt(world: &World, project: &Project, prepared: &Prepared, function: &Function) -> Result<String, Diags> {
    let read = cases_of(world, project, function)?;
    let library = &prepared.context.toolkit.library;
    let board = prepared.spec.deploys.iter().flat_map(|deploy| &deploy.boards).next().map(|used| &used.board);
    let core = board.map(|board| library.core(&board.core)).transpose()?;
    let facts =
        prompt::Facts { cases: &read, board: board.zip(core.as_ref()), classes: &classes(&prepared.spec, function) };
    Ok(prompt::render(function, &facts, library)?)
}

fn cases_of(world: &World, project: &Project, function: &Function) -> Result<Vec<cases::Case>, Diags> {
    let crate::spec::model::Origin::Generate { cases: Some(path), .. } = &function.origin else {
        return Ok(Vec::new());
    };
    let text = world.files().read(&project.root.join(path)).unwrap_or_default();
    cases::read(function, path, &String::from_utf8_lossy(&text))
}

/// Class names that an application needs to know: those of the first deployment that uses it.
fn classes(spec: &Spec, function: &Function) -> Vec<String> {
    let uses = |app: Option<usize>| app.is_some_and(|index| spec.functions[index].name == function.name);
    let deploy = spec.deploys.iter().find(|deploy| uses(deploy.app));
    deploy.map(|deploy| spec.answers(&spec.models[deploy.model])).unwrap_or_default()
}

/// True if some deployment's firmware has the function in it.
pub fn is_used(spec: &Spec, function: &Function) -> bool {
    let is = |index: usize| spec.functions[index].name == function.name;
    spec.deploys.iter().any(|deploy| {
        let steps = match spec.models[deploy.model].input {
            Input::Features(index) => spec.features[index].all_steps(),
            Input::Dataset(_) | Input::Given => Vec::new(),
        };
        deploy.app.is_some_and(is) || steps.iter().any(|step| matches!(step.call, Callee::User(index) if is(index)))
    })
}

/// Asks the configured provider for the function called `name`, and pins what passes the gate.
pub fn ask(
    world: &World,
    project: &Project,
    prepared: &mut Prepared,
    name: &str,
    request: &Request,
    progress: &dyn Progress,
) -> Result<(), Diags> {
    let function = find(&prepared.spec, name)?.clone();
    let prompt = prompt(world, project, prepared, &function)?;
    let provider = world.provider(&prepared.settings.provider)?;
    let answer =
        provider.complete(&prompt).map_err(|error| error.into_diag(name).at(&function.span, "asked for here"))?;
    let tokens = Tokens { input: answer.tokens.input, output: answer.tokens.output };
    let counted = (tokens.input, tokens.output) != (0, 0);
    let author = Author { origin: format!("{}/{}", provider.name(), answer.model), tokens: counted.then_some(tokens) };
    let code = answer::code(name, &answer.text).map_err(|diag| diag.at(&function.span, "asked for here"))?;
    pin(world, project, prepared, &function, &code, author, request, progress)
}

/// Puts `code` through the gate; if it passes, writes `generated/NAME.c` and the pin, to be reviewed.
#[expect(
    clippy::too_many_arguments,
    reason = "what is pinned, by whom, for which project and build: none of it belongs together"
)]
pub fn pin(
    world: &World,
    project: &Project,
    prepared: &mut Prepared,
    function: &Function,
    code: &str,
    author: Author,
    request: &Request,
    progress: &dyn Progress,
) -> Result<(), Diags> {
    let tried = Tried::write(world, request, &function.name, code)?;
    let graph = gate_only(function, &tried.path, &prepared.context)?;
    let options = Options { targets: vec![gate_id(function)], ..Options::new(request.store(), "gate", request.jobs) };
    let outcome = engine::run(&graph, &options, world, progress)?;
    let errors = outcome.errors();
    if !errors.0.is_empty() {
        return Err(errors);
    }
    drop(tried.folder);
    let path = project.root.join(Project::generated(&function.name));
    let failed = |error: std::io::Error| disk_error("write", &path, &error);
    world.files().create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    world.files().write_atomic(&path, code.as_bytes(), false).map_err(failed)?;
    let before = prepared.lock.pin(&function.name).map_or(0, |pin| pin.attempts);
    prepared.lock.set(Pin {
        name: function.name.clone(),
        contract: pins::contract(world, project, function)?,
        code: Digest::of(code.as_bytes()),
        origin: author.origin,
        attempts: before + 1,
        tokens: author.tokens,
        review: Review::Pending,
    });
    project.write_lock(world, &prepared.lock)?;
    Ok(())
}

/// Marks the pin of `name` as reviewed. Code that was edited since isn't what was reviewed.
pub fn accept(world: &World, project: &Project, prepared: &mut Prepared, name: &str) -> Result<(), Diags> {
    let function = find(&prepared.spec, name)?;
    let state = pins::state(world, project, &prepared.lock, function)?;
    let Some(pin) = prepared.lock.pin(name).filter(|_| state == State::Pinned).cloned() else {
        return Err(Diag::error("tml::pin", format!("`{name}` has no pin that fits its code and contract"))
            .at(&function.span, "this function")
            .help(format!("run `cargo tinyml generate {name}` first"))
            .into());
    };
    prepared.lock.set(Pin { review: Review::Accepted, ..pin });
    Ok(project.write_lock(world, &prepared.lock)?)
}

/// What is known of the code of `function`.
pub fn state(world: &World, project: &Project, prepared: &Prepared, function: &Function) -> Result<State, Diag> {
    pins::state(world, project, &prepared.lock, function)
}

pub use super::pins::State as CodeState;

/// An answer that isn't pinned yet, in a file of its own: what is checked in stays as it is until the gate has spoken.
struct Tried {
    folder: crate::world::TempDir,
    path: PathBuf,
}

impl Tried {
    fn write(world: &World, request: &Request, name: &str, code: &str) -> Result<Self, Diag> {
        let parent = request.store();
        let failed = |error: std::io::Error| disk_error("write an answer in", &parent, &error);
        world.files().create_dir_all(&parent).map_err(failed)?;
        let folder = world.files().temp_dir(&parent).map_err(failed)?;
        let path = folder.path().join(format!("{name}.c"));
        world.files().write_atomic(&path, code.as_bytes(), false).map_err(failed)?;
        Ok(Self { folder, path })
    }
}
