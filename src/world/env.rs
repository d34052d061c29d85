//! What the user's environment says: variables, current folder, terminal, cache and config folders.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// Names of variables that let the user's pip and proxies work; no other step ever sees them.
const NETWORK: [&str; 14] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "SSLKEYLOGFILE",
];
/// Names that an interpreter needs to find itself, its user's config and a place for temporary files.
const PLACES: [&str; 20] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "TEMP",
    "TMP",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
    "WINDIR",
    "APPDATA",
    "LOCALAPPDATA",
    "USERPROFILE",
    "PATHEXT",
    "COMSPEC",
    "LD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
];

/// The environment as it was when the world was made; later changes aren't seen, so one build has one environment.
#[derive(Clone)]
pub struct Env(BTreeMap<OsString, OsString>);

/// What is known about the terminal that progress and diagnostics go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
pub struct Terminal {
    /// Standard error is a terminal.
    pub interactive: bool,
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Colours are wanted: an interactive terminal, `NO_COLOR` unset or empty, `TERM` not `dumb`; or `CLICOLOR_FORCE`.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// A continuous-integration run (`CI` is set and not `false` or `0`).
    pub ci: bool,
}

impl Env {
    pub(super) fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The variable `name`, if it is set, not empty, and text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_os(name)?.to_str()
    }

    fn get_os(&self, name: &str) -> Option<&OsString> {
        let same = |key: &OsString| if cfg!(windows) { key.eq_ignore_ascii_case(name) } else { key == name };
        self.0.iter().find(|(key, _)| same(key)).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get_os(name).map(PathBuf::from)
    }

    /// The folder that relative paths start from.
    pub fn current_dir(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    /// `path` from the root of the disk, without asking the disk: links stay as they are.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
    }

    /// What the terminal can show.
    pub fn terminal(&self) -> Terminal {
        let interactive = io::stderr().is_terminal();
        let columns = self.get("COLUMNS").and_then(|text| text.parse().ok()).filter(|&columns| columns > 0);
        let measured = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| width.0 as usize);
        let dumb = self.get("TERM") == Some("dumb");
        let forced = self.get("CLICOLOR_FORCE").is_some_and(|force| force != "0");
        Terminal {
            interactive,
            stdout: io::stdout().is_terminal(),
            color: self.get("NO_COLOR").is_none() && (forced || interactive && !dumb),
            width: measured.or(columns).unwrap_or(80),
            ci: self.get("CI").is_some_and(|ci| !matches!(ci, "false" | "0")),
        }
    }

    /// True if the locale (POSIX: `LC_ALL`, then `LC_CTYPE`, then `LANG`) or the platform takes characters beyond ASCII.
    pub fn unicode(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.get(name));
        match locale {
            Some(locale) => !matches!(locale, "C" | "POSIX"),
            None => true,
        }
    }

    /// Cargo's target folder, if the user moved it.
    pub fn cargo_target_dir(&self) -> Option<PathBuf> {
        self.path("CARGO_TARGET_DIR")
    }

    /// The folder for finished steps that several projects share, if the user set one: `TINYML_CACHE_DIR`.
    pub fn shared_store(&self) -> Option<PathBuf> {
        self.path("TINYML_CACHE_DIR").map(|given| self.absolute(&given))
    }

    /// Where toolchains and whatever may be made again are kept for all projects: `TINYML_CACHE_DIR`, else
    /// `$XDG_CACHE_HOME/cargo-tinyml`, else the platform's (`~/.cache/cargo-tinyml`,
    /// `~/Library/Caches/cargo-tinyml`, `%LOCALAPPDATA%\cargo-tinyml\cache`), else a temporary folder. Absolute.
    pub fn cache_dir(&self) -> PathBuf {
        if let Some(given) = self.path("TINYML_CACHE_DIR") {
            return std::path::absolute(&given).unwrap_or(given);
        }
        // A relative XDG folder is invalid and ignored (XDG base directory specification).
        let xdg = self.path("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        let platform = || match () {
            () if cfg!(windows) => self.path("LOCALAPPDATA").map(|local| local.join("cargo-tinyml").join("cache")),
            () if cfg!(target_os = "macos") => self.path("HOME").map(|home| home.join("Library/Caches/cargo-tinyml")),
            () => self.path("HOME").map(|home| home.join(".cache/cargo-tinyml")),
        };
        xdg.map(|xdg| xdg.join("cargo-tinyml"))
            .or_else(platform)
            .unwrap_or_else(|| self.scratch_root().join("cargo-tinyml"))
    }

    /// The user's config file, which a project's own overrides; it may be missing.
    pub fn config_file(&self) -> Option<PathBuf> {
        let xdg = self.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let platform = || if cfg!(windows) { self.path("APPDATA") } else { Some(self.path("HOME")?.join(".config")) };
        Some(xdg.or_else(platform)?.join("cargo-tinyml").join("tinyml.toml"))
    }

    /// Processors that this process may use.
    pub fn cpus(&self) -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// The file `program` on the user's `PATH`. A name with a folder in it is looked up as it is.
    pub fn find_program(&self, program: &Path) -> Option<PathBuf> {
        if program.components().count() > 1 {
            return program.is_file().then(|| program.to_path_buf());
        }
        let folders = self.get_os("PATH")?;
        let name = if cfg!(windows) && program.extension().is_none() {
            program.with_extension("exe")
        } else {
            program.to_path_buf()
        };
        std::env::split_paths(folders).map(|folder| folder.join(&name)).find(|path| path.is_file())
    }

    /// Where private scratch folders go: the system's temporary folder.
    pub fn scratch_root(&self) -> PathBuf {
        let given = if cfg!(windows) { self.path("TEMP") } else { self.path("TMPDIR") };
        given.filter(|path| path.is_absolute()).unwrap_or_else(std::env::temp_dir)
    }

    /// What the user's own package installer gets: everything that pip, Python and a proxy look at, and no more.
    pub(super) fn for_installer(&self) -> BTreeMap<OsString, OsString> {
        self.select(|name| {
            PLACES.contains(&name)
                || NETWORK.contains(&name)
                || ["PIP_", "PYENV", "PYTHON", "UV_", "ASDF_", "MISE_", "CONDA_"].iter().any(|p| name.starts_with(p))
        })
    }

    /// The little without which some tools don't start at all; declared and the same for every step.
    pub(super) fn for_tools(&self) -> BTreeMap<OsString, OsString> {
        let mut kept = self.select(|name| matches!(name, "SYSTEMROOT" | "WINDIR" | "PATH"));
        kept.insert("LC_ALL".into(), "C".into());
        kept
    }

    fn select(&self, wanted: impl Fn(&str) -> bool) -> BTreeMap<OsString, OsString> {
        let wanted = |name: &OsString| {
            name.to_str().is_some_and(|name| if cfg!(windows) { wanted(&name.to_uppercase()) } else { wanted(name) })
        };
        self.0.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Values may be secrets, so only the number of variables is shown.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Env({} variables)", self.0.len())
    }
}
