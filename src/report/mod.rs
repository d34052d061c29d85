//! Outcome to verdict.
//!
//! Knows: judging and rendering.
//! Never: computes a measurement; prints a number without its kind.
//! Add here: a form of the report.

mod answers;
pub mod confusion;
pub mod conversion;
mod data;
pub mod judge;
pub mod measure;
pub mod metrics;
pub mod plot;
mod search;
mod text;
mod unmet;
pub mod verdict;

pub use confusion::Confusion;
pub use conversion::Conversion;
pub use data::data_text;
pub use judge::judge;
pub use measure::{Measured, Measurements};
pub use search::search_plot;
pub use text::{Style, text};
pub use unmet::unmet;
pub use verdict::{Report, Verdict};
