//! The f32 matrix product in which every output is one chain `acc = fma(a, b, acc)` over k in order.
//!
//! The chain makes the bits independent of vector width, tile shape and thread count: every instruction set runs the
//! same source, compiled for it, and vectorises only across outputs.
#![expect(unsafe_code, reason = "vector instructions, and calling functions compiled for a detected instruction set")]
#![expect(clippy::inline_always, reason = "the kernel must be compiled anew within each instruction set's function")]

use super::lanes::Lanes;

/// The instruction set that the product is compiled for. All give equal bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isa {
    /// What every processor of the target has (on aarch64 that includes NEON and a fused multiply-add).
    Baseline,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512F.
    Avx512,
}

impl Isa {
    /// The widest one that this processor has.
    pub fn detect() -> Self {
        Self::available().pop().unwrap_or(Self::Baseline)
    }

    /// Every one that this processor has, narrowest first.
    pub fn available() -> Vec<Self> {
        [Self::Baseline, Self::Avx2, Self::Avx512].into_iter().filter(|isa| isa.present()).collect()
    }

    /// Whether this processor has it. The standard library caches the answer: asking is one load.
    fn present(self) -> bool {
        match self {
            Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.present() && is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// Runs `work` compiled for this instruction set, or for the baseline where the processor lacks it.
    #[inline]
    pub fn run(self, work: impl Work) {
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx512 && self.present() {
            // SAFETY: the function only needs AVX-512F, AVX2 and FMA, and `present` has just found them.
            return unsafe { run_avx512(work) };
        } else if self == Self::Avx2 && self.present() {
            // SAFETY: the function only needs AVX2 and FMA, and `present` has just found them.
            return unsafe { run_avx2(work) };
        }
        let _ = self;
        work.run::<[f32; 8]>();
    }
}

impl Isa {
    /// Runs a closure in the same way: loops over elements become vector code. Write `#[inline(always)]` before it.
    #[inline]
    pub fn compiled(self, work: impl FnOnce()) {
        self.run(Closure(work));
    }
}

struct Closure<F>(F);

impl<F: FnOnce()> Work for Closure<F> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        (self.0)();
    }
}

