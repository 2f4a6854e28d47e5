//! Who knocked on a port, where it is watched.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::SystemTime,
};

use port12_common::Transport;
use serde::Serialize;

use crate::{
    cli::pins::PinArgs,
    failure::Failure,
    kernel::{pin, pinned::Pinned},
    report::time,
    truth::TruthError,
    who::{Entry, Limit},
};

/// So many sources are named.
const NAMED: usize = 5;

/// What came for a port, on all watched interfaces of this network namespace.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Knocked {
    /// Probes: conversation starts while no socket had the port.
    pub(super) packets: u64,
    /// Conversation starts that were left to a socket.
    pub(super) local_socket: u64,
    /// Sources that knocked, those that came last first.
    pub(super) sources: Vec<Source>,
    /// Further sources.
    pub(super) more_sources: usize,
}

/// A source that knocked on the port.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Source {
    pub(super) source: IpAddr,
    /// When it last came, on whichever port.
    #[serde(serialize_with = "time")]
    pub(super) last_seen: SystemTime,
}

/// What came, by port.
#[derive(Default)]
pub(super) struct Knocks(BTreeMap<(Transport, u16), Knocked>);

impl Knocks {
    /// What came for the ports of entries. Where nothing is pinned nothing is known; where it cannot be
    /// read, that is a limit.
    pub(super) fn read(pins: &PinArgs, entries: &[Entry], limits: &mut Vec<Limit>) -> Self {
        let wanted: BTreeSet<_> = entries.iter().map(|it| (it.transport, it.port)).collect();
        if wanted.is_empty() {
            return Self::default();
        }
        Self::of(pins, &wanted).unwrap_or_else(|failure| {
            let what = format!("who knocked cannot be read: {}", failure.message);
            limits.push(Limit { what, needs: Vec::new() });
            Self::default()
        })
    }

    /// What is known of a port; `None` where nothing watches.
    pub(super) fn on(&self, transport: Transport, port: u16) -> Option<&Knocked> {
        self.0.get(&(transport, port))
    }

    fn of(pins: &PinArgs, wanted: &BTreeSet<(Transport, u16)>) -> Result<Self, Failure> {
        let mut knocks = Self::default();
        let mut last: BTreeMap<(Transport, u16), BTreeMap<IpAddr, SystemTime>> = BTreeMap::new();
        for slot in pin::slots(&pins.pin_dir)? {
            let Some(pinned) = Pinned::open_settled(slot)? else {
                continue;
            };
            // The directory may have interfaces of other network namespaces, too.
            if pinned.attachment()?.is_none() {
                continue;
            }
            let moment = pinned.now().map_err(TruthError::from)?;
            let snapshot = pinned.snapshot();
            for &(transport, port) in wanted {
                let counters = snapshot.port(transport, port);
                let knocked = knocks.0.entry((transport, port)).or_default();
                knocked.packets += counters.probes().packets;
                knocked.local_socket += counters.local_socket;
            }
            for (source, seen) in pinned.sources().read().merged() {
                let came = moment.wall_at(seen.last_seen);
                for port in seen.touched.ports().filter(|port| wanted.contains(port)) {
                    let last = last.entry(port).or_default().entry(source).or_insert(came);
                    *last = came.max(*last);
                }
            }
        }
        for (port, sources) in last {
            let mut sources: Vec<_> = sources.into_iter().collect();
            sources.sort_by_key(|&(source, last)| (Reverse(last), source));
            let knocked = knocks.0.entry(port).or_default();
            knocked.more_sources = sources.len().saturating_sub(NAMED);
            let named = sources.into_iter().take(NAMED);
            knocked.sources =
                named.map(|(source, last_seen)| Source { source, last_seen }).collect();
        }
        Ok(knocks)
    }
}
