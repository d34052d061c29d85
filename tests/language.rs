//! The language as a whole: every form parses, printing keeps what a file says, and no bytes make the parser fail badly.
//!
//! Random cases come from `base::rng`; a failure prints its seed.
#![expect(clippy::disallowed_methods, reason = "a test that nothing takes forever needs a clock")]

use std::time::{Duration, Instant};

use tinyml::base::rng::Rng;
use tinyml::base::{Decimal, Source, Span};
use tinyml::cli::paint::{self, Paint};
use tinyml::lang::ast::{
    Arg, Ast, Block, Call, Ident, Import, Item, Member, Number, Path, Reference, RelOp, Relation, Signature, Text,
    Type, Value,
};
use tinyml::lang::{parse, print};

const GESTURE: &str = include_str!("language/gesture.tml");
const IMPORTED: &str = include_str!("language/imported.tml");
const COMMENTED: &str = include_str!("language/commented.tml");
const LOOSE: &str = include_str!("language/loose.tml");
const SPECS: [&str; 4] = [GESTURE, IMPORTED, COMMENTED, LOOSE];

/// What a slip of the keyboard may bring.
const EDITS: &[u8] = b"{}()[]\"=:,.\\/ \n-%#$'`@;A_0e\xc3\xa9\r\t";

fn read(text: &str) -> Ast {
    let source = Source::new("case.tml", text);
    parse(&source).unwrap_or_else(|diags| panic!("{}\n{text}", paint::diags(&diags, Paint::PLAIN)))
}

/// Asserts that printing `ast` keeps what it says, and is stable; returns the text.
fn round_trip(ast: &Ast, context: &str) -> String {
    let once = print(ast);
    let source = Source::new("printed.tml", once.as_str());
    let again =
        parse(&source).unwrap_or_else(|diags| panic!("{context}\n{}\n{once}", paint::diags(&diags, Paint::PLAIN)));
    assert_eq!(ast.version, again.version, "{context}\n{once}");
    for (before, after) in ast.items.iter().zip(&again.items) {
        assert_eq!(before, after, "{context}\n{once}");
    }
    assert_eq!(ast.items.len(), again.items.len(), "{context}\n{once}");
    let comments = |ast: &Ast| ast.comments.iter().map(|comment| comment.text.clone()).collect::<Vec<_>>();
    assert_eq!(comments(ast), comments(&again), "{context}\n{once}");
    assert_eq!(once, print(&again), "{context}: not stable");
    once
}

#[test]
fn canonical_files_print_as_they_are() {
    for spec in [GESTURE, IMPORTED, COMMENTED] {
        let printed = round_trip(&read(spec), "canonical");
        assert!(printed == spec, "{printed}");
    }
}

#[test]
fn loose_layout_prints_in_canonical_form() {
    let printed = round_trip(&read(LOOSE), "loose");
    assert!(printed == include_str!("language/loose.formatted.tml"), "{printed}");
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    for spec in SPECS {
        let other = format!("\u{FEFF}{}", spec.replace('\n', "\r\n"));
        assert_eq!(read(spec), read(&other));
        assert_eq!(print(&read(spec)), print(&read(&other)));
        let old = spec.replace('\n', "\r");
        assert_eq!(read(spec), read(&old));
        round_trip(&read(&old), "carriage returns");
    }
}

