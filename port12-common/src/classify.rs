//! From a frame to its one outcome.

mod answer;
mod departure;
mod environment;
mod evidence;
mod finding;
mod judge;
mod shut_out;
mod source;
mod start;
mod too_deep;

pub use self::{
    answer::{Beginning, is_answer},
    departure::{Departure, departure, departure_common},
    environment::{Addresses, Allowed, Environment, Flow, Lookup, NoLookup, Socket, Tables},
    finding::{Conclude, Depth, Finding, may_hide_headers},
};
use self::{
    finding::{Common, Itself},
    judge::judge,
    shut_out::{is_other_shut_out, is_segment_shut_out},
    start::Start,
};
use crate::{
    Frame, Outcome, Transport,
    abi::PORTS,
    hint::{rare, rarely},
    parse::{self, Layer, Packet, Part, Plain, Stop, UNBOUNDED, segment},
};

/// Decides what becomes of a frame. The checks stand in the order of precedence of the outcomes.
/// The length that it finds is where the packet ends.
#[inline(always)]
pub fn classify<F: Frame, E: Environment>(frame: &F, layer: Layer, environment: &E) -> Finding {
    classify_then(frame, layer, environment, &Itself)
}

/// Decides what becomes of a frame like most, and concludes it; `None` for every other one, which
/// is left to [`classify_then`]. It is the same code, with offsets and a transport that the compiler
/// knows: half of the instructions.
#[inline(always)]
pub fn classify_common<F: Frame, E: Environment, C: Conclude>(
    frame: &F,
    layer: Layer,
    environment: &E,
    then: &C,
) -> Option<C::End> {
    if environment.shuts_out() {
        return None;
    }
    let then = &Common(then);
    // Not a loop: the compiler would unroll it too late to know the offsets.
    macro_rules! attempt {
        ($($kind:ident $transport:ident,)+) => {
            $(if let Some(packet) = parse::plain(frame, layer, Plain::$kind, Transport::$transport)
                && segment::is_held(frame, &packet, Transport::$transport)
            {
                let length = then.length(packet.end);
                let segment = (&packet, Transport::$transport, length);
                return classify_segment(frame, segment, environment, then);
            })+
        };
    }
    attempt!(V4 Tcp, V4 Udp, V6 Tcp, V6 Udp,);
    attempt!(TaggedV4 Tcp, TaggedV4 Udp, TaggedV6 Tcp, TaggedV6 Udp,);
    None
}

/// Decides what becomes of a frame, and concludes at the very place where it is decided: what is
/// known there of the finding, the kernel program need not carry along and look at again.
#[inline(always)]
pub fn classify_then<F: Frame, E: Environment, C: Conclude>(
    frame: &F,
    layer: Layer,
    environment: &E,
    then: &C,
) -> C::End {
    match parse::packet(frame, layer) {
        Ok(packet) => classify_packet(frame, &packet, environment, then),
        Err(Stop::NotIp) => {
            then.conclude(Finding::at_network(Outcome::NotIp, then.length(UNBOUNDED)))
        }
        Err(Stop::Malformed(reason)) => {
            then.conclude(Finding::malformed(reason, then.length(UNBOUNDED)))
        }
        Err(Stop::TooDeep(reason, network)) => {
            rare();
            let is_dropped = too_deep::is_dropped(frame, (reason, network), environment);
            let depth = Depth { reason, is_dropped };
            then.conclude(Finding::too_deep(depth, then.length(UNBOUNDED)))
        }
    }
}

#[inline(always)]
fn classify_packet<F: Frame, E: Environment, C: Conclude>(
    frame: &F,
    packet: &Packet,
    environment: &E,
    then: &C,
) -> C::End {
    let length = then.length(packet.end);
    let network = |outcome| Finding::at_network(outcome, length);
    // Whatever its source: without the first fragment, none is reassembled.
    if packet.part == Part::Later {
        return then.conclude(network(Outcome::Fragment));
    }
    let Some(transport) = Transport::from_protocol(packet.protocol) else {
        // Not one place for all bans: the ways that look for none would be longer by it.
        let is_banned = environment.shuts_out() && is_other_shut_out(frame, packet, environment);
        let outcome = if is_banned { Outcome::Banned } else { Outcome::OtherTransport };
        return then.conclude(network(outcome));
    };
    let is_banned =
        || environment.shuts_out() && is_segment_shut_out(frame, packet, transport, environment);
    match segment::check(frame, packet, transport) {
        Ok(()) if is_banned() => then.conclude(network(Outcome::Banned)),
        Ok(()) => classify_segment(frame, (packet, transport, length), environment, then),
        Err(reason) => then.conclude(Finding::malformed(reason, length)),
    }
}

/// Decides about a segment whose header was [checked](segment::check).
#[inline(always)]
fn classify_segment<F: Frame, E: Environment, C: Conclude>(
    frame: &F,
    (packet, transport, length): (&Packet, Transport, usize),
    environment: &E,
    then: &C,
) -> C::End {
    let Some(port) = segment::port(frame, packet) else {
        rare();
        let reason = segment::truncated(transport);
        return then.conclude(Finding::malformed(reason, length));
    };
    let start = Start { frame, packet, transport, port, length };
    if port > 1023 {
        return then.conclude(start.unwatched(Outcome::HighPort));
    }
    // The bound again, where the compiler does not know it: a verifier (kernel 6.1) forgets what was
    // found of a number that lies on the stack.
    let port = (frame.forget(port.into()) & (PORTS - 1)) as u16;
    let start = Start { port, ..start };
    // Without a policy nothing is watched.
    let Some((policy, host)) = environment.state() else {
        return then.conclude(start.unwatched(Outcome::Assigned));
    };
    let mut rule = policy.rule(transport, port);
    if rule.is_assigned() {
        return then.conclude(start.unwatched(Outcome::Assigned));
    }
    if rarely(!rule.watches()) {
        if let Some(end) = then.defer() {
            return end;
        }
        if rule.ignores() {
            return then.conclude(start.unwatched(Outcome::Ignored));
        }
        rule = rule.or_of_registry(transport, port);
        if !rule.watches() {
            return then.conclude(start.unwatched(Outcome::Assigned));
        }
    }
    match segment::shape(frame, packet, transport) {
        Some(shape) => judge(&start, shape, rule, (policy, host), environment, then),
        None => then.conclude(start.found(Outcome::Reply, None, 0)),
    }
}
