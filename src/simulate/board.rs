//! The board that a program runs on: one of the library, or a file of the user's.

use std::path::Path;

use crate::base::suggest::nearest;
use crate::base::{Diag, Source};
use crate::library::core::Core;
use crate::library::{Board, Library};
use crate::world::World;

/// The board called `name`, or the one that the file `name` describes, and its core.
///
/// # Errors
/// `tml::sim::board` where there is none; what the file or its core's file says otherwise.
pub fn find(world: &World, library: &Library, name: &str) -> Result<(Board, Core), Diag> {
    let is_file = name.ends_with(".toml");
    let board = match library.board(name) {
        Some(board) => board?,
        None if is_file => of_file(world, library, Path::new(name))?,
        None => return Err(unknown(library, name)),
    };
    let core = library.core(&board.core)?;
    Ok((board, core))
}

fn of_file(world: &World, library: &Library, path: &Path) -> Result<Board, Diag> {
    let shown = path.display();
    let bytes = world.files().read(path);
    let bytes = bytes.map_err(|error| Diag::error("tml::sim::board", format!("`{shown}` can't be read: {error}")))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Diag::error("tml::sim::board", format!("`{shown}` is not UTF-8 text")))?;
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    library.board_from(&Source::new(shown.to_string(), text), &name)
}

fn unknown(library: &Library, name: &str) -> Diag {
    let boards = library.list("boards");
    let diag = Diag::error("tml::sim::board", format!("there is no board `{name}`"));
    match nearest(name, boards.iter().map(String::as_str)) {
        Some(near) => diag.help(format!("did you mean `--board {near}`?")),
        None => diag.help(format!("one of {}; or the path of a board's `.toml` file", boards.join(", "))),
    }
}
