//! Sources of probes.

use std::{net::IpAddr, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::text::time;

/// Sources of probes, over all interfaces.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SourcesState {
    /// Tracked sources.
    pub tracked: usize,
    /// Sources that were evicted, because the table was full.
    pub evicted: u64,
    /// Sources with the most probes, ten at most.
    pub top: Vec<SourceState>,
}

/// One source.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SourceState {
    /// Address.
    pub source: IpAddr,
    /// Probes, dropped ones included.
    pub packets: u64,
    /// Bytes of those probes.
    pub bytes: u64,
    /// Time of the first of them.
    #[serde(with = "time")]
    pub first_seen: SystemTime,
    /// Time of the last of them.
    #[serde(with = "time")]
    pub last_seen: SystemTime,
    /// Number of transport ports that it probed.
    pub port_count: usize,
}
