//! Loads and stores beyond the single word and byte, and jumps through memory.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::execute::exchange;
use super::op::{Index, Width};
use crate::sim::fault::Access;
use crate::sim::isa::Stop;

impl Cpu {
    #[inline(always)]
    pub(super) fn load(&mut self, width: Width, t: u8, address: u32) -> Result<(), Stop> {
        let value = match width {
            Width::Word => self.load32(address)?,
            Width::Byte => self.load8(address)?,
            Width::Half => self.load16(address)?,
            Width::SignedByte => i32::from(self.load8(address)? as i8) as u32,
            Width::SignedHalf => i32::from(self.load16(address)? as i16) as u32,
        };
        self.set(t, value);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn store(&mut self, width: Width, t: u8, address: u32) -> Result<(), Stop> {
        let value = self.get(t);
        match width {
            Width::Word => self.store32(address, value),
            Width::Byte | Width::SignedByte => self.store8(address, value),
            Width::Half | Width::SignedHalf => self.store16(address, value),
        }
    }

    #[inline(always)]
    pub(super) fn load_indexed(&mut self, width: Width, t: u8, n: u8, post: bool, by: i16) -> Result<(), Stop> {
        let base = self.get(n);
        let moved = base.wrapping_add_signed(by.into());
        self.load(width, t, if post { base } else { moved })?;
        self.set(n, moved);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn store_indexed(&mut self, width: Width, t: u8, n: u8, post: bool, by: i16) -> Result<(), Stop> {
        let base = self.get(n);
        let moved = base.wrapping_add_signed(by.into());
        self.store(width, t, if post { base } else { moved })?;
        self.set(n, moved);
        Ok(())
    }

    /// Address of an access and the base's new value.
    fn indexed(&self, n: u8, index: Index, offset: i16) -> (u32, u32) {
        let base = self.get(n);
        let moved = base.wrapping_add_signed(offset.into());
        match index {
            Index::Offset => (moved, base),
            Index::Pre => (moved, moved),
            Index::Post => (base, moved),
        }
    }

    pub(super) fn load_double(&mut self, t: u8, t2: u8, n: u8, index: Index, offset: i16) -> Result<(), Stop> {
        let (address, base) = self.indexed(n, index, offset);
        if index == Index::Offset {
            return self.load_two(t, t2, address);
        }
        self.load_two(t, t2, address)?;
        self.set(n, base);
        Ok(())
    }

    pub(super) fn load_two(&mut self, t: u8, t2: u8, address: u32) -> Result<(), Stop> {
        Self::check_aligned(address, 4, Access::Read)?;
        let low = self.load32(address)?;
        let high = self.load32(address.wrapping_add(4))?;
        self.set(t, low);
        self.set(t2, high);
        Ok(())
    }

    pub(super) fn store_double(&mut self, t: u8, t2: u8, n: u8, index: Index, offset: i16) -> Result<(), Stop> {
        let (address, base) = self.indexed(n, index, offset);
        Self::check_aligned(address, 4, Access::Write)?;
        self.store32(address, self.get(t))?;
        self.store32(address.wrapping_add(4), self.get(t2))?;
        self.set(n, base);
        Ok(())
    }

    /// `LDM` and `POP`. Registers change only after every word was read, so that a fault leaves them whole.
    pub(super) fn load_multiple(&mut self, n: u8, list: u16, writeback: bool, before: bool) -> Result<(), Stop> {
        let base = self.get(n);
        let bytes = list.count_ones() * 4;
        let mut address = if before { base.wrapping_sub(bytes) } else { base };
        let end = if before { address } else { base.wrapping_add(bytes) };
        Self::check_aligned(address, 4, Access::Read)?;
        let mut words = self.r;
        let mut rest = list;
        while rest != 0 {
            words[rest.trailing_zeros() as usize & 15] = self.load32(address)?;
            address = address.wrapping_add(4);
            rest &= rest - 1;
        }
        let target = if list >> 15 == 1 { exchange(words[15])? } else { self.pc };
        self.r = words;
        if writeback {
            self.set(n, end);
        }
        self.pc = target;
        Ok(())
    }

    /// `STM` and `PUSH`.
    pub(super) fn store_multiple(&mut self, n: u8, list: u16, writeback: bool, before: bool) -> Result<(), Stop> {
        let base = self.get(n);
        let bytes = list.count_ones() * 4;
        let mut address = if before { base.wrapping_sub(bytes) } else { base };
        let end = if before { address } else { base.wrapping_add(bytes) };
        Self::check_aligned(address, 4, Access::Write)?;
        let mut rest = list;
        while rest != 0 {
            self.store32(address, self.r[rest.trailing_zeros() as usize & 15])?;
            address = address.wrapping_add(4);
            rest &= rest - 1;
        }
        if writeback {
            self.set(n, end);
        }
        Ok(())
    }

    /// `PUSH`.
    #[inline(always)]
    pub(super) fn push(&mut self, list: u16) -> Result<(), Stop> {
        self.bus.check_stack(self.r[13].wrapping_sub(list.count_ones() * 4))?;
        self.store_multiple(13, list, true, true)?;
        Ok(self.bus.lower_stack(self.r[13])?)
    }

    /// `SUB sp, sp, #imm`.
    #[inline(always)]
    pub(super) fn sub_stack(&mut self, imm: u32) -> Result<(), Stop> {
        let pointer = self.r[13].wrapping_sub(imm) & !3;
        self.bus.lower_stack(pointer)?;
        self.r[13] = pointer;
        Ok(())
    }

    pub(super) fn load_exclusive(&mut self, width: Width, t: u8, n: u8, offset: u16) -> Result<(), Stop> {
        let address = self.get(n).wrapping_add(offset.into());
        Self::check_aligned(address, size(width), Access::Read)?;
        self.load(width, t, address)?;
        self.exclusive = true;
        Ok(())
    }

    pub(super) fn store_exclusive(&mut self, width: Width, d: u8, t: u8, n: u8, offset: u16) -> Result<(), Stop> {
        let address = self.get(n).wrapping_add(offset.into());
        Self::check_aligned(address, size(width), Access::Write)?;
        let failed = !self.exclusive;
        if !failed {
            self.store(width, t, address)?;
        }
        self.exclusive = false;
        self.set(d, failed.into());
        Ok(())
    }

    pub(super) fn load_acquire(&mut self, width: Width, t: u8, n: u8) -> Result<(), Stop> {
        let address = self.get(n);
        Self::check_aligned(address, size(width), Access::Read)?;
        self.load(width, t, address)
    }

    pub(super) fn store_release(&mut self, width: Width, t: u8, n: u8) -> Result<(), Stop> {
        let address = self.get(n);
        Self::check_aligned(address, size(width), Access::Write)?;
        self.store(width, t, address)
    }

    /// `TT`: without a memory protection unit and without the Security Extension every address reads as readable and
    /// writable, in no region (DDI 0553B, "TT response").
    pub(super) fn test_target(&mut self, d: u8) {
        const READABLE: u32 = 1 << 18;
        const WRITABLE: u32 = 1 << 19;
        self.set(d, READABLE | WRITABLE);
    }

    /// `TBB`, `TBH`.
    pub(super) fn table_branch(&mut self, half: bool, n: u8, m: u8, base: u32) -> Result<(), Stop> {
        let table = if n == 15 { base } else { self.get(n) };
        let index = self.get(m);
        let entry =
            if half { self.load16(table.wrapping_add(index << 1))? } else { self.load8(table.wrapping_add(index))? };
        self.pc = base.wrapping_add(entry << 1);
        Ok(())
    }

    pub(super) fn load_pc(&mut self, n: u8, index: Index, offset: i16) -> Result<(), Stop> {
        let (address, base) = self.indexed(n, index, offset);
        let target = self.load32(address)?;
        self.set(n, base);
        self.pc = exchange(target)?;
        Ok(())
    }

    pub(super) fn jump_through(&mut self, address: u32) -> Result<(), Stop> {
        self.pc = exchange(self.load32(address)?)?;
        Ok(())
    }
}

fn size(width: Width) -> u32 {
    match width {
        Width::Word => 4,
        Width::Half | Width::SignedHalf => 2,
        Width::Byte | Width::SignedByte => 1,
    }
}
