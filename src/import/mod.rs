//! Foreign models: bytes in, a program or a network out.
//!
//! Knows: file formats of trained networks and what their operators mean.
//! Never: opens a file; trusts a size, an offset or a name of a file; says less than all that it can't take.
//! Add here: a format: a folder; an ONNX operator: one function in `onnx/ops/` and its row in `onnx/table.rs`.

pub mod onnx;
