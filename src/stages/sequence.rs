//! Where the steps of a chain read and write: as few buffers as their order allows.

use serde::Serialize;

use crate::base::Element;
use crate::spec::model::Step;

/// An array between two steps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Buffer {
    /// C type of an element.
    pub ctype: &'static str,
    /// Its name.
    pub name: String,
    /// Elements.
    pub len: usize,
}

/// The buffers of a chain, and the name of what each step writes. While all of it is `f32`, two buffers take turns, a step
/// that may write where it reads does, and the last one writes `out`; else each step has a buffer. `copy`: what the last
/// step gives is converted, so that it has a buffer too.
pub(super) fn places(steps: &[Step], inplace: &[bool], copy: bool) -> (Vec<Buffer>, Vec<String>) {
    let shared = steps.iter().all(|step| step.output.element == Element::F32);
    let mut names = vec![String::new(); steps.len()];
    for index in (0..steps.len()).rev() {
        let behind = names.get(index + 1).cloned();
        names[index] = match behind {
            None if !copy => "out".into(),
            _ if !shared => format!("buffer_{index}"),
            Some(target) if inplace[index + 1] => target,
            Some(target) if target == "buffer_0" => "buffer_1".into(),
            _ => "buffer_0".into(),
        };
    }
    let mut buffers: Vec<Buffer> = Vec::new();
    for (step, name) in steps.iter().zip(&names).filter(|(_, name)| *name != "out") {
        if let Some(buffer) = buffers.iter_mut().find(|buffer| buffer.name == *name) {
            buffer.len = buffer.len.max(step.output.len());
            continue;
        }
        let (ctype, len) = (step.output.element.c_type(), step.output.len());
        buffers.push(Buffer { ctype, name: name.clone(), len });
    }
    (buffers, names)
}
