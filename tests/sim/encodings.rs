//! Instruction classes as bit patterns, and random operands rich in corner cases.
//!
//! In a pattern, `0` and `1` are fixed and a letter is a field. `d n m a t l h e` of four or three bits are core
//! registers (never sp, lr or pc; `l` and `h` differ); every other letter is random bits.

use tinyml::base::rng::Rng;

/// How a class is embedded in a case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By itself.
    Plain,
    /// With a base in `n` and an index in `m`.
    Memory { aligned: bool },
    /// In an `IT` block.
    Conditional,
    /// A branch over the narrow instruction behind it.
    Skip,
    /// A branch by a table of four.
    Table { half: bool },
    /// An exclusive load and store of the same address; the pattern is of both, the load first.
    Exclusive,
    /// `PUSH`, then `POP` of as many registers.
    Stack,
}

/// One instruction class.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) pattern: &'static str,
    pub(crate) kind: Kind,
    pub(crate) needs: Needs,
}

/// The feature that a class belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    Baseline,
    Mainline,
    Dsp,
    Float,
    Directed,
    Double,
    V8,
}

impl Class {
    pub(crate) fn on(&self, core: &str) -> bool {
        match core {
            "cortex_m0" => self.needs == Baseline,
            "cortex_m3" => self.needs <= Mainline,
            "cortex_m4f" => self.needs <= Float,
            "cortex_m7" => self.needs <= Double,
            _ => self.needs <= Directed || self.needs == V8,
        }
    }
}

const fn class(needs: Needs, name: &'static str, pattern: &'static str) -> Class {
    Class { name, pattern, kind: Kind::Plain, needs }
}

const fn access(needs: Needs, aligned: bool, name: &'static str, pattern: &'static str) -> Class {
    Class { name, pattern, kind: Kind::Memory { aligned }, needs }
}

const fn special(needs: Needs, kind: Kind, name: &'static str, pattern: &'static str) -> Class {
    Class { name, pattern, kind, needs }
}

use Needs::{Baseline, Directed, Double, Dsp, Float, Mainline, V8};

