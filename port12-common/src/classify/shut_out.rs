//! Sources of which nothing at all is let in: bans of scope `all`.

use super::{
    environment::Environment,
    source::{is_allowed, source},
};
use crate::{
    Frame, Transport,
    frame::first,
    parse::{Packet, segment},
};

/// ICMPv6 (RFC 4443).
const ICMPV6: u8 = 58;

/// The types of neighbour discovery: router and neighbour solicitations and advertisements, redirects
/// (RFC 4861 section 4).
const NEIGHBOUR_DISCOVERY: core::ops::RangeInclusive<u8> = 133..=137;

/// The ports of DHCP's servers and clients (RFC 2131 section 4.1, RFC 8415 section 7.2).
const DHCP: [u16; 4] = [67, 68, 546, 547];

/// Whether a packet is dropped for a ban of its source that is of scope `all`. What cannot be read is not.
#[inline(always)]
pub(super) fn is_shut_out<F: Frame, E: Environment>(
    frame: &F,
    packet: &Packet,
    transport: Option<Transport>,
    environment: &E,
) -> bool {
    let Some((policy, _)) = environment.state() else {
        return false;
    };
    if policy.gate.bypass != 0 || is_spared(frame, packet, transport) {
        return false;
    }
    let Some(source) = source(frame, packet) else {
        return false;
    };
    let is_allowed = || is_allowed(frame, packet, policy.lists, environment);
    environment.is_shut_out(source, environment.now(), is_allowed)
}

/// Whether a packet is of what a host gets its addresses and neighbours by, without which nobody is reached, or
/// cannot be read.
#[inline(always)]
fn is_spared<F: Frame>(frame: &F, packet: &Packet, transport: Option<Transport>) -> bool {
    match transport {
        Some(transport) => match segment::port(frame, packet) {
            Some(port) => transport == Transport::Udp && DHCP.contains(&port),
            None => true,
        },
        None if packet.protocol == ICMPV6 => {
            let word = frame.words::<1>(packet.transport);
            word.is_none_or(|[word]| NEIGHBOUR_DISCOVERY.contains(&first(word)))
        }
        None => false,
    }
}
