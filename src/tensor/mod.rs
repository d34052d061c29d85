//! Tensor programs: every operation as loop nests over scalar expressions, static shapes.
//!
//! Knows: element types, arrays, expressions, statements, their meaning (`interpret`) and their C (`c`).
//! Never: names an operator of a network or a file format; opens a file; leaves undefined behaviour in C.
//! Add here: a scalar function: one variant of `Math` and its row in `math.rs`; an element type: one of `DType`.

pub mod build;
pub mod c;
pub mod dtype;
pub mod expr;
pub mod float;
pub mod interpret;
pub mod literal;
pub mod math;
pub mod program;
pub mod scalar;

pub use build::{Builder, Tensor, TooLarge};
pub use dtype::DType;
pub use expr::{Expr, index};
pub use literal::{Literal, Scalar};
pub use math::Math;
pub use program::{Buffer, Program, Role, Step, Stmt};
