//! Halfwords to instructions, once per address.
//!
//! Knows: the Thumb encodings of `ARMv6-M` and `ARMv7E-M` with `FPv4-SP` (Arm DDI 0419E and DDI 0403E).
//! Never: executes; decodes an encoding that Arm leaves undefined or unpredictable into anything but `Undefined`.
//! Add here: an encoding, in the file of its class.

mod control;
mod data;
mod float;
mod memory;
mod multiply;
mod narrow;
mod operands;
mod wide;

pub(super) use wide::{Context, decode};
