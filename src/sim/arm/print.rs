//! Instructions as an assembler writes them (UAL, DDI 0403E A7.7), from what the interpreter executes: a wrong decoding
//! shows in the text. Widths (`.w`, `.n`) are not told, and conditions stand in the `it` before.

use std::fmt::Write;

use super::op::{Bits, Data, Dsp, Extend, Field, Index, Lane, Long, Op, Parallel, Shift, Sign, Width};
use super::print_float;

/// Names of the core registers.
const REGISTERS: [&str; 16] =
    ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"];
/// Conditions 0 to 14; the last one is always.
const CONDITIONS: [&str; 15] =
    ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al"];

/// The text of `op` at `pc`.
pub(super) fn print(op: Op, pc: u32) -> String {
    let op = op.general();
    data(op)
        .or_else(|| arithmetic(op))
        .or_else(|| memory(op, pc))
        .or_else(|| control(op, pc))
        .or_else(|| print_float::print(op, pc))
        // An instruction that this file doesn't know yet still has a name.
        .unwrap_or_else(|| format!("{op:?}").to_lowercase())
}

pub(super) fn register(number: u8) -> &'static str {
    REGISTERS[usize::from(number & 15)]
}

/// Small numbers in decimal, large ones in hexadecimal.
fn number(value: u32) -> String {
    if value < 4096 { format!("#{value}") } else { format!("#{value:#x}") }
}

pub(super) fn condition_name(condition: u8) -> &'static str {
    CONDITIONS.get(usize::from(condition)).unwrap_or(&"?")
}

pub(super) fn signed(value: i32) -> String {
    format!("#{value}")
}

fn s(flags: bool) -> &'static str {
    if flags { "s" } else { "" }
}

fn three(name: &str, d: u8, n: u8, last: &str) -> String {
    format!("{name} {}, {}, {last}", register(d), register(n))
}

fn name(data: Data) -> &'static str {
    match data {
        Data::And => "and",
        Data::Eor => "eor",
        Data::Orr => "orr",
        Data::Bic => "bic",
        Data::Orn => "orn",
        Data::Mov => "mov",
        Data::Mvn => "mvn",
        Data::Tst => "tst",
        Data::Teq => "teq",
        Data::Add => "add",
        Data::Sub => "sub",
        Data::Rsb => "rsb",
        Data::Adc => "adc",
        Data::Sbc => "sbc",
        Data::Cmp => "cmp",
        Data::Cmn => "cmn",
    }
}

fn shift_name(shift: Shift) -> &'static str {
    match shift {
        Shift::Lsl => "lsl",
        Shift::Lsr => "lsr",
        Shift::Asr => "asr",
        Shift::Ror => "ror",
        Shift::Rrx => "rrx",
    }
}

/// `, lsl #2`; nothing for none.
fn shifted(shift: Shift, amount: u8) -> String {
    match (shift, amount) {
        (Shift::Rrx, _) => ", rrx".to_string(),
        (Shift::Lsl, 0) => String::new(),
        _ => format!(", {} #{amount}", shift_name(shift)),
    }
}

