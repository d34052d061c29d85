//! Splits: what stays together, how near the shares, and that nothing but content and seed decides.

use std::collections::BTreeMap;

use tinyml::base::rng::Rng;
use tinyml::data::Rows;
use tinyml::data::split::{Given, Parts, Split, divide};

use crate::options::span;

fn split(train: u32, valid: u32, test: u32, seed: u64) -> Split {
    Split {
        shares: [train, valid, test].map(|percent| percent * 10_000),
        seed,
        by: None,
        given: None,
        span: span("split"),
    }
}

/// Random rows with many repeats; `by` groups when `groups` isn't 0.
fn random(rng: &mut Rng, count: usize, distinct: usize, classes: usize, groups: usize) -> Rows {
    let mut rows = Rows {
        channels: vec!["a".into(), "b".into()],
        dims: vec![2],
        classes: (0..classes).map(|class| format!("c{class}")).collect(),
        groups: (0..groups).map(|group| format!("g{group}")).collect(),
        files: vec!["d.csv".into()],
        missing: vec![0; 2],
        ..Rows::default()
    };
    for row in 0..count {
        let value = rng.below(distinct);
        rows.x.extend([value as f32, (value * 7 % 13) as f32]);
        rows.y.push((value % classes) as u32);
        rows.group.extend((groups > 0).then(|| rng.below(groups) as u32));
        rows.origin.push((0, row as u32 + 2));
    }
    rows
}

/// Part of each row, keyed by what the row holds.
fn by_content(rows: &Rows, parts: &Parts) -> BTreeMap<Vec<u32>, u8> {
    (0..rows.len()).map(|row| (rows.row(row).iter().map(|v| v.to_bits()).collect(), parts.of[row])).collect()
}

fn assert_together(rows: &Rows, parts: &Parts, seed: u64) {
    let mut of_value = BTreeMap::new();
    let mut of_group = BTreeMap::new();
    for row in 0..rows.len() {
        if rows.group.is_empty() {
            let key: Vec<u32> = rows.row(row).iter().map(|value| value.to_bits()).collect();
            assert_eq!(
                *of_value.entry(key).or_insert(parts.of[row]),
                parts.of[row],
                "seed {seed}: equal rows straddle"
            );
        }
        if let Some(group) = rows.group.get(row) {
            assert_eq!(
                *of_group.entry(group).or_insert(parts.of[row]),
                parts.of[row],
                "seed {seed}: a group straddles"
            );
        }
    }
}

#[test]
fn groups_or_else_equal_rows_never_straddle_and_every_row_has_a_part() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed, "split test");
        let (count, groups) = (10 + rng.below(400), [0, 0, 5, 40][rng.below(4)]);
        let (distinct, classes) = (5 + rng.below(600), 1 + rng.below(4));
        let mut rows = random(&mut rng, count, distinct, classes, groups);
        let Ok(parts) = divide(&mut rows, &split(70, 15, 15, seed)) else { continue };
        assert_eq!(parts.of.len(), rows.len());
        assert!(parts.of.iter().all(|part| *part < 3));
        assert!(parts.sizes().iter().all(|size| *size > 0));
        assert_together(&rows, &parts, seed);
    }
}

#[test]
fn shares_are_kept_per_class_within_the_largest_group() {
    for seed in 0..100 {
        let mut rng = Rng::new(seed, "share test");
        let (distinct, classes) = (40 + rng.below(200), 1 + rng.below(4));
        let mut rows = random(&mut rng, 400, distinct, classes, 0);
        let parts = divide(&mut rows, &split(60, 20, 20, seed)).unwrap();
        for class in 0..classes as u32 {
            let of_class: Vec<usize> = (0..rows.len()).filter(|row| rows.y[*row] == class).collect();
            let mut repeats: BTreeMap<u32, f64> = BTreeMap::new();
            for row in &of_class {
                *repeats.entry(rows.row(*row)[0].to_bits()).or_default() += 1.0;
            }
            let largest = repeats.values().copied().fold(0.0, f64::max);
            for (part, share) in [(0, 0.6), (1, 0.2), (2, 0.2)] {
                let got = of_class.iter().filter(|row| parts.of[**row] == part).count() as f64;
                let asked = of_class.len() as f64 * share;
                assert!((got - asked).abs() <= largest, "seed {seed}, class {class}, part {part}: {got} of {asked}");
            }
        }
    }
}

