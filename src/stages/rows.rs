//! Rows with what is to be learnt about them, as the steps that train, quantise and judge see them.

pub(super) use super::arrays::TEST;
use super::arrays::{self, bytes, integers, of_part, row};
use crate::base::Diag;
use crate::base::npy::Array;
use crate::engine::Job;
use crate::net::train::Targets;
use crate::spec::model::Task;

/// The part that is learnt.
pub(super) const TRAINING: u8 = 0;

/// The part that chooses.
pub(super) const VALIDATION: u8 = 1;

/// No part: rows that nothing is learnt from.
const LEFT_OUT: u8 = 3;

/// Inputs, targets and parts.
pub(super) struct Rows {
    /// Inputs, row behind row.
    pub(super) x: Vec<f32>,
    /// Values of one input.
    pub(super) width: usize,
    part: Vec<u8>,
    /// Class of each row; empty where numbers are learnt.
    classes: Vec<i32>,
    /// Numbers of each row, and how many a row has; none where there are classes.
    values: (Vec<f32>, usize),
    task: Task,
}

impl Rows {
    /// From the inputs `x.npy`, `y.npy` and `part.npy` of a job.
    pub(super) fn read(job: &Job, task: &Task) -> Result<Self, Diag> {
        let (x, width) = arrays::rows(job, "x.npy")?;
        let part = bytes(job, "part.npy")?;
        let (classes, values) = match task {
            Task::Regress => (Vec::new(), arrays::rows(job, "y.npy")?),
            Task::Classify | Task::Detect { .. } => (integers(job, "y.npy")?, (Vec::new(), 0)),
        };
        Ok(Self { x, width, part, classes, values, task: task.clone() })
    }

    /// What is to be learnt about each row.
    pub(super) fn targets(&self) -> Targets<'_> {
        match self.task {
            Task::Classify => Targets::Classes(&self.classes),
            Task::Regress => Targets::Values(&self.values.0),
            Task::Detect { .. } => Targets::Input,
        }
    }

    /// The part of each row; rows that nothing is to be learnt from are in none.
    pub(super) fn learnt(&self) -> Vec<u8> {
        let learnt = |at: usize| if self.part[at] == TEST || self.normal(at) { self.part[at] } else { LEFT_OUT };
        (0..self.part.len()).map(learnt).collect()
    }

    /// Indices of the rows of a part, in order.
    pub(super) fn of_part(&self, part: u8) -> Vec<usize> {
        of_part(&self.part, part)
    }

    /// The rows of a part that say what a network is worth: of a detector, how well it tells normal ones again.
    pub(super) fn judged(&self, part: u8) -> Vec<usize> {
        self.of_part(part).into_iter().filter(|at| self.normal(*at)).collect()
    }

    fn normal(&self, at: usize) -> bool {
        if let Task::Detect { normal, .. } = &self.task { normal.contains(&(self.classes[at] as usize)) } else { true }
    }

    /// The inputs of these rows, one behind the other.
    pub(super) fn inputs(&self, rows: &[usize]) -> Vec<f32> {
        rows.iter().flat_map(|at| row(&self.x, self.width, *at)).copied().collect()
    }

    /// Share of right answers among `outputs` for `rows`; of numbers, R² over all of them. 0 without rows.
    pub(super) fn score(&self, rows: &[usize], outputs: &[f32]) -> f64 {
        let width = outputs.len() / rows.len().max(1);
        if rows.is_empty() || width == 0 {
            return 0.0;
        }
        let answers = rows.iter().zip(outputs.chunks_exact(width));
        if self.task == Task::Classify {
            let right = answers.filter(|(at, output)| best(output) == self.classes[**at] as usize).count();
            return right as f64 / rows.len() as f64;
        }
        let target = |at: usize| match self.task {
            Task::Regress => row(&self.values.0, self.values.1, at),
            Task::Classify | Task::Detect { .. } => row(&self.x, self.width, at),
        };
        let (mut sums, mut squares, mut wrong) = (vec![0.0_f64; width], 0.0, 0.0);
        for (at, output) in answers {
            for ((sum, value), output) in sums.iter_mut().zip(target(*at)).zip(output) {
                let (value, error) = (f64::from(*value), f64::from(*output) - f64::from(*value));
                *sum += value;
                squares += value * value;
                wrong += error * error;
            }
        }
        let spread = squares - sums.iter().map(|sum| sum * sum / rows.len() as f64).sum::<f64>();
        1.0 - wrong / spread.max(f64::MIN_POSITIVE)
    }

    /// Counts of `rows` by class, then by the class that `outputs` answer.
    pub(super) fn confusion(&self, rows: &[usize], outputs: &[f32]) -> Vec<Vec<u64>> {
        let classes = outputs.len() / rows.len().max(1);
        let mut counts = vec![vec![0; classes]; classes];
        for (at, output) in rows.iter().zip(outputs.chunks_exact(classes.max(1))) {
            counts[self.classes[*at] as usize][best(output)] += 1;
        }
        counts
    }

    /// Of each number that `outputs` tell about `rows`: mean absolute error, root of the mean square error, R².
    pub(super) fn misses(&self, rows: &[usize], outputs: &[f32]) -> Vec<[f64; 3]> {
        let (values, width) = &self.values;
        let count = rows.len().max(1) as f64;
        let of = |target: usize| {
            let pairs = || {
                let truth = rows.iter().map(|at| f64::from(values[at * width + target]));
                truth.zip(outputs.chunks_exact(*width).map(|output| f64::from(output[target])))
            };
            let mean = pairs().map(|(truth, _)| truth).sum::<f64>() / count;
            let spread = pairs().map(|(truth, _)| (truth - mean) * (truth - mean)).sum::<f64>();
            let square = pairs().map(|(truth, told)| (told - truth) * (told - truth)).sum::<f64>();
            let absolute = pairs().map(|(truth, told)| (told - truth).abs()).sum::<f64>();
            [absolute / count, (square / count).sqrt(), 1.0 - square / spread.max(f64::MIN_POSITIVE)]
        };
        (0..*width).map(of).collect()
    }

    /// What is wrong with `outputs` as the inputs again, mean square by row, and whether the row is an anomaly.
    pub(super) fn errors(&self, rows: &[usize], outputs: &[f32]) -> Vec<(f64, bool)> {
        let pairs = rows.iter().zip(outputs.chunks_exact(self.width.max(1)));
        let square =
            |(one, other): (&f32, &f32)| (f64::from(*one) - f64::from(*other)) * (f64::from(*one) - f64::from(*other));
        let error = |(at, output): (&usize, &[f32])| {
            let sum: f64 = row(&self.x, self.width, *at).iter().zip(output).map(square).sum();
            (sum / self.width.max(1) as f64, !self.normal(*at))
        };
        pairs.map(error).collect()
    }

    /// A score as an accuracy, where it is one.
    pub(super) fn accuracy(&self, score: f64) -> Option<f64> {
        (self.task == Task::Classify).then_some(score)
    }

    /// `labels.npy`: class of each of these rows, or its numbers.
    pub(super) fn labels(&self, rows: &[usize]) -> Array {
        if self.classes.is_empty() && self.task == Task::Regress {
            let values = rows.iter().flat_map(|at| row(&self.values.0, self.values.1, *at)).copied().collect();
            return Array::f32(&[rows.len(), self.values.1], values);
        }
        Array::i32(&[rows.len()], rows.iter().map(|at| self.classes[*at]).collect())
    }
}

/// The first of the largest.
fn best(scores: &[f32]) -> usize {
    (0..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best })
}
