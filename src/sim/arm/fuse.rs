//! Pairs of instructions that inner loops are made of, as one: comparisons with their branches, loads with what uses them.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::op::{Op, Width};
use crate::sim::isa::{Flow, Stop};

/// One instruction for `first` and `second`, behind which `next` follows; [`crate::sim::isa::Isa::fuse`] says what it may do.
pub(super) fn fuse(first: Op, second: Op, next: u32) -> Option<Op> {
    match second {
        Op::BranchIf { condition, target } => fuse_branch(first, condition, target, next),
        Op::Ldrsb { t, n, offset } => {
            let Op::Ldrsb { t: t1, n: n1, offset: offset1 } = first else { return None };
            let (first, second) = (u8::try_from(offset1).ok()?, u8::try_from(offset).ok()?);
            Some(Op::LdrsbTwice { t: t1, n: n1, first, t2: t, n2: n, second })
        }
        Op::LoadIndexed { width: Width::SignedByte, t, n, post: true, offset: 1 } => match first {
            Op::LoadIndexed { width: Width::SignedByte, t: t1, n: n1, post: true, offset: 1 } => {
                Some(Op::LdrsbNextTwice { t: t1, n: n1, t2: t, n2: n })
            }
            _ => None,
        },
        Op::Smlabb { d, n: x, m: y, a } => match first {
            Op::Ldrsb { t, n, offset } => {
                let offset = u8::try_from(offset).ok()?;
                Some(Op::LdrsbSmlabb { tn: t << 4 | n, offset, d, x, y, a })
            }
            _ => None,
        },
        Op::Smlad { d, n, m, a } => match first {
            Op::Smlad { d: d1, n: n1, m: m1, a: a1 } => {
                Some(Op::SmladTwice { da: d1 << 4 | a1, nm: n1 << 4 | m1, d, n, m, a })
            }
            _ => None,
        },
        _ => None,
    }
}

fn fuse_branch(first: Op, condition: u8, target: u32, next: u32) -> Option<Op> {
    let offset = i16::try_from(target.wrapping_sub(next) as i32).ok()?;
    match first {
        Op::Cmp { n, m } => Some(Op::CmpBranch { n, m, condition, offset }),
        Op::CmpImm { n, imm } => Some(Op::CmpImmBranch { n, imm: imm.try_into().ok()?, condition, offset }),
        Op::SubImmS { d, n, imm } => Some(Op::SubImmBranch { d, n, imm: imm.try_into().ok()?, condition, offset }),
        _ => None,
    }
}

impl Cpu {
    /// Where the branch of a pair goes.
    #[inline(always)]
    pub(super) fn branch_behind(&self, condition: u8, next: u32, offset: i16) -> Flow {
        if self.holds(condition) { Flow::JumpBehind(next.wrapping_add_signed(offset.into())) } else { Flow::Next }
    }

    #[inline(always)]
    pub(super) fn cmp_branch(&mut self, n: u8, m: u8, condition: u8, next: u32, offset: i16) -> Flow {
        self.compare(self.get(n), self.get(m));
        self.branch_behind(condition, next, offset)
    }

    #[inline(always)]
    pub(super) fn cmp_imm_branch(&mut self, n: u8, imm: u8, condition: u8, next: u32, offset: i16) -> Flow {
        self.compare(self.get(n), imm.into());
        self.branch_behind(condition, next, offset)
    }

    #[inline(always)]
    pub(super) fn sub_imm_branch(&mut self, sub: (u8, u8, u8), condition: u8, next: u32, offset: i16) -> Flow {
        self.add_s(sub.0, self.get(sub.1), !u32::from(sub.2), true);
        self.branch_behind(condition, next, offset)
    }

    /// Two loads: destination, base, offset.
    #[inline(always)]
    pub(super) fn ldrsb_twice(&mut self, first: (u8, u8, u8), second: (u8, u8, u8)) -> Result<(), Stop> {
        self.load_signed_byte(first.0, self.get(first.1).wrapping_add(first.2.into()))?;
        self.second_byte(second.0, self.get(second.1).wrapping_add(second.2.into()))
    }

    /// Two loads that move their bases on: destination, base.
    #[inline(always)]
    pub(super) fn ldrsb_next_twice(&mut self, first: (u8, u8), second: (u8, u8)) -> Result<(), Stop> {
        self.load_indexed(Width::SignedByte, first.0, first.1, true, 1)?;
        let address = self.get(second.1);
        self.second_byte(second.0, address)?;
        self.set(second.1, address.wrapping_add(1));
        Ok(())
    }

    #[inline(always)]
    pub(super) fn ldrsb_smlabb(&mut self, tn: u8, offset: u8, mac: (u8, u8, u8, u8)) -> Result<(), Stop> {
        self.load_signed_byte(tn >> 4, self.get(tn).wrapping_add(offset.into()))?;
        self.smlabb(mac.0, mac.1, mac.2, mac.3);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn smlad_twice(&mut self, da: u8, nm: u8, second: (u8, u8, u8, u8)) {
        self.smlad(da >> 4, nm >> 4, nm, da);
        self.smlad(second.0, second.1, second.2, second.3);
    }

    /// A signed byte by the quick path, as the second of a pair.
    #[inline(always)]
    pub(super) fn second_byte(&mut self, t: u8, address: u32) -> Result<(), Stop> {
        let byte = self.bus.load8(address).ok_or(Stop::Behind)?;
        self.set(t, i32::from(byte as i8) as u32);
        Ok(())
    }
}
