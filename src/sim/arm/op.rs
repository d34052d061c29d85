//! Table. Instructions as the interpreter executes them: decoded, with constants expanded and pc-relative values computed.

/// How a register operand is shifted. Amounts are 0 to 32; `Rrx` ignores its amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Shift {
    Lsl,
    Lsr,
    Asr,
    Ror,
    Rrx,
}

/// Data processing with two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Data {
    And,
    Eor,
    Orr,
    Bic,
    Orn,
    Mov,
    Mvn,
    Tst,
    Teq,
    Add,
    Sub,
    Rsb,
    Adc,
    Sbc,
    Cmp,
    Cmn,
}

/// Width and sign of a memory access; a store uses the first three.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Width {
    Word,
    Byte,
    Half,
    SignedByte,
    SignedHalf,
}

/// Sign and zero extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Extend {
    SignedHalf,
    UnsignedHalf,
    SignedBytes,
    UnsignedBytes,
    SignedByte,
    UnsignedByte,
}

/// Operations with one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Bits {
    Rev,
    Rev16,
    Rbit,
    Revsh,
    Clz,
}

/// Bit fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Field {
    Signed,
    Unsigned,
    Insert,
    Clear,
}

/// Products of 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Long {
    Smull,
    Umull,
    Smlal,
    Umlal,
    Umaal,
    /// Halves: bit 1 takes the top of `n`, bit 0 the top of `m`.
    SmlalHalf(u8),
    Smlald,
    Smlaldx,
    Smlsld,
    Smlsldx,
}

/// How a parallel addition treats overflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Lane {
    Signed,
    SignedSaturating,
    SignedHalving,
    Unsigned,
    UnsignedSaturating,
    UnsignedHalving,
}

/// What a parallel addition does with its lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Parallel {
    Add16,
    Asx,
    Sax,
    Sub16,
    Add8,
    Sub8,
}

/// DSP instructions with up to three operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Dsp {
    /// Halves: bit 1 takes the top of `n`, bit 0 the top of `m`.
    Smla(u8),
    Smul(u8),
    /// Word by half: 1 takes the top of `m`.
    Smlaw(u8),
    Smulw(u8),
    Smlad,
    Smladx,
    Smuad,
    Smuadx,
    Smlsd,
    Smlsdx,
    Smusd,
    Smusdx,
    Smmla,
    Smmlar,
    Smmls,
    Smmlsr,
    Smmul,
    Smmulr,
    Usad8,
    Usada8,
    Qadd,
    Qsub,
    Qdadd,
    Qdsub,
    Sel,
    Parallel(Lane, Parallel),
}

/// Float arithmetic. Registers are numbered as singles; a double is the even one of its pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Float {
    Add,
    Sub,
    Mul,
    Nmul,
    Mla,
    Mls,
    Nmla,
    Nmls,
    Fma,
    Fms,
    Fnma,
    Fnms,
    Div,
    Mov,
    Abs,
    Neg,
    Sqrt,
    /// The larger and the smaller number (`VMAXNM`, `VMINNM`).
    Maximum,
    Minimum,
    /// To an integral value (`VRINT`); the second form notes inexact results.
    Round(Rounded),
    RoundExact,
    Cmp,
    Cmpe,
    CmpZero,
    CmpeZero,
    /// Half precision in the bottom or top of the register to single.
    FromHalf(bool),
    ToHalf(bool),
    FromInt(Sign),
    ToInt(Sign, Rounded),
    /// Double from single precision, and back.
    Widen,
    Narrow,
}

/// Whether an integer has a sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Sign {
    Signed,
    Unsigned,
}

/// How a conversion to an integer rounds: to zero, as FPSCR says, or as the instruction does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Rounded {
    ToZero,
    AsSet,
    Away,
    Nearest,
    Up,
    Down,
}

/// Where a load or store with a base register leaves that register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Index {
    /// Unchanged.
    Offset,
    /// Updated before the access.
    Pre,
    /// Updated after the access.
    Post,
}

/// One instruction. Registers are numbers 0 to 14; reads of pc have become constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[rustfmt::skip] // a table: one line an instruction
pub(in crate::sim) enum Op {
    /// The loop must look closer: at one not decoded yet, or one with marks.
    Special,
    /// No code of the image: data, or past its end.
    Outside,
    /// No instruction of this core, or one whose behaviour Arm leaves open.
    Undefined,
    Nop,
    /// `IT`: its conditions are in the following slots.
    It,
    /// `IT` that tests its one condition for all of its block; what a skipped block costs less.
    ItSkip { condition: u8, halfwords: u8, saved: i8 },
    Barrier,