pub(crate) const CLASSES: &[Class] = &[
    class(Baseline, "shift immediate", "00000iiiiimmmddd"),
    class(Baseline, "shift right immediate", "00001iiiiimmmddd"),
    class(Baseline, "shift arithmetic immediate", "00010iiiiimmmddd"),
    class(Baseline, "add and sub", "00011oommmnnnddd"),
    class(Baseline, "immediate 8", "001oodddiiiiiiii"),
    class(Baseline, "register data", "010000oooommmddd"),
    class(Baseline, "high add", "010001000mmmmddd"),
    class(Baseline, "high mov", "010001100mmmmddd"),
    class(Baseline, "high mov to", "010001101mmm10xx"),
    class(Baseline, "high cmp", "010001011mmm00xx"),
    class(Baseline, "extend narrow", "10110010oommmddd"),
    class(Baseline, "rev narrow", "101110100ommmddd"),
    class(Baseline, "revsh narrow", "1011101011mmmddd"),
    class(Baseline, "adr and add sp", "1010odddiiiiiiii"),
    access(Baseline, true, "load and store register", "0101oo0mmmnnnttt"),
    access(Baseline, true, "load and store register 2", "0101011mmmnnnttt"),
    access(Baseline, true, "load and store register 3", "0101111mmmnnnttt"),
    access(Baseline, true, "ldr and str immediate", "0110o000iinnnttt"),
    access(Baseline, true, "ldrb and strb immediate", "0111oiiiiinnnttt"),
    access(Baseline, true, "ldrh and strh immediate", "1000oiiiiinnnttt"),
    access(Baseline, true, "stm", "11000nnn0iiiiiii"),
    access(Baseline, true, "ldm", "11001nnn0iiiiiii"),
    special(Baseline, Kind::Skip, "branch if", "1101kkkk00000000"),
    special(Baseline, Kind::Stack, "push pop", ""),
    class(Baseline, "ldr str sp", "1001oddd000iiiii"),
    special(Mainline, Kind::Conditional, "it", ""),
    special(Mainline, Kind::Skip, "cbz cbnz", "1011o00100000nnn"),
    special(Mainline, Kind::Table { half: false }, "tbb", "111010001101111111110000000mmmmm"),
    special(Mainline, Kind::Table { half: true }, "tbh", "111010001101111111110000000mmmmm"),
    special(
        Mainline,
        Kind::Exclusive,
        "ldrex strex",
        "111010000101nnnntttt11110000iiii111010000100nnnnllllhhhh0000iiii",
    ),
    special(
        Mainline,
        Kind::Exclusive,
        "ldrexb strexb",
        "111010001101nnnntttt111101001111111010001100nnnnllll11110100hhhh",
    ),
    special(
        Mainline,
        Kind::Exclusive,
        "ldrexh strexh",
        "111010001101nnnntttt111101011111111010001100nnnnllll11110101hhhh",
    ),
    class(Mainline, "mrs apsr", "11110011111011111000dddd000000oo"),
    class(Mainline, "msr apsr", "111100111000nnnn10001000000000oo"),
    class(Dsp, "msr apsr ge", "111100111000nnnn1000i100000000oo"),
    class(Mainline, "and", "11101010000snnnn0iiiddddiiiimmmm"),
    class(Mainline, "bic", "11101010001snnnn0iiiddddiiiimmmm"),
    class(Mainline, "orr", "11101010010snnnn0iiiddddiiiimmmm"),
    class(Mainline, "orn", "11101010011snnnn0iiiddddiiiimmmm"),
    class(Mainline, "mov mvn", "1110101001os11110iiiddddiiiimmmm"),
    class(Mainline, "eor", "11101010100snnnn0iiiddddiiiimmmm"),
    class(Mainline, "add", "11101011000snnnn0iiiddddiiiimmmm"),
    class(Mainline, "adc sbc", "1110101101osnnnn0iiiddddiiiimmmm"),
    class(Mainline, "sub", "11101011101snnnn0iiiddddiiiimmmm"),
    class(Mainline, "rsb", "11101011110snnnn0iiiddddiiiimmmm"),
    class(Mainline, "tst", "111010100001nnnn0iii1111iiiimmmm"),
    class(Mainline, "teq", "111010101001nnnn0iii1111iiiimmmm"),
    class(Mainline, "cmn", "111010110001nnnn0iii1111iiiimmmm"),
    class(Mainline, "cmp", "111010111011nnnn0iii1111iiiimmmm"),
    class(Mainline, "logic immediate", "11110j000oosnnnn0iiiddddkkkkkkkk"),
    class(Mainline, "eor immediate", "11110j00100snnnn0iiiddddkkkkkkkk"),
    class(Mainline, "mov mvn immediate", "11110j0001os11110iiiddddkkkkkkkk"),
    class(Mainline, "add immediate", "11110j01000snnnn0iiiddddkkkkkkkk"),
    class(Mainline, "adc sbc immediate", "11110j0101osnnnn0iiiddddkkkkkkkk"),
    class(Mainline, "rsb immediate", "11110j01110snnnn0iiiddddkkkkkkkk"),
    class(Mainline, "sub immediate", "11110j01101snnnn0iiiddddkkkkkkkk"),
    class(Mainline, "tst teq immediate", "11110j00o001nnnn0iii1111kkkkkkkk"),
    class(Mainline, "cmn cmp immediate", "11110j010001nnnn0iii1111kkkkkkkk"),
    class(Mainline, "cmp immediate", "11110j011011nnnn0iii1111kkkkkkkk"),
    class(Mainline, "addw", "11110j100000nnnn0iiiddddkkkkkkkk"),
    class(Mainline, "subw", "11110j101010nnnn0iiiddddkkkkkkkk"),
    class(Mainline, "adr wide", "11110j10000011110iiiddddkkkkkkkk"),
    class(Mainline, "movw", "11110j100100xxxx0iiiddddkkkkkkkk"),
    class(Mainline, "movt", "11110j101100xxxx0iiiddddkkkkkkkk"),
    class(Mainline, "ssat lsl", "111100110000nnnn0iiiddddii0wwwww"),
    class(Mainline, "ssat asr", "111100110010nnnn0ii1ddddii0wwwww"),
    class(Mainline, "usat lsl", "111100111000nnnn0iiiddddii0wwwww"),
    class(Mainline, "usat asr", "111100111010nnnn0ii1ddddii0wwwww"),
    class(Mainline, "sbfx", "111100110100nnnn00iiddddii00wwww"),
    class(Mainline, "ubfx", "111100111100nnnn00iiddddii00wwww"),
    class(Mainline, "bfi", "111100110110nnnn00iiddddii01wwww"),
    class(Mainline, "bfc", "111100110110111100iiddddii01wwww"),
    class(Mainline, "shift register", "111110100oosnnnn1111dddd0000mmmm"),
    class(Mainline, "extend halves", "11111010000o11111111dddd10rrmmmm"),
    class(Mainline, "extend bytes", "11111010010o11111111dddd10rrmmmm"),
    class(Mainline, "rev rbit", "111110101001eeee1111dddd10ooeeee"),
    class(Mainline, "clz", "111110101011eeee1111dddd1000eeee"),
    class(Mainline, "mul", "111110110000nnnn1111dddd0000mmmm"),
    class(Mainline, "mla mls", "111110110000nnnnaaaadddd000ommmm"),
    class(Mainline, "long multiply", "1111101110o0nnnnllllhhhh0000mmmm"),
    class(Mainline, "long accumulate", "1111101111o0nnnnllllhhhh0000mmmm"),
    class(Mainline, "divide", "1111101110o1nnnn1111dddd1111mmmm"),
    access(Mainline, false, "str immediate 12", "111110001ss0nnnntttt00000iiiiiii"),
    access(Mainline, false, "ldr immediate 12", "111110001ss1nnnntttt00000iiiiiii"),
    access(Mainline, false, "ldrs immediate 12", "1111100110s1nnnntttt00000iiiiiii"),
    access(Mainline, false, "str indexed", "111110000ss0nnnntttt110100iiiiii"),
    access(Mainline, false, "str post", "111110000ss0nnnntttt10u100iiiiii"),
    access(Mainline, false, "ldr negative", "111110000ss1nnnntttt110000iiiiii"),
    access(Mainline, false, "ldr pre", "111110000ss1nnnntttt11u100iiiiii"),
    access(Mainline, false, "ldr post", "111110000ss1nnnntttt10u100iiiiii"),
    access(Mainline, false, "ldrs post", "1111100100s1nnnntttt10u100iiiiii"),
    access(Mainline, false, "ldr register", "111110000ss1nnnntttt000000iimmmm"),
    access(Mainline, false, "ldrs register", "1111100100s1nnnntttt000000iimmmm"),
    access(Mainline, false, "str register", "111110000ss0nnnntttt000000iimmmm"),
    access(Mainline, true, "ldrd", "11101001u1w1nnnnllllhhhh0000iiii"),
    access(Mainline, true, "ldrd post", "11101000u111nnnnllllhhhh0000iiii"),
    access(Mainline, true, "strd", "11101001u1w0nnnnllllhhhh0000iiii"),
    access(Mainline, true, "ldm ia", "1110100010w1nnnn000iiiiiiiiiiiii"),
    access(Mainline, true, "ldm db", "1110100100w1nnnn000iiiiiiiiiiiii"),
    access(Mainline, true, "stm ia", "1110100010w0nnnn000iiiiiiiiiiiii"),
    access(Mainline, true, "stm db", "1110100100w0nnnn000iiiiiiiiiiiii"),
    class(Dsp, "extend halves of bytes", "11111010001o11111111dddd10rrmmmm"),
    class(Dsp, "extend and add halves", "1111101000oonnnn1111dddd10rrmmmm"),
    class(Dsp, "extend and add bytes", "11111010010onnnn1111dddd10rrmmmm"),
    class(Dsp, "parallel 8 and 16", "111110101s0onnnn1111dddd0000mmmm"),
    class(Dsp, "parallel unsigned", "111110101s0onnnn1111dddd0100mmmm"),
    class(Dsp, "parallel saturating", "111110101s0onnnn1111dddd0u01mmmm"),
    class(Dsp, "parallel halving", "111110101s0onnnn1111dddd0u10mmmm"),
    class(Dsp, "parallel exchanging", "111110101s10nnnn1111dddd0u00mmmm"),
    class(Dsp, "parallel exchanging saturating", "111110101s10nnnn1111dddd0u01mmmm"),
    class(Dsp, "parallel exchanging halving", "111110101s10nnnn1111dddd0u10mmmm"),
    class(Dsp, "saturating additions", "111110101000nnnn1111dddd10oommmm"),
    class(Dsp, "sel", "111110101010nnnn1111dddd1000mmmm"),
    class(Dsp, "smla halves", "111110110001nnnnaaaadddd00oommmm"),
    class(Dsp, "smul halves", "111110110001nnnn1111dddd00oommmm"),
    class(Dsp, "smlad", "111110110010nnnnaaaadddd000ommmm"),
    class(Dsp, "smuad", "111110110010nnnn1111dddd000ommmm"),
    class(Dsp, "smlaw", "111110110011nnnnaaaadddd000ommmm"),
    class(Dsp, "smulw", "111110110011nnnn1111dddd000ommmm"),
    class(Dsp, "smlsd", "111110110100nnnnaaaadddd000ommmm"),
    class(Dsp, "smusd", "111110110100nnnn1111dddd000ommmm"),
    class(Dsp, "smmla", "111110110101nnnnaaaadddd000ommmm"),
    class(Dsp, "smmul", "111110110101nnnn1111dddd000ommmm"),
    class(Dsp, "smmls", "111110110110nnnnaaaadddd000ommmm"),
    class(Dsp, "usada8", "111110110111nnnnaaaadddd0000mmmm"),
    class(Dsp, "usad8", "111110110111nnnn1111dddd0000mmmm"),
    class(Dsp, "smlal halves", "111110111100nnnnllllhhhh10oommmm"),
    class(Dsp, "smlald", "111110111100nnnnllllhhhh110ommmm"),
    class(Dsp, "smlsld", "111110111101nnnnllllhhhh110ommmm"),
    class(Dsp, "umaal", "111110111110nnnnllllhhhh0110mmmm"),
    class(Dsp, "pack", "111010101100nnnn0iiiddddiio0mmmm"),
    class(Dsp, "ssat16", "111100110010nnnn0000dddd0000wwww"),
    class(Dsp, "usat16", "111100111010nnnn0000dddd0000wwww"),
    class(Float, "vmla vmls", "111011100D00vvvvuuuu1010NoM0wwww"),
    class(Float, "vnmla vnmls", "111011100D01vvvvuuuu1010NoM0wwww"),
    class(Float, "vmul vnmul", "111011100D10vvvvuuuu1010NoM0wwww"),
    class(Float, "vadd vsub", "111011100D11vvvvuuuu1010NoM0wwww"),
    class(Float, "vdiv", "111011101D00vvvvuuuu1010N0M0wwww"),
    class(Float, "vfnma vfnms", "111011101D01vvvvuuuu1010NoM0wwww"),
    class(Float, "vfma vfms", "111011101D10vvvvuuuu1010NoM0wwww"),
    class(Float, "vmov immediate", "111011101D11iiiiuuuu10100000iiii"),
    class(Float, "vmov vabs", "111011101D110000uuuu1010o1M0wwww"),
    class(Float, "vneg vsqrt", "111011101D110001uuuu1010o1M0wwww"),
    class(Float, "vcvtb vcvtt", "111011101D11001ouuuu1010o1M0wwww"),
    class(Float, "vcmp", "111011101D110100uuuu1010o1M0wwww"),
    class(Float, "vcmp zero", "111011101D110101uuuu1010o1000000"),
    class(Float, "vcvt from int", "111011101D111000uuuu1010o1M0wwww"),
    class(Float, "vcvt to int", "111011101D11110ouuuu1010o1M0wwww"),
    class(Float, "vcvt from fixed 16", "111011101D11101ouuuu101001i00iii"),
    class(Float, "vcvt from fixed 32", "111011101D11101ouuuu101011i0iiii"),
    class(Float, "vcvt to fixed 16", "111011101D11111ouuuu101001i00iii"),
    class(Float, "vcvt to fixed 32", "111011101D11111ouuuu101011i0iiii"),
    class(Float, "vmov core", "11101110000ovvvvtttt1010N0010000"),
    class(Float, "vmov scalar", "1110111000xo0vvvtttt101100010000"),
    class(Float, "vmov pair", "11101100010ohhhhllll101000M1www0"),
    class(Float, "vmov double", "11101100010ohhhhllll101100010www"),
    class(Float, "vmrs", "11101110111100011111101000010000"),
    access(Float, true, "vldr", "11101101uD01nnnnvvvv10100000iiii"),
    access(Float, true, "vldr vstr", "111011011D0onnnnuuuu10100000iiii"),
    access(Float, true, "vldr vstr double", "11101101u00onnnnvvvv10110000iiii"),
    access(Float, true, "vldm vstm", "111011001Dwonnnn00uu101000000ii1"),
    access(Float, true, "vldm vstm db", "111011010D1onnnn00uu101000000ii1"),
    access(Float, true, "vldm vstm double", "1110110010wonnnn00uu101100000i10"),
    class(Directed, "vsel", "111111100Dccvvvvuuuu1010N0M0wwww"),
    class(Directed, "vmaxnm vminnm", "111111101D00vvvvuuuu1010NoM0wwww"),
    class(Directed, "vrint directed", "111111101D1110rruuuu101001M0wwww"),
    class(Directed, "vcvt directed", "111111101D1111rruuuu1010o1M0wwww"),
    class(Directed, "vrintr vrintz", "111011101D110110uuuu1010o1M0wwww"),
    class(Directed, "vrintx", "111011101D110111uuuu101001M0wwww"),
    class(Double, "vmla vmls double", "111011100000vvvvuuuu10110o00wwww"),
    class(Double, "vnmla vnmls double", "111011100001vvvvuuuu10110o00wwww"),
    class(Double, "vmul vnmul double", "111011100010vvvvuuuu10110o00wwww"),
    class(Double, "vadd vsub double", "111011100011vvvvuuuu10110o00wwww"),
    class(Double, "vdiv double", "111011101000vvvvuuuu10110000wwww"),
    class(Double, "vfnma vfnms double", "111011101001vvvvuuuu10110o00wwww"),
    class(Double, "vfma vfms double", "111011101010vvvvuuuu10110o00wwww"),
    class(Double, "vmov immediate double", "111011101011iiiiuuuu10110000iiii"),
    class(Double, "vmov vabs double", "1110111010110000uuuu1011o100wwww"),
    class(Double, "vneg vsqrt double", "1110111010110001uuuu1011o100wwww"),
    class(Double, "vcvtb vcvtt to double", "1110111010110010uuuu1011o1M0wwww"),
    class(Double, "vcvtb vcvtt from double", "111011101D110011uuuu1011o100wwww"),
    class(Double, "vcmp double", "1110111010110100uuuu1011o100wwww"),
    class(Double, "vcmp zero double", "1110111010110101uuuu1011o1000000"),
    class(Double, "vcvt double from int", "1110111010111000uuuu1011o1M0wwww"),
    class(Double, "vcvt double to int", "111011101D11110ouuuu1011x100wwww"),
    class(Double, "vcvt double from fixed 16", "111011101011101ouuuu101101i00iii"),
    class(Double, "vcvt double from fixed 32", "111011101011101ouuuu101111i0iiii"),
    class(Double, "vcvt double to fixed 16", "111011101011111ouuuu101101i00iii"),
    class(Double, "vcvt double to fixed 32", "111011101011111ouuuu101111i0iiii"),
    class(Double, "vcvt single to double", "1110111010110111uuuu101011M0wwww"),
    class(Double, "vcvt double to single", "111011101D110111uuuu10111100wwww"),
    class(Double, "vsel double", "1111111000ccvvvvuuuu10110000wwww"),
    class(Double, "vmaxnm vminnm double", "111111101000vvvvuuuu10110o00wwww"),
    class(Double, "vrint directed double", "11111110101110rruuuu10110100wwww"),
    class(Double, "vcvt directed double", "111111101D1111rruuuu1011o100wwww"),
    class(Double, "vrintr vrintz double", "1110111010110110uuuu1011o100wwww"),
    class(Double, "vrintx double", "1110111010110111uuuu10110100wwww"),
    access(V8, true, "lda", "111010001101nnnntttt111110101111"),
    access(V8, true, "ldab ldah", "111010001101nnnntttt1111100o1111"),
    access(V8, true, "stl", "111010001100nnnntttt111110101111"),
    access(V8, true, "stlb stlh", "111010001100nnnntttt1111100o1111"),
    special(V8, Kind::Exclusive, "ldaex stlex", "111010001101nnnntttt111111101111111010001100nnnnllll11111110hhhh"),
    special(V8, Kind::Exclusive, "ldaexb stlexb", "111010001101nnnntttt111111001111111010001100nnnnllll11111100hhhh"),
    special(V8, Kind::Exclusive, "ldaexh stlexh", "111010001101nnnntttt111111011111111010001100nnnnllll11111101hhhh"),
];