/// Data processing.
fn data(op: Op) -> Option<String> {
    let r = register;
    Some(match op {
        Op::MovImm { d, imm } => format!("mov {}, {}", r(d), number(imm)),
        Op::MovImmS { d, imm } => format!("movs {}, {}", r(d), number(imm)),
        Op::Mov { d, m } => format!("mov {}, {}", r(d), r(m)),
        Op::Movt { d, imm } => format!("movt {}, {}", r(d), number(imm.into())),
        Op::Add { d, n, m } => three("add", d, n, r(m)),
        Op::AddS { d, n, m } => three("adds", d, n, r(m)),
        Op::Sub { d, n, m } => three("sub", d, n, r(m)),
        Op::SubS { d, n, m } => three("subs", d, n, r(m)),
        Op::AddImm { d, n, imm } if imm >> 31 == 1 => three("sub", d, n, &number(imm.wrapping_neg())),
        Op::AddImm { d, n, imm } => three("add", d, n, &number(imm)),
        Op::AddImmS { d, n, imm } => three("adds", d, n, &number(imm)),
        Op::SubImmS { d, n, imm } => three("subs", d, n, &number(imm)),
        Op::AddLsl { d, n, m, amount } => three("add", d, n, &format!("{}{}", r(m), shifted(Shift::Lsl, amount))),
        Op::Cmp { n, m } => format!("cmp {}, {}", r(n), r(m)),
        Op::CmpImm { n, imm } => format!("cmp {}, {}", r(n), number(imm)),
        Op::DataImm { data, d, n, imm } => data_operands(data, false, d, n, &number(imm)),
        Op::DataImmS { data, d, n, imm } | Op::DataImmC { data, d, n, imm } => {
            data_operands(data, true, d, n, &number(imm))
        }
        Op::DataReg { data: Data::Mov, s: flags, d, m, shift: Shift::Rrx, .. } => {
            format!("rrx{} {}, {}", s(flags), r(d), r(m))
        }
        Op::DataReg { data: Data::Mov, s: flags, d, m, shift, amount, .. } if (shift, amount) != (Shift::Lsl, 0) => {
            format!("{}{} {}, {}, #{amount}", shift_name(shift), s(flags), r(d), r(m))
        }
        Op::DataReg { data, s, d, n, m, shift, amount } => {
            data_operands(data, s, d, n, &format!("{}{}", r(m), shifted(shift, amount)))
        }
        Op::ShiftReg { shift, s: flags, d, n, m } => three(&format!("{}{}", shift_name(shift), s(flags)), d, n, r(m)),
        Op::ExtendAdd { extend, d, n, m, rotate } => {
            let name = extend_name(extend).replacen("xt", "xta", 1);
            format!("{name} {}, {}, {}{}", r(d), r(n), r(m), shifted_ror(rotate))
        }
        Op::Extend { extend, d, m, rotate } => {
            format!("{} {}, {}{}", extend_name(extend), r(d), r(m), shifted_ror(rotate))
        }
        Op::Bits { bits, d, m } => {
            let name = match bits {
                Bits::Rev => "rev",
                Bits::Rev16 => "rev16",
                Bits::Rbit => "rbit",
                Bits::Revsh => "revsh",
                Bits::Clz => "clz",
            };
            format!("{name} {}, {}", r(d), r(m))
        }
        Op::Field { field: Field::Clear, d, lsb, width, .. } => format!("bfc {}, #{lsb}, #{width}", r(d)),
        Op::Field { field, d, n, lsb, width } => {
            let name = match field {
                Field::Signed => "sbfx",
                Field::Unsigned => "ubfx",
                Field::Insert | Field::Clear => "bfi",
            };
            format!("{name} {}, {}, #{lsb}, #{width}", r(d), r(n))
        }
        Op::Saturate { sign, d, n, shift, amount, bits } => {
            format!("{}sat {}, #{bits}, {}{}", sign_letter(sign), r(d), r(n), shifted(shift, amount))
        }
        Op::Saturate16 { sign, d, n, bits } => format!("{}sat16 {}, #{bits}, {}", sign_letter(sign), r(d), r(n)),
        Op::Pack { d, n, m, top, amount } => {
            let (name, shift) = if top { ("pkhtb", Shift::Asr) } else { ("pkhbt", Shift::Lsl) };
            format!("{name} {}, {}, {}{}", r(d), r(n), r(m), shifted(shift, amount))
        }
        _ => return None,
    })
}

fn data_operands(data: Data, flags: bool, d: u8, n: u8, last: &str) -> String {
    match data {
        Data::Tst | Data::Teq | Data::Cmp | Data::Cmn => format!("{} {}, {last}", name(data), register(n)),
        Data::Mov | Data::Mvn => format!("{}{} {}, {last}", name(data), s(flags), register(d)),
        _ => three(&format!("{}{}", name(data), s(flags)), d, n, last),
    }
}

fn shifted_ror(rotate: u8) -> String {
    if rotate == 0 { String::new() } else { format!(", ror #{rotate}") }
}

fn sign_letter(sign: Sign) -> char {
    if sign == Sign::Signed { 's' } else { 'u' }
}

fn extend_name(extend: Extend) -> &'static str {
    match extend {
        Extend::SignedHalf => "sxth",
        Extend::UnsignedHalf => "uxth",
        Extend::SignedBytes => "sxtb16",
        Extend::UnsignedBytes => "uxtb16",
        Extend::SignedByte => "sxtb",
        Extend::UnsignedByte => "uxtb",
    }
}

