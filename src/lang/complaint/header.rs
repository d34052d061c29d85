//! Mistakes in the lines that open something: the version, `use`, and the header of a block.

use crate::base::Diag;

use super::super::scan::Kind;
use super::body;
use super::place::{Place, Rule};

/// In the order in which they are tried.
pub(super) const RULES: &[Rule] = &[
    version,
    import,
    body::call_colon,
    quoted_name,
    source,
    result,
    parameter,
    body_after_equals,
    colon_header,
    brace_below,
    outside,
    no_body,
];

/// Something is wrong in a line that begins with `tml`, or that line isn't the first.
fn version(place: &Place) -> Option<Diag> {
    let first = place.line_before().first().filter(|token| token.open.is_none() && place.text(token) == "tml")?;
    let number = place.tokens().get(place.at() - 1).filter(|token| token.kind == Kind::Number);
    let above =
        place.tokens().iter().take_while(|token| token.start < first.start).any(|token| token.kind != Kind::Line);
    let span = place.over(first, place.before()?);
    let diag = if above || number.is_some_and(|number| place.text(number) != "1") {
        Diag::error("tml::version", "`tml 1` stands once, on the first line").at(&span, "this isn't it")
    } else {
        Diag::error("tml::version", "the first line is `tml` and a whole number")
            .at(&place.span(place.found()), "not part of a version")
    };
    Some(diag.help("write `tml 1` as the first line"))
}

/// A `use` line.
fn import(place: &Place) -> Option<Diag> {
    let line = place.line_before();
    let in_names = place.bracket_text() == "{" && place.bracket().is_some_and(|open| uses(place, open.start));
    if !in_names && line.first().is_none_or(|first| place.text(first) != "use" || first.open.is_some()) {
        return None;
    }
    let found = place.found();
    let help = "write `use a.path.{name, name}`, or `use \"file\"`";
    let diag = match found.kind {
        Kind::Capital => return None,
        _ if in_names => place.diag(found, "names are imported one by one, with `,` between them", "not a name"),
        _ if place.expects(".") && !place.at_line_end() => {
            place.diag(found, "`use` brings names as they are, one line at a time", "goes beyond the import")
        }
        _ => place.diag(found, "`use` is followed by a path of names, or by a file as text", "not a name"),
    };
    Some(diag.help(help))
}

/// True when the line around `offset` begins with `use`.
fn uses(place: &Place, offset: usize) -> bool {
    let before = &place.tokens()[..place.tokens().partition_point(|token| token.end <= offset)];
    let start = before.iter().rposition(|token| token.kind == Kind::Line).map_or(0, |at| at + 1);
    before.get(start).is_some_and(|first| place.text(first) == "use")
}

/// The words of a block's header up to the mistake, if this can be one.
fn header(place: &Place) -> Option<String> {
    let line = place.line_before();
    let (first, last) = (line.first()?, line.last()?);
    (place.expects("{") && !place.expects_value() && first.kind == Kind::Word).then(|| place.quote(first, last))
}

/// `dataset "imu" {`
fn quoted_name(place: &Place) -> Option<Diag> {
    let header = header(place).filter(|_| place.found().kind == Kind::Text && place.text(place.near(1)) == "{")?;
    let diag = place.diag(place.found(), "the name of a block goes without quotes", "a name, not a text");
    Some(diag.help(format!("write `{header} {} {{`", place.word().trim_matches('"'))))
}

/// `features motion imu {`, `model net from {`
fn source(place: &Place) -> Option<Diag> {
    if place.word_before() == "from"
        && place.expects("a..z")
        && !place.expects("{")
        && place.found().kind != Kind::Capital
    {
        let diag = place.diag(place.found(), "`from` is followed by the name of a block above", "a name goes here");
        return Some(diag.help("write `from` and that name"));
    }
    let header = header(place).filter(|_| place.expects("from") && place.found().kind == Kind::Word)?;
    let words = place.line_before().iter().all(|token| token.kind == Kind::Word);
    let opens = matches!(place.text(place.near(1)), "{" | ".");
    (words && opens).then(|| {
        let title = format!("`{}` and `{}` stand side by side", place.word_before(), place.word());
        place
            .diag(place.found(), title, "`from` goes before this")
            .help(format!("write `{header} from {}`", place.word()))
    })
}

/// `f() -> {`
fn result(place: &Place) -> Option<Diag> {
    let after = place.word_before() == "->" && !place.expects("{");
    after.then(|| {
        let diag = place.diag(place.found(), "`->` is followed by the type of the result", "a type goes here");
        diag.help("write `-> f32`, or `-> f32[4]`")
    })
}

