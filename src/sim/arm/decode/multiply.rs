//! Multiplication, division and the accumulating DSP instructions (DDI 0403E, A5.3.16 and A5.3.17).

use super::operands::{bad, bits, reg};
use super::wide::Context;
use crate::sim::arm::op::{Dsp, Long, Op, Sign};

/// Products of 32 bits.
pub(super) fn multiply(context: Context, first: u32, second: u32) -> Op {
    let (n, a, d, m) = (reg(first, 0), reg(second, 12), reg(second, 8), reg(second, 0));
    let (code, kind) = (bits(first, 6, 4), bits(second, 5, 4));
    if bits(second, 7, 6) != 0 || bad(n) || bad(d) || bad(m) || a == 13 {
        return Op::Undefined;
    }
    match (code, kind, a) {
        (0, 0, 15) => return Op::Mul { d, n, m },
        (0, 0, _) => return Op::Mla { d, n, m, a },
        (0, 1, 0..=14) => return Op::Mls { d, n, m, a },
        _ if !context.dsp => return Op::Undefined,
        (1, 0, 0..=14) => return Op::Smlabb { d, n, m, a },
        (2, 0, 0..=14) => return Op::Smlad { d, n, m, a },
        _ => {}
    }
    let dsp = accumulating(code, kind, a != 15);
    dsp.map_or(Op::Undefined, |dsp| Op::Dsp { dsp, d, n, m, a: if a == 15 { 0 } else { a } })
}

fn accumulating(code: u32, kind: u32, adds: bool) -> Option<Dsp> {
    let halves = kind as u8;
    let dsp = match (code, kind, adds) {
        (1, _, true) => Dsp::Smla(halves),
        (1, _, false) => Dsp::Smul(halves),
        (2, 0, true) => Dsp::Smlad,
        (2, 1, true) => Dsp::Smladx,
        (2, 0, false) => Dsp::Smuad,
        (2, 1, false) => Dsp::Smuadx,
        (3, 0 | 1, true) => Dsp::Smlaw(halves),
        (3, 0 | 1, false) => Dsp::Smulw(halves),
        (4, 0, true) => Dsp::Smlsd,
        (4, 1, true) => Dsp::Smlsdx,
        (4, 0, false) => Dsp::Smusd,
        (4, 1, false) => Dsp::Smusdx,
        (5, 0, true) => Dsp::Smmla,
        (5, 1, true) => Dsp::Smmlar,
        (5, 0, false) => Dsp::Smmul,
        (5, 1, false) => Dsp::Smmulr,
        (6, 0, true) => Dsp::Smmls,
        (6, 1, true) => Dsp::Smmlsr,
        (7, 0, true) => Dsp::Usada8,
        (7, 0, false) => Dsp::Usad8,
        _ => return None,
    };
    Some(dsp)
}

/// Products of 64 bits, and division.
pub(super) fn long(context: Context, first: u32, second: u32) -> Op {
    let (n, low, high, m) = (reg(first, 0), reg(second, 12), reg(second, 8), reg(second, 0));
    let (code, kind) = (bits(first, 6, 4), bits(second, 7, 4));
    if bad(n) || bad(high) || bad(m) {
        return Op::Undefined;
    }
    if kind == 15 {
        return match (code, low) {
            (1, 15) => Op::Divide { sign: Sign::Signed, d: high, n, m },
            (3, 15) => Op::Divide { sign: Sign::Unsigned, d: high, n, m },
            _ => Op::Undefined,
        };
    }
    if bad(low) || low == high {
        return Op::Undefined;
    }
    let long = match (code, kind) {
        (0, 0) => Long::Smull,
        (2, 0) => Long::Umull,
        (4, 0) => Long::Smlal,
        (6, 0) => Long::Umlal,
        _ if !context.dsp => return Op::Undefined,
        (4, 8..=11) => Long::SmlalHalf(kind as u8 & 3),
        (4, 12) => Long::Smlald,
        (4, 13) => Long::Smlaldx,
        (5, 12) => Long::Smlsld,
        (5, 13) => Long::Smlsldx,
        (6, 6) => Long::Umaal,
        _ => return Op::Undefined,
    };
    Op::Long { long, low, high, n, m }
}
