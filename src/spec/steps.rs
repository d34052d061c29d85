//! One step of a chain: a feature of the library, a function of the user's, or several chains side by side.

use crate::base::{Diag, Element, Shape, Span};
use crate::lang::ast::{Arg, Call, Value};
use crate::library::feature::Signal;

use super::fields;
use super::model::{Callee, Step};
use super::scope::{Context, Symbol, quoted};
use super::shapes::{self, Flow};
use super::term;
use super::vocabulary::FeatureWord;
use super::window;

/// What flows into the next step.
#[derive(Clone)]
pub(super) struct Stream {
    pub(super) flow: Flow,
    /// Samples a second along its first dimension, if known.
    pub(super) rate: Option<f64>,
    /// Names of its channels, the last dimension, while they are known.
    pub(super) names: Vec<String>,
}

impl Stream {
    /// What flows behind `step`.
    fn behind(&self, call: &Call, step: Option<&Made>) -> Self {
        let shape = step.map(|made| made.step.output.clone());
        let channels = |shape: &Shape| shape.dims.last().copied();
        let kept = shape.as_ref().is_some_and(|shape| {
            channels(shape) == Some(self.names.len())
                && self.flow.shape.as_ref().is_some_and(|own| own.dims.len() == shape.dims.len())
        });
        let names = match step {
            Some(Made { names: Some(names), .. }) => names.clone(),
            _ if kept => self.names.clone(),
            _ => Vec::new(),
        };
        Self { flow: Flow { shape, span: call.span.clone() }, rate: step.and_then(|made| made.rate), names }
    }

    fn signal(&self) -> Option<Signal> {
        Some(Signal { shape: self.flow.shape.clone()?, rate: self.rate })
    }
}

/// A step, and what is known of its output.
struct Made {
    step: Step,
    rate: Option<f64>,
    /// Names of its channels, when it chose them.
    names: Option<Vec<String>>,
}

/// Resolves a step, and says what flows behind it. Errors are in the context.
pub(super) fn step(call: &Call, stream: &Stream, cx: &mut Context) -> (Option<Step>, Stream) {
    let made = make(call, stream, cx);
    let next = stream.behind(call, made.as_ref());
    (made.map(|made| made.step), next)
}

fn make(call: &Call, stream: &Stream, cx: &mut Context) -> Option<Made> {
    if call.path.text() == window::WORD {
        let diag = Diag::error("tml::window", "`window` stands only as the first line of a chain");
        cx.report(diag.at(&call.span, "too late").help("move it to the top, above all steps"));
        return None;
    }
    let [name] = call.path.parts.as_slice() else {
        let diag = Diag::error("tml::name", format!("there is no step called `{}`", call.path.text()));
        cx.report(
            diag.at(&call.path.span, "a step is one word")
                .help("import it: `use std.features.{…}`, then write its name"),
        );
        return None;
    };
    match cx.names.get(&name.text) {
        Some((Symbol::Function(index), _)) => return user_step(call, (*index)?, stream, cx),
        Some((other, _)) => {
            let diag = Diag::error("tml::name", format!("`{}` is a {}, not a step", name.text, other.kind()));
            cx.report(diag.at(&name.span, "a feature or function is needed"));
            return None;
        }
        None => {}
    }
    if cx.features.contains(&name.text) {
        return library_step(call, stream, cx);
    }
    let diag = unknown_step(call, cx);
    cx.report(diag);
    None
}

fn unknown_step(call: &Call, cx: &Context) -> Option<Diag> {
    let name = &call.path.parts[0];
    let library = cx.vocabulary.features();
    if library.contains(&name.text) {
        let diag = Diag::error("tml::import", format!("`{}` is not imported", name.text))
            .at(&name.span, "a feature of the library")
            .help(format!("add `use std.features.{{{}}}` above", name.text));
        return (!cx.failed.contains(&name.text)).then_some(diag);
    }
    let functions =
        cx.names.iter().filter(|(_, (symbol, _))| matches!(symbol, Symbol::Function(_))).map(|(name, _)| name.as_str());
    let known: Vec<&str> = functions.chain(library.iter().map(String::as_str)).collect();
    cx.unknown(name, "feature or function", known.into_iter())
}

