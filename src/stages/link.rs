//! Link: object files and a stack size to an image, in every form that the board takes, with its exact sizes.

use serde::{Deserialize, Serialize};

use super::firmware::Firmware;
use super::image;
use super::toolkit::{ENTRY, target, text_fact};
use crate::base::{Diag, Diags, Dimension, Quantity};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::board::Image;
use crate::world::{CompileError, Link as Linking};

/// How much stack an image gets, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stack {
    /// Bytes that the samples used at most, on the simulated board.
    pub peak: u32,
    /// Samples that were run.
    pub samples: u32,
    /// Bytes that the image gets: the peak, a quarter more, and room for an interrupt's frame.
    pub reserve: u32,
}

impl Stack {
    /// The stack for a measured peak.
    pub fn of_peak(peak: u32, samples: u32) -> Self {
        // Armv7-M manual B1.5.7: an exception frame with the floating-point registers takes 108 bytes.
        let reserve = (peak + peak / 4 + 128).next_multiple_of(16);
        Self { peak, samples, reserve }
    }
}

/// The step `link:DEPLOY@BOARD`. Inputs: the objects, `stack.json`. Makes `firmware.elf` and the board's other image
/// forms, and `sizes.json`.
pub struct Link(pub Firmware);

impl Stage for Link {
    fn title(&self) -> String {
        format!("link {}", self.0.title())
    }

    fn facts(&self, out: &mut dyn Facts) {
        link_facts(&self.0, out);
        let forms: Vec<String> = self.0.board.images.iter().map(|form| format!("{form:?}")).collect();
        out.text("images", &forms.join(" "));
        out.text("uf2", &format!("{:?}", self.0.board.uf2));
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let stack: Stack = serde_json::from_slice(job.input("stack.json"))
            .map_err(|error| Diag::error("tml::bug", format!("bug: stack.json: {error}")))?;
        let elf = link(&self.0, job, &objects(job), stack.reserve).map_err(|error| too_small(&self.0, error))?;
        let mut outputs = images(&self.0, &elf)?;
        let (flash, ram) = (self.0.board.flash, self.0.board.ram);
        let prefix = format!("{}_layer_", self.0.model().name);
        let sizes = image::sizes(&elf, flash, ram, |name| name.starts_with(&prefix))?;
        super::audit::audit(&self.0.model().name, &sizes.symbols)?;
        outputs.insert("sizes.json".into(), super::json(&sizes));
        outputs.insert("firmware.elf".into(), elf);
        Ok(outputs)
    }
}

/// The facts of any link of `firmware`.
pub fn link_facts(firmware: &Firmware, out: &mut dyn Facts) {
    firmware.toolkit.facts(&target(&firmware.core), out);
    match firmware.script() {
        Ok(script) => text_fact(out, "linker script", &script),
        Err(diag) => out.text("unrendered", &diag.title),
    }
    let link = Linking { target: &target(&firmware.core), objects: &[], script: "", symbols: &[], entry: ENTRY };
    out.text("link flags", &link.arguments(firmware.toolkit.kind).join(" "));
}

/// The object files among a job's inputs, sorted by name.
pub fn objects(job: &Job) -> Vec<(String, Vec<u8>)> {
    let is_object = |name: &&str| name.ends_with(".o");
    job.inputs().filter(is_object).map(|name| (name.to_string(), job.input(name).to_vec())).collect()
}

/// Links `objects` with a stack of that size.
pub fn link(
    firmware: &Firmware,
    job: &Job,
    objects: &[(String, Vec<u8>)],
    stack: u32,
) -> Result<Vec<u8>, CompileError> {
    let target = target(&firmware.core);
    let toolchain = firmware.toolkit.toolchain(job, &target)?;
    let script = firmware.script()?;
    let symbols = [("_stack_size".to_string(), u64::from(stack))];
    let linking = Linking { target: &target, objects, script: &script, symbols: &symbols, entry: ENTRY };
    Ok(job.world().link(&toolchain, &linking)?.bytes)
}

/// Why an image can't be linked: mostly that the board is too small.
pub fn too_small(firmware: &Firmware, error: CompileError) -> Diag {
    let Some((region, over)) = error.overflow() else { return error.into_diag("the firmware's link") };
    let flash = region.to_lowercase().contains("flash");
    let (what, size) = if flash { ("flash", firmware.board.flash.size) } else { ("ram", firmware.board.ram.size) };
    let bytes = |bytes: u64| Quantity::new(Dimension::Size, i128::from(bytes));
    let span = firmware.deploy().boards.iter().find(|used| used.board.name == firmware.board.name);
    let title = format!(
        "`{}` needs {} of {what}, but {} has {}",
        firmware.deploy().name,
        bytes(u64::from(size) + over),
        firmware.board.name,
        bytes(u64::from(size))
    );
    let diag = Diag::error("tml::board::size", title).help("use smaller layers, or a larger board");
    match span {
        Some(used) => diag.at(&used.span, format!("over by {}", bytes(over))),
        None => diag,
    }
}

fn images(firmware: &Firmware, elf: &[u8]) -> Result<Outputs, Diag> {
    let content = image::Content::of(elf, firmware.board.flash)?;
    let mut outputs = Outputs::new();
    for form in &firmware.board.images {
        let (name, bytes) = match (form, firmware.board.uf2) {
            (Image::Elf, _) => continue,
            (Image::Hex, _) => ("firmware.hex", content.hex().into_bytes()),
            (Image::Bin, _) => ("firmware.bin", content.bytes.clone()),
            (Image::Uf2, Some(form)) => ("firmware.uf2", content.uf2(form)),
            (Image::Uf2, None) => {
                return Err(Diag::error("tml::bug", "bug: a board passed its check without a UF2 family"));
            }
        };
        outputs.insert(name.to_string(), bytes);
    }
    Ok(outputs)
}
