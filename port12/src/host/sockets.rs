//! Which well-known ports have a socket in this network namespace.
//!
//! The question behind it: would a packet that starts a conversation with this port find a
//! taker? For TCP, SCTP and DCCP that is a socket that listens; a TCP socket that is bound and
//! neither listens nor connects answers with a reset, as a closed port does, and sock_diag shows
//! it only from kernel 6.8 on. For UDP and UDP-Lite it is any socket.
//!
//! A packet socket, a raw socket, a queue to user space and a BPF program that redirects a packet
//! to a socket of another port (`sk_lookup`, `sk_assign`) are takers that no list of ports shows.

use std::{collections::BTreeSet, fs, net::IpAddr};

use netlink_packet_core::{DecodeError, Emitable, Parseable};
use netlink_packet_sock_diag::{
    constants::{AF_INET, AF_INET6},
    inet::{ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags},
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use port12_common::{Transport, abi::Sockets};

use super::{
    HostError,
    netlink::{Request, Scope, push_attribute},
};

const LAST_PORT: u16 = 1023;

/// `SOCK_DIAG_BY_FAMILY` (linux/sock_diag.h).
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// `INET_DIAG_REQ_BYTECODE` (linux/inet_diag.h).
const INET_DIAG_REQ_BYTECODE: u16 = 1;

/// `INET_DIAG_BC_S_LE` (linux/inet_diag.h).
const SOURCE_PORT_AT_MOST: u8 = 3;

/// A socket on a well-known port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenSocket {
    /// Its transport.
    pub transport: Transport,
    /// The local port, 0 to 1023.
    pub port: u16,
    /// The local address; unspecified where it takes any.
    pub address: IpAddr,
    /// The peer, where the socket is connected.
    pub peer: Option<(IpAddr, u16)>,
    /// The index of the interface that it is bound to.
    pub interface: Option<u32>,
    /// The user id of its owner.
    pub uid: u32,
    /// The inode, as `/proc/PID/fd` names it; 0 for a socket of the kernel's own.
    pub inode: u32,
}

/// The sockets on well-known ports, and what could not be seen of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OpenSockets {
    /// Every socket that was seen.
    pub sockets: Vec<OpenSocket>,
    /// Transports that this kernel does not have: no socket can exist.
    pub absent: Vec<Transport>,
    /// Transports that this kernel has but cannot list (no `*_diag` module): that no socket was
    /// seen proves nothing.
    pub unseen: Vec<Transport>,
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

