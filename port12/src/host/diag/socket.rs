//! A socket, as a message of sock_diag tells it.

use std::net::IpAddr;

use netlink_packet_core::{DecodeError, Parseable};
use netlink_packet_sock_diag::{constants::AF_INET6, inet::InetResponseHeader};
use port12_common::{SocketStates, Transport};

use crate::{
    host::netlink::{attributes, behind},
    model::SocketState,
};

/// `sizeof(struct inet_diag_msg)` (linux/inet_diag.h).
const FIXED: usize = 72;

/// `INET_DIAG_SKV6ONLY` (linux/inet_diag.h); told of what listens or is not connected.
const V6_ONLY: u16 = 11;

/// `INET_DIAG_CGROUP_ID` (linux/inet_diag.h; kernel 5.7).
const CGROUP_ID: u16 = 21;

/// The kernel's number (`TCP_*`, net/tcp_states.h, which all transports share but for SCTP's
/// associations: `SCTP_STATE_*`, net/sctp/constants.h).
fn state_of(transport: Transport, number: u8, has_peer: bool) -> SocketState {
    match (transport.info().states, number) {
        (SocketStates::Association, 0..=2) if has_peer => SocketState::Connecting,
        (SocketStates::Association, 3) if has_peer => SocketState::Connected,
        (SocketStates::Association, _) if has_peer => SocketState::Closing,
        (_, 10) => SocketState::Listen,
        (SocketStates::Datagram, 1) => SocketState::Connected,
        (SocketStates::Datagram, _) => SocketState::Unconnected,
        (_, 7) => SocketState::Bound,
        (_, 1) => SocketState::Connected,
        (_, 2 | 3 | 12) => SocketState::Connecting,
        _ => SocketState::Closing,
    }
}

/// A socket with a local port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenSocket {
    /// Its transport.
    pub transport: Transport,
    /// The local port.
    pub port: u16,
    /// The local address; unspecified where it takes any.
    pub address: IpAddr,
    /// Whether it is an IPv6 socket on any address that takes IPv4 too.
    pub dual_stack: bool,
    /// The peer, where the socket is connected.
    pub peer: Option<(IpAddr, u16)>,
    /// The index of the interface that it is bound to.
    pub interface: Option<u32>,
    /// State.
    pub state: SocketState,
    /// The user id of its owner.
    pub uid: u32,
    /// The inode, as `/proc/PID/fd` names it. 0 where it belongs to no descriptor: a connection that
    /// is not accepted yet, or that its process has closed.
    pub inode: u32,
    /// Identity.
    pub cookie: [u8; 8],
    /// The cgroup in which it was made: the inode of its directory (kernel 5.7).
    pub cgroup: Option<u64>,
}

impl OpenSocket {
    pub(in crate::host) fn read(message: &[u8], transport: Transport) -> Result<Self, DecodeError> {
        let header = InetResponseHeader::parse(message)?;
        let id = header.socket_id;
        let (mut v6_only, mut cgroup) = (None, None);
        for attribute in attributes(behind(message, FIXED)?) {
            match attribute? {
                (V6_ONLY, value) => v6_only = value.first().copied(),
                (CGROUP_ID, value) => cgroup = value.first_chunk().copied().map(u64::from_ne_bytes),
                _ => {}
            }
        }
        let peer =
            (id.destination_port != 0).then_some((id.destination_address, id.destination_port));
        let any_v6 = header.family == AF_INET6 && id.source_address.is_unspecified();
        Ok(Self {
            transport,
            port: id.source_port,
            address: id.source_address.to_canonical(),
            dual_stack: any_v6 && v6_only == Some(0),
            peer: peer.map(|(address, port)| (address.to_canonical(), port)),
            interface: Some(id.interface_id).filter(|&index| index != 0),
            state: state_of(transport, header.state, peer.is_some()),
            uid: header.uid,
            inode: header.inode,
            cookie: id.cookie,
            cgroup,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_means_what_its_transport_means() {
        let state = |transport, number, peer| state_of(transport, number, peer).as_str();
        assert_eq!(state(Transport::Tcp, 7, false), "bound");
        assert_eq!(state(Transport::Udp, 7, false), "unconnected");
        assert_eq!(state(Transport::Udp, 1, true), "connected");
        assert_eq!(state(Transport::Tcp, 8, true), "closing");
        assert_eq!(state(Transport::Tcp, 2, true), "connecting");
        assert_eq!(state(Transport::Sctp, 10, false), "listen");
        assert_eq!(state(Transport::Sctp, 3, true), "connected");
        assert_eq!(state(Transport::Sctp, 1, true), "connecting");
    }

    #[test]
    fn a_message_that_is_cut_is_an_error() {
        assert!(OpenSocket::read(&[0; 71], Transport::Tcp).is_err());
    }
}
