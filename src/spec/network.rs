//! `model NAME from SOURCE { layer() … train { … } quantize { … } }`.

use crate::base::{Diag, Kind, Param, Params, Shape, Span};
use crate::lang::ast::{Block, Call, Member, Value};

use super::detector;
use super::fields;
use super::import as imports;
use super::model::{Format, Import, Input, Layer, Model, Task};
use super::scope::{Context, Symbol};
use super::shapes::{self, Flow};
use super::{quantize, term, train};

/// Fields of `model`; its other lines are layers.
pub(super) fn schema() -> Params {
    vec![
        Param::optional(
            "import",
            Kind::Free,
            "",
            "a trained model's file instead of layers: `tflite(\"models/kws.tflite\")`",
        ),
        Param::optional(
            "detect",
            Kind::Free,
            "",
            "what the model detects instead of telling classes: `anomaly(normal = [idle])`",
        ),
    ]
}

/// Arguments of `tflite` and `onnx`.
pub(super) fn file_schema() -> Params {
    vec![Param::required("path", Kind::Path, "the file, relative to this spec")]
}

/// What the model's header leads to.
pub(super) struct Root {
    input: Option<Input>,
    pub(super) dataset: Option<usize>,
    pub(super) flow: Flow,
}

/// Resolves the block.
pub(super) fn resolve(block: &Block, cx: &mut Context) -> Option<Model> {
    let fields = fields::block(&schema(), block, cx);
    let imported = fields.given("import");
    let import = fields.free("import").and_then(|value| import(&value, &fields.span("import"), cx));
    let root = root(block, cx);
    let task = detector::task(&fields, root.as_ref().and_then(|root| root.dataset), cx);
    fields.finish();
    let options = options(block, cx);
    let calls =
        block.members.iter().filter_map(|member| if let Member::Call(call) = member { Some(call) } else { None });
    let calls: Vec<&Call> = calls.collect();
    if calls.is_empty() && !imported {
        let diag = Diag::error("tml::block", format!("`{}` has no layer", fields::title(block)));
        cx.report(
            diag.at(&block.header, "nothing to train").help("add layers, the last one as wide as there are classes"),
        );
        return None;
    }
    if imported {
        return foreign(block, &calls, root?, (import?, task?), options, cx);
    }
    let root = root?;
    if let Some(call) = calls.iter().find(|call| detector::is_one(call)) {
        return closed(block, (&calls, call), root, task?, options, cx);
    }
    let (layers, end) = chain(&calls, &root.flow, cx);
    let task = task?;
    let shape = root.flow.shape?;
    let dataset = root.dataset?;
    let output = end.shape.as_ref()?;
    check_width(dataset, (&task, &shape), output, &end, &layers, block, cx)?;
    let untrainable = super::split::untrainable(&cx.spec.datasets[dataset].split);
    cx.report(untrainable);
    let words: Vec<_> = layers.iter().map(|layer| (layer.op.clone(), layer.args.clone())).collect();
    if let Err(reason) = cx.vocabulary.network(&shape, &words) {
        let diag = Diag::error("tml::layer", format!("`{}` can't be built: {reason}", fields::title(block)));
        cx.report(diag.at(&block.header, "these layers don't work together"));
        return None;
    }
    let (train, quantize) = options;
    Some(Model {
        name: block.name.as_ref()?.text.clone(),
        docs: block.docs.clone(),
        input: root.input?,
        dataset,
        shape,
        outputs: output.len(),
        task,
        import: None,
        layers,
        train,
        quantize,
        search: None,
        span: block.header.clone(),
    })
}

/// A detector whose weights follow from the rows at once: it stands alone, and isn't trained.
fn closed(
    block: &Block,
    (calls, call): (&[&Call], &Call),
    root: Root,
    task: Task,
    (train, quantize): (super::model::Train, super::model::Quantize),
    cx: &mut Context,
) -> Option<Model> {
    let shape = root.flow.shape?;
    let (task, layers) = detector::layers(call, &shape, task, cx)?;
    let other = calls.iter().find(|other| other.span != call.span).map(|other| &other.span);
    let trained = block.members.iter().find_map(|member| match member {
        Member::Block(inner) if inner.kind.text == "train" => Some(&inner.header),
        _ => None,
    });
    if let Some(span) = other.or(trained) {
        let diag = Diag::error("tml::block", format!("`{}` is a whole model, fitted at once", call.path.text()));
        cx.report(diag.at(span, "has no effect").at(&call.span, "this is all").help("leave one of them out"));
        return None;
    }
    Some(Model {
        name: block.name.as_ref()?.text.clone(),
        docs: block.docs.clone(),
        input: root.input?,
        dataset: root.dataset?,
        outputs: shape.len(),
        shape,
        task,
        import: None,
        layers,
        train,
        quantize,
        search: None,
        span: block.header.clone(),
    })
}

