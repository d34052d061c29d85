//! The bytes of a board: RAM and flash on a quick path, guarded ranges and devices on a slow one.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::fault::{Access, FaultKind};
use super::map::{Counter, Device, MemoryMap, Region};
use super::semihosting::Bytes;

/// An origin that no address is above: closes the quick path.
const CLOSED: usize = 1 << 40;

/// The most registers of devices that a program may write: no board has so many.
const MOST_DEVICE_WORDS: usize = 1 << 20;

/// The memories and devices of one machine.
#[derive(Clone)]
pub(super) struct Memory {
    ram: Vec<u8>,
    flash: Arc<[u8]>,
    ram_region: Region,
    flash_region: Region,
    /// The flash as loads see it.
    data_region: Region,
    /// Origins of the quick paths, or `CLOSED`.
    load_origin: usize,
    store_origin: usize,
    flash_origin: usize,
    guards: Vec<Range<u32>>,
    devices: Arc<[Device]>,
    counters: Arc<[Counter]>,
    device_words: BTreeMap<u32, u32>,
    /// A bit for every halfword of RAM that was decoded as code; empty where none was.
    decoded: Vec<u64>,
    /// Code in RAM changed: what was decoded there is stale.
    pub stale: bool,
    /// Memory that is to be stored to before it is loaded from.
    fresh: Option<Fresh>,
    /// Accesses by word of RAM and of flash; empty where nobody watches.
    touched: [Vec<Touched>; 2],
}

/// A range of RAM, and which of its bytes the program has stored to.
#[derive(Clone)]
struct Fresh {
    range: Range<u32>,
    written: Vec<bool>,
}

impl Fresh {
    /// The bytes of the range that an access touches.
    fn touched(&self, address: u32, size: u32) -> Range<usize> {
        let (start, end) = (address.max(self.range.start), address.saturating_add(size).min(self.range.end));
        if start >= end { 0..0 } else { (start - self.range.start) as usize..(end - self.range.start) as usize }
    }

    fn check(&self, address: u32, size: u32) -> Result<(), FaultKind> {
        match self.touched(address, size).find(|byte| !self.written[*byte]) {
            Some(byte) => Err(FaultKind::Unwritten { address: self.range.start + byte as u32 }),
            None => Ok(()),
        }
    }
}

/// Accesses to one word of memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    reads: u32,
    writes: u32,
}

impl Touched {
    /// Whether there was any.
    pub fn any(&self) -> bool {
        self.reads | self.writes != 0
    }

    /// How many there were; those of a part of the word too.
    pub fn count(&self, access: Access) -> u32 {
        if access == Access::Read { self.reads } else { self.writes }
    }
}

impl Memory {
    /// Zeroed RAM beside `flash`, which is as long as its region.
    pub(super) fn new(flash: Arc<[u8]>, map: &MemoryMap) -> Self {
        let mut memory = Self {
            ram: vec![0; map.ram.size as usize],
            flash,
            ram_region: map.ram,
            flash_region: map.flash,
            data_region: Region { origin: map.data_window.unwrap_or(map.flash.origin), ..map.flash },
            load_origin: CLOSED,
            store_origin: CLOSED,
            flash_origin: CLOSED,
            guards: Vec::new(),
            devices: map.devices.as_slice().into(),
            counters: map.counters.as_slice().into(),
            device_words: BTreeMap::new(),
            decoded: Vec::new(),
            stale: false,
            fresh: None,
            touched: [Vec::new(), Vec::new()],
        };
        memory.open();
        memory
    }

    /// Opens the quick paths that nothing speaks against.
    fn open(&mut self) {
        let open = |origin: u32, when: bool| if when { origin as usize } else { CLOSED };
        let free = self.guards.is_empty() && self.touched[0].is_empty() && self.fresh.is_none();
        self.load_origin = open(self.ram_region.origin, free);
        self.flash_origin = open(self.data_region.origin, free);
        self.store_origin = open(self.ram_region.origin, free && self.decoded.is_empty());
    }

    /// Every access inside `range` faults from now on.
    pub(super) fn guard(&mut self, range: Range<u32>) {
        self.guards.push(range);
        self.open();
    }

    /// Drops all guards.
    pub(super) fn clear_guards(&mut self) {
        self.guards.clear();
        self.open();
    }

    /// From now on a load of a byte in `range` faults until the program has stored to it.
    pub(super) fn expect_stores(&mut self, range: Range<u32>) {
        let written = vec![false; range.len()];
        self.fresh = Some(Fresh { range, written });
        self.open();
    }

    /// How many bytes of that range are in use: up to the last one that was stored to. Ends the watch.
    pub(super) fn stored(&mut self) -> u32 {
        let fresh = self.fresh.take();
        self.open();
        let last = fresh.and_then(|fresh| fresh.written.iter().rposition(|written| *written));
        last.map_or(0, |last| last as u32 + 1)
    }

