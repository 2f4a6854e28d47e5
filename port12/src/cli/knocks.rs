//! What came for a port, as the program of one interface counts and remembers it.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::{Transport, abi::PortCounters};

use crate::{
    cli::failure::Failure,
    kernel::{clock::Moment, pinned::Pinned, sources::Seen},
    snapshot::Snapshot,
    truth::TruthError,
};

/// What came in on one interface.
pub(super) struct Knocks {
    /// When it was read.
    pub(super) moment: Moment,
    counted: Snapshot,
    sources: BTreeMap<IpAddr, Seen>,
}

impl Knocks {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the kernel does not tell the time.
    pub(super) fn read(pinned: &Pinned) -> Result<Self, Failure> {
        Ok(Self {
            moment: pinned.now().map_err(TruthError::from)?,
            counted: Snapshot::read(pinned.counters()),
            sources: pinned.sources().read().merged(),
        })
    }

    /// What was counted for a port.
    pub(super) fn counted(&self, transport: Transport, port: u16) -> PortCounters {
        self.counted.port(transport, port)
    }

    /// The sources that are remembered, and what was seen of each on whichever port.
    pub(super) fn sources(&self) -> impl Iterator<Item = (IpAddr, &Seen)> {
        self.sources.iter().map(|(&source, seen)| (source, seen))
    }
}
