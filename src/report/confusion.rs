//! The confusion matrix and the metrics that fold it. A metric without any row to speak of is `None`, never NaN.

/// Counts by true class (row), then by answer (column).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Confusion<'a>(pub &'a [Vec<u64>]);

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Confusion<'_> {
    fn right(&self, class: usize) -> u64 {
        self.0.get(class).and_then(|row| row.get(class)).copied().unwrap_or(0)
    }

    /// Test rows of a class.
    pub fn rows(&self, class: usize) -> u64 {
        self.0.get(class).map_or(0, |row| row.iter().sum())
    }

    /// Rows that were answered with a class.
    pub fn answers(&self, class: usize) -> u64 {
        self.0.iter().filter_map(|row| row.get(class)).sum()
    }

    /// All test rows.
    pub fn total(&self) -> u64 {
        self.0.iter().flatten().sum()
    }

    /// Share of rows whose class is right.
    pub fn accuracy(&self) -> Option<f64> {
        ratio((0..self.0.len()).map(|class| self.right(class)).sum(), self.total())
    }

    /// Share of a class's rows that are found; `None` when it has no test row.
    pub fn recall(&self, class: usize) -> Option<f64> {
        ratio(self.right(class), self.rows(class))
    }

    /// Share of a class's answers that are right; `None` when it is never answered.
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.right(class), self.answers(class))
    }

    /// F1 of a class, 2·right / (rows + answers); `None` when it has neither rows nor answers.
    pub fn f1(&self, class: usize) -> Option<f64> {
        ratio(2 * self.right(class), self.rows(class) + self.answers(class))
    }

    /// Mean of F1 over the classes that have one.
    pub fn macro_f1(&self) -> Option<f64> {
        let scores: Vec<f64> = (0..self.0.len()).filter_map(|class| self.f1(class)).collect();
        (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
    }

    /// Wrong answers as (true class, answer, count), the most frequent first; equal counts in the order of classes.
    pub fn mistakes(&self) -> Vec<(usize, usize, u64)> {
        let mut found = Vec::new();
        for (truth, row) in self.0.iter().enumerate() {
            let wrong = row.iter().enumerate().filter(|(answer, count)| *answer != truth && **count > 0);
            found.extend(wrong.map(|(answer, count)| (truth, answer, *count)));
        }
        found.sort_by_key(|(truth, answer, count)| (std::cmp::Reverse(*count), *truth, *answer));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_a_small_matrix() {
        let counts = vec![vec![8, 2, 0], vec![1, 9, 0], vec![0, 0, 0]];
        let matrix = Confusion(&counts);
        assert_eq!(matrix.accuracy(), Some(17.0 / 20.0));
        assert_eq!(matrix.recall(0), Some(0.8));
        assert_eq!(matrix.precision(1), Some(9.0 / 11.0));
        assert_eq!(matrix.f1(0), Some(16.0 / 19.0));
        assert_eq!(matrix.macro_f1(), Some(f64::midpoint(16.0 / 19.0, 18.0 / 21.0)));
        assert_eq!(matrix.mistakes(), [(0, 1, 2), (1, 0, 1)]);
    }

    #[test]
    fn nothing_to_measure_is_none() {
        let counts = vec![vec![0, 0], vec![3, 0]];
        let matrix = Confusion(&counts);
        assert_eq!((matrix.recall(0), matrix.precision(1), matrix.f1(1)), (None, None, Some(0.0)));
        let empty = Confusion(&[]);
        assert_eq!((empty.accuracy(), empty.macro_f1(), empty.recall(4)), (None, None, None));
    }
}
