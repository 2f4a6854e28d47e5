//! What a report says of conversations that this host starts.

use std::{net::IpAddr, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::{
    outbound::Owner,
    text::{Printable, time},
};

/// What this host started, over all interfaces.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "'de: 'static"))]
pub struct OutboundReport {
    /// Where packets that leave are watched.
    pub interfaces: Vec<OutboundInterface>,
    /// The unassigned ports towards which conversations were started, by interface, transport and number.
    pub ports: Vec<OutboundPortReport>,
    /// Contacts that the kernel program has told: the first of a process, a port and a destination for a while.
    pub told: u64,
    /// Contacts that it has not, for there were too many.
    pub suppressed: u64,
    /// Contacts that were lost, for the reader was too slow.
    pub lost: u64,
    /// Packets that were not counted, for there were too many ports.
    pub uncounted: u64,
}

/// An interface.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OutboundInterface {
    /// Its name.
    pub interface: String,
    /// How the program is there: `tcx` or `clsact`.
    pub hook: &'static str,
}

/// A port elsewhere.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OutboundPortReport {
    /// The interface by which the packets left.
    pub interface: String,
    /// `tcp`, `udp`, `udplite`, `sctp`, `dccp`.
    pub transport: &'static str,
    /// The destination port.
    pub port: u16,
    /// Packets that start a conversation, as on the wire, those that are sent again among them.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
    /// Packets per second over the period.
    pub packets_per_second: f64,
    /// Bits of such packets per second over the period.
    pub bits_per_second: f64,
    /// When the last one left.
    #[serde(with = "time")]
    pub last_seen: SystemTime,
    /// What the port is.
    pub description: String,
    /// Who was seen behind them, the last one first.
    pub owners: Vec<OutboundOwner>,
    /// How many others were seen, at most.
    pub more_owners: u64,
}

/// Somebody who starts conversations; processes that are alike are one.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OutboundOwner {
    /// How it is known: `process`, `running`, `ended` or `unseen`.
    pub owner: &'static str,
    /// The user of the sockets.
    pub uid: u32,
    /// The last of the processes.
    pub pid: Option<i32>,
    /// What they call themselves.
    pub name: Option<String>,
    /// What they run.
    pub exe: Option<String>,
    /// Contacts that were told.
    pub contacts: u64,
    /// Where the last one went.
    pub destination: IpAddr,
    /// When the last one left.
    #[serde(with = "time")]
    pub last_seen: SystemTime,
}

impl OutboundOwner {
    /// What is told of an owner.
    pub fn of(owner: &Owner) -> Self {
        let printable = |text: &String| Printable(text).to_string();
        Self {
            owner: owner.behind.as_str(),
            uid: owner.uid,
            pid: owner.pid,
            name: owner.name.as_ref().map(printable),
            exe: owner.exe.as_ref().map(printable),
            contacts: owner.contacts,
            destination: owner.destination,
            last_seen: owner.last_seen,
        }
    }
}
