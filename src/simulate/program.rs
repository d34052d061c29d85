//! A program in the memories of its board, and what its symbols say about how to drive it.

use super::Input;
use crate::base::Diag;
use crate::base::suggest::nearest;
use crate::library::Board;
use crate::library::core::Core;
use crate::sim::{LoadError, Machine, Symbol};
use crate::stages::exercise::memory_map;

/// A loaded program.
#[derive(Clone)]
pub struct Program {
    /// The board with the program, before its first instruction.
    pub machine: Machine,
    /// The board's name.
    pub board: Board,
    /// Its core.
    pub core: Core,
    /// The file's name, for messages.
    pub name: String,
}

/// How a program is driven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// It runs by itself.
    Plain,
    /// It is firmware of ours: it waits at `tml_wait` until `tml_command` is set, for one inference each time.
    Firmware {
        /// Where it waits.
        wait: u32,
        /// The word that lets it go on.
        command: Symbol,
        /// The sample.
        input: Symbol,
        /// The inference: from its entry to the entry of `after` is what a latency counts.
        infer: u32,
        /// What is called after the inference.
        after: u32,
    },
}

impl Program {
    /// Loads `elf`.
    ///
    /// # Errors
    /// `tml::sim::image` where it is no image for the board.
    pub fn load(name: &str, elf: &[u8], board: Board, core: Core) -> Result<Self, Diag> {
        match Machine::load(elf, &core, &memory_map(&board)) {
            Ok(machine) => Ok(Self { machine, board, core, name: name.to_string() }),
            Err(error) => Err(unfit(name, &error, &board, &core)),
        }
    }

    /// How it wants to be driven.
    pub fn purpose(&self) -> Purpose {
        let symbol = |name| self.machine.symbol(name);
        let of = |wait: Symbol, infer: Symbol, after: Symbol| {
            Some(Purpose::Firmware {
                wait: wait.address,
                command: symbol("tml_command")?,
                input: symbol("tml_input")?,
                infer: infer.address,
                after: after.address,
            })
        };
        match (symbol("tml_wait"), symbol("tml_infer"), symbol("tml_app")) {
            (Some(wait), Some(infer), Some(after)) => of(wait, infer, after).unwrap_or(Purpose::Plain),
            _ => Purpose::Plain,
        }
    }

    /// The symbol called `name`.
    ///
    /// # Errors
    /// `tml::sim::symbol`, with the nearest name that there is.
    pub fn symbol(&self, name: &str) -> Result<Symbol, Diag> {
        self.machine.symbol(name).ok_or_else(|| {
            let diag = Diag::error("tml::sim::symbol", format!("`{}` has no symbol `{name}`", self.name));
            let names: Vec<&str> = self.machine.symbols().map(|(name, _)| name).collect();
            match nearest(name, names.iter().copied()) {
                Some(near) => diag.help(format!("did you mean `{near}`?")),
                None if names.is_empty() => diag.help("the image is stripped: build it without `-s`"),
                None => {
                    diag.help(format!("`nm {}` lists what there is; `static` functions may be inlined away", self.name))
                }
            }
        })
    }

    /// The address that `text` names: a symbol, or a number.
    ///
    /// # Errors
    /// As for [`Program::symbol`].
    pub fn address(&self, text: &str) -> Result<u32, Diag> {
        let number = text.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16));
        match number {
            Some(Ok(address)) => Ok(address),
            _ => self.symbol(text).map(|symbol| symbol.address),
        }
    }

    /// Where `input` goes and what it writes there, once for each inference that it holds.
    ///
    /// # Errors
    /// `tml::sim::symbol` and `tml::sim::input`.
    pub fn place(&self, input: &Input, repeats: bool) -> Result<(u32, Vec<Vec<u8>>), Diag> {
        let symbol = self.symbol(&input.symbol)?;
        let (size, given) = (symbol.size as usize, input.bytes.len());
        let wrong = |title: String| Diag::error("tml::sim::input", title);
        if given == 0 {
            return Err(wrong(format!("`{}` is empty", input.name)));
        }
        if size == 0 || given == size {
            // A label without a size takes what it is given, up to the end of its memory.
            let fits = self.machine.read(symbol.address, given as u32).is_some();
            let title = format!("`{}` has {given} bytes, but the memory at `{}` ends before", input.name, input.symbol);
            return if fits { Ok((symbol.address, vec![input.bytes.clone()])) } else { Err(wrong(title)) };
        }
        if repeats && given.is_multiple_of(size) {
            return Ok((symbol.address, input.bytes.chunks_exact(size).map(<[u8]>::to_vec).collect()));
        }
        let title = format!("`{}` has {given} bytes, but `{}` has room for {size}", input.name, input.symbol);
        Err(match given {
            given if given < size => wrong(title).help("give all of its bytes, so that none is left from before"),
            _ if repeats => wrong(title).help("give a whole number of samples: each is one inference"),
            _ => wrong(title).help("give as many bytes as it has"),
        })
    }
}

fn unfit(name: &str, error: &LoadError, board: &Board, core: &Core) -> Diag {
    let diag = |title: String| Diag::error("tml::sim::image", title);
    match error {
        LoadError::Outside { address, size } => {
            let range =
                |origin: u32, size: u32| format!("{origin:#010x} to {:#010x}", u64::from(origin) + u64::from(size));
            let (flash, ram) = (board.flash, board.ram);
            diag(format!("`{name}` puts {size} bytes at {address:#010x}, where {} has no memory", board.name))
                .note(format!("flash is {}", range(flash.origin, flash.size)))
                .note(format!("ram is {}", range(ram.origin, ram.size)))
                .help("link it with the memories of this board, or name the board that it is for")
        }
        LoadError::NoEntry => diag(format!("`{name}` has neither a vector table nor an entry point"))
            .help(format!("put the vector table at {:#010x}, or link with `--entry=`", board.vector_table())),
        error @ LoadError::NotElf(_) => {
            diag(format!("`{name}` doesn't run on {} ({}): {error}", board.name, core.title))
        }
    }
}
