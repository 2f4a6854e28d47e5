//! Headers that decide the weight of a probe.

use super::Known;

/// Headers that decide the weight of a probe as evidence for a ban. One word, so that a program can keep it in the counters
/// until its source has been recorded. The classifier writes it and weighs it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Inspection(pub(crate) u64);

impl Inspection {
    /// Nothing to inspect: the probe has its full weight.
    pub const NONE: Self = Self(0);

    pub(crate) const OFFSET: u64 = 0x7fff;
    pub(crate) const TRANSPORT: u32 = 16;
    pub(crate) const PORT: u32 = 32;
    pub(crate) const UDP: u32 = 48;
    pub(crate) const KNOWN: u32 = 52;
    pub(crate) const NEEDED: u64 = 1 << 63;

    /// With the table's knowledge of the source.
    #[inline(always)]
    #[must_use]
    pub const fn of_source(self, known: Known) -> Self {
        Self(self.0 | (known as u64) << Self::KNOWN)
    }
}