/// Products, quotients and DSP.
fn arithmetic(op: Op) -> Option<String> {
    let r = register;
    Some(match op {
        Op::Mul { d, n, m } => format!("mul {}, {}, {}", r(d), r(n), r(m)),
        Op::MulS { d, n, m } => format!("muls {}, {}, {}", r(d), r(n), r(m)),
        Op::Mla { d, n, m, a } => format!("mla {}, {}, {}, {}", r(d), r(n), r(m), r(a)),
        Op::Mls { d, n, m, a } => format!("mls {}, {}, {}, {}", r(d), r(n), r(m), r(a)),
        Op::Long { long, low, high, n, m } => {
            format!("{} {}, {}, {}, {}", long_name(long), r(low), r(high), r(n), r(m))
        }
        Op::Divide { sign, d, n, m } => format!("{}div {}, {}, {}", sign_letter(sign), r(d), r(n), r(m)),
        Op::Smlad { d, n, m, a } => format!("smlad {}, {}, {}, {}", r(d), r(n), r(m), r(a)),
        Op::Smlabb { d, n, m, a } => format!("smlabb {}, {}, {}, {}", r(d), r(n), r(m), r(a)),
        Op::Dsp { dsp, d, n, m, a } => {
            let (name, adds, swapped) = dsp_name(dsp);
            // QADD and its kin name their second operand first.
            let (n, m) = if swapped { (m, n) } else { (n, m) };
            let more = if adds { format!(", {}", r(a)) } else { String::new() };
            format!("{name} {}, {}, {}{more}", r(d), r(n), r(m))
        }
        _ => return None,
    })
}

/// `b` or `t` for each half: bit 1 is the first operand's, bit 0 the second's.
fn halves(bits: u8) -> &'static str {
    ["bb", "bt", "tb", "tt"][usize::from(bits & 3)]
}

fn long_name(long: Long) -> String {
    match long {
        Long::SmlalHalf(bits) => format!("smlal{}", halves(bits)),
        long => format!("{long:?}").to_lowercase(),
    }
}

/// Name, whether it has an accumulator, whether its operands are swapped.
fn dsp_name(dsp: Dsp) -> (String, bool, bool) {
    let plain = format!("{dsp:?}").to_lowercase();
    match dsp {
        Dsp::Smla(bits) => (format!("smla{}", halves(bits)), true, false),
        Dsp::Smul(bits) => (format!("smul{}", halves(bits)), false, false),
        Dsp::Smlaw(top) => (format!("smlaw{}", &halves(top)[1..]), true, false),
        Dsp::Smulw(top) => (format!("smulw{}", &halves(top)[1..]), false, false),
        Dsp::Parallel(lane, parallel) => (format!("{}{}", lane_prefix(lane), parallel_name(parallel)), false, false),
        Dsp::Qadd | Dsp::Qsub | Dsp::Qdadd | Dsp::Qdsub => (plain, false, true),
        Dsp::Smlad
        | Dsp::Smladx
        | Dsp::Smlsd
        | Dsp::Smlsdx
        | Dsp::Smmla
        | Dsp::Smmlar
        | Dsp::Smmls
        | Dsp::Smmlsr
        | Dsp::Usada8 => (plain, true, false),
        _ => (plain, false, false),
    }
}

fn lane_prefix(lane: Lane) -> &'static str {
    match lane {
        Lane::Signed => "s",
        Lane::SignedSaturating => "q",
        Lane::SignedHalving => "sh",
        Lane::Unsigned => "u",
        Lane::UnsignedSaturating => "uq",
        Lane::UnsignedHalving => "uh",
    }
}

fn parallel_name(parallel: Parallel) -> &'static str {
    match parallel {
        Parallel::Add16 => "add16",
        Parallel::Asx => "asx",
        Parallel::Sax => "sax",
        Parallel::Sub16 => "sub16",
        Parallel::Add8 => "add8",
        Parallel::Sub8 => "sub8",
    }
}

fn width_suffix(width: Width) -> &'static str {
    match width {
        Width::Word => "",
        Width::Byte => "b",
        Width::Half => "h",
        Width::SignedByte => "sb",
        Width::SignedHalf => "sh",
    }
}

