//! The command line as types: every command, flag and default, and nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::simulate::{InputSpec, OutputSpec};
use crate::world::ToolchainKind;

/// From a checked-in spec and data to verified int8 firmware.
#[derive(Parser, Debug)]
#[command(name = "cargo tinyml", bin_name = "cargo tinyml", version)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
pub(super) struct Global {
    /// Say less: once, only warnings and results
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: finished and cached steps with their times, and the files that are written
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colours in messages
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// How messages and results are written
    #[arg(long, global = true, value_name = "FORM", default_value = "human")]
    pub message_format: MessageFormat,
}

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    /// On a terminal that wants them
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// For people or for machines.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MessageFormat {
    /// Text
    Human,
    /// One JSON object a line, on stdout
    Json,
}

/// Every command.
#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Build the spec: firmware for every board, and a verdict on every requirement
    Build(BuildArgs),
    /// Convert a trained model to C and firmware for a board: sizes, time by layer, a self-test
    #[command(after_long_help = CONVERT_HELP)]
    Convert(ConvertArgs),
    /// Look at data and write a spec for it, with a comment for each choice
    New(NewArgs),
    /// Show what the data is like: counts, ranges, time, columns that give the label away
    Data(DataArgs),
    /// Read the spec and report every mistake, without building
    Check(SpecArgs),
    /// Write the spec in its one canonical form, comments kept
    Fmt(FmtArgs),
    /// Explain a diagnostic's code, a word of the language, or why a step ran
    Explain(ExplainArgs),
    /// Draw the steps of the build and what each one reads
    Graph(GraphArgs),
    /// Fetch the data files that the spec names by URL and digest
    Fetch(FetchArgs),
    /// Ask for a generated function, export its prompt, adopt an answer
    Generate(GenerateArgs),
    /// Run any bare-metal program on a simulated board
    #[command(after_long_help = SIM_HELP)]
    Sim(Box<SimArgs>),
}

/// What `help convert` says beside its flags.
const CONVERT_HELP: &str = "\
No data is needed. int8 models keep their own scales and answer as TensorFlow Lite Micro's reference kernels do, bit for \
bit. What comes out: model.c and model.h (C11, no allocation, no library calls), the firmware image, self_test.h with \
random inputs and the answers that the reference, the C on this machine and the image on the simulated board gave alike, \
and conversion.json with every number of the report. Sizes are those of the linked image; time is simulated, and says \
what it is worth. Steps that are finished are kept: the same model again takes no time.

An ONNX model becomes float32 C (MODEL.c, MODEL.h), which needs <math.h> and isn't run here; in a spec, `import = \
onnx(\"…\")` calibrates it to int8 on your data.

Operators that can't be taken are listed all at once (exit code 1); docs/convert.md says what can.

Examples:
  cargo tinyml convert kws.tflite --board nucleo_l4r5zi
  cargo tinyml convert kws.tflite --board rp2040_pico --out firmware/ --json";

/// How to convert.
#[derive(Args, Clone, Debug)]
pub(super) struct ConvertArgs {
    /// The model: a `.tflite` or an `.onnx` file
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The board: a name of the library, or a board's `.toml` file
    #[arg(short, long, value_name = "BOARD")]
    pub board: String,
    /// Where the results go (default: `tinyml/MODEL/BOARD` in the target folder)
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long)]
    pub json: bool,
    /// ONNX: the shape of an input whose own is open
    #[arg(long, value_name = "NAME=1,3,32,32", value_parser = shape)]
    pub shape: Vec<(String, Vec<usize>)>,
    /// Where finished steps are kept
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
    /// Steps at once (default: one a core)
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Do without a network
    #[arg(long)]
    pub offline: bool,
    /// Which compiler
    #[arg(long, value_name = "NAME")]
    pub toolchain: Option<ToolchainName>,
}

/// `x=1,3,32,32`.
fn shape(text: &str) -> Result<(String, Vec<usize>), String> {
    let parsed = text.rsplit_once('=').and_then(|(name, dims)| {
        let dims: Option<Vec<usize>> = dims.split(',').map(|dim| dim.trim().parse().ok()).collect();
        Some((name.to_string(), dims?))
    });
    parsed.ok_or_else(|| "a name and dimensions, for example x=1,3,32,32".to_string())
}

/// What `help sim` says beside its flags.
const SIM_HELP: &str = "\
The program starts as on the board: from its vector table, or its entry point. It ends by semihosting (SYS_EXIT, \
SYS_EXIT_EXTENDED), whose status is the exit code; by a fault (exit code 125); after --max-instructions (124); or \
where --until or --call say. Firmware that `cargo tinyml build` made waits for inputs: each sample of --input is one \
inference.

Inputs are written when the program reaches `main`, because start-up code clears variables; at once where there is no \
`main`. What the program prints by semihosting or SEGGER RTT goes to stdout, and so do outputs, profile and tables; \
the summary and the trace go to stderr. With --message-format json all is lines of JSON on stdout, each with a schema \
and a reason: sim-console, sim-trace, diagnostic, sim-finished.

