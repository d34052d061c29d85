//! A project for data: looks at it, links or copies it, writes the spec.

use std::path::{Path, PathBuf};

use crate::base::suggest::nearest;
use crate::base::{Diag, Diags, Source};
use crate::inspect::{self, File, Folder, Found, Task, Wanted};
use crate::lang;
use crate::library::Library;
use crate::world::{World, disk_error};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct New {
    /// The project's folder.
    pub folder: PathBuf,
    /// The data: a folder or a file.
    pub from: PathBuf,
    /// The board's name.
    pub board: String,
    /// The task, if it is said.
    pub task: Option<Task>,
    /// The column with the label, if it is said.
    pub label: Option<String>,
    /// Copy the data instead of linking it.
    pub copy: bool,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// Files and links, in the order written.
    pub files: Vec<PathBuf>,
    /// What was found, and what is open.
    pub found: Found,
}

/// Where the data is, as the project will see it.
struct Place {
    /// The folder whose files are looked at.
    root: PathBuf,
    /// The only file, if one was named.
    only: Option<String>,
    /// How the spec reaches the root: `data/`.
    prefix: String,
    /// Whether it is within the project already.
    inside: bool,
}

/// Makes a project. Nothing is overwritten, and nothing is written unless all of it can be.
pub fn new(world: &World, library: &Library, asked: &New) -> Result<Made, Diags> {
    let name = project_name(&asked.folder)?;
    let board = board(library, &asked.board)?;
    let place = place(world, asked)?;
    let spec = asked.folder.join(format!("{name}.tml"));
    let ignore = asked.folder.join(".gitignore");
    refuse_existing(world, asked, &place, &spec)?;
    let wanted = Wanted {
        name,
        board: asked.board.clone(),
        task: asked.task,
        label: asked.label.clone(),
        prefix: place.prefix.clone(),
        flash: u64::from(board.flash.size),
        ram: u64::from(board.ram.size),
    };
    let found = look(world, &place, &wanted)?;
    let text = inspect::write(&found, &wanted);
    let parsed =
        lang::parse(&Source::new(spec.to_string_lossy(), text.as_str())).map_err(|diags| bug(&diags, &text))?;
    let text = lang::print(&parsed);
    let failed = |path: &Path, error: &std::io::Error| Diags::from(disk_error("write", path, error));
    world.files().create_dir_all(&asked.folder).map_err(|error| failed(&asked.folder, &error))?;
    let mut files = Vec::new();
    if !place.inside {
        files.push(bring(world, asked, &place)?);
    }
    world.files().write_atomic(&spec, text.as_bytes(), false).map_err(|error| failed(&spec, &error))?;
    files.push(spec);
    if !world.files().exists(&ignore) {
        let linked = !place.inside && !asked.copy;
        let text =
            if linked { "/target\n# A link to where the data is on this machine.\n/data\n" } else { "/target\n" };
        world.files().write_atomic(&ignore, text.as_bytes(), false).map_err(|error| failed(&ignore, &error))?;
        files.push(ignore);
    }
    Ok(Made { files, found })
}

fn bug(diags: &Diags, text: &str) -> Diags {
    let first = diags.0.first().map_or("", |diag| diag.title.as_str());
    Diag::error("tml::bug", format!("bug: the spec that was written can't be read: {first}")).note(text).into()
}

fn project_name(folder: &Path) -> Result<String, Diag> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if name.is_empty() || !name.chars().all(fine) || name.starts_with('-') {
        let title = format!("`{}` can't name a project", folder.display());
        return Err(
            Diag::error("tml::new", title).help("take letters, digits, `_` and `-`: `cargo tinyml new gesture …`")
        );
    }
    Ok(name)
}

