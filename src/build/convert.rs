//! A conversion: a foreign model to C, firmware, sizes and time, with no data and no spec of the user's. It is the build
//! of a spec made here: one model whose int8 input is given, one deployment, one board, nothing required.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::deliver::{Delivered, Delivery};
use super::measure::{self, Sizes, json};
use super::run::finished;
use crate::base::npy::Array;
use crate::base::{Diag, Diags, Shape, Source};
use crate::engine::{self, Options, Outcome, Progress};
use crate::import::{End, Imported};
use crate::library::Library;
use crate::library::board::Board;
use crate::library::core::Core;
use crate::net::ops::Storage;
use crate::net::tuning::Tuning;
use crate::net::{QNet, artifact};
use crate::plan::{self, Context};
use crate::report::conversion::{self, Compared, Conversion, Row};
use crate::simulate;
use crate::spec::model::{BoardUse, Deploy, Format, Import, Input, Model, Quantize, Task, Train};
use crate::spec::{self, Spec};
use crate::stages::import::Summary;
use crate::stages::toolkit::{Toolkit, target};
use crate::stages::{link, verify};
use crate::world::{Family, ToolchainKind, World, disk_error};

/// What is to be converted, and how.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The model's file.
    pub file: PathBuf,
    /// The board: a name of the library, or a board's file.
    pub board: String,
    /// Where the results go; none: below the target folder.
    pub out: Option<PathBuf>,
    /// Where finished steps are kept, and results unless `out` says otherwise.
    pub target_dir: PathBuf,
    /// Where finished steps are kept instead.
    pub shared_store: Option<PathBuf>,
    /// Steps at once.
    pub jobs: usize,
    /// The compiler.
    pub toolchain: Option<ToolchainKind>,
    /// The library, with the project's overlay where there is one.
    pub library: Library,
}

/// A finished conversion.
pub struct Converted {
    /// What it came to.
    pub conversion: Conversion,
    /// The files that it left.
    pub files: Vec<Delivered>,
    /// Warnings of the steps.
    pub warnings: Diags,
}

/// Bytes of test rows that the self-test's header holds at most: it is compiled into firmware.
const MOST_TEST_BYTES: usize = 1 << 16;

/// Largest file that is read: a hundred times what the largest board holds.
const MOST_BYTES: u64 = 256 << 20;

/// Converts a model. Errors: `tml::model::…` about the file, `tml::sim::board`, and those of a build.
pub fn convert(world: &World, wanted: &Wanted, progress: &dyn Progress) -> Result<Converted, Diags> {
    let (board, core) = simulate::find_board(world, &wanted.library, &wanted.board)?;
    let (imported, format) = read(world, &wanted.file)?;
    let spec = Arc::new(synthesised(&wanted.file, &imported, format, &board));
    let settings = world.settings(Path::new("."))?;
    let kind = wanted.toolchain.unwrap_or(settings.toolchain);
    let family = Family::of(&target(&core));
    let identities = BTreeMap::from([(family, world.toolchain_identity(kind, family)?)]);
    let toolkit = Toolkit { library: Arc::new(wanted.library.clone()), kind, identities };
    let context = Context { root: PathBuf::from("."), toolkit, full: true };
    let graph = plan::convert(&spec, &wanted.file, &context)?;
    let results = wanted.target_dir.join("tinyml");
    let store = wanted.shared_store.clone().unwrap_or_else(|| results.clone());
    let options = Options::new(store, spec.name.clone(), wanted.jobs);
    let outcome = engine::run(&graph, &options, world, progress)?;
    finished(&outcome)?;
    let folder = wanted.out.clone().unwrap_or_else(|| results.join(&spec.name).join(&board.name));
    let mut delivery = Delivery { folder, files: Vec::new() };
    let mut conversion = measured(&outcome, &spec, (&board, &core), &imported)?;
    deliver(world, &mut delivery, &outcome, &spec, &board, &context)?;
    let path = |file: &Delivered| (file.kind.clone(), file.path.display().to_string());
    conversion.files = delivery.files.iter().map(path).collect();
    let report = delivery.folder.join("conversion.json");
    delivery.put(world, "report", None, &report, conversion.json().as_bytes())?;
    Ok(Converted { conversion, files: delivery.files, warnings: outcome.all_warnings() })
}

