//! Passes: free functions from network to network that keep the outputs.
//!
//! Knows: which rewrites are lossless.
//! Never: changes what a network computes.
//! Add here: a pass, one file, with a property test "same outputs".

mod dead;
mod fold;
mod fuse;
mod optimise;
mod order;
mod prune;
mod recast;
mod rewrite;
mod share;

pub use dead::drop_dead;
pub use fold::fold_constants;
pub use fuse::fuse;
pub use optimise::optimise;
pub use order::order;
pub use prune::drop_constant_channels;
pub use recast::recast;
pub use share::share;
