//! Random instruction sequences, run by QEMU and by us: registers, flags, floats and memory must be equal.
//!
//! One image holds many cases. Each loads its registers from a table, runs a few instructions and stores everything;
//! at the end the program writes all results to the console as raw bytes.

use tinyml::base::rng::Rng;
use tinyml::sim::{Machine, Mode};

use crate::encodings::{self, Class, Kind};
use crate::image;
use crate::qemu::{self, ORACLES, Oracle};

/// Offsets in RAM: a block for semihosting calls, memory that tested loads and stores use, results.
pub(crate) const SCRATCH: u32 = 0x20;
const SCRATCH_SIZE: u32 = 0x100;
pub(crate) const RESULTS: u32 = SCRATCH + SCRATCH_SIZE;
/// Where the stack pointer is: in the middle of that memory, so that what is pushed is compared.
pub(crate) const STACK: u32 = SCRATCH + 0x80;

/// A batch in the making.
pub(crate) struct Batch {
    pub(crate) code: Vec<u16>,
    rng: Rng,
    flash_origin: u32,
    scratch: u32,
    baseline: bool,
    float: bool,
    /// Fill the registers with doubles.
    double: bool,
    /// Tested instructions so far.
    pub(crate) instructions: usize,
}

/// One case: its class, where its code begins in the image, where its instructions do, where it ends.
pub(crate) struct Case {
    pub(crate) class: &'static Class,
    inputs: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Batch {
    fn wide(&mut self, bits: u32) {
        self.code.extend([(bits >> 16) as u16, bits as u16]);
    }

    /// `MOVW` and `MOVT`.
    fn constant(&mut self, register: u32, value: u32) {
        for (opcode, half) in [(0xf240_0000, value & 0xffff), (0xf2c0_0000, value >> 16)] {
            let fields = half >> 12 << 16 | (half >> 11 & 1) << 26 | (half >> 8 & 7) << 12 | half & 0xff;
            self.wide(opcode | fields | register << 8);
        }
    }

    /// A low register from a literal behind a branch over it.
    fn literal(&mut self, register: u16, value: u32) {
        if self.code.len() % 2 == 1 {
            self.code.push(0xbf00);
        }
        self.code.extend([0x4800 | register << 8, 0xe001, value as u16, (value >> 16) as u16]);
    }

    fn pointer(&mut self, value: u32) {
        if self.baseline { self.literal(7, value) } else { self.constant(14, value) }
    }

    fn word(&mut self) -> u32 {
        encodings::corner_word(&mut self.rng)
    }

    /// The inputs of a case, inline behind a branch; then everything is loaded from there.
    fn load(&mut self) {
        let words = if self.baseline { 8 } else { 14 } + if self.float { 33 } else { 0 };
        if self.code.len() % 2 == 1 {
            self.code.push(0xbf00);
        }
        // B.N over the words.
        self.code.extend([0xe000 | (words * 2) as u16, 0xbf00]);
        let address = self.flash_origin + 8 + self.code.len() as u32 * 2;
        if self.float {
            for _ in 0..16 {
                let pair = self.float_pair();
                self.data(pair as u32);
                self.data((pair >> 32) as u32);
            }
            let fpscr = encodings::fpscr(&mut self.rng);
            self.data(fpscr);
        }
        let flags = self.rng.next_u64() as u32;
        self.data(
            flags
                & if self.baseline {
                    0xf000_0000
                } else if self.float {
                    0xf80f_0000
                } else {
                    0xf800_0000
                },
        );
        for _ in 0..if self.baseline { 7 } else { 13 } {
            let word = self.word();
            self.data(word);
        }
        self.pointer(address);
        if self.baseline {
            self.code.push(0xcf01); // LDM r7!, {r0}
            self.wide(0xf380_8800); // MSR APSR_nzcvq, r0
            self.code.push(0xcf7f); // LDM r7!, {r0-r6}
            return;
        }
        if self.float {
            self.wide(0xecbe_0a20); // VLDM lr!, {s0-s31}
            self.wide(0xf85e_0b04); // LDR r0, [lr], #4
            self.wide(0xeee1_0a10); // VMSR FPSCR, r0
        }
        self.wide(0xf85e_0b04);
        self.wide(if self.float { 0xf380_8c00 } else { 0xf380_8800 }); // MSR APSR_nzcvq(g), r0
        self.wide(0xe89e_1fff); // LDM lr, {r0-r12}
    }

    fn float_pair(&mut self) -> u64 {
        if self.double {
            return encodings::corner_double(&mut self.rng);
        }
        u64::from(encodings::corner_float(&mut self.rng)) << 32 | u64::from(encodings::corner_float(&mut self.rng))
    }

    fn data(&mut self, word: u32) {
        self.code.extend([word as u16, (word >> 16) as u16]);
    }

    /// Stores everything at `address`.
    fn store(&mut self, address: u32) {
        if self.baseline {
            self.code.push(0x46b8); // MOV r8, r7
            self.pointer(address);
            self.code.push(0xc77f); // STM r7!, {r0-r6}
            self.wide(0xf3ef_8000); // MRS r0, APSR
            self.code.extend([0x4641, 0xc703]); // MOV r1, r8; STM r7!, {r0, r1}
            return;
        }
        self.pointer(address);
        self.wide(0xe8ae_1fff); // STM lr!, {r0-r12}
        self.wide(0xf3ef_8000);
        self.wide(0xf84e_0b04); // STR r0, [lr], #4
        if self.float {
            self.wide(0xeef1_0a10); // VMRS r0, FPSCR
            self.wide(0xf84e_0b04);
            self.wide(0xecae_0a20); // VSTM lr!, {s0-s31}
        }
    }

    pub(crate) fn result_words(&self) -> u32 {
        if self.baseline { 9 } else { 14 + if self.float { 33 } else { 0 } }
    }

    /// One instruction of `class`, with what it needs before it.
    fn instruction(&mut self, class: &Class) {
        match class.kind {
            Kind::Plain => self.pattern(class.pattern),
            Kind::Memory { aligned } => self.access(class.pattern, aligned),
            Kind::Conditional => self.conditional(),
            Kind::Skip => {
                self.pattern(class.pattern);
                self.narrow();
            }
            Kind::Table { half } => self.table(half),
            Kind::Exclusive => self.exclusive(class.pattern),
            Kind::Stack => self.stack(),
        }
    }

    /// Narrow data processing.
    fn narrow(&mut self) {
        let pattern = encodings::IN_BLOCK[self.rng.below(encodings::IN_BLOCK.len())];
        self.pattern(pattern);
    }

    /// A branch into the middle of four instructions.
    fn table(&mut self, half: bool) {
        let index = self.rng.below(13) as u32;
        let choice = self.rng.below(4) as u32;
        self.constant(index, choice);
        self.wide(0xe8df_f000 | u32::from(half) << 4 | index);
        let entries = [0_u16, 1, 2, 3].map(|entry| entry + if half { 4 } else { 2 });
        if half {
            self.code.extend(entries);
        } else {
            self.code.extend([entries[0] | entries[1] << 8, entries[2] | entries[3] << 8]);
        }
        for _ in 0..4 {
            self.narrow();
        }
    }

    /// An exclusive load, now and then `CLREX`, and a store.
    fn exclusive(&mut self, pattern: &str) {
        let mut registers: Vec<u32> = (0..13).collect();
        for at in 0..4 {
            let other = at + self.rng.below(13 - at);
            registers.swap(at, other);
        }
        let given = ['n', 't', 'l', 'h'].into_iter().zip(registers).chain([('i', self.rng.below(16) as u32)]);
        let given: Vec<(char, u32)> = given.collect();
        let at = self.scratch + 0x40 + self.rng.below(16) as u32 * 4;
        self.constant(given[0].1, at);
        for (half, pattern) in [&pattern[..32], &pattern[32..]].into_iter().enumerate() {
            if half == 1 && self.rng.below(4) == 0 {
                self.wide(0xf3bf_8f2f);
            }
            let (bits, _) = encodings::fill(pattern, &mut self.rng, &given);
            self.wide(bits);
        }
        self.instructions += 1;
    }

    fn stack(&mut self) {
        let list = |rng: &mut Rng, count: u32| loop {
            let list = 1 + rng.below(0x7e) as u16;
            if count == 0 || list.count_ones() == count {
                return list;
            }
        };
        let pushed = list(&mut self.rng, 0);
        let popped = list(&mut self.rng, pushed.count_ones());
        self.code.extend([0xb400 | pushed, 0xbc00 | popped]);
        self.instructions += 1;
    }

    fn emit(&mut self, bits: u32, width: usize) {
        if width == 32 { self.wide(bits) } else { self.code.push(bits as u16) }
    }

    fn pattern(&mut self, pattern: &str) {
        let (bits, width) = encodings::fill(pattern, &mut self.rng, &[]);
        self.emit(bits, width);
    }

    /// A load or store: base and index are set first, so that it stays in the scratch memory.
    fn access(&mut self, pattern: &str, aligned: bool) {
        let narrow = pattern.len() == 16;
        let base = self.rng.below(if narrow { 7 } else { 13 }) as u32;
        let index = (base + 1 + self.rng.below(5) as u32) % if narrow { 7 } else { 13 };
        let step = if aligned { 4 } else { 1 };
        let at = self.scratch + 0x40 + self.rng.below((0x80 / step) as usize) as u32 * step;
        let offset = self.rng.below(8) as u32 * step;
        if self.baseline {
            self.literal(base as u16, at);
            self.literal(index as u16, offset);
        } else {
            self.constant(base, at);
            self.constant(index, offset);
        }
        let (bits, width) = encodings::fill(pattern, &mut self.rng, &[('n', base), ('m', index)]);
        self.emit(bits, width);
    }

    /// An `IT` block of narrow data processing.
    fn conditional(&mut self) {
        let condition = self.rng.below(14) as u16;
        let mask = 1 + self.rng.below(15) as u16;
        self.code.push(0xbf00 | condition << 4 | mask);
        for _ in 0..4 - mask.trailing_zeros() {
            let pattern = encodings::IN_BLOCK[self.rng.below(encodings::IN_BLOCK.len())];
            self.pattern(pattern);
        }
    }

    /// A case of `length` instructions of `class`, which stores its results at `results`.
    fn case(&mut self, class: &'static Class, length: usize, results: u32) -> Case {
        self.double = class.needs == encodings::Needs::Double;
        let inputs = self.code.len();
        self.load();
        let start = self.code.len();
        for _ in 0..length {
            self.instruction(class);
            self.instructions += 1;
        }
        let end = self.code.len();
        self.store(results);
        Case { class, inputs, start, end }
    }

    /// Writes the results, up to `end` of RAM, to the console and ends.
    fn finish(&mut self, end: u32) {
        let block = self.scratch - SCRATCH;
        for (at, word) in [(0, 0), (4, 4), (8, 3), (16, 0x0074_743a)] {
            self.literal(1, block + at);
            self.literal(0, if at == 0 { block + 16 } else { word });
            self.code.push(0x6008); // STR r0, [r1]
        }
        self.literal(1, block);
        self.code.extend([0x2001, 0xbeab]); // SYS_OPEN
        self.literal(1, block);
        self.code.push(0x6008);
        self.literal(0, self.scratch);
        self.code.push(0x6048); // STR r0, [r1, #4]
        self.literal(0, end - self.scratch);
        self.code.extend([0x6088, 0x2005, 0xbeab]); // SYS_WRITE
        self.literal(1, 0x20026);
        self.code.extend([0x2018, 0xbeab, 0xe7fe]); // SYS_EXIT
    }
}

/// Cases of all classes of a core in one image, as many as its memories hold, half a MiB of results at most.
pub(crate) fn batch(oracle: &Oracle, seed: u64) -> (Batch, Vec<Case>) {
    let baseline = oracle.core == "cortex_m0";
    let float = !baseline && oracle.core != "cortex_m3";
    let mut batch = Batch {
        code: Vec::new(),
        rng: Rng::new(seed, oracle.core),
        flash_origin: oracle.flash_origin,
        scratch: oracle.ram_origin + SCRATCH,
        baseline,
        float,
        double: false,
        instructions: 0,
    };
    if float {
        batch.literal(1, 0xe000_ed88);
        batch.literal(0, 0x00f0_0000);
        batch.code.push(0x6008);
    }
    let classes: Vec<&'static Class> = encodings::CLASSES.iter().filter(|class| class.on(oracle.core)).collect();
    let size = batch.result_words() * 4;
    // The one small memory is used by longer cases.
    let (length, limit) = if baseline { (12, oracle.ram) } else { (4, 0x8_0000) };
    let mut cases = Vec::new();
    let mut at = RESULTS;
    while at + size < limit {
        let class = classes[cases.len() % classes.len()];
        cases.push(batch.case(class, length, oracle.ram_origin + at));
        at += size;
    }
    batch.finish(oracle.ram_origin + at);
    assert!(batch.code.len() * 2 + 8 < oracle.flash as usize, "the image doesn't fit");
    (batch, cases)
}

/// Runs one batch on both; the seed is in every message. Returns how many instructions were compared, none without QEMU.
fn compare(oracle: &Oracle, seed: u64) -> usize {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (batch, cases) = batch(oracle, seed);
    let image = image::program_at(oracle.flash_origin, oracle.ram_origin + STACK, &batch.code);
    let elf = image::elf_at(oracle.flash_origin, &image);
    let path = folder.path().join("random.elf");
    std::fs::write(&path, &elf).expect("a file in the temporary folder");
    let Some(theirs) = oracle.run(&path, &[]) else { return 0 };
    let mut machine = Machine::load(&elf, &image::core(oracle.core), &oracle.map()).expect("an image");
    machine.set_mode(Mode::Cycles);
    let status = machine.run(10_000_000).unwrap_or_else(|fault| {
        let at = (fault.pc - oracle.flash_origin - 8) as usize / 2;
        let case = cases.iter().find(|case| at < case.end).map_or("none", |case| case.class.name);
        panic!("{} seed {seed}, {case}: {fault}", oracle.core)
    });
    assert_eq!(status, 0);
    let ours = machine.console();
    assert_eq!(ours.len(), theirs.len(), "{}, seed {seed}: length", oracle.core);
    let skip = (RESULTS - SCRATCH) as usize;
    let size = batch.result_words() as usize * 4;
    let words = |bytes: &[u8]| -> Vec<u32> {
        bytes.chunks(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
    };
    for (number, case) in cases.iter().enumerate() {
        let range = skip + number * size..skip + (number + 1) * size;
        let (mine, other) = (words(&ours[range.clone()]), words(&theirs[range]));
        let differs: Vec<String> = (mine.iter().zip(&other).enumerate())
            .filter(|(_, (a, b))| a != b)
            .map(|(at, (a, b))| format!("word {at}: ours {a:08x}, QEMU's {b:08x}"))
            .collect();
        let code = &batch.code;
        assert!(
            differs.is_empty(),
            "{} on {}, seed {seed}, case {number}: {:04x?}\n{differs:#?}\ninputs {:04x?}\nresults {mine:08x?}",
            case.class.name,
            oracle.core,
            &code[case.start..case.end],
            &code[case.inputs..case.start],
        );
    }
    assert_eq!(ours[..skip], theirs[..skip], "{}, seed {seed}: memory", oracle.core);
    batch.instructions
}

/// Random instructions on the oracle `core`, in `rounds` batches for each unit of effort.
fn compare_core(core: &str, rounds: usize) {
    if !qemu::has("qemu-system-arm") {
        return qemu::skip("no qemu-system-arm");
    }
    let oracle = ORACLES.iter().find(|oracle| oracle.core == core).expect("an oracle");
    let compared: usize = (0..rounds * qemu::effort()).map(|round| compare(oracle, 0x5eed + round as u64)).sum();
    qemu::say(&format!("{core}: {compared} random instructions, as in QEMU"));
}

#[test]
fn random_instructions_on_the_m0_are_as_in_qemu() {
    compare_core("cortex_m0", 3);
}

#[test]
fn random_instructions_on_the_m3_are_as_in_qemu() {
    compare_core("cortex_m3", 1);
}

#[test]
fn random_instructions_on_the_m4f_are_as_in_qemu() {
    compare_core("cortex_m4f", 1);
}

#[test]
fn random_instructions_on_the_m7_are_as_in_qemu() {
    compare_core("cortex_m7", 1);
}

#[test]
fn random_instructions_on_the_m33_are_as_in_qemu() {
    compare_core("cortex_m33", 1);
}
