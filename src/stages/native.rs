//! Runs our own C on this machine: rows in by standard input, results out by standard output.

use std::collections::BTreeMap;

use super::toolkit::Toolkit;
use crate::base::Diags;
use crate::engine::Job;

/// Compiles `sources` with `headers` for this machine and runs the program on `stdin`.
pub fn run(
    toolkit: &Toolkit,
    job: &Job,
    sources: &[(&str, &[u8])],
    headers: &[(&str, &[u8])],
    stdin: Vec<u8>,
) -> Result<Vec<u8>, Diags> {
    let toolchain = toolkit.toolchain(job)?;
    let own = |files: &[(&str, &[u8])]| -> Vec<(String, Vec<u8>)> {
        files.iter().map(|(name, bytes)| ((*name).to_string(), bytes.to_vec())).collect()
    };
    let headers: BTreeMap<String, Vec<u8>> = own(headers).into_iter().collect();
    let program = job
        .world()
        .native(&toolchain, &own(sources), &headers, &[])
        .map_err(|error| error.into_diag("the C that runs on this machine"))?;
    Ok(job.world().run_native(&program, stdin)?)
}
