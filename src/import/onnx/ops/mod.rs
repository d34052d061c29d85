//! What each operator means, by family.

pub mod elementwise;
