//! The outcome of a conversation start: whether it is for this host, and whether anybody waits.

use super::{
    environment::{Environment, Socket},
    start::Start,
};
use crate::{
    Frame, Outcome, Transport,
    abi::{Action, HostTable, Policy, TransitPolicy},
};

/// The outcome of a conversation start with a watched port.
#[inline(always)]
pub(super) fn judge<F: Frame, E: Environment>(
    start: &Start<'_, F>,
    mut action: Action,
    policy: &Policy,
    host: &HostTable,
    environment: &E,
) -> Outcome {
    if start.is_local(host) == Some(false) {
        match TransitPolicy::from_number(policy.transit) {
            // A connected socket has a local address, so none is missed here.
            TransitPolicy::Pass => return Outcome::Transit,
            TransitPolicy::Watch => action = Action::Watch,
            TransitPolicy::Drop => {}
        }
    }
    match (socket(start, policy, host, environment), action) {
        (Socket::Connected, _) => Outcome::Reply,
        // It may be a reply to a connected socket, which no policy drops.
        (Socket::Unknown, _) if start.transport == Transport::Udp => Outcome::Probe,
        (_, Action::Drop { enforce: true }) => Outcome::Dropped,
        (Socket::Bound, _) => Outcome::LocalSocket,
        // What goes to a group may be for others beside this host: containers on a macvlan, a
        // multicast route.
        (Socket::None, Action::Drop { enforce: false }) if start.is_group() => Outcome::Probe,
        (Socket::None, Action::Drop { enforce: false }) => Outcome::Dropped,
        (
            Socket::None | Socket::Unknown,
            Action::Watch | Action::Assigned | Action::Ignore | Action::Drop { .. },
        ) => Outcome::Probe,
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
    policy: &Policy,
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
            Socket::None if policy.lookup_proves == 0 => Socket::Unknown,
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