#[test]
fn different_rows_divide_exactly() {
    let mut rng = Rng::new(1, "exact");
    let mut rows = random(&mut rng, 1000, 1, 1, 0);
    (0..1000).for_each(|row| rows.x[row * 2] = row as f32);
    assert_eq!(divide(&mut rows, &split(70, 15, 15, 3)).unwrap().sizes(), [700, 150, 150]);
    assert_eq!(divide(&mut rows, &split(80, 0, 20, 3)).unwrap().sizes(), [800, 0, 200]);
}

#[test]
fn only_content_and_seed_decide() {
    let mut rng = Rng::new(9, "order");
    let mut rows = random(&mut rng, 300, 90, 3, 0);
    let parts = divide(&mut rows, &split(70, 15, 15, 1)).unwrap();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    rng.shuffle(&mut order);
    let mut shuffled = rows.clone();
    shuffled.x = order.iter().flat_map(|row| rows.row(*row).to_vec()).collect();
    shuffled.y = order.iter().map(|row| rows.y[*row]).collect();
    let again = divide(&mut shuffled, &split(70, 15, 15, 1)).unwrap();
    assert_eq!(by_content(&rows, &parts), by_content(&shuffled, &again));
    let other = divide(&mut rows, &split(70, 15, 15, 2)).unwrap();
    assert_ne!(parts.of, other.of);
}

#[test]
fn three_subjects_fill_three_parts_with_a_warning() {
    let mut rng = Rng::new(4, "subjects");
    let mut rows = random(&mut rng, 300, 1, 1, 3);
    (0..300).for_each(|row| rows.x[row * 2] = row as f32);
    let by = Split { by: Some("subject".into()), ..split(70, 15, 15, 1) };
    let parts = divide(&mut rows, &by).unwrap();
    assert!(parts.sizes().iter().all(|size| *size > 60));
    assert!(parts.warnings.iter().any(|warning| warning.title.contains("% were asked for")), "{:?}", parts.warnings);
}

#[test]
fn a_part_that_would_be_empty_is_refused() {
    let mut rng = Rng::new(4, "two");
    let mut rows = random(&mut rng, 50, 2, 2, 0);
    let diag = divide(&mut rows, &split(70, 15, 15, 1)).unwrap_err();
    assert_eq!((diag.code, diag.title.as_str()), ("tml::split", "the valid part would be empty"));
    assert!(diag.notes[0].contains("50 rows, 2 of them different"), "{:?}", diag.notes);
    assert!(divide(&mut rows, &split(70, 0, 30, 1)).is_ok());
}

#[test]
fn contradicting_labels_are_told() {
    let mut rng = Rng::new(4, "labels");
    let mut rows = random(&mut rng, 60, 30, 1, 0);
    rows.classes.push("other".into());
    let repeated = (1..60).find(|row| (0..*row).any(|other| rows.compare(other, *row).is_eq())).unwrap();
    rows.y[repeated] = 1;
    let parts = divide(&mut rows, &split(70, 15, 15, 1)).unwrap();
    let warning = parts.warnings.iter().find(|warning| warning.code == "tml::label").unwrap();
    assert!(warning.title.contains("equal values but different classes"));
}

#[test]
fn the_mean_comes_from_the_training_part_and_makes_no_straddling_twins() {
    for seed in 0..50 {
        let mut rng = Rng::new(seed, "mean");
        let mut rows = random(&mut rng, 120, 40, 2, 0);
        // A constant channel with holes: every filled row becomes equal to a whole one.
        (0..120).for_each(|row| rows.x[row * 2 + 1] = if rng.below(4) == 0 { f32::NAN } else { 3.0 });
        let parts = divide(&mut rows, &split(70, 15, 15, seed)).unwrap();
        assert!(rows.x.iter().all(|value| value.is_finite()));
        assert!((0..120).all(|row| rows.row(row)[1].to_bits() == 3.0_f32.to_bits()));
        assert_together(&rows, &parts, seed);
    }
    let mut rows = random(&mut Rng::new(1, "mean"), 40, 40, 1, 0);
    (0..40).for_each(|row| rows.x[row * 2] = row as f32);
    rows.x[1] = f32::NAN;
    let parts = divide(&mut rows, &split(50, 25, 25, 1)).unwrap();
    let train = (1..40).filter(|row| parts.of[*row] == 0).map(|row| f64::from(rows.row(row)[1]));
    let (sum, count) = train.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    assert!((f64::from(rows.row(0)[1]) - sum / count).abs() < 1e-5);
}

