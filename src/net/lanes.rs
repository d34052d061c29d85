//! Vectors of floats as wide as an instruction set has them. Each lane computes as one float does: same bits everywhere.
#![expect(unsafe_code, reason = "vector instructions")]
#![expect(
    clippy::inline_always,
    reason = "they must become single instructions within each instruction set's function"
)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as x86;

/// A vector of `COUNT` floats.
///
/// # Safety
/// Its functions may only be called where the processor has its instructions: within [`super::gemm::Isa::run`]. Those that
/// take a pointer touch `COUNT` floats there, or the first `lanes` of them; missing lanes are zero.
pub trait Lanes: Copy {
    /// Lanes of a vector.
    const COUNT: usize;
    /// Whether there are 32 registers for them.
    const MANY: bool;
    /// All lanes the same.
    unsafe fn splat(value: f32) -> Self;
    /// Reads a vector.
    unsafe fn load(from: *const f32) -> Self;
    /// Reads the first lanes of a vector.
    unsafe fn load_part(from: *const f32, lanes: usize) -> Self;
    /// Writes a vector.
    unsafe fn store(self, to: *mut f32);
    /// Writes the first lanes of a vector.
    unsafe fn store_part(self, to: *mut f32, lanes: usize);
    /// `a · b + c` with one rounding, lane by lane.
    unsafe fn fma(a: Self, b: Self, c: Self) -> Self;
}

impl Lanes for [f32; 8] {
    const COUNT: usize = 8;
    const MANY: bool = false;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        [value; 8]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, lanes: usize) -> Self {
        // SAFETY: the caller's promise.
        std::array::from_fn(|lane| if lane < lanes { unsafe { *from.add(lane) } } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<Self>().write_unaligned(self) };
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, lanes: usize) {
        for (lane, value) in self.iter().enumerate().take(lanes) {
            // SAFETY: the caller's promise.
            unsafe { *to.add(lane) = *value };
        }
    }

    #[inline(always)]
    unsafe fn fma(a: Self, b: Self, c: Self) -> Self {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for x86::__m256 {
    const COUNT: usize = 8;
    const MANY: bool = false;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller runs within `Isa::run`, here and below.
        unsafe { x86::_mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as above, and the caller's promise.
        unsafe { x86::_mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, lanes: usize) -> Self {
        // SAFETY: as above; masked lanes aren't touched.
        unsafe { x86::_mm256_maskload_ps(from, mask(lanes)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above, and the caller's promise.
        unsafe { x86::_mm256_storeu_ps(to, self) };
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, lanes: usize) {
        // SAFETY: as above; masked lanes aren't touched.
        unsafe { x86::_mm256_maskstore_ps(to, mask(lanes), self) };
    }

    #[inline(always)]
    unsafe fn fma(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm256_fmadd_ps(a, b, c) }
    }
}

/// The first `lanes` of eight lanes.
///
/// # Safety
/// The processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn mask(lanes: usize) -> x86::__m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let order = x86::_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        x86::_mm256_cmpgt_epi32(x86::_mm256_set1_epi32(lanes as i32), order)
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for x86::__m512 {
    const COUNT: usize = 16;
    const MANY: bool = true;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller runs within `Isa::run`, here and below.
        unsafe { x86::_mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as above, and the caller's promise.
        unsafe { x86::_mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, lanes: usize) -> Self {
        // SAFETY: as above; masked lanes aren't touched.
        unsafe { x86::_mm512_maskz_loadu_ps(((1_u32 << lanes) - 1) as u16, from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above, and the caller's promise.
        unsafe { x86::_mm512_storeu_ps(to, self) };
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, lanes: usize) {
        // SAFETY: as above; masked lanes aren't touched.
        unsafe { x86::_mm512_mask_storeu_ps(to, ((1_u32 << lanes) - 1) as u16, self) };
    }

    #[inline(always)]
    unsafe fn fma(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_fmadd_ps(a, b, c) }
    }
}
