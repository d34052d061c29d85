//! The loop: shuffle, step, evaluate, keep the best.

use crate::base::rng::Rng;
use crate::net::forward::Forward;
use crate::net::graph::Net;

use super::condition::Condition;
use super::evaluate::Scene;
use super::optimizer::{Descent, share};
use super::options::{Epoch, Options, TrainData};
use super::parallel;
use super::slice::Slice;

/// A batch is divided into this many slices whose gradients are added in order: more threads than that don't help,
/// and fewer give the same sums.
const SLICES: usize = 8;

/// Share of the way to a step's own moments that running moments go.
const PACE: f32 = 0.1;

/// Steps with fewer multiply-accumulates than this are done on one thread: waking another takes longer.
const WORTH_A_THREAD: usize = 4_000_000;

/// What training gives.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The network with its best weights.
    pub net: Net,
    /// Every epoch that ran.
    pub history: Vec<Epoch>,
    /// The epoch whose weights were kept, from 1.
    pub best: u32,
    /// True when `progress` stopped it.
    pub cancelled: bool,
}

/// Trains a classifier anew: the network's own weights are drawn from the seed. Calls `progress` after each epoch and
/// stops when it answers `false`. The network gives one score a class; a softmax at its end is part of the loss.
/// Errors are sentences for the user.
pub fn train(
    net: &Net,
    data: &TrainData<'_>,
    options: &Options,
    progress: &mut dyn FnMut(&Epoch) -> bool,
) -> Result<Trained, String> {
    let parts = check(net, data)?;
    let mut trunk = net.clone();
    if trunk.nodes.last().is_some_and(|node| node.op.word() == "softmax") {
        trunk.nodes.pop();
    }
    if options.fresh {
        trunk.initialise(options.seed);
    }
    let weights = class_weights(data.y, &parts[0], net.output().len(), options.balance);
    let condition = Condition::of(&trunk, data.x, &parts[0]);
    if !options.fresh {
        trunk = condition.release(trunk);
    }
    let macs = 3 * trunk.macs() * options.batch as usize;
    let threads = if macs < WORTH_A_THREAD { 1 } else { options.threads.clamp(1, SLICES) };
    let scene = Scene { data, condition: &condition, weights: &weights, isa: options.isa, threads };
    let (best, history, cancelled) = run(&mut trunk, &scene, &parts, options, progress);
    let Some((epoch, weights)) = best else {
        return Err("training diverged: the loss isn't finite; lower the learning rate".into());
    };
    trunk.weights = weights;
    let trunk = condition.absorb(trunk);
    Ok(Trained { net: Net { weights: trunk.weights, ..net.clone() }, history, best: epoch, cancelled })
}

type Best = Option<(u32, Vec<f32>)>;

fn run(
    net: &mut Net,
    scene: &Scene<'_>,
    parts: &[Vec<usize>; 2],
    options: &Options,
    progress: &mut dyn FnMut(&Epoch) -> bool,
) -> (Best, Vec<Epoch>, bool) {
    let mut teacher = Teacher::new(net, options, parts[0].len());
    let (mut best, mut lowest, mut history) = (None, f32::INFINITY, Vec::new());
    for epoch in 1..=options.epochs.max(1) {
        let (loss, accuracy) = teacher.epoch(net, scene, &parts[0], epoch);
        let (valid_loss, valid_accuracy) =
            if parts[1].is_empty() { (loss, accuracy) } else { scene.evaluate(net, &parts[1]) };
        if !loss.is_finite() || !valid_loss.is_finite() {
            break;
        }
        let better = valid_loss < lowest;
        if better {
            lowest = valid_loss;
            best = Some((epoch, net.weights.clone()));
        }
        let epochs = options.epochs.max(1);
        history.push(Epoch { epoch, epochs, loss, accuracy, valid_loss, valid_accuracy, best: better });
        if !progress(&history[history.len() - 1]) {
            return (best, history, true);
        }
        let waited = epoch - best.as_ref().map_or(0, |best: &(u32, Vec<f32>)| best.0);
        if options.patience > 0 && waited >= options.patience {
            break;
        }
    }
    (best, history, false)
}

/// What is kept from step to step.
struct Teacher<'a> {
    options: &'a Options,
    descent: Descent,
    slices: Vec<Slice>,
    gradient: Vec<f32>,
    /// Where running moments are in the weights.
    running: Vec<std::ops::Range<usize>>,
    shuffles: Rng,
    noise: Rng,
    step: u64,
    steps: u64,
}

