//! The text of an instruction, in the assembler's words and without its shorter aliases.

use super::op::{Change, Op, Rare, Width};

/// The registers by their names in the calling convention.
pub(super) const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
    "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

fn name(register: u8) -> &'static str {
    NAMES[usize::from(register & 31)]
}

/// The instruction as text. Constants that the program builds in steps show as they come out.
pub(super) fn print(op: Op) -> String {
    register_immediate(op)
        .or_else(|| registers(op))
        .or_else(|| memory(op))
        .or_else(|| transfer(op))
        .unwrap_or_else(|| system(op))
}

fn register_immediate(op: Op) -> Option<String> {
    let (word, d, a, imm) = match op {
        Op::LoadImm { d, imm } => return Some(format!("li {},{imm:#x}", name(d))),
        Op::GrowStack { imm } => ("addi", 2, 2, imm as i32),
        Op::AddImm { d, a, imm } => ("addi", d, a, imm as i32),
        Op::SltImm { d, a, imm } => ("slti", d, a, imm as i32),
        Op::SltuImm { d, a, imm } => ("sltiu", d, a, imm as i32),
        Op::XorImm { d, a, imm } => ("xori", d, a, imm as i32),
        Op::OrImm { d, a, imm } => ("ori", d, a, imm as i32),
        Op::AndImm { d, a, imm } => ("andi", d, a, imm as i32),
        Op::SllImm { d, a, amount } => ("slli", d, a, amount.into()),
        Op::SrlImm { d, a, amount } => ("srli", d, a, amount.into()),
        Op::SraImm { d, a, amount } => ("srai", d, a, amount.into()),
        _ => return None,
    };
    Some(format!("{word} {},{},{imm}", name(d), name(a)))
}

fn registers(op: Op) -> Option<String> {
    let (word, d, a, b) = match op {
        Op::Add { d, a, b } => ("add", d, a, b),
        Op::Sub { d, a, b } => ("sub", d, a, b),
        Op::Sll { d, a, b } => ("sll", d, a, b),
        Op::Slt { d, a, b } => ("slt", d, a, b),
        Op::Sltu { d, a, b } => ("sltu", d, a, b),
        Op::Xor { d, a, b } => ("xor", d, a, b),
        Op::Srl { d, a, b } => ("srl", d, a, b),
        Op::Sra { d, a, b } => ("sra", d, a, b),
        Op::Or { d, a, b } => ("or", d, a, b),
        Op::And { d, a, b } => ("and", d, a, b),
        Op::Mul { d, a, b } => ("mul", d, a, b),
        Op::Rare { rare, d, a, b } => (rare_name(rare), d, a, b),
        _ => return None,
    };
    Some(format!("{word} {},{},{}", name(d), name(a), name(b)))
}

fn rare_name(rare: Rare) -> &'static str {
    match rare {
        Rare::Mulh => "mulh",
        Rare::Mulhsu => "mulhsu",
        Rare::Mulhu => "mulhu",
        Rare::Div => "div",
        Rare::Divu => "divu",
        Rare::Rem => "rem",
        Rare::Remu => "remu",
    }
}

fn memory(op: Op) -> Option<String> {
    let (word, value, a, offset) = match op {
        Op::Lb { d, a, offset } => ("lb", d, a, offset),
        Op::Lh { d, a, offset } => ("lh", d, a, offset),
        Op::Lw { d, a, offset } => ("lw", d, a, offset),
        Op::Lbu { d, a, offset } => ("lbu", d, a, offset),
        Op::Lhu { d, a, offset } => ("lhu", d, a, offset),
        Op::LoadNothing { width, a, offset } => (width_name(width), 0, a, offset),
        Op::Sb { a, b, offset } => ("sb", b, a, offset),
        Op::Sh { a, b, offset } => ("sh", b, a, offset),
        Op::Sw { a, b, offset } => ("sw", b, a, offset),
        _ => return None,
    };
    Some(format!("{word} {},{}({})", name(value), offset as i32, name(a)))
}

fn width_name(width: Width) -> &'static str {
    match width {
        Width::SignedByte => "lb",
        Width::SignedHalf => "lh",
        Width::Word => "lw",
        Width::Byte => "lbu",
        Width::Half => "lhu",
    }
}

fn transfer(op: Op) -> Option<String> {
    let (word, a, b, target) = match op {
        Op::Beq { a, b, target } => ("beq", a, b, target),
        Op::Bne { a, b, target } => ("bne", a, b, target),
        Op::Blt { a, b, target } => ("blt", a, b, target),
        Op::Bge { a, b, target } => ("bge", a, b, target),
        Op::Bltu { a, b, target } => ("bltu", a, b, target),
        Op::Bgeu { a, b, target } => ("bgeu", a, b, target),
        Op::Jump { target } => return Some(format!("jal zero,{target:#x}")),
        Op::JumpLink { d, target } => return Some(format!("jal {},{target:#x}", name(d))),
        Op::JumpReg { a, offset } => return Some(format!("jalr zero,{}({})", offset as i32, name(a))),
        Op::JumpLinkReg { d, a, offset } => return Some(format!("jalr {},{}({})", name(d), offset as i32, name(a))),
        _ => return None,
    };
    Some(format!("{word} {},{},{target:#x}", name(a), name(b)))
}

fn system(op: Op) -> String {
    let word = match op {
        Op::Csr { change, immediate, d, a, csr } => return csr_text(change, immediate, d, a, csr),
        Op::Pending => "?",
        Op::Outside => "not code",
        Op::Fence => "fence",
        Op::FenceInstruction => "fence.i",
        Op::Ecall => "ecall",
        Op::Ebreak => "ebreak",
        Op::Mret => "mret",
        Op::Wfi => "wfi",
        Op::Nop => "nop",
        _ => "unimp",
    };
    word.to_string()
}

fn csr_text(change: Change, immediate: bool, d: u8, a: u8, csr: u16) -> String {
    let word = match change {
        Change::Write => "csrrw",
        Change::Set => "csrrs",
        Change::Clear => "csrrc",
    };
    let (suffix, source) = if immediate { ("i", a.to_string()) } else { ("", name(a).to_string()) };
    format!("{word}{suffix} {},{csr:#x},{source}", name(d))
}
