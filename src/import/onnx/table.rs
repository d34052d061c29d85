//! Table. Every operator that is lowered, by domain and name.

use super::node::Lower;
use super::ops::elementwise;

/// Name of the operator and its function, by name.
const DEFAULT: &[(&str, Lower)] = &[
    ("Abs", elementwise::abs),
    ("Add", elementwise::add),
    ("Identity", elementwise::identity),
];

/// The function that lowers an operator.
pub fn find(domain: &str, op: &str) -> Option<Lower> {
    let table = match domain {
        "" => DEFAULT,
        _ => return None,
    };
    table.iter().find(|(name, _)| *name == op).map(|(_, lower)| *lower)
}

/// Names of all operators of the default domain.
pub fn names() -> impl Iterator<Item = &'static str> {
    DEFAULT.iter().map(|(name, _)| *name)
}
