//! A board as data: core, clock, memories, image forms; read from `stdlib/boards/NAME.toml`.

use crate::base::Quantity;

/// A board.
#[derive(Clone, PartialEq, Debug)]
pub struct Board {
    /// Its name in a spec: the file's stem.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The core's name: `stdlib/cores/NAME.toml`.
    pub core: String,
    /// Core clock.
    pub clock: Quantity,
    /// Program memory.
    pub flash: Memory,
    /// Work memory.
    pub ram: Memory,
}

/// A memory that the linker fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Memory {
    /// First address.
    pub origin: u32,
    /// Bytes.
    pub size: u32,
}
