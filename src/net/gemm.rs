//! The f32 matrix product in which every output is one chain `acc = fma(a, b, acc)` over k in order.
//!
//! The chain makes the bits independent of vector width, tile shape and thread count: every instruction set runs the
//! same source, compiled for it, and vectorises only across outputs.
#![expect(unsafe_code, reason = "calling a function that is compiled for a detected instruction set")]
#![expect(clippy::inline_always, reason = "the kernel must be compiled anew within each instruction set's function")]

/// Rows of a register tile.
const ROWS: usize = 4;

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
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::Avx512 && isa.present() {
        // SAFETY: the function only needs AVX-512F, AVX2 and FMA, and `present` has just found them.
        return unsafe { gemm_avx512(n, a, b, c) };
    } else if isa == Isa::Avx2 && isa.present() {
        // SAFETY: the function only needs AVX2 and FMA, and `present` has just found them.
        return unsafe { gemm_avx2(n, a, b, c) };
    }
    let _ = isa;
    tiles::<8>(n, a, b, c);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn gemm_avx2(n: usize, a: Left<'_>, b: &[f32], c: &mut [f32]) {
    tiles::<16>(n, a, b, c);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn gemm_avx512(n: usize, a: Left<'_>, b: &[f32], c: &mut [f32]) {
    tiles::<32>(n, a, b, c);
}

/// Covers `c` with tiles of `ROWS × WIDTH`, then narrower ones at the right edge.
#[inline(always)]
fn tiles<const WIDTH: usize>(n: usize, a: Left<'_>, b: &[f32], c: &mut [f32]) {
    if n == 0 {
        return;
    }
    let mut column = 0;
    while column + WIDTH <= n {
        columns::<WIDTH>(n, column, a, b, c);
        column += WIDTH;
    }
    while column + 8 <= n {
        columns::<8>(n, column, a, b, c);
        column += 8;
    }
    while column < n {
        columns::<1>(n, column, a, b, c);
        column += 1;
    }
}

#[inline(always)]
fn columns<const WIDTH: usize>(n: usize, column: usize, a: Left<'_>, b: &[f32], c: &mut [f32]) {
    let rows = c.len() / n;
    let mut row = 0;
    while row + ROWS <= rows {
        tile::<ROWS, WIDTH>(n, (row, column), a, b, c);
        row += ROWS;
    }
    while row < rows {
        tile::<1, WIDTH>(n, (row, column), a, b, c);
        row += 1;
    }
}

/// One tile in registers: `HEIGHT × WIDTH` chains at once.
#[inline(always)]
fn tile<const HEIGHT: usize, const WIDTH: usize>(
    n: usize,
    (row, column): (usize, usize),
    a: Left<'_>,
    b: &[f32],
    c: &mut [f32],
) {
    let mut chains = [[0.0_f32; WIDTH]; HEIGHT];
    for (y, chain) in chains.iter_mut().enumerate() {
        chain.copy_from_slice(&c[(row + y) * n + column..][..WIDTH]);
    }
    for (k, line) in b.chunks_exact(n).enumerate() {
        let mut right = [0.0_f32; WIDTH];
        right.copy_from_slice(&line[column..column + WIDTH]);
        for (y, chain) in chains.iter_mut().enumerate() {
            let left = a.data[(row + y) * a.row + k * a.column];
            for x in 0..WIDTH {
                chain[x] = left.mul_add(right[x], chain[x]);
            }
        }
    }
    for (y, chain) in chains.iter().enumerate() {
        c[(row + y) * n + column..][..WIDTH].copy_from_slice(chain);
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
