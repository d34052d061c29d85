//! The gate: a user's function must compile, need nothing but `tml.h`, pass its cases and behave on the simulated board.
//! The same for pinned, adopted and extern code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cases::{self, Case};
use super::symbols::{self, Rules};
use super::text;
use crate::base::{Diag, Diags, Element, Severity};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::library::board::Board;
use crate::library::core::Core;
use crate::spec::model::{Function, Origin};
use crate::stages::function::{self, Answer, Bench, Harness};
use crate::stages::toolkit::{Toolkit, target, text_fact};
use crate::stages::{exercise, signature};
use crate::world::{Target, Toolchain, Unit};

/// Stack of the gate's image, bytes: what a small function may need at most.
const STACK: u64 = 16 * 1024;

/// The step `gate:FUNCTION`. Inputs: `code.c`, and `cases.csv` where the function has cases. Makes `function.elf`, which
/// runs on the reference board, and `evidence.json`.
#[derive(Clone)]
pub struct Gate {
    /// The function.
    pub function: Function,
    /// The board that it is tried on.
    pub board: Board,
    /// That board's core.
    pub core: Core,
    /// Library and compiler.
    pub toolkit: Toolkit,
}

/// What the gate saw.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The signature, as in a spec.
    pub signature: String,
    /// Cases that passed.
    pub cases: usize,
    /// Calls on made-up inputs: zeros, constants, extremes, not-a-number, noise.
    pub trials: usize,
    /// Instructions of the longest call.
    pub instructions: u64,
    /// Stack that was used at most, with the harness's, bytes.
    pub stack: u32,
}

