//! `cargo tinyml check`

use super::args::SpecArgs;
use super::exit;
use super::screen::Screen;
use crate::base::Diags;
use crate::project::Project;
use crate::world::World;

pub(super) fn run(world: &World, screen: &Screen, args: &SpecArgs) -> u8 {
    let outcome = Project::open(world, args.spec.as_deref()).and_then(|project| {
        let (_, warnings) = project.resolve(world)?;
        project.lock(world)?;
        Ok((project, warnings))
    });
    match outcome {
        Ok((project, warnings)) => {
            screen.tell(&Diags(warnings));
            screen.say(&format!("{} is sound", project.path.display()));
            exit::OK
        }
        Err(diags) => screen.failed(&diags),
    }
}
