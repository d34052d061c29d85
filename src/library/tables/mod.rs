//! Constants that templates of features ask for: windows, transforms, filter banks, filters. Computed with
//! `base::math`, so that the C is the same whichever machine makes it.

mod butterworth;
mod fourier;
mod mel;
mod window;

pub(super) use butterworth::butterworth;
pub(super) use fourier::{dct, split, stages};
pub(super) use mel::{log2_whole, mel};
pub(super) use window::{lowpass, window};