/// Rows with a word for their part each.
fn worded(words: &[&str], each: usize) -> Rows {
    let mut rows = random(&mut Rng::new(2, "words"), words.len() * each, 1, 1, 0);
    (0..rows.len()).for_each(|row| rows.x[row * 2] = row as f32);
    rows.parts = words.iter().map(ToString::to_string).collect();
    rows.part = (0..rows.len()).map(|row| (row / each) as u32).collect();
    rows
}

fn given(train: &[&str], valid: &[&str], test: &[&str], shares: [u32; 3]) -> Split {
    let words = [train, valid, test].map(|words| words.iter().map(ToString::to_string).collect());
    let given = Given { column: "part".into(), words };
    Split { shares: shares.map(|percent| percent * 10_000), given: Some(given), ..split(0, 0, 0, 1) }
}

#[test]
fn the_data_can_say_the_parts() {
    let mut rows = worded(&["training", "testing"], 40);
    let parts = divide(&mut rows, &given(&[], &[], &["testing"], [85, 15, 0])).unwrap();
    assert_eq!(parts.sizes(), [34, 6, 40]);
    assert!(parts.of[40..].iter().all(|part| *part == 2));
    let mut rows = worded(&["a", "b", "c", "d"], 10);
    let parts = divide(&mut rows, &given(&["a"], &["b"], &["c", "d"], [100, 0, 0])).unwrap();
    assert_eq!((parts.sizes(), parts.of[10]), ([10, 10, 20], 1));
    // What no list names is left out, and said, where the training part is named.
    let mut rows = worded(&["a", "b", "c"], 20);
    let parts = divide(&mut rows, &given(&["a"], &[], &["b"], [80, 20, 0])).unwrap();
    assert_eq!((rows.len(), parts.sizes()), (40, [16, 4, 20]));
    assert!(
        parts.warnings[0].title.contains("20 rows are left out: their `part` is in no part"),
        "{:?}",
        parts.warnings
    );
}

#[test]
fn a_word_that_is_never_met_is_refused() {
    let mut rows = worded(&["training", "testing"], 10);
    let diag = divide(&mut rows, &given(&[], &[], &["tests"], [85, 15, 0])).unwrap_err();
    assert_eq!(diag.title, "no row has `tests` as its `part`");
    assert!(diag.notes[0].contains("\"training\", \"testing\""), "{:?}", diag.notes);
}

#[test]
fn equal_rows_in_two_given_parts_are_told() {
    let mut rows = worded(&["training", "testing"], 40);
    (0..10).for_each(|row| rows.x[(40 + row) * 2] = row as f32);
    let parts = divide(&mut rows, &given(&[], &[], &["testing"], [85, 15, 0])).unwrap();
    assert_eq!(parts.sizes()[2], 40);
    let told = parts
        .warnings
        .iter()
        .find(|warning| warning.title.contains("of 40 test rows equal a training row of another `part`"));
    assert!(told.is_some(), "{:?}", parts.warnings);
}

#[test]
fn numbers_to_learn_are_spread_over_the_parts() {
    let mut rows = random(&mut Rng::new(3, "numbers"), 200, 1, 1, 0);
    (0..200).for_each(|row| rows.x[row * 2] = row as f32);
    (rows.classes, rows.targets) = (Vec::new(), vec!["t".into()]);
    rows.y = vec![0; 200];
    rows.values = (0..200).map(|row| if row < 190 { row as f32 } else { 1e6 }).collect();
    let parts = divide(&mut rows, &split(70, 15, 15, 1)).unwrap();
    for part in 0..3 {
        let own: Vec<f32> = (0..200).filter(|row| parts.of[*row] == part).map(|row| rows.values[row]).collect();
        let low = own.iter().filter(|value| **value < 100.0).count() as f32 / own.len() as f32;
        assert!((0.4..0.6).contains(&low) && own.contains(&1e6), "part {part}: {low}");
    }
    // Three rows, one class row, no spread: nothing here panics.
    for count in 1..6 {
        let mut few = random(&mut Rng::new(3, "few"), count, count, 2, 0);
        let _ = divide(&mut few, &split(70, 15, 15, 1));
        (few.classes, few.targets, few.values) = (Vec::new(), vec!["t".into()], vec![1.0; count]);
        let _ = divide(&mut few, &split(70, 15, 15, 1));
    }
}