/// Narrow data processing for `IT` blocks, where it leaves the flags alone (but for comparisons).
pub(crate) const IN_BLOCK: &[&str] = &[
    "00001iiiiimmmddd",
    "0001100mmmnnnddd",
    "0011odddiiiiiiii",
    "0100000000mmmddd",
    "0100001101mmmddd",
    "0100001010mmmddd",
];

/// A letter of a pattern, its value, and how many of its bits are still to come.
struct Field {
    letter: char,
    width: usize,
    value: u32,
    rest: usize,
}

/// A random instruction by `pattern`, and its width; `given` fixes fields.
pub(crate) fn fill(pattern: &str, rng: &mut Rng, given: &[(char, u32)]) -> (u32, usize) {
    for _ in 0..1000 {
        let mut fields: Vec<Field> = Vec::new();
        for letter in pattern.chars().filter(char::is_ascii_alphabetic) {
            if fields.iter().all(|field| field.letter != letter) {
                let width = pattern.matches(letter).count();
                let fixed = given.iter().find(|entry| entry.0 == letter).map(|entry| entry.1);
                let value = fixed.unwrap_or_else(|| random_field(letter, width, rng));
                fields.push(Field { letter, width, value, rest: width });
            }
        }
        let mut bits = 0;
        for letter in pattern.chars() {
            let field = fields.iter_mut().find(|field| field.letter == letter);
            bits = bits << 1 | field.map_or(u32::from(letter == '1'), next_bit);
        }
        let known: Vec<(char, u32)> = fields.iter().map(|field| (field.letter, field.value)).collect();
        if defined(pattern.len(), bits, &known) {
            return (bits, pattern.len());
        }
    }
    panic!("bug: no defined instruction is of the pattern {pattern}")
}