    MovImm { d: u8, imm: u32 },
    MovImmS { d: u8, imm: u32 },
    Mov { d: u8, m: u8 },
    Add { d: u8, n: u8, m: u8 },
    AddS { d: u8, n: u8, m: u8 },
    AddImm { d: u8, n: u8, imm: u32 },
    AddImmS { d: u8, n: u8, imm: u32 },
    AddLsl { d: u8, n: u8, m: u8, amount: u8 },
    Sub { d: u8, n: u8, m: u8 },
    SubS { d: u8, n: u8, m: u8 },
    SubImmS { d: u8, n: u8, imm: u32 },
    Cmp { n: u8, m: u8 },
    CmpImm { n: u8, imm: u32 },
    /// Logic by an immediate without flags, and the rarer arithmetic.
    DataImm { data: Data, d: u8, n: u8, imm: u32 },
    DataImmS { data: Data, d: u8, n: u8, imm: u32 },
    /// The same with flags, for an immediate whose top bit goes to the carry flag.
    DataImmC { data: Data, d: u8, n: u8, imm: u32 },
    DataReg { data: Data, s: bool, d: u8, n: u8, m: u8, shift: Shift, amount: u8 },
    /// A shift by a register.
    ShiftReg { shift: Shift, s: bool, d: u8, n: u8, m: u8 },
    Movt { d: u8, imm: u16 },
    ExtendAdd { extend: Extend, d: u8, n: u8, m: u8, rotate: u8 },
    Extend { extend: Extend, d: u8, m: u8, rotate: u8 },
    Bits { bits: Bits, d: u8, m: u8 },
    Field { field: Field, d: u8, n: u8, lsb: u8, width: u8 },
    /// Saturation of a shifted operand to `bits`.
    Saturate { sign: Sign, d: u8, n: u8, shift: Shift, amount: u8, bits: u8 },
    Saturate16 { sign: Sign, d: u8, n: u8, bits: u8 },
    Pack { d: u8, n: u8, m: u8, top: bool, amount: u8 },

    Mul { d: u8, n: u8, m: u8 },
    MulS { d: u8, n: u8, m: u8 },
    Mla { d: u8, n: u8, m: u8, a: u8 },
    Mls { d: u8, n: u8, m: u8, a: u8 },
    Long { long: Long, low: u8, high: u8, n: u8, m: u8 },
    Divide { sign: Sign, d: u8, n: u8, m: u8 },
    Smlad { d: u8, n: u8, m: u8, a: u8 },
    Smlabb { d: u8, n: u8, m: u8, a: u8 },
    Dsp { dsp: Dsp, d: u8, n: u8, m: u8, a: u8 },

    Ldr { t: u8, n: u8, offset: u32 },
    Ldrb { t: u8, n: u8, offset: u32 },
    Ldrsb { t: u8, n: u8, offset: u32 },
    LoadImm { width: Width, t: u8, n: u8, offset: u32 },
    LdrReg { t: u8, n: u8, m: u8, shift: u8 },
    LdrbReg { t: u8, n: u8, m: u8, shift: u8 },
    LdrsbReg { t: u8, n: u8, m: u8, shift: u8 },
    LoadReg { width: Width, t: u8, n: u8, m: u8, shift: u8 },
    LoadLiteral { width: Width, t: u8, address: u32 },
    LoadIndexed { width: Width, t: u8, n: u8, post: bool, offset: i16 },
    Str { t: u8, n: u8, offset: u32 },
    Strb { t: u8, n: u8, offset: u32 },
    Strh { t: u8, n: u8, offset: u32 },
    StoreReg { width: Width, t: u8, n: u8, m: u8, shift: u8 },
    StoreIndexed { width: Width, t: u8, n: u8, post: bool, offset: i16 },
    LoadDouble { t: u8, t2: u8, n: u8, index: Index, offset: i16 },
    StoreDouble { t: u8, t2: u8, n: u8, index: Index, offset: i16 },
    LoadDoubleLiteral { t: u8, t2: u8, address: u32 },
    LoadMultiple { n: u8, list: u16, writeback: bool, before: bool },
    /// `STMDB sp!`: checks the stack's limit.
    Push { list: u16 },
    /// `SUB sp, sp, #imm`: checks the stack's limit.
    SubSp { imm: u32 },
    StoreMultiple { n: u8, list: u16, writeback: bool, before: bool },
    LoadExclusive { width: Width, t: u8, n: u8, offset: u16 },
    StoreExclusive { width: Width, d: u8, t: u8, n: u8, offset: u16 },
    ClearExclusive,
    /// `LDA`, `STL` and their narrow forms: aligned, and in order, as everything is here.
    LoadAcquire { width: Width, t: u8, n: u8 },
    StoreRelease { width: Width, t: u8, n: u8 },
    /// `TT`, `TTT`.
    TestTarget { d: u8 },

    /// Pairs, which `fuse` makes; offsets of branches are bytes from the instruction behind.
    CmpBranch { n: u8, m: u8, condition: u8, offset: i16 },
    CmpImmBranch { n: u8, imm: u8, condition: u8, offset: i16 },
    SubImmBranch { d: u8, n: u8, imm: u8, condition: u8, offset: i16 },
    LdrsbTwice { t: u8, n: u8, first: u8, t2: u8, n2: u8, second: u8 },
    /// `LDRSB t, [n], #1` twice.
    LdrsbNextTwice { t: u8, n: u8, t2: u8, n2: u8 },
    LdrsbSmlabb { tn: u8, offset: u8, d: u8, x: u8, y: u8, a: u8 },
    SmladTwice { da: u8, nm: u8, d: u8, n: u8, m: u8, a: u8 },