fn library_step(call: &Call, stream: &Stream, cx: &mut Context) -> Option<Made> {
    let name = call.path.text();
    let vocabulary = cx.vocabulary;
    let feature = match vocabulary.feature(&name)? {
        Ok(feature) => feature,
        Err(diag) => {
            cx.report(diag);
            return None;
        }
    };
    if feature.steps {
        return join(call, stream, cx);
    }
    let fields = fields::call(&feature.params, call, cx);
    let mut args = fields.canonical(&feature.params)?;
    let input = stream.signal()?;
    let names = channels(call, &feature, &mut args, stream, cx)?;
    match (feature.infer)(&args, &input) {
        Ok(output) => {
            let step = Step {
                call: Callee::Std(name),
                args,
                input: input.shape,
                rate: input.rate,
                output: output.shape,
                branches: Vec::new(),
                span: call.span.clone(),
            };
            Some(Made { step, rate: output.rate, names })
        }
        Err(misfit) => {
            let title = format!("`{name}` doesn't fit {}: {}", input.shape, misfit.reason);
            let diag = shapes::misfit(title, &input.shape, &stream.flow, &call.span, "can't take it");
            cx.report(diag.help(misfit.help.unwrap_or(feature.doc)));
            None
        }
    }
}

/// Turns names of channels in `args` into their numbers, and gives the names that are left. Outer `None`: reported.
#[expect(clippy::option_option, reason = "reported, or no names chosen, or these")]
fn channels(
    call: &Call,
    feature: &FeatureWord,
    args: &mut [(String, String)],
    stream: &Stream,
    cx: &mut Context,
) -> Option<Option<Vec<String>>> {
    let mut chosen = None;
    for (_, text) in args.iter_mut().filter(|(name, _)| feature.channels.contains(name)) {
        let mut numbers = Vec::new();
        let mut names = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let known = stream.names.iter().position(|name| name == item);
            let Some(number) = known.or_else(|| item.parse().ok()) else {
                let diag = Diag::error("tml::name", format!("there is no channel `{item}` here"));
                let help = if stream.names.is_empty() {
                    "channels have no names any more: number them from 0".to_string()
                } else {
                    format!("its channels are {}", quoted(&stream.names))
                };
                cx.report(diag.at(&call.span, "not among its channels").help(help));
                return None;
            };
            names.push(stream.names.get(number).cloned().unwrap_or_else(|| item.to_string()));
            numbers.push(number.to_string());
        }
        *text = numbers.join(", ");
        chosen = Some(names);
    }
    Some(chosen)
}

/// `join(statistics(), [detrend(), spectrum(bins = 16)])`: chains side by side, each from the same input.
fn join(call: &Call, stream: &Stream, cx: &mut Context) -> Option<Made> {
    let input = stream.signal()?;
    let mut branches = Vec::new();
    let mut ends = Vec::new();
    for arg in &call.args {
        let (steps, end) = branch(call, arg, stream, cx)?;
        branches.push(steps);
        ends.push(end);
    }
    if branches.len() < 2 {
        let diag = Diag::error("tml::field", "`join` puts several steps side by side, but has fewer than two");
        cx.report(diag.at(&call.span, "needs two or more").help("write `join(statistics(), spectrum(bins = 16))`"));
        return None;
    }
    let shapes: Vec<&Shape> = ends.iter().filter_map(|end| end.flow.shape.as_ref()).collect();
    let output = Shape::f32(&beside(&shapes));
    let rate = ends[0].rate.filter(|_| output.dims.len() > 1);
    let step = Step {
        call: Callee::Std(call.path.text()),
        args: Vec::new(),
        input: input.shape,
        rate: input.rate,
        output,
        branches,
        span: call.span.clone(),
    };
    Some(Made { step, rate, names: None })
}

/// Shapes that agree in all but their last dimension are put together along that one; others become one list.
fn beside(shapes: &[&Shape]) -> Vec<usize> {
    let outer = |shape: &Shape| shape.dims[..shape.dims.len().saturating_sub(1)].to_vec();
    let last = |shape: &&Shape| shape.dims.last().copied().unwrap_or(1);
    let first = outer(shapes[0]);
    if shapes.iter().any(|shape| outer(shape) != first) {
        return vec![shapes.iter().map(|shape| shape.len()).sum()];
    }
    [first, vec![shapes.iter().map(last).sum()]].concat()
}

