//! The recordings of one file, before the files are put in order: the pure result of reading it.

use std::collections::HashMap;

use super::faults::Faults;

/// What one file gave.
#[derive(Default, Debug)]
pub struct Block {
    /// The file's path.
    pub path: String,
    /// Values of all recordings.
    pub x: Vec<f32>,
    /// Where each recording ends in `x`; kept for streams only.
    pub ends: Vec<usize>,
    /// Class indices.
    pub y: Vec<u32>,
    /// Numbers to learn.
    pub values: Vec<f32>,
    /// Group of each recording, as an index into `groups`.
    pub group: Vec<u32>,
    /// Names of the groups.
    pub groups: Names,
    /// Word for the part of each recording, as an index into `parts`.
    pub part: Vec<u32>,
    /// Words for parts.
    pub parts: Names,
    /// Lines; 0 where a file has none.
    pub line: Vec<u32>,
    /// Recordings left out because a number was missing.
    pub dropped: usize,
    /// Rows behind the last whole take.
    pub left_over: usize,
    /// Missing numbers a channel.
    pub missing: Vec<usize>,
    /// What is wrong with it.
    pub faults: Faults,
}

impl Block {
    /// A block without recordings.
    pub fn new(path: &str, channels: usize) -> Self {
        Self { path: path.into(), missing: vec![0; channels], ..Self::default() }
    }

    /// Recordings in it.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// True without recordings.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }
}

/// Names, each once, in the order met.
#[derive(Clone, Default, Debug)]
pub struct Names {
    list: Vec<String>,
    index: HashMap<String, u32>,
}

impl Names {
    /// The index of `name`, which is put behind the others if it is new.
    pub fn index(&mut self, name: &str) -> u32 {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let index = self.list.len() as u32;
        self.list.push(name.into());
        self.index.insert(name.into(), index);
        index
    }

    /// The names.
    pub fn list(&self) -> &[String] {
        &self.list
    }
}
