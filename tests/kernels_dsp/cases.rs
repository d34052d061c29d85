//! Layers: random ones of odd shapes, and those of known networks.

use tinyml::base::Shape;
use tinyml::base::rng::Rng;
use tinyml::net::ops::Args;
use tinyml::net::{Net, QNet, quantize};

fn layer(word: &str, args: &[(&str, String)]) -> (String, Args) {
    (word.into(), args.iter().map(|(name, value)| ((*name).to_string(), value.clone())).collect())
}

fn quantised(input: &[usize], layers: &[(String, Args)], seed: u64) -> Option<QNet> {
    let mut rng = Rng::new(seed, "dsp network");
    let mut net = Net::build(&Shape::f32(input), layers).ok()?;
    net.initialise(seed);
    net.weights.iter_mut().for_each(|weight| *weight += 0.05 * rng.range(-1.0, 1.0));
    let samples: Vec<f32> = (0..8 * net.input.len()).map(|_| rng.range(-1.0, 1.0)).collect();
    quantize(&net, &samples).ok()
}

/// One layer of up to 70 channels; its kind goes by the seed.
pub(crate) fn random(rng: &mut Rng, seed: u64) -> QNet {
    loop {
        let activation = ["none", "relu", "relu6"][rng.below(3)].to_string();
        let side = |rng: &mut Rng, most: usize| rng.below(most) + 1;
        let channels = if rng.below(2) == 0 { side(rng, 70) } else { 4 * side(rng, 12) };
        let image = [side(rng, 11), side(rng, 11), channels];
        let pair = |rng: &mut Rng, most: usize| format!("[{}, {}]", rng.below(most) + 1, rng.below(most) + 1);
        let padding = |rng: &mut Rng| {
            let explicit = format!("[{}, {}, {}, {}]", rng.below(3), rng.below(3), rng.below(3), rng.below(3));
            ["same".to_string(), "valid".into(), explicit][rng.below(3)].clone()
        };
        let filters = side(rng, 70).to_string();
        let net = match seed % 5 {
            0 => {
                let inputs = if rng.below(3) == 0 { side(rng, 70) } else { 4 * side(rng, 40) };
                quantised(&[inputs], &[layer("dense", &[("units", filters), ("activation", activation)])], seed)
            }
            1 => {
                let args = [("filters", filters), ("kernel", "1".into()), ("activation", activation)];
                quantised(&image, &[layer("conv2d", &args)], seed)
            }
            2 => {
                let dilation = if rng.below(3) == 0 { pair(rng, 2) } else { "[1, 1]".into() };
                let args = [
                    ("filters", filters),
                    ("kernel", pair(rng, 4)),
                    ("stride", pair(rng, 2)),
                    ("dilation", dilation),
                    ("padding", padding(rng)),
                    ("activation", activation),
                ];
                let channels = [1, 3, image[2].min(20)][rng.below(3)];
                quantised(&[image[0], image[1], channels], &[layer("conv2d", &args)], seed)
            }
            _ => {
                let kernel = if rng.below(2) == 0 { "3".into() } else { pair(rng, 5) };
                let args = [
                    ("kernel", kernel),
                    ("stride", pair(rng, 2)),
                    ("padding", padding(rng)),
                    ("activation", activation),
                ];
                quantised(&image, &[layer("depthwise_conv2d", &args)], seed)
            }
        };
        if let Some(net) = net {
            return net;
        }
    }
}

/// Layers of networks that others publish figures for.
pub(crate) fn known() -> Vec<(&'static str, QNet)> {
    let conv = |filters: usize, kernel: &str, stride: &str| {
        let relu = ("activation", "relu".to_string());
        let (kernel, stride, padding) =
            (("kernel", kernel.into()), ("stride", stride.into()), ("padding", "same".into()));
        layer("conv2d", &[("filters", filters.to_string()), kernel, stride, padding, relu])
    };
    let depthwise = |stride: &str| {
        let relu = ("activation", "relu".to_string());
        let (kernel, padding) = (("kernel", "3".to_string()), ("padding", "same".to_string()));
        layer("depthwise_conv2d", &[kernel, ("stride", stride.into()), padding, relu])
    };
    let dense = |units: usize| layer("dense", &[("units", units.to_string()), ("activation", "relu".into())]);
    let cases: Vec<(&'static str, Vec<usize>, (String, Args))> = vec![
        ("KWS conv 10x4x1 s2", vec![49, 10, 1], conv(64, "[10, 4]", "2")),
        ("KWS depthwise 3x3x64", vec![25, 5, 64], depthwise("1")),
        ("KWS pointwise 64", vec![25, 5, 64], conv(64, "1", "1")),
        ("AD dense 640", vec![640], dense(128)),
        ("AD dense 128", vec![128], dense(128)),
        ("AD dense 128 640", vec![128], dense(640)),
        ("ResNet conv 3x3x3", vec![32, 32, 3], conv(16, "3", "1")),
        ("ResNet conv 3x3x16", vec![32, 32, 16], conv(16, "3", "1")),
        ("ResNet conv 3x3x16 s2", vec![32, 32, 16], conv(32, "3", "2")),
        ("ResNet conv 3x3x32", vec![16, 16, 32], conv(32, "3", "1")),
        ("ResNet conv 3x3x64", vec![8, 8, 64], conv(64, "3", "1")),
        ("MobileNet conv 3x3x3 s2", vec![96, 96, 3], conv(8, "3", "2")),
        ("MobileNet depthwise 48x48x8", vec![48, 48, 8], depthwise("1")),
        ("MobileNet pointwise 8 16", vec![48, 48, 8], conv(16, "1", "1")),
        ("MobileNet depthwise 48x48x16 s2", vec![48, 48, 16], depthwise("2")),
        ("MobileNet pointwise 32 32", vec![24, 24, 32], conv(32, "1", "1")),
        ("MobileNet depthwise 6x6x128", vec![6, 6, 128], depthwise("1")),
        ("MobileNet pointwise 128 128", vec![6, 6, 128], conv(128, "1", "1")),
        ("MobileNet pointwise 256 256", vec![3, 3, 256], conv(256, "1", "1")),
    ];
    cases.into_iter().filter_map(|(name, input, layer)| Some((name, quantised(&input, &[layer], 1)?))).collect()
}
