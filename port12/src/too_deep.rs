//! Alert on packets with more headers than port12 reads.

use std::{sync::Arc, time::SystemTime};

use port12_common::{
    TooDeep,
    parse::{MAX_EXTENSION_HEADERS, MAX_VLAN_TAGS},
};

/// Packets on one interface since the last such alert.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TooDeepAlert {
    /// Time at which the counters were read.
    pub time: SystemTime,
    /// The interface.
    pub interface: Arc<str>,
    /// Headers that there were too many of.
    pub reason: TooDeep,
    /// Packets, dropped ones included.
    pub packets: u64,
    /// Packets that were dropped.
    pub dropped: u64,
}

/// Limit that packets exceed, as a phrase.
pub fn limit(reason: TooDeep) -> String {
    match reason {
        TooDeep::VlanTags => format!("more than {MAX_VLAN_TAGS} VLAN tags"),
        TooDeep::ExtensionHeaders => {
            format!("more than {MAX_EXTENSION_HEADERS} IPv6 extension headers")
        }
    }
}
