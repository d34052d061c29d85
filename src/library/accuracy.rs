//! What predicted cycles are worth, as every report repeats it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far predicted cycles are from measured ones.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(try_from = "Written", tag = "status", rename_all = "lowercase")]
pub enum Accuracy {
    /// Compared with published measurements.
    Validated {
        /// The smallest and the largest signed error: "-3 % to +2 %".
        band: String,
        /// Which programs, measured by whom.
        source: String,
    },
    /// Compared with nothing, or with too little.
    Uncalibrated {
        /// What the numbers are, and what is missing.
        reason: String,
    },
}

/// A sentence that begins with "uncalibrated: ", or a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Sentence(String),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase", deny_unknown_fields)]
enum Table {
    Validated { band: String, source: String },
    Uncalibrated { reason: String },
}

impl TryFrom<Written> for Accuracy {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Sentence(text) => match text.strip_prefix("uncalibrated: ") {
                Some(reason) => Ok(Self::Uncalibrated { reason: reason.to_string() }),
                None => Err("say `uncalibrated: …`, or give `status`, `band` and `source`".to_string()),
            },
            Written::Table(Table::Validated { band, source }) => Ok(Self::Validated { band, source }),
            Written::Table(Table::Uncalibrated { reason }) => Ok(Self::Uncalibrated { reason }),
        }
    }
}

impl Accuracy {
    /// Whether published measurements confirm a band.
    pub fn is_validated(&self) -> bool {
        matches!(self, Self::Validated { .. })
    }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validated { band, source } => write!(out, "validated, {band}: {source}"),
            Self::Uncalibrated { reason } => write!(out, "uncalibrated: {reason}"),
        }
    }
}
