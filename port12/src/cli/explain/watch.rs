//! What watches here, what it makes of the port, and what came.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::SystemTime,
};

use port12_common::{
    Transport,
    abi::{Action, PORTS},
};
use serde::{Serialize, Serializer};

use super::{forecast::Forecast, sockets};
use crate::{
    cli::{
        knocks::Knocks,
        pins::PinArgs,
        status::{self, Daemon},
    },
    failure::Failure,
    kernel::{
        banning::Scope, pin, pinned::Pinned, state::Standing, unpinned::Unpinned,
        whereabouts::Whereabouts,
    },
    outlook::Conditions,
    report::SourceReport,
    text::time,
    who::{Answer, Limit},
};

/// So many sources of an interface are named.
const NAMED: usize = 5;

/// What is pinned.
#[derive(Default, Serialize)]
pub(super) struct Watch {
    /// The process that holds the pins, where there is one.
    pub(super) daemon: Option<Daemon>,
    /// Null where the pins cannot be read.
    pub(super) interfaces: Option<Vec<Interface>>,
    /// Whether something may watch that is not among them.
    #[serde(skip)]
    pub(super) is_partial: bool,
    /// What came in on the interfaces that are watched here.
    #[serde(skip)]
    pub(super) knocks: Vec<Knocks>,
}

/// Where the program of an interface is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// On the interface.
    Attached,
    /// On none: what is pinned has been left behind.
    LeftBehind,
    /// In another network namespace.
    Elsewhere,
}

/// An interface that has something pinned.
#[derive(Serialize)]
pub(super) struct Interface {
    #[serde(flatten)]
    pub(super) status: status::Interface,
    pub(super) place: Place,
    pub(super) ban: Banning,
    /// The port on each transport; none above 1023.
    pub(super) ports: Vec<Port>,
    /// Those that knocked at the port, those that came last first.
    pub(super) sources: Vec<Source>,
    pub(super) more_sources: usize,
    /// How drop mode stands.
    #[serde(skip)]
    pub(super) standing: Standing,
}

/// What is banned there.
#[derive(Serialize)]
pub(super) struct Banning {
    /// Probes after which the program bans a source by itself; null where it does not.
    pub(super) after: Option<u64>,
    /// What a ban can take at most.
    pub(super) scope: Scope,
    /// Sources that are banned.
    pub(super) sources: usize,
    /// Packets of banned sources that were dropped since the counters began, on whichever port: they are
    /// counted for no port.
    pub(super) packets: u64,
}

/// The port on a transport.
#[derive(Serialize)]
pub(super) struct Port {
    #[serde(serialize_with = "name")]
    pub(super) transport: Transport,
    pub(super) port: u16,
    /// Null where the program is not on an interface here.
    pub(super) stranger: Option<Forecast>,
    /// Probes since the counters began, dropped ones included.
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) dropped: u64,
    /// Conversation starts that were left to a socket; not among `packets`.
    pub(super) local_socket: u64,
    /// Null where nothing came.
    #[serde(serialize_with = "time::serialize_if_known")]
    pub(super) last_seen: Option<SystemTime>,
    #[serde(skip)]
    pub(super) action: Action,
}

/// A source that knocked.
#[derive(Serialize)]
pub(super) struct Source {
    /// What was seen of it, on whichever port.
    #[serde(flatten)]
    pub(super) seen: SourceReport,
    /// The transports on which it touched this port.
    #[serde(serialize_with = "names")]
    pub(super) transports: BTreeSet<Transport>,
    /// Whether it is banned.
    pub(super) banned: bool,
}

fn name<S: Serializer>(transport: &Transport, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(transport.as_str())
}

fn names<S: Serializer>(transports: &BTreeSet<Transport>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(transports.iter().map(|transport| transport.as_str()))
}

impl Watch {
    /// Reads what is pinned. What cannot be read is among the limits.
    pub(super) fn read(pins: &PinArgs, port: u16, answer: &mut Answer) -> Self {
        let mut watch =
            Self { daemon: pin::holder(&pins.pin_dir).map(Daemon::from), ..Self::default() };
        let mut limits = Vec::new();
        match pins.open_each() {
            Ok(opened) => {
                let read = |it: Result<Pinned, Failure>| Interface::of(&it?, pins, port, answer);
                let mut interfaces = Vec::new();
                for interface in opened.into_iter().map(read) {
                    match interface {
                        Ok((interface, knocks)) => {
                            if interface.place == Place::Attached {
                                watch.knocks.push(knocks);
                            }
                            interfaces.push(interface);
                        }
                        Err(failure) => limits.push(unread(&failure)),
                    }
                }
                watch.interfaces = Some(interfaces);
            }
            Err(failure) => limits.push(unread(&failure)),
        }
        limits.extend(watch.unpinned(pins));
        watch.is_partial = !limits.is_empty();
        answer.limits.append(&mut limits);
        watch
    }

