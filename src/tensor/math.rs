//! Table. The scalar functions that a program may call: the whole list a target's maths library must have.

/// A function of `<math.h>`, by its C name without the `f` of the single-precision form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the names are those of C17 §7.12")]
pub enum Math {
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atan2,
    Atanh,
    Ceil,
    Cos,
    Cosh,
    Erf,
    Exp,
    Expm1,
    Floor,
    Fmod,
    Log,
    Log1p,
    Pow,
    Rint,
    Sin,
    Sinh,
    Sqrt,
    Tan,
    Tanh,
    Trunc,
}

impl Math {
    /// The C name, double precision.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acos => "acos",
            Self::Acosh => "acosh",
            Self::Asin => "asin",
            Self::Asinh => "asinh",
            Self::Atan => "atan",
            Self::Atan2 => "atan2",
            Self::Atanh => "atanh",
            Self::Ceil => "ceil",
            Self::Cos => "cos",
            Self::Cosh => "cosh",
            Self::Erf => "erf",
            Self::Exp => "exp",
            Self::Expm1 => "expm1",
            Self::Floor => "floor",
            Self::Fmod => "fmod",
            Self::Log => "log",
            Self::Log1p => "log1p",
            Self::Pow => "pow",
            Self::Rint => "rint",
            Self::Sin => "sin",
            Self::Sinh => "sinh",
            Self::Sqrt => "sqrt",
            Self::Tan => "tan",
            Self::Tanh => "tanh",
            Self::Trunc => "trunc",
        }
    }

    /// Its value; `y` is the second argument of `Atan2`, `Fmod` and `Pow`.
    pub fn eval(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Acos => libm::acos(x),
            Self::Acosh => libm::acosh(x),
            Self::Asin => libm::asin(x),
            Self::Asinh => libm::asinh(x),
            Self::Atan => libm::atan(x),
            Self::Atan2 => libm::atan2(x, y),
            Self::Atanh => libm::atanh(x),
            Self::Ceil => libm::ceil(x),
            Self::Cos => libm::cos(x),
            Self::Cosh => libm::cosh(x),
            Self::Erf => libm::erf(x),
            Self::Exp => libm::exp(x),
            Self::Expm1 => libm::expm1(x),
            Self::Floor => libm::floor(x),
            Self::Fmod => libm::fmod(x, y),
            Self::Log => libm::log(x),
            Self::Log1p => libm::log1p(x),
            Self::Pow => libm::pow(x, y),
            Self::Rint => libm::rint(x),
            Self::Sin => libm::sin(x),
            Self::Sinh => libm::sinh(x),
            Self::Sqrt => libm::sqrt(x),
            Self::Tan => libm::tan(x),
            Self::Tanh => libm::tanh(x),
            Self::Trunc => libm::trunc(x),
        }
    }
}
