//! `cargo tinyml fmt`

use std::path::{Path, PathBuf};

use super::args::FmtArgs;
use super::exit;
use super::screen::Screen;
use crate::base::{Diag, Diags};
use crate::project::{read_source, specs_in};
use crate::world::{World, disk_error};

pub(super) fn run(world: &World, screen: &Screen, args: &FmtArgs) -> u8 {
    let here = [PathBuf::from(".")];
    let given = if args.specs.is_empty() { &here[..] } else { &args.specs };
    let files: Vec<PathBuf> = given
        .iter()
        .flat_map(|path| if world.files().is_dir(path) { specs_in(world, path) } else { vec![path.clone()] })
        .collect();
    if files.is_empty() {
        return screen.failed_with(
            Diag::error("tml::spec", "there is no `.tml` file here")
                .help("name one: `cargo tinyml fmt path/to/name.tml`"),
        );
    }
    let mut failures = Diags::default();
    for file in &files {
        if let Err(diags) = format(world, screen, file, args.check) {
            failures.0.extend(diags.0);
        }
    }
    if failures.0.is_empty() { exit::OK } else { screen.failed(&failures) }
}

fn format(world: &World, screen: &Screen, path: &Path, check: bool) -> Result<(), Diags> {
    let source = read_source(world, path)?;
    let canonical = crate::lang::print(&crate::lang::parse(&source)?);
    if canonical == source.text() {
        return Ok(());
    }
    if check {
        return Err(Diag::error("tml::fmt", format!("`{}` is not in canonical form", path.display()))
            .help(format!("run `cargo tinyml fmt {}`", path.display()))
            .into());
    }
    world.files().write_atomic(path, canonical.as_bytes(), false).map_err(|error| disk_error("write", path, &error))?;
    screen.say(&format!("formatted {}", path.display()));
    Ok(())
}
