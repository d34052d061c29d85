//! `cargo tinyml build`

use std::fmt::Write;

use super::args::BuildArgs;
use super::exit;
use super::progress::ArtifactFile;
use super::screen::Screen;
use crate::base::{Diag, Diags};
use crate::build::{self, Built, Request};
use crate::engine::{self, Forecast};
use crate::project::Project;
use crate::report;
use crate::world::World;

pub(super) fn run(world: World, screen: &Screen, args: &BuildArgs) -> u8 {
    let world = world.without_network(args.offline || args.frozen);
    screen.attempt(&world, || attempt(&world, screen, args))
}

fn attempt(world: &World, screen: &Screen, args: &BuildArgs) -> Result<u8, Diags> {
    let project = Project::open(world, args.spec.spec.as_deref())?;
    let request = request(world, &project, args);
    if args.dry_run {
        return dry_run(world, screen, &project, &request);
    }
    let built = build::build(world, &project, &request, screen.painter())?;
    Ok(show(screen, &built))
}

/// The request that the flags make.
pub(super) fn request(world: &World, project: &Project, args: &BuildArgs) -> Request {
    Request {
        target_dir: build::target_dir(world, &project.root, args.target_dir.as_deref()),
        shared_store: world.env().shared_store(),
        jobs: args.jobs.unwrap_or_else(|| world.env().cpus()).max(1),
        locked: args.locked || args.frozen || world.env().terminal().ci,
        full: args.full,
        verify_inputs: args.verify_inputs,
        toolchain: args.toolchain.map(Into::into),
    }
}

fn show(screen: &Screen, built: &Built) -> u8 {
    screen.tell(&built.warnings);
    for file in &built.files {
        screen.painter().artifact(&ArtifactFile {
            kind: file.kind.clone(),
            board: file.board.as_ref().map(|(_, board)| board.clone()),
            path: file.path.display().to_string(),
            digest: file.digest.hex(),
            size: file.size,
        });
    }
    if screen.is_json() {
        screen.painter().verdict(&built.report.value());
    } else {
        screen.result(&report::text(&built.report, &screen.style()));
    }
    screen.tell(&built.unmet);
    if built.unmet.0.is_empty() { exit::OK } else { exit::UNMET }
}

fn dry_run(world: &World, screen: &Screen, project: &Project, request: &Request) -> Result<u8, Diags> {
    let prepared = build::prepare(world, project, request)?;
    let plans = engine::plan(&prepared.graph()?, &prepared.options(request), world)?;
    let mut lines = String::new();
    for plan in &plans {
        let state = match &plan.forecast {
            Forecast::Cached => "cached".to_string(),
            Forecast::Run => "run".to_string(),
            Forecast::Waits(steps) => format!("waits for {}", steps.join(", ")),
            Forecast::Blocked(diags) => format!("blocked: {}", diags.0.first().map_or("", |diag: &Diag| &diag.title)),
        };
        // Writing to a text can't fail.
        let _ = writeln!(lines, "{:<40} {state}", plan.id);
    }
    screen.result(&lines);
    Ok(exit::OK)
}
