//! All passes over a quantised network, in the order that lets each see what the ones before leave.

use crate::net::arena::{self, InputHome};
use crate::net::ops::Capabilities;
use crate::net::qnet::QNet;
use crate::net::tuning::Tuning;

use super::{drop_constant_channels, drop_dead, fold_constants, order, recast, share};

/// The network that is emitted. Outputs stay equal, bit for bit.
pub fn optimise(net: &QNet) -> Result<QNet, String> {
    let net = drop_dead(&share(&fold_constants(&recast(net)?)?)?)?;
    // A channel that went can leave others without a reader.
    let mut net = drop_dead(&drop_constant_channels(&net)?)?;
    let ordered = order(&net)?;
    if memory(&ordered)? < memory(&net)? {
        net = ordered;
    }
    Ok(net)
}

/// Bytes of the arena with the plainest kernels.
fn memory(net: &QNet) -> Result<usize, String> {
    let variants = Tuning::unmeasured(net, Capabilities::default()).variants(net)?;
    Ok(arena::plan(net, &variants, InputHome::Arena).size)
}