fn board(library: &Library, name: &str) -> Result<crate::library::board::Board, Diag> {
    let known = || library.list("boards");
    if let Some(board) = library.board(name) {
        return board;
    }
    let diag = Diag::error("tml::new", format!("the library has no board `{name}`"));
    Err(match nearest(name, known().iter().map(String::as_str)) {
        Some(near) => diag.help(format!("did you mean `{near}`?")),
        None => diag.help(format!("one of {}", known().join(", "))),
    })
}

fn place(world: &World, asked: &New) -> Result<Place, Diag> {
    let files = world.files();
    let from = files.real(&asked.from).map_err(|_| {
        Diag::error("tml::new", format!("there is no `{}`", asked.from.display()))
            .help("name a folder or a file: `--from DATA`")
    })?;
    let (root, only) = if files.is_dir(&from) {
        (from, None)
    } else {
        let name = from.file_name().map(|name| name.to_string_lossy().into_owned());
        (from.parent().unwrap_or(Path::new("/")).to_path_buf(), name)
    };
    let project = files.real(&asked.folder).ok();
    let within = project.as_ref().and_then(|project| root.strip_prefix(project).ok());
    let prefix = match within {
        Some(below) if below.as_os_str().is_empty() => String::new(),
        Some(below) => format!("{}/", below.to_string_lossy().replace('\\', "/")),
        None => "data/".into(),
    };
    Ok(Place { inside: within.is_some(), root, only, prefix })
}

fn refuse_existing(world: &World, asked: &New, place: &Place, spec: &Path) -> Result<(), Diag> {
    let data = asked.folder.join("data");
    let taken = |path: &Path| {
        Diag::error("tml::new", format!("`{}` exists", path.display())).help("choose another name, or remove it first")
    };
    if world.files().exists(spec) {
        return Err(taken(spec));
    }
    if !place.inside && world.files().exists(&data) {
        return Err(taken(&data));
    }
    Ok(())
}

fn look(world: &World, place: &Place, wanted: &Wanted) -> Result<Found, Diag> {
    let read = |path: &str, most: usize| world.files().head(&place.root.join(path), most).ok();
    let failed = |error: std::io::Error| disk_error("read", &place.root, &error);
    let names = match &place.only {
        Some(name) => vec![PathBuf::from(name)],
        None => world.files().walk(&place.root).map_err(failed)?,
    };
    let hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
    let mut files = Vec::new();
    for name in names {
        let path = name.to_string_lossy().replace('\\', "/");
        if !hidden(&path) && !path.starts_with("target/") {
            let size = world.files().stat(&place.root.join(&name)).map_or(0, |stat| stat.size);
            files.push(File { path, size });
        }
    }
    inspect::look(&Folder { files, read: &read }, wanted)
}

/// Links or copies the data to `data/`; what was made.
fn bring(world: &World, asked: &New, place: &Place) -> Result<PathBuf, Diags> {
    let files = world.files();
    let data = asked.folder.join("data");
    let failed = |path: &Path, error: &std::io::Error| Diags::from(disk_error("write", path, error));
    let unlinked = |error: std::io::Error| {
        Diag::error("tml::disk", format!("`{}` can't be linked: {error}", data.display()))
            .help("copy the data: `--copy`")
    };
    if !asked.copy {
        match &place.only {
            None => files.link(&place.root, &data).map_err(unlinked)?,
            Some(name) => {
                files.create_dir_all(&data).map_err(|error| failed(&data, &error))?;
                files.link(&place.root.join(name), &data.join(name)).map_err(unlinked)?;
            }
        }
        return Ok(data);
    }
    let names = match &place.only {
        Some(name) => vec![PathBuf::from(name)],
        None => files.walk(&place.root).map_err(|error| failed(&place.root, &error))?,
    };
    for name in names {
        let to = data.join(&name);
        let folder = to.parent().unwrap_or(&data);
        files.create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let bytes = files.read(&place.root.join(&name)).map_err(|error| failed(&place.root.join(&name), &error))?;
        files.write_atomic(&to, &bytes, false).map_err(|error| failed(&to, &error))?;
    }
    Ok(data)
}
