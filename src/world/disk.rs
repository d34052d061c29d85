//! What to tell a user when the disk refuses: the one place that turns an I/O error into a diagnostic.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::base::Diag;

/// `error` while doing `action` (a verb, for example `write`) to `path`.
pub fn disk_error(action: &str, path: &Path, error: &io::Error) -> Diag {
    let shown = path.display();
    let diag = |title: String| Diag::error("tml::disk", title);
    let plain = format!("can't {action} `{shown}`");
    match error.kind() {
        ErrorKind::StorageFull => diag(format!("the disk is full: {plain}"))
            .help("free some space (all of `target/tinyml` can be made again), then run the same command"),
        ErrorKind::QuotaExceeded => diag(format!("your disk quota is used up: {plain}"))
            .help("free some space (all of `target/tinyml` can be made again), then run the same command"),
        ErrorKind::ReadOnlyFilesystem => diag(format!("the file system is read-only: {plain}"))
            .help("build elsewhere with `--target-dir DIR`, and move the cache with `TINYML_CACHE_DIR=DIR`"),
        ErrorKind::PermissionDenied => diag(format!("permission denied: {plain}"))
            .help(format!("`ls -ld {shown}` shows who may; or use `--target-dir DIR` and `TINYML_CACHE_DIR=DIR`")),
        ErrorKind::NotFound => diag(format!("{plain}: there is no such file or folder")),
        ErrorKind::NotADirectory => diag(format!("{plain}: a part of the path is a file, not a folder"))
            .help("move that file away or choose another folder"),
        ErrorKind::IsADirectory => diag(format!("{plain}: it is a folder, not a file")),
        ErrorKind::FileTooLarge => diag(format!("{plain}: it is too large for this file system")),
        ErrorKind::InvalidFilename => diag(format!("{plain}: the file system doesn't take such a name"))
            .help("use a shorter name or a shorter path, without characters that the system reserves"),
        ErrorKind::InvalidData => diag(format!("{plain}: it isn't UTF-8 text")),
        ErrorKind::Interrupted => Diag::error("tml::interrupted", format!("interrupted: {plain}")),
        _ => diag(format!("{plain}: {error}")),
    }
}
