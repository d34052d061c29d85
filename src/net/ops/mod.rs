//! The operators: one file each, shared by training and inference.
//!
//! Knows: each operator's schema, shapes, float forward and backward, int8 form and C constants.
//! Never: looks at another operator.
//! Add here: `x.rs`, its word in `table.rs`, its template `stdlib/kernels/x.c.j2`.

mod activation;
mod args;
mod batch_norm;
mod channel_sums;
mod channels;
mod columns;
mod concat;
mod constant;
mod conv2d;
mod convolution;
mod dense;
mod depthwise;
mod depthwise_conv2d;
mod elementwise;
mod gru;
mod identity;
mod layer_norm;
mod log_softmax;
mod mix;
mod lstm;
mod matmul;
mod operator;
mod packed;
mod pick;
mod pool;
mod prelu;
mod q15;
mod reduce;
mod resize_bilinear;
mod softmax;
mod strided;
mod svdf;
mod table;
mod transpose;
mod transpose_conv2d;
mod unary;
mod unary_table;
mod window;

pub use args::Args;
pub use operator::{
    Backward, Capabilities, Channels, Context, Derived, Dropped, Example, Lowered, Operator, Overlap, Place, Storage,
    Variant,
};
pub use table::{all, find};
pub use window::Window;
