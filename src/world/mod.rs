//! The doors to the outside.
//!
//! Knows: disk, processes, toolchains, clock, network, environment.
//! Never: decides; parses meaning; shows a secret.
//! Add here: a door; every other room stays pure.
