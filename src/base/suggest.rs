//! "Did you mean": the nearest known word.

/// The word among `known` that `typed` most likely meant: at most a third of its letters differ, or it was cut short.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let length = typed.chars().count();
    let budget = if length < 2 { 0 } else { (length / 3).max(1) };
    let near = |word: &str| {
        let word = word.to_lowercase();
        if length > 2 && word.starts_with(&typed) {
            return Some(usize::from(word != typed));
        }
        // Lengths alone tell that far words are far, and keep a huge word from being compared at all.
        let close = word.chars().count().abs_diff(length) <= budget;
        close.then(|| distance(&typed, &word)).filter(|distance| *distance <= budget)
    };
    known.into_iter().filter_map(|word| near(word).map(|distance| (distance, word))).min().map(|(_, word)| word)
}

/// Edit distance with transpositions of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => cell(&rows, &a, &b, i, j),
            };
        }
    }
    rows[a.len()][b.len()]
}

fn cell(rows: &[Vec<usize>], a: &[char], b: &[char], i: usize, j: usize) -> usize {
    let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
    let best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
    if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const WORDS: [&str; 6] = ["batch", "epochs", "optimizer", "seed", "schedule", "nucleo_f446re"];

    #[test]
    fn slips_are_recognised() {
        for (typed, meant) in [
            ("epoch", "epochs"),
            ("epcohs", "epochs"),
            ("Batch", "batch"),
            ("bacth", "batch"),
            ("optimiser", "optimizer"),
            ("opt", "optimizer"),
            ("sed", "seed"),
            ("nucleo_f446", "nucleo_f446re"),
            ("nucleof446re", "nucleo_f446re"),
        ] {
            assert_eq!(nearest(typed, WORDS), Some(meant), "{typed}");
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for typed in ["", "x", "loss", "momentum", "ba", "weights"] {
            assert_eq!(nearest(typed, WORDS), None, "{typed}");
        }
        assert_eq!(nearest(&"a".repeat(1_000_000), WORDS), None);
        assert_eq!(nearest("x", ["x"]), Some("x"));
    }
}
