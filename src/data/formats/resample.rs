//! Sampling rate conversion by a windowed sinc, one set of taps a phase (polyphase): J. O. Smith, "Digital Audio
//! Resampling" (2002). Kaiser window with beta 8 (-80 dB beside the passband), 24 zero crossings to each side, the
//! cutoff at 0.95 of the lower Nyquist frequency. Sums in double precision: the same bits on every host.

use crate::base::math;

/// Zero crossings of the sinc to each side.
const CROSSINGS: f64 = 24.0;

/// Share of the lower Nyquist frequency that passes.
const PASS: f64 = 0.95;

/// Of the Kaiser window.
const BETA: f64 = 8.0;

/// More different phases than this are computed anew for each sample.
const PHASES: usize = 4096;

/// Numbers that a conversion may make.
const MOST: u64 = 1 << 27;

/// Whether `length` numbers can be converted; a header may claim any rate. The error completes "`file` …".
pub fn fits(length: usize, (from, to): (u32, u32)) -> Result<(), String> {
    let made = (length as u64).saturating_mul(u64::from(to)) / u64::from(from.max(1));
    if made <= MOST { Ok(()) } else { Err(format!("would be {made} numbers at the rate that is asked for")) }
}

/// `x` (channels innermost) at `to` instead of `from` samples a second. Sample 0 stays where it is; there are
/// `ceil(length * to / from)` of them. Outside the recording is silence.
pub fn resample(x: Vec<f32>, channels: usize, (from, to): (u32, u32)) -> Vec<f32> {
    if from == to || from == 0 || to == 0 || channels == 0 {
        return x;
    }
    let divisor = gcd(from, to);
    let (up, down) = (u64::from(to / divisor), u64::from(from / divisor));
    let length = (x.len() / channels) as u64;
    let scale = PASS * f64::min(1.0, up as f64 / down as f64);
    let reach = (CROSSINGS / scale).ceil() as i64;
    let mut table: Vec<Vec<f64>> = Vec::new();
    if up as usize <= PHASES {
        table = (0..up).map(|phase| taps(phase as f64 / up as f64, scale, reach)).collect();
    }
    let count = (length * up).div_ceil(down);
    let mut out = Vec::with_capacity(count as usize * channels);
    for sample in 0..count {
        let (whole, phase) = (sample * down / up, sample * down % up);
        let fresh;
        let taps = if let Some(taps) = table.get(phase as usize) {
            taps
        } else {
            fresh = taps(phase as f64 / up as f64, scale, reach);
            &fresh
        };
        let first = whole as i64 - reach + 1;
        for channel in 0..channels {
            let mut sum = 0.0;
            for (tap, factor) in taps.iter().enumerate() {
                let at = first + tap as i64;
                if at >= 0 && at < length as i64 {
                    sum += factor * f64::from(x[at as usize * channels + channel]);
                }
            }
            out.push(sum as f32);
        }
    }
    out
}

/// Weights of the samples from `1 - reach` to `reach` around a point `phase` behind sample 0; they sum to 1.
fn taps(phase: f64, scale: f64, reach: i64) -> Vec<f64> {
    let weight = |at: i64| {
        let distance = at as f64 - phase;
        let position = distance / (reach as f64);
        if position.abs() >= 1.0 {
            return 0.0;
        }
        sinc(scale * distance) * bessel(BETA * (1.0 - position * position).sqrt())
    };
    let mut taps: Vec<f64> = (1 - reach..=reach).map(weight).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    taps
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    // The sine is the cosine a quarter turn later.
    if angle.abs() < 1e-9 { 1.0 } else { math::cos64(angle - std::f64::consts::FRAC_PI_2) / angle }
}

/// The modified Bessel function of order 0, by its power series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        let factor = x / (2.0 * f64::from(k));
        term *= factor * factor;
        sum += term;
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
