//! `cargo tinyml convert`: a foreign model to C, firmware, sizes and time.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::args::ConvertArgs;
use super::exit;
use super::progress::ArtifactFile;
use super::screen::Screen;
use crate::base::Diags;
use crate::build::{self, Delivered, Wanted};
use crate::import::onnx::Options;
use crate::library::Library;
use crate::project::Project;
use crate::world::World;

pub(super) fn run(world: World, screen: &Screen, args: &ConvertArgs) -> u8 {
    let world = world.without_network(args.offline);
    screen.attempt(&world, || attempt(&world, screen, args))
}

fn attempt(world: &World, screen: &Screen, args: &ConvertArgs) -> Result<u8, Diags> {
    let wanted = Wanted {
        file: args.model.clone(),
        board: args.board.clone(),
        out: args.out.clone(),
        target_dir: build::target_dir(world, Path::new("."), args.target_dir.as_deref()),
        shared_store: world.env().shared_store(),
        jobs: args.jobs.unwrap_or_else(|| world.env().cpus()).max(1),
        toolchain: args.toolchain.map(Into::into),
        library: library(world)?,
    };
    if args.model.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        return float(world, screen, args, &wanted);
    }
    let converted = build::convert(world, &wanted, screen.painter())?;
    screen.tell(&converted.warnings);
    artifacts(screen, &wanted, &converted.files);
    let conversion = &converted.conversion;
    show(screen, args, &json!(conversion), &conversion.json(), &conversion.text(&screen.style()));
    Ok(exit::OK)
}

/// An ONNX model, which becomes float32 C.
fn float(world: &World, screen: &Screen, args: &ConvertArgs, wanted: &Wanted) -> Result<u8, Diags> {
    let options = Options { shapes: args.shape.iter().cloned().collect(), ..Options::default() };
    let converted = build::convert_float(world, wanted, &options)?;
    artifacts(screen, wanted, &converted.files);
    let conversion = &converted.conversion;
    show(screen, args, &json!(conversion), &conversion.json(), &conversion.text(&screen.style()));
    Ok(exit::OK)
}

/// What it came to: an event of a stream, a document, or text for people.
fn show(screen: &Screen, args: &ConvertArgs, event: &Value, document: &str, text: &str) {
    if screen.is_json() {
        screen.painter().fact("converted", event);
    } else {
        screen.result(if args.json { document } else { text });
    }
}

fn artifacts(screen: &Screen, wanted: &Wanted, files: &[Delivered]) {
    for file in files {
        screen.painter().artifact(&ArtifactFile {
            kind: file.kind.clone(),
            board: Some(wanted.board.clone()),
            path: file.path.display().to_string(),
            digest: file.digest.hex(),
            size: file.size,
        });
    }
}

/// The library with the overlay of the project that this folder is, if it is one.
fn library(world: &World) -> Result<Library, Diags> {
    match Project::open(world, None) {
        Ok(project) => Ok(project.library),
        Err(_) => Library::new(BTreeMap::new()),
    }
}
