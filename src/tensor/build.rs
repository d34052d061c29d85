//! Builds programs: allocates buffers within bounds, writes loop nests, folds steps whose inputs are known.
#![expect(
    clippy::missing_panics_doc,
    reason = "the assertions are about our own builders, not about anything that a user gives"
)]

use std::collections::BTreeSet;

use super::dtype::DType;
use super::expr::{BufferId, Expr, Kind, VarId, index};
use super::interpret;
use super::literal::Literal;
use super::program::{Buffer, Program, Role, Step, Stmt};

/// Bytes of all buffers of a program together.
pub const BYTES: usize = 1 << 30;
/// Elements of one buffer: positions are `int32_t`.
pub const ELEMENTS: usize = 1 << 28;
/// Dimensions of one buffer.
pub const RANK: usize = 16;
/// Expressions that folding one step may evaluate, and all steps together.
const FUEL: (u64, u64) = (20_000_000, 500_000_000);

/// The buffers of a program would exceed [`BYTES`], [`ELEMENTS`] or [`RANK`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TooLarge {
    /// The shape that was asked for.
    pub shape: Vec<usize>,
}

/// A view of a whole buffer under a shape of its own.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    /// The buffer.
    pub buffer: BufferId,
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
}

impl Tensor {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// It has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The same elements under another shape.
    #[must_use]
    pub fn view(&self, shape: &[usize]) -> Self {
        assert_eq!(self.len(), shape.iter().product::<usize>(), "bug: a view of another size");
        Self { shape: shape.to_vec(), ..self.clone() }
    }

    /// The flat position of an element.
    pub fn position(&self, at: &[Expr]) -> Expr {
        assert_eq!(at.len(), self.rank(), "bug: an index of another rank");
        let mut sum = index(0);
        let mut stride = 1;
        for (at, size) in at.iter().zip(&self.shape).rev() {
            sum = at * index(stride) + sum;
            stride *= size;
        }
        sum
    }

    /// An element.
    pub fn at(&self, at: &[Expr]) -> Expr {
        self.flat(&self.position(at))
    }

    /// An element by its flat position.
    pub fn flat(&self, position: &Expr) -> Expr {
        Expr::new(self.dtype, Kind::Load(self.buffer, position.clone()))
    }

    /// The element that broadcasts to position `at` of a larger shape (ONNX, Broadcasting.md, multidirectional).
    pub fn broadcast(&self, at: &[Expr]) -> Expr {
        let skipped = at.len() - self.rank();
        let own: Vec<Expr> = at[skipped..]
            .iter()
            .zip(&self.shape)
            .map(|(at, size)| if *size == 1 { index(0) } else { at.clone() })
            .collect();
        self.at(&own)
    }
}

/// A program in the making.
#[derive(Default)]
pub struct Builder {
    program: Program,
    blocks: Vec<Vec<Stmt>>,
    vars: VarId,
    bytes: usize,
    used: u64,
    /// Positions of the inputs that a buffer depends on.
    sources: Vec<BTreeSet<usize>>,
}

impl Builder {
    fn buffer(&mut self, name: &str, dtype: DType, shape: &[usize], role: Role) -> Result<Tensor, TooLarge> {
        let too_large = || TooLarge { shape: shape.to_vec() };
        let count = shape.iter().try_fold(1usize, |all, size| all.checked_mul((*size).max(1))).ok_or_else(too_large)?;
        let bytes = count.checked_mul(dtype.size()).and_then(|bytes| bytes.checked_add(self.bytes));
        let bytes = bytes.filter(|bytes| *bytes <= BYTES).ok_or_else(too_large)?;
        if count > ELEMENTS || shape.len() > RANK {
            return Err(too_large());
        }
        self.bytes = bytes;
        let buffer = self.program.buffers.len();
        self.program.buffers.push(Buffer { name: name.to_string(), dtype, shape: shape.to_vec(), role });
        self.sources.push(BTreeSet::new());
        Ok(Tensor { buffer, dtype, shape: shape.to_vec() })
    }

    /// The next input.
    ///
    /// # Errors
    /// The buffers exceed their bound.
    pub fn input(&mut self, name: &str, dtype: DType, shape: &[usize]) -> Result<Tensor, TooLarge> {
        let tensor = self.buffer(name, dtype, shape, Role::Input)?;
        self.sources[tensor.buffer].insert(self.program.inputs.len());
        self.program.inputs.push(tensor.buffer);
        Ok(tensor)
    }

    /// A constant.
    ///
    /// # Errors
    /// The buffers exceed their bound.
    pub fn constant(&mut self, name: &str, literal: Literal) -> Result<Tensor, TooLarge> {
        let shape = literal.shape.clone();
        self.buffer(name, literal.dtype, &shape, Role::Constant(literal))
    }

