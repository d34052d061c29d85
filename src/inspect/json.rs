//! Samples in JSON as Edge Impulse's data acquisition writes them.

use serde_json::Value;

/// What a file says.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Samples {
    /// Milliseconds from sample to sample.
    pub(super) interval: f64,
    /// Names of the sensors.
    pub(super) sensors: Vec<String>,
    /// Samples.
    pub(super) count: usize,
}

/// Reads a whole file; none when it has another form.
pub(super) fn read(bytes: &[u8]) -> Option<Samples> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let payload = value.get("payload").unwrap_or(&value);
    let sensors = payload.get("sensors")?.as_array()?;
    let names = sensors.iter().filter_map(|sensor| Some(sensor.get("name")?.as_str()?.to_string())).collect();
    Some(Samples {
        interval: payload.get("interval_ms")?.as_f64().filter(|interval| *interval > 0.0)?,
        sensors: names,
        count: payload.get("values")?.as_array()?.len(),
    })
}
