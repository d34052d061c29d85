//! The rounds of a search: successive halving (Jamieson and Talwalkar 2016; Li et al. 2020), a third going on with three
//! times the epochs. Its budget is counted in the time that a fixed machine would take, so that a spec gives the same
//! result on every one.

use crate::net::Net;

/// One in so many goes on to the next round, for so many times the epochs.
const THIRD: usize = 3;

/// Steps of the optimiser that a first look takes at least: fewer tell nothing.
const LEAST_STEPS: usize = 60;

/// Multiply-accumulates a second of the fixed machine, forward and backward, on one thread.
const RATE: f64 = 8e9;

/// Seconds a sample and operator, whatever its size.
const OVERHEAD: f64 = 3e-6;

/// Seconds that measuring a candidate on a board takes.
const MEASURING: f64 = 1.5;

/// Share of the budget that measuring may take.
const MEASURED_SHARE: f64 = 0.4;

/// Candidates that are tried however short the budget is.
const LEAST: usize = 3;

/// The shape of a search: how many candidates each round has, and the seconds for all of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Ladder {
    /// Places by round; the last one has one.
    pub places: Vec<usize>,
    /// Seconds of training.
    pub seconds: f64,
}

impl Ladder {
    /// For so many candidates on so many boards within `budget` seconds.
    pub fn new(candidates: usize, boards: usize, budget: f64) -> Self {
        let each = MEASURING * boards.max(1) as f64;
        let most = (budget * MEASURED_SHARE / each) as usize;
        let mut places = vec![candidates.min(most.max(LEAST)).max(1)];
        while let Some(last) = places.last().copied().filter(|last| *last > 1) {
            places.push(last.div_ceil(THIRD));
        }
        let measuring = each * places[0] as f64;
        Self { places, seconds: (budget - measuring).max(budget * (1.0 - MEASURED_SHARE)) }
    }

    /// How many candidates are tried.
    pub fn trials(&self) -> usize {
        self.places[0]
    }

    /// How many rounds there are.
    pub fn rounds(&self) -> usize {
        self.places.len()
    }

    /// Epochs of a round (from 0) for a candidate that is to have `epochs` in the last one, if time doesn't matter.
    pub fn epochs(&self, round: usize, epochs: u32, steps: usize) -> u32 {
        let share = THIRD.saturating_pow((self.rounds() - 1 - round) as u32);
        let least = LEAST_STEPS.div_ceil(steps.max(1));
        (epochs as usize).div_ceil(share).max(least).min(epochs as usize).max(1) as u32
    }

    /// Seconds that a round may take when `spent` are gone.
    pub fn share(&self, round: usize, spent: f64) -> f64 {
        (self.seconds - spent).max(0.0) / (self.rounds() - round) as f64
    }
}

/// Seconds of one epoch over so many rows, on the fixed machine.
pub(super) fn epoch_seconds(net: &Net, rows: usize) -> f64 {
    rows as f64 * (3.0 * net.macs() as f64 / RATE + net.nodes.len() as f64 * OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_goes_on_until_one_is_left() {
        assert_eq!(Ladder::new(24, 1, 180.0).places, [24, 8, 3, 1]);
        assert_eq!(Ladder::new(2, 1, 180.0).places, [2, 1]);
        assert_eq!(Ladder::new(1, 1, 180.0).places, [1]);
        let short = Ladder::new(1000, 2, 30.0);
        assert_eq!(short.places, [4, 2, 1], "12 s measure four candidates on two boards");
        assert!(short.seconds >= 18.0);
    }

    #[test]
    fn epochs_grow_to_the_last_round() {
        let ladder = Ladder::new(24, 1, 180.0);
        let epochs = |steps: usize| (0..4).map(|round| ladder.epochs(round, 54, steps)).collect::<Vec<_>>();
        assert_eq!(epochs(1000), [2, 6, 18, 54]);
        assert_eq!(epochs(10), [6, 6, 18, 54], "few rows: a first look is longer");
        assert_eq!(epochs(1), [54, 54, 54, 54]);
    }
}
