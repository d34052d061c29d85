"""Makes tflm_recurrent.json: what the PyPI wheel `tflite-micro` gives for LSTM, SVDF, log-softmax and matrix products.

    pip install tflite-micro && python tests/golden/tflm_recurrent.py

Constants are stored as `net` takes them (see the headers of src/net/ops/lstm.rs and svdf.rs).
"""
import json
import pathlib

import numpy as np
from tflite_micro import runtime

import tflm_graphs as graphs


def data(graph, at, kind):
    return np.frombuffer(bytes(graph.buffers[graph.tensors[at].buffer].data), kind).tolist()


def quant(graph, at):
    return [graph.scale_of(at), graph.zero_of(at)]


def answers(flat, samples, fresh):
    interpreter, outputs = None, []
    for sample in samples:
        if interpreter is None or fresh:
            interpreter = runtime.Interpreter.from_bytes(flat)
        for at, x in enumerate(sample):
            interpreter.set_input(x, at)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0).flatten().tolist())
    return outputs


def case(word, seed, make, count, fresh, constants):
    graph = graphs.Graph(np.random.default_rng(seed))
    values, output = make(graph)
    shapes = [graph.shape(value) for value in values]
    samples = [[graph.random.integers(-128, 128, shape).astype(np.int8) for shape in shapes] for _ in range(count)]
    args, lowered = constants(graph, graph.operators[-1].inputs)
    return {
        "word": word, "args": args, "takes": [shape[1:] for shape in shapes], "inputs": [quant(graph, value) for value in values],
        "output": quant(graph, output), "fresh": fresh, **lowered,
        "x": [[x.flatten().tolist() for x in sample] for sample in samples],
        "y": answers(graph.bytes([output]), samples, fresh),
    }


def lstm(seed):
    def make(graph):
        x = graph.input([1, int(graph.random.integers(1, 9)), int(graph.random.integers(1, 17))])
        return [x], graphs.lstm(graph, x)

    def constants(graph, inputs):
        weights = inputs[1:9]
        lowered = {
            "weights": sum((data(graph, at, np.int8) for at in weights), []),
            "scales": [graph.scale_of(at) for at in weights] + [graph.scale_of(inputs[19]), graph.scale_of(inputs[18])],
            "bias": sum((data(graph, at, np.int32) for at in inputs[12:16]), []) + [graph.zero_of(inputs[18])],
        }
        units = graph.shape(inputs[18])[1]
        return [["units", str(units)], ["sequence", "true"], ["cell_clip", "10"]], lowered

    return case("lstm", seed, make, 3, True, constants)


def svdf(seed):
    def make(graph):
        x = graph.input([1, int(graph.random.integers(1, 41))])
        return [x], graphs.svdf(graph, x)

    def constants(graph, inputs):
        _, feature, time, bias, state = inputs
        lowered = {
            "weights": data(graph, feature, np.int8),
            "scales": [graph.scale_of(at) for at in (feature, time, state)],
            "bias": data(graph, bias, np.int32) + data(graph, time, np.int16) + [graph.zero_of(state), 16],
        }
        units, (filters, memory) = graph.shape(bias)[0], graph.shape(time)
        return [["units", str(units)], ["rank", str(filters // units)], ["memory", str(memory)]], lowered

    return case("svdf", seed, make, 8, False, constants)


def log_softmax(seed):
    def make(graph):
        x = graph.input([1, int(graph.random.integers(1, 40))])
        return [x], graphs.unary(graph, x, "LOG_SOFTMAX")

    return case("log_softmax", seed, make, 6, False, lambda graph, inputs: ([], {"weights": [], "scales": [], "bias": []}))


def main():
    cases = [make(seed) for make in (lstm, svdf, log_softmax) for seed in range(8)]
    path = pathlib.Path(__file__).with_name("tflm_recurrent.json")
    path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


main()
