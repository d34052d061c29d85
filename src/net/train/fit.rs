//! The loop: shuffle, step, evaluate, keep the best.

use crate::base::rng::Rng;
use crate::net::graph::Net;
use crate::net::qnet::Quant;

use super::checkpoint::{Checkpoint, Forgetful, Keeper};
use super::condition::Condition;
use super::evaluate::{Judgement, Scene, Tally};
use super::goal::Goal;
use super::optimizer::{Course, Descent, clip, share};
use super::options::{Epoch, Loss, Options, Targets, TrainData};
use super::parallel;
use super::rounding::Rounding;
use super::slice::{Slice, Workspace};

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

/// Trains a network anew: its own weights are drawn from the seed. Calls `progress` after each epoch and stops when it
/// answers `false`. For classes, the network gives one score a class, and a softmax at its end is part of the loss, as a
/// sigmoid is of binary cross-entropy. Numbers are learnt around mean 0 and deviation 1, where the last layer can take that
/// in. Errors are sentences for the user.
pub fn train(
    net: &Net,
    data: &TrainData<'_>,
    options: &Options,
    progress: &mut dyn FnMut(&Epoch) -> bool,
) -> Result<Trained, String> {
    learn(net, data, options, None, (progress, &mut Forgetful))
}

/// As [`train`], but it goes on where `keeper` was left: with the same arguments, the result has the same bits.
pub fn train_kept(
    net: &Net,
    data: &TrainData<'_>,
    options: &Options,
    progress: &mut dyn FnMut(&Epoch) -> bool,
    keeper: &mut dyn Keeper,
) -> Result<Trained, String> {
    learn(net, data, options, None, (progress, keeper))
}

/// Who is told of each epoch, and who keeps it.
type Audience<'a> = (&'a mut dyn FnMut(&Epoch) -> bool, &'a mut dyn Keeper);

/// Goes on to train a network, without batch norms, whose values are rounded as `quants` says: that of the input, then those
/// of all layers. Steps are small, and the weights begin where they are.
pub fn train_rounded(
    net: &Net,
    quants: &[Quant],
    data: &TrainData<'_>,
    options: &Options,
    progress: &mut dyn FnMut(&Epoch) -> bool,
) -> Result<Trained, String> {
    let mut values: Vec<Option<Quant>> = quants.iter().copied().map(Some).collect();
    if !matches!(data.y, Targets::Classes(_)) {
        // Outputs are learnt in other units than they are rounded in.
        values.pop();
    }
    let options = Options { fresh: false, ..options.clone() };
    learn(net, data, &options, Some(&Rounding { values }), (progress, &mut Forgetful))
}

fn learn(
    net: &Net,
    data: &TrainData<'_>,
    options: &Options,
    rounding: Option<&Rounding>,
    audience: Audience<'_>,
) -> Result<Trained, String> {
    let parts = check(net, data)?;
    let options = options.clone().settle(parts[0].len());
    let mut trunk = trunk(net, options.loss.or(default_loss(data)));
    if options.fresh {
        trunk.initialise(options.seed);
    }
    let goal = Goal::new(&trunk, data, &parts[0], options.loss, options.balance)?;
    let reconstruct = matches!(data.y, Targets::Input);
    let condition = Condition::of(&trunk, data.x, &parts[0], reconstruct);
    if !options.fresh {
        trunk = condition.release(goal.release(trunk));
        if reconstruct {
            trunk = condition.redo(trunk);
        }
    }
    let macs = 3 * trunk.macs() * options.batch as usize;
    let threads = if macs < WORTH_A_THREAD { 1 } else { options.threads.clamp(1, SLICES) };
    let (condition, goal) = (&condition, &goal);
    let scene = Scene { data, condition, goal, augment: &options.augment, rounding, isa: options.isa, threads };
    let (best, history, cancelled) = run(&mut trunk, &scene, &parts, &options, audience);
    let Some(best) = best else {
        return Err("training diverged: the loss isn't finite; lower the learning rate".into());
    };
    trunk.weights = best.weights;
    let mut trunk = goal.absorb(condition.absorb(trunk));
    if reconstruct {
        trunk = condition.undo(trunk);
    }
    Ok(Trained { net: Net { weights: trunk.weights, ..net.clone() }, history, best: best.epoch, cancelled })
}

