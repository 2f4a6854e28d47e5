//! One port on one interface.

use std::time::SystemTime;

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::rates::PortRates;
use crate::text::time;

/// A watched port of one transport.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
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
    pub last_seen: Option<SystemTime>,
    /// Registry state, and the best known user of the port.
    pub description: String,
    /// Whether the policy expects a listener there.
    pub expected: bool,
    /// Probes per second, over the period of a report; absent in a state without a period.
    #[serde(flatten)]
    pub rates: Option<PortRates>,
}
