//! `cargo tinyml new`: a spec for data.

use std::collections::BTreeMap;

use serde_json::json;

use super::args::{NewArgs, TaskName};
use super::exit;
use super::screen::Screen;
use crate::base::Diags;
use crate::build::{self, New};
use crate::inspect::Task;
use crate::library::Library;
use crate::world::World;

pub(super) fn run(world: &World, screen: &Screen, args: &NewArgs) -> u8 {
    screen.attempt(world, || attempt(world, screen, args))
}

fn attempt(world: &World, screen: &Screen, args: &NewArgs) -> Result<u8, Diags> {
    let asked = New {
        folder: args.name.clone(),
        from: args.from.clone(),
        board: args.board.clone(),
        task: args.task.map(|task| match task {
            TaskName::Classify => Task::Classify,
            TaskName::Regress => Task::Regress,
            TaskName::Anomaly => Task::Anomaly,
        }),
        label: args.label.clone(),
        copy: args.copy,
    };
    let made = build::new(world, &Library::new(BTreeMap::new())?, &asked)?;
    let paths: Vec<String> = made.files.iter().map(|path| path.display().to_string()).collect();
    if screen.is_json() {
        let classes: Vec<&String> = made.found.classes.iter().map(|(name, _)| name).collect();
        let body = json!({"files": paths, "found": made.found.says, "open": made.found.open, "classes": classes});
        screen.painter().fact("new", &body);
        return Ok(exit::OK);
    }
    let mut text: Vec<String> = made.found.says.iter().map(|says| format!("found    {says}")).collect();
    let classes: Vec<String> =
        made.found.classes.iter().take(12).map(|(name, rows)| format!("{name} {rows}")).collect();
    if !classes.is_empty() {
        let more = made.found.classes.len() - classes.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push(format!("classes  {}{more}", classes.join(", ")));
    }
    text.extend(made.found.why.iter().map(|(field, why)| format!("{field:<8} {why}")));
    text.extend(made.found.open.iter().map(|open| format!("open     {open}")));
    text.extend(paths.iter().map(|path| format!("wrote    {path}")));
    text.push(format!("next     cargo tinyml build {}", args.name.display()));
    screen.result(&(text.join("\n") + "\n"));
    Ok(exit::OK)
}
