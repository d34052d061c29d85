//! Counting: classes and groups by part, values of a channel, recordings that are equal.

use std::collections::BTreeSet;

use super::facts::{Channel, Class, Lengths};
use super::view::View;

/// Values that quantiles are taken of.
const SORTED: usize = 200_000;

/// Rows and groups of each class.
pub(super) fn classes(view: &View) -> Vec<Class> {
    let named = |name: &String| Class { name: name.clone(), rows: 0, parts: [0; 3], groups: 0 };
    let mut classes: Vec<Class> = view.classes.iter().map(named).collect();
    let mut groups: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); classes.len()];
    for (row, class) in view.y.iter().enumerate().filter(|(_, class)| (**class as usize) < view.classes.len()) {
        let counted = &mut classes[*class as usize];
        counted.rows += 1;
        counted.parts[usize::from(view.part[row]).min(2)] += 1;
        groups[*class as usize].extend(view.group.get(row));
    }
    for (class, groups) in classes.iter_mut().zip(groups) {
        class.groups = groups.len();
    }
    classes
}

/// Groups that each part has.
pub(super) fn group_parts(view: &View) -> [usize; 3] {
    let mut parts: [BTreeSet<u32>; 3] = Default::default();
    for (group, part) in view.group.iter().zip(view.part) {
        parts[usize::from(*part).min(2)].insert(*group);
    }
    parts.map(|groups| groups.len())
}

/// Samples of the recordings; none where each is one sample.
pub(super) fn lengths(view: &View) -> Option<Lengths> {
    let mut all: Vec<usize> = view.starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    all.sort_unstable();
    let (min, median, max) = (*all.first()?, all[all.len() / 2], *all.last()?);
    (max > 1).then_some(Lengths { min, median, max })
}

/// What the values of column `index` of `x`, `width` wide, are.
pub(super) fn channel(name: &str, x: &[f32], index: usize, width: usize) -> Channel {
    let values = || x.iter().skip(index).step_by(width.max(1)).copied();
    let count = values().count();
    let mut sorted: Vec<f32> = values().step_by(count.div_ceil(SORTED).max(1)).collect();
    sorted.sort_by(f32::total_cmp);
    let at = |share: usize| sorted.get(sorted.len().saturating_sub(1) * share / 4).copied().unwrap_or(0.0);
    let many = count.max(1) as f64;
    let mean = values().map(f64::from).sum::<f64>() / many;
    let variance = values().map(|value| (f64::from(value) - mean) * (f64::from(value) - mean)).sum::<f64>() / many;
    let least = values().min_by(f32::total_cmp).unwrap_or(0.0);
    let largest = values().max_by(f32::total_cmp).unwrap_or(0.0);
    Channel {
        name: name.into(),
        target: false,
        missing: 0,
        min: least,
        q25: at(1),
        median: at(2),
        q75: at(3),
        max: largest,
        mean,
        std: variance.sqrt(),
        drift: None,
    }
}

/// Runs of recordings whose values are equal bit by bit, each of two or more, indices ascending.
pub fn equal_runs(view: &View) -> Vec<Vec<u32>> {
    let mix = |hash: u64, value: &f32| {
        (hash ^ u64::from(value.to_bits())).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    };
    let hash = |row: usize| view.recording(row).iter().fold(0x243f_6a88_85a3_08d3, mix);
    let mut order: Vec<(u64, u32)> = (0..view.len()).map(|row| (hash(row), row as u32)).collect();
    order.sort_unstable();
    let mut runs: Vec<Vec<u32>> = Vec::new();
    for alike in order.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1) {
        let mut rows: Vec<u32> = alike.iter().map(|(_, row)| *row).collect();
        let bits = |row: u32| view.recording(row as usize).iter().map(|value| value.to_bits());
        rows.sort_by(|a, b| bits(*a).cmp(bits(*b)).then(a.cmp(b)));
        let equal = rows.chunk_by(|a, b| bits(*a).eq(bits(*b)));
        runs.extend(equal.filter(|run| run.len() > 1).map(<[u32]>::to_vec));
    }
    runs
}

/// Recordings that repeat another one, and recordings that equal one of another part.
pub fn duplicates(view: &View) -> (usize, usize) {
    let (mut repeated, mut leaked) = (0, 0);
    for run in equal_runs(view) {
        repeated += run.len() - 1;
        let parts: BTreeSet<u8> = run.iter().map(|row| view.part[*row as usize]).collect();
        leaked += if parts.len() > 1 { run.len() } else { 0 };
    }
    (repeated, leaked)
}
