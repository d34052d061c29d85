//! A look at the data alone: the ingest of each data set, its profile, and drawings where they are wanted.

use std::sync::Arc;

use super::deliver::{Delivered, Delivery};
use super::drawings;
use super::measure::{array, json};
use super::request::Request;
use super::run::finished;
use crate::base::{Diag, Diags};
use crate::data::Profile;
use crate::engine::{self, Options, Outcome, Progress};
use crate::plan;
use crate::project::Project;
use crate::spec::Spec;
use crate::spec::model::Dataset;
use crate::world::World;

/// What was found out about one data set.
pub struct Looked {
    /// Its name.
    pub name: String,
    /// Counts, ranges, columns, findings.
    pub profile: Profile,
    /// Drawings that were written.
    pub files: Vec<Delivered>,
}

/// Looks at the data sets of a project: at `only`, or at all. The warnings are those that a build gives.
pub fn look(
    world: &World,
    project: &Project,
    request: &Request,
    only: Option<&str>,
    plots: bool,
    progress: &dyn Progress,
) -> Result<(Vec<Looked>, Diags), Diags> {
    let (spec, warnings) = project.resolve(world)?;
    let spec = Arc::new(spec);
    let wanted = wanted(&spec, only)?;
    let graph = plan::ingest_only(&wanted, &project.root);
    let options = Options {
        verify_inputs: request.verify_inputs,
        ..Options::new(request.store(), spec.name.clone(), request.jobs)
    };
    let outcome = engine::run(&graph, &options, world, progress)?;
    finished(&outcome)?;
    let mut looked = Vec::new();
    for dataset in wanted {
        let profile: Profile = json(&outcome, &format!("ingest:{}", dataset.name), "profile.json")?;
        let files = if plots { draw(world, request, &spec, dataset, &outcome)? } else { Vec::new() };
        looked.push(Looked { name: dataset.name.clone(), profile, files });
    }
    let mut all = Diags(warnings);
    all.0.extend(outcome.all_warnings().0);
    Ok((looked, all))
}

fn wanted<'a>(spec: &'a Spec, only: Option<&str>) -> Result<Vec<&'a Dataset>, Diag> {
    let all: Vec<&Dataset> =
        spec.datasets.iter().filter(|dataset| only.is_none_or(|name| dataset.name == name)).collect();
    if !all.is_empty() {
        return Ok(all);
    }
    let names = || spec.datasets.iter().map(|dataset| dataset.name.as_str());
    let Some(name) = only else {
        return Err(Diag::error("tml::spec", "the spec has no data set").help("add a `dataset NAME { … }`"));
    };
    let diag = Diag::error("tml::spec", format!("the spec has no data set `{name}`"));
    Err(match crate::base::suggest::nearest(name, names()) {
        Some(near) => diag.help(format!("did you mean `{near}`?")),
        None => diag.help(format!("it has {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
    })
}

fn draw(
    world: &World,
    request: &Request,
    spec: &Spec,
    dataset: &Dataset,
    outcome: &Outcome<'_>,
) -> Result<Vec<Delivered>, Diags> {
    let step = format!("ingest:{}", dataset.name);
    let [x, y, part] = ["x.npy", "y.npy", "part.npy"].map(|output| array(outcome, &step, output));
    let lengths = outcome.artifact(&step, "lengths.npy").map(|_| array(outcome, &step, "lengths.npy")).transpose()?;
    let recordings = drawings::Recordings::new(dataset, &x?, &y?, &part?, lengths.as_ref());
    let folder = request.results().join(&spec.name).join("data").join(&dataset.name);
    let mut delivery = Delivery { folder: folder.clone(), files: Vec::new() };
    for (name, svg) in recordings.map_or_else(Vec::new, |recordings| recordings.draw()) {
        delivery.put(world, "plot", None, &folder.join(name), svg.as_bytes())?;
    }
    Ok(delivery.files)
}
