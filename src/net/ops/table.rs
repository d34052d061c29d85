//! The table of operators, by their word in a spec.

use super::operator::Operator;
use super::{
    batch_norm, concat, constant, conv2d, dense, depthwise_conv2d, elementwise, gru, identity, layer_norm, log_softmax,
    lstm, matmul, pick, pool, prelu, reduce, resize_bilinear, softmax, svdf, transpose, transpose_conv2d, unary,
};

const TABLE: &[&dyn Operator] = &[
    &dense::Dense,
    &conv2d::Conv { dims: 1 },
    &conv2d::Conv { dims: 2 },
    &depthwise_conv2d::DepthwiseConv2d,
    &pool::Pool { word: "max_pool1d", largest: true, dims: 1 },
    &pool::Pool { word: "max_pool2d", largest: true, dims: 2 },
    &pool::Pool { word: "average_pool1d", largest: false, dims: 1 },
    &pool::Pool { word: "average_pool2d", largest: false, dims: 2 },
    &pool::Pool { word: "global_max_pool", largest: true, dims: 0 },
    &pool::Pool { word: "global_average_pool", largest: false, dims: 0 },
    &elementwise::Elementwise::Add,
    &elementwise::Elementwise::Sub,
    &elementwise::Elementwise::Mul,
    &elementwise::Elementwise::Minimum,
    &elementwise::Elementwise::Maximum,
    &elementwise::Elementwise::SquaredDifference,
    &constant::Constant,
    &identity::Identity::Dropout,
    &identity::Identity::Flatten,
    &identity::Identity::Reshape,
    &pick::Pick::Slice,
    &pick::Pick::Pad,
    &pick::Pick::MirrorPad,
    &pick::Pick::Gather,
    &pick::Pick::ResizeNearest,
    &pick::Pick::Tile,
    &unary::Unary::Relu,
    &unary::Unary::Relu6,
    &unary::Unary::LeakyRelu,
    &unary::Unary::HardSwish,
    &unary::Unary::Sigmoid,
    &unary::Unary::HardSigmoid,
    &unary::Unary::Tanh,
    &unary::Unary::Elu,
    &unary::Unary::Gelu,
    &unary::Unary::Silu,
    &unary::Unary::Softplus,
    &unary::Unary::Sqrt,
    &unary::Unary::Rsqrt,
    &unary::Unary::Exp,
    &unary::Unary::Log,
    &unary::Unary::Abs,
    &unary::Unary::Neg,
    &unary::Unary::Square,
    &unary::Unary::Quantize,
    &softmax::Softmax,
    &matmul::Matmul,
    &layer_norm::LayerNorm,
    &lstm::Lstm,
    &gru::Gru,
    &log_softmax::LogSoftmax,
    &svdf::Svdf,
    &batch_norm::BatchNorm,
    &prelu::Prelu,
    &resize_bilinear::ResizeBilinear,
    &transpose_conv2d::TransposeConv2d,
    &transpose::Transpose::Order,
    &transpose::Transpose::SpaceToDepth,
    &transpose::Transpose::DepthToSpace,
    &concat::Concat,
    &reduce::Reduce::Mean,
    &reduce::Reduce::Sum,
    &reduce::Reduce::Max,
    &reduce::Reduce::Min,
    &reduce::Reduce::ArgMax,
];

/// Every operator, by word.
pub fn all() -> &'static [&'static dyn Operator] {
    TABLE
}

/// The operator called `word`.
pub fn find(word: &str) -> Option<&'static dyn Operator> {
    TABLE.iter().copied().find(|op| op.word() == word)
}
