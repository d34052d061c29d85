//! Passes: free functions from network to network that keep the outputs.
//!
//! Knows: which rewrites are lossless.
//! Never: changes what a network computes.
//! Add here: a pass, one file, with a property test "same outputs".

mod fuse;

pub use fuse::fuse;
