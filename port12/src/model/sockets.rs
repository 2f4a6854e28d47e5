//! Sockets on local ports, and their processes.

use std::{collections::BTreeSet, fmt, net::IpAddr, time::SystemTime};

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::{PortId, ProcessState, event::Owner};
use crate::text::time;

/// State of a socket.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SocketState {
    /// It accepts connections.
    Listen,
    /// It receives datagrams from any source.
    Unconnected,
    /// It has its port, and neither listens nor is connected. Such TCP sockets are listed from kernel 6.8 on.
    Bound,
    /// It waits for the answer to its connection request.
    Connecting,
    /// It has a peer.
    Connected,
    /// One end has closed the connection.
    Closing,
}

impl SocketState {
    /// Name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Unconnected => "unconnected",
            Self::Bound => "bound",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Closing => "closing",
        }
    }
}

/// Something that could not be seen.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limit {
    /// Description and cause, for people.
    pub what: String,
    /// Capabilities that would show it; empty if none would.
    pub needs: Vec<String>,
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)?;
        match self.needs.as_slice() {
            [] => Ok(()),
            needs => write!(out, "; it takes {}", needs.join(" and ")),
        }
    }
}

/// A network namespace.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NetworkNamespace {
    /// Inode.
    pub inode: u64,
    /// Name in `/run/netns`; null if it has none.
    pub name: Option<String>,
}

/// Sockets on some local ports, at one moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SocketsState {
    /// Namespaces whose sockets were listed; the first is that of the reader.
    pub network_namespaces: Vec<NetworkNamespace>,
    /// Transports that the kernel does not have, or has not loaded.
    pub absent_transports: BTreeSet<Transport>,
    /// Transports whose sockets cannot be listed.
    pub unlisted_transports: BTreeSet<Transport>,
    /// Facts that could not be seen.
    pub limits: Vec<Limit>,
    /// Sockets, by namespace, transport and port.
    pub sockets: Vec<SocketGroup>,
}

/// Sockets that differ in their peers alone.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SocketGroup {
    /// Local port.
    #[serde(flatten)]
    pub id: PortId,
    /// Whether port12 watches the port, by the registry.
    pub watched: bool,
    /// Registry state, and the best known user of the port; null above 1023.
    pub description: Option<String>,
    /// Inode of the network namespace.
    pub network_namespace: u64,
    /// Local address; unspecified if the sockets accept any.
    pub address: IpAddr,
    /// Whether they are IPv6 sockets on any address that accept IPv4 too.
    pub dual_stack: bool,
    /// Interface that they are bound to; null if they are bound to none.
    pub device: Option<String>,
    /// State.
    pub state: SocketState,
    /// Number of sockets.
    pub sockets: usize,
    /// First inodes, 16 at most.
    pub inodes: Vec<u32>,
    /// First peers, 16 at most.
    pub peers: Vec<Peer>,
    /// User of the sockets.
    pub uid: u32,
    /// Name of the user on this host; null if there is none.
    pub user: Option<String>,
    /// Cgroup in which they were created (kernel 5.7); null if the kernel does not report it.
    pub cgroup: Option<SocketCgroup>,
    /// Evidence for the owner.
    pub owner: Owner,
    /// Processes, 16 at most.
    pub processes: Vec<ProcessState>,
    /// Number of further processes.
    pub more_processes: usize,
    /// Packets for the port, on all watched interfaces of this network namespace; null if none is watched.
    pub probes: Option<PortProbes>,
}

/// Other end of a connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Peer {
    /// Address.
    pub address: IpAddr,
    /// Port.
    #[serde(flatten)]
    pub id: PortId,
}

/// A cgroup by its id; the other fields are null if it was not found.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SocketCgroup {
    /// Id.
    pub id: u64,
    /// Path below the root of the cgroup namespace of the reader.
    pub path: Option<String>,
    /// Unit of systemd.
    pub unit: Option<String>,
    /// Container.
    pub container: Option<String>,
}

/// Packets for one port, over several interfaces.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortProbes {
    /// Probes: flow starts while no socket had the port.
    pub packets: u64,
    /// Flow starts that were left to a local socket.
    pub local_socket: u64,
    /// Sources of probes, the most recent first, five at most.
    pub sources: Vec<ProbeSource>,
    /// Number of further sources.
    pub more_sources: usize,
}

/// A source that probed a port.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeSource {
    /// Address.
    pub source: IpAddr,
    /// Time of its last probe, of any port.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub last_seen: SystemTime,
}
