//! Choices among the lines of a model: `one_of(…)` and ranges. One way through them gives lines without choices.
//!
//! A range is walked in steps that double (whole numbers) or by 1, 3, 10 (decimals); both ends belong to it.

use crate::base::{Decimal, Diag, Span};
use crate::lang::ast::{Arg, Call, Member, Number, Relation, Value};

/// The word of a choice.
pub(super) const WORD: &str = "one_of";

/// The alternative that leaves a layer out.
const NONE: &str = "none";

/// The block whose values may be choices, beside the layers' arguments.
const OPTIONS: &str = "train";

/// Most values of one range.
const MOST_VALUES: usize = 256;

/// One way through all choices.
pub(super) struct Way {
    /// At each choice that was met: which alternative, of how many.
    pub(super) picks: Vec<(usize, usize)>,
    /// The same in words: `conv1d 16`, `lr 0.001`.
    pub(super) words: Vec<String>,
    /// The lines without choices.
    pub(super) members: Vec<Member>,
}

/// What is wrong with choices as they are written.
pub(super) fn check(members: &[Member]) -> Vec<Diag> {
    let mut diags = Vec::new();
    each_line(members, &mut |line| match line {
        Line::Layer(call) => check_layer(call, &mut diags),
        Line::Value(value) => check_value(value, &mut diags),
    });
    diags
}

/// Where the first choice stands.
pub(super) fn first(members: &[Member]) -> Option<Span> {
    let mut first = None;
    each_line(members, &mut |line| {
        let found = match line {
            Line::Layer(call) => in_call(call),
            Line::Value(value) => in_value(value),
        };
        first = first.take().or(found);
    });
    first
}

/// How many ways there are.
pub(super) fn count(members: &[Member]) -> u64 {
    let mut count = 1_u64;
    each_line(members, &mut |line| {
        let ways = match line {
            Line::Layer(call) => layer_ways(call),
            Line::Value(value) => value_ways(value),
        };
        count = count.saturating_mul(ways);
    });
    count
}

/// The way on which `decide` picks at every choice, given the number of its alternatives.
pub(super) fn walk(members: &[Member], decide: &mut dyn FnMut(usize) -> usize) -> Way {
    let mut walker = Walker { decide, picks: Vec::new(), words: Vec::new() };
    let mut plain = Vec::new();
    for member in members {
        match member {
            Member::Call(call) => walker.layer(call, &mut plain),
            Member::Block(block) if block.kind.text == OPTIONS => {
                let mut block = block.clone();
                for member in &mut block.members {
                    if let Member::Relation(relation) = member {
                        relation.value = walker.value(&relation.subject.text(), &relation.value);
                    }
                }
                plain.push(Member::Block(block));
            }
            other => plain.push(other.clone()),
        }
    }
    Way { picks: walker.picks, words: walker.words, members: plain }
}

/// The way after the one with `picks`, in the order of an odometer.
pub(super) fn next(members: &[Member], picks: &[(usize, usize)]) -> Option<Way> {
    let turns = picks.iter().rposition(|(at, of)| at + 1 < *of)?;
    let mut wanted = picks[..turns].iter().map(|(at, _)| *at).chain([picks[turns].0 + 1]);
    Some(walk(members, &mut |_| wanted.next().unwrap_or(0)))
}

