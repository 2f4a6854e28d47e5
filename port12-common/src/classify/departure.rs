//! What a host starts by itself: a segment that begins a conversation with a watched port, wherever it goes.

use super::source::{source, v4, v6, version};
use crate::{
    Frame, Malformed, Shape, Transport,
    abi::{PORTS, Rule, SourceAddress},
    hint::rarely,
    parse::{self, Layer, Packet, Part, Plain, Stop, Version, segment},
};

/// The start of a conversation with a watched port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Departure {
    /// The transport.
    pub transport: Transport,
    /// How it starts.
    pub shape: Shape,
    /// Where the packet says it comes from.
    pub source: SourceAddress,
    /// Where it goes.
    pub destination: SourceAddress,
    /// The source port.
    pub source_port: u16,
    /// The destination port, below 1024.
    pub port: u16,
}

/// Whether a frame like most starts a conversation with a watched port; `None` for every other frame, which is
/// left to [`departure`]. `rule` says what the policy has for a well-known port, and is asked for no other.
#[inline(always)]
pub fn departure_common<F: Frame>(
    frame: &F,
    layer: Layer,
    rule: impl Fn(Transport, u16) -> Rule,
) -> Option<Option<Departure>> {
    // Not a loop: the compiler would unroll it too late to know the offsets. Tags are out of band where
    // frames leave.
    macro_rules! attempt {
        ($($kind:ident $transport:ident,)+) => {
            $(if let Some(packet) = parse::plain(frame, layer, Plain::$kind, Transport::$transport)
                && segment::is_held(frame, &packet, Transport::$transport)
            {
                return Some(of_segment(frame, &packet, Transport::$transport, &rule));
            })+
        };
    }
    attempt!(V4 Tcp, V4 Udp, V6 Tcp, V6 Udp,);
    None
}

/// Whether a frame starts a conversation with a watched port: what [`classify`](super::classify) finds to be a probe
/// where every destination is the host's own, and nobody listens.
///
/// # Errors
///
/// [`Malformed`]: it cannot be read.
#[inline(always)]
pub fn departure<F: Frame>(
    frame: &F,
    layer: Layer,
    rule: impl Fn(Transport, u16) -> Rule,
) -> Result<Option<Departure>, Malformed> {
    let packet = match parse::packet(frame, layer) {
        Ok(packet) => packet,
        Err(Stop::NotIp | Stop::TooDeep(..)) => return Ok(None),
        Err(Stop::Malformed(reason)) => return Err(reason),
    };
    if packet.part == Part::Later {
        return Ok(None);
    }
    let Some(transport) = Transport::from_protocol(packet.protocol) else {
        return Ok(None);
    };
    segment::check(frame, &packet, transport)?;
    Ok(of_segment(frame, &packet, transport, &rule))
}

/// The start that a segment is whose header was [checked](segment::check).
#[inline(always)]
fn of_segment<F: Frame>(
    frame: &F,
    packet: &Packet,
    transport: Transport,
    rule: impl Fn(Transport, u16) -> Rule,
) -> Option<Departure> {
    let port = segment::port(frame, packet)?;
    if !rarely(usize::from(port) < PORTS) {
        return None;
    }
    // The bound again, for a verifier that has forgotten it.
    let port = (frame.forget(port.into()) & (PORTS - 1)) as u16;
    if !rule(transport, port).or_of_registry(transport, port).watches() {
        return None;
    }
    let shape = segment::shape(frame, packet, transport)?;
    Some(Departure {
        transport,
        shape,
        source: source(frame, packet)?,
        destination: destination(frame, packet)?,
        source_port: segment::source_port(frame, packet)?,
        port,
    })
}

#[inline(always)]
fn destination<F: Frame>(frame: &F, packet: &Packet) -> Option<SourceAddress> {
    match version(frame, packet)? {
        Version::V4 => v4(frame, packet.network + 16).map(SourceAddress::v4),
        Version::V6 => v6(frame, packet.network + 24).map(SourceAddress::v6),
    }
}
