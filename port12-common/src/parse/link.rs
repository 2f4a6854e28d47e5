//! Ethernet II, 802.1Q and 802.1ad.

use super::{Layer, MAX_VLAN_TAGS, Stop, Version};
use crate::{Frame, Malformed, frame::first};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const DOT1Q: u16 = 0x8100;
const DOT1AD: u16 = 0x88a8;

/// The IP version and the offset of its header.
#[inline(always)]
pub(super) fn network<F: Frame>(frame: &F, layer: Layer) -> Result<(Version, usize), Stop> {
    match layer {
        Layer::Ethernet => ethernet(frame),
        Layer::Ip => bare(frame),
    }
}

#[inline(always)]
fn ethernet<F: Frame>(frame: &F) -> Result<(Version, usize), Stop> {
    let [.., mut ethertype] =
        frame.words::<7>(0).ok_or(Stop::Malformed(Malformed::EthernetTruncated))?;
    let mut offset = 14;
    for _ in 0..MAX_VLAN_TAGS {
        if !is_vlan(ethertype) {
            break;
        }
        [_, ethertype] =
            frame.words::<2>(offset).ok_or(Stop::Malformed(Malformed::VlanTruncated))?;
        offset = frame.obscure(offset + 4);
    }
    match u16::from_be(ethertype) {
        IPV4 => Ok((Version::V4, offset)),
        IPV6 => Ok((Version::V6, offset)),
        DOT1Q | DOT1AD => Err(Stop::Malformed(Malformed::VlanDepth)),
        _ => Err(Stop::NotIp),
    }
}

#[inline(always)]
fn is_vlan(ethertype: u16) -> bool {
    matches!(u16::from_be(ethertype), DOT1Q | DOT1AD)
}

#[inline(always)]
fn bare<F: Frame>(frame: &F) -> Result<(Version, usize), Stop> {
    let [word] = frame.words::<1>(0).ok_or(Stop::Malformed(Malformed::Ipv4Truncated))?;
    match first(word) >> 4 {
        4 => Ok((Version::V4, 0)),
        6 => Ok((Version::V6, 0)),
        _ => Err(Stop::Malformed(Malformed::IpVersion)),
    }
}
