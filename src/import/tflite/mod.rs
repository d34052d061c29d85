//! `TFLite` files: the flatbuffer, the model that it holds, and its way into `net`.

mod arithmetic;
mod build;
mod constants;
mod flat;
mod fold;
mod import;
mod layers;
mod model;
mod movement;
mod options;
mod read;
mod recurrent;
mod table;
mod windows;
mod words;

pub use import::import;
pub use model::{Code, Model, Operator, Quantization, Subgraph, Tensor, Type};
pub use read::read;