#[test]
fn texts_have_their_values() {
    let value = |written: &str| {
        let ast = read(&format!("tml 1\nd x {{\n  a = {written}\n}}\n"));
        let Item::Block(block) = &ast.items[0] else { panic!("no block") };
        let Member::Relation(relation) = &block.members[0] else { panic!("no relation") };
        let Value::Text(text) = &relation.value else { panic!("no text") };
        text.value.clone()
    };
    assert_eq!(value(r#""a\tb\n\"c\" \\ \u{e9}\u{1F600}""#), "a\tb\n\"c\" \\ é😀");
    assert_eq!(value("\"\""), "");
    assert_eq!(value("\"// no comment {\""), "// no comment {");
    assert_eq!(value("\"\"\"\n    one\n      two\n\n    three\n  \"\"\""), "one\n  two\n\nthree\n");
    assert_eq!(value("\"\"\"one\"\"\""), "one");
    assert_eq!(value("\"\"\"\r\n  raw \\n \"\" \r\n  \"\"\""), "raw \\n \"\" \n");
    assert_eq!(value("\"\"\"\"\"\""), "");
}

#[test]
fn documentation_goes_to_the_block_below() {
    let ast = read("tml 1\n/// One.\n\n// between\n///two\nd x {\n  ///  indented\n  t {}\n}\n");
    let Item::Block(block) = &ast.items[0] else { panic!("no block") };
    assert_eq!(block.docs, ["One.", "two"]);
    let Member::Block(inner) = &block.members[0] else { panic!("no inner block") };
    assert_eq!(inner.docs, [" indented"]);
    round_trip(&ast, "documentation");
}

#[test]
fn nesting_is_bounded_and_fast() {
    let start = Instant::now();
    for (open, close) in [("f(", ")"), ("[", "]"), ("{ a = ", " }"), ("f(b = ", ")"), ("f { a = ", " }")] {
        let deep = format!("tml 1\nd x {{\n  a = {}1{}\n}}\n", open.repeat(63), close.repeat(63));
        round_trip(&read(&deep), open);
        let deeper = format!("tml 1\nd x {{\n  a = {}1{}\n}}\n", open.repeat(64), close.repeat(64));
        assert!(parse(&Source::new("deep.tml", deeper)).is_err(), "{open}");
    }
    let step = format!("tml 1\nd x {{\n  {}1{}\n}}\n", "f(".repeat(63), ")".repeat(63));
    round_trip(&read(&step), "step");
    let blocks = format!("tml 1\n{}{}\n", "b {\n".repeat(64), "}\n".repeat(64));
    round_trip(&read(&blocks), "blocks");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn hostile_files_get_a_diagnostic() {
    let size = 250_000;
    let fill = |unit: &str| unit.repeat(size / unit.len());
    for unit in [
        "(", "f(", "[[", "{", "}", "\"", "\"\"\"", "/", "/// a\n", "//\n", "\n", "\r", "a", "a ", "a\n", "a=", "a.",
        "1", "1..", "$", "é", "a {", "a {}\n", "a(b\n", "x = [", ",", ", ", "\u{a0}", "use ", "tml 1\n", "a = 1 ", "-",
        "\t", "(a)", "(a) ", "[],", "f()", "\\", "'", "#\n", "{\n}", "a:", "é\n", "a(\n)",
    ] {
        for text in [
            fill(unit),
            format!("tml 1\n{}", fill(unit)),
            format!("tml 1\nd x {{\n  a = [{}]\n}}\n", fill(unit)),
            format!("tml 1\nd x {{\n{}\n}}\n", fill(unit)),
        ] {
            let start = Instant::now();
            match parse(&Source::new("hostile.tml", text)) {
                Ok(ast) => drop(print(&ast)),
                Err(diags) => {
                    assert!(diags.0.len() <= 20, "{unit:?}");
                    let painted = paint::diags(&diags, Paint::PLAIN);
                    assert!(painted.len() < 100_000, "{unit:?}: {} bytes", painted.len());
                }
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{unit:?}: {:?}", start.elapsed());
        }
    }
    for unit in ["(", "\n", "a = 1\n", "\"", "f(a, "] {
        let start = Instant::now();
        let large = Source::new("large.tml", format!("tml 1\n{}", unit.repeat((1 << 20) / unit.len())));
        assert!(parse(&large).is_err(), "{unit:?}");
        assert!(start.elapsed() < Duration::from_secs(2), "{unit:?}: {:?}", start.elapsed());
    }
}

#[test]
fn random_trees_survive_printing() {
    for seed in 0..5_000 {
        let mut random = Random::new(seed);
        let ast = random.file();
        round_trip(&ast, &format!("seed {seed}"));
    }
}

#[test]
fn no_comment_is_lost() {
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let text = if seed % 3 == 0 { SPECS[random.rng.below(4)].to_string() } else { print(&random.file()) };
        let commented = random.with_comments(&text);
        let ast = read(&commented);
        let printed = round_trip(&ast, &format!("seed {seed}\n{commented}"));
        assert_eq!(ast, read(&printed), "seed {seed}");
    }
}

#[test]
fn comments_in_odd_places_stay() {
    let ast = read(
        "tml 1\ngenerate f(x: f32[\n 3, // three\n]) { recall(\n // class\n fall) >= 3 }\nuse a.{ // names\n b}\n\
         d e { g(h(1 // one\n)), i = [ // empty\n], j = {\n// none\n}, k = l { // record\n} } // end\n// last",
    );
    assert_eq!(ast.comments.len(), 9);
    round_trip(&ast, "odd places");
}

#[test]
fn edited_specs_never_panic() {
    for seed in 0..20_000 {
        let mut rng = Rng::new(seed, "edits");
        let mut bytes = SPECS[rng.below(SPECS.len())].as_bytes().to_vec();
        for _ in 0..=rng.below(4) {
            let at = rng.below(bytes.len().max(1));
            match rng.below(4) {
                _ if bytes.is_empty() => {}
                0 => drop(bytes.remove(at)),
                1 => bytes[at] = SPECS[0].as_bytes()[rng.below(SPECS[0].len())],
                2 => bytes.insert(at, EDITS[rng.below(EDITS.len())]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match std::panic::catch_unwind(|| parse(&Source::new("edited.tml", text.as_str()))) {
            Err(panic) => panic!("seed {seed}: {panic:?}\n{text}"),
            Ok(Ok(ast)) => drop(round_trip(&ast, &format!("seed {seed}\n{text}"))),
            Ok(Err(diags)) => {
                assert!(!diags.0.is_empty(), "seed {seed}\n{text}");
                let painted = paint::diags(&diags, Paint::PLAIN);
                assert!(!painted.contains("something else") && painted.contains("help:"), "seed {seed}\n{painted}");
            }
        }
    }
}

/// Random trees.
struct Random {
    rng: Rng,
    one_line: Span,
    many_lines: Span,
}

impl Random {
    fn new(seed: u64) -> Self {
        let (empty, newline) = (Source::new("random", ""), Source::new("random", "\n"));
        Self { rng: Rng::new(seed, "trees"), one_line: empty.span(0..0), many_lines: newline.span(0..1) }
    }

    fn span(&self) -> Span {
        self.one_line.clone()
    }

    fn file(&mut self) -> Ast {
        let items = (0..self.rng.below(5)).map(|_| self.item()).collect();
        Ast { source: self.one_line.source.clone(), version: Some((1, self.span())), items, comments: Vec::new() }
    }

    fn item(&mut self) -> Item {
        match self.rng.below(4) {
            0 => Item::Import(self.import()),
            _ => Item::Block(self.block(0)),
        }
    }

    fn import(&mut self) -> Import {
        let span = self.span();
        match self.rng.below(3) {
            0 => Import::File { path: Text { value: self.characters(), block: false, span: self.span() }, span },
            1 => Import::Names { path: self.path(), names: None, span },
            _ => {
                let count = 1 + self.rng.below(12);
                Import::Names { path: self.path(), names: Some((0..count).map(|_| self.ident()).collect()), span }
            }
        }
    }

    fn ident(&mut self) -> Ident {
        let first = b"abcdefghijklmnopqrstuvwxyz"[self.rng.below(26)] as char;
        let rest = (0..self.rng.below(9)).map(|_| b"abcxyz_019QZ"[self.rng.below(12)] as char);
        let text: String = std::iter::once(first).chain(rest).collect();
        // The three words of the grammar.
        let reserved = ["use", "from", "tml"].contains(&text.as_str());
        Ident { text: if reserved { "other".into() } else { text }, span: self.span() }
    }

    fn path(&mut self) -> Path {
        let parts = (0..=self.rng.below(3)).map(|_| self.ident()).collect();
        Path { parts, span: self.span() }
    }

    fn maybe<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.rng.below(2) == 0).then(|| one(self))
    }

    fn block(&mut self, depth: usize) -> Block {
        let docs = if self.rng.below(3) == 0 {
            vec!["Says ] what { it \" is.".into(), String::new(), "  more".into()]
        } else {
            Vec::new()
        };
        let members = (0..self.rng.below(6)).map(|_| self.member(depth + 1)).collect();
        let span = if self.rng.below(2) == 0 { self.one_line.clone() } else { self.many_lines.clone() };
        Block {
            docs,
            docs_span: self.one_line.clone(),
            kind: self.ident(),
            name: self.maybe(Self::ident),
            signature: self.maybe(Self::signature),
            from: self.maybe(Self::path),
            members,
            header: span.source.span(0..0),
            span,
        }
    }

    fn signature(&mut self) -> Signature {
        let params = (0..self.rng.below(6)).map(|_| (self.ident(), self.ty())).collect();
        Signature { params, result: self.maybe(Self::ty), span: self.span() }
    }

    fn ty(&mut self) -> Type {
        let dims = (0..self.rng.below(3)).map(|_| self.value(5)).collect();
        Type { element: self.ident(), dims, span: self.span() }
    }

    fn member(&mut self, depth: usize) -> Member {
        match self.rng.below(if depth < 4 { 5 } else { 4 }) {
            0 | 1 => Member::Relation(self.relation(depth)),
            2 | 3 => Member::Call(self.call(depth)),
            _ => Member::Block(self.block(depth)),
        }
    }

    fn relation(&mut self, depth: usize) -> Relation {
        let ops = [RelOp::Set, RelOp::AtLeast, RelOp::AtMost, RelOp::Above, RelOp::Below];
        let op = ops[self.rng.below(5)];
        let args = if self.rng.below(4) == 0 { Some(self.args(depth + 2)) } else { None };
        Relation { subject: self.path(), args, op, value: self.value(depth + 1), span: self.span() }
    }

    fn args(&mut self, depth: usize) -> Vec<Arg> {
        let arg = |random: &mut Self| Arg {
            name: random.maybe(Self::ident),
            value: random.value(depth + 1),
            span: random.span(),
        };
        (0..self.rng.below(4)).map(|_| arg(self)).collect()
    }

    fn call(&mut self, depth: usize) -> Call {
        Call { path: self.path(), args: self.args(depth), span: self.span() }
    }

    fn number(&mut self) -> Number {
        let exponent = self.rng.below(24) as i32 - 12;
        let mantissa = match self.rng.below(3) {
            0 => self.rng.below(2_000) as i128,
            1 => self.rng.next_u64() as i128,
            _ => -(self.rng.below(100) as i128),
        };
        let units = ["%", "ms", "Hz", "KiB", "mJ", "e", "mJ/s", "x9"];
        let unit = self.maybe(|random| Ident { text: units[random.rng.below(8)].into(), span: random.span() });
        Number { value: Decimal::new(mantissa, exponent), unit, span: self.span() }
    }

    fn characters(&mut self) -> String {
        let some =
            ['a', 'B', ' ', '\n', '\t', '"', '\\', '/', '{', 'é', '漢', '\u{1F600}', '\r', '\0', '\u{202E}', '.', '1'];
        (0..self.rng.below(14)).map(|_| some[self.rng.below(some.len())]).collect()
    }

    fn text(&mut self) -> Text {
        if self.rng.below(3) > 0 {
            return Text { value: self.characters(), block: false, span: self.span() };
        }
        // A value of a block text is one that a block text can have: as parsed from a random one.
        let raw = self.characters().replace("\"\"\"", "\"").trim_end_matches('"').to_string();
        let ast = read(&format!("tml 1\nd x {{\n  a = \"\"\"{raw}\"\"\"\n}}\n"));
        let Some(Item::Block(block)) = ast.items.into_iter().next() else { panic!("no block") };
        match block.members.into_iter().next() {
            Some(Member::Relation(Relation { value: Value::Text(text), .. })) => Text { span: self.span(), ..text },
            other => panic!("no text: {other:?}"),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        let span = self.span();
        match self.rng.below(if depth < 6 { 8 } else { 4 }) {
            0 => Value::Number(self.number()),
            1 => Value::Text(self.text()),
            2 => Value::Range(self.number(), self.number()),
            3 => Value::Reference(Reference { path: self.path(), record: None, span }),
            4 => Value::List((0..self.rng.below(7)).map(|_| self.value(depth + 1)).collect(), span),
            5 => Value::Record((0..self.rng.below(4)).map(|_| self.relation(depth + 1)).collect(), span),
            6 => Value::Call(self.call(depth + 1)),
            _ => {
                let record = Some((0..self.rng.below(3)).map(|_| self.relation(depth + 1)).collect());
                Value::Reference(Reference { path: self.path(), record, span })
            }
        }
    }

    /// `text` with comments at the ends of some lines and on lines of their own, and with blank lines.
    fn with_comments(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut in_block_text = false;
        for (number, line) in text.lines().enumerate() {
            let (number, doc) = (number.to_string(), line.trim_start().starts_with("///"));
            if !in_block_text && self.rng.below(6) == 0 {
                let (indent, slashes) = (" ".repeat(self.rng.below(5)), "/".repeat(self.rng.below(2) * 2));
                out.extend([&indent, "//", &slashes, " own ", &number, "\n"]);
            }
            if !in_block_text && self.rng.below(8) == 0 {
                out.push('\n');
            }
            out.push_str(line);
            if line.matches("\"\"\"").count() % 2 == 1 && !doc {
                in_block_text = !in_block_text;
            }
            if !in_block_text && !doc && self.rng.below(4) == 0 {
                out.extend([" // after ", &number, " \"("]);
            }
            out.push('\n');
        }
        out
    }
}
