//! Random RV32IMC instructions, run by QEMU and by us: every register and the memory must be equal.
//!
//! One image holds many cases. Each loads all registers from a table, runs some instructions and stores all registers;
//! at the end the program writes the results to the console as raw bytes.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tinyml::base::rng::Rng;
use tinyml::sim::{Machine, Mode};

use crate::encodings::corner_word;
use crate::qemu;
use crate::riscv_asm::{self as asm, Code, RAM};

/// Memory that tested loads and stores use.
const SCRATCH: u32 = RAM + 0x40;
const SCRATCH_SIZE: u32 = 0x200;
const RESULTS: u32 = SCRATCH + SCRATCH_SIZE;
/// Instructions of a case.
const LENGTH: usize = 16;
/// Bytes of a case's results: x1 to x31.
const RESULT: usize = 31 * 4;
/// Cases of an image: as many as fit its flash.
const MOST_CASES: usize = 4000;
/// Cases of each class in the usual share.
const CASES: usize = 40;

const MSCRATCH: u32 = 0x340;
const MEPC: u32 = 0x341;
const MTVAL: u32 = 0x343;

/// Groups of instructions that are tried together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Immediate,
    Shift,
    Register,
    Multiply,
    Divide,
    Upper,
    Load,
    Store,
    Branch,
    Jump,
    JumpRegister,
    Csr,
    Ecall,
    Fence,
    CompressedArithmetic,
    CompressedMemory,
    CompressedJump,
}

const CLASSES: [Class; 17] = [
    Class::Immediate,
    Class::Shift,
    Class::Register,
    Class::Multiply,
    Class::Divide,
    Class::Upper,
    Class::Load,
    Class::Store,
    Class::Branch,
    Class::Jump,
    Class::JumpRegister,
    Class::Csr,
    Class::Ecall,
    Class::Fence,
    Class::CompressedArithmetic,
    Class::CompressedMemory,
    Class::CompressedJump,
];

struct Batch {
    code: Code,
    rng: Rng,
}

impl Batch {
    fn below(&mut self, bound: u32) -> u32 {
        self.rng.below(bound as usize) as u32
    }

    fn bits(&mut self, count: u32) -> u32 {
        (self.rng.next_u64() as u32) & (u32::MAX >> (32 - count))
    }

    fn register(&mut self) -> u32 {
        self.bits(5)
    }

    /// Any but x0.
    fn written(&mut self) -> u32 {
        1 + self.below(31)
    }

    fn instruction(&mut self, class: Class) {
        match class {
            Class::Immediate => self.immediate(),
            Class::Shift => {
                let (d, a, amount) = (self.register(), self.register(), self.bits(5));
                let (funct3, top) = [(1, 0), (5, 0), (5, 0x400)][self.rng.below(3)];
                self.code.wide(asm::i(0x13, funct3, d, a, top | amount));
            }
            Class::Register => {
                let funct = [(0, 0), (0x20, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0x20, 5), (0, 6), (0, 7)];
                let (funct7, funct3) = funct[self.rng.below(funct.len())];
                self.registers(funct7, funct3);
            }
            Class::Multiply => {
                let funct3 = self.below(4);
                self.registers(1, funct3);
            }
            Class::Divide => {
                let funct3 = 4 + self.below(4);
                self.registers(1, funct3);
            }
            Class::Upper => {
                let (d, upper) = (self.register(), self.bits(20));
                let opcode = [0x37, 0x17][self.rng.below(2)];
                self.code.wide(upper << 12 | d << 7 | opcode);
            }
            Class::Load => self.load(),
            Class::Store => self.store(),
            Class::Branch => self.branch(),
            Class::Jump => {
                let d = self.register();
                self.code.wide(asm::j(d, 8));
                self.immediate();
            }
            Class::JumpRegister => self.jump_register(),
            Class::Csr => self.csr(),
            Class::Ecall => drop(self.code.wide(0x73)),
            Class::Fence => {
                let fence = [0x0ff0_000f, 0x0000_100f, 0x0330_000f, 0x8330_000f][self.rng.below(4)];
                self.code.wide(fence);
            }
            Class::CompressedArithmetic => self.compressed_arithmetic(),
            Class::CompressedMemory => self.compressed_memory(),
            Class::CompressedJump => self.compressed_jump(),
        }
    }

