//! The code of a depthwise kernel: up to four outputs in a row at once, their registers and the order of instructions.
//!
//! r0 is at the plane, r1 at the output, r2 at the channel's words, r3 to r6 are the sums, lr counts; the others hold
//! weights and pixels. Loads stand together because each one behind another takes a cycle less (Cortex-M4 TRM 3.3.2).

use super::super::window::Window;
use super::planes::{needed, output_steps};

/// How the taps along one axis lie in words, and how far the outputs are apart.
pub(super) struct Strip {
    along: usize,
    taps: usize,
    stride: usize,
    /// The taps in the lower and upper half of each word of weights.
    pub(super) words: Vec<(usize, Option<usize>)>,
}

const FIRST_SUM: usize = 3;
const FIRST_FREE: usize = 7;
const LAST_FREE: usize = 12;

impl Strip {
    /// Outputs at once.
    pub(super) const ROWS: usize = 4;

    pub(super) fn of(window: &Window, along: usize) -> Self {
        let (taps, stride) = (window.kernel[along], window.stride[along]);
        let pairs =
            |first: usize| (first..taps).step_by(2).map(move |tap| (tap, Some(tap + 1).filter(|tap| *tap < taps)));
        let whole = |pair: &(usize, Option<usize>)| pair.1.is_some();
        let words: Vec<_> = match (taps, stride) {
            (1, _) | (_, 2) => pairs(0).collect(),
            // Outputs that begin in an upper half need the pairs from the second tap on too.
            _ => pairs(0).filter(whole).chain(pairs(1).filter(whole)).collect(),
        };
        Self { along, taps, stride, words }
    }

    /// Whether there are registers and forms for it.
    pub(super) fn possible(&self) -> bool {
        (1..=2).contains(&self.stride) && self.words.len() + 2 <= LAST_FREE + 1 - FIRST_FREE
    }

    /// Words of two pixels along the axis.
    pub(super) fn pitch(&self, window: &Window) -> usize {
        needed(window, self.along).div_ceil(2)
    }

    /// The word that holds a tap, and whether it is its upper half.
    pub(super) fn half(&self, tap: usize) -> (usize, usize) {
        let at = |half: usize| {
            self.words.iter().position(|word| if half == 0 { word.0 == tap } else { word.1 == Some(tap) })
        };
        match (at(0), at(1)) {
            (Some(word), _) => (word, 0),
            (None, Some(word)) => (word, 1),
            (None, None) => panic!("bug: a tap without a word"),
        }
    }

    /// The kernel of one channel: outputs of all columns.
    pub(super) fn code(&self, window: &Window, signed: bool) -> Vec<String> {
        let (along, across) = (self.along, 1 - self.along);
        let (whole, rest) = (window.output[along] / Self::ROWS, window.output[along] % Self::ROWS);
        let pitch = 4 * self.pitch(window);
        let steps = output_steps(window);
        let mut code: Vec<String> =
            ["push {r4-r11, lr}", "sub sp, sp, #12", "strd r0, r1, [sp]"].map(String::from).into();
        code.push(format!("movw r10, #{}", window.output[across]));
        code.extend(["str r10, [sp, #8]".to_string(), "2:".to_string()]);
        if whole > 0 {
            code.extend([format!("movw lr, #{whole}"), "1:".to_string()]);
            code.extend(self.sums(Self::ROWS, window.kernel[across], pitch));
            code.push(format!("add r0, r0, #{}", 2 * Self::ROWS * self.stride));
            code.extend(outputs(Self::ROWS, self.end(window), steps[along], signed));
            code.extend(advance("r1", Self::ROWS * steps[along]));
            code.extend(["subs lr, lr, #1", "bne 1b"].map(String::from));
        }
        if rest > 0 {
            code.extend(self.sums(rest, window.kernel[across], pitch));
            code.extend(outputs(rest, self.end(window), steps[along], signed));
        }
        code.push("ldrd r0, r1, [sp]".into());
        code.extend(advance("r0", pitch * window.stride[across]));
        code.extend(advance("r1", steps[across]));
        let end = ["ldr r12, [sp, #8]", "strd r0, r1, [sp]", "subs r12, r12, #1", "str r12, [sp, #8]", "bne 2b"];
        code.extend(end.map(String::from));
        code.extend(["add sp, sp, #12", "pop {r4-r11, pc}"].map(String::from));
        code
    }

