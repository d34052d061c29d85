//! What ranges the values of a network take on calibration samples.

/// Histogram resolution.
const BINS: usize = 2048;

/// How a range follows from what was seen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Calibration {
    /// From the smallest to the largest value.
    MinMax,
    /// Leaving out this share of the values at each end.
    Percentile(f64),
    /// The range with the least squared error of rounding and clipping together.
    Mse,
}

/// Extremes and histogram of one value.
#[derive(Clone, Debug)]
pub struct Observed {
    low: f32,
    high: f32,
    finite: bool,
    bins: Vec<u64>,
}

impl Default for Observed {
    fn default() -> Self {
        // Zero is always inside: it must have an exact int8 value.
        Self { low: 0.0, high: 0.0, finite: true, bins: Vec::new() }
    }
}

impl Observed {
    /// Takes in the extremes of `values`.
    pub fn widen(&mut self, values: &[f32]) {
        for value in values {
            self.low = self.low.min(*value);
            self.high = self.high.max(*value);
            self.finite &= value.is_finite();
        }
    }

    /// Counts `values`; all of them were given to `widen` before.
    pub fn count(&mut self, values: &[f32]) {
        self.bins.resize(BINS, 0);
        let width = self.width();
        for value in values {
            let bin = (f64::from(*value - self.low) / width) as usize;
            self.bins[bin.min(BINS - 1)] += 1;
        }
    }

    /// False when a value was infinite or not a number.
    pub fn finite(&self) -> bool {
        self.finite
    }

    /// The range by `method`; it holds zero.
    pub fn range(&self, method: Calibration) -> (f32, f32) {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        let all: u64 = self.bins.iter().sum();
        if all == 0 || high <= low {
            return (self.low, self.high);
        }
        let (low, high) = match method {
            Calibration::MinMax => (low, high),
            Calibration::Percentile(share) => self.percentile((share * all as f64) as u64),
            Calibration::Mse => self.least_error(),
        };
        (low.min(0.0) as f32, high.max(0.0) as f32)
    }

    fn width(&self) -> f64 {
        ((f64::from(self.high) - f64::from(self.low)) / BINS as f64).max(f64::MIN_POSITIVE)
    }

    fn percentile(&self, skipped: u64) -> (f64, f64) {
        let inside = |bins: &mut dyn Iterator<Item = &u64>| {
            let mut seen = 0;
            bins.take_while(|count| {
                seen += **count;
                seen <= skipped
            })
            .count()
        };
        let (below, above) = (inside(&mut self.bins.iter()), inside(&mut self.bins.iter().rev()));
        let edge = |bin: usize| f64::from(self.low) + bin as f64 * self.width();
        (edge(below), edge(BINS.saturating_sub(above)))
    }

    /// Both ends shrunk by the same share, in a hundred steps: the outer half is where outliers live.
    fn least_error(&self) -> (f64, f64) {
        let error = |share: f64| {
            let (low, high) = (f64::from(self.low) * share, f64::from(self.high) * share);
            let step = (high - low) / 255.0;
            let counts = self.bins.iter().enumerate().filter(|(_, count)| **count > 0);
            let errors = counts.map(|(bin, count)| {
                let value = f64::from(self.low) + (bin as f64 + 0.5) * self.width();
                let clipped = value - value.clamp(low, high);
                *count as f64 * (clipped * clipped + step * step / 12.0)
            });
            errors.sum::<f64>()
        };
        let shares = (0..=100).map(|step| 1.0 - 0.005 * f64::from(step));
        let best =
            shares.map(|share| (share, error(share))).reduce(|best, next| if next.1 < best.1 { next } else { best });
        let share = best.map_or(1.0, |best| best.0);
        (f64::from(self.low) * share, f64::from(self.high) * share)
    }
}
