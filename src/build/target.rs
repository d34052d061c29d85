//! Where results go.

use std::path::{Path, PathBuf};

use crate::world::World;

/// The target folder: as given, else `CARGO_TARGET_DIR`, else the enclosing cargo workspace's, else `target` beside the
/// spec in `root`.
pub fn target_dir(world: &World, root: &Path, given: Option<&Path>) -> PathBuf {
    if let Some(given) = given {
        return given.to_path_buf();
    }
    if let Some(moved) = world.env().cargo_target_dir() {
        return moved;
    }
    let absolute = world.env().absolute(root);
    let manifest = |folder: &Path| world.files().read(&folder.join("Cargo.toml")).ok();
    let packages: Vec<(&Path, Vec<u8>)> =
        absolute.ancestors().filter_map(|folder| Some((folder, manifest(folder)?))).collect();
    let is_workspace = |manifest: &[u8]| {
        String::from_utf8_lossy(manifest).lines().any(|line| line.trim_start().starts_with("[workspace"))
    };
    let workspace = packages.iter().find(|(_, manifest)| is_workspace(manifest)).or(packages.first());
    workspace.map_or(absolute.as_path(), |(folder, _)| folder).join("target")
}
