//! VLANs that a frame is tagged for.

use crate::{
    Frame,
    abi::HostTable,
    parse::{DOT1AD_BE, ETHERNET_HEADER, MAX_VLAN_TAGS, VLAN_TAG},
};

/// Offset of what follows an Ethernet header with so many tags, in bytes.
pub(super) const fn behind(tags: usize) -> usize {
    ETHERNET_HEADER + tags * VLAN_TAG
}

/// Whether all tags before `network`, the offset of the IP header, are priority tags (VID 0).
#[inline(always)]
pub(super) fn is_of_this_host<F: Frame>(frame: &F, network: usize, _: &HostTable) -> bool {
    path(frame, network) == Some(0)
}

/// VLANs that a frame is tagged for, the outermost in the highest bits: 13 bits each, the VID below
/// one bit for IEEE 802.1ad. Priority tags (VID 0) are left out.
#[inline(always)]
fn path<F: Frame>(frame: &F, network: usize) -> Option<u64> {
    let mut path = 0;
    for level in 0..MAX_VLAN_TAGS {
        if behind(level) >= network {
            break;
        }
        // A bound that the compiler has seen checked, a verifier has not: it is checked once more.
        let [protocol_be, tag_be] = frame.words::<2>(frame.forget(behind(level) - 2))?;
        let vid = u64::from(u16::from_be(tag_be) & 0xfff);
        if vid != 0 {
            path = path << 13 | u64::from(protocol_be == DOT1AD_BE) << 12 | vid;
        }
    }
    Some(path)
}
