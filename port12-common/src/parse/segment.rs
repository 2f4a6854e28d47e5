//! Transport headers, as far as the decision needs them.

use super::{Packet, Part, is_padded};
use crate::{Frame, Malformed, Shape, Transport, frame::first, hint::rarely};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
const URG: u8 = 0x20;

/// Bytes of a transport header that a first fragment must hold for its kind to count: TCP's flags are byte 13, SCTP's
/// chunk type byte 12, DCCP's packet type byte 8. Linux cuts an IPv4 fragment that others follow to a multiple of
/// eight bytes, and takes the rest from the next one.
const WITH_KIND: usize = 16;

/// SCTP's INIT chunk (RFC 9260 section 3.2).
const SCTP_INIT: u8 = 1;

/// DCCP's Request packet (RFC 4340 section 5.1).
const DCCP_REQUEST: u8 = 0;

/// The destination port of a packet that holds both: the first four bytes of every transport
/// header.
#[inline(always)]
pub(crate) fn port<F: Frame>(frame: &F, packet: &Packet) -> Option<u16> {
    let [_, port] = checked::<F, 2>(frame, packet)?;
    Some(u16::from_be(port))
}

/// The source port. It is read where it is needed, which is rarely.
#[inline(always)]
pub(crate) fn source_port<F: Frame>(frame: &F, packet: &Packet) -> Option<u16> {
    let [port] = frame.words::<1>(packet.transport)?;
    Some(u16::from_be(port))
}

/// Whether a header holds what the decision needs.
#[inline(always)]
pub(crate) fn check<F: Frame>(
    frame: &F,
    packet: &Packet,
    transport: Transport,
) -> Result<(), Malformed> {
    let is_whole = match transport {
        Transport::Tcp => return check_tcp(frame, packet),
        Transport::Udp | Transport::UdpLite => header::<F, 4>(frame, packet).is_some(),
        Transport::Sctp => header::<F, 8>(frame, packet).is_some() || is_tiny(packet, transport),
        Transport::Dccp => header::<F, 6>(frame, packet).is_some() || is_tiny(packet, transport),
    };
    if is_whole { Ok(()) } else { Err(truncated(transport)) }
}

/// The shape of a conversation start, or `None` for everything later, of a header that was
/// [checked](check).
#[inline(always)]
pub(crate) fn shape<F: Frame>(frame: &F, packet: &Packet, transport: Transport) -> Option<Shape> {
    match transport {
        Transport::Tcp => tcp(frame, packet),
        Transport::Udp | Transport::UdpLite => Some(Shape::Datagram),
        Transport::Sctp | Transport::Dccp if is_tiny(packet, transport) => {
            Some(Shape::TinyFragment)
        }
        Transport::Sctp => {
            let words = checked::<F, 8>(frame, packet)?;
            (first(words[6]) == SCTP_INIT).then_some(Shape::SctpInit)
        }
        Transport::Dccp => {
            let words = checked::<F, 6>(frame, packet)?;
            let packet_type = (first(words[4]) >> 1) & 0xf;
            (packet_type == DCCP_REQUEST).then_some(Shape::DccpRequest)
        }
    }
}

/// Whether a [plain](super::plain) packet holds its transport header: what [`check`] finds, without
/// a reason where it does not.
#[inline(always)]
pub(crate) fn is_held<F: Frame>(frame: &F, packet: &Packet, transport: Transport) -> bool {
    if transport != Transport::Tcp {
        return check(frame, packet, transport).is_ok();
    }
    let Some(words) = frame.words::<10>(packet.transport) else {
        return false;
    };
    let length = tcp_length(&words);
    let end = packet.transport + length;
    if length < 20 || end > packet.end {
        return false;
    }
    // A frame that is as long as its packet is asked no more.
    !rarely(!is_padded(frame.length(), packet.end)) || end <= frame.length()
}

/// Whether a packet is a first fragment that ends before the field that says what it starts, to hide that.
#[inline(always)]
pub(crate) fn is_tiny(packet: &Packet, transport: Transport) -> bool {
    match transport {
        Transport::Tcp | Transport::Sctp | Transport::Dccp => {
            packet.part == Part::First && !packet.holds(packet.transport, WITH_KIND)
        }
        Transport::Udp | Transport::UdpLite => false,
    }
}

