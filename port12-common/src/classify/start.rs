//! A segment that may start a conversation.

use super::{
    environment::{Addresses, Environment, Flow},
    finding::Finding,
    source::{is_allowed, is_group, source, v4, v6, version},
};
use crate::{
    Frame, Outcome, Shape, Transport,
    abi::{HostTable, Inspection, SourceAddress},
    parse::{ETHERNET_HEADER, Packet, Tags, Version, segment},
};

/// A segment, and its packet.
pub(super) struct Start<'a, F> {
    pub(super) frame: &'a F,
    pub(super) packet: &'a Packet,
    pub(super) transport: Transport,
    pub(super) port: u16,
    /// The bytes of the frame.
    pub(super) length: usize,
}

impl<F: Frame> Start<'_, F> {
    /// What is found of it: `shape` is that of a conversation start, `now` the time in jiffies
    /// where it was asked.
    #[inline(always)]
    pub(super) fn found(&self, outcome: Outcome, shape: Option<Shape>, now: u64) -> Finding {
        Finding {
            outcome,
            reason: None,
            depth: None,
            transport: Some(self.transport),
            source: SourceAddress::NONE,
            // Read before, as far as the destination port.
            source_port: segment::source_port(self.frame, self.packet).unwrap_or(0),
            port: self.port,
            shape,
            length: self.length,
            now,
            inspection: Inspection::NONE,
        }
    }

    /// What is found of it where it is a probe, dropped or not.
    #[inline(always)]
    pub(super) fn probe(&self, outcome: Outcome, shape: Shape, now: u64) -> Finding {
        // Read before, with the rest of the header.
        let source = self.source().unwrap_or(SourceAddress::NONE);
        Finding { source, ..self.found(outcome, Some(shape), now) }
    }

    /// As [`Start::probe`], of which its headers say what it weighs as evidence for a ban.
    #[inline(always)]
    pub(super) fn doubtful(&self, outcome: Outcome, shape: Shape, now: u64) -> Finding {
        let inspection = Inspection::of(self.packet, self.transport, self.port);
        Finding { inspection, ..self.probe(outcome, shape, now) }
    }

    #[inline(always)]
    fn source(&self) -> Option<SourceAddress> {
        source(self.frame, self.packet)
    }

    /// What is found of it where its port is not watched: a tiny fragment is truncated there.
    #[inline(always)]
    pub(super) fn unwatched(&self, outcome: Outcome) -> Finding {
        if segment::is_tiny(self.packet, self.transport) {
            return Finding::malformed(segment::truncated(self.transport), self.length);
        }
        let shape = segment::shape(self.frame, self.packet, self.transport);
        self.found(outcome, shape, 0)
    }

    /// Whether the host takes in the destination. What cannot be read is taken in.
    #[inline(always)]
    pub(super) fn is_local(&self, host: &HostTable) -> Option<bool> {
        let local = host.local_in_force();
        Some(match self.version()? {
            Version::V4 => local.contains_v4(v4(self.frame, self.packet.network + 16)?),
            Version::V6 => local.contains_v6(v6(self.frame, self.packet.network + 24)?),
        })
    }

    /// Whether the destination is one of the host's own addresses, which are no groups. No, where it is
    /// local for another reason.
    #[inline(always)]
    pub(super) fn is_listed(&self, host: &HostTable) -> bool {
        let local = host.local_in_force();
        let network = self.packet.network;
        match self.packet.version {
            Some(Version::V4) => v4(self.frame, network + 16).is_some_and(|to| local.lists_v4(to)),
            Some(Version::V6) => v6(self.frame, network + 24).is_some_and(|to| local.lists_v6(to)),
            None => false,
        }
    }

    /// Whether a frame with one tag at most is for a VLAN device of the host, or for none. No, if that is not known.
    #[inline(always)]
    pub(super) fn is_tagged_for(&self, host: &HostTable) -> bool {
        self.packet.network == ETHERNET_HEADER
            || Tags::outermost(self.frame).is_some_and(|tag| host.vlans.has_single(tag))
    }

    /// Whether the destination is multicast or the limited broadcast. What cannot be read is.
    #[inline(always)]
    pub(super) fn is_group(&self) -> bool {
        match self.version() {
            Some(version) => is_group(self.frame, self.packet.network, version),
            None => true,
        }
    }

    /// Whether the source is banned. What cannot be read is not.
    #[inline(always)]
    pub(super) fn is_banned<E: Environment>(&self, now: u64, environment: &E) -> bool {
        self.source().is_some_and(|source| environment.is_banned(source, now))
    }

    /// Whether the source is on one of the allowlists. What cannot be read is.
    #[inline(always)]
    pub(super) fn is_allowed<E: Environment>(&self, lists: u64, environment: &E) -> bool {
        is_allowed(self.frame, self.packet, lists, environment)
    }

    #[inline(always)]
    pub(super) fn flow(&self) -> Option<Flow> {
        let network = self.packet.network;
        let addresses = match self.version()? {
            Version::V4 => Addresses::V4 {
                source_be: v4(self.frame, network + 12)?,
                destination_be: v4(self.frame, network + 16)?,
            },
            Version::V6 => Addresses::V6 {
                source_be: v6(self.frame, network + 8)?,
                destination_be: v6(self.frame, network + 24)?,
            },
        };
        let source_port = segment::source_port(self.frame, self.packet)?;
        Some(Flow { transport: self.transport, addresses, source_port, port: self.port })
    }

    #[inline(always)]
    fn version(&self) -> Option<Version> {
        version(self.frame, self.packet)
    }
}
