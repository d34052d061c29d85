//! The state of a training between two epochs, as bytes: going on from them gives the bits that an uninterrupted training
//! gives. Random numbers need no place in it: they follow from the seed, the epoch and the step.

use serde::{Deserialize, Serialize};

use super::options::Epoch;

/// Where a training is kept, so that it can go on when it was killed.
pub trait Keeper {
    /// What was kept of the same training, if anything was.
    fn resume(&mut self) -> Option<Vec<u8>>;
    /// Asked after each epoch: whether to keep the state now.
    fn due(&mut self) -> bool;
    /// Keeps the state.
    fn keep(&mut self, state: Vec<u8>);
}

/// Keeps nothing.
pub(super) struct Forgetful;

impl Keeper for Forgetful {
    fn resume(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn due(&mut self) -> bool {
        false
    }

    fn keep(&mut self, _state: Vec<u8>) {}
}

/// All that later epochs depend on.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Checkpoint {
    /// Counts and numbers, as bits where they are floats.
    pub(super) numbers: Numbers,
    /// Weights, first and second moments, mean of the weights, best weights; any of the last two may be empty.
    pub(super) arrays: [Vec<f32>; 5],
}

/// The small part of a [`Checkpoint`]. Floats are stored as their bits: text would have to be read back exactly.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Numbers {
    pub(super) step: u64,
    pub(super) powers: [u64; 2],
    pub(super) begun: u32,
    /// Epoch, score and loss of the best weights.
    pub(super) best: Option<(u32, u32, u32)>,
    /// Loss, score, validation loss and score of each epoch, and whether it was the best.
    history: Vec<([u32; 4], bool)>,
    epochs: u32,
    lengths: [usize; 5],
}

impl Checkpoint {
    pub(super) fn set_history(&mut self, history: &[Epoch]) {
        let bits = |at: &Epoch| ([at.loss, at.score, at.valid_loss, at.valid_score].map(f32::to_bits), at.best);
        self.numbers.history = history.iter().map(bits).collect();
        self.numbers.epochs = history.first().map_or(0, |epoch| epoch.epochs);
    }

    pub(super) fn history(&self) -> Vec<Epoch> {
        let epochs = self.numbers.epochs;
        let epoch = |(at, (bits, best)): (usize, &([u32; 4], bool))| {
            let [loss, score, valid_loss, valid_score] = bits.map(f32::from_bits);
            Epoch { epoch: at as u32 + 1, epochs, loss, score, valid_loss, valid_score, best: *best }
        };
        self.numbers.history.iter().enumerate().map(epoch).collect()
    }

    /// The length of the JSON, the JSON, then all floats.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let lengths = [0, 1, 2, 3, 4].map(|at: usize| self.arrays[at].len());
        let json = serde_json::to_vec(&Numbers { lengths, ..self.numbers.clone() });
        let json = json.unwrap_or_else(|error| panic!("bug: a checkpoint as JSON: {error}"));
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json);
        bytes.extend(self.arrays.iter().flatten().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// `None` when the bytes are of another version, or of a network with other than `weights` weights.
    pub(super) fn from_bytes(bytes: &[u8], weights: usize) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (json, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let numbers: Numbers = serde_json::from_slice(json).ok()?;
        let all = numbers.lengths.iter().try_fold(0_usize, |sum, len| sum.checked_add(*len))?;
        let own = |at: usize| numbers.lengths[at] == weights || at > 2 && numbers.lengths[at] == 0;
        if rest.len() != all.checked_mul(4)? || !(0..5).all(own) {
            return None;
        }
        let (floats, _) = rest.as_chunks::<4>();
        let mut floats = floats.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let arrays = numbers.lengths.map(|len| floats.by_ref().take(len).collect());
        Some(Self { numbers, arrays })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_others_are_refused() {
        let arrays = [vec![1.0, f32::MIN_POSITIVE], vec![0.0, -0.0], vec![3.5, 1e30], vec![], vec![0.1, 0.2]];
        let mut state = Checkpoint { arrays, ..Checkpoint::default() };
        state.numbers.best = Some((3, 4, 5));
        state.set_history(&[Epoch {
            epoch: 1,
            epochs: 9,
            loss: 0.1,
            score: 0.2,
            valid_loss: f32::INFINITY,
            valid_score: 0.3,
            best: true,
        }]);
        let bytes = state.to_bytes();
        let read = Checkpoint::from_bytes(&bytes, 2).unwrap();
        assert_eq!(
            (read.history(), &read.arrays, read.numbers.best),
            (state.history(), &state.arrays, Some((3, 4, 5)))
        );
        assert_eq!(Checkpoint::from_bytes(&bytes, 3), None);
        for end in 0..bytes.len() {
            assert_eq!(Checkpoint::from_bytes(&bytes[..end], 2), None, "{end}");
        }
    }
}
