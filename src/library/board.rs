//! A board as data: core, clock, memories, start-up, image forms; read from `stdlib/boards/NAME.toml`.

use serde::{Deserialize, Serialize, Serializer};

use super::accuracy::Accuracy;
pub use super::boot2::checksum;
pub use super::pin::Pin;
use super::record;
pub use super::timer::{Counter, Timer};
use crate::base::{Diag, Quantity, Source};

/// A board. Templates see it as it stands here, with the clock in hertz.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Its name in a spec: the file's stem.
    #[serde(skip_deserializing)]
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Where the facts of the file are from: data sheet and reference manual with their numbers.
    pub source: String,
    /// The core's name: `stdlib/cores/NAME.toml`.
    pub core: String,
    /// Core clock once start-up has run `setup`.
    #[serde(deserialize_with = "record::frequency", serialize_with = "hertz")]
    pub clock: Quantity,
    /// Program memory that the application may fill (a bootloader's part is not in it).
    pub flash: Memory,
    /// Work memory.
    pub ram: Memory,
    /// How the chip comes from reset to the program.
    #[serde(default)]
    pub boot: Boot,
    /// Where the vector table lies.
    #[serde(default)]
    pub vectors: Vectors,
    /// How fast program memory is.
    pub timing: Timing,
    /// Memories that the firmware does not use by itself.
    #[serde(default)]
    pub memories: Vec<Region>,
    /// The core's data cache, where it has one: start-up empties it and switches it and the one for instructions on.
    #[serde(default)]
    pub data_cache: Option<DataCache>,
    /// Address ranges of peripherals; an access elsewhere is a fault.
    #[serde(default)]
    pub devices: Vec<Region>,
    /// Image forms to make, the one to flash first.
    pub images: Vec<Image>,
    /// What a UF2 file needs, when `images` has one.
    #[serde(default)]
    pub uf2: Option<Uf2>,
    /// What counts time; without it, the core's `SysTick`.
    #[serde(default)]
    pub timer: Option<Timer>,
    /// How pins are driven.
    #[serde(default)]
    pub gpio: Option<Gpio>,
    /// The LEDs, in the order of `tml_led`.
    #[serde(default)]
    pub leds: Vec<Led>,
    /// Register writes and waits from reset to `clock`.
    #[serde(default)]
    pub setup: Vec<Step>,
    /// Second-stage bootloader (RP2040): 64 words, the last one their checksum, at the start of flash.
    #[serde(default, deserialize_with = "super::boot2::read")]
    pub boot2: Vec<u32>,
}

/// A memory that the linker fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(try_from = "RawMemory")]
pub struct Memory {
    /// First address.
    pub origin: u32,
    /// Bytes.
    pub size: u32,
    /// The first address where loads see it, if that is another one than where code runs.
    pub data: Option<u32>,
}

/// How a chip comes from reset to the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Boot {
    /// The core reads stack pointer and first address from a vector table (Cortex-M).
    #[default]
    Vectors,
    /// A boot ROM finds two words at the start of flash and jumps behind them (ESP32-C3).
    DirectBoot,
}

/// Where the vector table lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors {
    /// Bytes from the start of `flash`.
    #[serde(default, deserialize_with = "record::size")]
    pub offset: u32,
    /// Device interrupts behind the 16 entries of the core.
    pub interrupts: u32,
    /// Whether start-up must point the core's `VTOR` at the table, because reset does not.
    #[serde(default)]
    pub relocate: bool,
}

/// How fast program memory is: what the cycle model of the simulator adds for it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Cycles that a miss adds.
    pub miss: u32,
    /// Bytes of a line.
    pub line: u32,
    /// Lines cached for instructions; 0: none.
    pub code_lines: u32,
    /// Lines that an instruction's line can take the place of; 0: all.
    #[serde(default)]
    pub code_ways: u32,
    /// Lines cached for data; 0: none.
    pub data_lines: u32,
    /// The same for data.
    #[serde(default)]
    pub data_ways: u32,
    /// Which of them goes.
    #[serde(default)]
    pub replacement: Replacement,
    /// The next line is fetched while this one runs.
    #[serde(default)]
    pub prefetch: bool,
    /// Both counts are of the same lines: one cache for instructions and data.
    #[serde(default)]
    pub shared: bool,
    /// Where the numbers are from.
    pub source: String,
    /// What predicted cycles are worth: the error band, or that nobody has measured it.
    pub accuracy: Accuracy,
}

