//! `cargo tinyml generate`: ask, export a prompt, adopt an answer, accept a pin.

use super::args::GenerateArgs;
use super::exit;
use super::screen::Screen;
use crate::base::{Diag, Diags};
use crate::build::generate::{self, Author, CodeState};
use crate::build::{self, Prepared, Request};
use crate::project::Project;
use crate::stages::gate::answer;
use crate::world::World;

pub(super) fn run(world: World, screen: &Screen, args: &GenerateArgs) -> u8 {
    let world = world.without_network(args.offline);
    match attempt(&world, screen, args) {
        Ok(()) => exit::OK,
        Err(diags) => screen.failed(&diags),
    }
}

fn attempt(world: &World, screen: &Screen, args: &GenerateArgs) -> Result<(), Diags> {
    let project = Project::open(world, args.spec.as_deref())?;
    let request = Request {
        target_dir: build::target_dir(world, &project.root, args.target_dir.as_deref()),
        shared_store: world.env().shared_store(),
        jobs: world.env().cpus(),
        locked: false,
        full: false,
        verify_inputs: false,
        toolchain: None,
    };
    let mut prepared = build::prepare(world, &project, &request)?;
    match (&args.name, args.export, args.adopt, args.accept) {
        (Some(name), true, ..) => {
            let function = generate::find(&prepared.spec, name)?;
            screen.result(&generate::prompt(world, &project, &prepared, function)?);
            Ok(())
        }
        (Some(name), _, true, accept) => {
            adopt(world, screen, &project, &mut prepared, name, args, &request)?;
            if accept { accepted(world, screen, &project, &mut prepared, name) } else { Ok(()) }
        }
        (Some(name), _, _, true) => accepted(world, screen, &project, &mut prepared, name),
        _ => ask(world, screen, &project, &mut prepared, args, &request),
    }
}

fn accepted(
    world: &World,
    screen: &Screen,
    project: &Project,
    prepared: &mut Prepared,
    name: &str,
) -> Result<(), Diags> {
    generate::accept(world, project, prepared, name)?;
    screen.say(&format!("`{name}` is accepted: check in tinyml.lock"));
    Ok(())
}

fn adopt(
    world: &World,
    screen: &Screen,
    project: &Project,
    prepared: &mut Prepared,
    name: &str,
    args: &GenerateArgs,
    request: &Request,
) -> Result<(), Diags> {
    let function = generate::find(&prepared.spec, name)?.clone();
    let own = project.root.join(Project::generated(name));
    let path = args.answer.as_deref().unwrap_or(&own);
    let bytes = world.files().read(path).map_err(|error| {
        Diag::error("tml::answer", format!("`{}` can't be read: {error}", path.display()))
            .help(format!("save the answer to the prompt of `generate --export {name}` there"))
    })?;
    let code = if args.answer.is_some() {
        answer::code(name, &String::from_utf8_lossy(&bytes))
            .map_err(|diag| diag.at(&function.span, "asked for here"))?
    } else {
        String::from_utf8_lossy(&bytes).into_owned()
    };
    generate::pin(world, project, prepared, &function, &code, Author::manual(), request, screen.painter())?;
    screen.say(&format!(
        "`{name}` passed the gate and is pinned as pending: read generated/{name}.c, then `cargo tinyml generate --accept {name}`"
    ));
    Ok(())
}

fn ask(
    world: &World,
    screen: &Screen,
    project: &Project,
    prepared: &mut Prepared,
    args: &GenerateArgs,
    request: &Request,
) -> Result<(), Diags> {
    let names = match &args.name {
        Some(name) => vec![name.clone()],
        None => generate::open(world, project, prepared)?,
    };
    if names.is_empty() {
        screen.say("every generated function has its code");
    }
    for name in names {
        let function = generate::find(&prepared.spec, &name)?;
        let edited = generate::state(world, project, prepared, function)? == CodeState::Edited;
        if edited && !args.force {
            return Err(Diag::error("tml::pin", format!("`generated/{name}.c` was edited by hand"))
                .at(&function.span, "would be replaced")
                .help(format!("`generate --adopt {name}` keeps the edit; `generate --force {name}` replaces it"))
                .into());
        }
        generate::ask(world, project, prepared, &name, request, screen.painter())?;
        screen.say(&format!("`{name}` is written and pinned as pending: read generated/{name}.c"));
    }
    Ok(())
}
