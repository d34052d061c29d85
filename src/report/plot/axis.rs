//! Numbers along an edge: round ticks, and a number's place in pixels.

/// Maps values from `low..high` to pixels from `start` to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// An axis over finite values; one value alone gets room about it.
    pub(super) fn new(low: f64, high: f64, start: f64, end: f64) -> Self {
        let fine = low.is_finite() && high.is_finite() && high > low;
        let (low, high) = if fine {
            (low, high)
        } else if low.is_finite() {
            (low - 0.5, low + 0.5)
        } else {
            (-0.5, 0.5)
        };
        Self { low, high, start, end }
    }

    /// Where a value stands.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.start + share * (self.end - self.start)
    }

    /// About `most` round values within the axis, with their texts.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let raw = (self.high - self.low) / most.max(1) as f64;
        let mut unit = 1.0_f64;
        while unit > raw && unit > 1e-30 {
            unit /= 10.0;
        }
        while unit * 10.0 <= raw && unit < 1e30 {
            unit *= 10.0;
        }
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * unit).into_iter().find(|step| *step >= raw);
        let step = step.unwrap_or(unit * 10.0);
        let first = (self.low / step).ceil();
        let many = ((self.high / step).floor() - first).clamp(0.0, 20.0) as usize;
        (0..=many)
            .map(|index| (first + index as f64) * step)
            .filter(|value| *value >= self.low && *value <= self.high)
            .map(|value| (value, number(value, step)))
            .collect()
    }
}

/// A tick's text, as many decimals as the step has.
fn number(value: f64, step: f64) -> String {
    let size = value.abs();
    if size >= 1e6 || (size > 0.0 && step < 1e-4) {
        return format!("{value:.1e}");
    }
    let mut decimals = 0;
    let mut rest = step;
    while decimals < 5 && (rest - rest.round()).abs() > 1e-6 * rest.abs() {
        rest *= 10.0;
        decimals += 1;
    }
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_bounded() {
        let texts = |low, high| -> Vec<String> {
            Axis::new(low, high, 0.0, 100.0).ticks(4).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts(0.0, 1.0), ["0.0", "0.5", "1.0"]);
        assert_eq!(texts(-20.0, 63.0), ["0", "50"]);
        for (low, high) in [(0.0, 0.0), (f64::NAN, 1.0), (-1e30, 1e30), (5.0, 4.0), (1e-9, 3e-9)] {
            assert!(texts(low, high).len() < 30, "{low} {high}");
        }
    }
}