/// Lists the sockets on ports 0 to 1023. The kernel filters by state and port, so established
/// connections and high ports cost next to nothing.
///
/// # Errors
///
/// Where the kernel refuses or garbles a list. A transport that it lacks is reported, not failed.
pub fn scan() -> Result<OpenSockets, HostError> {
    let mut open = OpenSockets::default();
    for transport in Transport::ALL {
        let mut missing = 0;
        for family in [AF_INET, AF_INET6] {
            match list(transport, family) {
                Ok(sockets) => open.sockets.extend(sockets),
                Err(error) if error.is_unsupported() => {
                    missing += 1;
                    if is_registered(transport, family) && !open.unseen.contains(&transport) {
                        open.unseen.push(transport);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if missing == 2 && !open.unseen.contains(&transport) {
            open.absent.push(transport);
        }
    }
    Ok(open)
}

/// The peers of TCP connections and of connected UDP sockets, on any port.
///
/// # Errors
///
/// Where the kernel refuses or garbles a list.
pub fn peers() -> Result<BTreeSet<IpAddr>, HostError> {
    let mut peers = BTreeSet::new();
    for transport in [Transport::Tcp, Transport::Udp] {
        for family in [AF_INET, AF_INET6] {
            // The peer has answered: nobody gets here with a forged address.
            let states = StateFlags::ESTABLISHED | StateFlags::CLOSE_WAIT;
            let payload = emitted(transport, family, states);
            match listing(&payload).ask(|message| {
                let peer = InetResponseHeader::parse(message)?.socket_id.destination_address;
                Ok((!peer.is_unspecified()).then(|| peer.to_canonical()))
            }) {
                Ok(found) => peers.extend(found),
                Err(error) if error.is_unsupported() => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(peers)
}

fn list(transport: Transport, family: u8) -> Result<Vec<OpenSocket>, HostError> {
    listing(&request(transport, family)).ask(|message| read(message, transport))
}

/// A request for a list of sockets.
fn listing(payload: &[u8]) -> Request<'_> {
    Request {
        protocol: NETLINK_SOCK_DIAG,
        kind: SOCK_DIAG_BY_FAMILY,
        scope: Scope::List,
        payload,
        what: "sockets",
    }
}

fn request(transport: Transport, family: u8) -> Vec<u8> {
    let mut payload = emitted(transport, family, states(transport));
    push_attribute(&mut payload, INET_DIAG_REQ_BYTECODE, &well_known_only());
    payload
}

fn emitted(transport: Transport, family: u8, states: StateFlags) -> Vec<u8> {
    let request = InetRequest {
        family,
        protocol: protocol(transport),
        extensions: ExtensionFlags::empty(),
        states,
        socket_id: if family == AF_INET { SocketId::new_v4() } else { SocketId::new_v6() },
    };
    let mut payload = vec![0; request.buffer_len()];
    request.emit(&mut payload);
    payload
}

/// The filter `source port <= 1023`: an operation of two elements, the second of which holds the
/// port. A match jumps to the end of the program (8), anything else beyond it (12).
fn well_known_only() -> [u8; 8] {
    let [beyond, port] = [12_u16.to_ne_bytes(), LAST_PORT.to_ne_bytes()];
    [SOURCE_PORT_AT_MOST, 8, beyond[0], beyond[1], 0, 0, port[0], port[1]]
}

fn states(transport: Transport) -> StateFlags {
    match transport {
        Transport::Tcp | Transport::Dccp => StateFlags::LISTEN,
        // With any further state the kernel would list associations too.
        Transport::Sctp => StateFlags::LISTEN | StateFlags::CLOSE,
        Transport::Udp | Transport::UdpLite => StateFlags::all(),
    }
}

fn protocol(transport: Transport) -> u8 {
    let protocol = match transport {
        Transport::Tcp => libc::IPPROTO_TCP,
        Transport::Udp => libc::IPPROTO_UDP,
        Transport::UdpLite => libc::IPPROTO_UDPLITE,
        Transport::Sctp => libc::IPPROTO_SCTP,
        Transport::Dccp => libc::IPPROTO_DCCP,
    };
    protocol as u8
}

fn read(message: &[u8], transport: Transport) -> Result<Option<OpenSocket>, DecodeError> {
    let header = InetResponseHeader::parse(message)?;
    let id = header.socket_id;
    // sctp_diag ignores the filter.
    if id.source_port > LAST_PORT {
        return Ok(None);
    }
    let peer = (id.destination_port != 0).then_some((id.destination_address, id.destination_port));
    Ok(Some(OpenSocket {
        transport,
        port: id.source_port,
        address: id.source_address,
        peer,
        interface: Some(id.interface_id).filter(|&index| index != 0),
        uid: header.uid,
        inode: header.inode,
    }))
}

/// Whether the kernel has a transport, loaded: a list of sockets never loads it. Where this
/// cannot be read it counts as there, and so its sockets as unseen.
fn is_registered(transport: Transport, family: u8) -> bool {
    let name = match (transport, family == AF_INET) {
        (Transport::Tcp, true) => "TCP",
        (Transport::Tcp, false) => "TCPv6",
        (Transport::Udp, true) => "UDP",
        (Transport::Udp, false) => "UDPv6",
        (Transport::UdpLite, true) => "UDP-Lite",
        (Transport::UdpLite, false) => "UDPLITEv6",
        (Transport::Sctp, true) => "SCTP",
        (Transport::Sctp, false) => "SCTPv6",
        (Transport::Dccp, true) => "DCCP",
        (Transport::Dccp, false) => "DCCPv6",
    };
    fs::read_to_string("/proc/thread-self/net/protocols").map_or(true, |protocols| {
        protocols.lines().any(|line| line.split_whitespace().next() == Some(name))
    })
}
