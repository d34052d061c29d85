//! Functions of a model (`FunctionProto`): a call is its body with the call's attributes in place.

use super::proto::{Attribute, Function, Node};

/// The body of a function for one call.
pub fn body(function: &Function, call: &Node) -> Vec<Node> {
    function.nodes.iter().map(|node| node_for(node, function, call)).collect()
}

fn node_for(node: &Node, function: &Function, call: &Node) -> Node {
    let attributes = node.attributes.iter().filter_map(|attribute| attribute_for(attribute, function, call)).collect();
    Node { attributes, ..node.clone() }
}

/// An attribute that refers to one of the call takes its value, or the function's default, or is left out.
fn attribute_for(attribute: &Attribute, function: &Function, call: &Node) -> Option<Attribute> {
    if attribute.refers.is_empty() {
        let mut own = attribute.clone();
        if let Some(graph) = &mut own.graph {
            graph.nodes = graph.nodes.iter().map(|node| node_for(node, function, call)).collect();
        }
        return Some(own);
    }
    let named = |list: &[Attribute]| list.iter().find(|given| given.name == attribute.refers).cloned();
    let given = named(&call.attributes).or_else(|| named(&function.defaults))?;
    Some(Attribute { name: attribute.name.clone(), refers: String::new(), ..given })
}
