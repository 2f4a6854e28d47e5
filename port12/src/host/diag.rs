//! Sockets, as sock_diag lists them (kernel 3.3).

mod filter;
mod socket;

use std::fs;

use netlink_packet_core::{DecodeError, Emitable};
use netlink_packet_sock_diag::{
    constants::{AF_INET, AF_INET6},
    inet::{ExtensionFlags, InetRequest, SocketId, StateFlags},
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use port12_common::Transport;

use super::{
    HostError,
    netlink::{Request, Scope, push_attribute},
};

pub use filter::PortRanges;
pub use socket::{OpenSocket, SocketState};

/// `SOCK_DIAG_BY_FAMILY` (linux/sock_diag.h).
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// `INET_DIAG_REQ_BYTECODE` (linux/inet_diag.h).
const INET_DIAG_REQ_BYTECODE: u16 = 1;

/// A question for sockets of both address families.
pub(super) struct Question<'a> {
    pub(super) transport: Transport,
    pub(super) states: StateFlags,
    /// Their local ports; `None` takes any.
    pub(super) ports: Option<&'a PortRanges>,
}

/// Why a list may be short.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Gap {
    /// The kernel does not have the transport: no socket can exist.
    Absent,
    /// It has the transport, and cannot list its sockets (no `*_diag` module).
    Unseen,
}

/// What was listed.
pub(super) struct Answer<T> {
    pub(super) items: Vec<T>,
    pub(super) gap: Option<Gap>,
}

impl Question<'_> {
    /// Asks. The kernel filters by state and port, so that what is not asked for costs next to
    /// nothing; sctp_diag ignores the ports.
    pub(super) fn ask<T>(
        &self,
        mut read: impl FnMut(&[u8]) -> Result<Option<T>, DecodeError>,
    ) -> Result<Answer<T>, HostError> {
        let mut items = Vec::new();
        let (mut missing, mut unseen) = (0, false);
        for family in [AF_INET, AF_INET6] {
            match listing(&self.payload(family)).ask(&mut read) {
                Ok(found) => items.extend(found),
                Err(error) if error.is_unsupported() => {
                    missing += 1;
                    unseen |= is_registered(self.transport, family);
                }
                Err(error) => return Err(error),
            }
        }
        let gap = match (unseen, missing) {
            (true, _) => Some(Gap::Unseen),
            (false, 2) => Some(Gap::Absent),
            (false, _) => None,
        };
        Ok(Answer { items, gap })
    }

    fn payload(&self, family: u8) -> Vec<u8> {
        let request = InetRequest {
            family,
            protocol: self.transport.protocol(),
            extensions: ExtensionFlags::empty(),
            states: self.states.clone(),
            socket_id: if family == AF_INET { SocketId::new_v4() } else { SocketId::new_v6() },
        };
        let mut payload = vec![0; request.buffer_len()];
        request.emit(&mut payload);
        if let Some(ports) = self.ports {
            push_attribute(&mut payload, INET_DIAG_REQ_BYTECODE, &ports.filter());
        }
        payload
    }
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
