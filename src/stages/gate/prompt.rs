//! The prompt of a generated function: every fact that it needs, rendered from `stdlib/prompts/function.md.j2`.

use serde::Serialize;

use super::cases::Case;
use crate::base::{Diag, Shape};
use crate::library::Library;
use crate::library::board::Board;
use crate::library::core::{Core, Fpu};
use crate::spec::model::{DETECTED, Function, Origin};
use crate::stages::signature;

/// Names that `tml.h` declares for transforms and features.
const MATHS: &[&str] = &["tml_abs", "tml_min", "tml_max", "tml_sqrt"];

/// Names that `tml.h` declares for applications.
const HAL: &[&str] = &["tml_led", "tml_print", "tml_print_int", "tml_millis", "tml_gpio"];

/// What the prompt says beside the function itself.
pub struct Facts<'a> {
    /// The function's cases.
    pub cases: &'a [Case],
    /// The first board that it will run on, with its core.
    pub board: Option<(&'a Board, &'a Core)>,
    /// Class names in the order of scores, for an application.
    pub classes: &'a [String],
}

#[derive(Serialize)]
struct Context {
    prototype: String,
    prompt: Vec<String>,
    params: Vec<Named>,
    result: Option<Named>,
    classes: Vec<String>,
    cases: Vec<CaseText>,
    tolerance: String,
    board: BoardText,
    allowed: Vec<&'static str>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    meaning: String,
}

#[derive(Serialize)]
struct CaseText {
    inputs: String,
    outputs: String,
}

#[derive(Serialize)]
struct BoardText {
    title: String,
    core: String,
    fpu: bool,
}

/// The prompt, the same bytes for the same facts.
pub fn render(function: &Function, facts: &Facts<'_>, library: &Library) -> Result<String, Diag> {
    let Origin::Generate { prompt, tolerance, .. } = &function.origin else {
        return Err(Diag::error("tml::generate", format!("`{}` is `extern`: it is written by you", function.name))
            .at(&function.span, "has no prompt"));
    };
    let application = function.result.is_none();
    let context = Context {
        prototype: signature::prototype(function),
        prompt: prompt.lines().map(String::from).collect(),
        params: function
            .params
            .iter()
            .map(|(name, shape)| Named { name: name.clone(), meaning: meaning(name, shape, facts.classes) })
            .collect(),
        result: function.result.as_ref().map(result),
        classes: facts.classes.iter().map(|class| format!("{class:?}")).collect(),
        cases: facts.cases.iter().map(case_text).collect(),
        tolerance: tolerance.to_string(),
        board: board_text(facts.board),
        allowed: if application { [MATHS, HAL].concat() } else { MATHS.to_vec() },
    };
    library.render("prompts/function.md.j2", &context)
}

fn meaning(name: &str, shape: &Shape, classes: &[String]) -> String {
    let detected = classes == DETECTED;
    match (name, shape.dims.as_slice()) {
        ("label", []) if detected => "1 for an anomaly, else 0".into(),
        ("scores", [1]) if detected => {
            "one number: the mean square of what the model gives wrongly of its input".into()
        }
        ("values", _) if classes.is_empty() => format!("{} numbers that the model tells, one a target", shape.len()),
        ("label", []) => "index of the class with the highest score".into(),
        ("scores", _) => format!("{} probabilities, one a class, in the order of the classes", shape.len()),
        (_, []) => format!("one `{}`", shape.element.c_type()),
        (_, [_]) => format!("{} values of type `{}`", shape.len(), shape.element.c_type()),
        (_, dims) => {
            let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
            format!("{} values of type `{}`: {} in C order", shape.len(), shape.element.c_type(), dims.join(" by "))
        }
    }
}

fn result(shape: &Shape) -> Named {
    let name = if shape.dims.is_empty() { "the returned value" } else { "out" };
    Named { name: name.into(), meaning: meaning("", shape, &[]) }
}

fn case_text(case: &Case) -> CaseText {
    CaseText { inputs: numbers(&case.inputs), outputs: numbers(&case.outputs) }
}

fn numbers(values: &[f32]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn board_text(board: Option<(&Board, &Core)>) -> BoardText {
    match board {
        Some((board, core)) => {
            BoardText { title: board.title.clone(), core: core.title.clone(), fpu: core.fpu != Fpu::None }
        }
        None => BoardText { title: "any of the Cortex-M kind".into(), core: "Cortex-M0+ or larger".into(), fpu: false },
    }
}
