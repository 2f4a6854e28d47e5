//! The sockets on the port, and what they take.

use port12_common::Transport;

use crate::{
    model::SocketState,
    query::who::selection::{Selected, Selection},
    registry::Registry,
    who::{Answer, Entry, Question},
};

/// Sockets on the port in this network namespace, with their owners.
pub(super) fn ask(port: u16) -> Answer {
    let named = [Selection::from(port)];
    let ports = Selected::Named(&named).ports(Registry::embedded());
    Question { ports, all_namespaces: false }.ask()
}

/// Whether a socket would take a stranger's conversation start: what the kernel's look-up finds.
pub(super) fn takes(entry: &Entry) -> bool {
    matches!(entry.state, SocketState::Listen | SocketState::Unconnected)
}

/// Possible answers of a look-up on a transport: twice the same if its sockets could be listed.
pub(super) fn found(answer: &Answer, transport: Transport) -> [bool; 2] {
    let found = answer.entries.iter().any(|it| it.transport == transport && takes(it));
    [found, found || answer.unseen.contains_key(&transport)]
}

/// Whether a socket keeps the port from being dropped, as it is published: any does, if it receives datagrams.
pub(super) fn is_published(entry: &Entry) -> bool {
    takes(entry) || entry.transport.is_datagram()
}
