//! Seeded random numbers: counter-based, the same on every machine, in any order, on any number of threads.

use super::math;

/// A stream of random numbers: the n-th is a function of (key, n) alone.
#[derive(Clone, Debug)]
pub struct Rng {
    key: u64,
    counter: u64,
}

impl Rng {
    /// The stream for `seed` and a `purpose`; streams for different purposes are independent.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let key = purpose.bytes().fold(mix(seed ^ 0x9e37_79b9_7f4a_7c15), |key, byte| mix(key ^ u64::from(byte)));
        Self { key, counter: 0 }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        mix(self.key.wrapping_add(self.counter.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number below `bound` (which must not be zero), without bias.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        // Lemire, "Fast random integer generation in an interval" (2019): reject the short first interval.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// A float in [0, 1) with 24 random bits.
    pub fn unit(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / 16_777_216.0
    }

    /// A float in [low, high).
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A float from the normal distribution with mean 0 and deviation 1 (Box and Muller, 1958), in double precision
    /// until the end, so that the last bit never depends on a host's `log` or `cos`.
    pub fn normal(&mut self) -> f32 {
        let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0;
        let (radius, angle) = (unit(self.next_u64()), unit(self.next_u64()));
        ((-2.0 * math::ln64(radius)).sqrt() * math::cos64(std::f64::consts::TAU * angle)) as f32
    }

    /// An independent stream for the `index`-th item of whatever this stream is for; leaves this stream as it is.
    #[must_use]
    pub fn branch(&self, index: u64) -> Self {
        Self { key: mix(self.key ^ mix(index.wrapping_add(0x6a09_e667_f3bc_c909))), counter: 0 }
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
