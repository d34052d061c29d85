//! Counts by call chain, and what follows from them: totals by function, and the chains that took the most stack.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sim::Machine;

/// Version of the profile's form; it grows when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;
/// Chains that are listed: the tree has them all.
const CHAINS: usize = 12;

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Instructions.
    pub instructions: u64,
    /// Cycles, stalls included.
    pub cycles: u64,
    /// Cycles in which the core waited for flash.
    pub stalls: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.instructions += other.instructions;
        self.cycles += other.cycles;
        self.stalls += other.stalls;
    }
}

/// One function as called along one chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Node {
    /// Its name in the image, `?` for code under no name.
    pub function: String,
    /// Index of the caller, which is lower than its own; None at the top.
    pub parent: Option<usize>,
    /// How often it was called from there.
    pub calls: u64,
    /// What it did itself, without its callees.
    #[serde(flatten)]
    pub own: Counts,
    /// Bytes of stack in use at most while it ran itself, from the top of the stack.
    pub stack: u32,
}

/// Who called whom, and what each call chain cost.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallTree {
    /// Callers before callees, siblings in the order of their first call.
    pub nodes: Vec<Node>,
}

/// What one function did, along all chains.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FunctionCounts {
    /// Its name.
    pub name: String,
    /// How often it was called.
    pub calls: u64,
    /// Without its callees.
    pub own: Counts,
    /// With its callees; a recursive function counts once.
    pub total: Counts,
    /// Bytes of stack in use at most while it or its callees ran.
    pub stack: u32,
}

/// A chain of calls and the stack in use at its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chain {
    /// Functions, the outermost first.
    pub functions: Vec<String>,
    /// Bytes.
    pub stack: u32,
}

impl CallTree {
    /// What `machine` counted since its profile was cleared.
    pub fn of(machine: &Machine) -> Self {
        let nodes = machine.call_tree().into_iter().enumerate().map(|(at, node)| Node {
            function: node.name,
            parent: (node.parent < at).then_some(node.parent),
            calls: node.calls,
            own: Counts { instructions: node.instructions, cycles: node.cycles, stalls: node.stalls },
            stack: machine.stack_above(node.lowest_stack),
        });
        Self { nodes: nodes.collect() }
    }

