//! Sockets on local ports, their processes, and the packets for those ports.

mod probes;
pub mod selection;

use std::collections::BTreeMap;

use port12_common::{Transport, abi::PORTS};

use super::{InterfaceProbes, describe};
use crate::{
    model::{
        Limit, NetworkNamespace, Peer, PortId, ProcessState, SocketCgroup, SocketGroup,
        SocketsState, Through,
        event::{Cgroup, Process},
    },
    registry::{PortSet, Registry},
    who::{self, Answer, Entry, Holder},
};

pub use probes::ProbesByPort;

/// State of the sockets that the host listed, with the packets for their ports.
pub fn sockets_state(registry: &Registry, answer: &Answer, probes: &ProbesByPort) -> SocketsState {
    let own = answer.namespaces.first().map_or(0, |namespace| namespace.inode);
    let watched = Transport::ALL.map(|transport| registry.watched(transport));
    let mut context = Context { registry, watched, own, answer, probes, users: BTreeMap::new() };
    let unlisted = answer.unseen.iter().map(|(transport, why)| Limit {
        what: format!("{transport} sockets: {why}"),
        needs: Vec::new(),
    });
    let namespaces = answer.namespaces.iter();
    SocketsState {
        network_namespaces: namespaces
            .map(|it| NetworkNamespace { inode: it.inode, name: it.name.clone() })
            .collect(),
        absent_transports: answer.absent.clone(),
        unlisted_transports: answer.unseen.keys().copied().collect(),
        limits: unlisted.chain(answer.limits.iter().cloned()).collect(),
        sockets: answer.entries.iter().map(|entry| context.group(entry)).collect(),
    }
}

struct Context<'a> {
    registry: &'a Registry,
    watched: [PortSet; Transport::ALL.len()],
    own: u64,
    answer: &'a Answer,
    probes: &'a ProbesByPort,
    users: BTreeMap<u32, Option<String>>,
}

impl Context<'_> {
    fn group(&mut self, entry: &Entry) -> SocketGroup {
        let &Entry { transport, port, .. } = entry;
        let peer = |&(address, port): &(_, u16)| Peer { address, id: (transport, port).into() };
        SocketGroup {
            id: PortId { transport, port },
            watched: self.watched[transport as usize].contains(port),
            description: (usize::from(port) < PORTS)
                .then(|| describe(self.registry, transport, port)),
            network_namespace: entry.namespace,
            address: entry.address,
            dual_stack: entry.dual_stack,
            device: entry.device.clone(),
            state: entry.state,
            sockets: entry.sockets,
            inodes: entry.inodes.clone(),
            peers: entry.peers.iter().map(peer).collect(),
            uid: entry.uid,
            user: self.user(entry.uid),
            cgroup: entry.cgroup.map(|id| self.cgroup(id)),
            owner: entry.owner,
            processes: entry.holders.iter().filter_map(|&holder| self.process(holder)).collect(),
            more_processes: entry.more_holders,
            probes: (entry.namespace == self.own)
                .then(|| self.probes.get(transport, port).cloned())
                .flatten(),
        }
    }

    fn process(&mut self, holder: Holder) -> Option<ProcessState> {
        let process: &Process = self.answer.processes.get(&holder)?;
        let (through, thread) = match holder.through {
            who::Through::Descriptor => (Through::Descriptor, None),
            who::Through::Thread(thread) => (Through::Thread, Some(thread)),
            who::Through::IoUring => (Through::IoUring, None),
        };
        let user = process.uid.and_then(|uid| self.user(uid));
        Some(ProcessState { through: Some(through), thread, user, ..process.into() })
    }

    fn cgroup(&self, id: u64) -> SocketCgroup {
        match self.answer.cgroups.get(&id).cloned() {
            Some(Cgroup { path, unit, container }) => {
                SocketCgroup { id, path: Some(path), unit, container }
            }
            None => SocketCgroup { id, path: None, unit: None, container: None },
        }
    }

    /// Name of a user on this host; a container may have another for the same number.
    fn user(&mut self, uid: u32) -> Option<String> {
        let known = self.users.entry(uid).or_insert_with(|| {
            let user = uzers::get_user_by_uid(uid);
            user.map(|user| user.name().to_string_lossy().into_owned())
        });
        known.clone()
    }
}