/// One argument of `join`: a step, or a list of steps that follow each other.
fn branch(call: &Call, arg: &Arg, stream: &Stream, cx: &mut Context) -> Option<(Vec<Step>, Stream)> {
    let values: Vec<&Value> =
        if let Value::List(items, _) = &arg.value { items.iter().collect() } else { vec![&arg.value] };
    let mut steps = Vec::new();
    let mut at = stream.clone();
    for value in values {
        let Value::Call(inner) = value else {
            let diag = Diag::error("tml::kind", format!("`join` takes steps, but {} is given", term::found(value)));
            let help = "write `join(statistics(), spectrum(bins = 16))`; steps that follow each other stand in a list";
            cx.report(diag.at(&value.span(), "a step is a call").help(help));
            return None;
        };
        let (step, next) = self::step(inner, &at, cx);
        steps.push(step?);
        at = next;
    }
    let fitted = steps.iter().flat_map(Step::all).find_map(|step| match &step.call {
        Callee::Std(name) => {
            cx.vocabulary.feature(name)?.ok().filter(|word| word.fitted).map(|_| (name.clone(), step.span.clone()))
        }
        Callee::User(_) => None,
    });
    if let Some((name, span)) = fitted {
        let title = format!("`{name}` is fitted on what reaches it, which can't be done within `join`");
        let diag = Diag::error("tml::feature", title).at(&span, "within `join`");
        cx.report(diag.help(format!("put it behind: `join(…)`, then `{name}()`")));
        return None;
    }
    let end = at.flow.shape.as_ref()?;
    if steps.is_empty() || end.element != Element::F32 {
        let diag = Diag::error("tml::shape", format!("a part of `join` gives {end}, but f32 is needed"));
        cx.report(diag.at(&arg.span, "this part").at(&call.span, "joined here").help("let its last step give f32"));
        return None;
    }
    Some((steps, at))
}

fn user_step(call: &Call, index: usize, stream: &Stream, cx: &mut Context) -> Option<Made> {
    let flow = &stream.flow;
    cx.used_functions.push(index);
    let function = cx.spec.functions[index].clone();
    let name = &function.name;
    if let Some(arg) = call.args.first() {
        let diag = Diag::error("tml::field", format!("`{name}` is a step: it takes what flows in, no arguments"));
        cx.report(diag.at(&arg.span, "one too many").help(format!("write `{name}()`")));
        return None;
    }
    let refuse = |cx: &mut Context, title: String, label: &str, help: String, span: &Span| {
        cx.report(Diag::error("tml::shape", title).at(&call.span, label).at(span, "declared here").help(help));
        None
    };
    let (Some(result), [(param, takes)]) = (&function.result, function.params.as_slice()) else {
        let title = format!("`{name}` can't be a step: a step takes one tensor and gives one");
        let help = format!("declare `{name}(x: f32[3]) -> f32[3]`");
        return refuse(cx, title, "needs one parameter and a result", help, &function.span);
    };
    if result.element == Element::Bool {
        let diag =
            Diag::error("tml::unsupported", format!("`{name}` gives bool, and filters of rows aren't built yet"));
        cx.report(diag.at(&call.span, "a filter").help("give f32, or clean the rows before they are read"));
        return None;
    }
    let input = flow.shape.clone()?;
    if !shapes::fits(takes, &input) {
        let title = format!("`{name}` takes {takes}, but it is given {input}");
        let diag = shapes::misfit(title, &input, flow, &call.span, &format!("takes {takes}"));
        cx.report(diag.help(format!("declare `{param}: {input}` in `{name}`")));
        return None;
    }
    let output = shapes::tensor(result);
    let rate = stream.rate.filter(|_| output.dims.first() == input.dims.first());
    let step = Step {
        call: Callee::User(index),
        args: Vec::new(),
        input,
        rate: stream.rate,
        output,
        branches: Vec::new(),
        span: call.span.clone(),
    };
    Some(Made { step, rate, names: None })
}