fn default_loss(data: &TrainData<'_>) -> Option<Loss> {
    matches!(data.y, Targets::Classes(_)).then_some(Loss::CrossEntropy { smoothing: 0.0 })
}

/// The network without a last layer that is part of the loss.
fn trunk(net: &Net, loss: Option<Loss>) -> Net {
    let mut trunk = net.clone();
    let within: &[&str] = match loss {
        Some(Loss::CrossEntropy { .. }) => &["softmax", "log_softmax"],
        Some(Loss::BinaryCrossEntropy) => &["sigmoid"],
        _ => &[],
    };
    if trunk.nodes.len() > 1 && trunk.nodes.last().is_some_and(|node| within.contains(&node.op.word())) {
        trunk.nodes.pop();
    }
    trunk
}

/// The best weights so far, and how good they are.
struct Best {
    epoch: u32,
    weights: Vec<f32>,
    /// Mean F1 where classes are balanced, and loss.
    worth: (f32, f32),
}

fn run(
    net: &mut Net,
    scene: &Scene<'_>,
    parts: &[Vec<usize>; 2],
    options: &Options,
    (progress, keeper): Audience<'_>,
) -> (Option<Best>, Vec<Epoch>, bool) {
    let mut teacher = Teacher::new(net, options, parts[0].len(), scene.threads);
    let spreads = [0, 1].map(|part| scene.goal.spread(&parts[part], scene.data, scene.condition));
    let (mut best, mut history): (Option<Best>, Vec<Epoch>) = (None, Vec::new());
    let mut mean = net.clone();
    let kept = keeper.resume().and_then(|bytes| Checkpoint::from_bytes(&bytes, net.weights.len()));
    if let Some(kept) = kept.filter(|kept| kept.history().first().is_some_and(|first| first.epochs == options.epochs)) {
        history = kept.history();
        best = teacher.restore(net, kept);
    }
    for epoch in history.len() as u32 + 1..=options.epochs {
        let seen = teacher.epoch(net, scene, &parts[0], epoch).judge(scene.goal, spreads[0]);
        teacher.mean_of(net, &mut mean);
        let judged = if options.average { &mean } else { &*net };
        let valid = if parts[1].is_empty() { seen } else { scene.evaluate(judged, &parts[1], spreads[1]) };
        if !seen.loss.is_finite() || !valid.loss.is_finite() {
            break;
        }
        let worth = (worth(scene, &valid), valid.loss);
        // Of equal scores, the smaller loss; the later of equals has seen more.
        let better = best
            .as_ref()
            .is_none_or(|best| worth.0 > best.worth.0 || worth.0 >= best.worth.0 && worth.1 <= best.worth.1);
        if better {
            best = Some(Best { epoch, weights: judged.weights.clone(), worth });
        }
        let epochs = options.epochs;
        let (loss, score, valid_loss, valid_score) = (seen.loss, seen.score, valid.loss, valid.score);
        history.push(Epoch { epoch, epochs, loss, score, valid_loss, valid_score, best: better });
        if !progress(&history[history.len() - 1]) {
            return (best, history, true);
        }
        if epoch < options.epochs && keeper.due() {
            keeper.keep(teacher.checkpoint(net, best.as_ref(), &history).to_bytes());
        }
        let waited = epoch - best.as_ref().map_or(0, |best| best.epoch);
        if options.patience > 0 && waited >= options.patience {
            break;
        }
    }
    (best, history, false)
}

/// What an epoch is chosen by, before its loss. A share of right answers is luck where the validation part is small: choosing
/// by it gave worse networks on the digits than choosing by the loss alone.
fn worth(scene: &Scene<'_>, valid: &Judgement) -> f32 {
    if scene.goal.balanced { valid.f1 } else { 0.0 }
}

