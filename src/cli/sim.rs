//! `cargo tinyml sim`: any program on a simulated board.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use serde_json::json;

use super::args::SimArgs;
use super::exit;
use super::screen::Screen;
use crate::base::{Diag, Diags};
use crate::library::Library;
use crate::profile::flame_graph;
use crate::project::Project;
use crate::sim::{Line, Mode, Services};
use crate::simulate::{self, End, Listener, Outcome, Program, Request, TraceLine};
use crate::world::{Sandbox, World, disk_error};

/// Blocks of code that `--annotate` lists.
const HOT_BLOCKS: usize = 8;

pub(super) fn run(world: &World, screen: &Screen, args: &SimArgs) -> u8 {
    match attempt(world, screen, args) {
        Ok(code) => code,
        Err(diags) => screen.failed(&diags),
    }
}

fn attempt(world: &World, screen: &Screen, args: &SimArgs) -> Result<u8, Diags> {
    let elf = world.files().read(&args.elf).map_err(|error| disk_error("read", &args.elf, &error))?;
    let (board, core) = simulate::find_board(world, &library(world)?, &args.board)?;
    let clock_hz = board.clock.to_f64() as u32;
    let name = args.elf.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut program = Program::load(&name, &elf, board, core)?;
    program.machine.serve(services(world, args, &name, clock_hz)?);
    let request = request(world, args)?;
    let mut teller = Teller { world, screen, function: None };
    let outcome = simulate::run(&mut program, &request, &mut teller)?;
    let text = program.machine.disassemble(program.machine.pc()).map(|(text, _)| text);
    tell(world, screen, args, &outcome, text.as_deref())
}

/// The library with the overlay of the project that this folder is, if it is one.
fn library(world: &World) -> Result<Library, Diags> {
    match Project::open(world, None) {
        Ok(project) => Ok(project.library),
        Err(_) => Library::new(BTreeMap::new()),
    }
}

fn services(world: &World, args: &SimArgs, name: &str, clock_hz: u32) -> Result<Services, Diag> {
    let mut services = Services { clock_hz, ..Services::default() };
    services.command_line = args.args.as_ref().map_or_else(|| name.to_string(), |text| format!("{name} {text}"));
    if let Some(path) = &args.stdin {
        services.input = world.files().read(path).map_err(|error| disk_error("read", path, &error))?.into();
    }
    if let Some(folder) = &args.files {
        services.files = Some(Arc::new(Sandbox::new(folder).map_err(|error| disk_error("open", folder, &error))?));
    }
    Ok(services)
}

fn request(world: &World, args: &SimArgs) -> Result<Request, Diag> {
    let profiled = args.profile || args.annotate || args.flamegraph.is_some();
    let mode = match (args.fast, profiled) {
        (true, _) => Mode::Fast,
        (false, true) => Mode::Profile,
        (false, false) => Mode::Cycles,
    };
    Ok(Request {
        mode,
        budget: args.max_instructions,
        inputs: args.input.iter().map(|spec| spec.read(world)).collect::<Result<_, _>>()?,
        outputs: args.output.clone(),
        call: args.call.clone().map(|function| (function, args.arg.clone())),
        until: args.until.clone(),
        trace: args.trace.unwrap_or(0),
        hot_blocks: if args.annotate { HOT_BLOCKS } else { 0 },
        heat_block: if args.heat { args.heat_block } else { 0 },
    })
}

/// Tells how it ended and what was asked for; the exit code.
fn tell(world: &World, screen: &Screen, args: &SimArgs, outcome: &Outcome, text: Option<&str>) -> Result<u8, Diags> {
    if let Some(path) = &args.flamegraph {
        let title = format!("{} on {}", outcome.program, outcome.board.name);
        let svg = flame_graph(&title, &outcome.tree);
        world.files().write_atomic(path, svg.as_bytes(), false).map_err(|error| disk_error("write", path, &error))?;
    }
    let code = |line: &Line| -> Option<String> {
        let text = simulate::source(world, line)?;
        text.lines().nth(line.line.checked_sub(1)? as usize).map(String::from)
    };
    let source = |line: &Line| (simulate::shown(world, line), code(line));
    let code = match &outcome.end {
        End::Exit { status } => exit::of_program(*status),
        End::Fault(fault) => {
            screen.tell(&simulate::diagnose(world, outcome, fault, text).into());
            exit::FAULT
        }
        End::Budget => {
            screen.tell(&budget(outcome).into());
            exit::BUDGET
        }
        End::Interrupted => exit::INTERRUPTED,
        End::Returned { .. } | End::Reached { .. } | End::Waiting => exit::OK,
    };
    if screen.is_json() {
        let mut body = simulate::value(outcome);
        body["exit_code"] = json!(code);
        screen.painter().fact("sim-finished", &body);
    } else {
        screen.result(&simulate::details(outcome, args.profile, &source));
        screen.say(simulate::text(outcome).trim_end());
    }
    Ok(code)
}

fn budget(outcome: &Outcome) -> Diag {
    let place = outcome.function.as_ref().map_or(String::new(), |name| format!(" in `{name}`"));
    let title = format!("`{}` is still running{place} after {} instructions", outcome.program, outcome.instructions);
    Diag::error("tml::sim::budget", title)
        .help("end it by semihosting, stop it with --until FUNCTION, or raise --max-instructions")
}

/// Passes on what the program says while it runs.
struct Teller<'a> {
    world: &'a World,
    screen: &'a Screen,
    /// The function of the last traced instruction.
    function: Option<String>,
}

impl Listener for Teller<'_> {
    fn console(&mut self, bytes: &[u8]) {
        if self.screen.is_json() {
            self.screen.painter().fact("sim-console", &json!({"text": String::from_utf8_lossy(bytes)}));
        } else {
            // Whoever reads may have had enough; the program goes on.
            let mut stdout = io::stdout().lock();
            let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
        }
    }

    fn traced(&mut self, line: &TraceLine) {
        if self.screen.is_json() {
            let registers: serde_json::Map<String, serde_json::Value> =
                line.changed.iter().map(|(name, value)| ((*name).to_string(), json!(value))).collect();
            let body = json!({
                "address": line.address, "bytes": line.bytes, "text": line.text, "function": line.function,
                "cycles": line.cycles, "registers": registers,
            });
            self.screen.painter().fact("sim-trace", &body);
            return;
        }
        let mut stderr = io::stderr().lock();
        if line.function != self.function {
            self.function.clone_from(&line.function);
            let _ = writeln!(stderr, "{}:", self.function.as_deref().unwrap_or("?"));
        }
        let _ = writeln!(stderr, "  {line}");
    }

    fn interrupted(&self) -> bool {
        self.world.interrupted()
    }
}