    /// The interfaces that are watched here.
    pub(super) fn attached(&self) -> impl Iterator<Item = &Interface> {
        self.all().filter(|it| it.place == Place::Attached)
    }

    /// The interfaces that could be read.
    pub(super) fn all(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().flatten()
    }

    /// XDP programs on interfaces that are port12's, or may be, and are not pinned here.
    fn unpinned(&self, pins: &PinArgs) -> Vec<Limit> {
        let known: BTreeSet<u32> = self.all().map(|it| it.status.program_id).collect();
        // Where the pins cannot be read, that has been told.
        if self.interfaces.is_none() {
            return Vec::new();
        }
        let directory = pins.pin_dir.display();
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
                None => ("whose it is cannot be read", vec!["CAP_SYS_ADMIN"]),
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

fn unread(failure: &Failure) -> Limit {
    Limit { what: format!("what port12 watches: {}", failure.message), needs: Vec::new() }
}

impl Interface {
    fn of(
        pinned: &Pinned,
        pins: &PinArgs,
        port: u16,
        answer: &Answer,
    ) -> Result<(Self, Knocks), Failure> {
        let status = status::Interface::of(pinned, pins)?;
        let knocks = Knocks::read(pinned)?;
        let now = knocks.moment;
        let state = pinned.state();
        let place = match status.whereabouts {
            Whereabouts::Here(..) => Place::Attached,
            Whereabouts::Detached { .. } | Whereabouts::Vanished => Place::LeftBehind,
            Whereabouts::Elsewhere => Place::Elsewhere,
        };
        let bans = pinned.bans()?.list()?.into_iter().filter(|(_, ban)| ban.holds(now.jiffies));
        let banned: BTreeSet<IpAddr> = bans.map(|(source, _)| source).collect();
        let standing = state.standing(&now);
        let (sources, more_sources) = knocked(&knocks, port, &banned);
        let conditions = Conditions::new(state.policy(), state.sockets(), now.jiffies);
        let port_on = |of: Transport| {
            let either = sockets::found(answer, of).map(|it| conditions.outlook(of, port, it));
            let stranger = Forecast::of(either, of, standing);
            let stranger = (place == Place::Attached).then_some(stranger);
            Port::new((of, port), either[0].action, stranger, &knocks)
        };
        let interface = Self {
            status,
            place,
            ban: Banning {
                after: pinned.bans_after(),
                scope: if state.shuts_out() { Scope::All } else { Scope::Unassigned },
                sources: banned.len(),
                packets: knocks.banned(),
            },
            ports: match usize::from(port) < PORTS {
                true => Transport::ALL.map(port_on).into(),
                false => Vec::new(),
            },
            sources,
            more_sources,
            standing,
        };
        Ok((interface, knocks))
    }
}

impl Port {
    fn new(
        (transport, port): (Transport, u16),
        action: Action,
        stranger: Option<Forecast>,
        knocks: &Knocks,
    ) -> Self {
        let counters = knocks.counted(transport, port);
        let (probes, local_socket) = (counters.probes(), counters.local_socket);
        let came = probes.packets > 0 || local_socket > 0;
        Self {
            transport,
            port,
            stranger,
            packets: probes.packets,
            bytes: probes.bytes,
            dropped: counters.dropped.packets,
            local_socket,
            last_seen: came.then(|| knocks.moment.wall_at(counters.last_seen)),
            action,
        }
    }
}

/// Those that knocked at the port and came last, and how many more there are.
fn knocked(knocks: &Knocks, port: u16, banned: &BTreeSet<IpAddr>) -> (Vec<Source>, usize) {
    let moment = knocks.moment;
    let mut knocked: BTreeMap<_, Source> = BTreeMap::new();
    for (source, seen) in knocks.sources() {
        let touched = seen.touched.ports().filter(|&(_, touched)| touched == port);
        let transports: BTreeSet<Transport> = touched.map(|(transport, _)| transport).collect();
        if transports.is_empty() {
            continue;
        }
        let report = SourceReport {
            source,
            packets: seen.packets,
            bytes: seen.bytes,
            first_seen: moment.wall_at(seen.first_seen),
            last_seen: moment.wall_at(seen.last_seen),
            ports: seen.touched.count(),
        };
        let banned = banned.contains(&source);
        knocked
            .insert((Reverse(seen.last_seen), source), Source { seen: report, transports, banned });
    }
    let more = knocked.len().saturating_sub(NAMED);
    (knocked.into_values().take(NAMED).collect(), more)
}