/// What is kept from step to step.
struct Teacher<'a> {
    options: &'a Options,
    descent: Descent,
    slices: Vec<Slice>,
    spaces: Vec<Workspace>,
    gradient: Vec<f32>,
    /// Where running moments are in the weights.
    running: Vec<std::ops::Range<usize>>,
    shuffles: Rng,
    noise: Rng,
    step: u64,
    course: Course,
    /// Exponential mean of the weights, and the share of it that is still the zeros that it began with.
    mean: Vec<f32>,
    begun: f32,
}

/// How much of the exponential mean stays at each step.
const STAYS: f32 = 0.995;

impl<'a> Teacher<'a> {
    fn new(net: &Net, options: &'a Options, samples: usize, threads: usize) -> Self {
        // Matrices decay, biases don't.
        let tensors = net.nodes.iter().flat_map(|node| &node.tensors);
        let decays = tensors.flat_map(|tensor| std::iter::repeat_n(tensor.dims.len() > 1, tensor.len())).collect();
        let batches = samples.div_ceil(options.batch.max(1) as usize) as u64;
        let all = batches * u64::from(options.epochs);
        let warmup = (f64::from(options.warmup) * all as f64) as u64;
        Self {
            options,
            descent: Descent::new(options.optimizer, decays),
            slices: vec![Slice::default(); SLICES],
            spaces: (0..threads).map(|_| Workspace::default()).collect(),
            gradient: vec![0.0; net.weights.len()],
            running: running(net),
            shuffles: Rng::new(options.seed, "train shuffle"),
            noise: Rng::new(options.seed, "train noise"),
            step: 0,
            course: Course { epoch: batches, all, warmup: warmup.min(all.saturating_sub(1)) },
            mean: if options.average { vec![0.0; net.weights.len()] } else { Vec::new() },
            begun: 1.0,
        }
    }

    fn checkpoint(&self, net: &Net, best: Option<&Best>, history: &[Epoch]) -> Checkpoint {
        let (first, second, powers) = self.descent.state();
        let mut state = Checkpoint::default();
        state.numbers.step = self.step;
        state.numbers.powers = powers;
        state.numbers.begun = self.begun.to_bits();
        state.numbers.best = best.map(|best| (best.epoch, best.worth.0.to_bits(), best.worth.1.to_bits()));
        let chosen = best.map_or_else(Vec::new, |best| best.weights.clone());
        state.arrays = [net.weights.clone(), first.to_vec(), second.to_vec(), self.mean.clone(), chosen];
        state.set_history(history);
        state
    }

    /// Goes back to a checkpoint; answers its best weights.
    fn restore(&mut self, net: &mut Net, state: Checkpoint) -> Option<Best> {
        let Checkpoint { numbers, arrays: [weights, first, second, mean, chosen] } = state;
        net.weights = weights;
        self.descent.restore(first, second, numbers.powers);
        (self.mean, self.begun, self.step) = (mean, f32::from_bits(numbers.begun), numbers.step);
        let best = |(epoch, score, loss)| Best {
            epoch,
            weights: chosen,
            worth: (f32::from_bits(score), f32::from_bits(loss)),
        };
        numbers.best.map(best)
    }

    /// One pass over the training samples; what they came to while they were learnt.
    fn epoch(&mut self, net: &mut Net, scene: &Scene<'_>, rows: &[usize], epoch: u32) -> Tally {
        let mut order = rows.to_vec();
        self.shuffles.branch(u64::from(epoch)).shuffle(&mut order);
        let mut tally = Tally::default();
        for batch in order.chunks(self.options.batch.max(1) as usize) {
            self.learn(net, scene, batch);
            self.slices.iter().for_each(|slice| tally.add(slice, scene.goal.classes()));
        }
        tally
    }

