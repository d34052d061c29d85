//! JSON as Edge Impulse's data acquisition writes it (docs.edgeimpulse.com, "Data acquisition format"): a payload with
//! `interval_ms`, `sensors` by name, and `values`, a list of samples or, for one sensor, of numbers.

use serde::Deserialize;

use super::numbers::Numbers;
use super::resample::{fits, resample};

#[derive(Deserialize)]
struct File {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    interval_ms: f64,
    sensors: Vec<Sensor>,
    values: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sensor {
    name: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Sample {
    One(f32),
    Many(Vec<Option<f32>>),
    Missing(()),
}

/// Rates that differ by less than this share are the same: intervals are written with few digits.
const SAME: f64 = 0.005;

/// The stream of one file: the sensors called `channels`, in this order, at `rate` samples a second (`None`: as it is).
/// The error completes the sentence "`file` …".
pub fn read(bytes: &[u8], channels: &[String], rate: Option<f64>, convert: bool) -> Result<Numbers, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| match bytes.first() {
        None => "is empty".to_string(),
        Some(0xa0..=0xbf) => "is CBOR, not JSON; export it as JSON".to_string(),
        _ => format!("isn't JSON of the Edge Impulse form: {error}"),
    })?;
    let payload = file.payload;
    let found: Vec<&str> = payload.sensors.iter().map(|sensor| sensor.name.as_str()).collect();
    let order: Vec<usize> = channels
        .iter()
        .map(|channel| found.iter().position(|name| name == channel))
        .collect::<Option<_>>()
        .ok_or_else(|| {
            let absent = channels.iter().find(|channel| !found.contains(&channel.as_str()));
            format!("has no sensor `{}`; it has `{}`", absent.map_or("", String::as_str), found.join("`, `"))
        })?;
    let mut x = Vec::with_capacity(payload.values.len() * order.len());
    for (index, sample) in payload.values.iter().enumerate() {
        let count = match sample {
            Sample::Many(values) => values.len(),
            Sample::One(_) | Sample::Missing(()) => 1,
        };
        if count != found.len() {
            return Err(format!("has {count} values in sample {index}, but {} sensors", found.len()));
        }
        x.extend(order.iter().map(|sensor| match sample {
            Sample::One(value) => *value,
            Sample::Many(values) => values[*sensor].unwrap_or(f32::NAN),
            Sample::Missing(()) => f32::NAN,
        }));
    }
    if x.is_empty() {
        return Err("has no samples".into());
    }
    at_rate(x, order.len(), payload.interval_ms, rate, convert).map(Numbers::one)
}

fn at_rate(x: Vec<f32>, channels: usize, interval: f64, rate: Option<f64>, convert: bool) -> Result<Vec<f32>, String> {
    let Some(rate) = rate else { return Ok(x) };
    let found = 1000.0 / interval;
    if !found.is_finite() || found <= 0.0 {
        return Err(format!("says an interval of {interval} ms"));
    }
    if (found / rate - 1.0).abs() < SAME {
        return Ok(x);
    }
    if !convert {
        return Err(format!("has {found:.4} Hz, not {rate}; `resample = yes` converts it"));
    }
    // Millihertz, so that rates such as 62.5 Hz are whole.
    let rates = ((found * 1000.0).round() as u32, (rate * 1000.0).round() as u32);
    fits(x.len(), rates)?;
    Ok(resample(x, channels, rates))
}
