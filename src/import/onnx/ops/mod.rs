//! What each operator means, by family.

pub mod activation;
pub mod attention;
pub mod cast;
pub mod conv;
pub mod elementwise;
pub mod gather;
pub mod loss;
pub mod matmul;
pub mod norm;
pub mod pool;
pub mod quantize;
pub mod recurrent;
pub mod reduce;
pub mod resize;
pub mod sample;
pub mod select;
pub mod shape;
pub mod window;
