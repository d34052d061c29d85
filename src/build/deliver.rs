//! What a build leaves for people and programs: firmware, C, and the report, under `target/tinyml/SPEC/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::request::Request;
use super::run::Prepared;
use crate::base::{Diag, Diags, Digest};
use crate::engine::Outcome;
use crate::profile::{CallTree, flame_graph};
use crate::report::{self, Measurements, Report};
use crate::world::{World, disk_error};

/// A file that the build leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// What it is: `elf`, `hex`, `model_c`, `report`.
    pub kind: String,
    /// The deployment and board that it is for, if it is for one.
    pub board: Option<(String, String)>,
    /// Where it is.
    pub path: PathBuf,
    /// Of its content.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// Files written so far.
pub(super) struct Delivery {
    pub(super) folder: PathBuf,
    pub(super) files: Vec<Delivered>,
}

/// Writes firmware and C. A file that has the right content already isn't touched.
pub(super) fn deliver(
    world: &World,
    request: &Request,
    prepared: &Prepared,
    outcome: &Outcome<'_>,
) -> Result<Delivery, Diags> {
    let mut delivery = Delivery { folder: request.results().join(&prepared.spec.name), files: Vec::new() };
    for deploy in &prepared.spec.deploys {
        for used in &deploy.boards {
            let step = format!("link:{}@{}", deploy.name, used.board.name);
            let folder = delivery.folder.join(&deploy.name).join(&used.board.name);
            let board = (deploy.name.clone(), used.board.name.clone());
            for name in ["firmware.elf", "firmware.hex", "firmware.bin", "firmware.uf2"] {
                if outcome.artifact(&step, name).is_some() {
                    let bytes = outcome.bytes(&step, name)?;
                    let kind = name.trim_start_matches("firmware.");
                    delivery.put(world, kind, Some(board.clone()), &folder.join(name), &bytes)?;
                }
            }
            let step = format!("emit:{}@{}", deploy.name, used.board.name);
            delivery.sources(world, outcome, &step, Some(&board), &folder)?;
            let step = format!("verify:{}@{}", deploy.name, used.board.name);
            if outcome.artifact(&step, "profile.json").is_some() {
                let tree: CallTree = serde_json::from_slice(&outcome.bytes(&step, "profile.json")?)
                    .map_err(|error| Diag::error("tml::bug", format!("bug: profile.json: {error}")))?;
                let svg = flame_graph(&format!("{} on {}", deploy.name, used.board.name), &tree);
                delivery.put(world, "flame", Some(board.clone()), &folder.join("flame.svg"), svg.as_bytes())?;
                let json = tree.json();
                delivery.put(world, "profile", Some(board.clone()), &folder.join("profile.json"), json.as_bytes())?;
            }
        }
    }
    for model in &prepared.spec.models {
        let step = format!("emit:{}", model.name);
        if outcome.artifact(&step, "model.c").is_some() {
            let folder = delivery.folder.join(&model.name);
            delivery.sources(world, outcome, &step, None, &folder)?;
        }
    }
    for features in &prepared.spec.features {
        let folder = delivery.folder.join(&features.name);
        let step = format!("extract:{}", features.name);
        for (name, kind) in [("features.c", "features_c"), ("features.h", "features_h")] {
            delivery.put(world, kind, None, &folder.join(name), &outcome.bytes(&step, name)?)?;
        }
    }
    Ok(delivery)
}

impl Delivery {
    /// Writes the report beside the rest.
    pub(super) fn report(&mut self, world: &World, report: &Report) -> Result<(), Diags> {
        for found in &report.searches {
            let path = self.folder.join(format!("{}-search.svg", found.model));
            self.put(world, "search_svg", None, &path, report::search_plot(found).as_bytes())?;
        }
        let path = self.folder.join("report.json");
        Ok(self.put(world, "report", None, &path, report.json().as_bytes())?)
    }

    /// The measurements with the paths of each board's files, and the model's.
    pub(super) fn with_paths(&self, mut measurements: Measurements) -> Measurements {
        for measured in &mut measurements.boards {
            let own = (measured.deploy.clone(), measured.board.clone());
            let here = self.files.iter().filter(|file| file.board.as_ref().is_none_or(|board| *board == own));
            let paths: BTreeMap<String, String> =
                here.map(|file| (file.kind.clone(), file.path.display().to_string())).collect();
            measured.artifacts = paths;
        }
        measurements
    }

    /// The C of a model.
    fn sources(
        &mut self,
        world: &World,
        outcome: &Outcome<'_>,
        step: &str,
        board: Option<&(String, String)>,
        folder: &Path,
    ) -> Result<(), Diags> {
        for (name, kind) in [("model.c", "model_c"), ("model.h", "model_h")] {
            self.put(world, kind, board.cloned(), &folder.join(name), &outcome.bytes(step, name)?)?;
        }
        Ok(())
    }

    pub(super) fn put(
        &mut self,
        world: &World,
        kind: &str,
        board: Option<(String, String)>,
        path: &Path,
        bytes: &[u8],
    ) -> Result<(), Diag> {
        let failed = |error: std::io::Error| disk_error("write", path, &error);
        if world.files().read(path).is_ok_and(|old| old == bytes) {
            // Untouched, so that tools which look at its time don't flash the same firmware again.
        } else {
            let folder = path.parent().unwrap_or(Path::new("."));
            world.files().create_dir_all(folder).map_err(failed)?;
            world.files().write_atomic(path, bytes, false).map_err(failed)?;
        }
        let digest = Digest::of(bytes);
        self.files.push(Delivered {
            kind: kind.into(),
            board,
            path: path.to_path_buf(),
            digest,
            size: bytes.len() as u64,
        });
        Ok(())
    }
}
