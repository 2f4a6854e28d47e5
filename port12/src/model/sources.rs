//! Sources of probes.

use std::{collections::BTreeSet, net::IpAddr, time::SystemTime};

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::{Counts, PortId};
use crate::text::time;

/// Sources of probes, over all interfaces.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceState {
    /// Address.
    pub source: IpAddr,
    /// Probes, dropped ones included.
    pub packets: u64,
    /// Bytes of those probes.
    pub bytes: u64,
    /// Time of the first of them.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub first_seen: SystemTime,
    /// Time of the last of them.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub last_seen: SystemTime,
    /// Number of transport ports that it probed, at least.
    pub port_count: usize,
    /// Further facts; absent where sources are only ranked.
    #[serde(flatten)]
    pub details: Option<SourceDetails>,
}

/// Ports and interfaces of one source.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceDetails {
    /// Ports that it probed.
    pub ports: BTreeSet<PortId>,
    /// Transports of further ports whose numbers are unknown.
    pub other_ports: BTreeSet<Transport>,
    /// Interfaces on which it was seen.
    pub interfaces: BTreeSet<String>,
}

/// Sources that the kernel programs remember, on all pinned interfaces.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceTables {
    /// Tables, by interface.
    pub interfaces: Vec<SourceTable>,
    /// Number of sources in the tables, listed or not.
    pub remembered: usize,
    /// Sources.
    pub sources: Vec<SourceState>,
}

/// Table of sources of one interface.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceTable {
    /// The interface.
    pub interface: String,
    /// Different sources since the attachment: an estimate, 1.6 % standard error.
    pub distinct: u64,
    /// Sources that were evicted for others.
    pub evictions: u64,
    /// Probes that had been counted for them.
    pub evicted: Counts,
    /// Probes of sources for which the table had no room.
    pub refused: Counts,
}
