//! Which function takes which operator of the schema.

use super::build::Builder;
use super::model::Operator;
use super::options::Refusal;
use super::{arithmetic, layers, movement, recurrent, windows};

/// Takes one operator. The error says why not, and what to do.
pub(super) fn take(builder: &mut Builder<'_>, name: &str, operator: &Operator<'_>) -> Result<(), Refusal> {
    match name {
        "CONV_2D" => layers::conv2d(builder, operator),
        "DEPTHWISE_CONV_2D" => layers::depthwise(builder, operator),
        "TRANSPOSE_CONV" => layers::transpose_conv(builder, operator),
        "FULLY_CONNECTED" => layers::fully_connected(builder, operator),
        "BATCH_MATMUL" => layers::matmul(builder, operator),
        "MAX_POOL_2D" => windows::pool(builder, operator, "max_pool2d"),
        "AVERAGE_POOL_2D" => windows::pool(builder, operator, "average_pool2d"),
        "RESIZE_NEAREST_NEIGHBOR" => windows::resize(builder, operator, "resize_nearest", [0, 1]),
        "RESIZE_BILINEAR" => windows::resize(builder, operator, "resize_bilinear", [2, 3]),
        "SPACE_TO_DEPTH" => windows::depth(builder, operator, "space_to_depth"),
        "DEPTH_TO_SPACE" => windows::depth(builder, operator, "depth_to_space"),
        "ADD" => arithmetic::binary(builder, operator, "add", true),
        "SUB" => arithmetic::binary(builder, operator, "sub", true),
        "MUL" => arithmetic::binary(builder, operator, "mul", true),
        "MINIMUM" => arithmetic::binary(builder, operator, "minimum", false),
        "MAXIMUM" => arithmetic::binary(builder, operator, "maximum", false),
        "SQUARED_DIFFERENCE" => arithmetic::binary(builder, operator, "squared_difference", false),
        "RELU" => arithmetic::unary(builder, operator, "relu"),
        "RELU6" => arithmetic::unary(builder, operator, "relu6"),
        "HARD_SWISH" => arithmetic::unary(builder, operator, "hard_swish"),
        "LOGISTIC" => arithmetic::unary(builder, operator, "sigmoid"),
        "TANH" => arithmetic::unary(builder, operator, "tanh"),
        "ELU" => arithmetic::unary(builder, operator, "elu"),
        "ABS" => arithmetic::unary(builder, operator, "abs"),
        "NEG" => arithmetic::unary(builder, operator, "neg"),
        "EXP" => arithmetic::unary(builder, operator, "exp"),
        "LOG" => arithmetic::unary(builder, operator, "log"),
        "SQRT" => arithmetic::unary(builder, operator, "sqrt"),
        "RSQRT" => arithmetic::unary(builder, operator, "rsqrt"),
        "SQUARE" => arithmetic::unary(builder, operator, "square"),
        "GELU" => arithmetic::unary(builder, operator, "gelu"),
        "LEAKY_RELU" => arithmetic::leaky_relu(builder, operator),
        "PRELU" => arithmetic::prelu(builder, operator),
        "SOFTMAX" => arithmetic::softmax(builder, operator),
        "L2_NORMALIZATION" => arithmetic::l2_norm(builder, operator),
        "LOG_SOFTMAX" => arithmetic::log_softmax(builder, operator),
        "MEAN" => arithmetic::reduce(builder, operator, "mean"),
        "SUM" => arithmetic::reduce(builder, operator, "sum"),
        "REDUCE_MAX" => arithmetic::reduce(builder, operator, "reduce_max"),
        "REDUCE_MIN" => arithmetic::reduce(builder, operator, "reduce_min"),
        "ARG_MAX" => arithmetic::argmax(builder, operator),
        "QUANTIZE" => arithmetic::quantize(builder, operator),
        "DEQUANTIZE" => arithmetic::dequantize(builder, operator),
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" => movement::same(builder, operator),
        "CONCATENATION" => movement::concat(builder, operator),
        "PACK" => movement::pack(builder, operator),
        "UNPACK" => movement::unpack(builder, operator),
        "SPLIT" => movement::split(builder, operator),
        "SPLIT_V" => movement::split_v(builder, operator),
        "PAD" | "PADV2" => movement::pad(builder, operator, "pad"),
        "MIRROR_PAD" => movement::pad(builder, operator, "mirror_pad"),
        "TILE" => movement::tile(builder, operator),
        "SLICE" => movement::slice(builder, operator),
        "STRIDED_SLICE" => movement::strided_slice(builder, operator),
        "TRANSPOSE" => movement::transpose(builder, operator),
        "GATHER" => movement::gather(builder, operator),
        "SVDF" => recurrent::svdf(builder, operator),
        "UNIDIRECTIONAL_SEQUENCE_LSTM" => recurrent::lstm(builder, operator),
        _ => Err(advice(name)),
    }
}

/// What to do about an operator that isn't there.
fn advice(name: &str) -> Refusal {
    let text = match name {
        "VAR_HANDLE" | "READ_VARIABLE" | "ASSIGN_VARIABLE" | "CALL_ONCE" => {
            "models with resource variables keep state between runs: export the stateless model, without streaming layers"
        }
        "IF" | "WHILE" | "STABLEHLO_WHILE" | "CALL" => "control flow: export with unrolled loops and fixed lengths",
        "TFLite_Detection_PostProcess" => "do this step in the application",
        "RNN" | "UNIDIRECTIONAL_SEQUENCE_RNN" | "LSTM" | "BIDIRECTIONAL_SEQUENCE_LSTM" => {
            "use an unrolled cell, or `UNIDIRECTIONAL_SEQUENCE_LSTM`"
        }
        name if name.starts_with("custom operator") => "it runs only with the code of its author",
        _ => "not supported",
    };
    text.to_string()
}
