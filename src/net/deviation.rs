//! How far a quantised network's values are from those of the float network that it was made of, layer by layer.

use super::forward::Forward;
use super::gemm::Isa;
use super::graph::Net;
use super::qnet::QNet;

/// What a layer adds to the error.
#[derive(Clone, PartialEq, Debug)]
pub struct Deviation {
    /// The layer's word and what it gives: ``"`conv2d` giving f32[6, 6, 4]"``.
    pub layer: String,
    /// Root of the mean square of the error, as a share of that of the values.
    pub error: f64,
    /// The same of the worst of its inputs.
    pub before: f64,
}

/// The deviation of each layer over `samples`. `net` is the float network as [`super::passes::fuse`] left it, `quantised`
/// what its layers became, one for one.
pub fn deviations(net: &Net, quantised: &QNet, samples: &[f32]) -> Vec<Deviation> {
    let pass = Forward::new(net, Isa::detect());
    let mut sums = vec![(0.0_f64, 0.0_f64); net.nodes.len() + 1];
    let mut values = Vec::new();
    for sample in samples.chunks_exact(net.input.len()) {
        pass.run(sample, None, &mut values);
        let int8 = quantised.values_i8(&quantised.quantize_input(sample));
        for (at, (sum, real)) in sums.iter_mut().zip(&values).enumerate() {
            let quant = if at == 0 { quantised.quant } else { quantised.nodes[at - 1].lowered.quant };
            for (real, q) in real.iter().zip(&int8[at]) {
                let error = f64::from(*real) - f64::from(quant.dequantize(*q));
                sum.0 += error * error;
                sum.1 += f64::from(*real) * f64::from(*real);
            }
        }
    }
    let share = |value: usize| (sums[value].0 / sums[value].1.max(f64::MIN_POSITIVE)).sqrt();
    let deviation = |(at, node): (usize, &super::graph::Node)| Deviation {
        layer: format!("`{}` giving {}", node.op.word(), node.output),
        error: share(at + 1),
        before: node.inputs.iter().map(|value| share(*value)).fold(0.0, f64::max),
    };
    net.nodes.iter().enumerate().map(deviation).collect()
}

/// The layer that adds most.
pub fn worst(deviations: &[Deviation]) -> Option<&Deviation> {
    let added = |deviation: &Deviation| deviation.error - deviation.before;
    deviations.iter().reduce(|worst, next| if added(next) > added(worst) { next } else { worst })
}
