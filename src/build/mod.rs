//! A whole build, from a project to a report.
//!
//! Knows: the order of the rooms: pins, plan, run, measure, judge, deliver.
//! Never: paints; knows what a step does.
//! Add here: what a build does before its first step or after its last one.

mod answers;
mod convert;
mod deliver;
mod drawings;
mod float;
pub mod generate;
mod look;
mod measure;
mod new;
mod pins;
mod request;
mod run;
mod target;

pub use convert::{Converted, Wanted, convert};
pub use deliver::Delivered;
pub use float::{FloatConverted, convert_float};
pub use look::{Looked, look};
pub use new::{Made, New, new};
pub use request::Request;
pub use run::{Built, Prepared, build, prepare};
pub use target::target_dir;
