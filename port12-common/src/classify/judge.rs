//! The outcome of a conversation start: whether it is for this host, and whether anybody waits.

use super::{
    environment::{Environment, Socket},
    start::Start,
};
use crate::{
    Frame, Outcome, Transport,
    abi::{HostTable, Policy, Rule, TransitPolicy},
};

/// The outcome of a conversation start with a watched port.
#[inline(always)]
pub(super) fn judge<F: Frame, E: Environment>(
    start: &Start<'_, F>,
    rule: Rule,
    policy: &Policy,
    host: &HostTable,
    environment: &E,
) -> Outcome {
    let mut drops = rule.drops() && policy.gate.lets_drop(environment.now());
    if start.is_local(host) == Some(false) {
        match rule.transit() {
            // A connected socket has a local address, so none is missed here.
            TransitPolicy::Pass => return Outcome::Transit,
            TransitPolicy::Watch => drops = false,
            TransitPolicy::Drop => {}
        }
    }
    let socket = socket(start, host, environment);
    if socket == Socket::Connected {
        return Outcome::Reply;
    }
    if policy.allow != 0 && start.is_allowed(policy.allow, environment) {
        return Outcome::Allowed;
    }
    match socket {
        // It may be a reply to a connected socket, which no policy drops.
        Socket::Unknown if start.transport == Transport::Udp => Outcome::Probe,
        _ if drops && rule.enforces() => Outcome::Dropped,
        Socket::Bound => Outcome::LocalSocket,
        // What goes to a group may be for others beside this host: containers on a macvlan, a
        // multicast route.
        Socket::None if drops && !start.is_group() => Outcome::Dropped,
        Socket::None | Socket::Connected | Socket::Unknown => Outcome::Probe,
    }
}

/// Which mechanism knows about a socket depends on the transport:
///
/// - TCP: the bitmap alone while its heartbeat is fresh. A listener that is younger than the
///   last publication loses its first SYN, and the client sends another.
/// - UDP: a look-up always, since bind, request and answer can happen between two publications;
///   and the bitmap, since the look-up misses sockets that are bound to another device (a bridge
///   above the interface) or another address. Below another device, a look-up that finds nothing
///   proves nothing, for TCP with a stale bitmap neither.
/// - The others cannot be looked up: the bitmap while fresh, and nothing is known without.
#[inline(always)]
fn socket<F: Frame, E: Environment>(
    start: &Start<'_, F>,
    host: &HostTable,
    environment: &E,
) -> Socket {
    let listed = host.sockets.contains(start.transport, start.segment.port);
    let fresh = environment.now() <= host.sockets.valid_until;
    match start.transport {
        Transport::Tcp if listed => Socket::Bound,
        Transport::Tcp if fresh => Socket::None,
        Transport::Tcp | Transport::Udp => match looked_up(start, environment) {
            Socket::None | Socket::Unknown if listed => Socket::Bound,
            Socket::None if host.sockets.lookup_proves == 0 => Socket::Unknown,
            socket => socket,
        },
        Transport::UdpLite | Transport::Sctp | Transport::Dccp if listed => Socket::Bound,
        Transport::UdpLite | Transport::Sctp | Transport::Dccp if fresh => Socket::None,
        Transport::UdpLite | Transport::Sctp | Transport::Dccp => Socket::Unknown,
    }
}

#[inline(always)]
fn looked_up<F: Frame, E: Environment>(start: &Start<'_, F>, environment: &E) -> Socket {
    start.flow().map_or(Socket::Unknown, |flow| environment.socket(&flow))
}
