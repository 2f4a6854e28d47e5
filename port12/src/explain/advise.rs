//! From what was found to advice.

use port12_common::{
    Outcome, Transport,
    abi::{Action, PORTS},
};
use serde::{Deserialize, Serialize};

use super::{
    configured::Configured,
    sockets,
    watch::{Interface, Watch},
};
use crate::{
    advice::{Came, Intent, Listening, Names, Situation, Suspension, Watching, decide},
    config::DEFAULT_PATH,
    model::{Mode, ModeReason, ModeState, Place, PortId},
    registry::{Registry, unofficial},
    text::Printable,
    who::{Answer, Entry, OnDisk, Owner, Process},
};

/// Advice about one transport or several.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Advice {
    /// Severity as of alerts: 1 is the highest, 3 the lowest.
    pub severity: u8,
    /// Name of the finding.
    pub finding: String,
    /// Ports that it is about.
    pub ports: Vec<PortId>,
    /// Meaning, for people.
    pub means: String,
    /// Next steps, for people.
    pub steps: Vec<String>,
}

/// Facts that advice is made from.
pub struct Advisor<'a> {
    /// Registry.
    pub registry: &'a Registry,
    /// The port.
    pub port: u16,
    /// Watched interfaces.
    pub watch: &'a Watch,
    /// Orders of the policy file, if it is accepted.
    pub configured: Option<&'a Configured>,
    /// Sockets.
    pub answer: &'a Answer,
}

impl Advice {
    fn says_the_same(&self, other: &Self) -> bool {
        (self.severity, &self.finding, &self.steps)
            == (other.severity, &other.finding, &other.steps)
    }
}

impl Advisor<'_> {
    /// What there is to say, the most severe first. Of a transport that the kernel does not have there is
    /// nothing, unless something came.
    pub fn advise(&self) -> Vec<Advice> {
        let policy = self.configured.and_then(|it| it.file.as_ref());
        let policy = policy
            .map_or_else(|| DEFAULT_PATH.to_owned(), |it| Printable(it.display()).to_string());
        let needs = self.needs();
        let mut all: Vec<Advice> = Vec::new();
        for transport in Transport::ALL {
            let situation = self.situation(transport);
            if self.answer.absent.contains(&transport) && !situation.came.is_counted() {
                continue;
            }
            let names = self.names(transport, &policy, &needs);
            for (finding, severity) in decide(&situation) {
                let advice = Advice {
                    severity: severity.number(),
                    finding: finding.as_str().to_owned(),
                    ports: vec![PortId { transport, port: self.port }],
                    means: finding.means().to_owned(),
                    steps: finding.steps(&names),
                };
                match all.iter_mut().find(|known| known.says_the_same(&advice)) {
                    Some(known) => known.ports.extend(advice.ports),
                    None => all.push(advice),
                }
            }
        }
        all.sort_by_key(|advice| advice.severity);
        all
    }

    fn situation(&self, transport: Transport) -> Situation {
        let is_well_known = usize::from(self.port) < PORTS;
        Situation {
            state: is_well_known.then(|| self.registry.state(transport, self.port)),
            watching: self.watching(transport),
            listening: self.listening(transport),
            is_expected: self.configured.is_some_and(|it| it.expects(transport)),
            came: self.came(transport),
            has_known_use: has_known_use(transport, self.port),
        }
    }

    /// The least protection of all interfaces.
    fn watching(&self, transport: Transport) -> Watching {
        let on = |it: &Interface| Some(watching(*it.actions.get(&transport)?, it.state.mode));
        let unseen = if self.watch.is_partial { Watching::Unseen } else { Watching::Nothing };
        self.watch.attached().filter_map(on).max_by_key(|it| exposure(*it)).unwrap_or(unseen)
    }

    /// The most remarkable counts.
    fn listening(&self, transport: Transport) -> Listening {
        let none = match self.answer.unseen.contains_key(&transport) {
            true => Listening::Unseen,
            false => Listening::Nobody,
        };
        self.worst(transport).map_or(none, |entry| self.listening_of(entry))
    }

    /// The socket that says most.
    fn worst(&self, transport: Transport) -> Option<&Entry> {
        let entries = self.answer.entries.iter().filter(|it| it.transport == transport);
        // The last of equals: the first one told, then.
        entries.rev().max_by_key(|entry| remark(self.listening_of(entry)))
    }

    fn listening_of(&self, entry: &Entry) -> Listening {
        let on_disk = self
            .processes(entry)
            .filter_map(|process| process.program.as_ref().map(|program| program.on_disk));
        let is = |wanted: OnDisk| on_disk.clone().any(|it| it == wanted);
        match entry.owner {
            Owner::Process if is(OnDisk::Deleted) => Listening::Deleted,
            Owner::Process if is(OnDisk::Replaced) && sockets::takes(entry) => Listening::Replaced,
            _ if !sockets::takes(entry) => Listening::Connected,
            Owner::Process if self.processes(entry).next().is_some() => Listening::Process,
            Owner::Process | Owner::Unseen | Owner::Unaccepted => Listening::OwnerUnseen,
            Owner::None => Listening::Kernel,
        }
    }

    fn processes<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Process> + Clone {
        entry.holders.iter().filter_map(|holder| self.answer.processes.get(holder))
    }

    /// Counters here, also of programs that are attached no longer.
    fn came(&self, transport: Transport) -> Came {
        let here = || self.watch.all().filter(|it| it.place() != Place::Elsewhere);
        let banned = here().any(|it| {
            it.state.counts.outcomes.get(&Outcome::Banned).is_some_and(|it| it.packets > 0)
        });
        let ports =
            here().flat_map(|it| &it.state.ports).filter(|port| port.transport == transport);
        ports.fold(Came { banned, ..Came::default() }, |came, port| Came {
            passed: came.passed || port.packets > port.dropped,
            dropped: came.dropped || port.dropped > 0,
            reached: came.reached || port.local_socket > 0,
            banned,
        })
    }

    fn names<'a>(
        &'a self,
        transport: Transport,
        policy: &'a str,
        needs: &'a [&'a str],
    ) -> Names<'a> {
        let process = self.worst(transport).and_then(|entry| {
            let is_gone =
                |it: &&Process| it.program.as_ref().is_some_and(|it| it.on_disk == OnDisk::Deleted);
            self.processes(entry).find(is_gone).or_else(|| self.processes(entry).next())
        });
        let sources = self.watch.attached().flat_map(|it| &it.port_sources);
        let knocked =
            sources.filter(|source| source.transports.contains(&transport) && !source.banned);
        let came = |it: &&Interface| {
            it.state.ports.iter().any(|port| port.transport == transport && port.packets > 0)
        };
        let interface = self.watch.attached().find(came).or_else(|| self.watch.attached().next());
        Names {
            port: self.port,
            transport,
            process: process.map(|it| it.pid),
            unit: process.and_then(|it| it.cgroup.as_ref()?.unit.as_deref()),
            source: knocked.max_by_key(|it| it.seen.last_seen).map(|it| it.seen.source),
            interface: interface.map(|it| &*it.state.interface),
            daemon: self.watch.daemon.as_ref().map(|it| it.pid),
            policy,
            planned: self.planned(transport),
            needs,
        }
    }

    fn planned(&self, transport: Transport) -> Intent {
        let mut ports = self.configured.iter().flat_map(|it| &it.ports);
        ports.find(|it| it.id.transport == transport).map_or(Intent::Unknown, |it| it.planned)
    }

    /// The capabilities that would show who has a socket.
    fn needs(&self) -> Vec<&str> {
        let mut needs: Vec<&str> = Vec::new();
        for need in self.answer.limits.iter().flat_map(|limit| &limit.needs) {
            if !needs.contains(&&**need) {
                needs.push(need);
            }
        }
        needs
    }
}

