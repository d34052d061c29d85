//! Table. RISC-V instructions as the interpreter executes them: immediates expanded, pc-relative values computed, writes
//! of x0 dropped.

/// Operations of `OP` and `OP-IMM` that inner loops rarely have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Rare {
    Mulh,
    Mulhsu,
    Mulhu,
    Div,
    Divu,
    Rem,
    Remu,
}

/// Width and sign of a load that keeps nothing: its destination is x0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Width {
    SignedByte,
    SignedHalf,
    Word,
    Byte,
    Half,
}

/// What a CSR instruction does with the old value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Change {
    Write,
    Set,
    Clear,
}

/// One instruction. Registers are numbers 0 to 31; `d` is never 0, except of `Csr`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[rustfmt::skip] // a table: one line an instruction
pub(in crate::sim) enum Op {
    /// Not looked at yet.
    Pending,
    /// No code of the image: data, or past its end.
    Outside,
    /// No instruction of this core, or a reserved one.
    Undefined,
    /// Also every hint.
    Nop,

    /// `LUI`, `AUIPC`, and `ADDI` from x0.
    LoadImm { d: u8, imm: u32 },
    AddImm { d: u8, a: u8, imm: u32 },
    /// `ADDI sp, sp, -n`: the stack grows.
    GrowStack { imm: u32 },
    SltImm { d: u8, a: u8, imm: u32 },
    SltuImm { d: u8, a: u8, imm: u32 },
    XorImm { d: u8, a: u8, imm: u32 },
    OrImm { d: u8, a: u8, imm: u32 },
    AndImm { d: u8, a: u8, imm: u32 },
    SllImm { d: u8, a: u8, amount: u8 },
    SrlImm { d: u8, a: u8, amount: u8 },
    SraImm { d: u8, a: u8, amount: u8 },
    Add { d: u8, a: u8, b: u8 },
    Sub { d: u8, a: u8, b: u8 },
    Sll { d: u8, a: u8, b: u8 },
    Slt { d: u8, a: u8, b: u8 },
    Sltu { d: u8, a: u8, b: u8 },
    Xor { d: u8, a: u8, b: u8 },
    Srl { d: u8, a: u8, b: u8 },
    Sra { d: u8, a: u8, b: u8 },
    Or { d: u8, a: u8, b: u8 },
    And { d: u8, a: u8, b: u8 },
    Mul { d: u8, a: u8, b: u8 },
    Rare { rare: Rare, d: u8, a: u8, b: u8 },

    Lb { d: u8, a: u8, offset: u32 },
    Lh { d: u8, a: u8, offset: u32 },
    Lw { d: u8, a: u8, offset: u32 },
    Lbu { d: u8, a: u8, offset: u32 },
    Lhu { d: u8, a: u8, offset: u32 },
    /// A load into x0: it may fault, and a device may notice.
    LoadNothing { width: Width, a: u8, offset: u32 },
    Sb { a: u8, b: u8, offset: u32 },
    Sh { a: u8, b: u8, offset: u32 },
    Sw { a: u8, b: u8, offset: u32 },

    Beq { a: u8, b: u8, target: u32 },
    Bne { a: u8, b: u8, target: u32 },
    Blt { a: u8, b: u8, target: u32 },
    Bge { a: u8, b: u8, target: u32 },
    Bltu { a: u8, b: u8, target: u32 },
    Bgeu { a: u8, b: u8, target: u32 },
    /// `JAL x0`.
    Jump { target: u32 },
    /// `JAL`.
    JumpLink { d: u8, target: u32 },
    /// `JALR x0`.
    JumpReg { a: u8, offset: u32 },
    /// `JALR`.
    JumpLinkReg { d: u8, a: u8, offset: u32 },

    /// Source a register, or the number `a` itself where `immediate`; without a write where `a` is 0 for set and clear.
    Csr { change: Change, immediate: bool, d: u8, a: u8, csr: u16 },
    Fence,
    FenceInstruction,
    Ecall,
    Ebreak,
    Mret,
    Wfi,
}

const _: () = assert!(size_of::<Op>() == 8, "bug: an instruction must stay small: it is read for every step");
