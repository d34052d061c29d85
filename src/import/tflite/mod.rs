//! `TFLite` files: the flatbuffer, the model that it holds, and its way into `net`.

mod flat;
mod model;
mod read;
mod words;

pub use model::{Code, Model, Operator, Quantization, Subgraph, Tensor, Type};
pub use read::read;