    /// Counts every access of the program from now on.
    pub(super) fn watch(&mut self) {
        let words = |size: usize| vec![Touched::default(); size.div_ceil(4)];
        self.touched = [words(self.ram.len()), words(self.flash.len())];
        self.open();
    }

    /// Accesses to the words that `size` bytes from `address` lie in; none where nobody watches.
    pub(super) fn touched(&self, address: u32, size: u32) -> &[Touched] {
        let (region, words) = if self.ram_region.holds(address, size) {
            (&self.ram_region, &self.touched[0])
        } else if self.flash_region.holds(address, size) {
            (&self.flash_region, &self.touched[1])
        } else {
            return &[];
        };
        let offset = (address - region.origin) as usize;
        words.get(offset / 4..(offset + size as usize).div_ceil(4)).unwrap_or(&[])
    }

    fn note(&mut self, address: u32, size: u32, access: Access) {
        if self.touched[0].is_empty() {
            return;
        }
        for (region, words) in [self.ram_region, self.flash_region].iter().zip(&mut self.touched) {
            if region.holds(address, size) {
                let offset = (address - region.origin) as usize;
                for word in words.iter_mut().take((offset + size as usize).div_ceil(4)).skip(offset / 4) {
                    let count = if access == Access::Read { &mut word.reads } else { &mut word.writes };
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// Whether `address` is in flash.
    pub(super) fn is_flash(&self, address: u32) -> bool {
        self.flash_region.holds(address, 1) || self.data_region.holds(address, 1)
    }

    /// Back to zeroed RAM and silent devices; guards stay.
    pub(super) fn reset(&mut self) {
        self.ram.fill(0);
        self.device_words.clear();
        self.touched.iter_mut().for_each(|words| words.fill(Touched::default()));
        self.stale = true;
    }

    /// Notes that code at `address` was decoded, so that a write there is noticed.
    pub(super) fn watch_code(&mut self, address: u32, size: u32) {
        if self.ram_region.holds(address, size) {
            if self.decoded.is_empty() {
                self.decoded = vec![0; self.ram.len().div_ceil(128)];
                self.open();
            }
            for half in self.halves(address, size) {
                self.decoded[half / 64] |= 1 << (half % 64);
            }
        }
    }

    /// Whether an access touches RAM that was decoded as code.
    pub(super) fn is_decoded(&self, address: u32, size: u32) -> bool {
        let is_code = |half: usize| self.decoded.get(half / 64).is_some_and(|bits| bits >> (half % 64) & 1 == 1);
        self.ram_region.holds(address, size) && self.halves(address, size).any(is_code)
    }

    /// The halfwords of RAM that an access touches.
    fn halves(&self, address: u32, size: u32) -> Range<usize> {
        let at = (address - self.ram_region.origin) as usize;
        at / 2..(at + size as usize).div_ceil(2)
    }

    /// `N` bytes of RAM by the quick path.
    #[inline(always)]
    pub(super) fn ram<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        let at = (address as usize).wrapping_sub(self.load_origin);
        self.ram.get(at..at.wrapping_add(N))?.try_into().ok()
    }

    /// `N` bytes of flash by the quick path.
    #[inline(always)]
    pub(super) fn flash<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        let at = (address as usize).wrapping_sub(self.flash_origin);
        self.flash.get(at..at.wrapping_add(N))?.try_into().ok()
    }

    /// A place in RAM by the quick path.
    #[inline(always)]
    pub(super) fn ram_mut<const N: usize>(&mut self, address: u32) -> Option<&mut [u8]> {
        let at = (address as usize).wrapping_sub(self.store_origin);
        self.ram.get_mut(at..at.wrapping_add(N))
    }

    fn check_guards(&self, address: u32, size: u32, access: Access) -> Result<(), FaultKind> {
        let (start, end) = (u64::from(address), u64::from(address) + u64::from(size));
        let hit = |range: &&Range<u32>| start < u64::from(range.end) && end > u64::from(range.start);
        match self.guards.iter().find(hit) {
            Some(range) => Err(FaultKind::Guard { address: address.max(range.start), access }),
            None => Ok(()),
        }
    }

    /// A load of `size` bytes (1, 2, 4) anywhere but in the private peripherals, after so many cycles.
    pub(super) fn load_slow(&mut self, address: u32, size: u32, cycles: u64) -> Result<u32, FaultKind> {
        self.check_guards(address, size, Access::Read)?;
        self.note(address, size, Access::Read);
        if let Some(fresh) = &self.fresh {
            fresh.check(address, size)?;
        }
        if let Some(bytes) = self.bytes(address, size) {
            let word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
            return Ok(word);
        }
        let device = self.device(address, size).ok_or(FaultKind::Unmapped { address, access: Access::Read })?;
        let (word, shift, mask) = lane(address, size);
        let preset = device.presets.iter().filter(|preset| preset.0 == word).fold(0, |bits, preset| bits | preset.1);
        let counted = self.counters.iter().find(|counter| counter.register == word);
        let stored = match counted {
            Some(counter) => counter.value(cycles),
            None => self.device_words.get(&word).copied().unwrap_or(0),
        };
        Ok((stored | preset) >> shift & mask)
    }

    /// A store of `size` bytes (1, 2, 4) anywhere but in the private peripherals.
    pub(super) fn store_slow(&mut self, address: u32, size: u32, value: u32) -> Result<(), FaultKind> {
        self.check_guards(address, size, Access::Write)?;
        self.note(address, size, Access::Write);
        if self.ram_region.holds(address, size) {
            let at = (address - self.ram_region.origin) as usize;
            self.ram[at..at + size as usize].copy_from_slice(&value.to_le_bytes()[..size as usize]);
            if let Some(fresh) = &mut self.fresh {
                let touched = fresh.touched(address, size);
                fresh.written[touched].fill(true);
            }
            self.stale |= self.is_decoded(address, size);
            return Ok(());
        }
        if self.flash_region.holds(address, 1) || self.data_region.holds(address, 1) {
            return Err(FaultKind::WriteToFlash { address });
        }
        if self.device(address, size).is_none() {
            return Err(FaultKind::Unmapped { address, access: Access::Write });
        }
        let (word, shift, mask) = lane(address, size);
        // A program that runs wild over half a GiB of registers must not take as much of the host's memory, and more.
        if self.device_words.len() >= MOST_DEVICE_WORDS && !self.device_words.contains_key(&word) {
            return Err(FaultKind::Unmapped { address, access: Access::Write });
        }
        let stored = self.device_words.entry(word).or_insert(0);
        *stored = *stored & !(mask << shift) | (value & mask) << shift;
        Ok(())
    }

    /// The device that holds all of an access that doesn't cross a word.
    fn device(&self, address: u32, size: u32) -> Option<&Device> {
        let inside = |device: &&Device| {
            let offset = address.wrapping_sub(device.origin);
            offset < device.size && size <= device.size - offset
        };
        if address & 3 > 4 - size { None } else { self.devices.iter().find(inside) }
    }

    /// Bytes of RAM or flash, past guards and watches.
    pub(super) fn bytes(&self, address: u32, size: u32) -> Option<&[u8]> {
        let within = |region: &Region, bytes: &'_ [u8]| -> Option<Range<usize>> {
            let at = address.wrapping_sub(region.origin) as usize;
            (region.holds(address, size) && at + size as usize <= bytes.len()).then(|| at..at + size as usize)
        };
        if let Some(range) = within(&self.ram_region, &self.ram) {
            return self.ram.get(range);
        }
        let code = within(&self.flash_region, &self.flash);
        self.flash.get(code.or_else(|| within(&self.data_region, &self.flash))?)
    }

    /// Writes RAM or flash from outside the program; false where it isn't all one of them.
    pub(super) fn patch(&mut self, address: u32, bytes: &[u8]) -> bool {
        let Ok(size) = u32::try_from(bytes.len()) else { return false };
        if !self.flash_region.holds(address, size) {
            return self.poke(address, bytes);
        }
        let at = (address - self.flash_region.origin) as usize;
        let mut flash = self.flash.to_vec();
        flash[at..at + bytes.len()].copy_from_slice(bytes);
        self.flash = flash.into();
        true
    }

    /// Writes RAM from outside the program; false where it isn't all RAM.
    pub(super) fn poke(&mut self, address: u32, bytes: &[u8]) -> bool {
        let Ok(size) = u32::try_from(bytes.len()) else { return false };
        if !self.ram_region.holds(address, size) {
            return size == 0;
        }
        let at = (address - self.ram_region.origin) as usize;
        self.ram[at..at + bytes.len()].copy_from_slice(bytes);
        // What a debugger writes has a value as well: an input that lies in the arena.
        if let Some(fresh) = &mut self.fresh {
            let touched = fresh.touched(address, size);
            fresh.written[touched].fill(true);
        }
        self.stale |= !self.decoded.is_empty();
        true
    }

    /// Forgets which code was decoded.
    pub(super) fn forget_code(&mut self) {
        self.decoded.clear();
        self.stale = false;
        self.open();
    }
}

/// As the program's own accesses.
impl Bytes for Memory {
    fn load(&mut self, address: u32) -> Result<u8, FaultKind> {
        self.load_slow(address, 1, 0).map(|byte| byte as u8)
    }

    fn store(&mut self, address: u32, byte: u8) -> Result<(), FaultKind> {
        self.store_slow(address, 1, byte.into())
    }
}

/// The word that an access falls into, and the access's shift and mask in it.
pub(super) fn lane(address: u32, size: u32) -> (u32, u32, u32) {
    (address & !3, (address & 3) * 8, u32::MAX >> (32 - size * 8))
}
