//! From a frame to its one outcome.

mod environment;
mod finding;
mod judge;
mod start;

pub use self::{
    environment::{Addresses, Allowed, Environment, Flow, Lookup, NoLookup, Socket, Tables},
    finding::{Conclude, Finding, may_hide_headers},
};
use self::{finding::Itself, judge::judge, start::Start};
use crate::{
    Frame, Malformed, Outcome, Shape, Transport,
    parse::{
        self, Layer, Packet, Part, Stop, UNBOUNDED,
        segment::{self, Segment},
    },
};

/// Decides what becomes of a frame. The checks stand in the order of precedence of the outcomes.
#[inline(always)]
pub fn classify<F: Frame, E: Environment>(frame: &F, layer: Layer, environment: &E) -> Finding {
    classify_then(frame, layer, environment, &Itself)
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
    let packet = match parse::packet(frame, layer) {
        Ok(packet) => packet,
        Err(Stop::NotIp) => return then.conclude(Finding::at_network(Outcome::NotIp, UNBOUNDED)),
        Err(Stop::Malformed(reason)) => {
            return then.conclude(Finding::malformed(reason, UNBOUNDED));
        }
    };
    if packet.part == Part::Later {
        return then.conclude(Finding::at_network(Outcome::Fragment, packet.end));
    }
    match Transport::from_protocol(packet.protocol) {
        Some(transport) => classify_segment(frame, &packet, transport, environment, then),
        None => then.conclude(Finding::at_network(Outcome::OtherTransport, packet.end)),
    }
}

#[inline(always)]
fn classify_segment<F: Frame, E: Environment, C: Conclude>(
    frame: &F,
    packet: &Packet,
    transport: Transport,
    environment: &E,
    then: &C,
) -> C::End {
    let shape = match segment::shape(frame, packet, transport) {
        Ok(shape) => shape,
        Err(reason) => return then.conclude(Finding::malformed(reason, packet.end)),
    };
    let [source_port, port] = match segment::ports(frame, packet, transport) {
        Ok(ports) => ports,
        Err(reason) => return then.conclude(Finding::malformed(reason, packet.end)),
    };
    let segment = Segment { source_port, port, shape };
    let found = |outcome| Finding {
        outcome,
        reason: None,
        transport: Some(transport),
        source_port: segment.source_port,
        port: segment.port,
        shape: segment.shape,
        end: packet.end,
    };
    let tiny = segment.shape == Some(Shape::TinyFragment);
    let unwatched = |outcome| match tiny {
        true => Finding::malformed(Malformed::TcpTruncated, packet.end),
        false => found(outcome),
    };
    if segment.port > 1023 {
        return then.conclude(unwatched(Outcome::HighPort));
    }
    // Without a policy nothing is watched.
    let Some(policy) = environment.policy() else {
        return then.conclude(unwatched(Outcome::Assigned));
    };
    let rule = policy.rule(transport, segment.port);
    if !rule.watches() {
        let outcome = if rule.ignores() { Outcome::Ignored } else { Outcome::Assigned };
        return then.conclude(unwatched(outcome));
    }
    if segment.shape.is_none() {
        return then.conclude(found(Outcome::Reply));
    }
    let start = Start { frame, packet, transport, segment: &segment };
    match environment.host() {
        Some(host) => then.conclude(found(judge(&start, rule, policy, host, environment))),
        None => then.conclude(found(Outcome::Probe)),
    }
}