/// A place where choices may stand.
enum Line<'a> {
    Layer(&'a Call),
    Value(&'a Value),
}

fn each_line<'a>(members: &'a [Member], see: &mut dyn FnMut(Line<'a>)) {
    for member in members {
        match member {
            Member::Call(call) => see(Line::Layer(call)),
            Member::Block(block) if block.kind.text == OPTIONS => {
                for member in &block.members {
                    if let Member::Relation(Relation { value, .. }) = member {
                        see(Line::Value(value));
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_choice(call: &Call) -> bool {
    call.path.text() == WORD
}

/// The layers that one alternative stands for; `None`: it is no layer.
fn layers(alternative: &Value) -> Option<Vec<&Call>> {
    let layer = |value: &'_ Value| matches!(value, Value::Call(_));
    match alternative {
        Value::Call(call) => Some(vec![call]),
        Value::Reference(reference) if reference.record.is_none() && reference.path.text() == NONE => Some(Vec::new()),
        Value::List(items, _) if items.iter().all(layer) => {
            Some(items.iter().filter_map(|item| if let Value::Call(call) = item { Some(call) } else { None }).collect())
        }
        _ => None,
    }
}

fn layer_ways(call: &Call) -> u64 {
    if !is_choice(call) {
        return call.args.iter().fold(1, |ways, arg| ways.saturating_mul(value_ways(&arg.value)));
    }
    let ways = |arg: &Arg| {
        let layers = layers(&arg.value).unwrap_or_default();
        layers.into_iter().fold(1_u64, |ways, call| ways.saturating_mul(layer_ways(call)))
    };
    call.args.iter().fold(0, |sum, arg| sum.saturating_add(ways(arg)))
}

fn value_ways(value: &Value) -> u64 {
    match value {
        Value::Range(low, high) => steps(low, high).len() as u64,
        Value::Call(call) if is_choice(call) => {
            call.args.iter().fold(0, |sum, arg| sum.saturating_add(value_ways(&arg.value)))
        }
        Value::Call(call) => call.args.iter().fold(1, |ways, arg| ways.saturating_mul(value_ways(&arg.value))),
        Value::List(items, _) => items.iter().fold(1, |ways, item| ways.saturating_mul(value_ways(item))),
        _ => 1,
    }
}

fn in_call(call: &Call) -> Option<Span> {
    if is_choice(call) {
        return Some(call.span.clone());
    }
    call.args.iter().find_map(|arg| in_value(&arg.value))
}

fn in_value(value: &Value) -> Option<Span> {
    match value {
        Value::Range(..) => Some(value.span()),
        Value::Call(call) => in_call(call),
        Value::List(items, _) => items.iter().find_map(in_value),
        _ => None,
    }
}

struct Walker<'a> {
    decide: &'a mut dyn FnMut(usize) -> usize,
    picks: Vec<(usize, usize)>,
    words: Vec<String>,
}

impl Walker<'_> {
    fn pick(&mut self, of: usize) -> usize {
        let at = (self.decide)(of).min(of.saturating_sub(1));
        self.picks.push((at, of));
        at
    }

    fn layer(&mut self, call: &Call, plain: &mut Vec<Member>) {
        if !is_choice(call) {
            plain.push(Member::Call(self.call(call)));
            return;
        }
        let at = self.pick(call.args.len());
        let Some(arg) = call.args.get(at) else { return };
        let layers = layers(&arg.value).unwrap_or_default();
        self.words.push(called(&layers));
        for call in layers {
            self.layer(call, plain);
        }
    }

    fn call(&mut self, call: &Call) -> Call {
        let word = call.path.text();
        let value = |walker: &mut Self, arg: &Arg| {
            let name = arg.name.as_ref().map_or(word.clone(), |name| format!("{word} {}", name.text));
            Arg { value: walker.value(&name, &arg.value), ..arg.clone() }
        };
        let args = call.args.iter().map(|arg| value(self, arg)).collect();
        Call { args, ..call.clone() }
    }

    fn value(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::Range(low, high) => {
                let steps = steps(low, high);
                let at = self.pick(steps.len());
                let number = Number { value: steps[at], unit: None, span: value.span() };
                self.words.push(format!("{name} {}", number.value));
                Value::Number(number)
            }
            Value::Call(call) if is_choice(call) => {
                let at = self.pick(call.args.len());
                let Some(arg) = call.args.get(at) else { return value.clone() };
                if in_value(&arg.value).is_none() {
                    self.words.push(format!("{name} {}", arg.value.span().text()));
                }
                self.value(name, &arg.value)
            }
            Value::Call(call) => Value::Call(self.call(call)),
            Value::List(items, span) => {
                Value::List(items.iter().map(|item| self.value(name, item)).collect(), span.clone())
            }
            other => other.clone(),
        }
    }
}

/// What to call an alternative: its layers with their sizes, `conv1d 8, dense 4`; the words alone where none has one.
fn called(layers: &[&Call]) -> String {
    let size = |call: &&Call| match call.args.first() {
        Some(Arg { name: None, value: Value::Number(number), .. }) => {
            Some(format!("{} {}", call.path.text(), number.value))
        }
        _ => None,
    };
    let sizes: Vec<String> = layers.iter().filter_map(size).collect();
    let words = layers.iter().map(|call| call.path.text()).filter(|word| word != WORD);
    let said: Vec<String> = if sizes.is_empty() { words.collect() } else { sizes };
    if said.is_empty() { NONE.to_string() } else { said.join(", ") }
}

/// The values of a range; none for one that `check` refuses.
fn steps(low: &Number, high: &Number) -> Vec<Decimal> {
    let mut values = vec![low.value];
    let mut value = low.value;
    let mut third = true;
    while values.len() < MOST_VALUES {
        let grown = match (low.value.integer(), value.integer()) {
            (Some(_), Some(whole)) if high.value.integer().is_some() => {
                Some(Decimal::new(if whole == 0 { 1 } else { whole.saturating_mul(2) }, 0))
            }
            _ => grow(value, third),
        };
        third = !third;
        let Some(grown) = grown.filter(|grown| grown.to_f64() < high.value.to_f64()) else { break };
        value = grown;
        values.push(value);
    }
    if high.value != low.value {
        values.push(high.value);
    }
    values
}

/// Three times a decimal; or ten thirds of it.
fn grow(value: Decimal, third: bool) -> Option<Decimal> {
    // With 30 digits the number is held exactly and has room to grow.
    let parts = value.times(1_000_000_000_000)?;
    let grown = if third { parts.checked_mul(3)? } else { parts.checked_mul(10)? / 3 };
    Some(Decimal::new(grown, -12))
}

fn check_layer(call: &Call, diags: &mut Vec<Diag>) {
    if !is_choice(call) {
        call.args.iter().for_each(|arg| check_value(&arg.value, diags));
        return;
    }
    diags.extend(misshapen(call));
    for arg in &call.args {
        match layers(&arg.value) {
            Some(layers) => layers.into_iter().for_each(|call| check_layer(call, diags)),
            None => diags.push(
                Diag::error("tml::choice", "this alternative is no layer")
                    .at(&arg.span, "a layer, a list of layers, or `none`")
                    .help("write `one_of(none, dropout(0.2))`, with parentheses after each layer's word"),
            ),
        }
    }
}

fn check_value(value: &Value, diags: &mut Vec<Diag>) {
    match value {
        Value::Range(low, high) => diags.extend(impossible(low, high, value)),
        Value::Call(call) => {
            if is_choice(call) {
                diags.extend(misshapen(call));
            }
            call.args.iter().for_each(|arg| check_value(&arg.value, diags));
        }
        Value::List(items, _) => items.iter().for_each(|item| check_value(item, diags)),
        _ => {}
    }
}

/// `one_of()`, `one_of(a = 8)`
fn misshapen(call: &Call) -> Option<Diag> {
    if call.args.is_empty() {
        let diag = Diag::error("tml::choice", "this choice has no alternatives");
        return Some(diag.at(&call.span, "one of what?").help("write `one_of(8, 16, 32)`"));
    }
    let named = call.args.iter().find_map(|arg| arg.name.as_ref())?;
    let diag = Diag::error("tml::choice", "alternatives have no names");
    Some(diag.at(&named.span, "leave this out").help("write `one_of(8, 16, 32)`"))
}

fn impossible(low: &Number, high: &Number, value: &Value) -> Option<Diag> {
    let written = value.span().text().to_string();
    let diag = |label: &str, help: &str| {
        Some(Diag::error("tml::choice", format!("`{written}` is no range")).at(&value.span(), label).help(help))
    };
    if low.unit.is_some() || high.unit.is_some() {
        return diag("ranges are of plain numbers", "write each value: `one_of(…, …)`");
    }
    let (from, to) = (low.value.to_f64(), high.value.to_f64());
    let whole = low.value.integer().is_some() && high.value.integer().is_some();
    if from > to {
        return diag("the smaller number goes first", &format!("write `{}..{}`", high.value, low.value));
    }
    if from < 0.0 || (!whole && (from <= 0.0 || low.value.times(1_000_000_000).is_none())) {
        return diag("it can't be walked by growing steps", "write each value: `one_of(…, …)`");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Source;
    use crate::lang;
    use crate::lang::ast::Item;

    fn members(lines: &str) -> Vec<Member> {
        let ast = lang::parse(&Source::new("m.tml", format!("tml 1\n\nmodel m from d {{\n{lines}\n}}\n"))).unwrap();
        match ast.items.into_iter().next() {
            Some(Item::Block(block)) => block.members,
            _ => panic!("a block is parsed"),
        }
    }

    fn ways(lines: &str) -> Vec<String> {
        let members = members(lines);
        let mut all = Vec::new();
        let mut way = Some(walk(&members, &mut |_| 0));
        while let Some(found) = way {
            way = next(&members, &found.picks);
            all.push(found.words.join(", "));
        }
        assert_eq!(all.len() as u64, count(&members), "{lines}");
        all
    }

    #[test]
    fn every_way_is_met_once() {
        assert_eq!(ways("dense(8)"), [""]);
        assert_eq!(ways("dense(8..32, activation = one_of(relu, tanh))").len(), 6);
        assert_eq!(ways("one_of(none, dropout(0.2))"), ["none", "dropout 0.2"]);
        let nested = ways("one_of([dense(4..8), relu()], dense(one_of(16, 32..64)))\ntrain { epochs = one_of(1, 2) }");
        assert_eq!(nested.len(), (2 + 3) * 2);
        assert_eq!(nested[0], "dense, relu, dense 4, epochs 1");
        assert_eq!(nested[9], "dense, dense 64, epochs 2");
    }

    #[test]
    fn ranges_hold_both_ends() {
        let values = |range: &str| ways(&format!("a({range})")).join(" ").replace("a ", "");
        assert_eq!(values("8..32"), "8 16 32");
        assert_eq!(values("10..30"), "10 20 30");
        assert_eq!(values("0..3"), "0 1 2 3");
        assert_eq!(values("5..5"), "5");
        assert_eq!(values("1e-4..1e-2"), "1e-4 3e-4 1e-3 3e-3 0.01");
        assert_eq!(values("0.1..0.5"), "0.1 0.3 0.5");
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        for lines in
            ["a(one_of())", "a(one_of(x = 3))", "a(9..3)", "a(-4..3)", "a(1 s..2 s)", "a(0.0..0.5)", "one_of(3)"]
        {
            assert_eq!(check(&members(lines)).len(), 1, "{lines}");
        }
        assert!(check(&members("a([1, one_of(2, 3)])\none_of(b(), none, [])")).is_empty());
    }
}
