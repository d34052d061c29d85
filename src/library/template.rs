//! The one template environment: strict (an undefined name is an error), with filters that write C literals.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::base::{Diag, Source};

use super::tables;

/// Whether the library file at `path` is a template.
pub fn is_template(path: &str) -> bool {
    path.strip_suffix(".j2").is_some()
}

/// Whether the file at `path` can be read as a template, if it is one.
pub fn check(path: &str, bytes: &[u8]) -> Result<(), Diag> {
    if !is_template(path) {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Diag::error("tml::template", format!("`stdlib/{path}` is not UTF-8 text")));
    };
    match environment().add_template(path, text) {
        Ok(()) => Ok(()),
        Err(error) => Err(explain(path, text, &error)),
    }
}

/// Renders the template called `path`; `load` gives the text of it and of those that it includes.
pub fn render<C: Serialize>(
    load: impl Fn(&str) -> Option<String> + Clone + Send + Sync + 'static,
    path: &str,
    context: &C,
) -> Result<String, Diag> {
    let mut environment = environment();
    let loader = load.clone();
    environment.set_loader(move |name| Ok(loader(name)));
    let rendered = environment.get_template(path).and_then(|template| template.render(Serde(context)));
    rendered.map_err(|error| {
        let name = error.name().unwrap_or(path);
        explain(name, &load(name).unwrap_or_default(), &error)
    })
}

/// The value of the expression `text` (a template's, without braces) over the names in `scope`; the error is a sentence.
pub fn evaluate(text: &str, scope: &Map<String, Json>) -> Result<Json, String> {
    let environment = environment();
    let value = environment.compile_expression(text).and_then(|expression| expression.eval(Serde(scope)));
    let value = value.map_err(|error| format!("`{text}`: {}", reason(&error)))?;
    serde_json::to_value(&value).map_err(|error| format!("`{text}`: {error}"))
}

/// `text` with its braces filled in from `scope`; as it is when they can't be.
pub fn fill(text: &str, scope: &Map<String, Json>) -> String {
    environment().render_str(text, Serde(scope)).unwrap_or_else(|_| text.to_string())
}

fn environment<'a>() -> Environment<'a> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("hex", hex);
    environment.add_filter("c_float", c_float);
    environment.add_filter("c_string", c_string);
    environment.add_filter("c_comment", c_comment);
    environment.add_filter("c_list", c_list);
    environment.add_filter("c_floats", c_floats);
    environment.add_filter("c_fixed", c_fixed);
    add_tables(&mut environment);
    environment
}

/// The functions that give constants of features.
fn add_tables(environment: &mut Environment) {
    fn checked<T>(result: Result<T, String>) -> Result<T, Error> {
        result.map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))
    }
    environment.add_function("window", |kind: &str, length: usize| checked(tables::window(kind, length)));
    environment.add_function("lowpass", tables::lowpass);
    environment.add_function("fft_stages", tables::stages);
    environment.add_function("fft_split", tables::split);
    environment.add_function("fft_odd", |points: usize| points.trailing_zeros() % 2 == 1);
    environment.add_function("dct", tables::dct);
    environment.add_function("log2_whole", tables::log2_whole);
    environment.add_function("power_of_two", |value: usize| value.checked_next_power_of_two().unwrap_or(usize::MAX));
    environment.add_function("butterworth", |kind: &str, order: usize, low: f64, high: f64, rate: f64| {
        checked(tables::butterworth(kind, order, (low, high), rate))
    });
    environment.add_function(
        "mel_bank",
        |like: &str, scale: &str, rate: f64, sizes: Serde<(usize, usize)>, band: Serde<(f64, f64)>| {
            Value::from(Serde(tables::mel(like, scale, rate, sizes.0, band.0)))
        },
    );
}

fn explain(path: &str, text: &str, error: &Error) -> Diag {
    let reason = reason(error);
    let diag = Diag::error("tml::template", format!("the template `{path}` can't be filled in: {reason}"));
    let Some(line) = error.line() else { return diag };
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    diag.at(&Source::new(path, text).span(start..end), "here")
}

fn reason(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_string)
}

/// `4096` as `0x00001000u`: an address or register value.
fn hex(value: u64) -> String {
    if value > u64::from(u32::MAX) { format!("0x{value:016x}ull") } else { format!("0x{value:08x}u") }
}

/// A C `float` literal with exactly the value of the nearest `f32`: decimal where that is exact, else in the hexadecimal
/// form, because C leaves the last bit of a decimal literal to the implementation (C11 6.4.4.2 paragraph 3).
pub fn c_float(value: f64) -> Result<String, Error> {
    let float = value as f32;
    if !float.is_finite() {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("{value} has no float literal in C")));
    }
    let shortest = format!("{float:?}");
    if shortest.parse() == Ok(f64::from(float)) {
        return Ok(format!("{shortest}f"));
    }
    let bits = float.to_bits();
    let sign = if bits >> 31 == 1 { "-" } else { "" };
    let (exponent, fraction) = ((bits >> 23 & 0xff) as i32, bits & 0x7f_ffff);
    let (lead, power) = if exponent == 0 { (0, -126) } else { (1, exponent - 127) };
    let digits = format!("{:06x}", fraction << 1);
    Ok(format!("{sign}0x{lead}.{}p{power}f", digits.trim_end_matches('0')))
}

