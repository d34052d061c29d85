//! What a spec may ask of features, and what it is told when it asks for something else.

use tinyml::base::{Shape, Source};

use crate::program::resolve;

fn shapes(steps: &str, dims: &[usize], rate: Option<&str>) -> Vec<String> {
    let spec = resolve("f", steps, dims, rate).unwrap_or_else(|diags| panic!("{steps}: {diags}"));
    spec.features[0].steps[1..].iter().map(|step| step.output.to_string()).collect()
}

fn refusal(steps: &str, dims: &[usize], rate: Option<&str>) -> (String, String) {
    let diags = match resolve("f", steps, dims, rate) {
        Ok(spec) => panic!("{steps}: taken as {:?}", spec.features[0].output),
        Err(diags) => diags,
    };
    (diags.0[0].title.clone(), diags.0[0].help.clone().unwrap_or_default())
}

#[test]
fn shapes_and_rates_follow_the_steps() {
    assert_eq!(
        shapes("mfcc(frame = 30 ms, hop = 20 ms)\nreshape([49, 13, 1])", &[16_000, 1], Some("16 kHz")),
        ["f32[49, 13]", "f32[49, 13, 1]"]
    );
    assert_eq!(
        shapes("decimate(4)\nspectrogram(frame = 1 s, hop = 500 ms)", &[800, 3], Some("200 Hz")),
        ["f32[200, 3]", "f32[7, 33, 3]"]
    );
    assert_eq!(shapes("spectrogram(frame = 64, hop = 32, bins = 8)", &[128, 1], None), ["f32[3, 8]"]);
    assert_eq!(shapes("join(magnitude(), keep([0, 2]), [detrend(), delta()])", &[50, 3], None), ["f32[50, 6]"]);
    assert_eq!(
        shapes("join(statistics(), [spectrum(bins = 16), flatten()])\nscale()", &[50, 3], None),
        ["f32[72]", "f32[72]"]
    );
}

#[test]
fn channels_are_kept_by_name() {
    let text = "tml 1\n\nuse std.features.{keep, magnitude}\n\ndataset d {\n  source = csv(\"{label}.csv\")\n  channels = [ax, \"Gyro X\", az]\n  \
                classes = [a, b]\n}\n\nfeatures f from d {\n  keep([az, \"Gyro X\"])\n  keep([\"Gyro X\"])\n}\n";
    let source = Source::new("test.tml", text);
    let library = tinyml::library::Library::default();
    let read = |_: &str| Err(String::new());
    let spec = tinyml::spec::resolve(&tinyml::lang::parse(&source).unwrap(), &library, &read).unwrap().0;
    let steps = &spec.features[0].steps;
    assert_eq!(steps[0].args, [("channels".to_string(), "2, 1".to_string())]);
    assert_eq!(steps[1].args, [("channels".to_string(), "1".to_string())]);
    assert_eq!(spec.features[0].output, Shape::f32(&[1]));
    let wrong = Source::new("test.tml", text.replace("keep([\"Gyro X\"])", "keep([ax])"));
    let diags = tinyml::spec::resolve(&tinyml::lang::parse(&wrong).unwrap(), &library, &read).map(|_| ()).unwrap_err();
    assert_eq!(diags.0[0].title, "there is no channel `ax` here");
    assert_eq!(diags.0[0].help.as_deref(), Some("its channels are `az`, `Gyro X`"));
}

#[test]
fn what_does_not_fit_is_refused_with_a_way_out() {
    let rate = Some("16 kHz");
    let (title, help) = refusal("mfcc(frame = 30 ms, hop = 20 ms)", &[16_000], None);
    assert_eq!(title, "`mfcc` doesn't fit f32[16000]: `frame` is a time, but the sampling rate isn't known");
    assert_eq!(help, "say how fast the data was sampled: `rate = 50 Hz` in its `dataset`");
    let (title, _) = refusal("mfcc(frame = 30 ms, hop = 20 ms)", &[16_000, 2], rate);
    assert_eq!(title, "`mfcc` doesn't fit f32[16000, 2]: it takes one channel");
    let (title, _) = refusal("log_mel(frame = 30 ms, hop = 20 ms, high = 9 kHz)", &[16_000], rate);
    assert_eq!(
        title,
        "`log_mel` doesn't fit f32[16000]: `high` is 9000.0 Hz, but at 16000.0 Hz there is nothing above 8000.0 Hz"
    );
    let (title, help) = refusal("spectrum(bins = 200)", &[100, 1], None);
    assert_eq!(title, "`spectrum` doesn't fit f32[100, 1]: an FFT of 128 points has 65 bins, not 200");
    assert_eq!(help, "write `bins = 65` or less, or a longer `fft`");
    let (title, _) = refusal("spectrum(fft = 100)", &[100, 1], None);
    assert!(title.contains("a power of two from 8 on is needed"), "{title}");
    let (title, help) = refusal("spectrum()", &[40_000, 1], None);
    assert!(title.ends_with("its FFT would have 65536 points, but 32768 are the most"), "{title}");
    assert_eq!(help, "use a shorter window, or `decimate` before it");
    let (title, _) = refusal("keep([5])", &[50, 3], None);
    assert!(title.contains("none with the number 5"), "{title}");
    let (title, help) = refusal("filter(bandpass, low = 2 Hz)", &[50, 3], Some("50 Hz"));
    assert!(title.ends_with("a bandpass needs `high`"), "{title}");
    assert_eq!(help, "write `filter(bandpass, low = 1 Hz, high = 10 Hz)`");
    let (title, _) = refusal("reshape([4, 4])", &[50, 3], None);
    assert!(title.ends_with("4 × 4 are 16 values, not 150"), "{title}");
    let (title, _) = refusal("statistics(give = [meen])", &[50, 3], None);
    assert_eq!(title, "`give` can't be `meen`");
    let (title, help) = refusal("statistics(give = mean)", &[50, 3], None);
    assert!(title.starts_with("`give` takes a list"), "{title}");
    assert_eq!(help, "write a list: `give = [mean]`");
    let (title, _) = refusal("join(statistics())", &[50, 3], None);
    assert!(title.contains("fewer than two"), "{title}");
    let (title, help) = refusal("join(statistics(), scale())", &[50, 3], None);
    assert_eq!(title, "`scale` is fitted on what reaches it, which can't be done within `join`");
    assert_eq!(help, "put it behind: `join(…)`, then `scale()`");
    let (title, _) = refusal("join(statistics(), 3)", &[50, 3], None);
    assert_eq!(title, "`join` takes steps, but the number `3` is given");
    let (title, _) = refusal("resize([4096, 4096])", &[20, 12, 3], None);
    assert!(title.contains("more would come out than any board holds"), "{title}");
    let (title, _) = refusal("mfcc(frame = 1 us, hop = 20 ms)", &[16_000], rate);
    assert!(title.ends_with("`frame` is 1 us, which is shorter than a sample"), "{title}");
}
