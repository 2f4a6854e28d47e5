//! The sockets on the port, and what they take.

use port12_common::Transport;

use crate::{
    cli::who::selection::{Selected, Selection},
    host::sockets::SocketState,
    registry::Registry,
    who::{Answer, Entry, Limit, Question},
};

/// Who has the port in this network namespace. Where the host cannot be asked, that is a limit.
pub(super) fn ask(port: u16) -> Answer {
    let named = [Selection::from(port)];
    let ports = Selected::Named(&named).ports(Registry::embedded());
    Question { ports, all_namespaces: false }.ask().unwrap_or_else(|error| Answer {
        unseen: Transport::ALL.into(),
        limits: vec![Limit { what: format!("sockets: {error}"), needs: Vec::new() }],
        ..Answer::default()
    })
}

/// Whether a socket would take a stranger's conversation start: what the kernel's look-up finds.
pub(super) fn takes(entry: &Entry) -> bool {
    matches!(entry.state, SocketState::Listen | SocketState::Unconnected)
}

/// Whether a socket keeps the port from being dropped, as it is published: of UDP and UDP-Lite, any
/// does.
pub(super) fn is_published(entry: &Entry) -> bool {
    takes(entry) || matches!(entry.transport, Transport::Udp | Transport::UdpLite)
}