/// The next bit of a field. One that stands twice (`e`) repeats itself.
fn next_bit(field: &mut Field) -> u32 {
    field.rest -= 1;
    let span = if field.letter == 'e' { 4 } else { field.width };
    field.value >> (field.rest % span) & 1
}

fn random_field(letter: char, width: usize, rng: &mut Rng) -> u32 {
    match (letter, width) {
        ('k', 4) => rng.below(14) as u32,
        ('d' | 'n' | 'm' | 'a' | 't' | 'l' | 'h', 4) | ('e', 8) => rng.below(13) as u32,
        ('n' | 'm' | 't' | 'd', 3) => rng.below(if letter == 'd' { 8 } else { 7 }) as u32,
        _ => rng.below(1 << width) as u32,
    }
}

/// Leaves out what Arm calls unpredictable.
fn defined(width: usize, bits: u32, fields: &[(char, u32)]) -> bool {
    let get = |letter: char| fields.iter().find(|entry| entry.0 == letter).map(|entry| entry.1);
    let modified = width == 32 && bits >> 27 == 0b11110 && bits >> 25 & 1 == 0 && bits >> 15 & 1 == 0;
    let repeated_zero =
        modified && bits >> 26 & 1 == 0 && bits >> 14 & 1 == 0 && bits >> 12 & 3 != 0 && bits.is_multiple_of(256);
    let writeback = width == 32
        && (bits >> 25 == 0b111_1100 && bits >> 23 & 1 == 0 && bits >> 11 & 1 == 1 && bits >> 8 & 1 == 1
            || bits >> 25 == 0b111_0100 && bits >> 21 & 1 == 1);
    let multiple = width == 32 && bits >> 25 == 0b111_0100 && bits >> 22 & 1 == 0;
    let list_bad =
        multiple && ((bits & 0x1fff).count_ones() < 2 || (writeback && bits >> get('n').unwrap_or(15) & 1 == 1));
    let narrow_list = width == 16 && bits >> 12 == 0b1100;
    let narrow_bad = narrow_list && (bits.is_multiple_of(128) || bits & 0x80 != 0 || stm_base_not_first(bits));
    let same = |a: char, b: char| get(a).is_some() && get(a) == get(b);
    let double_base = writeback && (same('l', 'n') || same('h', 'n'));
    let bytes_as_word = width == 32 && bits >> 25 == 0b111_1100 && bits >> 21 & 3 == 3;
    let hint_like = width == 32 && bits >> 24 == 0b1111_1001 && bits >> 21 & 3 >= 2;
    !(repeated_zero
        || same('l', 'h')
        || (writeback && same('t', 'n'))
        || list_bad
        || narrow_bad
        || double_base
        || bytes_as_word
        || hint_like)
}

