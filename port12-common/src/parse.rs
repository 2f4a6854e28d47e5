//! From a frame to its transport header. Fail-open: whatever cannot be read is an [`Err`] with
//! the reason, and nothing is guessed.

mod ipv4;
mod ipv6;
mod link;
pub(crate) mod segment;
mod tags;

pub(crate) use link::HEADER as ETHERNET_HEADER;
pub use tags::Tags;

use crate::{Frame, Malformed, TooDeep, Transport};

/// What the first byte of a frame belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Layer {
    /// An Ethernet II header, with up to [`MAX_VLAN_TAGS`].
    Ethernet = 0,
    /// An IP header: tun, WireGuard, ppp.
    Ip = 1,
}

/// 802.1Q and 802.1ad tags that are read.
pub const MAX_VLAN_TAGS: usize = 4;

/// IPv6 extension headers that are read. Linux accepts any number before it accepts 12.
pub const MAX_EXTENSION_HEADERS: usize = 12;

/// Longer than any frame, in bytes.
pub const UNBOUNDED: usize = 1 << 18;

/// The version of an IP packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// IPv4 (RFC 791).
    V4,
    /// IPv6 (RFC 8200).
    V6,
}

/// How much of its datagram a packet holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// All of it; an atomic fragment (RFC 6946) too.
    Whole,
    /// The first fragment.
    First,
    /// A later fragment: it holds no transport header.
    Later,
}

impl Part {
    /// The first fragment where `more` follow. Without a branch, like [`end`].
    #[inline(always)]
    const fn or_first(self, more: bool) -> Self {
        match (self, more) {
            (Self::Whole, false) => Self::Whole,
            (Self::Whole, true) | (Self::First, _) => Self::First,
            (Self::Later, _) => Self::Later,
        }
    }
}

/// Where a packet's headers are, in bytes from the start of the frame.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// The IP header.
    pub network: usize,
    /// The transport header.
    pub transport: usize,
    /// The end of the packet by its own length field, or beyond [`UNBOUNDED`] where that is zero
    /// (RFC 2675, and offloads above 64 KiB): the frame bounds it.
    pub end: usize,
    /// The protocol number of what follows the last IP header.
    pub protocol: u8,
    /// The version, where the compiler knows it. Elsewhere it is read again rather than
    /// remembered: what is remembered, the kernel's verifier walks two ways with through
    /// everything in between.
    pub version: Option<Version>,
    /// Whole or a fragment.
    pub part: Part,
}

impl Packet {
    /// Whether the first `length` bytes from `offset` are within the packet's own length.
    #[inline(always)]
    pub(crate) fn holds(&self, offset: usize, length: usize) -> bool {
        offset + length <= self.end
    }
}

/// The end of a packet whose length field, counted from `start`, says `length`. A length of zero
/// wraps to the largest; without a branch, the verifier has one path less to walk.
#[inline(always)]
fn end(start: usize, length: u16) -> usize {
    start + (usize::from(length).wrapping_sub(1) & (UNBOUNDED - 1)) + 1
}

/// Whether a packet that ends at `end` is all that there is in `length` bytes, but for what Ethernet pads
/// frames with: to 60 bytes, of which 14 are the header. One comparison: a packet beyond the bytes
/// wraps to far more.
#[inline(always)]
pub const fn is_padded(length: usize, end: usize) -> bool {
    length.wrapping_sub(end) <= 46
}

/// Why a frame has no [`Packet`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// Neither IPv4 nor IPv6.
    NotIp,
    /// A header cannot be read.
    Malformed(Malformed),
    /// More headers than are read. With the offset of the IPv6 header, or of the first VLAN tag that is not read.
    TooDeep(TooDeep, u16),
}

/// How a frame begins that is like most.
#[derive(Clone, Copy)]
pub(crate) enum Plain {
    /// No tag, IPv4 without options.
    V4,
    /// No tag, IPv6 without extension headers.
    V6,
    /// One tag, IPv4 without options.
    TaggedV4,
    /// One tag, IPv6 without extension headers.
    TaggedV6,
}

/// The packet of a frame that begins like that, is whole, and carries `transport`. It is what [`packet`] finds, with
/// offsets that the compiler knows; `None` for every other frame, and for every one that cannot
/// be read.
#[inline(always)]
pub(crate) fn plain<F: Frame>(
    frame: &F,
    layer: Layer,
    kind: Plain,
    transport: Transport,
) -> Option<Packet> {
    if layer != Layer::Ethernet {
        return None;
    }
    let (ethertype_be, network) = match kind {
        Plain::V4 | Plain::V6 => (link::plain_ethertype_be(frame)?, link::HEADER),
        Plain::TaggedV4 | Plain::TaggedV6 => {
            (link::tagged_ethertype_be(frame)?, link::HEADER + link::TAG)
        }
    };
    let packet = match (kind, ethertype_be) {
        (Plain::V4 | Plain::TaggedV4, link::IPV4_BE) => ipv4::plain(frame, network),
        (Plain::V6 | Plain::TaggedV6, link::IPV6_BE) => ipv6::plain(frame, network),
        _ => None,
    }?;
    (packet.protocol == transport.protocol()).then_some(packet)
}

/// The version of a frame's IP packet by its EtherType, and the offset of its header, in bytes.
///
/// # Errors
///
/// [`Stop`]: there is none, or a tag cannot be read.
#[inline(always)]
pub fn network<F: Frame>(frame: &F, layer: Layer) -> Result<(Version, usize), Stop> {
    link::network(frame, layer)
}

/// Finds the IP packet in a frame.
///
/// # Errors
///
/// [`Stop`]: there is none, or its headers cannot be read.
#[inline(always)]
pub fn packet<F: Frame>(frame: &F, layer: Layer) -> Result<Packet, Stop> {
    let (version, network) = link::network(frame, layer)?;
    let mut packet = match version {
        Version::V4 => ipv4::packet(frame, network).map_err(Stop::Malformed),
        Version::V6 => ipv6::packet(frame, network),
    }?;
    // Whatever led to the transport header, the way on from it is one.
    packet.transport = frame.obscure(packet.transport);
    Ok(packet)
}
