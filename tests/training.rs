//! The trainer at its boundary: the same bits whoever computes, real data learnt to its floor, bad input refused.
#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test reads data and tells the time it took")]

use std::path::Path;
use std::time::Instant;

use tinyml::base::rng::Rng;
use tinyml::base::{Digest, Shape};
use tinyml::net::ops::Args;
use tinyml::net::train::{
    Augment, Balance, Keeper, Loss, Optimizer, Options, Schedule, Targets, TrainData, train, train_kept, train_rounded,
};
use tinyml::net::{Isa, Net, Quant, artifact, qnet, quantize};

fn layer(word: &str, args: &[(&str, &str)]) -> (String, Args) {
    (word.into(), args.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

fn dense(units: &str, activation: &str) -> (String, Args) {
    layer("dense", &[("units", units), ("activation", activation)])
}

/// Owned samples.
struct Data {
    x: Vec<f32>,
    y: Vec<i32>,
    part: Vec<u8>,
}

impl Data {
    fn view(&self) -> TrainData<'_> {
        TrainData { x: &self.x, y: Targets::Classes(&self.y), part: &self.part }
    }

    fn rows(&self, part: u8) -> impl Iterator<Item = usize> {
        (0..self.y.len()).filter(move |row| self.part[*row] == part)
    }

    fn samples(&self, part: u8) -> Vec<f32> {
        let width = self.x.len() / self.y.len();
        self.rows(part).flat_map(|row| self.x[row * width..(row + 1) * width].iter().copied()).collect()
    }
}

/// Rings around the origin in some dimensions, at an offset and scale that no optimiser likes.
fn rings(count: usize, width: usize, classes: usize) -> Data {
    let mut rng = Rng::new(4, "training rings");
    let mut data = Data { x: Vec::new(), y: Vec::new(), part: Vec::new() };
    for at in 0..count {
        let class = rng.below(classes);
        let sample: Vec<f32> = (0..width).map(|_| rng.normal()).collect();
        let norm = sample.iter().map(|x| x * x).sum::<f32>().sqrt();
        let radius = class as f32 + 0.6 + 0.4 * rng.unit();
        data.x.extend(sample.iter().map(|x| 500.0 + 20.0 * radius * x / norm));
        data.y.push(class as i32);
        data.part.push([0, 0, 0, 1, 2][at % 5]);
    }
    data
}

fn accuracy(net: &Net, data: &Data) -> (f64, f64) {
    let quantised = quantize(net, &data.samples(0)).expect("it quantises");
    let (float, int8) = (net.forward(&data.samples(2)), quantised.run(&data.samples(2)));
    let classes = net.output().len();
    let right = |answers: Vec<usize>| {
        let right = data.rows(2).zip(&answers).filter(|(row, answer)| data.y[*row] as usize == **answer).count();
        right as f64 / answers.len() as f64
    };
    let best = |scores: &[f32]| (0..scores.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
    (right(float.chunks(classes).map(best).collect()), right(int8.chunks(classes).map(qnet::argmax).collect()))
}

#[test]
fn weights_are_the_same_for_every_thread_count_and_instruction_set() {
    let data = rings(600, 40, 3);
    let layers = [dense("301", "relu"), layer("dropout", &[("rate", "0.2")]), dense("70", "relu"), dense("3", "none")];
    let net = Net::build(&Shape::f32(&[40]), &layers).expect("it builds");
    let digest = |isa: Isa, threads: usize| {
        let optimizer = Optimizer::Adam { lr: 1e-3, decay: 1e-3 };
        let schedule = Schedule::Cosine;
        let augment = vec![Augment::Noise(0.1), Augment::Scale(0.2), Augment::Mixup(0.3)];
        let options =
            Options { epochs: 2, batch: 75, optimizer, schedule, isa, threads, augment, ..Options::default() };
        let options = Options { balance: Balance::Yes, warmup: 0.1, clip: 1.0, average: true, ..options };
        let trained = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
        Digest::of(&artifact::write_net(&trained.net).1)
    };
    let expected = digest(Isa::detect(), 1);
    for isa in Isa::available() {
        for threads in if isa == Isa::Baseline { 2..=2 } else { 1..=3 } {
            assert_eq!(digest(isa, threads), expected, "{isa:?}, {threads} threads");
        }
    }
    // The same on every machine: this is the digest that any of them must give.
    assert_eq!(expected.short(), "300ef44a");
}

/// Every kind of layer whose passes are written in vectors, with widths that fill no vector.
#[test]
fn convolutions_have_the_same_bits_everywhere() {
    let data = stripes(120, 9);
    let conv = |filters: &str, kernel: &str, more: (&str, &str)| {
        layer("conv2d", &[("filters", filters), ("kernel", kernel), ("padding", "same"), more])
    };
    let layers = [
        conv("19", "[3, 2]", ("stride", "1")),
        layer("batch_norm", &[]),
        layer("relu", &[]),
        layer("depthwise_conv2d", &[("kernel", "3"), ("padding", "same")]),
        layer("max_pool2d", &[("kernel", "3"), ("stride", "2"), ("padding", "same")]),
        conv("34", "3", ("stride", "2")),
        conv("6", "2", ("dilation", "2")),
        conv("4", "1", ("groups", "2")),
        layer("average_pool2d", &[("kernel", "2")]),
        dense("2", "none"),
    ];
    let net = Net::build(&Shape::f32(&[9, 9, 1]), &layers).expect("it builds");
    let digest = |isa: Isa, threads: usize| {
        let augment = vec![Augment::Crop(0.1), Augment::Flip];
        // Enough multiply-accumulates for threads to be used.
        let options = Options { epochs: 2, batch: 60, isa, threads, augment, ..Options::default() };
        let trained = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
        Digest::of(&artifact::write_net(&trained.net).1)
    };
    let expected = digest(Isa::detect(), 1);
    for isa in Isa::available() {
        for threads in if isa == Isa::Baseline { 2..=2 } else { 1..=3 } {
            assert_eq!(digest(isa, threads), expected, "{isa:?}, {threads} threads");
        }
    }
    // The same on every machine: this is the digest that any of them must give.
    assert_eq!(expected.short(), "bc9bd9a7");
}

#[test]
fn every_optimizer_learns_what_no_line_divides() {
    let data = rings(1500, 2, 2);
    let layers =
        [dense("24", "relu"), dense("12", "none"), layer("relu", &[]), dense("2", "none"), layer("softmax", &[])];
    let net = Net::build(&Shape::f32(&[2]), &layers).expect("it builds");
    let all = [
        (Optimizer::Sgd { lr: 0.05, momentum: 0.9, decay: 1e-4 }, Schedule::Constant),
        (Optimizer::Adam { lr: 5e-3, decay: 0.0 }, Schedule::Cosine),
        (Optimizer::Adam { lr: 5e-3, decay: 1e-2 }, Schedule::Constant),
    ];
    for (optimizer, schedule) in all {
        let options = Options { epochs: 60, optimizer, schedule, patience: 20, ..Options::default() };
        let trained = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
        let (float, _) = accuracy(&trained.net, &data);
        assert!(float > 0.95, "{optimizer:?}: {float}");
        let best = trained.history.iter().map(|epoch| epoch.valid_loss).fold(f32::INFINITY, f32::min);
        assert!(trained.history[trained.best as usize - 1].valid_loss <= best, "the best weights are kept");
    }
}

/// Noisy images of stripes, and which way they run; anywhere, so that no pixel says it alone.
fn stripes(count: usize, side: usize) -> Data {
    let mut rng = Rng::new(8, "training stripes");
    let mut data = Data { x: Vec::new(), y: Vec::new(), part: Vec::new() };
    for at in 0..count {
        let (class, shift) = (rng.below(2), rng.below(4));
        for pixel in 0..side * side {
            let phase = [pixel / side, pixel % side][class] + shift;
            data.x.push(if phase % 4 < 2 { 3.0 } else { 1.0 } + 0.5 * rng.normal());
        }
        data.y.push(class as i32);
        data.part.push([0, 0, 0, 1, 2][at % 5]);
    }
    data
}

#[test]
fn convolutions_and_recurrent_layers_learn_what_lies_anywhere() {
    let data = stripes(250, 6);
    let convolutions = [
        layer("conv2d", &[("filters", "4"), ("kernel", "3"), ("padding", "same")]),
        layer("batch_norm", &[]),
        layer("relu", &[]),
        layer("depthwise_conv2d", &[("kernel", "3"), ("stride", "2"), ("padding", "same")]),
        layer("batch_norm", &[]),
        layer("relu6", &[]),
        layer("global_average_pool", &[]),
        dense("2", "none"),
    ];
    let recurrent = |word: &str| {
        [layer("reshape", &[("dims", "[6, 6]")]), layer(word, &[("units", "6")]), dense("2", "none")].to_vec()
    };
    for layers in [convolutions.to_vec(), recurrent("gru"), recurrent("lstm")] {
        let net = Net::build(&Shape::f32(&[6, 6, 1]), &layers).expect("it builds");
        let optimizer = Optimizer::Adam { lr: 1e-2, decay: 0.0 };
        let options = Options { epochs: 20, batch: 16, optimizer, ..Options::default() };
        let trained = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
        let (float, int8) = accuracy(&trained.net, &data);
        eprintln!("{}: {float:.3} in float, {int8:.3} in int8", layers[1].0);
        assert!(float >= 0.85 && int8 >= 0.85, "{}: {float} {int8}", layers[1].0);
    }
}

/// Numbers that follow from the inputs, at a scale that no optimiser likes: one by a curve, one by a line.
fn curves(count: usize) -> (Vec<f32>, Vec<f32>, Vec<u8>) {
    let mut rng = Rng::new(6, "training curves");
    let (mut x, mut y, mut part) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..count {
        let (a, b) = (rng.range(-2.0, 2.0), rng.range(-2.0, 2.0));
        x.extend([10.0 * a + 30.0, 6.0 * b]);
        y.extend([5000.0 + 800.0 * a * a - 300.0 * b, 1e-3 * (a + 2.0 * b)]);
        part.push([0, 0, 0, 1, 2][at % 5]);
    }
    (x, y, part)
}

#[test]
fn numbers_are_learnt_by_every_loss() {
    let (x, y, part) = curves(1000);
    let net = Net::build(&Shape::f32(&[2]), &[dense("24", "relu"), dense("2", "none")]).expect("it builds");
    let data = TrainData { x: &x, y: Targets::Values(&y), part: &part };
    for loss in [None, Some(Loss::AbsoluteError), Some(Loss::Huber { delta: 1.0 })] {
        let optimizer = Optimizer::Adam { lr: 1e-2, decay: 0.0 };
        let options = Options { epochs: 40, optimizer, schedule: Schedule::Cosine, loss, ..Options::default() };
        let trained = train(&net, &data, &options, &mut |_| true).expect("it trains");
        let best = trained.history[trained.best as usize - 1];
        // The outputs are in the targets' own units.
        let outputs = trained.net.forward(&x);
        for at in 0..2 {
            let (mut wrong, mut all) = (0.0, 0.0);
            let mean = y.iter().skip(at).step_by(2).sum::<f32>() / 1000.0;
            for row in (0..1000).filter(|row| part[*row] == 2) {
                wrong += (outputs[2 * row + at] - y[2 * row + at]).powi(2);
                all += (y[2 * row + at] - mean).powi(2);
            }
            eprintln!("{loss:?}, target {at}: R² {:.4}, validation {:.4}", 1.0 - wrong / all, best.valid_score);
            assert!(1.0 - wrong / all > 0.97, "{loss:?} {at}");
        }
        let quantised = quantize(&trained.net, &x).expect("it quantises");
        assert_eq!(quantised.output().len(), 2);
    }
}

#[test]
fn many_answers_at_once_are_learnt() {
    let (x, _, part) = curves(1000);
    let y: Vec<f32> = x
        .chunks(2)
        .flat_map(|x| [x[0] > 30.0, x[1] > 0.0, (x[0] > 30.0) == (x[1] > 0.0)])
        .map(|bit| f32::from(u8::from(bit)))
        .collect();
    let layers = [dense("24", "relu"), dense("3", "none"), layer("sigmoid", &[])];
    let net = Net::build(&Shape::f32(&[2]), &layers).expect("it builds");
    let data = TrainData { x: &x, y: Targets::Values(&y), part: &part };
    let optimizer = Optimizer::Adam { lr: 1e-2, decay: 0.0 };
    let options = Options { epochs: 40, optimizer, loss: Some(Loss::BinaryCrossEntropy), ..Options::default() };
    let trained = train(&net, &data, &options, &mut |_| true).expect("it trains");
    assert!(trained.history[trained.best as usize - 1].valid_score > 0.95);
    let outputs = trained.net.forward(&x);
    let right = outputs.iter().zip(&y).filter(|(output, y)| (**output > 0.5) == (**y > 0.5)).count();
    assert!(right > 2850, "{right} of 3000");
}

/// Points near a line in six dimensions, far from zero, some dimensions much larger than others.
#[test]
fn an_autoencoder_gives_raw_inputs_back() {
    let mut rng = Rng::new(3, "training autoencoder");
    let (mut x, mut part) = (Vec::new(), Vec::new());
    for at in 0..600 {
        let (a, b) = (rng.normal(), rng.normal());
        for column in 0..6_u8 {
            let column = f32::from(column);
            x.push(100.0 * column + (1.0 + column) * (a * (column - 2.0) + b) + 0.01 * rng.normal());
        }
        part.push([0, 0, 0, 1, 2][at % 5]);
    }
    let data = TrainData { x: &x, y: Targets::Input, part: &part };
    let chain = |layers: &[(String, Args)], input: &[usize]| {
        let net = Net::build(&Shape::f32(input), layers).expect("it builds");
        let optimizer = Optimizer::Adam { lr: 1e-2, decay: 0.0 };
        let options = Options { epochs: 60, optimizer, schedule: Schedule::Cosine, ..Options::default() };
        let trained = train(&net, &data, &options, &mut |_| true).expect("it trains");
        let outputs = trained.net.forward(&x);
        let error = x.iter().zip(&outputs).map(|(x, y)| (x - y).powi(2)).sum::<f32>() / 600.0;
        let last = trained.history[trained.best as usize - 1];
        eprintln!("autoencoder over {input:?}: squared error {error:.3} a row, R² {:.4}", last.valid_score);
        error
    };
    // The rows' own spread is some 300.
    assert!(chain(&[dense("12", "relu"), dense("2", "none"), dense("12", "relu"), dense("6", "none")], &[6]) < 6.0);
    let convolutions = [
        layer("conv1d", &[("filters", "8"), ("kernel", "3"), ("padding", "same"), ("activation", "relu")]),
        layer("conv1d", &[("filters", "2"), ("kernel", "1")]),
    ];
    assert!(chain(&convolutions, &[3, 2]) < 150.0);
}

/// Keeps every third epoch, and is killed after the seventh.
#[derive(Default)]
struct Shelf {
    state: Option<Vec<u8>>,
    asked: usize,
}

impl Keeper for Shelf {
    fn resume(&mut self) -> Option<Vec<u8>> {
        self.state.clone()
    }

    fn due(&mut self) -> bool {
        self.asked += 1;
        self.asked.is_multiple_of(3)
    }

    fn keep(&mut self, state: Vec<u8>) {
        self.state = Some(state);
    }
}

#[test]
fn a_killed_training_ends_in_the_same_bits() {
    let data = rings(200, 4, 2);
    let net = Net::build(&Shape::f32(&[4]), &[dense("8", "relu"), dense("2", "none")]).expect("it builds");
    for optimizer in [Optimizer::Adam { lr: 1e-2, decay: 1e-3 }, Optimizer::Sgd { lr: 1e-2, momentum: 0.9, decay: 0.0 }]
    {
        let augment = vec![Augment::Noise(0.1)];
        let options = Options { epochs: 12, optimizer, augment, average: true, warmup: 0.2, ..Options::default() };
        let whole = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
        let mut shelf = Shelf::default();
        let killed = train_kept(&net, &data.view(), &options, &mut |epoch| epoch.epoch < 7, &mut shelf);
        assert!(killed.is_ok_and(|killed| killed.cancelled));
        let mut epochs = Vec::new();
        let again = train_kept(
            &net,
            &data.view(),
            &options,
            &mut |epoch| {
                epochs.push(epoch.epoch);
                true
            },
            &mut shelf,
        );
        let again = again.expect("it trains");
        assert_eq!(epochs[0], 7, "it goes on behind the sixth");
        assert_eq!((again.history, again.best), (whole.history, whole.best));
        assert!(again.net.weights.iter().zip(&whole.net.weights).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

/// Going on from trained weights begins where training ended, whatever was taken into the first and last layers.
#[test]
fn training_goes_on_where_it_ended() {
    let (x, y, part) = curves(500);
    let net = Net::build(&Shape::f32(&[2]), &[dense("24", "relu"), dense("2", "none")]).expect("it builds");
    let data = TrainData { x: &x, y: Targets::Values(&y), part: &part };
    let optimizer = Optimizer::Adam { lr: 1e-2, decay: 0.0 };
    let options = Options { epochs: 40, optimizer, schedule: Schedule::Cosine, ..Options::default() };
    let first = train(&net, &data, &options, &mut |_| true).expect("it trains");
    let slow = Options { epochs: 1, optimizer: Optimizer::Adam { lr: 1e-9, decay: 0.0 }, fresh: false, ..options };
    let second = train(&first.net, &data, &slow, &mut |_| true).expect("it trains");
    let (before, after) = (first.history[first.best as usize - 1], second.history[0]);
    assert!((before.valid_loss - after.valid_loss).abs() < 1e-4 * before.valid_loss.max(0.01), "{before:?} {after:?}");
}

/// Depthwise and narrow layers at 8 bits lose accuracy on purpose here: one channel's weights are a thousand times those of
/// another. Training with rounded numbers brings some of it back, and gives the same bits on any number of threads.
#[test]
fn training_with_rounded_numbers_helps_int8() {
    let data = stripes(400, 6);
    let layers = [
        layer("conv2d", &[("filters", "3"), ("kernel", "3"), ("padding", "same"), ("activation", "relu")]),
        layer("depthwise_conv2d", &[("kernel", "3"), ("stride", "2"), ("padding", "same"), ("activation", "relu6")]),
        layer("global_average_pool", &[]),
        dense("2", "none"),
    ];
    let net = Net::build(&Shape::f32(&[6, 6, 1]), &layers).expect("it builds");
    let optimizer = Optimizer::Adam { lr: 1e-2, decay: 0.0 };
    let options = Options { epochs: 25, batch: 16, optimizer, ..Options::default() };
    let trained = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
    let samples = data.samples(0);
    let quantised = quantize(&trained.net, &samples).expect("it quantises");
    // Coarse values: sixteen times the scale.
    let quants: Vec<Quant> = std::iter::once(quantised.quant)
        .chain(quantised.nodes.iter().map(|node| node.lowered.quant))
        .map(|quant| Quant { scale: 16.0 * quant.scale, zero_point: quant.zero_point / 16 })
        .collect();
    let gentle = |threads: usize| {
        let options = Options { threads, ..options.clone() }.gentle(240);
        train_rounded(&trained.net, &quants, &data.view(), &options, &mut |_| true).expect("it trains")
    };
    let rounded = gentle(1);
    let (first, best) = (rounded.history[0], rounded.history[rounded.best as usize - 1]);
    eprintln!("rounded coarsely: {:.3} after one epoch, {:.3} at best", first.valid_score, best.valid_score);
    assert!(best.valid_loss < first.valid_loss && best.valid_score >= 0.7, "{first:?} {best:?}");
    assert_eq!(gentle(2).net.weights, rounded.net.weights);
    assert_ne!(rounded.net.weights, trained.net.weights);
}

/// Twenty samples of two classes: enough steps are made without being asked for.
#[test]
fn few_samples_are_seen_often_enough() {
    let mut data = rings(40, 4, 2);
    data.part.iter_mut().enumerate().for_each(|(at, part)| *part = u8::from(at >= 20) * 2);
    for (row, class) in data.y.iter().enumerate() {
        data.x[4 * row] += 60.0 * *class as f32;
    }
    let net = Net::build(&Shape::f32(&[4]), &[dense("8", "relu"), dense("2", "none")]).expect("it builds");
    let trained = train(&net, &data.view(), &Options::default(), &mut |_| true).expect("it trains");
    let (float, int8) = accuracy(&trained.net, &data);
    assert!(float >= 0.95 && int8 >= 0.95, "{float} {int8}");
}

#[test]
fn balancing_finds_the_rare_class() {
    let mut data = rings(1500, 3, 2);
    let mut rare = 0;
    let kept: Vec<bool> = data
        .y
        .iter()
        .map(|class| {
            *class == 0 || {
                rare += 1;
                rare % 12 == 0
            }
        })
        .collect();
    data.x = data.x.chunks(3).zip(&kept).filter(|(_, kept)| **kept).flat_map(|(x, _)| x.to_vec()).collect();
    for (row, x) in data.x.iter_mut().enumerate() {
        *x += 25.0 * Rng::new(row as u64, "blur").normal();
    }
    data.y = data.y.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(y, _)| *y).collect();
    data.part = (0..data.y.len()).map(|at| [0, 0, 0, 1, 2][at % 5]).collect();
    let net = Net::build(&Shape::f32(&[3]), &[dense("16", "relu"), dense("2", "none")]).expect("it builds");
    let recall = |balance: Balance| {
        let options = Options { epochs: 60, balance, ..Options::default() };
        let trained = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
        let outputs = trained.net.forward(&data.samples(2));
        let rare = data.rows(2).zip(outputs.chunks(2)).filter(|(row, _)| data.y[*row] == 1);
        let (all, found) =
            rare.fold((0, 0), |(all, found), (_, output)| (all + 1, found + usize::from(output[1] > output[0])));
        f64::from(found as u32) / f64::from(all)
    };
    let (plain, balanced) = (recall(Balance::No), recall(Balance::Auto));
    eprintln!("recall of the rare class: {plain:.2}, balanced {balanced:.2}");
    assert!(balanced > plain + 0.1);
}

#[test]
fn progress_stops_it_and_patience_ends_it() {
    let data = rings(200, 4, 2);
    let net = Net::build(&Shape::f32(&[4]), &[dense("2", "none")]).expect("it builds");
    let mut seen = 0;
    let options = Options { epochs: 500, patience: 5, ..Options::default() };
    let stopped = train(&net, &data.view(), &options, &mut |epoch| {
        seen = epoch.epoch;
        seen < 3
    });
    assert!(stopped.is_ok_and(|trained| trained.cancelled && trained.history.len() == 3));
    let ended = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
    assert!(!ended.cancelled && ended.history.len() < 500);
}

#[test]
fn bad_input_is_a_sentence() {
    let data = rings(50, 2, 2);
    let build = |layers: &[(String, Args)]| Net::build(&Shape::f32(&[2]), layers);
    let net = build(&[dense("2", "none")]).expect("it builds");
    let refuse = |data: &Data, net: &Net, options: &Options| {
        train(net, &data.view(), options, &mut |_| true).err().unwrap_or_default()
    };
    let small = build(&[dense("1", "none")]).expect("it builds");
    assert!(refuse(&data, &small, &Options::default()).contains("the model has 1 outputs"));
    let mut broken = rings(50, 2, 2);
    broken.x[7] = f32::NAN;
    assert!(refuse(&broken, &net, &Options::default()).contains("value 1 of row 3 isn't a finite number"));
    broken.part.fill(2);
    broken.x[7] = 0.0;
    assert!(refuse(&broken, &net, &Options::default()).contains("the training part has no rows"));
    let wild =
        Options { optimizer: Optimizer::Sgd { lr: f32::INFINITY, momentum: 0.9, decay: 0.0 }, ..Options::default() };
    assert!(refuse(&data, &net, &wild).contains("diverged"));
    assert!(build(&[]).is_err_and(|why| why.contains("no layers")));
    assert!(build(&[layer("conv9d", &[])]).is_err_and(|why| why.contains("`conv9d`")));
    assert!(build(&[dense("0", "none")]).is_err_and(|why| why.contains("`units`")));
    assert!(build(&[dense("2", "tanh")]).is_err_and(|why| why.contains("`tanh`")));
    assert!(build(&[dense("65536", "none"), dense("65536", "none")]).is_err_and(|why| why.contains("weights")));
}

/// The 8×8 digits of scikit-learn with a random seventh, tenth and fifth for the three parts.
fn digits(seed: u64) -> Option<Data> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/sklearn_toy/digits_8x8.csv");
    let text = std::fs::read_to_string(path).ok()?;
    let mut data = Data { x: Vec::new(), y: Vec::new(), part: Vec::new() };
    let mut rng = Rng::new(seed, "digits parts");
    for line in text.lines().skip(1) {
        let cells: Vec<f32> = line.split(',').map(|cell| cell.parse().expect("a number")).collect();
        data.x.extend(&cells[..64]);
        data.y.push(cells[64] as i32);
        data.part.push([0, 0, 0, 0, 0, 0, 0, 1, 2, 2][rng.below(10)]);
    }
    Some(data)
}

#[test]
fn digits_reach_their_floor() {
    let net = Net::build(&Shape::f32(&[64]), &[dense("32", "relu"), dense("10", "none"), layer("softmax", &[])]);
    let net = net.expect("it builds");
    let (mut floats, mut ints) = (0.0, 0.0);
    for seed in 0..5 {
        let Some(data) = digits(seed) else {
            eprintln!("skipped: no ../shared/data/sklearn_toy/digits_8x8.csv");
            return;
        };
        let optimizer = Optimizer::Adam { lr: 3e-3, decay: 0.0 };
        let options =
            Options { optimizer, schedule: Schedule::Cosine, warmup: 0.05, seed, threads: 2, ..Options::default() };
        let start = Instant::now();
        let trained = train(&net, &data.view(), &options, &mut |_| true).expect("it trains");
        let seconds = start.elapsed().as_secs_f64();
        let (float, int8) = accuracy(&trained.net, &data);
        eprintln!("digits, seed {seed}: float {float:.4}, int8 {int8:.4}, best epoch {}, {seconds:.2} s", trained.best);
        assert!(float - int8 <= 0.01, "float {float}, int8 {int8}");
        (floats, ints) = (floats + float / 5.0, ints + int8 / 5.0);
    }
    assert!(ints >= 0.97, "mean float {floats}, int8 {ints}");
}
