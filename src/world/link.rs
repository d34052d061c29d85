//! Linking objects into an image, with the run-time functions that compilers call behind one's back.

use std::ffi::OsString;

use super::compiler::{Bench, CompileError, Object};
use super::flags::{Target, link_flags, target_flags};
use super::toolchain::{Toolchain, ToolchainKind};
use super::world::World;
use super::zig;
use crate::base::Digest;

/// An image to link.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// What its objects were compiled for.
    pub target: &'a Target,
    /// Objects by file name, in the order in which they are laid out.
    pub objects: &'a [(String, Vec<u8>)],
    /// The linker script.
    pub script: &'a str,
    /// Symbols with given values.
    pub symbols: &'a [(String, u64)],
    /// The function that runs first.
    pub entry: &'a str,
}

impl Link<'_> {
    /// All arguments that matter for the result, for the facts of a step.
    pub fn arguments(&self, kind: ToolchainKind) -> Vec<String> {
        link_flags(kind, self.target, self.entry, self.symbols)
    }
}

impl World {
    /// Links an ELF image. zig adds its own run-time library; gcc its `libgcc`.
    ///
    /// lld is called directly: `zig cc` would add a run-time library whose debug information holds the cache's path.
    pub fn link(&self, toolchain: &Toolchain, link: &Link) -> Result<Object, CompileError> {
        let bench = Bench::new(self)?;
        bench.put("board.ld", link.script.as_bytes())?;
        let mut args: Vec<OsString> = Vec::new();
        if toolchain.kind == ToolchainKind::Zig {
            args.push("ld.lld".into());
        }
        args.extend(link.arguments(toolchain.kind).into_iter().map(Into::into));
        args.extend(["-T", "board.ld", "-o", "image.elf"].map(Into::into));
        for (name, bytes) in link.objects {
            bench.put(name, bytes)?;
            args.push(name.into());
        }
        match toolchain.kind {
            ToolchainKind::Zig => {
                bench.put("compiler_rt.o", &self.runtime(toolchain, link.target)?)?;
                args.push("compiler_rt.o".into());
            }
            ToolchainKind::Gcc => args.push("-lgcc".into()),
        }
        let finished = bench.run(toolchain.program.clone(), args)?;
        Ok(Object { bytes: bench.take("image.elf")?, warnings: bench.messages(toolchain, &finished) })
    }

    /// zig's run-time functions (memory, soft float, 64-bit arithmetic) for `target`, built once (4 s) and kept in the
    /// cache behind their digest; a damaged entry is built again.
    pub(super) fn runtime(&self, toolchain: &Toolchain, target: &Target) -> Result<Vec<u8>, CompileError> {
        let files = self.files();
        let arguments = runtime_arguments(target);
        let key = Digest::of(format!("{}\n{}", toolchain.identity.digest, arguments.join("\n")).as_bytes());
        let folder = zig::folder(self).join("runtime");
        // Here, too, a cache that can't be written costs time, not the build.
        drop(files.create_dir_all(&folder));
        let path = folder.join(&key.hex()[..32]);
        if let Some(bytes) = intact(files.read(&path).ok()) {
            return Ok(bytes);
        }
        let lock = path.with_extension("lock");
        let _held = files.lock_exclusive(&lock, &mut || {}).ok();
        if let Some(bytes) = intact(files.read(&path).ok()) {
            return Ok(bytes);
        }
        let bench = Bench::new(self)?;
        let source = toolchain.home.join("lib").join("compiler_rt.zig");
        let mut args: Vec<OsString> = vec!["build-obj".into(), source.into()];
        args.extend(arguments.into_iter().map(Into::into));
        bench.run(toolchain.program.clone(), args)?;
        let bytes = bench.take("compiler_rt.o")?;
        let entry = [Digest::of(&bytes).hex().as_bytes(), bytes.as_slice()].concat();
        drop(files.write_atomic(&path, &entry, true));
        Ok(bytes)
    }
}

/// The bytes of a cache entry behind their digest, if they are what was written.
fn intact(entry: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut entry = entry?;
    let bytes = entry.get(64..)?;
    let whole = Digest::of(bytes).hex().as_bytes() == &entry[..64];
    whole.then(|| entry.split_off(64))
}

/// Without debug information, which would hold paths; optimised for speed, as `zig cc` does.
fn runtime_arguments(target: &Target) -> Vec<String> {
    let mut arguments = target_flags(ToolchainKind::Zig, target);
    let own = "-O ReleaseFast -fstrip -fsingle-threaded -fno-unwind-tables -ffunction-sections -fdata-sections \
               -fno-stack-check -fno-stack-protector -fno-PIC --name compiler_rt -femit-bin=compiler_rt.o";
    arguments.extend(own.split_whitespace().map(String::from));
    arguments
}
