//! A user's function alone on the simulated board: how its harness is laid out in memory, and how it is called.

use serde::Serialize;

use super::exercise::{faulted, memory_map, peek, poke, printed};
use super::signature;
use crate::base::{Diag, Diags, Element, Shape};
use crate::library::board::Board;
use crate::library::core::Core;
use crate::sim::{FaultKind, Machine};
use crate::spec::model::Function;

/// Bytes of every guard zone of the harness.
const GUARD: u32 = 64;

/// What guard zones are filled with.
const PATTERN: u8 = 0xa5;

/// What to do about an access that goes astray.
const WITHIN: &str = "keep every index within the lengths of the prototype";

/// Instructions that one call may take.
const CALL_BUDGET: u64 = 50_000_000;

/// A buffer of the harness: an argument, or the result.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    /// Its name in C.
    pub name: String,
    /// C type of an element.
    #[serde(rename = "type")]
    pub ty: &'static str,
    /// Elements.
    pub len: usize,
    #[serde(skip)]
    element: Element,
    #[serde(skip)]
    offset: u32,
}

/// The harness of one function.
#[derive(Clone, Debug, Serialize)]
pub struct Harness {
    /// The function's prototype.
    pub prototype: String,
    /// The call, in C.
    pub call: String,
    /// Buffers in the order of the parameters, then the result.
    pub fields: Vec<Field>,
}

impl Harness {
    /// The harness for `function`.
    pub fn new(function: &Function) -> Self {
        let mut offset = GUARD;
        let mut field = |name: &str, shape: &Shape| {
            let size = (element_size(shape.element) * shape.len()) as u32;
            let field = Field {
                name: name.to_string(),
                ty: shape.element.c_type(),
                len: shape.len(),
                element: shape.element,
                offset,
            };
            offset = (offset + size).next_multiple_of(8) + GUARD;
            field
        };
        let mut fields: Vec<Field> =
            function.params.iter().map(|(name, shape)| field(&format!("in_{name}"), shape)).collect();
        let mut arguments: Vec<String> = function.params.iter().map(|(name, shape)| argument(name, shape)).collect();
        let mut assigned = "";
        if let Some(result) = &function.result {
            fields.push(field("out", result));
            if result.dims.is_empty() {
                assigned = "tml_gate.out[0] = ";
            } else {
                arguments.push("tml_gate.out".into());
            }
        }
        let call = format!("{assigned}{}({})", function.name, arguments.join(", "));
        Self { prototype: signature::prototype(function), call, fields }
    }
}

fn argument(name: &str, shape: &Shape) -> String {
    if shape.dims.is_empty() { format!("tml_gate.in_{name}[0]") } else { format!("tml_gate.in_{name}") }
}

fn element_size(element: Element) -> usize {
    match element {
        Element::F32 | Element::I32 => 4,
        Element::I16 => 2,
        Element::I8 | Element::U8 | Element::Bool => 1,
    }
}

/// What one call did.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The result's bytes; empty for an application.
    pub bytes: Vec<u8>,
    /// Instructions of the call.
    pub instructions: u64,
    /// What it printed.
    pub printed: String,
}

/// A booted function.
pub struct Bench {
    machine: Machine,
    harness: Harness,
    base: u32,
    /// Bytes from `base` on that are the harness's.
    size: u32,
    wait: u32,
    command: u32,
}

impl Bench {
    /// Boots the image of a gate. Its `tml_wait` is the start of every call.
    pub fn boot(elf: &[u8], function: &Function, board: &Board, core: &Core) -> Result<Self, Diags> {
        let bug = |why: String| Diag::error("tml::bug", format!("bug: the gate's image: {why}"));
        let mut machine = Machine::load(elf, core, &memory_map(board)).map_err(|error| bug(error.to_string()))?;
        let symbol = |name: &str| machine.symbol(name).ok_or_else(|| bug(format!("no symbol `{name}`")));
        let (gate, wait, command) = (symbol("tml_gate")?, symbol("tml_wait")?.address, symbol("tml_command")?.address);
        machine.run_until(wait, CALL_BUDGET).map_err(|fault| faulted("while the gate started", &fault))?;
        let (base, size) = (gate.address, gate.size);
        Ok(Self { machine, harness: Harness::new(function), base, size, wait, command })
    }

    /// From now on the function reaches nothing but its code and constants, its stack, its arguments and its result:
    /// no other RAM, no device.
    pub fn confine(&mut self, board: &Board) {
        let end = |origin: u32, size: u32| origin.saturating_add(size);
        let ram = board.ram.origin..end(board.ram.origin, board.ram.size);
        let stack_top = self.machine.symbol("_stack_top").map_or(ram.start, |symbol| symbol.address);
        let mut own = [ram.start..stack_top, self.base..end(self.base, self.size), self.command..end(self.command, 4)];
        own.sort_by_key(|range| range.start);
        let mut free = ram.start;
        for range in own {
            if free < range.start {
                self.machine.guard(free..range.start);
            }
            free = free.max(range.end);
        }
        if free < ram.end {
            self.machine.guard(free..ram.end);
        }
        for device in &board.devices {
            self.machine.guard(device.origin..end(device.origin, device.size));
        }
    }

