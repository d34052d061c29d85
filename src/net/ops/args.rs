//! Reading an operator's arguments, which are canonical texts by name.

/// Arguments by name, as canonical text; the operator's schema has filled the defaults.
pub type Args = Vec<(String, String)>;

/// The text of an argument, if it is given.
pub(super) fn text<'a>(args: &'a [(String, String)], name: &str) -> Option<&'a str> {
    args.iter().find(|arg| arg.0 == name).map(|arg| arg.1.as_str())
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