/// `[r1]`, `[r1, #4]`, `[r1, #4]!`, `[r1], #4`.
pub(super) fn indexed(n: u8, index: Index, offset: i32) -> String {
    let n = register(n);
    match (index, offset) {
        (Index::Offset, 0) => format!("[{n}]"),
        (Index::Offset, offset) => format!("[{n}, {}]", signed(offset)),
        (Index::Pre, offset) => format!("[{n}, {}]!", signed(offset)),
        (Index::Post, offset) => format!("[{n}], {}", signed(offset)),
    }
}

/// `[pc, #8]` for an access to `address` by an instruction at `pc`.
pub(super) fn literal(pc: u32, address: u32) -> String {
    let base = pc.wrapping_add(4) & !3;
    format!("[pc, {}]", signed(address.wrapping_sub(base) as i32))
}

fn scaled(n: u8, m: u8, shift: u8) -> String {
    format!("[{}, {}{}]", register(n), register(m), shifted(Shift::Lsl, shift))
}

fn list(registers: u16) -> String {
    let mut text = String::from("{");
    for at in (0..16).filter(|at| registers >> at & 1 == 1) {
        // Writing to a text can't fail.
        let _ = write!(text, "{}{}", if text.len() > 1 { ", " } else { "" }, REGISTERS[at]);
    }
    text + "}"
}

/// Loads and stores.
fn memory(op: Op, pc: u32) -> Option<String> {
    let r = register;
    let offset = |t: u8, name: &str, n: u8, offset: u32| {
        format!("{name} {}, {}", r(t), indexed(n, Index::Offset, offset as i32))
    };
    let post_or_pre = |post: bool| if post { Index::Post } else { Index::Pre };
    Some(match op {
        Op::Ldr { t, n, offset: by } => offset(t, "ldr", n, by),
        Op::Ldrb { t, n, offset: by } => offset(t, "ldrb", n, by),
        Op::Ldrsb { t, n, offset: by } => offset(t, "ldrsb", n, by),
        Op::LoadImm { width, t, n, offset: by } => offset(t, &format!("ldr{}", width_suffix(width)), n, by),
        Op::Str { t, n, offset: by } => offset(t, "str", n, by),
        Op::Strb { t, n, offset: by } => offset(t, "strb", n, by),
        Op::Strh { t, n, offset: by } => offset(t, "strh", n, by),
        Op::LdrReg { t, n, m, shift } => format!("ldr {}, {}", r(t), scaled(n, m, shift)),
        Op::LdrbReg { t, n, m, shift } => format!("ldrb {}, {}", r(t), scaled(n, m, shift)),
        Op::LdrsbReg { t, n, m, shift } => format!("ldrsb {}, {}", r(t), scaled(n, m, shift)),
        Op::LoadReg { width, t, n, m, shift } => {
            format!("ldr{} {}, {}", width_suffix(width), r(t), scaled(n, m, shift))
        }
        Op::StoreReg { width, t, n, m, shift } => {
            format!("str{} {}, {}", width_suffix(width), r(t), scaled(n, m, shift))
        }
        Op::LoadLiteral { width, t, address } => {
            format!("ldr{} {}, {}", width_suffix(width), r(t), literal(pc, address))
        }
        Op::LoadIndexed { width, t, n, post, offset } => {
            format!("ldr{} {}, {}", width_suffix(width), r(t), indexed(n, post_or_pre(post), offset.into()))
        }
        Op::StoreIndexed { width, t, n, post, offset } => {
            format!("str{} {}, {}", width_suffix(width), r(t), indexed(n, post_or_pre(post), offset.into()))
        }
        Op::LoadDouble { t, t2, n, index, offset } => {
            format!("ldrd {}, {}, {}", r(t), r(t2), indexed(n, index, offset.into()))
        }
        Op::StoreDouble { t, t2, n, index, offset } => {
            format!("strd {}, {}, {}", r(t), r(t2), indexed(n, index, offset.into()))
        }
        Op::LoadDoubleLiteral { t, t2, address } => format!("ldrd {}, {}, {}", r(t), r(t2), literal(pc, address)),
        Op::LoadMultiple { n: 13, list: registers, writeback: true, before: false } => {
            format!("pop {}", list(registers))
        }
        Op::StoreMultiple { n: 13, list: registers, writeback: true, before: true } => {
            format!("push {}", list(registers))
        }
        Op::LoadMultiple { n, list, writeback, before } => multiple("ldm", n, list, writeback, before),
        Op::StoreMultiple { n, list, writeback, before } => multiple("stm", n, list, writeback, before),
        Op::LoadExclusive { width, t, n, offset: by } => {
            offset(t, &format!("ldrex{}", width_suffix(width)), n, by.into())
        }
        Op::StoreExclusive { width, d, t, n, offset: by } => {
            let place = indexed(n, Index::Offset, by.into());
            format!("strex{} {}, {}, {place}", width_suffix(width), r(d), r(t))
        }
        Op::ClearExclusive => "clrex".to_string(),
        Op::LoadAcquire { width, t, n } => offset(t, &format!("lda{}", width_suffix(width)), n, 0),
        Op::StoreRelease { width, t, n } => offset(t, &format!("stl{}", width_suffix(width)), n, 0),
        _ => return None,
    })
}

