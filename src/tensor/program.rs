//! A tensor program: buffers of static shape and steps of statements over them.

use super::dtype::DType;
use super::expr::{BufferId, Expr, Kind, VarId};
use super::literal::Literal;

/// What a buffer is for.
#[derive(Clone, PartialEq, Debug)]
pub enum Role {
    /// Given by the caller.
    Input,
    /// Known, in flash.
    Constant(Literal),
    /// Alive from the first step that names it to the last.
    Temporary,
    /// Handed to the caller.
    Output,
}

/// Elements of one type in C order.
#[derive(Clone, PartialEq, Debug)]
pub struct Buffer {
    /// The name that the model gives it, for messages and comments.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// What it is for.
    pub role: Role,
}

impl Buffer {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// It has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a step does.
#[derive(Clone, PartialEq, Debug)]
pub enum Stmt {
    /// `var` from 0 to `extent` - 1; none if `extent` is not positive.
    For {
        /// The loop's index.
        var: VarId,
        /// Number of turns, an index.
        extent: Expr,
        /// What is repeated.
        body: Vec<Stmt>,
    },
    /// A new variable.
    Let {
        /// The variable.
        var: VarId,
        /// Its first value.
        value: Expr,
    },
    /// A new value of a variable.
    Set {
        /// The variable.
        var: VarId,
        /// Its new value, of the same type.
        value: Expr,
    },
    /// An element of a buffer.
    Store {
        /// The buffer.
        buffer: BufferId,
        /// Flat position.
        index: Expr,
        /// Its new value, of the buffer's type.
        value: Expr,
    },
    /// A choice.
    If {
        /// A boolean.
        condition: Expr,
        /// If it is true.
        then: Vec<Stmt>,
        /// If not.
        otherwise: Vec<Stmt>,
    },
}

/// One operation: a function in C.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What it is, for comments and messages.
    pub name: String,
    /// What it does.
    pub body: Vec<Stmt>,
    /// Buffers that it reads and does not write, in ascending order.
    pub reads: Vec<BufferId>,
    /// Buffers that it writes, in ascending order.
    pub writes: Vec<BufferId>,
}

/// A whole program: pure, from inputs to outputs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    /// All buffers.
    pub buffers: Vec<Buffer>,
    /// The buffers that the caller gives, in order.
    pub inputs: Vec<BufferId>,
    /// The buffers that the caller gets, in order.
    pub outputs: Vec<BufferId>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Decisions that the user should know of, a line each.
    pub notes: Vec<String>,
}

impl Step {
    /// A step with its reads and writes found.
    pub fn new(name: String, body: Vec<Stmt>) -> Self {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        visit(&body, &mut |expr| loads(expr, &mut reads), &mut |buffer| writes.push(buffer));
        writes.sort_unstable();
        writes.dedup();
        reads.sort_unstable();
        reads.dedup();
        reads.retain(|buffer| writes.binary_search(buffer).is_err());
        Self { name, body, reads, writes }
    }
}

/// Calls `expr` for every expression at the top of a statement and `store` for every buffer written.
pub fn visit(body: &[Stmt], expr: &mut dyn FnMut(&Expr), store: &mut dyn FnMut(BufferId)) {
    for stmt in body {
        match stmt {
            Stmt::For { extent, body, .. } => {
                expr(extent);
                visit(body, expr, store);
            }
            Stmt::Let { value, .. } | Stmt::Set { value, .. } => expr(value),
            Stmt::Store { buffer, index, value } => {
                expr(index);
                expr(value);
                store(*buffer);
            }
            Stmt::If { condition, then, otherwise } => {
                expr(condition);
                visit(then, expr, store);
                visit(otherwise, expr, store);
            }
        }
    }
}

/// The parts of an expression.
pub fn parts(expr: &Expr) -> impl Iterator<Item = &Expr> {
    let parts: [Option<&Expr>; 3] = match &*expr.kind {
        Kind::Const(_) | Kind::Var(_) => [None, None, None],
        Kind::Load(_, a) | Kind::Unary(_, a) | Kind::Cast(a, _) | Kind::Math(_, a, None) => [Some(a), None, None],
        Kind::Binary(_, a, b) | Kind::Math(_, a, Some(b)) => [Some(a), Some(b), None],
        Kind::Select(a, b, c) => [Some(a), Some(b), Some(c)],
    };
    parts.into_iter().flatten()
}

fn loads(expr: &Expr, found: &mut Vec<BufferId>) {
    if let Kind::Load(buffer, _) = &*expr.kind {
        found.push(*buffer);
    }
    parts(expr).for_each(|part| loads(part, found));
}
