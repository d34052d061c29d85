//! Runs our own C on this machine: rows in by standard input, results out by standard output.

use std::collections::BTreeMap;
use std::time::Duration;

use super::toolkit::Toolkit;
use crate::base::Diags;
use crate::engine::Job;
use crate::world::Target;

/// Longest run of a native program: a whole test part on a slow machine.
const LIMIT: Duration = Duration::from_hours(1);

/// Compiles `sources` with `headers` for this machine and runs the program on `stdin`.
pub(super) fn run(
    toolkit: &Toolkit,
    job: &Job,
    sources: &[(&str, &[u8])],
    headers: &[(&str, &[u8])],
    stdin: &[u8],
) -> Result<Vec<u8>, Diags> {
    let toolchain = toolkit.toolchain(job, &Target::Host)?;
    let own = |files: &[(&str, &[u8])]| -> BTreeMap<String, Vec<u8>> {
        files.iter().map(|(name, bytes)| ((*name).to_string(), bytes.to_vec())).collect()
    };
    let program = job
        .world()
        .native(&toolchain, &own(sources), &own(headers), &[])
        .map_err(|error| error.into_diag("the C that runs on this machine"))?;
    Ok(job.world().run_native(&program.bytes, stdin, LIMIT)?)
}
