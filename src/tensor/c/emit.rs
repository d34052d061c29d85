//! The files of a program: constants, arenas, one function a step, and the function that calls them in order.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::tensor::dtype::DType;
use crate::tensor::expr::{BufferId, Expr, Kind};
use crate::tensor::math::Math;
use crate::tensor::program::{Buffer, Program, Role, Step, Stmt, parts, visit};

use super::expr::{Printer, stored};
use super::place::{Places, place};
use super::support::Helper;

/// The C of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// `NAME.c`
    pub code: String,
    /// `NAME.h`
    pub header: String,
    /// The functions of `<math.h>` that it calls, by C name.
    pub math: Vec<String>,
    /// Bytes of the static arrays that hold temporaries.
    pub arena: usize,
    /// Bytes of the constants.
    pub constants: usize,
}

/// Prints a program as `NAME.c` and `NAME.h`, with `void NAME_run(const T *in0, …, T *out0, …)`; `name` is a C name.
/// Inputs and outputs must not overlap.
pub fn emit(program: &Program, name: &str) -> Source {
    let places = place(program);
    let used: BTreeSet<BufferId> = program.steps.iter().flat_map(|step| step.reads.clone()).collect();
    let constants: Vec<BufferId> =
        used.into_iter().filter(|buffer| matches!(program.buffers[*buffer].role, Role::Constant(_))).collect();
    let (mut helpers, mut functions) = (BTreeSet::new(), String::new());
    for (number, step) in program.steps.iter().enumerate() {
        function(program, name, number, step, &mut helpers, &mut functions);
    }
    let mut code = format!(
        "// Made by cargo tinyml: no dependencies but <math.h>, no memory but what is below.\n#include \"{name}.h\"\n\n"
    );
    let math = math(program);
    code.push_str("#include <math.h>\n#include <stdbool.h>\n\n");
    code.push_str("#if defined(__clang__)\n#pragma STDC FP_CONTRACT OFF\n#endif\n\n");
    define(&helpers, &mut code);
    let mut bytes = 0;
    for buffer in constants {
        let info = &program.buffers[buffer];
        bytes += info.len() * info.dtype.size();
        constant(info, buffer, &mut code);
    }
    let mut arena = 0;
    for (storage, size) in &places.sizes {
        let _ = write!(code, "static {storage} {}[{size}];\n\n", arena_name(storage));
        arena += size * width(storage);
    }
    code.push_str(&functions);
    run(program, name, &places, &mut code);
    Source { code, header: header(program, name), math, arena, constants: bytes }
}

fn width(storage: &str) -> usize {
    match storage {
        "double" | "int64_t" | "uint64_t" => 8,
        "float" | "int32_t" | "uint32_t" => 4,
        "int16_t" | "uint16_t" => 2,
        _ => 1,
    }
}

fn arena_name(storage: &str) -> String {
    format!("arena_{}", storage.trim_end_matches("_t"))
}

/// Helpers, those that others need first.
fn define(helpers: &BTreeSet<Helper>, code: &mut String) {
    let needed: BTreeSet<Helper> = helpers.iter().flat_map(|helper| helper.needs()).collect();
    needed.iter().for_each(|helper| helper.define(code));
    helpers.difference(&needed).for_each(|helper| helper.define(code));
}

fn constant(info: &Buffer, buffer: BufferId, code: &mut String) {
    let Role::Constant(literal) = &info.role else { return };
    let _ = writeln!(code, "// {}", comment(&info.name));
    let _ = write!(code, "static const {} c{buffer}[{}] = {{", info.dtype.storage(), literal.len().max(1));
    for (position, value) in literal.scalars().enumerate() {
        let space = if position % 12 == 0 { "\n    " } else { " " };
        let _ = write!(code, "{space}{},", stored(literal.dtype, literal.bits(position), value));
    }
    code.push_str(if literal.is_empty() { "0};\n\n" } else { "\n};\n\n" });
}

/// A name of the model as the text of a comment.
fn comment(name: &str) -> String {
    name.chars().take(60).map(|letter| if letter.is_ascii_graphic() && letter != '\\' { letter } else { '_' }).collect()
}

fn function(
    program: &Program,
    name: &str,
    number: usize,
    step: &Step,
    helpers: &mut BTreeSet<Helper>,
    out: &mut String,
) {
    let mut parameters = Vec::new();
    for buffer in &step.reads {
        if !matches!(program.buffers[*buffer].role, Role::Constant(_)) {
            parameters.push(format!("const {} *restrict b{buffer}", program.buffers[*buffer].dtype.storage()));
        }
    }
    for buffer in &step.writes {
        parameters.push(format!("{} *restrict b{buffer}", program.buffers[*buffer].dtype.storage()));
    }
    let _ = writeln!(out, "// {}", comment(&step.name));
    let _ = writeln!(out, "static void {name}_{number}({}) {{", parameters.join(", "));
    let buffer = |buffer: BufferId| match program.buffers[buffer].role {
        Role::Constant(_) => format!("c{buffer}"),
        _ => format!("b{buffer}"),
    };
    body(&mut Printer { name: &buffer, helpers }, &step.body, 1, out);
    out.push_str("}\n\n");
}

