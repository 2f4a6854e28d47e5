//! Packets and sources of one interface, for questions about single ports.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::{Transport, abi::PortCounters};

use super::QueryError;
use crate::{
    kernel::{clock::Moment, pinned::Pinned, sources::Seen},
    snapshot::Snapshot,
    truth::TruthError,
};

/// Counters and sources of one interface at one moment.
#[derive(Debug)]
pub struct InterfaceProbes {
    /// The moment.
    pub moment: Moment,
    counters: Snapshot,
    sources: BTreeMap<IpAddr, Seen>,
}

impl InterfaceProbes {
    /// Reads the maps of an interface.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: the kernel's clock cannot be read.
    pub fn read(pinned: &Pinned) -> Result<Self, QueryError> {
        Ok(Self {
            moment: pinned.now().map_err(TruthError::from)?,
            counters: Snapshot::read(pinned.counters()),
            sources: pinned.sources().read().merged(),
        })
    }

    /// Counters of a port.
    pub fn port(&self, transport: Transport, port: u16) -> PortCounters {
        self.counters.port(transport, port)
    }

    /// Tracked sources, with their probes of all ports.
    pub fn sources(&self) -> impl Iterator<Item = (IpAddr, &Seen)> {
        self.sources.iter().map(|(&source, seen)| (source, seen))
    }
}
