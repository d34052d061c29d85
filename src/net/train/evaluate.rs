//! Loss and score of a network over some samples.

use crate::base::rng::Rng;
use crate::net::forward::Forward;
use crate::net::gemm::Isa;
use crate::net::graph::Net;

use super::augment::{self, Augment};
use super::condition::Condition;
use super::goal::Goal;
use super::options::TrainData;
use super::parallel;
use super::rounding::Rounding;
use super::slice::{Slice, Workspace};

/// Samples that are computed at once.
const CHUNK: usize = 64;

/// How a pass over samples is done.
pub(super) struct Scene<'a> {
    pub(super) data: &'a TrainData<'a>,
    pub(super) condition: &'a Condition,
    pub(super) goal: &'a Goal<'a>,
    pub(super) augment: &'a [Augment],
    /// Weights and values are rounded as int8 would do it.
    pub(super) rounding: Option<&'a Rounding>,
    pub(super) isa: Isa,
    pub(super) threads: usize,
}

/// What a pass over samples came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Judgement {
    /// Mean loss.
    pub(super) loss: f32,
    /// Share of right answers, or R².
    pub(super) score: f32,
    /// Mean F1 over the classes that occur; the score where there are none.
    pub(super) f1: f32,
}

/// Sums over samples, added up in their order.
#[derive(Default)]
pub(super) struct Tally {
    loss: f64,
    right: f64,
    rows: usize,
    /// By class and then by answer.
    confusion: Vec<usize>,
}

impl Tally {
    pub(super) fn add(&mut self, slice: &Slice, classes: usize) {
        self.loss += slice.loss;
        self.right += slice.right;
        self.rows += slice.rows;
        self.confusion.resize(classes * classes, 0);
        for (class, answer) in &slice.answers {
            self.confusion[class * classes + answer] += 1;
        }
    }

    /// What the sums mean; `spread` is the targets' sum of squares around their mean.
    pub(super) fn judge(&self, goal: &Goal<'_>, spread: f64) -> Judgement {
        let count = self.rows.max(1) as f64;
        let score = if goal.explains() { 1.0 - self.right / spread.max(f64::MIN_POSITIVE) } else { self.right / count };
        let f1 = if goal.classes() > 0 { f1(&self.confusion, goal.classes()) } else { score };
        Judgement { loss: (self.loss / count) as f32, score: score as f32, f1: f1 as f32 }
    }
}

/// The mean over the classes that occur of F1, from a confusion matrix.
fn f1(confusion: &[usize], classes: usize) -> f64 {
    let (mut sum, mut present) = (0.0, 0);
    for class in 0..classes {
        let truth: usize = confusion[class * classes..(class + 1) * classes].iter().sum();
        let answers: usize = confusion.iter().skip(class).step_by(classes).sum();
        if truth > 0 {
            present += 1;
            sum += 2.0 * confusion[class * classes + class] as f64 / (truth + answers) as f64;
        }
    }
    sum / f64::from(present.max(1))
}

impl Scene<'_> {
    /// Fills a workspace with samples; with `noise`, after random changes.
    pub(super) fn fill(&self, space: &mut Workspace, rows: &[usize], net: &Net, noise: Option<&Rng>) {
        let width = net.input.len();
        space.clear();
        let changed = noise.filter(|_| !self.augment.is_empty());
        let quant = self.rounding.and_then(|rounding| rounding.values.first().copied().flatten());
        let mut sample = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let raw = &self.data.x[row * width..(row + 1) * width];
            let start = space.input.len();
            if changed.is_some() || quant.is_some() {
                sample.clear();
                sample.extend_from_slice(raw);
                if let Some(noise) = changed {
                    let noise = &mut noise.branch(at as u64 + 0x00a0_0000);
                    augment::apply(self.augment, &net.input.dims, &mut sample, noise);
                }
                if let Some(quant) = quant {
                    sample.iter_mut().for_each(|x| *x = quant.dequantize(quant.quantize(*x)));
                }
                self.condition.apply(&sample, &mut space.input);
            } else {
                self.condition.apply(raw, &mut space.input);
            }
            let weight = self.goal.fill(*row, &space.input[start..], &mut space.targets);
            space.weights.push(weight);
        }
        if let Some(noise) = changed {
            augment::mix(self.augment, space, width, self.goal.width, &mut noise.branch(0x00b0_0000));
        }
    }

    /// A pass over a network whose weights are rounded already, where they are to be.
    pub(super) fn pass<'b>(&'b self, net: &'b Net) -> Forward<'b> {
        Forward::new(net, self.isa).rounded(self.rounding.map_or(&[], |rounding| &rounding.values))
    }

    /// Over `rows`. Sums run over fixed chunks in order, whoever computes them.
    pub(super) fn evaluate(&self, net: &Net, rows: &[usize], spread: f64) -> Judgement {
        let rounded = self.rounding.map(|_| Rounding::weights(net, self.condition));
        let net = rounded.as_ref().unwrap_or(net);
        let pass = self.pass(net);
        let mut tally = Tally::default();
        let mut spaces: Vec<Workspace> = (0..self.threads.max(1)).map(|_| Workspace::default()).collect();
        let mut chunks: Vec<(&[usize], Slice)> = rows.chunks(CHUNK).map(|rows| (rows, Slice::default())).collect();
        parallel::each(&mut spaces, &mut chunks, |space, _, (rows, slice)| {
            self.fill(space, rows, net, None);
            space.run(slice, net, &pass, self.goal, None);
        });
        chunks.iter().for_each(|chunk| tally.add(&chunk.1, self.goal.classes()));
        tally.judge(self.goal, spread)
    }
}
