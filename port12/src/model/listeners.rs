//! Listeners on watched ports.

use std::{net::IpAddr, time::SystemTime};

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::event::{Owner, Process};
use crate::text::time;

/// Listeners on watched ports in the network namespace of the daemon.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ListenersState {
    /// Listeners, by transport and port; 1,024 at most.
    pub listeners: Vec<ListenerState>,
    /// Number of further listeners.
    pub more_listeners: usize,
    /// Transports whose sockets cannot be listed: their listeners may be missing.
    pub unlisted_transports: Vec<Transport>,
    /// Whether the daemon has looked at the sockets; false only in the first moments.
    pub is_complete: bool,
}

/// Sockets of one owner on one transport port and address.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ListenerState {
    /// Transport.
    pub transport: Transport,
    /// Port, 0 to 1023.
    pub port: u16,
    /// Local address; unspecified if the socket accepts any.
    pub address: IpAddr,
    /// Whether it is an IPv6 socket on any address that accepts IPv4 too.
    pub dual_stack: bool,
    /// Interface that it is bound to; null if it is bound to none.
    pub device: Option<String>,
    /// User of the socket.
    pub uid: u32,
    /// Evidence for the owner.
    pub owner: Owner,
    /// Processes that had it when it was first seen.
    pub processes: Vec<ProcessState>,
    /// Number of further processes.
    pub more_processes: usize,
    /// Time at which it was first seen; null if it was there before the daemon.
    #[serde(
        serialize_with = "time::serialize_if_known",
        deserialize_with = "time::deserialize_if_known"
    )]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub first_seen: Option<SystemTime>,
}

/// A process. Its name and command line are chosen by itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProcessState {
    /// Id, in the process namespace of the reader.
    pub pid: i32,
    /// Name that the process gives itself; null if it is unknown.
    pub name: Option<String>,
    /// Program file; null if it is unknown.
    pub exe: Option<String>,
    /// Effective user; null if it is unknown.
    pub uid: Option<u32>,
    /// Unit of systemd; null if it has none, or that is unknown.
    pub unit: Option<String>,
    /// Container; null if it is in none, or that is unknown.
    pub container: Option<String>,
}

impl From<&Process> for ProcessState {
    fn from(process: &Process) -> Self {
        let cgroup = process.cgroup.as_ref();
        Self {
            pid: process.pid,
            name: process.name.clone(),
            exe: process.program.as_ref().map(|it| it.path.clone()),
            uid: process.uid,
            unit: cgroup.and_then(|it| it.unit.clone()),
            container: cgroup.and_then(|it| it.container.clone()),
        }
    }
}
