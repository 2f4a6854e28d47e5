//! Outbound flow starts.

use std::{net::IpAddr, time::SystemTime};

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::rates::PortRates;
use crate::text::time;

/// Outbound flow starts to unassigned ports, over all interfaces.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutboundState {
    /// Interfaces on which outbound packets are watched.
    pub interfaces: Vec<OutboundInterface>,
    /// Destination ports, by interface, transport and number.
    pub ports: Vec<OutboundPort>,
    /// Records that the kernel program emitted: the first of a process, a port and a destination for a while.
    pub emitted: u64,
    /// Records that the rate limit held back.
    pub rate_limited: u64,
    /// Records that were lost, because the ring buffer was full.
    pub lost: u64,
    /// Packets that were not counted, because the table of ports was full.
    pub uncounted: u64,
}

/// Hook of the program that watches outbound packets.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutboundHook {
    /// TCX (kernel 6.6 or newer): a link that ends with the process.
    Tcx,
    /// A filter of the qdisc `clsact`: it remains when the process is killed.
    Clsact,
}

impl OutboundHook {
    /// The name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcx => "tcx",
            Self::Clsact => "clsact",
        }
    }
}

/// An interface on which outbound packets are watched.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutboundInterface {
    /// Its name.
    pub interface: String,
    /// Hook.
    pub hook: OutboundHook,
}

/// A destination port.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutboundPort {
    /// Interface of the outbound packets.
    pub interface: String,
    /// Transport.
    pub transport: Transport,
    /// Destination port, 0 to 1023.
    pub port: u16,
    /// Flow starts on the wire, retransmitted ones included.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
    /// Packets per second, over the period of a report; absent in a state without a period.
    #[serde(flatten)]
    pub rates: Option<PortRates>,
    /// Time of the last of them.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub last_seen: SystemTime,
    /// Registry state, and the best known user of the port.
    pub description: String,
    /// Owners of the sockets, the most recent first.
    pub owners: Vec<OutboundOwner>,
    /// Number of further owners, at most.
    pub more_owners: u64,
}

/// Processes of one user and one program that start flows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutboundOwner {
    /// Evidence for the process: `process`, `running`, `ended` or `unseen`.
    pub owner: String,
    /// User of the sockets.
    pub uid: u32,
    /// Last of the processes; null if it is unknown.
    pub pid: Option<i32>,
    /// Name that the process gives itself; null if it is unknown.
    pub name: Option<String>,
    /// Program file; null if it is unknown.
    pub exe: Option<String>,
    /// Records of it.
    pub contacts: u64,
    /// Last destination.
    pub destination: IpAddr,
    /// Time of the last record.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub last_seen: SystemTime,
}
