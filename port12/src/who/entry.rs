//! Sockets that are alike, together: those of a SO_REUSEPORT group, and connections.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::Transport;

use super::{Holder, Owner, holders::Found};
use crate::host::sockets::{OpenSocket, SocketState};

/// So many inodes and peers of an entry are told.
const MOST: usize = 16;

/// A socket and where it is.
pub(super) struct Socket {
    pub(super) namespace: u64,
    pub(super) device: Option<String>,
    pub(super) open: OpenSocket,
}

/// Sockets that are alike but for their peers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The inode of their network namespace.
    pub namespace: u64,
    /// Their transport.
    pub transport: Transport,
    /// Their local port.
    pub port: u16,
    /// Their state.
    pub state: SocketState,
    /// Their local address; unspecified where they take any.
    pub address: IpAddr,
    /// Whether they are IPv6 sockets on any address that take IPv4 too.
    pub dual_stack: bool,
    /// The interface that they are bound to.
    pub device: Option<String>,
    /// The user who made them.
    pub uid: u32,
    /// The cgroup in which they were made.
    pub cgroup: Option<u64>,
    /// Evidence for their owner.
    pub owner: Owner,
    /// Processes that have them, with the lowest numbers.
    pub holders: Vec<Holder>,
    /// Further processes.
    pub more_holders: usize,
    /// How many there are.
    pub sockets: usize,
    /// The first of their inodes.
    pub inodes: Vec<u32>,
    /// The first of their peers.
    pub peers: Vec<(IpAddr, u16)>,
}

/// Puts sockets together, in order. Where some process could not be looked into, no socket is
/// nobody's.
pub(super) fn group(sockets: Vec<Socket>, found: &Found, is_blind: bool) -> Vec<Entry> {
    let mut groups = BTreeMap::new();
    for Socket { namespace, device, open } in sockets {
        let held = found.of(open.inode);
        let owner = match (open.inode, held.by.is_empty()) {
            (0, _) => Owner::Unaccepted,
            (_, false) => Owner::Process,
            (_, true) if is_blind => Owner::Unseen,
            (_, true) => Owner::None,
        };
        let place = (namespace, open.transport, open.port, open.state, open.address, device);
        let kind = (open.dual_stack, open.uid, open.cgroup, owner, held.by, held.more);
        let entry = groups.entry((place, kind)).or_insert_with_key(|(place, kind)| {
            let (namespace, transport, port, state, address, device) = place.clone();
            let (dual_stack, uid, cgroup, owner, holders, more_holders) = kind.clone();
            Entry {
                namespace,
                transport,
                port,
                state,
                address,
                dual_stack,
                device,
                uid,
                cgroup,
                owner,
                holders,
                more_holders,
                sockets: 0,
                inodes: Vec::new(),
                peers: Vec::new(),
            }
        });
        entry.sockets += 1;
        if open.inode != 0 && entry.inodes.len() < MOST {
            entry.inodes.push(open.inode);
        }
        if entry.peers.len() < MOST {
            entry.peers.extend(open.peer);
        }
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(port: u16, inode: u32, peer: Option<u16>) -> Socket {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let open = OpenSocket {
            transport: Transport::Tcp,
            port,
            address,
            dual_stack: false,
            peer: peer.map(|port| (address, port)),
            interface: None,
            state: if peer.is_some() { SocketState::Connected } else { SocketState::Listen },
            uid: 0,
            inode,
            cookie: [0; 8],
            cgroup: None,
        };
        Socket { namespace: 1, device: None, open }
    }

    #[test]
    fn what_is_alike_is_one_entry() {
        let mut sockets: Vec<Socket> =
            (0..100).map(|n| socket(12, n + 10, Some(40_000 + n as u16))).collect();
        sockets.extend([socket(12, 7, None), socket(12, 8, None), socket(4, 9, None)]);
        let entries = group(sockets, &Found::default(), false);
        let counts: Vec<_> =
            entries.iter().map(|it| (it.port, it.state.as_str(), it.sockets)).collect();
        assert_eq!(counts, [(4, "listen", 1), (12, "listen", 2), (12, "connected", 100)]);
        assert_eq!(entries[1].inodes, [7, 8]);
        assert_eq!((entries[2].peers.len(), entries[2].inodes.len()), (MOST, MOST));
    }

    #[test]
    fn who_could_not_look_everywhere_does_not_say_nobody() {
        let owner = |inode, is_blind| {
            group(vec![socket(12, inode, None)], &Found::default(), is_blind)[0].owner
        };
        assert_eq!(
            (owner(7, false), owner(7, true), owner(0, true)),
            (Owner::None, Owner::Unseen, Owner::Unaccepted)
        );
    }
}
