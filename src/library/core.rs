//! A processor core as data: instruction set, compiler flags, cycle costs; read from `stdlib/cores/NAME.toml`.

use serde::Deserialize;

use super::accuracy::Accuracy;
use crate::base::{Diag, Source};

/// A core.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Core {
    /// Its name: the file's stem.
    #[serde(skip)]
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The instruction set.
    pub isa: Isa,
    /// The floating-point unit.
    pub fpu: Fpu,
    /// Has the DSP instructions (`SMLAD`, `QADD16`, …).
    pub dsp: bool,
    /// What the register `CPUID` reads as.
    pub cpuid: u32,
    /// How far simulated cycles are known to be from measured ones; reports repeat it.
    pub validation: Accuracy,
    /// What zig is told.
    pub zig: Zig,
    /// What gcc is told.
    pub gcc: Gcc,
    /// Cycle costs.
    pub cycles: Cycles,
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

/// Arguments for `arm-none-eabi-gcc`.
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

impl Core {
    /// Reads the core called `name` from the text of its file.
    ///
    /// # Errors
    /// `tml::core` where the text isn't TOML or a field is unknown, missing or of the wrong kind.
    pub fn parse(name: &str, source: &Source) -> Result<Self, Diag> {
        toml::from_str::<Self>(source.text()).map(|core| Self { name: name.to_string(), ..core }).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Diag::error("tml::core", format!("the core `{name}` can't be read"))
                .at(&source.span(span), "here")
                .note(error.message().to_string())
                .help("compare with a core of the standard library: cargo tinyml explain cortex_m4f")
        })
    }
}
