//! Loss and accuracy of a network over some samples.

use crate::net::forward::Forward;
use crate::net::gemm::Isa;
use crate::net::graph::Net;

use super::condition::Condition;
use super::options::TrainData;
use super::parallel;
use super::slice::Slice;

/// Samples that are computed at once.
const CHUNK: usize = 64;

/// How a pass over samples is done.
pub(super) struct Scene<'a> {
    pub(super) data: &'a TrainData<'a>,
    pub(super) condition: &'a Condition,
    /// Weight of each class in the loss.
    pub(super) weights: &'a [f32],
    pub(super) isa: Isa,
    pub(super) threads: usize,
}

impl Scene<'_> {
    /// Fills a slice with samples.
    pub(super) fn fill(&self, slice: &mut Slice, rows: &[usize], width: usize) {
        slice.clear();
        for row in rows {
            self.condition.apply(&self.data.x[row * width..(row + 1) * width], &mut slice.input);
            let class = self.data.y[*row] as usize;
            slice.targets.push((class, self.weights[class]));
        }
    }

    /// Mean loss and share of right samples. Sums run over fixed chunks in order, whoever computes them.
    pub(super) fn evaluate(&self, net: &Net, rows: &[usize]) -> (f32, f32) {
        let pass = Forward::new(net, self.isa);
        let mut chunks: Vec<(&[usize], f64, usize)> = rows.chunks(CHUNK).map(|rows| (rows, 0.0, 0)).collect();
        parallel::each(self.threads, &mut chunks, |_, (rows, loss, right)| {
            let mut slice = Slice::default();
            self.fill(&mut slice, rows, net.input.len());
            slice.run(net, &pass, None);
            (*loss, *right) = (slice.loss, slice.right);
        });
        let (loss, right) = chunks.iter().fold((0.0, 0), |(loss, right), chunk| (loss + chunk.1, right + chunk.2));
        let count = rows.len().max(1) as f64;
        ((loss / count) as f32, (right as f64 / count) as f32)
    }
}
