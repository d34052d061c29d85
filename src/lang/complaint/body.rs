//! Mistakes in lines and values: relations, calls, lists, records.

use crate::base::Diag;

use super::super::scan::{Kind, Token};
use super::place::{Place, Rule};

/// In the order in which they are tried.
pub(super) const RULES: &[Rule] = &[
    doubled,
    colon,
    quoted_field,
    braced_list,
    path,
    dashed,
    calculation,
    capital,
    leading_point,
    range,
    thousands,
    extra_comma,
    no_value,
    positional_record,
    no_relation,
    alone,
    crowded,
];

/// Where no rule knows better: what could stand here.
pub(super) fn anything(place: &Place) -> Diag {
    let wanted = if place.expects_value() {
        "a value"
    } else if place.expects(">=") {
        "`=` and a value"
    } else if place.expects_end() {
        "the end of the line, or `,`"
    } else if place.expects("a..z") {
        "a name"
    } else if place.expects("0..9") {
        "a number"
    } else if place.expects("{") {
        "`{`"
    } else {
        "something else"
    };
    let found = match place.found().kind {
        Kind::Line => "the line ends where more is needed".to_string(),
        Kind::End => "the file ends where more is needed".to_string(),
        _ => format!("`{}` has no place here", place.quote(place.found(), place.found())),
    };
    let help =
        if wanted == "`{`" { "write `kind name from source {`".to_string() } else { format!("write {wanted} here") };
    place.diag(place.found(), found, &format!("{wanted} goes here")).help(help)
}

/// `==`, `:=`, `=>`, `!=`, `a = b = c`
fn doubled(place: &Place) -> Option<Diag> {
    let token = match place.word() {
        "==" | ":=" | "=>" | "=<" | "!=" => place.found(),
        "=" if place.word_before() == "=" => place.found(),
        "=" if place.at() > 1 && place.before()?.kind == Kind::Word && place.text(place.near(-2)) == "=" => {
            let diag = place.diag(place.found(), "one line sets one name", "the second `=`");
            return Some(diag.help(format!("write `{} = …` on a line of its own", place.word_before())));
        }
        _ => place.before().filter(|token| matches!(place.text(token), "=>" | "=<" | "=="))?,
    };
    let word = place.text(token);
    let (title, help) = match word {
        "=>" => ("at least is written `>=`", "write `>=`, or `=` to set"),
        "=<" => ("at most is written `<=`", "write `<=`"),
        "!=" => ("a spec sets and limits, and never compares", "write `=`, `>=` or `<=`"),
        _ => ("one `=` sets a value", "write `=`"),
    };
    Some(place.diag(token, title, &format!("`{word}` has no meaning")).help(help))
}

/// `rate: 50 Hz`
fn colon(place: &Place) -> Option<Diag> {
    let name = place.before().filter(|_| place.word() == ":" && place.expects("="))?;
    if !matches!(name.kind, Kind::Word) && place.text(name) != ")" {
        return None;
    }
    let first = place.line_before().last().filter(|_| place.bracket_text() == "(").or(place.line_before().first())?;
    Some(colon_for(place, &place.quote(first, name), place.found(), place.at() + 1))
}

/// The diagnostic for `name: value` where the value begins at the token `value`.
fn colon_for(place: &Place, name: &str, colon: &Token, value: usize) -> Diag {
    let tokens = place.tokens();
    let ends = |token: &Token| matches!(token.kind, Kind::Line | Kind::End | Kind::Close) || place.text(token) == ",";
    let mut last = None;
    let mut at = value;
    while let Some(token) = tokens.get(at).filter(|token| !ends(token)) {
        last = Some(&tokens[token.partner]);
        at = token.partner + 1;
    }
    let rest = last.map_or("…".to_string(), |last| place.quote(&tokens[value], last));
    place
        .diag(colon, format!("`{name}` is set with `=`, not with `:`"), "`=` goes here")
        .help(format!("write `{name} = {rest}`"))
}

