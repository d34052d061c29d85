//! Words that people use for columns, folders and parts; and names as the language writes them.

use crate::lang;

const TRAIN: &[&str] = &["train", "training", "trn", "learn"];
const VALID: &[&str] = &["valid", "validation", "val", "dev", "development"];
const TEST: &[&str] = &["test", "testing", "tst", "eval", "evaluation", "holdout"];
const LABEL: &[&str] = &[
    "label",
    "labels",
    "class",
    "classes",
    "target",
    "category",
    "y",
    "species",
    "activity",
    "gesture",
    "outcome",
    "state",
    "status",
    "occupancy",
    "failure",
    "fault",
    "anomaly",
    "diagnosis",
    "quality",
    "event",
    "condition",
];
const GROUP: &[&str] = &[
    "subject",
    "user",
    "person",
    "participant",
    "speaker",
    "session",
    "patient",
    "device",
    "operator",
    "recording",
    "trial",
    "group",
    "volunteer",
    "driver",
    "machine",
    "unit",
];
const PART: &[&str] = &["split", "part", "set", "fold", "subset", "partition", "usage"];
const MOTION: &[&str] = &["acc", "gyr", "mag", "imu", "ax", "ay", "az", "gx", "gy", "gz", "mx", "my", "mz"];

/// 0 training, 1 validation, 2 test, where the word is one for a part.
pub(super) fn part(word: &str) -> Option<usize> {
    let lower = word.to_ascii_lowercase();
    [TRAIN, VALID, TEST].iter().position(|words| words.contains(&lower.as_str()))
}

/// The end of `stem` that is a word for a part, and what stands before it.
pub(super) fn ends_in_part(stem: &str) -> Option<(&str, &str)> {
    let lower = stem.to_ascii_lowercase();
    let ends = [TRAIN, VALID, TEST].into_iter().flatten().filter(|word| lower.ends_with(**word));
    let longest = ends.max_by_key(|word| word.len())?;
    lower.is_ascii().then(|| stem.split_at(stem.len() - longest.len()))
}

/// The words of a name: `Machine failure` and `machine_failure` have the same.
fn parts(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(String::from).collect()
}

fn has(name: &str, words: &[&str]) -> bool {
    parts(name).iter().any(|word| words.contains(&word.as_str()))
}

/// How surely a column is the label by its name: 2 it says so, 1 it is a usual one.
pub(super) fn is_label(name: &str) -> usize {
    let words = parts(name);
    let strong = ["label", "labels", "class", "target"];
    if words.len() == 1 && strong.contains(&words[0].as_str()) {
        2
    } else {
        usize::from(has(name, LABEL) && words.len() <= 3)
    }
}

/// True for a class that is as usual.
pub(super) fn is_normal(name: &str) -> bool {
    has(name, &["normal", "ok", "good", "healthy", "idle", "background", "nominal", "regular"]) || name == "0"
}

/// True for a column that says who or what recorded.
pub(super) fn is_group(name: &str) -> bool {
    has(name, GROUP) && !has(name, LABEL)
}

/// True for a column that says which part a row belongs to.
pub(super) fn is_part(name: &str) -> bool {
    has(name, PART)
}

/// True for a channel of an accelerometer, gyroscope or magnetometer.
pub(super) fn is_motion(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain = lower.trim_end_matches(|letter: char| !letter.is_alphabetic());
    MOTION.iter().any(|word| plain == *word || (word.len() == 3 && lower.contains(word)))
        || ["x", "y", "z"].contains(&plain)
}

/// A name as the language writes it: plain, or in quotes.
pub(super) fn term(name: &str) -> String {
    if lang::is_name(name) { name.to_string() } else { quoted(name) }
}

/// A text as the language writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' | '\r' | '\t' => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Names in a list, in backticks; the rest is counted.
pub(super) fn named(names: &[String]) -> String {
    const LISTED: usize = 8;
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(LISTED);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// Class names in the order of their numbers, or of their letters.
pub(super) fn sorted(mut classes: Vec<(String, usize)>) -> Vec<(String, usize)> {
    let number = |name: &str| name.parse::<f64>().ok().filter(|number| number.is_finite());
    let numbers = classes.iter().all(|(name, _)| number(name).is_some());
    classes.sort_by(|(a, _), (b, _)| match (numbers, number(a), number(b)) {
        (true, Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    });
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_people_mean() {
        assert_eq!((part("Training"), part("TEST"), part("walk")), (Some(0), Some(2), None));
        assert_eq!(ends_in_part("datatraining"), Some(("data", "training")));
        assert_eq!(ends_in_part("ECG200_TEST"), Some(("ECG200_", "TEST")));
        assert_eq!((is_label("Label"), is_label("Machine failure"), is_label("Torque [Nm]")), (2, 1, 0));
        assert!(is_motion("aX") && is_motion("accx") && is_motion("gyro_z") && !is_motion("Red"));
        assert_eq!((term("ax"), term("Air \"t\"")), ("ax".into(), "\"Air \\\"t\\\"\"".into()));
        let names = |list: &[&str]| sorted(list.iter().map(|name| (name.to_string(), 1)).collect());
        assert_eq!(names(&["10", "9", "-1"])[0].0, "-1");
    }
}
