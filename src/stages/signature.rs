//! A user function's signature as a spec writes it, as a C prototype, and as the contract that a pin is bound to.

use crate::base::digest::Hasher;
use crate::base::{Digest, Shape};
use crate::spec::model::{Function, Origin};

/// `despike(x: f32[50, 3]) -> f32[50, 3]`, as in a spec.
pub fn spec_text(function: &Function) -> String {
    let params: Vec<String> = function.params.iter().map(|(name, shape)| format!("{name}: {shape}")).collect();
    let result = function.result.as_ref().map(|shape| format!(" -> {shape}")).unwrap_or_default();
    format!("{}({}){result}", function.name, params.join(", "))
}

/// `void despike(const float x[150], float out[150])`: tensors are flattened in C order, a scalar result is returned.
pub fn prototype(function: &Function) -> String {
    let mut params: Vec<String> = function.params.iter().map(|(name, shape)| parameter(name, shape)).collect();
    let returned = match &function.result {
        Some(shape) if shape.dims.is_empty() => shape.element.c_type(),
        Some(shape) => {
            params.push(format!("{} out[{}]", shape.element.c_type(), shape.len()));
            "void"
        }
        None => "void",
    };
    let params = if params.is_empty() { "void".into() } else { params.join(", ") };
    format!("{returned} {}({params})", function.name)
}

fn parameter(name: &str, shape: &Shape) -> String {
    let ty = shape.element.c_type();
    if shape.dims.is_empty() { format!("{ty} {name}") } else { format!("const {ty} {name}[{}]", shape.len()) }
}

/// What a pin promises to fulfil: signature, prompt and cases. Not the provider, not our templates:
/// changing these changes nothing about a function that already works.
pub fn contract(function: &Function, cases: Option<&[u8]>) -> Digest {
    let mut hasher = Hasher::new("cargo-tinyml 2026 contract of a generated function");
    hasher.field(spec_text(function).as_bytes());
    if let Origin::Generate { prompt, tolerance, .. } = &function.origin {
        hasher.field(prompt.as_bytes());
        hasher.field(tolerance.to_string().as_bytes());
    }
    hasher.field(cases.unwrap_or_default());
    hasher.finish()
}
