//! Drawings of data as SVG: they need nothing but a browser, follow its light or dark scheme, and escape every text.

mod axis;
mod bars;
mod canvas;
mod fourier;
mod histogram;
mod picture;
mod png;
mod scatter;
mod wave;

pub use bars::{Bar, bars};
pub use fourier::spectrogram;
pub use histogram::{Histogram, histograms};
pub use picture::{Picture, Shades, pictures};
pub use scatter::{Mark, Point, scatter};
pub use wave::{Wave, waves};
