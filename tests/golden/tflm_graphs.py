"""Random int8 TFLite models with the answers of the PyPI wheel `tflite-micro` (reference kernels).

    python tests/golden/tflm_graphs.py OUT COUNT SEED [KIND …]

OUT becomes one file: for each case name, flatbuffer, inputs x and outputs y, every piece behind its length (u32, little
endian). Cases that the wheel refuses are drawn anew and counted by kind on standard output.
"""
import struct
import sys

import flatbuffers
import numpy as np
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

OP, OPTIONS, TYPE, PADDING = schema.BuiltinOperator, schema.BuiltinOptions, schema.TensorType, schema.Padding
ACTIVATIONS = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}
SAMPLES = 3


class Graph:
    """A model in the making: tensors are numbered, the last one made is the output."""

    def __init__(self, random):
        self.random, self.tensors, self.buffers, self.operators, self.codes = random, [], [schema.BufferT()], [], []
        self.inputs = []

    def tensor(self, shape, kind=TYPE.INT8, scales=None, zeros=None, axis=0, data=None, name=None):
        made = schema.TensorT()
        made.name = (name or f"t{len(self.tensors)}").encode()
        made.shape, made.type, made.buffer = [int(d) for d in shape], kind, 0
        if scales is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = [float(np.float32(s)) for s in scales]
            made.quantization.zeroPoint = [int(z) for z in zeros]
            made.quantization.quantizedDimension = axis
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            made.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def value(self, shape, scale=None, zero=None):
        scale = self.scale() if scale is None else scale
        zero = int(self.random.integers(-128, 128)) if zero is None else zero
        return self.tensor(shape, scales=[scale], zeros=[zero])

    def input(self, shape, scale=None, zero=None):
        made = self.value(shape, scale, zero)
        self.inputs.append(made)
        return made

    def constant(self, shape, scale=None, zero=None):
        data = self.random.integers(-128, 128, shape).astype(np.int8)
        scale = self.scale() if scale is None else scale
        zero = int(self.random.integers(-128, 128)) if zero is None else zero
        return self.tensor(shape, scales=[scale], zeros=[zero], data=data)

    def ints(self, values, shape=None):
        data = np.array(values, np.int32)
        return self.tensor(data.shape if shape is None else shape, TYPE.INT32, data=data)

    def scale(self):
        return float(np.float32(np.exp(self.random.uniform(np.log(0.002), np.log(0.2)))))

    def shape(self, at):
        return list(self.tensors[at].shape)

    def scale_of(self, at):
        return self.tensors[at].quantization.scale[0]

    def zero_of(self, at):
        return self.tensors[at].quantization.zeroPoint[0]

    def op(self, code, inputs, outputs, options_type=0, options=None, version=1, intermediates=None):
        made = schema.OperatorT()
        key = (code, version)
        if key not in self.codes:
            self.codes.append(key)
        made.opcodeIndex = self.codes.index(key)
        made.inputs, made.outputs = inputs, outputs
        made.builtinOptionsType, made.builtinOptions = options_type, options
        if intermediates is not None:
            made.intermediates = intermediates
        self.operators.append(made)
        return outputs[0]

    def bytes(self, outputs):
        model, graph = schema.ModelT(), schema.SubGraphT()
        model.version, model.buffers = 3, self.buffers
        for code, version in self.codes:
            made = schema.OperatorCodeT()
            made.builtinCode, made.deprecatedBuiltinCode, made.version = code, min(code, 127), version
            model.operatorCodes = (model.operatorCodes or []) + [made]
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = self.inputs, outputs
        model.subgraphs = [graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def options(name, **fields):
    made = getattr(schema, name + "T")()
    for field, value in fields.items():
        assert hasattr(made, field), (name, field)
        setattr(made, field, value)
    return getattr(OPTIONS, name), made


def pick(g, choices):
    return choices[int(g.random.integers(len(choices)))]


def between(g, low, high):
    return int(g.random.integers(low, high + 1))


def activation(g):
    return ACTIVATIONS[pick(g, ["none", "none", "relu", "relu6", "relu_n1_to_1"])]


def window(g, size, most=5):
    return between(g, 1, min(most, size))


def output_size(size, kernel, stride, dilation, padding):
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == PADDING.SAME else (size - reach + stride) // stride


def image(g, most_size=13, most_channels=70):
    return [1, between(g, 1, most_size), between(g, 1, most_size), between(g, 1, most_channels)]


def weights(g, shape, axis, channels, fan_in, x, kind=np.int8):
    """Weights, bias and a scale of the output at which answers spread over the int8 range."""
    per_channel = bool(g.random.integers(0, 3))
    base = g.scale() / 4
    scales = [base * g.random.uniform(0.3, 1.0) for _ in range(channels if per_channel else 1)]
    scales = [float(np.float32(s)) for s in scales]
    data = g.random.integers(-127, 128, shape).astype(np.int8)
    if g.random.integers(0, 8) == 0:
        data[..., :] = np.where(g.random.integers(0, 3, data.shape) == 0, data, 0)
    w = g.tensor(shape, scales=scales, zeros=[0] * len(scales), axis=axis, data=data)
    spread = int(74 * 73 * max(fan_in, 1) ** 0.5)
    bias = g.random.integers(-spread, spread + 1, channels).astype(np.int32)
    bias_scales = [np.float32(g.scale_of(x)) * np.float32(s) for s in scales]
    b = g.tensor([channels], TYPE.INT32, scales=bias_scales, zeros=[0] * len(scales), data=bias)
    scale = g.scale_of(x) * base * spread / g.random.uniform(20, 160)
    return w, b, float(np.float32(scale))


def conv2d(g, x, filters=None, kernel=None, stride=None, padding=None, act=None, grouped=False, bias=True):
    _, h, w, c = g.shape(x)
    kernel = kernel or [window(g, h), window(g, w)]
    stride = stride or [between(g, 1, 3), between(g, 1, 3)]
    dilation = [1, 1]
    if g.random.integers(0, 5) == 0:
        dilation = [between(g, 1, 3), between(g, 1, 3)]
    padding = between(g, 0, 1) if padding is None else padding
    if padding == PADDING.VALID:
        dilation = [d if (k - 1) * d + 1 <= n else 1 for k, d, n in zip(kernel, dilation, (h, w))]
    groups = pick(g, [n for n in range(1, c + 1) if c % n == 0]) if grouped else 1
    filters = filters or between(g, 1, 70)
    filters = max(filters // groups, 1) * groups
    shape = [filters, *kernel, c // groups]
    weight, b, scale = weights(g, shape, 0, filters, int(np.prod(shape[1:])), x)
    oh, ow = (output_size(n, k, s, d, padding) for n, k, s, d in zip((h, w), kernel, stride, dilation))
    y = g.value([1, oh, ow, filters], scale)
    kind, made = options("Conv2DOptions", padding=padding, strideH=stride[0], strideW=stride[1],
                         dilationHFactor=dilation[0], dilationWFactor=dilation[1],
                         fusedActivationFunction=activation(g) if act is None else act)
    return g.op(OP.CONV_2D, [x, weight, b if bias else -1], [y], kind, made, 3)


def depthwise(g, x, kernel=None, stride=None, padding=None, act=None, multiplier=None):
    _, h, w, c = g.shape(x)
    kernel = kernel or [window(g, h), window(g, w)]
    stride = stride or [between(g, 1, 3)] * 2
    dilation = [1, 1]
    if stride == [1, 1] and g.random.integers(0, 4) == 0:
        dilation = [between(g, 1, 3), between(g, 1, 3)]
    padding = between(g, 0, 1) if padding is None else padding
    if padding == PADDING.VALID:
        dilation = [d if (k - 1) * d + 1 <= n else 1 for k, d, n in zip(kernel, dilation, (h, w))]
    multiplier = multiplier or pick(g, [1, 1, 1, 2, 3, 8])
    channels = c * multiplier
    weight, b, scale = weights(g, [1, *kernel, channels], 3, channels, kernel[0] * kernel[1], x)
    oh, ow = (output_size(n, k, s, d, padding) for n, k, s, d in zip((h, w), kernel, stride, dilation))
    y = g.value([1, oh, ow, channels], scale)
    kind, made = options("DepthwiseConv2DOptions", padding=padding, strideH=stride[0], strideW=stride[1],
                         dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
                         fusedActivationFunction=activation(g) if act is None else act)
    return g.op(OP.DEPTHWISE_CONV_2D, [x, weight, b], [y], kind, made, 3)


def transpose_conv(g, x):
    _, h, w, c = g.shape(x)
    kernel, stride, padding = [between(g, 1, 4), between(g, 1, 4)], [between(g, 1, 3)] * 2, between(g, 0, 1)
    filters = between(g, 1, 40)
    sizes = [n * s if padding == PADDING.SAME else (n - 1) * s + max(k, s) for n, k, s in zip((h, w), kernel, stride)]
    if padding == PADDING.VALID:
        sizes = [(n - 1) * s + k for n, k, s in zip((h, w), kernel, stride)]
    shape = [filters, *kernel, c]
    weight, b, scale = weights(g, shape, 0, filters, kernel[0] * kernel[1] * c // (stride[0] * stride[1]), x)
    y = g.value([1, *sizes, filters], scale)
    kind, made = options("TransposeConvOptions", padding=padding, strideH=stride[0], strideW=stride[1])
    size = g.ints([1, *sizes, filters])
    return g.op(OP.TRANSPOSE_CONV, [size, weight, x] + ([b] if g.random.integers(0, 2) else []), [y], kind, made, 3)


def dense(g, x, units=None, act=None, keep=None):
    shape = g.shape(x)
    keep = bool(g.random.integers(0, 2)) if keep is None else keep
    units = units or between(g, 1, 70)
    rows = len(shape) > 2 and (keep or g.random.integers(0, 2))
    width = shape[-1] if rows else int(np.prod(shape[1:]))
    weight, b, scale = weights(g, [units, width], 0, units, width, x)
    lead = int(np.prod(shape)) // width
    y = g.value([*shape[:-1], units] if keep and rows else [lead, units], scale)
    kind, made = options("FullyConnectedOptions", keepNumDims=bool(keep and rows),
                         fusedActivationFunction=activation(g) if act is None else act)
    per_channel = len(g.tensors[weight].quantization.scale) > 1
    inputs = [x, weight, b if g.random.integers(0, 6) else -1]
    return g.op(OP.FULLY_CONNECTED, inputs, [y], kind, made, 12 if per_channel else 4)


def pool(g, x, code):
    _, h, w, c = g.shape(x)
    kernel, stride, padding = [window(g, h), window(g, w)], [between(g, 1, 3), between(g, 1, 3)], between(g, 0, 1)
    oh, ow = (output_size(n, k, s, 1, padding) for n, k, s in zip((h, w), kernel, stride))
    y = g.value([1, oh, ow, c], g.scale_of(x), g.zero_of(x))
    kind, made = options("Pool2DOptions", padding=padding, strideH=stride[0], strideW=stride[1], filterHeight=kernel[0],
                         filterWidth=kernel[1], fusedActivationFunction=activation(g))
    return g.op(code, [x], [y], kind, made, 2)


def broadcast(g, shape):
    """A shape that goes together with `shape`, and what both give."""
    other = [1 if g.random.integers(0, 3) == 0 else d for d in shape]
    other[0] = 1
    cut = between(g, 0, len(other) - 1) if g.random.integers(0, 3) == 0 else 0
    return other[cut:]


ARITHMETIC = {
    "add": (OP.ADD, "AddOptions"), "sub": (OP.SUB, "SubOptions"), "mul": (OP.MUL, "MulOptions"),
    "minimum": (OP.MINIMUM, None), "maximum": (OP.MAXIMUM, None), "squared_difference": (OP.SQUARED_DIFFERENCE, "SquaredDifferenceOptions"),
}


def arithmetic(g, x, other, word, swap=False):
    code, name = ARITHMETIC[word]
    a, b = (other, x) if swap else (x, other)
    shape = [int(d) for d in np.broadcast_shapes(g.shape(a), g.shape(b))]
    sa, sb = g.scale_of(a), g.scale_of(b)
    if word in ("minimum", "maximum"):
        y = g.value(shape, sa, g.zero_of(a))
        return g.op(code, [a, b], [y], OPTIONS.MaximumMinimumOptions, schema.MaximumMinimumOptionsT(), 2)
    spread = {"mul": sa * sb * 100, "squared_difference": (sa + sb) ** 2 * 100}.get(word, sa + sb)
    y = g.value(shape, spread * g.random.uniform(0.4, 2.0))
    kind, made = options(name) if word == "squared_difference" else options(name, fusedActivationFunction=activation(g))
    return g.op(code, [a, b], [y], kind, made, 2)


def partner(g, x, word):
    """The second operand: a constant, the same value, or something computed from the input."""
    same = word in ("minimum", "maximum")
    quant = (g.scale_of(x), g.zero_of(x)) if same else (None, None)
    how = between(g, 0, 3)
    if how == 0:
        return x
    if how == 1 and not same:
        return unary(g, x, "LOGISTIC")
    return g.constant(broadcast(g, g.shape(x)), *quant)


def concat(g, values, axis):
    shape = g.shape(values[0])
    shape[axis] = sum(g.shape(v)[axis] for v in values)
    first = values[0]
    y = g.value(shape, g.scale_of(first), g.zero_of(first))
    kind, made = options("ConcatenationOptions", axis=axis if g.random.integers(0, 2) else axis - len(shape))
    return g.op(OP.CONCATENATION, values, [y], kind, made, 2)


def pad(g, x, code=OP.PAD):
    shape = g.shape(x)
    amounts = [[0, 0]] + [[between(g, 0, 3), between(g, 0, 3)] for _ in shape[1:]]
    y = g.value([d + a + b for d, (a, b) in zip(shape, amounts)], g.scale_of(x), g.zero_of(x))
    if code == OP.PADV2:
        value = g.constant([], g.scale_of(x), g.zero_of(x))
        return g.op(code, [x, g.ints(amounts), value], [y], OPTIONS.PadV2Options, schema.PadV2OptionsT(), 2)
    return g.op(code, [x, g.ints(amounts)], [y], OPTIONS.PadOptions, schema.PadOptionsT(), 2)


def mirror_pad(g, x):
    shape, mode = g.shape(x), between(g, 0, 1)
    most = [min(3, d - 1 + mode) for d in shape]
    amounts = [[0, 0]] + [[between(g, 0, m), between(g, 0, m)] for m in most[1:]]
    y = g.value([d + a + b for d, (a, b) in zip(shape, amounts)], g.scale_of(x), g.zero_of(x))
    kind, made = options("MirrorPadOptions", mode=mode)
    return g.op(OP.MIRROR_PAD, [x, g.ints(amounts)], [y], kind, made, 2)


def slice_(g, x):
    shape = g.shape(x)
    begin = [between(g, 0, d - 1) for d in shape]
    size = [between(g, 1, d - b) for b, d in zip(begin, shape)]
    y = g.value(size, g.scale_of(x), g.zero_of(x))
    said = [-1 if b + n == d and g.random.integers(0, 2) else n for b, n, d in zip(begin, size, shape)]
    return g.op(OP.SLICE, [x, g.ints(begin), g.ints(said)], [y], OPTIONS.SliceOptions, schema.SliceOptionsT(), 2)


def strided_slice(g, x):
    shape = g.shape(x)
    begin, end, stride, out, begin_mask, end_mask, shrink = [0], [1], [1], [1], 0, 0, 0
    for at, d in enumerate(shape[1:], 1):
        s = pick(g, [1, 1, 2, 3, -1, -2])
        a, b = between(g, 0, d - 1), between(g, 0, d - 1)
        a, b = (min(a, b), max(a, b) + 1) if s > 0 else (max(a, b), min(a, b) - 1)
        if g.random.integers(0, 4) == 0:
            begin_mask |= 1 << at
            a = 0 if s > 0 else d - 1
        if g.random.integers(0, 4) == 0 or b < 0:
            end_mask |= 1 << at
            b = d if s > 0 else -1
        n = len(range(a, b, s))
        if at < len(shape) - 1 and s == 1 and g.random.integers(0, 8) == 0:
            shrink |= 1 << at
            begin_mask, end_mask = begin_mask & ~(1 << at), end_mask & ~(1 << at)
            n, b = 1, a + 1
        begin.append(a - d if g.random.integers(0, 4) == 0 else a)
        end.append(b if b >= 0 else 0)
        stride.append(s)
        out.append(n)
    dims = [n for at, n in enumerate(out) if not shrink >> at & 1]
    y = g.value(dims, g.scale_of(x), g.zero_of(x))
    kind, made = options("StridedSliceOptions", beginMask=begin_mask, endMask=end_mask, shrinkAxisMask=shrink)
    return g.op(OP.STRIDED_SLICE, [x, g.ints(begin), g.ints(end), g.ints(stride)], [y], kind, made, 2)


def reshape(g, x, dims):
    said = list(dims)
    if g.random.integers(0, 2):
        said[between(g, 0, len(said) - 1)] = -1
    y = g.value(dims, g.scale_of(x), g.zero_of(x))
    kind, made = options("ReshapeOptions", newShape=said)
    return g.op(OP.RESHAPE, [x, g.ints(said)], [y], kind, made)


def factored(g, count, parts):
    dims = []
    for _ in range(parts - 1):
        d = pick(g, [n for n in range(1, min(count, 24) + 1) if count % n == 0])
        dims.append(d)
        count //= d
    return [1, *dims, count]


def transpose(g, x):
    shape = g.shape(x)
    order = [0] + [int(at) + 1 for at in g.random.permutation(len(shape) - 1)]
    y = g.value([shape[at] for at in order], g.scale_of(x), g.zero_of(x))
    return g.op(OP.TRANSPOSE, [x, g.ints(order)], [y], OPTIONS.TransposeOptions, schema.TransposeOptionsT(), 2)


def unary(g, x, name, code=None, version=2, **fields):
    code = getattr(OP, name)
    scale, zero = None, None
    if name == "LOGISTIC":
        scale, zero = 1 / 256, -128
    elif name == "TANH":
        scale, zero = 1 / 128, 0
    elif name == "LOG_SOFTMAX":
        scale, zero = 16 / 256, 127
    elif name == "SOFTMAX":
        scale, zero = 1 / 256, -128
    elif name == "L2_NORMALIZATION":
        scale, zero = 1 / 128, 0
    elif name in ("ABS", "NEG", "RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "ELU", "QUANTIZE", "GELU"):
        scale = g.scale_of(x) * g.random.uniform(0.4, 2.0)
    elif name == "EXP":
        scale = float(np.exp(min(g.scale_of(x) * (127 - g.zero_of(x)), 8)) / 200)
    if name == "RELU6":
        # TFLM clamps without a look at the output's scale, which converters make that of the input.
        scale, zero = g.scale_of(x), g.zero_of(x)
    if name == "ABS":
        scale = g.scale_of(x) if g.random.integers(0, 2) else scale
    y = g.value(g.shape(x), scale, zero)
    kind, made = (0, None)
    given = {"LEAKY_RELU": "LeakyReluOptions", "SOFTMAX": "SoftmaxOptions", "LOG_SOFTMAX": "LogSoftmaxOptions", "ABS": "AbsOptions",
             "HARD_SWISH": "HardSwishOptions", "QUANTIZE": "QuantizeOptions", "NEG": "NegOptions", "EXP": "ExpOptions",
             "L2_NORMALIZATION": "L2NormOptions", "SQUARE": "SquareOptions", "GELU": "GeluOptions"}
    if name in given:
        kind, made = options(given[name], **fields)
    return g.op(code, [x], [y], kind, made, version)


def prelu(g, x):
    shape = g.shape(x)
    slope = pick(g, [[1] * (len(shape) - 2) + [shape[-1]], shape[1:], [1] * (len(shape) - 1)])
    alpha = g.constant(slope, g.random.uniform(0.001, 0.02))
    y = g.value(shape, g.scale_of(x) * g.random.uniform(0.5, 2.0))
    return g.op(OP.PRELU, [x, alpha], [y])


def resize(g, x, code):
    _, h, w, c = g.shape(x)
    size = [between(g, 1, 2 * h + 1), between(g, 1, 2 * w + 1)]
    y = g.value([1, *size, c], g.scale_of(x), g.zero_of(x))
    align, half = pick(g, [(False, False), (True, False), (False, True)])
    name = "ResizeBilinearOptions" if code == OP.RESIZE_BILINEAR else "ResizeNearestNeighborOptions"
    kind, made = options(name, alignCorners=align, halfPixelCenters=half)
    return g.op(code, [x, g.ints(size)], [y], kind, made, 3)


def reduce(g, x, code):
    shape = g.shape(x)
    axes = [at for at in range(1, len(shape)) if g.random.integers(0, 2)] or [pick(g, range(1, len(shape)))]
    keep = bool(g.random.integers(0, 2))
    dims = [1 if at in axes else d for at, d in enumerate(shape) if keep or at not in axes]
    same = code in (OP.REDUCE_MAX, OP.REDUCE_MIN) or g.random.integers(0, 3) == 0
    count = int(np.prod([shape[at] for at in axes]))
    spread = count ** 0.5 if code == OP.SUM else 1 / max(count, 1) ** 0.3
    scale = g.scale_of(x) if same else g.scale_of(x) * spread * g.random.uniform(0.5, 2.0)
    y = g.value(dims, scale, g.zero_of(x) if same else None)
    said = [at - len(shape) if g.random.integers(0, 3) == 0 else at for at in axes]
    kind, made = options("ReducerOptions", keepDims=keep)
    return g.op(code, [x, g.ints(said)], [y], kind, made, 2)


def depth(g, x, code):
    _, h, w, c = g.shape(x)
    block = 2
    if code == OP.SPACE_TO_DEPTH:
        y, name = [1, h // block, w // block, c * block * block], "SpaceToDepthOptions"
    else:
        y, name = [1, h * block, w * block, c // (block * block)], "DepthToSpaceOptions"
    kind, made = options(name, blockSize=block)
    return g.op(code, [x], [g.value(y, g.scale_of(x), g.zero_of(x))], kind, made, 2)


def gather(g, x):
    shape = g.shape(x)
    axis = between(g, 1, len(shape) - 1)
    at = [between(g, 0, shape[axis] - 1) for _ in range(between(g, 1, 6))]
    y = g.value([*shape[:axis], len(at), *shape[axis + 1:]], g.scale_of(x), g.zero_of(x))
    kind, made = options("GatherOptions", axis=axis)
    return g.op(OP.GATHER, [x, g.ints(at)], [y], kind, made, 2)


def matmul(g, x):
    shape = g.shape(x)
    adj_x, adj_y = bool(g.random.integers(0, 2)), bool(g.random.integers(0, 2))
    rows, inner = (shape[-1], shape[-2]) if adj_x else (shape[-2], shape[-1])
    columns = between(g, 1, 24)
    if g.random.integers(0, 2):
        b = g.constant([*shape[:-2], columns, inner] if adj_y else [*shape[:-2], inner, columns])
    else:
        adj_x, adj_y, rows, inner, columns = False, True, shape[-2], shape[-1], shape[-2]
        b = unary(g, x, "LOGISTIC")
    scale = g.scale_of(x) * g.scale_of(b) * 74 * 100 * inner ** 0.5 / g.random.uniform(30, 120)
    y = g.value([*shape[:-2], rows, columns], scale)
    kind, made = options("BatchMatMulOptions", adjX=adj_x, adjY=adj_y)
    return g.op(OP.BATCH_MATMUL, [x, b], [y], kind, made, 2)


def split(g, x):
    """The pieces of one axis, one of them left out, put together again in another order."""
    shape = g.shape(x)
    axis = pick(g, [at for at in range(1, len(shape)) if shape[at] > 1] or [len(shape) - 1])
    parts = pick(g, [n for n in (1, 2, 3, 4, 5) if shape[axis] % n == 0])
    shape[axis] //= parts
    ys = [g.value(shape, g.scale_of(x), g.zero_of(x)) for _ in range(parts)]
    kind, made = options("SplitOptions", numSplits=parts)
    g.op(OP.SPLIT, [g.ints(axis, []), x], ys, kind, made, 2)
    return concat(g, list(reversed(ys[: max(parts - 1, 1)])), axis)


def split_v(g, x):
    shape = g.shape(x)
    axis = pick(g, [at for at in range(1, len(shape)) if shape[at] > 1] or [len(shape) - 1])
    first = between(g, 1, max(shape[axis] - 1, 1))
    sizes = [first, shape[axis] - first] if shape[axis] > first else [first]
    ys = [g.value([n if at == axis else d for at, d in enumerate(shape)], g.scale_of(x), g.zero_of(x)) for n in sizes]
    kind, made = options("SplitVOptions", numSplits=len(sizes))
    g.op(OP.SPLIT_V, [x, g.ints(sizes), g.ints(axis, [])], ys, kind, made, 2)
    return concat(g, list(reversed(ys)), axis)


def pack(g, x):
    """Takes an axis apart and stacks the pieces again along another one."""
    shape = g.shape(x)
    axis = pick(g, [at for at in range(1, len(shape)) if 1 <= shape[at] <= 6] or [0])
    if axis == 0:
        return reshape(g, x, [1, int(np.prod(shape))])
    rest = shape[:axis] + shape[axis + 1:]
    ys = [g.value(rest, g.scale_of(x), g.zero_of(x)) for _ in range(shape[axis])]
    kind, made = options("UnpackOptions", num=len(ys), axis=axis)
    g.op(OP.UNPACK, [x], ys, kind, made, 2)
    back = between(g, 1, len(rest))
    kind, made = options("PackOptions", valuesCount=len(ys), axis=back)
    y = g.value([*rest[:back], len(ys), *rest[back:]], g.scale_of(x), g.zero_of(x))
    return g.op(OP.PACK, list(reversed(ys)), [y], kind, made, 2)


def softmax(g, x):
    return unary(g, x, "SOFTMAX", beta=1.0 if g.random.integers(0, 4) else float(np.float32(g.random.uniform(0.2, 3))))


def svdf(g, x):
    width = int(np.prod(g.shape(x)[1:]))
    rank, units, memory = between(g, 1, 3), between(g, 1, 20), between(g, 1, 10)
    filters = rank * units
    sx, sf, st = g.scale_of(x), 0.005, 0.001
    feature = g.tensor([filters, width], scales=[sf], zeros=[0], data=g.random.integers(-127, 128, [filters, width]).astype(np.int8))
    time = g.tensor([filters, memory], TYPE.INT16, scales=[st], zeros=[0], data=g.random.integers(-3000, 3001, [filters, memory]).astype(np.int16))
    state_scale = float(np.float32(sx * sf * 74 * 73 * width ** 0.5 / 8000))
    bias = g.tensor([units], TYPE.INT32, scales=[state_scale * st], zeros=[0], data=g.random.integers(-10000, 10000, units).astype(np.int32))
    state = g.tensor([1, filters * memory], TYPE.INT16, scales=[state_scale], zeros=[0])
    g.tensors[state].isVariable = True
    y = g.value([1, units], state_scale * st * 8000 * 1700 * (memory * rank) ** 0.5 / 60)
    kind, made = options("SVDFOptions", rank=rank, fusedActivationFunction=ACTIVATIONS[pick(g, ["none", "relu"])])
    return g.op(OP.SVDF, [x, feature, time, bias, state], [y], kind, made, 3)


def lstm(g, x):
    _, steps, width = g.shape(x)
    units = between(g, 1, 20)
    sx, so = g.scale_of(x), 1 / 128
    zo = 0
    state = g.tensor([1, units], scales=[so], zeros=[zo])
    cell = g.tensor([1, units], TYPE.INT16, scales=[2 ** -pick(g, [11, 12])], zeros=[0])
    g.tensors[state].isVariable = g.tensors[cell].isVariable = True
    sw, sr = 0.006, 0.006

    def matrix(columns, scale):
        return g.tensor([units, columns], scales=[scale], zeros=[0], data=g.random.integers(-127, 128, [units, columns]).astype(np.int8))

    inputs = [matrix(width, sw) for _ in range(4)]
    recurrent = [matrix(units, sr) for _ in range(4)]
    biases = [g.tensor([units], TYPE.INT32, scales=[sx * sw], zeros=[0], data=g.random.integers(-3000, 3001, units).astype(np.int32)) for _ in range(4)]
    y = g.tensor([1, steps, units], scales=[so], zeros=[zo])
    middle = [g.tensor([0], TYPE.INT16, scales=[2 ** -12], zeros=[0]) for _ in range(4)]
    middle.append(g.tensor([0], scales=[so], zeros=[zo]))
    kind, made = options("UnidirectionalSequenceLSTMOptions", fusedActivationFunction=4, cellClip=10.0, timeMajor=False)
    inputs = [x, *inputs, *recurrent, -1, -1, -1, *biases, -1, -1, state, cell, -1, -1, -1, -1]
    return g.op(OP.UNIDIRECTIONAL_SEQUENCE_LSTM, inputs, [y], kind, made, 3, middle)


def single(name):
    """One operator over a random input, or its word's usual companions."""
    def small(g):
        return g.input(image(g, 9, 40))

    def any_rank(g):
        return g.input([1] + [between(g, 1, 9) for _ in range(between(g, 1, 3))])

    def vector(g):
        return g.input([1, between(g, 1, 120)])

    makers = {
        "conv2d": lambda g: conv2d(g, g.input(image(g))),
        "conv2d_groups": lambda g: conv2d(g, g.input(image(g, 8, 48)), grouped=True),
        "conv2d_no_bias": lambda g: conv2d(g, g.input(image(g, 8, 48)), bias=False),
        "conv2d_pointwise": lambda g: conv2d(g, g.input(image(g)), kernel=[1, 1], stride=[1, 1]),
        "conv2d_same_even": lambda g: conv2d(g, g.input([1, 2 * between(g, 1, 7), 2 * between(g, 1, 7), between(g, 1, 9)]), kernel=[3, 3], stride=[2, 2], padding=0),
        "conv1d": lambda g: conv2d(g, g.input([1, 1, between(g, 3, 40), between(g, 1, 30)])),
        "depthwise": lambda g: depthwise(g, g.input(image(g))),
        "depthwise_same_even": lambda g: depthwise(g, g.input([1, 2 * between(g, 1, 7), 2 * between(g, 1, 7), between(g, 1, 40)]), kernel=[3, 3], stride=[2, 2], padding=0),
        "transpose_conv": lambda g: transpose_conv(g, g.input(image(g, 7, 20))),
        "dense": lambda g: dense(g, vector(g)),
        "dense_rows": lambda g: dense(g, g.input([1, between(g, 1, 9), between(g, 1, 30)]), keep=True),
        "dense_image": lambda g: dense(g, g.input(image(g, 5, 12))),
        "max_pool": lambda g: pool(g, g.input(image(g)), OP.MAX_POOL_2D),
        "average_pool": lambda g: pool(g, g.input(image(g)), OP.AVERAGE_POOL_2D),
        "concat": lambda g: concat_of(g, any_rank(g)),
        "pad": lambda g: pad(g, any_rank(g)),
        "padv2": lambda g: pad(g, any_rank(g), OP.PADV2),
        "mirror_pad": lambda g: mirror_pad(g, any_rank(g)),
        "slice": lambda g: slice_(g, any_rank(g)),
        "strided_slice": lambda g: strided_slice(g, any_rank(g)),
        "transpose": lambda g: transpose(g, any_rank(g)),
        "quantize": lambda g: unary(g, any_rank(g), "QUANTIZE"),
        "relu": lambda g: unary(g, any_rank(g), "RELU"),
        "relu6": lambda g: unary(g, any_rank(g), "RELU6"),
        "leaky_relu": lambda g: unary(g, any_rank(g), "LEAKY_RELU", alpha=float(np.float32(g.random.uniform(0.01, 0.6)))),
        "prelu": lambda g: prelu(g, small(g)),
        "hard_swish": lambda g: unary(g, any_rank(g), "HARD_SWISH", version=1),
        "logistic": lambda g: unary(g, any_rank(g), "LOGISTIC"),
        "tanh": lambda g: unary(g, any_rank(g), "TANH"),
        "elu": lambda g: unary(g, any_rank(g), "ELU", version=1),
        "softmax": lambda g: softmax(g, any_rank(g)),
        "log_softmax": lambda g: unary(g, any_rank(g), "LOG_SOFTMAX"),
        "l2_normalization": lambda g: unary(g, any_rank(g), "L2_NORMALIZATION"),
        "abs": lambda g: unary(g, any_rank(g), "ABS"),
        "neg": lambda g: unary(g, any_rank(g), "NEG"),
        "exp": lambda g: unary(g, any_rank(g), "EXP"),
        "rsqrt": lambda g: unary(g, g.input([1, between(g, 1, 40)], zero=-128), "RSQRT"),
        "resize_nearest": lambda g: resize(g, small(g), OP.RESIZE_NEAREST_NEIGHBOR),
        "resize_bilinear": lambda g: resize(g, small(g), OP.RESIZE_BILINEAR),
        "mean": lambda g: reduce(g, any_rank(g), OP.MEAN),
        "sum": lambda g: reduce(g, any_rank(g), OP.SUM),
        "reduce_max": lambda g: reduce(g, any_rank(g), OP.REDUCE_MAX),
        "reduce_min": lambda g: reduce(g, any_rank(g), OP.REDUCE_MIN),
        "space_to_depth": lambda g: depth(g, g.input([1, 2 * between(g, 1, 5), 2 * between(g, 1, 5), between(g, 1, 9)]), OP.SPACE_TO_DEPTH),
        "depth_to_space": lambda g: depth(g, g.input([1, between(g, 1, 5), between(g, 1, 5), 4 * between(g, 1, 9)]), OP.DEPTH_TO_SPACE),
        "gather": lambda g: gather(g, any_rank(g)),
        "matmul": lambda g: matmul(g, g.input([1, between(g, 1, 12), between(g, 1, 24)])),
        "split": lambda g: split(g, any_rank(g)),
        "split_v": lambda g: split_v(g, any_rank(g)),
        "pack": lambda g: pack(g, any_rank(g)),
        "svdf": lambda g: svdf(g, vector(g)),
        "lstm": lambda g: lstm(g, g.input([1, between(g, 1, 8), between(g, 1, 16)])),
    }
    for word in ARITHMETIC:
        makers[word] = lambda g, word=word: binary(g, any_rank(g), word)
    return makers if name is None else makers[name]


def concat_of(g, x):
    shape = g.shape(x)
    axis = between(g, 1, len(shape) - 1)
    values = [x]
    for _ in range(between(g, 1, 3)):
        other = [between(g, 1, 9) if at == axis else d for at, d in enumerate(shape)]
        values.append(g.constant(other, g.scale_of(x), g.zero_of(x)) if g.random.integers(0, 2) else x)
    return concat(g, [values[int(at)] for at in g.random.permutation(len(values))], axis)


def binary(g, x, word):
    return arithmetic(g, x, partner(g, x, word), word, bool(g.random.integers(0, 2)) and word not in ("minimum", "maximum"))


def step(g, x):
    """One more operator that an image model has."""
    _, h, w, c = g.shape(x)
    way = between(g, 0, 11)
    if way <= 2:
        return conv2d(g, x, filters=between(g, 1, 24))
    if way == 3:
        return depthwise(g, x, multiplier=1)
    if way == 4:
        return pool(g, x, pick(g, [OP.MAX_POOL_2D, OP.AVERAGE_POOL_2D]))
    if way == 5:
        same = conv2d(g, x, filters=c, stride=[1, 1], padding=0)
        return arithmetic(g, same, x, "add", bool(g.random.integers(0, 2)))
    if way == 6:
        wide = conv2d(g, x, filters=min(3 * c, 40), kernel=[1, 1], stride=[1, 1], act=3)
        narrow = conv2d(g, depthwise(g, wide, kernel=[3, 3], stride=[1, 1], padding=0, act=3, multiplier=1), filters=c, kernel=[1, 1], stride=[1, 1], act=0)
        return arithmetic(g, narrow, x, "add")
    if way == 7:
        return arithmetic(g, x, unary(g, x, pick(g, ["LOGISTIC", "TANH", "HARD_SWISH"]), version=1), "mul")
    if way == 8:
        halves = [unary(g, conv2d(g, x, filters=between(g, 1, 12), kernel=[1, 1], stride=[1, 1]), "LOGISTIC") for _ in range(2)]
        return concat(g, halves, 3)
    if way == 9 and h * w < 60:
        return pad(g, x)
    if way == 10:
        gate = reduce_image(g, x)
        gate = unary(g, conv2d(g, gate, filters=c, kernel=[1, 1], stride=[1, 1]), "LOGISTIC")
        return arithmetic(g, x, gate, "mul")
    return unary(g, x, pick(g, ["RELU", "QUANTIZE", "LEAKY_RELU"]))


def reduce_image(g, x):
    y = g.value([1, 1, 1, g.shape(x)[3]], g.scale_of(x) * g.random.uniform(0.4, 1.0))
    kind, made = options("ReducerOptions", keepDims=True)
    return g.op(OP.MEAN, [x, g.ints([1, 2])], [y], kind, made, 2)


def graph(g):
    """A small image classifier: convolutions, residual and gated blocks, a head."""
    x = g.input([1, between(g, 4, 12), between(g, 4, 12), between(g, 1, 8)])
    for _ in range(between(g, 2, 5)):
        x = step(g, x)
    if g.random.integers(0, 2):
        x = reshape(g, x, factored(g, int(np.prod(g.shape(x))), 1))
    else:
        x = reshape(g, reduce_image(g, x), [1, g.shape(x)[3]])
    x = dense(g, x, between(g, 2, 12), act=0)
    return softmax(g, x) if g.random.integers(0, 2) else x


def sequence(g):
    """Rows of features: dense per row, attention-like products, reductions."""
    x = g.input([1, between(g, 2, 9), between(g, 2, 16)])
    for _ in range(between(g, 1, 4)):
        way = between(g, 0, 5)
        if way == 0:
            x = dense(g, x, between(g, 2, 16), keep=True)
        elif way == 1:
            x = matmul(g, x)
        elif way == 2:
            x = softmax(g, x)
        elif way == 3:
            x = transpose(g, x)
        elif way == 4:
            x = binary(g, x, pick(g, ["add", "mul", "sub"]))
        else:
            x = arithmetic(g, dense(g, x, g.shape(x)[-1], keep=True), x, "add")
    return dense(g, reshape(g, x, [1, int(np.prod(g.shape(x)))]), between(g, 1, 8), keep=False)


def samples(g, shape):
    whole = int(np.prod(shape))
    x = g.random.integers(-128, 128, (SAMPLES, whole))
    centre = int(g.random.integers(-100, 100))
    x[1] = np.clip(g.random.normal(centre, 20, whole), -128, 127)
    x[2] = np.where(g.random.integers(0, 2, whole) == 0, -128, 127)
    return x.astype(np.int8)


def answer(flat, g, x):
    interpreter = runtime.Interpreter.from_bytes(flat, arena_size=1 << 21)
    shape, answers = g.shape(g.inputs[0]), []
    for row in x:
        interpreter.reset()
        interpreter.set_input(row.reshape(shape), 0)
        interpreter.invoke()
        answers.append(interpreter.get_output(0).astype(np.int8).tobytes())
    return b"".join(answers)


def main():
    out, count, seed, kinds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    makers = {**single(None), "graph": graph, "sequence": sequence}
    # Convolutions and graphs are what models are made of: they come more often.
    usual = list(makers) + ["conv2d", "conv2d", "conv2d_same_even", "depthwise", "depthwise", "dense"] * 2 + ["graph"] * 16 + ["sequence"] * 4
    names = kinds or usual
    refused, at, draw = {}, 0, 0
    with open(out, "wb") as archive:
        while at < count:
            name = names[draw % len(names)]
            random = np.random.default_rng([seed, draw])
            draw += 1
            if refused.get(name, (0, 0))[0] >= 8 and refused[name][1] == 0:
                assert any(refused.get(n, (0, 0))[0] < 8 or refused[n][1] for n in names), "the wheel refuses all"
                continue
            g = Graph(random)
            y = makers[name](g)
            flat = g.bytes([y])
            x = samples(g, g.shape(g.inputs[0]))
            given = refused.get(name, (0, 0))
            try:
                answers = answer(flat, g, x)
                refused[name] = (given[0], given[1] + 1)
            except (RuntimeError, ValueError) as error:
                refused[name] = (given[0] + 1, given[1])
                continue
            for piece in (f"{name}_{seed}_{draw - 1}".encode(), flat, x.tobytes(), answers):
                archive.write(struct.pack("<I", len(piece)) + piece)
            at += 1
    for name, (no, yes) in sorted(refused.items()):
        print(f"{name}: {yes} made, {no} refused")


if __name__ == "__main__":
    main()
