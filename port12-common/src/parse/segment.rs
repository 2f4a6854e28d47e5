//! Transport headers, as far as the decision needs them.

use super::{Packet, Part};
use crate::{Frame, Malformed, Shape, Transport, frame::first};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
const URG: u8 = 0x20;

/// The first byte of a TCP header that a tiny fragment lacks: the flags.
const TCP_FLAGS: usize = 13;

/// SCTP's INIT chunk (RFC 9260 section 3.2).
const SCTP_INIT: u8 = 1;

/// DCCP's Request packet (RFC 4340 section 5.1).
const DCCP_REQUEST: u8 = 0;

/// The ports of a packet, and what it is to its conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) source_port: u16,
    pub(crate) port: u16,
    /// The shape of a conversation start, or `None` for everything later.
    pub(crate) shape: Option<Shape>,
}

/// The source and the destination port: the first four bytes of every transport header.
#[inline(always)]
pub(crate) fn ports<F: Frame>(
    frame: &F,
    packet: &Packet,
    transport: Transport,
) -> Result<[u16; 2], Malformed> {
    let [source, destination] = header::<F, 2>(frame, packet).ok_or(truncated(transport))?;
    Ok([u16::from_be(source), u16::from_be(destination)])
}

/// The shape of a conversation start, or `None` for everything later. Apart from the ports: an
/// error or a segment, in one value, is taken out of it again byte by byte.
#[inline(always)]
pub(crate) fn shape<F: Frame>(
    frame: &F,
    packet: &Packet,
    transport: Transport,
) -> Result<Option<Shape>, Malformed> {
    match transport {
        Transport::Tcp => tcp(frame, packet),
        Transport::Udp | Transport::UdpLite => udp(frame, packet),
        Transport::Sctp => sctp(frame, packet),
        Transport::Dccp => dccp(frame, packet),
    }
}

const fn truncated(transport: Transport) -> Malformed {
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

#[inline(always)]
fn tcp<F: Frame>(frame: &F, packet: &Packet) -> Result<Option<Shape>, Malformed> {
    let Some(words) = header::<F, 10>(frame, packet) else {
        return short_fragment(frame, packet);
    };
    let [offset_byte, flags] = u16::from_be(words[6]).to_be_bytes();
    let length = usize::from(offset_byte >> 4) * 4;
    let end = packet.transport + length;
    let beyond = !packet.holds(packet.transport, length) || end > frame.length();
    // The options of a first fragment may follow in the next one.
    if length < 20 || (beyond && packet.part == Part::Whole) {
        return Err(Malformed::TcpDataOffset);
    }
    Ok(TCP_SHAPES[usize::from(flags & 0x3f)])
}

/// A first fragment with less than a TCP header: fragmented that way to hide what it starts. With
/// its flags it is what they say, without them a conversation start of a shape of its own.
#[inline(always)]
fn short_fragment<F: Frame>(frame: &F, packet: &Packet) -> Result<Option<Shape>, Malformed> {
    if packet.part != Part::First || packet.holds(packet.transport, 20) {
        return Err(Malformed::TcpTruncated);
    }
    if !packet.holds(packet.transport, TCP_FLAGS + 1) {
        return Ok(Some(Shape::TinyFragment));
    }
    let words = header::<F, 7>(frame, packet).ok_or(Malformed::TcpTruncated)?;
    let [offset_byte, flags] = u16::from_be(words[6]).to_be_bytes();
    if offset_byte >> 4 < 5 {
        return Err(Malformed::TcpDataOffset);
    }
    Ok(TCP_SHAPES[usize::from(flags & 0x3f)])
}

/// By the six flags of RFC 9293, which each look at would branch on.
static TCP_SHAPES: [Option<Shape>; 64] = {
    let mut shapes = [None; 64];
    let mut flags = 0;
    while flags < shapes.len() {
        shapes[flags] = tcp_shape(flags as u8);
        flags += 1;
    }
    shapes
};

const fn tcp_shape(flags: u8) -> Option<Shape> {
    if flags & (ACK | RST) != 0 {
        return None;
    }
    Some(match flags & (FIN | SYN | PSH | URG) {
        SYN => Shape::TcpSyn,
        0 => Shape::TcpNull,
        FIN => Shape::TcpFin,
        flags if flags == FIN | PSH | URG => Shape::TcpXmas,
        _ => Shape::TcpOther,
    })
}

#[inline(always)]
fn udp<F: Frame>(frame: &F, packet: &Packet) -> Result<Option<Shape>, Malformed> {
    header::<F, 4>(frame, packet).ok_or(Malformed::UdpTruncated)?;
    Ok(Some(Shape::Datagram))
}

#[inline(always)]
fn sctp<F: Frame>(frame: &F, packet: &Packet) -> Result<Option<Shape>, Malformed> {
    let words = header::<F, 8>(frame, packet).ok_or(Malformed::SctpTruncated)?;
    Ok((first(words[6]) == SCTP_INIT).then_some(Shape::SctpInit))
}

#[inline(always)]
fn dccp<F: Frame>(frame: &F, packet: &Packet) -> Result<Option<Shape>, Malformed> {
    let words = header::<F, 6>(frame, packet).ok_or(Malformed::DccpTruncated)?;
    let packet_type = (first(words[4]) >> 1) & 0xf;
    Ok((packet_type == DCCP_REQUEST).then_some(Shape::DccpRequest))
}
