//! State of port12 at one moment, as every reader sees it.
//!
//! Types alone: no I/O, no kernel objects, no command line. All of them are written to JSON and read back. A value
//! that cannot be known where the state was read is absent or null, never `false` and never 0.

mod ban;
mod baseline;
mod counts;
mod daemon;
pub mod event;
mod host_change;
mod interface;
mod listeners;
mod mode;
mod outbound;
mod pipeline;
mod port;
mod process;
mod rates;
mod registry;
mod scans;
mod sockets;
mod sources;
mod vlan_tags;

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::text::time;

pub use ban::{AutoBanStats, BanOrigin, BanScope, BanState, BannedSource};
pub use baseline::Baseline;
pub use counts::{Counts, EventStats, FrameCounts, TooDeepCount};
pub use daemon::{DaemonId, DaemonState, Setting};
pub use host_change::HostChange;
pub use interface::{
    CountedAt, InterfaceState, NotDropped, Place, PolicyCounts, ProgramState, UnpinnedProgram,
    XdpMode,
};
pub use listeners::{ListenerState, ListenersState};
pub use mode::{Mode, ModeReason, ModeState};
pub use outbound::{OutboundHook, OutboundInterface, OutboundOwner, OutboundPort, OutboundState};
pub use pipeline::{AlertStats, EventLogState, SinkState};
pub use port::{PortId, PortState};
pub use process::{ProcessState, Through};
pub use rates::{PortRates, Rates};
pub use registry::RegistryId;
pub use scans::{ScanState, ScansState};
pub use sockets::{
    Limit, NetworkNamespace, Peer, PortProbes, ProbeSource, SocketCgroup, SocketGroup, SocketState,
    SocketsState,
};
pub use sources::{SourceDetails, SourceState, SourceTable, SourceTables, SourcesState};
pub use vlan_tags::{Offload, TagPlace, VlanStripping, VlanTags};

/// Provenance of a state.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The process that watches the interfaces.
    Live,
    /// The pinned maps, read by another process.
    Pinned,
    /// A capture.
    Replay,
}

/// Everything that is known at one moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct State {
    /// Time of day of the moment.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub time: SystemTime,
    /// The same moment in nanoseconds, by a clock that is never set: `CLOCK_BOOTTIME`, or the clock of the capture.
    pub clock_ns: u64,
    /// Provenance.
    pub origin: Origin,
    /// Registry with the unassigned ports.
    pub registry: RegistryId,
    /// Process that adapts the programs to the host; null if none runs.
    pub daemon: Option<DaemonId>,
    /// Interfaces, in the order in which they were attached or are pinned.
    pub interfaces: Vec<InterfaceState>,
    /// Programs that are, or may be, port12's and are not among the pins; null if they were not looked for.
    pub unpinned: Option<Vec<UnpinnedProgram>>,
    /// Sources of probes; null if they were not read.
    pub sources: Option<SourcesState>,
    /// Scans that go on; null if no process that looks for scans was asked.
    pub scans: Option<ScansState>,
    /// Listeners on watched ports; null if no daemon that follows them was asked.
    pub listeners: Option<ListenersState>,
    /// Outbound flow starts; null if they are not watched.
    pub outbound: Option<OutboundState>,
    /// Alerts and sinks; null if no process that sends them was asked.
    pub alerts: Option<AlertStats>,
}

impl State {
    /// State without interfaces, of which nothing else is known.
    pub fn empty(origin: Origin, time: SystemTime, clock_ns: u64, registry: RegistryId) -> Self {
        Self {
            time,
            clock_ns,
            origin,
            registry,
            daemon: None,
            interfaces: Vec::new(),
            unpinned: None,
            sources: None,
            scans: None,
            listeners: None,
            outbound: None,
            alerts: None,
        }
    }

    /// Whether an interface drops probes.
    pub fn drops(&self) -> bool {
        self.interfaces.iter().any(|it| it.mode.effective == Mode::Drop)
    }
}

#[cfg(test)]
mod tests;
