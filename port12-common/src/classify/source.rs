//! Where a packet says it comes from.

use super::environment::Environment;
use crate::{
    Frame,
    abi::{Local, Policy, SourceAddress},
    frame::first,
    parse::{Packet, Version},
};

/// The source address.
#[inline(always)]
pub(super) fn source<F: Frame>(frame: &F, packet: &Packet) -> Option<SourceAddress> {
    match version(frame, packet)? {
        Version::V4 => v4(frame, packet.network + 12).map(SourceAddress::v4),
        Version::V6 => v6(frame, packet.network + 8).map(SourceAddress::v6),
    }
}

/// Whether the source is on one of the allowlists that are not empty, by
/// [`Policy::lists`]. What cannot be read is.
#[inline(always)]
pub(super) fn is_allowed<F: Frame, E: Environment>(
    frame: &F,
    packet: &Packet,
    lists: u64,
    environment: &E,
) -> bool {
    let network = packet.network;
    match version(frame, packet) {
        Some(Version::V4) if lists & Policy::ALLOW_V4 != 0 => {
            v4(frame, network + 12).is_none_or(|source| environment.allows_v4(source))
        }
        Some(Version::V6) if lists & Policy::ALLOW_V6 != 0 => {
            v6(frame, network + 8).is_none_or(|source| environment.allows_v6(source))
        }
        Some(Version::V4 | Version::V6) => false,
        None => true,
    }
}

/// The version of the IP header, which was read as what its EtherType says.
#[inline(always)]
pub(super) fn version<F: Frame>(frame: &F, packet: &Packet) -> Option<Version> {
    if let Some(version) = packet.version {
        return Some(version);
    }
    read_version(frame, packet.network)
}

/// The version of the IP header at an offset, which was read as what its EtherType says.
#[inline(always)]
pub(super) fn read_version<F: Frame>(frame: &F, network: usize) -> Option<Version> {
    let [lead] = frame.words::<1>(network)?;
    Some(if first(lead) >> 4 == 4 { Version::V4 } else { Version::V6 })
}

/// Whether the destination in the IP header at an offset is multicast or the limited broadcast. A destination that cannot
/// be read is.
#[inline(always)]
pub(super) fn is_group<F: Frame>(frame: &F, network: usize, version: Version) -> bool {
    match version {
        Version::V4 => v4(frame, network + 16).is_none_or(Local::is_group_v4),
        Version::V6 => {
            let lead = frame.words::<1>(network + 24);
            lead.is_none_or(|[word]| first(word) == 0xff)
        }
    }
}

/// The IPv4 address at an offset.
#[inline(always)]
pub(super) fn v4<F: Frame>(frame: &F, offset: usize) -> Option<u32> {
    let [address] = frame.pairs::<1>(offset)?;
    Some(address)
}

/// The IPv6 address at an offset.
#[inline(always)]
pub(super) fn v6<F: Frame>(frame: &F, offset: usize) -> Option<[u32; 4]> {
    frame.pairs::<4>(offset)
}
