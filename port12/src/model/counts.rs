//! Counters of one interface.

use std::collections::BTreeMap;

use port12_common::{Malformed, Outcome, Shape, TooDeep, abi::Tally};
use serde::{Deserialize, Serialize};

/// Packets and bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// Packets, or frames.
    pub packets: u64,
    /// Bytes of whole frames.
    pub bytes: u64,
}

impl From<Tally> for Counts {
    fn from(tally: Tally) -> Self {
        Self { packets: tally.packets, bytes: tally.bytes }
    }
}

/// Packets with more headers than port12 reads.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TooDeepCount {
    /// Packets, dropped ones included.
    pub packets: u64,
    /// Packets that were dropped.
    pub dropped: u64,
}

impl From<[u64; 2]> for TooDeepCount {
    fn from([passed, dropped]: [u64; 2]) -> Self {
        Self { packets: passed + dropped, dropped }
    }
}

/// Event records of the kernel program.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EventStats {
    /// Records that were put into the ring buffer.
    pub emitted: u64,
    /// Records that the rate limit held back.
    pub rate_limited: u64,
    /// Records that were lost, because the ring buffer was full.
    pub lost: u64,
}

/// Frames of one interface by outcome, with the details of some outcomes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FrameCounts {
    /// All frames: the sum of the outcomes.
    pub frames: Counts,
    /// Frames of each outcome, zeros included.
    pub outcomes: BTreeMap<Outcome, Counts>,
    /// Malformed frames by reason, without zeros.
    pub malformed: BTreeMap<Malformed, u64>,
    /// Packets with too many headers by reason, without zeros.
    pub too_deep: BTreeMap<TooDeep, TooDeepCount>,
    /// Probes by type, without zeros.
    pub probe_types: BTreeMap<Shape, u64>,
    /// Event records.
    pub events: EventStats,
}
