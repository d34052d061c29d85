//! Which features and which network fit the form of a recording: small enough for the board, large enough for the task.

use super::found::{Form, Found};

/// The chain, the layers and the options of training.
pub(super) struct Plan {
    /// Functions of `std.features`.
    pub(super) uses: Vec<&'static str>,
    /// Lines of `features`; none where the model takes the data as it is.
    pub(super) steps: Vec<String>,
    /// Why these.
    pub(super) steps_why: &'static str,
    /// Lines of `model` before the last layer.
    pub(super) layers: Vec<String>,
    /// Why these.
    pub(super) layers_why: &'static str,
    /// The value of `train`'s fields.
    pub(super) train: Vec<String>,
}

/// What fits `found`.
pub(super) fn plan(found: &Found) -> Plan {
    let mut plan = by_form(found);
    if !found.normal.is_empty() {
        // A detection learns how the numbers of normal recordings hang together, so it needs few of them.
        match found.form {
            Form::Take(..) => {
                plan.steps = texts(&["statistics()", "scale(method = standard)"]);
                plan.uses = vec!["scale", "statistics"];
            }
            Form::Stream { sound: true, .. } => {
                plan.steps.insert(2, "statistics(give = [mean, std])".into());
                plan.uses.push("statistics");
            }
            _ => {}
        }
        plan.layers = autoencoder(found);
        plan.layers_why = "a narrow middle learns only what is usual: what comes back wrong isn't";
        plan.train.clear();
    }
    plan
}

/// Layers that give their input again, through fewer numbers than it has.
fn autoencoder(found: &Found) -> Vec<String> {
    let width = match found.form {
        Form::Row(width) | Form::Series(width) => width,
        // Eight statistics a channel.
        Form::Take(_, channels) => 8 * channels,
        // Mean and deviation of 24 filters.
        Form::Stream { sound: true, .. } => 48,
        Form::Stream { channels, typical, rate, .. } => {
            let (_, bins) = window(typical, rate);
            (8 + bins) * channels
        }
        Form::Image(height, width, depth) => height * width * depth,
    };
    let (outer, inner) = ((width / 2).clamp(4, 32), (width / 4).clamp(2, 8));
    [outer, inner, outer]
        .map(|width| format!("dense({width}, activation = relu)"))
        .into_iter()
        .chain([format!("dense({width})")])
        .collect()
}

fn by_form(found: &Found) -> Plan {
    match found.form {
        Form::Row(channels) => row(found, channels),
        Form::Series(length) => series(found, length),
        Form::Take(length, _) => take(length),
        Form::Stream { typical, long, rate, sound: true, .. } => sound(found, typical, long, rate.unwrap_or(16_000.0)),
        Form::Stream { typical, rate, .. } => stream(typical, rate),
        Form::Image(height, width, _) => image(found, height, width),
    }
}

