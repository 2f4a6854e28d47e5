//! The answer, as it is told.

use std::{
    collections::{BTreeMap, btree_map},
    net::IpAddr,
    time::SystemTime,
};

use port12_common::{Transport, abi::PORTS};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    knocks::{Knocked, Knocks},
    selection::Selected,
};
use crate::{
    cli::registry::Origin,
    query::describe,
    registry::{PortSet, Registry},
    text::time,
    who::{self, Answer, Cgroup, Entry, Holder, Limit, OnDisk, Process, Through},
};

/// The whole answer; its JSON is the report.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Document<'a> {
    #[serde(serialize_with = "time::serialize")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) time: SystemTime,
    /// `watched`, or the ports as they were asked for.
    pub(super) asked: String,
    pub(super) registry: Origin,
    #[serde(flatten)]
    pub(super) found: Found<'a>,
    /// Whether there may be sockets that could not be listed.
    #[serde(skip)]
    pub(super) is_partial: bool,
}

/// What was found.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Found<'a> {
    /// The first is that of this process.
    pub(in crate::cli) network_namespaces: Vec<Namespace<'a>>,
    /// Transports that the kernel does not have, or has not loaded.
    pub(in crate::cli) absent_transports: Vec<&'static str>,
    /// Transports whose sockets the kernel cannot list.
    pub(in crate::cli) unseen_transports: Vec<&'static str>,
    /// Why not, for people.
    #[serde(skip)]
    pub(in crate::cli) unseen: &'a BTreeMap<Transport, String>,
    pub(in crate::cli) limits: &'a [Limit],
    pub(in crate::cli) sockets: Vec<Socket<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Namespace<'a> {
    pub(super) inode: u64,
    pub(super) name: Option<&'a str>,
}

/// Sockets that are alike.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Socket<'a> {
    pub(super) transport: &'static str,
    pub(super) port: u16,
    /// Whether the registry has port12 watch the port.
    pub(super) watched: bool,
    /// What the port is; null above 1023.
    pub(super) description: Option<String>,
    /// The inode of the network namespace.
    pub(super) network_namespace: u64,
    pub(super) address: IpAddr,
    /// An IPv6 socket on any address that takes IPv4 too.
    pub(super) dual_stack: bool,
    /// The interface that it is bound to.
    pub(super) device: Option<&'a str>,
    pub(super) state: &'static str,
    /// How many there are.
    pub(super) sockets: usize,
    pub(super) inodes: &'a [u32],
    pub(super) peers: Vec<Peer>,
    pub(super) uid: u32,
    pub(super) user: Option<String>,
    /// Where it was made.
    pub(super) cgroup: Option<MadeIn<'a>>,
    pub(super) owner: who::Owner,
    pub(super) processes: Vec<Owner<'a>>,
    pub(super) more_processes: usize,
    /// Null where no interface of this network namespace is watched.
    pub(super) knocks: Option<&'a Knocked>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Peer {
    pub(super) address: IpAddr,
    pub(super) transport: &'static str,
    pub(super) port: u16,
}

/// A cgroup by its id; where it was not found the rest is null.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct MadeIn<'a> {
    pub(super) id: u64,
    pub(super) path: Option<&'a str>,
    pub(super) unit: Option<&'a str>,
    pub(super) container: Option<&'a str>,
}

/// A process that has a socket.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Owner<'a> {
    pub(super) pid: i32,
    #[serde(flatten, serialize_with = "way")]
    #[cfg_attr(test, schemars(with = "Way"))]
    pub(super) through: Through,
    pub(super) name: Option<&'a str>,
    pub(super) command: &'a [String],
    pub(super) command_cut: bool,
    pub(super) exe: Option<&'a str>,
    pub(super) exe_on_disk: OnDisk,
    pub(super) uid: Option<u32>,
    pub(super) user: Option<String>,
    #[serde(serialize_with = "time::serialize_if_known")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(super) started: Option<SystemTime>,
    pub(super) cgroup: Option<&'a Cgroup>,
}

/// Form of [`Through`] in the document.
#[cfg(test)]
#[derive(Serialize, schemars::JsonSchema)]
struct Way {
    /// `descriptor`, `thread` or `io_uring`.
    through: &'static str,
    /// The thread; null unless a thread has the socket.
    thread: Option<i32>,
}

/// `through`: `descriptor`, `thread` or `io_uring`; `thread`: which, or null.
fn way<S: Serializer>(through: &Through, serializer: S) -> Result<S::Ok, S::Error> {
    let (name, thread) = match through {
        Through::Descriptor => ("descriptor", None),
        Through::Thread(thread) => ("thread", Some(thread)),
        Through::IoUring => ("io_uring", None),
    };
    let mut way = serializer.serialize_map(Some(2))?;
    way.serialize_entry("through", name)?;
    way.serialize_entry("thread", &thread)?;
    way.end()
}

