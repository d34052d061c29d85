//! `cargo tinyml graph`

use super::args::{GraphArgs, GraphFormat};
use super::exit;
use super::screen::Screen;
use crate::base::Diags;
use crate::build::{self, Request};
use crate::engine::draw;
use crate::project::Project;
use crate::world::World;

pub(super) fn run(world: &World, screen: &Screen, args: &GraphArgs) -> u8 {
    match drawn(world, args) {
        Ok(text) => {
            screen.result(&text);
            exit::OK
        }
        Err(diags) => screen.failed(&diags),
    }
}

fn drawn(world: &World, args: &GraphArgs) -> Result<String, Diags> {
    let project = Project::open(world, args.spec.spec.as_deref())?;
    let request = Request {
        target_dir: build::target_dir(world, &project.root, None),
        shared_store: None,
        jobs: 1,
        locked: true,
        full: false,
        verify_inputs: false,
        toolchain: None,
    };
    let graph = build::prepare(world, &project, &request)?.graph()?;
    Ok(match args.format {
        GraphFormat::Text => draw::text(&graph),
        GraphFormat::Dot => draw::dot(&graph),
        GraphFormat::Mermaid => draw::mermaid(&graph),
        GraphFormat::Json => draw::json(&graph),
    })
}