/// `conv1d(kernel: 3)`, whose colon pest takes for a parameter's.
pub(super) fn call_colon(place: &Place) -> Option<Diag> {
    let tokens = place.tokens();
    let inside = place.found().open;
    let behind = place.before().filter(|token| token.kind == Kind::Close).map(|close| close.partner);
    let opens = |open: usize| place.text(&tokens[open]) == "(" && tokens[open].open.is_some();
    let open = inside.filter(|open| opens(*open)).or(behind.filter(|open| opens(*open)))?;
    let named = open >= 2 && tokens[open - 1].kind == Kind::Word;
    let called = named && (tokens[open - 2].kind != Kind::Word);
    let end = if inside == Some(open) { place.at() } else { tokens[open].partner };
    let colon = (open + 1..end).rev().find(|at| tokens[*at].open == Some(open) && place.text(&tokens[*at]) == ":")?;
    let name = tokens.get(colon - 1).filter(|token| called && token.kind == Kind::Word)?;
    Some(colon_for(place, place.text(name), &tokens[colon], colon + 1))
}

/// `{ "train": 70% }`
fn quoted_field(place: &Place) -> Option<Diag> {
    let found = place.found();
    let set = matches!(place.text(place.near(1)), ":" | "=");
    if found.kind != Kind::Text || !set {
        return None;
    }
    let name = place.word().trim_matches('"');
    Some(
        place
            .diag(found, "the name of a field goes without quotes", "a name, not a text")
            .help(format!("write `{name} = …`")),
    )
}

/// `csv(data/x.csv)`
fn path(place: &Place) -> Option<Diag> {
    let run = place.run("(),\"=");
    let run = if run.matches('}').count() > run.matches('{').count() { run.trim_end_matches('}') } else { run };
    let separated = matches!(place.word(), "/" | ".") && run.contains('/') && run.len() > 1;
    if !separated || place.bracket_text().is_empty() {
        return None;
    }
    Some(place.diag(place.found(), "a path is written as text", "part of a path?").help(format!("write `\"{run}\"`")))
}

/// `fall-left`
fn dashed(place: &Place) -> Option<Diag> {
    let (before, after) = (place.before()?, place.near(1));
    let dash = place.word().starts_with('-') && place.word() != "->";
    let touching = before.end == place.found().start && matches!(before.kind, Kind::Word | Kind::Capital);
    let more = place.found().kind == Kind::Number || (after.start == place.found().end && after.kind == Kind::Word);
    if !(dash && touching && more) {
        return None;
    }
    let run = place.run("()[]{},=\"");
    let diag = place.diag(
        place.found(),
        format!("a name has letters, digits and `_`, and `{run}` has `-`"),
        "not part of a name",
    );
    Some(diag.help(format!("write `{}`, or `\"{run}\"` as text", run.replace('-', "_"))))
}

/// `a = 5 - 3`, `a = 8 / 2`
fn calculation(place: &Place) -> Option<Diag> {
    let operand = matches!(place.before()?.kind, Kind::Number | Kind::Word | Kind::Close);
    let minus = place.found().kind == Kind::Number && place.word().starts_with('-');
    let operator = matches!(place.word(), "-" | "/" | "%") || (minus && place.expects_end());
    (operand && operator && !place.expects(">=")).then(|| {
        place.diag(place.found(), "a spec doesn't calculate", "an operator").help("write the result as one number")
    })
}

/// `Red` where a name or a value goes.
fn capital(place: &Place) -> Option<Diag> {
    let found = place.found();
    if found.kind != Kind::Capital || !place.expects("a..z") {
        return None;
    }
    let word = place.word();
    let label = if word.starts_with('_') { "begins with `_`" } else { "begins with a capital letter" };
    let small = word.trim_start_matches('_').to_ascii_lowercase();
    let help =
        if place.expects_value() { format!("write it as text: `\"{word}\"`") } else { format!("write `{small}`") };
    Some(place.diag(found, format!("a name begins with a lower-case letter, and `{word}` doesn't"), label).help(help))
}

