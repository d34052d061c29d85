//! How well one column alone tells the class: a decision tree over one number, with hardly more leaves than classes.
//! Classes weigh the same, however rare they are, so that "always no" is worth nothing.

/// Values with their class.
pub(super) struct Cells {
    /// Sorted by value.
    sorted: Vec<(f64, u32)>,
    weights: Vec<f64>,
}

/// A run of sorted cells that the tree doesn't tell apart.
struct Leaf {
    from: usize,
    to: usize,
    /// Gain of the best cut, and where it is.
    cut: Option<(f64, usize)>,
}

impl Cells {
    /// Cells of numbers; NaN are left out. None when less than two classes have any.
    pub(super) fn new(values: impl Iterator<Item = (f64, u32)>, classes: usize) -> Option<Self> {
        let mut sorted: Vec<(f64, u32)> = values.filter(|(value, _)| !value.is_nan()).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut counts = vec![0_usize; classes];
        sorted.iter().for_each(|(_, class)| counts[*class as usize] += 1);
        let present = counts.iter().filter(|count| **count > 0).count();
        let weights = counts.iter().map(|count| 1.0 / (*count).max(1) as f64 / present.max(1) as f64).collect();
        (present > 1).then_some(Self { sorted, weights })
    }

    /// Mean recall over the classes of the best small tree, 0 to 1.
    pub(super) fn told(&self) -> f64 {
        let most = self.weights.len().min(30) + 2;
        let mut leaves = vec![self.leaf(0, self.sorted.len())];
        while leaves.len() < most {
            let gain = |leaf: &Leaf| leaf.cut.map_or(0.0, |(gain, _)| gain);
            let best = (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])));
            let Some((index, (gain, at))) = best.and_then(|index| Some((index, leaves[index].cut?))) else { break };
            if gain <= 1e-9 {
                break;
            }
            let leaf = leaves.swap_remove(index);
            leaves.push(self.leaf(leaf.from, at));
            leaves.push(self.leaf(at, leaf.to));
        }
        let right = |leaf: &Leaf| self.count(leaf.from, leaf.to).into_iter().fold(0.0, f64::max);
        leaves.iter().map(right).sum()
    }

    /// Weight of each class in a run.
    fn count(&self, from: usize, to: usize) -> Vec<f64> {
        let mut count = vec![0.0; self.weights.len()];
        for (_, class) in &self.sorted[from..to] {
            count[*class as usize] += self.weights[*class as usize];
        }
        count
    }

    fn leaf(&self, from: usize, to: usize) -> Leaf {
        let mut right = self.count(from, to);
        let mut left = vec![0.0; right.len()];
        let (mut sum_left, mut sum_right) = (0.0, right.iter().sum::<f64>());
        // Gini impurity: total less the sum of squares over the total (Breiman et al., "CART", 1984, 4.3).
        let (mut squares_left, mut squares_right) = (0.0, right.iter().map(|weight| weight * weight).sum::<f64>());
        let purity = |squares: f64, sum: f64| if sum > 0.0 { squares / sum } else { 0.0 };
        let whole = purity(squares_right, sum_right);
        let mut cut: Option<(f64, usize)> = None;
        for at in from..to.saturating_sub(1) {
            let class = self.sorted[at].1 as usize;
            let weight = self.weights[class];
            squares_left += weight * (2.0 * left[class] + weight);
            squares_right -= weight * (2.0 * right[class] - weight);
            left[class] += weight;
            right[class] -= weight;
            sum_left += weight;
            sum_right -= weight;
            if self.sorted[at].0 < self.sorted[at + 1].0 {
                let gain = purity(squares_left, sum_left) + purity(squares_right, sum_right) - whole;
                if cut.is_none_or(|(best, _)| gain > best) {
                    cut = Some((gain, at + 1));
                }
            }
        }
        Leaf { from, to, cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_found_and_noise_is_not() {
        let cells = |class: &dyn Fn(u32) -> u32| Cells::new((0..100).map(|at| (f64::from(at), class(at))), 2);
        assert!(cells(&|at| u32::from(at > 70)).is_some_and(|cells| cells.told() > 0.999));
        assert!(cells(&|at| u32::from((30..40).contains(&at))).is_some_and(|cells| cells.told() > 0.999));
        assert!(cells(&|at| at % 2).is_some_and(|cells| cells.told() < 0.6));
        assert!(cells(&|_| 0).is_none(), "one class can't be told from another");
    }
}
