//! Compile: the emitted C, the user's functions and the board's start-up to object files.

use std::collections::BTreeMap;

use super::firmware::Firmware;
use super::toolkit::{target, text_fact};
use crate::base::Diags;
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::world::{ToolchainKind, Unit};

/// The step `compile:DEPLOY@BOARD`. Inputs: `model.c`, `model.h`, `features.c` where there are features, and each user
/// function as `NAME.c`. Makes an object of each.
pub struct Compile(pub Firmware);

impl Stage for Compile {
    fn title(&self) -> String {
        format!("compile {}", self.0.title())
    }

    fn facts(&self, out: &mut dyn Facts) {
        facts(&self.0, out);
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let (sources, headers) = sources(&self.0, job)?;
        compile(&self.0, job, &sources, &headers)
    }
}

/// What the objects of a firmware depend on besides inputs.
pub(super) fn facts(firmware: &Firmware, out: &mut dyn Facts) {
    firmware.toolkit.facts(&target(&firmware.core), out);
    text_fact(out, "tml.h", &firmware.toolkit.text("hal/tml.h"));
    match firmware.sources() {
        Ok(sources) => sources.iter().for_each(|(name, text)| text_fact(out, name, text)),
        // The run says what is wrong with the template; the key only has to differ from a sound one.
        Err(diag) => out.text("unrendered", &diag.title),
    }
}

/// Sources with their names, and headers.
pub(super) type Units = (Vec<(String, Vec<u8>)>, BTreeMap<String, Vec<u8>>);

/// A firmware's own sources and those among a job's inputs.
pub(super) fn sources(firmware: &Firmware, job: &Job) -> Result<Units, Diags> {
    let toolchain = firmware.toolkit.toolchain(job, &target(&firmware.core))?;
    let mut headers: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    headers.insert("tml.h".into(), firmware.toolkit.text("hal/tml.h").into_bytes());
    let mut sources: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, text) in firmware.sources()? {
        // zig's run-time library has memcpy and the like; with gcc no C library is linked.
        if name != "mem.c" || toolchain.kind == ToolchainKind::Gcc {
            sources.push((name.into(), text.into_bytes()));
        }
    }
    for name in job.inputs() {
        let bytes = job.input(name).to_vec();
        match name.rsplit('.').next() {
            Some("h") => drop(headers.insert(name.into(), bytes)),
            Some("c") => sources.push((name.into(), bytes)),
            // A gate's evidence: declared so that nothing is compiled that hasn't passed.
            _ => {}
        }
    }
    Ok((sources, headers))
}

/// Objects of `sources`.
pub(super) fn compile(
    firmware: &Firmware,
    job: &Job,
    sources: &[(String, Vec<u8>)],
    headers: &BTreeMap<String, Vec<u8>>,
) -> Result<Outputs, Diags> {
    let target = target(&firmware.core);
    let toolchain = firmware.toolkit.toolchain(job, &target)?;
    let mut objects = Outputs::new();
    for (done, (name, source)) in sources.iter().enumerate() {
        job.progress(name, done as u64, sources.len() as u64);
        let unit = Unit { target: &target, name, source, headers, flags: &[] };
        let object = job.world().compile(&toolchain, &unit).map_err(|error| error.into_diag(&format!("`{name}`")))?;
        objects.insert(name.replace(".c", ".o"), object.bytes);
    }
    Ok(objects)
}
