//! How a text is written: escapes of `"…"`, and the indentation of `"""…"""`.

use std::ops::Range;

/// What is wrong with an escape.
pub(super) struct BadEscape {
    /// Its bytes within the text between the quotes.
    pub range: Range<usize>,
    /// True for `\u{…}` without a character of that number.
    pub number: bool,
}

/// The value of the characters between the quotes of a line text.
pub(super) fn unescape(written: &str) -> Result<String, BadEscape> {
    let mut value = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let escape = &rest[at..];
        let start = written.len() - escape.len();
        let letter = escape.chars().nth(1);
        let length = match letter {
            Some('u') => escape.find('}').map_or(2, |end| end + 1),
            _ => 1 + letter.map_or(0, char::len_utf8),
        };
        let meant = match letter {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('"') => Some('"'),
            Some('\\') => Some('\\'),
            Some('u') => numbered(&escape[..length]),
            _ => None,
        };
        let Some(meant) = meant else {
            return Err(BadEscape { range: start..start + length, number: letter == Some('u') });
        };
        value.push(meant);
        rest = &escape[length..];
    }
    value.push_str(rest);
    Ok(value)
}

/// The character of `\u{…}`.
fn numbered(escape: &str) -> Option<char> {
    let digits = escape.strip_prefix("\\u{")?.strip_suffix('}')?;
    let hexadecimal = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)?)
}

/// `value` as a line text, with its quotes.
pub(super) fn quote(value: &str) -> String {
    let mut written = String::with_capacity(value.len() + 2);
    written.push('"');
    for c in value.chars() {
        match c {
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            // What can't be seen, or turns the direction of the line, is written by its number.
            _ if c.is_control() || matches!(c, '\u{FEFF}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}') => {
                written.extend(c.escape_unicode());
            }
            _ => written.push(c),
        }
    }
    written.push('"');
    written
}

/// The value of the characters between the quotes of a block text: a blank first and last line and the
/// indentation that all other lines share are left out; line ends become `\n`.
pub(super) fn unindent(written: &str) -> String {
    let written = written.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = written.split_inclusive('\n').collect();
    let blank = |line: &str| line.trim_matches([' ', '\t', '\n']).is_empty();
    let margin = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut shared: Option<&str> = None;
    for line in lines.iter().filter(|line| !blank(line)) {
        let own = &line[..margin(line)];
        shared = Some(shared.map_or(own, |shared| {
            let same = shared.bytes().zip(own.bytes()).take_while(|(a, b)| a == b).count();
            &shared[..same]
        }));
    }
    let margin = shared.map_or(0, str::len);
    let last = lines.len().saturating_sub(1);
    let keep = |(at, line): (usize, &&str)| match blank(line) {
        true if at == 0 || (at == last && !line.ends_with('\n')) => String::new(),
        true => "\n".to_string(),
        false => line[margin..].to_string(),
    };
    lines.iter().enumerate().map(keep).collect()
}

/// `value` as a block text whose closing quotes stand at `indent`; `None` when no block text has that value.
pub(super) fn block(value: &str, indent: usize) -> Option<String> {
    let mut written = String::from("\"\"\"\n");
    let inner = " ".repeat(indent + 2);
    for line in value.split_inclusive('\n') {
        if line != "\n" {
            written.push_str(&inner);
        }
        written.push_str(line);
    }
    if value.is_empty() || value.ends_with('\n') {
        written.push_str(&" ".repeat(indent));
    }
    let between = &written[3..];
    let faithful = unindent(between) == value && !between.contains("\"\"\"") && !between.ends_with('"');
    faithful.then(|| written + "\"\"\"")
}
