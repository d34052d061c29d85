"""Makes tflm_ops.json: what the PyPI wheel `tflite-micro` (reference kernels) gives for single int8 operators.

    pip install tflite-micro && python tests/golden/tflm_ops.py
"""
import json
import pathlib

import flatbuffers
import numpy as np
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

INT8, INT32 = schema.TensorType.INT8, schema.TensorType.INT32


def tensor(name, shape, kind, buffer, scales, zeros):
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, shape, kind, buffer
    made.quantization = schema.QuantizationParametersT()
    made.quantization.scale, made.quantization.zeroPoint = scales, zeros
    return made


def model(code, version, options_type, options, tensors, constants):
    made = schema.ModelT()
    made.version = 3
    operator_code = schema.OperatorCodeT()
    operator_code.builtinCode = operator_code.deprecatedBuiltinCode = code
    operator_code.version = version
    made.operatorCodes = [operator_code]
    made.buffers = [schema.BufferT()]
    for constant in constants:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(constant.tobytes(), np.uint8)
        made.buffers.append(buffer)
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.builtinOptionsType, operator.builtinOptions = 0, options_type, options
    operator.inputs, operator.outputs = list(range(len(tensors) - 1)), [len(tensors) - 1]
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = tensors, [operator]
    graph.inputs, graph.outputs = [0], [len(tensors) - 1]
    made.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def answers(flat, inputs):
    interpreter = runtime.Interpreter.from_bytes(flat)
    outputs = []
    for x in inputs:
        interpreter.set_input(np.array([x], np.int8), 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].tolist())
    return outputs


def softmax(random, classes, scale, zero):
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    tensors = [tensor(b"x", [1, classes], INT8, 0, [scale], [zero]), tensor(b"y", [1, classes], INT8, 0, [1 / 256], [-128])]
    x = random.integers(-128, 128, (12, classes)).tolist()
    flat = model(schema.BuiltinOperator.SOFTMAX, 2, schema.BuiltinOptions.SoftmaxOptions, options, tensors, [])
    return {"scale": scale, "zero_point": zero, "x": x, "y": answers(flat, x)}


def dense(random, inputs, units, per_channel, relu):
    input_scale, output_scale = (float(np.float32(random.uniform(*bounds))) for bounds in ((0.001, 0.1), (0.01, 0.2)))
    input_zero, output_zero = (int(random.integers(-128, 128)) for _ in range(2))
    scales = [float(np.float32(random.uniform(0.002, 0.02))) for _ in range(units if per_channel else 1)]
    weights = random.integers(-127, 128, (units, inputs)).astype(np.int8)
    bias = random.integers(-20000, 20000, units).astype(np.int32)
    tensors = [
        tensor(b"x", [1, inputs], INT8, 0, [input_scale], [input_zero]),
        tensor(b"w", [units, inputs], INT8, 1, scales, [0] * len(scales)),
        tensor(b"b", [units], INT32, 2, [input_scale * scale for scale in scales], [0] * len(scales)),
        tensor(b"y", [1, units], INT8, 0, [output_scale], [output_zero]),
    ]
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = int(relu)
    kind, version = schema.BuiltinOptions.FullyConnectedOptions, 12 if per_channel else 4
    flat = model(schema.BuiltinOperator.FULLY_CONNECTED, version, kind, options, tensors, [weights, bias])
    x = random.integers(-128, 128, (6, inputs)).tolist()
    return {
        "input": [input_scale, input_zero], "output": [output_scale, output_zero], "relu": relu,
        "scales": scales if per_channel else scales * units, "weights": weights.flatten().tolist(),
        "bias": bias.tolist(), "x": x, "y": answers(flat, x),
    }


def main():
    random = np.random.default_rng(1)
    shapes = [(10, 0.0625), (5, 0.7), (40, 0.011), (3, 2.5), (12, 1e-4), (1, 0.1), (300, 0.05), (2, 0.02)]
    made = {
        "softmax": [softmax(random, n, float(np.float32(scale)), int(random.integers(-128, 128))) for n, scale in shapes],
        "dense": [
            dense(random, int(random.integers(1, 71)), int(random.integers(1, 33)), bool(at % 2), bool(at // 2 % 2))
            for at in range(24)
        ],
    }
    path = pathlib.Path(__file__).with_name("tflm_ops.json")
    path.write_text(json.dumps(made, separators=(",", ":")) + "\n")


main()
