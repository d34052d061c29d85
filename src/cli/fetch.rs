//! `cargo tinyml fetch`: the data files that the spec names by URL and digest.

use super::args::FetchArgs;
use super::exit;
use super::screen::Screen;
use crate::base::{Diag, Diags, Digest};
use crate::project::Project;
use crate::spec::model::Fetch;
use crate::world::{World, disk_error};

/// Most bytes of one file.
const MOST: u64 = 4 << 30;

pub(super) fn run(world: World, screen: &Screen, args: &FetchArgs) -> u8 {
    let world = world.without_network(args.offline);
    match all(&world, screen, args) {
        Ok(()) => exit::OK,
        Err(diags) => screen.failed(&diags),
    }
}

fn all(world: &World, screen: &Screen, args: &FetchArgs) -> Result<(), Diags> {
    let project = Project::open(world, args.spec.spec.as_deref())?;
    let (spec, warnings) = project.resolve(world)?;
    screen.tell(&Diags(warnings));
    if spec.fetches.is_empty() {
        screen.say("the spec names no file to fetch");
    }
    let mut diags = Diags::default();
    for fetch in &spec.fetches {
        if let Err(diag) = one(world, screen, &project, fetch, args.check) {
            diags.push(diag.at(&fetch.span, "this file"));
        }
    }
    diags.into_result(())
}

fn one(world: &World, screen: &Screen, project: &Project, fetch: &Fetch, check: bool) -> Result<(), Diag> {
    let path = project.root.join(&fetch.path);
    if let Ok(bytes) = world.files().read(&path) {
        return if Digest::of(&bytes) == fetch.digest {
            screen.say(&format!("{} is here", fetch.path));
            Ok(())
        } else {
            Err(Diag::error("tml::fetch", format!("`{}` has another digest than the spec says", fetch.path))
                .note(format!("it is b3:{}", Digest::of(&bytes)))
                .help("remove the file and fetch again, or put its digest into the spec"))
        };
    }
    if check {
        return Err(Diag::error("tml::fetch", format!("`{}` is missing", fetch.path)).help("run `cargo tinyml fetch`"));
    }
    let bytes = world.fetch(&fetch.url, MOST, &mut |done, total| {
        let _ = (done, total);
    })?;
    if Digest::of(&bytes) != fetch.digest {
        return Err(Diag::error(
            "tml::fetch",
            format!("what {} gives has another digest than the spec says", fetch.url),
        )
        .note(format!("it is b3:{}; nothing was written", Digest::of(&bytes)))
        .help("look at the file; if it is right, put its digest into the spec"));
    }
    let folder = path.parent().unwrap_or(&project.root);
    world.files().create_dir_all(folder).map_err(|error| disk_error("make", folder, &error))?;
    world.files().write_atomic(&path, &bytes, false).map_err(|error| disk_error("write", &path, &error))?;
    screen.say(&format!("fetched {} ({} bytes)", fetch.path, bytes.len()));
    Ok(())
}
