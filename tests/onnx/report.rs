//! Counts of verdicts, and the table by operator in `docs/onnx.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What came of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Converted with all inputs open, equal.
    Passed,
    /// Converted with some inputs given as values, equal.
    Pinned,
    /// Converted with all inputs given as values, so that nothing is left to compute, equal.
    Folded,
    /// Refused with a diagnostic.
    Refused(String),
    /// Another result, a fault, or a panic.
    Wrong(String),
}

/// One case.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) op: String,
    pub(crate) verdict: Verdict,
}

/// What the node tests must reach.
const PASS: usize = 1000;

/// Prints the counts, writes the table if asked, and fails if anything is wrong.
pub(crate) fn finish(outcomes: &[Outcome], all: bool, total: usize) {
    let count = |verdict: fn(&Verdict) -> bool| outcomes.iter().filter(|outcome| verdict(&outcome.verdict)).count();
    let passed = count(|verdict| *verdict == Verdict::Passed);
    let pinned = count(|verdict| *verdict == Verdict::Pinned);
    let folded = count(|verdict| *verdict == Verdict::Folded);
    let refused = count(|verdict| matches!(verdict, Verdict::Refused(_)));
    let wrong: Vec<&Outcome> = outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Wrong(_))).collect();
    eprintln!(
        "{} of {total} cases: {passed} passed, {pinned} with shape inputs pinned, {folded} folded, {refused} refused, {} wrong",
        outcomes.len(),
        wrong.len()
    );
    if let Ok(file) = std::env::var("TINYML_ONNX_LOG") {
        let lines: String = outcomes.iter().map(|one| format!("{} {:?}\n", one.name, one.verdict)).collect();
        fs::write(file, lines).expect("written");
    }
    if all && std::env::var("UPDATE").is_ok() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/onnx.md");
        fs::write(file, table(outcomes)).expect("written");
    }
    let lines: String = wrong.iter().map(|one| format!("{}: {:?}\n", one.name, one.verdict)).collect();
    assert!(wrong.is_empty(), "wrong:\n{lines}");
    assert!(!all || passed + pinned >= PASS, "fewer than {PASS} pass");
}

#[derive(Default)]
struct Row {
    passed: usize,
    pinned: usize,
    folded: usize,
    refused: usize,
    wrong: usize,
    why: Vec<String>,
}

/// The operator that a case is about; of an `_expanded` one, that of the case that it expands.
fn operators(outcomes: &[Outcome]) -> BTreeMap<&str, &str> {
    outcomes.iter().filter(|one| !one.op.is_empty()).map(|one| (one.name.as_str(), one.op.as_str())).collect()
}

fn table(outcomes: &[Outcome]) -> String {
    let ops = operators(outcomes);
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut sum = Row::default();
    for one in outcomes {
        let name = match one.name.find("_expanded") {
            Some(end) => format!("{}, as primitives", ops.get(&one.name[..end]).copied().unwrap_or("others")),
            None if one.op.is_empty() => "graphs of several operators".into(),
            None => one.op.clone(),
        };
        let row = rows.entry(name).or_default();
        for row in [row, &mut sum] {
            match &one.verdict {
                Verdict::Passed => row.passed += 1,
                Verdict::Pinned => row.pinned += 1,
                Verdict::Folded => row.folded += 1,
                Verdict::Wrong(_) => row.wrong += 1,
                Verdict::Refused(why) => {
                    row.refused += 1;
                    let why = reason(why);
                    if !row.why.contains(&why) {
                        row.why.push(why);
                    }
                }
            }
        }
    }
    let mut text = format!(
        "# ONNX: what is converted\n\nMade by `TINYML_ONNX=all UPDATE=1 cargo test --test onnx node` from the {} node tests of the \
         PyPI package onnx 1.20.1, each converted to C, compiled with the host's compiler under ASan and UBSan, run twice, \
         and compared (rtol 1e-3, atol 1e-5, integers exactly); the interpreter that folds constants is compared as well.\n\n\
         - **passed**: converted with all inputs open.\n\
         - **pinned**: shapes must be known when a model is converted, so shape inputs are pinned to their values \
         (`--input-value NAME=FILE.npy`), as the diagnostic asks; the others are open.\n\
         - **folded**: all inputs had to be given, so that the outputs are constants; not counted as passed.\n\
         - **refused**: with a diagnostic.\n\n\
         Passed {} + pinned {} = **{}**; folded {}, refused {}, wrong {}.\n\n\
         | operator | passed | pinned | folded | refused | wrong | refused for |\n|---|---|---|---|---|---|---|\n",
        outcomes.len(),
        sum.passed,
        sum.pinned,
        sum.passed + sum.pinned,
        sum.folded,
        sum.refused,
        sum.wrong
    );
    for (name, row) in rows {
        let why = row.why.iter().take(4).cloned().collect::<Vec<String>>().join("; ");
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {why} |",
            row.passed, row.pinned, row.folded, row.refused, row.wrong
        );
    }
    text
}

/// The part of a refusal that is not about the case's names and shapes.
fn reason(why: &str) -> String {
    let first = why.split(" / ").next().unwrap_or(why);
    let (code, text) = first.split_once(": ").unwrap_or(("", first));
    let text = text.rsplit_once("): ").map_or(text, |(_, text)| text);
    let text = if code == "tml::model::value" { "its output's shape depends on data" } else { text };
    text.replace('|', "/")
}
