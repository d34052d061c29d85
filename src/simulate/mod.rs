//! Any program on a simulated board.
//!
//! Knows: how an image, inputs and a place to stop become a run, and what a run leaves.
//! Never: counts or executes anything itself; paints; builds a spec.
//! Add here: a way to drive a program, or a thing to say about a run.

mod board;
mod fault;
mod heat;
mod input;
mod outcome;
mod output;
mod program;
mod report;
mod run;
mod trace;

pub use board::find as find_board;
pub use fault::{diagnose, shown, source};
pub use input::{Input, InputSpec};
pub use outcome::{End, Outcome, Recorded};
pub use output::{Element, Output, OutputSpec};
pub use program::{Program, Purpose};
pub use report::{details, text, value};
pub use run::{Listener, Request, run};
pub use trace::TraceLine;