/// Work that is compiled for each instruction set.
pub trait Work {
    /// Does it with vectors `L`. Implementations are `#[inline(always)]`, so that they are compiled for the caller's
    /// instruction set.
    fn run<L: Lanes>(self);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(work: impl Work) {
    work.run::<std::arch::x86_64::__m256>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn run_avx512(work: impl Work) {
    work.run::<std::arch::x86_64::__m512>();
}

/// The left factor: `m × k` elements at any two strides, so that a transposed matrix needs no copy.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    /// Elements.
    pub data: &'a [f32],
    /// Distance between rows.
    pub row: usize,
    /// Distance between columns.
    pub column: usize,
}

/// `c[m][n] += Σ_k a[m][k] · b[k][n]`, each output one chain of fused multiply-adds over k that starts at `c`'s value.
/// `b` is `k × n` and `c` is `m × n`, both dense in C order; m follows from `c`, k from `b`.
pub fn gemm(isa: Isa, n: usize, a: Left<'_>, b: &[f32], c: &mut [f32]) {
    if n > 0 && !c.is_empty() && !b.is_empty() {
        let depth = Depth { outer: 1, inner: b.len() / n };
        let layout = Layout {
            rows: c.len() / n,
            columns: n,
            depth,
            a: Steps { row: a.row, outer: 0, inner: a.column },
            b: Steps { row: 0, outer: 0, inner: n },
            c_row: n,
            repeat: Repeat { count: 1, a: 0, c: 0 },
        };
        product(isa, layout, a.data, b, c);
    }
}

/// A sum's length: `outer` runs of `inner` steps.
#[derive(Clone, Copy)]
pub struct Depth {
    /// Runs.
    pub outer: usize,
    /// Steps of a run.
    pub inner: usize,
}

/// Distances in a factor: between rows of the product, between runs of a sum, between steps of a run.
#[derive(Clone, Copy)]
pub struct Steps {
    /// Between rows of the product.
    pub row: usize,
    /// Between runs.
    pub outer: usize,
    /// Between steps.
    pub inner: usize,
}

/// The same product again, further on in the left factor and in the result.
#[derive(Clone, Copy)]
pub struct Repeat {
    /// How often.
    pub count: usize,
    /// Distance in the left factor.
    pub a: usize,
    /// Distance in the result.
    pub c: usize,
}

/// Where the elements of a product are: windows of an image are rows of a matrix without being copied.
#[derive(Clone, Copy)]
pub struct Layout {
    /// Rows of the result.
    pub rows: usize,
    /// Its columns; neighbours in `b` and in `c`.
    pub columns: usize,
    /// Length of a sum.
    pub depth: Depth,
    /// Steps in the left factor.
    pub a: Steps,
    /// Steps in the right factor.
    pub b: Steps,
    /// Distance between rows of the result.
    pub c_row: usize,
    /// Repetitions.
    pub repeat: Repeat,
}

impl Layout {
    /// The furthest elements that are touched, or `None` when nothing is to be done.
    fn furthest(&self) -> Option<[usize; 3]> {
        let [rows, outer, inner, count] =
            [self.rows, self.depth.outer, self.depth.inner, self.repeat.count].map(|count| count.checked_sub(1));
        let (rows, outer, inner, count) = (rows?, outer?, inner?, count?);
        let columns = self.columns.checked_sub(1)?;
        Some([
            rows * self.a.row + outer * self.a.outer + inner * self.a.inner + count * self.repeat.a,
            outer * self.b.outer + inner * self.b.inner + columns,
            rows * self.c_row + columns + count * self.repeat.c,
        ])
    }
}

/// `c[m][n] += Σ_k a[m][k] · b[k][n]` for elements that lie as `layout` says; each output is one chain of fused
/// multiply-adds, run by run, that starts at `c`'s value.
///
/// # Panics
/// When `layout` reaches beyond `a`, `b` or `c`: our own bug.
pub fn product(isa: Isa, layout: Layout, a: &[f32], b: &[f32], c: &mut [f32]) {
    let Some([last_a, last_b, last_c]) = layout.furthest() else { return };
    assert!(last_a < a.len() && last_b < b.len() && last_c < c.len(), "bug: a factor or the result is too small");
    isa.run(Product { layout, a, b, c });
}

struct Product<'a> {
    layout: Layout,
    a: &'a [f32],
    b: &'a [f32],
    c: &'a mut [f32],
}

impl Work for Product<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let layout = self.layout;
        for again in 0..layout.repeat.count {
            let mut row = 0;
            while row < layout.rows {
                // SAFETY: `product` has checked the furthest elements of all three; `strip` keeps to rows `row..row + height`
                // and to the columns.
                row += unsafe {
                    let a = self.a.as_ptr().add(again * layout.repeat.a + row * layout.a.row);
                    let c = self.c.as_mut_ptr().add(again * layout.repeat.c + row * layout.c_row);
                    let b = self.b.as_ptr();
                    match layout.rows - row {
                        12.. if L::MANY => strip::<L, 12, 2>(&layout, a, b, c),
                        8.. if L::MANY => strip::<L, 8, 3>(&layout, a, b, c),
                        8.. => strip::<L, 8, 1>(&layout, a, b, c),
                        4.. => strip::<L, 4, 3>(&layout, a, b, c),
                        2.. => strip::<L, 2, 4>(&layout, a, b, c),
                        _ => strip::<L, 1, 4>(&layout, a, b, c),
                    }
                };
            }
        }
    }
}

/// `HEIGHT` rows of the product in tiles of `WIDTH` vectors, then of one, then of a part of one; answers `HEIGHT`.
///
/// # Safety
/// All elements that the layout names for these rows exist.
#[inline(always)]
unsafe fn strip<L: Lanes, const HEIGHT: usize, const WIDTH: usize>(
    layout: &Layout,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
) -> usize {
    let mut column = 0;
    // SAFETY: `column` and the lanes that a tile touches stay below the number of columns.
    unsafe {
        while column + WIDTH * L::COUNT <= layout.columns {
            tile::<L, HEIGHT, WIDTH, true>(layout, a, b.add(column), c.add(column), L::COUNT);
            column += WIDTH * L::COUNT;
        }
        while column + L::COUNT <= layout.columns {
            tile::<L, HEIGHT, 1, true>(layout, a, b.add(column), c.add(column), L::COUNT);
            column += L::COUNT;
        }
        if column < layout.columns {
            tile::<L, HEIGHT, 1, false>(layout, a, b.add(column), c.add(column), layout.columns - column);
        }
    }
    HEIGHT
}