/// `.5`, `5.`
fn leading_point(place: &Place) -> Option<Diag> {
    let point = if place.word() == "." { place.at() } else { place.at().checked_sub(1)? };
    let tokens = place.tokens();
    if point == 0 || place.text(&tokens[point]) != "." {
        return None;
    }
    let (before, after) = (&tokens[point - 1], &tokens[(point + 1).min(tokens.len() - 1)]);
    let touching = before.kind == Kind::Number && before.end == tokens[point].start && after.start == tokens[point].end;
    let (title, help) = if after.kind == Kind::Number && touching {
        ("a number has one point", format!("write it as text: `\"{}\"`", place.run("()[]{},=\"")))
    } else if after.kind == Kind::Number && after.start == tokens[point].end && before.kind != Kind::Word {
        ("a number begins with a digit", format!("write `0.{}`", place.text(after)))
    } else if before.kind == Kind::Number {
        ("a digit follows the point of a number", format!("write `{}`", place.text(before)))
    } else {
        ("a name follows `.`", "write the name of a field after `.`".to_string())
    };
    Some(place.diag(&tokens[point], title, "this point").help(help))
}

/// `8..`, `a..b`
fn range(place: &Place) -> Option<Diag> {
    let token =
        if place.word() == ".." { place.found() } else { place.before().filter(|token| place.text(token) == "..")? };
    Some(place.diag(token, "a range has a number on both sides", "of this").help("write `8..32`"))
}

/// `calibrate = 1,000`
fn thousands(place: &Place) -> Option<Diag> {
    let found = place.found();
    let (comma, number) = (place.near(-1), place.near(-2));
    let grouped = found.kind == Kind::Number && place.text(comma) == "," && number.kind == Kind::Number;
    if !grouped || number.end != comma.start || comma.end != found.start || place.at() < 2 {
        return None;
    }
    let whole = format!("{}_{}", place.text(number), place.word());
    let diag = Diag::error("tml::syntax", "`,` ends a value, also within a number");
    Some(diag.at(&place.over(number, found), "read as two values").help(format!("write `{whole}`")))
}

/// `[a,, b]`
fn extra_comma(place: &Place) -> Option<Diag> {
    let follows = matches!(place.word_before(), "," | "[" | "(" | "{")
        || place.before().is_none_or(|token| token.kind == Kind::Line);
    (place.word() == "," && follows)
        .then(|| place.diag(place.found(), "`,` separates nothing here", "one too many").help("remove `,`"))
}

/// `rate =`
fn no_value(place: &Place) -> Option<Diag> {
    let op = place.before().filter(|_| place.expects_value() && (place.at_line_end() || place.word() == ","))?;
    if !matches!(place.text(op), "=" | ">=" | "<=" | ">" | "<") {
        return None;
    }
    let written = place.quote(place.line_before().first()?, op);
    let name = written[..written.len() - place.text(op).len()].trim_end().to_string();
    Some(
        place
            .diag(op, format!("`{name}` has no value"), "a value goes after this")
            .help(format!("write `{written} …` on one line")),
    )
}

/// `classes = { rest, wave }`, `classes = { "rest" }`, `classes = ("rest")`
fn braced_list(place: &Place) -> Option<Diag> {
    let tokens = place.tokens();
    let round = place.word() == "(" && place.expects_value();
    let open = if round { place.at() } else { place.found().open.filter(|_| place.bracket_text() == "{")? };
    let in_value = round || (open > 0 && place.text(&tokens[open - 1]) == "=");
    let name = place.expects(">=") && (place.word() == "," || place.at_line_end());
    let value = place.word_before() == "{"
        && matches!(place.found().kind, Kind::Number | Kind::Text | Kind::Capital | Kind::Open);
    if !in_value || !(round || name || value) {
        return None;
    }
    let (first, last) = (&tokens[open + 1], &tokens[tokens[open].partner - 1]);
    let inner = if first.start < last.end { place.quote(first, last) } else { String::new() };
    let diag = place.diag(&tokens[open], "a list stands in `[` and `]`", "opens a list?");
    Some(diag.help(format!("write `[{inner}]`")))
}

