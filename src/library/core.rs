//! A processor core as data: instruction set, compiler flags, cycle costs; read from `stdlib/cores/NAME.toml`.

use serde::Deserialize;

use super::accuracy::Accuracy;
use crate::base::{Diag, Source};

/// A core.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Core {
    /// Its name: the file's stem.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The instruction set.
    pub isa: Isa,
    /// The floating-point unit.
    pub fpu: Fpu,
    /// Has the DSP instructions (`SMLAD`, `QADD16`, …).
    pub dsp: bool,
    /// How far simulated cycles are known to be from measured ones; reports repeat it.
    pub validation: Accuracy,
    /// What zig is told.
    pub zig: Zig,
    /// What gcc is told.
    pub gcc: Gcc,
    /// What only cores of its family have, cycle costs among it.
    pub family: Family,
}

/// What only cores of one family have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Family {
    /// Cortex-M.
    Arm(Arm),
    /// RV32.
    Riscv(Riscv),
}

/// What only Cortex-M cores have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arm {
    /// What the register `CPUID` reads as.
    pub cpuid: u32,
    /// Cycle costs.
    pub cycles: Cycles,
    /// What exceptions cost.
    pub exceptions: Exceptions,
}

/// What only RISC-V cores have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Riscv {
    /// Which control and status registers there are.
    pub registers: Registers,
    /// Loads and stores may cross their natural alignment; else they trap.
    pub unaligned: bool,
    /// Cycle costs.
    pub cycles: RiscvCycles,
}

/// Control and status registers beside those for traps, which every core has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registers {
    /// `mie`, `mip`, and the counters `mcycle`, `minstret`, `cycle`, `instret`.
    Standard,
    /// Espressif's own counter: `mpcer`, `mpcmr`, `mpccr`.
    Espressif,
}

/// An instruction set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub enum Isa {
    /// `ARMv6-M`: Cortex-M0, M0+.
    #[serde(rename = "armv6-m")]
    ArmV6M,
    /// `ARMv7-M`: Cortex-M3, and with DSP `ARMv7E-M`: Cortex-M4, M7.
    #[serde(rename = "armv7-m")]
    ArmV7M,
    /// `ARMv8-M` with the Main Extension: Cortex-M33.
    #[serde(rename = "armv8-m.main")]
    ArmV8M,
    /// RISC-V: 32 bits, multiplication and division, compressed instructions; with Zicsr and Zifencei.
    #[serde(rename = "rv32imc")]
    Rv32imc,
}

/// A floating-point unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fpu {
    /// None: floats are computed by library code.
    None,
    /// Single precision, 16 double registers for moves.
    Fpv4Sp,
    /// The same with directed rounding, selection, and the larger and smaller number.
    Fpv5Sp,
    /// Single and double precision.
    Fpv5Dp,
}

/// Arguments for `zig cc`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zig {
    /// `-target`.
    pub target: String,
    /// `-mcpu`.
    pub cpu: String,
}

/// Arguments for the family's gcc.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gcc {
    /// Architecture flags.
    pub flags: Vec<String>,
}

