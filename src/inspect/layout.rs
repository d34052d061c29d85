//! What paths say: which folder or part of a name is the label, who recorded, which files are the test part.

use std::collections::{BTreeMap, BTreeSet};

use super::words;

/// More different names than this aren't classes.
const MOST_CLASSES: usize = 200;

/// A binding of the pattern with its values and how many files have each.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Binding {
    pub(super) name: &'static str,
    pub(super) values: BTreeMap<String, usize>,
}

/// What the paths of some files have in common.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct Layout {
    /// The pattern that matches them.
    pub(super) pattern: String,
    /// The class.
    pub(super) label: Option<Binding>,
    /// Who or what recorded.
    pub(super) group: Option<Binding>,
    /// The given part.
    pub(super) part: Option<Binding>,
    /// Files that the pattern doesn't match.
    pub(super) left: Vec<String>,
}

/// One varying place in the paths.
struct Place {
    /// Folder level, or behind all folders the token of the file's name.
    values: Vec<String>,
    folder: bool,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Fixed,
    Any,
    Label,
    Group,
    Part,
}

/// How names are taken apart: the text between the tokens, the same for every file.
struct Tokens {
    separators: Vec<String>,
    extension: String,
}

/// Finds out what `paths` say. `labelled`: the label is to be found here; `who`: what a group is called.
pub(super) fn layout(paths: &[&str], labelled: bool, who: &'static str) -> Layout {
    let depth = common(paths.iter().map(|path| path.matches('/').count()));
    let (here, left): (Vec<&str>, Vec<&str>) = paths.iter().partition(|path| path.matches('/').count() == depth);
    let (mut places, tokens, here, more) = places(&here, depth);
    roles(&mut places, labelled, here.len());
    let binding = |role: Role, name: &'static str| {
        let place = places.iter().find(|place| place.role == role)?;
        let mut values = BTreeMap::new();
        place.values.iter().for_each(|value| *values.entry(value.clone()).or_insert(0) += 1);
        Some(Binding { name, values })
    };
    let mut left: Vec<String> = left.into_iter().chain(more).map(String::from).collect();
    left.sort();
    Layout {
        pattern: pattern(&places, &tokens, depth, who),
        label: binding(Role::Label, "label"),
        group: binding(Role::Group, who),
        part: binding(Role::Part, "part"),
        left,
    }
}

fn common(values: impl Iterator<Item = usize>) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(0, |(value, _)| value)
}

/// Folders, then tokens of the names; the files whose names have these, and those that don't.
fn places<'a>(paths: &[&'a str], depth: usize) -> (Vec<Place>, Tokens, Vec<&'a str>, Vec<&'a str>) {
    let name = |path: &'a str| path.rsplit('/').next().unwrap_or(path);
    let end = |path: &'a str| {
        let name = name(path);
        let plain = name.strip_suffix(".gz").unwrap_or(name);
        plain.rfind('.').filter(|at| *at > 0).map_or("", |at| &name[at..])
    };
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    paths.iter().for_each(|path| *ends.entry(end(path)).or_insert(0) += 1);
    let extension = ends.iter().max_by_key(|(_, count)| **count).map_or("", |(end, _)| *end).to_string();
    let (here, left): (Vec<&str>, Vec<&str>) = paths.iter().partition(|path| end(path) == extension);
    let stem = |path: &'a str| name(path).strip_suffix(extension.as_str()).unwrap_or(path);
    let mut places: Vec<Place> = (0..depth)
        .map(|level| Place {
            values: here.iter().map(|path| path.split('/').nth(level).unwrap_or("").to_string()).collect(),
            folder: true,
            role: Role::Any,
        })
        .collect();
    let stems: Vec<&str> = here.iter().map(|path| stem(path)).collect();
    let (columns, separators) = tokens(&stems);
    places.extend(columns.into_iter().map(|values| Place { values, folder: false, role: Role::Any }));
    (places, Tokens { separators, extension }, here, left)
}

