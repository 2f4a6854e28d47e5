//! Watched interfaces: the treatment of the port, and its counters.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::Path,
};

use port12_common::{
    Transport,
    abi::{Action, PORTS},
};
use serde::{Deserialize, Serialize};

use super::{forecast::Forecast, sockets};
use crate::{
    kernel::{
        clock::Timeline,
        pin,
        pinned::{Pinned, PinnedError},
        unpinned::Unpinned,
    },
    model::{DaemonId, InterfaceState, Limit, Place, SourceState},
    outlook::Conditions,
    query::{InterfaceProbes, Names, QueryError, open_each, pinned_interface},
    registry::Registry,
    who::Answer,
};

/// So many sources of an interface are named.
const NAMED: usize = 5;

/// Pinned interfaces.
#[derive(Debug, Default, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Watch {
    /// The process that holds the pins, where there is one.
    pub daemon: Option<DaemonId>,
    /// Null where the pins cannot be read.
    pub interfaces: Option<Vec<Interface>>,
    /// Whether something may watch that is not among them.
    #[serde(skip)]
    pub is_partial: bool,
    /// Counters and sources of the interfaces that are watched here.
    #[serde(skip)]
    pub probes: Vec<InterfaceProbes>,
}

/// An interface that has something pinned.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Interface {
    /// State. Its ports are the port on each transport; none above 1023.
    #[serde(flatten)]
    pub state: InterfaceState,
    /// Forecast for an unknown source, on each transport; none if the program is not on an interface here.
    pub unknown_source: Vec<Forecast>,
    /// Sources that probed the port, the most recent first.
    pub port_sources: Vec<Source>,
    /// Further sources.
    pub more_sources: usize,
    /// Action of the policy on each transport.
    #[serde(skip)]
    pub actions: BTreeMap<Transport, Action>,
}

/// A source that knocked.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Source {
    /// Its probes, of all ports.
    #[serde(flatten)]
    pub seen: SourceState,
    /// The transports on which it touched this port.
    pub transports: BTreeSet<Transport>,
    /// Whether it is banned.
    pub banned: bool,
}

impl Watch {
    /// Reads what is pinned. What cannot be read is among the limits.
    pub fn read(pin_dir: &Path, registry: &Registry, port: u16, answer: &mut Answer) -> Self {
        let mut watch =
            Self { daemon: pin::holder(pin_dir).map(DaemonId::from), ..Self::default() };
        let has_daemon = watch.daemon.is_some();
        let mut limits = Vec::new();
        match open_each(pin_dir) {
            Ok(opened) => {
                let read = |it: Result<Pinned, PinnedError>| {
                    let pinned = it?;
                    let state = pinned_interface(&pinned, registry, has_daemon)?;
                    Interface::of(&pinned, state, registry, port, answer)
                };
                let mut interfaces = Vec::new();
                for interface in opened.into_iter().map(read) {
                    match interface {
                        Ok((interface, probes)) => {
                            if interface.place() == Place::Attached {
                                watch.probes.push(probes);
                            }
                            interfaces.push(interface);
                        }
                        Err(error) => limits.push(unread(&error)),
                    }
                }
                watch.interfaces = Some(interfaces);
            }
            Err(error) => limits.push(unread(&error)),
        }
        limits.extend(watch.unpinned(pin_dir));
        watch.is_partial = !limits.is_empty();
        answer.limits.append(&mut limits);
        watch
    }

    /// The interfaces that are watched here.
    pub fn attached(&self) -> impl Iterator<Item = &Interface> {
        self.all().filter(|it| it.place() == Place::Attached)
    }

    /// The interfaces that could be read.
    pub fn all(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().flatten()
    }

