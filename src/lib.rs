//! `cargo tinyml`: from a checked-in spec and data to verified int8 firmware.
//!
//! ```text
//!  .tml files ──lang::parse──▶ Ast ──spec::resolve──▶ Spec ──plan::plan──▶ Graph
//!                                      ▲ library            ▲ lock            │
//!                                                                     engine::run
//!                                                             store ◀──▶ world│
//!                                  Report ◀──report::judge── Outcome ◀────────┘
//! ```
//!
//! A room imports only rooms above it in this list; `tests/house.rs` holds it to that.

pub mod base;
pub mod lang;
pub mod library;
pub mod lock;
pub mod data;
pub mod tensor;
pub mod net;
pub mod import;
pub mod sim;
pub mod profile;
pub mod inspect;
pub mod spec;
pub mod world;
pub mod engine;
pub mod stages;
pub mod simulate;
pub mod plan;
pub mod project;
pub mod report;
pub mod build;
pub mod cli;