Semihosting: open, close, write0, writec, write, read, readc, seek, flen, istty, iserror, remove, rename, tmpnam, \
clock, time, elapsed, tickfreq, errno, get_cmdline, heapinfo, exit, exit_extended. Time is simulated. Files are those \
below --files FOLDER, without it none; links and paths out of it are refused. `system` always fails.

Examples:
  cargo tinyml sim firmware.elf --board nucleo_l4r5zi --input rows.npy@tml_input --output tml_output:i8
  cargo tinyml sim app.elf --board rp2040_pico --profile --flamegraph app.svg
  cargo tinyml sim app.elf --board nucleo_l4r5zi --call dot --arg 0x20000400 --arg 16";

/// How to simulate.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are independent")]
pub(super) struct SimArgs {
    /// The program: a linked ELF image
    #[arg(value_name = "FILE.elf")]
    pub elf: PathBuf,
    /// The board: a name of the library, or a board's `.toml` file
    #[arg(short, long, value_name = "BOARD")]
    pub board: String,
    /// Bytes for a variable: a raw or a `.npy` file
    #[arg(short, long, value_name = "FILE@SYMBOL", value_parser = InputSpec::parse)]
    pub input: Vec<InputSpec>,
    /// A variable to show: i8, u8, i16, u16, i32, u32, f32, else hexadecimal
    #[arg(short, long, value_name = "SYMBOL[:BYTES][:TYPE]", value_parser = OutputSpec::parse)]
    pub output: Vec<OutputSpec>,
    /// Cycles, instructions, stalls, calls and stack by function
    #[arg(long, conflicts_with = "fast")]
    pub profile: bool,
    /// The hottest code with its instructions and source lines
    #[arg(long, conflicts_with = "fast")]
    pub annotate: bool,
    /// A flame graph of the cycles
    #[arg(long, value_name = "FILE.svg", conflicts_with = "fast")]
    pub flamegraph: Option<PathBuf>,
    /// Reads and writes by variable, and memory that is never used
    #[arg(long)]
    pub heat: bool,
    /// With --heat --message-format json: the size of the blocks of RAM
    #[arg(long, value_name = "BYTES", default_value = "256", value_parser = clap::value_parser!(u32).range(4..))]
    pub heat_block: u32,
    /// Print instructions as they run, the first N of them
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10000", require_equals = true)]
    pub trace: Option<u64>,
    /// Count instructions only, which is faster
    #[arg(long)]
    pub fast: bool,
    /// Stop after so many instructions
    #[arg(long, value_name = "N", default_value = "10000000000")]
    pub max_instructions: u64,
    /// Call this function, once start-up code has run
    #[arg(long, value_name = "FUNCTION", conflicts_with = "until")]
    pub call: Option<String>,
    /// With --call: an argument, decimal or 0x…
    #[arg(long, value_name = "WORD", requires = "call", value_parser = word, allow_negative_numbers = true)]
    pub arg: Vec<u32>,
    /// Stop where this function or address is reached
    #[arg(long, value_name = "FUNCTION")]
    pub until: Option<String>,
    /// The program's command line, behind its name
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub args: Option<String>,
    /// What the program reads from its console
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// Let the program use the files of this folder
    #[arg(long, value_name = "FOLDER")]
    pub files: Option<PathBuf>,
}

/// A word: signed or unsigned.
fn word(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse::<u32>().ok().or_else(|| text.parse::<i32>().ok().map(|number| number as u32)),
    };
    parsed.ok_or_else(|| "a number of 32 bits, for example 16, -1 or 0x20000400".to_string())
}

/// What the new project is for.
#[derive(Args, Debug)]
pub(super) struct NewArgs {
    /// The project's folder, which is made; its spec gets the same name
    #[arg(value_name = "NAME")]
    pub name: PathBuf,
    /// The data: a folder or a file
    #[arg(long, value_name = "DATA")]
    pub from: PathBuf,
    /// The board: a name of the library (`cargo tinyml explain boards`)
    #[arg(short, long, value_name = "BOARD")]
    pub board: String,
    /// What the model is to do (default: found out)
    #[arg(long, value_name = "TASK")]
    pub task: Option<TaskName>,
    /// The column with the label or the target; without a header, its position from 0 (default: found out)
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Copy the data into the project instead of linking it
    #[arg(long)]
    pub copy: bool,
}

/// What a model is to do.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TaskName {
    /// Tell classes apart
    Classify,
    /// Give a number
    Regress,
    /// Tell what isn't as usual
    Anomaly,
}