/// `tflite("models/kws.tflite")`, `onnx("models/kws.onnx")`.
fn import(value: &Value, span: &Span, cx: &mut Context) -> Option<Import> {
    let (call, format) = match value {
        Value::Call(call) if call.path.text() == "tflite" => (call, Format::Tflite),
        Value::Call(call) if call.path.text() == "onnx" => (call, Format::Onnx),
        other => {
            let diag =
                Diag::error("tml::kind", format!("`import` takes a format, but {} is given", term::found(other)));
            let help = "write `import = tflite(\"models/kws.tflite\")`";
            cx.report(diag.at(&other.span(), "not a known format").help(help));
            return None;
        }
    };
    let args = fields::call(&file_schema(), call, cx);
    let path = args.text("path").map(|path| imports::join(&cx.folder, &path));
    args.finish();
    Some(Import { path: path?, format, float: false, span: span.clone() })
}

/// A model that isn't trained. Whether its file fits is found out when it is read.
fn foreign(
    block: &Block,
    calls: &[&Call],
    root: Root,
    (import, task): (Import, Task),
    (train, quantize): (super::model::Train, super::model::Quantize),
    cx: &mut Context,
) -> Option<Model> {
    let title = fields::title(block);
    if let Some(call) = calls.first() {
        let diag = Diag::error("tml::block", format!("`{title}` has layers and an import"));
        cx.report(diag.at(&call.span, "a layer").at(&import.span, "and a whole model").help("leave one of them out"));
    }
    let trained = block.members.iter().find_map(|member| match member {
        Member::Block(inner) if inner.kind.text == "train" => Some(inner),
        _ => None,
    });
    if let Some(inner) = trained {
        let diag = Diag::error("tml::block", format!("`{title}` is imported, so it isn't trained"));
        cx.report(diag.at(&inner.header, "has no effect").help("leave `train` out"));
    }
    let (shape, dataset) = (root.flow.shape?, root.dataset?);
    Some(Model {
        name: block.name.as_ref()?.text.clone(),
        docs: block.docs.clone(),
        input: root.input?,
        dataset,
        outputs: task.outputs(&cx.spec.datasets[dataset], &shape),
        shape,
        task,
        import: Some(import),
        layers: Vec::new(),
        train,
        quantize,
        search: None,
        span: block.header.clone(),
    })
}

fn options(block: &Block, cx: &mut Context) -> (super::model::Train, super::model::Quantize) {
    let mut train = None;
    let mut quantize = None;
    for member in &block.members {
        let Member::Block(inner) = member else { continue };
        match inner.kind.text.as_str() {
            "train" if train.is_none() => train = Some(train::resolve(inner, &inner.members, cx)),
            "quantize" if quantize.is_none() => quantize = Some(quantize::resolve(inner, &inner.members, cx)),
            // `search` reads its own block; others and repeated ones are reported by `resolve::body`.
            _ => {}
        }
    }
    let train = train.unwrap_or_else(|| train::resolve(block, &[], cx));
    let quantize = quantize.unwrap_or_else(|| quantize::resolve(block, &[], cx));
    (train, quantize)
}

pub(super) fn root(block: &Block, cx: &mut Context) -> Option<Root> {
    let from = block.from.as_ref()?;
    let flow = |shape| Flow { shape, span: from.span.clone() };
    match cx.lookup(from.parts.first()?, "dataset or features") {
        Ok(Symbol::Dataset(Some(index))) if cx.spec.datasets[index].stream => {
            let diag = super::window::uncut(&cx.spec.datasets[index]);
            cx.report(diag.at(&from.span, "streams"));
            None
        }
        Ok(Symbol::Dataset(index)) => {
            let shape = index.map(|index| cx.spec.datasets[index].row.clone());
            Some(Root { input: index.map(Input::Dataset), dataset: index, flow: flow(shape) })
        }
        Ok(Symbol::Features(index)) => {
            let features = index.map(|index| &cx.spec.features[index]);
            let shape = features.map(|features| features.output.clone());
            Some(Root {
                input: index.map(Input::Features),
                dataset: features.map(|features| features.dataset),
                flow: flow(shape),
            })
        }
        Ok(other) => {
            let diag = Diag::error(
                "tml::block",
                format!("a model learns from a dataset or features, but `{}` is a {}", from.text(), other.kind()),
            );
            cx.report(
                diag.at(&from.span, format!("a {}", other.kind())).help("name a dataset or features after `from`"),
            );
            None
        }
        Err(diag) => {
            cx.report(diag);
            None
        }
    }
}

