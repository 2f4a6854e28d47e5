//! Sources of which nothing is let in that nobody waits for.

/// Sources that can be banned at once. The map takes its memory when it is made.
pub const BANNED: usize = 8192;

/// A ban: the value of the map, by [`SourceAddress`](super::SourceAddress).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Ban {
    /// Jiffies up to which it holds; [`Ban::FOR_EVER`] where it does not end by itself.
    pub until: u64,
    /// Packets that were dropped for it. Counted atomically, by all CPUs.
    pub packets: u64,
    /// Jiffies when it began.
    pub since: u64,
    /// How often the source was banned.
    pub times: u32,
    /// Where it comes from: [`Ban::OPERATOR`].
    pub origin: u8,
    /// What is dropped: [`Ban::UNASSIGNED`].
    pub scope: u8,
    /// Zero.
    pub reserved: u16,
}

impl Ban {
    /// No end: jiffies get there 58 million years from boot.
    pub const FOR_EVER: u64 = u64::MAX;

    /// Of [`Ban::origin`]: `port12 ban`.
    pub const OPERATOR: u8 = 1;

    /// Of [`Ban::scope`]: what would be a probe.
    pub const UNASSIGNED: u8 = 0;

    /// Whether it is in force, at a time in jiffies.
    #[inline(always)]
    pub const fn holds(&self, now: u64) -> bool {
        now < self.until
    }
}

const _: () = assert!(size_of::<Ban>() == 32);