fn read(world: &World, file: &Path) -> Result<(Imported, Format), Diags> {
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let extension = file.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let Some("tflite" | "lite") = extension.as_deref() else {
        let diag = Diag::error("tml::model::file", format!("`{name}` has an unknown format"));
        return Err(diag.help("name a `.tflite` file").into());
    };
    let format = Format::Tflite;
    Ok((spec::read_model(&name, format, &bytes(world, file)?)?, format))
}

/// The bytes of a model's file.
pub(super) fn bytes(world: &World, file: &Path) -> Result<Vec<u8>, Diags> {
    let stat = world.files().stat(file).map_err(|error| disk_error("read", file, &error))?;
    if stat.size > MOST_BYTES {
        let title = format!("`{}` has {} bytes: no board holds a hundredth of that", file.display(), stat.size);
        return Err(Diag::error("tml::model::file", title).help("name the model's file").into());
    }
    Ok(world.files().read(file).map_err(|error| disk_error("read", file, &error))?)
}

/// A name in C: letters, digits and underscores, no reserved word.
pub(super) fn c_name(file: &Path) -> String {
    let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().to_lowercase());
    let clean: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(40).collect();
    let clean = clean.trim_matches('_');
    let starts = clean.starts_with(|c: char| c.is_ascii_lowercase());
    // `tml` would meet the names of our own code.
    if starts && clean != "tml" && !clean.starts_with("tml_") { clean.to_string() } else { format!("model_{clean}") }
}

/// The spec of a conversion.
fn synthesised(file: &Path, imported: &Imported, format: Format, board: &Board) -> Spec {
    let span = Source::new(file.to_string_lossy(), "").span(0..0);
    let name = c_name(file);
    let path = file.to_string_lossy().into_owned();
    let model = Model {
        name: name.clone(),
        docs: Vec::new(),
        input: Input::Given,
        dataset: 0,
        shape: Shape::f32(imported.network.input()),
        outputs: imported.network.output().iter().product(),
        task: Task::Classify,
        import: Some(Import { path, format, float: false, span: span.clone() }),
        layers: Vec::new(),
        train: Train::default(),
        quantize: Quantize::default(),
        search: None,
        span: span.clone(),
    };
    let deploy = Deploy {
        name: name.clone(),
        docs: Vec::new(),
        model: 0,
        boards: vec![BoardUse { board: board.clone(), span: span.clone() }],
        app: None,
        decide: crate::spec::model::Decide::default(),
        requirements: Vec::new(),
        span,
    };
    let (models, deploys) = (vec![model], vec![deploy]);
    Spec {
        name,
        datasets: Vec::new(),
        functions: Vec::new(),
        features: Vec::new(),
        models,
        deploys,
        fetches: Vec::new(),
    }
}

fn measured(
    outcome: &Outcome<'_>,
    spec: &Spec,
    (board, core): (&Board, &Core),
    imported: &Imported,
) -> Result<Conversion, Diags> {
    let name = &spec.name;
    let place = format!("{name}@{}", board.name);
    let net = network(outcome, name)?;
    let summary: Summary = json(outcome, &format!("import:{name}"), "import.json")?;
    let verified: verify::Verified = json(outcome, &format!("verify:{place}"), "verify.json")?;
    let sizes: Sizes = json(outcome, &format!("link:{place}"), "sizes.json")?;
    let stack: link::Stack = json(outcome, &format!("size:{place}"), "stack.json")?;
    let tuning: Tuning = json(outcome, &format!("tune:{place}"), "tuning.json")?;
    let latency = measure::latency(core, board, &verified);
    let quant = net.output_quant();
    let end = |shape: &Shape, quant: crate::net::Quant, end: End| conversion::End {
        shape: shape.dims.clone(),
        scale: quant.scale,
        zero_point: quant.zero_point,
        in_file: format!("{end:?}").to_lowercase(),
    };
    let mut notes = summary.notes;
    if summary.macs > net.macs() {
        let (before, after) = (summary.macs, net.macs());
        notes.push(format!("channels that never change are gone: {after} multiply-accumulates of {before}"));
    }
    let layers = layers(name, &net, &tuning, &verified);
    Ok(Conversion {
        schema: 1,
        model: name.clone(),
        board: board.name.clone(),
        input: end(&net.input, net.quant, imported.input),
        output: end(net.output(), quant, imported.output),
        macs: net.macs() as u64,
        file_macs: summary.macs as u64,
        flash: sizes.flash(),
        flash_capacity: u64::from(board.flash.size),
        ram: sizes.ram(name, &stack),
        ram_capacity: u64::from(board.ram.size),
        latency,
        layers,
        rows: Compared { host: verified.of as u64, simulated: verified.samples as u64 },
        notes,
        files: Vec::new(),
    })
}

