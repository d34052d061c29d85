//! Where temporaries live: one array for each element type, so that no object is read as two types, and in it
//! offsets by lifetime, largest buffer first.

use std::collections::BTreeMap;

use crate::tensor::expr::BufferId;
use crate::tensor::program::{Program, Role};

/// Element offsets of the temporaries.
#[derive(Default)]
pub(super) struct Places {
    /// Offset of each temporary in the array of its storage type.
    pub(super) offsets: BTreeMap<BufferId, usize>,
    /// Elements of the array of each storage type.
    pub(super) sizes: BTreeMap<&'static str, usize>,
}

struct Life {
    buffer: BufferId,
    first: usize,
    last: usize,
    len: usize,
}

/// Offsets such that buffers that are alive together don't overlap.
pub(super) fn place(program: &Program) -> Places {
    let mut lives: BTreeMap<BufferId, Life> = BTreeMap::new();
    for (time, step) in program.steps.iter().enumerate() {
        for buffer in step.reads.iter().chain(&step.writes).copied() {
            if program.buffers[buffer].role == Role::Temporary {
                let len = program.buffers[buffer].len().max(1);
                lives.entry(buffer).or_insert(Life { buffer, first: time, last: time, len }).last = time;
            }
        }
    }
    let mut kinds: BTreeMap<&'static str, Vec<Life>> = BTreeMap::new();
    for life in lives.into_values() {
        kinds.entry(program.buffers[life.buffer].dtype.storage()).or_default().push(life);
    }
    let mut places = Places::default();
    for (storage, mut lives) in kinds {
        lives.sort_by_key(|life| (std::cmp::Reverse(life.len), life.buffer));
        let mut placed: Vec<(usize, &Life)> = Vec::new();
        for life in &lives {
            let offset = lowest(life, &placed);
            placed.push((offset, life));
            placed.sort_by_key(|(offset, _)| *offset);
            places.offsets.insert(life.buffer, offset);
        }
        let size = placed.iter().map(|(offset, life)| offset + life.len).max().unwrap_or(0);
        places.sizes.insert(storage, size);
    }
    places
}

/// The lowest offset at which a life fits among those that are placed, sorted by offset.
fn lowest(life: &Life, placed: &[(usize, &Life)]) -> usize {
    let mut offset = 0;
    for (other, neighbour) in placed {
        let together = life.first <= neighbour.last && neighbour.first <= life.last;
        if together && offset + life.len > *other {
            offset = offset.max(other + neighbour.len);
        }
    }
    offset
}
