//! What is told of a scan.

use std::{collections::BTreeSet, net::IpAddr, time::SystemTime};

use port12_common::Transport;

use crate::event::Event;

/// What a scan is, by the shape of most of its probes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// TCP SYN: `nmap -sS`, and a connect scan, which cannot be told from it by what is not answered.
    Syn,
    /// TCP without flags: `nmap -sN`.
    Null,
    /// TCP FIN: `nmap -sF`.
    Fin,
    /// TCP FIN, PSH and URG: `nmap -sX`.
    Xmas,
    /// TCP with other flags.
    OtherTcp,
    /// TCP in fragments too small for its flags: `nmap -f`.
    TinyFragments,
    /// UDP or UDP-Lite: `nmap -sU`.
    Udp,
    /// SCTP INIT: `nmap -sY`.
    Sctp,
    /// DCCP Request.
    Dccp,
    /// Several, none of which is most.
    Mixed,
    /// One port or two, again and again.
    Persistent,
}

/// One scan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alert {
    /// When it is told.
    pub time: SystemTime,
    /// Who scans.
    pub source: IpAddr,
    /// What kind of scan it is.
    pub kind: Kind,
    /// Whether it takes its time: hours, or minutes from one probe to the next.
    pub is_slow: bool,
    /// Whether this is the end of a scan that was told of before, while it went on.
    pub is_end: bool,
    /// The ports that it touched.
    pub ports: BTreeSet<(Transport, u16)>,
    /// The addresses that it touched, as far as they are remembered.
    pub targets: BTreeSet<IpAddr>,
    /// Touches that were told.
    pub events: u64,
    /// Those whose frame was dropped.
    pub dropped: u64,
    /// When the first of them came.
    pub first_seen: SystemTime,
    /// When the last of them came.
    pub last_seen: SystemTime,
    /// One of its touches: the last one.
    pub sample: Event,
}
