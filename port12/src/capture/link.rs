//! Layer of the first byte of a captured frame, by link type.
//!
//! A header that is not Ethernet is taken off where IP follows it. Where something else follows,
//! the frame comes out with an Ethernet header in its place, whose addresses are zero and whose
//! EtherType is the protocol: the classifier then finds `not_ip`, or reads on through a VLAN tag.

mod cooked;
mod loopback;
mod name;

use std::fmt;

use port12_common::Layer;

/// A link type of the registry at <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkType(pub u16);

/// The link types that are read, for messages.
pub(super) const READ: &str =
    "Ethernet (1), raw IP (12, 14, 101, 228, 229), BSD loopback (0, 108), Linux cooked (113, 276)";

/// Treatment of the first bytes of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    Ethernet,
    Ip,
    Null,
    Loop,
    Sll,
    Sll2,
}

impl LinkType {
    /// The link type in the last field of a pcap file header. The bits above hold the length of
    /// the frame check sequence (draft-ietf-opsawg-pcap, section 4).
    pub(super) const fn from_pcap(network: u32) -> Self {
        Self(network as u16)
    }

    /// Whether port12 reads frames of this link type.
    pub const fn is_read(self) -> bool {
        self.framing().is_some()
    }

    /// The registry's name without `LINKTYPE_`, where it is a common one.
    pub const fn name(self) -> Option<&'static str> {
        name::name(self.0)
    }

    pub(super) const fn framing(self) -> Option<Framing> {
        Some(match self.0 {
            0 => Framing::Null,
            1 => Framing::Ethernet,
            12 | 14 | 101 | 228 | 229 => Framing::Ip,
            108 => Framing::Loop,
            113 => Framing::Sll,
            276 => Framing::Sll2,
            _ => return None,
        })
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.0, self.name().unwrap_or("unknown"))
    }
}

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// A frame as the classifier reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Framed<'a> {
    pub(super) layer: Layer,
    pub(super) bytes: &'a [u8],
    pub(super) original_length: usize,
}

impl Framing {
    /// The header that is taken off, in bytes.
    const fn header(self) -> usize {
        match self {
            Self::Ethernet | Self::Ip => 0,
            Self::Null | Self::Loop => 4,
            Self::Sll => 16,
            Self::Sll2 => 20,
        }
    }

    /// The frame in `bytes`, of which the link had `original_length`. `scratch` holds a frame
    /// whose header is replaced.
    pub(super) fn read<'a>(
        self,
        bytes: &'a [u8],
        original_length: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Framed<'a> {
        let protocol = match self {
            Self::Ethernet => return Framed { layer: Layer::Ethernet, bytes, original_length },
            Self::Ip => return Framed { layer: Layer::Ip, bytes, original_length },
            Self::Null => loopback::null(bytes),
            Self::Loop => loopback::network_order(bytes),
            Self::Sll => cooked::version_1(bytes),
            Self::Sll2 => cooked::version_2(bytes),
        };
        let payload = bytes.get(self.header()..).unwrap_or_default();
        let payload_length = original_length.saturating_sub(self.header());
        // Too short for its header, it goes on as L3 without a byte: cut where more was sent, and
        // malformed where it was not.
        let protocol = protocol.unwrap_or(IPV4);
        if protocol == IPV4 || protocol == IPV6 {
            return Framed { layer: Layer::Ip, bytes: payload, original_length: payload_length };
        }
        scratch.clear();
        scratch.extend([0; 12]);
        scratch.extend(protocol.to_be_bytes());
        scratch.extend_from_slice(payload);
        Framed { layer: Layer::Ethernet, bytes: scratch, original_length: payload_length + 14 }
    }
}

#[cfg(test)]
mod tests;
