//! Path patterns: `data/{label}/{subject}-*.csv` finds files and binds parts of their paths to names.
//!
//! `*` and `{name}` stay within one part of a path, `**` stands for any folders; everything else is literal.
//! As in a shell, neither matches a leading dot, so `._apple.csv` and `.ipynb_checkpoints/` stay out.

use std::collections::BTreeMap;
use std::fmt;

/// A parsed pattern. Paths are relative to the spec's folder and use `/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    /// `**`: any number of folders.
    Folders,
    /// One folder or file name.
    Name(Vec<Token>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Literal(String),
    Any,
    Bind(String),
}

type Bindings = BTreeMap<String, String>;

impl Pattern {
    /// Reads a pattern; the error is a sentence for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("the pattern is empty".into());
        }
        if text.contains('\\') {
            return Err(format!("`{text}` has a backslash; paths use `/` on every system"));
        }
        if text.starts_with('/') || text.as_bytes().get(1) == Some(&b':') {
            return Err(format!(
                "`{text}` is absolute; data lies below the spec's folder, so that others can build it"
            ));
        }
        if text.ends_with('/') {
            return Err(format!("`{text}` names a folder; say which files: `{text}*.csv`"));
        }
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| *part != ".") {
            parts.push(parse_part(text, part)?);
        }
        if matches!(parts.last(), None | Some(Part::Folders)) {
            return Err(format!("`{text}` doesn't end in a file name; write `{text}/*.csv`"));
        }
        Ok(Self { text: text.into(), parts })
    }

    /// The names that it binds, each once, in the order written.
    pub fn bindings(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for token in self.tokens() {
            if let Token::Bind(name) = token
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// What `path` binds when it matches. A binding is as short as the rest of the pattern allows and never empty;
    /// a name that stands twice must be the same text at both places.
    pub fn bind(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let names: Vec<&str> = path.split('/').collect();
        match_parts(&self.parts, &names, &Bindings::new())
    }

    /// The longest folder without a wildcard, to list files from; empty: the spec's own folder.
    pub fn root(&self) -> String {
        let folders = &self.parts[..self.parts.len() - 1];
        let literal = |part: &Part| match part {
            Part::Name(tokens) => match tokens.as_slice() {
                [Token::Literal(text)] => Some(text.clone()),
                _ => None,
            },
            Part::Folders => None,
        };
        folders.iter().map_while(literal).collect::<Vec<_>>().join("/")
    }

    /// The path of the single file, when nothing in the pattern varies.
    pub fn literal(&self) -> Option<&str> {
        let fixed = self.tokens().all(|token| matches!(token, Token::Literal(_)));
        (fixed && !self.parts.contains(&Part::Folders)).then_some(self.text.trim_start_matches("./"))
    }

    /// The pattern with `{name}` replaced by `value`, for messages.
    pub fn with(&self, name: &str, value: &str) -> String {
        self.text.replace(&format!("{{{name}}}"), value)
    }

    fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.parts.iter().flat_map(|part| match part {
            Part::Folders => [].iter(),
            Part::Name(tokens) => tokens.iter(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse_part(pattern: &str, part: &str) -> Result<Part, String> {
    match part {
        "" => return Err(format!("`{pattern}` has two slashes in a row")),
        ".." => return Err(format!("`{pattern}` leaves the spec's folder with `..`; put or link the data below it")),
        "**" => return Ok(Part::Folders),
        _ if part.contains("**") => {
            return Err(format!("in `{pattern}`, `**` must be a part of its own: `a/**/b.csv`"));
        }
        _ => {}
    }
    let mut tokens = Vec::new();
    let mut rest = part;
    while let Some(at) = rest.find(['{', '}', '*']) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            tokens.push(Token::Literal(before.into()));
        }
        let (token, after) = parse_token(pattern, from)?;
        if !matches!(tokens.last(), None | Some(Token::Literal(_))) {
            return Err(format!("in `{pattern}`, nothing stands between two wildcards, so where one ends is open"));
        }
        tokens.push(token);
        rest = after;
    }
    if !rest.is_empty() {
        tokens.push(Token::Literal(rest.into()));
    }
    Ok(Part::Name(tokens))
}

/// One `*` or `{name}` and what follows it.
fn parse_token<'a>(pattern: &str, from: &'a str) -> Result<(Token, &'a str), String> {
    if let Some(after) = from.strip_prefix('*') {
        return Ok((Token::Any, after));
    }
    let Some(inside) = from.strip_prefix('{') else {
        return Err(format!("`{pattern}` has a `}}` without a `{{` before it"));
    };
    let Some((name, after)) = inside.split_once('}') else {
        return Err(format!("`{pattern}` opens a `{{` that isn't closed within its part of the path"));
    };
    let letters = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if !letters || !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(format!("in `{pattern}`, `{{{name}}}` isn't a name: letters, digits and `_`, a letter first"));
    }
    Ok((Token::Bind(name.into()), after))
}

fn match_parts(parts: &[Part], names: &[&str], bound: &Bindings) -> Option<Bindings> {
    match (parts.split_first(), names.split_first()) {
        (None, None) => Some(bound.clone()),
        (Some((Part::Folders, rest)), first) => match_parts(rest, names, bound).or_else(|| {
            let (folder, deeper) = first?;
            (!folder.starts_with('.')).then(|| match_parts(parts, deeper, bound))?
        }),
        (Some((Part::Name(tokens), rest)), Some((name, deeper))) => {
            let hidden = name.starts_with('.') && !matches!(tokens.first(), Some(Token::Literal(_)));
            if hidden { None } else { match_name(tokens, name, bound, &|bound| match_parts(rest, deeper, bound)) }
        }
        _ => None,
    }
}

/// Matches one part of a path and goes on with `then`; backtracks, because a later part may refuse a binding.
fn match_name(
    tokens: &[Token],
    name: &str,
    bound: &Bindings,
    then: &dyn Fn(&Bindings) -> Option<Bindings>,
) -> Option<Bindings> {
    let Some((token, rest)) = tokens.split_first() else {
        return if name.is_empty() { then(bound) } else { None };
    };
    match token {
        Token::Literal(text) => match_name(rest, name.strip_prefix(text.as_str())?, bound, then),
        Token::Any => cuts(name).find_map(|at| match_name(rest, &name[at..], bound, then)),
        Token::Bind(key) => match bound.get(key) {
            Some(value) => match_name(rest, name.strip_prefix(value.as_str())?, bound, then),
            None => cuts(name).skip(1).find_map(|at| {
                let mut bound = bound.clone();
                bound.insert(key.clone(), name[..at].into());
                match_name(rest, &name[at..], &bound, then)
            }),
        },
    }
}

/// Every place where `name` may be cut, shortest head first.
fn cuts(name: &str) -> impl Iterator<Item = usize> + '_ {
    name.char_indices().map(|(at, _)| at).chain([name.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(pattern: &str, path: &str) -> Option<String> {
        let bound = Pattern::parse(pattern).unwrap().bind(path)?;
        Some(bound.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn names_bind_within_a_part_of_the_path() {
        assert_eq!(bind("data/{label}/{subject}-*.csv", "data/wave/anna-03.csv").unwrap(), "label=wave subject=anna");
        assert_eq!(bind("data/{fruit}.csv", "data/apple.csv").unwrap(), "fruit=apple");
        assert_eq!(bind("data/{fruit}.csv", "data/red/apple.csv"), None);
        assert_eq!(bind("data/{fruit}.csv", "data/.csv"), None);
        assert_eq!(bind("{subject}-{take}.csv", "a-b-c.csv").unwrap(), "subject=a take=b-c");
        assert_eq!(bind("{a}/{a}.csv", "x/x.csv").unwrap(), "a=x");
        assert_eq!(bind("{a}/{a}.csv", "x/y.csv"), None);
        assert!(Pattern::parse("{a}*-{b}/{b}.csv").is_err(), "the end of the first name is open");
    }

    #[test]
    fn a_later_part_can_refuse_an_earlier_binding() {
        assert_eq!(bind("{a}-{b}/{b}.csv", "1-2-3/3.csv").unwrap(), "a=1-2 b=3");
        assert_eq!(bind("{a}-{b}/{b}.csv", "1-2-3/4.csv"), None);
    }

    #[test]
    fn stars_and_hidden_files() {
        assert!(bind("data/**/*.csv", "data/a.csv").is_some());
        assert!(bind("data/**/*.csv", "data/x/y/a.csv").is_some());
        assert!(bind("data/**/*.csv", "data/.ipynb_checkpoints/a.csv").is_none());
        assert!(bind("data/*.csv", "data/._a.csv").is_none());
        assert!(bind("data/.x*.csv", "data/.x1.csv").is_some());
        assert!(bind("./data/*", "data/a").is_some());
        assert!(bind("größe/{ü1}.csv".replace("ü1", "u").as_str(), "größe/äß.csv").is_some());
    }

    #[test]
    fn the_root_is_the_longest_literal_folder() {
        for (pattern, root) in [
            ("data/digits.csv", "data"),
            ("a/b/{c}/d/*.csv", "a/b"),
            ("*.csv", ""),
            ("x.csv", ""),
            ("a/**/b/c.csv", "a"),
            ("a/b*/c.csv", "a"),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().root(), root, "{pattern}");
        }
        assert_eq!(Pattern::parse("data/a.csv").unwrap().literal(), Some("data/a.csv"));
        assert_eq!(Pattern::parse("data/*.csv").unwrap().literal(), None);
    }

    #[test]
    fn a_pattern_that_cannot_work_is_refused_with_a_sentence() {
        for (pattern, words) in [
            ("", "is empty"),
            ("../x.csv", "`..`"),
            ("/data/x.csv", "absolute"),
            ("C:/x.csv", "absolute"),
            ("data\\x.csv", "backslash"),
            ("data/{label.csv", "isn't closed"),
            ("data/{a/b}.csv", "isn't closed"),
            ("data/a}.csv", "without"),
            ("data/{}.csv", "isn't a name"),
            ("data/{1a}.csv", "isn't a name"),
            ("data/{a}{b}.csv", "nothing stands between"),
            ("data/a**/x.csv", "part of its own"),
            ("data/", "names a folder"),
            ("data/**", "file name"),
            ("data//x.csv", "two slashes"),
        ] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert!(error.contains(words), "{pattern}: {error}");
        }
    }
}