/// `{ a = 1, 2 }`
fn positional_record(place: &Place) -> Option<Diag> {
    let found = place.found();
    let starts =
        matches!(place.word_before(), "{" | ",") || place.before().is_none_or(|token| token.kind == Kind::Line);
    let value = matches!(found.kind, Kind::Number | Kind::Text) || matches!(place.word(), "[" | "{" | "(");
    let named = place.expects("a..z") && !place.expects_value();
    (starts && value && named && matches!(place.bracket_text(), "{" | "")).then(|| {
        let value = place.quote(found, &place.tokens()[found.partner]);
        let diag = place.diag(found, format!("`{value}` has no name"), "`name =` goes before this");
        diag.help(format!("write `name = {value}`"))
    })
}

/// `rate 50 Hz`
fn no_relation(place: &Place) -> Option<Diag> {
    let found = place.found();
    let value = matches!(found.kind, Kind::Number | Kind::Text | Kind::Word | Kind::Capital | Kind::Open);
    if !place.expects(">=") || !value {
        return None;
    }
    let line = place.line_before();
    // `dense(3) softmax()`: a call is whole, so what follows it is another thing.
    if place.word_before() == ")" && found.kind == Kind::Word {
        let rest = place.rest_of_line();
        let diag = place.diag(found, "two things stand on one line", "the second one");
        return Some(diag.help(format!("put `{rest}` on a line of its own, or a `,` before it")));
    }
    let name = place.quote(line.first()?, line.last()?);
    let diag = place.diag(found, format!("`=` is missing after `{name}`"), "`=` goes before this");
    Some(diag.help(format!("write `{name} = {}`", place.rest_of_line())))
}

/// `a` and nothing more.
fn alone(place: &Place) -> Option<Diag> {
    let name = place.before().filter(|_| place.expects(">=") && (place.at_line_end() || place.word() == ","))?;
    let line = place.line_before();
    let written = place.quote(line.first().unwrap_or(name), name);
    let diag = place.diag(name, format!("`{written}` stands alone"), "neither set nor called");
    Some(diag.help(format!("write `{written} = …`, or `{written}()` for a step")))
}

/// Two things without `,` or a new line between them.
fn crowded(place: &Place) -> Option<Diag> {
    let before = place.before().filter(|_| place.expects_end() && !place.at_line_end())?;
    if place.word() == "=" && place.bracket_text() == "[" {
        let diag = place.diag(place.found(), "a list holds values, without names", "names a value");
        return Some(diag.help(format!("write a record: `{{ {} = … }}`", place.word_before())));
    }
    // A number takes the word after it for its unit: in `a = 1 b = 2` the second thing begins there.
    let unit = place.word() == "=" && before.kind == Kind::Word && place.near(-2).kind == Kind::Number;
    let second = if unit { before } else { place.found() };
    let same_line = |open: &Token| {
        place.tokens()[..place.at()]
            .iter()
            .rev()
            .take_while(|token| token.start >= open.start)
            .all(|token| token.kind != Kind::Line)
    };
    let body = place.bracket().is_none_or(|open| place.text(open) == "{" && !same_line(open));
    let rest = place.quote(second, second);
    let diag = if body {
        let diag = place.diag(second, "two things stand on one line", "the second one");
        diag.help(format!("put `{rest}` and what follows on a line of its own"))
    } else {
        place
            .diag(second, format!("`,` is missing before `{rest}`"), "`,` goes before this")
            .help(format!("write `{}, {rest}`", place.run_before(second)))
    };
    Some(diag)
}