/// `generate f(x) {`, `generate f(x f32) {`
fn parameter(place: &Place) -> Option<Diag> {
    if !place.expects(":") || place.bracket_text() != "(" || !in_header(place) {
        return None;
    }
    let name = place.word_before();
    if matches!(place.word(), "," | ")" | "=") || place.found().kind == Kind::Line {
        let diag = place.diag(place.before()?, format!("the parameter `{name}` has no type"), "a type goes after this");
        return Some(diag.help(format!("write `{name}: f32`, or `{name}: f32[4]`")));
    }
    let typed = place.found().kind == Kind::Word;
    let diag = place.diag(place.found(), format!("`:` is missing after `{name}`"), "`:` goes before this");
    let last = if place.text(place.near(1)) == "[" { &place.tokens()[place.near(1).partner] } else { place.found() };
    typed.then(|| diag.help(format!("write `{name}: {}`", place.quote(place.found(), last))))
}

/// True when the round brackets around the mistake follow two words, as the parameters of a function do.
fn in_header(place: &Place) -> bool {
    let Some(open) = place.found().open else { return false };
    open >= 2 && place.tokens()[open - 2..open].iter().all(|token| token.kind == Kind::Word)
}

/// `dataset imu = {`
fn body_after_equals(place: &Place) -> Option<Diag> {
    let header = header(place).filter(|_| place.word() == "=" && place.text(place.near(1)) == "{")?;
    let diag = place.diag(place.found(), "a block has no `=` before its body", "not needed");
    Some(diag.help(format!("write `{header} {{`")))
}

/// `dataset imu:`
fn colon_header(place: &Place) -> Option<Diag> {
    let ends = matches!(place.near(1).kind, Kind::Line | Kind::End) || place.text(place.near(1)) == "{";
    let header = header(place).filter(|_| place.word() == ":" && ends)?;
    let diag = place.diag(place.found(), "the body of a block stands in braces", "`{` instead of this");
    Some(diag.help(format!("write `{header} {{`, and `}}` where it ends")))
}

/// `dataset imu` and `{` on the next line.
fn brace_below(place: &Place) -> Option<Diag> {
    let header = header(place).filter(|_| place.found().kind == Kind::Line)?;
    let next = place.tokens()[place.at()..].iter().find(|token| token.kind != Kind::Line)?;
    if place.text(next) != "{" {
        return None;
    }
    let diag = place.diag(next, "`{` stands on the line of its header", "one line up");
    Some(diag.help(format!("write `{header} {{`")))
}

/// `rate = 50 Hz` or `window(1 s)` outside of any block.
fn outside(place: &Place) -> Option<Diag> {
    let open = place.found().open.or_else(|| place.before().map(|token| token.partner)).unwrap_or(place.at());
    let open = &place.tokens()[open];
    let call = place.text(open) == "(" && open.open.is_none();
    let (line, relation) = match place.found().open {
        None => (place.line_before(), place.expects("{") && matches!(place.word(), "=" | ">=" | "<=" | ">" | "<")),
        Some(_) => (&[][..], false),
    };
    let before = &place.tokens()[..place.tokens().partition_point(|token| token.end <= open.start)];
    let named = before.last().filter(|token| token.kind == Kind::Word && token.open.is_none());
    let alone = before.len() < 2 || before[before.len() - 2].kind == Kind::Line;
    let span = if relation {
        place.over(line.first()?, place.found())
    } else if call && alone && !followed_by_body(place, open.partner) {
        place.over(named?, open)
    } else {
        return None;
    };
    let word = span.text().split([' ', '(', '=', '<', '>']).next().unwrap_or_default().to_string();
    let diag =
        Diag::error("tml::syntax", format!("`{word}` stands outside of any block")).at(&span, "belongs into a block");
    Some(diag.help("move the line between the `{` and `}` of its block"))
}

/// True when `{` follows on the line of the closing bracket at index `close`.
fn followed_by_body(place: &Place, close: usize) -> bool {
    let mut after = place.tokens()[close..].iter().take_while(|token| !matches!(token.kind, Kind::Line | Kind::End));
    after.any(|token| place.text(token) == "{")
}

/// `dataset imu` and nothing more.
fn no_body(place: &Place) -> Option<Diag> {
    let header = header(place).filter(|_| place.at_line_end())?;
    let line = place.line_before();
    let (first, last) = (line.first()?, line.last()?);
    let two_words = line.len() == 2 && last.kind == Kind::Word;
    let span = place.over(first, last);
    let diag = match (place.found().open, two_words, line.len()) {
        (Some(_), true, _) => {
            let help =
                format!("write `{} = {}`, or `{header} {{ … }}` for a block", place.text(first), place.text(last));
            Diag::error("tml::syntax", format!("`{header}` has neither `=` nor `{{`")).help(help)
        }
        (Some(_), _, 1) => return None,
        (None, _, 1) => {
            let help = format!("write `{header} name {{ … }}`");
            Diag::error("tml::syntax", format!("`{header}` stands alone")).help(help)
        }
        _ => Diag::error("tml::syntax", format!("`{header}` has no body")).help(format!("write `{header} {{ … }}`")),
    };
    Some(diag.at(&span, "a body goes after this"))
}