/// `STM` with its base in the list but not first stores an unknown value.
fn stm_base_not_first(bits: u32) -> bool {
    let (n, list) = (bits >> 8 & 7, bits & 0xff);
    bits >> 11 & 1 == 0 && list >> n & 1 == 1 && list.trailing_zeros() != n
}

/// A word that is often a corner of some operation.
pub(crate) fn corner_word(rng: &mut Rng) -> u32 {
    const CORNERS: [u32; 14] = [
        0,
        1,
        2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x8000_8000,
        0x7fff_8000,
    ];
    match rng.below(4) {
        0 => CORNERS[rng.below(CORNERS.len())],
        1 => rng.below(64) as u32,
        _ => rng.next_u64() as u32,
    }
}

/// A float that is often a corner: zeros, infinities, NaNs of both kinds, denormals, limits, integers, neighbours of 1.
pub(crate) fn corner_float(rng: &mut Rng) -> u32 {
    const CORNERS: [u32; 20] = [
        0,
        0x8000_0000,
        0x3f80_0000,
        0xbf80_0000,
        0x7f80_0000,
        0xff80_0000,
        0x7fc0_0000,
        0x7fa1_2345,
        0xffc0_1234,
        1,
        0x8000_0001,
        0x007f_ffff,
        0x0080_0000,
        0x7f7f_ffff,
        0xff7f_ffff,
        0x3f80_0001,
        0x4f00_0000,
        0xcf00_0000,
        0x4f80_0000,
        0x3f00_0000,
    ];
    let bits = rng.next_u64() as u32;
    match rng.below(5) {
        0 => CORNERS[rng.below(CORNERS.len())],
        1 => bits & 0x80ff_ffff | 0x3f00_0000,
        2 => bits & 0x87ff_ffff | 0x4000_0000,
        3 => bits & 0x81ff_ffff,
        _ => bits,
    }
}

