//! Which part each group of rows goes to: a greedy descent on the chi-squared distance between
//! the rows of each class in each part and the shares that were asked for.

use super::groups::Group;

/// Parts in the order of their numbers: training, validation, test.
pub(super) const PARTS: usize = 3;

/// Part of each group. `shares` are ppm; a part with share 0 gets nothing; a part with a share gets something
/// as long as there are groups left for it.
pub(super) fn assign(groups: &[Group], class_count: usize, shares: [u32; PARTS]) -> Vec<u8> {
    let mut need = needs(groups, class_count, shares);
    let target = need.clone();
    let mut size = [0_usize; PARTS];
    let mut parts = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let wanted = |part: &usize| shares[*part] > 0;
        let empty: Vec<usize> = (0..PARTS).filter(|part| wanted(part) && size[*part] == 0).collect();
        let left = groups.len() - index;
        let candidates: Vec<usize> = if left <= empty.len() { empty } else { (0..PARTS).filter(wanted).collect() };
        let part = best(group, &candidates, &need, &target);
        size[part] += group.rows.len();
        for (class, count) in &group.classes {
            need[part][*class as usize] -= *count as f64;
        }
        parts.push(part as u8);
    }
    parts
}

/// Rows of each class that each part should have.
fn needs(groups: &[Group], class_count: usize, shares: [u32; PARTS]) -> [Vec<f64>; PARTS] {
    let mut counts = vec![0_usize; class_count];
    for (class, count) in groups.iter().flat_map(|group| &group.classes) {
        counts[*class as usize] += count;
    }
    shares.map(|share| counts.iter().map(|count| *count as f64 * f64::from(share) / 1e6).collect())
}

/// The candidate whose distance from its target shrinks the most. A part that has all it needs isn't considered,
/// unless no other is left: so no part exceeds its share by more than one group.
fn best(group: &Group, candidates: &[usize], need: &[Vec<f64>; PARTS], target: &[Vec<f64>; PARTS]) -> usize {
    let sum = |term: &dyn Fn(usize, f64) -> f64| -> f64 {
        group.classes.iter().map(|(class, count)| term(*class as usize, *count as f64)).sum()
    };
    let mut chosen: Option<(bool, f64, usize)> = None;
    // Test before validation on a tie: a class that nothing is tested on is the worse loss.
    for part in [0, 2, 1].into_iter().filter(|part| candidates.contains(part)) {
        let full = sum(&|class, count| count * need[part][class]) <= 0.0;
        let change = sum(&|class, count| count * (count - 2.0 * need[part][class]) / target[part][class].max(1e-9));
        let better = chosen.is_none_or(|(other_full, other, _)| (full, change) < (other_full, other));
        if better {
            chosen = Some((full, change, part));
        }
    }
    chosen.map_or(0, |(_, _, part)| part)
}
