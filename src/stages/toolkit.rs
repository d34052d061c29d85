//! What the stages that compile have in common: the library, the chosen toolchain, flags, facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::base::{Diag, Digest};
use crate::engine::{Facts, Job};
use crate::library::Library;
use crate::library::board::Board;
use crate::library::core::Core;
use crate::world::{CompileError, Family, Identity, Link, Target, Toolchain, ToolchainKind, ToolchainOptions, Unit};

/// What runs first in every image.
pub const ENTRY: &str = "Reset_Handler";

/// What templates of a board see.
#[derive(Serialize)]
pub struct BoardContext<'a> {
    /// The board.
    pub board: &'a Board,
}

/// The library and the compiler of a build; cheap to clone.
#[derive(Clone)]
pub struct Toolkit {
    /// Templates, boards, cores.
    pub library: Arc<Library>,
    /// Which compiler.
    pub kind: ToolchainKind,
    /// What results of that compiler depend on, for each family of cores in the build.
    pub identities: BTreeMap<Family, Identity>,
}

impl Toolkit {
    /// The compiler for `target`, ready to run; fetched first if it must be, which the user is told.
    pub fn toolchain(&self, job: &Job, target: &Target) -> Result<Toolchain, Diag> {
        let options = ToolchainOptions { offline: job.world().offline(), progress: &|text| job.progress(text, 0, 0) };
        job.world().toolchain_for(self.kind, self.family(target), &options)
    }

    /// Whose compiler is used for `target`: for this machine, that of any family in the build.
    fn family(&self, target: &Target) -> Family {
        let first = self.identities.keys().next().copied();
        if *target == Target::Host { first.unwrap_or(Family::Arm) } else { Family::of(target) }
    }

    /// What results of the compiler of the build's first family depend on: what reports and the lock name.
    ///
    /// # Panics
    /// If a toolkit was made for no family: our bug.
    pub fn identity(&self) -> &Identity {
        self.identities.values().next().unwrap_or_else(|| panic!("bug: a toolkit without a compiler"))
    }

    /// Tells the compiler and the arguments of a unit without flags of its own.
    pub fn facts(&self, target: &Target, out: &mut dyn Facts) {
        let identity = self.identities.get(&self.family(target)).unwrap_or_else(|| self.identity());
        out.text("toolchain", &format!("{} {}", identity.name, identity.version));
        out.text("compiler", &identity.digest);
        let unit = Unit { target, name: "", source: b"", headers: &BTreeMap::new(), flags: &[] };
        out.text("flags", &unit.arguments(self.kind).join(" "));
    }

    /// An image of `objects` for a board, with the start-up and HAL that every firmware has, and a stack of that size.
    pub fn image(
        &self,
        job: &Job,
        place: (&Board, &Core),
        mut objects: Vec<(String, Vec<u8>)>,
        stack: u64,
    ) -> Result<Vec<u8>, CompileError> {
        objects.extend(self.system(job, place)?);
        self.link(job, place, &objects, stack)
    }

    /// The objects that every firmware for a board has: start-up and HAL.
    pub fn system(&self, job: &Job, (board, core): (&Board, &Core)) -> Result<Vec<(String, Vec<u8>)>, CompileError> {
        let target = target(core);
        let toolchain = self.toolchain(job, &target)?;
        let context = BoardContext { board };
        let headers = BTreeMap::from([("tml.h".to_string(), self.text("hal/tml.h").into_bytes())]);
        let mut sources = vec![
            ("startup", self.library.render("hal/startup.c.j2", &context)?),
            ("hal", self.library.render("hal/hal.c.j2", &context)?),
        ];
        if !toolchain.has_memory_functions() {
            sources.push(("mem", self.text("hal/mem.c")));
        }
        let mut objects = Vec::new();
        for (name, text) in sources {
            let file = format!("{name}.c");
            let unit = Unit { target: &target, name: &file, source: text.as_bytes(), headers: &headers, flags: &[] };
            objects.push((format!("{name}.o"), job.world().compile(&toolchain, &unit)?.bytes));
        }
        Ok(objects)
    }

    /// An image of `objects`, which are all there is, for a board.
    pub fn link(
        &self,
        job: &Job,
        (board, core): (&Board, &Core),
        objects: &[(String, Vec<u8>)],
        stack: u64,
    ) -> Result<Vec<u8>, CompileError> {
        let target = target(core);
        let toolchain = self.toolchain(job, &target)?;
        let script = self.library.render("link/board.ld.j2", &BoardContext { board })?;
        let symbols = [("_stack_size".to_string(), stack)];
        let link = Link { target: &target, objects, script: &script, symbols: &symbols, entry: ENTRY };
        Ok(job.world().link(&toolchain, &link)?.bytes)
    }

    /// A file of the library as text.
    ///
    /// # Panics
    /// If our own library lacks it: our bug.
    pub fn text(&self, path: &str) -> String {
        let entry = self.library.get(path).unwrap_or_else(|| panic!("bug: the library has no {path}"));
        String::from_utf8_lossy(entry.bytes).into_owned()
    }
}

/// Tells a text by its digest.
pub fn text_fact(out: &mut dyn Facts, name: &str, text: &str) {
    out.digest(name, Digest::of(text.as_bytes()));
}

/// What the compiler is told of a core.
pub fn target(core: &Core) -> Target {
    Target::Core { zig_target: core.zig.target.clone(), zig_cpu: core.zig.cpu.clone(), gcc: core.gcc.flags.clone() }
}
