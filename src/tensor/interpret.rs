//! Runs a program in Rust: folds what is known, serves as the reference of the C that `c` prints.

use super::dtype::DType;
use super::expr::{Binary, BufferId, Expr, Kind, VarId};
use super::literal::{Literal, Scalar};
use super::program::{Program, Role, Step, Stmt};
use super::scalar;

/// Why a run ended early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// More expressions than the caller allows.
    Fuel,
    /// A position outside its buffer: the buffer's name.
    Bounds(String),
    /// A buffer that has no value: its name.
    Unknown(String),
}

/// The values of one run.
struct Machine<'a> {
    program: &'a Program,
    /// The buffer that `memory` begins with: folding one step of many needs only what the step writes.
    base: BufferId,
    memory: Vec<Option<Literal>>,
    vars: Vec<Scalar>,
    fuel: u64,
}

/// Runs the whole program on inputs of the right shapes; `fuel` bounds the number of expressions evaluated.
///
/// # Errors
/// See [`Fault`].
pub fn run(program: &Program, inputs: &[Literal], fuel: u64) -> Result<Vec<Literal>, Fault> {
    let mut machine = Machine { program, base: 0, memory: vec![None; program.buffers.len()], vars: Vec::new(), fuel };
    for (buffer, literal) in program.inputs.iter().zip(inputs) {
        machine.memory[*buffer] = Some(literal.clone());
    }
    for step in &program.steps {
        machine.step(step)?;
    }
    program.outputs.iter().map(|buffer| machine.value(*buffer).cloned()).collect()
}

/// Runs one step whose reads are constants: what it writes, and takes what it used from `fuel`.
///
/// # Errors
/// See [`Fault`].
pub fn fold(program: &Program, step: &Step, fuel: &mut u64) -> Result<Vec<(BufferId, Literal)>, Fault> {
    let (Some(base), Some(last)) = (step.writes.first().copied(), step.writes.last()) else { return Ok(Vec::new()) };
    let mut machine = Machine { program, base, memory: vec![None; last + 1 - base], vars: Vec::new(), fuel: *fuel };
    let ran = machine.step(step);
    *fuel = machine.fuel;
    ran?;
    Ok(step.writes.iter().filter_map(|buffer| Some((*buffer, machine.memory[*buffer - base].take()?))).collect())
}

impl Machine<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Fault> {
        for buffer in &step.writes {
            let info = &self.program.buffers[*buffer];
            self.memory[*buffer - self.base] = Some(Literal::zeros(info.dtype, &info.shape));
        }
        self.body(&step.body)
    }

    fn value(&self, buffer: BufferId) -> Result<&Literal, Fault> {
        let info = &self.program.buffers[buffer];
        match (buffer.checked_sub(self.base).and_then(|slot| self.memory.get(slot)), &info.role) {
            (Some(Some(literal)), _) | (_, Role::Constant(literal)) => Ok(literal),
            _ => Err(Fault::Unknown(info.name.clone())),
        }
    }

    fn body(&mut self, body: &[Stmt]) -> Result<(), Fault> {
        for stmt in body {
            match stmt {
                Stmt::For { var, extent, body } => {
                    for turn in 0..self.eval(extent)?.int() {
                        self.assign(*var, Scalar::Int(turn))?;
                        self.body(body)?;
                    }
                }
                Stmt::Let { var, value } | Stmt::Set { var, value } => {
                    let value = self.eval(value)?;
                    self.assign(*var, value)?;
                }
                Stmt::Store { buffer, index, value } => {
                    let (index, value) = (self.eval(index)?.int(), self.eval(value)?);
                    let name = &self.program.buffers[*buffer].name;
                    let literal =
                        self.memory[*buffer - self.base].as_mut().ok_or_else(|| Fault::Unknown(name.clone()))?;
                    if !(0..literal.len() as i64).contains(&index) {
                        return Err(Fault::Bounds(name.clone()));
                    }
                    literal.set(index as usize, value);
                }
                Stmt::If { condition, then, otherwise } => {
                    let body = if self.eval(condition)?.int() == 0 { otherwise } else { then };
                    self.body(body)?;
                }
            }
        }
        Ok(())
    }

    fn assign(&mut self, var: VarId, value: Scalar) -> Result<(), Fault> {
        self.burn()?;
        if self.vars.len() <= var {
            self.vars.resize(var + 1, Scalar::Int(0));
        }
        self.vars[var] = value;
        Ok(())
    }

    fn burn(&mut self) -> Result<(), Fault> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Fault::Fuel)?;
        Ok(())
    }

    fn eval(&mut self, expr: &Expr) -> Result<Scalar, Fault> {
        Ok(match &*expr.kind {
            Kind::Const(value) => *value,
            Kind::Var(var) => self.vars[*var],
            Kind::Load(buffer, position) => {
                self.burn()?;
                let position = self.eval(position)?.int();
                let literal = self.value(*buffer)?;
                if !(0..literal.len() as i64).contains(&position) {
                    return Err(Fault::Bounds(self.program.buffers[*buffer].name.clone()));
                }
                literal.get(position as usize)
            }
            Kind::Unary(op, a) => scalar::unary(*op, expr.dtype, self.eval(a)?),
            Kind::Binary(op, a, b) => {
                self.burn()?;
                let left = self.eval(a)?;
                let done = matches!((op, left.int()), (Binary::And, 0) | (Binary::Or, 1));
                if a.dtype == DType::Bool && done {
                    return Ok(left);
                }
                scalar::binary(*op, a.dtype, left, self.eval(b)?)
            }
            Kind::Select(condition, yes, no) => {
                let chosen = if self.eval(condition)?.int() == 0 { no } else { yes };
                self.eval(chosen)?
            }
            Kind::Cast(a, saturate) => scalar::cast(a.dtype, expr.dtype, *saturate, self.eval(a)?),
            Kind::Math(math, x, y) => {
                self.burn()?;
                let y = y.as_ref().map_or(Ok(Scalar::Float(0.0)), |y| self.eval(y))?;
                let x = self.eval(x)?;
                scalar::round(expr.dtype, math.eval(x.float(), y.float()))
            }
        })
    }
}
