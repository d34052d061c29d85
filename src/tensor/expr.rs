//! Scalar expressions: immutable trees, each with its type; index arithmetic is simplified while it is built.
#![expect(
    clippy::missing_panics_doc,
    reason = "the assertions are about our own builders, not about anything that a user gives"
)]

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use super::dtype::DType;
use super::literal::Scalar;
use super::math::Math;
use super::scalar;

/// A buffer of a program, by position.
pub type BufferId = usize;
/// A variable of a program, by number.
pub type VarId = usize;

/// Operations on one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it; `Not` is logical on booleans, else bitwise")]
pub enum Unary {
    Neg,
    Abs,
    Not,
}

/// Operations on two values of one type. Integers wrap; division truncates, by zero it is zero; a shift by the width
/// or more is zero; `Min` and `Max` of a NaN are NaN; `And` and `Or` of booleans look at the second only if they must.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Min,
    Max,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
}

impl Binary {
    /// The result is a boolean.
    pub fn compares(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Le)
    }
}

/// What an expression is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// A known value.
    Const(Scalar),
    /// A variable.
    Var(VarId),
    /// An element of a buffer at a flat position.
    Load(BufferId, Expr),
    /// An operation on one value.
    Unary(Unary, Expr),
    /// An operation on two values.
    Binary(Binary, Expr, Expr),
    /// The second if the first is true, else the third; the other is not looked at.
    Select(Expr, Expr, Expr),
    /// A conversion; `true`: what is too large for a small float becomes its greatest value.
    Cast(Expr, bool),
    /// A function of the maths library.
    Math(Math, Expr, Option<Expr>),
}

/// A scalar expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// Its type.
    pub dtype: DType,
    /// What it is.
    pub kind: Arc<Kind>,
}

/// A known index.
pub fn index(value: usize) -> Expr {
    Expr::int(DType::Index, value as i64)
}

/// A known index that may be negative.
pub fn offset(value: i64) -> Expr {
    Expr::int(DType::Index, value)
}

impl Expr {
    /// An expression of a kind.
    pub fn new(dtype: DType, kind: Kind) -> Self {
        Self { dtype, kind: Arc::new(kind) }
    }

    /// A known integer, or the float of that value.
    pub fn int(dtype: DType, value: i64) -> Self {
        let scalar = if dtype.is_float() { scalar::round(dtype, value as f64) } else { Scalar::Int(dtype.wrap(value)) };
        Self::new(dtype, Kind::Const(scalar))
    }

    /// A known float, or the integer it truncates to.
    pub fn float(dtype: DType, value: f64) -> Self {
        Self::new(dtype, Kind::Const(scalar::cast(DType::F64, dtype, false, Scalar::Float(value))))
    }

    /// A known boolean.
    pub fn truth(value: bool) -> Self {
        Self::int(DType::Bool, i64::from(value))
    }

    /// A known number of this expression's type.
    #[must_use]
    pub fn like(&self, value: f64) -> Self {
        Self::float(self.dtype, value)
    }

    /// A variable.
    pub fn var(dtype: DType, var: VarId) -> Self {
        Self::new(dtype, Kind::Var(var))
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<Scalar> {
        if let Kind::Const(scalar) = *self.kind { Some(scalar) } else { None }
    }

    /// The value of a known integer.
    pub fn known_int(&self) -> Option<i64> {
        self.known().map(Scalar::int).filter(|_| !self.dtype.is_float())
    }

    /// An operation on one value.
    #[must_use]
    pub fn unary(&self, op: Unary) -> Self {
        match self.known() {
            Some(a) => Self::new(self.dtype, Kind::Const(scalar::unary(op, self.dtype, a))),
            None => Self::new(self.dtype, Kind::Unary(op, self.clone())),
        }
    }

    /// An operation on two values of one type.
    #[must_use]
    pub fn binary(&self, op: Binary, other: &Self) -> Self {
        assert_eq!(self.dtype, other.dtype, "bug: {op:?} of two types");
        let dtype = if op.compares() { DType::Bool } else { self.dtype };
        if let (Some(a), Some(b)) = (self.known(), other.known()) {
            return Self::new(dtype, Kind::Const(scalar::binary(op, self.dtype, a, b)));
        }
        if let Some(simple) = self.simplified(op, other) {
            return simple;
        }
        Self::new(dtype, Kind::Binary(op, self.clone(), other.clone()))
    }

    /// Neutral and absorbing elements of integers and booleans.
    fn simplified(&self, op: Binary, other: &Self) -> Option<Self> {
        let (left, right) = (self.known_int(), other.known_int());
        match (op, left, right) {
            (Binary::Rem, _, Some(1)) => Some(Self::int(self.dtype, 0)),
            (Binary::And, Some(1), _) | (Binary::And, _, Some(0)) if self.dtype == DType::Bool => Some(other.clone()),
            (Binary::And, _, Some(1)) | (Binary::And, Some(0), _) if self.dtype == DType::Bool => Some(self.clone()),
            (Binary::Add | Binary::Or | Binary::Xor, Some(0), _) | (Binary::Mul, Some(1), _) => Some(other.clone()),
            (Binary::Add | Binary::Sub | Binary::Or | Binary::Xor, _, Some(0))
            | (Binary::Mul, Some(0), _)
            | (Binary::Mul | Binary::Div, _, Some(1)) => Some(self.clone()),
            (Binary::Mul, _, Some(0)) => Some(other.clone()),
            _ => None,
        }
    }

    /// A conversion.
    #[must_use]
    pub fn cast(&self, dtype: DType) -> Self {
        self.cast_saturating(dtype, false)
    }

    /// A conversion; what is too large for a small float becomes its greatest value if `saturate`.
    #[must_use]
    pub fn cast_saturating(&self, dtype: DType, saturate: bool) -> Self {
        if dtype == self.dtype {
            return self.clone();
        }
        match self.known() {
            Some(value) => Self::new(dtype, Kind::Const(scalar::cast(self.dtype, dtype, saturate, value))),
            None => Self::new(dtype, Kind::Cast(self.clone(), saturate)),
        }
    }

    /// `self` is a boolean: one of two values.
    #[must_use]
    pub fn select(&self, yes: &Self, no: &Self) -> Self {
        assert_eq!(yes.dtype, no.dtype, "bug: a choice of two types");
        match self.known_int() {
            Some(0) => no.clone(),
            Some(_) => yes.clone(),
            None => Self::new(yes.dtype, Kind::Select(self.clone(), yes.clone(), no.clone())),
        }
    }

    /// A function of the maths library, of a float.
    #[must_use]
    pub fn math(&self, math: Math) -> Self {
        assert!(self.dtype.is_float(), "bug: {math:?} of an integer");
        Self::new(self.dtype, Kind::Math(math, self.clone(), None))
    }

    /// A function of two floats.
    #[must_use]
    pub fn math2(&self, math: Math, other: &Self) -> Self {
        assert!(self.dtype.is_float() && self.dtype == other.dtype, "bug: {math:?} of two types");
        Self::new(self.dtype, Kind::Math(math, self.clone(), Some(other.clone())))
    }

    /// Absolute value.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.dtype.is_int() && !self.dtype.is_signed() { self.clone() } else { self.unary(Unary::Abs) }
    }

