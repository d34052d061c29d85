//! `cargo tinyml convert`: a foreign model to C, firmware, sizes and time.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::args::{ConvertArgs, ToolchainName};
use super::exit;
use super::progress::ArtifactFile;
use super::screen::Screen;
use crate::base::Diags;
use crate::build::{self, Delivered, Wanted};
use crate::import::onnx::Options;
use crate::library::Library;
use crate::project::Project;
use crate::world::{ToolchainKind, World};

pub(super) fn run(world: World, screen: &Screen, args: &ConvertArgs) -> u8 {
    let world = world.without_network(args.offline);
    let begun = world.clock().now();
    let code = match attempt(&world, screen, args) {
        Ok(code) => code,
        Err(diags) => screen.failed(&diags),
    };
    screen.painter().finished(world.clock().now() - begun, i32::from(code));
    code
}

fn attempt(world: &World, screen: &Screen, args: &ConvertArgs) -> Result<u8, Diags> {
    let wanted = Wanted {
        file: args.model.clone(),
        board: args.board.clone(),
        out: args.out.clone(),
        target_dir: build::target_dir(world, Path::new("."), args.target_dir.as_deref()),
        shared_store: world.env().shared_store(),
        jobs: args.jobs.unwrap_or_else(|| world.env().cpus()).max(1),
        toolchain: args.toolchain.map(|name| match name {
            ToolchainName::Zig => ToolchainKind::Zig,
            ToolchainName::Gcc => ToolchainKind::Gcc,
        }),
        library: library(world)?,
    };
    if args.model.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        return float(world, screen, args, &wanted);
    }
    let converted = build::convert(world, &wanted, screen.painter())?;
    screen.tell(&converted.warnings);
    artifacts(screen, &wanted, &converted.files);
    let conversion = &converted.conversion;
    if screen.is_json() {
        screen.painter().fact("converted", &json!(conversion));
    } else if args.json {
        screen.result(&conversion.json());
    } else {
        screen.result(&conversion.text(&screen.style()));
    }
    Ok(exit::OK)
}

/// An ONNX model, which becomes float32 C.
fn float(world: &World, screen: &Screen, args: &ConvertArgs, wanted: &Wanted) -> Result<u8, Diags> {
    let options = Options { shapes: args.shape.iter().cloned().collect(), ..Options::default() };
    let converted = build::convert_float(world, wanted, &options)?;
    artifacts(screen, wanted, &converted.files);
    let conversion = &converted.conversion;
    if screen.is_json() {
        screen.painter().fact("converted", &json!(conversion));
    } else if args.json {
        screen.result(&conversion.json());
    } else {
        screen.result(&conversion.text(&screen.style()));
    }
    Ok(exit::OK)
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
