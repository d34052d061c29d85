//! ONNX to C: the node tests of the `PyPI` package `onnx` and the models of `../shared/data`, converted, compiled with the
//! host's compiler under the address and undefined-behaviour sanitizers, run, compared. `TINYML_ONNX=all` runs every case, else every eighth;
//! `TINYML_ONNX=NAME` those whose name holds it. `UPDATE=1` with `all` writes the table of `docs/onnx.md`.
#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test reads data and starts the C compiler")]

#[path = "onnx/case.rs"]
mod case;
#[path = "onnx/compile.rs"]
mod compile;
#[path = "onnx/fuzz.rs"]
mod fuzz;
#[path = "onnx/models.rs"]
mod models;
#[path = "onnx/network.rs"]
mod network;
#[path = "onnx/node.rs"]
mod node;
#[path = "onnx/quantised.rs"]
mod quantised;
#[path = "onnx/report.rs"]
mod report;
