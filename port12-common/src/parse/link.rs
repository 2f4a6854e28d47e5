//! Ethernet II, 802.1Q and 802.1ad.

use super::{Layer, MAX_VLAN_TAGS, Stop, Version};
use crate::{Frame, Malformed, TooDeep, frame::first};

/// The bytes of an Ethernet header without tags.
pub(crate) const HEADER: usize = 14;
/// The bytes of a tag.
pub(super) const TAG: usize = 4;

pub(super) const IPV4_BE: u16 = 0x0800_u16.to_be();
pub(super) const IPV6_BE: u16 = 0x86dd_u16.to_be();
const DOT1Q_BE: u16 = 0x8100_u16.to_be();
const DOT1AD_BE: u16 = 0x88a8_u16.to_be();

/// The IP version and the offset of its header.
#[inline(always)]
pub(super) fn network<F: Frame>(frame: &F, layer: Layer) -> Result<(Version, usize), Stop> {
    match layer {
        Layer::Ethernet => ethernet(frame),
        Layer::Ip => bare(frame),
    }
}

/// The EtherType behind an Ethernet header without tags, of a frame that is long enough for an IPv4
/// header behind it: one look at the length does for both.
#[inline(always)]
pub(super) fn plain_ethertype_be<F: Frame>(frame: &F) -> Option<u16> {
    Some(frame.words::<17>(0)?[6])
}

/// The EtherType behind an Ethernet header with one tag, of such a frame.
#[inline(always)]
pub(super) fn tagged_ethertype_be<F: Frame>(frame: &F) -> Option<u16> {
    is_vlan(plain_ethertype_be(frame)?).then(|| Some(frame.words::<2>(HEADER)?[1]))?
}

#[inline(always)]
fn ethernet<F: Frame>(frame: &F) -> Result<(Version, usize), Stop> {
    let [.., mut ethertype_be] =
        frame.words::<7>(0).ok_or(Stop::Malformed(Malformed::EthernetTruncated))?;
    let mut offset = frame.obscure(HEADER);
    for _ in 0..MAX_VLAN_TAGS {
        if !is_vlan(ethertype_be) {
            break;
        }
        [_, ethertype_be] =
            frame.words::<2>(offset).ok_or(Stop::Malformed(Malformed::VlanTruncated))?;
        offset = frame.obscure(offset + TAG);
    }
    match ethertype_be {
        IPV4_BE => Ok((Version::V4, offset)),
        IPV6_BE => Ok((Version::V6, offset)),
        DOT1Q_BE | DOT1AD_BE => Err(Stop::TooDeep(TooDeep::VlanTags, offset as u16)),
        _ => Err(Stop::NotIp),
    }
}

#[inline(always)]
pub(super) fn is_vlan(ethertype_be: u16) -> bool {
    matches!(ethertype_be, DOT1Q_BE | DOT1AD_BE)
}

#[inline(always)]
fn bare<F: Frame>(frame: &F) -> Result<(Version, usize), Stop> {
    let [word] = frame.words::<1>(0).ok_or(Stop::Malformed(Malformed::Ipv4Truncated))?;
    let network = frame.obscure(0);
    match first(word) >> 4 {
        4 => Ok((Version::V4, network)),
        6 => Ok((Version::V6, network)),
        _ => Err(Stop::Malformed(Malformed::IpVersion)),
    }
}