fn watching(action: Action, mode: ModeState) -> Watching {
    let enforce = match action {
        Action::Assigned => return Watching::NotWatched,
        Action::Ignore => return Watching::Ignored,
        Action::Watch => return Watching::Monitors,
        Action::Drop { enforce } => enforce,
    };
    match (mode.effective, mode.reason) {
        (Mode::Drop, _) if enforce => Watching::Enforces,
        (Mode::Drop, _) => Watching::Drops,
        (Mode::Monitor, None | Some(ModeReason::Unconfirmed)) => Watching::Monitors,
        (Mode::Monitor, Some(ModeReason::Expired)) => Watching::Suspended(Suspension::Reverted),
        (Mode::Monitor, Some(ModeReason::Bypassed)) => Watching::Suspended(Suspension::Bypassed),
        (Mode::Monitor, Some(ModeReason::Forwarding)) => {
            Watching::Suspended(Suspension::Forwarding)
        }
        (Mode::Monitor, Some(ModeReason::Gone | ModeReason::NotAttached)) => {
            Watching::Suspended(Suspension::Left)
        }
    }
}

/// Of several interfaces, what has the port the most exposed where it is watched.
const fn exposure(watching: Watching) -> u8 {
    match watching {
        Watching::Unseen | Watching::Nothing => 0,
        Watching::NotWatched => 1,
        Watching::Ignored => 2,
        Watching::Drops => 3,
        Watching::Enforces => 4,
        Watching::Monitors => 5,
        Watching::Suspended(_) => 6,
    }
}

/// Of several sockets, what is the most worth telling.
const fn remark(listening: Listening) -> u8 {
    match listening {
        Listening::Unseen | Listening::Nobody => 0,
        Listening::Connected => 1,
        Listening::Kernel => 2,
        Listening::Process => 3,
        Listening::OwnerUnseen => 4,
        Listening::Replaced => 5,
        Listening::Deleted => 6,
    }
}

/// Whether a use may explain conversation starts or a listener. Of those of whole ranges, which are
/// clients', only late answers over UDP are conversation starts.
fn has_known_use(transport: Transport, port: u16) -> bool {
    unofficial::uses(port).any(|known| {
        let is_one_port = known.ports.start() == known.ports.end();
        match known.transport {
            Some(named) => named == transport,
            None => is_one_port || transport == Transport::Udp,
        }
    })
}
