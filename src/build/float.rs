//! A conversion of an ONNX model to float32 C: no calibration, no firmware. Its numbers are those of the C itself.

use super::convert::{self, Wanted, c_name};
use super::deliver::{Delivered, Delivery};
use crate::base::Diags;
use crate::import::onnx::{self, Options};
use crate::report::conversion::{FloatConversion, Port};
use crate::simulate;
use crate::tensor::{Buffer, c};
use crate::world::World;

/// A finished conversion to float32 C.
pub struct FloatConverted {
    /// What it came to.
    pub conversion: FloatConversion,
    /// The files that it left.
    pub files: Vec<Delivered>,
}

/// Converts an ONNX model. Errors: `tml::model::…` about the file, `tml::sim::board`.
pub fn convert_float(world: &World, wanted: &Wanted, options: &Options) -> Result<FloatConverted, Diags> {
    let (board, _) = simulate::find_board(world, &wanted.library, &wanted.board)?;
    let file = &wanted.file;
    let program = onnx::read(&convert::bytes(world, file)?, options)?;
    let name = c_name(file);
    let source = c::emit(&program, &name);
    let port = |buffer: &usize| {
        let Buffer { name, dtype, shape, .. } = &program.buffers[*buffer];
        Port { name: name.clone(), element: dtype.word().to_string(), shape: shape.clone() }
    };
    let folder = wanted.out.clone().unwrap_or_else(|| wanted.target_dir.join("tinyml").join(&name).join(&board.name));
    let mut delivery = Delivery { folder: folder.clone(), files: Vec::new() };
    delivery.put(world, "model_c", None, &folder.join(format!("{name}.c")), source.code.as_bytes())?;
    delivery.put(world, "model_h", None, &folder.join(format!("{name}.h")), source.header.as_bytes())?;
    let mut conversion = FloatConversion {
        schema: 1,
        model: name,
        board: board.name.clone(),
        inputs: program.inputs.iter().map(port).collect(),
        outputs: program.outputs.iter().map(port).collect(),
        steps: program.steps.len(),
        constants: source.constants as u64,
        flash_capacity: u64::from(board.flash.size),
        arena: source.arena as u64,
        ram_capacity: u64::from(board.ram.size),
        math: source.math,
        notes: program.notes.clone(),
        files: Vec::new(),
    };
    let path = |file: &Delivered| (file.kind.clone(), file.path.display().to_string());
    conversion.files = delivery.files.iter().map(path).collect();
    delivery.put(world, "report", None, &folder.join("conversion.json"), conversion.json().as_bytes())?;
    Ok(FloatConverted { conversion, files: delivery.files })
}