/// A C string literal of the UTF-8 bytes of `text`. Octal escapes, which end after three digits: a hexadecimal one
/// would swallow the letters behind it.
pub fn c_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' => literal.push_str("\\\""),
            b'\\' => literal.push_str("\\\\"),
            b'\n' => literal.push_str("\\n"),
            b'?' => literal.push_str("\\?"), // "??/" would be a trigraph
            0x20..=0x7e => literal.push(char::from(byte)),
            _ => literal.extend(['\\', octal(byte >> 6), octal(byte >> 3), octal(byte)]),
        }
    }
    literal.push('"');
    literal
}

fn octal(byte: u8) -> char {
    char::from(b'0' + (byte & 7))
}

/// `text` such that it can't end the comment it stands in, nor continue a line comment.
pub fn c_comment(text: &str) -> String {
    text.replace("*/", "* /").replace("/*", "/ *").replace('\\', "/").replace(['\r', '\n'], " ")
}

/// Integers as the inside of a C initialiser, wrapped at 100 columns behind four blanks. The lowest `i32` and `i64` have
/// no literal of their own in C, so they are written as a difference.
fn c_list(values: Serde<Vec<i64>>, indent: Option<usize>) -> String {
    let word = |value: i64| match value {
        -2_147_483_648 => "-2147483647 - 1,".to_string(),
        i64::MIN => "-9223372036854775807 - 1,".to_string(),
        _ => format!("{value},"),
    };
    wrapped(values.0.into_iter().map(word), indent)
}

/// Floats as the inside of a C initialiser, laid out as integers are.
fn c_floats(values: Serde<Vec<f64>>, indent: Option<usize>) -> Result<String, Error> {
    let words =
        values.0.into_iter().map(|value| Ok(format!("{},", c_float(value)?))).collect::<Result<Vec<_>, Error>>()?;
    Ok(wrapped(words.into_iter(), indent))
}

/// Numbers times `factor`, rounded to whole ones, laid out as integers are.
fn c_fixed(values: Serde<Vec<f64>>, factor: f64, indent: Option<usize>) -> String {
    wrapped(values.0.into_iter().map(|value| format!("{},", (value * factor).round() as i64)), indent)
}

fn wrapped(words: impl Iterator<Item = String>, indent: Option<usize>) -> String {
    let indent = " ".repeat(indent.unwrap_or(4).min(40));
    let mut text = String::new();
    let mut line = indent.clone();
    for word in words {
        if line.len() + 2 + word.len() > 100 && line.len() > indent.len() {
            text.push_str(&line);
            text.push('\n');
            line.clone_from(&indent);
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if line.len() > indent.len() {
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Context {
        x: f32,
        list: Vec<i64>,
    }

    fn shown(text: &'static str, list: &[i64]) -> Result<String, Diag> {
        let context = Context { x: 0.1, list: list.to_vec() };
        render(move |name| (name == "t.j2").then(|| text.to_string()), "t.j2", &context)
    }

    #[test]
    fn literals_are_exact() {
        assert_eq!(c_float(1.0).ok().as_deref(), Some("1.0f"));
        assert_eq!(c_float(-0.5).ok().as_deref(), Some("-0.5f"));
        assert_eq!(c_float(-0.0).ok().as_deref(), Some("-0.0f"));
        assert_eq!(c_float(f64::from(0.1_f32)).ok().as_deref(), Some("0x1.99999ap-4f"));
        assert_eq!(c_float(f64::from(f32::MAX)).ok().as_deref(), Some("0x1.fffffep127f"));
        assert_eq!(c_float(f64::from(f32::from_bits(1))).ok().as_deref(), Some("0x0.000002p-126f"));
        assert!(c_float(f64::NAN).is_err() && c_float(1e39).is_err());
        assert_eq!(c_string("a\"\\\u{e9}1?"), r#""a\"\\\303\2511\?""#);
        assert_eq!(shown("{{ x | c_float }} {{ 64 | hex }}", &[]).expect("renders"), "0x1.99999ap-4f 0x00000040u");
        assert_eq!(
            shown("{{ list | c_list }}", &[1, -128, -2_147_483_648]).expect("renders"),
            "    1, -128, -2147483647 - 1,"
        );
    }

    #[test]
    fn long_lists_wrap_and_keep_every_value() {
        let values: Vec<i64> = (-300..300).collect();
        let text = shown("{{ list | c_list }}", &values).expect("renders");
        assert!(text.lines().all(|line| line.len() <= 100 && line.starts_with("    ")));
        let read: Vec<i64> = text.split(',').filter_map(|word| word.trim().parse().ok()).collect();
        assert_eq!(read, values);
    }

    #[test]
    fn an_undefined_name_is_an_error_at_its_place() {
        let diag = shown("one\n{{ nobody }}\n", &[]).expect_err("refused");
        assert_eq!(diag.code, "tml::template");
        assert_eq!(diag.labels[0].0.source.position(diag.labels[0].0.start).0, 2);
        assert!(check("features/x.c.j2", b"{% if %}").is_err());
    }
}
