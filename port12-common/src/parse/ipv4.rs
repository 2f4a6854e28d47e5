//! IPv4 (RFC 791).

use super::{Packet, Part, Version, end};
use crate::{
    Frame, Malformed,
    frame::{first, second},
};

const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;
const DONT_FRAGMENT: u16 = 0x4000;

#[inline(always)]
pub(super) fn packet<F: Frame>(frame: &F, network: usize) -> Result<Packet, Malformed> {
    let header = frame.words::<10>(network).ok_or(Malformed::Ipv4Truncated)?;
    if first(header[0]) >> 4 != 4 {
        return Err(Malformed::IpVersion);
    }
    let header_length = usize::from(first(header[0]) & 0xf) * 4;
    let transport = network + header_length;
    if header_length < 20 || transport > frame.length() {
        return Err(Malformed::Ipv4HeaderLength);
    }
    let end = end(network, u16::from_be(header[1]));
    if transport > end {
        return Err(Malformed::Ipv4TotalLength);
    }
    let part = part(u16::from_be(header[3]));
    Ok(Packet { network, transport, end, protocol: second(header[4]), version: None, part })
}

/// The packet at `network` where it is whole and has no options, which its first and fourth words
/// tell; `None` where it is not, or cannot be read. That it is long enough for its headers, which one
/// without a length is not, is left to [`is_held`](super::segment::is_held).
#[inline(always)]
pub(super) fn plain<F: Frame>(frame: &F, network: usize) -> Option<Packet> {
    const VERSION_AND_LENGTH: u8 = 0x45;
    let header = frame.words::<10>(network)?;
    let is_plain = first(header[0]) == VERSION_AND_LENGTH
        && frame.forget(header[3].into()) & !usize::from(DONT_FRAGMENT.to_be()) == 0;
    is_plain.then_some(Packet {
        network,
        transport: network + 20,
        end: network + usize::from(u16::from_be(header[1])),
        protocol: second(header[4]),
        version: Some(Version::V4),
        part: Part::Whole,
    })
}

#[inline(always)]
fn part(flags_and_offset: u16) -> Part {
    if flags_and_offset & FRAGMENT_OFFSET != 0 {
        return Part::Later;
    }
    Part::Whole.or_first(flags_and_offset & MORE_FRAGMENTS != 0)
}
