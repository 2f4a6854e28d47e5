//! Sockets on local ports, and their processes.
//!
//! Sockets are sock_diag's, processes procfs's, and an inode joins them: `/proc/PID/fd` names the
//! sockets of a process in whatever network namespace they are.

mod cgroup;
mod confirm;
mod entry;
mod glimpse;
mod holders;
mod kept;
mod namespace;
mod owned;
mod patience;
mod process;
mod program;
mod sender;
mod senders;
mod sight;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use port12_common::Transport;

use crate::{
    host::{
        interfaces,
        sockets::{OpenSockets, PortRanges, bound},
    },
    model::Limit,
};

pub use crate::model::event::{Behind, Cgroup, OnDisk, Owner, Process, Program, Sender};
pub use entry::Entry;
pub use glimpse::{Doer, glimpse};
pub use holders::{Holder, Through};
pub use namespace::Namespace;
pub use owned::{Owned, owners};
pub use sender::PacketOrigin;
pub use senders::senders;
pub use sight::numbers_are_the_kernels;

/// Question.
pub struct Question {
    /// The local ports, by transport.
    pub ports: [PortRanges; Transport::ALL.len()],
    /// Whether in all network namespaces that can be found, or in the calling thread's.
    pub all_namespaces: bool,
}

/// Sockets and processes of the ports.
#[derive(Default)]
pub struct Answer {
    /// The namespaces that were asked, the calling thread's first.
    pub namespaces: Vec<Namespace>,
    /// Transports that the kernel does not have.
    pub absent: BTreeSet<Transport>,
    /// Transports whose sockets could not be listed in some network namespace, with the reason.
    pub unseen: BTreeMap<Transport, String>,
    /// Whether some network namespace could not be asked at all.
    pub has_closed_namespaces: bool,
    /// The sockets, like ones together, by namespace, transport and port.
    pub entries: Vec<Entry>,
    /// The processes that hold them, by what the entries name; without those that have ended.
    pub processes: BTreeMap<Holder, Process>,
    /// The cgroups in which the sockets were made, by id, as far as they were found.
    pub cgroups: BTreeMap<u64, Cgroup>,
    /// Facts that could not be seen.
    pub limits: Vec<Limit>,
}

/// Sockets of one namespace.
struct Listed {
    open: OpenSockets,
    /// The names of the interfaces that sockets are bound to.
    devices: BTreeMap<u32, String>,
}

impl Question {
    /// Asks the host. What cannot be seen is in the answer.
    pub fn ask(&self) -> Answer {
        let mut answer = Answer::default();
        let mut sockets = Vec::new();
        let listed = self.list();
        let own = Namespace::own();
        answer.add(&own, listed, &mut sockets);
        let inode = own.inode;
        answer.namespaces.push(own);
        if self.all_namespaces {
            self.ask_others(inode, &mut answer, &mut sockets);
        }
        let wanted: HashSet<u32> =
            sockets.iter().map(|socket| socket.open.inode).filter(|&inode| inode != 0).collect();
        let mut found = holders::find(&wanted);
        self.confirm(&answer, &mut sockets, &mut found);
        let is_blind = sight::limits(&found, &mut answer.limits);
        answer.entries = entry::group(sockets, &found, is_blind);
        answer.describe();
        answer
    }

    fn ask_others(&self, own: u64, answer: &mut Answer, sockets: &mut Vec<entry::Socket>) {
        let found = namespace::others(own);
        let mut closed = found.unread;
        for namespace in found.namespaces {
            match namespace.enter(|| self.list()) {
                Ok(Some(listed)) => {
                    answer.add(&namespace, listed, sockets);
                    answer.namespaces.push(namespace);
                }
                // It has gone.
                Ok(None) => {}
                Err(_) => closed += 1,
            }
        }
        answer.has_closed_namespaces |= closed > 0;
        answer.limits.extend(sight::closed_namespaces(closed));
    }

    fn list(&self) -> Listed {
        let open = bound(&self.ports);
        let indexes: BTreeSet<u32> = open.sockets.iter().filter_map(|it| it.interface).collect();
        let name = |index| interfaces::by_index(index).ok().map(|link| (index, link.name));
        let devices = indexes.into_iter().filter_map(name).collect();
        Listed { open, devices }
    }
}

impl Answer {
    /// Whether there may be sockets that could not be listed.
    pub fn is_partial(&self) -> bool {
        self.has_closed_namespaces || !self.unseen.is_empty()
    }

    fn add(&mut self, namespace: &Namespace, listed: Listed, sockets: &mut Vec<entry::Socket>) {
        let Listed { open, devices } = listed;
        self.absent.extend(open.absent);
        self.unseen.extend(open.unseen);
        sockets.extend(open.sockets.into_iter().map(|open| {
            let device = open.interface.map(|index| {
                devices.get(&index).cloned().unwrap_or_else(|| format!("interface {index}"))
            });
            entry::Socket { namespace: namespace.inode, device, open }
        }));
    }

    /// Looks at the processes and cgroups that the entries name.
    fn describe(&mut self) {
        let clock = process::Clock::read();
        let holders: BTreeSet<Holder> =
            self.entries.iter().flat_map(|entry| entry.holders.iter().copied()).collect();
        let described = patience::ask(holders, move |holder| process::describe(holder, clock));
        self.limits.extend(patience::limit(described.unanswered.len()));
        let known = described.answers.into_iter();
        self.processes = known.filter_map(|(holder, it)| it.map(|it| (holder, it))).collect();
        let stuck = described.unanswered.into_iter();
        self.processes.extend(stuck.map(|holder| (holder, Process::stuck(holder))));
        let ids = self.entries.iter().filter_map(|entry| entry.cgroup).collect();
        self.cgroups = cgroup::resolve(&ids);
    }
}