impl<'a> Teacher<'a> {
    fn new(net: &Net, options: &'a Options, samples: usize) -> Self {
        // Matrices decay, biases don't.
        let tensors = net.nodes.iter().flat_map(|node| &node.tensors);
        let decays = tensors.flat_map(|tensor| std::iter::repeat_n(tensor.dims.len() > 1, tensor.len())).collect();
        let batches = samples.div_ceil(options.batch.max(1) as usize) as u64;
        Self {
            options,
            descent: Descent::new(options.optimizer, decays),
            slices: vec![Slice::default(); SLICES],
            gradient: vec![0.0; net.weights.len()],
            running: running(net),
            shuffles: Rng::new(options.seed, "train shuffle"),
            noise: Rng::new(options.seed, "train noise"),
            step: 0,
            steps: batches * u64::from(options.epochs.max(1)),
        }
    }

    /// One pass over the training samples; their mean loss and accuracy.
    fn epoch(&mut self, net: &mut Net, scene: &Scene<'_>, rows: &[usize], epoch: u32) -> (f32, f32) {
        let mut order = rows.to_vec();
        self.shuffles.branch(u64::from(epoch)).shuffle(&mut order);
        let (mut loss, mut right) = (0.0, 0);
        for batch in order.chunks(self.options.batch.max(1) as usize) {
            self.learn(net, scene, batch);
            loss += self.slices.iter().map(|slice| slice.loss).sum::<f64>();
            right += self.slices.iter().map(|slice| slice.right).sum::<usize>();
        }
        ((loss / rows.len() as f64) as f32, right as f32 / rows.len() as f32)
    }

    fn learn(&mut self, net: &mut Net, scene: &Scene<'_>, batch: &[usize]) {
        let noise = self.noise.branch(self.step);
        let pass = Forward::new(net, self.options.isa);
        let trunk = &*net;
        parallel::each(scene.threads, &mut self.slices, |at, slice| {
            let rows = &batch[at * batch.len() / SLICES..(at + 1) * batch.len() / SLICES];
            scene.fill(slice, rows, trunk.input.len());
            slice.run(trunk, &pass, Some(&noise.branch(at as u64)));
        });
        let scale = 1.0 / batch.len() as f32;
        self.gradient.fill(0.0);
        for slice in &self.slices {
            self.gradient.iter_mut().zip(&slice.gradient).for_each(|(sum, slope)| *sum += slope);
        }
        self.gradient.iter_mut().for_each(|sum| *sum *= scale);
        let rate = share(self.options.schedule, self.step, self.steps);
        let moved: Vec<f32> =
            self.running.iter().cloned().flatten().map(|at| net.weights[at] - PACE * self.gradient[at]).collect();
        self.descent.step(&mut net.weights, &self.gradient, rate);
        self.running.iter().cloned().flatten().zip(moved).for_each(|(at, moved)| net.weights[at] = moved);
        self.step += 1;
    }
}

fn running(net: &Net) -> Vec<std::ops::Range<usize>> {
    let mut running = Vec::new();
    for node in &net.nodes {
        let mut offset = node.offset;
        for tensor in &node.tensors {
            if tensor.is_running() {
                running.push(offset..offset + tensor.len());
            }
            offset += tensor.len();
        }
    }
    running
}

/// The rows of the training and the validation part, after every check that training relies on.
fn check(net: &Net, data: &TrainData<'_>) -> Result<[Vec<usize>; 2], String> {
    let (width, classes, rows) = (net.input.len(), net.output().len(), data.y.len());
    if data.x.len() != rows * width || data.part.len() != rows {
        return Err(format!("{rows} classes and {} parts don't belong to {} values", data.part.len(), data.x.len()));
    }
    if net.output().dims.len() > 1 {
        return Err(format!("a classifier ends in one score a class, but this model gives {}", net.output()));
    }
    if let Some(row) = data.y.iter().position(|class| usize::try_from(*class).map_or(true, |class| class >= classes)) {
        return Err(format!("row {row} is of class {}, but the model has {classes} outputs", data.y[row]));
    }
    if let Some(at) = data.x.iter().position(|x| !x.is_finite()) {
        return Err(format!("value {} of row {} isn't a finite number", at % width, at / width));
    }
    let part = |wanted: u8| (0..rows).filter(|row| data.part[*row] == wanted).collect::<Vec<_>>();
    let parts = [part(0), part(1)];
    if parts[0].is_empty() { Err("the training part has no rows".into()) } else { Ok(parts) }
}

/// Inverse frequencies with mean 1 over the training samples, or all 1.
fn class_weights(y: &[i32], rows: &[usize], classes: usize, balance: bool) -> Vec<f32> {
    let mut counts = vec![0_usize; classes];
    for row in rows {
        counts[y[*row] as usize] += 1;
    }
    let present = counts.iter().filter(|count| **count > 0).count();
    let weight = |count: &usize| if *count > 0 { rows.len() as f32 / (present * count) as f32 } else { 1.0 };
    counts.iter().map(|count| if balance { weight(count) } else { 1.0 }).collect()
}