/// Which line of a cache a new one takes the place of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    /// The one used least recently.
    #[default]
    Oldest,
    /// One after another.
    InTurn,
    /// Any.
    Random,
}

/// A data cache that must be emptied line by line before its use (Cortex-M7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DataCache {
    /// Sets of lines of 32 bytes, a power of two.
    pub sets: u32,
    /// Lines of a set.
    pub ways: u32,
}

/// An address range of peripherals or a memory.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// What lies there.
    pub name: String,
    /// First address.
    pub origin: u32,
    /// Bytes.
    #[serde(deserialize_with = "record::size")]
    pub size: u32,
}

/// An image form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Image {
    /// For debuggers and the simulator.
    Elf,
    /// Intel hex.
    Hex,
    /// Flash content from the first byte.
    Bin,
    /// For boards that show up as a drive.
    Uf2,
}

/// What a UF2 file needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Uf2 {
    /// Family identifier, by which a bootloader refuses a file for another chip.
    pub family: u32,
    /// Bytes that the bootloader erases at once: the file fills them up.
    #[serde(default = "page", deserialize_with = "record::size")]
    pub sector: u32,
}

/// How pins are driven.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gpio {
    /// The driver: `stdlib/hal/gpio_KIND.c.j2`.
    pub kind: String,
    /// First register of the first port.
    pub base: u32,
    /// The register that clocks the ports, where there is one.
    #[serde(default)]
    pub clock: u32,
    /// How many pins there are; `tml_gpio` ignores others.
    pub pins: u32,
    /// Pins that start-up drives high, for example the row of an LED matrix.
    #[serde(default)]
    pub high: Vec<Pin>,
}

/// A light-emitting diode.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Led {
    /// Its name on the board.
    pub name: String,
    /// The pin that drives it.
    pub pin: Pin,
    /// Whether a low pin lights it.
    #[serde(default)]
    pub inverted: bool,
}

/// One step from reset to the declared clock.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(try_from = "RawStep")]
pub struct Step {
    /// What it is for, in the words of the manual.
    pub why: String,
    /// What it does.
    pub action: Action,
    /// The register; for a pause, unused.
    pub address: u32,
    /// The bits that count.
    pub mask: u32,
    /// Their value; for a pause, how many turns of an empty loop.
    pub value: u32,
}

/// What a step of the start-up does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Sets the bits of `mask` to those of `value`, leaving the others.
    Write,
    /// Waits, but not for ever, until the bits of `mask` equal those of `value`.
    Wait,
    /// Lets time pass.
    Pause,
}

impl Board {
    /// The board that `source` describes.
    ///
    /// # Errors
    /// `tml::board`: a key that is missing, unknown or has an impossible value.
    pub fn read(source: &Source, name: &str) -> Result<Self, Diag> {
        let board: Self = record::read(source, "tml::board", "board")?;
        let board = Self { name: name.to_string(), ..board };
        board.check().map_err(|(key, title)| Diag::error("tml::board", title).at(&key_span(source, key), "here"))?;
        Ok(board)
    }

    /// Address of the vector table.
    pub fn vector_table(&self) -> u32 {
        self.flash.origin + self.vectors.offset
    }

    /// What a simulator must show at the registers that start-up waits on: (address, mask, value).
    pub fn presets(&self) -> Vec<(u32, u32, u32)> {
        let waits = self.setup.iter().filter(|step| step.action == Action::Wait);
        waits.map(|step| (step.address, step.mask, step.value)).collect()
    }

