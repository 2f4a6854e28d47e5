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
pub use socket::OpenSocket;

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
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Gap {
    /// The kernel does not have the transport: no socket can exist.
    Absent,
    /// The kernel has the transport, and its sockets could not be listed, for this reason.
    Unseen(String),
}

/// Sockets that were listed.
pub(super) struct Answer<T> {
    pub(super) items: Vec<T>,
    pub(super) gap: Option<Gap>,
}

impl Question<'_> {
    /// Asks. The kernel filters by state and port, so that what is not asked for costs next to
    /// nothing; sctp_diag ignores the ports. Whatever prevents an answer is a [`Gap`].
    pub(super) fn ask<T>(
        &self,
        mut read: impl FnMut(&[u8]) -> Result<Option<T>, DecodeError>,
    ) -> Answer<T> {
        let mut items = Vec::new();
        let (mut missing, mut unseen) = (0, None);
        for family in [AF_INET, AF_INET6] {
            match listing(&self.payload(family)).ask(&mut read) {
                Ok(found) => items.extend(found),
                Err(error) if is_registered(self.transport, family) => {
                    unseen = unseen.or(Some(self.why(&error)));
                }
                Err(_) => missing += 1,
            }
        }
        let gap = match (unseen, missing) {
            (Some(why), _) => Some(Gap::Unseen(why)),
            (None, 2) => Some(Gap::Absent),
            (None, _) => None,
        };
        Answer { items, gap }
    }

    /// Why the sockets could not be listed. The answers to a missing module are documented nowhere:
    /// `EPROTONOSUPPORT` without sock_diag, `ENOENT` without inet_diag or the transport's own.
    fn why(&self, error: &HostError) -> String {
        match error.is_unsupported() {
            true => format!(
                "{error}; the kernel lacks the module {}",
                self.transport.info().diag_module
            ),
            false => error.to_string(),
        }
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
    let [v4, v6] = transport.info().kernel_names;
    let name = if family == AF_INET { v4 } else { v6 };
    fs::read_to_string("/proc/thread-self/net/protocols").map_or(true, |protocols| {
        protocols.lines().any(|line| line.split_whitespace().next() == Some(name))
    })
}
