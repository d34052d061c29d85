//! ONNX with scales of its own: random networks in QDQ and `QLinear` form become int8 networks whose outputs are those of
//! the tensor program, to the rounding of a multiplication.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tinyml::base::rng::Rng;
use tinyml::import::Network;
use tinyml::import::onnx::{Options, network, read};
use tinyml::tensor::{Literal, interpret};

/// Writes random networks: scales from a float run of the same layers.
const MAKER: &str = r"
import sys, numpy, onnx
from onnx import helper, TensorProto, numpy_helper
for seed in range(int(sys.argv[2])):
    r = numpy.random.default_rng(seed)
    unsigned, qlinear = seed % 2 == 0, seed % 4 == 3
    kind = numpy.uint8 if unsigned and not qlinear else numpy.int8
    nodes, inits, n = [], [], [0]
    def const(a):
        n[0] += 1
        inits.append(numpy_helper.from_array(numpy.asarray(a), f'c{n[0]}'))
        return f'c{n[0]}'
    def add(op, ins, **kw):
        n[0] += 1
        nodes.append(helper.make_node(op, ins, [f'v{n[0]}'], name=f'n{n[0]}', **kw))
        return f'v{n[0]}'
    f32 = numpy.float32
    def scale_of(low, high):
        scale = f32((high - low) / 255)
        zero = int(round(-low / float(scale)))
        return scale, kind(zero if kind == numpy.uint8 else zero - 128)
    def q(x, s):
        return add('QuantizeLinear', [x, const(s[0]), const(s[1])])
    def dq(x, s):
        return add('DequantizeLinear', [x, const(s[0]), const(s[1])])
    def qdq(x, s):
        return dq(q(x, s), s)
    def weight(w, per):
        axes = tuple(range(1, w.ndim))
        scale = (abs(w).max(axis=axes) if per else numpy.asarray([abs(w).max()] * w.shape[0])) / 127
        shape = (-1,) + (1,) * (w.ndim - 1)
        stored = numpy.clip(numpy.rint(w / scale.reshape(shape)), -127, 127).astype(numpy.int8)
        if per:
            return stored, scale.astype(f32)
        return stored, f32(scale[0])
    c, h, w = int(r.integers(1, 5)), int(r.integers(6, 12)), int(r.integers(6, 12))
    first = [1, c, h, w]
    s = scale_of(-3.0, 3.0)
    x = q('x', s)
    for layer in range(int(r.integers(1, 4))):
        what, out, k = int(r.integers(4)), int(r.integers(1, 8)), int(r.integers(1, 4))
        if what == 0 and h > 3 and w > 3:
            y = x if qlinear else add('MaxPool', [dq(x, s)], kernel_shape=[2, 2], strides=[2, 2])
            if not qlinear:
                x, h, w = q(y, s), h // 2, w // 2
            continue
        if what == 1 and not qlinear:
            t = scale_of(-5.0, 7.0)
            x, s = q(add('Add', [dq(x, s), dq(x, s)]), t), t
            continue
        groups = c if what == 2 else 1
        out = c if what == 2 else out
        per = bool(r.integers(2))
        stored, scale = weight((r.normal(size=(out, c // groups, k, k)) / k).astype(f32), per)
        bias = (r.normal(size=out) * 0.3).astype(f32)
        whole = numpy.rint(bias / (s[0] * scale)).astype(numpy.int32)
        t = scale_of(0.0 if layer % 2 else -6.0, 6.0)
        kw = dict(kernel_shape=[k, k], pads=[k // 2] * 4, group=groups)
        if qlinear:
            zero = const(numpy.zeros(out if per else 1, numpy.int8).reshape((out,) if per else ()))
            x = add('QLinearConv', [x, const(s[0]), const(s[1]), const(stored), const(scale), zero, const(t[0]), const(t[1]), const(whole)], **kw)
        else:
            args = dict(axis=0) if per else {}
            wd = add('DequantizeLinear', [const(stored), const(scale)], **args)
            bd = add('DequantizeLinear', [const(whole), const((s[0] * scale).astype(f32))], **args)
            y = add('Conv', [dq(x, s), wd, bd], **kw)
            if layer % 2:
                y = add('Relu', [y])
            x = q(y, t)
        h, w, c, s = h + 2 * (k // 2) - k + 1, w + 2 * (k // 2) - k + 1, out, t
    if seed % 3 and not qlinear:
        stored, scale = weight((r.normal(size=(4, c * h * w)) / numpy.sqrt(c * h * w)).astype(f32), False)
        t = scale_of(-4.0, 4.0)
        y = add('Flatten', [dq(x, s)])
        x, s = q(add('Gemm', [y, add('DequantizeLinear', [const(stored), const(scale)])], transB=1), t), t
    x = dq(x, s)
    graph = helper.make_graph(nodes, 'g', [helper.make_tensor_value_info('x', TensorProto.FLOAT, first)], [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)], inits)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)]), f'{sys.argv[1]}/random{seed:03}.onnx')
";

/// `[C, …]` as `[…, C]`.
fn arranged(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let (channels, places) = (shape[1], shape[2..].iter().product::<usize>());
    (0..values.len()).map(|at| values[at % channels * places + at / channels]).collect()
}

/// Steps by which the network's outputs differ from the program's: the most, and the share that differs.
fn compare(path: &Path, rng: &mut Rng) -> Result<(i32, f64), String> {
    let model = fs::read(path).expect("readable");
    let imported = network::import("model", &model, &Options::default()).map_err(|diags| {
        diags.0.iter().map(|diag| format!("{} {:?}", diag.title, diag.notes)).collect::<Vec<String>>().join("; ")
    })?;
    let Network::Int8(net) = imported.network else { return Err("not int8".into()) };
    let program = read(&model, &Options::default()).expect("what is a network is a program");
    let shape = &program.buffers[program.inputs[0]].shape;
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal()).collect();
    let want = interpret::run(&program, &[Literal { shape: shape.clone(), ..Literal::floats(&values) }], u64::MAX);
    let want = &want.expect("it runs")[0];
    let told = |what: &str| imported.notes.iter().any(|note| note.contains(what) && note.contains("channels last"));
    let values = if told("the input") { arranged(&values, shape) } else { values };
    let wanted: Vec<f32> = want.scalars().map(|value| value.float() as f32).collect();
    let wanted = if told("the output") { arranged(&wanted, &want.shape) } else { wanted };
    let (got, quant) = (net.run(&values), net.output_quant());
    assert_eq!(got.len(), wanted.len(), "another number of outputs");
    let steps = |(got, want): (&i8, &f32)| (i32::from(*got) - i32::from(quant.quantize(*want))).abs();
    let far: Vec<i32> = got.iter().zip(&wanted).map(steps).collect();
    // Of a handful of outputs, one may be a step away.
    let share = (far.iter().filter(|steps| **steps > 0).count() as f64 - 1.0).max(0.0) / far.len() as f64;
    Ok((far.into_iter().max().unwrap_or(0), share))
}

#[test]
fn quantised_networks_keep_their_scales() {
    let folder = TempDir::new().expect("a folder");
    let made = Command::new("python3").args(["-c", MAKER]).arg(folder.path()).arg("48").output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        let text = made.map(|made| String::from_utf8_lossy(&made.stderr).into_owned()).unwrap_or_default();
        assert!(!text.contains("Error") || text.contains("ModuleNotFoundError"), "{text}");
        eprintln!("skipped: the Python package `onnx` is not there");
        return;
    }
    let mut rng = Rng::new(13, "onnx quantised");
    let (mut wrong, mut most) = (Vec::new(), 0.0_f64);
    let mut paths: Vec<_> = fs::read_dir(folder.path()).expect("there").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in &paths {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        match compare(path, &mut rng) {
            // One step a layer: ONNX multiplies by a float and rounds ties to even, the kernels by a fixed-point number.
            Ok((steps, share)) if steps <= 3 && share <= 0.1 => most = most.max(share),
            Ok((steps, share)) => wrong.push(format!("{name}: {steps} steps, {share:.3} of the outputs")),
            Err(text) => wrong.push(format!("{name}: {text}")),
        }
    }
    eprintln!("{} quantised networks, one output beside at most {most:.3} of a network's are steps away", paths.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
