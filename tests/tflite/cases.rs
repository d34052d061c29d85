//! Random models with the wheel's answers: made by `tests/golden/tflm_graphs.py`, kept for the run of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tinyml::import::tflite;
use tinyml::import::{Imported, Network};
use tinyml::net::QNet;

/// A model and what it gives.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) flat: Vec<u8>,
    pub(crate) x: Vec<i8>,
    pub(crate) y: Vec<i8>,
}

/// Kinds that TFLM computes and that aren't taken: each with a reason in its message.
pub(crate) const REFUSED: &[&str] = &["l2_normalization"];

/// True when everything is to be tried, not a share: `TINYML_TFLITE=all`.
pub(crate) fn all() -> bool {
    std::env::var("TINYML_TFLITE").is_ok_and(|value| value == "all")
}

/// Prints past the harness, so that a skipped test says so in every run.
pub(crate) fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn number(bytes: &mut &[u8]) -> Vec<u8> {
    let (length, rest) = bytes.split_at(4);
    let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
    let (piece, rest) = rest.split_at(length);
    *bytes = rest;
    piece.to_vec()
}

/// The cases of this run, or `None` (said once) where the wheel isn't there.
pub(crate) fn cases() -> Option<&'static [Case]> {
    static CASES: OnceLock<Option<Vec<Case>>> = OnceLock::new();
    let made = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let wheel = Command::new("python3").args(["-c", "import tflite_micro, flatbuffers"]).output();
        if !wheel.is_ok_and(|output| output.status.success()) {
            say(
                "skipped: `pip install tflite-micro flatbuffers` brings the reference that random models are compared with",
            );
            return None;
        }
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let archive = folder.path().join("cases.bin");
        // The seed is fixed, so that a failure can be looked at again; another is a parameter away.
        let seed = std::env::var("TINYML_TFLITE_SEED").unwrap_or_else(|_| "1".into());
        let count = if all() { "3000" } else { "2000" };
        let mut command = Command::new("python3");
        command.arg(root.join("tests/golden/tflm_graphs.py")).arg(&archive).args([count, &seed]);
        command.args(std::env::var("TINYML_TFLITE_KINDS").unwrap_or_default().split_whitespace());
        let output = command.output().expect("python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let bytes = std::fs::read(&archive).expect("the archive that was just made");
        let mut rest = bytes.as_slice();
        let mut cases = Vec::new();
        let signed = |bytes: Vec<u8>| bytes.into_iter().map(|byte| byte as i8).collect::<Vec<i8>>();
        while !rest.is_empty() {
            let name = String::from_utf8(number(&mut rest)).expect("a name");
            let (flat, x, y) = (number(&mut rest), signed(number(&mut rest)), signed(number(&mut rest)));
            cases.push(Case { name, flat, x, y });
        }
        Some(cases)
    };
    CASES.get_or_init(made).as_deref()
}

/// The kind of a case: `conv2d` of `conv2d_1_17`.
pub(crate) fn kind(name: &str) -> &str {
    name.rsplitn(3, '_').last().unwrap_or(name)
}

/// The int8 network of a file; the error is the whole message.
pub(crate) fn int8(name: &str, bytes: &[u8]) -> Result<QNet, String> {
    let imported = tflite::import(name, bytes).map_err(|diags| message(&diags))?;
    match imported {
        Imported { network: Network::Int8(net), .. } => Ok(net),
        Imported { .. } => Err("a float model".into()),
    }
}

/// A message with its notes.
pub(crate) fn message(diags: &tinyml::base::Diags) -> String {
    let lines = diags.0.iter().flat_map(|diag| {
        let code = format!("{} [{}]", diag.title, diag.code);
        std::iter::once(code).chain(diag.notes.clone()).chain(diag.help.clone())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A folder or file of the shared data, or `None`, which is said.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path);
    if full.exists() {
        return Some(full);
    }
    say(&format!("skipped: ../shared/data/{path} isn't here"));
    None
}