/// The names taken apart at every place where all of them have the same punctuation; a word for a part at their ends.
fn tokens(stems: &[&str]) -> (Vec<Vec<String>>, Vec<String>) {
    let parted: Option<Vec<(&str, &str)>> = stems.iter().map(|stem| words::ends_in_part(stem)).collect();
    if let Some(parted) = parted
        && parted.iter().all(|(before, _)| *before == parted[0].0)
        && stems.len() > 1
    {
        let column = |index: usize| {
            parted.iter().map(|pair| if index == 0 { pair.0 } else { pair.1 }.to_string()).collect::<Vec<_>>()
        };
        return (vec![column(0), column(1)], vec![String::new()]);
    }
    let cut = |stem: &str| -> (Vec<String>, Vec<String>) {
        let is = |letter: char| letter.is_alphanumeric();
        let words = stem.split(|letter: char| !is(letter)).filter(|word| !word.is_empty()).map(String::from).collect();
        let marks = stem.split(is).filter(|mark| !mark.is_empty()).map(String::from).collect();
        (words, marks)
    };
    let cuts: Vec<(Vec<String>, Vec<String>)> = stems.iter().map(|stem| cut(stem)).collect();
    let Some((_, first)) = cuts.first() else { return (Vec::new(), Vec::new()) };
    // Where the marks differ further behind, what they have in common at the front still tells.
    let same = |at: usize| cuts.iter().all(|(words, marks)| words.len() > at + 1 && marks.get(at) == first.get(at));
    let sound = cuts.iter().all(|(words, marks)| marks.len() + 1 == words.len());
    let count = if sound { (0..first.len()).take_while(|at| same(*at)).count() } else { 0 };
    let mut columns: Vec<Vec<String>> =
        (0..count).map(|at| cuts.iter().map(|(words, _)| words[at].clone()).collect()).collect();
    let rest = |(stem, (words, marks)): (&&str, &(Vec<String>, Vec<String>))| {
        let front: usize = (0..count).map(|at| words[at].len() + marks[at].len()).sum();
        stem[front..].to_string()
    };
    columns.push(stems.iter().zip(&cuts).map(rest).collect());
    (columns, first[..count].to_vec())
}

fn distinct(place: &Place) -> usize {
    place.values.iter().collect::<BTreeSet<_>>().len()
}

fn roles(places: &mut [Place], labelled: bool, files: usize) {
    for place in places.iter_mut() {
        let parts = place.values.iter().all(|value| words::part(value).is_some());
        place.role = match distinct(place) {
            0 | 1 => Role::Fixed,
            _ if parts => Role::Part,
            _ => Role::Any,
        };
    }
    if labelled && let Some(at) = label(places, files) {
        places[at].role = Role::Label;
    }
    // Where the parts are given, nothing is to be kept together.
    if places.iter().all(|place| place.role != Role::Part)
        && let Some(at) = group(places, files)
    {
        places[at].role = Role::Group;
    }
}

/// The place that names the class: the last folder that could, else the first word of the names that could.
fn label(places: &[Place], files: usize) -> Option<usize> {
    let open = |place: &Place| place.role == Role::Any && (2..=MOST_CLASSES).contains(&distinct(place));
    let people = |place: &Place| are_sessions(&place.values);
    let folder = |at: &usize| places[*at].folder && open(&places[*at]) && !people(&places[*at]);
    if let Some(at) = (0..places.len()).rev().find(folder) {
        return Some(at);
    }
    let many = |at: &usize| !places[*at].folder && open(&places[*at]) && distinct(&places[*at]) * 2 <= files;
    let tokens = || (0..places.len()).filter(many);
    if let Some(at) = tokens().find(|at| !people(&places[*at])) {
        return Some(at);
    }
    // One file a class: few files, whose names are words.
    let wordy = |value: &String| value.chars().filter(|letter| letter.is_alphabetic()).count() * 2 > value.len();
    let single = |at: &usize| {
        let place = &places[*at];
        !place.folder && open(place) && files <= 30 && !people(place) && place.values.iter().all(wordy)
    };
    (0..places.len()).find(single)
}

/// True for people, and for names that differ in their number only: `batch1`, `batch2`.
fn are_sessions(values: &[String]) -> bool {
    let letters = |value: &String| value.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    let numbered = values.iter().all(|value| value.ends_with(|last: char| last.is_ascii_digit()));
    let first = values.first().map(letters).unwrap_or_default();
    let same = !first.is_empty() && numbered && values.iter().all(|value| letters(value) == first);
    same || values.iter().all(|value| is_person(value))
}

/// `s1`, `subject_03`, `P07`, `d1p01M`: who, not what.
fn is_person(value: &str) -> bool {
    let letters: String = value.chars().filter(|letter| letter.is_alphabetic()).collect::<String>().to_lowercase();
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let known =
        ["s", "p", "u", "subject", "user", "person", "participant", "subj", "sub", "speaker", "session", "dpm", "dpf"];
    digits > 0 && known.contains(&letters.as_str())
}

