//! What is said of an event or an alert, in one place for all forms.

use port12_common::{Shape, Transport};

use crate::{
    event::Event,
    listeners::{Notice, What},
    who::Owner,
};

/// A shape, for people.
pub(super) fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::TcpSyn => "SYN",
        Shape::TcpNull => "NULL",
        Shape::TcpFin => "FIN",
        Shape::TcpXmas => "XMAS",
        Shape::TcpOther => "odd flags",
        Shape::TinyFragment => "tiny fragment",
        Shape::Datagram => "datagram",
        Shape::SctpInit => "INIT",
        Shape::DccpRequest => "Request",
    }
}

/// The name of a transport in Suricata's `proto`.
pub(super) fn proto(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
        Transport::UdpLite => "UDPLITE",
        Transport::Sctp => "SCTP",
        Transport::Dccp => "DCCP",
    }
}

/// What became of the frame, for people.
pub(super) fn verdict(event: &Event) -> &'static str {
    match event.is_dropped() {
        true => "dropped",
        false => "passed",
    }
}

/// Whether the source is heard of this port for the first time.
pub(super) fn touch(event: &Event) -> &'static str {
    match event.is_first {
        true => "first",
        false => "again",
    }
}

/// What has happened to a listener, in one word.
pub(super) fn happening(notice: &Notice) -> &'static str {
    match notice.what {
        What::Appeared { at_start: false } => "appeared",
        What::Appeared { at_start: true } => "was_there",
        What::Passed => "passed",
        What::Left => "left",
        What::Reached { .. } => "reached",
    }
}

/// Who has a listener, in one word.
pub(super) fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Process => "process",
        Owner::None => "none",
        Owner::Unseen | Owner::Unaccepted => "unseen",
    }
}

/// The names of TCP's flags that are set, in the order of their bits (RFC 9293 section 3.1).
pub(super) fn flags(bits: u8) -> Vec<&'static str> {
    const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set = NAMES.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.map(|(_, name)| name).collect()
}
