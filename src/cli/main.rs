//! From arguments to a command, and to the code that the program exits with.

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use super::args::{Cli, Command};
use super::screen::Screen;
use super::{build, check, convert, data, exit, explain, fetch, fmt, generate, graph, new, sim};
use crate::world::World;

/// Runs the program on its arguments (the first one is its own name); the exit code.
pub fn main(arguments: impl Iterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(own(arguments)) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let world = World::new();
    let screen = Screen::new(&world, &cli.global);
    if let Err(error) = world.watch_signals() {
        screen.say(&format!("Ctrl-C won't stop the build cleanly: {error}"));
    }
    match cli.command {
        Command::Build(args) => build::run(world, &screen, &args),
        Command::Convert(args) => convert::run(world, &screen, &args),
        Command::New(args) => new::run(&world, &screen, &args),
        Command::Data(args) => data::run(&world, &screen, &args),
        Command::Check(args) => check::run(&world, &screen, &args),
        Command::Fmt(args) => fmt::run(&world, &screen, &args),
        Command::Explain(args) => explain::run(&world, &screen, &args),
        Command::Graph(args) => graph::run(&world, &screen, &args),
        Command::Fetch(args) => fetch::run(world, &screen, &args),
        Command::Generate(args) => generate::run(world, &screen, &args),
        Command::Sim(args) => sim::run(&world, &screen, &args),
    }
}

/// `cargo tinyml build` runs `cargo-tinyml tinyml build`: cargo's word is dropped.
fn own(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    arguments.enumerate().filter(|(index, word)| *index != 1 || word != "tinyml").map(|(_, word)| word)
}

fn usage(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        let _ = write!(std::io::stderr(), "{text}");
        exit::USAGE
    } else {
        let _ = write!(std::io::stdout(), "{text}");
        exit::OK
    }
}
