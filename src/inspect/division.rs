//! How recordings are divided: as the data says, by who recorded, else by chance.

use super::found::Found;
use super::table::{Choice, Tables};
use super::words;

/// Groups from which a division by group leaves enough of them to every part.
const GROUPS: usize = 10;

/// How the rows of tables are divided.
pub(super) fn divide(tables: &Tables, found: &mut Found, choice: &Choice) {
    let (column, values) = match (choice.part, &tables.layout.part) {
        (Some(part), _) => (Some(part.term()), part.values.keys().cloned().collect::<Vec<_>>()),
        (None, Some(part)) => (Some("part".into()), part.values.keys().cloned().collect()),
        (None, None) => (None, Vec::new()),
    };
    if let Some(column) = column {
        return given(found, &column, &values);
    }
    let group = match (choice.group, &tables.layout.group) {
        (Some(group), _) => Some((group.term(), group.distinct())),
        (None, Some(group)) => Some((group.name.to_string(), group.values.len())),
        (None, None) => None,
    };
    by_group(found, group);
}

/// The division that the data gives.
pub(super) fn given(found: &mut Found, column: &str, values: &[String]) {
    let of = |part: usize| -> Vec<String> {
        values.iter().filter(|value| words::part(value) == Some(part)).map(|value| words::term(value)).collect()
    };
    let (valid, test) = (of(1), of(2));
    if test.is_empty() {
        // What is called validation is all that wasn't learnt from.
        found.split = Some(format!("{{ column = {column}, test = [{}], valid = 15% }}", valid.join(", ")));
    } else {
        let valid = if valid.is_empty() { "15%".into() } else { format!("[{}]", valid.join(", ")) };
        found.split = Some(format!("{{ column = {column}, test = [{}], valid = {valid} }}", test.join(", ")));
    }
    found.because("split", "the data says what is for testing");
}

/// A division that keeps a group together, where there are enough of them.
pub(super) fn by_group(found: &mut Found, group: Option<(String, usize)>) {
    let small = if found.count < 500 {
        "{ train = 60%, valid = 15%, test = 25%"
    } else {
        "{ train = 70%, valid = 15%, test = 15%"
    };
    match group {
        Some((name, count)) if count >= GROUPS => {
            found.split = Some(format!("{small}, by = {name} }}"));
            found.because("split", format!("{count} different `{name}`: what one recorded stays in one part"));
        }
        Some((name, count)) => {
            found.open.push(format!(
                "only {count} different `{name}`: the parts mix them; `by = {name}` in `split` says how well the model does with a new one"
            ));
            found.split = (found.count < 500).then(|| format!("{small} }}"));
        }
        None => found.split = (found.count < 500).then(|| format!("{small} }}")),
    }
}