    fn immediate(&mut self) {
        let (d, a) = (self.register(), self.register());
        let imm = match self.below(3) {
            0 => [0, 1, 0xfff, 0x7ff, 0x800][self.rng.below(5)],
            _ => self.bits(12),
        };
        let funct3 = [0, 2, 3, 4, 6, 7][self.rng.below(6)];
        self.code.wide(asm::i(0x13, funct3, d, a, imm));
    }

    fn registers(&mut self, funct7: u32, funct3: u32) {
        let (d, a, b) = (self.register(), self.register(), self.register());
        self.code.wide(asm::r(funct7, funct3, d, a, b));
    }

    /// An address in the scratch memory, in `base`, and the offset from there: aligned three times of four.
    fn address(&mut self, base: u32) -> u32 {
        let offset = self.bits(12);
        let aligned = if self.below(4) == 0 { !0 } else { !3 };
        let at = SCRATCH + 8 + (self.below(SCRATCH_SIZE - 16) & aligned);
        let signed = (offset << 20) as i32 >> 20;
        self.code.li(base, at.wrapping_sub(signed as u32));
        offset
    }

    fn load(&mut self) {
        let (d, a) = (self.register(), self.written());
        let offset = self.address(a);
        let funct3 = [0, 1, 2, 4, 5][self.rng.below(5)];
        self.code.wide(asm::i(0x03, funct3, d, a, offset));
    }

    fn store(&mut self) {
        let (a, b) = (self.written(), self.register());
        let offset = self.address(a);
        let funct3 = self.below(3);
        self.code.wide(asm::s(funct3, a, b, offset));
    }

    /// A branch over an instruction, or back to one.
    fn branch(&mut self) {
        let (a, b) = (self.register(), self.register());
        let b = if self.below(4) == 0 { a } else { b };
        let funct3 = [0, 1, 4, 5, 6, 7][self.rng.below(6)];
        if self.below(2) == 0 {
            self.code.wide(asm::b(funct3, a, b, 8));
            self.immediate();
        } else {
            self.code.wide(asm::j(0, 12));
            self.immediate();
            self.code.wide(asm::j(0, 8)).wide(asm::b(funct3, a, b, 8_u32.wrapping_neg()));
        }
    }

    /// `AUIPC`, `JALR` over an instruction; the target's lowest bit doesn't count.
    fn jump_register(&mut self) {
        let (d, a, low) = (self.register(), self.written(), self.bits(1));
        self.code.wide(a << 7 | 0x17).wide(asm::i(0x67, 0, d, a, 0xc | low));
        self.immediate();
    }

    /// On registers that keep every bit.
    fn csr(&mut self) {
        let (d, a) = (self.register(), self.register());
        let csr = [0x342, MTVAL][self.rng.below(2)];
        let funct3 = [1, 2, 3, 5, 6, 7][self.rng.below(6)];
        self.code.wide(asm::i(0x73, funct3, d, a, csr));
    }

    /// Random bits of the arithmetic forms, less the reserved ones.
    fn compressed_arithmetic(&mut self) {
        let forms = [(0, 0), (1, 0), (1, 2), (1, 3), (1, 4), (2, 0), (2, 4)];
        let (quadrant, funct3) = forms[self.rng.below(forms.len())];
        let mut bits = funct3 << 13 | self.bits(11) << 2 | quadrant;
        let (imm, d) = (bits >> 12 & 1 | bits >> 2 & 31, bits >> 7 & 31);
        match (quadrant, funct3) {
            (0, 0) if bits & 0x1fe0 == 0 => bits |= 1 << 5,
            (1, 3) if imm == 0 => bits |= 1 << 2,
            (1, 4) if bits >> 10 & 3 != 2 => bits &= !(1 << 12),
            (2, 0) => bits &= !(1 << 12),
            (2, 4) if bits & 0x7c == 0 => bits |= 1 << 2,
            // C.LUI of x2 is C.ADDI16SP, whose immediate lies in other bits, all of which count.
            _ => assert!(d < 32),
        }
        self.code.narrow(bits as u16);
    }

