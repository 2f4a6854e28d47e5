//! Which ports have a socket in this network namespace.
//!
//! The question behind [`scan`]: would a packet that starts a conversation with this port find a
//! taker? For TCP, SCTP and DCCP that is a socket that listens; a TCP socket that is bound and
//! neither listens nor connects answers with a reset, as a closed port does, and sock_diag shows
//! it only from kernel 6.8 on. For UDP and UDP-Lite it is any socket.
//!
//! A packet socket, a raw socket, a queue to user space and a BPF program that redirects a packet
//! to a socket of another port (`sk_lookup`, `sk_assign`) are takers that no list of ports shows.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
};

use netlink_packet_core::Parseable;
use netlink_packet_sock_diag::inet::{InetResponseHeader, StateFlags};
use port12_common::{SocketStates, Transport, abi::Sockets};

use super::diag::{Gap, Question};

pub use super::diag::{OpenSocket, PortRanges};
pub use crate::model::SocketState;

/// TCP sockets that have a port and neither listen nor are connected: `TCPF_BOUND_INACTIVE`
/// (net/tcp_states.h; kernel 6.8, ignored before).
const BOUND_INACTIVE: StateFlags = StateFlags::from_bits_retain(1 << 13);

/// Sockets, and the transports whose sockets could not be listed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OpenSockets {
    /// Every socket that was seen.
    pub sockets: Vec<OpenSocket>,
    /// Transports that this kernel does not have: no socket can exist.
    pub absent: Vec<Transport>,
    /// Transports whose sockets could not be listed, with the reason: a missing `*_diag` module, or a
    /// request that the kernel refused. No socket in the list proves nothing for them.
    pub unseen: BTreeMap<Transport, String>,
}

impl OpenSockets {
    /// The bitmap to publish. Its heartbeat is the caller's to set.
    pub fn bitmap(&self) -> Sockets {
        let mut bitmap = Sockets::EMPTY;
        for socket in &self.sockets {
            bitmap.insert(socket.transport, socket.port);
        }
        bitmap
    }
}

/// Lists the sockets on ports 0 to 1023 that would take the start of a conversation.
pub fn scan() -> OpenSockets {
    takers(&[(); Transport::ALL.len()].map(|()| PortRanges::well_known()))
}

/// Lists the sockets on some local ports, by transport, that would take the start of a conversation.
pub fn takers(ports: &[PortRanges; Transport::ALL.len()]) -> OpenSockets {
    list(|transport| {
        let states = match transport.info().states {
            SocketStates::Connection => StateFlags::LISTEN,
            // With any further state the kernel would list associations too.
            SocketStates::Association => StateFlags::LISTEN | StateFlags::CLOSE,
            SocketStates::Datagram => StateFlags::all(),
        };
        (states, &ports[transport as usize])
    })
}

/// Lists the sockets that have some local ports, whatever they do there, by transport. Connections
/// that nobody has any longer (`TIME_WAIT`, and what its process has closed) or yet (`SYN_RECV`) are
/// left out.
pub fn bound(ports: &[PortRanges; Transport::ALL.len()]) -> OpenSockets {
    let left_out = StateFlags::TIME_WAIT | StateFlags::SYN_RECV;
    let states = (StateFlags::all() - left_out) | BOUND_INACTIVE;
    let mut open = list(|transport| (states.clone(), &ports[transport as usize]));
    // One that changes while the list is read may be in it twice.
    let mut seen = HashSet::with_capacity(open.sockets.len());
    open.sockets.retain(|socket| {
        let is_closed = socket.inode == 0 && socket.state == SocketState::Closing;
        !is_closed && seen.insert((socket.cookie, socket.peer))
    });
    open
}

fn list<'a>(wanted: impl Fn(Transport) -> (StateFlags, &'a PortRanges)) -> OpenSockets {
    let mut open = OpenSockets::default();
    for transport in Transport::ALL {
        let (states, ports) = wanted(transport);
        if ports.is_empty() {
            continue;
        }
        let answer = Question { transport, states, ports: Some(ports) }.ask(|message| {
            let socket = OpenSocket::read(message, transport)?;
            Ok(Some(socket).filter(|socket| ports.contains(socket.port)))
        });
        open.sockets.extend(answer.items);
        match answer.gap {
            Some(Gap::Absent) => open.absent.push(transport),
            Some(Gap::Unseen(why)) => {
                open.unseen.insert(transport, why);
            }
            None => {}
        }
    }
    open
}

/// The hosts that this one is connected to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Peers {
    /// Addresses that were listed.
    pub addresses: BTreeSet<IpAddr>,
    /// Reason why there may be more; `None` when the list is complete.
    pub unlisted: Option<String>,
}

/// The peers of established TCP connections and of connected UDP sockets, on any port.
pub fn peers() -> Peers {
    let mut peers = Peers::default();
    for transport in [Transport::Tcp, Transport::Udp] {
        // The peer has answered: nobody gets here with a forged address.
        let states = StateFlags::ESTABLISHED | StateFlags::CLOSE_WAIT;
        let answer = Question { transport, states, ports: None }.ask(|message| {
            let peer = InetResponseHeader::parse(message)?.socket_id.destination_address;
            Ok((!peer.is_unspecified()).then(|| peer.to_canonical()))
        });
        peers.addresses.extend(answer.items);
        if let Some(Gap::Unseen(why)) = answer.gap {
            peers.unlisted = peers.unlisted.or(Some(format!("{transport}: {why}")));
        }
    }
    peers
}
