//! Butterworth filters as second-order sections, by the bilinear transform (Oppenheim and Schafer, "Discrete-Time Signal
//! Processing", 7.1): the analogue prototype's poles, moved to the band, and mapped to the unit circle.

use std::f64::consts::PI;

use crate::base::math::{cos64, sin64, tan64};

/// A complex number.
#[derive(Clone, Copy)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    fn scaled(self, by: f64) -> Self {
        Self::new(self.re * by, self.im * by)
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }

    fn times(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }

    fn square(self) -> f64 {
        self.re * self.re + self.im * self.im
    }

    fn over(self, other: Self) -> Self {
        self.times(Self::new(other.re, -other.im)).scaled(1.0 / other.square())
    }

    fn root(self) -> Self {
        let size = self.square().sqrt();
        let (re, im) = ((0.5 * (size + self.re)).max(0.0).sqrt(), (0.5 * (size - self.re)).max(0.0).sqrt());
        Self::new(re, if self.im < 0.0 { -im } else { im })
    }
}

/// Sections `[b0, b1, b2, a1, a2, g]` of a Butterworth filter: `kind` is `lowpass`, `highpass`, `bandpass` or `bandstop`,
/// `order` the prototype's, edges in hertz; `g` is the section's answer to a constant. Errors complete "it can't be made: …".
pub(in crate::library) fn butterworth(
    kind: &str,
    order: usize,
    (low, high): (f64, f64),
    rate: f64,
) -> Result<Vec<f64>, String> {
    let edge = |hertz: f64| tan64(PI * hertz / rate);
    let band = matches!(kind, "bandpass" | "bandstop");
    let mut sections = Vec::new();
    for k in 0..order.div_ceil(2) {
        let angle = PI * (2 * k + order + 1) as f64 / (2 * order) as f64;
        let real = 2 * k + 1 == order;
        let pole = if real { Complex::new(-1.0, 0.0) } else { Complex::new(cos64(angle), sin64(angle)) };
        match kind {
            "lowpass" => sections.push(one(pole.scaled(edge(high)), real, 1.0, edge(high))),
            "highpass" => sections.push(one(Complex::new(edge(low), 0.0).over(pole), real, -1.0, 1.0)),
            _ if band => two(kind, pole, real, (edge(low), edge(high)), &mut sections),
            _ => return Err(format!("there is no filter `{kind}`")),
        }
    }
    Ok(sections.into_iter().flatten().collect())
}

/// The section of a low-pass (`sign` 1) or high-pass (−1) with the analogue pole `pole` and, unless it is `real`, its
/// conjugate: zeros at z = −`sign`.
fn one(pole: Complex, real: bool, sign: f64, gain: f64) -> [f64; 6] {
    let from = Complex::new(1.0 - pole.re, -pole.im);
    let z = Complex::new(1.0 + pole.re, pole.im).over(from);
    if real {
        let gain = gain / from.re;
        return section([gain, sign * gain, 0.0], -z.re, 0.0);
    }
    let gain = gain * gain / from.square();
    section([gain, 2.0 * sign * gain, gain], -2.0 * z.re, z.square())
}

/// The sections of a band filter that one pole of the prototype gives: s becomes (s² + w²) / (s·width), or its inverse.
fn two(kind: &str, pole: Complex, real: bool, (low, high): (f64, f64), sections: &mut Vec<[f64; 6]>) {
    let (width, centre) = (high - low, low * high);
    let half = if kind == "bandpass" { pole.scaled(width / 2.0) } else { Complex::new(width / 2.0, 0.0).over(pole) };
    let spread = half.times(half).plus(Complex::new(-centre, 0.0)).root();
    let roots = [half.plus(spread), half.plus(spread.scaled(-1.0))];
    // Zeros at z = ±1, or on the circle at the centre: (s² + w²) is proportional to z² − 2 cos z + 1.
    let (top, each): ([f64; 3], f64) = if kind == "bandpass" {
        ([1.0, 0.0, -1.0], width)
    } else {
        ([1.0, -2.0 * (1.0 - centre) / (1.0 + centre), 1.0], 1.0 + centre)
    };
    let place = |root: Complex| {
        let from = Complex::new(1.0 - root.re, -root.im);
        (Complex::new(1.0 + root.re, root.im).over(from), from)
    };
    if real {
        let ((first, a), (second, b)) = (place(roots[0]), place(roots[1]));
        let gain = each / a.times(b).re;
        let (sum, product) = (first.plus(second).re, first.times(second).re);
        sections.push(section(top.map(|value| value * gain), -sum, product));
        return;
    }
    for root in roots {
        let (z, from) = place(root);
        let gain = each / from.square();
        sections.push(section(top.map(|value| value * gain), -2.0 * z.re, z.square()));
    }
}

fn section([b0, b1, b2]: [f64; 3], a1: f64, a2: f64) -> [f64; 6] {
    [b0, b1, b2, a1, a2, (b0 + b1 + b2) / (1.0 + a1 + a2)]
}
