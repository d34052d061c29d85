//! ONNX: `ModelProto` to a tensor program.

pub mod convert;
pub mod graph;
pub mod inline;
pub mod network;
pub mod node;
mod ops;
pub mod options;
pub mod proto;
pub mod refusal;
pub mod subgraph;
pub mod table;
pub mod tensor;
pub mod wire;

pub use convert::read;
pub use options::Options;
pub use refusal::Refusal;
