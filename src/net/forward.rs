//! The float forward pass over a few samples at once.

use crate::base::rng::Rng;

use super::gemm::Isa;
use super::graph::Net;
use super::qnet::Quant;

/// A network whose weights were prepared for passes on one instruction set.
pub struct Forward<'a> {
    net: &'a Net,
    prepared: Vec<Vec<f32>>,
    isa: Isa,
    rounding: &'a [Option<Quant>],
}

impl<'a> Forward<'a> {
    /// Prepares the weights.
    pub fn new(net: &'a Net, isa: Isa) -> Self {
        let prepare = |at: usize| net.nodes[at].op.prepare(&net.place(at, &[], isa));
        Self { net, prepared: (0..net.nodes.len()).map(prepare).collect(), isa, rounding: &[] }
    }

    /// The same pass, in which each value is rounded as int8 would do it; `rounding` begins with the input, which is the
    /// caller's to round.
    #[must_use]
    pub fn rounded(mut self, rounding: &'a [Option<Quant>]) -> Self {
        self.rounding = rounding;
        self
    }

    /// Computes every value for the samples in `input`; `values[0]` is the input, the last one the output.
    /// With `noise`, the pass is one of training: dropout drops.
    pub fn run(&self, input: &[f32], noise: Option<&Rng>, values: &mut Vec<Vec<f32>>) {
        let rows = input.len() / self.net.input.len().max(1);
        values.resize(self.net.nodes.len() + 1, Vec::new());
        values[0].clear();
        values[0].extend_from_slice(input);
        for (at, node) in self.net.nodes.iter().enumerate() {
            let mut output = std::mem::take(&mut values[at + 1]);
            output.resize(rows * node.output.len(), 0.0);
            if cfg!(debug_assertions) {
                // Operators write every element of their outputs; what is left of another pass must not be seen.
                output.fill(f32::NAN);
            }
            let inputs: Vec<&[f32]> = node.inputs.iter().map(|value| values[*value].as_slice()).collect();
            node.op.forward(&self.place(at, noise), &inputs, &mut output);
            if let Some(Some(quant)) = self.rounding.get(at + 1) {
                output.iter_mut().for_each(|x| *x = quant.dequantize(quant.quantize(*x)));
            }
            values[at + 1] = output;
        }
    }

    /// Where node `at` stands, with its prepared weights and its own stream of noise.
    pub(super) fn place(&self, at: usize, noise: Option<&Rng>) -> super::ops::Place<'_> {
        let mut place = self.net.place(at, &self.prepared[at], self.isa);
        place.noise = noise.map(|noise| noise.branch(at as u64));
        place
    }
}