    /// What the keys say about each other; on error the key and the sentence.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let table = 4 * (16 + u64::from(self.vectors.interrupts));
        let fail = |key, title: &str| Err((key, title.to_string()));
        if self.vectors.interrupts > 480 {
            return fail("interrupts", "a core of this kind has at most 480 interrupts");
        }
        if u64::from(self.vectors.offset) + table > u64::from(self.flash.size) {
            return fail("offset", "the vector table lies behind the end of flash");
        }
        // Armv7-M manual B3.2.5: the table is aligned to its length, rounded up to a power of two, at least 128.
        if u64::from(self.vector_table()) % table.next_power_of_two().max(128) != 0 {
            return Err((
                "vectors",
                format!("the vector table at {:#x} is not aligned to its size", self.vector_table()),
            ));
        }
        let (flash, ram) = (self.flash, self.ram);
        if flash.origin % 256 != 0 {
            return fail("flash", "`flash` must start at a multiple of 256");
        }
        let overlap = |origin: u32| origin <= ram.last() && ram.origin - origin.min(ram.origin) < flash.size;
        if overlap(flash.origin) || flash.data.is_some_and(overlap) {
            return fail("ram", "`flash` and `ram` overlap");
        }
        if ram.origin % 8 != 0 {
            return fail("ram", "`ram` must start at a multiple of 8, because the stack does");
        }
        if self.images.is_empty() {
            return fail("images", "a board needs at least one image form");
        }
        if self.images.contains(&Image::Uf2) && self.uf2.is_none() {
            return fail("images", "a UF2 image needs the table `uf2` with the family of the chip");
        }
        if !self.boot2.is_empty() && self.vectors.offset < 256 {
            return fail("boot2", "the second-stage bootloader takes the first 256 bytes: `vectors` needs an `offset`");
        }
        if self.uf2.is_some_and(|form| !form.sector.is_power_of_two() || !(256..=1 << 20).contains(&form.sector)) {
            return fail("sector", "a sector is a power of two from 256 B to 1 MiB");
        }
        if self.boot == Boot::DirectBoot && self.vectors != Vectors::default() {
            return fail("vectors", "a chip that boots directly looks for no vector table");
        }
        self.check_timing()?;
        self.check_timer()?;
        self.check_pins()
    }

    fn check_timing(&self) -> Result<(), (&'static str, String)> {
        let timing = &self.timing;
        let fail = |key, title: &str| Err((key, title.to_string()));
        if !timing.line.is_power_of_two() || timing.line > 4096 {
            return fail("line", "the bytes of a line are a power of two up to 4096");
        }
        if timing.shared && (timing.code_lines, timing.code_ways) != (timing.data_lines, timing.data_ways) {
            return fail("shared", "one cache for both has as many lines and ways for data as for code");
        }
        let divides = |lines: u32, ways: u32| ways == 0 || (ways <= lines && lines.is_multiple_of(ways));
        if !divides(timing.code_lines, timing.code_ways) || !divides(timing.data_lines, timing.data_ways) {
            return fail("timing", "the lines of a cache are a multiple of its ways");
        }
        if timing.code_lines.max(timing.data_lines) > 1 << 16 || timing.miss > 255 {
            return fail("timing", "a cache has at most 65,536 lines, and a miss costs at most 255 cycles");
        }
        if self.data_cache.is_some_and(|cache| !cache.sets.is_power_of_two() || !matches!(cache.ways, 1 | 2 | 4)) {
            return fail("data_cache", "a data cache has a power of two of sets and 1, 2 or 4 ways");
        }
        let beyond = |region: &&Region| region.size == 0 || region.origin.checked_add(region.size - 1).is_none();
        match self.memories.iter().chain(&self.devices).find(beyond) {
            Some(region) => {
                Err(("devices", format!("`{}` is empty, or it ends beyond a 32-bit address space", region.name)))
            }
            None => Ok(()),
        }
    }

    fn check_timer(&self) -> Result<(), (&'static str, String)> {
        let counters = self.timer.as_ref().map_or(&[][..], |timer| &timer.counters);
        match counters.iter().find(|counter| counter.register % 4 != 0 || counter.shift > 63) {
            Some(counter) => Err(("timer", format!("{:#x} is no 32-bit register of a 64-bit count", counter.register))),
            None => Ok(()),
        }
    }

    fn check_pins(&self) -> Result<(), (&'static str, String)> {
        let Some(gpio) = &self.gpio else {
            let fits = self.leds.is_empty();
            return if fits { Ok(()) } else { Err(("leds", "LEDs need the table `gpio`".to_string())) };
        };
        if gpio.pins > 256 {
            return Err(("pins", "a chip has at most 256 pins".to_string()));
        }
        let pins = self.leds.iter().map(|led| led.pin).chain(gpio.high.iter().copied());
        match pins.into_iter().find(|pin| pin.0 >= gpio.pins) {
            Some(pin) => Err(("gpio", format!("pin {} is used, but there are {} pins", pin.0, gpio.pins))),
            None => Ok(()),
        }
    }
}

