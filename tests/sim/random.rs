//! Random instruction sequences, run by QEMU and by us: registers, flags, floats and memory must be equal.
//!
//! One image holds many cases. Each loads its registers from a table, runs a few instructions and stores everything;
//! at the end the program writes all results to the console as raw bytes.

use tinyml::base::rng::Rng;
use tinyml::sim::{Machine, Mode};

use crate::encodings::{self, Class, Kind};
use crate::image;
use crate::qemu::{self, ORACLES, Oracle};

const TABLE_RAM: u32 = 0x2000_0000;
/// Memory that tested loads and stores use.
const SCRATCH: u32 = TABLE_RAM + 0x20;
const SCRATCH_SIZE: u32 = 0x100;
const RESULTS: u32 = SCRATCH + SCRATCH_SIZE;
/// Instructions in a case.
const LENGTH: usize = 4;

/// A batch in the making.
struct Batch {
    code: Vec<u16>,
    rng: Rng,
    baseline: bool,
    float: bool,
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
        let address = 8 + self.code.len() as u32 * 2;
        if self.float {
            for _ in 0..32 {
                let float = encodings::corner_float(&mut self.rng);
                self.data(float);
            }
            let fpscr = encodings::fpscr(&mut self.rng);
            self.data(fpscr);
        }
        let flags = self.rng.next_u64() as u32;
        self.data(flags & if self.baseline { 0xf000_0000 } else if self.float { 0xf80f_0000 } else { 0xf800_0000 });
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

    fn result_words(&self) -> u32 {
        if self.baseline { 9 } else { 14 + if self.float { 33 } else { 0 } }
    }

    /// One instruction of `class`, with what it needs before it.
    fn instruction(&mut self, class: &Class) {
        match class.kind {
            Kind::Plain => self.pattern(class.pattern),
            Kind::Memory { aligned } => self.access(class.pattern, aligned),
            Kind::Conditional => self.conditional(),
        }
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
        let at = SCRATCH + 0x40 + self.rng.below((0x80 / step) as usize) as u32 * step;
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

    /// Writes the results to the console and ends.
    fn finish(&mut self, count: u32) {
        let length = RESULTS - SCRATCH + count * self.result_words() * 4;
        let block = TABLE_RAM;
        for (at, word) in [(0, 0), (4, 4), (8, 3), (16, 0x0074_743a)] {
            self.literal(1, block + at);
            self.literal(0, if at == 0 { block + 16 } else { word });
            self.code.push(0x6008); // STR r0, [r1]
        }
        self.literal(1, block);
        self.code.extend([0x2001, 0xbeab]); // SYS_OPEN
        self.literal(1, block);
        self.code.push(0x6008);
        self.literal(0, SCRATCH);
        self.code.push(0x6048); // STR r0, [r1, #4]
        self.literal(0, length);
        self.code.extend([0x6088, 0x2005, 0xbeab]); // SYS_WRITE
        self.literal(1, 0x20026);
        self.code.extend([0x2018, 0xbeab, 0xe7fe]); // SYS_EXIT
    }
}

/// A batch of `count` cases of `class`: the image, and the code of each case for messages.
fn batch(oracle: &Oracle, class: &Class, count: u32, seed: u64) -> (Vec<u8>, Vec<Vec<u16>>, u32) {
    let baseline = oracle.core == "cortex_m0";
    let float = oracle.core == "cortex_m4f";
    let mut batch = Batch { code: Vec::new(), rng: Rng::new(seed, class.name), baseline, float };
    if float {
        batch.literal(1, 0xe000_ed88);
        batch.literal(0, 0x00f0_0000);
        batch.code.push(0x6008);
    }
    let mut cases = Vec::new();
    for case in 0..count {
        batch.load();
        let start = batch.code.len();
        for _ in 0..LENGTH {
            batch.instruction(class);
        }
        cases.push(batch.code[start..].to_vec());
        let words = batch.result_words();
        batch.store(RESULTS + case * words * 4);
    }
    batch.finish(count);
    let words = batch.result_words();
    (image::program(&batch.code), cases, words)
}

/// Runs `count` cases of every class that the core has; the seed is in every message.
fn compare(oracle: &Oracle, count: u32, seed: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for class in encodings::CLASSES.iter().filter(|class| class.on(oracle.core)) {
        let (bytes, cases, words) = batch(oracle, class, count, seed);
        let elf = image::elf(&bytes);
        let path = folder.path().join("random.elf");
        std::fs::write(&path, &elf).expect("a file in the temporary folder");
        let Some(theirs) = oracle.run(&path, &[]) else { return qemu::skip("no qemu-system-arm") };
        let mut machine = Machine::load(&elf, &image::core(oracle.core), &oracle.map()).expect("an image");
        machine.set_mode(Mode::Cycles);
        let status = machine.run(10_000_000).unwrap_or_else(|fault| panic!("{} seed {seed}: {fault}", class.name));
        assert_eq!(status, 0);
        let ours = machine.console();
        assert_eq!(ours.len(), theirs.len(), "{} on {}: length", class.name, oracle.core);
        let skip = (RESULTS - SCRATCH) as usize;
        let size = words as usize * 4;
        for (case, code) in cases.iter().enumerate() {
            let range = skip + case * size..skip + (case + 1) * size;
            let words = |bytes: &[u8]| -> Vec<u32> {
                bytes.chunks(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
            };
            let (mine, other) = (words(&ours[range.clone()]), words(&theirs[range]));
            let differs: Vec<String> = mine
                .iter()
                .zip(&other)
                .enumerate()
                .filter(|(_, (a, b))| a != b)
                .map(|(at, (a, b))| format!("word {at}: ours {a:08x}, QEMU's {b:08x}"))
                .collect();
            assert!(differs.is_empty(), "{} on {}, seed {seed}, case {case}: {code:04x?}\n{differs:#?}", class.name, oracle.core);
        }
        assert_eq!(ours[..skip], theirs[..skip], "{} on {}, seed {seed}: memory", class.name, oracle.core);
    }
}

fn compare_core(at: usize) {
    if !qemu::has("qemu-system-arm") {
        return qemu::skip("no qemu-system-arm");
    }
    for round in 0..qemu::effort() {
        compare(&ORACLES[at], 120, 0x5eed + round as u64);
    }
}

#[test]
fn random_instructions_on_the_m0_are_as_in_qemu() {
    compare_core(0);
}

#[test]
fn random_instructions_on_the_m3_are_as_in_qemu() {
    compare_core(1);
}

#[test]
fn random_instructions_on_the_m4f_are_as_in_qemu() {
    compare_core(2);
}
