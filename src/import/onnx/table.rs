//! Table. Every operator that is lowered, by domain and name.

use super::node::Lower;
use super::ops::{activation, cast, conv, elementwise, gather, loss, matmul, norm, pool, quantize, recurrent, reduce, resize,
    select, shape};

/// Operators of the default domain, by family.
const DEFAULT: &[(&[&str], Lower)] = &[
    (
        &["Add", "Sub", "Mul", "Div", "And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor"],
        elementwise::binary,
    ),
    (&["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"], elementwise::compare),
    (&["Max", "Min", "Sum", "Mean"], elementwise::variadic),
    (&["Pow"], elementwise::pow),
    (&["Mod"], elementwise::modulo),
    (&["BitShift"], elementwise::bit_shift),
    (&["Not", "BitwiseNot", "Neg", "Abs", "Sign"], elementwise::sign),
    (&["IsNaN", "IsInf"], elementwise::classify),
    (&["Where"], elementwise::choose),
    (&["Clip"], elementwise::clip),
    (
        &[
            "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor", "Log",
            "Round", "Sin", "Sinh", "Sqrt", "Tan", "Tanh",
        ],
        activation::math,
    ),
    (
        &[
            "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Elu", "Celu", "Selu", "Softplus", "Softsign",
            "Reciprocal", "Mish", "Swish", "Gelu", "ThresholdedRelu", "Shrink",
        ],
        activation::activation,
    ),
    (&["PRelu"], activation::prelu),
    (&["Cast", "CastLike"], cast::cast),
    (&["Identity"], shape::identity),
    (&["Dropout"], shape::dropout),
    (&["Constant"], shape::constant),
    (&["ConstantOfShape"], shape::constant_of_shape),
    (&["Shape"], shape::shape),
    (&["Size"], shape::count),
    (&["Reshape"], shape::reshape),
    (&["Flatten"], shape::flatten),
    (&["Squeeze"], shape::squeeze),
    (&["Unsqueeze"], shape::unsqueeze),
    (&["Transpose"], shape::transpose),
    (&["Expand"], shape::expand),
    (&["Tile"], shape::tile),
    (&["Concat"], shape::concat),
    (&["Split"], shape::split),
    (&["Range"], shape::range),
    (&["EyeLike"], shape::eye),
    (&["Trilu"], shape::trilu),
    (&["DepthToSpace", "SpaceToDepth"], shape::depth_space),
    (&["Gather"], gather::gather),
    (&["GatherElements"], gather::gather_elements),
    (&["GatherND"], gather::gather_nd),
    (&["ScatterElements", "Scatter"], gather::scatter_elements),
    (&["ScatterND"], gather::scatter_nd),
    (&["TensorScatter"], gather::tensor_scatter),
    (&["Slice"], gather::slice),
    (&["Pad"], gather::pad),
    (&["CenterCropPad"], gather::center_crop_pad),
    (&["OneHot"], gather::one_hot),
    (&["ReverseSequence"], gather::reverse_sequence),
    (&["Compress"], gather::compress),
    (&["NonZero"], gather::non_zero),
    (
        &[
            "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
            "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp",
        ],
        reduce::reduce,
    ),
    (&["Softmax", "LogSoftmax", "Hardmax"], reduce::softmax),
    (&["ArgMax", "ArgMin"], reduce::arg),
    (&["CumSum", "CumProd"], reduce::cumulative),
    (&["LpNormalization"], reduce::lp_normalization),
    (&["MatMul"], matmul::matmul),
    (&["Gemm"], matmul::gemm),
    (&["Einsum"], matmul::einsum),
    (&["Conv"], conv::conv),
    (&["ConvTranspose"], conv::transposed),
    (&["Col2Im"], conv::col2im),
    (&["MaxPool"], pool::max),
    (&["AveragePool"], pool::average),
    (&["LpPool"], pool::lp),
    (&["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"], pool::global),
    (&["MaxUnpool"], pool::unpool),
    (&["LayerNormalization", "RMSNormalization"], norm::layer),
    (&["GroupNormalization"], norm::group),
    (&["InstanceNormalization"], norm::instance),
    (&["BatchNormalization"], norm::batch),
    (&["LRN"], norm::local_response),
    (&["MeanVarianceNormalization"], norm::mean_variance),
    (&["NegativeLogLikelihoodLoss"], loss::likelihood),
    (&["SoftmaxCrossEntropyLoss"], loss::cross_entropy),
    (&["QuantizeLinear"], quantize::quantize),
    (&["DequantizeLinear"], quantize::dequantize),
    (&["DynamicQuantizeLinear"], quantize::dynamic),
    (&["MatMulInteger"], quantize::matmul_integer),
    (&["QLinearMatMul"], quantize::qlinear_matmul),
    (&["ConvInteger"], quantize::conv_integer),
    (&["QLinearConv"], quantize::qlinear_conv),
    (&["RNN", "GRU", "LSTM"], recurrent::recurrent),
    (&["Resize"], resize::resize),
    (&["Upsample"], resize::upsample),
    (&["TopK"], select::top_k),
];

/// Operators of `ai.onnx.ml`.
const MACHINE_LEARNING: &[(&[&str], Lower)] = &[(&["Binarizer"], quantize::binarize)];

/// The function that lowers an operator.
pub fn find(domain: &str, op: &str) -> Option<Lower> {
    let table = match domain {
        "" => DEFAULT,
        "ai.onnx.ml" => MACHINE_LEARNING,
        _ => return None,
    };
    table.iter().find(|(names, _)| names.contains(&op)).map(|(_, lower)| *lower)
}