    /// Writes the exponential mean of the weights, if one is kept.
    fn mean_of(&self, net: &Net, mean: &mut Net) {
        if self.options.average {
            let whole = 1.0 / (1.0 - self.begun);
            mean.weights.iter_mut().zip(&self.mean).for_each(|(to, sum)| *to = whole * sum);
            // Running moments belong to the weights of the moment, and are means themselves.
            self.running.iter().cloned().flatten().for_each(|at| mean.weights[at] = net.weights[at]);
        }
    }

    fn learn(&mut self, net: &mut Net, scene: &Scene<'_>, batch: &[usize]) {
        let noise = self.noise.branch(self.step);
        let rounded = scene.rounding.map(|_| Rounding::weights(net, scene.condition));
        let trunk = rounded.as_ref().unwrap_or(net);
        let pass = scene.pass(trunk);
        parallel::each(&mut self.spaces, &mut self.slices, |space, at, slice| {
            let rows = &batch[at * batch.len() / SLICES..(at + 1) * batch.len() / SLICES];
            let noise = noise.branch(at as u64);
            scene.fill(space, rows, trunk, Some(&noise));
            space.run(slice, trunk, &pass, scene.goal, Some(&noise));
        });
        let scale = 1.0 / batch.len() as f32;
        self.gradient.fill(0.0);
        for slice in &self.slices {
            self.gradient.iter_mut().zip(&slice.gradient).for_each(|(sum, slope)| *sum += slope);
        }
        self.gradient.iter_mut().for_each(|sum| *sum *= scale);
        let rate = share(self.options.schedule, self.step, self.course);
        let moved: Vec<f32> =
            self.running.iter().cloned().flatten().map(|at| net.weights[at] - PACE * self.gradient[at]).collect();
        self.running.iter().cloned().flatten().for_each(|at| self.gradient[at] = 0.0);
        clip(&mut self.gradient, self.options.clip);
        self.descent.step(&mut net.weights, &self.gradient, rate);
        self.running.iter().cloned().flatten().zip(moved).for_each(|(at, moved)| net.weights[at] = moved);
        if self.options.average {
            self.mean
                .iter_mut()
                .zip(&net.weights)
                .for_each(|(sum, weight)| *sum = STAYS * *sum + (1.0 - STAYS) * weight);
            self.begun *= STAYS;
        }
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
    let (width, outputs, rows) = (net.input.len(), net.output().len(), data.part.len());
    if data.x.len() != rows * width {
        return Err(format!("{rows} rows of {width} values don't belong to {} values", data.x.len()));
    }
    match data.y {
        Targets::Classes(y) => check_classes(net, y, rows)?,
        Targets::Values(y) => {
            if y.len() != rows * outputs {
                return Err(format!("{} target values don't belong to {rows} rows of {outputs}", y.len()));
            }
            if let Some(at) = y.iter().position(|y| !y.is_finite()) {
                return Err(format!("target {} of row {} isn't a finite number", at % outputs, at / outputs));
            }
        }
        Targets::Input if outputs != width => {
            return Err(format!(
                "a model that tells its input again gives {}, but this one gives {}",
                net.input,
                net.output()
            ));
        }
        Targets::Input => {}
    }
    if let Some(at) = data.x.iter().position(|x| !x.is_finite()) {
        return Err(format!("value {} of row {} isn't a finite number", at % width, at / width));
    }
    let part = |wanted: u8| (0..rows).filter(|row| data.part[*row] == wanted).collect::<Vec<_>>();
    let parts = [part(0), part(1)];
    if parts[0].is_empty() { Err("the training part has no rows".into()) } else { Ok(parts) }
}

fn check_classes(net: &Net, y: &[i32], rows: usize) -> Result<(), String> {
    let classes = net.output().len();
    if y.len() != rows {
        return Err(format!("{} classes don't belong to {rows} rows", y.len()));
    }
    if net.output().dims.len() > 1 {
        return Err(format!("a classifier ends in one score a class, but this model gives {}", net.output()));
    }
    match y.iter().position(|class| usize::try_from(*class).map_or(true, |class| class >= classes)) {
        Some(row) => Err(format!("row {row} is of class {}, but the model has {classes} outputs", y[row])),
        None => Ok(()),
    }
}
