//! Scans that go on.

use std::{collections::BTreeSet, net::IpAddr, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{PortId, event::ScanKind};
use crate::text::time;

/// Scans that go on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScansState {
    /// Scans with the most ports and addresses, 64 at most.
    pub ongoing: Vec<ScanState>,
    /// Number of further scans that go on.
    pub more_ongoing: usize,
}

/// A scan that goes on: its source has not been quiet for long enough to end it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScanState {
    /// Id that its alerts have, or will have.
    pub alert_id: String,
    /// Address of the source.
    pub source: IpAddr,
    /// Interface of its last probe.
    pub interface: String,
    /// Kind, by the type of most of its probes.
    pub kind: ScanKind,
    /// Whether most ports were probed half a minute or more after the one before.
    pub slow: bool,
    /// Whether an alert was emitted.
    pub alerted: bool,
    /// Ports that it probed.
    pub ports: BTreeSet<PortId>,
    /// Number of known destination addresses, at least.
    pub target_count: usize,
    /// Probe events.
    pub events: u64,
    /// Probe events whose frame was dropped.
    pub dropped: u64,
    /// Time of the first probe.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub first_seen: SystemTime,
    /// Time of the last probe.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub last_seen: SystemTime,
}