pub(super) fn chain(calls: &[&Call], start: &Flow, cx: &mut Context) -> (Vec<Layer>, Flow) {
    let mut flow = start.clone();
    let mut layers = Vec::new();
    for call in calls {
        let layer = layer(call, &flow, cx);
        flow = Flow { shape: layer.as_ref().map(|layer| layer.output.clone()), span: call.span.clone() };
        layers.extend(layer);
    }
    (layers, flow)
}

fn layer(call: &Call, flow: &Flow, cx: &mut Context) -> Option<Layer> {
    let word = call.path.text();
    let vocabulary = cx.vocabulary;
    let Some(operator) = vocabulary.layer(&word) else {
        let diag = unknown_layer(call, cx);
        cx.report(diag);
        return None;
    };
    let fields = fields::call(&operator.params, call, cx);
    let args = fields.canonical(&operator.params)?;
    let input = flow.shape.clone()?;
    match (operator.infer)(&args, &input) {
        Ok(output) => Some(Layer { op: word, args, input, output, span: call.span.clone() }),
        Err(reason) => {
            let title = format!("`{word}` doesn't fit {input}: {reason}");
            cx.report(
                shapes::misfit(title, &input, flow, &call.span, "can't take it")
                    .help(format!("{word}: {}", operator.doc)),
            );
            None
        }
    }
}

fn unknown_layer(call: &Call, cx: &Context) -> Option<Diag> {
    let word = call.path.text();
    let name = &call.path.parts[0];
    if word == "auto" {
        let diag = Diag::error("tml::choice", "`auto` stands for a whole network")
            .at(&call.span, "not the last layer, or with arguments")
            .help("write `auto` as the last layer, or leave it out");
        return Some(diag);
    }
    let is_feature =
        cx.vocabulary.features().contains(&word) || matches!(cx.names.get(&word), Some((Symbol::Function(_), _)));
    if is_feature {
        let diag = Diag::error("tml::name", format!("`{word}` is a feature, not a layer"))
            .at(&name.span, "belongs into `features`")
            .help("put it into `features NAME from DATASET { … }` and take the model's input from there");
        return Some(diag);
    }
    let layers = cx.vocabulary.layers();
    cx.unknown(name, "layer", layers.iter().map(String::as_str))
}

/// The last layer must give one number for each class or target, or the input again.
fn check_width(
    dataset: usize,
    (task, input): (&Task, &Shape),
    output: &Shape,
    end: &Flow,
    layers: &[Layer],
    block: &Block,
    cx: &mut Context,
) -> Option<()> {
    let data = &cx.spec.datasets[dataset];
    let wanted = task.outputs(data, input);
    let fits = match task {
        // Its error is summed value by value, whatever their shape.
        Task::Detect { .. } => output.len() == wanted,
        Task::Classify | Task::Regress => output.dims.as_slice() == [wanted],
    };
    if fits {
        return Some(());
    }
    let (name, title) = (&data.name, fields::title(block));
    // The width is set by the last layer that changes it: a softmax passes it on.
    let place = layers.iter().rev().find(|layer| layer.input != layer.output).map_or(&end.span, |layer| &layer.span);
    let diag = |fact: String| Diag::error("tml::shape", fact).at(place, format!("gives {output}"));
    let diag = match task {
        Task::Classify => diag(format!("`{title}` gives {output}, but `{name}.classes` has {wanted}"))
            .at(&data.classes_span, format!("{wanted} classes"))
            .help(format!("end with `dense({name}.classes)`")),
        Task::Regress => diag(format!("`{title}` gives {output}, but `{name}` has {wanted} targets"))
            .at(&data.span, format!("{wanted} targets"))
            .help(format!("end with `dense({name}.targets)`")),
        Task::Detect { .. } => diag(format!("`{title}` detects anomalies, but gives {output} for {input}"))
            .at(&block.header, format!("its input is {input}"))
            .help(format!("a detection gives its input again: end with `dense({wanted})`")),
    };
    cx.report(diag);
    None
}