    /// XDP programs on interfaces that are port12's, or may be, and are not pinned here.
    fn unpinned(&self, pin_dir: &Path) -> Vec<Limit> {
        let known: BTreeSet<u32> = self.all().filter_map(|it| it.state.program.id).collect();
        // Where the pins cannot be read, that has been told.
        if self.interfaces.is_none() {
            return Vec::new();
        }
        let directory = pin_dir.display();
        let mut limits = Vec::new();
        let unpinned = Unpinned::list(&known).unwrap_or_else(|error| {
            let what = format!("XDP programs that are not pinned in {directory}: {error}");
            limits.push(Limit { what, needs: Vec::new() });
            Vec::new()
        });
        for it in unpinned {
            let (what, needs) = match it.is_port12() {
                Some(true) => ("it is port12's", Vec::new()),
                Some(false) => continue,
                None => ("whose it is cannot be read", vec!["CAP_SYS_ADMIN".to_owned()]),
            };
            let what = format!(
                "what the XDP program {} on {} counts: it is not pinned in {directory}, and {what}",
                it.program, it.interface
            );
            limits.push(Limit { what, needs });
        }
        limits
    }
}

fn unread(error: &QueryError) -> Limit {
    Limit { what: format!("what port12 watches: {error}"), needs: Vec::new() }
}

impl Interface {
    /// Place of the program.
    pub fn place(&self) -> Place {
        self.state.place
    }

    fn of(
        pinned: &Pinned,
        mut state: InterfaceState,
        registry: &Registry,
        port: u16,
        answer: &Answer,
    ) -> Result<(Self, InterfaceProbes), QueryError> {
        let probes = InterfaceProbes::read(pinned)?;
        let now = probes.moment;
        let maps = pinned.state();
        let bans = pinned.bans()?.list()?.into_iter().filter(|(_, ban)| ban.holds(now.jiffies));
        let banned: BTreeSet<IpAddr> = bans.map(|(source, _)| source).collect();
        let (port_sources, more_sources) = port_sources(&probes, port, &banned);
        let conditions = Conditions::new(maps.policy(), maps.sockets(), now.jiffies);
        let outlook = |of: Transport| {
            sockets::found(answer, of).map(|has_socket| conditions.outlook(of, port, has_socket))
        };
        let transports = match usize::from(port) < PORTS {
            true => &Transport::ALL[..],
            false => &[],
        };
        let mode = state.mode;
        let is_here = state.place == Place::Attached;
        let forecasts = transports.iter().filter(|_| is_here);
        let unknown_source =
            forecasts.map(|&of| Forecast::of(outlook(of), (of, port), mode)).collect();
        let names = Names { registry, expected: maps.expected() };
        let timeline = Timeline::from(now);
        let ports = transports.iter();
        state.ports =
            ports.map(|&of| names.port(of, port, &probes.port(of, port), &timeline)).collect();
        let interface = Self {
            state,
            unknown_source,
            port_sources,
            more_sources,
            actions: transports.iter().map(|&of| (of, outlook(of)[0].action)).collect(),
        };
        Ok((interface, probes))
    }
}

/// Those that knocked at the port and came last, and how many more there are.
fn port_sources(
    probes: &InterfaceProbes,
    port: u16,
    banned: &BTreeSet<IpAddr>,
) -> (Vec<Source>, usize) {
    let moment = probes.moment;
    let mut knocked: BTreeMap<_, Source> = BTreeMap::new();
    for (source, seen) in probes.sources() {
        let touched = seen.touched.ports().filter(|&(_, touched)| touched == port);
        let transports: BTreeSet<Transport> = touched.map(|(transport, _)| transport).collect();
        if transports.is_empty() {
            continue;
        }
        let report = SourceState {
            source,
            packets: seen.packets,
            bytes: seen.bytes,
            first_seen: moment.wall_at(seen.first_seen),
            last_seen: moment.wall_at(seen.last_seen),
            port_count: seen.touched.count(),
            details: None,
        };
        let banned = banned.contains(&source);
        knocked
            .insert((Reverse(seen.last_seen), source), Source { seen: report, transports, banned });
    }
    let more = knocked.len().saturating_sub(NAMED);
    (knocked.into_values().take(NAMED).collect(), more)
}
