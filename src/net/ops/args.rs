//! Reading an operator's arguments, which are canonical texts by name.

/// Arguments by name, as canonical text; the operator's schema has filled the defaults.
pub type Args = Vec<(String, String)>;

/// Numbers of an argument beyond this many aren't read.
const MOST_ITEMS: usize = 64;

/// The text of an argument, if it is given; quotes around a word don't matter.
pub(super) fn text<'a>(args: &'a [(String, String)], name: &str) -> Option<&'a str> {
    args.iter().find(|arg| arg.0 == name).map(|arg| arg.1.trim_matches('"'))
}

/// The arguments with another number for `name`.
pub(super) fn with(args: &[(String, String)], name: &str, number: usize) -> Args {
    let change = |arg: &(String, String)| if arg.0 == name { (arg.0.clone(), number.to_string()) } else { arg.clone() };
    args.iter().map(change).collect()
}

/// A whole number from `low` to `high`.
pub(super) fn int(word: &str, args: &[(String, String)], name: &str, low: usize, high: usize) -> Result<usize, String> {
    let given = text(args, name).ok_or_else(|| format!("`{word}` needs `{name}`"))?;
    let value = given.replace('_', "").parse().ok().filter(|value| (low..=high).contains(value));
    value.ok_or_else(|| format!("`{name}` of `{word}` is a whole number from {low} to {high}, not `{given}`"))
}

/// A number from 0 to below 1; `0.2` and `20%` are the same.
pub(super) fn share(word: &str, args: &[(String, String)], name: &str) -> Result<f32, String> {
    let given = text(args, name).ok_or_else(|| format!("`{word}` needs `{name}`"))?;
    let number = match given.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().map(|value| value / 100.0),
        None => given.parse(),
    };
    let value = number.ok().filter(|value| (0.0..1.0).contains(value));
    value.ok_or_else(|| format!("`{name}` of `{word}` is a share from 0 to below 1, not `{given}`"))
}

/// A number within bounds; `default` where it isn't given.
pub(super) fn number(
    word: &str,
    args: &[(String, String)],
    name: &str,
    default: f32,
    (low, high): (f32, f32),
) -> Result<f32, String> {
    let Some(given) = text(args, name).filter(|given| !given.is_empty()) else { return Ok(default) };
    let value = given.replace('_', "").parse().ok().filter(|value| (low..=high).contains(value));
    value.ok_or_else(|| format!("`{name}` of `{word}` is a number from {low} to {high}, not `{given}`"))
}

/// `true` or `false`; false where it isn't given.
pub(super) fn flag(word: &str, args: &[(String, String)], name: &str) -> Result<bool, String> {
    match text(args, name) {
        Some("true") => Ok(true),
        None | Some("false" | "") => Ok(false),
        Some(given) => Err(format!("`{name}` of `{word}` is `true` or `false`, not `{given}`")),
    }
}

/// Whole numbers, `[1, 2]` or a single one without brackets; `None` where the argument isn't given.
pub(super) fn signed(word: &str, args: &[(String, String)], name: &str) -> Result<Option<Vec<i64>>, String> {
    let Some(given) = text(args, name).map(str::trim).filter(|given| !given.is_empty()) else { return Ok(None) };
    let inner = given.strip_prefix('[').map_or(Some(given), |rest| rest.strip_suffix(']'));
    let wrong = || format!("`{name}` of `{word}` is a list of whole numbers as `[1, 2]`, not `{given}`");
    let inner = inner.ok_or_else(wrong)?;
    let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty()).take(MOST_ITEMS + 1);
    let values: Option<Vec<i64>> = parts.map(|part| part.replace('_', "").parse().ok()).collect();
    values.filter(|values| values.len() <= MOST_ITEMS).map(Some).ok_or_else(wrong)
}

/// Whole numbers from `low` to `high`; `None` where the argument isn't given.
pub(super) fn list(
    word: &str,
    args: &[(String, String)],
    name: &str,
    (low, high): (usize, usize),
) -> Result<Option<Vec<usize>>, String> {
    let Some(values) = signed(word, args, name)? else { return Ok(None) };
    let within = |value: &i64| usize::try_from(*value).ok().filter(|value| (low..=high).contains(value));
    let within: Option<Vec<usize>> = values.iter().map(within).collect();
    let within = within.ok_or_else(|| format!("`{name}` of `{word}` holds whole numbers from {low} to {high}"))?;
    Ok(Some(within))
}

/// Axes of a tensor of `rank` dimensions, sorted, each once; negative ones count from the last.
pub(super) fn axes(word: &str, args: &[(String, String)], name: &str, rank: usize) -> Result<Vec<usize>, String> {
    let Some(values) = signed(word, args, name)? else { return Ok((0..rank).collect()) };
    let axis = |value: &i64| {
        let from_end = i64::try_from(rank).unwrap_or(0);
        let axis = if *value < 0 { *value + from_end } else { *value };
        usize::try_from(axis).ok().filter(|axis| *axis < rank)
    };
    let axes: Option<Vec<usize>> = values.iter().map(axis).collect();
    let mut axes = axes.ok_or_else(|| format!("`{name}` of `{word}` names dimensions below {rank}"))?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(value: &str) -> Args {
        vec![("a".into(), value.into())]
    }

    #[test]
    fn lists_are_read_with_and_without_brackets() {
        assert_eq!(list("x", &args("[1, 2]"), "a", (0, 9)), Ok(Some(vec![1, 2])));
        assert_eq!(list("x", &args("3"), "a", (0, 9)), Ok(Some(vec![3])));
        assert_eq!(list("x", &args("[]"), "a", (0, 9)), Ok(Some(vec![])));
        assert_eq!(list("x", &args("[1]"), "b", (0, 9)), Ok(None));
        for wrong in ["[1", "1]", "[a]", "[-1]", "[10]", "[99999999999999999999]"] {
            assert!(list("x", &args(wrong), "a", (0, 9)).is_err(), "{wrong}");
        }
        assert_eq!(axes("x", &args("[-1, 0]"), "a", 3), Ok(vec![0, 2]));
        assert!(axes("x", &args("3"), "a", 3).is_err());
    }
}
