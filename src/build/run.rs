//! The build: pins, plan, run, measure, judge, deliver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::deliver::{self, Delivered};
use super::request::Request;
use super::{generate, measure, pins};
use crate::base::{Diag, Diags};
use crate::engine::{self, Graph, Options, Outcome, Progress};
use crate::lock::{Lock, Toolchain};
use crate::plan::{Context, plan};
use crate::project::Project;
use crate::report::{self, Report};
use crate::spec::Spec;
use crate::stages::toolkit::{Toolkit, target};
use crate::world::{Family, Settings, ToolchainKind, World};

/// A build that is ready to run: everything is read and resolved, nothing has been made.
pub struct Prepared {
    /// The spec.
    pub spec: Arc<Spec>,
    /// Warnings about the spec.
    pub warnings: Vec<Diag>,
    /// The lock.
    pub lock: Lock,
    /// The project's and the user's settings.
    pub settings: Settings,
    /// What the plan needs besides the spec.
    pub context: Context,
}

/// The end of a build that ran.
pub struct Built {
    /// The verdict.
    pub report: Report,
    /// Requirements that aren't met, as diagnostics.
    pub unmet: Diags,
    /// Warnings of the spec and of the steps.
    pub warnings: Diags,
    /// The files that it left.
    pub files: Vec<Delivered>,
    /// Seconds from beginning to end.
    pub seconds: f64,
}

/// Reads and resolves all that a build needs.
pub fn prepare(world: &World, project: &Project, request: &Request) -> Result<Prepared, Diags> {
    let (spec, warnings) = project.resolve(world)?;
    let lock = project.lock(world)?;
    let settings = world.settings(&project.root)?;
    let kind = request.toolchain.unwrap_or(settings.toolchain);
    let mut identities = BTreeMap::new();
    for family in families(&spec, project)? {
        identities.insert(family, world.toolchain_identity(kind, family)?);
    }
    let toolkit = Toolkit { library: Arc::new(project.library.clone()), kind, identities };
    let context = Context { root: project.root.clone(), toolkit, full: request.full };
    Ok(Prepared { spec: Arc::new(spec), warnings, lock, settings, context })
}

/// The families of cores that are compiled for: those of the boards, and the one that functions are tried on.
fn families(spec: &Spec, project: &Project) -> Result<BTreeSet<Family>, Diag> {
    let mut families = BTreeSet::new();
    for used in spec.deploys.iter().flat_map(|deploy| &deploy.boards) {
        families.insert(Family::of(&target(&project.library.core(&used.board.core)?)));
    }
    let deployed = |model: usize| spec.deploys.iter().any(|deploy| deploy.model == model);
    // Candidates that no board runs are measured on the reference board.
    let measured = (0..spec.models.len()).any(|model| spec.models[model].search.is_some() && !deployed(model));
    if families.is_empty() || measured || !spec.functions.is_empty() {
        families.insert(Family::Arm);
    }
    Ok(families)
}

impl Prepared {
    /// The graph of the build.
    pub fn graph(&self) -> Result<Graph, Diags> {
        plan(&self.spec, &self.context)
    }

    /// How the engine is to run.
    pub fn options(&self, request: &Request) -> Options {
        Options {
            verify_inputs: request.verify_inputs,
            ..Options::new(request.store(), self.spec.name.clone(), request.jobs)
        }
    }
}

/// Builds the project: firmware for every board of every deployment, and the verdict.
pub fn build(world: &World, project: &Project, request: &Request, progress: &dyn Progress) -> Result<Built, Diags> {
    let begun = world.clock().now();
    let mut prepared = prepare(world, project, request)?;
    check_lock(&prepared, request)?;
    let missing: Vec<String> = pins::check(world, project, &prepared.spec, &prepared.lock, request.locked)?
        .into_iter()
        .map(|function| function.name.clone())
        .collect();
    for name in missing {
        generate::ask(world, project, &mut prepared, &name, request, progress)?;
    }
    if prepared.settings.review_required && request.locked {
        pins::check_reviews(&prepared.spec, &prepared.lock)?;
    }
    let graph = prepared.graph()?;
    let outcome = engine::run(&graph, &prepared.options(request), world, progress)?;
    finished(&outcome)?;
    let measurements = measure::measure(&prepared, &outcome)?;
    let mut delivery = deliver::deliver(world, request, &prepared, &outcome)?;
    let report = report::judge(&prepared.spec, &delivery.with_paths(measurements));
    delivery.report(world, &report)?;
    let mut warnings = Diags(prepared.warnings.clone());
    warnings.0.extend(outcome.all_warnings().0);
    warnings.0.extend(remember_toolchain(world, project, &mut prepared, request));
    let unmet = Diags(report::unmet(&prepared.spec, &report));
    Ok(Built { report, unmet, warnings, files: delivery.files, seconds: world.clock().now() - begun })
}

/// All failures together, or that the user stopped it.
pub(super) fn finished(outcome: &Outcome<'_>) -> Result<(), Diags> {
    if outcome.interrupted {
        return Err(Diag::error("tml::interrupted", "the build was stopped")
            .help("run it again: it goes on from the steps that are finished")
            .into());
    }
    let mut errors = outcome.errors();
    if errors.0.is_empty() {
        return Ok(());
    }
    errors.0.extend(outcome.warnings.iter().cloned());
    Err(errors)
}

/// A locked build uses the compiler that the lock names.
fn check_lock(prepared: &Prepared, request: &Request) -> Result<(), Diags> {
    let identity = prepared.context.toolkit.identity();
    let Some(pinned) = &prepared.lock.toolchain else { return Ok(()) };
    if request.locked && identity.name == "zig" && pinned.zig != identity.version {
        let title = format!("tinyml.lock names zig {}, but this cargo-tinyml uses {}", pinned.zig, identity.version);
        return Err(Diag::error("tml::locked", title)
            .help("build once without `--locked` and check in the lock, or install the cargo-tinyml that made it")
            .into());
    }
    Ok(())
}

/// Writes the compiler's version into the lock, unless the lock must not change. A lock that can't be written is worth a
/// warning, not the build.
fn remember_toolchain(world: &World, project: &Project, prepared: &mut Prepared, request: &Request) -> Option<Diag> {
    let toolkit = &prepared.context.toolkit;
    let version = toolkit.identity().version.clone();
    let known = prepared.lock.toolchain.as_ref().is_some_and(|toolchain| toolchain.zig == version);
    if request.locked || toolkit.kind != ToolchainKind::Zig || known {
        return None;
    }
    prepared.lock.toolchain = Some(Toolchain { zig: version, digest: None });
    let error = project.write_lock(world, &prepared.lock).err()?;
    Some(Diag::warning("tml::disk", format!("the lock can't be written: {}", error.title)))
}
