//! Sources of probes: from the records of the process that watches, and from pinned tables.

use std::{collections::BTreeMap, net::IpAddr, time::SystemTime};

use super::{Query, QueryError};
use crate::{
    kernel::{
        clock::{Moment, Timeline},
        pinned::Pinned,
        sources::{Seen, Sources},
    },
    ledger::Ledger,
    model::{PortId, SourceDetails, SourceState, SourceTable, SourceTables, SourcesState},
    truth::TruthError,
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
                details: None,
            })
            .collect(),
    }
}

impl Query {
    /// Sources in the tables of all pinned interfaces, by address.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: the kernel's clock cannot be read.
    pub fn sources(&self) -> Result<SourceTables, QueryError> {
        let mut interfaces = Vec::new();
        let mut sources = BTreeMap::new();
        for pinned in &self.pinned {
            let moment = pinned.now().map_err(TruthError::from)?;
            let read = pinned.sources().read();
            let Sources { distinct, evictions, evicted, refused, .. } = read;
            for (address, seen) in read.merged() {
                let source = sources.entry(address).or_insert_with(|| nothing_of(address, &moment));
                add(source, &seen, pinned, &moment);
            }
            interfaces.push(SourceTable {
                interface: pinned.interface().to_owned(),
                distinct,
                evictions,
                evicted: evicted.into(),
                refused: refused.into(),
            });
        }
        let sources: Vec<SourceState> = sources.into_values().collect();
        Ok(SourceTables { interfaces, remembered: sources.len(), sources })
    }
}

fn nothing_of(source: IpAddr, moment: &Moment) -> SourceState {
    SourceState {
        source,
        packets: 0,
        bytes: 0,
        first_seen: moment.wall,
        last_seen: SystemTime::UNIX_EPOCH,
        port_count: 0,
        details: None,
    }
}

fn add(source: &mut SourceState, seen: &Seen, pinned: &Pinned, moment: &Moment) {
    source.packets += seen.packets;
    source.bytes += seen.bytes;
    source.first_seen = source.first_seen.min(moment.wall_at(seen.first_seen));
    source.last_seen = source.last_seen.max(moment.wall_at(seen.last_seen));
    let details = source.details.get_or_insert_with(SourceDetails::default);
    details.ports.extend(seen.touched.ports().map(PortId::from));
    details.other_ports.extend(seen.touched.others());
    details.interfaces.insert(pinned.interface().to_owned());
    source.port_count = details.ports.len() + details.other_ports.len();
}