fn texts(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

fn row(found: &Found, channels: usize) -> Plan {
    let wide = channels > 24;
    let steps: &[&str] =
        if wide { &["scale(method = standard)", "clip(low = -5, high = 5)"] } else { &["scale(method = standard)"] };
    let few = found.count < 600;
    // A test part that was recorded on its own asks for what holds elsewhere too: a small network, trained shortly.
    let apart = !wide && found.split.as_ref().is_some_and(|split| split.contains("column ="));
    let layers: &[&str] = match (wide, few) {
        _ if apart => &["dense(16, activation = relu)"],
        (true, true) => &["dropout(0.1)", "dense(32, activation = relu)"],
        (true, false) => &["dense(48, activation = relu)"],
        (false, true) => &["dense(16, activation = relu)"],
        (false, false) => &["dense(24, activation = relu)", "dense(16, activation = relu)"],
    };
    let mut train = Vec::new();
    match found.count {
        0..4000 => {}
        _ if apart => train.extend(texts(&["epochs = 30", "batch = 64"])),
        4000..20_000 => train.extend(texts(&["epochs = 60", "batch = 64"])),
        20_000..100_000 => train.extend(texts(&["epochs = 30", "batch = 128"])),
        _ => train.extend(texts(&["epochs = 15", "batch = 256"])),
    }
    Plan {
        uses: if wide { vec!["clip", "scale"] } else { vec!["scale"] },
        steps: texts(steps),
        steps_why: "each channel to mean 0 and deviation 1, by the training part",
        layers: texts(layers),
        layers_why: "rows have no order in time or space: dense layers",
        train,
    }
}

fn series(found: &Found, length: usize) -> Plan {
    let first = if length >= 64 { 7 } else { 5 };
    let mut layers = vec![format!("reshape([{length}, 1])")];
    if length >= 64 {
        layers.push(format!("conv1d(8, kernel = {first}, stride = 2, activation = relu)"));
        layers.extend(texts(&["max_pool1d(2)", "conv1d(16, kernel = 5, stride = 2, activation = relu)"]));
    } else {
        layers.push(format!("conv1d(12, kernel = {first}, activation = relu)"));
    }
    layers.push("dropout(0.2)".into());
    Plan {
        uses: vec!["scale"],
        steps: texts(&["scale(method = standard)"]),
        steps_why: "each column to mean 0 and deviation 1, by the training part",
        layers,
        layers_why: "the columns of a row follow each other in time: a convolution over them",
        train: if found.count < 2000 { texts(&["epochs = 200", "batch = 16"]) } else { Vec::new() },
    }
}

fn take(length: usize) -> Plan {
    let layers: &[&str] = if length >= 60 {
        &[
            "conv1d(24, kernel = 9, stride = 3, activation = relu)",
            "conv1d(32, kernel = 5, stride = 2, activation = relu)",
            "dropout(0.4)",
        ]
    } else {
        &["conv1d(16, kernel = 5, activation = relu)", "max_pool1d(2)", "dropout(0.2)", "dense(16, activation = relu)"]
    };
    Plan {
        uses: vec!["scale"],
        steps: texts(&["scale(method = standard)"]),
        steps_why: "each channel to mean 0 and deviation 1, by the training part",
        layers: texts(layers),
        layers_why: "a take is short and begins with the movement: convolutions over time",
        // Takes are few: what may differ from one to the next is made up.
        train: texts(&["augment = [shift(10%), noise(10%), scale(20%), time_mask(10%)]", "average = yes"]),
    }
}

/// A time as the language writes it, or samples where no rate is known.
fn span(samples: usize, rate: Option<f64>) -> String {
    match rate {
        Some(rate) => {
            let milliseconds = (samples as f64 * 1000.0 / rate).round() as u64;
            if milliseconds.is_multiple_of(1000) {
                format!("{} s", milliseconds / 1000)
            } else {
                format!("{milliseconds} ms")
            }
        }
        None => samples.to_string(),
    }
}

/// Samples of a window, and bands of its spectrum.
fn window(typical: usize, rate: Option<f64>) -> (usize, usize) {
    // Two seconds hold a few periods of what people and machines do; a shorter recording is a window.
    let two = rate.map_or(128.0, |rate| 2.0 * rate);
    let length = (two as usize).clamp(8, typical.max(8));
    (length, if length >= 64 { 16 } else { 4 })
}

fn stream(typical: usize, rate: Option<f64>) -> Plan {
    let (length, bins) = window(typical, rate);
    let stride = (length / 4).max(1);
    let mut steps = vec![format!("window({}, stride = {})", span(length, rate), span(stride, rate))];
    steps.push(format!("join(statistics(), spectrum(bins = {bins}, scale = log))"));
    steps.push("scale(method = standard)".into());
    Plan {
        uses: vec!["join", "scale", "spectrum", "statistics"],
        steps,
        steps_why: "windows of a few periods; how strong and how fast the movement is, for each channel",
        layers: texts(&["dense(20, activation = relu)", "dropout(0.1)", "dense(10, activation = relu)"]),
        layers_why: "the features have no order left: dense layers",
        train: Vec::new(),
    }
}

fn sound(found: &Found, typical: usize, long: usize, rate: f64) -> Plan {
    // As long as all but the longest recordings, at most a second: a window must fit into the board's memory.
    let seconds = |samples: usize| samples as f64 / rate;
    let mut window = 200;
    while f64::from(window) / 1000.0 < seconds(long) - 0.02 && window < 1000 {
        window += 100;
    }
    let continuous = seconds(typical) > 3.0;
    let length = if window == 1000 { "1 s".to_string() } else { format!("{window} ms") };
    let cut = if continuous { "window(1 s, stride = 500 ms)".into() } else { format!("window({length})") };
    let frames = (window - 32) / 24 + 1;
    let layers: &[&str] = if frames >= 24 {
        &[
            "conv1d(32, kernel = 5, activation = relu)",
            "max_pool1d(2)",
            "conv1d(32, kernel = 5, activation = relu)",
            "max_pool1d(2)",
            "dropout(0.2)",
        ]
    } else {
        &["conv1d(24, kernel = 3, activation = relu)", "max_pool1d(2)", "dropout(0.2)"]
    };
    let epochs = if found.count < 4000 { "epochs = 80" } else { "epochs = 30" };
    Plan {
        uses: vec!["log_mel", "scale"],
        steps: vec![cut, "log_mel(frame = 32 ms, hop = 24 ms, filters = 24)".into(), "scale(method = standard)".into()],
        steps_why: "energy by mel frequency over time, as ears hear it",
        layers: texts(layers),
        layers_why: "convolutions over time, all frequencies at once",
        train: texts(&[epochs, "batch = 32", "augment = [shift(10%), noise(5%)]"]),
    }
}

fn image(found: &Found, height: usize, width: usize) -> Plan {
    let small = height.min(width);
    let layers: &[&str] = if small < 16 {
        &["conv2d(12, kernel = [3, 3], activation = relu)", "dropout(0.2)"]
    } else if small <= 40 {
        &[
            "conv2d(8, kernel = [3, 3], activation = relu)",
            "max_pool2d([2, 2])",
            "conv2d(16, kernel = [3, 3], activation = relu)",
            "max_pool2d([2, 2])",
            "dropout(0.2)",
        ]
    } else {
        &[
            "conv2d(8, kernel = [3, 3], stride = [2, 2], activation = relu)",
            "conv2d(16, kernel = [3, 3], stride = [2, 2], activation = relu)",
            "conv2d(24, kernel = [3, 3], stride = [2, 2], activation = relu)",
            "conv2d(32, kernel = [3, 3], stride = [2, 2], activation = relu)",
            "dropout(0.2)",
        ]
    };
    let epochs = if found.count < 20_000 { "epochs = 30" } else { "epochs = 15" };
    Plan {
        uses: vec!["scale"],
        steps: texts(&["scale(method = minmax)"]),
        steps_why: "pixels from 0 to 1",
        layers: texts(layers),
        layers_why: "convolutions and pooling, until little of the picture's size is left",
        train: texts(&[epochs, "batch = 32"]),
    }
}
