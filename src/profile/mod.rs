//! What a run cost, and where.
//!
//! Knows: counts by function, call chain, instruction and block of memory, and their forms: table, JSON, flame graph.
//! Never: runs a program; counts anything itself.
//! Add here: a form: one file.

mod flame;
mod heat;
mod hot;
mod table;
mod tree;

pub use flame::flame_graph;
pub use heat::{Area, Heat, heat_table};
pub use hot::{Block, Instruction, blocks, hot_table};
pub use table::{chain_table, function_table};
pub use tree::{CallTree, Chain, Counts, FunctionCounts, Node};
