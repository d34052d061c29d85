//! `cargo tinyml data`: what the data of a spec is like.

use serde_json::{Value, json};

use super::args::{DataArgs, DataFormat};
use super::exit;
use super::progress::ArtifactFile;
use super::screen::Screen;
use crate::base::Diags;
use crate::build::{self, Looked, Request};
use crate::project::Project;
use crate::report;
use crate::world::World;

/// Names the form of the JSON; another number where a name changes.
const SCHEMA: &str = "tinyml.data/1";

pub(super) fn run(world: &World, screen: &Screen, args: &DataArgs) -> u8 {
    screen.attempt(world, || attempt(world, screen, args))
}

fn attempt(world: &World, screen: &Screen, args: &DataArgs) -> Result<u8, Diags> {
    let project = Project::open(world, args.spec.as_deref())?;
    let request = Request {
        target_dir: build::target_dir(world, &project.root, args.target_dir.as_deref()),
        shared_store: world.env().shared_store(),
        jobs: world.env().cpus().max(1),
        locked: false,
        full: false,
        verify_inputs: args.verify_inputs,
        toolchain: None,
    };
    let (looked, warnings) =
        build::look(world, &project, &request, args.dataset.as_deref(), args.plots, screen.painter())?;
    for file in looked.iter().flat_map(|looked| &looked.files) {
        screen.painter().artifact(&ArtifactFile {
            kind: file.kind.clone(),
            board: None,
            path: file.path.display().to_string(),
            digest: file.digest.hex(),
            size: file.size,
        });
    }
    if screen.is_json() {
        screen.tell(&warnings);
        screen.painter().fact("data", &value(&looked));
        return Ok(exit::OK);
    }
    if args.format == DataFormat::Json {
        // Texts and numbers always have a JSON form.
        let text = serde_json::to_string_pretty(&value(&looked)).unwrap_or_default();
        screen.result(&format!("{text}\n"));
        return Ok(exit::OK);
    }
    for looked in &looked {
        screen.result(&report::data_text(&looked.name, &looked.profile, &screen.style()));
    }
    screen.tell(&warnings);
    for file in looked.iter().flat_map(|looked| &looked.files) {
        screen.say(&format!("wrote {}", file.path.display()));
    }
    Ok(exit::OK)
}

fn value(looked: &[Looked]) -> Value {
    let one = |looked: &Looked| {
        let plots: Vec<String> = looked.files.iter().map(|file| file.path.display().to_string()).collect();
        let mut value = json!({"name": looked.name});
        if let (Some(value), Value::Object(fields)) = (value.as_object_mut(), json!(looked.profile)) {
            value.extend(fields);
            value.insert("plots".into(), json!(plots));
        }
        value
    };
    json!({"schema": SCHEMA, "datasets": looked.iter().map(one).collect::<Vec<_>>()})
}