impl<'a> Document<'a> {
    pub(super) fn new(
        registry: &Registry,
        selected: &Selected<'_>,
        answer: &'a Answer,
        knocks: &'a Knocks,
    ) -> Self {
        Self {
            time: SystemTime::now(),
            asked: selected.to_string(),
            registry: registry.into(),
            found: Found::new(registry, answer, knocks),
            is_partial: answer.is_partial(),
        }
    }
}

impl<'a> Found<'a> {
    /// An answer, with what came for its ports.
    pub(in crate::cli) fn new(registry: &Registry, answer: &'a Answer, knocks: &'a Knocks) -> Self {
        let own = answer.namespaces.first().map_or(0, |namespace| namespace.inode);
        let watched = Transport::ALL.map(|transport| registry.watched(transport));
        let mut context =
            Context { registry, watched, own, answer, knocks, users: BTreeMap::new() };
        let names = |transports: &std::collections::BTreeSet<Transport>| {
            transports.iter().map(|transport| transport.as_str()).collect()
        };
        let namespaces = answer.namespaces.iter();
        Self {
            network_namespaces: namespaces
                .map(|it| Namespace { inode: it.inode, name: it.name.as_deref() })
                .collect(),
            absent_transports: names(&answer.absent),
            unseen_transports: answer.unseen.keys().map(|it| it.as_str()).collect(),
            unseen: &answer.unseen,
            limits: &answer.limits,
            sockets: answer.entries.iter().map(|entry| context.socket(entry)).collect(),
        }
    }
}

struct Context<'a, 'r> {
    registry: &'r Registry,
    watched: [PortSet; Transport::ALL.len()],
    own: u64,
    answer: &'a Answer,
    knocks: &'a Knocks,
    users: BTreeMap<u32, Option<String>>,
}

impl<'a> Context<'a, '_> {
    fn socket(&mut self, entry: &'a Entry) -> Socket<'a> {
        let &Entry { transport, port, .. } = entry;
        let name = transport.as_str();
        let peers = entry.peers.iter();
        Socket {
            transport: name,
            port,
            watched: self.watched[transport as usize].contains(port),
            description: (usize::from(port) < PORTS)
                .then(|| describe(self.registry, transport, port)),
            network_namespace: entry.namespace,
            address: entry.address,
            dual_stack: entry.dual_stack,
            device: entry.device.as_deref(),
            state: entry.state.as_str(),
            sockets: entry.sockets,
            inodes: &entry.inodes,
            peers: peers.map(|&(address, port)| Peer { address, transport: name, port }).collect(),
            uid: entry.uid,
            user: self.user(entry.uid),
            cgroup: entry.cgroup.map(|id| self.made_in(id)),
            owner: entry.owner,
            processes: entry.holders.iter().filter_map(|&holder| self.owner(holder)).collect(),
            more_processes: entry.more_holders,
            knocks: (entry.namespace == self.own)
                .then(|| self.knocks.on(transport, port))
                .flatten(),
        }
    }

    fn owner(&mut self, holder: Holder) -> Option<Owner<'a>> {
        let Process { pid, name, command, command_cut, program, uid, started, cgroup } =
            self.answer.processes.get(&holder)?;
        let on_disk = program.as_ref().map_or(OnDisk::Unknown, |program| program.on_disk);
        Some(Owner {
            pid: *pid,
            through: holder.through,
            name: name.as_deref(),
            command,
            command_cut: *command_cut,
            exe: program.as_ref().map(|program| &*program.path),
            exe_on_disk: on_disk,
            uid: *uid,
            user: uid.and_then(|uid| self.user(uid)),
            started: *started,
            cgroup: cgroup.as_ref(),
        })
    }

    fn made_in(&self, id: u64) -> MadeIn<'a> {
        let found = self.answer.cgroups.get(&id);
        MadeIn {
            id,
            path: found.map(|it| &*it.path),
            unit: found.and_then(|it| it.unit.as_deref()),
            container: found.and_then(|it| it.container.as_deref()),
        }
    }

    /// A user's name on this host; a container may have another for the same number.
    fn user(&mut self, uid: u32) -> Option<String> {
        let known = match self.users.entry(uid) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(place) => {
                let user = uzers::get_user_by_uid(uid);
                place.insert(user.map(|user| user.name().to_string_lossy().into_owned()))
            }
        };
        known.clone()
    }
}
