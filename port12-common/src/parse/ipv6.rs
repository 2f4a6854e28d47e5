//! IPv6 (RFC 8200) and its extension headers.

use super::{MAX_EXTENSION_HEADERS, Packet, Part, Stop, Version, end};
use crate::{
    Frame, Malformed, TooDeep,
    frame::{first, second},
};

const HEADER: usize = 40;

/// How a header that stands between IPv6 and the transport is skipped. A table of these rather
/// than branches: the kernel's verifier walks each branch of each of the headers.
#[derive(Clone, Copy)]
struct Extension {
    /// Whether the protocol number is that of such a header.
    skipped: bool,
    /// What its second byte counts, in bytes.
    unit: u8,
    /// The bits of its second word that say that this is a later fragment.
    offset: u16,
    /// The bit of its second word that says that more fragments follow.
    more: u16,
}

impl Extension {
    /// Not an extension header that can be skipped.
    const UPPER: Self = Self { skipped: false, unit: 0, offset: 0, more: 0 };
    /// Hop-by-hop, routing, destination options, mobility, HIP, shim6: 8 * (n + 1) bytes.
    const OPTIONS: Self = Self { skipped: true, unit: 8, ..Self::UPPER };
    /// AH (RFC 4302 section 2.2): 4 * (n + 2) bytes.
    const AUTHENTICATION: Self = Self { skipped: true, unit: 4, ..Self::UPPER };
    /// The fragment header: 8 bytes, whatever its second byte says.
    const FRAGMENT: Self = Self { skipped: true, unit: 0, offset: 0xfff8, more: 1 };

    /// The bytes of a header whose second byte is 0.
    const SHORTEST: usize = 8;
}

/// By protocol number.
static EXTENSIONS: [Extension; 256] = {
    let mut extensions = [Extension::UPPER; 256];
    let options = [0, 43, 60, 135, 139, 140];
    let mut index = 0;
    while index < options.len() {
        extensions[options[index]] = Extension::OPTIONS;
        index += 1;
    }
    extensions[44] = Extension::FRAGMENT;
    extensions[51] = Extension::AUTHENTICATION;
    extensions
};

#[inline(always)]
fn extension(protocol: u8) -> &'static Extension {
    &EXTENSIONS[usize::from(protocol)]
}

#[inline(always)]
pub(super) fn packet<F: Frame>(frame: &F, network: usize) -> Result<Packet, Stop> {
    const TRUNCATED: Stop = Stop::Malformed(Malformed::Ipv6Truncated);
    let header = frame.words::<4>(network).ok_or(TRUNCATED)?;
    if first(header[0]) >> 4 != 6 {
        return Err(Stop::Malformed(Malformed::IpVersion));
    }
    let transport = network + HEADER;
    if transport > frame.length() {
        return Err(TRUNCATED);
    }
    let packet = Packet {
        network,
        transport,
        end: end(transport, u16::from_be(header[2])),
        protocol: first(header[3]),
        version: None,
        part: Part::Whole,
    };
    if extension(packet.protocol).skipped { skip_extensions(frame, packet) } else { Ok(packet) }
}

/// Whether a packet is a first fragment that ends before `end`: the rest of its headers is in the next one.
#[inline(always)]
fn is_cut(packet: &Packet, end: usize) -> bool {
    packet.part == Part::First && end > packet.end
}

/// The packet at `network`, with the protocol number that the IPv6 header itself has; `None` where
/// it cannot be read. One without a length is not long enough for any header.
#[inline(always)]
pub(super) fn plain<F: Frame>(frame: &F, network: usize) -> Option<Packet> {
    let header = frame.words::<20>(network)?;
    let transport = network + HEADER;
    let protocol = first(header[3]);
    let end = transport + usize::from(u16::from_be(header[2]));
    let version = Some(Version::V6);
    (first(header[0]) >> 4 == 6).then_some(Packet {
        network,
        transport,
        end,
        protocol,
        version,
        part: Part::Whole,
    })
}

#[inline(always)]
fn skip_extensions<F: Frame>(frame: &F, mut packet: Packet) -> Result<Packet, Stop> {
    /// The bytes of a transport header that hold the ports.
    const PORTS: usize = 4;
    const TRUNCATED: Stop = Stop::Malformed(Malformed::Ipv6ExtensionTruncated);
    for _ in 0..MAX_EXTENSION_HEADERS {
        let extension = extension(packet.protocol);
        if !extension.skipped {
            if is_cut(&packet, packet.transport + PORTS) {
                return Err(Stop::TooDeep(TooDeep::ExtensionHeaders, packet.network as u16));
            }
            return Ok(packet);
        }
        let Some([lead, offset_and_more, _, _]) = frame.words::<4>(packet.transport) else {
            if is_cut(&packet, packet.transport + Extension::SHORTEST) {
                return Err(Stop::TooDeep(TooDeep::ExtensionHeaders, packet.network as u16));
            }
            return Err(TRUNCATED);
        };
        let length = Extension::SHORTEST + usize::from(second(lead)) * usize::from(extension.unit);
        packet.protocol = first(lead);
        packet.transport = frame.obscure(packet.transport + length);
        if packet.transport > packet.end {
            if packet.part == Part::First {
                return Err(Stop::TooDeep(TooDeep::ExtensionHeaders, packet.network as u16));
            }
            return Err(TRUNCATED);
        }
        if packet.transport > frame.length() {
            return Err(TRUNCATED);
        }
        let offset_and_more = u16::from_be(offset_and_more);
        if offset_and_more & extension.offset != 0 {
            return Ok(Packet { part: Part::Later, ..packet });
        }
        packet.part = packet.part.or_first(offset_and_more & extension.more != 0);
    }
    if extension(packet.protocol).skipped || is_cut(&packet, packet.transport + PORTS) {
        return Err(Stop::TooDeep(TooDeep::ExtensionHeaders, packet.network as u16));
    }
    Ok(packet)
}