fn body(printer: &mut Printer<'_>, stmts: &[Stmt], depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth);
    for stmt in stmts {
        match stmt {
            Stmt::For { var, extent, body: inner } => {
                let extent = printer.bare(extent);
                let _ = writeln!(out, "{indent}for (int32_t v{var} = 0; v{var} < {extent}; ++v{var}) {{");
                body(printer, inner, depth + 1, out);
                let _ = writeln!(out, "{indent}}}");
            }
            Stmt::Let { var, value } => {
                let text = printer.bare(value);
                let _ = writeln!(out, "{indent}{} v{var} = {text};", value.dtype.register());
            }
            Stmt::Set { var, value } => {
                let text = printer.bare(value);
                let _ = writeln!(out, "{indent}v{var} = {text};");
            }
            Stmt::Store { buffer, index, value } => {
                let (index, value) = (printer.bare(index), printer.storing(value));
                let _ = writeln!(out, "{indent}{}[{index}] = {value};", (printer.name)(*buffer));
            }
            Stmt::If { condition, then, otherwise } => {
                let _ = writeln!(out, "{indent}if ({}) {{", printer.bare(condition));
                body(printer, then, depth + 1, out);
                if !otherwise.is_empty() {
                    let _ = writeln!(out, "{indent}}} else {{");
                    body(printer, otherwise, depth + 1, out);
                }
                let _ = writeln!(out, "{indent}}}");
            }
        }
    }
}

/// `const T *in0, …, T *out0, …`
fn parameters(program: &Program) -> String {
    let inputs = program.inputs.iter().enumerate().map(|(number, buffer)| {
        let dtype: DType = program.buffers[*buffer].dtype;
        format!("const {} *in{number}", dtype.storage())
    });
    let outputs = program.outputs.iter().enumerate().map(|(number, buffer)| {
        let dtype = program.buffers[*buffer].dtype;
        format!("{} *out{number}", dtype.storage())
    });
    let all: Vec<String> = inputs.chain(outputs).collect();
    if all.is_empty() { "void".into() } else { all.join(", ") }
}

fn header(program: &Program, name: &str) -> String {
    let mut text = format!("#ifndef {0}_H\n#define {0}_H\n\n#include <stdint.h>\n\n", name.to_uppercase());
    let lists = [("in", &program.inputs), ("out", &program.outputs)];
    for (kind, list) in lists {
        for (number, buffer) in list.iter().enumerate() {
            let info = &program.buffers[*buffer];
            let _ = writeln!(text, "// {kind}{number}: {} {} {:?}", comment(&info.name), info.dtype.word(), info.shape);
        }
    }
    text.push_str("// Inputs and outputs must not overlap. Not reentrant: temporaries are static.\n");
    let _ = write!(text, "void {name}_run({});\n\n#endif\n", parameters(program));
    text
}

fn run(program: &Program, name: &str, places: &Places, code: &mut String) {
    let _ = writeln!(code, "void {name}_run({}) {{", parameters(program));
    for number in 0..program.inputs.len() {
        let _ = writeln!(code, "    (void)in{number};");
    }
    let argument = |buffer: &BufferId| -> Option<String> {
        let info = &program.buffers[*buffer];
        let number = |list: &[BufferId]| list.iter().position(|other| other == buffer).unwrap_or_default();
        Some(match info.role {
            Role::Constant(_) => return None,
            Role::Input => format!("in{}", number(&program.inputs)),
            Role::Output => format!("out{}", number(&program.outputs)),
            Role::Temporary => {
                let offset = places.offsets.get(buffer).copied().unwrap_or_default();
                let arena = arena_name(info.dtype.storage());
                if offset == 0 { arena } else { format!("{arena} + {offset}") }
            }
        })
    };
    for (number, step) in program.steps.iter().enumerate() {
        let arguments: Vec<String> = step.reads.iter().chain(&step.writes).filter_map(argument).collect();
        let _ = writeln!(code, "    {name}_{number}({});", arguments.join(", "));
    }
    code.push_str("}\n");
}

/// The functions of the maths library that a program calls.
fn math(program: &Program) -> Vec<String> {
    fn walk(expr: &Expr, found: &mut BTreeSet<(Math, bool)>) {
        if let Kind::Math(math, ..) = &*expr.kind {
            found.insert((*math, expr.dtype == DType::F64));
        }
        parts(expr).for_each(|part| walk(part, found));
    }
    let mut found = BTreeSet::new();
    for step in &program.steps {
        visit(&step.body, &mut |expr| walk(expr, &mut found), &mut |_| {});
    }
    found.into_iter().map(|(math, double)| format!("{}{}", math.name(), if double { "" } else { "f" })).collect()
}
