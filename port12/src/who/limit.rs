//! What could not be seen.

use serde::Serialize;

/// Something that could not be seen, and what would show it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limit {
    /// What, and why.
    pub what: String,
    /// The capabilities that would show it; none where none would.
    pub needs: Vec<&'static str>,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.what)?;
        match self.needs.as_slice() {
            [] => Ok(()),
            needs => write!(out, "; it takes {}", needs.join(" and ")),
        }
    }
}
