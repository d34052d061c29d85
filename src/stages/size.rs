//! Size: how much stack the firmware uses. A probe image with all the memory that is left for its stack runs a few
//! samples on the simulated board; the real image then gets what was used and a margin.

use super::arrays::{TEST, bytes, of_part, row, row_bytes};
use super::exercise::{Bench, STACK_OVERFLOW};
use super::firmware::Firmware;
use super::link::{Stack, link, link_facts, objects, too_small};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::world::CompileError;

/// Samples that a probe runs. Our kernels have no branch that depends on data; a user's function may.
const SAMPLES: usize = 8;

/// A smaller stack than this isn't worth a try.
const LEAST_STACK: u32 = 256;

/// The step `size:DEPLOY@BOARD`. Inputs: the objects, `x.npy` (raw rows), `part.npy`. Makes `stack.json`.
pub struct Size(pub Firmware);

impl Stage for Size {
    fn title(&self) -> String {
        format!("size the stack of {}", self.0.title())
    }

    fn facts(&self, out: &mut dyn Facts) {
        link_facts(&self.0, out);
        super::exercise::facts(&self.0.board, &self.0.core, out);
        out.text("samples", &SAMPLES.to_string());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let elf = probe(&self.0, job, &objects(job))?;
        let (x, width) = row_bytes(job, "x.npy")?;
        let samples: Vec<usize> = of_part(&bytes(job, "part.npy")?, TEST).into_iter().take(SAMPLES).collect();
        let peak = || -> Result<u32, Diags> {
            let mut bench = Bench::boot(&elf, &self.0.board, &self.0.core, &[])?;
            for sample in &samples {
                bench.infer(row(&x, width, *sample))?;
            }
            Ok(bench.stack_peak())
        };
        let peak = peak().map_err(|diags| no_room(&self.0, diags))?;
        let stack = Stack::of_peak(peak, samples.len() as u32);
        Ok(Outputs::from([("stack.json".to_string(), super::json(&stack))]))
    }
}

/// The image with as much stack as the board has left: all of its memory, less what the linker says is too much.
pub(super) fn probe(firmware: &Firmware, job: &Job, objects: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Diags> {
    let all = firmware.board.ram.size / 16 * 16;
    let error = match link(firmware, job, objects, all) {
        Ok(elf) => return Ok(elf),
        Err(error) => error,
    };
    let left = ram_overflow(&error).map(|over| u64::from(all).saturating_sub(over + 16) as u32 / 16 * 16);
    match left {
        // With the least stack, what the linker says is missing is what is missing.
        Some(left) => {
            let probe = link(firmware, job, objects, left.max(LEAST_STACK));
            probe.map_err(|error| too_small(firmware, error).into())
        }
        None => Err(too_small(firmware, error).into()),
    }
}

/// The probe has all the memory that is left: a stack that runs over means that the board is too small.
pub(super) fn no_room(firmware: &Firmware, diags: Diags) -> Diags {
    if diags.0.iter().all(|diag| diag.code != STACK_OVERFLOW) {
        return diags;
    }
    let (deploy, board) = (firmware.deploy(), &firmware.board);
    let left = format!("`{}` leaves too little ram for its stack on {}", deploy.name, board.name);
    let diag = Diag::error("tml::board::size", left).help("use smaller layers, or a larger board");
    let used = deploy.boards.iter().find(|used| used.board.name == board.name);
    match used {
        Some(used) => diag.at(&used.span, "the stack ran over").into(),
        None => diag.into(),
    }
}

fn ram_overflow(error: &CompileError) -> Option<u64> {
    error.overflow().filter(|(region, _)| region.to_lowercase().contains("ram")).map(|(_, over)| over)
}
