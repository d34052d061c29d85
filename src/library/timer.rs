//! What counts time on a board.

use serde::{Deserialize, Serialize};

use super::board::hertz;
use super::record;
use crate::base::Quantity;

/// A timer of the chip.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// The driver: `stdlib/hal/timer_KIND.c.j2`.
    pub kind: String,
    /// First register.
    pub base: u32,
    /// Registers that count, for the simulator.
    #[serde(default)]
    pub counters: Vec<Counter>,
}

/// A register that shows how much time has passed since reset.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// Its address.
    pub register: u32,
    /// Counts a second.
    #[serde(deserialize_with = "record::frequency", serialize_with = "hertz")]
    pub frequency: Quantity,
    /// Its lowest bit is this bit of the count: 32 for the upper half.
    #[serde(default)]
    pub shift: u8,
}
