//! VLAN tags of a frame.

use super::{
    MAX_VLAN_TAGS,
    link::{HEADER, is_vlan},
};
use crate::Frame;

/// The tags that are read, 13 bits each, the outermost in the highest bits. A tag is the VID below one bit for IEEE
/// 802.1ad. They are read again where they are asked for: if the way of a packet carried them along, the kernel's verifier would
/// walk more paths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tags(u64);

impl Tags {
    /// Bits of a tag.
    pub const BITS: u32 = 13;

    const VID: u64 = 0xfff;
    /// The bit of the TPID that 802.1ad (0x88a8) has and 802.1Q (0x8100) has not.
    const DOT1AD: u16 = 1 << 3;

    /// The tags of an Ethernet frame; `None` if it is too short for as many as are read, which no frame with an IP
    /// header is.
    #[inline(always)]
    pub fn of<F: Frame>(frame: &F) -> Option<Self> {
        // By an offset that the kernel's verifier does not know: it would keep paths apart by how far a frame is known
        // to reach.
        let words = frame.words::<{ 2 * MAX_VLAN_TAGS }>(frame.obscure(HEADER - 2))?;
        let mut tags = Self(0);
        for level in 0..MAX_VLAN_TAGS {
            if !is_vlan(words[2 * level]) {
                break;
            }
            tags = tags.with(words[2 * level], words[2 * level + 1]);
        }
        Some(tags)
    }

    /// Whether an Ethernet frame has tags.
    #[inline(always)]
    pub fn are_in<F: Frame>(frame: &F) -> bool {
        frame.words::<1>(HEADER - 2).is_some_and(|[tpid_be]| is_vlan(tpid_be))
    }

    /// A tag: the VID, 0 to 4095, and a bit for IEEE 802.1ad.
    pub const fn tag(vid: u16, is_dot1ad: bool) -> u64 {
        (is_dot1ad as u64) << 12 | vid as u64
    }

    /// The outermost tag of a frame that has one.
    #[inline(always)]
    pub(crate) fn outermost<F: Frame>(frame: &F) -> Option<u64> {
        let [tpid_be, control_be] = frame.words::<2>(HEADER - 2)?;
        Some(Self(0).with(tpid_be, control_be).0)
    }

    /// The same with one more tag inside, by its TPID and its control word, in network byte order. Without a branch.
    #[inline(always)]
    fn with(self, tpid_be: u16, control_be: u16) -> Self {
        let is_dot1ad = u64::from(u16::from_be(tpid_be) & Self::DOT1AD);
        let vid = u64::from(u16::from_be(control_be)) & Self::VID;
        Self(self.0 << Self::BITS | is_dot1ad << 9 | vid)
    }

    /// The VLANs that the frame is tagged for: the tags without priority tags (VID 0).
    #[inline(always)]
    pub fn vlans(self) -> u64 {
        let mut vlans = 0;
        for level in (0..MAX_VLAN_TAGS as u32).rev() {
            let tag = self.0 >> (level * Self::BITS) & ((1 << Self::BITS) - 1);
            // 1 if the VID is not 0. A branch would double the paths of the kernel's verifier.
            let counts = ((tag & Self::VID) + Self::VID) >> 12;
            vlans = vlans << (counts * u64::from(Self::BITS)) | tag & counts.wrapping_neg();
        }
        vlans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_tags_of_both_kinds_are_left_out() {
        let mut frame = [0; 32];
        frame[12..28].copy_from_slice(&[
            0x88, 0xa8, 0xe0, 0, 0x88, 0xa8, 0xe0, 100, 0x81, 0, 0, 0, 0x81, 0, 0x0f, 0xff,
        ]);
        let tags = Tags::of(&frame.as_slice());
        assert_eq!(
            tags.map(Tags::vlans),
            Some(Tags::tag(100, true) << 13 | Tags::tag(4095, false))
        );
        frame[16] = 8;
        assert_eq!(Tags::of(&frame.as_slice()).map(Tags::vlans), Some(0));
    }
}
