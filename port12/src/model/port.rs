//! One port on one interface.

use std::{fmt, time::SystemTime};

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::rates::PortRates;
use crate::text::time;

/// Name of a port in documents.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortId {
    /// Transport.
    pub transport: Transport,
    /// Port, 0 to 65,535.
    pub port: u16,
}

impl From<(Transport, u16)> for PortId {
    fn from((transport, port): (Transport, u16)) -> Self {
        Self { transport, port }
    }
}

impl fmt::Display for PortId {
    /// `tcp/12`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.transport, self.port)
    }
}

/// A watched port of one transport.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortState {
    /// Transport.
    pub transport: Transport,
    /// Port, 0 to 1023.
    pub port: u16,
    /// Probes since the counters began, dropped ones included.
    pub packets: u64,
    /// Bytes of those probes.
    pub bytes: u64,
    /// Probes that were dropped.
    pub dropped: u64,
    /// Flow starts that were left to a local socket; they are not among `packets`.
    pub local_socket: u64,
    /// Time of the last of either; null if there was none.
    #[serde(
        serialize_with = "time::serialize_if_known",
        deserialize_with = "time::deserialize_if_known"
    )]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub last_seen: Option<SystemTime>,
    /// Registry state, and the best known user of the port.
    pub description: String,
    /// Whether the policy expects a listener there.
    pub expected: bool,
    /// Probes per second, over the period of a report; absent in a state without a period.
    #[serde(flatten)]
    pub rates: Option<PortRates>,
}
