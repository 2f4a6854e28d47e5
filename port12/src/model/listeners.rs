//! Listeners on watched ports.

use std::{net::IpAddr, time::SystemTime};

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::{ProcessState, event::Owner};
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