    /// All that was counted.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.nodes.iter().for_each(|node| total += node.own);
        total
    }

    /// What each node did with its callees, and the most stack in use then.
    pub fn inclusive(&self) -> Vec<(Counts, u32)> {
        let mut sums: Vec<(Counts, u32)> = self.nodes.iter().map(|node| (node.own, node.stack)).collect();
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent.filter(|parent| *parent < at) {
                let (counts, stack) = sums[at];
                sums[parent].0 += counts;
                sums[parent].1 = sums[parent].1.max(stack);
            }
        }
        sums
    }

    /// One line a function, the most cycles of its own first.
    pub fn functions(&self) -> Vec<FunctionCounts> {
        let inclusive = self.inclusive();
        let mut lines: BTreeMap<&str, FunctionCounts> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let line = lines.entry(&node.function).or_insert_with(|| FunctionCounts {
                name: node.function.clone(),
                calls: 0,
                own: Counts::default(),
                total: Counts::default(),
                stack: 0,
            });
            line.calls += node.calls;
            line.own += node.own;
            line.stack = line.stack.max(inclusive[at].1);
        }
        // Of nested calls of one function, only the outermost one has all the cycles of the others in it.
        let outermost = self.outermost();
        for ((node, (counts, _)), _) in self.nodes.iter().zip(&inclusive).zip(outermost).filter(|(_, outer)| *outer) {
            if let Some(line) = lines.get_mut(node.function.as_str()) {
                line.total += *counts;
            }
        }
        let mut lines: Vec<FunctionCounts> = lines.into_values().collect();
        lines.sort_by(|a, b| b.own.cycles.cmp(&a.own.cycles).then_with(|| a.name.cmp(&b.name)));
        lines
    }

    /// Whether no caller of a node is the same function.
    fn outermost(&self) -> Vec<bool> {
        // A walk up from every node would take the square of the depth in a deep recursion; this goes down once.
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut pending: Vec<(usize, bool)> = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            match node.parent.filter(|parent| *parent < at) {
                Some(parent) => children[parent].push(at),
                None => pending.push((at, true)),
            }
        }
        let mut active: BTreeMap<&str, u32> = BTreeMap::new();
        let mut outermost = vec![false; self.nodes.len()];
        while let Some((at, entering)) = pending.pop() {
            let count = active.entry(&self.nodes[at].function).or_insert(0);
            if entering {
                outermost[at] = *count == 0;
                *count += 1;
                pending.push((at, false));
                pending.extend(children[at].iter().map(|child| (*child, true)));
            } else {
                *count -= 1;
            }
        }
        outermost
    }

    /// For programs: `functions`, `tree`, and the `chains` with the deepest stacks.
    pub fn value(&self) -> Value {
        json!({"schema": SCHEMA, "functions": self.functions(), "tree": self, "chains": self.chains(CHAINS)})
    }

    /// The same as a file.
    pub fn json(&self) -> String {
        format!("{:#}\n", self.value())
    }

    /// The chains with the most stack in use at their ends, `most` of them.
    pub fn chains(&self, most: usize) -> Vec<Chain> {
        let has_child: Vec<bool> = {
            let mut has_child = vec![false; self.nodes.len()];
            for parent in self.nodes.iter().filter_map(|node| node.parent) {
                if let Some(has_child) = has_child.get_mut(parent) {
                    *has_child = true;
                }
            }
            has_child
        };
        let mut ends: Vec<usize> = (0..self.nodes.len()).filter(|at| !has_child[*at]).collect();
        ends.sort_by(|a, b| self.nodes[*b].stack.cmp(&self.nodes[*a].stack).then(a.cmp(b)));
        ends.truncate(most);
        ends.into_iter().map(|at| Chain { functions: self.path(at), stack: self.nodes[at].stack }).collect()
    }

    fn path(&self, at: usize) -> Vec<String> {
        let up = std::iter::successors(Some(at), |at| self.nodes[*at].parent.filter(|parent| parent < at));
        let mut names: Vec<String> = up.map(|at| self.nodes[at].function.clone()).collect();
        names.reverse();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(function: &str, parent: Option<usize>, cycles: u64, stack: u32) -> Node {
        let own = Counts { instructions: cycles / 2, cycles, stalls: 1 };
        Node { function: function.into(), parent, calls: 1, own, stack }
    }

    #[test]
    fn a_recursive_function_counts_once() {
        let tree = CallTree {
            nodes: vec![
                node("main", None, 10, 16),
                node("walk", Some(0), 20, 48),
                node("walk", Some(1), 20, 80),
                node("leaf", Some(2), 4, 88),
                node("leaf", Some(0), 6, 24),
            ],
        };
        let lines = tree.functions();
        let line = |name: &str| lines.iter().find(|line| line.name == name).expect("a line");
        assert_eq!((line("main").own.cycles, line("main").total.cycles), (10, 60));
        assert_eq!((line("walk").own.cycles, line("walk").total.cycles, line("walk").calls), (40, 44, 2));
        assert_eq!((line("leaf").total.cycles, line("leaf").stack, line("main").stack), (10, 88, 88));
        assert_eq!(tree.total(), Counts { instructions: 30, cycles: 60, stalls: 5 });
        let chains = tree.chains(1);
        assert_eq!(
            chains[0],
            Chain { functions: ["main", "walk", "walk", "leaf"].map(String::from).into(), stack: 88 }
        );
    }

    #[test]
    fn a_deep_recursion_is_no_problem() {
        let nodes = (0..200_000_usize).map(|at| node("down", at.checked_sub(1), 1, at as u32)).collect();
        let tree = CallTree { nodes };
        let lines = tree.functions();
        assert_eq!((lines[0].own.cycles, lines[0].total.cycles), (200_000, 200_000));
    }
}
