//! ONNX to a network of ours: the shared models and random ones give what the tensor program gives.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tinyml::base::rng::Rng;
use tinyml::import::Network;
use tinyml::import::onnx::{Options, network, read};
use tinyml::tensor::{Literal, interpret};

/// Writes random image and sequence networks as exporters write them.
const MAKER: &str = r"
import sys, numpy, onnx
from onnx import helper, TensorProto, numpy_helper
for seed in range(int(sys.argv[2])):
    r = numpy.random.default_rng(seed)
    nodes, inits, count = [], [], [0]
    def const(a):
        count[0] += 1
        inits.append(numpy_helper.from_array(numpy.asarray(a), f'c{count[0]}'))
        return f'c{count[0]}'
    def add(op, ins, **kw):
        count[0] += 1
        nodes.append(helper.make_node(op, ins, [f'v{count[0]}'], name=f'n{count[0]}', **kw))
        return f'v{count[0]}'
    f = lambda *s: (r.normal(size=s) * 0.5).astype(numpy.float32)
    i64 = lambda *v: numpy.asarray(v, dtype=numpy.int64)
    c, h, w = int(r.integers(1, 5)), int(r.integers(7, 12)), int(r.integers(6, 11))
    nhwc = seed % 3 == 0
    shape = [1, h, w, c] if nhwc else [1, c, h, w]
    x = 'x'
    if nhwc:
        x = add('Transpose', [x], perm=[0, 3, 1, 2])
    def conv(x, cin, cout, h, w, stride, groups=1):
        k = int(r.integers(1, 4))
        p = [int(v) for v in r.integers(0, k, 4)]
        kw = dict(kernel_shape=[k, k], strides=[stride, stride], group=groups)
        if r.integers(2):
            kw['pads'] = p
            h, w = (h + p[0] + p[2] - k) // stride + 1, (w + p[1] + p[3] - k) // stride + 1
        else:
            kw['auto_pad'] = 'SAME_UPPER' if r.integers(2) else 'SAME_LOWER'
            h, w = -(-h // stride), -(-w // stride)
        ins = [x, const(f(cout, cin // groups, k, k))]
        if r.integers(2):
            ins.append(const(f(cout)))
        x = add('Conv', ins, **kw)
        if r.integers(2):
            x = add('BatchNormalization', [x, const(f(cout)), const(f(cout)), const(f(cout)), const(abs(f(cout)) + 0.5)])
        a = int(r.integers(5))
        if a == 0:
            x = add('Relu', [x])
        elif a == 1:
            x = add('Clip', [x, const(numpy.float32(0)), const(numpy.float32(6))])
        elif a == 2:
            x = add('LeakyRelu', [x], alpha=0.1)
        elif a == 3:
            x = add('Sigmoid', [x])
        return x, h, w
    for layer in range(int(r.integers(1, 4))):
        kind = int(r.integers(8))
        if kind == 0:
            x, h, w = conv(x, c, c, h, w, 1, c)
        elif kind == 1:
            y = x
            s = add('GlobalAveragePool', [y])
            s = add('Sigmoid', [add('Conv', [s, const(f(c, c, 1, 1)), const(f(c))], kernel_shape=[1, 1])])
            x = add('Mul', [y, s])
        elif kind == 2:
            a = add('Conv', [x, const(f(3, c, 3, 3))], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
            x, c = add('Concat', [x, a], axis=1), c + 3
        elif kind == 3:
            a = add('Conv', [x, const(f(c, c, 3, 3))], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
            x = add('Relu', [add('Add', [x, a])])
        elif kind == 4 and h > 3 and w > 3:
            op = ['MaxPool', 'AveragePool'][int(r.integers(2))]
            x, h, w = add(op, [x], kernel_shape=[2, 2], strides=[2, 2]), h // 2, w // 2
        elif kind == 5:
            x = add('Mul', [x, const(f(1, c, 1, 1))])
            x = add('Add', [x, const(f(c, 1, 1))])
        elif kind == 6:
            x, h, w = add('Pad', [x, const(i64(0, 0, 1, 0, 0, 0, 0, 2))]), h + 1, w + 2
        else:
            n = int(r.integers(1, 7))
            x, h, w = conv(x, c, n, h, w, int(r.integers(1, 3)))
            c = n
    end = int(r.integers(5))
    if end == 0:
        x = add('Flatten', [x])
        x = add('Gemm', [x, const(f(5, c * h * w)), const(f(5))], transB=1)
    elif end == 1:
        x = add('Reshape', [x, const(i64(1, -1))])
        x = add('Add', [add('MatMul', [x, const(f(c * h * w, 4))]), const(f(4))])
        x = add('Softmax', [x], axis=-1)
    elif end == 2:
        x = add('ReduceMean', [x, const(i64(2, 3))], keepdims=0)
        x = add('Tanh', [add('MatMul', [x, const(f(c, 3))])])
    elif end == 3:
        x = add('Transpose', [x], perm=[0, 2, 3, 1])
        x = add('MatMul', [x, const(f(c, 3))])
    graph = helper.make_graph(nodes, 'g', [helper.make_tensor_value_info('x', TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)], inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)])
    onnx.save(model, f'{sys.argv[1]}/random{seed:03}.onnx')
";

/// `[C, …]` as `[…, C]`.
fn arranged(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let (channels, places) = (shape[1], shape[2..].iter().product::<usize>());
    (0..values.len()).map(|at| values[at % channels * places + at / channels]).collect()
}

/// The difference of the network and the program on a random input; `None` for a model that isn't a float network.
fn compare(path: &Path, rng: &mut Rng) -> Result<Option<String>, String> {
    let model = fs::read(path).expect("readable");
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let imported = network::import(&name, &model, &Options::default()).map_err(|diags| {
        diags.0.iter().map(|diag| format!("{} {:?}", diag.title, diag.notes)).collect::<Vec<String>>().join("; ")
    })?;
    let Network::Float(net) = imported.network else { return Ok(None) };
    let program = read(&model, &Options::default()).expect("what is a network is a program");
    let shape = &program.buffers[program.inputs[0]].shape;
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal()).collect();
    let want = interpret::run(&program, &[Literal { shape: shape.clone(), ..Literal::floats(&values) }], u64::MAX);
    let want = &want.expect("it runs")[0];
    let turned = imported.notes.iter().any(|note| note.contains("the input") && note.contains("channels last"));
    let values = if turned { arranged(&values, shape) } else { values };
    let got = net.forward(&values);
    let wanted: Vec<f32> = want.scalars().map(|value| value.float() as f32).collect();
    let turned = imported.notes.iter().any(|note| note.contains("the output") && note.contains("channels last"));
    let wanted = if turned { arranged(&wanted, &want.shape) } else { wanted };
    if got.len() != wanted.len() {
        return Ok(Some(format!("{} values, expected {}", got.len(), wanted.len())));
    }
    let far = got.iter().zip(&wanted).position(|(a, b)| (a - b).abs() > 1e-4 + 1e-3 * b.abs());
    Ok(far.map(|at| format!("element {at} is {}, expected {}", got[at], wanted[at])))
}

#[test]
fn networks_equal_their_programs() {
    let folder = TempDir::new().expect("a folder");
    let count = std::env::var("TINYML_ONNX_RANDOM").unwrap_or_else(|_| "60".into());
    let made = Command::new("python3").args(["-c", MAKER]).arg(folder.path()).arg(&count).output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        let text = made.map(|made| String::from_utf8_lossy(&made.stderr).into_owned()).unwrap_or_default();
        eprintln!("no random models: the Python package `onnx` is not there, or failed: {text}");
    }
    let mut paths = super::models::models();
    paths.extend(fs::read_dir(folder.path()).expect("there").flatten().map(|entry| entry.path()));
    paths.sort();
    if paths.is_empty() {
        eprintln!("skipped: neither random models nor ../shared");
        return;
    }
    let mut rng = Rng::new(11, "onnx networks");
    let (mut wrong, mut refused, mut equal) = (Vec::new(), Vec::new(), 0);
    for path in &paths {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        match compare(path, &mut rng) {
            Ok(None) => equal += 1,
            Ok(Some(text)) => wrong.push(format!("{name}: {text}")),
            Err(text) => refused.push(format!("{name}: {text}")),
        }
    }
    eprintln!("{equal} of {} networks equal their programs; refused: {refused:#?}", paths.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!refused.iter().any(|line| line.starts_with("random0")), "random networks are of what can be taken");
}
