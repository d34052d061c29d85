//! What a data set looks like: counts, ranges, quantiles, duplicates, drift, and what is worth a warning.

mod count;
mod drift;
mod facts;
mod hints;
mod tree;
mod view;
mod warn;

pub use count::{duplicates, equal_runs};
pub use facts::{Channel, Class, Clock, Facts, Finding, Lengths, Profile, Role};
pub use hints::{Hint, Look, looks};
pub use view::{View, profile, profile_view, summary};
pub use warn::{unused, warnings};
