//! `cargo tinyml explain`: a code, a word of the language, or a step.

use super::args::{BuildArgs, ExplainArgs, SpecArgs};
use super::screen::Screen;
use super::{build, codes, exit};
use crate::base::{Diag, Diags};
use crate::engine;
use crate::library::Library;
use crate::project::Project;
use crate::spec;
use crate::world::World;

pub(super) fn run(world: &World, screen: &Screen, args: &ExplainArgs) -> u8 {
    let subject = args.subject.trim();
    if let Some(text) = codes::explain(subject) {
        screen.result(&format!("{subject}\n\n{text}\n"));
        return exit::OK;
    }
    let project = Project::open(world, args.build.spec.as_deref());
    if !subject.contains(':') {
        let library = match &project {
            Ok(project) => Ok(project.library.clone()),
            Err(_) => Library::new(std::collections::BTreeMap::new()),
        };
        match library.map(|library| (spec::explain(subject, &library), library)) {
            Ok((Some(text), _)) => {
                screen.result(&text);
                return exit::OK;
            }
            Ok((None, library)) if project.is_err() => return unknown(screen, subject, &library),
            Ok(_) => {}
            Err(diags) => return screen.failed(&diags),
        }
    }
    match project.and_then(|project| step(world, &project, args)) {
        Ok(text) => {
            screen.result(&text);
            exit::OK
        }
        Err(diags) => screen.failed(&diags),
    }
}

fn unknown(screen: &Screen, subject: &str, library: &Library) -> u8 {
    let words = spec::words(library);
    let known = words.iter().map(String::as_str).chain(codes::CODES.iter().map(|(code, _)| *code));
    let diag = Diag::error("tml::explain", format!("there is no word, code or step `{subject}`"));
    screen.failed_with(match crate::base::suggest::nearest(subject, known) {
        Some(near) => diag.help(format!("did you mean `{near}`?")),
        None => diag.help("try `cargo tinyml explain blocks`, or name a step that `cargo tinyml graph` lists"),
    })
}

fn step(world: &World, project: &Project, args: &ExplainArgs) -> Result<String, Diags> {
    let build = BuildArgs {
        spec: SpecArgs { spec: args.build.spec.clone() },
        target_dir: args.build.target_dir.clone(),
        jobs: None,
        locked: true,
        offline: true,
        frozen: true,
        full: false,
        verify_inputs: false,
        toolchain: None,
        dry_run: true,
    };
    let request = build::request(world, project, &build);
    let prepared = crate::build::prepare(world, project, &request)?;
    let explanation = engine::explain(&prepared.graph()?, &prepared.options(&request), world, args.subject.trim())?;
    Ok(format!("{explanation}\n"))
}
