//! The outcome of a conversation start: whether it is for this host, and whether anybody waits.

use super::{
    environment::{Environment, Socket},
    finding::Conclude,
    start::Start,
};
use crate::{
    Frame, Outcome, Shape, Transport,
    abi::{HostTable, Policy, Rule, TransitPolicy},
    hint::rarely,
    parse::Packet,
};

/// What a conversation start is measured by.
#[derive(Clone, Copy)]
struct Measure<'a> {
    /// How it starts.
    shape: Shape,
    /// What is to be done about its port.
    rule: Rule,
    policy: &'a Policy,
    /// Jiffies.
    now: u64,
    /// Whether it is of a kind that may be dropped: of those for other hosts, not all are.
    may_drop: bool,
}

/// Concludes what becomes of a conversation start with a watched port.
#[inline(always)]
pub(super) fn judge<F: Frame, E: Environment, C: Conclude>(
    start: &Start<'_, F>,
    shape: Shape,
    rule: Rule,
    (policy, host): (&Policy, &HostTable),
    environment: &E,
    then: &C,
) -> C::End {
    if let Some(end) = then.defer() {
        let measure = (shape, rule, policy, host);
        return judge_common(start, measure, environment, then).unwrap_or(end);
    }
    let now = environment.now();
    let mut measure = Measure { shape, rule, policy, now, may_drop: true };
    let membership = environment.membership(start.frame, start.packet.network);
    let is_elsewhere = usize::from(start.is_local(host) == Some(false)) | membership.is_foreign();
    if start.frame.forget(is_elsewhere) != 0 {
        match rule.transit() {
            // A connected socket has a local address, so none is missed here.
            TransitPolicy::Pass => {
                return then.conclude(start.found(Outcome::Transit, Some(shape), now));
            }
            TransitPolicy::Watch => measure.may_drop = false,
            TransitPolicy::Drop => {}
        }
    }
    // One way from here on, whatever led here.
    let may_drop = usize::from(measure.may_drop) & membership.is_known();
    measure.may_drop = start.frame.obscure(may_drop) != 0;
    // The bound again, for a verifier that has lost it.
    let packet = &Packet { network: start.frame.forget(start.packet.network), ..*start.packet };
    let start = &Start { packet, ..*start };
    let socket = socket(start, host, environment, now);
    settle(start, measure, socket, environment, then)
}

/// What most conversation starts are: over TCP, towards an address of this host, to a port that is known
/// to have no socket, where nobody is allowed or banned and nothing bypassed. `None` for all others. The clock
/// is read last: what it says is then in a register where it is needed.
#[inline(always)]
fn judge_common<F: Frame, E: Environment, C: Conclude>(
    start: &Start<'_, F>,
    (shape, rule, policy, host): (Shape, Rule, &Policy, &HostTable),
    environment: &E,
    then: &C,
) -> Option<C::End> {
    if start.transport != Transport::Tcp
        || rarely(!start.is_listed(host))
        || rarely(!start.is_tagged_for(host))
        || rarely(host.sockets.contains(Transport::Tcp, start.port))
        || rarely(policy.gate.bypass | policy.lists != 0)
    {
        return None;
    }
    let now = environment.now();
    if rarely(now > host.sockets.valid_until) {
        return None;
    }
    if rule.drops() && policy.gate.is_open(now) {
        return Some(then.conclude(start.probe(Outcome::Dropped, shape, now)));
    }
    Some(then.conclude(start.probe(Outcome::Probe, shape, now)))
}

/// Concludes what becomes of it, with what is known of a socket.
#[inline(always)]
fn settle<F: Frame, E: Environment, C: Conclude>(
    start: &Start<'_, F>,
    measure: Measure<'_>,
    socket: Socket,
    environment: &E,
    then: &C,
) -> C::End {
    let Measure { shape, rule, policy, now, may_drop } = measure;
    if socket == Socket::Connected {
        return then.conclude(start.found(Outcome::Reply, Some(shape), now));
    }
    if policy.lists != 0 && start.is_allowed(policy.lists, environment) {
        return then.conclude(start.found(Outcome::Allowed, Some(shape), now));
    }
    // A ban takes the proof that a drop takes, of a port that is not enforced: it is no reason to keep
    // a source from a socket. Nor are transports dropped that nobody named, whose sockets cannot be looked up.
    if rarely(policy.lists & Policy::BANS != 0)
        && may_drop
        && policy.gate.bypass == 0
        && socket == Socket::None
        && matches!(start.transport, Transport::Tcp | Transport::Udp)
        && !start.is_group()
        && start.is_banned(now, environment)
    {
        return then.conclude(start.probe(Outcome::Banned, shape, now));
    }
    if may_drop && rule.drops() && policy.gate.lets_drop(now) {
        let drops = match socket {
            // It may be a reply to a connected socket, which no policy drops.
            Socket::Unknown if start.transport == Transport::Udp => false,
            // What goes to a group may be for others beside this host: containers on a macvlan, a
            // multicast route.
            Socket::None => rule.enforces() || !rarely(start.is_group()),
            Socket::Bound | Socket::Connected | Socket::Unknown => rule.enforces(),
        };
        if drops {
            return then.conclude(start.doubtful(Outcome::Dropped, shape, now));
        }
    }
    if socket == Socket::Bound {
        return then.conclude(start.found(Outcome::LocalSocket, Some(shape), now));
    }
    then.conclude(start.doubtful(Outcome::Probe, shape, now))
}

/// Which mechanism knows about a socket depends on the transport:
///
/// - TCP: the bitmap alone while its heartbeat is fresh. A bind is in it at once where a program hears of it; else
///   a listener that is younger than the last publication loses its first SYN, and the client sends another.
/// - UDP: a look-up always, since bind, request and answer can happen between two publications;
///   and the bitmap, since the look-up misses sockets that are bound to another device (a bridge
///   above the interface) or another address. Below another device, a look-up that finds nothing
///   proves nothing, for TCP with a stale bitmap neither.
/// - The others cannot be looked up: the bitmap while fresh, and nothing is known without.
///
/// Matched by transport, not by [`SocketProof`](crate::SocketProof): that would change the layout of the common path.
#[inline(always)]
fn socket<F: Frame, E: Environment>(
    start: &Start<'_, F>,
    host: &HostTable,
    environment: &E,
    now: u64,
) -> Socket {
    let listed = host.sockets.contains(start.transport, start.port);
    let fresh = now <= host.sockets.valid_until;
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
