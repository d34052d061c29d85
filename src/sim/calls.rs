//! Who called whom: a tree of functions by their chain of callers, with what each did itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bus::Bus;
use super::elf::Function;
use super::profile;

/// Deeper calls count as their caller's.
const DEEPEST: usize = 4096;
/// More chains than these count as their caller's.
const MOST: usize = 1 << 16;

/// A function, called by a certain chain of callers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallNode {
    /// The function's name; `?` for code under no name.
    pub name: String,
    /// The caller's place in the list; its own place for a chain's first function.
    pub parent: usize,
    /// How often it was entered by this chain.
    pub calls: u64,
    /// Instructions in it, without those of its callees.
    pub instructions: u64,
    /// Cycles in it, without those of its callees.
    pub cycles: u64,
    /// Those of them that it waited for the flash.
    pub stalls: u64,
    /// The lowest stack pointer while it ran.
    pub lowest_stack: u32,
}

#[derive(Clone)]
struct Node {
    function: Option<usize>,
    parent: u32,
    calls: u64,
    instructions: u64,
    cycles: u64,
    stalls: u64,
    lowest: u32,
}

/// A call that hasn't returned.
#[derive(Clone, Copy, Default)]
struct Frame {
    node: u32,
    /// Where it returns to, and the stack pointer before the call.
    back: u32,
    stack: u32,
}

impl Frame {
    /// Whether a jump to `target` with that stack pointer is its return. A loop may go to the address behind a call too,
    /// but deeper in the stack.
    #[inline]
    fn returns(self, target: u32, stack: u32) -> bool {
        target == self.back && stack >= self.stack
    }
}

/// The tree, and the chain of calls that runs.
#[derive(Clone, Default)]
pub(super) struct Calls {
    functions: Arc<[(u32, Function)]>,
    nodes: Vec<Node>,
    children: BTreeMap<(u32, Option<usize>), u32>,
    /// Every call that hasn't returned, the latest last.
    frames: Vec<Frame>,
    /// The latest of them, or one that nothing returns from.
    top: Frame,
    /// Addresses of the function that runs.
    from: u32,
    to: u32,
    /// Counters of the bus when they were last credited: instructions, cycles, stalls.
    seen: (u64, u64, u64),
    /// The lowest stack pointer up to then.
    pub deepest: u32,
}

impl Calls {
    /// No calls yet in an image with `functions`.
    pub(super) fn new(functions: Arc<[(u32, Function)]>) -> Self {
        Self { functions, deepest: u32::MAX, ..Self::default() }
    }

    /// Forgets all counts; the chain that runs is found again.
    pub(super) fn clear(&mut self, bus: &Bus) {
        self.nodes.clear();
        self.children.clear();
        self.frames.clear();
        (self.from, self.to) = (0, 0);
        self.seen = (bus.instructions, bus.cycles, bus.flash.stalled);
    }

    /// A run begins at `pc`; `back` is where it returns to if it is a call from outside.
    pub(super) fn begin(&mut self, pc: u32, back: Option<u32>, bus: &Bus, stack: u32) {
        self.seen = (bus.instructions, bus.cycles, bus.flash.stalled);
        if back.is_some() || self.frames.is_empty() {
            self.frames.clear();
            self.enter(None, pc, back.unwrap_or(u32::MAX), stack);
        }
    }

    /// Credits what was counted since the last time to the function that runs.
    pub(super) fn settle(&mut self, bus: &mut Bus, stack: u32) {
        let now = (bus.instructions, bus.cycles, bus.flash.stalled);
        self.deepest = self.deepest.min(bus.deepest);
        if let Some(frame) = self.frames.last() {
            let node = &mut self.nodes[frame.node as usize];
            node.instructions += now.0.wrapping_sub(self.seen.0);
            node.cycles = node.cycles.wrapping_add(now.1.wrapping_sub(self.seen.1));
            node.stalls += now.2.wrapping_sub(self.seen.2);
            node.lowest = node.lowest.min(bus.deepest).min(stack);
        }
        bus.deepest = stack;
        self.seen = now;
    }