    fn compressed_memory(&mut self) {
        let form = self.below(4);
        let base = if form < 2 { 2 } else { 8 + self.bits(3) };
        let at = SCRATCH + (self.below(SCRATCH_SIZE - 256) & if self.below(4) == 0 { !0 } else { !3 });
        self.code.li(base, at);
        let random = self.bits(13);
        let bits = match form {
            0 => 2 << 13 | random & 0x107c | self.written() << 7 | 2,
            1 => 6 << 13 | random & 0x1ffc | 2,
            2 => 2 << 13 | random & 0x1c7c | (base - 8) << 7,
            _ => 6 << 13 | random & 0x1c7c | (base - 8) << 7,
        };
        self.code.narrow(bits as u16);
    }

    /// Over an instruction of two bytes: `C.J`, `C.JAL`, `C.BEQZ`, `C.BNEZ` by 4, `C.JR` and `C.JALR` of a target.
    fn compressed_jump(&mut self) {
        let form = self.below(6);
        match form {
            0 => drop(self.code.narrow(0xa011)),
            1 => drop(self.code.narrow(0x2011)),
            2 | 3 => {
                let a = self.bits(3);
                self.code.narrow((0xc011 | (form - 2) << 13 | a << 7) as u16);
            }
            _ => {
                let a = self.written();
                self.code.wide(a << 7 | 0x17).wide(asm::i(0x13, 0, a, a, 12));
                self.code.narrow((0x8002 | (form - 4) << 12 | a << 7) as u16);
            }
        }
        // C.ADDI of a register that is never x0.
        let (d, imm) = (self.written(), self.bits(5));
        self.code.narrow((d << 7 | imm << 2 | 1) as u16);
    }

    /// The results' place goes to mscratch, the inputs to the registers.
    fn begin(&mut self, case: usize) {
        self.code.li(31, RESULTS + (case * RESULT) as u32).wide(asm::i(0x73, 1, 0, 31, MSCRATCH));
        while !self.code.here().is_multiple_of(4) {
            self.code.narrow(1);
        }
        self.code.wide(asm::j(0, 4 + RESULT as u32));
        let table = self.code.here();
        for _ in 0..31 {
            let word = corner_word(&mut self.rng);
            self.code.wide(word);
        }
        self.code.li(31, table);
        for register in 1..32 {
            self.code.wide(asm::i(0x03, 2, register, 31, (register - 1) * 4));
        }
    }

    /// All registers to the results.
    fn end(&mut self) {
        self.code.wide(asm::i(0x73, 1, 31, 31, MSCRATCH));
        for register in 1..31 {
            self.code.wide(asm::s(2, 31, register, (register - 1) * 4));
        }
        self.code.wide(asm::i(0x73, 2, 30, 0, MSCRATCH)).wide(asm::s(2, 31, 30, 120));
    }

    /// Traps go to a handler that returns behind the `ECALL`, and counts them in a register that every case stores.
    fn handler(&mut self) {
        self.code.wide(asm::j(0, 32));
        let handler = self.code.here();
        self.code.wide(asm::i(0x73, 1, 31, 31, MTVAL)).wide(asm::i(0x73, 2, 31, 0, MEPC));
        self.code.wide(asm::i(0x13, 0, 31, 31, 4)).wide(asm::i(0x73, 1, 0, 31, MEPC));
        self.code.wide(asm::i(0x73, 1, 31, 31, MTVAL)).wide(asm::i(0x13, 0, 7, 7, 1)).wide(0x3020_0073);
        self.code.li(31, handler).wide(asm::i(0x73, 1, 0, 31, 0x305));
        self.code.wide(asm::i(0x73, 1, 0, 0, 0x342)).wide(asm::i(0x73, 1, 0, 0, MTVAL));
    }

    /// Writes the results to the console and ends.
    fn finish(&mut self, count: usize) {
        let length = RESULTS - SCRATCH + (count * RESULT) as u32;
        for (at, word) in [(0, RAM + 16), (4, 4), (8, 3), (16, 0x0074_743a)] {
            self.code.li(5, RAM + at).li(6, word).wide(asm::s(2, 5, 6, 0));
        }
        self.code.li(11, RAM).semihosting(1);
        self.code.li(5, RAM).wide(asm::s(2, 5, 10, 0));
        self.code.li(6, SCRATCH).wide(asm::s(2, 5, 6, 4)).li(6, length).wide(asm::s(2, 5, 6, 8));
        self.code.li(11, RAM).semihosting(5).exit();
    }
}