    /// A new buffer, to be written by the step in the making.
    ///
    /// # Errors
    /// The buffers exceed their bound.
    pub fn alloc(&mut self, dtype: DType, shape: &[usize]) -> Result<Tensor, TooLarge> {
        let name = format!("t{}", self.program.buffers.len());
        self.buffer(&name, dtype, shape, Role::Temporary)
    }

    /// The elements of a tensor whose buffer is constant, under the tensor's shape.
    pub fn known(&self, tensor: &Tensor) -> Option<Literal> {
        match &self.program.buffers[tensor.buffer].role {
            Role::Constant(literal) => Some(Literal { shape: tensor.shape.clone(), ..literal.clone() }),
            _ => None,
        }
    }

    /// The tensor's buffer is constant.
    pub fn is_known(&self, tensor: &Tensor) -> bool {
        matches!(self.program.buffers[tensor.buffer].role, Role::Constant(_))
    }

    /// Names of the inputs that a tensor depends on.
    pub fn sources(&self, tensor: &Tensor) -> Vec<String> {
        let input = |position: &usize| self.program.buffers[self.program.inputs[*position]].name.clone();
        self.sources[tensor.buffer].iter().map(input).collect()
    }

    /// Adds a note for the user.
    pub fn note(&mut self, note: String) {
        if !self.program.notes.contains(&note) {
            self.program.notes.push(note);
        }
    }

    /// The notes so far.
    pub fn notes(&self) -> &[String] {
        &self.program.notes
    }

    /// Names a buffer that has no name of its own.
    pub fn name(&mut self, tensor: &Tensor, name: &str) {
        let buffer = &mut self.program.buffers[tensor.buffer];
        if buffer.role == Role::Temporary {
            buffer.name = name.to_string();
        }
    }

    /// Begins a step.
    pub fn begin(&mut self) {
        self.blocks = vec![Vec::new()];
    }

    /// Drops the step in the making.
    pub fn abandon(&mut self) {
        self.blocks.clear();
    }

    /// Ends a step: folds it if all that it reads is constant, else adds it.
    pub fn end(&mut self, name: &str) {
        let body = self.blocks.pop().unwrap_or_default();
        if body.is_empty() {
            return;
        }
        let step = Step::new(name.to_string(), body);
        let constant = |buffer: &BufferId| matches!(self.program.buffers[*buffer].role, Role::Constant(_));
        if step.reads.iter().all(constant) && self.used < FUEL.1 {
            let mut fuel = FUEL.0;
            let folded = interpret::fold(&self.program, &step, &mut fuel);
            self.used += FUEL.0 - fuel;
            if let Ok(values) = folded {
                for (buffer, literal) in values {
                    self.program.buffers[buffer].role = Role::Constant(literal);
                }
                return;
            }
        }
        let sources: BTreeSet<usize> = step.reads.iter().flat_map(|buffer| self.sources[*buffer].clone()).collect();
        for buffer in &step.writes {
            self.sources[*buffer].extend(&sources);
        }
        self.program.steps.push(step);
    }

    /// The program with these outputs; steps that none of them needs are dropped.
    ///
    /// # Errors
    /// The buffers exceed their bound.
    pub fn finish(mut self, outputs: &[(String, Tensor)]) -> Result<Program, TooLarge> {
        for (name, tensor) in outputs {
            let free = self.program.buffers[tensor.buffer].role == Role::Temporary;
            let buffer = if free {
                tensor.buffer
            } else {
                self.begin();
                let copy = self.map(tensor.dtype, &[tensor.len()], |_, at| tensor.flat(&at[0]))?;
                let body = self.blocks.pop().unwrap_or_default();
                self.program.steps.push(Step::new(format!("copy {name}"), body));
                copy.buffer
            };
            let info = &mut self.program.buffers[buffer];
            (info.role, info.name, info.shape) = (Role::Output, name.clone(), tensor.shape.clone());
            self.program.outputs.push(buffer);
        }
        let mut needed: BTreeSet<BufferId> = self.program.outputs.iter().copied().collect();
        let mut kept = Vec::new();
        for step in self.program.steps.drain(..).rev() {
            if step.writes.iter().any(|buffer| needed.contains(buffer)) {
                needed.extend(&step.reads);
                kept.push(step);
            }
        }
        kept.reverse();
        self.program.steps = kept;
        Ok(self.program)
    }
}

/// Statements of the step in the making.
impl Builder {
    fn push(&mut self, stmt: Stmt) {
        self.blocks.last_mut().expect("bug: a statement outside a step").push(stmt);
    }

