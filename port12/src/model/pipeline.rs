//! Alerts, and the sinks that receive records.

use serde::{Deserialize, Serialize};

/// Alerts since the start.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AlertStats {
    /// Alerts that were emitted.
    pub emitted: u64,
    /// Alerts that the rate limit held back.
    pub rate_limited: u64,
    /// Receivers of records.
    pub sinks: Vec<SinkState>,
}

/// One sink.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SinkState {
    /// Kind and target, as in the policy file.
    pub sink: String,
    /// Records that were written.
    pub written: u64,
    /// Records that were lost: the sink was too slow, or could not be written to.
    pub lost: u64,
}