/// Cycles per instruction. Where a cost depends on `N`, the number of registers, the field is the part without `N`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cycles {
    /// The document and table that the numbers are from.
    pub source: String,
    /// Data processing, moves, extends, bit fields, hints.
    pub data: u8,
    /// `IT`.
    pub it: u8,
    /// `MUL`.
    pub multiply: u8,
    /// `MLA`, `MLS` and the 32-bit DSP accumulations.
    pub multiply_add: u8,
    /// `UMULL`, `SMULL`.
    pub multiply_long: u8,
    /// `UMLAL`, `SMLAL`, `UMAAL`, `SMLALD`.
    pub multiply_add_long: u8,
    /// `SDIV`, `UDIV` with a quotient of zero.
    pub divide: u8,
    /// Bits of the quotient that a further cycle of a division finds; 0: every division takes `divide`.
    pub divide_bits: u8,
    /// Cycles of the longest division.
    pub divide_most: u8,
    /// A single load.
    pub load: u8,
    /// What a load saves after a load that doesn't produce its address.
    pub load_after_load: u8,
    /// Added where the instruction just before loaded a register that this one computes with.
    pub load_use: u8,
    /// A single store with an immediate offset.
    pub store: u8,
    /// A single store with a register offset.
    pub store_register: u8,
    /// What that store saves after a load.
    pub store_after_load: u8,
    /// `LDRD`, `STRD`.
    pub double: u8,
    /// `LDM`, `STM`, `PUSH`, `POP`: plus `N`.
    pub multiple: u8,
    /// Added for a list with pc, beside `taken`.
    pub multiple_pc: u8,
    /// Added where the instruction just before wrote an address register.
    pub address_interlock: u8,
    /// Added for each further access that one across a boundary of its size becomes.
    pub unaligned: u8,
    /// A branch that isn't taken, and the part of every branch to a constant address before `taken`.
    pub branch: u8,
    /// The same for `BL`.
    pub branch_link: u8,
    /// The same for branches to an address in a register.
    pub branch_register: u8,
    /// `TBB`, `TBH`, before `taken`.
    pub branch_table: u8,
    /// A load of pc, before `taken`.
    pub load_pc: u8,
    /// Added for every taken branch: refilling the pipeline.
    pub taken: u8,
    /// Added where a branch leads to a 32-bit instruction that no single aligned word holds.
    pub taken_across: u8,
    /// `MRS`, `MSR`.
    pub system: u8,
    /// `DMB`, `DSB`, `ISB`.
    pub barrier: u8,
    /// Float addition, multiplication, comparison, conversion, move.
    pub float: u8,
    /// `VMLA`, `VFMA` and their kin.
    pub float_multiply_add: u8,
    /// `VDIV`, `VSQRT`.
    pub float_divide: u8,
    /// The same take a cycle, and the rest of their time passes while instructions without floats run.
    pub float_divide_beside: bool,
    /// `VLDR` of one single; it pipelines as `LDR` does.
    pub float_load: u8,
    /// `VSTR` of one single.
    pub float_store: u8,
    /// Added where the instruction just before computed a float that this one uses, other than to add a product to it.
    pub float_interlock: u8,
    /// How two instructions go at once, on a core that does so; the numbers above then count only for branches,
    /// system registers, barriers and accesses across boundaries.
    #[serde(default)]
    pub dual: Option<Dual>,
}

/// An in-order core with two slots: cycles from issue to the first cycle in which another instruction may use the result.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dual {
    /// Arithmetic, logic, moves.
    pub data: u8,
    /// Saturation and the additions that saturate.
    pub saturate: u8,
    /// Every multiplication of integers.
    pub multiply: u8,
    /// `SDIV`, `UDIV`: they hold up everything.
    pub divide: u8,
    /// `LDR`, `LDRD`, `LDM`, `VLDR`.
    pub load: u8,
    /// Loads of bytes and halfwords.
    pub load_narrow: u8,
    /// How much earlier than others addresses and operands to shift must be there.
    pub early: u8,
    /// How much later than others the value to store and the sum of a multiplication may come.
    pub late: u8,
    /// Words that `LDM`, `STM` move in a cycle.
    pub words: u8,
    /// Float addition, multiplication, conversion, move.
    pub float: u8,
    /// `VMLA` and its kin.
    pub float_multiply_add: u8,
    /// How much later than others their sum and a float to store may come.
    pub float_late: u8,
    /// `VDIV`, `VSQRT`: they hold up other floats.
    pub float_divide: u8,
    /// What doubles add: to `float`,
    pub double: u8,
    /// to the multiplication,
    pub double_multiply: u8,
    /// and to the division.
    pub double_divide: u8,
}

/// Cycles between a program and a handler, with memory that never waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// From the request to the handler's first instruction.
    pub entry: u8,
    /// From a handler's last instruction to the program.
    pub exit: u8,
    /// From one handler to the next.
    pub tail_chain: u8,
}

