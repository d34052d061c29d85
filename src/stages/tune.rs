//! Tune: which variant of each kernel the image for a board uses.

use super::toolkit::Toolkit;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::core::Core;
use crate::net::ops::Capabilities;
use crate::net::tuning::Tuning;
use crate::net::{QNet, artifact};

/// The step `tune:DEPLOY@BOARD`, or `tune:MODEL` for C that runs everywhere. Inputs: `qnet.json`, `qweights.npy`,
/// `qbias.npy`. Makes `tuning.json`.
pub struct Tune {
    /// `DEPLOY on BOARD`, or the model's name.
    pub title: String,
    /// The board's core; none: any.
    pub core: Option<Core>,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

impl Stage for Tune {
    fn title(&self) -> String {
        format!("choose kernels for {}", self.title)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("dsp", &self.can().dsp.to_string());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let net = read_qnet(job)?;
        let tuning = Tuning::unmeasured(&net, self.can());
        Ok(Outputs::from([("tuning.json".to_string(), super::json(&tuning))]))
    }
}

impl Tune {
    fn can(&self) -> Capabilities {
        Capabilities { dsp: self.core.as_ref().is_some_and(|core| core.dsp) }
    }
}

/// The int8 network among a job's inputs.
pub(super) fn read_qnet(job: &Job) -> Result<QNet, Diag> {
    artifact::read_qnet(job.input("qnet.json"), job.input("qweights.npy"), job.input("qbias.npy"))
        .map_err(|why| Diag::error("tml::bug", format!("bug: the int8 network: {why}")))
}
