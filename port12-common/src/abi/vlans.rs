//! VLANs of which frames are this host's.

use super::Membership;
use crate::parse::Tags;

const BUCKETS: usize = 64;
const WAYS: usize = 4;

/// VLAN devices above an interface. A frame with a VID other than 0 is this host's if there is a device for all of
/// its tags. Each word is written whole; a frame in between may miss a device, and passes then.
#[derive(Clone, Copy)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Vlans {
    /// [`Vlans::UNKNOWN`], [`Vlans::LISTED`] or [`Vlans::EVERY`].
    pub known: u64,
    /// The multiplier of the hash; odd.
    pub seed: u64,
    /// Devices for one tag: a bit for each [tag](Tags::tag). Those of VID 0 are set if frames without a VID are this host's,
    /// or may be; [`Policy::UNTAGGED_ELSEWHERE`](super::Policy::UNTAGGED_ELSEWHERE) says that they are not. The others are 0
    /// unless the tables are complete.
    pub single: [u64; 128],
    /// Devices for several tags, by hash: tags of 13 bits each, the outermost in the highest bits. 0 is an empty
    /// element.
    pub stacked: [[u64; WAYS]; BUCKETS],
}

impl Vlans {
    /// Of [`Vlans::known`]: tagged frames may be this host's or not; none is dropped.
    pub const UNKNOWN: u64 = 0;
    /// The tables are complete.
    pub const LISTED: u64 = 1;
    /// Frames of every VLAN are this host's: of a capture, nothing is known.
    pub const EVERY: u64 = 2;

    /// Nothing known.
    pub const EMPTY: Self = {
        let mut single = [0; 128];
        single[0] = 1;
        single[64] = 1;
        Self { known: Self::UNKNOWN, seed: 1, single, stacked: [[0; WAYS]; BUCKETS] }
    };

    /// The bucket of several tags.
    #[inline(always)]
    pub fn bucket(&self, tags: u64) -> usize {
        (tags.wrapping_mul(self.seed) >> 58) as usize
    }

    /// Network of a frame with these [VLANs](Tags::vlans). The outermost ones decide if a frame has more tags
    /// than are read.
    #[inline(always)]
    pub fn membership(&self, tags: u64) -> Membership {
        match self.known {
            _ if tags == 0 => self.untagged(),
            Self::UNKNOWN => Membership::UNKNOWN,
            Self::EVERY => Membership::OWN,
            _ if self.has(tags) => Membership::OWN,
            _ => Membership::FOREIGN,
        }
    }

    /// Network of a frame without a VID. It is this host's unless a complete table says otherwise: another loader leaves the
    /// table empty.
    #[inline(always)]
    pub fn untagged(&self) -> Membership {
        // Without a branch, which would double the paths of the kernel's verifier.
        const {
            assert!(Membership::OWN.number() == 0 && Membership::FOREIGN.number() == 1);
            assert!(Self::UNKNOWN & 1 == 0 && Self::LISTED & 1 == 1 && Self::EVERY & 1 == 0);
        };
        Membership::from_number(!self.single[0] & self.known & 1)
    }

    /// Whether there is a device for these tags.
    #[inline(always)]
    fn has(&self, tags: u64) -> bool {
        if tags >> Tags::BITS == 0 {
            return self.has_single(tags);
        }
        let [a, b, c, d] = self.stacked[self.bucket(tags)];
        a == tags || b == tags || c == tags || d == tags
    }

    /// Whether there is a device for one tag.
    #[inline(always)]
    pub(crate) fn has_single(&self, tag: u64) -> bool {
        self.single[(tag >> 6) as usize & 127] >> (tag & 63) & 1 != 0
    }
}

/// A look-up of the tags of the frame at hand, in memory of the CPU's own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct VlanQuery {
    /// [`Tags::vlans`].
    pub vlans: u64,
    /// [`Membership`].
    pub membership: u64,
    /// Zero.
    pub reserved: [u64; 6],
}

const _: () = {
    assert!(size_of::<Vlans>() == 16 + 1024 + 2048);
    assert!(size_of::<VlanQuery>() == 64);
};
