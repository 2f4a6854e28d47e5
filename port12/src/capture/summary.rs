//! Result of a reading.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{LinkType, error::Corruption};

/// A capture file format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// The format of libpcap, microseconds or nanoseconds.
    Pcap,
    /// The format of Wireshark.
    Pcapng,
}

impl Format {
    /// `pcap` or `pcapng`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
        }
    }
}

/// How a capture ended. Positions are in bytes from its start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// After a whole record.
    Complete,
    /// Within a record, at this byte.
    Truncated {
        /// The length of the capture.
        at: u64,
    },
    /// With a record that cannot be read.
    Corrupt {
        /// Where the record starts.
        at: u64,
        /// The fault.
        why: Corruption,
    },
    /// With an error of the device or pipe.
    Unreadable {
        /// How far it was read.
        at: u64,
        /// The operating system's message.
        error: String,
    },
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => write!(formatter, "complete"),
            Self::Truncated { at } => write!(formatter, "truncated at byte {at}"),
            Self::Corrupt { at, why } => write!(formatter, "corrupt at byte {at}: {why}"),
            Self::Unreadable { at, error } => {
                write!(formatter, "unreadable from byte {at}: {error}")
            }
        }
    }
}

/// Counts over what was read of a capture.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// The file's format.
    pub format: Format,
    /// Frames by link type, those of refused link types included.
    pub links: BTreeMap<LinkType, u64>,
    /// The earliest time of a frame that was read, since the epoch.
    pub earliest: Option<Duration>,
    /// The latest time of a frame that was read, since the epoch.
    pub latest: Option<Duration>,
    /// How the capture ended; `None` until it has.
    pub end: Option<End>,
}

impl Summary {
    pub(super) fn new(format: Format) -> Self {
        Self { format, links: BTreeMap::new(), earliest: None, latest: None, end: None }
    }

    pub(super) fn count(&mut self, link: LinkType) {
        *self.links.entry(link).or_default() += 1;
    }

    pub(super) fn note(&mut self, time: Duration) {
        self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
    }

    /// Frames that were read.
    pub fn frames(&self) -> u64 {
        self.links.iter().filter(|(link, _)| link.is_read()).map(|(_, count)| count).sum()
    }

    /// The link types that were refused, and their frames.
    pub fn refused(&self) -> impl Iterator<Item = (LinkType, u64)> {
        let refused = self.links.iter().filter(|(link, _)| !link.is_read());
        refused.map(|(link, count)| (*link, *count))
    }
}
