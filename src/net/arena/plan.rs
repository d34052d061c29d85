//! A network's memory plan: homes of all values, from the offsets of their pieces.

use crate::net::ops::Variant;
use crate::net::qnet::QNet;

use super::pieces::{Owner, Pieces};
use super::place;

/// Where a value lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// In the caller's input, which is never written.
    Input,
    /// In the caller's output.
    Output,
    /// In the arena, at this offset.
    Arena(usize),
    /// In flash: the weights of this node.
    Flash(usize),
}

/// Who owns the memory of the network's input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputHome {
    /// The caller, who keeps it.
    Caller,
    /// The arena: the caller writes it there, and running the network destroys it.
    Arena,
}

/// Homes of all values (as numbered in the network), offsets of scratch memory by node, and the arena's size in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// One a value.
    pub homes: Vec<Home>,
    /// One a node, in the arena; 0 for kernels without scratch memory.
    pub scratch: Vec<usize>,
    /// Bytes of the arena.
    pub size: usize,
    /// No arrangement of this order of nodes needs less.
    pub bound: usize,
}

/// Plans the memory of a network whose kernels are `variants`, one a node.
pub fn plan(net: &QNet, variants: &[Variant], input: InputHome) -> Plan {
    let pieces = Pieces::of(net, variants, input);
    let placed = place::best(&pieces.memory);
    let offset = |owner: Owner| match owner {
        Owner::Memory(piece) => Home::Arena(placed.offsets[piece]),
        Owner::Input => Home::Input,
        Owner::Output => Home::Output,
        Owner::Flash(node) => Home::Flash(node),
    };
    let homes = pieces.values.iter().map(|owner| offset(*owner)).collect();
    let scratch = pieces.scratch.iter().map(|piece| piece.map_or(0, |piece| placed.offsets[piece])).collect();
    Plan { homes, scratch, size: placed.size, bound: placed.bound }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;
    use crate::net::ops::Capabilities;
    use crate::net::{Net, quantize};

    fn chain(layers: &[&str]) -> QNet {
        let args = |units: &str| vec![("units".to_string(), units.to_string())];
        let layer = |word: &&str| match word.parse::<usize>() {
            Ok(_) => ("dense".to_string(), args(word)),
            Err(_) => ((*word).to_string(), Vec::new()),
        };
        let layers: Vec<_> = layers.iter().map(layer).collect();
        quantize(&Net::build(&Shape::f32(&[4, 5]), &layers).unwrap(), &[1.0; 20]).unwrap()
    }

    fn planned(net: &QNet) -> Plan {
        // Plain C has no scratch memory, so that the sizes are those of the values.
        let plain = |node: &crate::net::QNode| {
            let variants = node.op.variants(node, Capabilities::default());
            variants.into_iter().find(|variant| variant.scratch == 0).unwrap()
        };
        plan(net, &net.nodes.iter().map(plain).collect::<Vec<_>>(), InputHome::Caller)
    }

    #[test]
    fn a_chain_takes_its_largest_neighbours() {
        assert_eq!(planned(&chain(&["12", "8", "8", "12", "3"])).size, 20);
        assert_eq!(planned(&chain(&["10", "9", "8", "10", "3"])).size, 24);
        assert_eq!(planned(&chain(&["33", "3"])).size, 36);
        assert_eq!(planned(&chain(&["3", "softmax"])).size, 0);
    }

    #[test]
    fn the_callers_input_is_never_written() {
        let homes = planned(&chain(&["flatten", "relu", "6"])).homes;
        assert_eq!(homes, [Home::Input, Home::Input, Home::Arena(0), Home::Output]);
        assert_eq!(planned(&chain(&["flatten"])).homes, [Home::Input, Home::Input]);
    }

    #[test]
    fn an_input_in_the_arena_is_overwritten() {
        let net = chain(&["flatten", "relu", "6"]);
        let variants: Vec<Variant> =
            net.nodes.iter().map(|node| node.op.variants(node, Capabilities::default()).remove(0)).collect();
        let plan = plan(&net, &variants, InputHome::Arena);
        assert_eq!((plan.size, plan.homes[0], plan.homes[2]), (20, Home::Arena(0), Home::Arena(0)));
    }
}
