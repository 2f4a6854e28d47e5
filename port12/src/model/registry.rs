//! Identity of a registry.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Registry with the unassigned ports.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RegistryId {
    /// Date of its last update, `YYYY-MM-DD`.
    pub date: String,
    /// Whether the registry may be younger: IANA's CSV has no date except those of its rows.
    pub date_is_floor: bool,
    /// `embedded`, or the file.
    pub source: String,
}

impl fmt::Display for RegistryId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let floor = if self.date_is_floor { "at least " } else { "" };
        write!(out, "{floor}{} ({})", self.date, self.source)
    }
}