fn network(outcome: &Outcome<'_>, name: &str) -> Result<QNet, Diags> {
    let part = |output: &str| outcome.bytes(&format!("import:{name}"), output);
    let net = artifact::read_qnet(&part("qnet.json")?, &part("qweights.npy")?, &part("qbias.npy")?);
    Ok(net.map_err(|why| Diag::error("tml::bug", format!("bug: the int8 network: {why}")))?)
}

fn layers(name: &str, net: &QNet, tuning: &Tuning, verified: &verify::Verified) -> Vec<Row> {
    let row = |(at, node): (usize, &crate::net::QNode)| {
        let function = format!("{name}_layer_{at}_{}", node.op.word());
        let cycles = verified.parts.iter().find(|part| part.name == function).map(|part| part.cycles);
        let macs = node.op.macs(&node.args, &node.takes, &node.output) as u64;
        let per_mac = |cycles: u64| (macs > 0).then(|| cycles as f64 / macs as f64);
        Row {
            at,
            operator: node.op.word().to_string(),
            kernel: tuning.layers.get(at).map_or_else(String::new, |choice| choice.variant.clone()),
            shape: node.output.dims.clone(),
            macs,
            cycles,
            cycles_per_mac: cycles.and_then(per_mac),
            weights: node.lowered.weights.len() as u64,
        }
    };
    let runs = |(_, node): &(usize, &crate::net::QNode)| node.op.storage() == Storage::Own;
    net.nodes.iter().enumerate().filter(runs).map(row).collect()
}

#[derive(Serialize)]
struct SelfTest<'a> {
    name: &'a str,
    prefix: String,
    rows: usize,
    input: usize,
    output: usize,
    x: Vec<&'a [i8]>,
    y: Vec<&'a [i8]>,
}

fn deliver(
    world: &World,
    delivery: &mut Delivery,
    outcome: &Outcome<'_>,
    spec: &Spec,
    board: &Board,
    context: &Context,
) -> Result<(), Diags> {
    let name = &spec.name;
    let place = format!("{name}@{}", board.name);
    let folder = delivery.folder.clone();
    let files = [
        ("emit", "model.c", "model_c"),
        ("emit", "model.h", "model_h"),
        ("link", "firmware.elf", "elf"),
        ("link", "firmware.hex", "hex"),
        ("link", "firmware.bin", "bin"),
        ("link", "firmware.uf2", "uf2"),
    ];
    for (step, file, kind) in files {
        let step = format!("{step}:{place}");
        if outcome.artifact(&step, file).is_some() {
            delivery.put(world, kind, None, &folder.join(file), &outcome.bytes(&step, file)?)?;
        }
    }
    let (x, y) = (rows(outcome, name, "x.npy")?, rows(outcome, name, "expected.npy")?);
    let model = &spec.models[0];
    let (input, output) = (model.shape.len(), model.outputs);
    let (x, y) = (x.as_i8().unwrap_or_default(), y.as_i8().unwrap_or_default());
    let most = (MOST_TEST_BYTES / (input + output)).clamp(1, x.len() / input);
    let test = SelfTest {
        name,
        prefix: name.to_uppercase(),
        rows: most,
        input,
        output,
        x: x.chunks_exact(input).take(most).collect(),
        y: y.chunks_exact(output).take(most).collect(),
    };
    let text = context.toolkit.library.render("kernels/self_test.h.j2", &test)?;
    delivery.put(world, "self_test", None, &folder.join("self_test.h"), text.as_bytes())?;
    Ok(())
}

fn rows(outcome: &Outcome<'_>, name: &str, output: &str) -> Result<Array, Diags> {
    measure::array(outcome, &format!("samples:{name}"), output)
}