impl Stage for Gate {
    fn title(&self) -> String {
        format!("gate {}", self.function.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        self.toolkit.facts(&target(&self.core), out);
        exercise::facts(&self.board, &self.core, out);
        out.text("signature", &signature::spec_text(&self.function));
        if let Origin::Generate { tolerance, .. } = &self.function.origin {
            out.text("tolerance", &tolerance.to_string());
        }
        out.text("stack", &STACK.to_string());
        for path in ["hal/tml.h", "hal/gate.c.j2", "hal/startup.c.j2", "hal/hal.c.j2", "link/board.ld.j2"] {
            text_fact(out, path, &self.toolkit.text(path));
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        self.inspect(job).map_err(|diags| Diags(diags.0.into_iter().map(|diag| self.located(diag)).collect()))
    }
}

impl Gate {
    fn located(&self, diag: Diag) -> Diag {
        let world = matches!(diag.code, "tml::toolchain" | "tml::disk" | "tml::bug");
        if diag.labels.is_empty() && diag.severity == Severity::Error && !world {
            diag.at(&self.function.span, "this function")
        } else {
            diag
        }
    }

    fn inspect(&self, job: &Job) -> Result<Outputs, Diags> {
        let name = &self.function.name;
        let code = String::from_utf8(job.input("code.c").to_vec())
            .map_err(|_| Diag::error("tml::gate::text", format!("the code of `{name}` is not UTF-8")))?;
        let generated = matches!(self.function.origin, Origin::Generate { .. });
        if generated {
            text::check(name, &code)?;
        }
        let target = target(&self.core);
        let toolchain = self.toolkit.toolchain(job, &target)?;
        // The prototype before the code makes the compiler compare them.
        let prototype = signature::prototype(&self.function);
        let checked = format!("#include \"tml.h\"\n{prototype};\n#line 1 \"{name}.c\"\n{code}");
        let object = self.compile(job, &toolchain, &target, &format!("{name}.c"), &checked)?;
        symbols::check(name, &object, self.rules())?;
        let elf = self.link(job, &toolchain, &target, object)?;
        let evidence = self.try_out(job, &elf)?;
        Ok(Outputs::from([
            ("function.elf".to_string(), elf),
            ("evidence.json".to_string(), crate::stages::json(&evidence)),
        ]))
    }

    fn rules(&self) -> Rules {
        match (&self.function.origin, &self.function.result) {
            (Origin::Generate { .. }, Some(_)) => Rules::Transform,
            (Origin::Generate { .. }, None) => Rules::Application,
            _ => Rules::Extern,
        }
    }

    fn compile(
        &self,
        job: &Job,
        toolchain: &Toolchain,
        target: &Target,
        name: &str,
        code: &str,
    ) -> Result<Vec<u8>, Diag> {
        let headers = BTreeMap::from([("tml.h".to_string(), self.toolkit.text("hal/tml.h").into_bytes())]);
        let unit = Unit { target, name, source: code.as_bytes(), headers: &headers, flags: &[] };
        let object = job.world().compile(toolchain, &unit).map_err(|error| {
            let mut diag = error.into_diag(&format!("`{}`", self.function.name));
            if diag.code == "tml::compile" {
                diag.code = "tml::gate::compile";
            }
            diag
        })?;
        Ok(object.bytes)
    }

    fn link(&self, job: &Job, toolchain: &Toolchain, target: &Target, object: Vec<u8>) -> Result<Vec<u8>, Diags> {
        let harness = self.toolkit.library.render("hal/gate.c.j2", &Harness::new(&self.function))?;
        let harness = self.compile(job, toolchain, target, "gate.c", &harness)?;
        let objects = vec![("function.o".to_string(), object), ("gate.o".to_string(), harness)];
        let image = self.toolkit.image(job, (&self.board, &self.core), objects, STACK);
        Ok(image.map_err(|error| error.into_diag(&format!("the link of `{}`", self.function.name)))?)
    }

    fn try_out(&self, job: &Job, elf: &[u8]) -> Result<Evidence, Diags> {
        let mut bench = Bench::boot(elf, &self.function, &self.board, &self.core)?;
        if self.rules() == Rules::Transform {
            bench.confine(&self.board);
        }
        let mut longest = 0;
        let cases = self.cases(job)?;
        for case in &cases {
            let answer = self.twice(&mut bench, &case.inputs)?;
            self.check_case(case, &answer)?;
            longest = longest.max(answer.instructions);
        }
        let trials = self.trials();
        for (what, inputs) in &trials {
            let answer = self.twice(&mut bench, inputs)?;
            if inputs.iter().all(|value| value.abs() < 1e6) {
                self.check_finite(what, &answer)?;
            }
            longest = longest.max(answer.instructions);
        }
        Ok(Evidence {
            signature: signature::spec_text(&self.function),
            cases: cases.len(),
            trials: trials.len(),
            instructions: longest,
            stack: bench.stack_peak(),
        })
    }

    fn cases(&self, job: &Job) -> Result<Vec<Case>, Diags> {
        let Origin::Generate { cases: Some(path), .. } = &self.function.origin else { return Ok(Vec::new()) };
        let text = String::from_utf8_lossy(job.input("cases.csv")).into_owned();
        cases::read(&self.function, path, &text)
    }

    /// Calls twice with differently filled results: what differs wasn't written, or isn't a function of the input.
    fn twice(&self, bench: &mut Bench, inputs: &[f32]) -> Result<Answer, Diag> {
        let name = &self.function.name;
        let arguments = function::arguments(&self.function, inputs);
        let first = bench.call(name, &arguments, 0xff)?;
        let second = bench.call(name, &arguments, 0x00)?;
        if first.bytes == second.bytes {
            return Ok(first);
        }
        let element = first.bytes.iter().zip(&second.bytes).position(|(a, b)| a != b).unwrap_or(0);
        let unwritten = first.bytes[element] == 0xff && second.bytes[element] == 0;
        let title = if unwritten {
            format!("`{name}` leaves a part of its result unwritten")
        } else {
            format!("`{name}` gives different results for the same input")
        };
        Err(Diag::error("tml::gate::deterministic", title)
            .note(format!("input: {}", numbers(inputs)))
            .help("write every element of the result, from the arguments alone"))
    }

    fn check_case(&self, case: &Case, answer: &Answer) -> Result<(), Diag> {
        let (Some(shape), Origin::Generate { tolerance, .. }) = (&self.function.result, &self.function.origin) else {
            return Ok(());
        };
        let tolerance = tolerance.to_f64() as f32;
        let got = function::values(shape, &answer.bytes);
        let near = |(got, want): (&f32, &f32)| (got - want).abs() <= tolerance * want.abs().max(1.0);
        if got.len() == case.outputs.len() && got.iter().zip(&case.outputs).all(near) {
            return Ok(());
        }
        Err(Diag::error(
            "tml::gate::case",
            format!("`{}` is wrong on the case of line {}", self.function.name, case.line),
        )
        .note(format!("input:    {}", numbers(&case.inputs)))
        .note(format!("expected: {}", numbers(&case.outputs)))
        .note(format!("got:      {}", numbers(&got)))
        .help("correct the code, or the case"))
    }

    fn check_finite(&self, what: &str, answer: &Answer) -> Result<(), Diag> {
        let Some(shape) = self.function.result.as_ref().filter(|shape| shape.element == Element::F32) else {
            return Ok(());
        };
        if function::values(shape, &answer.bytes).iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        Err(Diag::error(
            "tml::gate::finite",
            format!("`{}` gives a result that isn't finite for {what}", self.function.name),
        )
        .help("mind divisions by zero and overflows"))
    }

    /// Made-up inputs: what they are, and their values.
    fn trials(&self) -> Vec<(&'static str, Vec<f32>)> {
        if self.function.result.is_none() {
            return self.verdicts();
        }
        let len: usize = self.function.params.iter().map(|(_, shape)| shape.len()).sum();
        let mut rng = crate::base::rng::Rng::new(1, "gate");
        let mut noise = |scale: f32| (0..len).map(|_| rng.range(-scale, scale)).collect::<Vec<f32>>();
        vec![
            ("zeros", vec![0.0; len]),
            ("ones", vec![1.0; len]),
            ("minus ones", vec![-1.0; len]),
            ("noise", noise(1.0)),
            ("large noise", noise(1000.0)),
            ("extremes", (0..len).map(|at| if at % 2 == 0 { f32::MAX } else { f32::MIN }).collect()),
            ("not-a-number", vec![f32::NAN; len]),
            ("infinity", vec![f32::INFINITY; len]),
        ]
    }
}

impl Gate {
    /// What an application is told: each class once, with all the probability. One score is a detection's, with two labels.
    fn verdicts(&self) -> Vec<(&'static str, Vec<f32>)> {
        let scores = self.function.params.first().map_or(1, |(_, shape)| shape.len());
        let labelled = self.function.params.iter().any(|(_, shape)| shape.dims.is_empty());
        let classes = if labelled { scores.max(2) } else { scores };
        let verdict = |class: usize| {
            let values = self.function.params.iter().flat_map(|(_, shape)| match shape.dims.as_slice() {
                [] => vec![class as f32],
                _ => (0..shape.len()).map(|at| f32::from(u8::from(at == class))).collect(),
            });
            ("a class", values.collect())
        };
        (0..classes).map(verdict).collect()
    }
}

fn numbers(values: &[f32]) -> String {
    let shown: Vec<String> = values.iter().take(16).map(ToString::to_string).collect();
    format!("{}{}", shown.join(", "), if values.len() > 16 { ", …" } else { "" })
}
