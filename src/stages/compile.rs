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
        self.0.toolkit.facts(&target(&self.0.core), out);
        text_fact(out, "tml.h", &self.0.toolkit.text("hal/tml.h"));
        match self.0.sources() {
            Ok(sources) => sources.iter().for_each(|(name, text)| text_fact(out, name, text)),
            // The run says what is wrong with the template; the key only has to differ from a sound one.
            Err(diag) => out.text("unrendered", &diag.title),
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let firmware = &self.0;
        let target = target(&firmware.core);
        let toolchain = firmware.toolkit.toolchain(job, &target)?;
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
        let mut objects = Outputs::new();
        for (done, (name, source)) in sources.iter().enumerate() {
            job.progress(name, done as u64, sources.len() as u64);
            let unit = Unit { target: &target, name, source, headers: &headers, flags: &[] };
            let object =
                job.world().compile(&toolchain, &unit).map_err(|error| error.into_diag(&format!("`{name}`")))?;
            objects.insert(name.replace(".c", ".o"), object.bytes);
        }
        Ok(objects)
    }
}
