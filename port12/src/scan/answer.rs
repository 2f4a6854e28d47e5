//! What is plainly an answer, and no probe.
//!
//! A late answer finds its socket gone, and a reflected flood never had one. Either comes from the port of
//! a service, which proves nothing (`nmap -g 53`), so its payload has to be an answer of that service too.

use port12_common::Transport;

use crate::event::Event;

/// Bytes of a UDP header.
const UDP_HEADER: usize = 8;
/// Bytes of a DNS header (RFC 1035 section 4.1.1).
const DNS_HEADER: usize = 12;
/// Bytes of an NTP packet without extensions (RFC 5905 section 7.3).
const NTP_PACKET: usize = 48;
/// Bytes of the header of an NTP control message (RFC 9327 section 2).
const NTP_CONTROL_HEADER: usize = 12;

/// Whether an event is about an answer. Where too little of the frame is known, it is not.
pub fn is_answer(event: &Event) -> bool {
    let (Transport::Udp | Transport::UdpLite) = event.transport else {
        return false;
    };
    let Some(payload) = payload(event) else {
        return false;
    };
    match event.source_port {
        // DNS, NetBIOS names (RFC 1002 section 4.2.1), mDNS and LLMNR have the same header.
        53 | 137 | 5353 | 5355 => is_dns(payload),
        123 => is_ntp(payload),
        // SSDP.
        1900 => payload.starts_with(b"HTTP/1.1 200 "),
        _ => is_rpc(payload),
    }
}

/// What follows the UDP header, without what pads the frame.
fn payload(event: &Event) -> Option<&[u8]> {
    let start = event.headers.payload?;
    let bytes = event.frame.get(start..)?;
    let length = event.frame.get(start.checked_sub(4)?..start.checked_sub(2)?)?;
    let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
    let of_datagram = match event.transport {
        Transport::Udp => length.saturating_sub(UDP_HEADER),
        // The field says how much of it the checksum covers (RFC 3828 section 3.1).
        Transport::UdpLite | Transport::Tcp | Transport::Sctp | Transport::Dccp => bytes.len(),
    };
    Some(&bytes[..bytes.len().min(of_datagram)])
}

/// The QR bit.
fn is_dns(payload: &[u8]) -> bool {
    payload.len() >= DNS_HEADER && payload[2] & 0x80 != 0
}

/// A server's answer to a client or a peer, a broadcast, or an answer to `ntpq` or `ntpdc`.
fn is_ntp(payload: &[u8]) -> bool {
    let [first, second, ..] = payload else {
        return false;
    };
    match first & 7 {
        2 | 4 | 5 => payload.len() >= NTP_PACKET,
        6 => payload.len() >= NTP_CONTROL_HEADER && second & 0x80 != 0,
        7 => first & 0x80 != 0,
        _ => false,
    }
}

/// An ONC RPC reply (RFC 5531 section 9), from whatever port the service has. Its clients bind to
/// well-known ports, unassigned ones among them.
fn is_rpc(payload: &[u8]) -> bool {
    matches!(payload, [_, _, _, _, 0, 0, 0, 1, 0, 0, 0, 0 | 1, ..])
}