    /// Bytes of weights before a channel's bias and scale.
    fn end(&self, window: &Window) -> usize {
        4 * window.kernel[1 - self.along] * self.words.len()
    }

    /// Sums of `rows` outputs over all taps.
    fn sums(&self, rows: usize, columns: usize, pitch: usize) -> Vec<String> {
        let weights = self.words.len();
        let pixel = |at: usize| format!("r{}", FIRST_FREE + weights + at);
        let free = LAST_FREE + 1 - FIRST_FREE - weights;
        let pixels: Vec<usize> = (0..((rows - 1) * self.stride + self.taps).div_ceil(2)).collect();
        let mut code = Vec::new();
        let mut begun = vec![false; rows];
        for column in 0..columns {
            if column == 0 {
                code.push(format!("ldr r{FIRST_SUM}, [r2, #{}]", 4 * columns * weights));
            }
            let load = |word: usize| format!("ldr r{}, [r2, #{}]", FIRST_FREE + word, 4 * (column * weights + word));
            code.extend((0..weights).map(load));
            for some in pixels.chunks(free) {
                let load =
                    |(at, word): (usize, &usize)| format!("ldr {}, [r0, #{}]", pixel(at), column * pitch + 4 * word);
                code.extend(some.iter().enumerate().map(load));
                let first = column == 0 && some[0] == 0;
                // The first sum begins with the bias last, because the others take it from there.
                for row in (0..rows).rev() {
                    let products =
                        some.iter().enumerate().filter_map(|(at, word)| Some((at, self.product(row, *word)?)));
                    let mut any = false;
                    for (at, (form, weight)) in products {
                        let from = if begun[row] { FIRST_SUM + row } else { FIRST_SUM };
                        let (to, weight) = (FIRST_SUM + row, FIRST_FREE + weight);
                        code.push(format!("{form} r{to}, {}, r{weight}, r{from}", pixel(at)));
                        (begun[row], any) = (true, true);
                    }
                    if first && !any {
                        code.push(format!("mov r{}, r{FIRST_SUM}", FIRST_SUM + row));
                        begun[row] = true;
                    }
                }
            }
        }
        code
    }

    /// The instruction by which two pixels of word `word` count for output `row`, and the word of weights.
    fn product(&self, row: usize, word: usize) -> Option<(String, usize)> {
        let tap = |pixel: usize| pixel.checked_sub(row * self.stride).filter(|tap| *tap < self.taps);
        let name = |half: usize| ["b", "t"][half];
        match (tap(2 * word), tap(2 * word + 1)) {
            (Some(low), Some(high)) => {
                let at = self.words.iter().position(|pair| *pair == (low, Some(high)));
                Some(("smlad".into(), at.unwrap_or_else(|| panic!("bug: a pair of taps without a word"))))
            }
            (Some(tap), None) => {
                let (at, half) = self.half(tap);
                Some((format!("smlab{}", name(half)), at))
            }
            (None, Some(tap)) => {
                let (at, half) = self.half(tap);
                Some((format!("smlat{}", name(half)), at))
            }
            (None, None) => None,
        }
    }
}

/// From sums to bytes in memory; the scale stands `end` + 4 bytes behind the channel's beginning.
fn outputs(rows: usize, end: usize, step: usize, signed: bool) -> Vec<String> {
    let sums = || FIRST_SUM..FIRST_SUM + rows;
    let mut code: Vec<String> = (0..3).map(|at| format!("ldr r{}, [r2, #{}]", 7 + at, end + 4 + 4 * at)).collect();
    for sum in sums() {
        if signed {
            code.push(format!("add r10, r8, r{sum}, asr #31"));
        }
        code.push(format!("smmlar r{sum}, r{sum}, r7, {}", if signed { "r10" } else { "r8" }));
    }
    code.extend(sums().map(|sum| format!("asr r{sum}, r{sum}, r9")));
    code.extend(sums().map(|sum| format!("ssat r{sum}, #8, r{sum}")));
    code.extend(sums().enumerate().map(|(at, sum)| format!("strb r{sum}, [r1, #{}]", at * step)));
    code
}

/// `register` += `bytes`, which may exceed an immediate.
fn advance(register: &str, bytes: usize) -> Vec<String> {
    if bytes < 4096 {
        return vec![format!("addw {register}, {register}, #{bytes}")];
    }
    let load = [format!("movw r12, #{}", bytes % 65_536), format!("movt r12, #{}", bytes / 65_536)];
    load.into_iter().chain([format!("add {register}, {register}, r12")]).collect()
}