impl Memory {
    /// The last address.
    pub fn last(self) -> u32 {
        self.origin + (self.size - 1)
    }

    /// Whether `address` lies in it, as code or loads see it.
    pub fn contains(self, address: u32) -> bool {
        let seen = |origin: u32| address.wrapping_sub(origin) < self.size;
        seen(self.origin) || self.data.is_some_and(seen)
    }
}

/// The first line that sets `key` or opens the table `key`.
fn key_span(source: &Source, key: &str) -> crate::base::Span {
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let word = line.trim_start().trim_start_matches('[');
        if word.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', ']', '.'])) {
            return source.span(start..start + line.trim_end().len());
        }
        start += line.len();
    }
    source.span(0..0)
}

fn page() -> u32 {
    256
}

pub(super) fn hertz<S: Serializer>(clock: &Quantity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64((clock.base / 1000) as u64)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMemory {
    origin: u32,
    #[serde(deserialize_with = "record::size")]
    size: u32,
    data: Option<u32>,
}

impl TryFrom<RawMemory> for Memory {
    type Error = String;

    fn try_from(raw: RawMemory) -> Result<Self, String> {
        let ends = |origin: u32| raw.size > 0 && origin.checked_add(raw.size - 1).is_some();
        let fits = ends(raw.origin) && raw.data.is_none_or(ends);
        let memory = Self { origin: raw.origin, size: raw.size, data: raw.data };
        if fits {
            Ok(memory)
        } else {
            Err("this memory is empty, or it ends beyond a 32-bit address space".to_string())
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    why: String,
    write: Option<u32>,
    wait: Option<u32>,
    pause: Option<u32>,
    mask: Option<u32>,
    value: Option<u32>,
}

impl TryFrom<RawStep> for Step {
    type Error = String;

    fn try_from(raw: RawStep) -> Result<Self, String> {
        let (action, address) = match (raw.write, raw.wait, raw.pause) {
            (Some(address), None, None) => (Action::Write, address),
            (None, Some(address), None) => (Action::Wait, address),
            (None, None, Some(turns)) if turns > 1_000_000 => {
                return Err(format!("a pause of {turns} turns is a program that hangs"));
            }
            (None, None, Some(turns)) => {
                return Ok(Self { why: raw.why, action: Action::Pause, address: 0, mask: 0, value: turns });
            }
            _ => return Err("a step of `setup` is one of `write`, `wait`, `pause`".to_string()),
        };
        let mask = raw.mask.unwrap_or(u32::MAX);
        let value = raw.value.ok_or("a step of `setup` needs a `value`")?;
        if value & !mask != 0 {
            return Err(format!("the value {value:#x} has bits outside the mask {mask:#x}"));
        }
        if address % 4 != 0 {
            return Err(format!("{address:#x} is not the address of a 32-bit register"));
        }
        Ok(Self { why: raw.why, action, address, mask, value })
    }
}