    /// Not.
    #[must_use]
    pub fn not(&self) -> Self {
        self.unary(Unary::Not)
    }

    /// `self` limited to `low..=high`.
    #[must_use]
    pub fn clamp(&self, low: f64, high: f64) -> Self {
        self.max(&self.like(low)).min(&self.like(high))
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $op:ident;)*) => {
        impl Expr {
            $($(#[$doc])* #[must_use] pub fn $name(&self, other: &Self) -> Self { self.binary(Binary::$op, other) })*
        }
    };
}

methods! {
    /// The smaller.
    min = Min;
    /// The greater.
    max = Max;
    /// Both; of integers bit by bit.
    and = And;
    /// Either; of integers bit by bit.
    or = Or;
    /// One of them; of integers bit by bit.
    xor = Xor;
    /// Shifted to the left.
    shl = Shl;
    /// Shifted to the right.
    shr = Shr;
    /// Equal.
    eq_ = Eq;
    /// Not equal.
    ne_ = Ne;
    /// Less.
    lt = Lt;
    /// Less or equal.
    le = Le;
}

impl Expr {
    /// Greater.
    #[must_use]
    pub fn gt(&self, other: &Self) -> Self {
        other.lt(self)
    }

    /// Greater or equal.
    #[must_use]
    pub fn ge(&self, other: &Self) -> Self {
        other.le(self)
    }

    /// It is NaN.
    #[must_use]
    pub fn is_nan(&self) -> Self {
        if self.dtype.is_float() { self.ne_(self) } else { Self::truth(false) }
    }

    /// `0 <= self < limit`, of an index.
    #[must_use]
    pub fn within(&self, limit: usize) -> Self {
        self.ge(&index(0)).and(&self.lt(&index(limit)))
    }
}

macro_rules! operators {
    ($($trait:ident $name:ident;)*) => {$(
        impl $trait<&Expr> for &Expr {
            type Output = Expr;
            fn $name(self, other: &Expr) -> Expr { self.binary(Binary::$trait, other) }
        }
        impl $trait<Expr> for &Expr {
            type Output = Expr;
            fn $name(self, other: Expr) -> Expr { self.binary(Binary::$trait, &other) }
        }
        impl $trait<&Expr> for Expr {
            type Output = Expr;
            fn $name(self, other: &Expr) -> Expr { self.binary(Binary::$trait, other) }
        }
        impl $trait<Expr> for Expr {
            type Output = Expr;
            fn $name(self, other: Expr) -> Expr { self.binary(Binary::$trait, &other) }
        }
        impl $trait<f64> for &Expr {
            type Output = Expr;
            fn $name(self, other: f64) -> Expr { self.binary(Binary::$trait, &self.like(other)) }
        }
        impl $trait<f64> for Expr {
            type Output = Expr;
            fn $name(self, other: f64) -> Expr { self.binary(Binary::$trait, &self.like(other)) }
        }
    )*};
}

operators! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
    Rem rem;
}

impl Neg for &Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        self.unary(Unary::Neg)
    }
}

impl Neg for Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        self.unary(Unary::Neg)
    }
}
