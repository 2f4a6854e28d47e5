//! The weight of a probe as evidence for a ban of its source.

use super::{
    answer::{Beginning, is_answer},
    source::{is_group, read_version, v4},
};
use crate::{
    Frame, Transport,
    abi::{Evidence, HostTable, Inspection, Known},
    parse::{Packet, Version},
};

impl Inspection {
    /// The headers of a probe to a port.
    #[inline(always)]
    pub(super) const fn of(packet: &Packet, transport: Transport, port: u16) -> Self {
        Self(
            Self::NEEDED
                | packet.network as u64
                | (packet.transport as u64) << Self::TRANSPORT
                | (port as u64) << Self::PORT
                | (matches!(transport, Transport::Udp) as u64) << Self::UDP,
        )
    }

    /// The weight, in tenths of a probe, at a time in jiffies:
    ///
    /// - 0 for a packet to a group or a broadcast address, which everybody on a network may send;
    /// - 0 for a datagram to a port that a socket of this host had a short while ago;
    /// - [`Evidence::ANSWER`] for the first datagram to a port that looks like an answer, and 0 for further ones. A source
    ///   that the table has no room for has no first ones;
    /// - [`Evidence::PROBE`] for all others.
    #[inline(always)]
    pub fn weight<F: Frame>(self, frame: &F, host: &HostTable, now: u64) -> u64 {
        if self.0 & Self::NEEDED == 0 {
            return Evidence::PROBE;
        }
        let network = (self.0 & Self::OFFSET) as usize;
        let is_common = match read_version(frame, network) {
            Some(version) => {
                is_group(frame, network, version) || is_broadcast(frame, network, version, host)
            }
            None => true,
        };
        if is_common {
            return 0;
        }
        if self.0 >> Self::UDP & 1 == 0 {
            return Evidence::PROBE;
        }
        if host.sockets.may_be_late((self.0 >> Self::PORT) as u16, now) {
            return 0;
        }
        if !looks_like_answer(frame, (self.0 >> Self::TRANSPORT & Self::OFFSET) as usize) {
            return Evidence::PROBE;
        }
        let known = self.0 >> Self::KNOWN & 7;
        if known == Known::First as u64 || known == Known::New as u64 {
            return Evidence::ANSWER;
        }
        0
    }
}

/// Whether the destination is the broadcast address of an IPv4 subnet of this host.
#[inline(always)]
fn is_broadcast<F: Frame>(frame: &F, network: usize, version: Version, host: &HostTable) -> bool {
    version == Version::V4
        && v4(frame, network + 16).is_some_and(|to| host.local_in_force().is_broadcast(to))
}

/// Whether a datagram, by the offset of its UDP header, looks like an answer.
#[inline(always)]
fn looks_like_answer<F: Frame>(frame: &F, at: usize) -> bool {
    const HEADER: usize = 8;
    const BYTES: usize = 20;
    let Some([source_port, _, length, _, beginning @ ..]) = frame.words::<{ BYTES / 2 }>(at) else {
        return false;
    };
    let length = usize::from(u16::from_be(length));
    length >= BYTES
        && is_answer(u16::from_be(source_port), Beginning::of(beginning), length - HEADER)
}