    fn block(&mut self, body: impl FnOnce(&mut Self)) -> Vec<Stmt> {
        self.blocks.push(Vec::new());
        body(self);
        self.blocks.pop().unwrap_or_default()
    }

    /// A new variable; use it for a value that is needed twice, or set it later.
    pub fn var(&mut self, value: Expr) -> Expr {
        let var = self.vars;
        self.vars += 1;
        let dtype = value.dtype;
        self.push(Stmt::Let { var, value });
        Expr::var(dtype, var)
    }

    /// A value that is computed once; constants and variables stay as they are.
    pub fn once(&mut self, value: Expr) -> Expr {
        if matches!(*value.kind, Kind::Const(_) | Kind::Var(_)) { value } else { self.var(value) }
    }

    /// Sets a variable that `var` made.
    pub fn set(&mut self, var: &Expr, value: Expr) {
        assert_eq!(var.dtype, value.dtype, "bug: a variable of another type");
        let Kind::Var(var) = *var.kind else { panic!("bug: not a variable") };
        self.push(Stmt::Set { var, value });
    }

    /// Sets an element.
    pub fn put(&mut self, tensor: &Tensor, at: &[Expr], value: Expr) {
        self.put_flat(tensor, tensor.position(at), value);
    }

    /// Sets an element by its flat position.
    pub fn put_flat(&mut self, tensor: &Tensor, position: Expr, value: Expr) {
        assert_eq!(tensor.dtype, value.dtype, "bug: an element of another type");
        self.push(Stmt::Store { buffer: tensor.buffer, index: position, value });
    }

    /// A loop from 0 to `extent` - 1.
    pub fn each(&mut self, extent: usize, body: impl FnOnce(&mut Self, &Expr)) {
        if extent == 1 {
            body(self, &index(0));
        } else {
            self.until(index(extent), body);
        }
    }

    /// A loop from 0 to `extent` - 1, an index that is computed.
    pub fn until(&mut self, extent: Expr, body: impl FnOnce(&mut Self, &Expr)) {
        assert_eq!(extent.dtype, DType::Index, "bug: a loop over another type");
        let var = self.vars;
        self.vars += 1;
        let body = self.block(|builder| body(builder, &Expr::var(DType::Index, var)));
        self.push(Stmt::For { var, extent, body });
    }

    /// Loops over all positions of a shape.
    pub fn nest(&mut self, shape: &[usize], body: impl FnOnce(&mut Self, &[Expr])) {
        let mut at = Vec::new();
        self.inner(shape, &mut at, Box::new(body));
    }

    #[expect(clippy::type_complexity, reason = "a closure that is passed down the recursion")]
    fn inner(&mut self, shape: &[usize], at: &mut Vec<Expr>, body: Box<dyn FnOnce(&mut Self, &[Expr]) + '_>) {
        match shape.split_first() {
            None => body(self, at),
            Some((size, rest)) => self.each(*size, |builder, position| {
                at.push(position.clone());
                builder.inner(rest, at, body);
            }),
        }
    }

    /// Only if a condition holds.
    pub fn when(&mut self, condition: &Expr, then: impl FnOnce(&mut Self)) {
        self.choose(condition, then, |_| {});
    }

    /// One of two.
    pub fn choose(&mut self, condition: &Expr, then: impl FnOnce(&mut Self), otherwise: impl FnOnce(&mut Self)) {
        match condition.known_int() {
            Some(0) => otherwise(self),
            Some(_) => then(self),
            None => {
                let (then, otherwise) = (self.block(then), self.block(otherwise));
                self.push(Stmt::If { condition: condition.clone(), then, otherwise });
            }
        }
    }

    /// A tensor whose element at a position is an expression of the position; `value` may add statements.
    ///
    /// # Errors
    /// The buffers exceed their bound.
    pub fn map(
        &mut self,
        dtype: DType,
        shape: &[usize],
        value: impl FnOnce(&mut Self, &[Expr]) -> Expr,
    ) -> Result<Tensor, TooLarge> {
        let output = self.alloc(dtype, shape)?;
        self.nest(shape, |builder, at| {
            let value = value(builder, at).cast(dtype);
            builder.put(&output, at, value);
        });
        Ok(output)
    }

    /// A sum over positions of a shape, in a variable of type `dtype`.
    pub fn sum(&mut self, dtype: DType, shape: &[usize], term: impl FnOnce(&mut Self, &[Expr]) -> Expr) -> Expr {
        let sum = self.var(Expr::int(dtype, 0));
        self.nest(shape, |builder, at| {
            let term = term(builder, at).cast(dtype);
            builder.set(&sum, &sum + term);
        });
        sum
    }
}
