//! IPv6 (RFC 8200) and its extension headers.

use super::{MAX_EXTENSION_HEADERS, Packet, Part, Version, end};
use crate::{
    Frame, Malformed,
    frame::{first, second},
};

const HEADER: usize = 40;
const FRAGMENT_HEADER: usize = 8;

/// What a next-header value announces.
enum Next {
    /// Hop-by-hop, routing, destination options, mobility, HIP, shim6: 8 * (n + 1) bytes.
    Options,
    /// The fragment header: 8 bytes, whatever its second byte says.
    Fragment,
    /// AH (RFC 4302 section 2.2): 4 * (n + 2) bytes.
    Authentication,
    /// Not an extension header that can be skipped.
    Upper,
}

#[inline(always)]
fn next(protocol: u8) -> Next {
    match protocol {
        0 | 43 | 60 | 135 | 139 | 140 => Next::Options,
        44 => Next::Fragment,
        51 => Next::Authentication,
        _ => Next::Upper,
    }
}

#[inline(always)]
pub(super) fn packet<F: Frame>(frame: &F, network: usize) -> Result<Packet, Malformed> {
    let header = frame.words::<4>(network).ok_or(Malformed::Ipv6Truncated)?;
    if first(header[0]) >> 4 != 6 {
        return Err(Malformed::IpVersion);
    }
    let transport = network + HEADER;
    if transport > frame.length() {
        return Err(Malformed::Ipv6Truncated);
    }
    let packet = Packet {
        version: Version::V6,
        network,
        transport,
        end: end(transport, u16::from_be(header[2])),
        protocol: first(header[3]),
        part: Part::Whole,
    };
    match next(packet.protocol) {
        Next::Upper => Ok(packet),
        Next::Options | Next::Fragment | Next::Authentication => skip_extensions(frame, packet),
    }
}

#[inline(always)]
fn skip_extensions<F: Frame>(frame: &F, mut packet: Packet) -> Result<Packet, Malformed> {
    for _ in 0..MAX_EXTENSION_HEADERS {
        let length = match next(packet.protocol) {
            Next::Upper => return Ok(packet),
            Next::Fragment => {
                packet.part = part(frame, &packet)?;
                FRAGMENT_HEADER
            }
            Next::Options => (usize::from(second(lead(frame, &packet)?)) + 1) * 8,
            Next::Authentication => (usize::from(second(lead(frame, &packet)?)) + 2) * 4,
        };
        packet.protocol = first(lead(frame, &packet)?);
        packet.transport = frame.obscure(packet.transport + length);
        if packet.transport > frame.length() || packet.transport > packet.end {
            return Err(Malformed::Ipv6ExtensionTruncated);
        }
        if packet.part == Part::Later {
            return Ok(packet);
        }
    }
    match next(packet.protocol) {
        Next::Upper => Ok(packet),
        Next::Options | Next::Fragment | Next::Authentication => Err(Malformed::Ipv6ExtensionCount),
    }
}

/// The next-header and length bytes of the extension header at hand.
#[inline(always)]
fn lead<F: Frame>(frame: &F, packet: &Packet) -> Result<u16, Malformed> {
    let [lead] = frame.words::<1>(packet.transport).ok_or(Malformed::Ipv6ExtensionTruncated)?;
    Ok(lead)
}

#[inline(always)]
fn part<F: Frame>(frame: &F, packet: &Packet) -> Result<Part, Malformed> {
    let [_, offset_and_more, _, _] =
        frame.words::<4>(packet.transport).ok_or(Malformed::Ipv6ExtensionTruncated)?;
    let offset_and_more = u16::from_be(offset_and_more);
    Ok(if offset_and_more & 0xfff8 != 0 {
        Part::Later
    } else if offset_and_more & 1 != 0 {
        Part::First
    } else {
        packet.part
    })
}
