//! The entry to decoding, and the 32-bit encodings by class (DDI 0403E, A5.3).

use super::operands::{bit, bits};
use super::{control, data, float, memory, multiply, narrow};
use crate::library::core::{Core, Fpu, Isa};
use crate::sim::arm::op::Op;
use crate::sim::isa::Decoded;

/// What decoding depends on beside the halfwords.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent features of a core")]
pub(in crate::sim) struct Context {
    /// The instruction's address.
    pub pc: u32,
    /// In an `IT` block, where 16-bit data processing leaves the flags alone.
    pub conditional: bool,
    /// `ARMv7-M` or later.
    pub mainline: bool,
    /// Has the DSP instructions.
    pub dsp: bool,
    /// The floating-point unit.
    pub float: Fpu,
    /// `ARMv8-M`.
    pub v8: bool,
}

impl Context {
    /// The context of `core`, at address 0, outside an `IT` block.
    pub(in crate::sim::arm) fn new(core: &Core) -> Self {
        let mainline = core.isa >= Isa::ArmV7M;
        Self {
            pc: 0,
            conditional: false,
            mainline,
            dsp: core.dsp && mainline,
            float: if mainline { core.fpu } else { Fpu::None },
            v8: core.isa >= Isa::ArmV8M,
        }
    }
}

/// Decodes the halfword `first`, with `second` where it is a 32-bit encoding.
pub(in crate::sim::arm) fn decode(context: Context, first: u16, second: u16) -> Decoded<Op> {
    let (first, second) = (u32::from(first), u32::from(second));
    if first >> 11 < 0b11101 {
        return Decoded { op: narrow::narrow(context, first), size: 2 };
    }
    Decoded { op: wide(context, first, second), size: 4 }
}

fn wide(context: Context, first: u32, second: u32) -> Op {
    if !context.mainline {
        return control::baseline(context, first, second);
    }
    match (bits(first, 12, 11), bits(first, 10, 9)) {
        (1, 0) if bit(first, 6) => memory::double_exclusive(context, first, second),
        (1, 0) => memory::multiple(first, second),
        (1, 1) => data::shifted(context, first, second),
        (1 | 3, 2 | 3) => float::float(context, first, second),
        (2, _) if bit(second, 15) => control::control(context, first, second),
        (2, 0 | 2) => data::modified_immediate(first, second),
        (2, _) => data::plain_immediate(context, first, second),
        (_, 0) => memory::single(context, first, second),
        _ if !bit(first, 8) => data::register(context, first, second),
        _ if !bit(first, 7) => multiply::multiply(context, first, second),
        _ => multiply::long(context, first, second),
    }
}