    Branch { target: u32 },
    BranchIf { condition: u8, target: u32 },
    BranchLink { target: u32 },
    BranchZero { n: u8, target: u32 },
    BranchNotZero { n: u8, target: u32 },
    /// `BX`, with the Thumb bit checked.
    BranchExchange { m: u8 },
    BranchLinkExchange { m: u8 },
    /// `MOV pc, m`: no interworking.
    BranchReg { m: u8 },
    /// `ADD pc, m`.
    BranchAdd { m: u8, base: u32 },
    /// `TBB`, `TBH`; the base is pc where `n` is 15.
    TableBranch { half: bool, n: u8, m: u8, base: u32 },
    LoadPc { n: u8, index: Index, offset: i16 },
    LoadPcReg { n: u8, m: u8, shift: u8 },
    LoadPcLiteral { address: u32 },

    ReadSystem { d: u8, register: u8 },
    WriteSystem { n: u8, register: u8, mask: u8 },
    /// `CPSIE`, `CPSID`.
    Mask { disable: bool, primask: bool, faultmask: bool },
    Supervisor { imm: u8 },
    /// `WFE`, `WFI`.
    Wait { event: bool },
    /// `SEV`.
    SendEvent,
    Breakpoint { imm: u8 },

    Float { float: Float, d: u8, n: u8, m: u8 },
    /// The same with doubles; a register that holds a single, a half or an integer may be odd.
    Double { float: Float, d: u8, n: u8, m: u8 },
    /// `VSEL`.
    FloatSelect { double: bool, condition: u8, d: u8, n: u8, m: u8 },
    FloatImm { double: bool, d: u8, imm: u8 },
    /// From fixed point; `bits` 16 or 32, `fraction` of them after the point.
    FromFixed { double: bool, sign: Sign, d: u8, bits: u8, fraction: u8 },
    ToFixed { double: bool, sign: Sign, d: u8, bits: u8, fraction: u8 },
    FloatLoad { d: u8, count: u8, n: u8, offset: i16 },
    FloatStore { d: u8, count: u8, n: u8, offset: i16 },
    FloatLoadLiteral { d: u8, count: u8, address: u32 },
    FloatLoadMultiple { d: u8, count: u8, n: u8, writeback: bool, before: bool },
    FloatStoreMultiple { d: u8, count: u8, n: u8, writeback: bool, before: bool },
    FloatToCore { t: u8, s: u8 },
    CoreToFloat { t: u8, s: u8 },
    FloatPairToCore { t: u8, t2: u8, s: u8 },
    CorePairToFloat { t: u8, t2: u8, s: u8 },
    /// `VMRS`; to APSR where `t` is 15.
    ReadFpscr { t: u8 },
    WriteFpscr { t: u8 },
}

impl Op {
    /// The op in its most general form: for costs and text.
    pub(super) fn general(self) -> Self {
        match self {
            Self::Push { list } => Self::StoreMultiple { n: 13, list, writeback: true, before: true },
            Self::SubSp { imm } => Self::AddImm { d: 13, n: 13, imm: imm.wrapping_neg() },
            Self::ItSkip { .. } => Self::It,
            op => op,
        }
    }

    /// Whether it may change N, Z, C or V.
    pub(super) fn may_set_flags(self) -> bool {
        let compares = |data| matches!(data, Data::Tst | Data::Teq | Data::Cmp | Data::Cmn);
        match self {
            Self::MovImmS { .. }
            | Self::AddS { .. }
            | Self::AddImmS { .. }
            | Self::SubS { .. }
            | Self::SubImmS { .. }
            | Self::Cmp { .. }
            | Self::CmpImm { .. }
            | Self::DataImmS { .. }
            | Self::DataImmC { .. }
            | Self::MulS { .. }
            | Self::WriteSystem { .. }
            | Self::ReadFpscr { t: 15 } => true,
            Self::DataImm { data, .. } => compares(data),
            Self::DataReg { data, s, .. } => s || compares(data),
            Self::ShiftReg { s, .. } => s,
            _ => false,
        }
    }

    /// The op in the form that the loop executes best.
    pub(super) fn special(self) -> Self {
        match self {
            Self::StoreMultiple { n: 13, list, writeback: true, before: true } => Self::Push { list },
            Self::AddImm { d: 13, n: 13, imm } if imm >> 31 == 1 => Self::SubSp { imm: imm.wrapping_neg() },
            op => op,
        }
    }
}

const _: () = assert!(size_of::<Op>() == 8, "bug: an instruction must stay small: it is read for every step");