    /// Calls the function with the bytes of its arguments, its result filled with `fill` before.
    pub fn call(&mut self, name: &str, arguments: &[Vec<u8>], fill: u8) -> Result<Answer, Diag> {
        let fault = |fault: crate::sim::Fault| match fault.kind {
            FaultKind::Guard { address, access } => {
                let title = format!("`{name}` reaches memory that isn't its own: a {access} at {address:#010x}");
                Diag::error("tml::gate::bounds", title).note(fault.to_string()).help(WITHIN)
            }
            kind => {
                Diag::error("tml::gate::crash", format!("`{name}` stops the board: {kind}")).note(fault.to_string())
            }
        };
        self.put_guards()?;
        for (field, argument) in self.harness.fields.iter().zip(arguments) {
            poke(&mut self.machine, self.base + field.offset, argument)?;
        }
        let result = self.harness.fields.get(arguments.len()).cloned();
        if let Some(result) = &result {
            poke(&mut self.machine, self.base + result.offset, &vec![fill; size(result)])?;
        }
        poke(&mut self.machine, self.command, &1_u32.to_le_bytes())?;
        let before = self.machine.instructions();
        self.machine.run_until(self.wait, CALL_BUDGET).map_err(fault)?;
        let instructions = self.machine.instructions() - before;
        self.check_guards(name)?;
        self.check_arguments(name, arguments)?;
        let bytes = match &result {
            Some(result) => peek(&self.machine, self.base + result.offset, size(result) as u32)?,
            None => Vec::new(),
        };
        Ok(Answer { bytes, instructions, printed: printed(&mut self.machine) })
    }

    /// Bytes of stack used so far.
    pub fn stack_peak(&self) -> u32 {
        self.machine.stack_peak()
    }

    fn zones(&self) -> Vec<u32> {
        let after = |field: &Field| (field.offset + size(field) as u32).next_multiple_of(8);
        std::iter::once(0).chain(self.harness.fields.iter().map(after)).map(|offset| self.base + offset).collect()
    }

    fn put_guards(&mut self) -> Result<(), Diag> {
        for zone in self.zones() {
            poke(&mut self.machine, zone, &[PATTERN; GUARD as usize])?;
        }
        Ok(())
    }

    fn check_guards(&self, name: &str) -> Result<(), Diag> {
        for (index, zone) in self.zones().into_iter().enumerate() {
            let intact = self.machine.read(zone, GUARD).is_some_and(|bytes| bytes.iter().all(|byte| *byte == PATTERN));
            if !intact {
                let place = match index.checked_sub(1).and_then(|at| self.harness.fields.get(at)) {
                    Some(field) => format!("behind `{}`", field.name.trim_start_matches("in_")),
                    None => "before its first argument".into(),
                };
                return Err(Diag::error("tml::gate::bounds", format!("`{name}` writes {place}")).help(WITHIN));
            }
        }
        Ok(())
    }

    /// They are `const`, whatever a cast says.
    fn check_arguments(&self, name: &str, arguments: &[Vec<u8>]) -> Result<(), Diag> {
        for (field, argument) in self.harness.fields.iter().zip(arguments) {
            if peek(&self.machine, self.base + field.offset, size(field) as u32)? != *argument {
                let title = format!("`{name}` changes its argument `{}`", field.name.trim_start_matches("in_"));
                return Err(Diag::error("tml::gate::bounds", title).help("work on a copy"));
            }
        }
        Ok(())
    }
}

fn size(field: &Field) -> usize {
    element_size(field.element) * field.len
}

/// The bytes of flat values as arguments of `function`, in order; values become the parameter's type.
pub fn arguments(function: &Function, mut values: &[f32]) -> Vec<Vec<u8>> {
    let mut arguments = Vec::new();
    for (_, shape) in &function.params {
        let (own, rest) = values.split_at(shape.len().min(values.len()));
        values = rest;
        arguments.push(own.iter().flat_map(|value| element_bytes(shape.element, *value)).collect());
    }
    arguments
}

fn element_bytes(element: Element, value: f32) -> Vec<u8> {
    match element {
        Element::F32 => value.to_le_bytes().to_vec(),
        Element::I32 => (value as i32).to_le_bytes().to_vec(),
        Element::I16 => (value as i16).to_le_bytes().to_vec(),
        Element::I8 => (value as i8).to_le_bytes().to_vec(),
        Element::U8 => vec![value as u8],
        Element::Bool => vec![u8::from(value != 0.0)],
    }
}

/// The values of a result's bytes.
pub fn values(shape: &Shape, bytes: &[u8]) -> Vec<f32> {
    let word = |bytes: &[u8]| [bytes[0], bytes[1], bytes[2], bytes[3]];
    match shape.element {
        Element::F32 => bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(word(bytes))).collect(),
        Element::I32 => bytes.chunks_exact(4).map(|bytes| i32::from_le_bytes(word(bytes)) as f32).collect(),
        Element::I16 => {
            bytes.chunks_exact(2).map(|bytes| f32::from(i16::from_le_bytes([bytes[0], bytes[1]]))).collect()
        }
        Element::I8 => bytes.iter().map(|byte| f32::from(*byte as i8)).collect(),
        Element::U8 | Element::Bool => bytes.iter().map(|byte| f32::from(*byte)).collect(),
    }
}