/// Which data to look at.
#[derive(Args, Debug)]
pub(super) struct DataArgs {
    /// A `.tml` file, or a folder with exactly one (default: this folder)
    #[arg(value_name = "SPEC")]
    pub spec: Option<PathBuf>,
    /// One data set of it (default: all)
    #[arg(value_name = "DATASET")]
    pub dataset: Option<String>,
    /// Form of the answer
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: DataFormat,
    /// Draw it too: SVG files in the report's folder
    #[arg(long)]
    pub plots: bool,
    /// Where results and the store go
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
    /// Hash every input file again, whatever its time stamp says
    #[arg(long)]
    pub verify_inputs: bool,
}

/// Form of what is said about data.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DataFormat {
    /// Tables
    Text,
    /// JSON
    Json,
}

/// Which spec.
#[derive(Args, Clone, Debug)]
pub(super) struct SpecArgs {
    /// A `.tml` file, or a folder with exactly one (default: this folder)
    #[arg(value_name = "SPEC")]
    pub spec: Option<PathBuf>,
}

/// How to build.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are independent")]
pub(super) struct BuildArgs {
    /// Which spec
    #[command(flatten)]
    pub spec: SpecArgs,
    /// Where results and the store go (default: `CARGO_TARGET_DIR`, the cargo workspace's, else `target` beside the spec)
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
    /// Steps at once (default: one a core)
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// The lock must not change: no function is asked for (default where CI is set)
    #[arg(long)]
    pub locked: bool,
    /// Do without a network
    #[arg(long)]
    pub offline: bool,
    /// Both --locked and --offline
    #[arg(long)]
    pub frozen: bool,
    /// Run every test row on the simulated board, not a sample
    #[arg(long)]
    pub full: bool,
    /// Hash every input file again, whatever its time stamp says
    #[arg(long)]
    pub verify_inputs: bool,
    /// Which compiler
    #[arg(long, value_name = "NAME")]
    pub toolchain: Option<ToolchainName>,
    /// Show which steps would run, and stop
    #[arg(long)]
    pub dry_run: bool,
}

/// Which compiler.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ToolchainName {
    /// The pinned zig, fetched by itself
    Zig,
    /// arm-none-eabi-gcc or riscv64-unknown-elf-gcc on the PATH
    Gcc,
}

impl From<ToolchainName> for ToolchainKind {
    fn from(name: ToolchainName) -> Self {
        match name {
            ToolchainName::Zig => Self::Zig,
            ToolchainName::Gcc => Self::Gcc,
        }
    }
}

/// How to format.
#[derive(Args, Debug)]
pub(super) struct FmtArgs {
    /// Files or folders (default: every `.tml` in this folder)
    #[arg(value_name = "SPEC")]
    pub specs: Vec<PathBuf>,
    /// Change nothing; exit 1 if a file isn't in canonical form
    #[arg(long)]
    pub check: bool,
}

/// What to explain.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// A code (`tml::unit`), a word (`dense`, `split`, `KiB`), or a step (`train:net`)
    pub subject: String,
    /// For a step: how the build would be run
    #[command(flatten)]
    pub build: ExplainBuild,
}

/// Where a step's build is.
#[derive(Args, Clone, Debug)]
pub(super) struct ExplainBuild {
    /// A `.tml` file, or a folder with exactly one (default: this folder)
    #[arg(long, value_name = "SPEC")]
    pub spec: Option<PathBuf>,
    /// Where results and the store are
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
}

/// How to draw.
#[derive(Args, Debug)]
pub(super) struct GraphArgs {
    /// Which spec
    #[command(flatten)]
    pub spec: SpecArgs,
    /// Form of the drawing
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: GraphFormat,
}

/// Form of a graph's drawing.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum GraphFormat {
    /// An indented list
    Text,
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// JSON
    Json,
}

/// What to fetch.
#[derive(Args, Debug)]
pub(super) struct FetchArgs {
    /// Which spec
    #[command(flatten)]
    pub spec: SpecArgs,
    /// Fetch nothing; exit 1 if a file is missing or has another digest
    #[arg(long)]
    pub check: bool,
    /// Do without a network
    #[arg(long)]
    pub offline: bool,
}

/// What to generate.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are independent")]
pub(super) struct GenerateArgs {
    /// The function (default: every one whose pin is missing or stale)
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// With --adopt: the answer's file, C or a chat's answer with one fenced block (default: generated/NAME.c)
    #[arg(value_name = "ANSWER", requires = "adopt")]
    pub answer: Option<PathBuf>,
    /// Which spec
    #[arg(long, value_name = "SPEC")]
    pub spec: Option<PathBuf>,
    /// Write the prompt to stdout and stop
    #[arg(long, conflicts_with = "adopt", requires = "name")]
    pub export: bool,
    /// Put an answer through the gate and pin it
    #[arg(long, requires = "name")]
    pub adopt: bool,
    /// Mark the pin as reviewed
    #[arg(long, requires = "name", conflicts_with_all = ["export"])]
    pub accept: bool,
    /// Replace code that was edited by hand
    #[arg(long)]
    pub force: bool,
    /// Do without a network
    #[arg(long)]
    pub offline: bool,
    /// Where results and the store go
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
}