/// One tile in registers: `HEIGHT × WIDTH` vectors of chains at once. Without `WHOLE` only the first `lanes` lanes of each
/// vector exist.
///
/// # Safety
/// As [`strip`]; the columns that start at `b` and `c` go on for `WIDTH` whole vectors, or for `lanes` lanes.
#[inline(always)]
unsafe fn tile<L: Lanes, const HEIGHT: usize, const WIDTH: usize, const WHOLE: bool>(
    layout: &Layout,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    lanes: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let load = |from: *const f32| if WHOLE { L::load(from) } else { L::load_part(from, lanes) };
        let mut chains = [[L::splat(0.0); WIDTH]; HEIGHT];
        for (y, chain) in chains.iter_mut().enumerate() {
            for (x, lanes) in chain.iter_mut().enumerate() {
                *lanes = load(c.add(y * layout.c_row + x * L::COUNT));
            }
        }
        for run in 0..layout.depth.outer {
            let (mut a, mut b) = (a.add(run * layout.a.outer), b.add(run * layout.b.outer));
            for _ in 0..layout.depth.inner {
                let mut right = [L::splat(0.0); WIDTH];
                for (x, lanes) in right.iter_mut().enumerate() {
                    *lanes = load(b.add(x * L::COUNT));
                }
                for (y, chain) in chains.iter_mut().enumerate() {
                    let left = L::splat(*a.add(y * layout.a.row));
                    for (lanes, right) in chain.iter_mut().zip(right) {
                        *lanes = L::fma(left, right, *lanes);
                    }
                }
                a = a.wrapping_add(layout.a.inner);
                b = b.wrapping_add(layout.b.inner);
            }
        }
        for (y, chain) in chains.iter().enumerate() {
            for (x, value) in chain.iter().enumerate() {
                let to = c.add(y * layout.c_row + x * L::COUNT);
                if WHOLE { value.store(to) } else { value.store_part(to, lanes) }
            }
        }
    }
}

/// `b[j][i] = a[i][j]`: the transpose of a matrix with `columns` columns.
pub fn transpose(a: &[f32], columns: usize) -> Vec<f32> {
    let rows = a.len() / columns.max(1);
    let mut b = vec![0.0; a.len()];
    for (i, line) in a.chunks_exact(columns.max(1)).enumerate() {
        for (j, value) in line.iter().enumerate() {
            b[j * rows + i] = *value;
        }
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn numbers(rng: &mut Rng, count: usize) -> Vec<f32> {
        (0..count).map(|_| rng.range(-2.0, 2.0)).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_one_chain() {
        let mut rng = Rng::new(1, "gemm");
        for _ in 0..200 {
            let (m, n, k) = (rng.below(9) + 1, rng.below(70) + 1, rng.below(40));
            let (a, b, start) = (numbers(&mut rng, m * k), numbers(&mut rng, k * n), numbers(&mut rng, m * n));
            let mut expected = start.clone();
            for (at, chain) in expected.iter_mut().enumerate() {
                for step in 0..k {
                    *chain = a[at / n * k + step].mul_add(b[step * n + at % n], *chain);
                }
            }
            for isa in Isa::available() {
                let mut c = start.clone();
                gemm(isa, n, Left { data: &a, row: k, column: 1 }, &b, &mut c);
                assert!(c.iter().zip(&expected).all(|(x, y)| x.to_bits() == y.to_bits()), "{isa:?} {m} {n} {k}");
                let flipped = transpose(&a, k);
                let mut c = start.clone();
                gemm(isa, n, Left { data: &flipped, row: 1, column: m }, &b, &mut c);
                assert!(c == expected, "{isa:?} transposed {m} {n} {k}");
            }
        }
    }
}
