//! What is told of a scan.

use std::{collections::BTreeSet, net::IpAddr, time::SystemTime};

use port12_common::Transport;

use super::Kind;
use crate::event::Event;

/// One scan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alert {
    /// When it is told.
    pub time: SystemTime,
    /// Who scans.
    pub source: IpAddr,
    /// What kind of scan it is.
    pub kind: Kind,
    /// Whether it takes its time: most ports were touched half a minute or more after the one before.
    pub is_slow: bool,
    /// Whether this is the end of a scan that was told of before, while it went on. It tells the whole
    /// scan again.
    pub is_end: bool,
    /// The ports that it touched, all of them.
    pub ports: BTreeSet<(Transport, u16)>,
    /// The addresses that it touched: the first 32 of those that are known.
    pub targets: BTreeSet<IpAddr>,
    /// Touches of addresses beyond those.
    pub further_touches: u64,
    /// Touches that were told.
    pub events: u64,
    /// Those whose frame was dropped.
    pub dropped: u64,
    /// The earliest time of a touch.
    pub first_seen: SystemTime,
    /// The latest time of a touch.
    pub last_seen: SystemTime,
    /// One of its touches: the one that came last.
    pub sample: Event,
}
