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
use super::slice::Slice;

/// Samples that are computed at once.
const CHUNK: usize = 64;

/// How a pass over samples is done.
pub(super) struct Scene<'a> {
    pub(super) data: &'a TrainData<'a>,
    pub(super) condition: &'a Condition,
    pub(super) goal: &'a Goal<'a>,
    pub(super) augment: &'a [Augment],
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
        self.rows += slice.weights.len();
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
    /// Fills a slice with samples; with `noise`, after random changes.
    pub(super) fn fill(&self, slice: &mut Slice, rows: &[usize], net: &Net, noise: Option<&Rng>) {
        let width = net.input.len();
        slice.clear();
        let changed = noise.filter(|_| !self.augment.is_empty());
        let mut sample = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let raw = &self.data.x[row * width..(row + 1) * width];
            let start = slice.input.len();
            if let Some(noise) = changed {
                sample.clear();
                sample.extend_from_slice(raw);
                augment::apply(self.augment, &net.input.dims, &mut sample, &mut noise.branch(at as u64 + 0x00a0_0000));
                self.condition.apply(&sample, &mut slice.input);
            } else {
                self.condition.apply(raw, &mut slice.input);
            }
            let weight = self.goal.fill(*row, &slice.input[start..], &mut slice.targets);
            slice.weights.push(weight);
        }
        if let Some(noise) = changed {
            augment::mix(self.augment, slice, width, self.goal.width, &mut noise.branch(0x00b0_0000));
        }
    }

    /// Over `rows`. Sums run over fixed chunks in order, whoever computes them.
    pub(super) fn evaluate(&self, net: &Net, rows: &[usize], spread: f64) -> Judgement {
        let pass = Forward::new(net, self.isa);
        let mut chunks: Vec<(&[usize], Slice)> = Vec::new();
        let mut tally = Tally::default();
        // As many chunks at once as there are threads, so that memory doesn't grow with the rows.
        for some in rows.chunks(CHUNK * self.threads.max(1)) {
            let mut slices = chunks.drain(..).map(|chunk| chunk.1).collect::<Vec<_>>().into_iter();
            chunks = some.chunks(CHUNK).map(|rows| (rows, slices.next().unwrap_or_default())).collect();
            parallel::each(self.threads, &mut chunks, |_, (rows, slice)| {
                self.fill(slice, rows, net, None);
                slice.run(net, &pass, self.goal, None);
            });
            chunks.iter().for_each(|chunk| tally.add(&chunk.1, self.goal.classes()));
        }
        tally.judge(self.goal, spread)
    }
}
