//! What a project or a user sets once for all builds: `.config/tinyml.toml`. Never part of a spec; never a secret.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::disk::disk_error;
use super::toolchain::ToolchainKind;
use super::world::World;
use crate::base::suggest::nearest;
use crate::base::{Diag, Source};

/// The settings of a build: the project's, then the user's, then the defaults, key by key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Which compiler.
    pub toolchain: ToolchainKind,
    /// Who writes code.
    pub provider: ProviderSettings,
    /// Whether a `--locked` build refuses code that nobody has reviewed.
    pub review_required: bool,
    /// The files that were read, the winning one first.
    pub files: Vec<PathBuf>,
}

/// Which provider writes code, and what it needs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum ProviderSettings {
    /// A person with any chat window: `generate --export`, `generate --adopt`.
    #[default]
    Manual,
    /// Recorded answers in this file or folder.
    Replay(PathBuf),
}

/// The file as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Written {
    toolchain: Option<toml::Spanned<String>>,
    review: Option<toml::Spanned<String>>,
    provider: Option<WrittenProvider>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProvider {
    kind: toml::Spanned<String>,
    path: Option<toml::Spanned<String>>,
}

/// What one file says.
#[derive(Default)]
struct Partial {
    toolchain: Option<ToolchainKind>,
    provider: Option<ProviderSettings>,
    review_required: Option<bool>,
}

impl World {
    /// The settings for a spec in `folder`: `.config/tinyml.toml` in it or in the nearest folder above it that has one,
    /// over the user's own file. A missing file sets nothing.
    pub fn settings(&self, folder: &Path) -> Result<Settings, Diag> {
        let absolute = std::path::absolute(folder).map_err(|error| disk_error("find", folder, &error))?;
        let near = absolute.ancestors().map(|folder| folder.join(".config").join("tinyml.toml"));
        let project = near.into_iter().find(|path| self.files().exists(path));
        let user = self.env().config_file().filter(|path| self.files().exists(path));
        let files: Vec<PathBuf> = project.into_iter().chain(user).collect();
        let mut all = Partial::default();
        for path in &files {
            let bytes = self.files().read(path).map_err(|error| disk_error("read", path, &error))?;
            let text = String::from_utf8(bytes)
                .map_err(|_| disk_error("read", path, &std::io::ErrorKind::InvalidData.into()))?;
            let one = parse(&Source::new(path.display().to_string(), text), path)?;
            all.toolchain = all.toolchain.or(one.toolchain);
            all.provider = all.provider.or(one.provider);
            all.review_required = all.review_required.or(one.review_required);
        }
        Ok(Settings {
            toolchain: all.toolchain.unwrap_or_default(),
            provider: all.provider.unwrap_or_default(),
            review_required: all.review_required.unwrap_or(false),
            files,
        })
    }
}

fn parse(source: &Source, path: &Path) -> Result<Partial, Diag> {
    let written: Written = toml::from_str(source.text()).map_err(|error| malformed(source, &error))?;
    let toolchain = written
        .toolchain
        .map(|word| {
            let unknown = || unknown(source, &word, "toolchain", &["zig", "gcc"]);
            ToolchainKind::parse(word.get_ref()).ok_or_else(unknown)
        })
        .transpose()?;
    let review_required = written
        .review
        .map(|word| match word.get_ref().as_str() {
            "required" => Ok(true),
            "optional" => Ok(false),
            _ => Err(unknown(source, &word, "review", &["required", "optional"])),
        })
        .transpose()?;
    let provider = written.provider.map(|written| provider(source, path, written)).transpose()?;
    Ok(Partial { toolchain, provider, review_required })
}

fn provider(source: &Source, path: &Path, written: WrittenProvider) -> Result<ProviderSettings, Diag> {
    match (written.kind.get_ref().as_str(), written.path) {
        ("manual", None) => Ok(ProviderSettings::Manual),
        ("manual", Some(path)) => Err(Diag::error("tml::config", "the provider `manual` takes no `path`")
            .at(&source.span(path.span()), "remove this")),
        // Relative to the folder that holds `.config`, where a person would look.
        ("replay", Some(recording)) => {
            let base = path.parent().and_then(Path::parent).unwrap_or(Path::new("."));
            Ok(ProviderSettings::Replay(base.join(recording.get_ref())))
        }
        ("replay", None) => Err(Diag::error("tml::config", "the provider `replay` needs the `path` of its recording")
            .at(&source.span(written.kind.span()), "needs `path`")
            .help("add `path = \"answers.jsonl\"` below it")),
        _ => Err(unknown(source, &written.kind, "provider", &["manual", "replay"])),
    }
}

fn unknown(source: &Source, word: &toml::Spanned<String>, what: &str, known: &[&str]) -> Diag {
    let list: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    let diag = Diag::error("tml::config", format!("there is no {what} `{}`", word.get_ref()))
        .at(&source.span(word.span()), "not known here")
        .note(format!("known: {}", list.join(", ")));
    match nearest(word.get_ref(), known.iter().copied()) {
        Some(near) => diag.help(format!("did you mean `{near}`?")),
        None => diag,
    }
}

/// An error of the TOML reader, at its place.
fn malformed(source: &Source, error: &toml::de::Error) -> Diag {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let diag = Diag::error("tml::config", format!("`{}` can't be understood: {message}", source.path()));
    match error.span() {
        Some(span) => diag.at(&source.span(span), "here"),
        None => diag,
    }
}
