//! Words for facts that several kinds of event share.

use port12_common::{Shape, Transport};

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
pub fn proto(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
        Transport::UdpLite => "UDPLITE",
        Transport::Sctp => "SCTP",
        Transport::Dccp => "DCCP",
    }
}

/// The names of TCP's flags that are set, in the order of their bits (RFC 9293 section 3.1).
pub(super) fn flags(bits: u8) -> Vec<&'static str> {
    const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set = NAMES.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.map(|(_, name)| name).collect()
}