fn multiple(name: &str, n: u8, registers: u16, writeback: bool, before: bool) -> String {
    let way = if before { "db" } else { "ia" };
    format!("{name}{way} {}{}, {}", register(n), if writeback { "!" } else { "" }, list(registers))
}

/// Branches and the system.
fn control(op: Op, pc: u32) -> Option<String> {
    let r = register;
    Some(match op {
        Op::Branch { target } => format!("b {target:#010x}"),
        Op::BranchIf { condition, target } => {
            format!("b{} {target:#010x}", condition_name(condition))
        }
        Op::BranchLink { target } => format!("bl {target:#010x}"),
        Op::BranchZero { n, target } => format!("cbz {}, {target:#010x}", r(n)),
        Op::BranchNotZero { n, target } => format!("cbnz {}, {target:#010x}", r(n)),
        Op::BranchExchange { m } => format!("bx {}", r(m)),
        Op::BranchLinkExchange { m } => format!("blx {}", r(m)),
        Op::BranchReg { m } => format!("mov pc, {}", r(m)),
        Op::BranchAdd { m, .. } => format!("add pc, {}", r(m)),
        Op::TableBranch { half: false, n, m, .. } => format!("tbb [{}, {}]", r(n), r(m)),
        Op::TableBranch { n, m, .. } => format!("tbh [{}, {}, lsl #1]", r(n), r(m)),
        Op::LoadPc { n, index, offset } => format!("ldr pc, {}", indexed(n, index, offset.into())),
        Op::LoadPcReg { n, m, shift } => format!("ldr pc, {}", scaled(n, m, shift)),
        Op::LoadPcLiteral { address } => format!("ldr pc, {}", literal(pc, address)),
        Op::ReadSystem { d, register } => format!("mrs {}, {}", r(d), system(register)),
        Op::WriteSystem { n, register, .. } => format!("msr {}, {}", system(register), r(n)),
        Op::Mask { disable, primask, faultmask } => {
            let way = if disable { "d" } else { "e" };
            format!("cpsi{way} {}{}", if primask { "i" } else { "" }, if faultmask { "f" } else { "" })
        }
        Op::Supervisor { imm } => format!("svc {imm}"),
        Op::Breakpoint { imm } => format!("bkpt {imm:#06x}"),
        Op::Undefined => "udf".to_string(),
        Op::Nop => "nop".to_string(),
        Op::Wait { event } => if event { "wfe" } else { "wfi" }.to_string(),
        Op::SendEvent => "sev".to_string(),
        Op::It => "it".to_string(),
        Op::Barrier => "dsb".to_string(),
        _ => return None,
    })
}

/// `SYSm` (DDI 0403E, B5.1.1).
fn system(register: u8) -> &'static str {
    match register {
        0 => "apsr",
        1 => "iapsr",
        2 => "eapsr",
        3 => "xpsr",
        5 => "ipsr",
        6 => "epsr",
        7 => "iepsr",
        8 => "msp",
        9 => "psp",
        10 => "msplim",
        11 => "psplim",
        16 => "primask",
        17 => "basepri",
        18 => "basepri_max",
        19 => "faultmask",
        20 => "control",
        _ => "?",
    }
}