/// Whether a TCP segment opens a connection: SYN without ACK and RST. A [tiny](is_tiny) fragment has no flags to tell.
#[inline(always)]
pub(crate) fn is_bare_syn<F: Frame>(frame: &F, packet: &Packet) -> bool {
    if is_tiny(packet, Transport::Tcp) {
        return false;
    }
    let Some([word]) = frame.words::<1>(packet.transport + 12) else {
        return false;
    };
    let [_, flags] = u16::from_be(word).to_be_bytes();
    flags & (SYN | ACK | RST) == SYN
}

/// The reason of a transport header that is cut short.
#[inline(always)]
pub(crate) const fn truncated(transport: Transport) -> Malformed {
    match transport {
        Transport::Tcp => Malformed::TcpTruncated,
        Transport::Udp | Transport::UdpLite => Malformed::UdpTruncated,
        Transport::Sctp => Malformed::SctpTruncated,
        Transport::Dccp => Malformed::DccpTruncated,
    }
}

#[inline(always)]
fn header<F: Frame, const N: usize>(frame: &F, packet: &Packet) -> Option<[u16; N]> {
    if !packet.holds(packet.transport, 2 * N) {
        return None;
    }
    frame.words::<N>(packet.transport)
}

/// The words of a header that was [checked](check) to be there in a packet that is whole.
#[inline(always)]
fn checked<F: Frame, const N: usize>(frame: &F, packet: &Packet) -> Option<[u16; N]> {
    match packet.part {
        Part::Whole => frame.words::<N>(packet.transport),
        Part::First | Part::Later => header::<F, N>(frame, packet),
    }
}

/// The bytes of a TCP header, by its data offset.
#[inline(always)]
fn tcp_length(words: &[u16; 10]) -> usize {
    let [offset_byte, _] = u16::from_be(words[6]).to_be_bytes();
    usize::from(offset_byte >> 4) * 4
}

#[inline(always)]
fn check_tcp<F: Frame>(frame: &F, packet: &Packet) -> Result<(), Malformed> {
    let Some(words) = header::<F, 10>(frame, packet) else {
        return check_short_fragment(frame, packet);
    };
    let length = tcp_length(&words);
    let end = packet.transport + length;
    let beyond = !packet.holds(packet.transport, length) || end > frame.length();
    // The options of a first fragment may follow in the next one.
    if length < 20 || (beyond && packet.part == Part::Whole) {
        return Err(Malformed::TcpDataOffset);
    }
    Ok(())
}

/// A first fragment with less than a TCP header. With its flags it is what they say, without them
/// a conversation start of a shape of its own.
#[inline(always)]
fn check_short_fragment<F: Frame>(frame: &F, packet: &Packet) -> Result<(), Malformed> {
    if packet.part != Part::First || packet.holds(packet.transport, 20) {
        return Err(Malformed::TcpTruncated);
    }
    if is_tiny(packet, Transport::Tcp) {
        return Ok(());
    }
    let words = header::<F, 7>(frame, packet).ok_or(Malformed::TcpTruncated)?;
    let [offset_byte, _] = u16::from_be(words[6]).to_be_bytes();
    if offset_byte >> 4 < 5 { Err(Malformed::TcpDataOffset) } else { Ok(()) }
}

#[inline(always)]
fn tcp<F: Frame>(frame: &F, packet: &Packet) -> Option<Shape> {
    if is_tiny(packet, Transport::Tcp) {
        return Some(Shape::TinyFragment);
    }
    // As `check_tcp` reads it, where it can: the compiler then reads once.
    let word = match checked::<F, 10>(frame, packet) {
        Some(words) => words[6],
        None => header::<F, 7>(frame, packet)?[6],
    };
    let [_, flags] = u16::from_be(word).to_be_bytes();
    if flags & (ACK | RST) != 0 {
        return None;
    }
    Some(TCP_SHAPES[usize::from(flags & 0x3f)])
}

/// By the six flags of RFC 9293, which each look at would branch on; of those without ACK and RST.
static TCP_SHAPES: [Shape; 64] = {
    let mut shapes = [Shape::TcpOther; 64];
    let mut flags = 0;
    while flags < shapes.len() {
        shapes[flags] = tcp_shape(flags as u8);
        flags += 1;
    }
    shapes
};

const fn tcp_shape(flags: u8) -> Shape {
    match flags & (FIN | SYN | PSH | URG) {
        SYN => Shape::TcpSyn,
        0 => Shape::TcpNull,
        FIN => Shape::TcpFin,
        flags if flags == FIN | PSH | URG => Shape::TcpXmas,
        _ => Shape::TcpOther,
    }
}
