//! What the text of generated code may not contain, whatever the compiler would say of it.

use crate::base::Diag;

/// Words that reach around the language: assembly, compiler directives, attributes that run code by themselves.
const FORBIDDEN_WORDS: &[&str] = &[
    "asm",
    "__asm",
    "__asm__",
    "_Pragma",
    "__attribute__",
    "__attribute",
    "__declspec",
    "__label__",
    "_Thread_local",
    "__has_include",
    "__has_embed",
];

/// Refuses code that includes anything but `tml.h`, gives the compiler orders, or holds assembly.
pub(super) fn check(name: &str, code: &str) -> Result<(), Diag> {
    if code.contains("??") {
        return Err(refused(name, "uses trigraphs", "write the character itself"));
    }
    // A backslash at a line's end joins lines, which would hide a directive from the scan below.
    let plain = without_comments_and_texts(&code.replace("\\\r\n", "").replace("\\\n", ""));
    for line in plain.lines() {
        directive(name, line)?;
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match plain.split(|c| !word(c)).find(|found| FORBIDDEN_WORDS.contains(found)) {
        Some(found) => Err(refused(name, &format!("uses `{found}`"), "plain C11 is enough for this function")),
        None => Ok(()),
    }
}

fn directive(name: &str, line: &str) -> Result<(), Diag> {
    let line = line.trim_start();
    let Some(rest) = line.strip_prefix('#').or_else(|| line.strip_prefix("%:")) else { return Ok(()) };
    let rest = rest.trim_start();
    if let Some(included) = rest.strip_prefix("include") {
        let included = included.trim();
        if included != "\"tml.h\"" {
            return Err(refused(name, &format!("includes {included}"), "`#include \"tml.h\"` has all that is allowed"));
        }
        return Ok(());
    }
    let allowed = ["define", "undef", "if", "ifdef", "ifndef", "else", "elif", "endif"];
    let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    if word.is_empty() || allowed.contains(&word) {
        Ok(())
    } else {
        Err(refused(name, &format!("uses `#{word}`"), "leave the directive out"))
    }
}

fn refused(name: &str, why: &str, help: &str) -> Diag {
    Diag::error("tml::gate::text", format!("`{name}` {why}")).help(help)
}

/// The code with comments blanked and the inside of texts removed, except after `#include`, line by line as before.
fn without_comments_and_texts(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('/', Some('/')) => {
                while chars.peek().is_some_and(|next| *next != '\n') {
                    chars.next();
                }
            }
            ('/', Some('*')) => skip_block(&mut chars, &mut out),
            ('"' | '\'', _) if !on_include(&out) => skip_text(c, &mut chars, &mut out),
            _ => out.push(c),
        }
    }
    out
}

fn on_include(out: &str) -> bool {
    let line = out.rsplit('\n').next().unwrap_or_default();
    line.trim_start().trim_start_matches('#').trim_start().starts_with("include")
}

fn skip_block(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    chars.next();
    let mut last = ' ';
    for c in chars.by_ref() {
        if c == '\n' {
            out.push('\n');
        }
        if last == '*' && c == '/' {
            break;
        }
        last = c;
    }
    out.push(' ');
}

fn skip_text(quote: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    out.push(quote);
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '\n' => {
                out.push('\n');
                break;
            }
            _ if c == quote => break,
            _ => {}
        }
    }
    out.push(quote);
}
