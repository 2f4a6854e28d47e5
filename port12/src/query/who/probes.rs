//! Packets for single ports, over all watched interfaces of this network namespace.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::Path,
    time::SystemTime,
};

use port12_common::Transport;

use super::InterfaceProbes;
use crate::{
    kernel::pinned::Pinned,
    model::{Limit, PortProbes, ProbeSource},
    query::{QueryError, open_each},
    who::Entry,
};

/// Sources that a port lists.
const LISTED: usize = 5;

/// Packets by port.
#[derive(Default)]
pub struct ProbesByPort(BTreeMap<(Transport, u16), PortProbes>);

impl ProbesByPort {
    /// Packets for the ports of sockets. Empty if nothing is pinned; what cannot be read is a limit.
    pub fn read(pin_dir: &Path, entries: &[Entry], limits: &mut Vec<Limit>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        let mut interfaces = Vec::new();
        match open_each(pin_dir) {
            Ok(opened) => {
                for pinned in opened {
                    match pinned.map_err(Into::into).and_then(on_interface) {
                        Ok(probes) => interfaces.extend(probes),
                        Err(error) => limits.push(unread(&error)),
                    }
                }
            }
            Err(error) => limits.push(unread(&error)),
        }
        Self::of(&interfaces, entries.iter().map(|it| (it.transport, it.port)))
    }

    /// Packets for some ports on some interfaces.
    pub fn of<'a>(
        interfaces: impl IntoIterator<Item = &'a InterfaceProbes>,
        wanted: impl IntoIterator<Item = (Transport, u16)>,
    ) -> Self {
        let wanted: BTreeSet<_> = wanted.into_iter().collect();
        let mut all = Self::default();
        let mut last: BTreeMap<(Transport, u16), BTreeMap<IpAddr, SystemTime>> = BTreeMap::new();
        for interface in interfaces {
            for &(transport, port) in &wanted {
                let counters = interface.port(transport, port);
                let probes = all.0.entry((transport, port)).or_default();
                probes.packets += counters.probes().packets;
                probes.local_socket += counters.local_socket;
            }
            for (source, seen) in interface.sources() {
                let seen_at = interface.moment.wall_at(seen.last_seen);
                for port in seen.touched.ports().filter(|port| wanted.contains(port)) {
                    let last = last.entry(port).or_default().entry(source).or_insert(seen_at);
                    *last = seen_at.max(*last);
                }
            }
        }
        for (port, sources) in last {
            let mut sources: Vec<_> = sources.into_iter().collect();
            sources.sort_by_key(|&(source, last)| (Reverse(last), source));
            let probes = all.0.entry(port).or_default();
            probes.more_sources = sources.len().saturating_sub(LISTED);
            let listed = sources.into_iter().take(LISTED);
            probes.sources =
                listed.map(|(source, last_seen)| ProbeSource { source, last_seen }).collect();
        }
        all
    }

    /// Packets for a port; `None` if no interface is watched.
    pub fn get(&self, transport: Transport, port: u16) -> Option<&PortProbes> {
        self.0.get(&(transport, port))
    }
}

/// Packets on an interface of this network namespace; `None` for another one, which the directory may have, too.
fn on_interface(pinned: Pinned) -> Result<Option<InterfaceProbes>, QueryError> {
    match pinned.attachment()? {
        Some(_) => InterfaceProbes::read(&pinned).map(Some),
        None => Ok(None),
    }
}

fn unread(error: &dyn std::fmt::Display) -> Limit {
    Limit { what: format!("sources of probes cannot be read: {error}"), needs: Vec::new() }
}