/// The place that says who recorded: its values come again with other classes, and it isn't a mere count.
fn group(places: &[Place], files: usize) -> Option<usize> {
    let label = places.iter().find(|place| place.role == Role::Label);
    let crosses = |place: &Place| {
        let Some(label) = label else { return true };
        let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (value, class) in place.values.iter().zip(&label.values) {
            seen.entry(value).or_default().insert(class);
        }
        seen.values().filter(|classes| classes.len() > 1).count() * 4 >= seen.len()
    };
    let candidate = |at: &usize| {
        let place = &places[*at];
        let count = distinct(place);
        let counted = place.values.iter().all(|value| value.parse::<u32>().is_ok());
        let people = place.values.iter().all(|value| is_person(value));
        // Without a label in the paths, each file may be a session of its own.
        let several = count * 10 <= files * 8 || label.is_none();
        place.role == Role::Any && count > 1 && several && (!counted || place.folder) && (people || crosses(place))
    };
    let all: Vec<usize> = (0..places.len()).filter(candidate).collect();
    let people = |at: &usize| places[*at].values.iter().all(|value| is_person(value));
    all.iter().copied().find(people).or(all.first().copied())
}

fn pattern(places: &[Place], tokens: &Tokens, depth: usize, who: &str) -> String {
    let text = |place: &Place| match place.role {
        Role::Fixed => place.values.first().cloned().unwrap_or_default(),
        Role::Any => "*".to_string(),
        Role::Label => "{label}".to_string(),
        Role::Part => "{part}".to_string(),
        Role::Group => format!("{{{who}}}"),
    };
    let mut pattern: String = places[..depth].iter().map(|place| format!("{}/", text(place))).collect();
    let names = &places[depth..];
    // What follows the last word that means something is any text.
    let means = |place: &Place| matches!(place.role, Role::Label | Role::Part | Role::Group);
    let bound = names.iter().rposition(means).map_or(0, |at| at + 1);
    let fixed = names[bound..].iter().all(|place| place.role == Role::Fixed);
    let last = if fixed { names.len() } else { bound };
    for (at, place) in names.iter().enumerate().take(last) {
        pattern.push_str(&text(place));
        pattern.push_str(if at + 1 < names.len() { tokens.separators.get(at).map_or("", String::as_str) } else { "" });
    }
    if last < names.len() {
        pattern.push('*');
    }
    pattern.push_str(&tokens.extension);
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paths: &[&str], labelled: bool) -> Layout {
        layout(paths, labelled, "speaker")
    }

    #[test]
    fn folders_are_classes_and_names_are_people() {
        let found = of(
            &[
                "go/0a9f_nohash_0.wav",
                "go/0a9f_nohash_1.wav",
                "left/0a9f_nohash_0.wav",
                "left/77bb_nohash_0.wav",
                "go/77bb_nohash_0.wav",
            ],
            true,
        );
        assert_eq!(found.pattern, "{label}/{speaker}_*.wav");
        assert_eq!(found.label.map(|label| label.values["go"]), Some(3));
    }

    #[test]
    fn names_have_classes_people_and_takes() {
        let mut paths = Vec::new();
        for digit in 0..3 {
            for who in ["theo", "lucas"] {
                paths.extend((0..4).map(|take| format!("recordings/{digit}_{who}_{take}.wav")));
            }
        }
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let found = of(&paths, true);
        assert_eq!(found.pattern, "recordings/{label}_{speaker}_*.wav");
        assert_eq!(found.group.map(|group| group.values.len()), Some(2));
    }

    #[test]
    fn parts_are_given_by_folders_and_ends() {
        let found = of(
            &[
                "training/a.json.1.x-2.json",
                "training/b.json.1.x-2.json",
                "training/a.json.3.x-2.json",
                "testing/b.json.7.x-2.json",
                "testing/a.json.4.x-2.json",
            ],
            true,
        );
        assert_eq!(found.pattern, "{part}/{label}.*.json");
        let found = of(&["ECG200_TRAIN.tsv", "ECG200_TEST.tsv"], false);
        assert_eq!(found.pattern, "ECG200_{part}.tsv");
        let found = of(&["datatest.txt", "datatraining.txt"], false);
        assert_eq!(found.pattern, "data{part}.txt");
    }

    #[test]
    fn one_file_a_class_and_one_file_a_session() {
        assert_eq!(of(&["apple.csv", "banana.csv", "orange.csv"], true).pattern, "{label}.csv");
        let found = of(&["S1/d1p01M", "S1/d1p02F", "S1/d1p03M"], false);
        assert_eq!((found.pattern.as_str(), found.group.is_some()), ("S1/{speaker}", true));
        assert_eq!(of(&["only.csv"], true).pattern, "only.csv");
        assert_eq!(of(&["batch1.dat", "batch2.dat"], true).label, None);
    }
}
