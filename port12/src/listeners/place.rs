//! Identities of sockets and listeners.

use std::net::IpAddr;

use port12_common::Transport;

use crate::{
    host::sockets::{OpenSocket, SocketState},
    who::{Owned, Owner},
};

/// A socket. One that gets another port or address is another.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Key {
    pub(super) transport: Transport,
    pub(super) port: u16,
    pub(super) address: IpAddr,
    pub(super) cookie: [u8; 8],
}

/// Key of a listener: sockets with the same key are one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    pub(super) transport: Transport,
    pub(super) port: u16,
    pub(super) address: IpAddr,
    pub(super) dual_stack: bool,
    pub(super) interface: Option<u32>,
    pub(super) uid: u32,
    pub(super) owner: Owner,
    pub(super) pids: Vec<i32>,
}

/// Whether a socket would take the start of a conversation.
pub(super) fn is_taker(socket: &OpenSocket) -> bool {
    matches!(socket.state, SocketState::Listen | SocketState::Unconnected)
}

impl Key {
    pub(super) fn of(socket: &OpenSocket) -> Self {
        let &OpenSocket { transport, port, address, cookie, .. } = socket;
        Self { transport, port, address, cookie }
    }
}

impl Place {
    pub(super) fn of(owned: &Owned) -> Self {
        let open = &owned.open;
        Self {
            transport: open.transport,
            port: open.port,
            address: open.address,
            dual_stack: open.dual_stack,
            interface: open.interface,
            uid: open.uid,
            owner: owned.owner,
            pids: owned.processes.iter().map(|process| process.pid).collect(),
        }
    }
}