/// `count` cases of `class`, or of all of them mixed: the image, and the code of each case for messages.
fn batch(class: Option<Class>, count: usize, seed: u64) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut batch = Batch { code: Code::default(), rng: Rng::new(seed, &format!("riscv {class:?}")) };
    batch.handler();
    let mut cases = Vec::new();
    for case in 0..count {
        batch.begin(case);
        let start = batch.code.bytes.len();
        for _ in 0..LENGTH {
            let class = class.unwrap_or_else(|| CLASSES[batch.rng.below(CLASSES.len())]);
            batch.instruction(class);
        }
        cases.push(batch.code.bytes[start..].to_vec());
        batch.end();
    }
    batch.finish(count);
    (asm::elf(&batch.code.bytes), cases)
}

/// Runs an image in QEMU; what it printed, or None without QEMU.
pub(crate) fn run_qemu(elf: &Path) -> Option<Vec<u8>> {
    let output = elf.with_extension("out");
    let file = File::create(&output).expect("a file beside the image");
    let mut child = Command::new("qemu-system-riscv32")
        .args(["-M", "virt", "-cpu", "rv32", "-bios", "none", "-nographic", "-monitor", "none", "-serial", "none"])
        .args(["-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(elf)
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("a second handle"))
        .stderr(file)
        .spawn()
        .ok()?;
    for _ in 0..12_000 {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            let text = std::fs::read(&output).expect("QEMU's output");
            assert!(status.success(), "QEMU: {}", String::from_utf8_lossy(&text));
            return Some(text);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().ok();
    panic!("QEMU runs {} for more than two minutes", elf.display());
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// Compares `count` cases of `class`; false without QEMU.
fn compare(class: Option<Class>, count: usize, seed: u64, path: &Path) -> bool {
    let (elf, cases) = batch(class, count, seed);
    std::fs::write(path, &elf).expect("a file in the temporary folder");
    let Some(theirs) = run_qemu(path) else { return false };
    let mut machine = Machine::load(&elf, &asm::core(), &asm::board()).expect("an image");
    machine.set_mode(Mode::Cycles);
    let status = machine.run(100_000_000).unwrap_or_else(|fault| panic!("{class:?} seed {seed}: {fault}"));
    assert_eq!(status, 0);
    let ours = machine.console();
    assert_eq!(ours.len(), theirs.len(), "{class:?}: length");
    let skip = (RESULTS - SCRATCH) as usize;
    for (case, code) in cases.iter().enumerate() {
        let range = skip + case * RESULT..skip + (case + 1) * RESULT;
        let (mine, other) = (words(&ours[range.clone()]), words(&theirs[range]));
        let differs: Vec<String> = mine
            .iter()
            .zip(&other)
            .enumerate()
            .filter(|(_, (a, b))| a != b)
            .map(|(at, (a, b))| format!("x{}: ours {a:08x}, QEMU's {b:08x}", at + 1))
            .collect();
        assert!(differs.is_empty(), "{class:?}, seed {seed}, case {case}: {code:02x?}\n{differs:#?}");
    }
    assert_eq!(ours[..skip], theirs[..skip], "{class:?}, seed {seed}: memory");
    true
}

#[test]
fn riscv_random_instructions_are_as_in_qemu() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("random.elf");
    let mut tried = 0;
    for class in CLASSES.map(Some).into_iter().chain([None]) {
        let (mut left, mut seed) = (CASES * qemu::effort(), 0x715c);
        while left > 0 {
            let count = left.min(MOST_CASES);
            if !compare(class, count, seed, &path) {
                return qemu::skip("no qemu-system-riscv32");
            }
            (left, seed) = (left - count, seed + 1);
            tried += count * LENGTH;
        }
    }
    qemu::say(&format!("{tried} random RISC-V instructions are as in QEMU"));
}
