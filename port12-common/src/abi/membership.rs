//! Networks that frames belong to, by their VLAN tags.

/// Network that a frame belongs to. A number, so that it can be combined with others without a branch: each branch would
/// double the paths of the kernel's verifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(transparent)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Membership(u64);

impl Membership {
    /// This host's.
    pub const OWN: Self = Self(0);
    /// A network for which this network namespace has no device.
    pub const FOREIGN: Self = Self(1);
    /// The devices are not known.
    pub const UNKNOWN: Self = Self(2);

    /// The membership of a [number](Self::number).
    #[inline(always)]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The membership as a number.
    #[inline(always)]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// 1 for [`Membership::FOREIGN`], else 0.
    #[inline(always)]
    pub(crate) const fn is_foreign(self) -> usize {
        self.0 as usize & 1
    }

    /// 0 for [`Membership::UNKNOWN`], else 1.
    #[inline(always)]
    pub(crate) const fn is_known(self) -> usize {
        !(self.0 as usize) >> 1 & 1
    }
}
