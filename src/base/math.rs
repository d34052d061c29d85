//! Elementary functions that give the same bits on every host: the `libm` crate, compiled into us,
//! never the platform's library (glibc, musl and Apple's differ in the last bit).

/// e to the power of `x`.
pub fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// Natural logarithm.
pub fn ln(x: f32) -> f32 {
    libm::logf(x)
}

/// Hyperbolic tangent.
pub fn tanh(x: f32) -> f32 {
    libm::tanhf(x)
}

/// e to the power of `x`, in double precision.
pub fn exp64(x: f64) -> f64 {
    libm::exp(x)
}

/// Natural logarithm, in double precision.
pub fn ln64(x: f64) -> f64 {
    libm::log(x)
}

/// Cosine, in double precision.
pub fn cos64(x: f64) -> f64 {
    libm::cos(x)
}

/// `x` to the power of `y`, in double precision.
pub fn pow64(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Sine, in double precision.
pub fn sin64(x: f64) -> f64 {
    libm::sin(x)
}

/// Tangent, in double precision.
pub fn tan64(x: f64) -> f64 {
    libm::tan(x)
}
