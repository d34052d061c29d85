//! The models of `../shared/data`.
