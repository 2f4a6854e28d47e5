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
    cli::failure::Failure,
    cli::{knocks::Knocks as OnInterface, pins::PinArgs},
    kernel::pinned::Pinned,
    text::time,
    who::{Entry, Limit},
};

/// So many sources are named.
const NAMED: usize = 5;

/// What came for a port, on all watched interfaces of this network namespace.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Source {
    pub(super) source: IpAddr,
    /// When it last came, on whichever port.
    #[serde(serialize_with = "time::serialize")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) last_seen: SystemTime,
}

/// What came, by port.
#[derive(Default)]
pub(in crate::cli) struct Knocks(BTreeMap<(Transport, u16), Knocked>);

impl Knocks {
    /// What came for the ports of entries. Where nothing is pinned nothing is known; where it cannot be
    /// read, that is a limit.
    pub(super) fn read(pins: &PinArgs, entries: &[Entry], limits: &mut Vec<Limit>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        let mut on_interfaces = Vec::new();
        let read = pins.open_each().map(|opened| {
            for knocks in opened.into_iter().filter_map(|it| on_interface(it).transpose()) {
                match knocks {
                    Ok(knocks) => on_interfaces.push(knocks),
                    Err(failure) => limits.push(unread(&failure)),
                }
            }
        });
        limits.extend(read.err().as_ref().map(unread));
        Self::of(&on_interfaces, entries.iter().map(|it| (it.transport, it.port)))
    }

    /// What came for some ports, on some interfaces of this network namespace.
    pub(in crate::cli) fn of<'a>(
        on_interfaces: impl IntoIterator<Item = &'a OnInterface>,
        wanted: impl IntoIterator<Item = (Transport, u16)>,
    ) -> Self {
        let wanted: BTreeSet<_> = wanted.into_iter().collect();
        let mut knocks = Self::default();
        let mut last: BTreeMap<(Transport, u16), BTreeMap<IpAddr, SystemTime>> = BTreeMap::new();
        for on_interface in on_interfaces {
            for &(transport, port) in &wanted {
                let counters = on_interface.counted(transport, port);
                let knocked = knocks.0.entry((transport, port)).or_default();
                knocked.packets += counters.probes().packets;
                knocked.local_socket += counters.local_socket;
            }
            for (source, seen) in on_interface.sources() {
                let came = on_interface.moment.wall_at(seen.last_seen);
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
        knocks
    }

    /// What is known of a port; `None` where nothing watches.
    pub(super) fn on(&self, transport: Transport, port: u16) -> Option<&Knocked> {
        self.0.get(&(transport, port))
    }
}

/// What came in on an interface of this network namespace: the directory may have others, too.
fn on_interface(opened: Result<Pinned, Failure>) -> Result<Option<OnInterface>, Failure> {
    let pinned = opened?;
    match pinned.attachment()? {
        Some(_) => OnInterface::read(&pinned).map(Some),
        None => Ok(None),
    }
}

fn unread(failure: &Failure) -> Limit {
    let what = format!("who knocked cannot be read: {}", failure.message);
    Limit { what, needs: Vec::new() }
}
