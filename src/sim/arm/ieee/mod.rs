//! Arithmetic as the Arm FPU does it, in half, single and double precision: rounding modes, NaN rules, flush to zero,
//! sticky flags (DDI 0403E, A2.5 and the pseudocode of its appendix). The host's own arithmetic serves where it is
//! bit-identical.

mod arithmetic;
mod convert;
mod format;

pub(super) use arithmetic::{add, compare, div, maximum, minimum, mul, multiply_add, sqrt, sub};
pub(super) use convert::{from_half, from_integer, resize, round_to_integer, to_half, to_integer};
pub(super) use format::{Arithmetic, Format, Rounding, rounding};
