//! Sources of probes, from the records of the process that watches.

use crate::{
    kernel::clock::Timeline,
    ledger::Ledger,
    model::{SourceState, SourcesState},
};

/// Sources that are listed.
const TOP: usize = 10;

/// Tracked sources, with the times of day of a timeline.
pub fn sources_state(ledger: &Ledger, timeline: &Timeline) -> SourcesState {
    let top = ledger.top(TOP).into_iter();
    SourcesState {
        tracked: ledger.len(),
        evicted: ledger.forgotten,
        top: top
            .map(|(source, record)| SourceState {
                source,
                packets: record.tally.packets,
                bytes: record.tally.bytes,
                first_seen: timeline.wall_at(record.first_seen),
                last_seen: timeline.wall_at(record.last_seen),
                port_count: record.touched.count(),
            })
            .collect(),
    }
}
