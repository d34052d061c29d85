//! The verbs of a search: what a candidate costs, whether it fits, what it learns, which one wins.

mod choose;
mod cost;
mod fit;
mod ladder;
mod quality;
mod rank;
mod trial;

pub use choose::{Choose, Fate, Found, Tried};
pub use cost::{Base, Cost, Costs};
pub use fit::{Fit, Limit};
pub use ladder::Ladder;
pub use rank::{Goal, Quality};
pub use trial::{Outcome, Trial};
