//! Bans of scope `all`: the packets that they drop.

use super::{
    environment::{Environment, Socket},
    source::{is_allowed, source},
    start::Start,
};
use crate::{
    Frame, Transport,
    abi::{HostTable, Membership},
    frame::first,
    parse::{Packet, segment},
};

/// ICMP (RFC 792).
const ICMP: u8 = 1;

/// ICMP error messages (RFC 1122 section 3.2.2).
const ICMP_ERRORS: [u8; 5] = [3, 4, 5, 11, 12];

/// ICMPv6 (RFC 4443).
const ICMPV6: u8 = 58;

/// ICMPv6 error messages (RFC 4443 section 2.1).
const ICMPV6_ERRORS: core::ops::RangeInclusive<u8> = 0..=127;

/// Neighbour discovery: router and neighbour solicitations and advertisements, redirects (RFC 4861 section 4).
const NEIGHBOUR_DISCOVERY: core::ops::RangeInclusive<u8> = 133..=137;

/// The ports of DHCP's servers and clients (RFC 2131 section 4.1, RFC 8415 section 7.2).
const DHCP: [u16; 4] = [67, 68, 546, 547];

/// Whether a segment is dropped for a ban of its source with scope `all`. DHCP, without which the host loses its link,
/// is not, nor is an established TCP connection, a connected UDP socket, or an unreadable header.
#[inline(always)]
pub(super) fn is_segment_shut_out<F: Frame, E: Environment>(
    frame: &F,
    packet: &Packet,
    transport: Transport,
    environment: &E,
) -> bool {
    let Some(port) = segment::port(frame, packet) else {
        return false;
    };
    if transport == Transport::Udp && DHCP.contains(&port) {
        return false;
    }
    let Some((policy, host)) = environment.state() else {
        return false;
    };
    let packet = &bounded(frame, packet);
    let Some(source) = source(frame, packet).filter(|_| policy.gate.bypass == 0) else {
        return false;
    };
    let Some(ban) = environment.ban_of_all(source, environment.now()) else {
        return false;
    };
    let segment = Start { frame, packet, transport, port, length: 0 };
    let is_kept = is_allowed(frame, packet, policy.lists, environment)
        || environment.membership(frame, packet.network) != Membership::OWN
        || belongs_to_connection(&segment, host, environment);
    // One way from here on, whatever led here.
    if frame.obscure(is_kept.into()) != 0 {
        return false;
    }
    environment.count(ban);
    true
}

/// Whether a packet of another protocol is dropped for a ban of its source with scope `all`. Neighbour discovery is
/// not, nor is an ICMP error, which connections depend on.
#[inline(always)]
pub(super) fn is_other_shut_out<F: Frame, E: Environment>(
    frame: &F,
    packet: &Packet,
    environment: &E,
) -> bool {
    let kind = || frame.words::<1>(packet.transport).map(|[word]| first(word));
    let is_exempt = match packet.protocol {
        ICMP => kind().is_none_or(|kind| ICMP_ERRORS.contains(&kind)),
        ICMPV6 => kind().is_none_or(|kind| {
            ICMPV6_ERRORS.contains(&kind) || NEIGHBOUR_DISCOVERY.contains(&kind)
        }),
        _ => false,
    };
    let Some((policy, _)) = environment.state().filter(|_| !is_exempt) else {
        return false;
    };
    let packet = &bounded(frame, packet);
    let Some(source) = source(frame, packet).filter(|_| policy.gate.bypass == 0) else {
        return false;
    };
    let Some(ban) = environment.ban_of_all(source, environment.now()) else {
        return false;
    };
    let is_kept = is_allowed(frame, packet, policy.lists, environment)
        || environment.membership(frame, packet.network) != Membership::OWN;
    if frame.obscure(is_kept.into()) != 0 {
        return false;
    }
    environment.count(ban);
    true
}

/// Whether a segment belongs to an established connection of this host, or may. A bare SYN belongs to none: the look-up,
/// which a flood of them would make expensive, is left out.
#[inline(always)]
fn belongs_to_connection<F: Frame, E: Environment>(
    segment: &Start<'_, F>,
    host: &HostTable,
    environment: &E,
) -> bool {
    let has_look_up = matches!(segment.transport, Transport::Tcp | Transport::Udp);
    let is_tcp = segment.transport == Transport::Tcp;
    if !has_look_up || is_tcp && segment::is_bare_syn(segment.frame, segment.packet) {
        return false;
    }
    let Some(flow) = segment.flow() else {
        return true;
    };
    match environment.socket(&flow) {
        Socket::Connected | Socket::Unknown => true,
        // A socket that is bound to a device above this one is invisible to the look-up.
        Socket::Bound | Socket::None => host.sockets.lookup_proves == 0,
    }
}

/// The same packet, for a verifier that has lost the bounds of its offsets.
#[inline(always)]
fn bounded<F: Frame>(frame: &F, packet: &Packet) -> Packet {
    Packet {
        network: frame.obscure(packet.network),
        transport: frame.obscure(packet.transport),
        ..*packet
    }
}