    /// A jump to `target`: a call to be continued at `back`, a return, a tail call, or nothing of these.
    #[inline]
    pub(super) fn jump(&mut self, is_call: bool, back: u32, target: u32, stack: u32, bus: &mut Bus) {
        if is_call || target <= self.from || target >= self.to || self.top.returns(target, stack) {
            self.change(is_call, back, target, stack, bus);
        }
    }

    #[inline(never)]
    fn change(&mut self, is_call: bool, back: u32, target: u32, stack: u32, bus: &mut Bus) {
        let parent = self.frames.last().map(|frame| frame.node);
        // Compilers for small cores use `BL` for long jumps within a function too.
        if is_call && self.begins(target) {
            self.settle(bus, stack);
            return self.enter(parent, target, back, stack);
        }
        // A frame further up: what was called below never returned (`longjmp`, the return from an exception).
        let returned = self.frames.iter().rev().take(64).position(|frame| frame.returns(target, stack));
        if let Some(depth) = returned {
            self.settle(bus, stack);
            self.frames.truncate(self.frames.len() - depth - 1);
            return self.stand(target);
        }
        let function = profile::function_at(&self.functions, target);
        let current = parent.and_then(|node| self.nodes[node as usize].function);
        if function == current {
            return self.stand(target);
        }
        self.settle(bus, stack);
        let Some(frame) = self.frames.pop() else { return self.enter(None, target, u32::MAX, stack) };
        let caller = self.nodes[frame.node as usize].parent;
        self.enter((caller != frame.node).then_some(caller), target, frame.back, frame.stack);
    }

    fn enter(&mut self, parent: Option<u32>, target: u32, back: u32, stack: u32) {
        if self.frames.len() < DEEPEST {
            let node = self.node(parent, profile::function_at(&self.functions, target));
            self.nodes[node as usize].calls += 1;
            self.frames.push(Frame { node, back, stack });
        }
        self.stand(target);
    }

    /// The node of `function` below `parent`.
    fn node(&mut self, parent: Option<u32>, function: Option<usize>) -> u32 {
        let place = (parent.unwrap_or(u32::MAX), function);
        let number = self.nodes.len() as u32;
        match self.children.get(&place) {
            Some(&node) => node,
            None if self.nodes.len() >= MOST => parent.unwrap_or(0),
            None => {
                self.children.insert(place, number);
                let parent = parent.unwrap_or(number);
                let lowest = u32::MAX;
                self.nodes.push(Node { function, parent, calls: 0, instructions: 0, cycles: 0, stalls: 0, lowest });
                number
            }
        }
    }

    /// Whether a function may begin at `target`.
    fn begins(&self, target: u32) -> bool {
        profile::function_at(&self.functions, target).is_none_or(|at| self.functions[at].0 == target)
    }

    /// Execution goes on at `target`, in the latest frame.
    fn stand(&mut self, target: u32) {
        self.top = self.frames.last().copied().unwrap_or(Frame { node: 0, back: u32::MAX, stack: u32::MAX });
        let function = profile::function_at(&self.functions, target).map(|at| &self.functions[at]);
        (self.from, self.to) = match function {
            Some((start, function)) if function.size > 0 => (*start, start.saturating_add(function.size)),
            _ => (0, 0),
        };
    }

    /// Every chain that ran; callers before their callees.
    pub(super) fn tree(&self) -> Vec<CallNode> {
        let name = |function: Option<usize>| function.map_or("?".to_string(), |at| self.functions[at].1.name.clone());
        let line = |node: &Node| CallNode {
            name: name(node.function),
            parent: node.parent as usize,
            calls: node.calls,
            instructions: node.instructions,
            cycles: node.cycles,
            stalls: node.stalls,
            lowest_stack: node.lowest,
        };
        self.nodes.iter().map(line).collect()
    }
}
