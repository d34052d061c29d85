"""Int8 TFLite models of the four MLPerf Tiny shapes (Banbury et al. 2021, "MLPerf Tiny Benchmark") with random weights,
and the answers of the PyPI wheel `tflite-micro`.

    python tests/golden/tflm_mlperf.py FOLDER

FOLDER gets NAME.tflite, NAME.x.bin and NAME.y.bin for ds_cnn (keyword spotting), mobilenet and mobilenet_dead (visual
wake words; in the second one half of the channels are dead), resnet8 (image classification) and autoencoder (anomaly
detection). The weights are random, so the answers mean nothing; shapes, time and memory are those of the benchmark.
"""
import os
import sys

import numpy as np
from tflm_graphs import ACTIVATIONS, OP, OPTIONS, PADDING, TYPE, Graph, answer, options, output_size, samples, schema

RELU, NONE = ACTIVATIONS["relu"], ACTIVATIONS["none"]


def parameters(g, x, shape, axis, fan_in, dead):
    """Weights and biases with which outputs spread over the int8 range; a dead channel has no weights."""
    channels = shape[axis]
    base = 110 / (40 * 60 * fan_in**0.5)
    scales = [float(np.float32(base * g.random.uniform(0.5, 1.0))) for _ in range(channels)]
    data = np.clip(g.random.normal(0, 40, shape), -127, 127).astype(np.int8)
    bias = g.random.normal(0, 40 * 60 * fan_in**0.5 / 8, channels).astype(np.int32)
    for channel in range(channels):
        if g.random.random() < dead:
            data[(slice(None),) * axis + (channel,)] = 0
            # A rectified channel ends at zero; one in eight has a value of its own.
            bias[channel] = abs(bias[channel]) * (1 if g.random.integers(0, 8) == 0 else -1)
    w = g.tensor(shape, scales=scales, zeros=[0] * channels, axis=axis, data=data)
    bias_scales = [np.float32(g.scale_of(x)) * np.float32(s) for s in scales]
    b = g.tensor([channels], TYPE.INT32, scales=bias_scales, zeros=[0] * channels, data=bias)
    return w, b, g.scale_of(x)


def conv(g, x, filters, kernel, stride=(1, 1), act=RELU, dead=0.0):
    _, h, w, c = g.shape(x)
    weight, bias, scale = parameters(g, x, [filters, *kernel, c], 0, kernel[0] * kernel[1] * c, dead)
    size = [output_size(n, k, s, 1, PADDING.SAME) for n, k, s in zip((h, w), kernel, stride)]
    y = g.value([1, *size, filters], scale, -128 if act == RELU else 0)
    kind, made = options("Conv2DOptions", padding=PADDING.SAME, strideH=stride[0], strideW=stride[1],
                         dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=act)
    return g.op(OP.CONV_2D, [x, weight, bias], [y], kind, made, 3)


def depthwise(g, x, stride=(1, 1), dead=0.0):
    _, h, w, c = g.shape(x)
    weight, bias, scale = parameters(g, x, [1, 3, 3, c], 3, 9, dead)
    size = [output_size(n, 3, s, 1, PADDING.SAME) for n, s in zip((h, w), stride)]
    y = g.value([1, *size, c], scale, -128)
    kind, made = options("DepthwiseConv2DOptions", padding=PADDING.SAME, strideH=stride[0], strideW=stride[1],
                         dilationHFactor=1, dilationWFactor=1, depthMultiplier=1, fusedActivationFunction=RELU)
    return g.op(OP.DEPTHWISE_CONV_2D, [x, weight, bias], [y], kind, made, 3)


def average(g, x):
    _, h, w, c = g.shape(x)
    y = g.value([1, 1, 1, c], g.scale_of(x), g.zero_of(x))
    kind, made = options("Pool2DOptions", padding=PADDING.VALID, strideH=h, strideW=w, filterHeight=h, filterWidth=w,
                         fusedActivationFunction=NONE)
    return g.op(OP.AVERAGE_POOL_2D, [x], [y], kind, made, 2)


def dense(g, x, units, act=NONE):
    width = int(np.prod(g.shape(x)))
    weight, bias, scale = parameters(g, x, [units, width], 0, width, 0.0)
    g.tensors[weight].quantization.scale = g.tensors[weight].quantization.scale[:1]
    g.tensors[weight].quantization.zeroPoint = [0]
    g.tensors[bias].quantization.scale = g.tensors[bias].quantization.scale[:1]
    g.tensors[bias].quantization.zeroPoint = [0]
    y = g.value([1, units], scale, -128 if act == RELU else 0)
    kind, made = options("FullyConnectedOptions", keepNumDims=False, fusedActivationFunction=act)
    return g.op(OP.FULLY_CONNECTED, [x, weight, bias], [y], kind, made, 4)


def softmax(g, x):
    y = g.value(g.shape(x), 1 / 256, -128)
    # Random scores are far apart: this keeps more than one share above zero.
    kind, made = options("SoftmaxOptions", beta=float(np.float32(0.04 / g.scale_of(x))))
    return g.op(OP.SOFTMAX, [x], [y], kind, made, 2)


def add(g, a, b):
    y = g.value(g.shape(a), g.scale_of(a) + g.scale_of(b) / 2, -128)
    kind, made = options("AddOptions", fusedActivationFunction=RELU)
    return g.op(OP.ADD, [a, b], [y], kind, made, 2)


def ds_cnn(g):
    x = conv(g, g.input([1, 49, 10, 1], 0.58, 83), 64, (10, 4), (2, 2))
    for _ in range(4):
        x = conv(g, depthwise(g, x), 64, (1, 1))
    return softmax(g, dense(g, average(g, x), 12))


def mobilenet(g, dead=0.0):
    x = conv(g, g.input([1, 96, 96, 3], 1 / 255, -128), 8, (3, 3), (2, 2), dead=dead)
    for filters, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + [(128, 1)] * 5 + [(256, 2), (256, 1)]:
        x = conv(g, depthwise(g, x, (stride, stride), dead / 4), filters, (1, 1), dead=dead)
    return softmax(g, dense(g, average(g, x), 2))


def resnet8(g):
    x = conv(g, g.input([1, 32, 32, 3], 1.0, -128), 16, (3, 3))
    for filters, stride in [(16, 1), (32, 2), (64, 2)]:
        y = conv(g, conv(g, x, filters, (3, 3), (stride, stride)), filters, (3, 3), act=NONE)
        x = add(g, y, x if stride == 1 else conv(g, x, filters, (1, 1), (stride, stride), act=NONE))
    return softmax(g, dense(g, average(g, x), 10))


def autoencoder(g):
    x = g.input([1, 640], 0.39, 89)
    for units in [128] * 4 + [8] + [128] * 4:
        x = dense(g, x, units, RELU)
    return dense(g, x, 640)


MODELS = {"ds_cnn": ds_cnn, "mobilenet": mobilenet, "mobilenet_dead": lambda g: mobilenet(g, 0.5), "resnet8": resnet8,
          "autoencoder": autoencoder}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, make in MODELS.items():
        g = Graph(np.random.default_rng(7))
        y = make(g)
        flat = g.bytes([y])
        x = samples(g, g.shape(g.inputs[0]))
        answers = answer(flat, g, x)
        for ending, data in [("tflite", flat), ("x.bin", x.tobytes()), ("y.bin", answers)]:
            with open(os.path.join(folder, f"{name}.{ending}"), "wb") as file:
                file.write(data)
        print(name, len(flat), "bytes,", len(set(answers)), "different answers")


if __name__ == "__main__":
    main()
