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
    /// Event log; null if the process keeps none.
    pub event_log: Option<EventLogState>,
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

/// Event log, and its records since the start.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EventLogState {
    /// Directory of its files.
    pub directory: String,
    /// Records that were written.
    pub written: u64,
    /// Records in memory that are not yet written: at most a mebibyte a minute is written of each ring.
    pub waiting: u64,
    /// Records that newer ones replaced before they were written.
    pub superseded: u64,
    /// Records that were lost: they could not be written.
    pub lost: u64,
}