/// A double that is often a corner, in the same way; or two singles.
pub(crate) fn corner_double(rng: &mut Rng) -> u64 {
    const CORNERS: [u64; 22] = [
        0,
        0x8000_0000_0000_0000,
        0x3ff0_0000_0000_0000,
        0xbff0_0000_0000_0000,
        0x7ff0_0000_0000_0000,
        0xfff0_0000_0000_0000,
        0x7ff8_0000_0000_0000,
        0x7ff4_1234_5678_9abc,
        0xfff8_1234_5678_9abc,
        1,
        0x8000_0000_0000_0001,
        0x000f_ffff_ffff_ffff,
        0x0010_0000_0000_0000,
        0x7fef_ffff_ffff_ffff,
        0xffef_ffff_ffff_ffff,
        0x3ff0_0000_0000_0001,
        0x41df_ffff_ffc0_0000,
        0xc1e0_0000_0000_0000,
        0x41ef_ffff_ffff_ffff,
        0x3fe0_0000_0000_0000,
        0x47ef_ffff_f000_0000,
        0x3810_0000_0000_0000,
    ];
    let bits = rng.next_u64();
    match rng.below(7) {
        0 => CORNERS[rng.below(CORNERS.len())],
        // Near 1, small numbers with halves, the range of singles and its denormals, that of halves.
        1 => bits & 0x800f_ffff_ffff_ffff | 0x3fe0_0000_0000_0000,
        2 => bits & 0x804f_ff00_0000_0000 | 0x4000_0000_0000_0000,
        3 => bits & 0x803f_ffff_ffff_ffff | 0x3680_0000_0000_0000,
        4 => bits & 0x801f_ffff_ffff_ffff,
        5 => bits & 0x80ff_ffff_ffff_ffff | 0x3f00_0000_0000_0000,
        _ => u64::from(corner_float(rng)) << 32 | u64::from(corner_float(rng)),
    }
}

/// FPSCR: all rounding modes, flush to zero, default NaN, alternative half precision, sticky flags set or not.
pub(crate) fn fpscr(rng: &mut Rng) -> u32 {
    let bits = rng.next_u64() as u32;
    if rng.below(2) == 0 { bits & 0x10 } else { bits & 0xf7c0_009f }
}