/// Cycles per instruction of a RISC-V core.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiscvCycles {
    /// The document and table that the numbers are from.
    pub source: String,
    /// Integer computation.
    pub integer: u8,
    /// `MUL`.
    pub multiply: u8,
    /// `MULH`, `MULHSU`, `MULHU`.
    pub multiply_high: u8,
    /// `DIV`, `DIVU`, `REM`, `REMU` by a divisor whose top bit counts.
    pub divide: u8,
    /// Added for every leading bit of the divisor that only repeats its sign.
    pub divide_bit: u8,
    /// A load.
    pub load: u8,
    /// Added where an instruction uses what the one just before it loads.
    pub load_use: u8,
    /// A store.
    pub store: u8,
    /// Added for an access that crosses its natural alignment.
    pub unaligned: u8,
    /// A branch that isn't taken.
    pub branch: u8,
    /// A branch that is taken.
    pub branch_taken: u8,
    /// `JAL`, `JALR`, `ECALL`, `MRET`; at least what a taken branch has more than another one.
    pub jump: u8,
    /// Added where a `JALR` uses what the instruction just before it computes.
    pub jump_register_use: u8,
    /// An access to a control and status register.
    pub csr: u8,
    /// `FENCE`, `FENCE.I`.
    pub fence: u8,
}

impl RiscvCycles {
    /// What a taken branch has more than another one.
    pub fn taken(&self) -> u8 {
        self.branch_taken.saturating_sub(self.branch)
    }
}

/// The file of a Cortex-M core.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArmFile {
    title: String,
    isa: Isa,
    fpu: Fpu,
    dsp: bool,
    cpuid: u32,
    validation: Accuracy,
    zig: Zig,
    gcc: Gcc,
    cycles: Cycles,
    #[serde(default)]
    exceptions: Exceptions,
}

/// The file of a RISC-V core.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiscvFile {
    title: String,
    isa: Isa,
    registers: Registers,
    unaligned: bool,
    validation: Accuracy,
    zig: Zig,
    gcc: Gcc,
    cycles: RiscvCycles,
}

/// What says which of the two a file is.
#[derive(Deserialize)]
struct Head {
    isa: Isa,
}

impl From<ArmFile> for Core {
    fn from(file: ArmFile) -> Self {
        let ArmFile { title, isa, fpu, dsp, cpuid, validation, zig, gcc, cycles, exceptions } = file;
        let family = Family::Arm(Arm { cpuid, cycles, exceptions });
        Self { name: String::new(), title, isa, fpu, dsp, validation, zig, gcc, family }
    }
}

impl From<RiscvFile> for Core {
    fn from(file: RiscvFile) -> Self {
        let RiscvFile { title, isa, registers, unaligned, validation, zig, gcc, cycles } = file;
        let family = Family::Riscv(Riscv { registers, unaligned, cycles });
        Self { name: String::new(), title, isa, fpu: Fpu::None, dsp: false, validation, zig, gcc, family }
    }
}

impl Core {
    /// Reads the core called `name` from the text of its file.
    ///
    /// # Errors
    /// `tml::core` where the text isn't TOML or a field is unknown, missing or of the wrong kind.
    pub fn parse(name: &str, source: &Source) -> Result<Self, Diag> {
        let text = source.text();
        let read = || -> Result<Self, toml::de::Error> {
            let head: Head = toml::from_str(text)?;
            if head.isa == Isa::Rv32imc {
                Ok(toml::from_str::<RiscvFile>(text)?.into())
            } else {
                Ok(toml::from_str::<ArmFile>(text)?.into())
            }
        };
        let refused = |error: &toml::de::Error| {
            let span = error.span().unwrap_or(0..0);
            Diag::error("tml::core", format!("the core `{name}` can't be read"))
                .at(&source.span(span), "here")
                .note(error.message().to_string())
                .help("compare with a core of the standard library: cargo tinyml explain cortex_m4f")
        };
        let core = read().map_err(|error| refused(&error))?;
        if let Family::Riscv(Riscv { cycles, .. }) = &core.family
            && (cycles.jump < cycles.taken() || cycles.branch_taken < cycles.branch)
        {
            let title = format!("the core `{name}` has a taken branch or a jump that costs less than nothing");
            return Err(Diag::error("tml::core", title)
                .at(&source.span(0..0), "in this file")
                .help("`branch` is at most `branch_taken`, and their difference at most `jump`"));
        }
        Ok(Self { name: name.to_string(), ..core })
    }
}
